"""What the words of a claim find in its evidence."""

from itertools import pairwise

import pytest

from kb.overlap import Answer, overlap


def found(evidence: str, claim: str, word: str, *, in_claim: bool = True) -> Answer:
    """What the one place of `word` finds on the other side."""
    text = claim if in_claim else evidence
    seen = overlap(evidence, claim)
    at = text.index(word)
    [answer] = [a for start, end, a in (seen.claim if in_claim else seen.evidence) if start <= at < end]
    return answer


@pytest.mark.parametrize(
    ("evidence", "claim", "word", "answer"),
    [
        ("The team tested boats.", "The team tested boats.", "tested", Answer.SAME),
        ("The team tested boats.", "The team tests boats.", "tests", Answer.INFLECTED),
        ("Prices rose.", "Prices fell.", "fell", Answer.ALONE),
        ("Prices will rise.", "Prices will fall.", "fall", Answer.OPPOSITE),
        ("It was safe.", "It was not safe.", "not", Answer.DENIAL_ALONE),
        ("It isn’t safe.", "It was not safe.", "not", Answer.DENIAL_SAME),
        ("Ferries run daily.", "Ferries may run daily.", "may", Answer.CUE_ALONE),
        ("The prize went to Anna Berg.", "The prize went to Berg.", "Berg", Answer.NAME_SAME),
        ("The prize went to Anna Berg.", "The prize went to Lund.", "Lund", Answer.NAME_ALONE),
        ("They counted seven boats.", "They counted 7 boats.", "7", Answer.NUMBER_SAME),
        ("They counted seven boats.", "They counted 9 boats.", "9", Answer.NUMBER_ABOVE),
        ("They counted seven boats.", "They counted more than 5 boats.", "5", Answer.HOLDS),
        ("They counted seven boats.", "They counted fewer than 5 boats.", "5", Answer.FAILS),
        ("They counted seven boats.", "They counted more than 7 boats.", "7", Answer.EDGE),
        ("They counted seven boats.", "They counted at least 7 boats.", "7", Answer.HOLDS),
        ("They counted seven boats.", "They counted 5 or more boats.", "5", Answer.HOLDS),
        ("They counted 96 boats.", "They counted about 100 boats.", "100", Answer.HOLDS),
        ("They counted boats.", "They counted 100 boats.", "100", Answer.NUMBER_ALONE),
        ("It opened on 26 October 2014.", "It opened after May 2014.", "May 2014", Answer.HOLDS),
        ("It opened on 26 October 2014.", "It opened before May 2014.", "May 2014", Answer.FAILS),
        ("It opened on 26 October 2014.", "It opened in 2014.", "2014", Answer.NUMBER_SAME),
        ("It took 7 boats.", "It took 9 boats.", "boats", Answer.UNIT_SAME),
    ],
)
def test_answers(evidence: str, claim: str, word: str, answer: Answer) -> None:
    assert found(evidence, claim, word) is answer


def test_both_sides_are_answered() -> None:
    seen = ("They counted seven boats.", "They counted 9 boats.")
    assert found(*seen, "seven", in_claim=False) is Answer.NUMBER_BELOW


def test_of_two_numbers_that_of_the_same_unit_is_taken() -> None:
    evidence = "It has 300 rooms and 40 beds."
    assert found(evidence, "It has more than 50 beds.", "50") is Answer.FAILS


def test_places_never_overlap() -> None:
    text = "On 26 October 2014, about 1.2 million people (36%) saw more than one-hundred and four singles of 2,000."
    seen = overlap(text, text)
    ends = sorted((start, end) for start, end, _ in seen.claim)
    assert all(one[1] <= other[0] for one, other in pairwise(ends))


def test_an_empty_side_answers_nothing() -> None:
    assert overlap("", "").claim == ()
