"""Quotes that a sentence is built around: `The reef "came back on its own," Roe said` is mixed, not direct."""

from typing import TYPE_CHECKING

from kb import cues
from kb.layout import ENDS

if TYPE_CHECKING:
    from kb.layout import Layout
    from kb.turns import Attributed

Run = tuple[int, int]
"""Half-open range of token positions."""


def woven(layout: "Layout", item: "Attributed") -> Run | None:
    """The whole of what a sentence reports around a stretch; None where the stretch stands for itself."""
    if item.source.place not in ("after", "before") or item.source.speaker is None or item.source.cue is None:
        return None
    stretch = layout.quoted[item.frame.number]
    first, last = layout.at(stretch.open), layout.before(stretch.close)
    if item.source.cue[0] >= last:
        whole = (_begin(layout, item, first), _end(layout, item, last))
    else:
        whole = (_that(layout, item, first), _rest(layout, item, last))
    return whole if whole != (first, last) else None


def _begin(layout: "Layout", item: "Attributed", first: int) -> int:
    """Where the sentence starts that leads into the marks without a cue of its own."""
    tokens, head = layout.tokens, item.frame.head
    small = item.frame.text[:1].islower() or item.frame.text[:2] in ("I ", "I’", "I'")
    if not head or not (small or tokens[first - 1].is_alpha):
        return first
    start = first
    while start > head.start and tokens[start - 1].text not in ENDS and not tokens[start - 1].is_space:
        start -= 1
    lead = tokens[start:first]
    if not lead or lead[-1].text == ":" or any(_introduces(token) for token in lead):
        return first
    while start < first and (tokens[start].is_punct or tokens[start].is_space):
        start += 1
    return start if first - start > 1 else first


def _introduces(token: "object") -> bool:
    return token.pos_ == "VERB" and token.lemma_.lower() in cues.SAYING  # type: ignore[attr-defined]


def _that(layout: "Layout", item: "Attributed", first: int) -> int:
    """Where `that …` begins behind the cue, with more words before the marks: `said that in May, "we saw nothing"`."""
    assert item.source.cue is not None
    for position in range(item.source.cue[1], first - 2):
        if layout.tokens[position].lower_ == "that" and layout.tokens[position].dep_ == "mark":
            return position
    return first


def _end(layout: "Layout", item: "Attributed", last: int) -> int:
    """Where the words after the marks end that come before the comma of `, Roe said`."""
    tokens, source = layout.tokens, item.source
    assert source.speaker is not None
    assert source.cue is not None
    stop = min(source.speaker.start, source.cue[0])
    if stop - last < 3 or tokens[stop - 1].text != ",":
        return last
    joined = item.frame.text[-1:] not in ",.?!…—-" or tokens[last].pos_ in ("ADP", "SCONJ")
    return stop - 1 if joined else last


def _rest(layout: "Layout", item: "Attributed", last: int) -> int:
    """Where the sentence ends that goes on behind the marks: `Roe said, "We have a week to go" until the vote.`"""
    tokens, tail = layout.tokens, item.frame.tail
    if item.frame.text[-1:] in ",.?!…—-" or not tail or not tokens[last].is_alpha or tokens[last].pos_ == "CCONJ":
        return last
    end = last
    while end < tail.stop and tokens[end].text not in ENDS and tokens[end].text != "," and not tokens[end].is_space:
        end += 1
    return end
