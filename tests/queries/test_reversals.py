"""Reports that keep a remark's words and turn it round, and fair ones that look alike."""

import pytest

from kb.opposites import opposed, present_forms
from kb.wording import tokens
from queries.reversals import reversed_in


def how(remark: str, report: str) -> str:
    return reversed_in(tokens(report), tokens(remark), frozenset())


@pytest.mark.parametrize(
    ("remark", "report", "expected"),
    [
        ("The guard saw all the trades and reported half of them.", "the guard reported all of the trades", "amount"),
        ("Nearly every guest took the middle button.", "few guests took the middle button", "amount"),
        ("These fields are all clay in the north.", "none of the fields in the north is clay", "amount"),
        ("The reports went up when two guards were on watch.", "the reports went down with two guards", "direction"),
        ("The hum starts a day before the water does.", "the hum starts after the water", "direction"),
        ("A warning is worth more than a wall.", "a warning is worth less than a wall", "direction"),
        ("The sugars are gone after sixteen hours in the bowl.", "the sugars are gone after one hour", "number"),
        ("A field forgets a drought sooner than a plough.", "a field forgets a plough sooner than a drought", "who"),
        ("The guard fooled the agent.", "the agent fooled the guard", "who"),
        ("The rules are good and the inspectors are few.", "the rules are bad", "opposite"),
        ("I would forbid it for pensions and allow it elsewhere.", "she would allow it for pensions", "opposite"),
        ("It happened in a pretend office with pretend customers.", "it happens to customers in a real office", "real"),
        ("The top floor feels it first, the street hardly feels it.", "the street feels it first", "first place"),
    ],
)
def test_a_remark_turned_round_is_known_by_what_was_turned(remark: str, report: str, expected: str) -> None:
    assert expected in how(remark, report)


@pytest.mark.parametrize(
    ("remark", "report"),
    [
        ("The guard saw all the trades and reported half of them.", "the guard reported half of the trades"),
        ("All of the coins in the pot are forged.", "some of the coins in the pot are forged"),
        ("Slow readers lost more than quick readers.", "quick readers lost less than slow readers"),
        ("The water comes after the hum has started.", "the hum has started before the water comes"),
        ("The guard fooled the agent in the test.", "the agent was fooled by the guard in the test"),
        ("Of the bugs that I planted it caught nearly all.", "it caught nearly all of the planted bugs"),
        ("More than 90 percent of the mails were kept.", "90 to 95 percent of the mails were kept"),
        ("Most of the work is done by fungi that nobody has named.", "fungi do most of the work"),
        ("It is cheap and fast.", "the paint is cheap"),
    ],
)
def test_a_fair_report_is_not_turned(remark: str, report: str) -> None:
    assert how(remark, report) == ""


def test_opposites_and_past_forms_are_wordnets() -> None:
    assert opposed("widen", "narrow")
    assert not opposed("widen", "grow")
    assert present_forms()["rose"] == "rise"
