"""Where on a page the article stands: each text block's place, judged by its ancestors and by the headline.

Blocks are compared by their path: the tags from the body down, each with its first class. Paragraphs of one
article share a path even where adverts cut it into several containers; boxes, rails and further articles do not.
"""

import re
from collections import Counter
from collections.abc import Sequence

import attrs
from lxml.html import HtmlElement

from kb.blocks import Block

_BOX_WORDS = frozenset({
    "comment", "comments", "commenting", "footer", "nav", "navigation", "aside", "related", "recommend",
    "recommended", "recommendation", "recommendations", "sidebar", "cookie", "cookies", "consent", "gdpr", "modal",
    "newsletter", "newsletters", "subscribe", "subscription", "promo", "promos", "promoted", "promotion", "share",
    "sharing", "shares", "social", "socials", "teaser", "teasers", "sponsor", "sponsored", "advert", "advertisement",
    "advertising", "advertisements", "ad", "ads", "popular", "trending", "bio", "byline", "breadcrumb", "breadcrumbs",
    "caption", "copyright", "disclaimer", "popup", "overlay", "signup", "paywall", "widget", "widgets", "readmore",
    "tags", "tag", "toolbar", "menu", "rail", "footnote", "footnotes", "credit", "credits", "embed", "tooltip", "cta",
    "carousel", "disclosure", "print", "poll", "quiz", "pullquote",
})  # fmt: skip
"""Words in class names and ids that mark what is not the article's running text, on outlets of any kind."""
_FOREIGN_WORDS = frozenset({
    "comment", "comments", "cookie", "cookies", "consent", "gdpr", "privacy", "modal", "popup", "related",
    "recommended",
})  # fmt: skip
"""Words that mark other people's text or none of the page's own, however much of it there is."""
_BOX_PHRASE = re.compile(
    r"read-?more|see-?also|more-?(?:on|from|stories|news)|most-|also-?like|author-?(?:bio|box|info|card)|pull-?quote|"
    r"inline-?(?:related|promo)|up-?next|sign-?up|skip-?to|twitter-tweet|instagram-media",
    re.I,
)
_HIDDEN = frozenset({"hidden", "is-hidden", "visually-hidden", "sr-only", "screen-reader-text"})
_SHOWN_WHEN_WIDE = re.compile(r":(?:block|flex|grid|inline|visible|contents)")
"""Utility classes that hide on small screens only."""
_NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]{2,}")
_BOX_TAGS = frozenset({
    "aside", "footer", "nav", "form", "figcaption", "figure", "header", "table", "button", "dialog", "address",
})  # fmt: skip
_MAIN_SHARE = 0.4
"""An ancestor that holds this share of the page's running words is the article, whatever its class names say."""
_WHOLE_SHARE = 0.85
"""The same where the names speak of comments, cookies and the like."""
_DENSE = re.compile("[\u3040-\u9fff]")
_LINKED = 0.5
"""Share of a block's characters that are links, from which it is no running text."""
_WORDS = 8
"""A block with fewer words is a label or heading; it does not count as running text."""
_ARTICLE_WORDS = 100
"""Running words after which a second headline starts another article."""
_TEASERS = 3
"""Headline and snippet so many times in one arrangement are a list of other stories."""
_TEASER_TITLE, _TEASER_GAP = 4, 4
"""Words of a teaser's headline at least; labels (date, section, comments) between it and the snippet at most."""
_CLIMB = 1.15
"""The region grows to its parent while that adds this share of running words: articles in several containers."""


@attrs.frozen(kw_only=True)
class Place:
    """How a block stands to the article."""

    path: str
    words: int
    linked: float
    """Share of its characters that are links."""
    boxed: bool
    """It or an ancestor is marked as something other than the article's text."""
    inside: bool
    """Within the region of the article."""
    after: bool
    """Below the headline, and above the next headline of the same kind."""

    @property
    def running(self) -> bool:
        return not self.boxed and self.words >= _WORDS and self.linked <= _LINKED


def places(blocks: Sequence[Block], headline: int | None) -> list[Place]:
    """The place of every block. Without a headline the article may start anywhere."""
    paths = _Paths()
    raw = [_raw(block, paths) for block in blocks]
    marks = _Marks(raw, paths)
    seen = [
        attrs.evolve(place, boxed=True) if marks.boxed(block.element) else place
        for block, place in zip(blocks, raw, strict=True)
    ]
    end = _end(seen, headline)
    start = headline + 1 if headline is not None else 0
    teased = _teased(seen, blocks)
    region = _region([place for at, place in enumerate(seen) if start <= at < end and at not in teased])
    placed = []
    for at, place in enumerate(seen):
        inside = start <= at < end and _within(place.path, region)
        boxed = place.boxed or (at in teased and not inside)
        placed.append(attrs.evolve(place, after=start <= at < end, inside=inside, boxed=boxed))
    return placed


def word_count(text: str) -> int:
    """Words between blanks; in scripts without blanks two characters count as one."""
    if not text.isascii() and len(_DENSE.findall(text, 0, 200)) > 20:
        return len(text) // 2
    return len(text.split())


class _Paths:
    """Paths of elements, each computed once."""

    def __init__(self) -> None:
        self._known: dict[HtmlElement, str] = {}

    def of(self, element: HtmlElement) -> str:
        missing = []
        node = element
        while node is not None and node not in self._known:
            missing.append(node)
            node = node.getparent()
        path = self._known[node] if node is not None else ""
        for node in reversed(missing):
            if node.tag not in {"html", "body"}:
                names = (node.get("class") or "").split(maxsplit=1)
                path = f"{path}/{node.tag}{'.' + names[0] if names else ''}"
            self._known[node] = path
        return path


class _Marks:
    """Which elements are boxes: marked so, and not holding the bulk of the page's running words."""

    def __init__(self, raw: Sequence[Place], paths: _Paths) -> None:
        self._paths = paths
        self._known: dict[HtmlElement, bool] = {}
        self._weights: Counter[str] = Counter()
        self._total = 0
        for place in raw:
            if place.words >= _WORDS and place.linked <= _LINKED:
                self._total += place.words
                for path in _ancestors(place.path):
                    self._weights[path] += place.words

    def boxed(self, element: HtmlElement) -> bool:
        chain = []
        node = element
        while node is not None and node not in self._known:
            chain.append(node)
            node = node.getparent()
        state = self._known[node] if node is not None else False
        for node in reversed(chain):
            state = state or self._is_box(node)
            self._known[node] = state
        return state

    def _is_box(self, element: HtmlElement) -> bool:
        share = self._weights[self._paths.of(element)] / max(1, self._total)
        if element.tag in {"html", "body"} or share >= _WHOLE_SHARE:
            return False
        names = f"{element.get('class') or ''} {element.get('id') or ''} {element.get('role') or ''}"[:500]
        if _HIDDEN & set(names.split()) and not _SHOWN_WHEN_WIDE.search(names):
            return True
        words = {word.lower() for word in _NAME_WORD.findall(names)}
        if share >= _MAIN_SHARE:
            return bool(words & _FOREIGN_WORDS)
        if element.tag in _BOX_TAGS or "display:none" in (element.get("style") or "").replace(" ", ""):
            return True
        return bool(words & (_BOX_WORDS | _FOREIGN_WORDS)) or bool(_BOX_PHRASE.search(names))


def _raw(block: Block, paths: _Paths) -> Place:
    linked = sum(anchor.end - anchor.start for anchor in block.anchors) / max(1, len(block.text))
    path = paths.of(block.element)
    return Place(path=path, words=word_count(block.text), linked=linked, boxed=False, inside=False, after=False)


def _end(seen: Sequence[Place], headline: int | None) -> int:
    """Where another article starts: at a block with the path of the headline, after running text."""
    if headline is None:
        return len(seen)
    words = 0
    for at in range(headline + 1, len(seen)):
        if words > _ARTICLE_WORDS and seen[at].path == seen[headline].path:
            return at
        words += seen[at].words if seen[at].running else 0
    return len(seen)


def _teased(seen: Sequence[Place], blocks: Sequence[Block]) -> set[int]:
    """Running blocks that follow a linked headline, three times and more in the same arrangement: teasers.

    Only where other running text remains: a list of things with links for headings is an article too.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    title: str | None = None
    gap = 0
    for at, (place, block) in enumerate(zip(seen, blocks, strict=True)):
        if place.linked > 0.9 and place.words >= _TEASER_TITLE and blocks[at].anchors[0].href:
            title, gap = place.path, 0
        elif place.running:
            if title is not None and title != place.path and block.element.tag != "li":
                groups.setdefault((title, place.path), []).append(at)
            title = None
        else:
            gap += 1
            title = title if gap <= _TEASER_GAP else None
    teased = {at for spots in groups.values() if len(spots) >= _TEASERS for at in spots}
    rest = sum(place.words for at, place in enumerate(seen) if place.running and at not in teased)
    return teased if rest >= _ARTICLE_WORDS else set()


def _region(seen: Sequence[Place]) -> str | None:
    """The path of the container with the most running text, grown to where the article's other parts stand."""
    scores: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for place in seen:
        if place.running:
            parent = place.path.rpartition("/")[0]
            scores[parent] += place.words * 2
            scores[parent.rpartition("/")[0]] += place.words
            for path in _ancestors(place.path):
                held[path] += place.words
    if not scores:
        return None
    best = max(scores, key=lambda path: scores[path])
    while best.count("/") > 1:
        parent = best.rpartition("/")[0]
        if held[parent] <= _CLIMB * held[best]:
            break
        best = parent
    return best


def _ancestors(path: str) -> list[str]:
    """The path itself and those above it, down to the outermost element."""
    found = []
    while path:
        found.append(path)
        path = path.rpartition("/")[0]
    return found


def _within(path: str, region: str | None) -> bool:
    return region is not None and (path == region or path.startswith(f"{region}/"))
