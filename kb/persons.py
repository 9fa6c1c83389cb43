"""Persons and organisations that a text names, each with all places of its name."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import attrs
from rapidfuzz import fuzz

from kb import cues
from kb.given_names import GIVEN_NAMES, MEN, WOMEN
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
    known = _Known()
    meant: dict[int, Person] = {}
    single = {run for run in runs if len(name_words(layout, *run)) == 1}
    whole = [run for run in runs if run not in single]
    longer = _longer(name_words(layout, *run) for run in whole)
    bodies = [(e.start, e.end) for e in layout.doc.ents if e.label_ == "ORG" and len(e) > 1 and e.start not in held]
    for start, end in (*whole, *(run for run in (*bodies, *single) if _folded(layout, *run) in longer)):
        words = longer.get(_folded(layout, start, end)) or name_words(layout, start, end)
        if not any(position in meant for position in range(start, end)):
            _place(layout, known.bearer(words, start), start, end, meant)
    ends = dict(single)
    for token in layout.tokens:
        if token.i in ends and token.i not in meant:
            start, end = token.i, ends[token.i]
            person = _single_person(layout, start, name_words(layout, start, end)[0], known)
            if person is not None:
                _complete(layout, person, start)
                _place(layout, person, start, end, meant)
        else:
            _take_up(layout, token, known, meant)
    for token in layout.tokens:
        _take_up(layout, token, known, meant)
    persons = [*known.persons, *known.shared.values()]
    persons.sort(key=lambda person: person.first)
    for person in persons:
        person.told = [place for place in person.places if layout.line[place[0]] not in loud]
    return persons, meant


def _longer(names: Iterable[list[str]]) -> dict[tuple[str, ...], list[str]]:
    """By surnames of several parts the one full name that ends with them: `Van Kerkhove`, `Frimpong-Hale`."""
    found: dict[tuple[str, ...], list[str]] = {}
    unclear: set[tuple[str, ...]] = set()
    for words in names:
        row = tuple(word.lower() for word in words)
        for cut in range(1, min(len(row), LONGEST)):
            end = row[cut:]
            if end[0] in GIVEN_NAMES or (len(end) == 1 and "-" not in end[0]):
                continue
            before = found.setdefault(end, words)
            if [word.lower() for word in before] != list(row):
                unclear.add(end)
    return {end: words for end, words in found.items() if end not in unclear}


LONGEST = 6
"""Words of a full name whose endings are looked at."""


def _folded(layout: "Layout", start: int, end: int) -> tuple[str, ...]:
    return tuple(word.lower() for word in name_words(layout, start, end))


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


@attrs.frozen
class _Known:
    """The persons of a text by the words of their names."""

    persons: list[Person] = attrs.field(factory=list)
    surnames: dict[str, list[Person]] = attrs.field(factory=dict)
    givens: dict[str, list[Person]] = attrs.field(factory=dict)
    names: dict[tuple[str, str], Person] = attrs.field(factory=dict)
    """By surname and given name, and by surname and first letter with a full stop."""
    shared: dict[str, Person] = attrs.field(factory=dict)
    """Whom a bare name means that several bear: one of them, and nobody can tell which."""
    settled: Counter[tuple[str, int]] = attrs.field(factory=Counter)
    """How often a bare name meant somebody before another bearer came in."""

    def bearer(self, words: list[str], start: int) -> Person:
        """The person of a full name, new or known; an initial stands for a given name."""
        surname, given = words[-1].lower(), words[0].lower()
        first = f"{given[0]}."
        initial = len(given.rstrip(".")) == 1
        person = self.names.get((surname, given))
        if person is None and initial:
            person = self.names.get((surname, first))
        if person is None:
            person = self.names.get((surname, given[0]))
        if person is None:
            person = Person(words, start)
            self.add(person, surname)
        elif len(words) > len(person.words):
            person.words = words
        self.names.setdefault((surname, given), person)
        self.names.setdefault((surname, first), person)
        if initial:
            self.names.setdefault((surname, given[0]), person)
        return person

    def add(self, person: Person, surname: str) -> None:
        self.persons.append(person)
        self.surnames.setdefault(surname, []).append(person)
        self.givens.setdefault(person.words[0].lower(), []).append(person)


def _single_person(layout: "Layout", start: int, word: str, known: _Known) -> Person | None:
    """The bearer of a surname or given name."""
    bearers = known.surnames.get(word.lower()) or known.givens.get(word.lower()) or _misspelt(word, known.persons)
    if bearers:
        return _meant(layout, known, bearers, start)
    if not word[:1].isupper():
        return None
    person = Person([word], start)
    known.add(person, word.lower())
    return person


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


def _meant(layout: "Layout", known: _Known, bearers: list[Person], position: int) -> Person:
    """Whom a bare name means: the one bearer of the title's sex that came before, or who bore it alone so far.

    Where several are left or none, it is a person of that name and no more.
    """
    token = layout.tokens[position]
    title = layout.tokens[position - 1] if position else None
    sex = sex_of(title.lower_) if title is not None else ""
    if len(bearers) <= MANY_BEARERS:
        fitting = [person for person in bearers if not at_odds(person.sex or _given(person), sex)]
        earlier = [person for person in fitting if person.first < position] if len(fitting) > 1 else fitting
        if len(earlier) > 1:
            sure = [person for person in earlier if sex and (person.sex or _given(person)) == sex]
            earlier = sure if len(sure) == 1 else earlier
        if len(earlier) == 1:
            known.settled[token.lower_, id(earlier[0])] += 1
            return earlier[0]
        if len(earlier) > 1 and all(_alike(earlier[0], other) for other in earlier[1:]):
            return max(earlier, key=lambda person: last_before(person, position))
        settled = [person for person in earlier if known.settled[token.lower_, id(person)] >= SETTLED]
        if len(settled) == 1:
            return settled[0]
    words = [title.text, token.text] if sex and title is not None else [token.text]
    return known.shared.setdefault(" ".join(words).lower(), Person(words, position))


def _alike(one: Person, other: Person) -> bool:
    """Whether two given names are one: a slip of the pen, or cut short (`Kristin`, `Kristen`; `Ben`, `Benjamin`)."""
    if at_odds(_given(one), _given(other)):
        return False
    short, long = sorted((one.words[0].lower(), other.words[0].lower()), key=len)
    if len(short) == len(long):
        return short[0] == long[0] and fuzz.ratio(short, long) >= ALIKE
    return len(short) > 2 and long.startswith(short)


MANY_BEARERS = 12
"""Bearers of one name among whom one is looked for; a text with more is a directory."""
SETTLED = 2
"""Times that a bare name meant somebody before another bearer came in, from which on it stays with the first."""


def _take_up(layout: "Layout", token: "Token", known: _Known, meant: dict[int, Person]) -> None:
    """Place a token that is a surname which the name finder missed or took for something else."""
    if token.i in meant or token.pos_ != "PROPN" or token.lower_ not in known.surnames:
        return
    if token.ent_type_ not in ("ORG", "GPE", "FAC", "WORK_OF_ART", "LAW") or token.dep_ != "compound":
        _place(layout, _meant(layout, known, known.surnames[token.lower_], token.i), token.i, token.i + 1, meant)


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
    if person.hints or (len(person.words) > 1 and person.words[0].lower() in GIVEN_NAMES):
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
