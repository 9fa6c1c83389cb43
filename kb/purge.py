"""What was derived from captures that are taken down goes from the record store, as far as nothing else has it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
import sqlalchemy as sa

from kb import tables as t
from kb.errors import UserError
from kb.records import Snapshot
from kb.tellings import Alert

WITHDRAWN = "Withdrawn: a page that this rested on was taken down"
"""All that is left to read of such an alert."""

_OCCURRING = (t.passages, t.quotes, t.quantities, t.credits_)


def purge(
    engine: sa.Engine,
    snapshots: Collection[str],
    at: datetime,
    *,
    own: Mapping[str, str] = {},
    moved: Iterable[Snapshot] = (),
) -> None:
    """Remove captures and all that only they had, and scrub the file. Does nothing where nothing is left of them.

    `at`: when they were taken down. `own`: the study's own wordings by digest, which stay. `moved`: captures whose
    records lie elsewhere now.
    """
    with engine.begin() as connection:
        for snapshot in moved:
            place = {"warc": snapshot.warc, "offset": snapshot.offset}
            connection.execute(sa.update(t.snapshots).where(t.snapshots.c.id == snapshot.id).values(place))
        _withdraw(connection, *_purge(connection, snapshots, own), at)
    if snapshots:
        (_scrub if engine.dialect.name == "sqlite" else _rewrite)(engine)


def _purge(connection: sa.Connection, snapshots: Collection[str], own: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """The digests of bodies that nothing has any more, and the addresses of what went."""
    e = t.extractions.c
    read = _rows(connection, sa.select(e.id, e.text, e.article), e.snapshot, snapshots)
    extractions = {row.id for row in read}
    _delete(connection, t.extractions.c.id, extractions)
    texts = _left({row.text for row in read}, connection, e.text)
    words = _words_of(connection, texts)
    for table in _OCCURRING:
        _delete(connection, table.c.text, texts)
    _delete(connection, t.texts.c.id, texts)
    _delete(connection, t.articles.c.id, _left({row.article for row in read}, connection, e.article))
    _delete(connection, t.outcomes.c.input, {*snapshots, *extractions, *texts})
    unsaid = words
    for table in (t.passages, t.quotes):
        unsaid = _left(unsaid, connection, table.c.words_sha256)
    for table in (t.alignments, t.evidence, t.wordings):
        _delete(connection, table.c.words_sha256, unsaid)
    _delete(connection, t.embeddings.c.words_sha256, unsaid - own.keys())
    back = [{"words_sha256": key, "wording": own[key]} for key in sorted(unsaid & own.keys())]
    if back:
        sealed = [t.sealed(t.wordings, row) for row in back]
        connection.execute(sa.insert(t.wordings), sealed)  # with the study's commas, not the page's
    c = t.snapshots.c
    going = _rows(connection, sa.select(c.body_sha256, c.requested_url, c.final_url), c.id, snapshots)
    _delete(connection, c.id, snapshots)
    bodies = _left({row.body_sha256 for row in going}, connection, c.body_sha256)
    return bodies, {url for row in going for url in (row.requested_url, row.final_url)}


def _withdraw(connection: sa.Connection, bodies: Collection[str], addresses: Collection[str], at: datetime) -> None:
    """Alerts that rest on what is gone lose its words; that they were told stays known, and none is told again."""
    for row in connection.execute(sa.select(t.alerts)).mappings().all():
        alert = t.from_row(Alert, dict(row))
        if any(place.capture in bodies or place.url in addresses for place in alert.places):
            bare = attrs.evolve(alert, title=WITHDRAWN, why="", summary=WITHDRAWN, diff=(), places=(), withdrawn_at=at)
            told = t.sealed(t.alerts, t.to_row(bare))
            connection.execute(sa.update(t.alerts).where(t.alerts.c.id == alert.id).values(told))
            _send_no_more(connection, alert)


def _send_no_more(connection: sa.Connection, alert: Alert) -> None:
    d = t.deliveries.c
    unsent = (d.alert == alert.id, d.status.in_(("waiting", "trying", "failed")))
    for row in connection.execute(sa.select(t.deliveries).where(*unsent)).mappings().all():
        stopped = t.sealed(t.deliveries, {**row, "status": "withdrawn"})
        connection.execute(sa.update(t.deliveries).where(d.id == row["id"]).values(stopped))


def _words_of(connection: sa.Connection, texts: Collection[str]) -> set[str]:
    return {
        row.words_sha256
        for table in (t.passages, t.quotes)
        for row in _rows(connection, sa.select(table.c.words_sha256), table.c.text, texts)
    }


def _left(keys: set[str], connection: sa.Connection, column: sa.Column[Any]) -> set[str]:
    """Those of the keys that a column does not hold any more."""
    return keys - {getattr(row, column.name) for row in _rows(connection, sa.select(column), column, keys)}


def _rows(connection: sa.Connection, query: Any, column: sa.Column[Any], keys: Collection[str]) -> list[Any]:
    return [row for some in _portions(sorted(keys)) for row in connection.execute(query.where(column.in_(some)))]


def _delete(connection: sa.Connection, column: sa.Column[Any], keys: Collection[str]) -> None:
    for some in _portions(sorted(keys)):
        connection.execute(sa.delete(column.table).where(column.in_(some)))


def _portions(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + 500] for start in range(0, len(keys), 500))


def _scrub(engine: sa.Engine) -> None:
    """Deleted rows stay in SQLite's free pages, its log and the full-text segments until these are written anew."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        indexed = sa.inspect(connection).has_table("wording_fts")
        if indexed:
            connection.exec_driver_sql("INSERT INTO wording_fts(wording_fts) VALUES ('optimize')")
        connection.exec_driver_sql("VACUUM")
        if connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one():  # it has waited as all do
            raise UserError(
                "what was taken down still lies in the record store's log, for another process reads there; it goes "
                "with the next command, once that one has ended"
            )


def _rewrite(engine: sa.Engine) -> None:
    """Deleted rows stay in PostgreSQL's files until a table is written anew; its log forgets them by and by."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        names = [table.name for table in (*t.CAPTURED.sorted_tables, *t.DERIVED.sorted_tables)]
        if sa.inspect(connection).has_table("wording_words"):
            names.append("wording_words")
        for name in names:
            connection.exec_driver_sql(f'VACUUM (FULL) "{name}"')
