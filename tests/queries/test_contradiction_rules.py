"""Two outlets that say the opposite of each other, and pairs that only look like it."""

from datetime import timedelta

import pytest
from coverage_builders import NOON, article, covering, speaker, study

from queries.check import Finding, check

ADA = speaker("ada", "Ada Quill", affiliation="Moor College")
LEAD = "Moor College has published a paper. "


def found(one: str, other: str, later: timedelta = timedelta(0)) -> tuple[Finding, ...]:
    pages = (
        article("http://a.example/1", LEAD + one),
        article("http://b.example/1", LEAD + other, published=NOON + later),
    )
    return check(covering(study([ADA]), *pages))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The county bought 18 new boats for the trial.", "The county bought 81 new boats for the trial."),
        ("The county paid for the boats of the trial.", "The county did not pay for the boats of the trial."),
        ("The mayor supports the ban on boats.", "The mayor opposes the ban on boats."),
    ],
)
def test_opposite_sentences_of_two_outlets_contradict_each_other(one: str, other: str) -> None:
    [finding] = found(one, other)
    assert (finding.rule.value, finding.truth) == ("contradiction", "unsettled")
    assert {passed.retelling.words(passed.span).rstrip(".") for passed in finding.evidence} == {
        one.rstrip("."),
        other.rstrip("."),
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The county bought 18 new boats for the trial.", "The county bought 18 new boats for the trial."),
        ("The county bought 18 new boats for the trial.", "The county bought 4 old nets for the trial."),
        ("The county paid for the boats of the trial.", "The county did not pay for the nets of the trial."),
        ("The mayor supports the ban on boats.", "The mayor opposes the tax on nets."),
        ("The county bought about 18 new boats for the trial.", "The county bought 20 new boats for the trial."),
    ],
)
def test_sentences_about_different_things_are_silent(one: str, other: str) -> None:
    assert found(one, other) == ()


def test_what_was_so_in_spring_may_be_otherwise_in_autumn() -> None:
    sentences = ("The mayor supports the ban on boats.", "The mayor opposes the ban on boats.")
    assert found(*sentences, later=timedelta(days=120)) == ()
