import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from xml.etree import ElementTree as ET

import attrs
import pytest
from report_fixtures import (
    COVERAGE,
    HARBOUR,
    LEDGER,
    NORTH,
    QUOTE_TRACE,
    ROSTERS_TRACE,
    STUDY_TRACE,
    SURPRISED,
    VALLEY,
    appearance,
    edge,
    retelling,
)

from kb.coverage import Retelling
from queries.charts import descent, mark, periods, timeline
from queries.lineage import MOST, lines
from queries.trace import Appearance, Trace

DAY = datetime(2026, 3, 10, tzinfo=UTC)
NAMESPACE = "{http://www.w3.org/2000/svg}"


def appearances(count: int, step: timedelta = timedelta(hours=1)) -> list[Appearance]:
    return [appearance(copy(n, DAY + n * step), None, None) for n in range(count)]


def copy(number: int, published: datetime | None) -> Retelling:
    return retelling(f"copy{number}", f"“{SURPRISED}”", published, name=f"Copy {number}")


def drawing(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def texts(svg: str) -> list[str]:
    return ["".join(found.itertext()) for found in drawing(svg).iter(f"{NAMESPACE}text")]


def titles(svg: str) -> list[str]:
    return ["".join(found.itertext()) for found in drawing(svg).iter(f"{NAMESPACE}title")]


def test_timeline_has_a_mark_for_each_dated_article() -> None:
    assert len(titles(timeline(STUDY_TRACE.appearances, "x"))) == 5


def test_timeline_of_undated_articles_is_empty() -> None:
    assert timeline([appearance(VALLEY, None, None)] * 3, "x") == ""


def test_timeline_of_one_article_is_empty() -> None:
    assert timeline(appearances(1), "x") == ""


def test_timeline_takes_articles_of_one_moment() -> None:
    assert len(titles(timeline(appearances(3, timedelta(0)), "x"))) == 3


def test_timeline_turns_to_bars_with_counts() -> None:
    svg = timeline(appearances(1000, timedelta(minutes=10)), "x")
    assert len(drawing(svg).findall(f".//{NAMESPACE}rect")) <= 36
    assert sum(int(title.split()[0]) for title in titles(svg)) == 1000


def test_bars_are_told_in_figures_too() -> None:
    shown = appearances(1000, timedelta(minutes=10))
    shown[3] = attrs.evolve(shown[3], verdict="altered")
    told = periods(shown)
    assert sum(period.articles for period in told) == 1000
    assert [period.changed for period in told] == [1, *[0] * (len(told) - 1)]
    assert [int(title.split()[0]) for title in titles(timeline(shown, "x"))] == [period.articles for period in told]
    assert told[0].since == "10 Mar 2026, 00:00"


def test_marks_need_no_figures_for_the_table_has_each() -> None:
    assert periods(STUDY_TRACE.appearances) == periods([]) == ()


def tone(colour: str, paper: str, opacity: float = 1.0) -> float:
    """Relative luminance (WCAG 2.2) of a colour laid on another."""
    mixed = [
        (opacity * int(colour[at : at + 2], 16) + (1 - opacity) * int(paper[at : at + 2], 16)) / 255 for at in (1, 3, 5)
    ]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in mixed]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_the_two_parts_of_a_bar_are_told_apart_without_colour(scheme: int) -> None:
    style = files("queries").joinpath("static", "report.css").read_text(encoding="utf-8")
    named = [
        dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6})", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.S)
    ]
    colours = {name: f"#{value[1:] * 2}" if len(value) == 4 else value for name, value in named[scheme].items()}
    parts = [found.get("opacity") for found in drawing(timeline(changed_bars(), "x")).iter(f"{NAMESPACE}rect")][:2]
    light = tone(colours["soft"], colours["card"], float(parts[0] or 1))
    dark = tone(colours["rust"], colours["card"], float(parts[1] or 1))
    assert (max(light, dark) + 0.05) / (min(light, dark) + 0.05) >= 3


def changed_bars() -> list[Appearance]:
    return [attrs.evolve(each, verdict="altered") for each in appearances(1000, timedelta(minutes=10))]


@pytest.mark.parametrize("year", [1, 1970, 9999])
def test_timeline_takes_absurd_dates(year: int) -> None:
    odd = appearance(copy(1, datetime(year, 12, 31, tzinfo=UTC)), None, None)
    assert drawing(timeline([*appearances(2), odd], "x")).tag == f"{NAMESPACE}svg"


def test_timeline_shapes_tell_verdicts_apart() -> None:
    paths = {found.get("d") for found in drawing(timeline(QUOTE_TRACE.appearances, "x")).iter(f"{NAMESPACE}path")}
    assert len(paths) == 3


def test_timeline_describes_itself() -> None:
    label = drawing(timeline(STUDY_TRACE.appearances, "the naps")).get("aria-label") or ""
    assert label.startswith("Timeline of the naps: 5 articles, 10 Mar 2026 to 19 Mar 2026")


def test_descent_names_each_outlet() -> None:
    shown = texts(descent(QUOTE_TRACE, COVERAGE))
    assert "Harbour Gazette" in shown
    assert "The Morning Ledger" in shown


def test_descent_tells_reasons_on_hover() -> None:
    assert any("credits it" in title and "links to it" in title for title in titles(descent(QUOTE_TRACE, COVERAGE)))


def test_descent_without_edges_is_empty() -> None:
    assert descent(ROSTERS_TRACE, COVERAGE) == ""


def test_descent_keeps_hostile_names_as_words() -> None:
    svg = descent(QUOTE_TRACE, COVERAGE)
    assert "Echo<b>Chamber</b>" in texts(svg)
    assert drawing(svg).find(f".//{NAMESPACE}b") is None


def test_descent_says_that_a_place_is_unknown() -> None:
    assert "undated, place unknown" in texts(descent(STUDY_TRACE, COVERAGE))


def test_descent_folds_alike_copies() -> None:
    root, *copies = [appearance(copy(n, DAY + timedelta(hours=n)), None, "verbatim") for n in range(200)]
    trace = Trace(
        subject="surprised",
        first=root,
        appearances=(root, *copies),
        edges=tuple(edge(each.retelling, root.retelling) for each in copies),
        origins=(),
        undetermined=(),
    )
    assert "199 articles" in texts(descent(trace, COVERAGE))


def spread(families: int, children: int) -> Trace:
    """A root, its children with a child each, and origins that nothing comes of."""
    shown = [appearance(copy(n, DAY + timedelta(minutes=n)), None, "verbatim") for n in range(2 * families + 1)]
    alone = [appearance(copy(n, DAY + timedelta(days=9, minutes=n)), None, "altered") for n in range(9000, 9003)]
    root, parents, grown = shown[0], shown[1 : families + 1], shown[families + 1 :]
    more = [
        appearance(copy(n, DAY + timedelta(days=1, minutes=n)), None, "merged") for n in range(3000, 3000 + children)
    ]
    edges = [edge(each.retelling, root.retelling) for each in parents]
    edges += [edge(child.retelling, parent.retelling) for parent, child in zip(parents, grown, strict=True)]
    edges += [edge(each.retelling, parents[-1].retelling) for each in more]
    return Trace(
        subject="surprised",
        first=root,
        appearances=(*shown, *more, *alone),
        edges=tuple(edges),
        origins=(),
        undetermined=(),
    )


def test_a_tree_too_large_to_draw_is_cut_to_what_led_to_most() -> None:
    trace = spread(400, 5)
    drawn = lines(trace)
    assert len(drawn) <= MOST
    assert sorted(shown.retelling.article.id for line in drawn for shown in line.articles) == sorted(
        shown.retelling.article.id for shown in trace.appearances
    )
    alone = [line for line in drawn if not line.rest]
    assert alone[0].articles[0] is trace.first
    assert trace.appearances[400] in [line.articles[0] for line in alone]  # seven came of it, of others two
    place = {shown.retelling.article.id: at for at, line in enumerate(drawn) for shown in line.articles}
    assert all(place[line.edges[0].parent] < at for at, line in enumerate(drawn) if line.edges)


def test_the_rest_of_a_cut_tree_is_counted() -> None:
    svg = descent(spread(400, 5), COVERAGE)
    assert any(text.endswith(" more articles") for text in texts(svg))
    assert "3 articles" in texts(svg)


def test_a_group_of_several_verdicts_says_how_many_of_each() -> None:
    trace = spread(400, 5)
    altered = tuple(attrs.evolve(each, verdict="altered") for each in trace.appearances[1:9])
    svg = descent(attrs.evolve(trace, appearances=(trace.appearances[0], *altered, *trace.appearances[9:])), COVERAGE)
    assert any("altered" in text and text.startswith("from ") for text in texts(svg))


def test_descent_survives_a_loop_of_edges() -> None:
    looped = attrs.evolve(QUOTE_TRACE, edges=(edge(LEDGER, NORTH), edge(NORTH, LEDGER), edge(HARBOUR, HARBOUR)))
    assert drawing(descent(looped, COVERAGE)).tag == f"{NAMESPACE}svg"
    drawn = [shown.retelling.article.id for line in lines(looped) for shown in line.articles]
    assert sorted(drawn) == sorted(shown.retelling.article.id for shown in looped.appearances)


def test_lines_follow_the_surest_parent() -> None:
    trace = attrs.evolve(QUOTE_TRACE, edges=(edge(NORTH, HARBOUR, confidence=0.4), edge(NORTH, LEDGER, confidence=0.8)))
    order = [line.articles[0].retelling.source.slug for line in lines(trace)]
    assert order.index("north") == order.index("ledger") + 1


def test_lines_put_parents_before_children() -> None:
    order = [line.articles[0].retelling.source.slug for line in lines(QUOTE_TRACE)]
    assert order == ["harbour", "ledger", "north", "echo", "wire"]


def test_mark_is_hidden_from_readers_of_words() -> None:
    assert 'aria-hidden="true"' in mark("altered")
