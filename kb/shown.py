"""Byline and date as readers see them around the headline, for pages whose markup declares none."""

import re
from collections import deque
from collections.abc import Iterator, Sequence

import attrs
from lxml.html import HtmlElement

from kb.blocks import Block
from kb.dates import read_date
from kb.headline import agree

_BEFORE, _AFTER = 6, 16
"""Blocks around the headline in which outlets print the byline; the next ones are already the article."""
_BYLINE_CHARS = 160
_DATE_CHARS = 70
_LABEL = re.compile(
    r"\b(?:(?P<changed>updated|(?:last )?update:|last update\b|modified|revised|reviewed|last edited|aktualisier|"
    r"geändert|mise? à jour|actualiz|atualiz|aggiorna|bijgewerkt|gewijzigd|uppdaterad|oppdatert|opdateret|"
    r"aktualizacj|güncelle)|"
    r"publish|publié|publicad|posted|released|created|veröffentlich|erstellt|geplaatst|gepubliceerd|pubblicat|"
    r"publicerad|publisert|offentliggjort)",
    re.I,
)
"""Stems of the words before a date that say whether it is that of a change or of publication."""
_LEADS = re.compile(r"(?:story |written |words |text |reviewed )?(?:by|von|par|por)\b:?\s+\S", re.I)
_LED_LATER = re.compile(r"(?:^(?:posted|published|updated)\b.{0,60}|[|•·]\s?)\b(?:by|von|par|por) (.+)", re.I)
"""`posted on March 4, 2026 by Joan Roe`, `4.3.2026 | Von Joan Roe`."""
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
        elif match := _LED_LATER.search(block.text):
            yield match[1]
    for block in [*after, *before, *blocks[(headline or 0) :]]:
        names = list(_anchor_names(block))
        if names and _plausible(block):
            yield from names


@attrs.frozen(kw_only=True)
class ShownDates:
    """Dates as the page shows them around its headline, raw, in page order."""

    published: tuple[str, ...]
    """Also those without a label: readers take them for the day of publication."""
    modified: tuple[str, ...]


def shown_dates(tree: HtmlElement, blocks: Sequence[Block], headline: int | None) -> ShownDates:
    """The first `time` element of each kind from the headline on, then dates in short lines around it."""
    published: list[str] = []
    modified: list[str] = []
    for raw, changed in _time_elements(tree, blocks[headline].element if headline is not None else None):
        kind = modified if changed else published
        if not kind:
            kind.append(raw)
    near = blocks[max(0, headline - _BEFORE) : headline + _AFTER] if headline is not None else []
    label = False
    for block in near:
        if len(block.text) <= _DATE_CHARS:
            for raw, changed in _labelled_dates(block.text, changed=label):
                (modified if changed else published).append(raw)
            # `Last updated:` may stand in a line of its own above its date.
            label = bool(block.text.endswith(":") and (last := _last_label(block.text)) and last["changed"])
    return ShownDates(published=tuple(published), modified=tuple(modified))


def _time_elements(tree: HtmlElement, first: HtmlElement | None) -> Iterator[tuple[str, bool]]:
    """Datetimes of the `time` elements from an element on, and whether each is marked or labelled as a change."""
    seen = first is None
    for element in tree.iter():
        if element is first:
            seen = True
        elif seen and element.tag == "time" and element.get("datetime"):
            parent = element.getparent()
            before = element.getprevious()
            lead = (before.tail if before is not None else parent.text if parent is not None else "") or ""
            inner = " ".join(before.itertext("*"))[-40:] if before is not None and len(lead.strip()) < 2 else ""
            names = " ".join(element.get(name) or "" for name in _ATTRIBUTES)
            text = f"{inner} {lead[-40:]} {' '.join(element.itertext('*'))[:_DATE_CHARS]}"
            label = _LABEL.search(names) or _last_label(text)
            yield str(element.get("datetime")), bool(label and label["changed"])


def _labelled_dates(text: str, *, changed: bool) -> Iterator[tuple[str, bool]]:
    """The dates of a line, each with whether the label before it (or above the line) names a change.

    A line may hold both: `Published March 4, 2026, updated March 6, 2026`.
    """
    marks = list(_LABEL.finditer(text))
    cuts = [0, *(mark.start() for mark in marks), len(text)]
    kinds = [changed, *(bool(mark["changed"]) for mark in marks)]
    for start, end, kind in zip(cuts, cuts[1:], kinds, strict=False):
        piece = text[start:end].strip()
        if read_date(piece):
            yield piece, kind


def _last_label(text: str) -> re.Match[str] | None:
    return next(iter(deque(_LABEL.finditer(text), maxlen=1)), None)


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
