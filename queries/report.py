"""Results to a report: one view model, rendered as HTML, Markdown or JSON. Pure: no store, no clock.

The same input gives the same bytes, so reports can be compared and cited.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files

import attrs
from jinja2 import Environment
from markupsafe import Markup

from kb.claims import Study
from kb.coverage import Coverage
from kb.errors import UserError
from kb.records import Tool, rfc3339
from kb.text import selector_for
from queries import phrases
from queries.article import ArticleView
from queries.charts import mark
from queries.check import Finding, Passed
from queries.correction import CorrectionView
from queries.findings import Decided, finding_views
from queries.links import Anchors
from queries.markup import html_templates, markdown_templates
from queries.outlet import OutletView
from queries.plain import counted, json_text
from queries.sheets import entries, layout
from queries.threads import Citations, thread
from queries.trace import Trace
from queries.views import CaptureView, Count, DocumentView, FindingView, ReportView, Thread, ToolView


@attrs.frozen(kw_only=True)
class Tally:
    """What became of the captures, whether or not an article came of them."""

    captures: int
    """All that the archive holds for the study, repeated captures of one address included."""
    kept: int
    """Those that gave an article."""
    rejected: Mapping[str, int]
    """By `Code`."""
    failed: int
    """Those that a stage stumbled over."""
    first_capture: datetime | None
    last_capture: datetime | None
    dropped: Mapping[str, int] = attrs.field(factory=dict)
    """Addresses that were never fetched, by the reason in words: `disallowed by robots.txt`."""


def view(
    coverage: Coverage,
    decided: Decided,
    traces: Sequence[Trace],
    tally: Tally,
    tools: Sequence[Tool],
    subject: str | None = None,
) -> ReportView:
    """The report of a study or, with `subject`, of one of its quotes or claims.

    Raises UserError for a subject that the study does not have.
    """
    study = coverage.study
    subject = None if subject == study.slug else subject
    if subject is not None:
        _require_known(coverage, subject)
        decided = decided.about(subject)
        traces = [trace for trace in traces if trace.subject == subject]
    citations = Citations.of(coverage)
    shown = finding_views(coverage, decided, traces, citations)
    whole, threads = _threads(coverage, traces, citations, shown)
    return ReportView(
        study=study.slug,
        title=study.title,
        subject=subject,
        documents=tuple(DocumentView(title=d.title, url=d.url, published_at=d.published_at) for d in study.documents),
        since=study.since,
        until=study.until,
        lead=_lead(coverage, shown, whole if subject is None else next(iter(threads), None), rejected=decided.rejected),
        figures=_figures(coverage, tally, shown, whole),
        captures_seen=tally.captures,
        kept=tally.kept,
        rejected=_counts(tally.rejected, phrases.REJECTIONS),
        failed=tally.failed,
        dropped=_counts(tally.dropped, {}),
        first_capture=tally.first_capture,
        last_capture=tally.last_capture,
        findings=shown,
        findings_rejected=decided.rejected,
        overview=whole,
        threads=threads,
        undetermined=_undetermined(coverage, traces, tally, whole_study=subject is None),
        captures=_captures(citations, shown, threads, everything=subject is None),
        tools=_tools(tools),
    )


def _threads(
    coverage: Coverage, traces: Sequence[Trace], citations: Citations, findings: Sequence[FindingView]
) -> tuple[Thread | None, tuple[Thread, ...]]:
    """The whole study's, where it was traced, and those of its quotes and claims."""
    by_subject = {trace.subject: trace for trace in traces}
    overview = by_subject.pop(coverage.study.slug, None)
    threads = tuple(
        thread(coverage, by_subject[slug], citations, tuple(f.number for f in findings if f.subject == slug))
        for slug in sorted(by_subject, key=_order(coverage))
    )
    return None if overview is None else thread(coverage, overview, citations, ()), threads


def _slugs(study: Study) -> list[str]:
    """Of quotes, then claims, as claims.yaml has them."""
    return [*(quote.slug for quote in study.quotes), *(claim.slug for claim in study.claims)]


def _require_known(coverage: Coverage, subject: str) -> None:
    known = _slugs(coverage.study)
    if subject not in known:
        raise UserError(f"no quote or claim named {subject!r} in {coverage.study.slug}; there are: {', '.join(known)}")


def _order(coverage: Coverage) -> Callable[[str], tuple[int, str]]:
    """The order of `_slugs`; unknown ones last."""
    places = {slug: at for at, slug in enumerate(_slugs(coverage.study))}
    return lambda slug: (places.get(slug, len(places)), slug)


def _lead(coverage: Coverage, findings: Sequence[FindingView], thread: Thread | None, *, rejected: int) -> str:
    """The report in two sentences: how far the story went, and what kinds of things are wrong."""
    sources = (
        [row.citation.source for row in thread.rows] if thread else [e.article.source for e in coverage.retellings]
    )
    if not sources:
        return "No coverage has been found yet."
    said = f"{counted(len(sources), 'article')} in {counted(len(set(sources)), 'outlet')}"
    if thread and thread.origins:
        said += f", going back to {phrases.origins(len(thread.origins))}"
    if not findings:
        return f"{said}. {'No finding stands.' if rejected else 'Nothing was found to be wrong.'}"
    return f"{said}. {phrases.findings([found.label for found in findings])}."


def _figures(
    coverage: Coverage, tally: Tally, findings: Sequence[FindingView], overview: Thread | None
) -> tuple[Count, ...]:
    rejected = sum(tally.rejected.values()) + tally.failed
    origins = () if overview is None else (Count("origins", "independent origins", len(overview.origins)),)
    return (
        Count("articles", "articles", len(coverage.retellings)),
        Count("outlets", "outlets", len({each.article.source for each in coverage.retellings})),
        *origins,
        Count("findings", "findings", len(findings)),
        Count("captures", "captures", tally.captures),
        Count("rejected", "set aside", rejected),
    )


def _counts(counts: Mapping[str, int], labels: Mapping[str, str]) -> tuple[Count, ...]:
    """The most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Count(str(code), labels.get(code, str(code)), count) for code, count in ordered)


def _undetermined(coverage: Coverage, traces: Sequence[Trace], tally: Tally, *, whole_study: bool) -> tuple[str, ...]:
    """What the report leaves open beyond what each quote and claim says of itself."""
    extractions = [retelling.extraction for retelling in coverage.retellings]
    undated = sum(e.published_at is None or e.published_precision == "unknown" for e in extractions)
    truncated = sum(e.truncated for e in extractions)
    traced = {trace.subject for trace in traces}
    study = coverage.study
    said = [
        (undated, f"{counted(undated, 'article')} without a usable date: no place in time, no order."),
        (truncated, f"{counted(truncated, 'article')} read only in part (paywall or teaser)."),
        (tally.failed, f"{counted(tally.failed, 'capture')} could not be processed."),
    ]
    if not whole_study:
        return tuple(line for count, line in said if count)
    untraced = [slug for slug in _slugs(study) if slug not in traced]
    overview = [line for trace in traces if trace.subject == study.slug for line in trace.undetermined]
    if study.slug not in traced:
        overview.append("How many independent origins the coverage has was not determined.")
    return (
        *overview,
        *(line for count, line in said if count),
        *(f"“{slug}” was not traced through the coverage." for slug in untraced),
    )


def _captures(
    citations: Citations, findings: Sequence[FindingView], threads: Sequence[Thread], *, everything: bool
) -> tuple[CaptureView, ...]:
    """All captures of the coverage, or those that the findings and threads cite."""
    cited = {proof.citation.capture for finding in findings for proof in finding.proofs}
    cited |= {row.citation.capture for thread in threads for row in thread.rows}
    return tuple(
        CaptureView(
            number=number,
            citation=citations.cite(retelling),
            via=retelling.snapshot.via,
            warc=retelling.snapshot.warc,
            offset=retelling.snapshot.offset,
        )
        for number, retelling in enumerate(citations.retellings.values(), start=1)
        if everything or number in cited
    )


def _tools(tools: Sequence[Tool]) -> tuple[ToolView, ...]:
    unique = {tool.id: tool for tool in tools}
    return tuple(
        ToolView(
            tool=tool, id=tool.id, settings=tuple(f"{key} = {value}" for key, value in sorted(tool.params.items()))
        )
        for tool in sorted(unique.values(), key=lambda tool: (tool.name, tool.version, tool.id))
    )


# --- Rendering ---------------------------------------------------------------------------------------


Shown = ReportView | OutletView | ArticleView | CorrectionView
"""What there are reports on."""

_NAMES: dict[type[Shown], str] = {
    ReportView: "report",
    OutletView: "outlet",
    ArticleView: "article",
    CorrectionView: "letter",
}
"""Its templates' names."""


@cache
def _html() -> Environment:
    made = html_templates()
    style = files("queries").joinpath("static", "report.css").read_text(encoding="utf-8")
    made.globals |= {"mark": mark, "style": Markup(style)}  # noqa: S704 - our own style sheet
    return made


@cache
def _markdown() -> Environment:
    return markdown_templates()


def render_html(view: Shown) -> str:
    """One file that needs no network and no script; page text never runs in it."""
    listed = frozenset(each.number for each in view.captures) if isinstance(view, OutletView | ArticleView) else None
    return _html().get_template(f"{_NAMES[type(view)]}.html").render(report=view, links=Anchors(listed=listed))


def render_files(view: Shown, first: str) -> Iterator[tuple[str, str]]:
    """The same as files: each with its path beside the first, whose name is given. A large report has several.

    Only the first of them where the report is of ordinary size; else each list whole on sheets behind it.
    """
    if not isinstance(view, ReportView):
        yield first, render_html(view)
        return
    planned = layout(view, first)
    yield first, _html().get_template("report.html").render(report=view, links=Anchors(planned))
    lists, threads = entries(view), {f"{thread.kind}-{thread.slug}": thread for thread in view.threads}
    for of, sheets in planned.sheets.items():
        for sheet in sheets:
            rows = lists[of][sheet.start : sheet.end]
            links, thread = Anchors(planned, sheet), threads.get(of)
            values = {"report": view, "links": links, "sheet": sheet, "rows": rows, "thread": thread}
            yield f"{planned.folder}/{sheet.file}", _html().get_template("sheet.html").render(values)


def render_markdown(view: Shown) -> str:
    """CommonMark; page text cannot add formatting, links or HTML."""
    return _markdown().get_template(f"{_NAMES[type(view)]}.md").render(report=view)


def render_json(view: Shown) -> str:
    """The view model, without the pictures: what they show is in the rows."""
    plain = attrs.asdict(
        view,
        filter=lambda field, _: "picture" not in field.metadata,
        value_serializer=lambda _, __, value: _plain(value),
    )
    text = json_text(plain, 1, dict) + "\n"
    return text.encode("utf-8", "replace").decode()


def _plain(value: object) -> object:
    match value:
        case datetime():
            return rfc3339(value)
        case date():
            return value.isoformat()
        case _:
            return value


def check_json(study_slug: str, findings: Sequence[Finding], status: Mapping[str, str]) -> dict[str, object]:
    """CONTRACT's `check` shape. `status`: what people decided, by finding id; `open` where nobody has."""
    return {
        "study": study_slug,
        "counts": dict(sorted(Counter(str(found.rule) for found in findings).items())),
        "findings": [finding_json(found, status.get(found.id, "open")) for found in findings],
    }


def finding_json(found: Finding, status: str) -> dict[str, object]:
    """One of its findings."""
    return {
        "id": found.id,
        "rule": str(found.rule),
        "severity": found.severity,
        "confidence": round(found.confidence, 4),
        "status": status,
        "subject": found.subject,
        "summary": found.summary,
        "expected": found.expected,
        "observed": found.observed,
        "truth": found.truth,
        "edits": [{"op": edit.op, "from": edit.before, "to": edit.after} for edit in found.edits],
        "evidence": [_evidence_json(passed) for passed in found.evidence],
    }


def _evidence_json(passed: Passed) -> dict[str, object]:
    retelling, span = passed.retelling, passed.span
    published = retelling.extraction.published_at
    selector = selector_for(retelling.text.text, span)
    return {
        "role": passed.role,
        "url": retelling.article.canonical_url,
        "source": retelling.article.source,
        "title": retelling.extraction.title,
        "published_at": rfc3339(published) if published else None,
        "start": span.start,
        "end": span.end,
        "exact": selector.exact,
        "prefix": selector.prefix,
        "suffix": selector.suffix,
        "snapshot": retelling.snapshot.body_sha256,
    }
