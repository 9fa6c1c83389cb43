"""Two rows of words laid against each other: which word answers which, what is added, dropped, changed.

A global alignment with affine gaps (Gotoh), except that reference words before the first and after the
last matched word cost nothing: a print that quotes a part is then laid against that part in one piece
and not strewn over the whole.
"""

from collections.abc import Iterator, Sequence

import attrs
from rapidfuzz.distance import Levenshtein

from kb import spelling
from kb.sense import STOPWORDS
from kb.wording import Token

CELLS = 60_000
"""Largest table that is filled (about 0.1 s); longer pairs take rapidfuzz's plain edit distance."""

AFFIX = 5
"""Words of a common beginning or end that are taken for the same words without filling a table."""

_EQUAL, _EQUAL_SMALL, _INFLECTED, _OTHER = 3.0, 1.5, 2.0, -1.0
_OPEN, _EXTEND = -1.6, -0.3
_FREE_OPEN = -0.2
_NEVER = -1e9


@attrs.frozen
class Step:
    """A stretch of both rows: the same words (`equal`) or different ones. Half-open token ranges."""

    equal: bool
    before: tuple[int, int]
    after: tuple[int, int]


def steps(reference: Sequence[Token], wording: Sequence[Token]) -> list[Step]:
    """Equal and unequal stretches in order; together they cover both rows."""
    if not reference or not wording:
        whole = Step(False, (0, len(reference)), (0, len(wording)))
        return [whole] if reference or wording else []
    head, tail = _affixes(reference, wording)
    old, new = reference[head : len(reference) - tail], wording[head : len(wording) - tail]
    small = len(old) * len(new) <= CELLS
    middle = _gotoh(old, new) if small else _levenshtein(old, new)
    pairs = [
        *((at, at) for at in range(head)),
        *((i + head, j + head) for i, j in middle),
        *((len(reference) - at, len(wording) - at) for at in range(tail, 0, -1)),
    ]
    return list(_stretches(pairs, len(reference), len(wording)))


def _affixes(old: Sequence[Token], new: Sequence[Token]) -> tuple[int, int]:
    """Lengths of the common beginning and end, each 0 unless it is `AFFIX` words long.

    Filling the table is the cost, and near copies then need none of it. A shorter beginning may be
    chance: the first `the` of a fragment need not be the first `the` of the reference. Neither runs
    across an ellipsis, where the cut has to stay.
    """
    shortest = min(len(old), len(new))
    head = 0
    while head < shortest and old[head].key == new[head].key and not (head and new[head].gap):
        head += 1
    head = head if head >= AFFIX or head == len(old) == len(new) else 0
    tail = 0
    while tail < shortest - head and old[-1 - tail].key == new[-1 - tail].key and not (tail and new[-tail].gap):
        tail += 1
    return head, tail if tail >= AFFIX else 0


def _levenshtein(reference: Sequence[Token], wording: Sequence[Token]) -> list[tuple[int, int]]:
    old, new = ([spelling.stem(token.key) for token in row] for row in (reference, wording))
    return [
        (block.a + at, block.b + at)
        for block in Levenshtein.opcodes(old, new).as_matching_blocks()
        for at in range(block.size)
    ]


def _stretches(pairs: Sequence[tuple[int, int]], old: int, new: int) -> Iterator[Step]:
    at_old = at_new = 0
    run: tuple[int, int] | None = None
    for i, j in [*pairs, (old, new)]:
        if i > at_old or j > at_new or (i, j) == (old, new):
            if run is not None:
                yield Step(True, (run[0], at_old), (run[1], at_new))
            if i > at_old or j > at_new:
                yield Step(False, (at_old, i), (at_new, j))
            run = None
        if run is None:
            run = (i, j)
        at_old, at_new = i + 1, j + 1


def _gotoh(reference: Sequence[Token], wording: Sequence[Token]) -> list[tuple[int, int]]:
    """Index pairs of the words that answer each other (same word, perhaps inflected)."""
    n, m = len(reference), len(wording)
    if not n or not m:
        return []
    scores = _scores(reference, wording)
    add = [(_FREE_OPEN, 0.0) if token.bracketed else (_OPEN, _EXTEND) for token in wording]
    drop = [(_FREE_OPEN, 0.0) if token.gap else (_OPEN, _EXTEND) for token in wording] + [(0.0, 0.0)]
    width = m + 1
    best = [0.0, *_leading(wording)]
    dropped = [_NEVER] * width
    # Where each state came from: 0 pair, 1 drop (reference word left out), 2 add (word put in).
    trace = bytearray((n + 1) * width)
    grew = bytearray((n + 1) * width)
    trace[1:width] = b"\x02" * m
    grew[1:width] = b"\x02" * m
    for i in range(1, n + 1):
        diagonal, best[0] = best[0], 0.0
        added = _NEVER
        row, base = scores[i - 1], i * width
        trace[base] = 1
        for j in range(1, width):
            opening, extending = drop[j]
            from_best, from_gap = best[j] + opening, dropped[j] + extending
            if from_gap > from_best:
                dropped[j] = from_gap
                grew[base + j] |= 1
            else:
                dropped[j] = from_best
            opening, extending = add[j - 1]
            from_best, from_gap = best[j - 1] + opening, added + extending
            if from_gap > from_best:
                added = from_gap
                grew[base + j] |= 2
            else:
                added = from_best
            score = diagonal + row[j - 1]
            kind = 0
            if dropped[j] > score:
                score, kind = dropped[j], 1
            if added > score:
                score, kind = added, 2
            diagonal, best[j] = best[j], score
            trace[base + j] = kind
    return _walk(trace, grew, scores, n, m)


def _leading(wording: Sequence[Token]) -> Iterator[float]:
    """What words of the wording before the reference's first cost; editor's words in brackets next to nothing."""
    plain = 0
    for token in wording:
        yield _OPEN + _EXTEND * plain if plain or not token.bracketed else _FREE_OPEN
        plain += not token.bracketed


def _walk(
    trace: bytearray, grew: bytearray, scores: Sequence[Sequence[float]], n: int, m: int
) -> list[tuple[int, int]]:
    i, j, width = n, m, m + 1
    pairs: list[tuple[int, int]] = []
    state = -1
    while i and j:
        at = i * width + j
        kind = trace[at] if state < 0 else state
        if kind == 0:
            i, j, state = i - 1, j - 1, -1
            if scores[i][j] > 0:
                pairs.append((i, j))
        elif kind == 1:
            state = 1 if grew[at] & 1 else -1
            i -= 1
        else:
            state = 2 if grew[at] & 2 else -1
            j -= 1
    return pairs[::-1]


def _scores(reference: Sequence[Token], wording: Sequence[Token]) -> list[list[float]]:
    new = [(token.key, spelling.stem(token.key)) for token in wording]
    table = []
    for token in reference:
        key, stem = token.key, spelling.stem(token.key)
        same = _EQUAL_SMALL if key in STOPWORDS else _EQUAL
        table.append([same if k == key else _INFLECTED if s == stem else _OTHER for k, s in new])
    return table
