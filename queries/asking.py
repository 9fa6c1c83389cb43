"""What the reporting commands do: check the coverage or a draft, trace, tally, render a report."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from kb.claims import Study
from kb.coverage import Coverage
from kb.errors import UserError
from kb.records import LEFT_OUT, Tool
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


@attrs.frozen(kw_only=True, eq=False, slots=False)
class Reading:
    """The coverage as it was read once, and what follows from it, each computed when it is first asked for."""

    coverage: Coverage
    resolve: Resolve
    """Names against the study's speakers, as people have judged them."""
    tally: Tally
    tools: tuple[Tool, ...]
    printed: Mapping[str, int]
    """Names that quotes are given to, with their number of texts."""
    _traced: dict[str | None, Trace] = attrs.field(factory=dict, init=False)

    @classmethod
    def of(cls, workspace: Workspace) -> "Reading":
        return cls(
            coverage=workspace.reader.coverage(workspace.study),
            resolve=_resolver(workspace),
            tally=tally(workspace),
            tools=tuple(workspace.reader.tools()),
            printed=workspace.reader.speaker_names(),
        )

    @property
    def study(self) -> Study:
        return self.coverage.study

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks find in the coverage."""
        return check_coverage(self.coverage, speakers=self.resolve)

    @cached_property
    def names(self) -> review.Names:
        return review.Names.of(self.printed, self.study)

    def trace(self, subject: str | None) -> Trace:
        """The source tree of a quote, a claim or, with None, the study. UserError for one that it does not have."""
        none, *known = _subjects(self.study)
        if subject not in (none, *known):
            raise UserError(
                f"no quote or claim {subject!r} in claims.yaml; there are: {', '.join(map(str, known)) or 'none'}"
            )
        if subject not in self._traced:
            self._traced[subject] = trace_coverage(self.coverage, subject, speakers=self.resolve)
        return self._traced[subject]

    def traces(self, subject: str | None = None) -> list[Trace]:
        """The trace of one quote or claim, or of the study and all of them."""
        return [self.trace(each) for each in _subjects(self.study, subject)]

    def report(self, status: Mapping[str, str], subject: str | None = None) -> ReportView:
        """Everything the report shows. `status`: what people decided about findings, by id."""
        decided = Decided(self.findings, status)
        return view(self.coverage, decided, self.traces(subject), self.tally, self.tools, subject)

    def draft(self, workspace: Workspace, name: str, body: bytes) -> tuple[Finding, ...]:
        """Findings about a draft that is held against the coverage; the workspace lends its models."""
        require_parser(workspace.settings)
        require_embedder(workspace)
        retelling = drafts.retelling(name, body, workspace.settings.spacy_model, now())
        together = drafts.with_alignments(workspace.embedder, self.coverage, retelling)
        return check_draft(retelling, together, speakers=self.resolve)


def check(workspace: Workspace, draft: str | None, stdin: Any = None) -> tuple[Finding, ...]:
    """Findings over the knowledge base, or over a draft held against it."""
    if draft is None:
        return Reading.of(workspace).findings
    body = stdin.read() if draft == "-" else drafts.read(Path(draft))
    return Reading.of(workspace).draft(workspace, draft, body)


def status(workspace: Workspace) -> dict[str, str]:
    """What people decided about findings, by id."""
    return review.status(review.standing(workspace.reader.judgements()))


def _resolver(workspace: Workspace) -> Resolve:
    return resolver(workspace.study, Judged.of(review.standing(workspace.reader.judgements())))


def trace(workspace: Workspace, subject: str | None) -> Trace:
    """The source tree of a quote, a claim or the study."""
    return Reading.of(workspace).trace(subject)


def findings(workspace: Workspace) -> tuple[Coverage, tuple[Finding, ...]]:
    """The coverage and what the checks find in it."""
    reading = Reading.of(workspace)
    return reading.coverage, reading.findings


def _subjects(study: Study, subject: str | None = None) -> Sequence[str | None]:
    """The one, or the study as None and then all its quotes and claims."""
    return [subject] if subject else [None, *(q.slug for q in study.quotes), *(c.slug for c in study.claims)]


def traces(coverage: Coverage, speakers: Resolve, subject: str | None = None) -> list[Trace]:
    """The trace of one quote or claim, or of the study and all of them, where no record store is at hand."""
    return [trace_coverage(coverage, each, speakers=speakers) for each in _subjects(coverage.study, subject)]


def report_view(workspace: Workspace, subject: str | None = None) -> ReportView:
    """Everything the report shows."""
    return Reading.of(workspace).report(status(workspace), subject)


def outlet_view(workspace: Workspace, slug: str) -> OutletView:
    """The report on one outlet by its id."""
    return outlet.view(Placed.of(report_view(workspace)), slug)


def article_view(workspace: Workspace, address: str) -> ArticleView:
    """The report on one article by an address that it was captured under."""
    reading = Reading.of(workspace)
    found = article.find(reading.coverage, address)
    revisions = [each for each in reading.coverage.revisions if each.after.article.id == found.article.id]
    return article.view(Placed.of(reading.report(status(workspace))), found, revisions)


def correction_view(workspace: Workspace, slug: str) -> CorrectionView:
    """The letter that asks an outlet for corrections."""
    return correction.view(Placed.of(report_view(workspace)), slug)


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
    reading = Reading.of(workspace)
    return Holdings(
        coverage=reading.coverage,
        findings=reading.findings,
        judged=review.standing(workspace.reader.judgements()),
        resolve=reading.resolve,
        tools=reading.tools,
        version=version,
        at=at,
    )
