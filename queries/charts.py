"""Timeline and descent pictures as SVG.

Horizontal places are percentages and everything else is pixels, so a picture fills whatever width it
is given and its words stay the same size, on paper, on a wide screen and on a telephone. Marks differ
in shape, not only in colour. Colours come from the page's style sheet; without one all is black.
"""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs
from markupsafe import Markup

from kb.coverage import Coverage
from kb.records import Verdict
from queries import phrases
from queries.lineage import Line, lines
from queries.plain import counted, one_line
from queries.trace import Appearance, ProvenanceEdge, Trace
from queries.views import Period

_SHAPES: Final[dict[Verdict | None, str]] = {
    None: "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z",
    "verbatim": "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    "trimmed": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "altered": "M0-6L6 4.5H-6z",
    "merged": "M0-5.5L5.5 0L0 5.5L-5.5 0z",
    "misattributed": "M-4.5-4.5H4.5V4.5H-4.5z",
    "unsupported": "M-4-4L4 4M4-4L-4 4",
}
_FAITHFUL: Final[tuple[Verdict | None, ...]] = ("verbatim", "trimmed", None)
_STEPS: Final = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 7 * 24, 30 * 24, 365 * 24))
_MOST_BINS = 36
"""A bin is then still a finger's mark wide on a screen of 360 pixels."""
_TALLEST = 12
"""Marks stacked in one bin; above it the timeline turns to bars."""
_MARK = 12
_BARS = 120
_ELAPSED: Final = (
    (1, "1 h"),
    (6, "6 h"),
    (24, "1 day"),
    (72, "3 days"),
    (168, "1 week"),
    (720, "1 month"),
    (8760, "1 year"),
)
_ROW = 44
_NAMED = 12
"""Origins that a picture's description names."""


def mark(verdict: Verdict | None) -> Markup:
    """The mark of a verdict alone, for legends and tables; its meaning stands in words beside it."""
    return Markup('<svg class="mark" width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">{}</svg>').format(
        _shape(verdict)
    )


def _shape(verdict: Verdict | None) -> Markup:
    hollow = verdict in ("trimmed", "unsupported")
    fill, stroke = ("none", "currentColor") if hollow else ("currentColor", "none")
    return Markup('<path class="m-{}" fill="{}" stroke="{}" stroke-width="2" d="{}"/>').format(
        verdict or "plain", fill, stroke, _SHAPES[verdict]
    )


def _placed(verdict: Verdict | None, x: float, y: float, title: str) -> Markup:
    """A mark at x percent and y pixels; its title shows on hover."""
    return Markup('<svg x="{}%" y="{}" overflow="visible"><g><title>{}</title>{}</g></svg>').format(
        f"{x:.2f}", f"{y:g}", one_line(title), _shape(verdict)
    )


def _picture(kind: str, height: float, label: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="chart {}" xmlns="http://www.w3.org/2000/svg" width="100%" height="{}" role="img" '
        'aria-label="{}">{}</svg>'
    ).format(kind, f"{height:g}", one_line(label), Markup("").join(parts))


# --- Timeline ----------------------------------------------------------------------------------------


@attrs.frozen
class _Bins:
    start: datetime
    step: timedelta
    count: int

    def of(self, at: datetime) -> int:
        return max(0, min(self.count - 1, (at - self.start) // self.step))

    def middle(self, number: float) -> float:
        return 100 * (number + 0.5) / self.count


def timeline(appearances: Sequence[Appearance], label: str) -> Markup:
    """When the articles appeared: a mark for each, stacked; bars where a stack would grow too tall.

    Articles without a date are not in the picture. Empty where fewer than two have one.
    """
    bins, stacks = _stacked(appearances)
    if bins is None:
        return Markup("")
    tallest = max(map(len, stacks.values()))
    if tallest <= _TALLEST:
        height = tallest * _MARK + 10
        parts = [part for number, stack in stacks.items() for part in _stack(bins, number, stack, height)]
    else:
        height, unit = _BARS, (_BARS - 16) / tallest  # the tallest bar leaves room for its count
        parts = [part for number, stack in stacks.items() for part in _bar(bins, number, stack, unit)]
    axis = _calendar(bins, height)
    dated = [at for shown in appearances if (at := _published(shown)) is not None]
    dates = f"{phrases.day(dated[0])} to {phrases.day(dated[-1])}"
    said = f"Timeline of {label}: {counted(len(dated), 'article')}, {dates}. The table lists them."
    return _picture("timeline", height + 24, said, [*axis, *parts])


def periods(appearances: Sequence[Appearance]) -> tuple[Period, ...]:
    """The bars of the timeline in figures; none where it has a mark for each article, which the table lists."""
    bins, stacks = _stacked(appearances)
    if bins is None or max(map(len, stacks.values())) <= _TALLEST:
        return ()
    found = ((bins.start + bins.step * number, stack) for number, stack in sorted(stacks.items()))
    clock = bins.step < timedelta(days=1)
    return tuple(
        Period(
            since=f"{phrases.day(start)}{f', {start:%H:%M}' if clock else ''}",
            articles=len(stack),
            changed=_changed(stack),
        )
        for start, stack in found
    )


def _stacked(appearances: Sequence[Appearance]) -> tuple[_Bins | None, dict[int, list[Appearance]]]:
    """The articles by their place in time; no places where fewer than two have a date."""
    dated = [(at, shown) for shown in appearances if (at := _published(shown)) is not None]
    if len(dated) < 2:
        return None, {}
    bins = _bins([at for at, _ in dated], _hours_known([shown for _, shown in dated]))
    stacks: dict[int, list[Appearance]] = {}
    for at, shown in dated:
        stacks.setdefault(bins.of(at), []).append(shown)
    return bins, stacks


def _changed(stack: Sequence[Appearance]) -> int:
    return sum(shown.verdict not in _FAITHFUL for shown in stack)


def _published(shown: Appearance) -> datetime | None:
    extraction = shown.retelling.extraction
    return None if extraction.published_precision == "unknown" else extraction.published_at


def _hours_known(appearances: Sequence[Appearance]) -> bool:
    return all(shown.retelling.extraction.published_precision in ("second", "minute") for shown in appearances)


def _bins(times: Sequence[datetime], hours: bool) -> _Bins:
    """Hours where every date has them, else days and longer; never more than `_MOST_BINS`."""
    first, last = min(times).astimezone(UTC), max(times).astimezone(UTC)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    for step in _STEPS if hours else _STEPS[2:]:
        start = midnight + (first - midnight) // step * step
        count = (last - start) // step + 1
        if count <= _MOST_BINS:
            return _Bins(start, step, max(count, 5))
    return _Bins(midnight, (last - midnight) / _MOST_BINS, _MOST_BINS)


def _said(shown: Appearance) -> str:
    extraction = shown.retelling.extraction
    when = phrases.moment(extraction.published_at, extraction.published_precision)
    verdict = f", {phrases.VERDICTS[shown.verdict]}" if shown.verdict else ""
    return f"{shown.retelling.source.name}, {when}{verdict}"


def _stack(bins: _Bins, number: int, stack: Sequence[Appearance], height: float) -> list[Markup]:
    x = bins.middle(number)
    return [_placed(shown.verdict, x, height - _MARK * (at + 0.5) - 2, _said(shown)) for at, shown in enumerate(stack)]


def _bar(bins: _Bins, number: int, stack: Sequence[Appearance], unit: float) -> list[Markup]:
    """A bar with its count; the dark foot is the articles whose wording was changed."""
    changed = _changed(stack)
    counts = Counter(phrases.VERDICTS[shown.verdict] for shown in stack if shown.verdict)
    said = ", ".join(f"{count:,} {verdict}" for verdict, count in counts.most_common())
    title = counted(len(stack), "article") + (f": {said}" if said else "")
    tall, foot = len(stack) * unit, changed * unit
    x, width = 100 * number / bins.count, 80 / bins.count
    bar = Markup('<rect class="{}" x="{}%" y="{}" width="{}%" height="{}" fill="currentColor" opacity="{}"/>')
    parts = [bar.format("bar", f"{x:.2f}", f"{_BARS - tall:.1f}", f"{width:.2f}", f"{tall:.1f}", 0.4)]
    if changed:
        parts.append(bar.format("bar changed", f"{x:.2f}", f"{_BARS - foot:.1f}", f"{width:.2f}", f"{foot:.1f}", 1))
    count = Markup('<text x="{}%" y="{}" text-anchor="middle">{}</text>')
    parts.append(count.format(f"{x + width / 2:.2f}", f"{_BARS - tall - 4:.1f}", len(stack)))
    return [Markup("<g><title>{}</title>{}</g>").format(title, Markup("").join(parts))]


def _calendar(bins: _Bins, height: float) -> list[Markup]:
    """The base line and at most four dates, where a phone has room for them."""
    parts = [
        Markup('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}" stroke="currentColor"/>').format(f"{height:g}")
    ]
    every = math.ceil(bins.count / 4)
    last = bins.start + bins.step * bins.count
    year = bins.start.year != last.year or bins.step > timedelta(days=20)
    for number in range(0, bins.count, every):
        at = bins.start + bins.step * number
        words = f"{phrases.day(at, year)}"
        if bins.step < timedelta(days=1):
            words = f"{phrases.day(at, year=False)} {at:%H:%M}"
        x = f"{100 * number / bins.count:.2f}"
        side, gap = ("start", 3) if number < 0.85 * bins.count else ("end", -3)
        parts.append(
            Markup('<line class="tick" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}" stroke="currentColor"/>').format(
                x, f"{height:g}", f"{height + 5:g}"
            )
        )
        parts.append(
            Markup('<svg x="{}%" overflow="visible"><text x="{}" y="{}" text-anchor="{}">{}</text></svg>').format(
                x, gap, f"{height + 16:g}", side, words
            )
        )
    return parts


# --- Descent -----------------------------------------------------------------------------------------


def descent(trace: Trace, coverage: Coverage) -> Markup:
    """Who has it from whom: a line for each article, from its parent's time to its own.

    Time runs to the right from the first print, stretched at its start (logarithm of the hours), for a
    story spreads within hours and echoes for weeks. Alike copies of one parent are folded beyond
    forty articles. Empty where nothing descends from anything or nothing has a date.
    """
    drawn = lines(trace)
    dates = [at for line in drawn for shown in line.articles if (at := _published(shown)) is not None]
    if not trace.edges or not dates:
        return Markup("")
    first = min(dates)
    scale = _Elapsed(first, max(dates))
    top = 30
    place = {shown.retelling.article.id: at for at, line in enumerate(drawn) for shown in line.articles}
    xs = [_line_x(line, drawn, place, scale) for line in drawn]
    ys = [top + _ROW * at + _ROW / 2 for at in range(len(drawn))]
    parts = scale.axis(top - 8, top + _ROW * len(drawn))
    for line, x, y in zip(drawn, xs, ys, strict=True):
        for edge in line.edges:
            if edge.parent in place:
                start = place[edge.parent]
                parts.append(_elbow((xs[start], ys[start]), (x, y), edge, edge is line.edges[0]))
    year = first.year != max(dates).year
    for line, x, y in zip(drawn, xs, ys, strict=True):
        parts += _node(line, x, y, year)
    names = {retelling.article.id: retelling.source.name for retelling in coverage.retellings}
    roots = ", ".join(one_line(names.get(origin.root, origin.root)) for origin in trace.origins[:_NAMED])
    if trace.origins[_NAMED:]:
        roots += f" and {len(trace.origins[_NAMED:]):,} more"
    said = f"Source chain of {counted(len(trace.appearances), 'article')}; origins: {roots}."
    return _picture("descent", top + _ROW * len(drawn) + 6, f"{said} The table says the same.", parts)


@attrs.frozen
class _Elapsed:
    """Time since the first print on a logarithmic scale, in percent of the width."""

    first: datetime
    last: datetime

    def __call__(self, at: datetime) -> float:
        whole = math.log1p(max(_hours(self.last - self.first), 1.0))
        return 2 + 95 * math.log1p(max(_hours(at - self.first), 0.0)) / whole

    def axis(self, top: float, bottom: float) -> list[Markup]:
        """Vertical lines that leave at least an eighth of the width between them."""
        parts, free = [], 0.0
        for hours, words in ((0, "first"), *_ELAPSED):
            x = self(self.first + timedelta(hours=hours))
            if free + (6 if x > 92 else 0) <= x <= 100:  # at the edge the words stand left of their line
                parts.append(_grid(x, top, bottom, words))
                free = x + 12
        return parts


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600


def _grid(x: float, top: float, bottom: float, words: str) -> Markup:
    anchor = "start" if x < 8 else "end" if x > 92 else "middle"
    return Markup(
        '<line class="grid" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}" stroke="currentColor" opacity="0.2"/>'
        '<text class="tick" x="{0}%" y="{3}" text-anchor="{4}">{5}</text>'
    ).format(f"{x:.2f}", f"{top:g}", f"{bottom:g}", f"{top - 6:g}", anchor, words)


def _line_x(line: Line, drawn: Sequence[Line], place: dict[str, int], scale: _Elapsed) -> float:
    """A line's own time; without one, that of its parent."""
    at = _published(line.articles[0])
    if at is None and line.edges and line.edges[0].parent in place:
        at = _published(drawn[place[line.edges[0].parent]].articles[0])
    return scale(at) if at else scale(scale.first)


def _elbow(parent: tuple[float, float], child: tuple[float, float], edge: ProvenanceEdge, chief: bool) -> Markup:
    """Down at the parent's time, then across to the child; dashed for a second parent."""
    (px, py), (cx, cy) = parent, child
    title = f"{phrases.RELATIONS[edge.relation]} ({round(100 * edge.confidence)}% sure). " + "; ".join(
        phrases.reasons(edge)
    )
    dash = "none" if chief else "3 3"
    return Markup(
        '<g class="edge"><title>{0}</title>'
        '<line x1="{1}%" x2="{1}%" y1="{2}" y2="{4}" stroke="currentColor" stroke-dasharray="{5}"/>'
        '<line x1="{1}%" x2="{3}%" y1="{4}" y2="{4}" stroke="currentColor" stroke-dasharray="{5}"/>'
        '<line class="reach" x1="{1}%" x2="{3}%" y1="{4}" y2="{4}" stroke="transparent" stroke-width="16"/></g>'
    ).format(one_line(title), f"{px:.2f}", f"{py:g}", f"{cx:.2f}", f"{cy:g}", dash)


def _node(line: Line, x: float, y: float, year: bool) -> list[Markup]:
    """Mark, outlet above the line and time below it, on the side that has room.

    Labels that `flips` marks have room on the right of a wide screen only; the style sheet turns them.
    """
    shown = line.articles[0]
    extraction = shown.retelling.extraction
    name = _short(one_line(shown.retelling.source.name))
    when = phrases.moment(extraction.published_at, extraction.published_precision, year).removesuffix(" UTC")
    if len(line.articles) > 1:
        name = counted(len(line.articles), "more article" if line.rest else "article")
        when = f"from {when.partition(',')[0]}"
    when = "undated, place unknown" if when == "undated" else when
    side, gap = ("start", 10) if x <= 75 else ("end", -10)
    label = Markup(
        '<svg class="{0}" x="{1}%" y="{2}" overflow="visible">'
        '<text class="name" x="{3}" y="-5" text-anchor="{4}">{5}</text>'
        '<text class="when" x="{3}" y="14" text-anchor="{4}">{6}</text></svg>'
    ).format("flips" if 46 < x <= 75 else "stays", f"{x:.2f}", f"{y:g}", gap, side, name, when + _fared(line))
    title = "; ".join(_said(each) for each in line.articles[:20])
    return [label, _placed(line.verdict, x, y, title)]


def _fared(line: Line) -> str:
    """The verdict if it is not word for word; of several such, the most frequent with its count."""
    counts = Counter(shown.verdict for shown in line.articles if shown.verdict not in ("verbatim", None))
    if line.verdict:
        return f" · {phrases.VERDICTS[line.verdict]}" if counts else ""
    return "".join(f" · {count:,} {phrases.VERDICTS[verdict]}" for verdict, count in counts.most_common(1) if verdict)


def _short(name: str, most: int = 22) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"
