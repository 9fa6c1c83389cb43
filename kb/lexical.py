"""Full-text index over wordings: SQLite FTS5, kept in step by triggers, ranked by BM25.

PostgreSQL's tsvector joins when the store runs there.
"""

import re

import sqlalchemy as sa

from kb.errors import UserError
from kb.store import RecordStore

_MAKE = (
    "CREATE VIRTUAL TABLE wording_fts USING fts5("
    "wording, content='wordings', content_rowid='number', tokenize='porter unicode61 remove_diacritics 2')",
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
_WORD = re.compile(r"\w+")
_PHRASE = re.compile(r'["“”„»«]([^"“”„»«]+)["“”„»«]')


class LexicalIndex:
    """BM25 over the wordings of a record store."""

    def __init__(self, store: RecordStore) -> None:
        if store.engine.dialect.name != "sqlite":
            raise UserError("full-text search needs the SQLite record store in this version")
        self._engine = store.engine
        with self._engine.connect() as connection:
            ready = _whole(connection)
        if not ready:
            self._make()

    def _make(self) -> None:
        """Index what is there. All of it or nothing: with a schema change the triggers go, and entries grow stale."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            if _whole(connection):
                return
            for statement in (*_DROP, *_MAKE, "INSERT INTO wording_fts(wording_fts) VALUES ('rebuild')"):
                connection.exec_driver_sql(statement)

    def best(self, query: str, k: int) -> list[tuple[str, float]]:
        """Digests of the best wordings with their BM25 score, higher is better; phrases in marks are exact."""
        expression = match_expression(query)
        if not expression:
            return []
        statement = sa.text(
            "SELECT w.words_sha256, -bm25(wording_fts) AS score FROM wording_fts "
            "JOIN wordings w ON w.number = wording_fts.rowid "
            "WHERE wording_fts MATCH :expression ORDER BY bm25(wording_fts), w.number LIMIT :k"
        )
        with self._engine.connect() as connection:
            rows = connection.execute(statement, {"expression": expression, "k": k})
            return [(row.words_sha256, float(row.score)) for row in rows]


def _whole(connection: sa.Connection) -> bool:
    count = "SELECT count(*) FROM sqlite_master WHERE name IN ('wording_fts', 'wording_fts_add', 'wording_fts_drop')"
    return bool(connection.execute(sa.text(count)).scalar_one() == len(_MAKE))


def match_expression(query: str) -> str:
    """FTS5 syntax for what a person typed: any of the words, and all of the phrases in quotation marks.

    >>> match_expression('solidarity "creative ways"')
    '"creative ways" AND ("solidarity")'
    """
    phrases = [" ".join(_WORD.findall(phrase)) for phrase in _PHRASE.findall(query)]
    words = _WORD.findall(_PHRASE.sub(" ", query))
    parts = [f'"{phrase}"' for phrase in phrases if phrase]
    if words:
        either = " OR ".join(f'"{word}"' for word in words)
        parts.append(f"({either})" if parts else either)
    return " AND ".join(parts)
