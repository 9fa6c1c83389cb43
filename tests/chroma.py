"""A real Chroma server for the tests: `chroma run`, on a port of loopback, its data in a temporary folder."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx


class ChromaServer:
    """Started, killed and started again; it keeps its port and, unless `forget` is called, its data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = int(listener.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it answers."""
        program = Path(sys.executable).with_name("chroma")
        words = [program, "run", "--path", self.folder, "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "DO_NOT_TRACK": "1"}
        )
        end = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{self.url}/api/v2/heartbeat", timeout=5).raise_for_status()
                return
            except httpx.HTTPError:
                assert self._process.poll() is None, "the Chroma server ended"
                assert time.monotonic() < end, "the Chroma server does not answer"
                time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def forget(self) -> None:
        """Its data goes, while it is down."""
        shutil.rmtree(self.folder)
