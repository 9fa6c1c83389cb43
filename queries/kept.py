"""What a filter leaves, to be ranked exactly; a process that stays keeps it from question to question."""

import threading
from collections import OrderedDict

import attrs
import numpy as np

from kb.connections import Connection
from kb.matrix import Matrix
from kb.occurrences import Filter, Occurrences

NARROW = 20_000
"""Wordings that a filter may leave to be ranked alone, or a twentieth of all where that is more: about as many as are
compared in the time that the vector index takes. A wider filter is met by the best of all that meet it.
"""

ROWS = 50_000
"""Vectors kept in all, or an eighth of all there are: 77 MB of 384 numbers."""

FILTERS = 1_000
"""Filters remembered at most; of a wide one only how wide it is."""

SAMPLED = 500
"""Wordings by which the share that a wide filter leaves is judged."""


@attrs.frozen(eq=False)
class Alone:
    """The wordings that a filter leaves, few enough to be ranked alone."""

    numbers: frozenset[int]
    vectors: Matrix
    """Of those among them that have one."""


@attrs.frozen(eq=False)
class Left:
    """What a filter leaves."""

    share: float
    """Of all wordings, about."""
    alone: Alone | None = None
    """None where they are many."""


ALL = Left(1.0)


def left(places: Occurrences, matrix: Matrix, narrowed: Filter) -> Left:
    """What a filter leaves. Some 3 µs a wording, and no more than a few ms for a wide one, which a sample shows."""
    count = len(matrix.numbers)
    limit = max(NARROW, count // 20)
    share = _share(places, matrix, narrowed) if count > limit else 0.0
    if share * count > 1.5 * limit:
        return Left(share)
    numbers = places.matching(narrowed, limit=limit + 1)
    if len(numbers) > limit:
        return Left(min(1.0, max(share, limit / max(count, 1))))
    return Left(min(1.0, len(numbers) / max(count, 1)), Alone(frozenset(numbers), matrix.among(numbers)))


def _share(places: Occurrences, matrix: Matrix, narrowed: Filter) -> float:
    """Of wordings drawn by chance: every tenth in their order may be a quote."""
    drawn = np.unique(np.random.default_rng(0).integers(len(matrix.numbers), size=SAMPLED))
    return len(places.matching(narrowed, among=matrix.numbers[drawn].tolist())) / len(drawn)


class Kept:
    """The same, kept for as long as nothing is written to the record store."""

    def __init__(self, connection: Connection) -> None:
        """A connection of its own, through which nothing is written."""
        self._connection = connection
        self._one_at_a_time = threading.Lock()
        self._written: object = None
        self._held: OrderedDict[tuple[str | None, Filter], Left] = OrderedDict()

    def left(self, places: Occurrences, matrix: Matrix, name: str | None, narrowed: Filter) -> Left:
        """As `left`; `name` is the matrix's."""
        key = (name, narrowed)
        with self._one_at_a_time:
            written = self._connection.state()
            if written != self._written:
                self._held.clear()
                self._written = written
            elif key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        found = left(places, matrix, narrowed)
        with self._one_at_a_time:
            if written == self._written:
                self._held[key] = found
                while len(self._held) > FILTERS or self._rows() > max(ROWS, len(matrix.numbers) // 8):
                    self._held.popitem(last=False)
        return found

    def _rows(self) -> int:
        return sum(len(each.alone.numbers) for each in self._held.values() if each.alone)
