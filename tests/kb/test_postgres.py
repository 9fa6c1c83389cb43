"""PostgreSQL: what only a server can do to a study. The store's own tests run on it as on SQLite."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from making import NOON, connection, hold, snapshot
from newsdesk import CLAIMS, STORIES, keep, keep_stories, made, opened, page
from postgres import Server

from kb import postgres
from kb import tables as t
from kb.advisory import held_on_server, require_locks
from kb.databases import engine_of
from kb.errors import BusyError, LostError, UserError
from kb.exclusive import RUN, alone
from kb.fulltext import damage, drop_fulltext, make_fulltext
from kb.occurrences import Occurrences
from kb.pipeline import build
from kb.records import Visit
from kb.store import RecordStore
from kb.takedown import Request, take_down
from kb.text import words_digest
from kb.workspace import Workspace
from queries.upkeep import state, state_json

HOLD = (
    "import sys; from pathlib import Path; from kb.exclusive import alone\n"
    "with alone(Path(sys.argv[1]), sys.argv[2]): print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def store(postgres_url: str) -> Iterator[RecordStore]:
    with RecordStore.open(postgres_url) as held:
        yield held


def asked(url: str, query: str, *values: object) -> Any:
    """The one value of a query, over a connection of its own."""
    with postgres.connect(url) as server:
        found = server.execute(query, values)
        row = found.fetchone() if found.description else None
    return row[0] if row else None


# --- text, numbers, times, order ---


def test_text_with_nul_and_any_other_character_comes_back_as_it_was(store):
    odd = "a\0b\u00e9\U0001f30a'%s:x\\\ue000"
    visit = Visit(url=odd, at=NOON, action="kept", reason=odd, status=2**40, found_in=None, source=None)
    store.add_visit(visit)
    assert store.visits() == [visit]


def test_times_come_back_in_utc_to_the_microsecond_wherever_the_server_is(store):
    at = datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    store.add_snapshot(attrs.evolve(snapshot(), fetched_at=at))
    (held,) = store.snapshots()
    assert (held.fetched_at, held.fetched_at.tzinfo) == (at, UTC)


def test_order_of_texts_is_that_of_code_points_as_on_sqlite(store, tmp_path):
    names = ["Z", "a", "É", "é", "_", "-", "b a", "b-a", "ba", "\U0001f30a", "\uffee", "10", "9"]
    visits = [Visit(url=n, at=NOON, action="kept", reason=n, status=1, found_in=None, source=None) for n in names]
    query = sa.select(t.visits.c.url).order_by(t.visits.c.url)
    with RecordStore.open(f"sqlite:///{tmp_path}/records.db") as other:
        ordered = []
        for each in (store, other):
            each.add_visits(visits)
            with each.engine.connect() as reading:
                ordered.append(list(reading.execute(query).scalars()))
    assert ordered[0] == ordered[1] == sorted(names)


def test_address_longer_than_an_index_entry_is_kept(store):
    url = "https://ledger.example/" + os.urandom(4_000).hex()
    store.add_snapshot(snapshot(url))
    assert url in store.known()


# --- one study, one run ---


def test_schema_is_made_when_it_is_first_opened_and_other_schemas_are_another_study(postgres_server):
    first, second = postgres_server.url(), postgres_server.url()
    with RecordStore.open(first) as one, RecordStore.open(second) as other:
        one.add_snapshot(snapshot())
        assert (one.count_snapshots(), other.count_snapshots()) == (1, 0)


def test_tables_of_a_later_schema_in_the_search_path_are_not_taken(postgres_server):
    first = postgres_server.url("path_a")
    with RecordStore.open(postgres_server.url("path_b")) as other:
        other.add_snapshot(snapshot())
    with RecordStore.open(postgres_server.url("path_a,path_b")) as fresh:
        assert fresh.count_snapshots() == 1  # path_a is not there: the first that is there is meant
    with RecordStore.open(first):
        pass
    with RecordStore.open(postgres_server.url("path_a,path_b")) as own:
        assert own.count_snapshots() == 0


def test_schema_s_name_is_read_as_postgresql_reads_it(postgres_server):
    for written, meant in {"Ebb": "ebb", "Gezeiten-Ä": "gezeiten-Ä", "%22Flow%22": "Flow", "a'b": "a'b"}.items():
        url = postgres_server.url(written)
        with RecordStore.open(url) as first:
            first.add_snapshot(snapshot())
        with RecordStore.open(url) as again:
            assert again.count_snapshots() == 1
        assert asked(url, "SELECT current_schema()") == meant


def test_lock_of_a_schema_is_the_same_before_and_after_it_is_made(postgres_server):
    url = postgres_server.url("Unmade")
    with held_on_server(url, RUN, "first"):
        with RecordStore.open(url):
            pass
        with pytest.raises(BusyError, match="first"), held_on_server(url, RUN, "second"):
            pass


def test_without_a_schema_to_be_had_the_user_s_own_is_made(postgres_server):
    with postgres.connect(postgres_server.url("public")) as server:
        server.execute("CREATE DATABASE bare")
    url = postgres_server.url("", database="bare").partition("?")[0]
    with postgres.connect(url) as server:
        server.execute("DROP SCHEMA public")
    with RecordStore.open(url):
        assert asked(url, "SELECT current_schema()") == "retold"
    with pytest.raises(UserError, match="names no schema"):
        RecordStore.open(f"{url}?options=-csearch_path=")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_database_in_another_encoding_is_refused(postgres_server, encoding):
    with postgres.connect(postgres_server.url("public")) as server:
        server.execute(f"CREATE DATABASE in_{encoding} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(UserError, match=f"holds text as {encoding}"):
        RecordStore.open(postgres_server.url("x", database=f"in_{encoding}".lower()))


def test_encoding_of_the_user_s_own_programs_changes_nothing(postgres_url, monkeypatch):
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    held = Visit(url="Ω", at=NOON, action="kept", reason="Ω", status=1, found_in=None, source=None)
    with RecordStore.open(postgres_url) as store:
        store.add_visit(held)
        assert store.visits() == [held]


@contextmanager
def another(folder: Path, url: str) -> Iterator[subprocess.Popen[str]]:
    """A process on another machine: its data folder is another one, its database is ours."""
    command = [sys.executable, "-c", HOLD, str(folder), url]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def enter(folder: Path, url: str) -> None:
    with alone(folder, url):
        pass


def test_second_run_from_another_machine_is_told_who_is_at_work(tmp_path, postgres_url):
    with another(tmp_path / "there", postgres_url) as first, pytest.raises(BusyError) as raised:
        enter(tmp_path / "here", postgres_url)
    told = str(raised.value)
    assert told.startswith("another run is going on in PostgreSQL 127.0.0.1:")
    assert f": process {first.pid} on " in told
    assert told.endswith("; wait for its end")
    assert "secret" not in told
    assert raised.value.exit_code == 4


def test_run_that_was_killed_leaves_the_database_free(tmp_path, postgres_url):
    with another(tmp_path / "there", postgres_url) as first:
        first.kill()
        first.wait()
        with held_on_server(postgres_url, RUN, "next", wait_s=10):
            pass


def test_runs_of_other_studies_in_one_database_do_not_wait_for_each_other(tmp_path, postgres_server):
    with another(tmp_path / "there", postgres_server.url()):
        enter(tmp_path / "here", postgres_server.url())


def test_database_of_another_study_is_refused(tmp_path, postgres_url):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with opened(tmp_path / "a", store_url=postgres_url) as workspace:
        keep_stories(workspace)
        workspace.store.remember_study(workspace.study.slug, CLAIMS, NOON)
    other = CLAIMS.replace("night-naps", "tides")
    with (
        pytest.raises(UserError, match=r"holds the records of the study `night-naps`, and .* is `tides`"),
        opened(tmp_path / "b", other, store_url=postgres_url),
    ):
        pass


def test_study_that_was_renamed_keeps_its_database(tmp_path, postgres_url):
    with opened(tmp_path, store_url=postgres_url) as workspace:
        keep_stories(workspace)
        workspace.store.remember_study(workspace.study.slug, CLAIMS, NOON)
    with opened(tmp_path, CLAIMS.replace("night-naps", "naps"), store_url=postgres_url) as workspace:
        assert workspace.store.count_snapshots() == len(STORIES)


# --- a lock whose connection is lost ---


def drop_lock(url: str) -> None:
    """As a network or an administrator does: the one connection that has the run's lock."""
    dropped = asked(
        url,
        "SELECT count(pg_terminate_backend(l.pid, 5000)) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND l.granted AND a.application_name LIKE %s",
        f"retold {os.getpid()}@%",
    )
    assert dropped == 1


def test_transaction_under_a_lost_lock_writes_nothing_and_says_so(tmp_path, store, postgres_url):
    with alone(tmp_path, postgres_url):
        store.add_snapshot(snapshot())
        drop_lock(postgres_url)
        with pytest.raises(LostError) as raised:
            store.add_snapshot(snapshot("https://ledger.example/b"))
        assert raised.value.exit_code == 4
        assert "the lock of this run on PostgreSQL 127.0.0.1:" in str(raised.value)
        assert "secret" not in str(raised.value)
        assert store.count_snapshots() == 1
    store.add_snapshot(snapshot("https://ledger.example/b"))  # outside of a run nothing is asked
    assert store.count_snapshots() == 2


def test_build_whose_lock_was_lost_ends_though_no_other_run_has_begun(
    tmp_path, postgres_url, monkeypatch, parser_loaded_once
):
    with opened(tmp_path, store_url=postgres_url) as workspace:
        keep_stories(workspace)
    commit, committed = RecordStore.commit, 0

    def cut(self: RecordStore, *args: Any) -> None:
        nonlocal committed
        committed += 1
        if committed == 3:
            drop_lock(postgres_url)
        commit(self, *args)

    monkeypatch.setattr(RecordStore, "commit", cut)
    with alone(tmp_path, postgres_url), opened(tmp_path, store_url=postgres_url) as workspace:
        with pytest.raises(LostError):
            build(workspace)
        assert asked(postgres_url, "SELECT count(*) FROM outcomes") == 2


def test_lock_of_another_process_does_not_stand_for_ours(tmp_path, store, postgres_url):
    with alone(tmp_path / "here", postgres_url):
        drop_lock(postgres_url)
        with another(tmp_path / "there", postgres_url), pytest.raises(LostError):
            store.add_snapshot(snapshot())
    assert store.count_snapshots() == 0


def test_next_run_waits_until_the_end_of_the_last_transaction_is_through(tmp_path, store, postgres_url):
    entered = threading.Event()

    def next_run() -> None:
        with held_on_server(postgres_url, RUN, "next"):
            entered.set()

    follower = threading.Thread(target=next_run)
    plain = engine_of(postgres_url)  # asks by itself at no commit
    with held_on_server(postgres_url, RUN, "first"), plain.begin() as writing:
        writing.execute(sa.insert(t.tools).values(id="x", name="n", version="1", params=""))
        require_locks(postgres_url, lambda query, values: writing.execute(sa.text(query), values).scalar_one())
        drop_lock(postgres_url)  # after the transaction has asked
        follower.start()
        assert not entered.wait(0.5)
    plain.dispose()
    follower.join(20)
    assert entered.is_set()
    assert asked(postgres_url, "SELECT count(*) FROM tools") == 1


def test_server_that_ends_what_is_idle_leaves_a_run_its_connections(tmp_path, postgres_url):
    asked(postgres_url, "ALTER ROLE retold SET idle_session_timeout = '200ms'")
    try:
        with alone(tmp_path, postgres_url), RecordStore.open(postgres_url) as store:
            time.sleep(0.6)
            store.add_snapshot(snapshot())
            assert store.count_snapshots() == 1
    finally:
        asked(postgres_url, "ALTER ROLE retold RESET idle_session_timeout")


# --- what can be wrong with a server ---


def test_options_of_an_address_may_be_written_plainly_or_encoded(postgres_server):
    plain = postgres_server.url("written")
    encoded = plain.replace("-csearch_path=written", "-csearch_path%3Dwritten")
    assert plain != encoded
    for url in (plain, encoded, plain.replace("postgresql:", "postgresql+psycopg:")):
        with RecordStore.open(url) as store:
            store.add_snapshot(snapshot())
            assert store.count_snapshots() == 1
        assert asked(url, "SELECT current_schema()") == "written"


def test_port_that_is_no_number_is_told(tmp_path):
    for open_it in (RecordStore.open, lambda url: enter(tmp_path, url)):
        with pytest.raises(UserError, match=r"not an? (database )?address"):
            open_it("postgresql://desk@db.example:http/studies")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"password": "hunter2"}, "Check user and password"),
        ({"database": "nowhere"}, "Create the database"),
        ({"host": "nowhere.invalid"}, "Check the host's name"),
        ({"host": "127.0.0.1:1"}, "Is the server running"),
        ({"user": "nobody", "password": "hunter2"}, "Check user and password"),
        ({"database": "retold?sslmode=require"}, "Check what stands behind `?`"),
        ({"database": "retold?optoins=x"}, "Check what stands behind `?`"),
    ],
)
def test_server_that_cannot_be_opened_says_what_to_do_and_no_password(postgres_server: Server, changes, says):
    url = postgres_server.url("x", **changes).replace("?options=-csearch_path=x", "")
    for open_it in (RecordStore.open, lambda url: held_on_server(url, RUN, "run").__enter__()):
        with pytest.raises(UserError, match="cannot be opened") as raised:
            open_it(url)
        told = str(raised.value)
        assert says in told
        assert not {"hunter2", "secret"} & set(told.replace("'", " ").replace(":", " ").split())
        assert url not in told


def test_user_without_rights_is_told(postgres_server):
    with postgres.connect(postgres_server.url("public")) as server:
        server.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
        server.execute("CREATE SCHEMA rights")
        server.execute("GRANT USAGE ON SCHEMA rights TO guest")
    with pytest.raises(UserError, match="needs the right to create and write tables there"):
        RecordStore.open(postgres_server.url("rights", user="guest", password="guest"))


def test_connection_lost_while_writing_keeps_what_was_committed_and_the_next_run_goes_on(
    tmp_path, postgres_url, monkeypatch, parser_loaded_once
):
    with opened(tmp_path, store_url=postgres_url) as workspace:
        keep_stories(workspace)
    committed = 0
    commit = RecordStore.commit

    def cut(self: RecordStore, *args: Any) -> None:
        nonlocal committed
        committed += 1
        if committed == 5:  # all of them, the one that is in the middle of a transaction among them
            with self.engine.begin() as open_one:
                number = open_one.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
                open_one.execute(sa.insert(t.tools).values(id="half", name="h", version="1", params=""))
                asked(postgres_url, "SELECT pg_terminate_backend(%s)", number)
                open_one.execute(sa.text("SELECT 1"))
        commit(self, *args)

    monkeypatch.setattr(RecordStore, "commit", cut)
    with opened(tmp_path, store_url=postgres_url) as workspace, pytest.raises(LostError) as raised:
        build(workspace)
    assert raised.value.exit_code == 4
    assert "what was committed is kept, and the same command goes on" in str(raised.value)
    assert "secret" not in str(raised.value)
    monkeypatch.undo()
    with opened(tmp_path, store_url=postgres_url) as workspace:
        summary = build(workspace)
        assert summary.complete
        assert 0 < sum(stage.done for stage in summary.stages if stage.stage == "annotate") <= len(STORIES)
        derived = made(workspace)
    assert "half" not in str(derived["tools"])
    plain = tmp_path / "plain"
    plain.mkdir()
    with opened(plain) as fresh:
        keep_stories(fresh)
        build(fresh)
        assert made(fresh) == derived


def test_search_goes_on_after_the_server_dropped_its_connection(store, postgres_url):
    hold(store, "https://ledger.example/a", ["Tides rise."])
    with closing(connection(store)) as plain:
        places = Occurrences(plain)
        before = places.chosen("passages")
        (number,) = next(plain.rows("SELECT pg_backend_pid()"))
        asked(postgres_url, "SELECT pg_terminate_backend(%s, 5000)", number)
        assert places.chosen("passages") == before is not None


def words_counted(url: str) -> dict[str, int]:
    with postgres.connect(url) as server:
        return dict(server.execute("SELECT word, wordings FROM wording_words").fetchall())


def test_counts_of_words_follow_the_wordings(store, postgres_url):
    said = ("Tides rise, tides fall.", "Boats rise.", "Boats left.")
    make_fulltext(store)
    store.commit(None, [], {words_digest(words): words for words in said[:2]})
    store.commit(None, [], {words_digest(words): words for words in said})  # two of them are there
    assert words_counted(postgres_url) == {"tide": 1, "rise": 2, "fall": 1, "boat": 2, "left": 1}
    assert asked(postgres_url, "SELECT row(wordings, words)::text FROM wording_totals") == "(3,8)"
    asked(postgres_url, "DELETE FROM wordings WHERE wording LIKE 'Boats%%'")
    assert words_counted(postgres_url) == {"tide": 1, "rise": 1, "fall": 1}
    assert damage(store) is None


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE wording_words SET wordings = 7 WHERE word = 'tide'", "1 counts of words are not those"),
        ("DELETE FROM wording_words WHERE word = 'tide'", "1 counts of words are not those"),
        ("INSERT INTO wording_words VALUES ('whale', 1)", "1 counts of words are not those"),
        ("UPDATE wording_totals SET words = words + 1", "2 counts of words are not those"),
    ],
)
def test_counts_that_are_wrong_are_found(store, postgres_url, statement, told):
    make_fulltext(store)
    store.commit(None, [], {words_digest("Tides rise."): "Tides rise."})
    asked(postgres_url, statement)
    assert told in str(damage(store))
    drop_fulltext(store)
    make_fulltext(store)
    assert damage(store) is None


def test_index_of_an_earlier_version_is_made_anew(store, postgres_url):
    store.commit(None, [], {words_digest("Tides rise."): "Tides rise."})
    make_fulltext(store)
    asked(postgres_url, "DROP TRIGGER wording_words_add ON wordings")
    asked(postgres_url, "DROP TRIGGER wording_words_drop ON wordings")
    asked(postgres_url, "DROP TABLE wording_words, wording_totals")
    make_fulltext(store)
    assert words_counted(postgres_url) == {"tide": 1, "rise": 1}


# --- doctor ---


def test_doctor_names_the_server_without_the_password(tmp_path, postgres_url, postgres_server):
    with opened(tmp_path, store_url=postgres_url) as workspace:
        found = state(workspace, fix=False)
    where = rf"PostgreSQL 127\.0\.0\.1:{postgres_server.port}/retold \(schema s\w+\), version \d+\.\d+"
    assert re.fullmatch(where, found.store)
    assert "secret" not in json.dumps(state_json(found))


# --- take-down ---


def test_what_is_taken_down_lies_in_no_file_of_the_server(tmp_path, postgres_url, postgres_server, parser_loaded_once):
    url, words = "https://echo.example/rare", b"no cure for a worn-out xylophone"
    story = (*STORIES["https://echo.example/sleep"], f"“A nap is {words.decode()},” Tom Beck said on Tuesday.")
    with opened(tmp_path, store_url=postgres_url) as workspace:
        keep_stories(workspace)
        keep(workspace, url, page(url, story))
        build(workspace)
        with workspace.searching():
            pass
        server = postgres_server.url("public")
        asked(server, "CHECKPOINT")
        assert holding(postgres_server, words)
        assert holding(postgres_server, b"xylophon")  # among the words that are counted, too
        forget(workspace, url)
        asked(server, "CHECKPOINT")
        assert not holding(postgres_server, b"xylophon")
        left = made(workspace)
    assert url not in str(left)


def forget(workspace: Workspace, url: str) -> None:
    ids = frozenset(held.id for held in workspace.store.snapshots() if held.requested_url == url)
    take_down(workspace.archive, Request(snapshots=ids, addresses=(url,), reason="r", by="desk", at=NOON))
    workspace.finish_takedown(workspace.store)


def holding(server: Server, words: bytes) -> list[Path]:
    """The files of tables and indexes that have some bytes in them."""
    files = (path for path in (server.folder / "cluster" / "base").rglob("*") if path.is_file())
    return [path for path in files if words in path.read_bytes()]
