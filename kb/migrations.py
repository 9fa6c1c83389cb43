"""Schema steps. Captured tables move on by numbered steps; derived tables are dropped and rebuilt on change."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from kb import schema
from kb.errors import DataError
from kb.tables import CAPTURED, DERIVED, SEARCHED, alerts, deliveries

_schema = sa.Table(
    "schema_state",
    sa.MetaData(),
    sa.Column("part", sa.Text(), primary_key=True),
    sa.Column("version", sa.Text(), nullable=False),
)


def _first(connection: sa.Connection) -> None:
    CAPTURED.create_all(connection)


def _alerts(connection: sa.Connection) -> None:
    for table in (alerts, deliveries):
        table.create(connection, checkfirst=True)  # a new database has them from the first step


def _withdrawals(connection: sa.Connection) -> None:
    column = alerts.c.withdrawn_at
    if column.name not in {held["name"] for held in sa.inspect(connection).get_columns(alerts.name)}:
        kind = column.type.compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {alerts.name} ADD COLUMN {column.name} {kind}")


def _narrowed_searches(connection: sa.Connection) -> None:
    for index in SEARCHED:
        if index.table is not None and sa.inspect(connection).has_table(index.table.name):
            index.create(connection, checkfirst=True)  # elsewhere it comes with its table


STEPS: tuple[Callable[[sa.Connection], None], ...] = (_first, _alerts, _withdrawals, _narrowed_searches)
"""Step n brings the captured tables from version n to n + 1. Never edited after a release."""


def migrate(engine: sa.Engine) -> None:
    """Bring a database to this version of retold, each step committed with its own record."""
    if _current(engine):
        return
    with _alone(engine) as connection:
        _schema.create(connection, checkfirst=True)
    while True:
        with _alone(engine) as connection:
            at = int(_version(connection, "captured") or 0)
            if at > len(STEPS):
                raise DataError(f"this database was written by a newer retold (schema {at}, known {len(STEPS)})")
            if at == len(STEPS):
                break
            STEPS[at](connection)
            _record(connection, "captured", str(at + 1))
    with _alone(engine) as connection:
        if _version(connection, "derived") != schema.DERIVED:
            DERIVED.drop_all(connection)
            DERIVED.create_all(connection)
            _record(connection, "derived", schema.DERIVED)


def _current(engine: sa.Engine) -> bool:
    """Whether there is nothing to do: the usual case, for which no lock is taken."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(_schema.name):
            return False
        return (_version(connection, "captured"), _version(connection, "derived")) == (str(len(STEPS)), schema.DERIVED)


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


def _version(connection: sa.Connection, part: str) -> str | None:
    return connection.execute(sa.select(_schema.c.version).where(_schema.c.part == part)).scalar()


def _record(connection: sa.Connection, part: str, version: str) -> None:
    connection.execute(sa.delete(_schema).where(_schema.c.part == part))
    connection.execute(sa.insert(_schema).values(part=part, version=version))
