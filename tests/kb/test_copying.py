"""Copies of a record store: the same on both sides, all or nothing, from SQLite to PostgreSQL and back."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from making import NOON, connection, hold, snapshot

from kb import copying
from kb import tables as t
from kb.copying import TABLES, Copied, copy
from kb.errors import DataError, UnstorableError, UserError
from kb.records import Embedding, Judgement, Tool, Visit
from kb.store import RecordStore
from kb.tellings import Alert, Delivery
from kb.text import words_digest
from kb.tsvector import lexical_index

EMBED = Tool(name="embed", version="1")
ODD = "a\0b é\U0001f30a 'quoted' %s \\ \n"


def silent(table: str, done: int, total: int) -> None:
    pass


@pytest.fixture
def stores(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, RecordStore]]:
    """Empty record stores: two on each database."""
    server = request.getfixturevalue("postgres_server")
    with ExitStack() as opened:
        urls = {
            **{name: f"sqlite:///{tmp_path}/{name}.db" for name in ("sqlite", "sqlite again")},
            **{name: server.url() for name in ("postgresql", "postgresql again")},
        }
        yield {name: opened.enter_context(RecordStore.open(url)) for name, url in urls.items()}


def fill(store: RecordStore) -> None:
    """With something in tables of either kind, texts and numbers that are not plain among it."""
    for number in range(30):
        hold(store, f"https://ledger.example/{number}", [f"Tides {number} rise.", ODD], [("Tides", "Ångström Wu")])
    store.remember_study("tides", "study: {id: tides}", NOON)
    store.add_visit(Visit(url=ODD, at=NOON, action="kept", reason=ODD, status=2**40, found_in=None, source=None))
    store.add_judgements(
        [Judgement(subject="s", verdict="confirmed", user="u", made_at=NOON, note=ODD, withdrawn_at=None)]
    )
    vector = [0.1, -1e-38, 3.0]
    store.commit(None, [Embedding(words_sha256=words_digest(ODD), tool=EMBED.id, vector=vector)])
    alert = Alert(
        key="k", covers=("c",), kind="k", severity=3, fired_at=NOON, title=ODD, why="", summary="", diff=(), places=()
    )
    store.add_alerts([alert], [Delivery(alert=alert.id, notifier="n", status="waiting", at=NOON, tries=0, problem="")])


def rows(store: RecordStore) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a store holds."""
    found = {}
    with store.engine.connect() as reading:
        for table in TABLES:
            query = sa.select(table).order_by(*table.primary_key.columns)
            values = [tuple(v.tolist() if hasattr(v, "tolist") else v for v in row) for row in reading.execute(query)]
            found[table.name] = values
    return found


@pytest.mark.parametrize(
    ("first", "then"), [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("postgresql", "postgresql again")]
)
def test_copy_and_its_copy_back_hold_the_same(stores, first, then, monkeypatch):
    monkeypatch.setattr(copying, "BATCH", 7)
    fill(stores[first])
    there = copy(stores[first], stores[then], silent)
    back = copy(stores[then], stores["sqlite again"], silent)
    assert rows(stores[first]) == rows(stores[then]) == rows(stores["sqlite again"])
    assert [(each.source_rows, each.source_sha256) for each in there] == [
        (each.target_rows, each.target_sha256) for each in back
    ]
    assert {each.table for each in there} == {*t.CAPTURED.tables, *t.DERIVED.tables}
    assert all(each.same for each in (*there, *back))
    assert next(each.source_rows for each in there if each.table == "snapshots") == 30


def test_digest_tells_any_changed_value(stores):
    fill(stores["sqlite"])
    copy(stores["sqlite"], stores["postgresql"], silent)
    with stores["sqlite"].engine.begin() as writing:
        writing.execute(sa.update(t.embeddings).values(vector=[0.1, -1e-38, 3.0000002]))

    def digests(store: RecordStore, target: RecordStore) -> dict[str, str]:
        return {each.table: each.source_sha256 for each in copy(store, target, silent)}

    one = digests(stores["sqlite"], stores["sqlite again"])
    other = digests(stores["postgresql"], stores["postgresql again"])
    assert [name for name in one if one[name] != other[name]] == ["embeddings"]


def test_copy_goes_on_as_the_original_would(stores):
    fill(stores["sqlite"])
    copy(stores["sqlite"], stores["postgresql"], silent)
    for name in ("sqlite", "postgresql"):
        hold(stores[name], "https://star.example/new", ["Whales sing."])
        with closing(connection(stores[name])) as asked:
            ((number, _),) = lexical_index(asked).best("whales", 5)
            assert number == 1 + max(
                n for (n,) in asked.rows("SELECT number FROM wordings WHERE number < " + str(number))
            )


@pytest.mark.parametrize("name", ["sqlite again", "postgresql"])
def test_store_that_holds_something_is_left_alone(stores, name):
    fill(stores["sqlite"])
    stores[name].add_snapshot(snapshot("https://other.example/"))
    before = rows(stores[name])
    with pytest.raises(UserError, match=r"holds something already \(in snapshots\)"):
        copy(stores["sqlite"], stores[name], silent)
    assert rows(stores[name]) == before


@pytest.mark.parametrize("name", ["sqlite again", "postgresql"])
def test_copy_that_is_not_the_same_is_not_kept(stores, name, monkeypatch):
    fill(stores["sqlite"])
    real = copying._insert

    def loses_one(writing: sa.Connection, table: sa.Table, batch: list[dict[str, Any]]) -> None:
        real(writing, table, batch[1:] if table is t.passages else batch)

    monkeypatch.setattr(copying, "_insert", loses_one)
    with pytest.raises(DataError, match="is not the same in passages; nothing was written"):
        copy(stores["sqlite"], stores[name], silent)
    assert not any(rows(stores[name]).values())


@pytest.mark.parametrize("name", ["sqlite again", "postgresql"])
def test_copy_that_is_stopped_leaves_nothing(stores, name):
    fill(stores["sqlite"])

    def stop(table: str, done: int, total: int) -> None:
        if table == "wordings":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(stores["sqlite"], stores[name], stop)
    assert not any(rows(stores[name]).values())


def test_row_that_postgresql_cannot_hold_is_told_and_nothing_copied(stores):
    fill(stores["sqlite"])
    stores["sqlite"].commit(None, [], {"d": "beside NUL: \ufdd0"})
    with pytest.raises(UnstorableError, match=r"a row of wordings cannot be held there: .*U\+FDD0"):
        copy(stores["sqlite"], stores["postgresql"], silent)
    assert not any(rows(stores["postgresql"]).values())


def test_tables_differ_where_rows_or_digests_do():
    plain = {"table": "texts", "source_rows": 1, "source_sha256": "a", "target_rows": 1, "target_sha256": "a"}
    assert Copied(**plain).same
    assert not Copied(**{**plain, "target_rows": 2}).same
    assert not Copied(**{**plain, "target_sha256": "b"}).same
