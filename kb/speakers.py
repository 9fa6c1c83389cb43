"""Speaker names across articles -> one speaker, whatever the spelling.

Exact names and aliases first, then a surname that only one speaker has, then slips of the pen. A name that
fits two speakers fits none: naming the wrong person is worse than naming nobody.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import attrs
from rapidfuzz import fuzz

from kb.claims import Speaker
from kb.names import TITLES

How = Literal["exact", "alias", "surname", "misspelt"]

ALIKE = 84
"""Likeness of two names (0..100) from which on one may be a slip for the other: a letter or two."""

_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*[\w])?")
_BRACKET = re.compile(r"\(([^()]{2,12})\)")


@attrs.frozen(kw_only=True)
class Match:
    """The speaker of the study that a name stands for."""

    speaker: Speaker
    how: How
    likeness: float
    """0..1; 1 for all but misspelt names."""


def name_words(name: str) -> tuple[str, ...]:
    """Case-folded words without accents and titles.

    >>> name_words("Prof. José O'Neill")
    ('jose', "o'neill")
    """
    plain = unicodedata.normalize("NFKD", name).replace("’", "'")
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    found = [word.casefold() for word in _WORD.findall(_BRACKET.sub(" ", plain))]
    if found[-1:] == ["s"] or (found and found[-1].endswith("'s")):
        found[-1] = found[-1][:-2]
    return tuple(word for word in found if word and (len(found) == 1 or word not in TITLES))


def match(name: str, speakers: Sequence[Speaker]) -> Match | None:
    """The one speaker that a name means; None where none or several fit."""
    words = name_words(name)
    if not words:
        return None
    steps: tuple[tuple[How, Iterable[Speaker]], ...] = (
        ("exact", (s for s in speakers if _same(words, name_words(s.name)))),
        ("alias", (s for s in speakers if any(words == name_words(alias) for alias in s.aliases))),
        ("surname", (s for s in speakers if len(words) == 1 and words[-1:] == name_words(s.name)[-1:])),
    )
    for how, fitting in steps:
        found = list(fitting)
        if found:
            return Match(speaker=found[0], how=how, likeness=1.0) if len(found) == 1 else None
    return _misspelt(words, speakers)


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Equal names, middle names and initials aside."""
    if one == other:
        return True
    return min(len(one), len(other)) > 1 and one[-1] == other[-1] and _given(one[0], other[0])


def _given(one: str, other: str) -> bool:
    return one == other or (one[0] == other[0] and min(len(one), len(other)) == 1)


def _misspelt(words: tuple[str, ...], speakers: Sequence[Speaker]) -> Match | None:
    scored = [(_likeness(words, name_words(known)), s) for s in speakers for known in (s.name, *s.aliases)]
    best: dict[str, tuple[float, Speaker]] = {}
    for likeness, speaker in scored:
        if likeness >= ALIKE and likeness > best.get(speaker.slug, (0.0, speaker))[0]:
            best[speaker.slug] = (likeness, speaker)
    if len(best) != 1:
        return None
    likeness, speaker = next(iter(best.values()))
    return Match(speaker=speaker, how="misspelt", likeness=likeness / 100)


def _likeness(words: tuple[str, ...], known: tuple[str, ...]) -> float:
    """How alike two names are; 0 where the surnames begin differently or a given name contradicts."""
    if not known or len(words[-1]) < 4 or words[-1][0] != known[-1][0]:
        return 0.0
    surname = fuzz.ratio(words[-1], known[-1])
    if len(words) == 1 or len(known) == 1:
        return surname
    if words[0][0] != known[0][0]:
        return 0.0
    return min(surname, 100.0 if _given(words[0], known[0]) else fuzz.ratio(words[0], known[0]))


def groups(
    names: Iterable[str], *, merged: Collection[frozenset[str]] = (), split: Collection[frozenset[str]] = ()
) -> tuple[tuple[str, ...], ...]:
    """Names of a whole coverage, those of one person together; the fullest name comes first.

    `merged` and `split` are pairs that a person has judged; they go before any likeness. A surname joins
    the full name that alone has it.
    """
    ordered = sorted(set(names), key=lambda name: (-len(name_words(name)), name))
    found: list[list[str]] = []
    for name in ordered:
        fitting = [group for group in found if _belongs(name, group, merged, split)]
        judged = [group for group in fitting if any(frozenset((name, known)) in merged for known in group)]
        if len(judged or fitting) == 1:
            (judged or fitting)[0].append(name)
        else:
            found.append([name])
    return tuple(tuple(group) for group in found)


def _belongs(
    name: str, group: list[str], merged: Collection[frozenset[str]], split: Collection[frozenset[str]]
) -> bool:
    if any(frozenset((name, known)) in split for known in group):
        return False
    if any(frozenset((name, known)) in merged for known in group):
        return True
    return any(_one_person(name, known) for known in group)


def _one_person(name: str, known: str) -> bool:
    words, other = name_words(name), name_words(known)
    if not words or not other:
        return name == known
    if _same(words, other) or (len(words) == 1 and words[-1] == other[-1]):
        return True
    return len(words) > 1 and len(other) > 1 and _likeness(words, other) >= ALIKE
