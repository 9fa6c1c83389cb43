"""Who a surname, a pronoun or `the researcher` stands for in a text."""

from bisect import bisect_left
from typing import TYPE_CHECKING

import attrs

from kb import cues
from kb.bodies import bodies, is_program, system_places
from kb.lexicon import listed
from kb.names import name_words
from kb.persons import Person, Sex, acts, at_odds, describe, last_before, named, sex_of
from kb.roles import INSTITUTIONS

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout
    from kb.phrases import Phrase

HE = frozenset(["he", "him", "his", "himself"])
SHE = frozenset(["she", "her", "hers", "herself"])
_SEXES: dict[str, Sex] = {
    **dict.fromkeys(HE, "m"),
    **dict.fromkeys(SHE, "f"),
    **dict.fromkeys(("it", "its"), "n"),
}
_PUBLIC = listed("university college institute agency department ministry lab laboratory center centre hospital school")
_BODIES = listed("company firm startup lab university agency institute nonprofit newspaper magazine")
_POINTING = frozenset(["the", "his", "her", "this", "that"])
"""What `the researcher` begins with, and `a researcher` does not."""
_SMALL = listed("of for and the in on at to & 's ’s")
_SUBJECTS = frozenset(["nsubj", "nsubjpass"])


@attrs.frozen(eq=False)
class Mentions:
    """Who is meant where, for one text."""

    layout: "Layout"
    persons: list[Person]
    meant: dict[int, Person]
    """By token position, for every token of a name and every resolved pronoun."""

    @classmethod
    def of(cls, layout: "Layout") -> "Mentions":
        systems = system_places(layout)
        persons, meant = named(layout, systems)
        for person in persons:
            describe(layout, person)
        persons = sorted([*persons, *bodies(layout, systems, persons, meant)], key=lambda person: person.first)
        programs = set(systems)
        for person in persons:
            person.system = person.places[0] in programs or (person.sex == "n" and is_program(layout, person))
            person.acts = person.system or acts(layout, person)
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
        last = self.meant.get(phrase.end - 1)
        if named and (head.pos_ == "PROPN" or (last is not None and last.sex != "n" and self._apposed(phrase))):
            return last or named[-1]
        owned = self._owner(phrase, head)
        if owned is not None:
            return owned
        if head.lower_ in ("who", "that"):
            return self.meant.get(phrase.head - 1) or self.meant.get(phrase.head - 2)
        return self._described(phrase, head)

    def _apposed(self, phrase: "Phrase") -> bool:
        """Whether a mention ends with a name behind its description: `the prosecutor, Jane Roe`."""
        tokens = self.layout.tokens
        start = phrase.end - 1
        while start > phrase.start and start - 1 in self.meant:
            start -= 1
        return start > phrase.start and (tokens[start - 1].text == "," or tokens[start - 1].pos_ in ("NOUN", "PROPN"))

    def _owner(self, phrase: "Phrase", head: "Token") -> Person | None:
        """Who speaks in `her letter`, `Roe's statement`, `its report`."""
        if head.lemma_.lower() not in cues.DOCUMENTS - cues.PEOPLE:
            return None
        owners = [child for child in head.lefts if child.dep_ == "poss" and child.i >= phrase.start]
        return self.meant.get(owners[0].i) if owners else None

    def name_of(self, phrase: "Phrase", person: Person | None) -> str | None:
        """The full name; a body's as the mention has it where that says more: `The Department for Schools`."""
        if person is not None and person.sex != "n":
            return person.name
        start = phrase.start + (self.layout.tokens[phrase.start].lower_ == "the")
        row = self.layout.tokens[start : phrase.end]
        proper = all(token.text[:1].isupper() or token.lower_ in _SMALL for token in row)
        words = name_words(self.layout, start, phrase.end)
        if person is not None:
            return " ".join(words) if proper and len(words) > len(person.words) else person.name
        named = proper and len(words) > 1 and (row[0].pos_ == "PROPN" or {t.lower_ for t in row} & INSTITUTIONS)
        return " ".join(words) if named else None

    def _described(self, phrase: "Phrase", head: "Token") -> Person | None:
        """`the researcher`, `the Stanford professor`: by what the text calls its persons."""
        lemma = head.lemma_.lower()
        if lemma in _BODIES:
            return self._body(phrase, lemma) if head.tag_ == "NN" else None
        words = {self.layout.tokens[p].lower_ for p in range(phrase.start, phrase.end)}
        if (
            lemma not in cues.PEOPLE
            or head.tag_ in ("NNS", "NNPS")
            or self.layout.tokens[phrase.start].lower_ not in _POINTING
        ):
            return None
        around = self._around(phrase, head)
        if around is None:
            return None
        wanted = words - {"the", "this", "that", "'s", "’s"}
        fitting = [
            person
            for person in self._before(phrase.start)
            if {lemma, *_bound(head, phrase.end)} <= person.described
            and id(person) not in around
            and not at_odds(person.sex, sex_of(lemma))
        ]
        return max(
            fitting,
            key=lambda person: (len(wanted & person.described), last_before(person, phrase.start)),
            default=None,
        )

    def _around(self, phrase: "Phrase", head: "Token") -> set[int] | None:
        """Persons named in a mention, who are not the one meant: `her lawyer`, `the wife of Jane Roe`.

        None where nobody can tell whose lawyer it is.
        """
        owner = next((child for child in head.lefts if child.dep_ == "poss"), None)
        if owner is not None and owner.tag_ == "PRP$" and owner.i not in self.meant:
            return None
        return {id(self.meant[p]) for p in range(phrase.start, phrase.end) if p in self.meant}

    def _before(self, position: int) -> list[Person]:
        """The persons named first before a position, the last `MANY` of them."""
        end = bisect_left(self.persons, position, key=lambda person: person.first)
        return self.persons[max(0, end - MANY) : end]

    def _body(self, phrase: "Phrase", lemma: str) -> Person | None:
        """`the company`: the organisation last named that can be one."""
        if not any(self.layout.tokens[p].lower_ == "the" for p in range(phrase.start, phrase.end)):
            return None
        public = lemma in _PUBLIC
        named = [
            person
            for person in self._before(phrase.start)
            if person.sex == "n" and not person.system and bool(_PUBLIC & set(person.name.lower().split())) == public
        ]
        called = [body for body in named if lemma in body.described or lemma in body.name.lower().split()]
        acting = called or [body for body in named if body.acts]
        return max(acting, key=lambda body: last_before(body, phrase.start), default=None)


MANY = 200
"""Persons looked at for one mention; a text with more is a directory."""


def _bound(head: "Token", end: int) -> set[str]:
    """What a mention binds its noun to, which has to be said of the person as well: `the mother of the boy`."""
    heads = [child for child in head.rights if child.dep_ == "prep" and child.lower_ in _BINDING and child.i < end]
    return {noun.lower_ for prep in heads for noun in prep.children if noun.dep_ == "pobj"}


_BINDING = frozenset(["of", "for", "in", "at", "from", "with"])


def _follow(mentions: Mentions) -> None:
    """Reads the text once: names gain weight, pronouns go to the weightiest person that fits."""
    layout = mentions.layout
    sentence = 0
    recent: dict[int, Person] = {}
    for token in layout.tokens:
        quoted = layout.owner[token.i] >= 0
        within = quoted and layout.owner[token.i - 1] == layout.owner[token.i]
        if not within and (token.is_sent_start or (token.i and layout.line[token.i] != layout.line[token.i - 1])):
            sentence += 1
        if quoted:
            continue
        person = mentions.meant.get(token.i)
        if person is None and token.lower_ in _SEXES:
            spoken_of = _spoken_of(mentions, token)
            person = _pick(
                [known for known in recent.values() if id(known) not in spoken_of], token, sentence
            ) or _pick(list(recent.values()), token, sentence)
            if person is not None:
                mentions.meant[token.i] = person
                person.sex = person.sex or _SEXES[token.lower_]
        if person is not None and not (token.dep_ == "compound" and token.head.i in mentions.meant):
            person.weight = person.salience(sentence) + _gain(token)
            person.seen = sentence
            recent.pop(id(person), None)
            recent[id(person)] = person
            if len(recent) > RECENT:
                del recent[next(iter(recent))]


def _spoken_of(mentions: Mentions, pronoun: "Token") -> set[int]:
    """Who is named in the quote that a pronoun says: nobody speaks of himself by his name."""
    layout = mentions.layout
    if pronoun.dep_ not in _SUBJECTS or pronoun.head.lemma_.lower() not in cues.SAYING:
        return set()
    beside = {layout.owner[position] for position in _near(layout, pronoun.i)} - {-1}
    inside = [p for number in beside for p in range(*_tokens_of(layout, number)) if p in mentions.meant]
    return {id(mentions.meant[p]) for p in inside}


def _near(layout: "Layout", position: int) -> list[int]:
    """Positions right before and after a pronoun and its verb, where the marks of its quote can stand."""
    ahead = range(max(0, position - 2), position)
    return [*ahead, *range(position + 1, min(len(layout.owner), position + ASIDE))]


def _tokens_of(layout: "Layout", number: int) -> tuple[int, int]:
    return layout.at(layout.quoted[number].open), layout.before(layout.quoted[number].close)


ASIDE = 8
"""Tokens from `she` over `told the paper on Friday,` to the quote that follows."""


def _gain(token: "Token") -> float:
    if token.dep_ in _SUBJECTS:
        if token.head.lemma_.lower() in cues.SAYING:
            return 3.6
        if token.head.dep_ == "ccomp" and token.head.head.lemma_.lower() in cues.SAYING:
            return 1.5
        return 3.0 if token.head.dep_ in ("ROOT", "conj", "parataxis") else 1.8
    return 1.0 if token.dep_ in ("poss", "appos", "compound", "nmod") else 1.3


RECENT = 30
"""Persons a pronoun can mean: those mentioned last."""
SPEAKING = 0.2
"""Weight an organisation or a system needs for the `it` of `it said`: named within a sentence or two."""
ACTING = 1.35
"""Weight an organisation needs for `it`: it was the subject of this sentence or the one before."""


def _pick(recent: list[Person], pronoun: "Token", sentence: int) -> Person | None:
    sex = _SEXES[pronoun.lower_]
    best: tuple[float, Person] | None = None
    speaks = pronoun.dep_ in _SUBJECTS and pronoun.head.lemma_.lower() in cues.SAYING
    for person in recent:
        if not (person.sex == sex or (person.sex == "" and sex != "n")) or person.first > pronoun.i or person.seen < 0:
            continue
        score = person.salience(sentence) * (1.0 if person.sex else 0.85 if person.acts else 0.1)
        if sex == "n" and score < (SPEAKING if speaks and person.acts else ACTING):
            continue
        if best is None or score > best[0]:
            best = (score, person)
    return best[1] if best else None
