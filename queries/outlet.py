"""How one outlet retold the study: its articles, what was found in them, how faithfully it quoted. Pure."""

import attrs

from kb.records import Verdict
from queries import phrases
from queries.fidelity import FAITHFUL, wilson
from queries.placed import Placed
from queries.plain import counted
from queries.views import CaptureView, FindingView, Row, ToolView


@attrs.frozen(kw_only=True)
class Share:
    """How often words were printed as they were said."""

    slug: str
    """Of the quote; empty for all quotes together."""
    text: str
    faithful: int
    """Prints word for word, or shortened without a change."""
    prints: int
    low: float
    """The share's 95 % interval (Wilson)."""
    high: float


@attrs.frozen(kw_only=True)
class OutletView:
    """What a report on one outlet shows."""

    study: str
    title: str
    """The study's."""
    slug: str
    name: str
    lead: str
    fidelity: Share | None
    """Over all reference quotes; None where it printed none."""
    by_quote: tuple[Share, ...]
    findings: tuple[FindingView, ...]
    rows: tuple[Row, ...]
    """Its articles, by time."""
    captures: tuple[CaptureView, ...]
    """Of its articles and of what they are held against."""
    tools: tuple[ToolView, ...]


@attrs.frozen(kw_only=True)
class OutletLine:
    """One outlet in the list of all."""

    slug: str
    name: str
    articles: int
    findings: int
    fidelity: Share | None


def view(placed: Placed, slug: str) -> OutletView:
    """The report on an outlet by its id; UserError where none of its articles is in the coverage."""
    rows = placed.rows_of(slug)
    report, findings = placed.report, placed.findings_by_source.get(slug, ())
    numbers = {row.citation.capture for row in rows} | {p.citation.capture for each in findings for p in each.proofs}
    name = rows[0].citation.outlet
    return OutletView(
        study=report.study,
        title=report.title,
        slug=slug,
        name=name,
        lead=_lead(len(rows), findings),
        fidelity=_overall(placed, slug),
        by_quote=_by_quote(placed, slug),
        findings=findings,
        rows=rows,
        captures=tuple(capture for capture in report.captures if capture.number in numbers),
        tools=report.tools,
    )


def listing(placed: Placed) -> tuple[OutletLine, ...]:
    """Every outlet of the coverage, by name: a rank would be luck where each printed little."""
    made = [
        OutletLine(
            slug=slug,
            name=rows[0].citation.outlet,
            articles=len(rows),
            findings=len(placed.findings_by_source.get(slug, ())),
            fidelity=_overall(placed, slug),
        )
        for slug, rows in placed.by_source.items()
    ]
    return tuple(sorted(made, key=lambda line: (line.name.casefold(), line.slug)))


def _lead(articles: int, findings: tuple[FindingView, ...]) -> str:
    said = counted(articles, "article")
    if not findings:
        return f"{said}. Nothing was found to be wrong."
    return f"{said}. {phrases.findings([found.label for found in findings])}."


def _overall(placed: Placed, slug: str) -> Share | None:
    verdicts = [each.row.verdict for each in placed.prints_by_source.get(slug, ()) if each.row.verdict]
    return _share("", "All quotes", verdicts) if verdicts else None


def _by_quote(placed: Placed, slug: str) -> tuple[Share, ...]:
    found: dict[str, tuple[str, list[Verdict]]] = {}
    for each in placed.prints_by_source.get(slug, ()):
        if each.row.verdict:
            found.setdefault(each.thread.slug, (each.thread.text, []))[1].append(each.row.verdict)
    return tuple(_share(quote, text, verdicts) for quote, (text, verdicts) in found.items())


def _share(slug: str, text: str, verdicts: list[Verdict]) -> Share:
    faithful = sum(verdict in FAITHFUL for verdict in verdicts)
    low, high = wilson(faithful, len(verdicts))
    return Share(slug=slug, text=text, faithful=faithful, prints=len(verdicts), low=low, high=high)
