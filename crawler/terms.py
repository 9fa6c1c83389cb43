"""What a study is recognised by: names, speakers, quotes, claims, numbers, addresses. Pure.

All of it comes from claims.yaml; what is compared with it is folded the same way.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

import attrs

from crawler.addresses import key
from kb.claims import Study
from kb.text import unicode_form, words

STEM = 5
"""Letters of a word that are compared, so that `protect`, `protects` and `protecting` are one theme."""

_ARXIV = re.compile(r"([0-9](?<![0-9.].)[0-9]{3}\.[0-9]{5})(?:v[0-9]+)?(?![0-9.]*[0-9])")
"""Begins with a plain set of characters, so that `re` passes over the rest of a text six times as fast."""
_DOI = re.compile(r"10\.\d{4,9}/[\w.()/:;-]{2,100}")
_POSSESSIVE = re.compile(r"'s?(?=\s|$)")
_COMBINING = re.compile(r"[\u0300-\u036f]")
_NUMBER = re.compile(r"\d[\d.,]*\d")
_YEAR = re.compile(r"(?:19|20)\d\d")
_EDITION = re.compile(r"v\d+$")
_THOUSANDS = re.compile(r"(?<=\d)[.,](?=\d{3}(?!\d))")
_POINTED = re.compile(r"[0-9](?<!\S.)[^\s.,]*[.,]\S*")
_NUMERALS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_UP_TO_19 = {word: number for number, word in enumerate(_NUMERALS.split(), start=1)}
_UNITS = {word: number for word, number in _UP_TO_19.items() if number < 10}
_TEENS = {word: number for word, number in _UP_TO_19.items() if number >= 10}
_DECADES = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * number for number, word in enumerate(_DECADES.split(), start=2)}
_NUMERAL_WORDS = frozenset({*_TENS, *_TEENS})
_PER_CENT = re.compile(r"\bper cent\b")
_SPELT = re.compile(rf"(?<!\S)(?:({'|'.join(_TENS)})(?: ({'|'.join(_UNITS)}))?|({'|'.join(_TEENS)}))(?!\S)")
FUNCTION_WORDS = frozenset(
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
    spelt: tuple[str, ...]
    """Names as written, where capitals beyond the first letter show a name: `Glass Echo`, `TIDEMARK`."""
    speakers: tuple[tuple[str, ...], ...]
    """Full names of each speaker."""
    affiliations: tuple[str, ...]
    """Where the speakers work."""
    quotes: tuple[str, ...]
    claims: tuple[tuple[str, ...], ...]
    """Stems of each claim's content words, without doubles."""
    ids: tuple[str, ...]
    """arXiv numbers and DOIs of the documents, lower-case."""
    addresses: tuple[str, ...]
    """Keys of the documents' addresses."""
    numbers: tuple[str, ...]
    """Numbers of two digits and more that the claims state and expect, as folded words; years are none."""
    theme: tuple[str, ...]
    """Stems of the content words of titles, claims and names; not of quotes, for people talk in everyday words."""
    accented: tuple[str, ...]
    """Folded words that the study writes with letters beyond ASCII: their bytes in a page are not known."""

    @cached_property
    def phrases(self) -> tuple[str, ...]:
        """Names of the study and of its speakers."""
        return (*self.names, *(name for names in self.speakers for name in names))

    @cached_property
    def own_theme(self) -> frozenset[str]:
        """The theme without the speakers' names."""
        return frozenset(self.theme) - stems_of(name for names in self.speakers for name in names)


def fold(text: str) -> str:
    """Words as they are compared: no case, accents, marks or possessive; numbers from ten in one spelling, % as a word.

    >>> fold("Peer-Preservation: Zoë’s view"), fold("4,1 % von 11.240"), fold("Forty-one districts")
    ('peer preservation zoe view', '4.1 percent von 11240', '41 districts')
    """
    return fold_all([text])[0]


def fold_all(texts: Sequence[str]) -> list[str]:
    """Each text folded. All at once, since each step costs more to begin than to do for a paragraph."""
    if not texts:
        return []
    joined = "\n".join(text.replace("\n", " ") for text in texts)
    if not joined.isascii():
        joined = _COMBINING.sub("", unicode_form("NFKD", joined))
    folded = "\n".join([" ".join(words(line)) for line in joined.replace("%", " percent ").split("\n")])
    folded = _POINTED.sub(_number, _POSSESSIVE.sub("", folded))
    if "per cent" in folded:
        folded = _PER_CENT.sub("percent", folded)
    if not _NUMERAL_WORDS.isdisjoint(folded.split()):
        folded = _SPELT.sub(_in_digits, folded)
    return folded.split("\n")


def _in_digits(found: re.Match[str]) -> str:
    tens, units, teens = found.groups()
    return str(_TEENS[teens] if teens else _TENS[tens] + _UNITS.get(units, 0))


def _number(found: re.Match[str]) -> str:
    return _THOUSANDS.sub("", found[0]).replace(",", ".")


def names_of(study: Study) -> list[str]:
    """What the study and its speakers are called, as written, where that can be told from other words."""
    titled = [name for name in (*_titles(study), *_heads(study)) if is_name(name)]
    return [*titled, *(name for s in study.speakers for name in (s.name, *s.aliases) if " " in name.strip())]


def _titles(study: Study) -> list[str]:
    return [study.title, *study.aliases, *(document.title for document in study.documents)]


def _heads(study: Study) -> list[str]:
    return [title.split(":")[0] for title in _titles(study) if ":" in title]


def terms_of(study: Study) -> Terms:
    """The signs of a study, from claims.yaml alone."""
    titles, heads = _titles(study), _heads(study)
    addresses = [document.url for document in study.documents]
    spoken = [[speaker.name, *speaker.aliases] for speaker in study.speakers]
    stated = [*titles, *(claim.text for claim in study.claims), *(name for names in spoken for name in names)]
    quoted = [quote.text for quote in study.quotes]
    return Terms(
        names=_unique(fold(name) for name in [*titles, *heads] if is_name(name)),
        spelt=_unique(" ".join(name.split()) for name in [*titles, *heads] if is_name(name) and _has_capitals(name)),
        speakers=tuple(_unique(fold(name) for name in names if " " in name.strip()) for names in spoken),
        affiliations=_unique(fold(s.affiliation) for s in study.speakers if s.affiliation and is_name(s.affiliation)),
        quotes=_unique(map(fold, quoted)),
        claims=tuple(
            _unique([*_stems(claim.text), *(number[:STEM] for number in _numbers(claim.text))])
            for claim in study.claims
        ),
        ids=_unique(found for address in addresses for found in ids_in(address)),
        addresses=_unique(address_key(address) for address in addresses),
        numbers=_unique(
            number
            for claim in study.claims
            for text in (claim.text, *(f"{expected.value:g}" for expected in claim.expect if expected.value < 1e6))
            for number in _numbers(text)
        ),
        theme=_unique(stem for text in stated for stem in _stems(text)),
        accented=_unique(fold(word) for text in [*stated, *quoted] for word in text.split() if not word.isascii()),
    )


def is_name(name: str) -> bool:
    """Two content words, or one word that no text has by chance: with a capital inside, a digit or a hyphen."""
    parts = name.split()
    if len(parts) == 1:
        return bool(re.search(r"[\d_-]|\w[^\W\da-z]", parts[0])) or len(parts[0]) >= 9
    return len([word for word in fold(name).split() if word not in FUNCTION_WORDS]) >= 2


def _has_capitals(name: str) -> bool:
    return any(letter.isupper() for letter in name.strip()[1:])


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def ids_in(text: str) -> list[str]:
    lowered = text.lower()
    return [*_ARXIV.findall(lowered), *(doi.rstrip(".;:)/") for doi in _DOI.findall(lowered))]


def address_key(url: str) -> str:
    """An address without the edition of the document: a link to v1 points to the study as one to v2 does."""
    return _EDITION.sub("", key(url))


def stems_of(phrases: Iterable[str]) -> set[str]:
    """Stems of all words of folded phrases."""
    return {word[:STEM] for phrase in phrases for word in phrase.split()}


def _stems(text: str) -> list[str]:
    """Stems of content words; two letters count only in capitals (AI, UN)."""
    short = {word.lower() for word in re.findall(r"\b[A-Z]{2,3}\b", text)}
    found = fold(text).split()
    return [word[:STEM] for word in found if (len(word) > 3 and word not in FUNCTION_WORDS) or word in short]


def _numbers(text: str) -> list[str]:
    return [word for word in fold(text).split() if _NUMBER.fullmatch(word) and not _YEAR.fullmatch(word)]


# --- links ---


def may_be_document(href: str, terms: Terms) -> bool:
    """Whether a link as written may lead to a document: spares making every link canonical."""
    return any(mark in href for mark in (*(address.rsplit("/", 1)[-1] for address in terms.addresses), *terms.ids))


def names_in(text: str, names: Iterable[str]) -> list[str]:
    """Those of the folded names that stand in the folded text."""
    framed = f" {text} "
    return [name for name in names if f" {name} " in framed]


def is_document(url: str, terms: Terms) -> bool:
    """Whether an address is one of the study's documents, in any edition."""
    return address_key(url) in terms.addresses or any(found in terms.ids for found in ids_in(url))


def names_study(text: str, terms: Terms) -> bool:
    """Whether a link's words or address name the study or one of its speakers."""
    return bool(names_in(fold(text), terms.phrases))
