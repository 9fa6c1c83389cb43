"""The Ray executor: a stage over the machines of a cluster, or over processes of this one (extra `retold[ray]`).

Each worker is an actor that holds the stage, so its models are loaded once. Batches go out, results come back in the
order of the items, so that a build writes the same rows as any other. A worker that dies costs its batch: the items in
it are tried one by one, and only one that kills its worker again is blamed. The time that a document may take is kept
by the worker's timers; its memory by Ray, which ends workers when their machine runs out.
"""

import logging
import pickle
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import ceil
from typing import Any

from kb.errors import UserError
from kb.executor import DIED, Attempt, Item, Limits, Runnable, attempt, attempt_timed
from kb.rejected import Code, Rejected
from kb.settings import silence_telemetry

BATCH = 4
"""Items that travel together: a call costs about a millisecond, an article some tens."""
START_S = 300
"""How long workers may take to start: they import what they need, and a cluster may have to grow first."""
AHEAD = 2
"""Batches under way for each worker: one in work, one waiting."""


class Adopted:
    """What runs in a worker: the stage, kept with what it has loaded."""

    def __init__(self, stage: bytes, seconds: float) -> None:
        silence_telemetry()
        self._stage: Runnable = pickle.loads(stage)  # noqa: S301  # our own, as all that Ray brings over is pickled
        self._seconds = seconds

    def ready(self) -> None:
        """The worker has started."""

    def run(self, items: Sequence[Item]) -> list[Attempt]:
        if not self._seconds:
            return [attempt(self._stage, item) for item in items]
        return [attempt_timed(self._stage, item, self._seconds) for item in items]


class RayExecutor:
    """Workers on the cluster at an address (`auto`, `host:port`, `ray://…`), or on this machine where none is given."""

    def __init__(
        self, workers: int, address: str | None = None, batch: int = BATCH, *, limits: Limits | None = None
    ) -> None:
        self.workers = workers
        self.address = address
        self.batch = batch
        self.limits = limits or Limits()

    def map(self, stage: Runnable, items: Iterable[Item]) -> Iterator[Attempt]:
        waiting = iter(items)
        batch = list(islice(waiting, self.batch))
        if not batch:
            return
        crew = _Crew(_started(self.workers, self.address), stage, self.workers, self.limits)
        running: deque[tuple[Any, int, list[Item]]] = deque()
        turn = 0
        try:
            while batch or running:
                while batch and len(running) < crew.count * AHEAD:
                    worker = turn % crew.count
                    running.append((crew.give(worker, batch), worker, batch))
                    batch, turn = list(islice(waiting, self.batch)), turn + 1
                answer, worker, given = running.popleft()
                yield from crew.answer(answer, worker, given)
        finally:
            crew.end()


class _Crew:
    """The workers of one stage."""

    def __init__(self, ray: Any, stage: Runnable, count: int, limits: Limits) -> None:
        self._ray = ray
        self._limits = limits
        self._died = ray.exceptions.RayError
        held = ray.cluster_resources()
        self.count = max(1, min(count, int(held.get("CPU", 1))))
        graphics = int(held.get("GPU", 0))
        share = 1 / ceil(self.count / graphics) if graphics else 0  # parts of one card, never of two
        options = {"num_cpus": 1, "num_gpus": share, "max_restarts": 0}
        self._adopted = ray.remote(Adopted).options(**options)
        # As bytes: arrays that Ray itself brings over cannot be written to, and a parser writes to its own.
        self._stage = ray.put(pickle.dumps(stage))
        self._workers = [self._new() for _ in range(self.count)]
        try:
            ray.get([worker.ready.remote() for worker in self._workers], timeout=START_S)
        except ray.exceptions.GetTimeoutError as error:
            self.end()
            raise UserError(
                f"Ray had no room for {self.count} workers within {START_S} s: are other jobs on the cluster? "
                "RETOLD_WORKERS asks for fewer, --executor local works without Ray"
            ) from error
        except self._died as error:
            self.end()
            raise UserError(
                "Ray's workers die as they start: is the same retold installed on every machine of the cluster? "
                "--executor local works without Ray"
            ) from error

    def _new(self) -> Any:
        return self._adopted.remote(self._stage, self._limits.seconds)

    def give(self, worker: int, items: Sequence[Item]) -> Any:
        return self._workers[worker].run.remote(list(items))

    def answer(self, answer: Any, worker: int, items: Sequence[Item]) -> Iterator[Attempt]:
        """How the items of a batch went; where their worker died, of each tried again by itself."""
        try:
            attempts = self._ray.get(answer)
        except self._died:
            attempts = None
        if attempts is not None:
            yield from attempts
            return
        for item in items:
            yield self._alone(worker, item)

    def _alone(self, worker: int, item: Item) -> Attempt:
        """Twice: the first may meet the worker that died before it."""
        seconds = 0.0
        for _ in range(2):
            started = time.perf_counter()
            try:
                [done] = self._ray.get(self.give(worker, [item]))
            except self._died:
                self._workers[worker] = self._new()
                seconds = time.perf_counter() - started
            else:
                return done  # type: ignore[no-any-return]  # Ray's results have no type
        # Ray does not say what ended a worker: one that lived for as long as the limit was ended by it.
        late = 0 < self._limits.seconds <= seconds
        given_up = Rejected(code=Code.TOOK_TOO_LONG, detail=str(self._limits)) if late else None
        return Attempt(item=item, result=given_up, error=None if late else DIED, duration_ms=seconds * 1000)

    def end(self) -> None:
        for worker in self._workers:
            self._ray.kill(worker)


def _started(workers: int, address: str | None) -> Any:
    """Ray, connected once for this process; it ends with it."""
    silence_telemetry()
    try:
        import ray
    except ImportError as error:
        raise UserError("the Ray executor needs Ray: pip install 'retold[ray]'") from error
    if not ray.is_initialized():
        here: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False} if address is None else {}
        try:
            ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **here)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UserError(f"Ray cannot be reached at {address}: {error}") from error
    return ray
