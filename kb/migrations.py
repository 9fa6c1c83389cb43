"""Schema steps. Captured tables move on by numbered steps; derived tables are dropped and rebuilt on change."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from kb import schema
from kb.errors import DataError
from kb.tables import CAPTURED, DERIVED, SEALED, SEARCHED, alerts, deliveries, sealed

state = sa.Table(
    "schema_state",
    sa.MetaData(),
    sa.Column("part", sa.Text(), primary_key=True),
    sa.Column("version", sa.Text(), nullable=False),
)
"""What a database says of itself: which version its tables have, and what `note` was told."""


def _first(connection: sa.Connection) -> None:
    CAPTURED.create_all(connection)


def _alerts(connection: sa.Connection) -> None:
    for table in (alerts, deliveries):
        table.create(connection, checkfirst=True)  # a new database has them from the first step


def _withdrawals(connection: sa.Connection) -> None:
    _add_column(connection, alerts.c.withdrawn_at)


def _narrowed_searches(connection: sa.Connection) -> None:
    for index in SEARCHED:
        if index.table is not None and sa.inspect(connection).has_table(index.table.name):
            index.create(connection, checkfirst=True)  # elsewhere it comes with its table


def _seals(connection: sa.Connection) -> None:
    """What is held from before is sealed as it stands."""
    for table in (each for each in SEALED if each.metadata is CAPTURED):
        _add_column(connection, table.c.seal)
        (key,) = table.primary_key.columns
        for row in connection.execute(sa.select(table).where(table.c.seal.is_(None))).mappings().all():
            value = sealed(table, dict(row))["seal"]
            connection.execute(sa.update(table).where(key == row[key.name]).values(seal=value))


def _add_column(connection: sa.Connection, column: sa.Column[Any]) -> None:
    """A column that a new database has from the first step."""
    name = column.table.name
    if column.name not in {held["name"] for held in sa.inspect(connection).get_columns(name)}:
        kind = column.type.compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {column.name} {kind}")


STEPS: tuple[Callable[[sa.Connection], None], ...] = (_first, _alerts, _withdrawals, _narrowed_searches, _seals)
"""Step n brings the captured tables from version n to n + 1. Never edited after a release."""


def migrate(engine: sa.Engine) -> None:
    """Bring a database to this version of retold, each step committed with its own record."""
    if _current(engine):
        return
    with _alone(engine) as connection:
        state.create(connection, checkfirst=True)
    while True:
        with _alone(engine) as connection:
            at = int(noted(connection, "captured") or 0)
            if at > len(STEPS):
                raise DataError(f"this database was written by a newer retold (schema {at}, known {len(STEPS)})")
            if at == len(STEPS):
                break
            STEPS[at](connection)
            note(connection, "captured", str(at + 1))
    with _alone(engine) as connection:
        if noted(connection, "derived") != schema.DERIVED:
            DERIVED.drop_all(connection)
            DERIVED.create_all(connection)
            note(connection, "derived", schema.DERIVED)


def _current(engine: sa.Engine) -> bool:
    """Whether there is nothing to do: the usual case, for which no lock is taken."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(state.name):
            return False
        return (noted(connection, "captured"), noted(connection, "derived")) == (str(len(STEPS)), schema.DERIVED)


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that nobody else migrates beside: several processes may open a new database at once. SQLite's
    driver by itself would begin one only at the first INSERT, so that a step could be left half done.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('retold migrates ' || current_schema()))")
        yield connection


def noted(connection: sa.Connection, part: str) -> str | None:
    """What a database says of its own state: `captured` and `derived` are the versions of its tables."""
    return connection.execute(sa.select(state.c.version).where(state.c.part == part)).scalar()


def note(connection: sa.Connection, part: str, version: str) -> None:
    connection.execute(sa.delete(state).where(state.c.part == part))
    connection.execute(sa.insert(state).values(part=part, version=version))
