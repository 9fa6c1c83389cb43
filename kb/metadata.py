"""Title, byline, dates, outlet, section, language and licence of a page, from what its markup declares.

JSON-LD comes first, then OpenGraph and other meta elements, then microdata and visible marks, then htmldate:
on the development pages each later source was right less often.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urljoin, urlsplit

import attrs
from htmldate import find_date
from lxml import etree
from lxml.html import HtmlElement

from kb.blocks import Block
from kb.bylines import clean_bylines, names_person
from kb.dates import AHEAD, EARLIEST, Moment, first_sane, in_shown_zone, read_date
from kb.headline import choose_title
from kb.hosts import may_name
from kb.jsonld import LinkedArticle, LinkedData, read_linked_data
from kb.shown import headline_index, shown_bylines, shown_dates
from kb.text import normalise

FOREIGN_ERRORS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, etree.LxmlError)
"""What trafilatura and htmldate have raised on hostile pages; a page is no reason to stop."""

_PUBLISHED = (
    "article:published_time", "og:article:published_time", "og:published_time",
    "http://ogp.me/ns/article#published_time", "article_published_time", "article.published", "datepublished",
    "sailthru.date", "parsely-pub-date", "pubdate", "pub_date", "publish-date", "publish_date", "publishdate",
    "published_at", "published_time", "publication_date", "publicationdate", "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime", "content:publishdate", "prism.publicationdate", "dc.date.issued", "dcterms.issued",
    "dcterms.created", "dc.date.created", "dc.date", "dcterms.date", "citation_date", "citation_publication_date",
    "citation_online_date", "dc:date", "dc:created", "originalpublicationdate", "firstcreate", "release_date", "date",
    "ptime", "article.created", "datecreated", "published", "bt:pubdate", "shareaholic:article_published_time",
    "displaydate",
)  # fmt: skip
_MODIFIED = (
    "article:modified_time", "og:article:modified_time", "http://ogp.me/ns/article#modified_time",
    "article_modified_time", "datemodified", "og:updated_time", "cxenseparse:modified_time", "dcterms.modified",
    "dc.date.modified", "last-modified", "lastmod", "last_updated_date", "article.updated", "bt:moddate", "revised",
    "updated_time", "lastupdate",
)  # fmt: skip
_TITLES = (
    "og:title", "twitter:title", "parsely-title", "sailthru.title", "citation_title", "dc.title", "dcterms.title",
    "headline", "title",
)  # fmt: skip
_AUTHORS = (
    "author", "article:author", "article:author_name", "og:article:author", "authors", "byl", "parsely-author",
    "sailthru.author", "dc.creator", "dcterms.creator", "citation_author", "cxenseparse:author",
    "shareaholic:article_author_name", "article.author", "creator", "twitter:data1",
)  # fmt: skip
_SITE = ("og:site_name", "application-name", "apple-mobile-web-app-title", "dc.publisher", "publisher")
_SECTION = ("article:section", "og:article:section", "parsely-section", "section", "cxenseparse:section")
_TIME_MARKS = {
    "published": frozenset({"datepublished", "pubdate", "entry-date", "published", "dc:created"}),
    "modified": frozenset({"datemodified", "updated"}),
}
_LICENSE = ("dc.rights", "dcterms.rights", "dcterms.license", "rights", "copyright")


@attrs.frozen(kw_only=True)
class Metadata:
    """What a page declares about its article."""

    canonical_url: str | None
    title: str | None
    bylines: tuple[str, ...]
    published: Moment | None
    modified: Moment | None
    site_name: str | None
    section: str | None
    language: str | None
    """ISO 639-1, as declared; None where it is not."""
    license: str | None
    linked: LinkedArticle | None
    """The JSON-LD article, whose body and word count help to judge the text."""
    description: str | None
    kind: str | None
    """og:type in lower case."""
    is_list: bool
    is_live: bool
    headline: int | None
    """Index of the block that shows the title."""


class _Marks:
    """Meta elements by lower-case name, property or itemprop; values in page order."""

    def __init__(self, tree: HtmlElement) -> None:
        self._values: dict[str, list[str]] = {}
        for element in tree.iter("meta"):
            content = (element.get("content") or "").strip()
            if not content:
                continue
            for attribute in ("property", "name", "itemprop"):
                for key in (element.get(attribute) or "").lower().split():
                    self._values.setdefault(key, []).append(unescape(content))

    def all(self, names: tuple[str, ...]) -> list[str]:
        return [value for name in names for value in self._values.get(name, ())]

    def first(self, names: tuple[str, ...]) -> str | None:
        return next(iter(self.all(names)), None)


def read_metadata(
    tree: HtmlElement, blocks: Sequence[Block], *, url: str | None, fetched_at: datetime | None = None
) -> Metadata:
    """Everything the markup says; dates that cannot be are dropped (see `dates.is_sane`)."""
    marks = _Marks(tree)
    canonical = _canonical(tree, marks, url)
    headings = [text for element in tree.iter("h1") if (text := _visible(element))]
    titles = frozenset(text.casefold() for text in [*headings, *marks.all(("og:title",))])
    linked = read_linked_data(tree, headings=titles, url=canonical or url)
    article = linked.article
    sites = _site_names(linked, marks, canonical or url)
    title_element = tree.find(".//head/title")
    declared = [article.headline if article else None, *marks.all(_TITLES)]
    title = choose_title(headings, declared, _visible(title_element) if title_element is not None else None, sites)
    headline = headline_index(blocks, title)
    shown = shown_dates(tree, blocks, headline)
    modified = first_sane(
        [article.modified if article else None, *marks.all(_MODIFIED), *_times(tree, "modified"), *shown.modified],
        fetched_at,
    )
    dates = _declared_dates(tree, article, marks, shown.published)
    return Metadata(
        canonical_url=canonical,
        title=title,
        bylines=_bylines(article, marks, sites, shown_bylines(blocks, headline)),
        published=_local(_published(dates, tree, url, fetched_at, modified), modified, shown.published),
        modified=modified,
        site_name=sites[0] if sites else None,
        section=(article.section if article else None) or marks.first(_SECTION),
        language=_language(tree, article, marks),
        license=_license(tree, article, marks),
        linked=article,
        description=(article.description if article else None) or marks.first(("og:description", "description")),
        kind=(marks.first(("og:type",)) or "").lower() or None,
        is_list=linked.is_list,
        is_live=linked.is_live,
        headline=headline,
    )


def _canonical(tree: HtmlElement, marks: _Marks, url: str | None) -> str | None:
    """The address that the page names as its own, when it is a page of the same site and not its front page."""
    named = [link.get("href") for link in tree.iter("link") if (link.get("rel") or "").lower() == "canonical"]
    for candidate in [*named, *marks.all(("og:url",))]:
        try:
            absolute: str = urljoin(url or "", (candidate or "").strip())
            parts = urlsplit(absolute)
            own = not url or may_name(parts, urlsplit(url))
        except ValueError:
            continue
        if parts.scheme in {"http", "https"} and parts.hostname and own:
            return absolute
    return None


def _site_names(linked: LinkedData, marks: _Marks, url: str | None) -> list[str]:
    """Every name of the outlet, best first; the host's labels serve to recognise it in titles and bylines."""
    names = [*marks.all(_SITE), linked.article.publisher if linked.article else None, linked.site_name]
    stated = [normalise(name) for name in names if name and not name.startswith("http")]
    try:
        host = (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        host = ""
    labels = [host, host.split(".")[-2] if host.count(".") else ""]
    return list(dict.fromkeys(name for name in [*stated, *labels] if name))


def _bylines(article: LinkedArticle | None, marks: _Marks, sites: list[str], shown: Iterator[str]) -> tuple[str, ...]:
    """Persons from the first source that names any; an agency or desk only where none does."""
    linked = list(article.authors) if article else []
    strong = bool(article and article.strong)
    declared = [*([linked] if strong else []), marks.all(_AUTHORS)]
    sources = [*declared, *([raw] for raw in shown), *([] if strong else [linked])]
    desk: tuple[str, ...] = ()
    for source in sources:
        names = clean_bylines(source, sites)
        if names_person(names, sites) and (source in declared or " " in names[0]):
            return names
        desk = desk or names
    return desk


def _published(
    declared: list[str | None],
    tree: HtmlElement,
    url: str | None,
    fetched_at: datetime | None,
    modified: Moment | None,
) -> Moment | None:
    """The first sane date that is declared or shown; htmldate's guess only where nothing reads as a date.

    A guess that is the day of the last change is that change: the page names no other date.
    """
    if found := first_sane(declared, fetched_at):
        return found
    if any(read_date(raw) for raw in declared):
        return None
    guess = _guessed_date(tree, url, fetched_at)
    return None if guess and modified and guess.day in {modified.day, modified.at.date()} else guess


def _local(published: Moment | None, modified: Moment | None, shown: Iterable[str]) -> Moment | None:
    """With the day on which the page shows it, unless what it shows may be the day of a change."""
    if published is None:
        return None
    moments = [moment for raw in shown if (moment := read_date(raw))]
    changed = modified.day if modified and modified.day != published.day else None
    timed = [moment for moment in moments if moment.precision != "day" or moment.day != changed]
    return in_shown_zone(published, timed)


def _declared_dates(
    tree: HtmlElement, article: LinkedArticle | None, marks: _Marks, shown: Iterable[str]
) -> list[str | None]:
    """What is declared for the article, then of what describes it in part, then what is shown."""
    linked = [article.published] if article else []
    strong = bool(article and article.strong)
    declared = [*(linked if strong else []), *marks.all(_PUBLISHED), *_times(tree, "published")]
    return [*declared, *([] if strong else linked), *shown]


def _times(tree: HtmlElement, which: str) -> Iterator[str]:
    """Datetimes of elements marked as publication or change: microdata, `pubdate`, the entry classes of hAtom."""
    wanted = {
        "published": ("datepublished", "pubdate", "entry-date", "published"),
        "modified": ("datemodified", "updated"),
    }[which]
    for element in tree.iter("time", "abbr", "span"):
        names = (element.get(name) or "" for name in ("itemprop", "property", "class"))
        marked = " ".join(names).lower().split()
        if any(word in wanted for word in marked) or (which == "published" and element.get("pubdate") is not None):
            yield element.get("datetime") or element.get("content") or element.get("title") or _visible(element)


def _guessed_date(tree: HtmlElement, url: str | None, fetched_at: datetime | None) -> Moment | None:
    """What htmldate finds; bounded by the capture, not by the clock that it would look at by itself.

    It puts the first where it knows only the month or the year: a month is kept as such, a bare year says too little.
    """
    latest = fetched_at + AHEAD if fetched_at else datetime(2100, 1, 1, tzinfo=UTC)
    try:
        found = find_date(tree, url=url, original_date=True, min_date=_day(EARLIEST), max_date=_day(latest))
    except FOREIGN_ERRORS:
        return None
    moment = first_sane([found if isinstance(found, str) else None], fetched_at)
    if moment is None or moment.day.day > 1:
        return moment
    return None if moment.day.month == 1 else attrs.evolve(moment, precision="month")


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _language(tree: HtmlElement, article: LinkedArticle | None, marks: _Marks) -> str | None:
    named = [
        tree.get("lang"),
        tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
        article.language if article else None,
    ]
    for value in [*named, *marks.all(("og:locale", "language", "dc.language", "content-language"))]:
        code = (value or "").strip().lower()[:2]
        if len(code) == 2 and code.isascii() and code.isalpha():
            return code
    return None


def _license(tree: HtmlElement, article: LinkedArticle | None, marks: _Marks) -> str | None:
    """The licence's address or name; a bare copyright line counts where nothing else is stated."""
    if article and article.license:
        return article.license
    for element in tree.iter("a", "link"):
        if "license" in (element.get("rel") or "").lower().split():
            return element.get("href") or _visible(element) or None
    return marks.first(_LICENSE)


def _visible(element: HtmlElement) -> str:
    return " ".join(normalise(" ".join(element.itertext("*"))[:2000]).split())
