"""Engines: from a store_url to SQLite or PostgreSQL, tuned, with what either reports told as one of our errors."""

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kb import folders, postgres, sqlite
from kb.errors import UserError

BUSY_S = 30
"""How long a writer waits for another."""

PAGE = 16_384
"""Bytes of a page of a new SQLite file: a row with a vector of 384 numbers takes 1,650. Of SQLite's own 4,096 a fifth
stays empty then, of these a tenth.
"""


def engine_of(url: str) -> sa.Engine:
    """The engine of a SQLAlchemy URL; `postgresql://` means psycopg 3. UserError for what is no such address."""
    try:
        parsed = sa.make_url(postgres.driven(url))
        kind = parsed.get_backend_name()
        if kind not in ("sqlite", "postgresql"):
            raise ValueError(kind)
        engine = _sqlite_engine(parsed) if kind == "sqlite" else sa.create_engine(parsed)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise UserError(
            f"store_url {_bare(url)!r} is not a database address: postgresql://USER@HOST/DATABASE or sqlite:///FILE"
        ) from error
    except ImportError as error:
        raise UserError(
            f"the driver for this store_url is not installed: {error}; for PostgreSQL: pip install 'retold[postgres]'"
        ) from error
    except OSError as error:
        raise UserError(folders.unmakeable(error)) from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _tune_sqlite)
        sa.event.listen(engine, "handle_error", _explain_sqlite)
    if engine.dialect.name == "postgresql":
        sa.event.listen(engine, "do_connect", _default_options)
        sa.event.listen(engine, "connect", _tune_postgres)
        sa.event.listen(engine, "handle_error", _explain_postgres)
    return engine


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    if not url.database:
        return sa.create_engine(url)
    file = Path(url.database)
    file.parent.mkdir(parents=True, exist_ok=True)
    only_read = sqlite.for_reading(file)
    if only_read is None:
        return sa.create_engine(url)
    return sa.create_engine(url, creator=lambda: sqlite3.connect(only_read, uri=True, check_same_thread=False))


def _bare(url: str) -> str:
    """Without what may be a password."""
    head, sign, tail = url.rpartition("@")
    return postgres.without_passwords(f"{head.partition('://')[0]}://…@{tail}" if sign else url)


def _explain_sqlite(context: Any) -> None:
    """Raise what SQLite reports about its file, at whatever statement, as one of our errors."""
    problem = context.original_exception
    name = context.engine.url.database if context.engine else "the record store"
    explained = sqlite.explanation(problem, name or "")
    if explained:
        raise explained from problem


def _tune_sqlite(connection: Any, _: Any) -> None:
    # WAL lets readers work beside the writer; what NORMAL may lose at a power cut (the last commits, never
    # the file) is made again from the capture log and by the next build.
    cursor = connection.cursor()
    with sqlite.explaining(connection.execute("PRAGMA database_list").fetchone()[2]):
        cursor.execute(f"PRAGMA busy_timeout={BUSY_S * 1000}")
        cursor.execute(f"PRAGMA page_size={PAGE}")  # of a new file alone
        _go_over_to_wal(cursor)
        for pragma in ("synchronous=NORMAL", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _go_over_to_wal(cursor: Any) -> None:
    """SQLite does not wait here as it does elsewhere: two that open a new file at once both read before they write,
    and the second is refused at once, whatever its timeout.
    """
    end = time.monotonic() + BUSY_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")  # of a file that is only read it stays what it is
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _default_options(_: Any, __: Any, ___: Any, parameters: dict[str, Any]) -> None:
    for name, value in postgres.CONNECT.items():
        parameters.setdefault(name, value)


def _tune_postgres(connection: Any, _: Any) -> None:
    """Times in UTC; texts in UTF-8 or not at all; one schema, made where it is not there yet."""
    postgres.send_lists_as_bytes(connection)
    with connection.cursor() as cursor:
        encoding = cursor.execute("SHOW server_encoding").fetchone()[0]
        if encoding != "UTF8":
            connection.rollback()
            raise UserError(f"this PostgreSQL database holds text as {encoding}; create one with ENCODING 'UTF8'")
        if cursor.execute("SELECT current_schema()").fetchone()[0] is None:
            wanted = cursor.execute(postgres.SCHEMA).fetchone()[0]
            if not wanted:
                connection.rollback()
                raise UserError("the search path of store_url names no schema: options=-csearch_path=NAME")
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"retold schema {wanted}",))
            cursor.execute("SELECT format('CREATE SCHEMA IF NOT EXISTS %%I', %s::text)", (wanted,))
            cursor.execute(cursor.fetchone()[0])
        cursor.execute(postgres.PIN_SCHEMA)
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute(f"SET lock_timeout = '{BUSY_S}s'")
        cursor.execute(postgres.STAY)
    connection.commit()


def _explain_postgres(context: Any) -> None:
    """Raise what PostgreSQL reports about itself, at whatever statement, as one of our errors. What it says of a
    record (a value that it cannot hold) goes on as it is.
    """
    problem = context.original_exception
    psycopg = postgres.require_psycopg()
    url = context.engine.url.render_as_string(hide_password=False) if context.engine else ""
    connecting = context.connection is None
    damaged = str(getattr(problem, "sqlstate", None) or "").startswith("XX")
    told = (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
    ours = connecting or damaged or context.is_disconnect or isinstance(problem, told)
    if ours and isinstance(problem, psycopg.Error):
        raise postgres.explained(problem, url, connecting=connecting) from problem
