"""The persons of a text, and who a surname, a pronoun or `the researcher` stands for in it."""

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import attrs

from kb import cues
from kb.given_names import MEN, WOMEN

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout
    from kb.phrases import Phrase

Sex = Literal["m", "f", ""]

HE = frozenset(["he", "him", "his", "himself"])
SHE = frozenset(["she", "her", "hers", "herself"])
_MALE = frozenset(
    """mr mr. sir lord king prince pope father brother husband son man boy spokesman chairman congressman businessman
    actor uncle grandfather waiter gentleman assemblyman councilman alderman policeman salesman frontman""".split()
)
_FEMALE = frozenset(
    """mrs mrs. ms ms. miss madam dame lady queen princess mother sister wife daughter woman girl spokeswoman
    chairwoman congresswoman businesswoman actress aunt grandmother waitress assemblywoman councilwoman
    policewoman saleswoman""".split()
)
TITLES = frozenset(
    """mr mr. mrs mrs. ms ms. miss dr dr. prof prof. professor sen sen. senator rep rep. representative gov gov.
    governor president judge justice sir dame lord lady pope king queen prince princess secretary chairman
    chairwoman ceo captain capt. colonel col. general gen. lt. lieutenant sgt. sergeant major maj. rev. reverend
    father sister brother pastor bishop cardinal archbishop rabbi imam sheik sheikh attorney detective officer
    spokesman spokeswoman spokesperson minister mayor chancellor premier ambassador commissioner director
    congressman congresswoman former vice chief deputy candidate host actor actress author the""".split()
)
_SUBJECTS = frozenset(["nsubj", "nsubjpass"])
_FADE = 0.6
"""What a mention's weight loses with each sentence; set by eye, any value from .5 to .7 does as well."""


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
    """Token ranges of the mentions by name."""
    described: set[str] = attrs.field(factory=set)
    """Lower-case nouns that the text calls the person by."""
    weight: float = 0.0
    seen: int = -1
    """Sentence in which the weight was last set."""

    @property
    def name(self) -> str:
        return " ".join(self.words)

    def salience(self, sentence: int) -> float:
        return float(self.weight * _FADE ** (sentence - self.seen)) if self.seen >= 0 else 0.0


@attrs.frozen(eq=False)
class Mentions:
    """Who is meant where, for one text."""

    layout: "Layout"
    persons: list[Person]
    meant: dict[int, Person]
    """By token position, for every token of a name and every resolved pronoun."""

    @classmethod
    def of(cls, layout: "Layout") -> "Mentions":
        persons, meant = _named(layout)
        for person in persons:
            _describe(layout, person)
        mentions = cls(layout, persons, meant)
        _follow(mentions)
        return mentions

    def behind(self, phrase: "Phrase") -> Person | None:
        """The person behind a mention; None where the text names nobody for it."""
        at_head = self.meant.get(phrase.head)
        if at_head is not None:
            return at_head
        named = [self.meant[p] for p in range(phrase.start, phrase.end) if p in self.meant]
        head = self.layout.tokens[phrase.head]
        if named and head.pos_ == "PROPN":
            return named[-1]
        if head.lower_ in ("who", "that"):
            return self.meant.get(phrase.head - 1) or self.meant.get(phrase.head - 2)
        return self._described(phrase, head)

    def _described(self, phrase: "Phrase", head: "Token") -> Person | None:
        """`the researcher`, `the Stanford professor`: by what the text calls its persons."""
        lemma = head.lemma_.lower()
        words = {self.layout.tokens[p].lower_ for p in range(phrase.start, phrase.end)}
        if lemma not in cues.PEOPLE or head.tag_ in ("NNS", "NNPS") or not words & {"the", "his", "her", "this", "that"}:
            return None
        before = [person for person in self.persons if person.first < phrase.start]
        wanted = words - {"the", "this", "that", "'s", "’s"}
        fitting = [person for person in before if lemma in person.described]
        if not fitting:
            return None
        return max(fitting, key=lambda person: (len(wanted & person.described), _last_before(person, phrase.start)))


def _last_before(person: Person, position: int) -> int:
    return max((start for start, _ in person.places if start < position), default=-1)


def _named(layout: "Layout") -> tuple[list[Person], dict[int, Person]]:
    """Persons by their names: full ones first, then surnames and given names joined to them."""
    runs = [run for run in _runs(layout)]
    full: dict[str, list[Person]] = {}
    persons: list[Person] = []
    meant: dict[int, Person] = {}
    for start, end in runs:
        if end - start > 1:
            _place(layout, _full_person(layout, start, end, full, persons), start, end, meant)
    for start, end in runs:
        if end - start == 1:
            person = _single_person(layout, start, full, persons)
            if person is not None:
                _place(layout, person, start, end, meant)
    persons.sort(key=lambda person: person.first)
    _spread(layout, full, meant)
    return persons, meant


def _place(layout: "Layout", person: Person, start: int, end: int, meant: dict[int, Person]) -> None:
    person.places.append((start, end))
    person.first = min(person.first, start)
    for position in range(start, end):
        meant[position] = person


def _runs(layout: "Layout") -> list[tuple[int, int]]:
    """Token ranges of names of persons, titles and possessive marks cut off."""
    runs = []
    for entity in layout.doc.ents:
        if entity.label_ == "PERSON":
            runs.append(_stripped(layout, entity.start, entity.end))
    taken = {position for start, end in runs for position in range(start, end)}
    for token in layout.tokens:
        if token.pos_ == "PROPN" and token.dep_ in _SUBJECTS and token.i not in taken and _says(token):
            start = token.i
            while start > 0 and layout.tokens[start - 1].pos_ == "PROPN" and layout.tokens[start - 1].dep_ == "compound":
                start -= 1
            runs.append(_stripped(layout, start, token.i + 1))
    return sorted({(start, end) for start, end in runs if end > start})


def _says(token: "Token") -> bool:
    return token.ent_type_ not in ("ORG", "GPE", "NORP") and token.head.lemma_.lower() in cues.SAYING


def _stripped(layout: "Layout", start: int, end: int) -> tuple[int, int]:
    tokens = layout.tokens
    while start < end and (tokens[start].lower_ in TITLES or not tokens[start].text[:1].isalpha()):
        start += 1
    while end > start and (not tokens[end - 1].text[:1].isalpha() or tokens[end - 1].lower_ in ("'s", "’s")):
        end -= 1
    for position in range(start, end):
        if tokens[position].is_space or tokens[position].text in ("(", ",", "—", "–", ":", "|"):
            return start, position
    return start, end


def _full_person(
    layout: "Layout", start: int, end: int, full: dict[str, list[Person]], persons: list[Person]
) -> Person:
    words = _words(layout, start, end)
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


def _words(layout: "Layout", start: int, end: int) -> list[str]:
    """The words of a name as printed: `O'Neill` and `Smith-Jones` stay whole."""
    return layout.doc.text[layout.offsets[start] : layout.end_of(end - 1)].split()


def _initial(one: str, other: str) -> bool:
    return one[:1] == other[:1] and (len(one.rstrip(".")) == 1 or len(other.rstrip(".")) == 1)


def _single_person(
    layout: "Layout", start: int, full: dict[str, list[Person]], persons: list[Person]
) -> Person | None:
    """The bearer of a surname or given name; the one named last before it where several share it."""
    word = layout.tokens[start].text
    known = full.get(word.lower(), [])
    if not known:
        known = [person for person in persons if person.words[0].lower() == word.lower()]
    if not known:
        if not word[:1].isupper():
            return None
        person = Person([word], start)
        full[word.lower()] = [person]
        persons.append(person)
        return person
    return _nearest(layout, known, start)


def _nearest(layout: "Layout", known: list[Person], position: int) -> Person:
    if len(known) > 1:
        before = layout.tokens[position - 1].lower_ if position else ""
        sex = _sex_of(before)
        fitting = [person for person in known if sex and (person.sex or _given(person)) == sex]
        known = fitting or known
    earlier = [person for person in known if person.first < position]
    return max(earlier, key=lambda person: _last_before(person, position)) if earlier else known[0]


def _spread(layout: "Layout", full: dict[str, list[Person]], meant: dict[int, Person]) -> None:
    """Surnames that the name finder missed or took for something else."""
    for token in layout.tokens:
        if token.i in meant or token.pos_ != "PROPN" or token.lower_ not in full:
            continue
        if token.ent_type_ in ("ORG", "GPE", "FAC", "WORK_OF_ART", "LAW") and token.dep_ == "compound":
            continue
        person = _nearest(layout, full[token.lower_], token.i)
        _place(layout, person, token.i, token.i + 1, meant)


def _sex_of(word: str) -> Sex:
    return "m" if word in _MALE else "f" if word in _FEMALE else ""


def _given(person: Person) -> Sex:
    first = person.words[0].lower()
    if len(person.words) < 2:
        return ""
    return "m" if first in MEN else "f" if first in WOMEN else ""


def _describe(layout: "Layout", person: Person) -> None:
    """Nouns before and after the name: titles, apposition, `Roe is a biologist`."""
    tokens = layout.tokens
    hints: Counter[str] = Counter()
    for start, end in person.places:
        for position in range(max(0, start - 6), start):
            token = tokens[position]
            if token.dep_ in ("compound", "amod", "nmod", "poss", "appos", "det") or position == start - 1:
                person.described |= {token.lower_, token.lemma_.lower()}
                hints[_sex_of(token.lower_)] += 1 if position >= start - 2 else 0
        head = tokens[end - 1]
        for noun in _predicates(head):
            for word in noun.subtree:
                if word.i - noun.i > 12:
                    break
                person.described |= {word.lower_, word.lemma_.lower()}
            hints[_sex_of(noun.lower_)] += 1
    del hints[""]
    person.hints = hints
    person.sex = "m" if hints["m"] > hints["f"] else "f" if hints["f"] > hints["m"] else _given(person)


def _predicates(head: "Token") -> list["Token"]:
    """Nouns in apposition to a name or said of it: `Roe, a biologist`, `Roe is a biologist`."""
    found = [child for child in head.children if child.dep_ == "appos"]
    if head.dep_ == "appos":
        found.append(head.head)
    if head.dep_ == "nsubj" and head.head.lemma_ == "be":
        found += [child for child in head.head.children if child.dep_ == "attr"]
    return found


def _follow(mentions: Mentions) -> None:
    """Reads the text once: names gain weight, pronouns go to the weightiest person that fits."""
    layout = mentions.layout
    sentence = 0
    for token in layout.tokens:
        if layout.owner[token.i] >= 0:
            continue
        if token.is_sent_start or (token.i and layout.line[token.i] != layout.line[token.i - 1]):
            sentence += 1
        person = mentions.meant.get(token.i)
        if person is None and token.lower_ in HE | SHE:
            person = _pick(mentions, token, "m" if token.lower_ in HE else "f", sentence)
            if person is not None:
                mentions.meant[token.i] = person
        if person is not None and not (token.dep_ == "compound" and token.head.i in mentions.meant):
            person.weight = person.salience(sentence) + _gain(token)
            person.seen = sentence


def _gain(token: "Token") -> float:
    if token.dep_ in _SUBJECTS:
        return 3.0 if token.head.dep_ in ("ROOT", "conj", "parataxis") else 2.2
    return 1.0 if token.dep_ in ("poss", "appos", "compound", "nmod") else 1.3


def _pick(mentions: Mentions, pronoun: "Token", sex: Sex, sentence: int) -> Person | None:
    best: tuple[float, Person] | None = None
    for person in mentions.persons:
        if person.sex not in ("", sex) or person.first > pronoun.i or person.seen < 0:
            continue
        score = person.salience(sentence) * (1.0 if person.sex else 0.7)
        if best is None or score > best[0]:
            best = (score, person)
    return best[1] if best else None
