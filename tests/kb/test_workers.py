"""Documents that take too long or too much: each costs itself alone, and its worker."""

import re
import time
from typing import Any

import attrs
import pytest

from kb.executor import CLOCK, Derived, Executor, Item, Limits
from kb.ray_executor import RayExecutor
from kb.rejected import Code, Rejected
from kb.workers import ProcessExecutor

MEGABYTE = 1_000_000
held: list[bytes] = []
"""What documents leave in the memory of a worker."""


@attrs.frozen
class Greedy:
    """A stage for these tests; words among the payloads are orders."""

    def run(self, payload: Any) -> Derived | Rejected:
        match payload:
            case "work":
                while True:
                    pass
            case "work in C":
                re.match("(a+)+b", "a" * 60)
            case "wait":
                time.sleep(600)
            case "eat":
                eaten = []
                while True:
                    eaten.append(b"1" * MEGABYTE)
                    time.sleep(0.001)
            case "leave":
                held.extend(b"1" * MEGABYTE for _ in range(150))
                time.sleep(0.5)
        return Derived((payload,))


@attrs.frozen
class Loading(Greedy):
    """Takes its time, and its memory, before the first document."""

    def load(self) -> None:
        end = time.process_time() + 1.5
        while time.process_time() < end:
            pass
        held.append(b"1" * (400 * MEGABYTE))


def items(*payloads: Any) -> list[Item]:
    return [Item(f"item:{n}", payload) for n, payload in enumerate(payloads)]


def told(executor: Executor, *payloads: Any, stage: Greedy | None = None) -> list[Any]:
    """What became of each: its code, or `done`."""
    attempts = list(executor.map(stage or Greedy(), items(*payloads)))
    assert [attempt.item for attempt in attempts] == items(*payloads)
    assert not any(attempt.error for attempt in attempts)
    return [attempt.result.code if isinstance(attempt.result, Rejected) else "done" for attempt in attempts]


LIMITS = Limits(seconds=0.5, bytes=300 * MEGABYTE)


@pytest.mark.parametrize("workers", [1, 3])
def test_what_takes_too_long_or_too_much_costs_itself_alone(workers: int) -> None:
    given = ["one", "work", "two", "work in C", "eat", "three", *range(6)]
    late, much = Code.TOOK_TOO_LONG, Code.TOOK_TOO_MUCH_MEMORY
    assert told(ProcessExecutor(workers, LIMITS), *given) == ["done", late, "done", late, much, *["done"] * 7]


def test_what_hangs_without_working_is_given_up_as_well() -> None:
    started = time.monotonic()
    assert told(ProcessExecutor(1, Limits(seconds=0.1)), "wait", "one") == [Code.TOOK_TOO_LONG, "done"]
    assert time.monotonic() - started >= 0.1 * CLOCK


def test_what_earlier_documents_left_in_memory_is_not_charged_to_the_next() -> None:
    assert told(ProcessExecutor(1, LIMITS), "leave", "leave", "leave", "leave") == ["done"] * 4


def test_no_document_is_charged_for_what_the_stage_loads() -> None:
    assert told(ProcessExecutor(1, LIMITS), "one", "two", stage=Loading()) == ["done", "done"]


def test_the_limit_is_told() -> None:
    [attempt] = ProcessExecutor(1, LIMITS).map(Greedy(), items("work"))
    assert attempt.result == Rejected(code=Code.TOOK_TOO_LONG, detail="0.5 s, 300000000 bytes")
    assert attempt.duration_ms >= 500


def test_what_takes_too_long_on_ray_costs_itself_alone(ray_here: None) -> None:
    executor = RayExecutor(2, limits=Limits(seconds=0.5))
    assert told(executor, 1, "work in C", 2, 3, 4) == ["done", Code.TOOK_TOO_LONG, "done", "done", "done"]


def test_closing_ends_what_is_under_way() -> None:
    started = time.monotonic()
    attempts = ProcessExecutor(2, Limits(seconds=600.0)).map(Greedy(), items("one", *["work"] * 9))
    next(attempts)
    attempts.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 600  # which is what the others may take
