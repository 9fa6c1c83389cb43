"""The Ray executor: a stage over the machines of a cluster, or over processes of this one (extra `retold[ray]`).

Each worker is an actor that holds the stage, so its models are loaded once. Batches go out, results come back in the
order of the items, so that a build writes the same rows as any other. A worker that dies costs its batch: the items in
it are tried one by one, and only one that kills its worker again is blamed. One whose machine goes away costs nothing
but time: what it had in hand goes to the others (ray_crew.py). The time that a document may take is kept by the
worker's timers; its memory by Ray, which ends workers when their machine runs out.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from kb.errors import UserError
from kb.executor import DIED, Attempt, Item, Limits, Runnable
from kb.ray_crew import Batch, Crew, Gone, answers
from kb.rejected import Code, Rejected
from kb.settings import silence_telemetry

BATCH = 4
"""Items that travel together: a call costs about a millisecond, an article some tens."""
AHEAD = 2
"""Batches under way for each worker: one in work, one waiting."""
DEATHS = 2
"""Of workers that had an item alone, until it is blamed: one may be the doing of what was in memory before."""
LOSSES = 3
"""Of workers that were lost with it in hand by no fault of its own, until it is suspected of that as well."""


class RayExecutor:
    """Workers on the cluster at an address (`auto`, `host:port`, `ray://…`), or on this machine where none is given.

    `graphics`: whether the stage's models run on a GPU where there is one.
    """

    def __init__(
        self,
        workers: int,
        address: str | None = None,
        batch: int = BATCH,
        *,
        limits: Limits | None = None,
        graphics: bool = False,
    ) -> None:
        self.workers = workers
        self.address = address
        self.batch = batch
        self.limits = limits or Limits()
        self.graphics = graphics

    def map(self, stage: Runnable, items: Iterable[Item]) -> Iterator[Attempt]:
        waiting = iter(items)
        batch = list(islice(waiting, self.batch))
        if not batch:
            return
        ray = _started(self.workers, self.address)
        crew = Crew(ray, stage, self.workers, self.limits.seconds, graphics=self.graphics)
        running: deque[Batch] = deque()
        try:
            while batch or running:
                while batch and len(running) < crew.count() * AHEAD:
                    running.append(crew.give(batch))
                    batch = list(islice(waiting, self.batch))
                yield from self._answered(crew, running.popleft())
        finally:
            crew.end()

    def _answered(self, crew: Crew, given: Batch) -> Iterator[Attempt]:
        """How the items of a batch went; where it took a worker with it, of each tried by itself."""
        for _ in range(LOSSES):
            answer = crew.answer(given)
            if isinstance(answer, list):
                yield from answer
                return
            if answer is Gone.BY_THIS:
                break
            given = crew.give(given.items)
        for item in given.items:
            yield self._alone(crew, item)

    def _alone(self, crew: Crew, item: Item) -> Attempt:
        deaths = losses = 0
        seconds = 0.0
        while deaths < DEATHS and losses < LOSSES:
            given = crew.give([item], idle=True)
            started = time.perf_counter()
            answer = crew.answer(given)
            if isinstance(answer, list):
                return answer[0]
            seconds = time.perf_counter() - started
            if answer is Gone.BY_THIS:
                deaths += 1
                # Ray does not say what ended a worker: one that lived for as long as the limit was ended by it.
                if 0 < self.limits.seconds <= seconds:
                    given_up = Rejected(code=Code.TOOK_TOO_LONG, detail=str(self.limits))
                    return Attempt(item=item, result=given_up, error=None, duration_ms=seconds * 1000)
            else:
                losses += 1
        return Attempt(item=item, result=None, error=DIED, duration_ms=seconds * 1000)


def _started(workers: int, address: str | None) -> Any:
    """Ray, connected once for this process; it ends with it."""
    silence_telemetry()
    if address and ":" in address and "://" not in address and not answers(address):  # Ray itself asks for ten minutes
        raise UserError(f"nobody answers at {address}: is the head of the Ray cluster up (docs/growing.md)?")
    # Ray tells of dead workers on stdout, amid a command's JSON; ray_crew.py tells of them on stderr.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    try:
        import ray
    except ImportError as error:
        raise UserError("the Ray executor needs Ray: pip install 'retold[ray]'") from error
    if not ray.is_initialized():
        here: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False} if address is None else {}
        try:
            ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **here)
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise UserError(
                f"Ray cannot be reached at {address}: {error}. Is its head up, and has this machine its token "
                "(RAY_AUTH_MODE=token, docs/growing.md)?"
            ) from error
    return ray
