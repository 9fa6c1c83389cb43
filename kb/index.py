"""VectorIndex: nearest wordings. Never the only copy: every vector lies in the record store.

Local Chroma belongs to one process at a time (a second open client sees stale results, and breaks the index when it
then writes: measured with 1.5.9), so opening takes a file lock. Only upserts and deletes by id, vectors passed in.
"""

import os
import shutil
import sqlite3
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from kb.errors import DataError, IndexBusyError, LostError, UserError
from kb.folders import DISCARDED
from kb.index_server import BUILDING, NAME, SEARCHING, Patience, Server, collection_name, patiently, prefix
from kb.settings import silence_telemetry

Vectors = npt.NDArray[np.float32]
Neighbours = list[tuple[str, float]]
"""Keys and their cosine similarity, nearest first."""

LOCK_WAIT_S = 30
"""How long a build waits for the index."""

GRAPH: Any = {"space": "cosine", "ef_construction": 200, "ef_search": 400}
"""Chroma's own 100 and 100 find .92 of the ten nearest to short queries among 100,000, these .995 (docs/search.md)."""

PAGE = 100_000
"""Keys that Chroma is asked for at once."""

WANTED = ".wanted"
"""A file that asks whoever lends the index to give it back."""

_TOKEN = "chromadb.auth.token_authn.TokenAuthClientProvider"  # noqa: S105  a class's name


class VectorIndex(Protocol):
    """Keys with unit vectors, asked for the nearest."""

    def keys(self) -> set[str]: ...

    def upsert(self, keys: Sequence[str], vectors: Vectors) -> None: ...

    def delete(self, keys: Sequence[str]) -> None: ...

    def nearest(self, vector: Vectors, k: int) -> Neighbours: ...

    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]: ...

    def settle(self, matrix: str, width: int) -> None: ...

    def others(self) -> list[str]: ...

    def drop_others(self) -> int: ...

    @property
    def matrix(self) -> str | None: ...

    def close(self) -> None: ...


class _Chroma:
    """A Chroma collection, one for each embedding tool, wherever it lies."""

    _client: Any
    _collection: Any
    _portion: int
    _prefix: str | None = None
    """Of the names of a study's collections."""

    def _ask(self, do: Callable[..., Any], **given: Any) -> Any:
        """What Chroma answers, its errors told as ours."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def keys(self) -> set[str]:
        held: set[str] = set()
        for start in count(0, PAGE):
            page = self._ask(self._collection.get, include=[], limit=PAGE, offset=start)["ids"]
            held.update(page)
            if len(page) < PAGE:
                break
        return held

    def upsert(self, keys: Sequence[str], vectors: Vectors) -> None:
        for start in range(0, len(keys), self._portion):
            part = slice(start, start + self._portion)
            self._ask(self._collection.upsert, ids=list(keys[part]), embeddings=vectors[part])

    def delete(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), self._portion):
            self._ask(self._collection.delete, ids=list(keys[start : start + self._portion]))

    def settle(self, matrix: str, width: int) -> None:
        """Note the matrix whose vectors it holds; let searches from the next opening on weigh `width` candidates."""
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # Chroma's, about its own doing
            if self._collection.configuration["hnsw"]["ef_search"] != width:
                self._ask(self._collection.modify, configuration={"hnsw": {"ef_search": width}})
        if self.matrix != matrix:
            self._ask(self._collection.modify, metadata={"matrix": matrix})

    @property
    def matrix(self) -> str | None:
        """The matrix whose vectors it held when it was last filled."""
        return (self._collection.metadata or {}).get("matrix")

    def nearest(self, vector: Vectors, k: int) -> Neighbours:
        found = self._ask(self._collection.query, query_embeddings=[vector], n_results=k, include=["distances"])
        return [(key, 1.0 - float(far)) for key, far in zip(found["ids"][0], found["distances"][0], strict=True)]

    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]:
        """By key what it holds."""
        held: dict[str, Vectors] = {}
        for start in range(0, len(keys), 2_000):
            found = self._ask(self._collection.get, ids=list(keys[start : start + 2_000]), include=["embeddings"])
            held.update(zip(found["ids"], found["embeddings"], strict=True))
        return held

    def others(self) -> list[str]:
        """This study's collections of other embedding tools, or of an older retold."""
        names = [each.name for each in self._ask(self._client.list_collections)]
        return [name for name in names if name.startswith(self._prefix or "") and name != self._collection.name]

    def drop_others(self) -> int:
        """Delete the others, which nobody asks any more; returns how many."""
        others = self.others()
        for name in others:
            self._ask(self._client.delete_collection, name=name)
        return len(others)

    def close(self) -> None:
        raise NotImplementedError


class ChromaIndex(_Chroma):
    """On disk, for one process at a time."""

    def __init__(self, folder: Path, tool: str, *, wait_s: float | None = None) -> None:
        """IndexBusyError where another process has it for longer than `wait_s` (LOCK_WAIT_S)."""
        silence_telemetry()
        self._lock = _locked(folder, LOCK_WAIT_S if wait_s is None else wait_s)
        import chromadb
        from chromadb.config import Settings as ChromaSettings

        self._folder = folder
        try:
            with self._telling_damage():
                self._client = chromadb.PersistentClient(str(folder), ChromaSettings(anonymized_telemetry=False))
                self._collection = self._client.get_or_create_collection(
                    collection_name(tool), embedding_function=None, configuration={"hnsw": GRAPH}
                )
                self._portion = int(self._client.get_max_batch_size())
        except BaseException:
            _forget_client(folder)
            self._lock.release()
            raise

    def _ask(self, do: Callable[..., Any], **given: Any) -> Any:
        with self._telling_damage():
            return do(**given)

    @contextmanager
    def _telling_damage(self) -> Iterator[None]:
        from chromadb.errors import ChromaError

        try:
            yield
        except BaseException as error:
            told = isinstance(error, ChromaError | sqlite3.Error | OSError | ValueError | RuntimeError | LookupError)
            if not told and type(error).__name__ != "PanicException":  # of Chroma's Rust half, at a damaged file
                raise
            what = f"the vector index in {self._folder} is damaged ({error}); `retold doctor --fix` makes it anew"
            raise DataError(what) from error

    def drop_others(self) -> int:
        """The same with their files: Chroma forgets a collection and leaves its folder, which holds the vectors."""
        dropped = super().drop_others()
        with self._telling_damage():
            with closing(sqlite3.connect(self._folder / "chroma.sqlite3")) as connection:
                named = {key for (key,) in connection.execute("SELECT id FROM segments")}
                if dropped:
                    with suppress(sqlite3.OperationalError):  # on a full disk the file stays as it is
                        connection.execute("VACUUM")  # Chroma leaves the room of what it deleted in its file
            for path in self._folder.iterdir():
                if path.is_dir() and path.name not in named:
                    shutil.rmtree(path)
        return dropped

    def close(self) -> None:
        self._client.close()
        self._lock.release()


class ServerIndex(_Chroma):
    """On a Chroma server, where several may read while one writes; who writes has the run's lock."""

    def __init__(self, server: Server, folder: Path, tool: str, patience: Patience = BUILDING) -> None:
        """`folder` keeps the name of the study's collections. With SEARCHING nothing is made: DataError where it is
        not there. UserError where the server does not answer.
        """
        self._server = server
        self._patience = patience
        self._prefix = prefix(folder, server)
        self._client = patiently(server, patience, partial(_server_client, server, patience), opening=True)
        name = f"{self._prefix}{collection_name(tool)}"
        make = {"embedding_function": None}
        try:
            if patience is SEARCHING:
                self._collection = self._ask(self._client.get_collection, name=name, **make)
            else:
                graph = {"hnsw": GRAPH}
                self._collection = self._ask(
                    self._client.get_or_create_collection, name=name, configuration=graph, **make
                )
            self._portion = int(self._ask(self._client.get_max_batch_size))
        except BaseException:
            self.close()
            raise

    def _ask(self, do: Callable[..., Any], **given: Any) -> Any:
        return patiently(self._server, self._patience, partial(do, **given))

    def version(self) -> str:
        """Of the server."""
        return str(self._ask(self._client.get_version))

    def close(self) -> None:
        _close_server_client(self._client)


def _server_client(server: Server, patience: Patience) -> Any:
    silence_telemetry()
    import chromadb
    import httpx
    from chromadb.config import Settings as ChromaSettings

    # Chroma's client waits for ever, and asks as soon as it is made: whether anybody answers is tried before.
    httpx.get(server.url.rstrip("/") + "/api/v2/heartbeat", timeout=patience.timeout_s)
    token = os.environ.get("CHROMA_CLIENT_AUTH_CREDENTIALS") and not os.environ.get("CHROMA_CLIENT_AUTH_PROVIDER")
    given: Any = {"chroma_client_auth_provider": _TOKEN} if token else {}
    client: Any = chromadb.HttpClient(server.url, settings=ChromaSettings(anonymized_telemetry=False, **given))
    client._server._session.timeout = httpx.Timeout(patience.timeout_s)
    return client


def _close_server_client(client: Any) -> None:
    """Chroma's own `close` leaves the connections open, its own and those of the client within it."""
    for each in (client, client._admin_client):
        each._server._session.close()
    client.close()


def _drop_collections(client: Any, beginning: str) -> None:
    for name in [each.name for each in client.list_collections()]:
        if name.startswith(beginning):
            client.delete_collection(name)


def _forget_client(folder: Path) -> None:
    """Chroma keeps what it has for a folder for the whole process, what never came up included."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient._identifier_to_system.pop(str(folder), None)


def _locked(folder: Path, wait_s: float) -> FileLock:
    """The folder's lock, taken; whoever lends the index is told that it is wanted for as long as this waits."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", thread_local=False)  # a lent index is given back by another thread
    wanted = folder / WANTED
    try:
        if wait_s:
            wanted.touch()
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise IndexBusyError(f"{folder} is in use by another retold process; try again when it is done") from error
    finally:
        if wait_s:
            wanted.unlink(missing_ok=True)
    return lock


def reconcile(index: VectorIndex, wanted: Iterable[str], load: Any) -> tuple[int, int]:
    """Make the index hold exactly the wanted keys; returns how many were added and removed.

    `load(keys) -> (keys, vectors)` fetches vectors from the record store, a portion at a time. Idempotent:
    stopped anywhere, the next call goes on. A key without a vector is left for later.
    """
    held, goal = index.keys(), set(wanted)
    missing, extra = sorted(goal - held), sorted(held - goal)
    added = 0
    for start in range(0, len(missing), 2_000):
        keys, vectors = load(missing[start : start + 2_000])
        if keys:
            index.upsert(keys, vectors)
        added += len(keys)
    if extra:
        index.delete(extra)
    return added, len(extra)


def discard(folder: Path, server: Server | None = None) -> None:
    """Delete the index. Deleting keys leaves their vectors in Chroma's files; what is made anew has none of them.

    On a server the study's collections go; LostError or UserError where it is away: the vectors would be left there.
    """
    if not folder.exists():
        return
    lock = _locked(folder, LOCK_WAIT_S)
    try:
        (folder / DISCARDED).touch()  # before anything goes: killed here, it is still filled again
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in (".lock", DISCARDED, NAME):
                path.unlink()
    finally:
        lock.release()
    if server and (beginning := prefix(folder)):
        try:
            _discard_on(server, beginning)
        except (UserError, LostError) as error:
            raise type(error)(f"{error}; what is to go from there goes with the next command that finds it") from error


def _discard_on(server: Server, beginning: str) -> None:
    client = patiently(server, BUILDING, partial(_server_client, server, BUILDING), opening=True)
    try:
        patiently(server, BUILDING, partial(_drop_collections, client, beginning))
    finally:
        _close_server_client(client)


def is_discarded(folder: Path) -> bool:
    """Whether the index was discarded and not filled again since."""
    return (folder / DISCARDED).exists()


def filled(folder: Path) -> None:
    """Note that the index holds what it should."""
    (folder / DISCARDED).unlink(missing_ok=True)
