"""Feeds and sitemaps -> the addresses they list, with what they say of each. Pure.

Entities are never resolved, no DTD and nothing from the network is read. Slightly broken XML, which
feeds in the wild often are, is read as far as it goes; what is no feed at all raises `NotAFeedError`.
"""

import html
import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Literal

import attrs
from lxml import etree

from crawler.addresses import canonical

MOST_ENTRIES = 50_000
"""Entries read of one feed or sitemap, as many as a sitemap may have (sitemaps.org)."""
_LONGEST_TITLE = 1_000
_LONGEST_SUMMARY = 20_000
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_HTML = re.compile(rb"<(?:!doctype\s{1,9}html|html)[\s>]", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]{0,2000}>")
_REFERENCES = re.compile(rb"(?:&#(?:[xX][0-9a-fA-F]{1,8}|[0-9]{1,8});)+")
_REFERENCE = re.compile(rb"&#([xX]?)([0-9a-fA-F]{1,8});")
_BLANKS = re.compile(r"\s+")
_YEARS = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:[-_/]?(0[1-9]|1[0-2])(?!\d))?")

_SITEMAP_LINE = re.compile(rb"^[ \t]*sitemap[ \t]*:[ \t]*([^\s#]+)", re.IGNORECASE | re.MULTILINE)

Kind = Literal["feed", "sitemap", "index"]


class NotAFeedError(ValueError):
    """The bytes are no RSS, Atom or sitemap; the message says what they are instead."""


@attrs.frozen(kw_only=True)
class Item:
    """One address in a feed or sitemap."""

    url: str
    """Canonical."""
    title: str | None = None
    summary: str | None = None
    """Without markup; None where the feed gives none beyond the title."""
    published: str | None = None
    """As written: the item's date of publication, of change where only that is given."""
    language: str | None = None
    """ISO 639-1 code that a news sitemap gives."""
    news: bool = False
    """Title and date come from the `news:` fields of a sitemap: the date is one of publication."""

    @property
    def moment(self) -> datetime | None:
        return parse_date(self.published)


@attrs.frozen(kw_only=True)
class Feed:
    """What a feed or sitemap lists."""

    kind: Kind
    """`index` lists further sitemaps."""
    items: tuple[Item, ...]
    dated_news: bool = False
    """All its dates are dates of publication (RSS, Atom), not of the last change."""
    more: bool = False
    """It lists more than was read."""


def parse(body: bytes, url: str, max_bytes: int) -> Feed:
    """The items of an RSS, Atom, sitemap or sitemap index; gzipped bodies are unpacked up to `max_bytes`."""
    data = whole_letters(_unpack(body, max_bytes).lstrip(b"\t\n\r \xef\xbb\xbf"))
    if not data:
        raise NotAFeedError("empty")
    if _HTML.match(data):
        raise NotAFeedError("an HTML page, not a feed")
    if _ENTITY.search(data):
        raise NotAFeedError("declares XML entities, which feeds have no use for")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotAFeedError(f"not XML: {error}") from error
    try:
        if root is None or not isinstance(root.tag, str):
            raise NotAFeedError("not XML: it begins " + repr(data[:40].decode("latin-1")))
        if _declares_entities(root):  # in an encoding in which the bytes do not show it
            raise NotAFeedError("declares XML entities, which feeds have no use for")
        return _read(root, url)
    except UnicodeDecodeError as error:  # in an encoding in which `whole_letters` finds no references
        raise NotAFeedError("not XML: halves of letters") from error


def whole_letters(data: bytes) -> bytes:
    """References to the two halves of a letter beyond U+FFFF as one to the letter, which is how some programs write
    emoji; to half a letter alone as one to U+FFFD. XML allows neither, and lxml fails where it is asked for the text.

    >>> whole_letters(b"&#xd83d;&#xDE00; &#233; &#55357;")
    b'&#128512; &#233; &#65533;'
    """
    return _REFERENCES.sub(_whole, data)


def _whole(found: re.Match[bytes]) -> bytes:
    codes = [int(digits, 16 if sign else 10) for sign, digits in _REFERENCE.findall(found[0])]
    if not any(0xD800 <= code <= 0xDFFF for code in codes):
        return found[0]
    letters = "".join(chr(code if code <= 0x10FFFF else 0xFFFD) for code in codes)
    whole = letters.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return b"".join(b"&#%d;" % ord(letter) for letter in whole)


def _declares_entities(root: etree._Element) -> bool:
    declared = root.getroottree().docinfo.internalDTD
    return declared is not None and any(True for _ in declared.iterentities())


def _unpack(body: bytes, max_bytes: int) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(body, max_bytes)
    except zlib.error as error:
        raise NotAFeedError(f"damaged gzip: {error}") from error
    if unpacker.unconsumed_tail:
        raise NotAFeedError(f"more than {max_bytes} bytes when unpacked")
    return data


def _read(root: etree._Element, url: str) -> Feed:
    match _name(root):
        case "rss" | "RDF":
            return _listed("feed", (_rss(node, url) for node in root.iter("{*}item", "item")), dated_news=True)
        case "feed":
            return _listed("feed", (_atom(node, url) for node in root.iter("{*}entry", "entry")), dated_news=True)
        case "urlset":
            return _listed("sitemap", (_sitemap_url(node, url) for node in root.iterchildren("{*}url", "url")))
        case "sitemapindex":
            nodes = root.iterchildren("{*}sitemap", "sitemap")
            return _listed("index", (_sitemap_url(node, url) for node in nodes))
        case other:
            raise NotAFeedError(f"XML whose outermost element is <{other}>, not a feed or sitemap")


def _listed(kind: Kind, entries: Iterator[Item | None], *, dated_news: bool = False) -> Feed:
    items = tuple(item for item in islice(entries, MOST_ENTRIES) if item)
    return Feed(kind=kind, items=items, dated_news=dated_news, more=next(entries, entries) is not entries)


def _rss(node: etree._Element, base: str) -> Item | None:
    link = _text(node, "link") or next(
        (child.get("href") for child in node.iterchildren("{*}link") if child.get("href")), None
    )
    guid = _child(node, "guid")
    if not link and guid is not None and guid.get("isPermaLink", "true") != "false":
        link = (guid.text or "").strip()
    title = _plain(_text(node, "title"))
    return _item(
        link,
        base,
        title,
        _text(node, "description") or _text(node, "encoded"),
        _text(node, "pubDate") or _text(node, "date"),
    )


def _atom(node: etree._Element, base: str) -> Item | None:
    links = {
        link.get("rel", "alternate"): link.get("href") for link in reversed(list(node.iterchildren("{*}link", "link")))
    }
    summary = _text(node, "summary") or _text(node, "content")
    return _item(
        links.get("alternate"),
        base,
        _plain(_text(node, "title")),
        summary,
        _text(node, "published") or _text(node, "updated"),
    )


def _sitemap_url(node: etree._Element, base: str) -> Item | None:
    news = _child(node, "news")
    changed = _text(node, "lastmod")
    if news is None:
        return _item(_text(node, "loc"), base, None, None, changed)
    published = _text(news, "publication_date")
    item = _item(_text(node, "loc"), base, _plain(_text(news, "title")), _text(news, "keywords"), published or changed)
    publication = _child(news, "publication")
    language = _text(publication, "language") if publication is not None else None
    return attrs.evolve(item, language=(language or "")[:2].lower() or None, news=bool(published)) if item else None


def _item(link: str | None, base: str, title: str | None, summary: str | None, published: str | None) -> Item | None:
    url = canonical(link, base) if link else None
    if not url:
        return None
    plain = _plain(summary)
    return Item(
        url=url,
        title=title[:_LONGEST_TITLE] if title else None,
        summary=None if plain is None or plain == title else plain[:_LONGEST_SUMMARY],
        published=published,
    )


def _name(node: etree._Element) -> str:
    return str(node.tag).rpartition("}")[2]  # a QName is refused for names that broken XML has


def _child(node: etree._Element, name: str) -> etree._Element | None:
    return next(node.iterchildren(f"{{*}}{name}", name), None)


def _text(node: etree._Element, name: str) -> str | None:
    """All the text of the first child of that name; XHTML inside Atom content included."""
    child = _child(node, name)
    return ("".join(child.itertext()).strip() or None) if child is not None else None


def _plain(text: str | None) -> str | None:
    """Escaped HTML as its words; markup that was escaped once too often is markup still.

    >>> _plain("<p>Tom &amp; Ann</p>"), _plain("&lt;b&gt;Tom&lt;/b&gt;")
    ('Tom & Ann', 'Tom')
    """
    if not text:
        return None
    markup = html.unescape(text) if "<" not in text and "&lt;" in text else text
    return _BLANKS.sub(" ", html.unescape(_TAGS.sub(" ", markup))).strip() or None


def parse_date(raw: str | None) -> datetime | None:
    """A date of RFC 822 or ISO 8601 as aware UTC; a date without zone counts as UTC. None for anything else.

    >>> parse_date("Tue, 31 Mar 2026 09:00:00 +0200").isoformat()
    '2026-03-31T07:00:00+00:00'
    """
    text = (raw or "").strip()[:64]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def sitemaps_in(body: bytes, url: str) -> tuple[str, ...]:
    """The sitemaps that a robots.txt names, each once.

    >>> sitemaps_in(b"User-agent: *\\nSitemap: /map.xml # all\\n", "https://example.org/robots.txt")
    ('https://example.org/map.xml',)
    """
    named = (canonical(found.decode("utf-8", "replace"), url) for found in _SITEMAP_LINE.findall(body))
    return tuple(dict.fromkeys(address for address in named if address))


def months_in(url: str) -> tuple[int, int] | None:
    """Year and month (12 where none is given) that the address of an archive sitemap names; None where it names none.

    >>> months_in("https://example.org/sitemap-2019-04.xml"), months_in("https://example.org/sitemap-news.xml")
    ((2019, 4), None)
    """
    found = _YEARS.findall(url.split("://", 1)[-1].partition("/")[2])
    return (int(found[-1][0]), int(found[-1][1] or 12)) if found else None


def newest_first(items: Iterable[Item]) -> list[Item]:
    """Those without a date last."""
    return sorted(items, key=lambda item: -item.moment.timestamp() if item.moment else 0.0)
