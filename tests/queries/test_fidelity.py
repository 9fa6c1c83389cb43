"""What a trace amounts to."""

import pytest

from kb.coverage import Coverage
from queries.fidelity import summary, to_json, wilson
from queries.trace import trace
from tests.queries.retellings import Piece, coverage
from tests.queries.test_trace import EXTRA, OTHER, RELEASE, STORY, quoted


def credited(outlet: str, text: str, other: Piece, hours: float) -> Piece:
    return Piece(outlet=outlet, text=f"{text}\nMore is told here.", hours=hours, links=(("told here", other.url),))


def circle() -> Coverage:
    elm = Piece(outlet="Elm Post", text=OTHER, hours=0)
    fir = credited("Fir Post", STORY, elm, 5)
    return coverage([credited("Elm Post", OTHER, fir, 0), fir])


def test_origins_are_told_in_words() -> None:
    pieces = [
        Piece(outlet="Tarn College", text=RELEASE, kind="primary"),
        Piece(outlet="Elm Post", text=STORY, hours=2),
        Piece(outlet="Fir Post", text=STORY, hours=5),
    ]
    assert summary(trace(coverage(pieces))).origins == "3 articles from 1 document and 1 report without a known source"


def test_articles_that_link_each_other_are_a_circle() -> None:
    found = summary(trace(circle()))
    assert [len(group) for group in found.circles] == [2]


def test_a_credit_without_return_is_no_circle() -> None:
    elm = Piece(outlet="Elm Post", text=OTHER)
    assert summary(trace(coverage([elm, credited("Fir Post", STORY, elm, 5)]))).circles == ()


def test_a_reprinted_document_is_counted() -> None:
    pieces = [
        Piece(outlet="Tarn College", text=RELEASE, kind="primary"),
        Piece(outlet="Elm Post", text=RELEASE + EXTRA, hours=2),
    ]
    assert len(summary(trace(coverage(pieces))).from_documents) == 1


def test_drift_is_counted_by_steps_from_the_origin() -> None:
    drift = summary(trace(quoted(), "boats")).drift
    assert [(one.hops, one.prints, one.faithful) for one in drift] == [(0, 1, 1), (1, 2, 0), (2, 1, 0)]


def test_fidelity_is_listed_by_name_and_not_by_rank() -> None:
    rows = summary(trace(quoted(), "boats")).fidelity
    assert [(row.outlet, row.faithful, row.prints) for row in rows] == [
        ("Elm Post", 1, 1),
        ("Fir Post", 0, 1),
        ("Oak Post", 0, 1),
        ("Yew Post", 0, 1),
    ]


def test_the_whole_study_has_no_fidelity() -> None:
    assert summary(trace(quoted())).fidelity == ()


@pytest.mark.parametrize(("part", "whole"), [(0, 3), (3, 3), (5, 10), (1, 400)])
def test_the_interval_holds_the_share(part: int, whole: int) -> None:
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1


def test_few_prints_leave_a_wide_interval() -> None:
    assert wilson(1, 1)[0] < 0.25


def test_json_keeps_the_keys_of_the_trace() -> None:
    told = to_json(trace(quoted(), "boats"))
    assert {"subject", "first", "articles", "edges", "origins", "undetermined"} <= told.keys()
    assert {"summary", "from_documents", "circular", "drift", "fidelity"} <= told.keys()
