"""Commands of `retold` in forked children of a process that has loaded everything, to be killed at a given moment.

    python -m bench.forked

Reads orders and writes answers, each a line of JSON. A child counts what it does to disk: files opened for writing,
renamed, removed, cut, flushed, and statements and commits of the record store. So it can be killed between any two of
these, besides after any time. Nothing of this is in the product: the child is watched from inside this process.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import sqlalchemy as sa

WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "BEGIN", "VACUUM", "REPLACE")
LONGEST_S = 300.0


@attrs.frozen(kw_only=True)
class Ended:
    """How commands in one child ended."""

    codes: tuple[int, ...]
    """Exit codes of the commands that came to their end, in order."""
    killed: bool
    seconds: float
    steps: int
    """What was done to disk; 0 where the child was killed."""
    said: str
    """Both streams."""


class Forked:
    """The process that forks, as a context."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}

    def __enter__(self) -> "Forked":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.forked"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def run(
        self,
        folder: Path,
        commands: Sequence[Sequence[str]],
        *,
        after_s: float | None = None,
        at_step: int | None = None,
        orphan: bool = False,
    ) -> Ended:
        """Run commands one after the other. `orphan`: the kill leaves the process alive that the child has started."""
        assert self._process.stdin
        assert self._process.stdout
        order = {
            "folder": str(folder),
            "commands": [list(words) for words in commands],
            "after_s": after_s,
            "at_step": at_step,
            "orphan": orphan,
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        plain = json.loads(self._process.stdout.readline())
        return Ended(**{**plain, "codes": tuple(plain["codes"])})


class _Steps:
    """Counts what this process does to disk, and ends it at one of these."""

    def __init__(self, folder: str, last: int | None) -> None:
        self.count = 0
        self._folder = folder
        self._last = last

    def watch(self) -> None:
        flush = os.fsync

        def flushed(handle: Any) -> None:
            self.step()
            flush(handle)

        setattr(os, "fsync", flushed)  # noqa: B010  a module is no place to assign to, for types
        sys.addaudithook(self._heard)
        sa.event.listen(sa.Engine, "before_cursor_execute", self._executed)
        sa.event.listen(sa.Engine, "commit", lambda _: self.step())

    def step(self) -> None:
        self.count += 1
        if self.count == self._last:
            os.killpg(0, signal.SIGKILL)

    def _heard(self, event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = given
            writes = any(sign in str(mode) for sign in "wax+") or (isinstance(flags, int) and flags & os.O_ACCMODE)
            if writes and isinstance(path, str) and path.startswith(self._folder):
                self.step()
        elif event in ("os.rename", "os.remove", "os.truncate", "os.mkdir", "shutil.rmtree"):
            self.step()

    def _executed(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.lstrip().upper().startswith(WRITES):
            self.step()


def _child(order: Mapping[str, Any], out: int) -> int:
    """The commands; the exit code of the last one."""
    os.setsid()
    for stream in (1, 2):
        os.dup2(out, stream)
    from queries.cli import app

    steps = _Steps(order["folder"], order["at_step"])
    steps.watch()
    code = 0
    for words in order["commands"]:
        sys.argv = ["retold", *words]
        try:
            app(words)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        sys.stdout.flush()
        os.write(out, f"\n@code {code}\n".encode())
    os.write(out, f"\n@steps {steps.count}\n".encode())
    return code


def _answered(order: Mapping[str, Any]) -> dict[str, Any]:
    log = Path(order["folder"]).with_suffix(".said")
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    started = time.monotonic()
    pid = os.fork()
    if not pid:
        code = 70
        try:
            code = _child(order, out)
        finally:
            os._exit(code)
    os.close(out)
    status = _waited(pid, started, order)
    said = log.read_text(encoding="utf-8", errors="replace")
    marks = [line.split() for line in said.splitlines() if line.startswith("@")]
    return {
        "codes": [int(mark[1]) for mark in marks if mark[0] == "@code"],
        "killed": os.WIFSIGNALED(status),
        "seconds": time.monotonic() - started,
        "steps": next((int(mark[1]) for mark in marks if mark[0] == "@steps"), 0),
        "said": said,
    }


def _waited(pid: int, started: float, order: Mapping[str, Any]) -> int:
    """The status of the child, which is killed when its time has come."""
    after = LONGEST_S if order["after_s"] is None else order["after_s"]
    while time.monotonic() - started < after:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.002)
    below = [] if order["orphan"] else _below(pid)
    for each in (pid, *below):
        with suppress(ProcessLookupError):  # it had ended
            os.kill(each, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def _below(pid: int) -> list[int]:
    """What a process has started, and what that has: a crawl's process has a session of its own."""
    parents: dict[int, int] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                stat = (each / "stat").read_text(encoding="ascii", errors="replace")
            except OSError:
                continue
            parents[int(each.name)] = int(stat.rpartition(")")[2].split()[1])
    found = [pid]
    for above in found:
        found += [each for each, parent in parents.items() if parent == above]
    return found[1:]


def main() -> None:
    import spacy

    import queries.cli  # noqa: F401
    from kb.minilm import MiniLM
    from kb.settings import Settings, silence_telemetry

    silence_telemetry()
    setattr(spacy, "load", cache(spacy.load))  # noqa: B010
    spacy.load(Settings().spacy_model)
    MiniLM().check()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answered(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
