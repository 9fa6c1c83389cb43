"""Executor: runs a stage over its items, in this process or in several; ray_executor.py: on several machines.

Results come back in the order of the items, each with how it went; only the caller writes. The one broad
`except` of the project is here: what a stage raises becomes an outcome, and the run goes on.
"""

import multiprocessing
import os
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import attrs

from kb.errors import UserError
from kb.rejected import Rejected
from kb.settings import silence_telemetry

DIED = "the worker process died: killed, or crashed"
MESSAGE_CHARS = 500
"""Kept of what a failure said."""


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


class ProcessExecutor:
    """Spawned worker processes, each with its own copy of the stage; a bounded number of items in flight."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, stage: Runnable, items: Iterable[Item]) -> Iterator[Attempt]:
        waiting = iter(items)
        while True:
            unanswered: deque[Item] = deque()
            with _workers(stage, self.workers) as pool:
                yield from _flow(pool, waiting, self.workers * 4, unanswered)
            if not unanswered:
                return
            # A worker died. Any item in flight may be why: each is tried again by itself, so that only it is blamed.
            yield from _one_by_one(stage, unanswered)


@contextmanager
def _workers(stage: Runnable, count: int) -> Iterator[ProcessPoolExecutor]:
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_adopt, initargs=(stage,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _flow(pool: ProcessPoolExecutor, items: Iterator[Item], width: int, unanswered: deque[Item]) -> Iterator[Attempt]:
    """Attempts in the order of the items; ends early, leaving `unanswered`, when the pool breaks."""
    running: deque[Future[Attempt]] = deque()
    with suppress(BrokenProcessPool):
        for item in items:
            unanswered.append(item)
            running.append(pool.submit(_attempt_adopted, item))
            if len(running) >= width:
                yield _first(running, unanswered)
        while running:
            yield _first(running, unanswered)


def _first(running: deque[Future[Attempt]], unanswered: deque[Item]) -> Attempt:
    answer = running[0].result()
    running.popleft()
    unanswered.popleft()
    return answer


def _one_by_one(stage: Runnable, items: deque[Item]) -> Iterator[Attempt]:
    while items:
        with _workers(stage, 1) as pool:
            try:
                pool.submit(_ready).result()
            except BrokenProcessPool as error:
                raise UserError("worker processes die as they start; RETOLD_WORKERS=1 works without them") from error
            with suppress(BrokenProcessPool):
                while items:
                    yield pool.submit(_attempt_adopted, items[0]).result()
                    items.popleft()
                return
            yield Attempt(item=items.popleft(), result=None, error=DIED, duration_ms=0.0)


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


def printable(problem: str) -> str:
    """One line of bounded length that can be stored: messages quote the page that caused them."""
    return " ".join(problem.split())[:MESSAGE_CHARS].encode("utf-8", "replace").decode()


_adopted: list[Runnable] = []
"""The stage of this worker process."""


def _adopt(stage: Runnable) -> None:
    # One thread a worker: the processes are what fills the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    silence_telemetry()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _adopted[:] = [stage]


def _end_with_parent() -> None:
    # The pool tells its workers to end; a parent that is killed tells nothing, and they would wait for ever.
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _ready() -> None:
    """The worker has started."""


def _attempt_adopted(item: Item) -> Attempt:
    return attempt(_adopted[0], item)
