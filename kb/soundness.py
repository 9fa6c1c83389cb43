"""Whether the record store and what is searched hold what was put there, and what of it to make again.

Three looks at a record store: the database's own at its pages and indexes, ours at the shape of its tables, and each
row against its seal. What is searched (full text, matrix, vector index) is held against the record store.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
import sqlalchemy as sa

from kb import fulltext, migrations, sqlite
from kb import tables as t
from kb.archive import Problem
from kb.errors import DataError
from kb.indexing import Indexing
from kb.records import Judgement, Snapshot
from kb.store import RecordStore

PORTION = 1_000
"""Rows read at once."""

UNREADABLE = (DataError, sa.exc.SQLAlchemyError, ValueError, TypeError, LookupError)
"""What reading a damaged record store may raise."""

STAGE_OF: Mapping[str, str] = {
    "articles": "extract",
    "texts": "extract",
    "extractions": "extract",
    "passages": "annotate",
    "quotes": "annotate",
    "quantities": "annotate",
    "wordings": "annotate",
    "credits": "credits",
    "embeddings": "embed",
    "alignments": "pair",
    "evidence": "pair",
}
"""The stage that makes a table's rows again. The others (outcomes, tools, active) come back with any build."""


@attrs.frozen
class Damaged:
    """A row that is not what was put there."""

    table: sa.Table
    key: Mapping[str, Any]
    """By the columns of its primary key."""

    def problem(self, place: str) -> Problem:
        """`place`: the record store's."""
        named = " ".join(str(value) for value in self.key.values())
        what = "the row is not what was written"
        kept = self.table.metadata is t.CAPTURED
        return Problem(where=f"{place}: {self.table.name} {named}", what=what, kind="kept" if kept else "derived")


def store_problems(store: RecordStore) -> list[Problem]:
    """What is wrong with the record store, whatever the archive holds."""
    problems: list[Problem] = []
    try:
        problems += [Problem(where=place(store), what=what, kind="store") for what in structure(store)]
        problems += [damaged.problem(place(store)) for damaged in damaged_rows(store)]
    except UNREADABLE as error:
        problems.append(unreadable(place(store), error))
    return problems


def unreadable(where: str, error: Exception) -> Problem:
    """A record store that cannot be read as far as its end."""
    return Problem(where=where, what=f"{type(error).__name__}: {' '.join(str(error).split())[:300]}", kind="store")


def place(store: RecordStore) -> str:
    """How a problem names the record store: its file, or its database without what may be a password."""
    url = store.engine.url
    return "records.db" if url.get_backend_name() == "sqlite" else f"{url.host or ''}/{url.database}"


def structure(store: RecordStore) -> list[str]:
    """What the database itself says of its pages and indexes, and which tables are not as they were made."""
    found: list[str] = []
    with store.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
            found += [line for row in rows if row != "ok" for line in str(row).splitlines()]
        seen = sa.inspect(connection)
        for table in (*t.CAPTURED.sorted_tables, *t.DERIVED.sorted_tables, migrations.state):
            if not seen.has_table(table.name):
                found.append(f"the table {table.name} is missing")
            elif not _as_made(seen, table, connection.dialect):
                found.append(f"the table {table.name} or an index of it is not as it was made")
    return found


def _as_made(seen: sa.Inspector, table: sa.Table, dialect: sa.Dialect) -> bool:
    columns = {column["name"]: column for column in seen.get_columns(table.name)}
    if not {column.name for column in table.c} <= columns.keys():
        return False
    if any(columns[column.name]["nullable"] != column.nullable for column in table.c):
        return False
    if not {index.name for index in table.indexes} <= {index["name"] for index in seen.get_indexes(table.name)}:
        return False
    if seen.get_pk_constraint(table.name)["constrained_columns"] != [c.name for c in table.primary_key.columns]:
        return False
    return dialect.name != "sqlite" or all(
        str(columns[column.name]["type"]) == column.type.compile(dialect=dialect) for column in table.c
    )


def damaged_rows(store: RecordStore) -> Iterator[Damaged]:
    """Rows that their seal does not fit."""
    with store.engine.connect() as connection:
        for table in t.SEALED:
            query = sa.select(table).execution_options(yield_per=PORTION)
            for row in connection.execute(query).mappings():
                if not _holds(table, row):
                    yield Damaged(table, {column.name: row[column.name] for column in table.primary_key.columns})


def _holds(table: sa.Table, row: Any) -> bool:
    try:
        return bool(row["seal"] == t.seal(table, row))
    except (AttributeError, TypeError, ValueError):  # of another kind than its column
        return False


def unlike_log(stored: list[Snapshot], logged: Mapping[str, Snapshot]) -> list[Problem]:
    """Captures whose rows say something else than the log does."""
    return [
        Problem(where=f"snapshots {held.id}", what="the row differs from the capture log", kind="entered")
        for held in stored
        if held.id in logged and held != logged[held.id]
    ]


def unlike_judged(stored: Mapping[str, Judgement], logged: Mapping[str, Judgement]) -> list[Problem]:
    """Judgements whose rows say something else than their log does, and those that have no row or no line."""
    return [
        Problem(where=f"judgements {key}", what="the row differs from the judgement log", kind="entered")
        for key in sorted(stored.keys() | logged.keys())
        if stored.get(key) != logged.get(key)
    ]


def search_problems(store: RecordStore, indexing: Indexing) -> list[Problem]:
    """Whether words and vectors are found as they stand in the record store."""
    try:
        wrong = {**indexing.problems()}
    except UNREADABLE as error:
        wrong = {"the vector index": f"{type(error).__name__}: {error}"}
    if told := fulltext.damage(store):
        wrong[f"{place(store)}: full text"] = told
    return [Problem(where=where, what=what, kind="search") for where, what in wrong.items()]


def drop_damaged(store: RecordStore) -> set[str]:
    """Take damaged derived rows out; the stages that make them again."""
    with store.engine.begin() as connection:
        if connection.dialect.name == "sqlite" and structure(store):
            try:
                connection.exec_driver_sql("REINDEX")  # an index does not find a damaged key
            except sa.exc.IntegrityError as error:
                raise sqlite.damaged(place(store), f"two rows with one key: {error.orig}") from error
    found = [damaged for damaged in damaged_rows(store) if damaged.table.metadata is t.DERIVED]
    with store.engine.begin() as connection:
        for damaged in found:
            where = [damaged.table.c[name] == value for name, value in damaged.key.items()]
            connection.execute(sa.delete(damaged.table).where(*where))
    return {STAGE_OF[damaged.table.name] for damaged in found if damaged.table.name in STAGE_OF}


def seal_kept(store: RecordStore) -> None:
    """Take damaged rows that nothing makes again as they stand now."""
    with store.engine.begin() as connection:
        for damaged in list(damaged_rows(store)):
            if damaged.table.metadata is t.CAPTURED:
                where = [damaged.table.c[name] == value for name, value in damaged.key.items()]
                row = connection.execute(sa.select(damaged.table).where(*where)).mappings().one()
                connection.execute(sa.update(damaged.table).where(*where).values(t.sealed(damaged.table, dict(row))))


def enter_again(store: RecordStore, snapshots: Iterable[Snapshot], judgements: Iterable[Judgement]) -> None:
    """Replace rows that a log has too by what the log says."""
    with store.engine.begin() as connection:
        for table, records in ((t.snapshots, snapshots), (t.judgements, judgements)):
            held = {row["id"]: dict(row) for row in connection.execute(sa.select(table)).mappings()}
            for record in records:
                row = t.to_row(record)
                if held.get(row["id"]) != row:
                    connection.execute(sa.delete(table).where(table.c.id == row["id"]))
                    connection.execute(sa.insert(table).values(row))
