"""Noun phrases: from a token to the span of text that names somebody."""

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout

LONGEST = 12
"""Words a mention may have: past that it is a description with clauses, not a name."""

_INSIDE = frozenset(["prep", "compound", "flat", "nmod", "poss", "amod", "case", "det", "nummod", "quantmod"])
NOUNS = frozenset(["NOUN", "PROPN", "PRON"])
_SMALL_PREPOSITIONS = frozenset(["of", "at", "for", "in", "from", "with", "to"])


@attrs.frozen
class Phrase:
    """A run of tokens with the one that heads it."""

    start: int
    end: int
    head: int


def phrase(layout: "Layout", head: "Token") -> Phrase:
    """The noun phrase of a head as a mention: name or noun with what directly belongs to it.

    A name in apposition to a title stays (`the chief executive, Jane Roe`); a description after a name
    does not, nor does anything inside quotation marks, in another line or past `LONGEST` words.
    """
    start, end = _left(layout, head), head.i + 1
    for child in head.rights:
        if child.i != end and not _comma_name(layout, head, child, end):
            break
        if child.dep_ in ("appos", "flat", "compound") or (
            child.dep_ == "prep" and child.lower_ in _SMALL_PREPOSITIONS and head.ent_type_ != "PERSON"
        ):
            if child.dep_ == "appos" and not _is_name(child):
                break
            stop = _clause_free_end(child)
            if stop - start > LONGEST or layout.owner[stop - 1] != layout.owner[head.i]:
                break
            end = stop
    return _with_version(layout, _with_name(layout, Phrase(start, end, head.i)))


def _with_version(layout: "Layout", found: Phrase) -> Phrase:
    """With the number behind a name that is part of it: `Kestrel | 3.5`."""
    tokens, end = layout.tokens, found.end
    if end < len(tokens) and tokens[end - 1].pos_ == "PROPN" and tokens[end].like_num and tokens[end].text[0].isdigit():
        return attrs.evolve(found, end=end + 1) if tokens[end].ent_type_ != "DATE" else found
    return found


def _with_name(layout: "Layout", found: Phrase) -> Phrase:
    """With the name right behind a title that the parser held for all: `the coach | Jane Roe`."""
    tokens = layout.tokens
    if tokens[found.head].pos_ != "NOUN" or found.end != found.head + 1:
        return found
    end = found.end
    if end + 2 < len(tokens) and tokens[end].lower_ == "and" and tokens[end + 2].pos_ == "PROPN":
        end += 1 if tokens[end + 1].pos_ == "PROPN" else 2  # `academic and professor Jane Roe`
    while end < len(tokens) and tokens[end].pos_ == "PROPN" and layout.owner[end] == layout.owner[found.head]:
        end += 1
    return Phrase(found.start, end, end - 1) if end > found.end else found


def _left(layout: "Layout", head: "Token") -> int:
    start = head.i
    for child in reversed(list(head.lefts)):
        joins = child.text in ("-", "‑") and not child.whitespace_
        if not (child.dep_ in _INSIDE or joins) or child.right_edge.i != start - 1:
            break
        if layout.owner[child.left_edge.i] != layout.owner[head.i] or head.i - child.left_edge.i > LONGEST:
            break
        start = child.left_edge.i
    return start


def _comma_name(layout: "Layout", head: "Token", child: "Token", end: int) -> bool:
    """A title, a comma, then the name: the name belongs to the mention."""
    return (
        child.dep_ == "appos"
        and _is_name(child)
        and not _is_name(head)
        and child.left_edge.i == end + 1
        and layout.tokens[end].text == ","
    )


def _clause_free_end(token: "Token") -> int:
    """One past the last token of a subtree, cut before relative clauses, participles and commas."""
    end = token.i + 1
    for child in token.rights:
        if child.dep_ in ("relcl", "acl", "punct", "appos", "cc", "conj", "advcl") or child.left_edge.i != end:
            break
        end = _clause_free_end(child)
    return end


def _is_name(token: "Token") -> bool:
    return token.pos_ == "PROPN" or token.ent_type_ in ("PERSON", "ORG")
