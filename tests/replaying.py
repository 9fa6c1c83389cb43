"""pywb, the replay tool of the Webrecorder project, in an environment of its own: its pins clash with ours."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.ports import free_port

NAMED = os.environ.get("RETOLD_REPLAY")
"""Where `make test` put it."""


def tool(name: str) -> Path:
    """A program of pywb's; the test is left out only where nothing says that it should be there."""
    path = Path(NAMED or Path(sys.prefix) / "replay").absolute() / "bin" / name
    if not path.exists() and not NAMED:
        pytest.skip("pywb is not installed; `make replay` does that")
    return path


def collect(folder: Path, *files: Path) -> None:
    """A pywb collection `c` with these WARC or WACZ files."""
    manager = tool("wb-manager")
    for arguments in (["init", "c"], ["add", "--unpack-wacz", "c", *map(str, files)]):
        done = subprocess.run(
            [manager, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr


class Replay:
    """A running pywb."""

    def __init__(self, port: int) -> None:
        self._port = port

    def body(self, url: str, timestamp: str = "") -> bytes:
        """What it plays for an address, as captured; nothing comes from the network, pywb has no live collection."""
        asked = f"http://127.0.0.1:{self._port}/c/{timestamp}id_/{url}"
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return bytes(answer.read())


@contextmanager
def replaying(folder: Path) -> Iterator[Replay]:
    port = free_port()
    log = (folder / "pywb.log").open("wb")
    command = [tool("wayback"), "--bind", "127.0.0.1", "--port", str(port)]
    with log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
        try:
            _wait(port, folder / "pywb.log")
            yield Replay(port)
        finally:
            process.terminate()


def _wait(port: int, log: Path) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"pywb did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
