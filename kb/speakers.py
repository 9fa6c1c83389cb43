"""Names of speakers: when two are one person, within a study and across a whole coverage.

A name that fits two speakers fits none: naming the wrong person is worse than naming nobody. What a person
has judged (`merged`, `split`) goes before any likeness.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

import attrs

from kb import spelling
from kb.claims import Speaker
from kb.lexicon import listed
from kb.records import Judgement
from kb.sense import slips

_NAME_WORD = re.compile(r"[^\W\d_][\w'’.-]*")
_BRACKET = re.compile(r"\([^()]{2,12}\)")
_TITLES = listed("dr mr mrs ms miss prof professor sir dame lord lady sen rep gov president")
LONE = 7
"""Letters of a surname that stands alone, from which one slip is taken for a slip and not for another name."""


@lru_cache(maxsize=65_536)
def name_words(name: str) -> tuple[str, ...]:
    """The words of a name, folded, without titles, acronyms in brackets and initials' points.

    >>> name_words("Dr. Marie-Luise O’Neil")
    ('marie-luise', "o'neil")
    """
    found = (spelling.plain(spelling.unmask(w)).strip(".-'") for w in _NAME_WORD.findall(_BRACKET.sub(" ", name)))
    return tuple(word.removesuffix("'s") for word in found if word and word not in _TITLES)


def same_name(name: str, known: str) -> bool:
    """Whether a printed name is a known one, in any order, with first names left out or cut to initials."""
    one, other = name_words(name), name_words(known)
    if not one or not other:
        return False
    if sorted(one) == sorted(other):
        return True
    if one[-1] != other[-1]:
        return False
    if len(one) == 1 or len(other) == 1:
        return True
    return _given_fit(one[0], other[0])


def _given_fit(one: str, other: str) -> bool:
    """First names agree: the same or an initial."""
    return one == other or (min(len(one), len(other)) == 1 and one[0] == other[0])


def misspells(name: str, known: str) -> bool:
    """Whether a name is another with a slip: first name right and surname nearly, or the other way round.

    A lone surname must be long to count: `Mills` is no slip of `Miller`.
    """
    one, other = name_words(name), name_words(known)
    if not one or not other or sorted(one) == sorted(other) or len(one) != len(other):
        return False
    if len(one) == 1:
        return min(len(one[0]), len(other[0])) >= LONE and 0 < slips(one[0], other[0]) <= 1
    wrong = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return len(wrong) == 1 and _near(*wrong[0])


def _near(one: str, other: str) -> bool:
    """Within two slips for long words, one for words of four or five letters."""
    shortest = min(len(one), len(other))
    if shortest < 4 or (one[0] != other[0] and one[-1] != other[-1]):
        return False
    return 0 < slips(one, other) <= (2 if shortest >= 6 else 1)


PREFIX, BETWEEN = "speakers:", " | "


def pair(one: str, other: str) -> str:
    """What a Judgement on two names is about: `confirmed` makes them one, `rejected` keeps them apart.

    A bar within a name is doubled, so that a lone one between spaces stands between the names alone.
    """
    return PREFIX + BETWEEN.join(name.replace("|", "||") for name in sorted((one, other)))


def names_of(subject: str) -> tuple[str, ...]:
    """The two names that a judgement is about; none where it is about something else."""
    if not subject.startswith(PREFIX):
        return ()
    found = tuple(name.replace("||", "|") for name in subject.removeprefix(PREFIX).split(BETWEEN))
    return found if len(found) == 2 else ()


Names = frozenset[str]


@attrs.frozen
class Judged:
    """What people have decided about names, with what follows: if A is B and B is C, then A is C."""

    merged: frozenset[Names] = frozenset()
    """Sets of names that are one speaker's; no name is in two of them."""
    split: frozenset[Names] = frozenset()
    """Pairs of names that are kept apart, as judged."""

    @classmethod
    def of(cls, standing: Mapping[str, Judgement]) -> "Judged":
        """`standing`: by subject, the judgement that stands.

        Where a merge would join what another judgement keeps apart, the names stay apart: a wrong name is
        worse than none. Of several merges that together would, the later ones give way.
        """
        decided = sorted(standing.values(), key=lambda judgement: (judgement.made_at, judgement.id))
        pairs = [(frozenset(names_of(j.subject)), j.verdict) for j in decided if names_of(j.subject)]
        split = frozenset(names for names, verdict in pairs if verdict == "rejected")
        apart = _by_member(split)
        whole: dict[str, Names] = {}
        for names, verdict in pairs:
            joined = names.union(*(whole.get(name, ()) for name in names))
            if verdict == "confirmed" and not any(apart.get(name, _NOBODY) & joined for name in joined):
                whole |= dict.fromkeys(joined, joined)
        return cls(frozenset(whole.values()), split)

    def same(self, name: str) -> Names:
        """The names that were judged to be one with this one, itself among them."""
        return self._same.get(name, frozenset([name]))

    def apart(self, name: str) -> Names:
        """The names that were judged to be somebody else's."""
        others = _NOBODY.union(*(self._apart.get(each, _NOBODY) for each in self.same(name)))
        return others.union(*(self.same(other) for other in others))

    def one(self, name: str, others: Iterable[str]) -> bool | None:
        """Whether a name was judged to be one of `others`; None where nobody has."""
        known = frozenset(others)
        if self.same(name) & known - {name}:
            return True
        return False if self.apart(name) & known else None

    @cached_property
    def _same(self) -> Mapping[str, Names]:
        return {name: names for names in self.merged for name in names}

    @cached_property
    def _apart(self) -> Mapping[str, Names]:
        return _by_member(self.split)


_NOBODY: Names = frozenset()


def _by_member(pairs: Iterable[Names]) -> dict[str, Names]:
    """By name the others of its pairs."""
    found: dict[str, Names] = {}
    for names in pairs:
        for name in names:
            found[name] = found.get(name, _NOBODY) | (names - {name})
    return found


NOTHING_JUDGED = Judged()


@attrs.frozen(kw_only=True)
class Voice:
    """One speaker across a coverage, with every spelling of the name."""

    name: str
    """The study's name for the speaker, else the fullest spelling."""
    slug: str | None
    """The study's speaker."""
    spellings: tuple[str, ...]
    """The most frequent first."""
    doubtful: tuple[str, ...]
    """Spellings that are taken for this speaker by likeness alone: for a person to look at."""


def voices(
    names: Mapping[str, int], speakers: Sequence[Speaker] = (), judged: Judged = NOTHING_JUDGED
) -> tuple[Voice, ...]:
    """The speakers behind names and their counts, most quoted first.

    A surname joins the full name that alone has it; so does a slip of the pen. Time grows with the number of
    names, not with its square: sameness is looked up, likeness held against few.
    """
    groups = _Groups(judged)
    for speaker in speakers:
        groups.start([speaker.name, *speaker.aliases], speaker.slug)
    for name in sorted(names, key=lambda name: (-len(name_words(name)), -names[name], name)):
        groups.take(name)
    found = [group.voice(names) for group in groups.all if any(name in names for name in group.names)]
    return tuple(sorted(found, key=lambda voice: (-sum(names.get(s, 0) for s in voice.spellings), voice.name)))


@attrs.define(eq=False)
class _Group:
    names: list[str]
    slug: str | None = None
    doubtful: list[str] = attrs.field(factory=list)

    def voice(self, counts: Mapping[str, int]) -> Voice:
        printed = sorted((name for name in set(self.names) if name in counts), key=lambda name: (-counts[name], name))
        return Voice(
            name=self.names[0], slug=self.slug, spellings=tuple(printed), doubtful=tuple(sorted(set(self.doubtful)))
        )


CROWD = 64
"""Spellings under one key of likeness from which likeness says nothing: too many are as near."""


class _Groups:
    """Groups of names, found by what names of one person share."""

    def __init__(self, judged: Judged) -> None:
        self.all: list[_Group] = []
        self._judged = judged
        self._by_key: dict[_Key, dict[_Group, None]] = {}
        """Under a key of `_shown_as`, all groups with a name that is the same."""
        self._alike: dict[_Key, dict[tuple[_Group, str], None]] = {}
        """Under a key of `_near_keys`, groups with one of their names; a crowd is not counted further."""
        self._by_name: dict[str, _Group] = {}

    def start(self, names: Sequence[str], slug: str | None = None) -> None:
        group = _Group([], slug)
        self.all.append(group)
        for name in names:
            self._add(group, name)

    def take(self, name: str) -> None:
        """Put a name where it belongs."""
        if name in self._by_name:
            return
        barred = self._with(self._judged.apart(name))
        same = list(self._with(self._judged.same(name) - {name})) or self._same(name, barred)
        alike = [] if same else self._misspelt(name, barred)
        fitting = same or alike
        if len(fitting) != 1:
            self.start([name])
            return
        self._add(fitting[0], name)
        if alike:
            fitting[0].doubtful.append(name)

    def _with(self, names: Iterable[str]) -> dict[_Group, None]:
        return {self._by_name[name]: None for name in sorted(names) if name in self._by_name}

    def _same(self, name: str, barred: Container[_Group]) -> list[_Group]:
        """Groups with a name that is the same, two at most: more say no more than that it fits none."""
        open_ = (g for key in _sought_as(name_words(name)) for g in self._by_key.get(key, ()) if g not in barred)
        return list(_first_two(open_))

    def _misspelt(self, name: str, barred: Container[_Group]) -> list[_Group]:
        near = [self._alike.get(key, {}) for key in _near_keys(name_words(name))]
        pairs = dict.fromkeys(each for some in near if len(some) < CROWD for each in some)
        return list({group: None for group, known in pairs if group not in barred and misspells(name, known)})

    def _add(self, group: _Group, name: str) -> None:
        group.names.append(name)
        self._by_name[name] = group
        row = name_words(name)
        for key in _shown_as(row):
            self._by_key.setdefault(key, {})[group] = None
        for key in _near_keys(row):
            some = self._alike.setdefault(key, {})
            if len(some) < CROWD:
                some[group, " ".join(row)] = None


def _first_two(groups: Iterable[_Group]) -> Iterator[_Group]:
    """Different groups, until there are two."""
    seen: set[_Group] = set()
    for group in groups:
        if group not in seen:
            seen.add(group)
            yield group
        if len(seen) == 2:
            return


_Key = tuple[str, ...]


def _shown_as(row: _Key) -> Iterator[_Key]:
    """The keys of a known name; `same_name` holds for the names whose `_sought_as` has one of them."""
    if not row:
        return
    first, last = row[0], row[-1]
    yield ("words", *sorted(row))
    yield "surname", last
    if len(row) == 1:
        yield "lone", last
    else:
        yield "given", last, first
        yield "letter", last, first[0]
        if len(first) == 1:
            yield "initial", last, first


def _sought_as(row: _Key) -> Iterator[_Key]:
    if not row:
        return
    first, last = row[0], row[-1]
    yield ("words", *sorted(row))
    if len(row) == 1:
        yield "surname", last
        return
    yield "lone", last
    yield "given", last, first
    yield ("letter", last, first) if len(first) == 1 else ("initial", last, first[0])


def _near_keys(row: _Key) -> Iterator[_Key]:
    """What a name shares with its slips: all words but one, and the first or last letters of that."""
    if len(row) == 1 and len(row[0]) >= LONE:
        yield "^", row[0][:3]
        yield "$", row[0][-3:]
    if len(row) > 1:
        for at, word in enumerate(row):
            if len(word) >= 4:
                rest = (*row[:at], "", *row[at + 1 :])
                yield (*rest, "^", word[0])
                yield (*rest, "$", word[-1])
