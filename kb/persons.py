"""Persons and organisations that a text names, each with all places of its name."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import attrs
from rapidfuzz import fuzz

from kb import cues
from kb.given_names import MEN, WOMEN
from kb.lexicon import listed
from kb.names import TITLES, credible, loud_lines, name_runs, name_words

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout

Sex = Literal["m", "f", "n", ""]
"""`n` for organisations."""

_MALE = listed(
    """mr mr. sir lord king prince pope father brother husband son man boy spokesman chairman congressman businessman
    actor uncle grandfather waiter gentleman assemblyman councilman alderman policeman salesman frontman"""
)
_FEMALE = listed(
    """mrs mrs. ms ms. miss madam dame lady queen princess mother sister wife daughter woman girl spokeswoman
    chairwoman congresswoman businesswoman actress aunt grandmother waitress assemblywoman councilwoman
    policewoman saleswoman"""
)
_FADE = 0.4
"""Share of a mention's weight that is left a sentence later: the subject just named goes before one often named.
Set by reading 45 resolved pronouns, not fitted."""


@attrs.define(eq=False)
class Person:
    """Somebody whom the text names. Grows while the text is read."""

    words: list[str]
    """The fullest name so far, titles left out."""
    first: int
    """Token position of the first mention."""
    sex: Sex = ""
    hints: Counter[str] = attrs.field(factory=Counter)
    places: list[tuple[int, int]] = attrs.field(factory=list)
    """Token ranges of the mentions by name, in order."""
    told: list[tuple[int, int]] = attrs.field(factory=list)
    """Those of the places that stand in running text, not in a headline."""
    described: set[str] = attrs.field(factory=set)
    """Lower-case nouns that the text calls the person by."""
    acts: bool = True
    """Does, says or is something in the text as people and bodies do: no mere place, product or thing."""
    system: bool = False
    """A program, which is no company."""
    weight: float = 0.0
    seen: int = -1
    """Sentence in which the weight was last set."""

    @property
    def name(self) -> str:
        return " ".join(self.words)

    def salience(self, sentence: int) -> float:
        return float(self.weight * _FADE ** (sentence - self.seen)) if self.seen >= 0 else 0.0


def last_before(person: Person, position: int) -> int:
    """Where a person was last named before a position; -1 for nowhere."""
    before = bisect_left(person.places, (position, 0))
    return person.places[before - 1][0] if before else -1


def named(layout: "Layout", taken: Sequence[tuple[int, int]] = ()) -> tuple[list[Person], dict[int, Person]]:
    """Persons by their names: full ones first, then surnames and given names joined to them.

    Runs of tokens that are `taken` name something else, and so does the first word of such a run elsewhere.
    """
    loud = loud_lines(layout)
    held = {position for start, end in taken for position in range(start, end)}
    others = {layout.tokens[start].text for start, _ in taken}
    runs = [
        (start, end)
        for start, end in credible(layout, name_runs(layout), loud)
        if start not in held and not (end - start == 1 and layout.tokens[start].text in others)
    ]
    full: dict[str, list[Person]] = {}
    persons: list[Person] = []
    meant: dict[int, Person] = {}
    single = {run for run in runs if len(name_words(layout, *run)) == 1}
    for start, end in runs:
        if (start, end) not in single:
            _place(layout, _full_person(layout, start, end, full, persons), start, end, meant)
    for start, end in runs:
        if (start, end) in single:
            person = _single_person(layout, start, name_words(layout, start, end)[0], full, persons)
            if person is not None:
                _complete(layout, person, start)
                _place(layout, person, start, end, meant)
    persons.sort(key=lambda person: person.first)
    _spread(layout, full, meant)
    for person in persons:
        person.told = [place for place in person.places if layout.line[place[0]] not in loud]
    return persons, meant


def contradicts(layout: "Layout", person: Person, start: int) -> bool:
    """Whether the title before a name is for the other sex: a spouse of that surname is meant."""
    return at_odds(person.sex, sex_of(layout.tokens[start - 1].lower_) if start else "")


def at_odds(one: Sex, other: Sex) -> bool:
    """Whether both are known and differ; organisations (`n`) are at odds with nobody."""
    return {one, other} == {"m", "f"}


def _place(layout: "Layout", person: Person, start: int, end: int, meant: dict[int, Person]) -> None:
    insort(person.places, (start, end))
    person.first = min(person.first, start)
    for position in range(start, end):
        meant[position] = person


def _full_person(
    layout: "Layout", start: int, end: int, full: dict[str, list[Person]], persons: list[Person]
) -> Person:
    words = name_words(layout, start, end)
    known = full.setdefault(words[-1].lower(), [])
    for person in known:
        if person.words[0].lower() == words[0].lower() or _initial(person.words[0], words[0]):
            if len(words) > len(person.words):
                person.words = words
            return person
    person = Person(words, start)
    known.append(person)
    persons.append(person)
    return person


def _initial(one: str, other: str) -> bool:
    return one[:1] == other[:1] and (len(one.rstrip(".")) == 1 or len(other.rstrip(".")) == 1)


def _single_person(
    layout: "Layout", start: int, word: str, full: dict[str, list[Person]], persons: list[Person]
) -> Person | None:
    """The bearer of a surname or given name; the one named last before it where several share it."""
    known = full.get(word.lower(), [])
    if not known:
        known = [person for person in persons if person.words[0].lower() == word.lower()]
    if not known:
        known = _misspelt(word, persons)
    if not known:
        if not word[:1].isupper():
            return None
        person = Person([word], start)
        full[word.lower()] = [person]
        persons.append(person)
        return person
    return _nearest(layout, known, start)


def _complete(layout: "Layout", person: Person, start: int) -> None:
    """The given name that the model left out before a surname: `Ewan | Balmore`."""
    given = layout.tokens[start - 1] if start else None
    if given is None or len(person.words) > 1 or given.pos_ != "PROPN" or given.dep_ != "compound":
        return
    free = given.ent_type_ in ("", "PERSON") and given.lower_ not in TITLES and given.is_title
    if free and given.head.i == start:
        person.words = [given.text, *person.words]


def _misspelt(word: str, persons: list[Person]) -> list[Person]:
    """The one person whose surname differs by a slip of the pen; nobody where two might be meant."""
    if len(word) < 5:
        return []
    near = [
        person
        for person in persons[:MANY]
        if len(person.words) > 1
        and person.words[-1][:1] == word[:1]
        and fuzz.ratio(person.words[-1].lower(), word.lower()) >= ALIKE
    ]
    return near if len(near) == 1 else []


ALIKE = 84
"""Likeness of two surnames (0..100) from which on one may be a slip for the other: a letter or two."""
MANY = 200
"""Persons of a text among which slips are looked for; longer lists are directories, not articles."""


def _nearest(layout: "Layout", known: list[Person], position: int) -> Person:
    if len(known) > 1:
        before = layout.tokens[position - 1].lower_ if position else ""
        sex = sex_of(before)
        fitting = [person for person in known if sex and (person.sex or _given(person)) == sex]
        known = fitting or known
    earlier = [person for person in known if person.first < position]
    return max(earlier, key=lambda person: last_before(person, position)) if earlier else known[0]


def _spread(layout: "Layout", full: dict[str, list[Person]], meant: dict[int, Person]) -> None:
    """Surnames that the name finder missed or took for something else."""
    for token in layout.tokens:
        if token.i in meant or token.pos_ != "PROPN" or token.lower_ not in full:
            continue
        if token.ent_type_ in ("ORG", "GPE", "FAC", "WORK_OF_ART", "LAW") and token.dep_ == "compound":
            continue
        person = _nearest(layout, full[token.lower_], token.i)
        _place(layout, person, token.i, token.i + 1, meant)


def sex_of(word: str) -> Sex:
    """The sex that a title or noun tells, in lower case: `mrs.`, `spokesman`."""
    return "m" if word in _MALE else "f" if word in _FEMALE else ""


def _given(person: Person) -> Sex:
    first = person.words[0].lower()
    if len(person.words) < 2:
        return ""
    return "m" if first in MEN else "f" if first in WOMEN else ""


def describe(layout: "Layout", person: Person) -> None:
    """Nouns before and after the name: titles, apposition, `Roe is a biologist`."""
    tokens = layout.tokens
    hints: Counter[str] = Counter()
    for start, end in person.places:
        for position in range(max(0, start - 6), start):
            token = tokens[position]
            if token.dep_ in ("compound", "amod", "nmod", "poss", "appos", "det") or position == start - 1:
                person.described |= {token.lower_, token.lemma_.lower()}
                hints[sex_of(token.lower_)] += 1 if position >= start - 2 else 0
        head = tokens[end - 1]
        for noun in _predicates(head):
            for word in noun.subtree:
                if word.i - noun.i > 12:
                    break
                person.described |= {word.lower_, word.lemma_.lower()}
            hints[sex_of(noun.lower_)] += 1
    del hints[""]
    person.hints = hints
    person.sex = "m" if hints["m"] > hints["f"] else "f" if hints["f"] > hints["m"] else _given(person)


def acts(layout: "Layout", person: Person) -> bool:
    """Whether a name is somebody's and not that of a place or thing: by what stands around it."""
    if person.hints or (len(person.words) > 1 and person.words[0].lower() in MEN | WOMEN):
        return True
    tokens = layout.tokens
    located = 0
    for start, end in person.places:
        before = tokens[start - 1].lower_ if start else ""
        heads = [token.head for token in tokens[start:end] if token.dep_ in ("nsubj", "nsubjpass")]
        if before in TITLES - _ARTICLES or any(head.lemma_.lower() in _HUMAN for head in heads):
            return True
        located += before in _LOCATIVE
    return len(person.words) > 1 and located * 2 < len(person.places)


_LOCATIVE = frozenset(["in", "at", "on", "near", "from", "to", "around", "across", "outside", "off", "the"])
_HUMAN = cues.SAYING | cues.THINKING | cues.INTENDING
_ARTICLES = frozenset(["the", "former", "vice", "chief", "deputy"])


def _predicates(head: "Token") -> list["Token"]:
    """Nouns in apposition to a name or said of it: `Roe, a biologist`, `Roe is a biologist`."""
    found = [child for child in head.children if child.dep_ == "appos"]
    if head.dep_ == "appos":
        found.append(head.head)
    if head.dep_ == "nsubj" and head.head.lemma_ == "be":
        found += [child for child in head.head.children if child.dep_ == "attr"]
    return found
