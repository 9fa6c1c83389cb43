"""A real Ray cluster of several nodes on this machine, started as its users start them: `ray start`, node by node."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.ports import free_port
from kb.settings import TELEMETRY_OFF

RAY = Path(sys.executable).with_name("ray")
STORE = 80_000_000
"""Bytes of a node's memory for objects, which Ray would else take a third of the machine's for."""
WATCHFUL = {"RAY_health_check_period_ms": "500", "RAY_health_check_failure_threshold": "2"}
"""A node that is killed is known to be dead after some seconds instead of fifteen."""


class Cluster:
    """Nodes by number, the head first; each is a process group, which is killed as a machine's plug is pulled."""

    def __init__(self, folder: Path) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.nodes: list[int] = []
        """Their process groups."""
        self._folder = folder

    @property
    def environment(self) -> Mapping[str, str]:
        """Of the nodes and whoever asks them: stages of tests lie in no package."""
        paths = os.pathsep.join(sys.path)
        return {**os.environ, **TELEMETRY_OFF, **WATCHFUL, "PYTHONPATH": paths, "RAY_AUTH_MODE": "disabled"}

    def add(self, processors: int, *options: str) -> None:
        """One more node, with so many places for workers."""
        joins = ["--address", self.address]
        if not self.nodes:
            port = self.address.rpartition(":")[2]
            joins = ["--head", "--port", port, "--include-dashboard", "false"]
            joins += ["--ray-client-server-port", str(free_port()), "--dashboard-port", str(free_port())]
        where = ["--temp-dir", str(self._folder / str(len(self.nodes))), "--object-store-memory", str(STORE)]
        told = ["--num-cpus", str(processors), "--include-log-monitor", "false", *options]
        with (self._folder / "started").open("ab") as log:
            started = subprocess.Popen(
                [RAY, "start", *joins, *where, *told],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.nodes.append(started.pid)
            assert started.wait(120) == 0, (self._folder / "started").read_text(errors="replace")

    def run(self, script: Path, *words: object) -> "subprocess.CompletedProcess[str]":
        """A process that works with the cluster, to its end: who has Ray connected elsewhere cannot."""
        given = [sys.executable, str(script), self.address, *map(str, words)]
        return subprocess.run(given, env=self.environment, capture_output=True, text=True, check=False, timeout=280)

    def kill(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.nodes[number], signal.SIGKILL)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster without nodes, in a folder of a short name: Ray's sockets lie there."""
    folder = Path(tempfile.mkdtemp(prefix="rt"))
    found = Cluster(folder)
    try:
        yield found
    finally:
        for number in range(len(found.nodes)):
            found.kill(number)
        shutil.rmtree(folder, ignore_errors=True)
