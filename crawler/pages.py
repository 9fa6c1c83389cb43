"""A page as the crawl needs it: its words in blocks, its links, what it calls itself. Pure.

Only for deciding and following; what an article says is read by kb.extract.
"""

import json
import re
from collections.abc import Iterator

import attrs
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
_MAX_NODES = 200_000
"""Elements looked at: far beyond any article, so that a hostile page ends."""
ARTICLE_WORDS = 150
"""Words in paragraphs from which an untyped page counts as an article, not a list; short news items have more."""


@attrs.frozen(kw_only=True)
class PageLink:
    url: str
    """Canonical."""
    anchor: str
    inside: bool
    """In the article's blocks, not in the boxes around them."""


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
    typed_article: bool
    """It declares itself one (OpenGraph or schema.org)."""

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
        return _text_page(text)
    tree = parse(text)
    return _html_page(tree, url) if tree is not None else None


def _is_text(media_type: str, body: bytes) -> bool:
    return media_type in ("", "application/xhtml+xml", "application/xml", "application/octet-stream") or (
        media_type.startswith("text/") and media_type not in ("text/css", "text/javascript", "text/csv")
    )


def _text_page(text: str) -> Page:
    blocks = tuple(block for block in normalise(text).split("\n\n") if block)
    title = blocks[0].split("\n")[0][:300] if blocks else ""
    return Page(title=title, description="", canonical=None, blocks=blocks, links=(), typed_article=False)


def _html_page(tree: HtmlElement, url: str) -> Page:
    base = next((href for href in tree.xpath("//base/@href")), url)
    base = canonical(str(base), url) or url
    metas = {str(name).lower(): str(content) for name, content in _metas(tree)}
    declared = next(
        (str(href) for href in tree.xpath("//link[translate(@rel,'CANONIL','canonil')='canonical']/@href")),
        metas.get("og:url"),
    )
    blocks, links = _walk(tree, base)
    heading = next((_words(h) for h in tree.iter("h1")), "")
    title = next((_words(t) for t in tree.iter("title")), "")
    titles = dict.fromkeys(filter(None, (normalise(title), normalise(metas.get("og:title", "")), heading)))
    return Page(
        title="\n".join(titles),
        description=normalise(metas.get("og:description") or metas.get("description") or ""),
        canonical=canonical(declared, base) if declared else None,
        blocks=tuple(blocks),
        links=tuple(links),
        typed_article=metas.get("og:type", "").lower() == "article" or _schema_article(tree),
    )


def _metas(tree: HtmlElement) -> Iterator[tuple[str, str]]:
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name")
        if name and meta.get("content"):
            yield name, meta.get("content")


def _schema_article(tree: HtmlElement) -> bool:
    for script in tree.xpath("//script[@type='application/ld+json']"):
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


def _walk(tree: HtmlElement, base: str) -> tuple[list[str], list[PageLink]]:
    """Blocks of text and links in document order, in one pass without recursion."""
    blocks: list[str] = []
    links: list[PageLink] = []
    words: list[str] = []
    linked = 0  # characters of the block that stand in links

    def close() -> None:
        nonlocal linked
        block = " ".join("".join(words).split())
        if block and linked * 5 <= len(block) * 3:  # lists of headlines are nearly all link
            blocks.append(block)
        words.clear()
        linked = 0

    stack: list[tuple[HtmlElement, bool, bool]] = [(tree, True, False)]  # element, inside the article, to be closed
    seen = 0
    while stack and seen < _MAX_NODES:
        node, inside, closing = stack.pop()
        tag = node.tag
        if closing:
            if tag in _BLOCKS:
                close()
            if inside and node.tail:
                words.append(node.tail)
            continue
        seen += 1
        if not isinstance(tag, str) or tag in _SKIPPED or tag == "head":
            if inside and node.tail:
                words.append(node.tail)
            continue
        within = inside and not _apart(node, tag)
        if tag in _BLOCKS:
            close()
        if tag == "a" and node.get("href"):
            anchor = _words(node)[:300]
            linked += len(anchor) if within else 0
            url = canonical(node.get("href"), base)
            if url:
                links.append(PageLink(url=url, anchor=anchor, inside=within))
        if within and node.text:
            words.append(node.text)
        stack.append((node, inside, True))
        stack.extend((child, within, False) for child in reversed(node))
    close()
    return blocks, links


def _apart(node: HtmlElement, tag: str) -> bool:
    """Whether an element is a box beside the article. What holds the headline is not, whatever its class says."""
    if tag in ("body", "main", "article", "html", "a", "p", "h1"):
        return False
    boxed = tag in _FRAME or bool(_APART.search(f"{node.get('class') or ''} {node.get('id') or ''}"[:400]))
    return boxed and node.find(".//h1") is None


def article_links(page: Page) -> list[PageLink]:
    """Links that look like articles, each address once, those inside the article's blocks first."""
    first: dict[str, PageLink] = {}
    for link in sorted(page.links, key=lambda link: not link.inside):
        if is_article_address(link.url):
            first.setdefault(link.url, link)
    return list(first.values())
