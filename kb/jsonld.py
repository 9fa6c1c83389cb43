"""What a page says about its article in JSON-LD (schema.org), read leniently.

Only facts of the article that the page is about are taken: a page may also describe its site, its
breadcrumbs, related stories and comments in the same place.
"""

import json
import re
from collections.abc import Iterator

import attrs
from lxml.html import HtmlElement

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Node = dict[str, Json]

ARTICLE_TYPES = frozenset({
    "article", "newsarticle", "reportagenewsarticle", "analysisnewsarticle", "backgroundnewsarticle",
    "opinionnewsarticle", "askpublicnewsarticle", "reviewnewsarticle", "satiricalarticle", "advertisercontentarticle",
    "scholarlyarticle", "techarticle", "medicalscholarlyarticle", "review", "blogposting", "socialmediaposting",
    "discussionforumposting", "liveblogposting", "report", "creativework", "podcastepisode", "videoobject", "webpage",
    "itempage", "medicalwebpage", "recipe",
})  # fmt: skip
_WEAK_TYPES = frozenset(
    {"creativework", "podcastepisode", "videoobject", "webpage", "itempage", "medicalwebpage", "recipe"}
)
_LIST_TYPES = frozenset({"collectionpage", "searchresultspage", "itemlist"})
_NESTED = ("@graph", "mainEntity", "mainEntityOfPage", "hasPart", "itemReviewed", "review")
_DEPTH = 5
"""Levels of nesting that are searched for an article."""
_MAX_SCRIPT = 2_000_000
"""Characters of one script; a longer one is data, not a description."""

_OPENERS = ("<!--", "//<![CDATA[", "// <![CDATA[", "<![CDATA[", "/* <![CDATA[ */")
_CLOSERS = (";", "-->", "//]]>", "// ]]>", "]]>", "/* ]]> */")
_TRAILING_COMMA = re.compile(r",(\s{0,200}[}\]])")
_BAD_ESCAPE = re.compile(r'\\(?![\\"/bfnrtu])')


@attrs.frozen(kw_only=True)
class LinkedArticle:
    """The page's own article as its JSON-LD states it. Strings are raw; None where the page says nothing."""

    kind: str
    """Lower-case schema.org type."""
    strong: bool
    """The type is that of an article; a video, recipe or bare web page describes the article only in part."""
    headline: str | None
    alternative: str | None
    description: str | None
    authors: tuple[str, ...]
    """Names of persons, then of authors of no stated type; organisations only where no person is named."""
    published: str | None
    modified: str | None
    body: str | None
    word_count: int | None
    section: str | None
    language: str | None
    license: str | None
    publisher: str | None
    free: bool | None
    """isAccessibleForFree."""


@attrs.frozen(kw_only=True)
class LinkedData:
    """All that was used of a page's JSON-LD."""

    article: LinkedArticle | None
    site_name: str | None
    is_list: bool
    """The page calls itself a collection, search result or list, and describes no article."""
    is_live: bool
    """The page is a live blog, or describes one under its own headline or address."""


def read_linked_data(tree: HtmlElement, *, headings: frozenset[str], url: str | None) -> LinkedData:
    """The article among the nodes of all scripts: the one with a headline of the page, else the first strong one.

    `headings` are the case-folded titles that the page shows (h1, og:title).
    """
    roots = [root for script in _scripts(tree) for root in _loads(script)]
    nodes = [node for root in roots for node in _nodes(root, 0)]
    known = {str(node["@id"]): node for node in nodes if "@id" in node and len(node) > 1}
    articles = [node for node in nodes if _type(node) in ARTICLE_TYPES]
    chosen = max(articles, key=lambda node: _fitness(node, headings, url), default=None)
    sites = [node for node in nodes if _type(node) in {"website", "newsmediaorganization", "organization"}]
    return LinkedData(
        article=_article(chosen, known) if chosen else None,
        site_name=next((name for node in sites if (name := _text(node.get("name")))), None),
        is_list=any(_type(node) in _LIST_TYPES for node in nodes)
        and not any(_type(node) not in _WEAK_TYPES for node in articles),
        is_live=any(node is chosen or any(_fitness(node, headings, url)[1:3]) for node in articles if _is_live(node)),
    )


def _scripts(tree: HtmlElement) -> Iterator[str]:
    for element in tree.iter("script"):
        kind = (element.get("type") or "").partition(";")[0].strip().lower()
        if kind == "application/ld+json" and element.text and len(element.text) <= _MAX_SCRIPT:
            yield element.text


def _loads(script: str) -> list[Json]:
    """The values of a script; several in a row and common slips (comments, trailing commas) are read too."""
    text = script.strip()
    for opener in _OPENERS:
        text = text.removeprefix(opener).lstrip()
    for closer in _CLOSERS:
        text = text.removesuffix(closer).rstrip()
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text), _BAD_ESCAPE.sub(r"\\\\", _TRAILING_COMMA.sub(r"\1", text))):
        values: list[Json] = []
        try:
            at = 0
            while at < len(attempt):
                value, at = json.JSONDecoder(strict=False).raw_decode(attempt, at)
                values.append(value)
                while at < len(attempt) and attempt[at] in " \t\r\n;,":
                    at += 1
        except (ValueError, RecursionError):
            if not values:
                continue
        return values
    return []


def _nodes(value: Json, depth: int) -> Iterator[Node]:
    if depth > _DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key in _NESTED:
            yield from _nodes(value.get(key), depth + 1)


def _type(node: Node) -> str:
    """The lower-case type; of several the first that names an article."""
    kinds = [kind.rpartition("/")[2].lower() for kind in _list(node.get("@type")) if isinstance(kind, str)]
    return next((kind for kind in kinds if kind in ARTICLE_TYPES), kinds[0] if kinds else "")


def _is_live(node: Node) -> bool:
    return _type(node) == "liveblogposting" or "liveBlogUpdate" in node


def _fitness(node: Node, headings: frozenset[str], url: str | None) -> tuple[int, int, int, int]:
    headline = (_text(node.get("headline")) or _text(node.get("name")) or "").casefold()
    addresses = {_address(node.get(key)) for key in ("url", "@id", "mainEntityOfPage")} - {""}
    known = sum(key in node for key in ("datePublished", "author", "articleBody", "headline"))
    named = bool(headline) and any(headline in heading or heading in headline for heading in headings)
    return (_type(node) not in _WEAK_TYPES, named, bool(url and _path(url) in map(_path, addresses)), known)


def _article(node: Node, known: dict[str, Node]) -> LinkedArticle:
    count = node.get("wordCount")
    free = node.get("isAccessibleForFree")
    return LinkedArticle(
        kind=_type(node),
        strong=_type(node) not in _WEAK_TYPES,
        headline=_text(node.get("headline")) or _text(node.get("name")),
        alternative=_text(node.get("alternativeHeadline")) or _text(node.get("alternateName")),
        description=_text(node.get("description")),
        authors=_authors(node, known),
        published=_text(node.get("datePublished")) or _text(node.get("uploadDate")) or _text(node.get("dateCreated")),
        modified=_text(node.get("dateModified")),
        body=_text(node.get("articleBody")),
        word_count=int(count)
        if isinstance(count, int | str) and str(count).isascii() and str(count).isdigit()
        else None,
        section=next((text for item in _list(node.get("articleSection")) if (text := _text(item))), None),
        language=_text(node.get("inLanguage")),
        license=_text(node.get("license")),
        publisher=_name(node.get("publisher"), known),
        free=None if free is None else str(free).casefold() not in {"false", "0", "no"},
    )


def _authors(node: Node, known: dict[str, Node]) -> tuple[str, ...]:
    persons: list[str] = []
    others: list[str] = []
    for key in ("author", "creator"):
        for value in _list(node.get(key)):
            for name in _names(value, known):
                organisation = isinstance(value, dict) and "organization" in _type(_resolved(value, known))
                (others if organisation else persons).append(name)
        if persons or others:
            break
    return tuple(dict.fromkeys(persons or others))


def _names(value: Json, known: dict[str, Node]) -> list[str]:
    if isinstance(value, dict):
        node = _resolved(value, known)
        found = [text for item in _list(node.get("name")) if (text := _text(item))]
        parts = [_text(node.get(key)) for key in ("givenName", "familyName")]
        return found or ([" ".join(part for part in parts if part)] if any(parts) else [])
    text = _text(value)
    return [text] if text else []


def _name(value: Json, known: dict[str, Node]) -> str | None:
    return next((name for item in _list(value) for name in _names(item, known)), None)


def _resolved(value: Node, known: dict[str, Node]) -> Node:
    """A node given by reference (`{"@id": ...}`) in full."""
    return value if "name" in value else known.get(str(value.get("@id")), value)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Json) -> str | None:
    """A non-empty string; of a language-tagged or single-item value its content."""
    for item in _list(value):
        inner = item.get("@value", item.get("name")) if isinstance(item, dict) else item
        if isinstance(inner, str) and inner.strip():
            return inner.strip()
        if isinstance(inner, int) and not isinstance(inner, bool):
            return str(inner)
    return None


def _address(value: Json) -> str:
    if isinstance(value, dict):
        value = value.get("@id") or value.get("url")
    return value if isinstance(value, str) else ""


def _path(url: str) -> str:
    """Host and path without scheme, `www.`, query or final slash: how addresses of one page are compared."""
    bare = re.split(r"[?#]", url, maxsplit=1)[0].rpartition("://")[2]
    return bare.removeprefix("www.").rstrip("/").lower()
