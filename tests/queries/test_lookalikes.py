"""Wordings and numbers that look like a problem and are none, beside those that look true and are not."""

import pytest
from coverage_builders import Counted, Said, article, claim, covering, expectation, reference, speaker, study

from kb import align, sense
from kb.claims import Claim
from kb.wording import tokens
from queries.attribution import attribute
from queries.check import check

EVA = speaker("eva", "Eva Thornquist", "Thornquist", affiliation="Moor College", role="ecologist")
BEES = (
    "The loss of hives was linked to the dry springs, and we cannot say that the drought triggered it. "
    "I expected the colonies to fade within a month."
)
FEEDERS = "This is a clever trial, but nine meadows in one valley may tell us little about pastures."
QUOTES = (reference("bees", "eva", BEES), reference("feeders", "eva", FEEDERS))
FLIGHT = claim("flight", "Marked bees flew 35 minutes longer per trip", expectation(35, "minutes of flight per trip"))
MEADOWS = claim("meadows", "Nine meadows were surveyed", expectation(9, "meadows surveyed"))
LOSSES = claim("losses", "Winter deaths fell by 18 percent", expectation(18, "percent fall in winter deaths"))
STUNG = claim(
    "stung",
    "The share of keepers who were stung weekly fell from 44 to 27 percent",
    expectation(44, "percent of keepers stung weekly", "before the change"),
)
CLAIMS: tuple[Claim, ...] = (FLIGHT, MEADOWS, LOSSES, STUNG)


def found(text: str, *counted: Counted, said: tuple[Said, ...] = ()) -> list[str]:
    lead = "Moor College has published its paper. "
    page = article("http://b.example/1", lead + text, said, counted)
    return [finding.rule.value for finding in check(covering(study([EVA], QUOTES, CLAIMS), page))]


def reported(words: str) -> list[str]:
    return found(f"Thornquist said {words}.", said=(Said(words, "Thornquist", "Eva Thornquist", form="indirect"),))


def test_a_poll_that_shares_one_word_with_a_circumstance_is_no_conflict() -> None:
    assert found("A poll found that 61 percent of voters back the change.", Counted("61 percent", 61, "percent")) == []


def test_a_number_before_another_ones_noun_counts_something_else() -> None:
    counted = (Counted("15", 15, "month"), Counted("9", 9, "meadow"))
    assert found("The study ran for 15 months in 9 meadows.", *counted) == []


def test_a_second_number_of_the_unit_beside_the_true_one_is_silent() -> None:
    counted = (Counted("80", 80, "minute"), Counted("35", 35, "minute"))
    assert found("The study let bees out 80 minutes later, and they flew 35 minutes longer per trip.", *counted) == []


def test_a_measure_is_held_against_the_claim_that_says_the_same() -> None:
    assert found("The marked bees flew 53 minutes longer on each trip.", Counted("53", 53, "minute")) == [
        "number-conflict"
    ]
    assert found("The keepers talked 53 minutes longer per call.", Counted("53", 53, "minute")) == []
    assert found("A ride to the meadow takes 53 minutes.", Counted("53", 53, "minute")) == []


def test_a_fall_of_something_else_beside_the_claims_own_is_silent() -> None:
    text = "Winter deaths fell, the paper says. Sales of sugar fell by 40 percent."
    assert found(text, Counted("40 percent", 40, "percent")) == []


def test_percentage_points_in_place_of_percent_are_a_conflict() -> None:
    shown = "18 percentage points"
    assert found(f"Winter deaths fell by {shown}.", Counted(shown, 18, "percentage point")) == ["number-conflict"]


def test_percentage_points_between_two_levels_of_the_study_are_silent() -> None:
    after = claim("calm", "After it 26 percent were stung", expectation(26, "percent of keepers stung", "after it"))
    shown = "18 percentage points"
    page = article(
        "http://b.example/1", f"Winter deaths fell by {shown}.", (), [Counted(shown, 18, "percentage point")]
    )
    assert check(covering(study([EVA], QUOTES, (*CLAIMS, after)), page)) == ()


@pytest.mark.parametrize(
    "words",
    ["that the dry springs triggered the loss of hives", "that she had expected the colonies to last"],
)
def test_a_cause_for_a_link_and_an_opposite_are_unsupported(words: str) -> None:
    assert reported(words) == ["unsupported-paraphrase"]


@pytest.mark.parametrize(
    "words",
    [
        "the loss of hives was linked to the dry springs, no more",
        "that it was too early to say that the drought had triggered the loss",
        "that she had expected the colonies to fade",
    ],
)
def test_other_words_for_a_denial_are_faithful(words: str) -> None:
    assert reported(words) == []


def test_praise_without_its_but_is_a_truncation_however_short() -> None:
    words = "This is a clever trial"
    said = Said(words, "Thornquist", "Eva Thornquist")
    assert found(f"“{words},” said Thornquist.", said=(said,)) == ["truncated-quote"]


@pytest.mark.parametrize(
    ("rest", "lost"),
    [
        ("and we cannot say that the drought triggered it", True),
        ("which does not prove a thing", True),
        ("and we do not know why", False),
        ("and we did not sell the honey", False),
    ],
)
def test_words_on_how_little_is_known_govern_what_stands_before(rest: str, lost: bool) -> None:
    first = "The loss of hives was linked to the dry springs"
    assert bool(align.align(f"{first}, {rest}.", first).lost) is lost


@pytest.mark.parametrize(
    ("words", "negated"),
    [("too soon to tell", True), ("unable to tell", True), ("a link, no more", False), ("it rains no more", True)],
)
def test_negation_by_other_words(words: str, negated: bool) -> None:
    assert sense.negated(tokens(words)) is negated


def test_a_name_beside_a_role_goes_before_a_name_from_elsewhere() -> None:
    mention = "The first author of the paper, Dr Eva Thornquist"
    assert attribute([EVA], "Anna Thornholm", mention).slug == "eva"
    assert attribute([EVA], "Anna Thornholm", "A friend of Eva Thornquist").slug is None
