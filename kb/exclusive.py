"""One run at a time on a data folder, across processes; whoever comes second is told who is at work.

The lock is the kernel's: it ends with the process that has it, however that ends. The file beside it names the
process, for the message alone: nobody trusts it to say whether the folder is free.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import attrs
from filelock import FileLock, Timeout

from kb import folders
from kb.advisory import held_on_server
from kb.errors import BusyError, UserError
from kb.postgres import is_postgres, without_passwords
from kb.state import read_state, write_state

RUN = "run"
"""Whoever changes the data folder has this one."""
CRAWL = "crawl"
"""The crawl process has this one besides: it outlives a parent that was killed, until it has put down what it holds."""

ORPHAN_S = 10.0
"""How long is waited for the crawl process of a run that was killed."""

_MOST = 80
"""Characters of a command that are told."""


@attrs.frozen(kw_only=True)
class Holder:
    """The process that is at work."""

    pid: int
    command: str
    since: datetime


@contextmanager
def alone(folder: Path, store_url: str = "") -> Iterator[None]:
    """While a command changes the data folder, no other does; BusyError at once where one is at work.

    `store_url`: of the record store; on a server, nobody changes that either, from whatever machine.
    """
    with held(folder, RUN, store_url=store_url):
        with held(folder, CRAWL, wait_s=ORPHAN_S, store_url=store_url):
            pass  # the crawl process takes it itself; one that comes after its parent's end does nothing
        yield


@contextmanager
def held(folder: Path, name: str, *, wait_s: float = 0.0, store_url: str = "") -> Iterator[None]:
    """One of the folder's locks, and of the record store's where that is on a server; BusyError where another has it
    for longer than `wait_s`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(folders.unmakeable(error)) from error
    lock, told = FileLock(folder / f"{name}.lock"), _told(folder, name)
    try:
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise BusyError(_busy(folder, name, read_state(told, Holder))) from error
    try:
        write_state(told, Holder(pid=os.getpid(), command=_command(), since=datetime.now(UTC)))
        on_server = is_postgres(store_url)
        with held_on_server(store_url, name, _command(), wait_s=wait_s) if on_server else nullcontext():
            yield
    finally:
        told.unlink(missing_ok=True)
        lock.release()


def at_work(folder: Path) -> Holder | None:
    """The process that is changing the folder now; one that was killed is not."""
    holder = read_state(_told(folder, RUN), Holder)
    if holder is None:
        return None
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # another account's
    return holder


def _told(folder: Path, name: str) -> Path:
    return folder / f"{name}.holder.json"


def _busy(folder: Path, name: str, holder: Holder | None) -> str:
    said = f"another {'crawl is running' if name == CRAWL else 'run is going on'} in {folder}"
    if holder is None:
        return f"{said}; wait for its end"
    since = f"{holder.since.astimezone():%Y-%m-%d %H:%M:%S}"
    return f"{said}: process {holder.pid} ({holder.command}) since {since}; wait for its end, or `kill {holder.pid}`"


def _command() -> str:
    """This process as the user started it, on one line, without a password that an address has."""
    name = Path(sys.argv[0]).name if sys.argv else ""
    said = " ".join(" ".join([name, *sys.argv[1:]]).split())
    return without_passwords(said)[:_MOST]
