"""Noun phrases and subjects: from a token to the span of text that names somebody."""

from typing import TYPE_CHECKING

import attrs

from kb import cues

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout

LONGEST = 12
"""Words a mention may have: past that it is a description with clauses, not a name."""

_SUBJECTS = frozenset(["nsubj", "nsubjpass", "csubj", "expl"])
_CARRIED = frozenset(["conj", "advcl", "xcomp", "ccomp", "dep", "parataxis", "prep", "pcomp", "aux", "acomp", "attr"])
_INSIDE = frozenset(["prep", "compound", "flat", "nmod", "poss", "amod", "case", "det", "nummod", "quantmod"])
_RELATIVE = frozenset(["who", "which", "that", "whom", "whose"])
_NOUNS = frozenset(["NOUN", "PROPN", "PRON"])
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
    return _with_name(layout, Phrase(start, end, head.i))


def _with_name(layout: "Layout", found: Phrase) -> Phrase:
    """With the name right behind a title that the parser held for all: `the coach | Jane Roe`."""
    tokens = layout.tokens
    if tokens[found.head].pos_ != "NOUN" or found.end != found.head + 1:
        return found
    end = found.end
    while end < len(tokens) and tokens[end].pos_ == "PROPN" and layout.owner[end] == layout.owner[found.head]:
        end += 1
    return Phrase(found.start, end, end - 1) if end > found.end else found


def _left(layout: "Layout", head: "Token") -> int:
    start = head.i
    for child in reversed(list(head.lefts)):
        if child.dep_ not in _INSIDE or child.right_edge.i != start - 1:
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


def subject(layout: "Layout", verb: "Token") -> "Token | None":
    """Who does what a verb says: its own subject, or the one that a participle or second verb borrows."""
    outward = _loose(layout, verb)
    for _ in range(8):
        own = _own_subject(layout, verb)
        if own is not None and not (outward and _within_report(verb)):
            return own
        if verb.dep_ in ("relcl", "acl") and not (verb.dep_ == "acl" and outward):
            return verb.head if verb.head.pos_ in _NOUNS else None
        if (verb.dep_ not in _CARRIED and not outward) or verb.head is verb:
            return own
        verb = _clause(verb) if verb.dep_ == "acl" else verb.head
    return None


def _loose(layout: "Layout", verb: "Token") -> bool:
    """Whether a verb borrows the subject of the outermost clause: `…, adding` and `… and said`."""
    if any(child.dep_ in _SUBJECTS for child in verb.children):
        return False
    if verb.tag_ == "VBG":
        return any(layout.tokens[p].text == "," for p in range(max(0, verb.i - 2), verb.i))
    return verb.dep_ == "conj" and verb.lemma_.lower() in cues.SAYING


def _within_report(verb: "Token") -> bool:
    """Whether a verb stands in a clause that a verb of saying governs."""
    return verb.dep_ == "ccomp" and verb.head.lemma_.lower() in cues.SAYING and verb.head.i < verb.i


def _clause(token: "Token") -> "Token":
    """The verb of the clause that a participle's noun stands in."""
    for ancestor in token.ancestors:
        if ancestor.pos_ in ("VERB", "AUX"):
            return ancestor
    return token.sent.root


def _own_subject(layout: "Layout", verb: "Token") -> "Token | None":
    for child in verb.children:
        if (
            child.dep_ not in _SUBJECTS
            or layout.owner[child.i] >= 0
            or child.pos_ not in (*_NOUNS, "DET", "NUM", "ADJ")
        ):
            continue
        if child.lower_ in _RELATIVE and child.i < verb.i:
            if verb.dep_ == "relcl":
                return verb.head
            if child.lower_ != "that":
                return _antecedent(layout, child)
        return _before_bracket(layout, child)
    return None


def _before_bracket(layout: "Layout", token: "Token") -> "Token":
    """The noun that a bracket explains, where the parser took the bracket for the subject: `Roe (R-Ohio)`."""
    position = token.i - 1
    while position > max(0, token.i - 5) and layout.tokens[position].text not in "()":
        position -= 1
    opened = layout.tokens[position].text == "(" and position > 0
    return layout.tokens[position - 1] if opened and layout.tokens[position - 1].pos_ in _NOUNS else token


def _antecedent(layout: "Layout", pronoun: "Token") -> "Token | None":
    """The noun right before `who` or `which`, where the parser lost the relative clause."""
    for position in range(pronoun.i - 1, max(-1, pronoun.i - 4), -1):
        token = layout.tokens[position]
        if token.pos_ in _NOUNS:
            return token
        if not token.is_punct:
            return None
    return None
