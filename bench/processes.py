"""What the processes of a server on this machine cost: processor time and memory, as Linux counts them in /proc."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


class Processes:
    """A process and those that it started and has not outlived."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def cpu_s(self) -> float:
        """Processor seconds of all of them since they began, those that ended meanwhile among them."""
        while True:
            own = _stat(self.pid)[1]
            children = sum(self._of_child(child) for child in self._children())
            if _stat(self.pid)[1][2:] == own[2:]:  # else one ended meanwhile, and counts twice or not at all
                return sum(own) + children

    def memory(self) -> int:
        """Bytes: their proportional set size, in which memory that several share is counted once."""
        total = 0
        for pid in (self.pid, *self._children()):
            with suppress(OSError):  # it ended
                rows = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
                total += sum(1024 * int(row.split()[1]) for row in rows if row.startswith("Pss:"))
        return total

    @staticmethod
    def _of_child(pid: int) -> float:
        with suppress(OSError):
            return sum(_stat(pid)[1][:2])
        return 0.0

    def _children(self) -> Iterator[int]:
        for path in PROC.iterdir():
            if path.name.isdigit():
                with suppress(OSError):
                    if _stat(int(path.name))[0] == self.pid:
                        yield int(path.name)


def _stat(pid: int) -> tuple[int, list[float]]:
    """Whose child it is; seconds in user and system mode, of itself and of its children that ended."""
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), [int(ticks) / TICKS for ticks in fields[11:15]]


def parent(pid: int) -> Processes:
    """Of a server's backend, its server. OSError where that is on another machine."""
    return Processes(_stat(pid)[0])


@contextmanager
def spent(server: Processes | None) -> Iterator[dict[str, float]]:
    """Seconds that a block takes: by the clock, on the processor in this process, and there in the server's, if any."""
    figures: dict[str, float] = {}
    before = (time.perf_counter(), time.process_time(), server.cpu_s() if server else 0.0)
    yield figures
    after = (time.perf_counter(), time.process_time(), server.cpu_s() if server else 0.0)
    names = ("wall_s", "client_cpu_s", "server_cpu_s")
    figures.update((name, round(end - start, 2)) for name, start, end in zip(names, before, after, strict=True))


def rates(figures: dict[str, float], count: int) -> dict[str, float]:
    """The same with how many rows went by in a second of the processor, and of the clock."""
    cpu = figures["client_cpu_s"] + figures["server_cpu_s"]
    return {**figures, "per_cpu_s": round(count / max(cpu, 0.01)), "per_s": round(count / max(figures["wall_s"], 0.01))}
