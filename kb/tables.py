"""The tables, one per record, and the mapping between rows and records.

Captured tables hold what cannot be made again and change only by a numbered migration. Derived tables
may be dropped and rebuilt. Columns follow the record's fields: a Span becomes `<field>_start` and
`<field>_end`, sequences and mappings become JSON, times are UTC. A row that nothing else vouches for carries a
seal: a digest over its values, by which `retold verify` finds a byte that changed.
"""

import hashlib
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import attrs
import cattrs
import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator

from kb import records as r
from kb import tellings as n
from kb.postgres import NUL, NUL_KEPT
from kb.sqlite import damaged

T = TypeVar("T")

_CONVERTER = cattrs.Converter()


class Moment(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps it naive."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        read = super().result_processor(dialect, coltype)
        if read is None:
            return None

        def told(value: Any) -> datetime | None:
            try:
                return read(value)
            except (ValueError, TypeError) as error:
                raise damaged("", f"{value!r} is no time") from error

        return told

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text, compared by code points on every database."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(postgresql.TEXT(collation="C") if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None or dialect.name != "postgresql":
            return value
        if NUL_KEPT in value:
            raise ValueError(f"the character U+{ord(NUL_KEPT):X} cannot be held by PostgreSQL beside NUL")
        return value.replace(NUL, NUL_KEPT)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None or dialect.name != "postgresql":
            return value
        return value.replace(NUL_KEPT, NUL)


class Real(TypeDecorator[float]):
    """A number of double precision; ValueError for a NaN, which databases take for different things."""

    impl = sa.Float
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: sa.Dialect) -> float | None:
        if value is not None and math.isnan(value):
            raise ValueError("not a number")
        return value


_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite's has eight bytes at any rate


class Floats(TypeDecorator[Any]):
    """A float32 vector as its bytes, little-endian."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> bytes:
        return bytes(np.asarray(value, dtype="<f4").tobytes())

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else np.frombuffer(value, dtype="<f4")


@attrs.frozen
class _Field:
    """How one record field is stored."""

    name: str
    columns: tuple[tuple[str, Any], ...]
    nullable: bool
    kind: str
    """`plain`, `span` or `json`."""
    type: Any


_PLAIN: dict[Any, Callable[[], Any]] = {
    str: Words,
    int: lambda: _INTEGER,
    float: Real,
    bool: sa.Boolean,
    datetime: Moment,
}


_FIELDS: dict[type, tuple[_Field, ...]] = {}


def _fields(record: type) -> tuple[_Field, ...]:
    if record not in _FIELDS:
        hints = typing.get_type_hints(record)
        _FIELDS[record] = tuple(_field(f.name, hints[f.name]) for f in attrs.fields(record))
    return _FIELDS[record]


def _field(name: str, hint: Any) -> _Field:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    nullable = type(None) in options
    inner = next(option for option in options if option is not type(None))
    if inner is r.Span:
        columns = ((f"{name}_start", _INTEGER), (f"{name}_end", _INTEGER))
        return _Field(name, columns, nullable, "span", inner)
    if typing.get_origin(inner) is typing.Literal:
        inner = str
    if inner in _PLAIN:
        return _Field(name, ((name, _PLAIN[inner]()),), nullable, "plain", inner)
    if name == "vector":
        return _Field(name, ((name, Floats()),), nullable, "plain", inner)
    return _Field(name, ((name, Words()),), nullable, "json", inner)


def to_row(record: Any) -> dict[str, Any]:
    """The columns of a record, its id among them where it has one."""
    row: dict[str, Any] = {"id": record.id} if hasattr(type(record), "id") else {}
    for field in _fields(type(record)):
        value = getattr(record, field.name)
        if field.kind == "span":
            row[f"{field.name}_start"] = None if value is None else value.start
            row[f"{field.name}_end"] = None if value is None else value.end
        elif field.kind == "json":
            row[field.name] = json.dumps(_CONVERTER.unstructure(value), ensure_ascii=False)
        else:
            row[field.name] = value
    return row


def from_row(record: type[T], row: Mapping[str, Any]) -> T:
    """The record of a row; DataError where the row holds none."""
    try:
        return record(**_values(record, row))
    except (ValueError, TypeError, KeyError, cattrs.BaseValidationError) as error:
        raise damaged("", f"a {record.__name__} that is none: {error}") from error


def _values(record: type, row: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in _fields(record):
        if field.kind == "span":
            start = row[f"{field.name}_start"]
            values[field.name] = None if start is None else r.Span(start, row[f"{field.name}_end"])
        elif field.kind == "json":
            values[field.name] = _CONVERTER.structure(json.loads(row[field.name]), field.type)
        else:
            values[field.name] = row[field.name]
    return values


def _table(metadata: sa.MetaData, name: str, record: type, *, key: tuple[str, ...] = ("id",)) -> sa.Table:
    columns: list[sa.Column[Any]] = [sa.Column("id", Words(), primary_key=True)] if key == ("id",) else []
    for field in _fields(record):
        for column, kind in field.columns:
            columns.append(sa.Column(column, kind, primary_key=column in key, nullable=field.nullable))
    return sa.Table(name, metadata, *columns)


CAPTURED = sa.MetaData()
DERIVED = sa.MetaData()

snapshots = _table(CAPTURED, "snapshots", r.Snapshot)
visits = _table(CAPTURED, "visits", r.Visit)
judgements = _table(CAPTURED, "judgements", r.Judgement)
alerts = _table(CAPTURED, "alerts", n.Alert)
deliveries = _table(CAPTURED, "deliveries", n.Delivery)
studies = sa.Table(
    "studies",
    CAPTURED,
    sa.Column("digest", Words(), primary_key=True),
    sa.Column("slug", Words(), nullable=False),
    sa.Column("yaml", Words(), nullable=False),
    sa.Column("seen_at", Moment(), nullable=False),
)
sa.Index("snapshots_by_url", snapshots.c.requested_url, postgresql_using="hash")  # the other kind takes 2,700 bytes
sa.Index("snapshots_by_body", snapshots.c.body_sha256)
sa.Index("visits_by_time", visits.c.at)

tools = sa.Table(
    "tools",
    DERIVED,
    sa.Column("id", Words(), primary_key=True),
    sa.Column("name", Words(), nullable=False),
    sa.Column("version", Words(), nullable=False),
    sa.Column("params", Words(), nullable=False),
)
active = sa.Table(
    "active",
    DERIVED,
    sa.Column("kind", Words(), primary_key=True),
    sa.Column("tool", Words(), nullable=False),
)
wordings = sa.Table(
    "wordings",
    DERIVED,
    sa.Column("number", _INTEGER, primary_key=True),
    sa.Column("words_sha256", Words(), nullable=False, unique=True),
    sa.Column("wording", Words(), nullable=False),
)
articles = _table(DERIVED, "articles", r.Article)
texts = _table(DERIVED, "texts", r.Text)
extractions = _table(DERIVED, "extractions", r.Extraction)
passages = _table(DERIVED, "passages", r.Passage)
quotes = _table(DERIVED, "quotes", r.Quote)
quantities = _table(DERIVED, "quantities", r.Quantity)
credits_ = _table(DERIVED, "credits", r.Credit)
embeddings = _table(DERIVED, "embeddings", r.Embedding, key=("words_sha256", "tool"))
alignments = _table(DERIVED, "alignments", r.Alignment)
evidence = _table(DERIVED, "evidence", r.Evidence)
outcomes = _table(DERIVED, "outcomes", r.Outcome)
for _occurring in (passages, quotes, quantities, credits_):
    sa.Index(f"{_occurring.name}_by_text", _occurring.c.text)
for _worded in (passages, quotes, alignments, evidence):
    sa.Index(f"{_worded.name}_by_words", _worded.c.words_sha256)
sa.Index("extractions_by_text", extractions.c.text)
sa.Index("outcomes_by_input", outcomes.c.stage, outcomes.c.input)
SEARCHED = (
    sa.Index("articles_by_source", articles.c.source),
    sa.Index("extractions_by_article", extractions.c.article),
    sa.Index("extractions_by_day", extractions.c.published_at),
    sa.Index("quotes_by_speaker", quotes.c.speaker_name),
    sa.Index("texts_by_language", texts.c.language),
)
"""From where a filtered search comes to the wordings that the filter leaves."""

TABLE_OF: Mapping[type, sa.Table] = {
    r.Snapshot: snapshots,
    r.Article: articles,
    r.Text: texts,
    r.Extraction: extractions,
    r.Passage: passages,
    r.Quote: quotes,
    r.Quantity: quantities,
    r.Credit: credits_,
    r.Embedding: embeddings,
    r.Alignment: alignments,
    r.Evidence: evidence,
    r.Outcome: outcomes,
}


SEALED: tuple[sa.Table, ...] = (*DERIVED.sorted_tables, visits, alerts, deliveries, studies)
"""The other captured tables are compared with what they are caught up from: the logs in the archive."""
for _sealed in SEALED:
    _sealed.append_column(sa.Column("seal", Words(), nullable=True))

_JSON = json.JSONEncoder(ensure_ascii=False).encode
"""`json.dumps` with an option makes an encoder for each call."""

_UNSEALED = ("number", "seal")
"""The database numbers the wordings; every index of it would have to change along with a number."""


def sealed(table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its seal, where its table has one."""
    return {**row, "seal": seal(table, row)} if table in SEALED else dict(row)


def seal(table: sa.Table, row: Mapping[str, Any]) -> str:
    """16 hex digits over a row's values, the same before and after they lay in any database.

    Against accidents: whoever changes a row by intent can seal it anew, and is found by deriving it again.
    """
    values = [_canonical(column, row[column.name]) for column in table.c if column.name not in _UNSEALED]
    said = _JSON(values).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=8).hexdigest()


def _canonical(column: sa.Column[Any], value: Any) -> Any:
    if value is None:
        return None
    match column.type:
        case Moment():
            return value.astimezone(UTC).isoformat()
        case Floats():
            return np.asarray(value, "<f4").tobytes().hex()
        case Real():
            return float(value)
        case sa.Boolean():
            return bool(value)
    return value


def chosen_tool(kind: str) -> sa.ScalarSelect[str]:
    """The tool whose records of a kind (a derived table's name) readers see, as a part of a query."""
    return sa.select(active.c.tool).where(active.c.kind == kind).scalar_subquery()
