"""The record store: idempotent captures, the queue of the stages, one transaction a unit, damage told in words."""

import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa
from making import ANNOTATE, EXTRACT, NOON, extraction, hold, outcome, passage, quote, snapshot

from kb.databases import PAGE
from kb.errors import DataError, UnstorableError, UserError
from kb.reader import Reader
from kb.records import Article, Embedding, Extraction, Snapshot, Text, Tool, Visit
from kb.store import MAX_TRIES, RecordStore
from kb.tellings import Alert, Delivery, Place
from kb.text import words_digest

EMBED = Tool(name="embed", version="1")
ALERT = Alert(
    key="finding:1",
    covers=("new-variant:2",),
    kind="altered-quote",
    severity=3,
    fired_at=NOON,
    title="Altered quote: The Ledger",
    why="new finding",
    summary="Words were changed.",
    diff=(("same", "Tides"), ("removed", "rise"), ("added", "fall")),
    places=(
        Place(label="As printed", outlet="The Ledger", title="Tides", url="https://a.example/", exact="", capture=""),
    ),
)
NEWER = Tool(name="annotate", version="2")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "records.db"


@pytest.fixture
def store(store_url: str) -> Iterator[RecordStore]:
    """On each database."""
    with RecordStore.open(store_url) as opened:
        yield opened


@pytest.fixture
def sqlite(path: Path) -> Iterator[RecordStore]:
    with RecordStore.open(f"sqlite:///{path}") as opened:
        yield opened


def visit(url: str = "https://ledger.example/a") -> Visit:
    return Visit(url=url, at=NOON, action="kept", reason="title", status=200, found_in=None, source=None)


def count(store: RecordStore, table: str) -> int:
    with store.engine.connect() as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()


# --- captured ---


def test_snapshot_added_twice_is_there_once(store):
    store.add_snapshot(snapshot())
    store.add_snapshots([snapshot(), snapshot(hours=1)])
    assert store.count_snapshots() == 2


def test_snapshots_come_in_order_of_time(store):
    store.add_snapshots([snapshot(hours=2), snapshot(hours=1), snapshot()])
    assert [held.fetched_at for held in store.snapshots()] == [NOON + timedelta(hours=n) for n in range(3)]


def test_visits_are_kept_once(store):
    store.add_visit(visit())
    store.add_visits([visit(), visit("https://ledger.example/b")])
    assert [held.url for held in store.visits()] == ["https://ledger.example/a", "https://ledger.example/b"]


def test_visits_since_a_time_leave_older_ones_out(store):
    store.add_visits([visit(), attrs.evolve(visit(), at=NOON + timedelta(hours=1))])
    assert [held.at for held in store.visits(NOON + timedelta(minutes=1))] == [NOON + timedelta(hours=1)]


def test_latest_visits_are_one_for_each_address_in_order_of_time(store):
    urls = [f"https://ledger.example/{n}" for n in range(150)]
    store.add_visits([attrs.evolve(visit(url), at=NOON + timedelta(hours=n)) for url in urls for n in range(3)])
    store.add_visit(attrs.evolve(visit(urls[0]), at=NOON + timedelta(days=1), action="dropped"))
    latest = list(store.latest_visits())
    assert sorted(held.url for held in latest) == sorted(urls)
    assert {held.at for held in latest[:-1]} == {NOON + timedelta(hours=2)}
    assert (latest[-1].url, latest[-1].action) == (urls[0], "dropped")


def test_of_visits_at_one_time_the_one_that_kept_the_page_is_the_last(store):
    url = "https://ledger.example/a"
    store.add_visits([attrs.evolve(visit(url), action=action) for action in ("dropped", "kept", "refused", "failed")])
    assert [held.action for held in store.latest_visits()] == ["kept"]


def test_alert_is_given_back_as_it_was(store):
    store.add_alerts([ALERT], [])
    assert Reader(store).alerts() == [ALERT]


def test_alert_told_twice_stays_as_it_was_told_first(store):
    store.add_alerts([ALERT], [])
    store.add_alerts([attrs.evolve(ALERT, title="Later")], [])
    assert Reader(store).alerts() == [ALERT]


def test_delivery_is_open_until_it_is_settled(store):
    delivery = Delivery(alert=ALERT.id, notifier="n", status="waiting", at=NOON, tries=0, problem="")
    store.add_alerts([ALERT], [delivery])
    store.mark([attrs.evolve(delivery, status="failed", tries=1, problem="refused")])
    assert [(d.status, d.tries, d.problem) for d in Reader(store).deliveries()] == [("failed", 1, "refused")]
    store.mark([attrs.evolve(delivery, status="sent", tries=2)])
    assert Reader(store).deliveries() == []


def test_known_address_has_its_latest_and_first_capture(store):
    store.add_snapshots([attrs.evolve(snapshot(hours=1), etag='"2"'), attrs.evolve(snapshot(), etag='"1"')])
    known = store.known()["https://ledger.example/tides"]
    assert known.etag == '"2"'
    assert (known.first_fetched_at, known.fetched_at) == (NOON, NOON + timedelta(hours=1))


def test_redirected_address_is_known_under_both_names(store):
    store.add_snapshot(attrs.evolve(snapshot("https://a.example/1"), final_url="https://a.example/2"))
    assert store.known().keys() == {"https://a.example/1", "https://a.example/2"}


def test_body_is_known_by_its_digest(store):
    store.add_snapshot(snapshot(body="sha256:aa"))
    assert store.has_body("sha256:aa")
    assert not store.has_body("sha256:bb")


def test_wording_of_the_study_is_remembered_once(store):
    for _ in range(2):
        store.remember_study("tides", "study: {}", NOON)
    assert count(store, "studies") == 1


# --- the queue ---


def test_input_is_pending_until_it_has_an_outcome(store):
    store.add_snapshots([snapshot(), snapshot(hours=1)])
    first, second = store.pending(Snapshot, "extract", EXTRACT.id)
    store.commit(outcome("extract", first, EXTRACT), [])
    assert store.pending(Snapshot, "extract", EXTRACT.id) == [second]


@pytest.mark.parametrize("status", ["done", "rejected"])
def test_settled_input_is_not_tried_again(store, status):
    store.add_snapshot(snapshot())
    store.commit(outcome("extract", snapshot().id, EXTRACT, status=status), [])
    assert store.pending(Snapshot, "extract", EXTRACT.id) == []


@pytest.mark.parametrize(("tries", "pending"), [(MAX_TRIES - 1, 1), (MAX_TRIES, 0)])
def test_failed_input_is_tried_a_few_times(store, tries, pending):
    store.add_snapshot(snapshot())
    store.commit(outcome("extract", snapshot().id, EXTRACT, status="failed", tries=tries), [])
    assert len(store.pending(Snapshot, "extract", EXTRACT.id)) == pending
    assert {key: failed.tries for key, failed in store.failures("extract", EXTRACT.id).items()} == {
        snapshot().id: tries
    }


def test_new_tool_finds_everything_pending(store):
    hold(store, "https://ledger.example/a", ["Tides rise."])
    assert store.pending(Text, "annotate", ANNOTATE.id) == []
    assert len(store.pending(Text, "annotate", NEWER.id)) == 1


def test_text_that_no_active_extraction_uses_is_not_pending(store):
    store.commit(None, [Text(text="Left over.", language="en")])
    assert store.pending(Text, "annotate", ANNOTATE.id) == []


def test_pending_has_a_fixed_order(store):
    store.add_snapshots(snapshot(hours=n) for n in range(20))
    assert store.pending(Snapshot, "extract", EXTRACT.id) == sorted(held.id for held in store.snapshots())


def test_load_keeps_the_order_of_its_keys_over_portions(store):
    store.add_snapshots(snapshot(hours=n) for n in range(230))
    keys = [held.id for held in store.snapshots()]
    assert [held.id for held in store.load(Snapshot, keys)] == keys


def test_load_leaves_unknown_keys_out(store):
    assert list(store.load(Text, ["text:none"])) == []


def test_wording_is_pending_until_it_is_embedded(store):
    hold(store, "https://ledger.example/a", ["Tides rise.", "Boats left."])
    digests = [words_digest("Tides rise."), words_digest("Boats left.")]
    assert store.pending_wordings(EMBED.id) == digests
    store.commit(None, [Embedding(words_sha256=digests[0], tool=EMBED.id, vector=[1.0, 0.0])])
    assert store.pending_wordings(EMBED.id) == digests[1:]


# --- derived ---


def test_commit_is_all_or_nothing(store):
    text = Text(text="Tides rise.", language="en")
    broken = attrs.evolve(quote(text, "Tides"), confidence=float("nan"))
    with pytest.raises(UnstorableError, match="cannot be stored"):
        store.commit(outcome("annotate", text.id, ANNOTATE), [text, broken], {"d": "Tides"})
    assert [count(store, table) for table in ("texts", "quotes", "outcomes", "wordings")] == [0, 0, 0, 0]


@pytest.mark.parametrize("words", ["\ud83d", "a\udcffb"])
def test_lone_surrogate_cannot_be_stored_and_says_so(store, words):
    with pytest.raises(UnstorableError, match="surrogates not allowed"):
        store.commit(None, [], {"d": words})


def test_number_too_large_cannot_be_stored_and_says_so(store):
    with pytest.raises(UnstorableError, match=r"too large|out of range"):
        store.commit(None, [passage(Text(text="a", language="en"), "a", 2**70)])


def test_outcome_of_a_retry_takes_the_place_of_the_failure(store):
    store.add_snapshot(snapshot())
    store.commit(outcome("extract", snapshot().id, EXTRACT, status="failed"), [])
    store.commit(outcome("extract", snapshot().id, EXTRACT, tries=2), [])
    assert store.failures("extract", EXTRACT.id) == {}
    assert count(store, "outcomes") == 1


def test_records_of_a_replaced_tool_go_when_the_new_one_is_active(store):
    read = hold(store, "https://ledger.example/a", ["Tides rise."])
    text = next(store.load(Text, [read.text]))
    store.commit(outcome("annotate", text.id, NEWER), [passage(text, "Tides rise", tool=NEWER)], {"n": "Tides rise"})
    assert count(store, "passages") == 2
    store.activate("annotate", NEWER.id, {"passages": NEWER.id, "quotes": NEWER.id})
    assert count(store, "passages") == 1


def test_going_back_to_an_earlier_tool_makes_its_inputs_pending_again(store):
    hold(store, "https://ledger.example/a", ["Tides rise."])
    store.activate("annotate", NEWER.id, {"passages": NEWER.id, "quotes": NEWER.id})
    assert len(store.pending(Text, "annotate", ANNOTATE.id)) == 1


def test_upgrade_given_up_halfway_leaves_nothing_behind(store):
    read = hold(store, "https://ledger.example/a", ["Tides rise."])
    text = next(store.load(Text, [read.text]))
    store.commit(outcome("annotate", text.id, NEWER), [passage(text, "Tides", tool=NEWER)], {"n": "Tides"})
    store.activate("annotate", ANNOTATE.id, {"passages": ANNOTATE.id, "quotes": ANNOTATE.id})
    assert count(store, "passages") == 1
    assert len(store.pending(Text, "annotate", NEWER.id)) == 1


def test_stage_that_starts_over_finds_nothing_in_its_way(store):
    hold(store, "https://ledger.example/a", ["Tides rise."])
    store.forget("annotate", ["passages", "quotes"])
    assert len(store.pending(Text, "annotate", ANNOTATE.id)) == 1
    assert count(store, "passages") == 0


def test_active_wordings_are_those_of_active_records(store):
    hold(store, "https://ledger.example/a", ["Tides rise."], [("Tides", "Ann Wu")])
    assert store.active_wordings() == {words_digest("Tides rise."), words_digest("Tides")}


def test_tool_is_registered_once(store):
    for _ in range(2):
        store.register([EXTRACT])
    assert count(store, "tools") == 1


# --- several processes ---


def _write(url: str, name: str) -> None:
    with RecordStore.open(url) as own:
        for number in range(60):
            own.add_visit(visit(f"https://{name}.example/{number}"))
            article = Article(source=name, canonical_url=str(number))
            own.commit(outcome("extract", f"{name}{number}", EXTRACT), [article])


def test_processes_that_open_a_new_store_and_write_at_once_lose_nothing(store_url):
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(store_url, name)) for name in ("parent", "child", "other")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    with RecordStore.open(store_url) as store:
        assert [count(store, table) for table in ("visits", "articles", "outcomes")] == [180, 180, 180]


def test_new_store_that_another_process_is_just_making_is_waited_for(path):
    """SQLite itself refuses at once: going over to WAL it holds a lock for reading, and asks for one for writing."""
    path.parent.mkdir()
    maker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    maker.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.3, maker.execute, ["COMMIT"])
    done.start()
    with RecordStore.open(f"sqlite:///{path}") as opened:
        assert opened.count_snapshots() == 0
    done.join()
    maker.close()


def test_reader_is_not_held_up_by_a_writer(store, store_url):
    store.add_snapshot(snapshot())
    with store.engine.begin() as writing:
        writing.execute(sa.text("DELETE FROM snapshots"))
        with RecordStore.open(store_url) as other:
            assert other.count_snapshots() == 1


def test_store_that_stays_locked_is_told(sqlite, path, monkeypatch):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with sqlite.engine.connect() as connection:
        connection.execute(sa.text("PRAGMA busy_timeout=10"))
    with pytest.raises(UserError, match="is being written by another process; try again"):
        sqlite.add_snapshot(snapshot())
    holder.close()


# --- what can be wrong with a store ---


def test_file_that_is_no_database_says_what_to_do(path):
    path.parent.mkdir()
    path.write_bytes(b"hello world " * 1000)
    with pytest.raises(DataError, match=r"is damaged .* Move it away, .* run `retold build`") as raised:
        RecordStore.open(f"sqlite:///{path}")
    assert raised.value.exit_code == 3


def test_damage_found_while_reading_is_told_too(path):
    with RecordStore.open(f"sqlite:///{path}") as whole:
        whole.add_snapshots(snapshot(hours=n) for n in range(400))
    data = bytearray(path.read_bytes())
    data[-8 * PAGE :] = b"\xff" * (8 * PAGE)
    path.write_bytes(data)
    with RecordStore.open(f"sqlite:///{path}") as damaged, pytest.raises(DataError, match="is damaged"):
        damaged.snapshots()


def test_full_disk_is_told_as_such(sqlite):
    with sqlite.engine.connect() as connection:
        connection.execute(sa.text("PRAGMA max_page_count=1"))
    with pytest.raises(OSError, match="disk is full"):
        sqlite.add_snapshots(snapshot(f"https://a.example/{'x' * 500}", hours=n) for n in range(200))


@pytest.mark.parametrize("in_the_way", ["a file", "nothing can be made here"])
def test_folder_that_cannot_be_made_is_told(tmp_path, in_the_way):
    (tmp_path / "file").write_text("x")
    folder = tmp_path / "file" if in_the_way == "a file" else Path("/proc/retold")
    with pytest.raises(UserError, match=r"cannot be made: .*; choose another with --data-dir"):
        RecordStore.open(f"sqlite:///{folder}/records.db")


def test_folder_in_place_of_the_database_is_told(tmp_path):
    with pytest.raises(UserError, match="cannot be opened for writing"):
        RecordStore.open(f"sqlite:///{tmp_path}")


def test_readonly_database_is_told_when_it_is_written(sqlite):
    with sqlite.engine.connect() as connection:
        connection.execute(sa.text("PRAGMA query_only=1"))
    with pytest.raises(UserError, match="choose another folder with --data-dir"):
        sqlite.add_snapshot(snapshot())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "is not a database address"),
        ("foo://x", "is not a database address"),
        ("mysql://h/d", "is not a database address"),
    ],
)
def test_address_of_no_database_is_told(url, says):
    with pytest.raises(UserError, match=says):
        RecordStore.open(url)


def test_extraction_comes_back_whole(store):
    text = Text(text="Tides rise.", language="en")
    read = extraction(snapshot(), Article(source="ledger", canonical_url="u"), text)
    store.commit(None, [read])
    assert list(store.load(Extraction, [read.id])) == [read]
