"""Keeps the full-text index over wordings: an SQLite FTS5 table beside the record store, in step by triggers.

Asking it is kb.lexical's, which needs a plain connection alone.
"""

import sqlalchemy as sa

from kb.errors import UserError
from kb.lexical import TOKENS
from kb.store import RecordStore

_MAKE = (
    "CREATE VIRTUAL TABLE wording_fts USING fts5("
    f"wording, content='wordings', content_rowid='number', tokenize='{TOKENS}')",
    "CREATE TRIGGER wording_fts_add AFTER INSERT ON wordings BEGIN "
    "INSERT INTO wording_fts(rowid, wording) VALUES (new.number, new.wording); END",
    "CREATE TRIGGER wording_fts_drop AFTER DELETE ON wordings BEGIN "
    "INSERT INTO wording_fts(wording_fts, rowid, wording) VALUES ('delete', old.number, old.wording); END",
)
_DROP = (
    "DROP TRIGGER IF EXISTS wording_fts_add",
    "DROP TRIGGER IF EXISTS wording_fts_drop",
    "DROP TABLE IF EXISTS wording_fts",
)


def make_fulltext(store: RecordStore) -> None:
    """Index the wordings of a record store where they are not; from then on the index follows them by itself."""
    if store.engine.dialect.name != "sqlite":
        raise UserError("full-text search needs the SQLite record store in this version")
    with store.engine.connect() as connection:
        ready = _whole(connection)
    if not ready:
        _make(store.engine)


def _make(engine: sa.Engine) -> None:
    """Index what is there. All of it or nothing: with a schema change the triggers go, and entries grow stale."""
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        if _whole(connection):
            return
        for statement in (*_DROP, *_MAKE, "INSERT INTO wording_fts(wording_fts) VALUES ('rebuild')"):
            connection.exec_driver_sql(statement)


def _whole(connection: sa.Connection) -> bool:
    count = "SELECT count(*) FROM sqlite_master WHERE name IN ('wording_fts', 'wording_fts_add', 'wording_fts_drop')"
    return bool(connection.execute(sa.text(count)).scalar_one() == len(_MAKE))
