"""The whole job for callers that print. With cli.py, all of queries that sees crawler."""

import io
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from crawler import backfill as archives
from crawler import backoff, imports, plan, runner
from crawler.addresses import canonical, key
from kb import pipeline
from kb import study as studies
from kb.archive import Archive
from kb.capturelog import forgotten_addresses
from kb.errors import CrawlError, DataError, UserError
from kb.executor import Item, SerialExecutor
from kb.executors import limits_of
from kb.rejected import Rejected
from kb.settings import Settings
from kb.store import RecordStore
from kb.workers import ProcessExecutor
from kb.workspace import Workspace
from queries import documents
from queries.days import now
from queries.documents import DocumentStage
from queries.models import require_embedder, require_parser


def crawl(workspace: Workspace, on_event: Callable[[runner.CrawlEvent], None]) -> runner.CrawlSummary:
    """Capture what the study's sources show now."""
    remember(workspace)
    planned = plan.plan(workspace.study, workspace.settings, workspace.store.known(), now())
    return runner.crawl(_without_forgotten(planned, workspace), workspace.settings, on_event=on_event)


def crawl_again(
    workspace: Workspace, on_event: Callable[[runner.CrawlEvent], None], pace: timedelta
) -> tuple[runner.CrawlSummary, tuple[backoff.Silence, ...]]:
    """One crawl of many, `pace` apart: silent sources are left alone for a while. Also those silent after it."""
    remember(workspace)
    started, file = now(), backoff.SilenceFile(workspace.settings.data_dir / "silent.json")
    before = file.read()
    resting = backoff.resting(before, started)
    study, settings, known = workspace.study, workspace.settings, workspace.store.known()
    everything = plan.plan(study, settings, known, started)
    workspace.store.add_visits(backoff.skipped(everything.seeds, resting, started))
    planned = _without_forgotten(plan.plan(study, settings, known, started, resting=resting.keys()), workspace)
    summary = runner.crawl(planned, settings, on_event=on_event)
    after = backoff.learned(before, planned, summary, started, pace)
    file.write(after)
    return summary, tuple(after.values())


def names_ways_in(workspace: Workspace) -> bool:
    """Whether there is anything that a crawl asks again and again; some of it may rest at times."""
    planned = plan.plan(workspace.study, workspace.settings, {}, now())
    return any(seed.kind != "document" for seed in planned.seeds)


def _without_forgotten(planned: plan.CrawlPlan, workspace: Workspace) -> plan.CrawlPlan:
    return plan.without(planned, forgotten_addresses(workspace.archive.notices()))


def add(workspace: Workspace, names: Sequence[str], stdin: BinaryIO) -> imports.ImportSummary:
    """Capture named pages and files."""
    remember(workspace)
    return imports.add(
        names, workspace.study, workspace.settings, workspace.archive, workspace.store, now(), stdin=stdin
    )


def backfill(
    workspaces: Sequence[Workspace],
    names: Sequence[str],
    base: str | None,
    stdin: BinaryIO,
    on_progress: archives.Progress,
) -> archives.BackfillSummary:
    """Capture what news archives hold about the studies of the workspaces; UserError where two have one id."""
    ids = [workspace.study.slug for workspace in workspaces]
    for doubled in ids:
        if ids.count(doubled) > 1:
            raise UserError(f"two studies of this pass have the id {doubled}, under which their pages are counted")
    files = archives.files_of(names, base, stdin)
    for workspace in workspaces:
        remember(workspace)
    targets = [
        archives.Target(study=w.study, settings=w.settings, archive=w.archive, store=w.store) for w in workspaces
    ]
    return archives.backfill(files, targets, now(), on_progress=on_progress)


def address_key(url: str) -> str:
    """What spellings of one address share; other things are their own."""
    return key(canonical(url) or url)


def build(
    workspace: Workspace, rebuild: Sequence[str], on_progress: Callable[[str, int, int], None]
) -> pipeline.BuildSummary:
    """Derive what is pending; UserError before any of it when a model is missing."""
    require_parser(workspace.settings)
    require_embedder(workspace)
    return pipeline.build(workspace, rebuild=rebuild, on_progress=on_progress)


def remember(workspace: Workspace) -> None:
    """Keep the wording of claims.yaml that the data was made under."""
    yaml = workspace.settings.study.read_text(encoding="utf-8")
    workspace.store.remember_study(workspace.study.slug, yaml, now())


def read_documents(
    path: str, form: str, settings: Settings, stdin: BinaryIO, workers: int
) -> Iterator[Mapping[str, Any]]:
    """Documents with their quotes, in input order: of a file, an address, or standard input (`-`)."""
    require_parser(settings)
    items = _inputs(path, form, settings, stdin)
    count = workers or os.cpu_count() or 1
    many = form == "jsonl" and count > 1
    executor = ProcessExecutor(count, limits_of(settings)) if many else SerialExecutor()
    for attempt in executor.map(DocumentStage(settings.spacy_model), items):
        if isinstance(attempt.result, Rejected):
            yield documents.given_up(attempt.item, attempt.result.code)
            continue
        if attempt.result is None:
            raise DataError(f"{attempt.item.key}: {attempt.error}")
        yield attempt.result.records[0].plain


def _inputs(path: str, form: str, settings: Settings, stdin: BinaryIO) -> Iterable[Item]:
    if form not in ("auto", "jsonl"):
        raise UserError(f"--input {form!r}: expected `jsonl` or `auto`")
    if path.startswith(("http://", "https://")):
        return [_fetched(path, settings, stdin)]
    if form == "auto":
        return [documents.from_bytes("-", stdin.read()) if path == "-" else documents.from_file(Path(path))]
    if path == "-":
        return documents.from_lines(io.TextIOWrapper(stdin, encoding="utf-8"), "standard input")
    return _lines(Path(path))


def _fetched(url: str, settings: Settings, stdin: BinaryIO) -> Item:
    """One page, fetched with the crawler's manners into a data folder that is thrown away."""
    nobody = studies.loads("study: {id: extract, title: One page}")
    with tempfile.TemporaryDirectory() as folder:
        passing = settings.model_copy(update={"data_dir": Path(folder), "store_url": None})
        with RecordStore.open(passing.database_url) as store:
            archive = Archive(passing.archive_dir)
            imports.add([url], nobody, passing, archive, store, now(), stdin=stdin)
            for snapshot in store.snapshots():
                body = archive.body(snapshot)
                return documents.from_bytes(url, body, snapshot.media_type, url=snapshot.final_url)
            reasons = "; ".join(visit.reason for visit in store.visits()) or "no answer"
    raise CrawlError(f"{url}: {reasons}")


def _lines(path: Path) -> Iterator[Item]:
    try:
        with path.open(encoding="utf-8") as lines:
            yield from documents.from_lines(lines, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def newsroom_folder() -> Path:
    """The bundled newsroom: beside this package when installed, in examples/ of a checkout."""
    installed = Path(__file__).parent / "newsroom"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "examples" / "newsroom"
