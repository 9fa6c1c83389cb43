"""The vectors of all searchable wordings in one memory-mapped file: a search compares them one by one.

It stands beside the vector index and is written by the same step (`kb.indexing`). A new process
that wants one answer has it from here in less time than opening Chroma takes, and a filtered search reads only
the rows that the filter leaves. Like the index it can be made again from the record store.
"""

import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

Vectors = np.ndarray[Any, np.dtype[np.float32]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]

PORTION = 16_384
"""Rows read and written at once: 25 MB of 384 numbers."""

KIND = "matrix"
"""Under which the record store remembers which matrix is the one to read."""

_PREFIX = "matrix-"


@attrs.frozen(eq=False)
class Matrix:
    """Unit vectors (n x dimensions, float32) with the numbers of their wordings (n, rising)."""

    numbers: Numbers
    vectors: Vectors

    def nearest(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """Numbers and cosine similarity of the k nearest, nearest first; of equals the lower number."""
        return _best(self.numbers, self._scores(vector), k) if len(self.numbers) else []

    def within(self, vector: Vectors, least: float) -> list[int]:
        """Numbers of all whose cosine similarity is at least so much."""
        return [int(number) for number in self.numbers[self._scores(vector) >= least]]

    def _scores(self, vector: Vectors) -> Vectors:
        """Not by `@`: its threads wait for one another, twice the work alone and ten times it beside other work."""
        scores: Vectors = np.vecdot(self.vectors, vector)
        return scores

    def rank(self, vector: Vectors, among: Iterable[int], k: int) -> list[tuple[int, float]]:
        """The same among some wordings alone; those without a vector are left out."""
        return self.among(among).nearest(vector, k)

    def among(self, numbers: Iterable[int]) -> "Matrix":
        """A copy of the rows of some wordings, of those that have one."""
        wanted = np.unique(np.fromiter(numbers, np.int64))
        rows = np.searchsorted(self.numbers, wanted)
        rows[rows == len(self.numbers)] = 0
        rows = rows[self.numbers[rows] == wanted] if len(self.numbers) else rows[:0]
        return Matrix(self.numbers[rows], self.vectors[rows])


def _best(numbers: Numbers, scores: Vectors, k: int) -> list[tuple[int, float]]:
    if k < len(scores):
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        kept = np.flatnonzero(scores >= least)
        numbers, scores = numbers[kept], scores[kept]
    order = np.lexsort((numbers, -scores))[:k]
    return [(int(numbers[at]), float(scores[at])) for at in order]


def key_of(number: int, digest: str) -> str:
    """What the index calls a wording: by its number, and so much of its digest as shows that the number has gone to
    other words since, in a record store put back from a copy. Chroma writes a key down four times.
    """
    return f"{number}-{digest[:8]}"


def number_of(key: str) -> int:
    """
    >>> number_of(key_of(17, "0a1b2c3d4e5f"))
    17
    """
    return int(key.partition("-")[0])


def name_of(tool: str, numbers: Numbers, digests: Iterable[str]) -> str:
    """What a matrix is called, by its embedding tool and a digest of the wordings in it, in their order."""
    made = hashlib.sha256(np.ascontiguousarray(numbers).tobytes())
    for digest in digests:
        made.update(digest.encode())
    return f"{_named(tool)}{made.hexdigest()[:32]}"


def is_of(name: str, tool: str) -> bool:
    """Whether a matrix holds the vectors of an embedding tool."""
    return name.startswith(_named(tool))


def _named(tool: str) -> str:
    return f"{_PREFIX}{tool.removeprefix('tool:')}-"


def load(folder: Path, name: str) -> Matrix | None:
    """The matrix of a name; None where it is not there in full."""
    try:
        numbers = np.load(folder / f"{name}.numbers.npy", mmap_mode="r")
        vectors = np.load(folder / f"{name}.npy", mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return Matrix(numbers, vectors) if numbers.shape == vectors.shape[:1] else None


def save(folder: Path, name: str, numbers: Numbers, portions: Iterator[Vectors]) -> None:
    """Write a matrix, all of it or nothing, from its rows in the order of the numbers; others in the folder go."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{name}.{os.getpid()}.part"
    try:
        with partial.open("wb") as file:
            file.writelines(_content(numbers, portions))
        partial.replace(folder / f"{name}.npy")
        with partial.open("wb") as file:
            np.save(file, numbers)
        partial.replace(folder / f"{name}.numbers.npy")
    finally:
        partial.unlink(missing_ok=True)
    for old in folder.glob(f"{_PREFIX}*"):
        if not old.name.startswith(f"{name}."):
            old.unlink(missing_ok=True)


def _content(numbers: Numbers, portions: Iterable[Vectors]) -> Iterator[bytes]:
    """The bytes of a matrix's file of vectors."""
    for at, rows in enumerate(portions):
        if not at:
            head = io.BytesIO()
            shape = (len(numbers), rows.shape[1])
            np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
            yield head.getvalue()
        yield np.ascontiguousarray(rows, "<f4").tobytes()


def unlike(folder: Path, name: str, numbers: Numbers, portions: Iterable[Vectors]) -> list[str]:
    """The files of a matrix that are not, byte for byte, what `save` would write."""
    counted = io.BytesIO()
    np.save(counted, numbers)
    expected = {f"{name}.npy": _content(numbers, portions), f"{name}.numbers.npy": iter([counted.getvalue()])}
    return [file for file, parts in expected.items() if not _is(folder / file, parts)]


def _is(path: Path, parts: Iterator[bytes]) -> bool:
    try:
        with path.open("rb") as file:
            return all(file.read(len(part)) == part for part in parts) and not file.read(1)
    except OSError:
        return False


def rows_of(
    digests: Sequence[str], numbers: Numbers, old: Matrix | None, fetch: Callable[[Sequence[str]], Vectors]
) -> Iterator[Vectors]:
    """Vectors of wordings in their order, a portion at a time: from an older matrix where it has them, else fetched."""
    for start in range(0, len(numbers), PORTION):
        part = slice(start, start + PORTION)
        if old is None or not len(old.numbers):
            yield fetch(digests[part])
            continue
        at = np.minimum(np.searchsorted(old.numbers, numbers[part]), len(old.numbers) - 1)
        known = old.numbers[at] == numbers[part]
        rows = np.array(old.vectors[at])
        if not known.all():
            rows[~known] = fetch([digest for digest, held in zip(digests[part], known, strict=True) if not held])
        yield rows
