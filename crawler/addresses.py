"""Addresses: one spelling for each, a key that folds its doubles, and what a path says about the page behind it."""

import re
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from w3lib.url import safe_url_string

MAX_LENGTH = 2_083
"""Longer addresses are traps or data; browsers of old stopped here and Scrapy still does."""

_TRACKING = re.compile(
    r"utm_\w*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|li_fat_id|igshid|igsh|epik"
    r"|mc_[ce]id|mkt_tok|_hs(?:enc|mi)|hsctatracking|oly_(?:anon|enc)_id|vero_(?:id|conv)|wickedid|_openstat"
    r"|at_(?:medium|campaign|custom\d|link_\w+|format|ptr_name|bbc_team)|xtor|ref_(?:src|url)|cmp(?:id)?|smid|srnd|ns_\w+"
    r"|pk_\w+|mtm_\w+|matomo_\w+|s_kwcid|ef_id|sc_cid|trk\w*|spm|guce?_referr?er\w*|guccounter|soc_(?:src|trk)",
    re.IGNORECASE,
)
"""Parameters that say where a reader came from, as the makers of the trackers document them."""

_PAGING = re.compile(r"page|paged|p|start|offset|seite|pagina", re.IGNORECASE)
_NOT_PAGES = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svg|ico|css|js|mjs|json|xml|rss|atom|mp[34]|m4[av]|webm|mov|wav|zip|gz|exe|dmg"
    r"|woff2?|ttf|docx?|xlsx?|pptx?|epub|ics)$",
    re.IGNORECASE,
)
_INDEXES = {
    "tag", "tags", "topic", "topics", "category", "categories", "author", "authors", "section", "sections", "search",
    "login", "signin", "signup", "register", "subscribe", "account", "about", "contact", "privacy", "terms", "feed",
    "feeds", "rss", "newsletter", "newsletters", "archive", "archives", "jobs", "careers", "advertise", "shop", "cart",
    "user", "users", "people", "staff", "team", "help", "faq", "video", "videos", "photos", "gallery", "podcasts",
    "print", "comments", "reply", "share", "wp-login.php", "wp-admin",
}  # fmt: skip
"""Path parts behind which sites keep lists, accounts and forms, whatever follows them."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_DATED = re.compile(r"/(?:19|20)\d\d[/-](?:0?[1-9]|1[0-2])(?:[/-]|$)")
_NUMBERED = re.compile(r"\d{4,}")
_LISTED = re.compile(r"/(?:page|seite|p)/\d+/?$")


def canonical(url: str, base: str | None = None) -> str | None:
    """The one spelling of an http(s) address, or None where there is none to fetch.

    Lower-case scheme and host, no default port, fragment, tracking parameters or credentials; the order
    of the other parameters stays, for servers may mind it.

    >>> canonical("HTTP://www.Example.org:80/a?b=1&utm_source=x&a=2#top")
    'http://www.example.org/a?b=1&a=2'
    """
    try:
        parts = urlsplit(urljoin(base, url.strip()) if base else url.strip())
        netloc = _netloc(parts)
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https") or not netloc:
        return None
    try:
        spelt = safe_url_string(urlunsplit((scheme, netloc, parts.path or "/", _query(parts.query), "")))
    except ValueError:
        return None
    return spelt if len(spelt) <= MAX_LENGTH else None


def _netloc(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if not host or any(character.isspace() for character in host):
        return ""
    if ":" in host:
        host = f"[{host}]"
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    return host if parts.port in (None, default) else f"{host}:{parts.port}"


def _query(query: str) -> str:
    return "&".join(part for part in query.split("&") if part and not _TRACKING.fullmatch(part.split("=", 1)[0]))


def key(url: str) -> str:
    """What two spellings of one page share: host without `www.`, path without closing slash, query; no scheme.

    >>> key("https://www.example.org/a/") == key("http://example.org/a")
    True
    """
    rest = url.split("://", 1)[-1]
    authority, slash, path = rest.partition("/")
    path, mark, query = path.partition("?")
    return authority.removeprefix("www.") + slash + path.rstrip("/") + mark + query


def host_of(url: str) -> str:
    """Host with its port where it is not the default; empty for what is no address.

    >>> host_of("http://example.org:8080/a")
    'example.org:8080'
    """
    try:
        return _netloc(urlsplit(url))
    except ValueError:
        return ""


def same_page(one: str, other: str) -> bool:
    """Whether two addresses are surely one article.

    They may differ in scheme, `www.`, `m.`, `amp` and in a query that does not turn pages. A canonical
    link to the first page of several, or to the front page, does not make them one.
    """
    return _article(one) == _article(other) and not _pages(one) and not _pages(other)


def _article(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host = re.sub(r"^(?:www|m|mobile|amp)\.", "", parts.netloc)
    path = re.sub(r"/amp/?$|\.amp(?=\.html?$|$)|^/amp(?=/)", "", parts.path.rstrip("/"))
    return host, re.sub(r"/index\.html?$", "", path)


def _pages(url: str) -> bool:
    parts = urlsplit(url)
    return any(_PAGING.fullmatch(part.split("=", 1)[0]) for part in parts.query.split("&")) or bool(
        _LISTED.search(parts.path)
    )


def slug_words(url: str) -> list[str]:
    """The words of the last path part that has any, case-folded.

    >>> slug_words("https://example.org/2026/04/ai-models-fold-1187.html")
    ['ai', 'models', 'fold']
    """
    for part in reversed(urlsplit(url).path.split("/")):
        words = _WORD.findall(re.sub(r"\.\w{2,5}$", "", part))
        if len(words) > 1 or (words and not _NUMBERED.search(part)):
            return [word.casefold() for word in words]
    return []


def is_article_address(url: str) -> bool:
    """Whether a path looks like one article rather than a front page, a section, a form or a file.

    >>> [is_article_address("https://example.org" + path) for path in ("/", "/science/", "/2026/04/x/", "/a/b-c-d-e")]
    [False, False, True, True]
    """
    path = urlsplit(url).path
    parts = [part for part in path.split("/") if part]
    if not parts or _NOT_PAGES.search(path) or _LISTED.search(path):
        return False
    if any(part.casefold() in _INDEXES for part in parts[:-1]) or parts[-1].casefold() in _INDEXES:
        return False
    last = parts[-1]
    if _DATED.search(path + "/") and len(parts) > 2:
        return True
    return last.count("-") + last.count("_") >= 2 or bool(_NUMBERED.search(last)) or last.endswith((".html", ".htm"))
