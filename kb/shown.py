"""Byline and date as readers see them around the headline, for pages whose markup declares none."""

import re
from collections.abc import Iterator, Sequence

from lxml.html import HtmlElement

from kb.blocks import Block
from kb.dates import read_date
from kb.headline import agree

_BEFORE, _AFTER = 6, 16
"""Blocks around the headline in which outlets print the byline; the next ones are already the article."""
_BYLINE_CHARS = 160
_DATE_CHARS = 70
_CHANGED = re.compile(r"updat|modif|revis|aktualis|mis à jour|actualiz|aggiorn", re.I)
_LEADS = re.compile(r"(?:story |written |words |text |reviewed )?(?:by|von|par|por)\b:?\s+\S", re.I)
_AUTHOR_MARK = re.compile(r"author|byline|writer|contributor|autor", re.I)
_NOT_AUTHOR = re.compile(
    r"comment|related|recommend|authority|-card|card-|card__|teaser|promo|caption|credit|sidebar", re.I
)
_AUTHOR_PATH = re.compile(
    r"/(?:authors?|writers?|staff|profiles?|people|by|contributors?|journalists?|autor(?:en|es)?|reporters?)/[^/]", re.I
)
_ATTRIBUTES = ("class", "id", "itemprop", "rel", "data-testid")


def headline_index(blocks: Sequence[Block], title: str | None) -> int | None:
    """The block that shows the title: an h1 if one does, else the first heading or line that agrees with it."""
    if not title:
        return None
    matches = [at for at, block in enumerate(blocks) if len(block.text) < 400 and agree(block.text, title)]
    heads = [at for at in matches if any(tag == "h1" for tag in _tags(blocks[at].element))]
    return next(iter([*heads, *matches]), None)


def shown_bylines(blocks: Sequence[Block], headline: int | None) -> Iterator[str]:
    """Candidate author strings, best first: near the headline marked or led by `By`, then links to author pages."""
    start = max(0, (headline or 0) - _BEFORE)
    near = blocks[start : (headline or 0) + _AFTER]
    after = [block for block in near[(headline or 0) - start :] if _plausible(block)]
    before = [block for block in near[: (headline or 0) - start] if _plausible(block)]
    for block in [*after, *before]:
        if _LEADS.match(block.text) or _marked(block.element):
            yield from _anchor_names(block)
            yield block.text
    for block in [*after, *before, *blocks[(headline or 0) :]]:
        names = list(_anchor_names(block))
        if names and _plausible(block):
            yield from names


def shown_dates(tree: HtmlElement, blocks: Sequence[Block], headline: int | None) -> Iterator[str]:
    """Datetimes of `time` elements from the headline on, then short lines around it that hold a date."""
    first = blocks[headline].element if headline is not None else None
    seen = first is None
    for element in tree.iter():
        if element is first:
            seen = True
        elif seen and element.tag == "time" and element.get("datetime"):
            yield str(element.get("datetime"))
            break
    if headline is not None:
        near = [block.text for block in blocks[max(0, headline - _BEFORE) : headline + _AFTER]]
        lines = [text for text in near if len(text) <= _DATE_CHARS and read_date(text)]
        yield from sorted(lines, key=lambda text: bool(_CHANGED.search(text)))


def _plausible(block: Block) -> bool:
    return len(block.text) <= _BYLINE_CHARS and not _NOT_AUTHOR.search(_marks(block.element))


def _anchor_names(block: Block) -> Iterator[str]:
    names = [block.text[anchor.start : anchor.end] for anchor in block.anchors if _AUTHOR_PATH.search(anchor.href)]
    if names:
        yield "; ".join(names)


def _marked(element: HtmlElement) -> bool:
    return bool(_AUTHOR_MARK.search(_marks(element)))


def _marks(element: HtmlElement) -> str:
    """The class names and the like of an element and its three nearest ancestors."""
    found: list[str] = []
    node = element
    for _ in range(4):
        if node is None or node.tag in {"body", "article", "main", "html"}:
            break
        found.extend(node.get(name) or "" for name in _ATTRIBUTES)
        node = node.getparent()
    return " ".join(found)


def _tags(element: HtmlElement) -> Iterator[str]:
    node = element
    for _ in range(4):
        if node is None:
            return
        yield str(node.tag)
        node = node.getparent()
