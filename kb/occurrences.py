"""Where wordings stand, and which of them a filter keeps: what a search reads, over a plain SQLite connection.

Not through SQLAlchemy, whose import takes as long as all else that a search does. A wording goes by its number
(`wordings.number`), which is also its row in the full-text index and in the matrix of vectors.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs

SHOWN = 80
"""Characters of text that an occurrence brings along on either side."""

MAPPED = 2**30
"""Bytes of the file that are read in place: each page that SQLite fetches itself is a call and a copy."""

BUSY_S = 30.0
"""How long a reader waits for a writer; in WAL mode it hardly ever has to."""


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
substr(x.text, max(o."{start}" - :shown, 0) + 1, min(o."{start}", :shown)) AS before,
substr(x.text, o."{start}" + 1, o."{end}" - o."{start}") AS exact,
substr(x.text, o."{end}" + 1, :shown) AS after,
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


@contextmanager
def connected(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a record store's file that only reads."""
    connection = sqlite3.connect(database, timeout=BUSY_S, check_same_thread=False)  # closed by whoever is last
    try:
        connection.execute("PRAGMA query_only=1")
        connection.execute(f"PRAGMA mmap_size={MAPPED}")
        connection.row_factory = sqlite3.Row
        yield connection
    finally:
        connection.close()


class Occurrences:
    """Named reads over the active records of a record store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def matching(self, narrowed: Filter, *, among: Iterable[int] | None = None, limit: int | None = None) -> list[int]:
        """Numbers of the wordings that have an occurrence within a filter: of some alone, or at most so many."""
        found: dict[int, None] = {}
        for kind in _kinds(narrowed):
            clauses, values = self._narrow(kind, narrowed, among)
            needed = {"articles": narrowed.source, "texts": narrowed.language}
            others = [table for table, value in needed.items() if value is not None]
            query = f"SELECT DISTINCT w.number {_from(kind, others, among)} {clauses}"
            if limit is not None:
                query += " LIMIT :limit"
                values["limit"] = limit
            found.update((number, None) for (number,) in self._connection.execute(query, values))
        return list(found)[:limit]

    def standing(self, numbers: Sequence[int], narrowed: Filter) -> dict[int, list[Occurrence]]:
        """Where wordings stand within a filter, earliest first; each article counts once for each kind, as it was
        when its latest capture with the wording was made.
        """
        captures: dict[tuple[int, str, str], dict[tuple[str, str], list[sqlite3.Row]]]
        captures = defaultdict(lambda: defaultdict(list))
        for row in self._places(numbers, narrowed):
            captures[row["number"], row["kind"], row["url"]][row["fetched_at"], row["snapshot"]].append(row)
        found: dict[int, list[Occurrence]] = defaultdict(list)
        for (number, _, _), rows in captures.items():
            found[number] += [_occurrence(row) for row in rows[max(rows)]]
        for places in found.values():
            places.sort(key=lambda o: (o.published_at is None, o.published_at or o.fetched_at, o.url, o.start))
        return dict(found)

    def chosen(self, kind: str) -> str | None:
        """The one of a kind that readers take: a tool's id, or the name of the matrix."""
        row = self._connection.execute("SELECT tool FROM active WHERE kind = ?", (kind,)).fetchone()
        return row[0] if row else None

    def wordings(self, numbers: Iterable[int]) -> dict[int, str]:
        """The words behind numbers."""
        query = "SELECT number, wording FROM wordings WHERE number IN (SELECT value FROM json_each(?))"
        return dict(self._connection.execute(query, (json.dumps(list(numbers)),)).fetchall())

    def numbers(self, digests: Iterable[str]) -> dict[str, int]:
        """The numbers of wordings by the digest of their words."""
        query = "SELECT words_sha256, number FROM wordings WHERE words_sha256 IN (SELECT value FROM json_each(?))"
        return dict(self._connection.execute(query, (json.dumps(list(digests)),)).fetchall())

    def _places(self, numbers: Iterable[int], narrowed: Filter) -> Iterator[sqlite3.Row]:
        for kind in _kinds(narrowed):
            _, start, end, speaker = _TABLES[kind]
            columns = _PLACES.format(kind=kind, start=start, end=end, speaker=speaker or "o.speaker_name")
            clauses, values = self._narrow(kind, narrowed, numbers)
            query = f"{columns} {_from(kind, _OTHERS, numbers)} {clauses}"
            yield from self._connection.execute(query, {**values, "shown": SHOWN})

    def _narrow(
        self, kind: str, narrowed: Filter, among: Iterable[int] | None
    ) -> tuple[str, dict[str, str | int | None]]:
        """The conditions of a filter in SQL, and their values."""
        conditions: dict[str, tuple[str, str | None]] = {
            "source": ("a.source = :source", narrowed.source),
            "since": ("e.published_at >= :since", _stored(narrowed.since)),
            "until": ("e.published_at < :until", _stored(narrowed.until)),
            "language": ("x.language = :language", narrowed.language),
            "verdict": (_VERDICT, narrowed.verdict),
        }
        if kind == "quote" and narrowed.speaker:
            names = json.dumps(self._names(narrowed.speaker))
            conditions["names"] = ("o.speaker_name IN (SELECT value FROM json_each(:names))", names)
        if among is not None:
            conditions["among"] = ("w.number IN (SELECT value FROM json_each(:among))", json.dumps(list(among)))
        asked = {name: (clause, value) for name, (clause, value) in conditions.items() if value is not None}
        return "".join(f"AND {clause} " for clause, _ in asked.values()), {n: value for n, (_, value) in asked.items()}

    def _names(self, parts: Sequence[str]) -> list[str]:
        """The speakers' names that have one of some parts in them, in any case (SQLite's own knows only ASCII)."""
        wanted = [part.casefold() for part in parts]
        names = (name for (name,) in self._connection.execute(_NAMES))
        return [name for name in names if any(part in name.casefold() for part in wanted)]


_VERDICT = (
    "EXISTS (SELECT 1 FROM alignments n WHERE n.words_sha256 = w.words_sha256 AND n.verdict = :verdict "
    "AND n.tool = (SELECT tool FROM active WHERE kind = 'alignments'))"
)


def _from(kind: str, others: Iterable[str], among: Iterable[int] | None) -> str:
    """The tables of a query. SQLite keeps the order of cross joins: where some wordings are given, it begins with
    these; else it may begin at the end, with the articles of a source.
    """
    join = "JOIN" if among is None else "CROSS JOIN"
    joined = " ".join(f"{join} {table} {_OTHERS[table]}" for table in others)
    return _FROM.format(table=_TABLES[kind][0], join=join, others=joined)


def _kinds(narrowed: Filter) -> list[str]:
    """The kinds of occurrences that a filter leaves; only quotes have speakers and verdicts."""
    quoted = narrowed.speaker is not None or narrowed.verdict is not None
    return [kind for kind in _TABLES if narrowed.kind in (None, kind) and not (quoted and kind == "passage")]


def _occurrence(row: sqlite3.Row) -> Occurrence:
    values = {field.name: row[field.name] for field in attrs.fields(Occurrence)}
    return Occurrence(**{**values, "published_at": _read(row["published_at"]), "fetched_at": _read(row["fetched_at"])})


def _stored(moment: datetime | None) -> str | None:
    """As SQLAlchemy writes times to SQLite: without a zone, always with microseconds."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _read(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored).replace(tzinfo=UTC)
