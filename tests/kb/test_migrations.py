"""Schema: made once, moved on by steps, derived tables rebuilt on change, a newer retold's data left alone."""

from contextlib import closing

import pytest
import sqlalchemy as sa
from making import EXTRACT, NOON, connection, hold, snapshot

from kb import migrations, schema
from kb.databases import engine_of
from kb.errors import DataError
from kb.reader import Reader
from kb.records import Snapshot, Visit
from kb.soundness import damaged_rows
from kb.store import RecordStore
from kb.tsvector import lexical_index


@pytest.fixture
def url(store_url: str) -> str:
    """Of each database."""
    return store_url


def state(url: str) -> dict[str, str]:
    engine = engine_of(url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT part, version FROM schema_state")).all()
    engine.dispose()
    return dict(rows)


def set_version(url: str, part: str, version: str) -> None:
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE schema_state SET version = '{version}' WHERE part = '{part}'"))
    engine.dispose()


def test_new_database_has_the_current_version(url):
    RecordStore.open(url).close()
    assert state(url) == {"captured": str(len(migrations.STEPS)), "derived": schema.DERIVED}


def test_opening_again_changes_nothing(url):
    with RecordStore.open(url) as store:
        store.add_snapshot(snapshot())
    with RecordStore.open(url) as store:
        assert store.count_snapshots() == 1


def test_changed_derived_tables_are_made_anew_and_captures_kept(url):
    with RecordStore.open(url) as store:
        hold(store, "https://ledger.example/a", ["Tides rise."])
    set_version(url, "derived", "0")
    with RecordStore.open(url) as store:
        assert store.count_snapshots() == 1
        assert store.active_wordings() == set()
        assert len(store.pending(Snapshot, "extract", EXTRACT.id)) == 1


def test_full_text_index_follows_tables_made_anew(url):
    with RecordStore.open(url) as store:
        hold(store, "https://ledger.example/a", ["Whales sing."])
        with closing(connection(store)) as asked:
            assert len(lexical_index(asked).best("whales", 5)) == 1
    set_version(url, "derived", "0")
    with RecordStore.open(url) as store:
        hold(store, "https://ledger.example/a", ["Tides rise."])
        with closing(connection(store)) as asked:
            lexical = lexical_index(asked)
            assert lexical.best("whales", 5) == []
            hold(store, "https://ledger.example/b", ["Boats leave."])
            assert len(lexical.best("tides boats", 5)) == 2


def test_step_that_fails_leaves_no_trace_and_is_done_by_the_next_opening(url, monkeypatch):
    RecordStore.open(url).close()
    before = len(migrations.STEPS)

    def fails(connection: sa.Connection) -> None:
        connection.execute(sa.text("ALTER TABLE snapshots ADD COLUMN weather TEXT"))
        raise ZeroDivisionError

    def works(connection: sa.Connection) -> None:
        connection.execute(sa.text("ALTER TABLE snapshots ADD COLUMN weather TEXT"))

    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, fails))
    with pytest.raises(ZeroDivisionError):
        RecordStore.open(url)
    assert state(url)["captured"] == str(before)
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS[:-1], works))
    RecordStore.open(url).close()
    assert state(url)["captured"] == str(before + 1)


def test_database_from_before_withdrawals_gets_their_column(url):
    with RecordStore.open(url) as store, store.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE alerts DROP COLUMN withdrawn_at"))
    set_version(url, "captured", "2")
    with RecordStore.open(url) as store:
        assert Reader(store).alerts() == []


def test_database_from_before_alerts_gets_their_tables_and_keeps_what_it_has(url):
    with RecordStore.open(url) as store:
        store.add_snapshot(snapshot())
        with store.engine.begin() as connection:
            connection.execute(sa.text("DROP TABLE alerts"))
            connection.execute(sa.text("DROP TABLE deliveries"))
    set_version(url, "captured", "1")
    with RecordStore.open(url) as store:
        assert Reader(store).alerts() == []
        assert store.count_snapshots() == 1


def test_database_of_a_newer_retold_is_left_alone(url):
    RecordStore.open(url).close()
    set_version(url, "captured", "99")
    with pytest.raises(DataError, match="written by a newer retold") as raised:
        RecordStore.open(url)
    assert raised.value.exit_code == 3
    assert state(url)["captured"] == "99"


def test_version_that_a_quick_search_expects_is_the_one_that_migration_leads_to():
    assert str(len(migrations.STEPS)) == schema.CAPTURED


def test_database_from_before_filtered_searches_gets_their_indexes_and_keeps_what_it_has(url):
    names = {"articles_by_source", "extractions_by_article", "extractions_by_day", "quotes_by_speaker"}
    with RecordStore.open(url) as store, store.engine.begin() as connection:
        for name in names:
            connection.execute(sa.text(f"DROP INDEX {name}"))
    with RecordStore.open(url) as store:
        hold(store, "https://ledger.example/a", ["Tides rise."])
    set_version(url, "captured", "3")
    with RecordStore.open(url) as store:
        known = sa.inspect(store.engine)
        found = {index["name"] for table in known.get_table_names() for index in known.get_indexes(table)}
        assert names <= found
        assert store.active_wordings()


def test_database_from_before_seals_gets_them_for_what_it_has(url):
    visit = Visit(url="https://a.example/", at=NOON, action="kept", reason="r", status=200, found_in=None, source=None)
    sealed = ("visits", "alerts", "deliveries", "studies")
    with RecordStore.open(url) as store:
        store.add_visit(visit)
        store.remember_study("tides", "study: {}", NOON)
        with store.engine.begin() as connection:
            for table in sealed:
                connection.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN seal"))
    set_version(url, "captured", "4")
    with RecordStore.open(url) as store:
        assert store.visits() == [visit]
        assert list(damaged_rows(store)) == []
        with store.engine.begin() as connection:
            connection.execute(sa.text("UPDATE visits SET reason = 'q'"))
        assert [damaged.table.name for damaged in damaged_rows(store)] == ["visits"]
