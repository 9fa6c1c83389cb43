"""A page's tree as a flat list of text blocks with their anchors: one pass, linear in the page."""

from collections.abc import Iterator

import attrs
from lxml.etree import iterwalk
from lxml.html import HtmlElement

from kb.text import unicode_form

_BLOCK_TAGS = frozenset({
    "address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd", "details", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hr", "legend", "li", "main", "nav", "ol", "option", "p", "pre", "section", "select", "summary", "table", "tbody",
    "td", "tfoot", "th", "thead", "title", "tr", "ul",
})  # fmt: skip
_SILENT = frozenset({
    "script", "style", "noscript", "template", "svg", "iframe", "head", "select", "textarea",
})  # fmt: skip


_INVISIBLE = {ord(char): None for char in "\u00ad\u200b\u2060\ufeff"} | {
    code: None for code in range(127, 160) if code != 133
}


def visible(text: str) -> str:
    """Text without soft hyphens and zero-width marks: they split words for every comparison.

    Zero-width joiners stay: some scripts, and emoji, are written with them.

    >>> visible("Ver\u00adfas\u00adsung")
    'Verfassung'
    """
    return text.translate(_INVISIBLE)


@attrs.frozen(kw_only=True)
class Anchor:
    """A link within a block; offsets into the block's text."""

    start: int
    end: int
    href: str


@attrs.frozen(kw_only=True, eq=False)
class Block:
    """A stretch of text between two block boundaries, blanks collapsed, NFC."""

    text: str
    anchors: tuple[Anchor, ...]
    element: HtmlElement
    """The nearest block element around the text's start."""


class _Line:
    """The block that is being read."""

    def __init__(self) -> None:
        self.text = ""
        self._pieces: list[str] = []
        self._length = 0
        self._blank = True
        self._open: list[tuple[int, str]] = []
        self._anchors: list[Anchor] = []

    def add(self, text: str) -> None:
        piece = " ".join(unicode_form("NFC", visible(text)).split())
        lead = text[:1].isspace() and not self._blank
        trail = text[-1:].isspace() and bool(piece)
        if not piece:
            piece, lead = (" ", False) if lead else ("", False)
        piece = f"{' ' if lead else ''}{piece}{' ' if trail else ''}"
        if piece:
            self._pieces.append(piece)
            self._length += len(piece)
            self._blank = piece[-1] == " "

    def open_anchor(self, href: str) -> None:
        self._open.append((self._length, href))

    def close_anchor(self) -> None:
        if self._open:
            start, href = self._open.pop()
            self._anchors.append(Anchor(start=start, end=self._length, href=href))

    def take(self, element: HtmlElement) -> Block | None:
        """The block so far, if it has words; an anchor that spans blocks goes on in the next one."""
        text = "".join(self._pieces)
        still_open = [href for _, href in self._open]
        anchors = [*self._anchors, *(Anchor(start=start, end=len(text), href=href) for start, href in self._open)]
        self._pieces, self._length, self._blank, self._anchors = [], 0, True, []
        self._open = [(0, href) for href in still_open]
        if not text.strip():
            return None
        trimmed = [kept for anchor in anchors if (kept := _trimmed(anchor, text))]
        return Block(text=text.rstrip(), anchors=tuple(trimmed), element=element)


def read_blocks(tree: HtmlElement) -> Iterator[Block]:
    """The text blocks of a page in order; scripts, styles and form controls are silent."""
    line, silent = _Line(), 0
    stack: list[HtmlElement] = [tree]
    for event, element in iterwalk(tree, events=("start", "end")):
        tag = element.tag
        if tag in _SILENT:
            silent += 1 if event == "start" else -1
        if silent:
            continue
        if tag in _BLOCK_TAGS:
            if block := line.take(stack[-1]):
                yield block
            if event == "start":
                stack.append(element)
            elif len(stack) > 1:
                stack.pop()
        elif tag == "a":
            if event == "start":
                line.open_anchor(element.get("href") or "")
            else:
                line.close_anchor()
        text = element.text if event == "start" else element.tail
        if text:
            line.add(text)
    if block := line.take(tree):
        yield block


def _trimmed(anchor: Anchor, text: str) -> Anchor | None:
    words = text[anchor.start : anchor.end]
    start = anchor.start + len(words) - len(words.lstrip())
    end = start + len(words.strip())
    return Anchor(start=start, end=end, href=anchor.href) if end > start else None
