"""Where wordings stand, and which of them a filter keeps: what a search reads, over a plain connection.

A wording goes by its number (`wordings.number`), which is also its row in the full-text index and in the matrix of
vectors.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from kb.connections import Connection

SHOWN = 80
"""Characters of text that an occurrence brings along on either side."""


@attrs.frozen(kw_only=True)
class Filter:
    """What a search is narrowed to; None leaves a side open."""

    kind: str | None = None
    """`passage`, `quote` or `claim`."""
    speaker: tuple[str, ...] | None = None
    """Names, any of which may stand in the speaker's name, in any case."""
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    language: str | None = None
    """As the text's page states it or its words show: a code such as `en`."""
    verdict: str | None = None
    """Of a quote against a reference: `verbatim`, `trimmed`, `altered`, `merged`."""

    @property
    def open(self) -> bool:
        return self == Filter()


@attrs.frozen(kw_only=True)
class Occurrence:
    """One place where a wording stands."""

    kind: str
    """`passage` or `quote`."""
    start: int
    end: int
    """Half-open, in code points of the text."""
    exact: str
    before: str
    """Up to SHOWN characters of the text in front of it."""
    after: str
    url: str
    source: str
    title: str | None
    published_at: datetime | None
    fetched_at: datetime
    snapshot: str
    """SHA-256 of the captured bytes."""
    speaker: str | None
    """The speaker as the text names them; None for passages."""


_TABLES = {"passage": ("passages", "start", "end", "NULL"), "quote": ("quotes", "content_start", "content_end", None)}
"""By kind: its table, where a span begins and ends, and the speaker, None for the column of that name."""

_FROM = """
FROM wordings w
{join} {table} o ON o.words_sha256 = w.words_sha256
{join} extractions e ON e.text = o.text
{others}
WHERE o.tool = (SELECT tool FROM active WHERE kind = '{table}')
AND e.tool = (SELECT tool FROM active WHERE kind = 'extractions')
"""

_OTHERS = {
    "articles": "a ON a.id = e.article",
    "texts": "x ON x.id = o.text",
    "snapshots": "s ON s.id = e.snapshot",
}

_PLACES = """
SELECT w.number AS number, '{kind}' AS kind, o."{start}" AS start, o."{end}" AS "end", {speaker} AS speaker,
substr(x.text, CASE WHEN {first} > :shown THEN {first} - :shown ELSE 0 END + 1,
{last} - {first} + :shown + CASE WHEN {first} > :shown THEN :shown ELSE {first} END) AS around,
a.canonical_url AS url, a.source AS source, e.title AS title, e.published_at AS published_at,
s.fetched_at AS fetched_at, s.body_sha256 AS snapshot
"""

_NAMES = """
WITH RECURSIVE names(name) AS (
SELECT min(speaker_name) FROM quotes
UNION ALL SELECT (SELECT min(speaker_name) FROM quotes WHERE speaker_name > name) FROM names WHERE name IS NOT NULL
) SELECT name FROM names WHERE name IS NOT NULL
"""
"""Every speaker's name, stepping from one to the next in the index instead of reading all quotes."""


class Occurrences:
    """Named reads over the active records of a record store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def matching(self, narrowed: Filter, *, among: Iterable[int] | None = None, limit: int | None = None) -> list[int]:
        """Numbers of the wordings that have an occurrence within a filter: of some alone, or at most so many."""
        found: dict[int, None] = {}
        for kind in _kinds(narrowed):
            clauses, values = self._narrow(kind, narrowed, among)
            needed = {"articles": narrowed.source, "texts": narrowed.language}
            others = [table for table, value in needed.items() if value is not None]
            query = f"SELECT DISTINCT w.number {self._from(kind, others, among)} {clauses}"
            if limit is not None:
                query += " LIMIT :limit"
                values["limit"] = limit
            found.update((number, None) for (number,) in self._connection.rows(query, values))
        return list(found)[:limit]

    def standing(self, numbers: Sequence[int], narrowed: Filter) -> dict[int, list[Occurrence]]:
        """Where wordings stand within a filter, earliest first; each article counts once for each kind, as it was
        when its latest capture with the wording was made.
        """
        captures: dict[tuple[int, str, str], dict[tuple[str, str], list[Mapping[str, Any]]]]
        captures = defaultdict(lambda: defaultdict(list))
        for row in self._places(numbers, narrowed):
            captures[row["number"], row["kind"], row["url"]][row["fetched_at"], row["snapshot"]].append(row)
        found: dict[int, list[Occurrence]] = defaultdict(list)
        for (number, _, _), rows in captures.items():
            found[number] += [self._occurrence(row) for row in rows[max(rows)]]
        for places in found.values():
            places.sort(key=lambda o: (o.published_at is None, o.published_at or o.fetched_at, o.url, o.start))
        return dict(found)

    def chosen(self, kind: str) -> str | None:
        """The one of a kind that readers take: a tool's id, or the name of the matrix."""
        row = next(self._connection.rows("SELECT tool FROM active WHERE kind = :kind", {"kind": kind}), None)
        return row[0] if row else None

    def wordings(self, numbers: Iterable[int]) -> dict[int, str]:
        """The words behind numbers."""
        query = "SELECT number, wording FROM wordings WHERE number IN NUMBERS(:numbers)"
        found = self._connection.named(query, {"numbers": list(numbers)})
        return {row["number"]: row["wording"] for row in found}

    def numbers(self, digests: Iterable[str]) -> dict[str, int]:
        """The numbers of wordings by the digest of their words."""
        query = "SELECT words_sha256, number FROM wordings WHERE words_sha256 IN TEXTS(:digests)"
        return dict(self._connection.rows(query, {"digests": list(digests)}))

    def _places(self, numbers: Iterable[int], narrowed: Filter) -> Iterator[Mapping[str, Any]]:
        for kind in _kinds(narrowed):
            _, start, end, speaker = _TABLES[kind]
            first, last = (f'CAST(o."{column}" AS integer)' for column in (start, end))
            speaker = speaker or "o.speaker_name"
            columns = _PLACES.format(kind=kind, start=start, end=end, speaker=speaker, first=first, last=last)
            clauses, values = self._narrow(kind, narrowed, numbers)
            query = f"{columns} {self._from(kind, _OTHERS, numbers)} {clauses}"
            yield from self._connection.named(query, {**values, "shown": SHOWN})

    def _narrow(self, kind: str, narrowed: Filter, among: Iterable[int] | None) -> tuple[str, dict[str, Any]]:
        """The conditions of a filter in SQL, and their values."""
        conditions: dict[str, tuple[str, Any]] = {
            "source": ("a.source = :source", narrowed.source),
            "since": ("e.published_at >= :since", narrowed.since),
            "until": ("e.published_at < :until", narrowed.until),
            "language": ("x.language = :language", narrowed.language),
            "verdict": (_VERDICT, narrowed.verdict),
        }
        if kind == "quote" and narrowed.speaker:
            conditions["names"] = ("o.speaker_name IN TEXTS(:names)", self._names(narrowed.speaker))
        if among is not None:
            conditions["among"] = ("w.number IN NUMBERS(:among)", list(among))
        asked = {name: (clause, value) for name, (clause, value) in conditions.items() if value is not None}
        return "".join(f"AND {clause} " for clause, _ in asked.values()), {n: value for n, (_, value) in asked.items()}

    def _from(self, kind: str, others: Iterable[str], among: Iterable[int] | None) -> str:
        """The tables of a query. SQLite keeps the order of cross joins: where some wordings are given, it begins with
        these; else it may begin at the end, with the articles of a source.
        """
        join = "JOIN" if among is None else self._connection.ordered_join
        joined = " ".join(f"{join} {table} {_OTHERS[table]}" for table in others)
        return _FROM.format(table=_TABLES[kind][0], join=join, others=joined)

    def _occurrence(self, row: Mapping[str, Any]) -> Occurrence:
        moment: Any = self._connection.moment
        around, start, end = row["around"], row["start"], row["end"]
        first = min(start, SHOWN)
        last = first + end - start
        return Occurrence(
            kind=row["kind"],
            start=start,
            end=end,
            exact=around[first:last],
            before=around[:first],
            after=around[last:],
            url=row["url"],
            source=row["source"],
            title=row["title"],
            published_at=moment(row["published_at"]),
            fetched_at=moment(row["fetched_at"]),
            snapshot=row["snapshot"],
            speaker=row["speaker"],
        )

    def _names(self, parts: Sequence[str]) -> list[str]:
        """The speakers' names that have one of some parts in them, in any case, whatever a database takes for that."""
        wanted = [part.casefold() for part in parts]
        names = (name for (name,) in self._connection.rows(_NAMES))
        return [name for name in names if any(part in name.casefold() for part in wanted)]


_VERDICT = (
    "EXISTS (SELECT 1 FROM alignments n WHERE n.words_sha256 = w.words_sha256 AND n.verdict = :verdict "
    "AND n.tool = (SELECT tool FROM active WHERE kind = 'alignments'))"
)


def _kinds(narrowed: Filter) -> list[str]:
    """The kinds of occurrences that a filter leaves; only quotes have speakers and verdicts."""
    quoted = narrowed.speaker is not None or narrowed.verdict is not None
    return [kind for kind in _TABLES if narrowed.kind in (None, kind) and not (quoted and kind == "passage")]
