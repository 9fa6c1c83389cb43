"""One run at a time on a PostgreSQL database, across machines: advisory locks of its server.

A lock is as good as its connection: it ends with the process that has it, however that ends, and with the server.
"""

import os
import re
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

from kb import postgres
from kb.errors import BusyError

_CLASS = 0x7265746F
"""Retold's own among the advisory locks of a database: `reto`."""

_NAME_BYTES = 63
"""Of an application_name PostgreSQL keeps no more."""

_SCHEMA = "SELECT coalesce(current_schema(), btrim(split_part(current_setting('search_path'), ',', 1), ' \"'))"
_HOLDER = """
SELECT a.application_name, a.backend_start FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s AND l.objsubid = 2
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_TOLD = re.compile(r"retold (\d+)@(\S*) (.*)", re.DOTALL)


@contextmanager
def held_on_server(url: str, name: str, command: str, *, wait_s: float = 0.0) -> Iterator[None]:
    """One of a record store's locks; BusyError, with who has it, where another has it for longer than `wait_s`.

    `command`: what this process is, for whoever is told so.
    """
    host = socket.gethostname().partition(".")[0][:20]
    own = f"retold {os.getpid()}@{host} {command}".encode()[:_NAME_BYTES].decode(errors="ignore")
    with closing(postgres.connect(url, application_name=own)) as connection:
        key = zlib.crc32(f"{_value(connection, _SCHEMA)} {name}".encode()) & 0x7FFFFFFF
        end = time.monotonic() + wait_s
        while not _value(connection, "SELECT pg_try_advisory_lock(%s, %s)", (_CLASS, key)):
            if time.monotonic() >= end:
                holder = connection.execute(_HOLDER, (_CLASS, key)).fetchone()
                raise BusyError(_busy(url, name, *(holder or ("", None))))
            time.sleep(0.1)
        yield


def _value(connection: Any, query: str, values: tuple[object, ...] = ()) -> Any:
    return connection.execute(query, values).fetchone()[0]


def _busy(url: str, name: str, application: str | None, since: datetime | None) -> str:
    said = f"another {'crawl is running' if name == 'crawl' else 'run is going on'} in {postgres.place(url)}"
    told = _TOLD.match(application or "")
    if told is None or since is None:
        return f"{said}; wait for its end"
    pid, host, command = told.groups()
    return f"{said}: process {pid} on {host} ({command}) since {since.astimezone():%Y-%m-%d %H:%M:%S}; wait for its end"
