"""A real Chroma server, for measurements and tests: `chroma run`, on a port of loopback."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from bench.ports import free_port

START_S = 120.0
"""How long it may take until it answers."""


class ChromaServer:
    """Started, killed and started again; it keeps its port and, unless `forget` is called, its data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> int:
        """The id of its process, once it answers; RuntimeError where it ends or does not in time."""
        program = Path(sys.executable).with_name("chroma")
        words: list[str | Path] = [
            program,
            "run",
            "--path",
            self.folder,
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        self._process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "DO_NOT_TRACK": "1"}
        )
        end = time.monotonic() + START_S
        while True:
            try:
                httpx.get(f"{self.url}/api/v2/heartbeat", timeout=5).raise_for_status()
                return self._process.pid
            except httpx.HTTPError as error:
                if self._process.poll() is not None:
                    raise RuntimeError("the Chroma server ended") from error
                if time.monotonic() >= end:
                    raise RuntimeError("the Chroma server does not answer") from error
                time.sleep(0.05)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        if self._process:
            self._process.send_signal(sign)
            self._process.wait()
            self._process = None

    def kill(self) -> None:
        """As a power cut would."""
        self.stop(signal.SIGKILL)

    def forget(self) -> None:
        """Its data goes, while it is down."""
        shutil.rmtree(self.folder)
