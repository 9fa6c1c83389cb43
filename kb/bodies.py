"""Organisations and AI systems that a text names, each with all places of its name."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kb import cues
from kb.lexicon import listed
from kb.names import name_words
from kb.persons import Person

if TYPE_CHECKING:
    from kb.layout import Layout

SYSTEMS = listed("model chatbot bot agent assistant algorithm software app llm ai system")
"""Nouns for programs that print words of their own."""

_PROGRAMS = listed("chatbot bot algorithm software app llm ai")

_VERSION = re.compile(r"\b[A-Z][\w]{1,30}(?:[ -][A-Z]\w{1,30})?[ -]v?\d{1,3}(?:\.\d{1,3}){0,2}[A-Za-z]{0,2}\b")
_DATED = frozenset(["DATE", "TIME", "MONEY", "QUANTITY", "PERCENT", "FAC", "LAW", "EVENT"])
_SUBJECTS = frozenset(["nsubj", "nsubjpass"])
AROUND = 4
"""Tokens before or after a name in which `the chatbot` says what it is."""


def bodies(
    layout: "Layout", systems: list[tuple[int, int]], persons: list[Person], meant: dict[int, Person]
) -> list[Person]:
    """Organisations and `systems`; their places go to `meant`, save those of `persons`.

    Of these, names that the text uses for a program or as the short form of a body leave the list.
    """
    known: dict[str, Person] = {}
    for start, end in (*systems, *_organisations(layout)):
        if any(p in meant and meant[p].sex != "n" for p in range(start, end)):
            continue
        words = name_words(layout, start, end)
        body = known.setdefault(" ".join(words).lower(), Person(words, start, sex="n"))
        short = "".join(word[0] for word in words if word[0].isupper())
        if len(short) > 1 and known.setdefault(short.lower(), body) is body and _bracketed(layout, end, short):
            body.words = [*words, f"({short})"]
        if not any(p in meant for p in range(start, end)):
            body.places.append((start, end))
            meant.update(dict.fromkeys(range(start, end), body))
    named = _merged(list({id(body): body for body in known.values() if body.places}.values()), meant)
    named += _taken_over(layout, named, persons, meant)
    _spread(layout, named, meant)
    return named


def _taken_over(layout: "Layout", named: list[Person], persons: list[Person], meant: dict[int, Person]) -> list[Person]:
    """Names that the model took for a person's: a program's, or the first word of one body's name."""
    programs = []
    for person in [person for person in persons if not person.hints]:
        longer = (
            []
            if len(person.words) > 1
            else [body for body in named if body.words[0] == person.words[0] and len(body.words) > 1]
        )
        if len(longer) == 1:
            longer[0].places = sorted([*longer[0].places, *person.places])
            longer[0].first = min(longer[0].first, person.first)
            meant.update({p: longer[0] for start, end in person.places for p in range(start, end)})
            persons.remove(person)
        elif is_program(layout, person):
            person.sex = "n"
            persons.remove(person)
            programs.append(person)
    return programs


def is_program(layout: "Layout", body: Person) -> bool:
    """`the chatbot Kestrel`, `the AI model Kestrel Large`, `Kestrel, a chatbot`."""
    return any(_called_program(layout, *place) for place in body.places)


def _called_program(layout: "Layout", start: int, end: int) -> bool:
    tokens = layout.tokens
    before = [token.lemma_.lower() for token in tokens[max(0, start - 2) : start]]
    if before[-1:] and (before[-1] in _PROGRAMS or (before[-1] in SYSTEMS and before[0] in ("ai", "language"))):
        return True
    return any(child.dep_ == "appos" and child.lemma_.lower() in _PROGRAMS for child in tokens[end - 1].children)


def _spread(layout: "Layout", named: list[Person], meant: dict[int, Person]) -> None:
    """First words of long names that stand alone: `Tallow` where the text has `Tallow Systems`."""
    short: dict[str, list[Person]] = {}
    for body in named:
        if len(body.words) > 1:
            short.setdefault(body.words[0], []).append(body)
    for token in layout.tokens:
        owners = short.get(token.text, [])
        if len(owners) == 1 and token.i not in meant and token.pos_ == "PROPN" and token.dep_ != "compound":
            meant[token.i] = owners[0]
            owners[0].places = sorted([*owners[0].places, (token.i, token.i + 1)])


def _organisations(layout: "Layout") -> Iterator[tuple[int, int]]:
    for entity in layout.doc.ents:
        if entity.label_ not in ("ORG", "PRODUCT"):
            continue
        start, end = entity.start, entity.end
        while start < end and (layout.tokens[start].lower_ == "the" or not layout.tokens[start].text[:1].isalnum()):
            start += 1
        while end > start and (
            layout.tokens[end - 1].lower_ in ("'s", "’s", "’", "'") or layout.tokens[end - 1].is_space
        ):
            end -= 1
        if start < end:
            yield start, end


def system_places(layout: "Layout") -> list[tuple[int, int]]:
    """Names with a version (`Kestrel-2`, `Kestrel 3.5`) of which one place at least speaks or is called a system."""
    found: dict[str, list[tuple[int, int]]] = {}
    for match in _VERSION.finditer(layout.text):
        start, end = layout.at(match.start()), layout.before(match.end())
        if start < end and layout.tokens[start].ent_type_ not in _DATED and layout.tokens[end - 1].ent_type_ != "DATE":
            found.setdefault(match.group(), []).append((start, end))
    return [place for places in found.values() if any(_acts(layout, *each) for each in places) for place in places]


def _acts(layout: "Layout", start: int, end: int) -> bool:
    tokens = layout.tokens
    near = tokens[max(0, start - AROUND) : min(len(tokens), end + AROUND)]
    if any(token.lemma_.lower() in SYSTEMS for token in near):
        return True
    heads = [token.head for token in tokens[start:end] if token.dep_ in _SUBJECTS]
    return any(head.lemma_.lower() in cues.SAYING | cues.THINKING for head in heads)


def _merged(found: list[Person], meant: dict[int, Person]) -> list[Person]:
    """With the short forms of a name joined to the one long form that begins with them: `Tallow`, `Tallow Systems`."""
    by_first: dict[str, list[Person]] = {}
    for body in found:
        by_first.setdefault(body.words[0].lower(), []).append(body)
    kept = []
    for body in found:
        row = [word.lower() for word in body.words]
        longer = [
            other
            for other in by_first[row[0]]
            if len(other.words) > len(row) and [word.lower() for word in other.words[: len(row)]] == row
        ]
        if len(longer) != 1:
            kept.append(body)
            continue
        longer[0].places = sorted([*longer[0].places, *body.places])
        longer[0].first = min(longer[0].first, body.first)
        for start, end in body.places:
            meant.update(dict.fromkeys(range(start, end), longer[0]))
    return kept


def _bracketed(layout: "Layout", end: int, short: str) -> bool:
    """Whether the text gives the acronym right behind the name: `World Health Organization (WHO)`."""
    return layout.text.startswith(f"({short})", layout.end_of(end - 1) + 1)
