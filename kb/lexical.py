"""Full-text search over wordings: SQLite FTS5, ranked by BM25, on a plain connection; kb.tsvector is PostgreSQL's.

Importing it costs nothing: a search in a new process does without SQLAlchemy. kb.fulltext makes the index.
"""

import re
import sqlite3
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any, Protocol

from kb.connections import SqliteConnection

Ranked = list[tuple[int, float]]
"""`wordings.number` with BM25 score, best first."""

BUDGET = 5_000
"""Wordings scored for one query, about: BM25 takes a microsecond for each (docs/search.md)."""

COUNTED = 2 * BUDGET
"""A word in this many wordings or more plays no part beside rarer ones: BM25 counts every place of a word anew."""

LISTED = 2_000
"""Fewer numbers are listed in a query: about as many as are read in the time of BUDGET calls."""

TOKENS = "porter unicode61 remove_diacritics 2"
"""How FTS5 takes words apart and makes their forms one."""

REPEATS = 4
"""Up to this many times again a word counts half as much as the first time."""

_RANKED = """
SELECT rowid, -bm25(wording_fts) AS score FROM wording_fts
WHERE wording_fts MATCH :expression ORDER BY score DESC, rowid LIMIT :k
"""
_RANKED_KEPT = _RANKED.replace(":expression", ":expression AND kept(rowid)")
_RANKED_AMONG = _RANKED.replace(":expression", ":expression AND +rowid IN NUMBERS(:among)")  # + or it searches for each
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM wording_fts WHERE wording_fts MATCH :expression LIMIT :most)"
_MARKED = "SELECT rowid, highlight(shown, 0, char(2), char(3)) FROM shown WHERE shown MATCH ?"
_MARKS = re.compile("([\x02\x03])")
_WORD = re.compile(r"\w+")
_PHRASE = re.compile(r'["“”„»«]([^"“”„»«]+)["“”„»«]')


class LexicalIndex(Protocol):
    """BM25 over the wordings of a record store."""

    def best(self, query: str, k: int, among: Collection[int] | None = None, *, least: int = 0) -> Ranked:
        """The best wordings with their BM25 score, higher is better, ties by number; phrases in marks are exact.

        `among`: numbers of the wordings that may be found; None for all. Where the rarer words find fewer than
        `least` of them, the frequent ones find too.
        """
        ...

    def all(self, query: str) -> list[int]:
        """The wordings that have every word and every phrase of a query."""
        ...

    def marked(self, query: str, wordings: Mapping[int, str]) -> dict[int, list[tuple[int, int]]]:
        """Where words of the query stand in wordings, in any of their forms: half-open, in code points."""
        ...


class Fts5Index:
    """In a record store's SQLite file, on a connection that the caller opens and closes."""

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection

    def best(self, query: str, k: int, among: Collection[int] | None = None, *, least: int = 0) -> Ranked:
        expression = match_expression(query, self._count)
        found = self._ranked(expression, k, among) if expression else []
        if among is not None and len(found) < least:  # its wordings may hold none of the rarer words
            wider = match_expression(query)
            return found if wider == expression else self._ranked(wider, k, among, many=True)
        return found

    def _ranked(self, expression: str, k: int, among: Collection[int] | None, *, many: bool = False) -> Ranked:
        """`many`: wordings may have these words. Each is looked up in `among` by a call, .3 µs, or else in a list that
        takes .7 µs a number to read.
        """
        values: dict[str, Any] = {"expression": expression, "k": k}
        if among is None:
            statement = _RANKED
        elif many or len(among) < LISTED:
            statement, values["among"] = _RANKED_AMONG, list(among)
        else:
            statement, self._connection.kept = _RANKED_KEPT, frozenset(among)
        return [(number, float(score)) for number, score in self._connection.rows(statement, values)]

    def _count(self, word: str) -> int:
        """Wordings that have a word, COUNTED at most."""
        return int(next(self._connection.rows(_COUNT, {"expression": f'"{word}"', "most": COUNTED}))[0])

    def all(self, query: str) -> list[int]:
        expression = " AND ".join(f'"{part}"' for part in parts_of(query))
        if not expression:
            return []
        every = "SELECT rowid FROM wording_fts WHERE wording_fts MATCH :expression"
        found = self._connection.rows(every, {"expression": expression})
        return [number for (number,) in found]

    def marked(self, query: str, wordings: Mapping[int, str]) -> dict[int, list[tuple[int, int]]]:
        """In a table of these alone: the whole index would be asked for each wording, half a millisecond a time."""
        expression = " OR ".join(f'"{part}"' for part in parts_of(query))
        if not expression:
            return {}
        self._shown.executemany("INSERT INTO shown(rowid, wording) VALUES (?, ?)", wordings.items())
        found = {number: _spans(shown) for number, shown in self._shown.execute(_MARKED, (expression,))}
        self._shown.rollback()
        return found

    @cached_property
    def _shown(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, connection.close)
        connection.execute(f"CREATE VIRTUAL TABLE shown USING fts5(wording, tokenize='{TOKENS}')")
        return connection


def parts_of(query: str) -> list[str]:
    """The phrases in quotation marks, and the other words, one by one."""
    phrases, words = split(query)
    return [*phrases, *words]


def split(query: str) -> tuple[list[str], list[str]]:
    """The phrases that hold a word, and the words outside."""
    phrases = (" ".join(_WORD.findall(phrase)) for phrase in _PHRASE.findall(query))
    return [phrase for phrase in phrases if phrase], _WORD.findall(_PHRASE.sub(" ", query))


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


def match_expression(query: str, count: Callable[[str], int] | None = None) -> str:
    """FTS5 syntax for what a person typed: any of the words, and all of the phrases in quotation marks.

    With `count`, the wordings that have a word, one of the rarer words must be there where all of them together are
    in too many wordings; the frequent ones then only add to the score.

    >>> match_expression('solidarity "creative ways"')
    '"creative ways" AND ("solidarity")'
    >>> match_expression("the solidarity", {"the": 9_000, "solidarity": 12}.__getitem__)
    '("solidarity") AND ("the" OR "the" OR "solidarity")'
    """
    phrases, rest = split(query)
    words = Counter(word.lower() for word in rest)
    parts = [f'"{phrase}"' for phrase in dict.fromkeys(phrases)]
    if words:
        either = _either(words)
        if not parts and count and len(words) > 1:
            either = _rarer_first(words, count)
        parts.append(f"({either})" if parts else either)
    return " AND ".join(parts)


def rarer_and_scored(counts: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Of the words that so many wordings have: those of which one must be there, and those that count in the score."""
    rarer: list[str] = []
    total = 0
    for word in sorted(counts, key=lambda word: counts[word]):  # ties in the order typed
        total += counts[word]
        if rarer and total > BUDGET:
            break
        rarer.append(word)
    if len(rarer) == len(counts):
        return list(counts), list(counts)
    return rarer, [word for word in counts if counts[word] < COUNTED or word in rarer]


def again(times: int) -> int:
    """How often more than twice a word stands in an expression that the query repeats."""
    return min(times - 1, REPEATS)


def _rarer_first(words: Counter[str], count: Callable[[str], int]) -> str:
    rarer, scored = rarer_and_scored({word: count(word) for word in words})
    if len(scored) == len(rarer):
        return _either(Counter({word: words[word] for word in rarer}))
    # The rarer words stand in both halves, and BM25 adds them up: the others twice, so that both count alike.
    halves = [word for word in scored for _ in range(1 + (word not in rarer) + again(words[word]))]
    return f"({_any(rarer)}) AND ({_any(halves)})"


def _either(words: Counter[str]) -> str:
    """Any of the words; where one is repeated, each stands twice and it once more for every time again."""
    if max(words.values()) == 1:
        return _any(words)
    return _any([word for word, times in words.items() for _ in range(2 + again(times))])


def _any(words: Collection[str]) -> str:
    return " OR ".join(f'"{word}"' for word in words)
