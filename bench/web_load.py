"""Parallel clients over a mix of addresses, and what they waited for: plain HTTP over kept-alive connections."""

import http.client
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

TIMEOUT_S = 60.0


@attrs.frozen
class Asked:
    """One answer."""

    kind: str
    path: str
    ms: float
    status: int
    size: int


Draw = Callable[[random.Random], tuple[str, str]]
"""A kind of page and an address of it."""


def load(port: int, draw: Draw, *, clients: int, seconds: float, pause_ms: float = 0.0) -> list[Asked]:
    """What so many clients met in that time; each asks again as soon as it is answered, or after a pause.

    Clients are threads of this process; the addresses are drawn anew by each from its own seed.
    """
    answers: list[Asked] = []
    end = time.monotonic() + seconds

    def client(seed: int) -> None:
        chance = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        while time.monotonic() < end:
            kind, path = draw(chance)
            answers.append(_ask(connection, kind, path))
            if pause_ms:
                time.sleep(chance.expovariate(1000 / pause_ms))
        connection.close()

    threads = [threading.Thread(target=client, args=[seed]) for seed in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _ask(connection: http.client.HTTPConnection, kind: str, path: str) -> Asked:
    started = time.perf_counter()
    try:
        try:
            status, size = _answer(connection, path)
        except ConnectionError:  # a server closes what was idle for some seconds; browsers ask again, too
            connection.close()
            status, size = _answer(connection, path)
    except (OSError, http.client.HTTPException):
        connection.close()
        status, size = 0, 0
    return Asked(kind, path, (time.perf_counter() - started) * 1000, status, size)


def _answer(connection: http.client.HTTPConnection, path: str) -> tuple[int, int]:
    """Status and bytes."""
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, len(answer.read())


def figures(answers: Sequence[Asked], seconds: float) -> Mapping[str, Any]:
    """Milliseconds by kind of page and of all; an error is whatever is not 200."""
    by_kind: dict[str, list[Asked]] = defaultdict(list)
    for each in answers:
        by_kind[each.kind].append(each)
    told = {kind: _told(some) for kind, some in sorted(by_kind.items())}
    return {"all": _told(answers), "per_s": round(len(answers) / seconds, 1), "pages": told}


def _told(answers: Sequence[Asked]) -> Mapping[str, Any]:
    times = sorted(each.ms for each in answers)
    return {
        "n": len(times),
        "errors": sum(each.status != 200 for each in answers),
        "p50_ms": round(_at(times, 0.5), 1),
        "p95_ms": round(_at(times, 0.95), 1),
        "max_ms": round(times[-1], 1),
        "kb": round(sum(each.size for each in answers) / len(answers) / 1000, 1),
    }


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
