"""Worker processes of this machine, one document at a time each: what takes too long or too much is killed with its
worker, and costs only itself.

Time is kept by the system's timers inside the worker (see executor.attempt_timed), memory by a thread that watches it
from here. `concurrent.futures` has neither, and one death breaks its whole pool.
"""

import multiprocessing
import os
import pickle
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from queue import LifoQueue
from typing import Any, Self

import attrs

from kb.errors import UserError
from kb.executor import DIED, Attempt, Derived, Item, Limits, Runnable, attempt, attempt_timed
from kb.rejected import Code, Rejected
from kb.settings import silence_telemetry

TICK = 0.1
"""Seconds between two looks at a worker's memory; a document that is done sooner is not looked at."""
AHEAD = 4
"""Items under way or waiting for each worker."""
_READY = "ready"
_CONTEXT = multiprocessing.get_context("spawn")


class ProcessExecutor:
    """A stage over worker processes, each with its own copy of it; a bounded number of items in flight."""

    def __init__(self, workers: int, limits: Limits | None = None, crew: "Crew | None" = None) -> None:
        """`crew`: workers that others use as well, before and after; of them, as many are used as `workers` says."""
        self.workers = workers
        self.limits = limits or Limits()
        self.crew = crew

    def map(self, stage: Runnable, items: Iterable[Item]) -> Iterator[Attempt]:
        with nullcontext(self.crew) if self.crew else Crew(self.workers, self.limits) as crew:
            crew.adopt(stage)
            width = self.workers * (AHEAD if self.workers == crew.count else 1)
            running: deque[Future[Attempt]] = deque()
            for item in items:
                running.append(crew.give(item))
                if len(running) >= width:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()


class Crew:
    """Worker processes, each started when it is first needed and asked by a thread of its own; a context manager."""

    def __init__(self, count: int, limits: Limits) -> None:
        self.count = count
        self._limits = limits
        self._ended = False
        self._stage = b""
        self._all: list[_Worker] = []
        self._free: LifoQueue[_Worker | None] = LifoQueue()
        """One a thread; None for one that has still to be started."""
        for _ in range(count):
            self._free.put(None)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="worker")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """At once: what is under way when an error or a closed generator leads here is of no use to anyone."""
        self._ended = True
        self.rest()
        self._threads.shutdown(cancel_futures=True)
        self.rest()  # one that was being started meanwhile

    def rest(self) -> None:
        """End the processes: they hold models. Who is asked again is started again."""
        for worker in self._all:
            worker.end()
        self._all.clear()

    def adopt(self, stage: Runnable) -> None:
        """What is given from now on is for this stage."""
        self._stage = pickle.dumps(stage)

    def give(self, item: Item) -> Future[Attempt]:
        return self._threads.submit(self._attempt, item)

    def _attempt(self, item: Item) -> Attempt:
        """How an item went; one that its worker did not outlive is tried once more, by a fresh one.

        Its death may have been another's doing: what earlier items left in memory, or a system that ran out of it.
        """
        started = time.perf_counter()
        worker: _Worker | None = self._free.get()
        died: Code | None = None
        try:
            for _ in range(2):
                worker = worker or self._started()
                alone, answer = worker.fresh, worker.ask(self._stage, item)
                if isinstance(answer, Attempt):
                    return answer
                worker, died = None, answer
                if died is Code.TOOK_TOO_LONG or (died and alone):
                    break
        finally:
            self._free.put(worker)
        return Attempt(
            item=item,
            result=Rejected(code=died, detail=str(self._limits)) if died else None,
            error=None if died else DIED,
            duration_ms=(time.perf_counter() - started) * 1000,
        )

    def _started(self) -> "_Worker":
        if self._ended:
            raise UserError("stopped")  # heard by nobody: whoever asked is gone
        worker = _Worker(self._limits)
        self._all.append(worker)
        return worker


class _Worker:
    """One process, from this side."""

    def __init__(self, limits: Limits) -> None:
        self.fresh = True
        """It has dealt with no item yet."""
        self._limits = limits
        self._here, there = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_work, args=(there, limits), daemon=True)
        self._process.start()
        there.close()
        self._stage: bytes | None = None
        self._base = 0

    def ask(self, stage: bytes, item: Item) -> Attempt | Code | None:
        """What the worker says; if it died, the limit that it was killed for, or None for another reason."""
        try:
            if stage is not self._stage:
                self._adopt(stage)
            self._here.send(item)
            while not self._here.poll(TICK):
                if self._limits.bytes and _memory(self._pid) - self._base > self._limits.bytes:
                    self.end()
                    return Code.TOOK_TOO_MUCH_MEMORY
            answer: Attempt = self._here.recv()
        except (EOFError, OSError):
            self._process.join()
            timers = (-signal.SIGPROF, -signal.SIGALRM)
            return Code.TOOK_TOO_LONG if self._process.exitcode in timers else None
        self.fresh = False
        return attrs.evolve(answer, item=item)

    def _adopt(self, stage: bytes) -> None:
        """Bring the stage over, and see what the worker holds once it has loaded what that needs."""
        try:
            self._here.send(stage)
            self._here.recv()
        except (EOFError, OSError) as error:
            if self._stage is not None:
                raise  # it had worked before
            raise UserError("worker processes die as they start; RETOLD_WORKERS=1 works without them") from error
        self._stage = stage
        self._base = _memory(self._pid) if self._limits.bytes else 0

    @property
    def _pid(self) -> int:
        return self._process.pid or 0

    def end(self) -> None:
        self._process.kill()
        self._process.join()


def _memory(pid: int) -> int:
    """Bytes of memory that a process holds, swapped out or not; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return _told_by_ps(pid) if not Path("/proc/self").exists() else 0
    held = (line.split() for line in status.splitlines() if line.startswith(("VmRSS:", "VmSwap:")))
    return sum(int(words[1]) * 1024 for words in held)


def _told_by_ps(pid: int) -> int:
    """The same where there is no /proc, as on macOS."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return int(told.stdout.strip() or 0) * 1024


# --- in the worker ---


@attrs.frozen
class _Loading:
    """A stage's loading as a stage: what it raises is raised again by the first item, and told there."""

    stage: Any

    def run(self, payload: Any) -> Derived:
        self.stage.load()
        return Derived(())


def _work(there: Connection, limits: Limits) -> None:
    """What a worker does for as long as it is asked: adopt the stages that come as bytes, run them on items."""
    # One thread a worker: the processes are what fills the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    silence_telemetry()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is told to the parent, which ends its workers
    for timer in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(timer, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    stage: Any = None
    with suppress(EOFError):
        while True:
            asked = there.recv()
            if isinstance(asked, bytes):
                stage = pickle.loads(asked)  # noqa: S301  # our own
                if hasattr(stage, "load"):
                    attempt(_Loading(stage), Item("", None))
                there.send(_READY)
                continue
            done = attempt_timed(stage, asked, limits.seconds) if limits.seconds else attempt(stage, asked)
            there.send(attrs.evolve(done, item=Item(asked.key, None)))  # the caller has the payload


def _end_with_parent() -> None:
    # A parent that is killed tells nothing, and a worker in the middle of an item would go on for nobody.
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
