"""One run at a time on a PostgreSQL database, across machines: advisory locks of its server.

A lock is as good as its connection: it ends with the process that has it, however that ends, and with the server. A
connection may be dropped while its process goes on, and another run begin. So each transaction that is written under a
lock asks at its end, on its own connection, whether the lock is still held; until it is through, who takes the lock
next waits. A lost lock ends the command, and is not taken again: a whole run may have come and gone meanwhile, a
take-down for one, and what this one knows of the records would be out of date.
"""

import os
import re
import socket
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

import attrs

from kb import postgres
from kb.errors import BusyError, LostError

_CLASS = 0x7265746F
"""Retold's own among the advisory locks of a database: `reto`."""

_THROUGH_S = 30
"""How long a transaction of the run before may take to be through with its end."""

_NAME_BYTES = 63
"""Of an application_name PostgreSQL keeps no more."""

_HOLDER = """
SELECT a.application_name, a.backend_start FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s AND l.objsubid = 2
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_HELD = """
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = :pid AND classid = :class
AND objid = :key AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
_TOLD = re.compile(r"retold (\d+)@(\S*) (.*)", re.DOTALL)


@attrs.frozen
class _Lock:
    """A lock that this process took."""

    pid: int
    """Of the server's process at the other end of its connection."""
    key: int
    ending: int
    """Key of what transactions share at their end, and who takes the lock next waits for."""


_LOCKS: defaultdict[str, list[_Lock]] = defaultdict(list)
"""By address of the record store."""


@contextmanager
def held_on_server(url: str, name: str, command: str, *, wait_s: float = 0.0) -> Iterator[None]:
    """One of a record store's locks; BusyError, with who has it, where another has it for longer than `wait_s`.

    `command`: what this process is, for whoever is told so.
    """
    host = socket.gethostname().partition(".")[0][:20]
    own = f"retold {os.getpid()}@{host} {command}".encode()[:_NAME_BYTES].decode(errors="ignore")
    with closing(postgres.connect(url, application_name=own)) as connection:
        with postgres.explaining(url):
            lock = _taken(connection, url, name, wait_s)
        _LOCKS[url].append(lock)
        try:
            yield
        finally:
            _LOCKS[url].remove(lock)


def require_locks(url: str, ask: Callable[[str, dict[str, int]], Any]) -> None:
    """Before a transaction ends: LostError where a lock that this process took is lost.

    `ask` gives the one value of a query on the transaction's connection.
    """
    for lock in _LOCKS[url]:
        ask("SELECT pg_advisory_xact_lock_shared(:class, :key)", {"class": _CLASS, "key": lock.ending})
        if not ask(_HELD, {"pid": lock.pid, "class": _CLASS, "key": lock.key}):
            raise LostError(
                f"the lock of this run on {postgres.place(url)} was lost with its connection, and another run may have "
                "begun; what was committed is kept, and the same command goes on from there"
            )


def _taken(connection: Any, url: str, name: str, wait_s: float) -> _Lock:
    connection.execute(postgres.STAY)
    connection.execute(f"SET lock_timeout = '{_THROUGH_S}s'")
    schema = _value(connection, postgres.SCHEMA)
    lock = _Lock(_value(connection, "SELECT pg_backend_pid()"), _key(f"{schema} {name}"), _key(f"{schema} {name} ends"))
    end = time.monotonic() + wait_s
    while not _value(connection, "SELECT pg_try_advisory_lock(%s, %s)", (_CLASS, lock.key)):
        if time.monotonic() >= end:
            holder = connection.execute(_HOLDER, (_CLASS, lock.key)).fetchone()
            raise BusyError(_busy(url, name, *(holder or ("", None))))
        time.sleep(0.1)
    connection.execute("SELECT pg_advisory_lock(%s, %s)", (_CLASS, lock.ending))
    connection.execute("SELECT pg_advisory_unlock(%s, %s)", (_CLASS, lock.ending))
    return lock


def _key(named: str) -> int:
    return zlib.crc32(named.encode()) & 0x7FFFFFFF


def _value(connection: Any, query: str, values: tuple[object, ...] = ()) -> Any:
    return connection.execute(query, values).fetchone()[0]


def _busy(url: str, name: str, application: str | None, since: datetime | None) -> str:
    said = f"another {'crawl is running' if name == 'crawl' else 'run is going on'} in {postgres.place(url)}"
    told = _TOLD.match(application or "")
    if told is None or since is None:
        return f"{said}; wait for its end"
    pid, host, command = told.groups()
    return f"{said}: process {pid} on {host} ({command}) since {since.astimezone():%Y-%m-%d %H:%M:%S}; wait for its end"
