"""What a text says a person is and where: role and institution, as it states them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kb.lexicon import listed
from kb.persons import TITLES, Person

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout

LONGEST = 24
"""Tokens of a description at most."""

_INSTITUTIONS = listed(
    """university college institute institution school laboratory lab center centre hospital clinic department
    ministry agency bureau office commission council company corporation inc ltd foundation society association
    academy museum observatory committee campaign party union court parliament senate house congress news times
    post journal magazine"""
)


def affiliation(layout: "Layout", person: Person) -> str | None:
    """The first description that names an institution, else the first that names a role."""
    found = [text for start, end in person.places for text in _descriptions(layout, start, end)]
    placed = [text for text, has_institution in found if has_institution]
    return placed[0] if placed else found[0][0] if found else None


def _descriptions(layout: "Layout", start: int, end: int) -> Iterator[tuple[str, bool]]:
    for span in _ranges(layout, start, end):
        first, last = _trimmed(layout, *span)
        tokens = layout.tokens[first:last]
        if not tokens or tokens[0].pos_ in ("ADP", "SCONJ", "ADV", "PRON") or any(token.is_space for token in tokens):
            continue
        if any(token.pos_ in ("NOUN", "PROPN") and token.lower_ not in TITLES for token in tokens):
            text = layout.text[layout.offsets[first] : layout.end_of(last - 1)]
            yield text, any(_institution(token) for token in tokens)


def _trimmed(layout: "Layout", first: int, last: int) -> tuple[int, int]:
    """Without article, marks and a preposition at the edges."""
    tokens = layout.tokens
    while first < last and (tokens[first].lower_ in ("a", "an", "the", "of", "at", "from") or tokens[first].is_punct):
        first += 1
    while last > first and (
        tokens[last - 1].is_punct or tokens[last - 1].is_space or tokens[last - 1].tag_ in ("WP", "WDT", "CC")
    ):
        last -= 1
    return first, last


def _institution(token: "Token") -> bool:
    return token.ent_type_ in ("ORG", "FAC") or token.lower_ in _INSTITUTIONS


def _ranges(layout: "Layout", start: int, end: int) -> Iterator[tuple[int, int]]:
    """Token ranges after the name, then before it."""
    tokens = layout.tokens
    if end < len(tokens):
        if tokens[end].text == ",":
            yield from _apposition(layout, end + 1)
        elif tokens[end].lower_ in ("of", "at", "from") and layout.owner[end] < 0:
            close = _phrase_end(layout, end + 1)
            if any(_institution(token) for token in tokens[end + 1 : close]):
                yield end + 1, close
        elif tokens[end].text == "(":
            close = next((p for p in range(end, min(end + LONGEST, len(tokens))) if tokens[p].text == ")"), end)
            if any(_institution(token) for token in tokens[end:close]):
                yield end + 1, close
        elif tokens[end].lower_ in ("is", "was"):
            attribute = next((c for c in tokens[end].children if c.dep_ == "attr" and c.i > end), None)
            if attribute is not None:
                yield attribute.left_edge.i, min(attribute.right_edge.i + 1, end + LONGEST)
    first = start
    while (
        first > 0
        and tokens[first - 1].dep_ in ("compound", "amod", "nmod", "poss", "case", "punct")
        and (tokens[first - 1].pos_ in ("NOUN", "PROPN", "ADJ", "PART") and start - first < 10)
    ):
        first -= 1
    if first < start and not all(token.lower_ in TITLES for token in tokens[first:start]):
        yield first, start


def _apposition(layout: "Layout", start: int) -> Iterator[tuple[int, int]]:
    """Words between the comma after a name and the one that ends the description."""
    tokens = layout.tokens
    if start >= len(tokens) or layout.owner[start] >= 0 or tokens[start].lower_ in ("who", "and", "but", "which"):
        return
    end = _phrase_end(layout, start)
    if any(token.dep_ == "appos" or token.pos_ in ("DET", "NOUN") for token in tokens[start : start + 6]):
        yield start, end


def _phrase_end(layout: "Layout", start: int) -> int:
    """Up to the verb, clause, line or quote that ends a description; a place after a comma stays in it."""
    tokens = layout.tokens
    position = start
    while position < min(start + LONGEST, len(tokens)):
        token = tokens[position]
        if token.is_space or layout.owner[position] >= 0 or token.text in (".", ";", ":", "—", "–", "(", ")"):
            break
        if token.pos_ in ("VERB", "AUX") and token.dep_ not in ("amod", "compound"):
            break
        if token.text == "," and not (
            position + 2 < len(tokens)
            and tokens[position + 1].ent_type_ in ("GPE", "ORG")
            and tokens[position + 2].text in (",", ".")
        ):
            break
        position += 1
    return position
