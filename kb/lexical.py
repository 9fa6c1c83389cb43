"""Full-text search over wordings: SQLite FTS5, ranked by BM25, on a plain connection.

Importing it costs nothing: a search in a new process does without SQLAlchemy. kb.fulltext makes the index.
"""

import json
import re
import sqlite3
from collections.abc import Collection

Ranked = list[tuple[int, float]]
"""`wordings.number` with BM25 score, best first."""

_RANKED_AMONG = """
SELECT rowid, -bm25(wording_fts) FROM wording_fts
WHERE wording_fts MATCH :expression AND +rowid IN (SELECT value FROM json_each(:among))
ORDER BY bm25(wording_fts), rowid LIMIT :k
"""
_RANKED = _RANKED_AMONG.replace(" AND +rowid IN (SELECT value FROM json_each(:among))", "")
_WORD = re.compile(r"\w+")
_PHRASE = re.compile(r'["“”„»«]([^"“”„»«]+)["“”„»«]')


class LexicalIndex:
    """BM25 over the wordings of a record store's SQLite file, which the caller opens and closes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def best(self, query: str, k: int, among: Collection[int] | None = None) -> Ranked:
        """The best wordings with their BM25 score, higher is better, ties by number; phrases in marks are exact.

        `among`: numbers of the wordings that may be found; None for all.
        """
        expression = match_expression(query)
        if not expression:
            return []
        statement = _RANKED if among is None else _RANKED_AMONG
        values = {"expression": expression, "k": k, "among": json.dumps(list(among or ()))}
        return [(number, float(score)) for number, score in self._connection.execute(statement, values)]


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
