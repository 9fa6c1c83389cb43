"""Is this about the study? Cheap tests first: what a feed says, then the bytes, then the text. Pure.

`about`: the page is on the study. `mention`: it names the study once, in passing. `off`: neither.
Signs are the study's names (title, aliases, document titles), its documents' addresses and ids, its
speakers' full names, its reference quotes, and paragraphs that say what one of its claims says.
One sign of the weak kind alone (a speaker's name, a theme) never makes a page `about`: the same
people are quoted on other work, and other studies share the theme.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

import attrs

from crawler.addresses import canonical, key, slug_words
from crawler.feeds import Item
from crawler.pages import Page
from kb.claims import Study
from kb.text import words

Relation = Literal["about", "mention", "off"]

STEM = 5
"""Letters of a word that are compared, so that `protect`, `protects` and `protecting` are one theme."""
SUMMARY_WORDS = 25
"""From this length a feed's summary tells what an item is about; a standfirst of one sentence teases."""
SLUG_WORDS = 4
"""From this many words the slug of a sitemap's address tells as much as a headline."""
QUOTE_RUN = 6
"""Words in a row that a page must share with a reference quote, `RUN_CONTENT` of them content words."""
RUN_CONTENT = 3
"""“We are not saying that these” is a run of six that anybody says."""
WHOLE_RUN = 12
"""Words in a row that nobody says by chance: a page with them is on the study whatever else it names."""
THEME_WORDS = 5
"""Content words of the study that must stand beside a speaker's name before the page counts as a mention."""
CLAIM_SHARE = 0.6
"""Share of a claim's content words (five or more) that one paragraph must hold to count as stating it."""
ENGLISH_SHARE = 0.2
"""Share of function words from which a summary counts as English: running text has two in five."""

_ARXIV = re.compile(r"([0-9](?<![0-9.].)[0-9]{3}\.[0-9]{5})(?:v[0-9]+)?(?![0-9.]*[0-9])")
"""Begins with a plain set of characters, so that `re` passes over the rest of a text six times as fast."""
_DOI = re.compile(r"10\.\d{4,9}/[\w.()/:;-]{2,100}")
_POSSESSIVE = re.compile(r"'s?(?= |$)")
_COMBINING = re.compile(r"[\u0300-\u036f]")
_NUMBER = re.compile(r"\d[\d.,]*\d")
_YEAR = re.compile(r"(?:19|20)\d\d")
_EDITION = re.compile(r"v\d+$")
_FUNCTION_WORDS = frozenset(
    words("""
    a about above after again against all also although among an and any are around as at be because been before
    being below between both but by can could did do does doing done down during each either even ever every for from
    further had has have having he her here hers herself him himself his how however if in into is it its itself just
    like may might more most much must my near neither never no nor not now of off often on once one only onto or other
    our out over own per rather same say says said she should since so some such than that the their them then there
    these they this those through thus to together too toward towards under until up upon us use used using very was
    we were what when where whether which while who whom whose why will with within without would yet you your first
    second last new two three four five many much make makes made take takes get gets give gives gave go goes know
    known find found show shows study studies research researcher researchers result results paper report reports
    version
    """)
)
"""English words that say nothing of a theme, and those that every study has in common."""


@attrs.frozen(kw_only=True)
class Terms:
    """What a study is recognised by. Phrases are folded words joined by single spaces."""

    names: tuple[str, ...]
    """Title, aliases, titles of documents; with at least two words, or one that is no common word."""
    speakers: tuple[tuple[str, ...], ...]
    """Full names of each speaker."""
    quotes: tuple[str, ...]
    claims: tuple[tuple[str, ...], ...]
    """Stems of each claim's content words, without doubles."""
    ids: tuple[str, ...]
    """arXiv numbers and DOIs of the documents, lower-case."""
    addresses: tuple[str, ...]
    """Keys of the documents' addresses."""
    numbers: tuple[str, ...]
    """Numbers of two digits and more that the claims state, as folded words; years are none."""
    theme: tuple[str, ...]
    """Stems of the content words of titles, claims and names; not of quotes, for people talk in everyday words."""
    accented: tuple[str, ...]
    """Folded words that the study writes with letters beyond ASCII: their bytes in a page are not known."""


@attrs.frozen(kw_only=True)
class Focus:
    """A decision with its reason in words."""

    relation: Relation
    reason: str


@attrs.frozen(kw_only=True)
class _Signs:
    in_title: tuple[str, ...]
    namings: int
    links: tuple[str, ...]
    speakers: tuple[str, ...]
    quotes: int
    whole_quotes: int
    claims: int
    numbers: int
    theme: int


def fold(text: str) -> str:
    """Words as they are compared: no case, accents, marks or possessive.

    >>> fold("Peer-Preservation: Zoë’s view")
    'peer preservation zoe view'
    """
    if not text.isascii():
        text = _COMBINING.sub("", unicodedata.normalize("NFKD", text))
    return _POSSESSIVE.sub("", " ".join(words(text)))


def terms_of(study: Study) -> Terms:
    """The signs of a study, from claims.yaml alone."""
    titles = [study.title, *study.aliases, *(document.title for document in study.documents)]
    heads = [title.split(":")[0] for title in titles if ":" in title]
    addresses = [document.url for document in study.documents]
    spoken = [[speaker.name, *speaker.aliases] for speaker in study.speakers]
    stated = [*titles, *(claim.text for claim in study.claims), *(name for names in spoken for name in names)]
    quoted = [quote.text for quote in study.quotes]
    return Terms(
        names=_unique(fold(name) for name in [*titles, *heads] if _is_name(name)),
        speakers=tuple(_unique(fold(name) for name in names if " " in name.strip()) for names in spoken),
        quotes=_unique(map(fold, quoted)),
        claims=tuple(
            _unique([*_stems(claim.text), *(number[:STEM] for number in _numbers(claim.text))])
            for claim in study.claims
        ),
        ids=_unique(found for address in addresses for found in _ids(address)),
        addresses=_unique(_address(address) for address in addresses),
        numbers=_unique(number for claim in study.claims for number in _numbers(claim.text)),
        theme=_unique(stem for text in stated for stem in _stems(text)),
        accented=_unique(fold(word) for text in [*stated, *quoted] for word in text.split() if not word.isascii()),
    )


def _is_name(name: str) -> bool:
    """Two content words, or one word that no text has by chance: with a capital inside, a digit or a hyphen."""
    parts = name.split()
    if len(parts) == 1:
        return bool(re.search(r"[\d_-]|\w[^\W\da-z]", parts[0])) or len(parts[0]) >= 9
    return len([word for word in fold(name).split() if word not in _FUNCTION_WORDS]) >= 2


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _ids(text: str) -> list[str]:
    lowered = text.lower()
    return [*_ARXIV.findall(lowered), *(doi.rstrip(".;:)/") for doi in _DOI.findall(lowered))]


def _address(url: str) -> str:
    """An address without the edition of the document: a link to v1 points to the study as one to v2 does."""
    return _EDITION.sub("", key(url))


def _stems(text: str) -> list[str]:
    """Stems of content words; two letters count only in capitals (AI, UN)."""
    short = {word.lower() for word in re.findall(r"\b[A-Z]{2,3}\b", text)}
    found = fold(text).split()
    return [word[:STEM] for word in found if (len(word) > 3 and word not in _FUNCTION_WORDS) or word in short]


def _numbers(text: str) -> list[str]:
    return [word for word in fold(text).split() if _NUMBER.fullmatch(word) and not _YEAR.fullmatch(word)]


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
    if not enough or language not in (None, "en") or not (sitemap or _is_english(told)):
        return Focus(relation="about", reason="the listing says too little to tell")
    theme = set(terms.theme)
    shared = dict.fromkeys(word for word in told if word[:STEM] in theme)
    if shared:
        return Focus(relation="about", reason=f"listed with {', '.join(shared)}")
    where = "title and address" if sitemap else "title and summary"
    return Focus(relation="off", reason=f"{where} share no word with the study: {' '.join(title)[:100]}")


def _is_english(told: list[str]) -> bool:
    return sum(word in _FUNCTION_WORDS for word in told) >= ENGLISH_SHARE * len(told)


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
            present[word] = not word.isascii() or plain.encode() in data
        return present[word]

    def mostly(parts: Iterable[str]) -> bool:
        known = list(parts)
        return len(known) >= 4 and sum(map(has, known)) >= CLAIM_SHARE * len(known)

    phrases = [*terms.names, *(name for names in terms.speakers for name in names)]
    return (
        any(all(has(word) for word in phrase.split()) for phrase in phrases)
        or any(mark.encode() in data for mark in (*terms.ids, *terms.addresses))
        or any(mostly(word for word in quote.split() if len(word) > 3) for quote in terms.quotes)
        or any(mostly(claim) for claim in terms.claims)
    )


# --- what the page says ------------------------------------------------------------------------------


def judge(page: Page, terms: Terms) -> Focus:
    """Whether a page is on the study, names it, or neither."""
    signs = _signs(page, terms)
    strong = bool(signs.in_title) or signs.namings >= 2 or signs.whole_quotes > 0
    kinds = (signs.namings > 0, bool(signs.links), bool(signs.speakers), signs.claims > 0, signs.quotes > 0)
    same_finding = bool(signs.speakers) and signs.numbers > 0 and signs.theme >= THEME_WORDS
    if strong or same_finding or sum(kinds) >= 2:
        relation: Relation = "about"
    elif signs.namings or signs.links or signs.claims >= 2 or (signs.speakers and signs.theme >= THEME_WORDS):
        relation = "mention"
    else:
        relation = "off"
    return Focus(relation=relation, reason=_in_words(signs, terms))


def _signs(page: Page, terms: Terms) -> _Signs:
    title = f" {fold(page.title + ' ' + page.description)} "
    paragraphs = [fold(block) for block in page.blocks]
    text = f" {' '.join(paragraphs)} "
    hrefs = [link.href for link in page.links if link.inside]
    linked = {_address(url) for url in (canonical(href, page.base) for href in hrefs if _may_be(href, terms)) if url}
    marks = {mark for href in hrefs for mark in _ids(href)} | set(_ids("\n".join(page.blocks)))
    return _Signs(
        in_title=tuple(name for name in terms.names if f" {name} " in title),
        namings=_count(terms.names, text),
        links=tuple(a for a in terms.addresses if a in linked) + tuple(i for i in terms.ids if i in marks),
        speakers=tuple(
            names[0]
            for names in terms.speakers
            if names and any(f" {name} " in text or f" {name} " in title for name in names)
        ),
        quotes=sum(_prints(quote, text, QUOTE_RUN) for quote in terms.quotes),
        whole_quotes=sum(_prints(quote, text, WHOLE_RUN) for quote in terms.quotes),
        claims=_stated(terms, paragraphs),
        numbers=sum(f" {number} " in text for number in terms.numbers),
        theme=len(_own_theme(terms).intersection(word[:STEM] for word in text.split())),
    )


def _own_theme(terms: Terms) -> set[str]:
    """The theme without the speakers' names."""
    return set(terms.theme) - {word[:STEM] for names in terms.speakers for name in names for word in name.split()}


def _count(names: tuple[str, ...], text: str) -> int:
    """Places where any name stands; a name inside a longer one at the same place counts once."""
    wide = text.replace(" ", "  ")  # so that two names in a row do not share the space between them
    total = 0
    for name in sorted(names, key=len, reverse=True):
        spaced = f" {name.replace(' ', '  ')} "
        found = wide.count(spaced)
        total += found
        if found:
            wide = wide.replace(spaced, " | ")
    return total


def _prints(quote: str, text: str, length: int) -> bool:
    """Whether a telling run of so many words of the quote stands in the text, or all of a quote nearly as long."""
    parts = quote.split()
    size = min(length, len(parts))
    if size < length * 2 / 3:
        return False
    runs = (parts[start : start + size] for start in range(len(parts) - size + 1))
    return any(f" {' '.join(run)} " in text for run in runs if _tells(run))


def _tells(run: list[str]) -> bool:
    return sum(len(word) > 3 and word not in _FUNCTION_WORDS for word in run) >= RUN_CONTENT


def _stated(terms: Terms, paragraphs: Iterable[str]) -> int:
    """Claims of which one folded paragraph holds most content words."""
    claims = {claim for claim in terms.claims if len(claim) >= 5}
    stated: set[tuple[str, ...]] = set()
    for paragraph in paragraphs if claims else ():
        stems = {word[:STEM] for word in paragraph.split()}
        stated |= {claim for claim in claims if len(stems.intersection(claim)) >= CLAIM_SHARE * len(claim)}
    return len(stated)


def _in_words(signs: _Signs, terms: Terms) -> str:
    parts = []
    if signs.in_title:
        parts.append(f"title names “{signs.in_title[0]}”")
    parts.append(f"{signs.namings} namings of the study")
    if signs.links:
        parts.append(f"points to {signs.links[0]}")
    if signs.quotes:
        parts.append(f"prints {signs.quotes} of {len(terms.quotes)} reference quotes")
    if signs.claims:
        parts.append(f"states {signs.claims} of {len(terms.claims)} claims")
    if signs.speakers:
        parts.append(f"{signs.numbers} of its numbers, {signs.theme} of its words")
    named = f" ({', '.join(signs.speakers[:3])})" if signs.speakers else ""
    parts.append(f"{len(signs.speakers)} of {len(terms.speakers)} speakers{named}")
    return "; ".join(parts)


# --- links -------------------------------------------------------------------------------------------


def _may_be(href: str, terms: Terms) -> bool:
    """Whether the last part of a document's address stands in a link as written: spares making it canonical."""
    return any(address.rsplit("/", 1)[-1] in href for address in terms.addresses)


def is_document(url: str, terms: Terms) -> bool:
    """Whether an address is one of the study's documents, in any edition."""
    return _address(url) in terms.addresses or any(found in terms.ids for found in _ids(url))


def names_study(text: str, terms: Terms) -> bool:
    """Whether a link's words or address name the study or one of its speakers."""
    folded = f" {fold(text)} "
    names = (*terms.names, *(name for names in terms.speakers for name in names))
    return any(f" {name} " in folded for name in names)
