"""A page as the crawl needs it: its words in blocks, its links, what it calls itself. Pure.

Only for deciding and following; what an article says is read by kb.extract.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import attrs
from lxml.etree import XPath
from lxml.html import HtmlElement

from crawler.addresses import canonical, is_article_address
from kb.decode import decode, is_binary, parse
from kb.text import normalise

_SKIPPED = frozenset({"script", "style", "noscript", "template", "svg", "form", "select", "iframe", "object", "canvas"})
_FRAME = frozenset({"nav", "aside", "footer", "menu", "dialog"})
_BLOCKS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "blockquote", "figcaption", "td", "th", "dd", "dt", "pre", "q",
     "div", "section", "article", "main", "body", "br", "tr", "ul", "ol", "table", "header", "figure", "details",
     "summary"}
)  # fmt: skip
_APART = re.compile(
    r"(?:^|[\s_-])(?:related|recirc\w*|recommend\w*|more-?(?:on|from|stories|news)|read-?(?:more|next|also)|most-?read|trending"
    r"|popular|promo\w*|sidebar|newsletter|subscribe|signup|comments?|respond|share|social|breadcrumbs?|footer|navi?|menu"
    r"|advert\w*|sponsor\w*|outbrain|taboola|cookie\w*|consent|banner|pagination|tags?|widget)(?:$|[\s_-])",
    re.IGNORECASE,
)
"""Class and id words of the boxes around an article, as site templates name them. Not `teaser`: paywalls call the
open part of an article so."""
_TYPED_ARTICLE = re.compile(r"(?:News|Reportage|Analysis|Opinion|Scholarly|Blog|Tech)?(?:Article|Posting|Report)$")
_hrefs = XPath("descendant-or-self::a/@href", smart_strings=False)
"""Twice as fast as a walk: a menu has a hundred links, and no element of it is made for Python."""
_MAX_NODES = 400_000
"""Steps in and out of elements: far beyond any article, so that a hostile page ends."""
MOST_LINKS = 2_000
"""Links read of a page, and as many of the boxes beside it; long lists of an archive have some hundred."""
CONTEXT = 80
"""Characters before and after a link that may say what it leads to."""
ARTICLE_WORDS = 150
"""Words in paragraphs from which an untyped page counts as an article, not a list; short news items have more."""


@attrs.frozen(kw_only=True)
class PageLink:
    """A link in the article's blocks, with the words around it."""

    href: str
    """As written."""
    anchor: str
    before: str
    """Up to `CONTEXT` characters of its block before it, blanks as single spaces."""
    after: str
    """Characters right behind it, up to the next tag."""


@attrs.frozen(kw_only=True)
class Page:
    """What the crawl reads of an HTML or text page."""

    title: str
    """Title tag, og:title and first heading, a line each."""
    description: str
    canonical: str | None
    """As the page declares it; canonical spelling."""
    blocks: tuple[str, ...]
    """Paragraphs and the like, boxes around the article left out."""
    links: tuple[PageLink, ...]
    beside: tuple[str, ...]
    """Links as written of the boxes around the article. Plain, since a menu has hundreds and most lead nowhere."""
    typed_article: bool
    """It declares itself one (OpenGraph or schema.org)."""
    base: str
    """What relative links are relative to."""

    def address(self, href: str) -> str | None:
        """The canonical address of one of its links; None where there is none to fetch."""
        return canonical(href, self.base)

    @property
    def is_article(self) -> bool:
        """Typed as one, or with running text rather than headlines."""
        return self.typed_article or sum(len(block.split()) for block in self.blocks if _runs(block)) >= ARTICLE_WORDS


def _runs(block: str) -> bool:
    return block.count(" ") >= 20


def read_page(body: bytes, charset: str | None, media_type: str, url: str) -> Page | None:
    """The page behind bytes; None for what is neither HTML nor text, whatever it is called."""
    if is_binary(body) or not _is_text(media_type, body):
        return None
    text = decode(body, charset)
    if (
        media_type.startswith("text/")
        and media_type not in ("text/html", "text/xml")
        and "<html" not in text[:2000].lower()
    ):
        return _text_page(text, url)
    tree = parse(text)
    return _html_page(tree, url) if tree is not None else None


def _is_text(media_type: str, body: bytes) -> bool:
    return media_type in ("", "application/xhtml+xml", "application/xml", "application/octet-stream") or (
        media_type.startswith("text/") and media_type not in ("text/css", "text/javascript", "text/csv")
    )


def _text_page(text: str, url: str) -> Page:
    blocks = tuple(block for block in normalise(text).split("\n\n") if block)
    title = blocks[0].split("\n")[0][:300] if blocks else ""
    return Page(
        title=title, description="", canonical=None, blocks=blocks, links=(), beside=(), typed_article=False, base=url
    )


def _html_page(tree: HtmlElement, url: str) -> Page:
    declared_base = next((node.get("href") for node in tree.iter("base") if node.get("href")), None)
    base = (canonical(declared_base, url) if declared_base else None) or url
    metas = {str(name).lower(): str(content) for name, content in _metas(tree)}
    canonicals = (node.get("href") for node in tree.iter("link") if (node.get("rel") or "").lower() == "canonical")
    declared = next(filter(None, canonicals), metas.get("og:url"))
    walk = _Walk(tree)
    heading = next((_words(h) for h in tree.iter("h1")), "")
    title = next((_words(t) for t in tree.iter("title")), "")
    titles = dict.fromkeys(filter(None, (normalise(title), normalise(metas.get("og:title", "")), heading)))
    return Page(
        title="\n".join(titles),
        description=normalise(metas.get("og:description") or metas.get("description") or ""),
        canonical=canonical(declared, base) if declared else None,
        blocks=tuple(walk.blocks),
        links=tuple(walk.links),
        beside=tuple(walk.beside),
        typed_article=metas.get("og:type", "").lower() == "article" or _schema_article(tree),
        base=base,
    )


def _metas(tree: HtmlElement) -> Iterator[tuple[str, str]]:
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name")
        if name and meta.get("content"):
            yield name, meta.get("content")


def _schema_article(tree: HtmlElement) -> bool:
    for script in tree.iter("script"):
        if script.get("type") != "application/ld+json":
            continue
        try:
            data = json.loads(script.text or "null")
        except (ValueError, RecursionError):
            continue
        nodes = data if isinstance(data, list) else [data]
        nodes += [node for top in nodes if isinstance(top, dict) for node in _listed(top.get("@graph"))]
        types = [kind for node in nodes if isinstance(node, dict) for kind in _listed(node.get("@type"))]
        if any(isinstance(kind, str) and _TYPED_ARTICLE.match(kind) for kind in types):
            return True
    return False


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _words(node: HtmlElement) -> str:
    return normalise(" ".join("".join(node.itertext()).split()))


class _Walk:
    """Blocks of text and links in document order, in one pass without recursion."""

    def __init__(self, tree: HtmlElement) -> None:
        self.blocks: list[str] = []
        self.links: list[PageLink] = []
        self.beside: list[str] = []
        self._words: list[str] = []
        self._linked = 0
        """Characters of the current block that stand in links."""
        self._stack: list[tuple[HtmlElement, bool]] = [(tree, False)]
        """Element, and whether it is left rather than entered."""
        seen = 0
        while self._stack and seen < _MAX_NODES:
            node, leaving = self._stack.pop()
            seen += 1
            if leaving:
                self._leave(node)
            else:
                self._enter(node, node.tag)
        self._close()

    def _enter(self, node: HtmlElement, tag: object) -> None:
        if not isinstance(tag, str) or tag in _SKIPPED or tag == "head":
            self._say(node.tail)
            return
        if tag in _BLOCKS:
            self._close()
        if _apart(node, tag):
            self.beside += islice(filter(None, _hrefs(node)), MOST_LINKS - len(self.beside))
            self._say(node.tail)
            return
        if tag == "a" and node.get("href") and len(self.links) < MOST_LINKS:
            anchor = " ".join("".join(node.itertext()).split())[:300]
            self._linked += len(anchor)
            self.links.append(
                PageLink(
                    href=node.get("href"),
                    anchor=anchor,
                    before=" ".join("".join(piece[-CONTEXT:] for piece in self._words[-4:]).split())[-CONTEXT:],
                    after=" ".join((node.tail or "")[:CONTEXT].split()),
                )
            )
        self._say(node.text)
        self._stack.append((node, True))
        self._stack.extend((child, False) for child in reversed(node))

    def _leave(self, node: HtmlElement) -> None:
        if node.tag in _BLOCKS:
            self._close()
        self._say(node.tail)

    def _say(self, text: str | None) -> None:
        if text:
            self._words.append(text)

    def _close(self) -> None:
        """End the block; one that is nearly all link is a list of headlines and no text."""
        if not self._words:
            return
        block = " ".join("".join(self._words).split())
        if block and self._linked * 5 <= len(block) * 3:
            self.blocks.append(block)
        self._words.clear()
        self._linked = 0


def _apart(node: HtmlElement, tag: str) -> bool:
    """Whether an element is a box beside the article. What holds the headline is not, whatever its class says."""
    if tag in ("body", "main", "article", "html", "a", "p", "h1"):
        return False
    named = f"{node.get('class') or ''} {node.get('id') or ''}"[:400]
    return (tag in _FRAME or _names_box(named)) and node.find(".//h1") is None


@lru_cache(maxsize=10_000)
def _names_box(named: str) -> bool:
    return bool(_APART.search(named))


def article_links(page: Page) -> list[tuple[str, bool]]:
    """Addresses of what looks like articles, each once, and whether it stands in the article's blocks; those first."""
    first: dict[str, bool] = {}
    for href, inside in [*((link.href, True) for link in page.links), *((href, False) for href in page.beside)]:
        url = page.address(href)
        if url and is_article_address(url):
            first.setdefault(url, inside)
    return list(first.items())


def is_listed_article(page: Page, url: str) -> bool:
    """A page that claims.yaml lists is an article if it says so, or has running text and is no list."""
    if (url.split("://", 1)[-1].partition("/")[2].strip("/")) == "":
        return False
    listed = sum(inside for _, inside in article_links(page)) >= LIST_LINKS
    return page.typed_article or (page.is_article and (is_article_address(url) or not listed))


LIST_LINKS = 5
"""From this many links to articles an untyped page counts as a list."""
