"""What SQLite reports about its file, told as one of our errors, whoever asked: SQLAlchemy or a plain connection."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kb.errors import DataError, UserError

MENDING = (
    "Move it away, with its -wal and -shm, and run `retold build`: all but alerts and past visits is made again from "
    "the archive."
)
"""What to do about a damaged record store."""


_BROKEN = (
    "malformed",
    "unsupported file format",
    "vtable constructor failed",
    "invalid fts5 file format",
    "fts5: corrupt",
)
"""What SQLite says of a broken schema or full-text index under a code that says nothing."""
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_CLOSED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_DISK = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_IOERR: errno.EIO}


def for_reading(database: Path) -> str | None:
    """The address under which to open a file in a folder that cannot be written, on a read-only disk for one; None
    where it can. SQLite would lay its own files beside it. UserError where these hold what the file does not.
    """
    if not database.exists() or os.access(database.parent, os.W_OK):
        return None
    waiting = database.with_name(f"{database.name}-wal")
    if waiting.exists() and waiting.stat().st_size:
        raise UserError(
            f"{database.parent} cannot be written, and {waiting.name} there holds what {database.name} has still to "
            "take up: copy the folder to where it can be written and name the copy with --data-dir"
        )
    return f"{database.absolute().as_uri()}?mode=ro&immutable=1"


@contextmanager
def explaining(database: str) -> Iterator[None]:
    """Raises what happens inside as one of our errors, where it is about the file."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as problem:
        explained = explanation(problem, database)
        if explained is None:
            raise
        raise explained from problem


def explanation(problem: BaseException, database: str) -> Exception | None:
    """None for what is not about the file."""
    said = str(problem)
    if isinstance(problem, UnicodeDecodeError) or "Could not decode to UTF-8" in said:
        return damaged(database, "text that is none")
    code = getattr(problem, "sqlite_errorcode", 0) & 0xFF  # the rest of the code only refines it
    if code in _DAMAGED or (code == sqlite3.SQLITE_ERROR and any(words in said for words in _BROKEN)):
        return damaged(database, said)
    if code in _BUSY:
        return UserError(f"{database} is being written by another process; try again when it is done")
    if code in _CLOSED:
        return UserError(
            f"{database} cannot be opened for writing ({said}); choose another folder with --data-dir, or copy this "
            "one to where it can be written"
        )
    if code in _DISK:
        number = _DISK[code]
        return OSError(number, os.strerror(number) if number == errno.EIO else "the disk is full", database)
    return None


def damaged(database: str, how: str) -> DataError:
    """`database`: its file, where that is known."""
    return DataError(f"the record store {database or 'in records.db'} is damaged ({how}). {MENDING}")


def complaints(file: Path) -> list[str]:
    """What SQLite finds wrong with a database file: pages, trees, indexes that miss rows. Empty where all is
    sound, or no file there.
    """
    if not file.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            told = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    except (sqlite3.Error, OSError) as error:
        return [str(error)]
    return [line for line in told if line != "ok"]
