"""Who speaks, as the words around a verb give it: its subject, or the name right beside it."""

from typing import TYPE_CHECKING

from kb import cues
from kb.phrases import NOUNS, Phrase, phrase

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout

REACH = 40
"""Tokens between a verb and its subject or quote at most; longer only strays into other statements."""

LOOK = 8
"""Tokens searched for a noun where the parse gives no subject."""

_SUBJECTS = frozenset(["nsubj", "nsubjpass", "csubj", "expl"])
_CARRIED = frozenset(["conj", "advcl", "xcomp", "ccomp", "dep", "parataxis", "prep", "pcomp", "aux", "acomp", "attr"])
_RELATIVE = frozenset(["who", "which", "that", "whom", "whose"])
_EMPTY = frozenset(["there", "this", "that", "what", "these", "those"])
_BELONGING = frozenset(["of", "at", "from", "with"])
_SPEECHLESS = _EMPTY | {"who", "which", "it"}


def subject(layout: "Layout", verb: "Token") -> "Token | None":
    """Who does what a verb says: its own subject, or the one that a participle or second verb borrows."""
    outward = _loose(layout, verb)
    for _ in range(8):
        own = _own_subject(layout, verb)
        if own is not None and not (outward and _within_report(verb)):
            return own
        if verb.dep_ in ("relcl", "acl") and not (verb.dep_ == "acl" and outward):
            return verb.head if verb.head.pos_ in NOUNS else None
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
        if child.dep_ not in _SUBJECTS or layout.owner[child.i] >= 0 or child.pos_ not in (*NOUNS, "DET", "NUM", "ADJ"):
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
    return layout.tokens[position - 1] if opened and layout.tokens[position - 1].pos_ in NOUNS else token


def _antecedent(layout: "Layout", pronoun: "Token") -> "Token | None":
    """The noun right before `who` or `which`, where the parser lost the relative clause."""
    for position in range(pronoun.i - 1, max(-1, pronoun.i - 4), -1):
        token = layout.tokens[position]
        if token.pos_ in NOUNS:
            return token
        if not token.is_punct:
            return None
    return None


def speaker_of(layout: "Layout", verb: "Token", around: list[int]) -> Phrase | None:
    """The verb's subject in the narrative, or the noun phrase right before or after it."""
    beside = _beside(layout, verb, around)
    if beside:
        return beside
    who = subject(layout, verb)
    if who is not None and layout.owner[who.i] < 0 and abs(who.i - verb.i) < 2 * REACH:
        said = None if who.dep_ == "expl" or who.lower_ in _EMPTY else phrase(layout, who)
    else:
        said = _neighbour(layout, verb, around)
    return _owner(layout, said, around) if said is not None else None


def _owner(layout: "Layout", said: Phrase, around: list[int]) -> Phrase:
    """Who is of a place, where the parser took the place for the subject: `Jane Roe of Yale University said`."""
    before, preposition = said.start - 2, said.start - 1
    if not {before, preposition} <= set(around) or layout.tokens[preposition].lower_ not in _BELONGING:
        return said
    return phrase(layout, layout.tokens[before]) if layout.tokens[before].pos_ == "PROPN" else said


def _beside(layout: "Layout", verb: "Token", around: list[int]) -> Phrase | None:
    """`said Jane Roe`, and `Jane Roe, now at X, said`: places that decide against the parse."""
    tokens = layout.tokens
    if not around or verb.i not in around:
        return None
    place = 1 if tokens[around[0]].text == "," and len(around) > 1 else 0
    if around[place] == verb.i:
        run = _name_at(layout, around, place + 1)
        after = tokens[run.end] if run and run.end < len(tokens) else None
        return run if after is not None and after.pos_ not in ("NOUN", "ADJ", "PART", "NUM", "CCONJ") else None
    run = _name_at(layout, around, place)
    if run is None or run.end >= verb.i or tokens[run.end].text not in (",", "("):
        return None
    relative = tokens[run.end + 1].lower_ == "who"
    return run if tokens[verb.i - 1].text in (",", ")") or relative else None


def _name_at(layout: "Layout", around: list[int], place: int) -> Phrase | None:
    """The run of proper nouns that starts at a place of the window, hyphens included."""
    tokens = layout.tokens
    first = last = place
    while last < len(around) and (
        tokens[around[last]].pos_ == "PROPN" or (tokens[around[last]].text == "-" and last > first)
    ):
        last += 1
    return Phrase(around[first], around[last - 1] + 1, around[last - 1]) if last > first else None


def _neighbour(layout: "Layout", verb: "Token", around: list[int]) -> Phrase | None:
    """Without a parse: `Jane Roe said`, `said Jane Roe`."""
    tokens = layout.tokens
    place = around.index(verb.i) if verb.i in around else -1
    if place < 0:
        return None
    before = [p for p in around[max(0, place - LOOK) : place] if _nominal(tokens[p])]
    after = [p for p in around[place + 1 : place + LOOK] if _nominal(tokens[p])] if place <= 1 else []
    for nouns in (before, after):
        if nouns:
            apart = any(tokens[p].text == "," for p in range(nouns[0], nouns[-1]))
            head = nouns[0] if apart or nouns is after else nouns[-1]
            while head + 1 in nouns:
                head += 1
            return phrase(layout, tokens[head])
    return None


def _nominal(token: "Token") -> bool:
    bracketed = token.i > 1 and "(" in (token.nbor(-1).text, token.nbor(-2).text)
    return token.pos_ in NOUNS and token.tag_ != "PRP$" and token.lower_ not in _SPEECHLESS and not bracketed


def cue_of(layout: "Layout", verb: "Token") -> tuple[int, int]:
    """The verb with a particle right after it."""
    end = verb.i + 1
    if end < len(layout.tokens) and layout.tokens[end].dep_ == "prt":
        end += 1
    return verb.i, end


def speaks(token: "Token") -> bool:
    """Whether a noun can be the source of words: a person, an organisation, a document, he or she."""
    return (
        token.ent_type_ in ("PERSON", "ORG", "NORP", "GPE")
        or token.lower_ in ("he", "she", "they", "i", "we", "who")
        or (token.pos_ == "PROPN")
        or token.lemma_.lower() in cues.DOCUMENTS
        or token.lemma_.lower() in cues.PEOPLE | cues.GROUPS
    )
