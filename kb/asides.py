"""Sources set into the sentence that they report: `The model, Roe said, had lied.`, `As Roe noted, it had.`"""

from typing import TYPE_CHECKING

import attrs

from kb import cues
from kb.layout import ENDS
from kb.lexicon import listed
from kb.phrases import Phrase, phrase

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout

_TIMES = frozenset(["DATE", "TIME"])
_OCCASIONS = listed(
    """interview statement speech tweet email e-mail letter post conference call debate rally event remarks
    appearance hearing meeting report filing article column memo television radio twitter facebook"""
)
"""Where something was said: not part of what was said."""


@attrs.frozen
class Reported:
    """Indirect content as runs of tokens, with its cue and speaker."""

    pieces: tuple[tuple[int, int], ...]
    cue: tuple[int, int]
    speaker: Phrase | None
    kind: str
    """Which construction it was found by: decides how sure it is."""

    @property
    def size(self) -> int:
        return sum(end - start for start, end in self.pieces)


def aside(layout: "Layout", verb: "Token") -> Reported | None:
    """`The model, Roe said, lied.`: a source between commas, with the sentence around it for content."""
    tokens = layout.tokens
    who = next((child for child in verb.children if child.dep_ == "nsubj" and child.i < verb.i), None)
    inverted = next((child for child in verb.children if child.dep_ == "nsubj" and child.i > verb.i), None)
    first = who.left_edge.i if who is not None else verb.i
    last = max(inverted.right_edge.i, verb.i) if who is None and inverted is not None else verb.i
    if (who is None and inverted is None) or first == 0 or tokens[first - 1].text != "," or _has_object(verb):
        return None
    if who is not None and who.lower_ in ("who", "which", "that"):
        return None
    last = _through_circumstance(layout, verb, last)
    if last + 1 >= len(tokens) or tokens[last + 1].text not in (",", *ENDS):
        return None
    low, high = sentence(layout, first - 1, last + 1)
    pieces = [trimmed for piece in ((low, first - 1), (last + 1, high)) if (trimmed := trim(layout, *piece))]
    speaker = who if who is not None else inverted
    if not pieces or speaker is None or any(layout.owner[p] >= 0 for p in (first - 2, min(last + 2, len(tokens) - 1))):
        return None
    if not _states(layout, pieces):
        return None
    return Reported(tuple(pieces), (verb.i, verb.i + 1), phrase(layout, speaker), "aside")


def _states(layout: "Layout", pieces: list[tuple[int, int]]) -> bool:
    """Whether something is said at all: not `On Tuesday, Roe testified`, nor `When Lee died, Roe wrote`."""
    words = [layout.tokens[p] for start, end in pieces for p in range(start, end)]
    if not any(word.tag_ in FINITE for word in words):
        return False
    return len(pieces) > 1 or words[0].lower_ not in _WHEN or any(word.text == "," for word in words)


FINITE = frozenset(["VBD", "VBZ", "VBP", "MD"])
_WHEN = listed("when whenever if unless after before as while once until till since")


def as_reported(layout: "Layout", verb: "Token") -> Reported | None:
    """`As Roe noted, the model lied.`: what follows the comma."""
    tokens = layout.tokens
    first, right = verb.left_edge.i, verb.right_edge.i
    last = _through_circumstance(layout, verb, right - (tokens[right].text == ","))
    opens = first == 0 or tokens[first - 1].text in ENDS or layout.line[first - 1] != layout.line[first]
    if tokens[first].lower_ != "as" or not opens or last + 1 >= len(tokens) or tokens[last + 1].text != ",":
        return None
    who = next((child for child in verb.children if child.dep_ in ("nsubj", "agent")), None)
    if who is not None and who.dep_ == "agent":
        who = next((child for child in who.children if child.dep_ == "pobj"), None)
    content = trim(layout, last + 1, sentence(layout, last + 1, last + 1)[1])
    if who is None or content is None or layout.owner[last + 2] >= 0:
        return None
    return Reported((content,), (verb.i, verb.i + 1), phrase(layout, who), "aside")


def _through_circumstance(layout: "Layout", verb: "Token", last: int) -> int:
    """The end of `said on Tuesday`, `said in an interview`, where nothing else follows."""
    tokens = layout.tokens
    while last + 1 < len(tokens) and tokens[last + 1].text not in (",", *ENDS):
        child = next((c for c in verb.rights if c.left_edge.i == last + 1 and c.dep_ in _ASIDES), None)
        if child is None or (child.dep_ == "prep" and not circumstance(child)):
            return last
        if child.dep_ in ("dobj", "dative") and not _told(verb, child):
            return last
        last = child.right_edge.i
    return last


_ASIDES = listed("prep npadvmod advmod prt dobj dative")

ADDRESSEE = 6
"""Tokens between `told` and the head of whom it was told to."""


def _has_object(verb: "Token") -> bool:
    return any(
        child.dep_ in ("xcomp", "ccomp", "oprd") or (child.dep_ == "dobj" and not _told(verb, child))
        for child in verb.rights
    )


def _told(verb: "Token", child: "Token") -> bool:
    """Whether the object is whom it was said to: `told reporters`, `told CNN`."""
    return verb.lemma_.lower() in cues.TELLING and child.i < verb.i + ADDRESSEE


def sentence(layout: "Layout", low: int, high: int) -> tuple[int, int]:
    """From the mark that ends the sentence before to the one that ends this, within the line."""
    tokens, line = layout.tokens, layout.line
    start, end = low, high
    while start > 0 and tokens[start - 1].text not in ENDS and line[start - 1] == line[low] and low - start < WIDE:
        start -= 1
    while end < len(tokens) and tokens[end].text not in ENDS and line[end] == line[low] and end - high < WIDE:
        end += 1
    return start, end


WIDE = 80
"""Tokens of a sentence looked at on either side of an aside."""


def circumstance(part: "Token") -> bool:
    """A phrase of time or occasion: `on Tuesday`, `in an interview`."""
    if part.dep_ != "prep":
        return part.ent_type_ in _TIMES and part.dep_ != "dobj"
    return any(child.ent_type_ in _TIMES or child.lemma_.lower() in _OCCASIONS for child in part.rights)


def trim(layout: "Layout", start: int, end: int) -> tuple[int, int] | None:
    """Without marks and blanks at its edges; nothing where no word is left."""
    tokens = layout.tokens
    while start < end and (tokens[start].is_space or (tokens[start].is_punct and layout.owner[start] < 0)):
        start += 1
    while end > start and (tokens[end - 1].is_space or (tokens[end - 1].is_punct and layout.owner[end - 1] < 0)):
        end -= 1
    return (start, end) if end > start else None
