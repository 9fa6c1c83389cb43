"""Neutral pairs out of other pairs."""

from bench.near_misses import near_misses

OWN = {
    "case": "1",
    "p": "The film took 36 million dollars in its first week.",
    "h": "The film took over 30 million.",
    "y": 0,
}
SAME = {"case": "2", "p": "The film took 36 million dollars in the first of its weeks.", "h": "A film.", "y": 0}
OTHER = {"case": "3", "p": "Shooting of the film cost 12 million and lasted all summer.", "h": "A film.", "y": 0}


def test_a_sentence_on_another_fact_of_the_page_is_taken() -> None:
    made = [row for row in near_misses([OWN, OTHER], []) if row["h"] == OWN["h"]]
    assert made == [{"p": OTHER["p"], "h": OWN["h"], "y": 1}]


def test_a_rewording_of_the_own_evidence_is_none() -> None:
    assert [row for row in near_misses([OWN, SAME], []) if row["h"] == OWN["h"]] == []
