"""The links of an article's body, and where their anchors stand in its text."""

from collections.abc import Iterable
from itertools import islice
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from kb.blocks import Anchor, Block
from kb.records import Link, Span

_CONTEXT = 24
"""Characters before and after an anchor, inside its block, that have to stand in the text as well."""
_MAX_LINKS = 400
"""Of one article; what has more is a list."""
_MAX_SCANNED = 100_000_000
"""Characters that all look-ups of a page may read together: a tenth of a second."""


def outbound_links(blocks: Iterable[Block], text: str, *, base: str | None) -> tuple[Link, ...]:
    """Links whose anchor stands in the text with the words around it as on the page, in page order."""
    lines = set(text.split("\n"))
    anchors = ((block, anchor) for block in blocks for anchor in block.anchors)
    found: dict[tuple[str, str, int], Link] = {}
    for block, anchor in islice(anchors, _MAX_SCANNED // (len(text) + 1)):
        link = _link(block, anchor, text, lines, base)
        if link and len(found) < _MAX_LINKS:
            found.setdefault((link.url, link.anchor, link.span.start if link.span else -1), link)
    return tuple(found.values())


def base_url(tree: HtmlElement, url: str | None) -> str | None:
    """What relative addresses of a page start from."""
    element = tree.find(".//base[@href]")
    return absolute(url, element.get("href") or "") or url if element is not None else url


def absolute(base: str | None, href: str) -> str | None:
    """A http(s) address, or None for scripts, mail, fragments of the page itself and what cannot be resolved."""
    href = href.strip()
    if not href or href.startswith("#"):
        return None
    try:
        joined = urljoin(base or "", href)
        parts = urlsplit(joined)
    except ValueError:
        return None
    scheme = parts.scheme  # in small letters, whatever the page has: what reads addresses looks at how they begin
    return f"{scheme}{joined[len(scheme) :]}" if scheme in {"http", "https"} and parts.netloc else None


def _link(block: Block, anchor: Anchor, text: str, lines: set[str], base: str | None) -> Link | None:
    words = block.text[anchor.start : anchor.end]
    before = block.text[max(0, anchor.start - _CONTEXT) : anchor.start]
    after = block.text[anchor.end : anchor.end + _CONTEXT]
    if not before and not after:
        if words not in lines:
            return None
        phrase, start = words, 0
    else:
        phrase, start = f"{before}{words}{after}", len(before)
    at = text.find(phrase)
    target = absolute(base, anchor.href) if at >= 0 else None
    if not target:
        return None
    alone = text.find(phrase, at + 1) < 0
    return Link(url=target, anchor=words, span=Span(at + start, at + start + len(words)) if alone else None)
