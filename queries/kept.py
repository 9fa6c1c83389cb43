"""What a filter leaves, to be ranked exactly; a process that stays keeps it from question to question."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import attrs

from kb.connections import Connection
from kb.matrix import Matrix
from kb.occurrences import Filter, Occurrences

NARROW = 20_000
"""Wordings that a filter may leave to be ranked alone. A wider one is met by one in so many of all that the best of
all are ranked, and those that meet it kept.
"""

ROWS = 50_000
"""Vectors kept in all: 77 MB of 384 numbers."""

FILTERS = 1_000
"""Filters remembered at most; of a wide one only that it is wide."""


@attrs.frozen(eq=False)
class Left:
    """The wordings that a filter leaves."""

    numbers: Sequence[int]
    vectors: Matrix
    """Of those among them that have one."""


def left(places: Occurrences, matrix: Matrix, narrowed: Filter) -> Left | None:
    """What a filter leaves; None where that is more than NARROW. Some 3 µs a wording."""
    numbers = places.matching(narrowed, limit=NARROW + 1)
    return Left(numbers, matrix.among(numbers)) if len(numbers) <= NARROW else None


class Kept:
    """The same, kept for as long as nothing is written to the record store."""

    def __init__(self, connection: Connection) -> None:
        """A connection of its own, through which nothing is written."""
        self._connection = connection
        self._one_at_a_time = threading.Lock()
        self._written: object = None
        self._held: OrderedDict[tuple[str | None, Filter], Left | None] = OrderedDict()

    def left(self, places: Occurrences, matrix: Matrix, name: str | None, narrowed: Filter) -> Left | None:
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
                while len(self._held) > FILTERS or self._rows() > ROWS:
                    self._held.popitem(last=False)
        return found

    def _rows(self) -> int:
        return sum(len(each.numbers) for each in self._held.values() if each)
