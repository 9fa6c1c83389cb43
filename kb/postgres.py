"""PostgreSQL without SQLAlchemy: its address, a plain connection to it, and what it reports in words that say what
to do. psycopg is imported when a connection is opened, and not before.
"""

import errno
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from kb.errors import DataError, LostError, RetoldError, UserError

SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
"""How an address of PostgreSQL may begin."""

CONNECT: Mapping[str, Any] = {"connect_timeout": 10, "keepalives_idle": 60, "client_encoding": "utf8"}
"""Seconds; where the address says nothing else. Without an encoding PGCLIENTENCODING would choose one, or the database:
in one of SQL_ASCII every text would come as bytes.
"""

NUL, NUL_KEPT = "\0", "\ufdd0"
"""PostgreSQL's texts hold no NUL. A character that Unicode keeps out of texts stands for it there."""

_PASSWORD = re.compile(r"(://[^:/@\s]{0,200}):[^\s]{1,200}@")
_QUERIED = re.compile(r"([?&](?:ssl)?password=)[^&\s]{1,200}")

PIN_SCHEMA = (
    "SELECT set_config('search_path', coalesce(quote_ident(current_schema()), current_setting('search_path')), false)"
)
"""The tables are those of one schema: what lies in later ones of the search path is another study's."""

SCHEMA = """
SELECT coalesce(current_schema(), CASE
    WHEN path ~ '^"[$]user"' THEN current_user
    WHEN path ~ '^"' THEN replace(substring(path from '^"((?:[^"]|"")*)"'), '""', '"')
    ELSE lower(substring(path from '^[^, ]+') COLLATE "C")
END) FROM (SELECT btrim(current_setting('search_path')) AS path) AS settings
"""
"""The schema of a study, also one that is not there yet: the first of the search path, whose names PostgreSQL reads in
small letters where no quotation marks stand around them.
"""

STAY = "SET idle_session_timeout = 0"
"""A server may end a connection that says nothing for long, as that of a run does while a model works."""


def is_postgres(url: str) -> bool:
    return url.partition("://")[0] in SCHEMES


def driven(url: str) -> str:
    """The address as SQLAlchemy takes it to choose psycopg 3."""
    return "postgresql+psycopg://" + url.partition("://")[2] if is_postgres(url) else url


def without_passwords(text: str) -> str:
    """
    >>> without_passwords("move postgresql://me:p@ss@db/x postgresql://db/x?user=me&password=secret")
    'move postgresql://me:***@db/x postgresql://db/x?user=me&password=***'
    """
    return _QUERIED.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))


def place(url: str) -> str:
    """What an address names, without user and password: `PostgreSQL db.example:5432/studies (schema tides)`."""
    parts = urlsplit("postgresql://" + url.partition("://")[2])
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    host = parts.netloc.rpartition("@")[2] or query.get("host", "")
    schema = query.get("options", "").partition("search_path=")[2].split()
    named = f" (schema {schema[0]})" if schema else ""
    return f"PostgreSQL {host}/{unquote(parts.path.strip('/'))}{named}"


def connect(url: str, **options: Any) -> Any:
    """A connection in autocommit; UserError where there is none to be had."""
    psycopg = require_psycopg()
    try:
        connection = psycopg.connect(**{**CONNECT, "autocommit": True, **options, **_parameters(url)})
    except ValueError as error:
        raise UserError("RETOLD_STORE_URL is not an address of PostgreSQL: its port is no number") from error
    except psycopg.Error as error:
        raise explained(error, url, connecting=True) from error
    connection.execute("SET TIME ZONE 'UTC'")
    connection.execute(PIN_SCHEMA)
    return connection


def _parameters(url: str) -> dict[str, Any]:
    """An address's parts by libpq's names, read as SQLAlchemy reads it: libpq takes no `=` within a value."""
    parts = urlsplit("postgresql://" + url.partition("://")[2])
    named = {"user": parts.username, "password": parts.password, "dbname": parts.path.strip("/")}
    given: dict[str, Any] = {name: unquote(value) for name, value in named.items() if value}
    if parts.hostname:
        given["host"] = parts.hostname
    if parts.port:
        given["port"] = parts.port
    return given | {name: values[-1] for name, values in parse_qs(parts.query).items()}


def require_psycopg() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise UserError(f"PostgreSQL needs psycopg 3: pip install 'retold[postgres]' ({error})") from error
    return psycopg


def send_lists_as_bytes(connection: Any) -> None:
    """psycopg would write lists out as text, which makes a vector twice as long and costs both sides as much again."""
    from psycopg.types.array import ListBinaryDumper

    connection.adapters.register_dumper(list, ListBinaryDumper)


@contextmanager
def explaining(url: str) -> Iterator[None]:
    """What the driver reports meanwhile is raised as one of our errors."""
    psycopg = require_psycopg()
    try:
        yield
    except psycopg.Error as error:
        raise explained(error, url) from error


def explained(error: BaseException, url: str, *, connecting: bool = False) -> RetoldError | OSError:
    """What PostgreSQL or its driver reports, as one of our errors; never with the password."""
    where, said = place(url), _clean(error, url)
    state = str(getattr(error, "sqlstate", None) or "")
    if state == "53100":
        return OSError(errno.ENOSPC, f"the disk of {where} is full", where)
    for kind, states, told in _TOLD:
        if state.startswith(states):
            return kind(told.format(where=where, said=said))
    if connecting:
        return UserError(f"{where} cannot be opened: {said}. {_remedy(said)}")
    return LostError(
        f"the connection to {where} was lost ({said}); what was committed is kept, and the same command goes on from "
        "there once the server answers again"
    )


_TOLD: tuple[tuple[type[RetoldError], tuple[str, ...], str], ...] = (
    (UserError, ("40", "55"), "{where} is being written by another process ({said}); try again when it is done"),
    (UserError, ("42501",), "{where}: {said}; the user of store_url needs the right to create and write tables there"),
    (UserError, ("25006",), "{where} takes no writes ({said}); name the primary server in store_url"),
    (DataError, ("XX",), "{where} reports damage ({said}); restore the database from a backup"),
)
"""By the beginning of SQLSTATE."""

_REMEDIES = (
    (("password", "no pg_hba.conf entry", "authentication"), "Check user and password in its address."),
    (('role "',), "Create the user (`createuser NAME`), or name another in its address."),
    (('database "',), "Create the database (`createdb NAME`), or name another in its address."),
    (("resolve", "translate", "name or service"), "Check the host's name in its address."),
    (("schema", "search_path", "delimited identifier"), "Check the schema's name in its address."),
    (("support ssl", "sslmode", "connection option", "command-line"), "Check what stands behind `?` in its address."),
)


def _remedy(said: str) -> str:
    lower = said.casefold()
    for words, remedy in _REMEDIES:
        if any(word in lower for word in words):
            return remedy
    return "Is the server running, and does it listen where its address says?"


def _clean(error: BaseException, url: str) -> str:
    """The message on one line, without the password wherever it may stand."""
    said = " ".join(str(error).split()) or type(error).__name__
    with suppress(ValueError):
        parts = urlsplit("postgresql://" + url.partition("://")[2])
        for password in (parts.password, *parse_qs(parts.query).get("password", [])):
            if password:
                said = said.replace(unquote(password), "***").replace(password, "***")
    return said.rstrip(".?")
