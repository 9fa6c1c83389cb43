"""Word documents as their readers see them: the text with tracked insertions in and tracked deletions out."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Set
from io import BytesIO
from typing import Any

import attrs
from lxml.etree import iterwalk

from kb.errors import UserError

MAX_BYTES = 50_000_000
"""Unpacked size from which on a file is no draft; a book's text has a few megabytes."""

_TORN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)
"""What reading an archive raises that is damaged, encrypted, or packed in a way that nobody uses."""


def is_word(body: bytes) -> bool:
    """Whether bytes are a .docx file, by what lies in the archive."""
    if not body.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(BytesIO(body)) as packed:
            return "word/document.xml" in packed.namelist()
    except (ValueError, *_TORN):
        return False


def plain(name: str, body: bytes) -> str:
    """The paragraphs of a document, its tables' cells and footnotes left in their order; UserError for a broken one."""
    from docx import Document
    from docx.oxml.ns import qn

    try:
        with zipfile.ZipFile(BytesIO(body)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MAX_BYTES:
                raise UserError(f"{name}: unpacks to more than {MAX_BYTES} bytes; this is no draft")
        document = Document(BytesIO(body))
    except (KeyError, ValueError, SyntaxError, *_TORN) as error:
        raise UserError(f"{name}: not a Word document that can be read: {error}") from error
    signs = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
    words = _Words(paragraph=qn("w:p"), text=qn("w:t"), apart={qn("w:p"), qn("w:tabs")}, signs=signs)
    paragraphs = ("".join(words.of(paragraph)) for paragraph in document.element.body.iter(words.paragraph))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph.strip())


@attrs.frozen(kw_only=True)
class _Words:
    """The words of a paragraph, by the names that its parts have."""

    paragraph: str
    text: str
    """What stands in it; deleted words stand in w:delText."""
    apart: Set[str]
    """Parts that are no words of it: the paragraphs of a text box come by themselves, tab stops are none."""
    signs: Mapping[str, str]

    def of(self, paragraph: Any) -> Iterator[str]:
        parts = iterwalk(paragraph, events=("start",))
        for _, element in parts:
            if element is not paragraph and element.tag in self.apart:
                parts.skip_subtree()
            elif element.tag == self.text and element.text:
                yield element.text
            elif element.tag in self.signs:
                yield self.signs[element.tag]
