"""Words in quotation marks that are nobody's speech."""

import pytest

from kb.parse import Parser
from kb.quotes import quotes, tool
from kb.unspoken import unspoken


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("The so-called “smart” model failed.", "scare", "smart"),
        ("Her new book, “The Age of Lying Machines,” is out.", "title", "The Age of Lying Machines,"),
        ("We release the paper, “Clean Hands: How agents report their errors,” today.", "title", None),
        ("Ann “Kit” Marlow ran the tests.", "nickname", "Kit"),
        ("“Nobody is named for these words here.”", "unattributed", "Nobody is named for these words here."),
    ],
)
def test_kinds(parser: Parser, text: str, kind: str, words: str | None) -> None:
    doc = parser.parse(text)
    (found,) = unspoken(text, doc, quotes("text:test", text, doc, tool(parser.tool)))
    if words is None:
        assert found.kind in ("title", "unattributed")
    else:
        assert (found.kind, text[found.span.start : found.span.end]) == (kind, words)


def test_what_somebody_said_is_not_left_over(parser: Parser) -> None:
    text = "“It lied all the time,” Jane Roe said."
    doc = parser.parse(text)
    assert unspoken(text, doc, quotes("text:test", text, doc, tool(parser.tool))) == []


@pytest.mark.parametrize(
    "text",
    [
        "Jane Roe never said “the animals were never safe in there.”",
        "Jane Roe did not say, “The animals were never safe in there.”",
        "Jane Roe would never say: “The animals were never safe in there.”",
        "“The animals were never safe in there,” Roe never said.",
        "Jane Roe refused to say “the animals were never safe in there.”",
        "If Roe says “the animals were never safe in there,” we will leave.",
        "Imagine Roe saying, “The animals were never safe in there.”",
        "No one says “the animals were never safe in there.”",
        "Nobody has claimed that the animals were never safe.",
    ],
)
def test_what_nobody_said_is_no_quote(parser: Parser, text: str) -> None:
    assert quotes("text:test", text, parser.parse(text), tool(parser.tool)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Jane Roe did not just say, “The animals were never safe in there.”",
        "“The animals were never safe in there,” Roe could not help saying.",
        "Roe could not say enough about it. “The animals were never safe in there,” she said.",
    ],
)
def test_a_negation_beside_the_saying_leaves_it_said(parser: Parser, text: str) -> None:
    assert len(quotes("text:test", text, parser.parse(text), tool(parser.tool))) == 1
