"""Whether what was extracted is an article, and whether it is all of it."""

import re
from collections.abc import Sequence
from itertools import pairwise
from urllib.parse import urlsplit

from kb.blocks import Block
from kb.metadata import Metadata
from kb.region import Place, word_count
from kb.rejected import Code, Rejected
from kb.trim import Candidate

MIN_WORDS = 12
"""Fewer words are no article but what is left of a page without one."""
_LIST_WORDS = 150
"""Running words up to which a page that calls itself a list, or looks like one, is taken for one."""
_TEASERS = 15
"""Linked headlines from which a page without running text is a list of stories."""
_COOKIES = re.compile(r"\bcookies?\b|\bconsent\b|\bgdpr\b|personal data|einwilligung|datenschutz|consentement", re.I)
_ELLIPSIS = re.compile(r"(?:…|\.\.\.)\]?$")
_WALL = re.compile(
    r"subscribe (?:now )?to (?:continue|keep|read|unlock)|(?:sign|log) in to (?:continue|keep) reading|"
    r"continue reading (?:with|your|this article with)|"
    r"(?:article|story|content) is (?:only )?(?:for|available to|reserved for|"
    r"exclusive to) (?:\w+ )?(?:subscribers|members)|"
    r"already a (?:subscriber|member)|to read the (?:full|rest)|"
    r"you have reached your (?:free )?(?:article )?limit|subscriber[- ]only|"
    r"jetzt (?:weiterlesen|abonnieren)|weiterlesen mit|nur f\u00fcr abonnenten|r\u00e9serv\u00e9 aux abonn\u00e9s|"
    r"solo para suscriptores|contenuto riservato agli abbonati|alleen voor abonnees",
    re.I,
)
_TIME_LED = re.compile(
    r"(?:\w{2,9}, )?([01]?\d|2[0-3])[:.h]([0-5]\d)\s?(?:([ap])\.?m\b\.?)?(?:\s(?:uhr|e[sd]?t|gmt|bst|cest|cet|utc))?"
    r"(?=$|\s?[:,–—|-]|\s[A-ZÄÖÜ])",
    re.I,
)
"""`12.31 Uhr: ...`, `8:05 p.m. ET — ...`."""
_ENTRIES = 5
"""Time-led lines from which a page is a ticker."""
_WALL_CHARS = 300
_SHORT = 400
"""Words up to which a closed page's text is only its opening; half of it where a single sign says so."""


def rejection(
    lines: Sequence[Candidate], meta: Metadata, where: Sequence[Place], *, url: str | None
) -> Rejected | None:
    """Why the lines are no article, or None."""
    words = sum(line.words for line in lines)
    # A line that matches no block has no known links: what the page's blocks hold bounds the running text.
    on_page = sum(place.words for place in where if place.running)
    running = min(on_page, sum(line.words for line in lines if line.linked <= 0.6))
    if meta.is_live or _is_ticker(lines):
        return Rejected(code=Code.LIVE_BLOG)
    if running <= _LIST_WORDS and _is_list(lines, meta, where, url):
        return Rejected(code=Code.LIST_PAGE, detail=f"{running} running words")
    if words < MIN_WORDS:
        return Rejected(code=Code.NO_ARTICLE, detail=f"{words} words")
    about = sum(line.words for line in lines if _COOKIES.search(line.text))
    if about > 0.5 * words and not _COOKIES.search(meta.title or ""):
        return Rejected(code=Code.NO_ARTICLE, detail="consent notice")
    return None


def is_truncated(lines: Sequence[str], meta: Metadata, blocks: Sequence[Block]) -> bool:
    """A stated word count well above the text's, an ending in dots, or a paywall's words on a short text."""
    words = sum(map(word_count, lines))
    article = meta.linked
    if article and article.word_count and article.word_count > 1.7 * words + 50:
        return True
    if lines and _ELLIPSIS.search(lines[-1]):
        return True
    if words >= _SHORT:
        return False
    walled = any(len(block.text) <= _WALL_CHARS and _WALL.search(block.text) for block in blocks)
    closed = bool(article and article.free is False)
    return (walled and closed) or (words < _SHORT // 2 and (walled or closed))


def _is_ticker(lines: Sequence[Candidate]) -> bool:
    """Entries that begin with the time of day, the latest first; a chronology in an article runs the other way."""
    clocks = [clock for line in lines if (clock := _clock(line.text)) is not None]
    falling = sum(later > earlier for later, earlier in pairwise(clocks))
    return len(clocks) >= _ENTRIES and falling >= 0.8 * (len(clocks) - 1)


def _clock(text: str) -> int | None:
    """Minutes since midnight of a time that leads a line."""
    match = _TIME_LED.match(text)
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2]), (match[3] or "").lower()
    return (hour % 12 + 12 * (half == "p") if half else hour) * 60 + minute


def _is_list(lines: Sequence[Candidate], meta: Metadata, where: Sequence[Place], url: str | None) -> bool:
    """The page says so, or is a site's front page, or shows many linked headlines and hardly a sentence."""
    if meta.linked and meta.linked.strong:
        return False
    if meta.is_list or meta.kind in {"profile", "blog"}:
        return True
    teasers = sum(place.linked > 0.8 and 5 <= place.words <= 30 and not place.boxed for place in where)
    sentences = sum(line.text[-1:] in ".!?”。" and line.words >= 15 for line in lines)
    front = bool(url) and urlsplit(url or "").path.strip("/") in {"", "index.html", "index.php"}
    return teasers >= _TEASERS and (sentences <= 2 or front)
