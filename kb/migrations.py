"""Schema steps. Captured tables move on by numbered steps; derived tables are dropped and rebuilt on change."""

from collections.abc import Callable

import sqlalchemy as sa

from kb.errors import DataError
from kb.tables import CAPTURED, DERIVED

DERIVED_VERSION = "1"
"""Raised with every change to a derived table."""

_schema = sa.Table(
    "schema_state",
    sa.MetaData(),
    sa.Column("part", sa.Text(), primary_key=True),
    sa.Column("version", sa.Text(), nullable=False),
)


def _first(connection: sa.Connection) -> None:
    CAPTURED.create_all(connection)


STEPS: tuple[Callable[[sa.Connection], None], ...] = (_first,)
"""Step n brings the captured tables from version n to n + 1. Never edited after a release."""


def migrate(engine: sa.Engine) -> None:
    """Bring a database to this version of retold, each step committed with its own record."""
    with engine.begin() as connection:
        _schema.create(connection, checkfirst=True)
    while True:
        with engine.begin() as connection:
            at = int(_version(connection, "captured") or 0)
            if at > len(STEPS):
                raise DataError(f"this database was written by a newer retold (schema {at}, known {len(STEPS)})")
            if at == len(STEPS):
                break
            STEPS[at](connection)
            _record(connection, "captured", str(at + 1))
    with engine.begin() as connection:
        if _version(connection, "derived") != DERIVED_VERSION:
            DERIVED.drop_all(connection)
            DERIVED.create_all(connection)
            _record(connection, "derived", DERIVED_VERSION)


def _version(connection: sa.Connection, part: str) -> str | None:
    return connection.execute(sa.select(_schema.c.version).where(_schema.c.part == part)).scalar()


def _record(connection: sa.Connection, part: str, version: str) -> None:
    connection.execute(sa.delete(_schema).where(_schema.c.part == part))
    connection.execute(sa.insert(_schema).values(part=part, version=version))
