"""A Chroma server from the side of those who ask it: its address, whose collections are whose, what is tried again
and for how long, and what its errors mean. The client itself is `kb.index`'s.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import attrs

from kb.errors import DataError, LostError, RetoldError, UserError

if TYPE_CHECKING:
    from kb.index import Neighbours, VectorIndex, Vectors

NAME = "server-name"
"""File beside the index that names the study's collections; it moves with the data folder, and two folders with one
study's name never share a collection."""

BUSY = frozenset({408, 425, 429, 502, 503, 504})
"""HTTP statuses that pass."""

REFUSED = frozenset({401, 403})

_T = TypeVar("_T")


@attrs.frozen(kw_only=True)
class Patience:
    """How long a server is waited for. Times in seconds."""

    tries: int
    pause_s: float
    """Before the second try; twice as long before each further one."""
    timeout_s: float
    """After which an answer is no longer waited for."""


BUILDING = Patience(tries=8, pause_s=0.25, timeout_s=120.0)
"""Half a minute of pauses: a server that is started again comes back within it."""

OPENING_TRIES = 5
"""At most, before anything was asked: four seconds, and a wrong address is told."""

SEARCHING = Patience(tries=1, pause_s=0.0, timeout_s=5.0)
"""A search has the exact matrix to go to."""

RETRY_S = (0.5, 60.0)
"""A process that lives long asks again for a server that is away after so long, at first and at most."""


@attrs.frozen(kw_only=True)
class Server:
    """A Chroma server, and the study whose vectors it holds."""

    url: str = attrs.field(repr=False)
    study: str

    @url.validator
    def _check(self, _: object, url: str) -> None:
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
        except ValueError:
            good = False
        if not good:
            raise UserError("RETOLD_INDEX_URL is not the address of a Chroma server, such as http://host:8000")

    @property
    def place(self) -> str:
        """The address without user and password."""
        parts = urlsplit(self.url)
        return f"the Chroma server {parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def prefix(folder: Path, server: Server | None = None) -> str | None:
    """What the names of a data folder's collections begin with: chosen once, for `server`, and kept; None before."""
    kept = folder / NAME
    if server and not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / f"{NAME}.{os.getpid()}"
        new.write_text(f"{server.study[:60]}-{secrets.token_hex(6)}-")
        with suppress(FileExistsError):  # of two at once the first one's holds
            os.link(new, kept)
        new.unlink()
    return kept.read_text() if kept.exists() else None


def collection_name(tool: str) -> str:
    """A collection for each embedding tool, so that a new model fills a new one beside the old."""
    return "numbers-" + tool.removeprefix("tool:")


def patiently(server: Server, patience: Patience, ask: Callable[[], _T], *, opening: bool = False) -> _T:
    """What `ask` gives, tried again with growing pauses while the server is busy or away; one of our errors else.
    Whatever is asked has to come to the same when it is done twice.
    """
    import tenacity

    tries = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(min(patience.tries, OPENING_TRIES) if opening else patience.tries),
        wait=tenacity.wait_exponential(multiplier=patience.pause_s),
        retry=tenacity.retry_if_exception(may_pass),
        reraise=True,
    )
    try:
        return tries(ask)
    except Exception as error:
        raise explained(error, server, opening=opening) from error


def may_pass(error: BaseException) -> bool:
    """Whether the same may be answered in a moment: the server is busy, or not there."""
    import httpx

    return any(isinstance(each, httpx.TransportError) or _status(each) in BUSY for each in _chain(error))


def explained(error: BaseException, server: Server, *, opening: bool = False) -> RetoldError:
    """What the server or its client reports, as one of our errors."""
    said = " ".join(str(_root(error)).replace(server.url, server.place).split())[:300] or type(error).__name__
    if may_pass(error):
        if opening:
            return UserError(
                f"{server.place} does not answer ({said}). Is it running (`chroma run --path DIR --host HOST --port "
                "PORT`), and does it listen where RETOLD_INDEX_URL says? Nothing is lost: the next `retold build` "
                "fills it"
            )
        return LostError(
            f"{server.place} went away or is too busy ({said}); every vector lies in the record store, and the next "
            "`retold build` goes on from there once the server answers again"
        )
    if any(_status(each) in REFUSED for each in _chain(error)):
        return UserError(
            f"{server.place} refuses us: its token belongs into CHROMA_CLIENT_AUTH_CREDENTIALS, user and password into "
            "the address"
        )
    return DataError(f"the vector index on {server.place} is damaged or gone ({said}); `retold doctor --fix` fills it")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised over: Chroma hides the status of an answer behind an error without one."""
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _root(error: BaseException) -> BaseException:
    import httpx

    return next((each for each in _chain(error) if isinstance(each, httpx.TransportError)), error)


def _status(error: BaseException) -> int | None:
    answer: Any = getattr(error, "response", None)
    if answer is not None:
        return int(answer.status_code)
    code = getattr(error, "code", None)
    return int(code()) if callable(code) else None


class WatchedIndex:
    """A server's index for a process that lives long: asked while it is there and holds all that it should."""

    def __init__(self, open_now: "Callable[[], VectorIndex]") -> None:
        """`open_now` raises one of our errors where the index is away or not filled."""
        self._open_now = open_now
        self._index: VectorIndex | None = None
        self._opening = threading.Lock()
        self._pause = RETRY_S[0]
        self._not_before = 0.0
        self._ended = False

    def nearest(self, vector: "Vectors", k: int) -> "Neighbours | None":
        """As VectorIndex.nearest; None while the index cannot answer."""
        index = self._index or self._opened()
        if index is None:
            return None
        try:
            return index.nearest(vector, k)
        except RetoldError:
            if self._index is index:
                self._index = None
            index.close()  # a question of another thread under way is cut off, and answered by the matrix as well
            return None

    def close(self) -> None:
        self._ended = True
        index, self._index = self._index, None
        if index:
            index.close()

    def _opened(self) -> "VectorIndex | None":
        if self._ended or time.monotonic() < self._not_before or not self._opening.acquire(blocking=False):
            return None  # nobody waits for one who tries
        try:
            self._index = self._index or self._open_now()
            self._pause = RETRY_S[0]
        except RetoldError:
            self._not_before = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, RETRY_S[1])
        finally:
            self._opening.release()
        return self._index
