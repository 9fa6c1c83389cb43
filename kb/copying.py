"""Copies a record store into an empty one, all of it or nothing, and proves that both hold the same.

Rows go over in the order of their keys, one transaction for all tables. Before that ends, the rows of the copy are read
back, and each table's digest (over every value of every row) has to be that of the original.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import attrs
import sqlalchemy as sa

from kb import tables as t
from kb.errors import DataError, UnstorableError, UserError
from kb.store import RecordStore

BATCH = 1_000
"""Rows sent at once."""

TABLES = (*t.CAPTURED.sorted_tables, *t.DERIVED.sorted_tables)

Progress = Callable[[str, int, int], None]
"""Called with a table's name, how many of its rows are copied, and of how many."""


@attrs.frozen(kw_only=True)
class Copied:
    """One table, as both stores hold it."""

    table: str
    source_rows: int
    source_sha256: str
    """Over the rows in order of their keys."""
    target_rows: int
    target_sha256: str

    @property
    def same(self) -> bool:
        return (self.source_rows, self.source_sha256) == (self.target_rows, self.target_sha256)


class _Digest:
    """Of rows, whatever database they come from."""

    def __init__(self) -> None:
        self.rows = 0
        self._sha256 = hashlib.sha256()

    def add(self, row: Mapping[str, Any]) -> None:
        self.rows += 1
        values = {name: _plain(value) for name, value in row.items()}
        self._sha256.update(json.dumps(values, sort_keys=True).encode() + b"\n")

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.tobytes().hex() if hasattr(value, "tobytes") else value


def copy(source: RecordStore, target: RecordStore, on_progress: Progress) -> tuple[Copied, ...]:
    """Fill an empty record store with what another holds. UserError where it is not empty; DataError, with nothing
    written, where the copy is not the same.
    """
    with _still(source.engine) as reading, target.engine.begin() as writing:
        _begin(writing)
        held = [table.name for table in TABLES if _count(writing, table)]
        if held:
            raise UserError(
                f"the record store to copy to holds something already (in {', '.join(held)}): name an empty database "
                "or schema, or a file that is not there yet"
            )
        copied = tuple(_copy(table, reading, writing, on_progress) for table in TABLES)
        different = [table.table for table in copied if not table.same]
        if different:
            raise DataError(f"the copy is not the same in {', '.join(different)}; nothing was written")
        _count_on(writing)
    return copied


def _copy(table: sa.Table, reading: sa.Connection, writing: sa.Connection, on_progress: Progress) -> Copied:
    total = _count(reading, table)
    ours = _Digest()
    batch: list[dict[str, Any]] = []
    for row in _rows(reading, table):
        ours.add(row)
        batch.append(row)
        if len(batch) == BATCH:
            _insert(writing, table, batch)
            on_progress(table.name, ours.rows, total)
            batch = []
    _insert(writing, table, batch)
    on_progress(table.name, ours.rows, total)
    theirs = _Digest()
    for row in _rows(writing, table):
        theirs.add(row)
    return Copied(
        table=table.name,
        source_rows=ours.rows,
        source_sha256=ours.sha256,
        target_rows=theirs.rows,
        target_sha256=theirs.sha256,
    )


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[dict[str, Any]]:
    query = sa.select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
    for row in connection.execute(query).mappings():
        yield dict(row)


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    try:
        connection.execute(sa.insert(table), rows)
    except (ValueError, sa.exc.DataError, sa.exc.StatementError) as error:
        cause = error.orig if isinstance(error, sa.exc.StatementError) else error
        raise UnstorableError(f"a row of {table.name} cannot be held there: {cause}; nothing was copied") from error


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


@contextmanager
def _still(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that sees the record store as it is now, whatever is written meanwhile."""
    options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**options) as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        yield connection


def _begin(connection: sa.Connection) -> None:
    """SQLite's driver by itself would begin with the first row, after the store was found empty."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _count_on(connection: sa.Connection) -> None:
    """New wordings get the numbers after those copied; SQLite sees to that by itself."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "SELECT setval(pg_get_serial_sequence('wordings', 'number'), max(number)) FROM wordings HAVING count(*) > 0"
        )
