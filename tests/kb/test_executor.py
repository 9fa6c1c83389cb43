"""One contract for every executor: order, errors as outcomes; and workers that die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from kb.errors import UserError
from kb.executor import MESSAGE_CHARS, Derived, Executor, Item, SerialExecutor
from kb.executors import choose
from kb.ray_executor import AHEAD, BATCH, RayExecutor
from kb.rejected import Code, Rejected
from kb.settings import Settings
from kb.workers import ProcessExecutor


@attrs.frozen
class Doubling:
    """A stage for these tests; words among the payloads are orders."""

    def run(self, payload: Any) -> Derived | Rejected:
        match payload:
            case "raise":
                raise ValueError("seven\nis \ud83d odd" + "!" * 2_000)
            case "reject":
                return Rejected(code=Code.EMPTY)
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit":
                os._exit(3)
            case "loop":
                return self.run(payload)
            case "slow":
                time.sleep(0.3)
        return Derived((payload, payload))


@attrs.frozen
class Stillborn:
    """Cannot be brought into a worker."""

    def run(self, payload: Any) -> Derived | Rejected:
        return Derived((payload,))

    def __reduce__(self) -> Any:
        return os._exit, (4,)


@attrs.frozen(eq=False)
class Counting:
    """Writes into an array that it has loaded, as a parser does."""

    seen: Any = attrs.field(factory=lambda: np.zeros(50_000))

    def run(self, payload: Any) -> Derived | Rejected:
        self.seen[payload] += 1
        return Derived((float(self.seen[payload]),))


def items(*payloads: Any) -> list[Item]:
    return [Item(f"item:{n}", payload) for n, payload in enumerate(payloads)]


EXECUTORS = {"serial": SerialExecutor(), "processes": ProcessExecutor(2), "ray": RayExecutor(2)}


@pytest.fixture(params=list(EXECUTORS))
def executor(request: pytest.FixtureRequest, ray_here: None) -> Executor:
    return EXECUTORS[request.param]


# --- the contract ---


def test_results_come_in_order_and_errors_are_outcomes(executor):
    given = items("slow", 1, "raise", "reject", "loop", *range(20))
    attempts = list(executor.map(Doubling(), given))
    assert [attempt.item for attempt in attempts] == given
    assert attempts[0].result == Derived(("slow", "slow"))
    assert attempts[0].duration_ms >= 300
    assert attempts[1].result == Derived((1, 1))
    assert attempts[3].result == Rejected(code=Code.EMPTY)
    assert attempts[4].error.startswith("RecursionError")
    assert [attempt.result for attempt in attempts[5:]] == [Derived((n, n)) for n in range(20)]
    for attempt in attempts:
        assert (attempt.result is None) != (attempt.error is None)
    error = attempts[2].error
    assert error.startswith("ValueError (test_executor.py:")
    assert "seven is ? odd" in error
    assert len(error) == MESSAGE_CHARS


def test_nothing_to_do_is_done(executor):
    assert list(executor.map(Doubling(), [])) == []


def test_items_are_asked_for_as_they_are_needed(executor):
    taken: list[int] = []

    def endless() -> Iterator[Item]:
        for number in range(10_000):
            taken.append(number)
            yield Item(str(number), number)

    attempts = executor.map(Doubling(), endless())
    next(attempts)
    assert len(taken) <= (2 * AHEAD + 1) * BATCH
    attempts.close()  # type: ignore[attr-defined]


def test_error_while_reading_the_items_reaches_the_caller(executor):
    def broken() -> Iterator[Item]:
        yield Item("a", 1)
        raise LookupError("no such row")

    with pytest.raises(LookupError, match="no such row"):
        list(executor.map(Doubling(), broken()))


def test_stage_may_write_to_what_it_has_loaded(executor):
    attempts = list(executor.map(Counting(), items(1, 2, 3)))
    assert [attempt.result for attempt in attempts] == [Derived((1.0,))] * 3


# --- processes ---


@pytest.mark.parametrize("executor", [ProcessExecutor(2), RayExecutor(2)], ids=["processes", "ray"])
def test_items_that_kill_their_worker_cost_only_themselves(executor, ray_here):
    attempts = list(executor.map(Doubling(), items(1, 2, "die", 4, "exit", 6, 7, 8, 9, 10, 11, 12)))
    assert [attempt.item.payload for attempt in attempts if attempt.error] == ["die", "exit"]
    assert [attempt.item.key for attempt in attempts] == [f"item:{n}" for n in range(12)]
    assert "the worker process died" in attempts[2].error


@pytest.mark.parametrize(
    ("executor", "advice"),
    [(ProcessExecutor(2), "RETOLD_WORKERS=1 works"), (RayExecutor(2), "--executor local works")],
    ids=["processes", "ray"],
)
def test_workers_that_cannot_start_end_the_run_with_advice(executor, advice, ray_here):
    with pytest.raises(UserError, match=f"die as they start.*{advice}"):
        list(executor.map(Stillborn(), items(1, 2)))


PARENT = """
import sys
sys.path[:0] = {path!r}
from test_executor import Doubling, items
from kb.workers import ProcessExecutor
if __name__ == "__main__":
    for _ in ProcessExecutor(2).map(Doubling(), items(*range(8), *["slow"] * 10_000)):
        print("on", flush=True)
"""


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(path=[str(Path(__file__).parent), *sys.path]))
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, start_new_session=True)
    parent.stdout.readline()
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 10
    while _alive(parent.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _alive(parent.pid)


def _alive(group: int) -> bool:
    """Whether a process of a group is left; its members share the number of the killed parent."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return any(") Z " not in stat and stat.rsplit(")", 1)[1].split()[2] == str(group) for stat in _stats())


def _stats() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            yield path.read_text()
        except OSError:
            continue


@pytest.mark.parametrize(
    ("count", "workers", "executor", "kind"),
    [
        (5, 8, "local", SerialExecutor),
        (500, 1, "ray", SerialExecutor),
        (500, 2, "local", ProcessExecutor),
        (500, 2, "ray", RayExecutor),
    ],
)
def test_workers_are_started_where_they_pay(count, workers, executor, kind):
    settings = Settings(workers=workers, executor=executor)
    assert type(choose(settings, count)) is kind
    assert type(choose(settings, count, parallel=False)) is SerialExecutor


def test_ray_works_with_as_many_workers_as_there_is_room_for(ray_here):
    list(RayExecutor(2).map(Doubling(), items(1)))  # the cluster of these tests has two cores
    assert [attempt.result for attempt in RayExecutor(9).map(Doubling(), items(1, 2))] == [
        Derived((1, 1)),
        Derived((2, 2)),
    ]
