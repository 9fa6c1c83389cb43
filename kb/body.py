"""The article's paragraphs out of a page's tree."""

from collections.abc import Iterator, Sequence

import attrs
from lxml.etree import _Element, iterwalk
from lxml.html import HtmlElement
from trafilatura import bare_extraction

from kb.blocks import Block, visible
from kb.errors import Code, Rejected
from kb.metadata import FOREIGN_ERRORS, Metadata
from kb.text import normalise

_BLOCKS = frozenset("p head item quote row code list table body div figure".split())


@attrs.frozen(kw_only=True)
class Body:
    """An article's running text."""

    paragraphs: tuple[str, ...]
    truncated: bool


def read_body(tree: HtmlElement, meta: Metadata, blocks: Sequence[Block], *, url: str | None) -> Body | Rejected:
    found = _trafilatura(tree, url)
    if not found:
        return Rejected(code=Code.NO_ARTICLE)
    return Body(paragraphs=tuple(found), truncated=False)


def _trafilatura(tree: HtmlElement, url: str | None) -> list[str]:
    """The paragraphs that trafilatura keeps, in page order; none where it finds no text."""
    try:
        found = bare_extraction(tree, url=url, include_comments=False)
    except FOREIGN_ERRORS:
        return []
    body = getattr(found, "body", None)
    return list(_lines(body)) if isinstance(body, _Element) else []


def _lines(body: _Element) -> Iterator[str]:
    """Block elements and line breaks end a paragraph; table cells stand side by side."""
    parts: list[str] = []
    for event, element in iterwalk(body, events=("start", "end")):
        if element.tag in _BLOCKS or element.tag == "lb":
            yield from _flush(parts)
        elif element.tag == "cell":
            parts.append(" ")
        text = element.text if event == "start" else element.tail
        if text:
            parts.append(text)
    yield from _flush(parts)


def _flush(parts: list[str]) -> Iterator[str]:
    line = " ".join(normalise(visible("".join(parts))).split())
    parts.clear()
    if line:
        yield line
