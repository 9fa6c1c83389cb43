"""Names of people out of bylines: `By Jane Roe and John Doe, Staff Writers` -> Jane Roe, John Doe."""

import re
from collections.abc import Iterable, Sequence
from html import unescape

from kb.given_names import GIVEN_NAMES
from kb.text import normalise

_LEAD = re.compile(
    r"^(?:(?:story|words?|text|article|report|written|reported|posted|published|edited|created|reviewed|analysis|"
    r"opinion|"
    r"interview|guest post|contributed|view all posts|all posts|more)\s)?(?:by|von|par|por|di|da|door|av|"
    r"af)\b\s*:?(?:\s+|$)|"
    r"^(?:authors?|autor(?:en|in|es)?|auteurs?|byline|words|text)\s*:\s*",
    re.I,
)
_SPLIT = re.compile(r"\s?[;|/•·\n\t]\s*|\s(?:and|und|et|y|e|og|och|en|with|&)\s(?=[\"“‘]?[^\W\d_a-z])|\s&\s")
_COMMA = re.compile(r"\s?,(?:\s+|(?=[A-Z])|$)")
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?)*[^\W\d_]\.?")
_TAIL = re.compile(
    r"\s(?:[-–—]\s.*|(?:for|of|at|in|from|via|on|is|was|has|reports?|reporting|updated|published|posted)\s.*)$", re.S
)
_BRACKETS = re.compile(r"\s?[(\[{][^()\[\]{}]{0,80}[)\]}]")
_ADDRESS = re.compile(r"https?:|www\.|@|\.(?:com|org|net|co|edu|gov|info|io)\b|[<>{}\\=_#%$]", re.I)
_ROLE = frozenset({
    "writer", "writers", "editor", "editors", "reporter", "reporters", "correspondent", "correspondents", "columnist",
    "contributor", "contributors", "staff", "journalist", "journalists", "producer", "producers", "photographer",
    "photographers", "author", "authors", "editorial", "newsroom", "desk", "team", "news", "agency", "agencies",
    "bureau", "chief", "senior", "junior", "associate", "assistant", "deputy", "managing", "executive", "freelance",
    "special", "guest", "director", "manager", "professor", "fellow", "analyst", "critic", "host", "anchor", "intern",
    "admin", "administrator", "webmaster", "press", "newspaper", "magazine", "media", "network", "report", "reports",
    "reporting", "redaktion", "redaction", "rédaction", "redacción", "redazione", "redactie", "redaksjonen",
    "redakteur", "redakteurin", "journaliste", "wire", "services", "service", "online", "digital", "web", "content",
    "publisher", "department", "office", "university", "college", "institute", "company", "inc", "llc", "ltd", "gmbh",
    "corp", "anonymous", "unknown", "none", "null", "undefined", "updated", "published", "https", "http", "read",
    "more", "follow", "contact", "about", "share", "print", "email", "subscribe", "twitter", "facebook", "instagram",
    "linkedin", "today", "yesterday", "views", "comments", "minutes", "min", "ago", "am", "pm", "et",
})  # fmt: skip
"""Words that stand in job titles, desks and page furniture; a part that holds one of them is no person's name."""
_DAYS = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]{0,6}\.?\s\d|\b(?:mon|tues|wednes|thurs|fri|"
    r"satur|sun)day\b",
    re.I,
)
_DEGREES = frozenset({
    "phd", "md", "ms", "ma", "msc", "mph", "mba", "jd", "do", "rn", "rd", "rdn", "ld", "ldn", "cpa", "cfp", "cscs",
    "cpt", "dds", "dvm", "psyd", "edd", "esq", "np", "pa", "lcsw",
})  # fmt: skip
_EMPTY = frozenset({
    "admin", "administrator", "webmaster", "unknown", "none", "null", "undefined", "anonymous", "author", "editor",
    "guest", "staff", "user", "root",
})  # fmt: skip
_PARTICLE = frozenset({
    "de", "da", "do", "dos", "del", "della", "di", "du", "des", "la", "le", "van", "von", "der", "den", "ter", "ten",
    "zu", "zum", "bin", "ibn", "al", "el", "y", "e", "i", "af",
})  # fmt: skip


def clean_bylines(raws: Sequence[str], site_names: Iterable[str] = ()) -> tuple[str, ...]:
    """The persons that a page's raw author strings name, in order, each once; failing them the agency or desk.

    Job titles, degrees and addresses are left out, the outlet's own name unless nothing else is named; a name that is
    part of a fuller one goes.

    >>> clean_bylines(["By Jane Roe and John Doe, Staff Writers"])
    ('Jane Roe', 'John Doe')
    >>> clean_bylines(["Reuters"])
    ('Reuters',)
    >>> clean_bylines(["Oyelaran, Marit K."]), clean_bylines(["Marit Oyelaran, Jan Vos"])
    (('Marit K. Oyelaran',), ('Marit Oyelaran', 'Jan Vos'))
    """
    sites = {_key(name) for name in site_names} | {""}
    parts = [part for raw in raws for part in _parts(raw) if _key(part) not in sites]
    outlet = [part for raw in raws for part in _parts(raw) if _key(part) in sites and _key(part)]
    desks = [part for part in [*parts, *outlet] if _is_desk(part)]
    persons = [part for part in parts if is_person(part)]
    # Single words in a row are sections or tags; one alone may be a pen name.
    chosen = persons if any(" " in part for part in persons) else [*persons, *desks][:1]
    found: dict[str, str] = {}
    for name in chosen:
        found.setdefault(_key(name), name)
    names = list(found.values())
    return tuple(name for name in names if not any(_within(name, other) for other in names))


def names_person(names: Iterable[str], site_names: Iterable[str]) -> bool:
    """Whether cleaned bylines hold a person, not only a desk or the outlet itself."""
    sites = {_key(name) for name in site_names}
    return any(is_person(name) and _key(name) not in sites for name in names)


def _parts(raw: str) -> list[str]:
    text = "" if "://" in raw else normalise(unescape(raw))[:400]
    text = _LEAD.sub("", _BRACKETS.sub("", text)).strip()
    return [
        name
        for piece in _SPLIT.split(text)
        for name in _names([part for part in map(_part, _COMMA.split(piece)) if part])
    ]


def _names(parts: list[str]) -> list[str]:
    """What commas divide, as it stands; `Roe, Jane K.` as one name where every two parts can only be that."""
    persons = [part for part in parts if is_person(part) or _INITIALS.fullmatch(part)]
    pairs = list(zip(persons[::2], persons[1::2], strict=False))
    if not pairs or len(persons) % 2 or not all(_is_inverted(*pair) for pair in pairs):
        return parts
    others = [part for part in parts if part not in persons]
    return [*(f"{_dotted(given)} {_cased(family)}" for family, given in pairs), *others]


def _is_inverted(family: str, given: str) -> bool:
    """One surname before given names that show as such: by initials behind or alone, or as known given names."""
    surname = [word for word in family.split() if word.lower() not in _PARTICLE]
    words = given.split()
    if len(surname) != 1 or not is_person(family) or len(words) > 3:
        return False
    if _INITIALS.fullmatch(words[-1]):
        return True
    return _is_given(words[0]) and len(words) == 1 and not _is_given(surname[0])


def _is_given(word: str) -> bool:
    return all(part in GIVEN_NAMES for part in word.lower().split("-"))


def _cased(family: str) -> str:
    return family.title() if family.isupper() and len(family) > 3 else family


def _dotted(given: str) -> str:
    """With a full stop behind each initial, for a part has lost its last."""
    return " ".join(f"{word.rstrip('.')}." if _INITIALS.fullmatch(word) else word for word in given.split())


def _part(part: str) -> str:
    part = _LEAD.sub("", part.strip(" .,:;-–—*\"“”'’‘"))
    part = _TAIL.sub("", part).strip(' .,:;-–—*"“”')
    while " " in part and part.rpartition(" ")[2].replace(".", "").lower() in _DEGREES:
        part = part.rpartition(" ")[0].rstrip(" ,")
    if part.replace(".", "").lower() in _DEGREES:
        return ""
    letters = [char for char in part if char.isalpha()]
    if len(letters) > 3 and " " in part and (all(map(str.isupper, letters)) or all(map(str.islower, letters))):
        return part.title()
    return part


def is_person(name: str) -> bool:
    """Whether a string has the shape of a person's name: one to five words, no digits, no role, capitals."""
    words = name.split()
    if not 1 <= len(words) <= 5 or len(name) > 60 or len(name) < 2:
        return False
    if any(char.isdigit() for char in name) or _ADDRESS.search(name) or _DAYS.search(name):
        return False
    if any(word.strip(".,'’").lower() in _ROLE for word in words):
        return False
    return all(not word[0].islower() or word.lower() in _PARTICLE for word in words)


def _is_desk(name: str) -> bool:
    """Whether a string that names no person may stand as byline: `Reuters`, `Science Desk`; no address, no sentence."""
    words = name.split()
    usable = 2 <= len(name) <= 50 and len(words) <= 5 and not _ADDRESS.search(name) and not _DAYS.search(name)
    return usable and not any(char.isdigit() for char in name) and not all(word.lower() in _EMPTY for word in words)


def _key(name: str) -> str:
    return " ".join(re.findall(r"\w+", name.casefold()))


def _within(name: str, other: str) -> bool:
    """`Roe` within `Jane Roe`: whole words only."""
    return name != other and f" {_key(name)} " in f" {_key(other)} "
