"""Executor: runs a stage over its items, in this process; workers.py: in several; ray_executor.py: on machines.

Results come back in the order of the items, each with how it went; only the caller writes. The one broad
`except` of the project is here: what a stage raises becomes an outcome, and the run goes on.
"""

import os
import signal
import time
import traceback
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import attrs

from kb.rejected import Rejected

DIED = "the worker process died: killed, or crashed"
MESSAGE_CHARS = 500
"""Kept of what a failure said."""
CLOCK = 10
"""Times its processor time that a document may take by the clock: it may wait for a disk, or for others' work."""


@attrs.frozen
class Derived:
    """What a stage made of one item."""

    records: tuple[Any, ...]
    wordings: dict[str, str] = attrs.field(factory=dict)
    """The words behind the digests that the records mention."""


@attrs.frozen
class Item:
    """One input of a stage."""

    key: str
    """Id of the input record."""
    payload: Any


@attrs.frozen(kw_only=True)
class Attempt:
    """How a stage did on an item; exactly one of `result` and `error` is set."""

    item: Item
    result: Derived | Rejected | None
    error: str | None
    duration_ms: float


class Runnable(Protocol):
    """A stage as an executor sees it. Travels to workers by pickle, so it loads its models on first use."""

    def run(self, payload: Any) -> Derived | Rejected: ...


class Executor(Protocol):
    """Maps a stage over items."""

    def map(self, stage: Runnable, items: Iterable[Item]) -> Iterator[Attempt]: ...


class SerialExecutor:
    """One item after the other, here."""

    def map(self, stage: Runnable, items: Iterable[Item]) -> Iterator[Attempt]:
        for item in items:
            yield attempt(stage, item)


@attrs.frozen(kw_only=True)
class Limits:
    """What one document may take in a worker process; 0 for as much as it likes."""

    seconds: float = 0.0
    """Of processor time; by the clock `CLOCK` times as many."""
    bytes: int = 0
    """Of memory, beyond what the worker held before its first document."""

    def __bool__(self) -> bool:
        return bool(self.seconds or self.bytes)

    def __str__(self) -> str:
        return f"{self.seconds:g} s, {self.bytes} bytes"


def attempt(stage: Runnable, item: Item) -> Attempt:
    """Run a stage on an item and say how it went."""
    started = time.perf_counter()
    result: Derived | Rejected | None = None
    error: str | None = None
    try:
        result = stage.run(item.payload)
    except Exception as problem:  # noqa: BLE001  one page must not end the run; the traceback is kept
        frame = traceback.extract_tb(problem.__traceback__)[-1]
        where = f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119
        error = printable(f"{type(problem).__name__} ({where}): {problem}")
    return Attempt(item=item, result=result, error=error, duration_ms=(time.perf_counter() - started) * 1000)


def attempt_timed(stage: Runnable, item: Item, seconds: float) -> Attempt:
    """The same in a worker process, which the system ends when the time is up: also within a library's C code.

    By SIGPROF where it worked for so long, by SIGALRM where it hung. Nothing runs on these signals: they kill.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * CLOCK)
    try:
        return attempt(stage, item)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def printable(problem: str) -> str:
    """One line of bounded length that can be stored: messages quote the page that caused them."""
    return " ".join(problem.split())[:MESSAGE_CHARS].encode("utf-8", "replace").decode()
