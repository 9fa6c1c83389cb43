"""Plain connections to a record store that only read: what a search asks through.

Not through SQLAlchemy, whose import takes as long as all else that a search does. Queries are written once, with
`:name` for a value, `IN NUMBERS(:name)` and `IN TEXTS(:name)` for a list; a connection knows how its database writes
that.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from kb import postgres, sqlite

BUSY_S = 30.0
"""How long a reader waits for a writer; in WAL mode it hardly ever has to."""

MAPPED = 2**30
"""Bytes of the file that are read in place: each page that SQLite fetches itself is a call and a copy."""

_LIST = re.compile(r"IN (NUMBERS|TEXTS)\(:(\w+)\)")
_ARRAYS = {"NUMBERS": "bigint[]", "TEXTS": "text[]"}
_NAMED = re.compile(r"(?<!:):(\w+)")


class Connection(Protocol):
    """What a search needs of a database."""

    ordered_join: str
    """Joins tables so that a query begins with the one named first, where the database lets that be said."""

    def rows(self, query: str, values: Mapping[str, Any] = {}) -> Iterator[tuple[Any, ...]]: ...

    def named(self, query: str, values: Mapping[str, Any] = {}) -> Iterator[Mapping[str, Any]]:
        """The same with the names of the columns."""
        ...

    def moment(self, stored: Any) -> datetime | None:
        """A time as a row has it."""
        ...

    def state(self) -> object:
        """Another one after anything was written through another connection, from any thread or process."""
        ...

    def close(self) -> None: ...


class SqliteConnection:
    """A record store's file."""

    ordered_join = "CROSS JOIN"

    def __init__(self, database: Path) -> None:
        # Closed by whoever is last, in whatever thread.
        self._name = str(database)
        with sqlite.explaining(self._name):
            address = sqlite.for_reading(database)
            self.raw = sqlite3.connect(
                address or database, uri=address is not None, timeout=BUSY_S, check_same_thread=False
            )
            self.raw.execute("PRAGMA query_only=1")
            self.raw.execute(f"PRAGMA mmap_size={MAPPED}")
        self.kept: frozenset[int] = frozenset()
        """For which numbers `kept(number)` is true in a query: a list within it is taken apart anew by each, .7 µs a
        number.
        """
        self.raw.create_function("kept", 1, lambda number: number in self.kept)

    def rows(self, query: str, values: Mapping[str, Any] = {}) -> Iterator[tuple[Any, ...]]:
        return self._read(self._executed(query, values))

    def named(self, query: str, values: Mapping[str, Any] = {}) -> Iterator[Mapping[str, Any]]:
        found = self._executed(query, values)
        found.row_factory = sqlite3.Row
        return self._read(found)

    def moment(self, stored: str | None) -> datetime | None:
        return None if stored is None else datetime.fromisoformat(stored).replace(tzinfo=UTC)

    def state(self) -> object:
        return next(self.rows("PRAGMA data_version"))

    def close(self) -> None:
        self.raw.close()

    def _executed(self, query: str, values: Mapping[str, Any]) -> sqlite3.Cursor:
        given = {name: _sqlite_value(value) for name, value in values.items()}
        with sqlite.explaining(self._name):
            return self.raw.execute(_in_sqlite(query), given)

    def _read(self, cursor: sqlite3.Cursor) -> Iterator[Any]:
        with sqlite.explaining(self._name):
            yield from cursor


@lru_cache
def _in_sqlite(query: str) -> str:
    return _LIST.sub(r"IN (SELECT value FROM json_each(:\2))", query)


def _sqlite_value(value: Any) -> Any:
    if isinstance(value, datetime):  # as SQLAlchemy writes times: without a zone, always with microseconds
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return json.dumps(value) if isinstance(value, list) else value


class PostgresConnection:
    """A database on a server; one that the server dropped meanwhile is opened again, for nothing is lost by reading."""

    ordered_join = "JOIN"

    def __init__(self, url: str) -> None:
        self._url = url
        self._raw = self._opened()

    def rows(self, query: str, values: Mapping[str, Any] = {}) -> Iterator[tuple[Any, ...]]:
        return iter(self._executed(query, values).fetchall())

    def named(self, query: str, values: Mapping[str, Any] = {}) -> Iterator[Mapping[str, Any]]:
        found = self._executed(query, values)
        names = [column.name for column in found.description or ()]
        return (dict(zip(names, map(_whole, row), strict=True)) for row in found)

    def moment(self, stored: datetime | None) -> datetime | None:
        return None if stored is None else stored.astimezone(UTC)

    def state(self) -> object:
        """Every commit on the server moves the end of its log, whoever's it is."""
        return next(self.rows("SELECT pg_current_wal_insert_lsn()::text"))

    def close(self) -> None:
        self._raw.close()

    def _opened(self) -> Any:
        opened = postgres.connect(self._url)
        opened.execute("SET default_transaction_read_only = on")
        opened.execute("SET jit = off")  # to compile a query takes longer than to answer it
        return opened

    def _executed(self, query: str, values: Mapping[str, Any]) -> Any:
        psycopg = postgres.require_psycopg()
        listed = _LIST.sub(lambda m: f"= ANY(:{m[2]}::{_ARRAYS[m[1]]})", query.replace("%", "%%"))
        statement = _NAMED.sub(r"%(\1)s", listed)
        given = {name: _postgres_value(value) for name, value in values.items()}
        try:
            try:
                return self._raw.execute(statement, given)
            except psycopg.OperationalError:
                if not self._raw.closed:
                    raise
                self._raw = self._opened()
                return self._raw.execute(statement, given)
        except psycopg.OperationalError as error:
            raise postgres.explained(error, self._url) from error


def _postgres_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_postgres_value(each) for each in value]
    return value.replace(postgres.NUL, postgres.NUL_KEPT) if isinstance(value, str) else value


def _whole(value: Any) -> Any:
    return value.replace(postgres.NUL_KEPT, postgres.NUL) if isinstance(value, str) else value


def connect(url: str, database: Path) -> Connection:
    """To the record store of an address, or of a file where that is SQLite."""
    return PostgresConnection(url) if postgres.is_postgres(url) else SqliteConnection(database)


@contextmanager
def connected(database: Path) -> Iterator[SqliteConnection]:
    """A connection to a record store's file."""
    connection = SqliteConnection(database)
    try:
        yield connection
    finally:
        connection.close()
