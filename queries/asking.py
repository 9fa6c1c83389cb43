"""What the reporting commands do: check the coverage or a draft, trace, tally, render a report."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from kb.coverage import Coverage
from kb.errors import UserError
from kb.records import LEFT_OUT
from kb.speakers import Judged
from kb.state import replace_text
from kb.workspace import Workspace
from queries import article, correction, outlet, review
from queries import draft as drafts
from queries.article import ArticleView
from queries.attribution import Resolve, resolver
from queries.check import Finding, Rule, check_draft
from queries.check import check as check_coverage
from queries.correction import CorrectionView
from queries.days import now
from queries.findings import Decided
from queries.holdings import Holdings
from queries.models import require_embedder, require_parser
from queries.outlet import OutletView
from queries.placed import Placed
from queries.report import Shown, Tally, render_files, render_html, render_json, render_markdown, view
from queries.rows import quote_row
from queries.sheets import folder_of, is_sheet
from queries.trace import Trace
from queries.trace import trace as trace_coverage
from queries.views import ReportView


def rules(given: str) -> frozenset[Rule]:
    """The rules that `--fail-on` names."""
    names = [name.strip() for name in given.split(",") if name.strip()]
    if "any" in names:
        return frozenset(Rule)
    unknown = sorted(set(names) - set(Rule))
    if unknown:
        raise UserError(f"--fail-on: no rule {unknown[0]!r}; there are: any, {', '.join(Rule)}")
    return frozenset(Rule(name) for name in names)


def check(workspace: Workspace, draft: str | None, stdin: Any = None) -> tuple[Finding, ...]:
    """Findings over the knowledge base, or over a draft held against it."""
    if draft is None:
        return findings(workspace)[1]
    require_parser(workspace.settings)
    require_embedder(workspace)
    body = stdin.read() if draft == "-" else drafts.read(Path(draft))
    coverage = workspace.reader.coverage(workspace.study)
    retelling = drafts.retelling(draft, body, workspace.settings.spacy_model, now())
    together = drafts.with_alignments(workspace, coverage, retelling)
    return check_draft(retelling, together, speakers=_resolver(workspace))


def status(workspace: Workspace) -> dict[str, str]:
    """What people decided about findings, by id."""
    return review.status(review.standing(workspace.reader.judgements()))


def _resolver(workspace: Workspace) -> Resolve:
    """Names against the study's speakers, as people have judged them."""
    return resolver(workspace.study, Judged.of(review.standing(workspace.reader.judgements())))


def trace(workspace: Workspace, subject: str | None) -> Trace:
    """The source tree of a quote, a claim or the study."""
    coverage = workspace.reader.coverage(workspace.study)
    known = [*(quote.slug for quote in coverage.study.quotes), *(claim.slug for claim in coverage.study.claims)]
    if subject not in (None, *known):
        raise UserError(f"no quote or claim {subject!r} in claims.yaml; there are: {', '.join(known) or 'none'}")
    return trace_coverage(coverage, subject, speakers=_resolver(workspace))


def findings(workspace: Workspace) -> tuple[Coverage, tuple[Finding, ...]]:
    """The coverage and what the checks find in it."""
    coverage, found, _ = current(workspace)
    return coverage, found


def current(workspace: Workspace) -> tuple[Coverage, tuple[Finding, ...], Resolve]:
    """The coverage, what the checks find in it, and names as people have judged them."""
    coverage, resolve = workspace.reader.coverage(workspace.study), _resolver(workspace)
    return coverage, check_coverage(coverage, speakers=resolve), resolve


def traces(coverage: Coverage, speakers: Resolve, subject: str | None = None) -> list[Trace]:
    """The trace of one quote or claim, or of the study and all of them."""
    study = coverage.study
    subjects = [subject] if subject else [None, *(q.slug for q in study.quotes), *(c.slug for c in study.claims)]
    return [trace_coverage(coverage, each, speakers=speakers) for each in subjects]


def report_view(workspace: Workspace, subject: str | None = None) -> ReportView:
    """Everything the report shows."""
    return _read(workspace, subject)[1]


def outlet_view(workspace: Workspace, slug: str) -> OutletView:
    """The report on one outlet by its id."""
    return outlet.view(Placed.of(report_view(workspace)), slug)


def article_view(workspace: Workspace, address: str) -> ArticleView:
    """The report on one article by an address that it was captured under."""
    coverage, report = _read(workspace, None)
    found = article.find(coverage, address)
    revisions = [each for each in coverage.revisions if each.after.article.id == found.article.id]
    return article.view(Placed.of(report), found, revisions)


def correction_view(workspace: Workspace, slug: str) -> CorrectionView:
    """The letter that asks an outlet for corrections."""
    return correction.view(Placed.of(report_view(workspace)), slug)


def _read(workspace: Workspace, subject: str | None) -> tuple[Coverage, ReportView]:
    coverage, found, resolve = current(workspace)
    decided, traced = Decided(found, status(workspace)), traces(coverage, resolve, subject)
    return coverage, view(coverage, decided, traced, tally(workspace), workspace.reader.tools(), subject)


def tally(workspace: Workspace) -> Tally:
    """What became of the captures."""
    snapshots = workspace.store.snapshots()
    extract = workspace.reader.outcomes("extract")
    dropped = Counter(visit.reason for visit in workspace.store.visits() if visit.action in LEFT_OUT)
    return Tally(
        captures=len(snapshots),
        kept=sum(outcome.status == "done" for outcome in extract),
        rejected=dict(Counter(outcome.code for outcome in extract if outcome.status == "rejected")),
        failed=sum(outcome.status == "failed" for outcome in extract),
        first_capture=snapshots[0].fetched_at if snapshots else None,
        last_capture=snapshots[-1].fetched_at if snapshots else None,
        dropped=dict(dropped),
    )


def render(view: Shown, form: str) -> str:
    """The report as `html`, `md` or `json`."""
    match form:
        case "md":
            return render_markdown(view)
        case "json":
            return render_json(view)
        case _:
            return render_html(view)


def write(view: Shown, form: str, target: Path) -> int:
    """The report as a file; a large one in HTML with a folder of sheets beside it. How many those are.

    Sheets of an earlier report that this one does not have are removed. What is no file, as a pipe, gets the whole.
    """
    if form != "html" or (target.exists() and not target.is_file()):
        target.write_text(render(view, form), encoding="utf-8")
        return 0
    files = render_files(view, target.name)
    _, first = next(files)
    folder, written = target.with_name(folder_of(target.name)), set()
    for path, text in files:
        folder.mkdir(exist_ok=True)
        replace_text(target.parent / path, text)
        written.add(target.parent / path)
    replace_text(target.resolve(), first)
    for old in list(folder.glob("*.html")):
        if old not in written and is_sheet(old.name):
            old.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return len(written)


def quotes(workspace: Workspace) -> Iterator[Mapping[str, Any]]:
    """Every quote of the coverage with where it stands: an `extract` quote and its article."""
    for retelling in workspace.reader.coverage(workspace.study).retellings:
        for quote in retelling.quotes:
            yield quote_row(retelling, quote)


def holdings(workspace: Workspace, version: str, at: datetime) -> Holdings:
    """What the exports draw from; `version` is retold's."""
    coverage, found = findings(workspace)
    return Holdings(
        coverage=coverage,
        findings=found,
        judged=review.standing(workspace.reader.judgements()),
        resolve=_resolver(workspace),
        tools=tuple(workspace.reader.tools()),
        version=version,
        at=at,
    )
