"""The whole job for callers that print. With cli.py, all of queries that sees crawler."""

import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from crawler import imports, plan, runner
from kb.errors import DataError, UserError
from kb.executor import Derived, Item, ProcessExecutor, SerialExecutor
from kb.records import Coverage
from kb.settings import Settings
from kb.workspace import Workspace
from queries import documents
from queries.check import Finding, check
from queries.documents import DocumentStage
from queries.report import ReportView, Tally, view
from queries.trace import Trace, trace


def now() -> datetime:
    """The one place of the queries that reads the clock."""
    return datetime.now(UTC)


def crawl(workspace: Workspace, on_event: Callable[[runner.Event], None]) -> runner.CrawlSummary:
    """Capture what the study's sources show now."""
    remember(workspace)
    planned = plan.plan(workspace.study, workspace.settings, workspace.store.known(), now())
    return runner.crawl(planned, workspace.settings, on_event=on_event)


def add(workspace: Workspace, names: Sequence[str], stdin: BinaryIO) -> imports.ImportSummary:
    """Capture named pages and files."""
    remember(workspace)
    return imports.add(
        names, workspace.study, workspace.settings, workspace.archive, workspace.store, now(), stdin=stdin
    )


def remember(workspace: Workspace) -> None:
    """Keep the wording of claims.yaml that the data was made under."""
    yaml = workspace.settings.study.read_text(encoding="utf-8")
    workspace.store.remember_study(workspace.study.slug, yaml, now())


def findings(workspace: Workspace) -> tuple[Coverage, tuple[Finding, ...]]:
    """The coverage and what the checks find in it."""
    coverage = workspace.reader.coverage(workspace.study)
    return coverage, check(coverage)


def traces(coverage: Coverage, subject: str | None = None) -> list[Trace]:
    """The trace of one quote or claim, or of the study and all of them."""
    study = coverage.study
    subjects = [subject] if subject else [None, *(q.slug for q in study.quotes), *(c.slug for c in study.claims)]
    return [trace(coverage, each) for each in subjects]


def report_view(workspace: Workspace, subject: str | None = None) -> ReportView:
    """Everything the report shows."""
    coverage, found = findings(workspace)
    return view(coverage, found, traces(coverage, subject), tally(workspace), workspace.reader.tools(), subject)


def tally(workspace: Workspace) -> Tally:
    """What became of the captures."""
    snapshots = workspace.store.snapshots()
    extract = workspace.reader.outcomes("extract")
    dropped = Counter(
        visit.reason for visit in workspace.store.visits() if visit.action in ("dropped", "refused", "failed")
    )
    return Tally(
        captures=len(snapshots),
        kept=sum(outcome.status == "done" for outcome in extract),
        rejected=dict(Counter(outcome.code for outcome in extract if outcome.status == "rejected")),
        failed=sum(outcome.status == "failed" for outcome in extract),
        first_capture=snapshots[0].fetched_at if snapshots else None,
        last_capture=snapshots[-1].fetched_at if snapshots else None,
        dropped=dict(dropped),
    )


def read_documents(
    path: str, form: str, settings: Settings, stdin: BinaryIO, workers: int
) -> Iterator[Mapping[str, Any]]:
    """Documents with their quotes, in input order: of a file, an address, or standard input (`-`)."""
    items = _inputs(path, form, settings, stdin)
    count = workers or os.cpu_count() or 1
    executor = ProcessExecutor(count) if form == "jsonl" and count > 1 else SerialExecutor()
    for attempt in executor.map(DocumentStage(settings.spacy_model), items):
        if not isinstance(attempt.result, Derived):
            raise DataError(f"{attempt.item.key}: {attempt.error}")
        yield attempt.result.records[0].plain


def _inputs(path: str, form: str, settings: Settings, stdin: BinaryIO) -> Iterable[Item]:
    if form not in ("auto", "jsonl"):
        raise UserError(f"--input {form!r}: expected `jsonl` or `auto`")
    if path.startswith(("http://", "https://")):
        capture = runner.fetch(path, settings)
        return [documents.from_bytes(path, capture.body, capture.media_type, url=capture.final_url)]
    if form == "auto":
        return [documents.from_bytes("-", stdin.read()) if path == "-" else documents.from_file(Path(path))]
    if path == "-":
        return documents.from_lines(io.TextIOWrapper(stdin, encoding="utf-8"), "standard input")
    return _lines(Path(path))


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
