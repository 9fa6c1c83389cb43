"""Executor: runs a stage over its items, in this process or in several.

Results come back in the order of the items, each with how it went; only the caller writes. The one broad
`except` of the project is here: what a stage raises becomes an outcome, and the run goes on.
"""

import multiprocessing
import os
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

import attrs

from kb.errors import Rejected
from kb.settings import silence_telemetry


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
        pool = ProcessPoolExecutor(
            self.workers, multiprocessing.get_context("spawn"), initializer=_adopt, initargs=(stage,)
        )
        running: deque[tuple[Item, Future[Attempt]]] = deque()
        with pool:
            for item in items:
                running.append((item, pool.submit(_attempt_adopted, item)))
                if len(running) >= self.workers * 4:
                    yield _outcome(*running.popleft())
            while running:
                yield _outcome(*running.popleft())


def attempt(stage: Runnable, item: Item) -> Attempt:
    """Run a stage on an item and say how it went."""
    started = time.perf_counter()
    result: Derived | Rejected | None = None
    error: str | None = None
    try:
        result = stage.run(item.payload)
    except Exception as problem:  # noqa: BLE001  one page must not end the run; the traceback is kept
        frame = traceback.extract_tb(problem.__traceback__)[-1]
        error = f"{type(problem).__name__}: {problem} ({os.path.basename(frame.filename)}:{frame.lineno})"  # noqa: PTH119
    return Attempt(item=item, result=result, error=error, duration_ms=(time.perf_counter() - started) * 1000)


_adopted: list[Runnable] = []
"""The stage of this worker process."""


def _adopt(stage: Runnable) -> None:
    # One thread a worker: the processes are what fills the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    silence_telemetry()
    _adopted[:] = [stage]


def _attempt_adopted(item: Item) -> Attempt:
    return attempt(_adopted[0], item)


def _outcome(item: Item, future: Future[Attempt]) -> Attempt:
    try:
        return future.result()
    except BrokenProcessPool:
        return Attempt(item=item, result=None, error="the worker process died", duration_ms=0.0)


def choose(count: int, workers: int, least: int = 24) -> Executor:
    """Workers only for work that repays their start (about a second each to load a model)."""
    return ProcessExecutor(workers) if workers > 1 and count >= least else SerialExecutor()
