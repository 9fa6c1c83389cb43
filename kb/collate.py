"""Two wordings collated: what was cut at the edges, what was changed inside, what the sense lost by it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import attrs

from kb import sense, worddiff
from kb.records import Edit, Verdict
from kb.sense import Cue
from kb.worddiff import Step
from kb.wording import Token, shown, tokens

BESIDES = 4
"""Words put in at an edge from which they may be more of the speech, which no reference holds whole."""
LONG_RUN = 9
"""Words in a row from which they need not hold two content words to be no chance."""
_STOP_WEIGHT = 0.3


@attrs.frozen(kw_only=True)
class Aligned:
    """A wording laid against one reference quote."""

    verdict: Verdict
    """verbatim, trimmed or altered; `match` adds merged."""
    sense_kept: bool | None
    """Whether edits and cuts leave the sense as it was; None where that is open."""
    edits: tuple[Edit, ...]
    """Changes inside; words in brackets and cuts that an ellipsis declares are none."""
    cut_before: str
    """Reference words left out before the first one printed."""
    cut_after: str
    lost: tuple[Cue, ...]
    """What the cuts took away that the rest depends on."""
    lost_words: str
    """The words of the cuts with which the sense went; empty where none did."""
    confidence: float
    """0..1: that the wording is a print of this reference at all."""
    reference_covered: float
    """0..1: share of the reference's words that is printed, content words counting more."""
    wording_covered: float
    """0..1: share of the wording's words that stands in the reference."""
    run: int
    """Longest stretch of equal words."""
    matched: int
    """Words that answer each other."""
    lengths: tuple[int, int]
    """Words of the reference and of the wording."""
    span: tuple[int, int]
    """Range of the wording's tokens that the print takes up, from its first to its last run of words."""


class Stretch(NamedTuple):
    """A run of words that differs."""

    before: Sequence[Token]
    """The reference's."""
    after: Sequence[Token]
    """The print's."""
    lead: str = ""
    """The printed word right before it."""
    besides: bool = False
    """Words put in at an edge, so many that they may be more of the speech."""


@lru_cache(maxsize=16_384)
def align(reference: str, wording: str) -> Aligned:
    """Lay a wording against a reference, whatever they have to do with one another."""
    old, new = tokens(reference), tokens(wording)
    steps = worddiff.steps(old, new)
    inner, before, after = _edges(steps, new)
    stretches = _changes(_joined(inner, old), old, new)
    edits = tuple(Edit(_op(s.before, s.after), shown(s.before), shown(s.after)) for s in stretches)
    lost = _lost(old, before, after) if any(step.equal for step in steps) else ()
    run, content_run = _longest_run(steps, old, new)
    own = [token for token in _equal(steps, new, 1) if not token.bracketed]
    covered = _weight(own), _weight(_equal(steps, old, 0))
    core = _core(steps, new)
    wording_covered = covered[0] / core if core else 0.0
    return Aligned(
        verdict=_verdict(bool(edits), before, after, steps),
        sense_kept=_sense(stretches, lost),
        edits=edits,
        cut_before=shown(old[: before[1]]),
        cut_after=shown(old[after[0] :]),
        lost=tuple(cue for cue, _ in lost),
        lost_words=" … ".join(words for _, words in lost),
        confidence=_confidence(wording_covered, content_run, run),
        reference_covered=covered[1] / (_weight(old) or 1.0),
        wording_covered=wording_covered,
        run=run,
        matched=len(own),
        lengths=(len(old), len(new)),
        span=_span(steps),
    )


def _op(before: Sequence[Token], after: Sequence[Token]) -> Literal["replace", "delete", "insert"]:
    return "replace" if before and after else "delete" if before else "insert"


def _edges(steps: Sequence[Step], new: Sequence[Token]) -> tuple[list[Step], tuple[int, int], tuple[int, int]]:
    """The steps between the edge cuts, and the cut ranges of the reference before and after.

    Where the print has sentences of its own in place of the cut, they stay as words put in.
    """
    inner = list(steps)
    end = inner[-1].before[1] if inner else 0
    before, after = (0, 0), (end, end)
    if inner and _edge_cut(inner[0], new, leading=True):
        before = inner[0].before
        inner[0] = Step(False, (before[1], before[1]), inner[0].after)
    if inner and _edge_cut(inner[-1], new, leading=False):
        after = inner[-1].before
        inner[-1] = Step(False, (after[0], after[0]), inner[-1].after)
    return inner, before, after


def _edge_cut(step: Step, new: Sequence[Token], *, leading: bool) -> bool:
    if step.equal or step.before[0] == step.before[1]:
        return False
    return step.after[0] == step.after[1] or _whole_sentences(new, step, leading)


def _joined(steps: Sequence[Step], old: Sequence[Token]) -> list[Step]:
    """Two changes with one small word between them are one change."""
    out: list[Step] = []
    for step in steps:
        lone = len(out) > 1 and out[-1].equal and out[-1].before[1] - out[-1].before[0] == 1
        if not step.equal and lone and not out[-2].equal and old[out[-1].before[0]].key in sense.LIGHT:
            out.pop()
            first = out.pop()
            out.append(Step(False, (first.before[0], step.before[1]), (first.after[0], step.after[1])))
        else:
            out.append(step)
    return out


def _changes(steps: Sequence[Step], old: Sequence[Token], new: Sequence[Token]) -> list[Stretch]:
    """The stretches that differ, without what brackets and ellipses declare."""
    found: list[Stretch] = []
    last = len(steps) - 1
    for at, step in enumerate(steps):
        before, after = old[slice(*step.before)], new[slice(*step.after)]
        if step.equal:
            pairs = zip(before, after, strict=True)
            found.extend(Stretch((b,), (a,)) for b, a in pairs if b.key != a.key and not a.bracketed)
            continue
        extra = at in (0, last) and not before and _whole_sentences(new, step, at == 0)
        if extra or _declared(before, after, new, step):
            continue
        if not _contracted(before, after) and "".join(t.key for t in before) != "".join(t.key for t in after):
            lead = new[step.after[0] - 1].key if step.after[0] else ""
            besides = at in (0, last) and not before and len(after) >= BESIDES
            found.append(Stretch(before, after, lead, besides))
    return found


def _contracted(before: Sequence[Token], after: Sequence[Token]) -> bool:
    """`the roof is` and `the roof's`, `I had` and `I'd`: on its own the short form cannot be told from another one."""
    if len(before) != 1 or len(after) != 1:
        return False
    keys = {before[0].key, after[0].key}
    short = not before[0].shown or not after[0].shown
    return keys in ({"'s", "is"}, {"'s", "has"}) or (short and keys == {"had", "would"})


def _whole_sentences(new: Sequence[Token], step: Step, leading: bool) -> bool:
    """Words at an edge of the print that form sentences of their own: said besides, not instead."""
    if step.after[0] == step.after[1]:
        return False
    border = step.after[1] if leading else step.after[0]
    return 0 < border < len(new) and (new[border - 1].sentence != new[border].sentence or new[border].gap)


def _declared(before: Sequence[Token], after: Sequence[Token], new: Sequence[Token], step: Step) -> bool:
    """Bracketed words for a few others, or a cut with an ellipsis; a bracketed `not` or number is a change."""
    if after and all(token.bracketed for token in after):
        return len(before) <= 4 and not sense.negated(before) and not sense.negated(after)
    end = step.after[1]
    return not after and end < len(new) and new[end].gap


def _verdict(altered: bool, before: tuple[int, int], after: tuple[int, int], steps: Sequence[Step]) -> Verdict:
    if altered or not any(step.equal for step in steps):
        return "altered"
    gaps = [s for s in steps if not s.equal and s.after[0] == s.after[1]]
    cut_inside = any(step.before[0] < step.before[1] for step in gaps)
    return "trimmed" if cut_inside or before[0] < before[1] or after[0] < after[1] else "verbatim"


def _sense(stretches: Sequence[Stretch], lost: Sequence[tuple[Cue, str]]) -> bool | None:
    verdicts = {None if s.besides else sense.change(s.before, s.after, s.lead) for s in stretches}
    if lost or False in verdicts:
        return False
    return None if None in verdicts else True


def _lost(old: Sequence[Token], before: tuple[int, int], after: tuple[int, int]) -> tuple[tuple[Cue, str], ...]:
    found = []
    if before[1] > before[0]:
        found += sense.lost_before(old[before[0] : before[1]], old[before[1]])
    if after[1] > after[0]:
        found += sense.lost_after(old[after[0] - 1], old[after[0] : after[1]])
    return tuple(found)


def _weight(row: Sequence[Token]) -> float:
    return sum(_STOP_WEIGHT if token.key in sense.STOPWORDS else 1.0 for token in row)


def _equal(steps: Sequence[Step], row: Sequence[Token], side: int) -> list[Token]:
    return [token for step in steps if step.equal for token in row[slice(*(step.after if side else step.before))]]


def _core(steps: Sequence[Step], new: Sequence[Token]) -> float:
    """Weight of the print without bracketed words and without whole extra sentences at its edges."""
    total = 0.0
    last = len(steps) - 1
    for at, step in enumerate(steps):
        stretch = new[slice(*step.after)]
        if step.equal or not (at in (0, last) and _whole_sentences(new, step, at == 0)):
            total += _weight([token for token in stretch if not token.bracketed])
    return total


def _longest_run(steps: Sequence[Step], old: Sequence[Token], new: Sequence[Token]) -> tuple[int, int]:
    """Length of the longest stretch of equal words that holds two content words or is long, and its content words."""
    best = (0, 0)
    for step in steps:
        if step.equal:
            count = len(sense.content(old[slice(*step.before)]))
            length = step.before[1] - step.before[0]
            telling = count >= 2 or length == len(new) or length >= LONG_RUN
            best = max(best, (length if telling else min(length, 2), count))
    return best


def _span(steps: Sequence[Step]) -> tuple[int, int]:
    """From the first to the last run of three words, or the longest run: lone small words match anywhere."""
    ranges = [step.after for step in steps if step.equal]
    longest = max((end - start for start, end in ranges), default=0)
    long = [(start, end) for start, end in ranges if end - start >= min(3, longest)]
    return (long[0][0], long[-1][1]) if long else (0, 0)


def _confidence(covered: float, content_run: int, run: int) -> float:
    """Grows with the share of the wording that is found and with the content words found in a row."""
    if not run:
        return 0.0
    unlikely: float = 1.0 - 0.5 ** max(content_run, run / 3)
    return (0.25 + 0.75 * min(1.0, covered / 0.9)) * unlikely
