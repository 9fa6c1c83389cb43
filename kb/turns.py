"""Quotes that name nobody themselves: who goes on speaking, or was introduced in the line before."""

from typing import TYPE_CHECKING

import attrs

from kb import cues
from kb.attribution import dated, local_source, phrase_in
from kb.frames import Frame, Source, frames
from kb.layout import ENDS
from kb.phrases import Phrase, phrase
from kb.subjects import cue_of, speaks, subject

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout


@attrs.frozen(eq=False)
class Attributed:
    """A stretch with its source. `turn` is equal for the pieces of one remark."""

    frame: Frame
    source: Source
    turn: int


def attributed(layout: "Layout") -> list[Attributed]:
    """Every stretch with its source, those that name none carried on from their neighbours."""
    all_frames = list(frames(layout))
    local = _joined([local_source(frame) for frame in all_frames], layout)
    found: list[Attributed] = []
    for frame, source in zip(all_frames, local, strict=True):
        before = found[-1] if found else None
        known = source.speaker is not None or source.place == "inside"
        settled = source if known else _carried(frame, before, local) or source
        found.append(Attributed(frame, settled, _turn(frame, settled, before)))
    return found


def _joined(sources: list[Source], layout: "Layout") -> list[Source]:
    """Paragraphs of one quote share the first source that any of them has."""
    joined = list(sources)
    first = 0
    for number, stretch in enumerate(layout.quoted):
        if stretch.continues and number + 1 < len(sources):
            continue
        known = [source for source in sources[first : number + 1] if source.speaker]
        if known and number > first:
            joined[first : number + 1] = [known[0]] * (number + 1 - first)
        first = number + 1
    return joined


def _turn(frame: Frame, source: Source, before: Attributed | None) -> int:
    """A new number, or the one of the stretch before where both are pieces of one remark."""
    if before is None or source.speaker is None or source.speaker != before.source.speaker:
        return frame.number
    layout = frame.layout
    close, open_ = layout.before(layout.quoted[before.frame.number].close), layout.at(layout.quoted[frame.number].open)
    if layout.quoted[before.frame.number].continues:
        return before.turn
    gap = [token for token in layout.tokens[close:open_] if not token.is_space]
    same_line = layout.line[min(open_, len(layout.line) - 1)] == layout.line[close - 1]
    return before.turn if same_line and len(gap) <= GAP else frame.number


GAP = 40
"""Tokens between two pieces of one remark at most."""


def _carried(frame: Frame, before: Attributed | None, local: list[Source]) -> Source | None:
    layout = frame.layout
    opens_line = not any(not layout.tokens[p].is_space for p in frame.head) and _line_start(frame)
    if opens_line:
        return (
            _next_byline(frame)
            or _announced(frame)
            or _continued(frame, before, lines=1)
            or _last_subject(frame)
            or _continued(frame, before, lines=3)
        )
    return _continued(frame, before, lines=0) or _sentence_before(frame) or _following(frame, local)


def _line_start(frame: Frame) -> bool:
    layout = frame.layout
    at = layout.at(layout.quoted[frame.number].open)
    return at == 0 or layout.line[at - 1] != layout.line[at] or layout.tokens[at].is_space


def _float(source: Source) -> Source:
    return attrs.evolve(source, place="float")


def _continued(frame: Frame, before: Attributed | None, *, lines: int) -> Source | None:
    """The last speaker, when at most so many lines lie between."""
    if before is None or before.source.speaker is None or before.source.place == "none":
        return None
    layout = frame.layout
    here, there = (
        layout.at(layout.quoted[frame.number].open),
        layout.before(layout.quoted[before.frame.number].close) - 1,
    )
    here = min(here + 1, len(layout.tokens) - 1)
    return _float(before.source) if layout.line[here] - layout.line[there] <= lines else None


def _narrative_line(frame: Frame) -> list["Token"]:
    """The narrative tokens of the line before, its last sentence only."""
    layout = frame.layout
    position = layout.at(layout.quoted[frame.number].open) - 1
    while position >= 0 and layout.tokens[position].is_space:
        position -= 1
    kept: list[Token] = []
    while position >= 0 and not layout.tokens[position].is_space and _narrative(layout, position):
        token = layout.tokens[position]
        if kept and token.text in ENDS:
            break
        kept.append(token)
        position -= 1
    return kept[::-1]


def _narrative(layout: "Layout", position: int) -> bool:
    """Whether a token belongs to the sentence told, fragments in marks included; a quote of its own does not."""
    owner = layout.owner[position]
    return owner < 0 or len(layout.text[layout.quoted[owner].start : layout.quoted[owner].end].split()) < FRAGMENT


FRAGMENT = 4
"""Words from which on a stretch in marks is a quote of its own."""


def _announced(frame: Frame) -> Source | None:
    """The line before ends with a colon: its subject speaks."""
    sentence = _narrative_line(frame)
    if not sentence or sentence[-1].text != ":":
        return None
    return phrase_in(frame.layout, [token.i for token in sentence], "line")


def _last_subject(frame: Frame) -> Source | None:
    """The subject of the line before, where that is somebody who speaks."""
    return _subject_of(frame, _narrative_line(frame))


def _sentence_before(frame: Frame) -> Source | None:
    """The subject of the sentence right before, in the same line: `Roe was blunt. "It failed."`"""
    layout = frame.layout
    tokens = [layout.tokens[p] for p in frame.head if not layout.tokens[p].is_space]
    while tokens and tokens[-1].text in ENDS:
        tokens.pop()
    ends = [number for number, token in enumerate(tokens) if token.text in ENDS]
    return _subject_of(frame, tokens[ends[-1] + 1 :] if ends else tokens)


def _subject_of(frame: Frame, sentence: list["Token"]) -> Source | None:
    for verb in sentence:
        if verb.pos_ in ("VERB", "AUX") and (verb.dep_ in ("ROOT", "conj", "ccomp") or _as_told(verb)):
            who = subject(frame.layout, verb)
            if who is not None and speaks(who):
                spoken = verb.lemma_.lower() in cues.SAYING
                return Source("float", cue_of(frame.layout, verb) if spoken else None, phrase(frame.layout, who))
    return None


def _as_told(verb: "Token") -> bool:
    """`As Roe told The Post, …`"""
    as_ = any(child.lower_ == "as" and child.dep_ == "mark" for child in verb.lefts)
    return as_ and verb.lemma_.lower() in cues.SAYING


def _following(frame: Frame, local: list[Source]) -> Source | None:
    """The source that a later stretch of the same line names."""
    layout, number = frame.layout, frame.number
    if number + 1 >= len(local) or local[number + 1].speaker is None:
        return None
    here, there = layout.at(layout.quoted[number].open), layout.at(layout.quoted[number + 1].open)
    return _float(local[number + 1]) if layout.line[here] == layout.line[there] else None


def _next_byline(frame: Frame) -> Source | None:
    """`— Jane Roe` on a line of its own under the quote."""
    layout = frame.layout
    position = layout.before(layout.quoted[frame.number].close)
    while position < len(layout.tokens) and layout.tokens[position].is_space:
        position += 1
    if position >= len(layout.tokens) - 1 or layout.tokens[position].text not in ("—", "–", "-", "--", "―"):
        return None
    first = last = position + 1
    while last < len(layout.tokens) and layout.tokens[last].pos_ == "PROPN":
        last += 1
    return Source("line", None, Phrase(first, last, last - 1)) if last > first and not dated(layout, last) else None
