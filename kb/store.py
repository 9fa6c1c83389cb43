"""RecordStore: every record, in SQLite or PostgreSQL by URL. This half writes and keeps the queue; reader.py reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache, partial
from types import TracebackType
from typing import Any, Self, TypeVar

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kb import tables as t
from kb.advisory import require_locks
from kb.databases import engine_of
from kb.errors import UnstorableError, UserError
from kb.migrations import migrate, note, noted
from kb.postgres import is_postgres, place
from kb.records import Extraction, Judgement, Outcome, Snapshot, Text, Tool, Visit, canonical_json, sha256, validators
from kb.tellings import Alert, Delivery

T = TypeVar("T")

MAX_TRIES = 3
"""A stage that failed on an input is tried again by later builds, this often in all."""
LIMITS = "limits"
"""What documents may take stands among the chosen tools under this kind."""

_PORTION = 100
"""Records read at once."""

_SENT = 1_000
"""Rows that PostgreSQL is sent at once."""


@attrs.frozen(kw_only=True)
class Known:
    """What is held of one address, for conditional requests and revisits."""

    etag: str | None
    last_modified: str | None
    fetched_at: datetime
    first_fetched_at: datetime
    body_sha256: str
    snapshot_id: str


class RecordStore:
    """Open with `RecordStore.open(url)`; a context manager."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open or create the database of a SQLAlchemy URL and bring it to this version's schema."""
        engine = engine_of(url)
        try:
            migrate(engine)
        except BaseException as error:
            engine.dispose()
            if isinstance(error, sa.exc.OperationalError):
                raise UserError(f"the record store cannot be opened: {error.orig}") from error
            raise
        if is_postgres(url):
            sa.event.listen(engine, "commit", partial(_require_locks, url))
        return cls(engine)

    @property
    def place(self) -> str:
        """Where it lies: `PostgreSQL db.example/studies (schema tides), version 15.4`, or its file."""
        url = self.engine.url.render_as_string(hide_password=False)
        version = ".".join(map(str, self.engine.dialect.server_version_info or ()))
        return f"{place(url)}, version {version}" if is_postgres(url) else str(self.engine.url.database)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.engine.dispose()

    def add_snapshot(self, snapshot: Snapshot) -> None:
        self.add_snapshots([snapshot])

    def add_snapshots(self, snapshots: Iterable[Snapshot]) -> None:
        """Idempotent: a capture that is there already stays as it is."""
        with self.engine.begin() as connection:
            _insert_new(connection, t.snapshots, [t.to_row(s) for s in snapshots])

    def add_visit(self, visit: Visit) -> None:
        self.add_visits([visit])

    def add_visits(self, visits: Iterable[Visit]) -> None:
        with self.engine.begin() as connection:
            _insert_new(connection, t.visits, [t.to_row(v) for v in visits])

    def add_judgements(self, judgements: Iterable[Judgement]) -> None:
        """All or none."""
        with self.engine.begin() as connection:
            _insert_new(connection, t.judgements, [t.to_row(judgement) for judgement in judgements])

    def withdraw_judgement(self, key: str, at: datetime) -> bool:
        """The one change that a judgement ever sees: when it was taken back. False where it had been already."""
        j = t.judgements
        taken_back = sa.update(j).where(j.c.id == key, j.c.withdrawn_at.is_(None)).values(withdrawn_at=at)
        with self.engine.begin() as connection:
            return connection.execute(taken_back).rowcount > 0

    def agreed(self) -> str | None:
        """The state in which the judgements here and in their log were last found to be the same."""
        with self.engine.connect() as connection:
            return noted(connection, "judgements")

    def agree(self, state: str) -> None:
        """Note that state. A record store that cannot be written does without: both are compared again."""
        with suppress(UserError, OSError, sa.exc.DBAPIError), self.engine.begin() as connection:
            note(connection, "judgements", state)

    def add_alerts(self, alerts: Sequence[Alert], deliveries: Sequence[Delivery]) -> None:
        """Alerts with where each has to go, all or none; what was told before stays as it is."""
        with self.engine.begin() as connection:
            _insert_new(connection, t.alerts, [t.to_row(alert) for alert in alerts])
            _insert_new(connection, t.deliveries, [t.to_row(delivery) for delivery in deliveries])

    def mark(self, deliveries: Sequence[Delivery]) -> None:
        """How deliveries stand now; no kill undoes it."""
        d = t.deliveries
        with self.engine.begin() as connection:
            for delivery in deliveries:
                row = t.sealed(d, t.to_row(delivery))
                connection.execute(sa.update(d).where(d.c.id == delivery.id).values(row))

    def remember_study(self, slug: str, yaml: str, at: datetime) -> None:
        """Keep the text of claims.yaml as it stood when something was derived from it."""
        row = {"digest": sha256(yaml.encode()), "slug": slug, "yaml": yaml, "seen_at": at}
        with self.engine.begin() as connection:
            _insert_new(connection, t.studies, [row])

    def studies(self) -> list[str]:
        """The ids of the studies that something was derived under, in order of time; one, unless it was renamed."""
        query = sa.select(t.studies.c.slug).order_by(t.studies.c.seen_at)
        with self.engine.connect() as connection:
            return list(dict.fromkeys(connection.execute(query).scalars()))

    def known(self) -> dict[str, Known]:
        """The latest capture of every address, requested or redirected to."""
        s = t.snapshots.c
        found: dict[str, Known] = {}
        with self.engine.connect() as connection:
            for row in connection.execute(sa.select(t.snapshots).order_by(s.fetched_at)):
                for url in {row.requested_url, row.final_url}:
                    earlier = found.get(url)
                    etag, last_modified = validators(row)
                    found[url] = Known(
                        etag=etag,
                        last_modified=last_modified,
                        fetched_at=row.fetched_at,
                        first_fetched_at=earlier.first_fetched_at if earlier else row.fetched_at,
                        body_sha256=row.body_sha256,
                        snapshot_id=row.id,
                    )
        return found

    def has_body(self, body_sha256: str) -> bool:
        query = sa.select(sa.exists().where(t.snapshots.c.body_sha256 == body_sha256))
        with self.engine.connect() as connection:
            return bool(connection.execute(query).scalar())

    def snapshots(self) -> list[Snapshot]:
        return self._all(Snapshot, sa.select(t.snapshots).order_by(t.snapshots.c.fetched_at, t.snapshots.c.id))

    def visits(self, since: datetime | None = None) -> list[Visit]:
        """All, or those since a time, in order of time."""
        query = sa.select(t.visits).order_by(t.visits.c.at, t.visits.c.id)
        return self._all(Visit, query if since is None else query.where(t.visits.c.at >= since))

    def latest_visits(self) -> Iterator[Visit]:
        """The last one of every address, in order of time. Of a study that is watched for long, most are older."""
        v = t.visits.c
        kept_first = sa.case((v.action.in_(("kept", "mention", "unchanged")), 0), else_=1)  # of two at one time
        place = sa.func.row_number().over(partition_by=v.url, order_by=(v.at.desc(), kept_first, v.id.desc()))
        ranked = sa.select(v.id, place.label("place")).subquery()
        last = sa.select(ranked.c.id).where(ranked.c.place == 1)
        query = sa.select(t.visits).where(v.id.in_(last)).order_by(v.at, v.id)
        with self.engine.connect() as connection:
            for row in connection.execution_options(yield_per=_PORTION).execute(query).mappings():
                yield t.from_row(Visit, dict(row))

    def count_snapshots(self) -> int:
        with self.engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(t.snapshots)).scalar_one()

    def pending(self, record: type, stage: str, tool: str) -> list[str]:
        """Ids of the active inputs of one kind that a stage has not settled under a tool, in a fixed order."""
        table = t.TABLE_OF[record]
        query = sa.select(table.c.id).where(_undone(table.c.id, stage, tool))
        if record is Extraction:
            query = query.where(table.c.tool == t.chosen_tool("extractions"))
        if record is Text:
            used = sa.select(t.extractions.c.text).where(t.extractions.c.tool == t.chosen_tool("extractions"))
            query = query.where(table.c.id.in_(used))
        with self.engine.connect() as connection:
            return list(connection.execute(query.order_by(table.c.id)).scalars())

    def load(self, record: type[T], keys: Sequence[str]) -> Iterator[T]:
        """Records by id, in order of the ids, read in portions."""
        table = t.TABLE_OF[record]
        for start in range(0, len(keys), _PORTION):
            some = keys[start : start + _PORTION]
            found = {getattr(r, "id"): r for r in self._all(record, sa.select(table).where(table.c.id.in_(some)))}  # noqa: B009
            yield from (found[key] for key in some if key in found)

    def pending_wordings(self, tool: str) -> list[str]:
        """Digests of wordings of active passages and quotes that the tool has not embedded yet."""
        w = t.wordings.c
        done = sa.select(t.embeddings.c.words_sha256).where(t.embeddings.c.tool == tool)
        query = sa.select(w.words_sha256).where(w.words_sha256.in_(self._active_words()), w.words_sha256.not_in(done))
        with self.engine.connect() as connection:
            return list(connection.execute(query.order_by(w.number)).scalars())

    def active_wordings(self) -> set[str]:
        """Digests of every wording that an active passage or quote has."""
        with self.engine.connect() as connection:
            return set(connection.execute(self._active_words()).scalars())

    @staticmethod
    def _active_words() -> Any:
        return sa.union(
            *(
                sa.select(table.c.words_sha256).where(table.c.tool == t.chosen_tool(table.name))
                for table in (t.passages, t.quotes)
            )
        )

    def commit(self, outcome: Outcome | None, records: Sequence[Any], wordings: Mapping[str, str] = {}) -> None:
        """One unit of work: a stage's records for one input, the words behind their digests, and its Outcome.

        UnstorableError, with nothing written, for a value that no database holds (a NaN, a lone surrogate).
        """
        by_table: dict[sa.Table, list[dict[str, Any]]] = {}
        for record in records:
            by_table.setdefault(t.TABLE_OF[type(record)], []).append(t.to_row(record))
        try:
            with self.engine.begin() as connection:
                rows = [{"words_sha256": digest, "wording": wording} for digest, wording in wordings.items()]
                _insert_new(connection, t.wordings, rows)
                for table, rows in by_table.items():
                    _insert_new(connection, table, rows)
                if outcome:
                    connection.execute(sa.delete(t.outcomes).where(t.outcomes.c.id == outcome.id))
                    connection.execute(sa.insert(t.outcomes), [t.sealed(t.outcomes, t.to_row(outcome))])
        except sa.exc.OperationalError:
            raise  # the database's trouble, not the record's
        except (ValueError, OverflowError, sa.exc.StatementError) as error:
            cause = error.orig if isinstance(error, sa.exc.StatementError) else error
            raise UnstorableError(f"cannot be stored: {type(cause).__name__}: {cause}") from error

    def failures(self, stage: str, tool: str) -> dict[str, Outcome]:
        """The failed inputs of a stage, those that will not be tried again among them."""
        o = t.outcomes.c
        query = sa.select(t.outcomes).where(o.stage == stage, o.tool == tool, o.status == "failed")
        return {outcome.input: outcome for outcome in self._all(Outcome, query.order_by(o.input))}

    def forget(self, stage: str, kinds: Iterable[str]) -> None:
        """Make a stage's inputs pending again and drop what it made: records that stay would hide their successors."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(t.outcomes).where(t.outcomes.c.stage == stage))
            for kind in kinds:
                connection.execute(sa.delete(t.DERIVED.tables[kind]))
                if kind == "extractions":  # with them their texts: a damaged one would stay in the new one's place
                    connection.execute(sa.delete(t.texts))
                    connection.execute(sa.delete(t.articles))

    def register(self, tools: Iterable[Tool]) -> None:
        rows = [
            {"id": tool.id, "name": tool.name, "version": tool.version, "params": canonical_json(dict(tool.params))}
            for tool in tools
        ]
        with self.engine.begin() as connection:
            _insert_new(connection, t.tools, rows)

    def activate(self, stage: str, stage_tool: str, kinds: Mapping[str, str]) -> None:
        """Let readers see the records of these tools (`{"quotes": tool id}`), and drop what others made.

        Outcomes go with the records: kept, they would say `done` when an older tool comes back.
        """
        o = t.outcomes.c
        with self.engine.begin() as connection:
            replaced = connection.execute(sa.delete(t.outcomes).where(o.stage == stage, o.tool != stage_tool)).rowcount
            for kind, tool in kinds.items():
                before = connection.execute(sa.select(t.active.c.tool).where(t.active.c.kind == kind)).scalar()
                if before == tool and not replaced:
                    continue
                _choose(connection, kind, tool)
                table = t.DERIVED.tables[kind]
                if kind == "extractions":  # inputs of a later stage, whose tool may be the same as before
                    gone = sa.select(table.c.id).where(table.c.tool != tool)
                    connection.execute(sa.delete(t.outcomes).where(o.input.in_(gone)))
                connection.execute(sa.delete(table).where(table.c.tool != tool))

    def choose(self, kind: str, name: str) -> None:
        """Let readers take this one of a kind from now on."""
        with self.engine.begin() as connection:
            _choose(connection, kind, name)

    def allow(self, limits: str, codes: Sequence[str]) -> None:
        """Note what documents may take from now on; under other limits, those given up with these codes are pending."""
        kept = t.active.c
        with self.engine.begin() as connection:
            if connection.execute(sa.select(kept.tool).where(kept.kind == LIMITS)).scalar() != limits:
                _choose(connection, LIMITS, limits)
                connection.execute(sa.delete(t.outcomes).where(t.outcomes.c.code.in_(codes)))

    def _all(self, record: type[T], query: Any) -> list[T]:
        with self.engine.connect() as connection:
            return [t.from_row(record, dict(row)) for row in connection.execute(query).mappings()]


def _require_locks(url: str, connection: sa.Connection) -> None:
    require_locks(url, lambda query, values: connection.execute(sa.text(query), values).scalar_one())


def _choose(connection: sa.Connection, kind: str, tool: str) -> None:
    connection.execute(sa.delete(t.active).where(t.active.c.kind == kind))
    connection.execute(sa.insert(t.active).values(t.sealed(t.active, {"kind": kind, "tool": tool})))


def _undone(key: Any, stage: str, tool: str) -> Any:
    o = t.outcomes.c
    settled = sa.select(o.input).where(
        o.stage == stage, o.tool == tool, sa.or_(o.status != "failed", o.tries >= MAX_TRIES)
    )
    return key.not_in(settled)


def _insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows whose key is not there yet."""
    if not rows:
        return
    new = [t.sealed(table, row) for row in rows]
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite.insert(table).on_conflict_do_nothing(), new)
        return
    names = tuple(new[0])
    for start in range(0, len(new), _SENT):
        some = new[start : start + _SENT]
        columns = {_values_of(name): [row[name] for row in some] for name in names}
        connection.execute(_from_columns(table, names), columns)


@cache
def _from_columns(table: sa.Table, names: tuple[str, ...]) -> Any:
    """One statement for any number of rows, which are given as a list for each column: on PostgreSQL a statement for
    each row takes twice the processor time.
    """
    lists = (sa.bindparam(_values_of(name), type_=postgresql.ARRAY(table.c[name].type, dimensions=1)) for name in names)
    given = sa.func.unnest(*lists).table_valued(*names).render_derived()
    select = sa.select(*(given.c[name] for name in names))
    return postgresql.insert(table).from_select(names, select, include_defaults=False).on_conflict_do_nothing()


def _values_of(name: str) -> str:
    return f"all_{name}"
