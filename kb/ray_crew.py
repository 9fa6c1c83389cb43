"""The workers that a Ray cluster gives to one stage: who is there, who is still to come, who is gone, and by what.

All that are wanted are asked for at once, and work begins with the first that has started. The others join as there is
room for them: when the cluster grows, or a machine comes back. Nothing is waited for without bound but the work itself,
and of that Ray tells when its worker or its machine is gone: of a process at once, of a killed machine within some
seconds, of one that falls silent after a minute. Of its own head's end Ray would only tell by ending this process, so
that is watched here.
"""

import atexit
import logging
import os
import pickle
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from enum import Enum
from itertools import count
from typing import Any

import attrs

from kb.errors import LostError, UserError
from kb.executor import Attempt, Item, Runnable, attempt, attempt_timed, printable
from kb.settings import silence_telemetry

_log = logging.getLogger(__name__)
START_S = 300
"""How long to wait for a worker where there is none: it imports what it needs, and a cluster may have to grow first."""
TICK_S = 5.0
"""Between two looks at the cluster's head while workers work."""
HEAD_S = 30.0
"""How long the head may be away. Ray would end this process without a word after 60 s."""

LEAVE_S = 5.0
"""How long the end of this process may wait for Ray once its cluster is gone."""


class Gone(Enum):
    """Why a batch has no answer."""

    BY_THIS = "its worker died, with this in work"
    BY_OTHERS = "its worker died of what it had before, or its machine went away"


@attrs.define(eq=False)
class _Worker:
    actor: Any
    node: str = ""
    """Id of the machine that it runs on; empty until it has started."""
    given: "deque[Batch]" = attrs.field(factory=deque)
    """What it has in hand, in the order in which it works."""


@attrs.frozen(eq=False)
class Batch:
    """Items that were given to a worker."""

    items: Sequence[Item]
    worker: _Worker
    result: Any


class Adopted:
    """What runs in a worker: the stage, kept with what it has loaded."""

    def __init__(self, stage: bytes, seconds: float) -> None:
        silence_telemetry()
        self._stage: Runnable = pickle.loads(stage)  # noqa: S301  # our own, as all that Ray brings over is pickled
        self._seconds = seconds

    def node(self) -> str:
        """The worker has started, and this is the id of its machine."""
        import ray

        return str(ray.get_runtime_context().get_node_id())

    def run(self, items: Sequence[Item]) -> list[Attempt]:
        if not self._seconds:
            return [attempt(self._stage, item) for item in items]
        return [attempt_timed(self._stage, item, self._seconds) for item in items]


class Crew:
    """The workers of one stage; `seconds` is what a document may take, 0 for as long as it likes."""

    def __init__(self, ray: Any, stage: Runnable, wanted: int, seconds: float, *, graphics: bool) -> None:
        self._ray = ray
        self._watch = _Watch(ray)
        self._seconds = seconds
        share = graphics_share(_machines(ray.nodes()), wanted) if graphics else 0
        options = {"num_cpus": 1, "num_gpus": share, "max_restarts": 0, "scheduling_strategy": "SPREAD"}
        self._adopted = ray.remote(Adopted).options(**options)
        # As bytes: arrays that Ray itself brings over cannot be written to, and a parser writes to its own.
        self._stage = ray.put(pickle.dumps(stage))
        self._workers: list[_Worker] = []
        self._coming: dict[Any, _Worker] = {}
        """By the call that is answered once they have started."""
        self._worked = False
        """Whether any has ever started."""
        for _ in range(wanted):
            self._ask_for_one()

    def count(self) -> int:
        """How many there are to work now, at least one: waits for the first."""
        self._watch.now_and_then()
        self._muster()
        until = time.monotonic() + START_S
        while not self._workers:
            if not self._coming or time.monotonic() > until:
                self._give_up()
            self._watch.now()
            self._ray.wait(list(self._coming), timeout=TICK_S)
            self._muster()
        return len(self._workers)

    def give(self, items: Sequence[Item], *, idle: bool = False) -> Batch:
        """To whom has the least in hand; with `idle`, only when all that it has is done."""
        while True:
            self.count()
            worker = min(self._workers, key=lambda worker: len(worker.given))
            if not idle or all(self._settled(batch) for batch in list(worker.given)):
                break
        batch = Batch(items, worker, self._asked(lambda: worker.actor.run.remote(list(items))))
        worker.given.append(batch)
        return batch

    def answer(self, batch: Batch) -> list[Attempt] | Gone:
        """How the items of a batch went; takes as long as they take, or until their worker is gone."""
        try:
            answer = self._fetched(batch)
        except self._ray.exceptions.RayError as error:
            return self._lost(batch, error)
        with suppress(ValueError):
            batch.worker.given.remove(batch)
        if isinstance(answer, list):
            return answer
        if len(batch.items) > 1:
            return Gone.BY_THIS  # one of them could not be brought over, or its result back
        return [Attempt(item=batch.items[0], result=None, error=printable(str(answer.cause)), duration_ms=0.0)]

    def end(self) -> None:
        if self._watch.lost:
            return  # nobody is left to tell; workers end with their cluster, or with this process
        everyone = [*self._workers, *self._coming.values()]
        self._asked(lambda: [self._ray.kill(worker.actor) for worker in everyone])

    # --- who comes and goes ---

    def _ask_for_one(self) -> None:
        worker = _Worker(self._adopted.remote(self._stage, self._seconds))
        self._coming[worker.actor.node.remote()] = worker

    def _muster(self) -> None:
        """Take in who has started meanwhile. Who died of starting is not asked for again, or it might be for ever."""
        if not self._coming:
            return
        started, _ = self._ray.wait(list(self._coming), num_returns=len(self._coming), timeout=0)
        for call in started:
            worker = self._coming.pop(call)
            try:
                worker.node = self._ray.get(call)
            except self._ray.exceptions.ActorDiedError:
                continue
            except self._ray.exceptions.RayError:
                self._replace(worker)
                continue
            self._workers.append(worker)
            self._worked = True

    def _replace(self, worker: _Worker) -> None:
        """Ask for another where there is room for it, now or later; this one may still be somewhere, out of reach."""
        self._asked(lambda: self._ray.kill(worker.actor))
        self._asked(self._ask_for_one)

    def _give_up(self) -> None:
        if self._worked:
            raise LostError(
                f"no worker is left on the Ray cluster, and none came within {START_S} s. Nothing is half done: the "
                "same command goes on from here; --executor local works without Ray"
            )
        if self._coming:
            raise UserError(
                f"Ray had no room for a worker within {START_S} s: are other jobs on the cluster? "
                "--executor local works without Ray"
            )
        raise UserError(
            "Ray's workers die as they start: is the same retold installed on every machine of the cluster? "
            "--executor local works without Ray"
        )

    # --- what becomes of batches ---

    def _fetched(self, batch: Batch) -> Any:
        """Its answer, or the RayTaskError of what the worker could not even begin; raises where that is gone."""
        try:
            return self._asked(lambda: self._ray.get(batch.result))
        except self._ray.exceptions.RayTaskError as error:
            return error

    def _settled(self, batch: Batch) -> bool:
        """Wait until a batch is done; false if its worker is lost with it, and now among the gone."""
        try:
            self._fetched(batch)
        except self._ray.exceptions.RayError as error:
            self._lost(batch, error)
            return False
        return True

    def _lost(self, batch: Batch, error: Exception) -> Gone:
        """Whether a worker died of this batch, the first in its hand that is not done; it is replaced."""
        worker = batch.worker
        if worker in self._workers:
            self._workers.remove(worker)
            self._watch.now()
            self._replace(worker)
            if self._went_away(error, worker):
                worker.given.clear()
                _log.warning("Ray: the machine of a worker went away; the others take over what it had in hand")
            else:
                _log.warning("Ray: a worker died; what it had in work is tried one by one")
            while worker.given and self._settled(worker.given[0]):
                worker.given.popleft()
        return Gone.BY_THIS if worker.given and worker.given[0] is batch else Gone.BY_OTHERS

    def _went_away(self, error: Exception, worker: _Worker) -> bool:
        """Whether it was the machine, or the way to it, and not the worker's own process."""
        gone = self._ray.exceptions
        if not isinstance(error, (gone.ActorDiedError, gone.OutOfMemoryError)):
            return True  # out of reach, or the answer was lost with its machine's memory
        nodes = self._asked(self._ray.nodes)
        return all(node["NodeID"] != worker.node or not node["Alive"] for node in nodes)

    def _asked(self, call: Callable[[], Any]) -> Any:
        """What Ray answers, while the head is watched: Ray would wait for one that is gone, and end this process."""
        answer: Future[Any] = Future()

        def ask() -> None:
            try:
                answer.set_result(call())
            except Exception as error:  # noqa: BLE001  raised below
                answer.set_exception(error)

        threading.Thread(target=ask, daemon=True).start()
        while not wait([answer], timeout=TICK_S).done:
            self._watch.now()
        return answer.result()


class _Watch:
    """Whether the cluster's head and Ray's own process on this machine are there; nothing goes on without them."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        context = ray.get_runtime_context()
        here = next(node for node in ray.nodes() if node["NodeID"] == context.get_node_id())
        self._head = context.gcs_address
        self._here = f"{here['NodeManagerAddress']}:{here['NodeManagerPort']}"
        self.lost = False
        self._looked = 0.0
        # A client of `ray://` may not get further than the door, whose loss Ray tells it.
        self._seen = {at for at in (self._head, self._here) if answers(at)}

    def now_and_then(self) -> None:
        if time.monotonic() - self._looked > TICK_S:
            self.now()

    def now(self) -> None:
        """Returns once the head answers; LostError where it does not for `HEAD_S`, or this machine's part is gone."""
        until = time.monotonic() + HEAD_S
        while True:
            if self._here in self._seen and not answers(self._here):
                self._raise("Ray's process on this machine ended")
            if self._head not in self._seen or answers(self._head):
                break
            if time.monotonic() > until:
                self._raise("the head of the Ray cluster went away")
            time.sleep(1)
        self._looked = time.monotonic()

    def _raise(self, what: str) -> None:
        self.lost = True
        _take_leave(self._ray)
        raise LostError(
            f"{what}. Nothing is half done: start Ray again, and the same command goes on from here; "
            "--executor local works without Ray"
        )


def _take_leave(ray: Any) -> None:
    """Disconnect from what is gone. It may take Ray so long that it ends this process, so the end does not wait."""
    leaving = threading.Thread(target=ray.shutdown, daemon=True)
    leaving.start()

    def end() -> None:
        leaving.join(LEAVE_S)
        if leaving.is_alive():
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(LostError.exit_code)

    atexit.register(end)


def answers(address: str) -> bool:
    """Whether somebody listens at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=TICK_S).close()
    except (OSError, ValueError):
        return False
    return True


def _machines(nodes: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Processors and graphics cards of each machine that is there."""
    held = (node["Resources"] for node in nodes if node["Alive"])
    return [(int(each.get("CPU", 0)), int(each.get("GPU", 0))) for each in held]


def graphics_share(machines: Sequence[tuple[int, int]], wanted: int) -> float:
    """The part of one graphics card for each worker, as large as lets in all that have a processor beside a card.

    `machines`: processors and cards of each. 0 where there are no cards. Ray counts in parts of 10,000.
    """
    able = [(processors, cards) for processors, cards in machines if processors and cards]
    if not able:
        return 0.0
    room = min(wanted, sum(processors for processors, _ in able))
    parts = next(n for n in count(1) if sum(min(processors, cards * n) for processors, cards in able) >= room)
    return (10_000 // parts) / 10_000
