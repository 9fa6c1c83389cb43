"""Word documents as their readers see them: the text with tracked insertions in and tracked deletions out."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from kb.errors import UserError

MAX_BYTES = 50_000_000
"""Unpacked size from which on a file is no draft; a book's text has a few megabytes."""


def is_word(body: bytes) -> bool:
    """Whether bytes are a .docx file, by what lies in the archive."""
    if not body.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(BytesIO(body)) as packed:
            return "word/document.xml" in packed.namelist()
    except zipfile.BadZipFile:
        return False


def plain(name: str, body: bytes) -> str:
    """The paragraphs of a document, its tables' cells and footnotes left in their order; UserError for a broken one."""
    from docx import Document
    from docx.oxml.ns import qn

    with zipfile.ZipFile(BytesIO(body)) as packed:
        if sum(part.file_size for part in packed.infolist()) > MAX_BYTES:
            raise UserError(f"{name}: unpacks to more than {MAX_BYTES} bytes; this is no draft")
    try:
        document = Document(BytesIO(body))
    except (KeyError, ValueError, SyntaxError) as error:
        raise UserError(f"{name}: not a Word document that can be read: {error}") from error
    paragraphs = ("".join(_words(paragraph, qn)) for paragraph in document.element.body.iter(qn("w:p")))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph.strip())


def _words(paragraph: Any, qn: Any) -> Iterator[str]:
    signs = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
    for element in paragraph.iter():
        if element.tag == qn("w:t") and element.text:
            yield element.text  # deleted words stand in w:delText
        elif element.tag in signs and not any(above.tag == qn("w:tabs") for above in element.iterancestors()):
            yield signs[element.tag]
