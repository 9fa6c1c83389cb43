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
_MARKED = """
SELECT rowid, highlight(wording_fts, 0, char(2), char(3)) FROM wording_fts
WHERE wording_fts MATCH :expression AND rowid IN (SELECT value FROM json_each(:among))
"""
_MARKS = re.compile("([\x02\x03])")
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

    def all(self, query: str) -> list[int]:
        """The wordings that have every word and every phrase of a query, by number."""
        expression = " AND ".join(f'"{part}"' for part in parts_of(query))
        if not expression:
            return []
        found = self._connection.execute("SELECT rowid FROM wording_fts WHERE wording_fts MATCH ?", (expression,))
        return [number for (number,) in found]

    def marked(self, query: str, numbers: Collection[int]) -> dict[int, list[tuple[int, int]]]:
        """Where words of the query stand in wordings, in any of their forms: half-open, in code points."""
        expression = " OR ".join(f'"{part}"' for part in parts_of(query))
        if not expression:
            return {}
        values = {"expression": expression, "among": json.dumps(list(numbers))}
        return {number: _spans(shown) for number, shown in self._connection.execute(_MARKED, values)}


def parts_of(query: str) -> list[str]:
    """The phrases in quotation marks, and the other words, one by one."""
    phrases = [" ".join(_WORD.findall(phrase)) for phrase in _PHRASE.findall(query)]
    return [*filter(None, phrases), *_WORD.findall(_PHRASE.sub(" ", query))]


def _spans(shown: str) -> list[tuple[int, int]]:
    """The places between marks, as they are without the marks."""
    spans, at, start = [], 0, 0
    for part in _MARKS.split(shown):
        if part == "\x02":
            start = at
        elif part == "\x03":
            spans.append((start, at))
        else:
            at += len(part)
    return spans


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
