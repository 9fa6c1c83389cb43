"""Turns of interviews and transcripts: lines that a speaker's label opens, with no quotation marks around the words."""

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from kb import cues
from kb.given_names import GIVEN_NAMES
from kb.layout import ENDS
from kb.lexicon import listed
from kb.phrases import Phrase

if TYPE_CHECKING:
    from kb.layout import Layout

LABEL = 6
"""Tokens of a label at most: a name, a role, a letter."""

SHORTEST = 5
"""Tokens from the colon on that a turn has at least: `Roe: 54.` is a score."""

TWICE = 2
"""Turns from which on a label is one: a single `Roe: …` may as well be a headline."""

QUESTIONS = 0.6
"""Share of a label's turns that end with a question mark from which on it is the interviewer's."""


@attrs.frozen
class Turn:
    """What stands behind a label, to the end of its line; token positions."""

    label: Phrase
    start: int
    end: int


def turns(layout: "Layout") -> list[Turn]:
    """The answers of an interview in order, the interviewer's own lines left out; empty for other texts."""
    persons = _names(layout)
    found = [
        turn
        for first, end in _lines(layout)
        if (turn := _turn(layout, first, end)) and _somebody(layout, turn.label, persons)
    ]
    names = {id(turn): _name(layout, turn) for turn in found}
    count = Counter(names.values())
    asked = Counter(names[id(turn)] for turn in found if _asks(layout, turn))
    return [
        turn
        for turn in found
        if count[names[id(turn)]] >= TWICE and asked[names[id(turn)]] < QUESTIONS * count[names[id(turn)]]
    ]


def _lines(layout: "Layout") -> list[tuple[int, int]]:
    """Token ranges of the lines, blanks at their ends left out."""
    found: list[tuple[int, int]] = []
    start = 0
    for position in range(1, len(layout.tokens) + 1):
        if position == len(layout.tokens) or layout.line[position] != layout.line[start]:
            end = position
            while end > start and layout.tokens[end - 1].is_space:
                end -= 1
            if end > start:
                found.append((start, end))
            start = position
    return found


def _turn(layout: "Layout", first: int, end: int) -> Turn | None:
    tokens = layout.tokens
    colon = next((p for p in range(first + 1, min(first + LABEL, end)) if tokens[p].text == ":"), -1)
    if (
        colon < 0
        or colon + SHORTEST > end
        or tokens[end - 1].text not in ENDS
        or layout.owner[colon] >= 0
        or (layout.owner[colon + 1] >= 0 and layout.owner[colon + 1] == layout.owner[end - 1])
    ):
        return None
    label = tokens[first:colon]
    named = all(token.text[:1].isupper() or token.is_punct for token in label) and label[-1].text[:1].isupper()
    return Turn(Phrase(first, colon, colon - 1), colon + 1, end) if named else None


def _somebody(layout: "Layout", label: Phrase, names: frozenset[str]) -> bool:
    """Whether a label is somebody: a person of the text, initials of one, a role; not `Time` or `Location`."""
    words = [token for token in layout.tokens[label.start : label.end] if token.text[:1].isalpha()]
    if any(token.lemma_.lower() in cues.PEOPLE or token.lower_ in _ASKING for token in words):
        return True
    if not words:
        return False
    return words[-1].text.replace(".", "") in names or words[0].lower_ in GIVEN_NAMES


def _names(layout: "Layout") -> frozenset[str]:
    """Words of the persons that the text names, and their initials."""
    persons = [[token.text for token in entity] for entity in layout.doc.ents if entity.label_ == "PERSON"]
    initials = ("".join(word[0] for word in name if word[0].isupper()) for name in persons if len(name) > 1)
    return frozenset([*(word for name in persons for word in name), *initials])


_ASKING = listed("q a interviewer moderator interviewee narrator question answer speaker caller audience")


def _name(layout: "Layout", turn: Turn) -> str:
    return layout.text[layout.offsets[turn.label.start] : layout.end_of(turn.label.end - 1)].lower()


def _asks(layout: "Layout", turn: Turn) -> bool:
    return layout.tokens[turn.end - 1].text == "?" or _name(layout, turn) == "q"
