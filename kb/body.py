"""The article's paragraphs: what trafilatura keeps, corrected by where the blocks stand on the page."""

import logging
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from html import unescape

import attrs
from lxml.etree import _Element, iterwalk
from lxml.html import HtmlElement
from trafilatura import bare_extraction

from kb.blocks import Block, visible
from kb.metadata import FOREIGN_ERRORS, Metadata
from kb.region import Place, places, word_count
from kb.rejected import Rejected
from kb.text import normalise
from kb.trim import Candidate, trim
from kb.verdict import is_truncated, rejection

# It warns of every page that it finds thin; retold tells those itself.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

_BLOCKS = frozenset(["p", "head", "item", "quote", "row", "code", "list", "table", "body", "div", "figure"])
_KEY = re.compile(r"\w+")
_CODE = re.compile(r"</?(?:script|noscript|div|span|iframe|style)\b|\{\"|\"\}|function\s?\(|=>\s?\{")
_MANY = 1500
"""Blocks beyond which a page is read fast: the fullest of the development pages has 1,031; 40,000 took 90 seconds."""
_MAX_ADDED = 1000
"""Blocks that are looked up in the text so far: what a hostile page can cost is bounded."""
_WINDOW = 6
"""Words that are looked up together: fewer are found by chance, more run over the seams between blocks."""
_REPEATED = 40
"""Characters from which a paragraph that comes again is a repetition, not a refrain or a label."""


@attrs.frozen(kw_only=True)
class Body:
    """An article's running text."""

    paragraphs: tuple[str, ...]
    truncated: bool


@attrs.frozen(kw_only=True)
class _Line:
    """A candidate paragraph; `at` is its block, None where it could not be matched to one."""

    text: str
    at: int | None


def read_body(tree: HtmlElement, meta: Metadata, blocks: Sequence[Block], *, url: str | None) -> Body | Rejected:
    """The paragraphs in page order, none twice, without the title, boxes and what stands around the article."""
    where = places(blocks, meta.headline)
    found = _matched(_trafilatura(tree, url, fast=len(blocks) > _MANY), [_key(block.text) for block in blocks])
    found = _without_boxed(found, blocks, where)
    kept = _filtered(found, blocks, where)
    if _words(kept) < _words(found) // 4 or not kept:
        kept = _own(blocks, where) or found
    else:
        kept = _completed(kept, found, blocks, where)
    kept = _stated(kept, meta)
    candidates = [_candidate(line, blocks, where) for line in _once(kept, meta.title)]
    trimmed = trim(candidates, meta.bylines)
    if problem := rejection(trimmed, meta, where, url=url):
        return problem
    lines = [line.text for line in trimmed]
    return Body(paragraphs=tuple(lines), truncated=is_truncated(lines, meta, blocks))


def _stated(kept: list[_Line], meta: Metadata) -> list[_Line]:
    """The JSON-LD body where the page shows less than half of it and little else: drawn by scripts, or cut."""
    stated = (meta.linked.body if meta.linked else None) or ""
    if "<" in stated or word_count(stated) <= 2 * _words(kept):
        return kept
    whole = f" {_key(stated)} "
    shared = sum(word_count(line.text) for line in kept if f" {_key(line.text)} " in whole)
    if shared < 0.7 * _words(kept):
        return kept
    lines = (" ".join(normalise(visible(line)).split()) for line in unescape(stated).splitlines())
    return [_Line(text=line, at=None) for line in lines if line]


def _trafilatura(tree: HtmlElement, url: str | None, *, fast: bool) -> list[str]:
    """The paragraphs that trafilatura keeps, in page order; none where it finds no text.

    `fast` leaves out its second opinions, of which jusText takes quadratic time in the number of blocks.
    """
    try:
        found = bare_extraction(tree, url=url, include_comments=False, fast=fast)
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


def _matched(lines: Sequence[str], keys: Sequence[str]) -> list[_Line]:
    """Each line with the block of the same words: of several the next one below the line before."""
    spots: dict[str, list[int]] = {}
    for at, key in enumerate(keys):
        spots.setdefault(key, []).append(at)
    out: list[_Line] = []
    reached = -1
    for line in lines:
        options = spots.get(_key(line), [])
        later = bisect_right(options, reached)
        spot = options[later] if later < len(options) else options[0] if options else None
        reached = reached if spot is None else max(reached, spot)
        out.append(_Line(text=line, at=spot))
    return out


def _without_boxed(found: list[_Line], blocks: Sequence[Block], where: Sequence[Place]) -> list[_Line]:
    """Without lines that match no single block because they were joined from blocks of a box, as comments are.

    Rows of a table are joined from cells too; they stay.
    """

    def foreign(block: Block, place: Place) -> bool:
        return place.boxed and block.element.tag not in {"td", "th"}

    if all(line.at is not None for line in found):
        return found
    boxed, free = (
        " ".join(_key(block.text) for block, place in zip(blocks, where, strict=True) if foreign(block, place) is state)
        for state in (True, False)
    )
    budget = 2 * _MAX_ADDED
    out: list[_Line] = []
    for line in found:
        if line.at is None and budget > 0:
            windows = _windows(_key(line.text).split())
            budget -= len(windows)
            if sum(part in boxed and part not in free for part in windows) > len(windows) / 2:
                continue
        out.append(line)
    return out


def _windows(words: Sequence[str]) -> list[str]:
    """Stretches of a line's words, as many as fit; the first word may be glued to a name before it."""
    return [" ".join(words[at : at + _WINDOW]) for at in range(1, len(words) - _WINDOW + 1, _WINDOW)]


def _filtered(found: Sequence[_Line], blocks: Sequence[Block], where: Sequence[Place]) -> list[_Line]:
    """Without code, captions, boxes outside of the region and what stands above the headline or in the next article."""
    kept = [line for line in found if not _CODE.search(line.text)]
    kept = [line for line in kept if line.at is None or not _is_aside(blocks[line.at], where[line.at])]
    below = [line for line in kept if line.at is None or where[line.at].after]
    # A headline that was taken from the wrong place would cut the article: then all is kept.
    return below if _words(below) >= 0.7 * _words(kept) or _words([x for x in below if x.at]) > 120 else kept


def _is_aside(block: Block, place: Place) -> bool:
    return place.boxed and (not place.inside or block.element.tag in {"figcaption", "caption", "button"})


def _own(blocks: Sequence[Block], where: Sequence[Place]) -> list[_Line]:
    """All text of the region, for pages where trafilatura took something else for the article."""
    return [
        _Line(text=block.text, at=at)
        for at, (block, place) in enumerate(zip(blocks, where, strict=True))
        if place.inside and not place.boxed and place.linked <= 0.6
    ]


def _completed(
    kept: Sequence[_Line], found: Sequence[_Line], blocks: Sequence[Block], where: Sequence[Place]
) -> list[_Line]:
    """With the list items, subheadings and paragraphs between kept ones that trafilatura left out.

    After the last kept paragraph only those go on that stand exactly where the bulk of the kept ones does.
    """
    spots = [line.at for line in kept if line.at is not None and where[line.at].words >= 5]
    if not spots:
        return list(kept)
    seen = f" {' '.join(_key(line.text) for line in found)} "
    bulk: Counter[str] = Counter()
    for spot in spots:
        bulk[where[spot].path] += where[spot].words
    main = {path for path, words in bulk.items() if words > 0.3 * bulk.total()}
    first, last = min(spots), max(spots)
    lost = [at for at in range(first, len(blocks)) if _belongs(blocks[at], where[at], main, inner=at < last)]
    unseen = [at for at in lost[:_MAX_ADDED] if f" {_key(blocks[at].text)} " not in seen]
    return _merged(kept, [_Line(text=blocks[at].text, at=at) for at in unseen])


def _belongs(block: Block, place: Place, main: set[str], *, inner: bool) -> bool:
    if not place.inside or place.boxed or place.linked > 0.6 or _CODE.search(block.text):
        return False
    if place.path in main:
        return place.words >= 5
    if not inner:
        return False
    tag = block.element.tag
    return tag in {"li", "h2", "h3", "h4"} or (tag == "p" and place.words >= 15)


def _merged(kept: Sequence[_Line], added: Sequence[_Line]) -> list[_Line]:
    """Page order; lines without a block stay behind the line before them."""
    out: list[_Line] = []
    waiting = list(reversed(added))
    for line in kept:
        while waiting and line.at is not None and (waiting[-1].at or 0) < line.at:
            out.append(waiting.pop())
        out.append(line)
    return out + list(reversed(waiting))


def _candidate(line: _Line, blocks: Sequence[Block], where: Sequence[Place]) -> Candidate:
    linked = where[line.at].linked if line.at is not None else 0.0
    tag = str(blocks[line.at].element.tag) if line.at is not None else ""
    return Candidate(text=line.text, words=word_count(line.text), linked=linked, tag=tag)


def _once(lines: Sequence[_Line], title: str | None) -> list[_Line]:
    """Every longer paragraph once, and not the title."""
    seen: set[str] = {_key(title)} if title else set()
    out: list[_Line] = []
    for line in lines:
        key = _key(line.text)
        if not key or key in seen:
            continue
        if len(line.text) >= _REPEATED:
            seen.add(key)
        out.append(line)
    return out


def _words(lines: Sequence[_Line]) -> int:
    return sum(word_count(line.text) for line in lines)


def _key(text: str) -> str:
    """Words alone: how a paragraph is recognised across two readings of the page."""
    return " ".join(_KEY.findall(text.casefold()))
