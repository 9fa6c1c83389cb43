"""Keeps the vector index and the matrix of vectors in step with the record store, the one place of every vector."""

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from kb import matrix as matrices
from kb.errors import DataError
from kb.index import (
    GRAPH,
    ChromaIndex,
    ServerIndex,
    VectorIndex,
    discard,
    filled,
    is_discarded,
    reconcile,
)
from kb.index_server import SEARCHING, Server, WatchedIndex
from kb.lent import LentIndex
from kb.matrix import Matrix, Numbers, Vectors, key_of, number_of
from kb.reader import Reader
from kb.sqlite import complaints
from kb.store import RecordStore

PROBED = 50
"""Vectors that a filled index is asked for: damage shows in the first few, or in parts that no sample of any size
is sure to meet."""

SEARCHED = 2_000
"""Vectors that `retold verify` asks it for: a few seconds."""

ASTRAY = 500
"""To a vector in so many no path of Chroma's graph may lead, without damage: one of 2,232 was met."""

SAME = 0.9999
"""Cosine from which two vectors count as one: two wordings may have equal vectors, and either may be found."""

OFF = 1e-6
"""How far a number that the index holds may be from the record store's: it makes vectors of unit length anew."""


def search_width(count: int) -> int:
    """Candidates that a search among so many wordings weighs (Chroma's `ef_search`) for recall@10 of .99.

    400 at 100,000 and 1,000 at 1,000,000 were measured (docs/search.md), what lies between is drawn between them.

    >>> [search_width(count) for count in (1_000, 100_000, 1_000_000)]
    [400, 400, 1005]
    """
    width: float = GRAPH["ef_search"] * max(1, count / 100_000) ** 0.4
    return round(width)


class Indexing:
    """What makes vectors searchable, for one embedding tool and one folder. The index is open from its first use on,
    for one process at a time where it lies in the folder; a server's index and the matrix may be read by all.
    """

    def __init__(
        self,
        folder: Path,
        tool: str,
        store: RecordStore,
        wanted: Callable[[], set[str]],
        server: Server | None = None,
    ) -> None:
        """`wanted`: digests of the wordings that are to be found. `server`: where the index lies; None for `folder`."""
        self.folder = folder
        self._server = server
        self._tool = tool
        self._store = store
        self._reader = Reader(store)
        self._wanted = wanted
        self._matrix: tuple[str, Matrix] | None = None

    @cached_property
    def index(self) -> VectorIndex:
        """Filled again where a take-down discarded it: the vectors lie in the record store, no model is needed."""
        return self._opened()

    @property
    def matrix(self) -> Matrix:
        """The vectors of all that can be searched, as the last build left them; from the record store where it left
        none.
        """
        return self.named(self._reader.active_tool(matrices.KIND))

    def is_own(self, name: str | None) -> bool:
        """Whether a matrix is of this embedding tool."""
        return name is not None and matrices.is_of(name, self._tool)

    def named(self, name: str | None) -> Matrix:
        """The matrix that the record store names; it is mapped once."""
        held = self._matrix
        if name and self.is_own(name):
            if held and held[0] == name:
                return held[1]
            if loaded := matrices.load(self.folder, name):
                self._matrix = (name, loaded)
                return loaded
        numbers, digests = self._reader.embedded(self._wanted(), self._tool)
        return Matrix(numbers, self._vectors(digests))

    def lent(self) -> LentIndex | WatchedIndex:
        """The index for a process that lives long."""
        if self._server:
            return WatchedIndex(partial(self._whole, self._server))
        return LentIndex(self.folder, self._in_step)

    def expected(self) -> dict[str, str]:
        """By key the digests of the wordings that the index should hold, in the order of their numbers."""
        numbers, digests = self._reader.embedded(self._wanted(), self._tool)
        return dict(zip(map(key_of, numbers.tolist(), digests), digests, strict=True))

    def reconcile(self) -> tuple[int, int]:
        """Make the index hold exactly what is wanted; how many came and went.

        A damaged one is made anew. It is closed then: a command may go on for long, and others ask it meanwhile.
        """
        try:
            return self._reconciled()
        except DataError:
            self.close()
            discard(self.folder, self._server)
            return self._reconciled()
        finally:
            self.close()

    @property
    def place(self) -> str:
        """Where the index lies: a folder, or a server with its version."""
        if not self._server:
            return str(self.folder)
        version = self.index.version() if isinstance(self.index, ServerIndex) else ""
        return f"{self._server.place}, version {version}"

    def check(self, expected: Mapping[str, str], probes: int = PROBED) -> set[str]:
        """The keys that the index holds; DataError where it does not find those of what is `expected` of it."""
        held = self.index.keys()
        probed = sorted(held & expected.keys())
        probed = probed[:: max(1, len(probed) // probes)]
        if not finds_itself(self.index, probed, self._vectors([expected[key] for key in probed])):
            raise DataError(
                f"the vector index {self._where} does not find what is in it; `retold doctor --fix` makes it anew"
            )
        return held

    def problems(self) -> dict[str, str]:
        """By file or folder what is not as the last build left it. Nothing where a build has still to bring what is
        wanted in step: until then it is stale, not damaged.
        """
        expected = self.expected()
        numbers, digests = _numbers(expected), list(expected.values())
        name = matrices.name_of(self._tool, numbers, digests)
        if name != self._reader.active_tool(matrices.KIND) or is_discarded(self.folder):
            return {}
        rows = matrices.rows_of(digests, numbers, None, self._vectors)
        found = dict.fromkeys(matrices.unlike(self.folder, name, numbers, rows), "not the vectors of the record store")
        try:
            told = self._index_problem(expected)
        except DataError as error:
            told = str(error)
        except OSError as error:
            if error.errno not in (errno.EROFS, errno.EACCES):  # Chroma cannot be asked on a disk that is read only
                raise
            told = None
        finally:
            self.close()
        return {**found, f"the vector index {self._where}": told} if told else found

    def _index_problem(self, expected: Mapping[str, str]) -> str | None:
        """What is wrong with the index that should hold just these. Chroma looks only at what it is asked for."""
        told = [] if self._server else complaints(self.folder / "chroma.sqlite3")
        if told:
            return f"chroma.sqlite3 is damaged: {told[0]}"
        held = self.check(expected, SEARCHED)
        if self.index.matrix is None and self.index.others():
            return None  # an older retold filled it; the next build fills a new one
        if held != expected.keys():
            return f"{len(held ^ expected.keys())} wordings missing or too many"
        pairs = list(expected.items())
        off = sum(self._off(dict(pairs[at : at + matrices.PORTION])) for at in range(0, len(pairs), matrices.PORTION))
        return f"{off} vectors are not those of the record store" if off else None

    def _off(self, expected: Mapping[str, str]) -> int:
        """How many of these the index holds with other vectors than the record store."""
        kept, rows = self.index.vectors(list(expected)), self._vectors(list(expected.values()))
        held = np.array([kept[key] for key in expected])
        return int(np.count_nonzero(~np.isclose(held, rows, rtol=0, atol=OFF).all(axis=1)))

    def make_anew(self) -> None:
        """The index and the matrix, from the record store."""
        self.close()
        discard(self.folder, self._server)
        self.reconcile()

    def close(self) -> None:
        index: VectorIndex | None = self.__dict__.pop("index", None)
        if index:
            index.close()

    def _reconciled(self) -> tuple[int, int]:
        if "index" not in self.__dict__:
            self.__dict__["index"] = self._chroma()  # as it is: what filling it takes is counted here
        expected = self.expected()
        counts = self._fill(self.index, expected)
        self.check(expected)
        return counts

    def _opened(self, wait_s: float | None = None) -> VectorIndex:
        index = self._chroma(wait_s)
        try:
            if is_discarded(self.folder) and not self._server:  # a server's index is filled by who has the run's lock
                self._fill(index, self.expected())
        except BaseException:
            index.close()
            raise
        return index

    def _in_step(self) -> VectorIndex | None:
        """The folder's index for searches; None where it does not hold what the last build left: the first build of a
        newer retold or model has still to come, or one was killed.
        """
        index = self._opened(wait_s=0)
        if self._is_in_step(index):
            return index
        index.close()
        return None

    def _is_in_step(self, index: VectorIndex) -> bool:
        return index.matrix is not None and index.matrix == self._reader.active_tool(matrices.KIND)

    def _whole(self, server: Server) -> VectorIndex:
        """A server's index for searches; DataError where it does not hold what the last build left."""
        index = ServerIndex(server, self.folder, self._tool, SEARCHING)
        try:
            if is_discarded(self.folder) or not self._is_in_step(index):
                raise DataError(f"the vector index {self._where} is not filled; `retold doctor --fix` fills it")
        except BaseException:
            index.close()
            raise
        return index

    @property
    def _where(self) -> str:
        return f"on {self._server.place}" if self._server else f"in {self.folder}"

    def _chroma(self, wait_s: float | None = None) -> VectorIndex:
        if self._server:
            return ServerIndex(self._server, self.folder, self._tool)
        return ChromaIndex(self.folder, self._tool, wait_s=wait_s)

    def _fill(self, index: VectorIndex, expected: Mapping[str, str]) -> tuple[int, int]:
        def load(keys: Sequence[str]) -> tuple[Sequence[str], Vectors]:
            return keys, self._vectors([expected[key] for key in keys])

        counts = reconcile(index, expected, load)
        index.settle(self._keep_matrix(expected), search_width(len(expected)))
        index.drop_others()  # from here on readers take the new one: whoever answered from an old one has the matrix
        filled(self.folder)
        return counts

    def _keep_matrix(self, expected: Mapping[str, str]) -> str:
        """Write the matrix of what the index holds, unless it is there; its name."""
        numbers, digests = _numbers(expected), list(expected.values())
        name, before = matrices.name_of(self._tool, numbers, digests), self._reader.active_tool(matrices.KIND)
        if name != before or not matrices.load(self.folder, name):
            old = matrices.load(self.folder, before) if before and matrices.is_of(before, self._tool) else None
            matrices.save(self.folder, name, numbers, matrices.rows_of(digests, numbers, old, self._vectors))
            self._store.choose(matrices.KIND, name)
        return name

    def _vectors(self, digests: Sequence[str]) -> Vectors:
        """Vectors in the order of the digests."""
        keys, rows = self._reader.vectors(digests, self._tool)
        at = {key: row for row, key in enumerate(keys)}
        return rows[[at[digest] for digest in digests]] if keys else rows


def _numbers(keys: Iterable[str]) -> Numbers:
    return np.array([number_of(key) for key in keys], np.int64)


def finds_itself(index: VectorIndex, keys: Sequence[str], vectors: Vectors) -> bool:
    """Whether the index finds what it is asked for with the very vectors that it was given: one whose files are
    damaged may still name all its keys and find none of them (chroma #7090). One in `ASTRAY` may not be found.
    """
    missed = 0
    for key, vector in zip(keys, vectors, strict=True):
        nearest = index.nearest(vector, 1)
        missed += not nearest or (nearest[0][0] != key and nearest[0][1] < SAME)
    return missed <= len(keys) // ASTRAY
