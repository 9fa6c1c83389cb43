"""Full-text search over wordings on PostgreSQL: a tsvector with a GIN index, ranked by BM25, on a plain connection.

PostgreSQL's own ranking knows nothing of how rare a word is, so BM25 is computed here, as FTS5 does it, from the
places of words that a tsvector keeps. kb.fulltext makes the columns `words` and `length`, the tables of how many
wordings there are and have a word, and the function `retold_words`, which brings a text to plain words.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs

from kb.connections import Connection, SqliteConnection
from kb.lexical import (
    COUNTED,
    Fts5Index,
    LexicalIndex,
    Ranked,
    again,
    parts_of,
    rarer_and_scored,
    split,
)

K1, B = 1.2, 0.75
"""As FTS5 has them."""

LEAST = 1e-6
"""The weight of a word that half of all wordings have, as in FTS5."""

_TOTALS = "SELECT wordings, words FROM wording_totals"
_LEXEMES = """
SELECT part, (SELECT array_agg(u.lexeme ORDER BY p) FROM unnest(to_tsvector('retold', retold_words(part))) u,
unnest(u.positions) p) FROM unnest(:parts::text[]) part
"""
_WORDS = "SELECT word, wordings FROM wording_words WHERE word IN TEXTS(:words)"
_PHRASES = """
SELECT asked, (SELECT count(*) FROM (SELECT 1 FROM wordings WHERE words @@ asked::tsquery LIMIT :most) found)
FROM unnest(:asked::text[]) asked
"""
# Of a wording's words only those asked for are laid out; all would take longer than the rest. A term is a word or the
# words of a phrase: a phrase stands wherever all of its words begin at one place.
_RANKED = """
WITH terms AS MATERIALIZED (
    SELECT * FROM unnest(:term::int[], :place::int[], :lexeme::text[], :size::int[], :weight::float8[])
    t(term, place, lexeme, size, weight)
), said AS MATERIALIZED (
    SELECT number, length, term, size, weight, place, positions
    FROM wordings, unnest(ts_filter(setweight(words, 'A', :lexeme::text[]), '{a}')) u JOIN terms USING (lexeme)
    WHERE words @@ :match::tsquery {among}
), times AS (
    SELECT number, length, term, weight, cardinality(positions) AS tf FROM said WHERE size = 1
    UNION ALL
    SELECT number, length, term, weight, count(*) FROM (
        SELECT number, length, term, weight FROM said, unnest(positions) at WHERE size > 1
        GROUP BY number, length, term, weight, size, at - place HAVING count(*) = size
    ) starts GROUP BY number, length, term, weight
)
SELECT number, sum(weight * tf * (:k1 + 1.0) / (tf + :k1 * (1 - :b + :b * length / :mean)) ORDER BY term) AS score
FROM times GROUP BY number ORDER BY score DESC, number LIMIT :k
"""
_AMONG = "AND number IN NUMBERS(:among)"

_TOKEN = re.compile(r"[^\W_]+")


def lexical_index(connection: Connection) -> LexicalIndex:
    """The index of the record store that a connection is to."""
    return Fts5Index(connection) if isinstance(connection, SqliteConnection) else TsvectorIndex(connection)


@attrs.frozen
class _Term:
    """A word or a phrase of a query."""

    lexemes: tuple[str, ...]
    times: float
    """How often it counts."""

    @property
    def query(self) -> str:
        """In tsquery's syntax; lexemes are letters and digits alone."""
        return " <-> ".join(f"'{lexeme}'" for lexeme in self.lexemes)


class TsvectorIndex:
    """BM25 over the wordings of a record store on PostgreSQL; contract and results are those of Fts5Index."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def best(self, query: str, k: int, among: Collection[int] | None = None, *, least: int = 0) -> Ranked:
        phrases, words = split(query)
        known = self._lexemes([*phrases, *words])
        exact = [_Term(known[phrase], 1.0) for phrase in dict.fromkeys(phrases) if phrase in known]
        times = Counter(word for word in (word.lower() for word in words) if word in known)
        if len(exact) < len(set(phrases)) or not (exact or times):
            return []
        loose = [_Term(known[word], 1 + again(count) / 2) for word, count in times.items()]
        counts = self._counts([*exact, *loose])
        needed, scored = (loose, loose) if exact else self._chosen(loose, counts)
        found = self._ranked(exact, needed, scored, counts, k, among)
        if among is not None and len(found) < least and len(needed) < len(loose):
            return self._ranked(exact, loose, loose, counts, k, among)
        return found

    def all(self, query: str) -> list[int]:
        parts = parts_of(query)
        known = self._lexemes(parts)
        if not known:
            return []
        match = " & ".join(f"({_Term(lexemes, 1).query})" for lexemes in dict.fromkeys(known.values()))
        statement = "SELECT number FROM wordings WHERE words @@ :match::tsquery ORDER BY number"
        return [number for (number,) in self._connection.rows(statement, {"match": match})]

    def marked(self, query: str, wordings: Mapping[int, str]) -> dict[int, list[tuple[int, int]]]:
        parts = {lexemes for lexemes in self._lexemes(parts_of(query)).values() if lexemes}
        if not parts:
            return {}
        tokens = {number: list(_TOKEN.finditer(wording)) for number, wording in wordings.items()}
        known = self._lexemes({token[0] for row in tokens.values() for token in row})
        marked = {number: _spans(row, known, parts) for number, row in tokens.items()}
        return {number: spans for number, spans in marked.items() if spans}

    def _lexemes(self, parts: Collection[str]) -> dict[str, tuple[str, ...]]:
        """By word or phrase what it is searched as; without those that are no words."""
        asked = list(dict.fromkeys(part for each in parts for part in (each, each.lower())))
        if not asked:
            return {}
        return {part: tuple(found) for part, found in self._connection.rows(_LEXEMES, {"parts": asked}) if found}

    def _counts(self, terms: Sequence[_Term]) -> dict[str, int]:
        """By query of a term, the wordings that have it: of a phrase COUNTED at most."""
        words = {term.lexemes[0]: term.query for term in terms if len(term.lexemes) == 1}
        counts = dict.fromkeys((term.query for term in terms), 0)
        if words:
            held = self._connection.rows(_WORDS, {"words": list(words)})
            counts |= {words[word]: count for word, count in held}
        phrases = [query for query in counts if query not in words.values()]
        if phrases:
            counts |= dict(self._connection.rows(_PHRASES, {"asked": phrases, "most": COUNTED}))
        return counts

    def _chosen(self, terms: list[_Term], counts: Mapping[str, int]) -> tuple[list[_Term], list[_Term]]:
        by_word = {str(number): min(counts[term.query], COUNTED) for number, term in enumerate(terms)}
        if len(terms) < 2:
            return terms, terms
        needed, scored = rarer_and_scored(by_word)
        return [terms[int(word)] for word in needed], [terms[int(word)] for word in scored]

    def _ranked(
        self,
        exact: Sequence[_Term],
        needed: Sequence[_Term],
        scored: Sequence[_Term],
        counts: Mapping[str, int],
        k: int,
        among: Collection[int] | None,
    ) -> Ranked:
        either = sorted({term.query for term in needed if counts[term.query]})
        if (needed and not either) or not all(counts[term.query] for term in exact):
            return []
        match = " & ".join([*(f"({term.query})" for term in exact), *([f"({' | '.join(either)})"] if either else [])])
        total, mean = self._totals()
        values = {**_columns([*exact, *scored], counts, total), "match": match, "mean": mean, "k1": K1, "b": B, "k": k}
        if among is not None:
            values["among"] = list(among)
        statement = _RANKED.replace("{among}", "" if among is None else _AMONG)
        return [(number, float(score)) for number, score in self._connection.rows(statement, values)]

    def _totals(self) -> tuple[float, float]:
        """How many wordings there are, and their mean length in words."""
        wordings, words = next(self._connection.rows(_TOTALS))
        return wordings, words / wordings if words else 1.0


def _columns(terms: Sequence[_Term], counts: Mapping[str, int], total: float) -> dict[str, Any]:
    """The terms as columns of the query's table: a row for each word of each."""
    rows = [
        (number, place, lexeme, len(term.lexemes), term.times * _rarity(counts[term.query], total))
        for number, term in enumerate(terms)
        if counts[term.query]
        for place, lexeme in enumerate(term.lexemes)
    ]
    names = ("term", "place", "lexeme", "size", "weight")
    return {name: [row[column] for row in rows] for column, name in enumerate(names)}


def _rarity(count: int, total: float) -> float:
    """FTS5's inverse document frequency."""
    rarity = math.log((total - count + 0.5) / (count + 0.5)) if total > count else 0.0
    return rarity if rarity > 0 else LEAST


def _spans(
    tokens: Sequence[re.Match[str]], known: Mapping[str, Sequence[str]], parts: Collection[tuple[str, ...]]
) -> list[tuple[int, int]]:
    """Where one of the parts stands among the words of a text; places that overlap are one."""
    said = [lexeme for token in tokens for lexeme in known.get(token[0], ())]
    at = [token for token in tokens for _ in known.get(token[0], ())]
    spans: list[tuple[int, int]] = []
    for start in range(len(said)):
        ends = [start + len(part) for part in parts if tuple(said[start : start + len(part)]) == part]
        if not ends:
            continue
        first, last = at[start].start(), at[max(ends) - 1].end()
        if spans and first < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
        else:
            spans.append((first, last))
    return spans
