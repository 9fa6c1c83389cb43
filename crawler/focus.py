"""Is this about the study? Cheap tests first: what a feed says, then the bytes, then the text. Pure.

`about`: the page is on the study. `mention`: it names or points to the study in passing. `off`: neither.
No sign of the weak kind makes a page `about` alone: the same people are quoted on other work, other
studies share the theme and come out in the same weeks, and a short name can be a name of something
else. bench/focus measures it.
"""

import re
from collections.abc import Iterable
from typing import Literal

import attrs

from crawler.addresses import slug_words
from crawler.feeds import Item
from crawler.pages import Page
from crawler.signs import CLAIM_SHARE, Signs, is_english, signs_of
from crawler.terms import STEM, Terms, fold

Relation = Literal["about", "mention", "off"]

SUMMARY_WORDS = 25
"""From this length a feed's summary tells what an item is about; a standfirst of one sentence teases."""
SLUG_WORDS = 4
"""From this many words the slug of a sitemap's address tells as much as a headline."""
THEME_WORDS = 5
"""Content words of the study that must stand beside a speaker's name before the page counts as a mention..."""
LEADING_SHARE = 0.2
"""... or this share of them, where the study is described in many and the article begins with the speaker..."""
PASSING_SHARE = 0.3
"""... or this, where the speaker comes in later: experts are asked about much that lies near."""
NUMBERS_WEIGHT = 2
"""Numbers of the study that make a finding its own, where words of its claims stand too: rivals have others."""
ALONE_WEIGHT = 4
"""Numbers by which a page is recognised that names nobody."""


@attrs.frozen(kw_only=True)
class Focus:
    """A decision with its reason in words."""

    relation: Relation
    reason: str


# --- what a feed or sitemap says -------------------------------------------------------------------


def judge_item(item: Item, terms: Terms, *, sitemap: bool, language: str | None = None) -> Focus:
    """Whether an item may be left unfetched: only when enough of its own words are given and none is of the theme.

    A feed must give a real summary, for headlines are often riddles. A sitemap never gives one but lists
    everything a site has: there the headline or the slug decides. Words in another language than
    English tell nothing of a theme stated in English.
    """
    title, summary = fold(item.title or "").split(), fold(item.summary or "").split()
    told = [*title, *summary, *(slug_words(item.url) if sitemap else ())]
    enough = len(told) >= SLUG_WORDS if sitemap else len(summary) >= SUMMARY_WORDS
    if not enough or language not in (None, "en") or not (sitemap or is_english(told)):
        return Focus(relation="about", reason="the listing says too little to tell")
    theme = set(terms.theme)
    shared = dict.fromkeys(word for word in told if word[:STEM] in theme)
    if shared:
        return Focus(relation="about", reason=f"listed with {', '.join(shared)}")
    where = "title and address" if sitemap else "title and summary"
    listed = f": {' '.join(title)[:100]}" if title else ""
    return Focus(relation="off", reason=f"{where} share no word with the study{listed}")


# --- what the bytes say ------------------------------------------------------------------------------


def may_concern(body: bytes, terms: Terms) -> bool:
    """Whether the words of any sign stand in the bytes, in whatever order; False spares parsing the page."""
    if b"\x00" in body[:200]:
        return True
    data = body.lower()
    present = dict.fromkeys(terms.accented, True)

    def has(word: str) -> bool:
        if word not in present:
            plain = max(re.split(r"[^0-9a-z]", word), key=len)  # apostrophes and points are written in many ways
            # Numbers are written in many ways too, in words among them.
            present[word] = not word.isascii() or word.isdigit() or plain.encode() in data
        return present[word]

    def mostly(parts: Iterable[str]) -> bool:
        known = list(parts)
        return len(known) >= 4 and sum(map(has, known)) >= CLAIM_SHARE * len(known)

    return (
        any(all(has(word) for word in phrase.split()) for phrase in terms.phrases)
        or any(mark.encode() in data for mark in (*terms.ids, *terms.addresses))
        or any(mostly(word for word in quote.split() if len(word) > 3) for quote in terms.quotes)
        or any(mostly(claim) for claim in terms.claims)
        or _large_numbers(data, terms) + any(has(name.split()[-1]) for names in terms.speakers for name in names) >= 2
    )


def _large_numbers(data: bytes, terms: Terms) -> int:
    """Numbers of four digits and more; shorter ones stand in the style sheet of any page."""
    large = [number for number in terms.numbers if len(number) >= 4 and number.isdigit()]
    return sum(
        any(f"{number[:-3]}{mark}{number[-3:]}".encode() in data for mark in ("", ",", ".", " ", "&nbsp;", "\u00a0"))
        for number in large
    )


# --- what the page says ------------------------------------------------------------------------------


def judge(page: Page, terms: Terms) -> Focus:
    """Whether a page is on the study, names it, or neither."""
    signs = signs_of(page, terms)
    share = LEADING_SHARE if signs.leading else PASSING_SHARE
    needed = max(THEME_WORDS, share * len(terms.own_theme))
    if _about(signs):
        relation: Relation = "about"
    elif signs.namings or signs.in_title or signs.links or (signs.speakers and signs.theme >= needed):
        relation = "mention"
    else:
        relation = "off"
    return Focus(relation=relation, reason=_in_words(signs, terms))


def _about(signs: Signs) -> bool:
    if signs.in_title or signs.in_lead or signs.whole_quotes or signs.again or signs.beside:
        return True
    own = signs.quotes > 0 or signs.touched > 0 or (signs.weight >= NUMBERS_WEIGHT and signs.theme >= THEME_WORDS)
    if signs.speakers and (own or len(signs.speakers) > 1):
        return True
    if signs.namings and (signs.quotes or (signs.affiliations and signs.touched)):
        return True
    if (signs.affiliations or signs.surnames) and signs.touched and signs.weight >= NUMBERS_WEIGHT:
        return True
    same_numbers = signs.weight >= ALONE_WEIGHT and (signs.foreign or signs.theme >= THEME_WORDS)
    if signs.claims and signs.touched >= 2 and signs.weight > NUMBERS_WEIGHT:
        return True
    return same_numbers or (signs.claims >= 2 and signs.weight >= NUMBERS_WEIGHT)


def _in_words(signs: Signs, terms: Terms) -> str:
    parts = []
    if signs.unlike:
        parts.append("a name of the study, but of something else by all other words")
    if signs.in_title:
        parts.append(f"title names “{signs.in_title[0]}”")
    parts.append(f"{signs.namings} namings of the study" + (", one where the article begins" if signs.in_lead else ""))
    if signs.links:
        parts.append(f"points to {signs.links[0]}")
    if signs.quotes:
        parts.append(f"prints {signs.quotes} of {len(terms.quotes)} reference quotes")
    if signs.claims or signs.touched:
        parts.append(f"states {signs.claims} of {len(terms.claims)} claims, touches {signs.touched}")
    if signs.affiliations:
        parts.append(f"names {signs.affiliations[0]}")
    parts.append(f"{signs.numbers} of its numbers, {signs.theme} of its words")
    named = f" ({', '.join(signs.speakers[:3])})" if signs.speakers else ""
    parts.append(f"{len(signs.speakers)} of {len(terms.speakers)} speakers{named}")
    return "; ".join(parts)
