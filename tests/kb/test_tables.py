"""Every record goes into its row and comes back the same."""

import types
import typing
from datetime import UTC, datetime, timedelta, timezone

import attrs
import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import snapshot

from kb import records as r
from kb import tables as t
from kb.records import Article, Embedding, Snapshot
from kb.store import RecordStore

ROWS = {**t.TABLE_OF, r.Visit: t.visits, r.Judgement: t.judgements}
PLAIN = {
    str: st.text(max_size=20),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    datetime: st.datetimes(timezones=st.just(UTC)),
}


def values(hint: typing.Any) -> st.SearchStrategy[typing.Any]:
    """Values of a record field's type."""
    origin, options = typing.get_origin(hint), typing.get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if isinstance(hint, types.UnionType):
        return st.one_of(*(st.none() if option is type(None) else values(option) for option in options))
    if origin is typing.Literal:
        return st.sampled_from(options)
    if origin is tuple:
        return st.lists(values(options[0]), max_size=3).map(tuple)
    if attrs.has(hint):
        return built(hint)
    return st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=4).map(lambda v: np.array(v, np.float32))


def built(record: type) -> st.SearchStrategy[typing.Any]:
    hints = typing.get_type_hints(record)
    return st.builds(record, **{field.name: values(hints[field.name]) for field in attrs.fields(record)})


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> typing.Iterator[RecordStore]:
    """On each database."""
    url = "sqlite://" if request.param == "sqlite" else request.getfixturevalue("postgres_server").url()
    with RecordStore.open(url) as opened:
        yield opened


@pytest.mark.parametrize("record", ROWS, ids=lambda record: record.__name__)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_record_survives_its_row(store, record, data):
    made = data.draw(built(record))
    table = ROWS[record]
    with store.engine.connect() as connection:  # rolled back at the end
        connection.execute(sa.insert(table), [t.to_row(made)])
        row = connection.execute(sa.select(table)).mappings().one()
        back = t.from_row(record, row)
    if record is Embedding:
        assert (back.words_sha256, back.tool) == (made.words_sha256, made.tool)
        assert np.array_equal(back.vector, made.vector)
    else:
        assert back == made


def test_every_stored_record_with_an_id_keeps_it_in_its_row():
    assert t.to_row(snapshot())["id"] == snapshot().id


def test_moment_of_another_zone_comes_back_in_utc(store):
    here = attrs.evolve(snapshot(), fetched_at=datetime(2026, 4, 1, 14, tzinfo=timezone(timedelta(hours=2))))
    with store.engine.connect() as connection:
        connection.execute(sa.insert(t.snapshots), [t.to_row(here)])
        back = t.from_row(Snapshot, connection.execute(sa.select(t.snapshots)).mappings().one())
    assert back.fetched_at.tzinfo is UTC
    assert back.id == here.id


def test_row_of_plain_fields_is_readable_by_hand():
    row = t.to_row(Article(source="ledger", canonical_url="https://ledger.example/a"))
    assert row["source"] == "ledger"
    assert row["canonical_url"] == "https://ledger.example/a"
