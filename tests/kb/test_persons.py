"""Whom a text names, and what only looks like a name."""

import time

import pytest

from kb.layout import Layout
from kb.parse import Parser
from kb.persons import named


def names(parser: Parser, text: str) -> set[str]:
    layout = Layout.of(text, parser.parse(text))
    return {person.name for person in named(layout)[0] if person.sex != "n"}


BODY = "\n\nThe test failed, and the committee left the room early in the evening."


@pytest.mark.parametrize(
    "headline",
    ["Angry Test Supporter Screams At Senator Jane Roe", "SUPPORTER JANE ROE SCREAMS AT PETER LEE AFTER TEST"],
)
def test_a_headline_alone_names_nobody(parser: Parser, headline: str) -> None:
    assert names(parser, headline + BODY) == set()


def test_a_headline_may_repeat_a_name_of_the_running_text(parser: Parser) -> None:
    text = "JANE ROE TELLS COMMITTEE THE TEST FAILED" + BODY + " Jane Roe said so."
    assert names(parser, text) == {"Jane Roe"}


def test_a_headline_has_the_given_name_to_a_surname(parser: Parser) -> None:
    text = "Peter Wallich Says That Angry Committee Left Early" + BODY + " Wallich said so."
    assert names(parser, text) == {"Peter Wallich"}


def test_words_of_a_headline_do_not_grow_a_name(parser: Parser) -> None:
    text = "Furious Test Supporter Wallich Tells Committee Everything" + BODY + " Peter Wallich said so."
    assert names(parser, text) == {"Peter Wallich"}


def test_a_text_all_in_capitals_keeps_its_names(parser: Parser) -> None:
    assert "JANE ROE" in names(parser, "JANE ROE SAID ON TUESDAY THAT THE TEST FAILED.")


def test_a_signed_quote_is_no_headline(parser: Parser) -> None:
    text = "The test failed.\n— Jane Roe, Professor of Physics at Stanford University"
    assert names(parser, text) == {"Jane Roe"}


def test_words_run_together_are_no_name(parser: Parser) -> None:
    text = "DoeFlagShareLikeReplyAnn Wallich said the test failed. Peter Lee said it worked."
    assert not any("Flag" in name for name in names(parser, text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("South Korea's president Moon Jae-in spoke.", "Moon Jae-in"),
        ("Ursula von der Leyen spoke.", "Ursula von der Leyen"),
        ("John Smith Jr. led the study.", "John Smith"),
    ],
)
def test_names_are_whole(parser: Parser, text: str, name: str) -> None:
    assert names(parser, text) == {name}


@pytest.mark.parametrize("unit", ["{} Smith came. Smith said so. ", "Jane {} came. Jane said so. "])
def test_many_bearers_of_a_name_take_linear_time(parser: Parser, unit: str) -> None:
    given = [one + two + three for one in "BDFGHKLMNR" for two in ("ara", "eli", "ono", "uri") for three in "nstlkmrd"]

    def seconds(count: int) -> float:
        text = "".join(unit.format(name) for name in given[:count])
        layout = Layout.of(text, parser.parse(text))
        tries = []
        for _ in range(3):
            started = time.process_time()
            named(layout)
            tries.append(time.process_time() - started)
        return min(tries)

    assert seconds(320) < 8 * max(seconds(80), 0.005)
