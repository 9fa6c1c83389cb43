"""A Chroma server that is killed, forgets, is busy or refuses; the contract of every index is in test_index.py."""

import io
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from making import NOON
from newsdesk import STORIES, indexed, keep, keep_stories, opened, page
from rich.console import Console

from bench.chroma_server import ChromaServer
from kb import index as indexes
from kb import index_server
from kb.errors import DataError, LostError, UserError
from kb.index import ServerIndex, discard
from kb.index_server import BUILDING, SEARCHING, Patience, Server, WatchedIndex, prefix
from kb.matrix import key_of
from kb.pipeline import build
from kb.takedown import Request, is_unfinished, take_down
from kb.workspace import Workspace
from queries import lookup
from queries.lookup import Desk, Question
from queries.upkeep import State, print_state, state, state_json

TOOL = "tool:0123456789abcdef0123456789abcdef"
QUICK = Patience(tries=3, pause_s=0.01, timeout_s=10.0)
QUESTION = Question(query="short naps at night", k=3, mode="dense")


@pytest.fixture
def chroma(chroma_server: ChromaServer) -> Iterator[ChromaServer]:
    """The server, up again when the test is over."""
    yield chroma_server
    chroma_server.kill()
    chroma_server.start()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits half a minute for a server that a test has killed."""
    monkeypatch.setattr(ServerIndex.__init__, "__defaults__", (QUICK,))
    monkeypatch.setattr(indexes, "BUILDING", QUICK)
    monkeypatch.setattr(index_server, "RETRY_S", (0.05, 0.1))


@pytest.fixture
def workspace(tmp_path: Path, chroma: ChromaServer, parser_loaded_once: None) -> Iterator[Workspace]:
    with opened(tmp_path, index_url=chroma.url) as made:
        keep_stories(made)
        build(made)
        yield made


def wanted(workspace: Workspace) -> set[str]:
    return workspace.store.active_wordings() | set(workspace.study_wordings)


def printed(found: State) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_state(found, console)
    return console.file.getvalue()


def held(workspace: Workspace) -> set[str]:
    keys = indexed(workspace)
    workspace.indexing.close()
    return keys


def units(count: int) -> np.ndarray:
    rows = np.random.default_rng(5).normal(size=(count, 8)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def lose(server: ChromaServer) -> None:
    server.kill()
    server.forget()
    server.start()


def at_upsert(monkeypatch: pytest.MonkeyPatch, number: int, do: Any) -> None:
    """Small batches, and `do` right before one of them."""
    seen = 0
    upsert = ServerIndex.upsert

    def counted(self: ServerIndex, keys: Any, vectors: Any) -> None:
        self._portion = 2
        ask = self._ask

        def one(call: Any, **given: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == number:
                do()
            return ask(call, **given)

        monkeypatch.setattr(self, "_ask", one)
        upsert(self, keys, vectors)

    monkeypatch.setattr(ServerIndex, "upsert", counted)


# --- killed, and started again ---


def test_killed_in_the_middle_of_a_fill_it_is_told_and_the_next_build_goes_on(
    tmp_path, chroma, parser_loaded_once, impatient
):
    with opened(tmp_path, index_url=chroma.url) as workspace:
        keep_stories(workspace)
        with pytest.MonkeyPatch.context() as patch:
            at_upsert(patch, 3, chroma.kill)
            with pytest.raises(LostError) as raised:
                build(workspace)
        assert raised.value.exit_code == 4
        assert f"127.0.0.1:{chroma.port} went away" in str(raised.value)
        assert "the next `retold build` goes on from there" in str(raised.value)
    chroma.start()
    with opened(tmp_path, index_url=chroma.url) as workspace:
        assert 0 < len(held(workspace)) < len(wanted(workspace))
        workspace.embedder.encode = not_again
        assert build(workspace).complete
        assert held(workspace) == wanted(workspace)


def not_again(*_: object) -> None:
    raise AssertionError("what is embedded is embedded once")


def test_server_started_again_in_the_middle_of_a_fill_is_waited_for(tmp_path, chroma, parser_loaded_once, monkeypatch):
    back = threading.Timer(0.5, chroma.start)

    def restart() -> None:
        chroma.kill()
        back.start()

    at_upsert(monkeypatch, 3, restart)
    with opened(tmp_path, index_url=chroma.url) as workspace:
        keep_stories(workspace)
        assert build(workspace).complete
        back.join()
        assert held(workspace) == wanted(workspace)


def test_build_without_a_server_says_what_to_do(tmp_path, chroma, parser_loaded_once, impatient):
    chroma.kill()
    with opened(tmp_path, index_url=chroma.url) as workspace:
        keep_stories(workspace)
        with pytest.raises(UserError, match=rf"127.0.0.1:{chroma.port} does not answer .*`chroma run --path DIR"):
            build(workspace)


# --- what it held is gone ---


def test_lost_data_is_seen_by_doctor_and_filled_again_without_a_model(workspace, chroma):
    lose(chroma)
    workspace.embedder.encode = not_again
    found = state(workspace, fix=False)
    assert (found.index_missing, found.healthy) == (len(wanted(workspace)), False)
    assert state(workspace, fix=True).healthy
    assert held(workspace) == wanted(workspace)
    assert state(workspace, fix=False).index_missing == 0


def test_doctor_names_the_server_and_what_it_holds_or_that_it_is_away_without_the_password(
    workspace, chroma, impatient
):
    secret = chroma.url.replace("//", "//desk:s3cret@")
    workspace.settings = workspace.settings.model_copy(update={"index_url": secret})
    workspace.__dict__.pop("indexing").close()
    found = state(workspace, fix=False)
    count = len(wanted(workspace))
    said = printed(found)
    assert f"vectors   the Chroma server {chroma.url}, version 1." in said
    assert f": {count} wordings\n" in said
    chroma.kill()
    away = state(workspace, fix=False)
    assert (away.healthy, away.captures, away.index_missing) == (False, len(STORIES), 0)
    assert f"vectors   the Chroma server {chroma.url} does not answer" in printed(away)
    assert "s3cret" not in said + printed(away) + json.dumps([state_json(found), state_json(away)])


def test_lost_data_is_filled_again_by_the_next_build(workspace, chroma):
    lose(chroma)
    assert build(workspace).complete
    assert held(workspace) == wanted(workspace)


def test_data_lost_while_the_index_is_open_is_told(workspace, chroma, impatient):
    index = workspace.indexing.index
    lose(chroma)
    with pytest.raises(DataError, match="`retold doctor --fix` fills it"):
        index.keys()
    workspace.indexing.close()


# --- a process that stays ---


@pytest.fixture
def desk(workspace: Workspace, impatient: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(lookup, "EXACT", 0)
    made = Desk(workspace)
    yield made
    made.close()


def told(desk: Desk) -> list[str]:
    return [hit.text for hit in desk.search(QUESTION, NOON).hits]


def asks_the_server(desk: Desk) -> bool:
    return desk._lent.nearest(desk.workspace.embedder.encode(["short naps"])[0], 3) is not None


def eventually_asks_the_server(desk: Desk) -> bool:
    end = time.monotonic() + 20
    while not asks_the_server(desk) and time.monotonic() < end:
        time.sleep(0.02)
    return asks_the_server(desk)


def test_search_is_exact_while_the_server_is_away_and_asks_it_again_when_it_is_back(desk, workspace, chroma):
    exact = [hit.text for hit in lookup.search(workspace, QUESTION, NOON).hits]
    assert asks_the_server(desk)
    assert told(desk) == exact
    chroma.kill()
    assert not asks_the_server(desk)
    assert told(desk) == exact
    chroma.start()
    assert eventually_asks_the_server(desk)
    assert told(desk) == exact


def test_search_is_exact_until_lost_data_is_filled_again(desk, workspace, chroma):
    exact = told(desk)
    assert asks_the_server(desk)
    lose(chroma)
    assert told(desk) == exact
    keys = sorted(wanted(workspace))
    half = ServerIndex(workspace.index_server, workspace.settings.index_dir, workspace.embedder.tool.id)
    vectors = workspace.reader.vectors(keys[:2], workspace.embedder.tool.id)[1]
    half.upsert([key_of(*each) for each in enumerate(keys[:2])], vectors)
    half.close()
    time.sleep(0.2)  # longer than it is left alone
    assert not asks_the_server(desk)
    assert told(desk) == exact
    workspace.indexing.reconcile()
    assert eventually_asks_the_server(desk)
    assert told(desk) == exact


def test_many_threads_may_ask_while_the_server_goes_and_comes(tmp_path, chroma, impatient):
    vectors = units(3)
    server = Server(url=chroma.url, study="tides")
    made = ServerIndex(server, tmp_path, TOOL, BUILDING)
    made.upsert(["a", "b", "c"], vectors)
    made.close()
    watched = WatchedIndex(lambda: ServerIndex(server, tmp_path, TOOL, SEARCHING))
    ended = threading.Event()

    def ask(_: int) -> set[str | None]:
        seen: set[str | None] = set()
        while not ended.wait(0.005):
            found = watched.nearest(vectors[0], 1)
            seen.add(found[0][0] if found else None)
        return seen

    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(ask, range(8))
        for _ in range(2):
            time.sleep(0.3)
            chroma.kill()
            time.sleep(0.3)
            chroma.start()
        time.sleep(0.5)
        ended.set()
        assert set().union(*answers) == {"a", None}
    watched.close()
    assert watched.nearest(vectors[0], 1) is None


# --- several studies, take-downs ---


def test_studies_that_share_a_server_leave_each_other_alone(tmp_path, chroma_server):
    server = Server(url=chroma_server.url, study="tides")
    one, other = (ServerIndex(server, tmp_path / name, TOOL) for name in "ab")
    one.upsert(["a"], units(1))
    other.upsert(["b", "c"], units(2))
    newer = ServerIndex(server, tmp_path / "a", "tool:ffff")
    newer.upsert(["d"], units(1))
    assert (one.keys(), other.keys(), newer.keys()) == ({"a"}, {"b", "c"}, {"d"})
    assert newer.drop_others() == 1
    assert (other.keys(), newer.keys()) == ({"b", "c"}, {"d"})
    discard(tmp_path / "a", server)
    assert other.keys() == {"b", "c"}
    with pytest.raises(DataError):
        newer.keys()
    for each in (one, other, newer):
        each.close()


def test_name_of_the_collections_is_chosen_once_and_outlives_a_take_down(tmp_path):
    server = Server(url="http://127.0.0.1:1", study="tides")
    assert prefix(tmp_path) is None
    first = prefix(tmp_path, server)
    assert first is not None
    assert first.startswith("tides-")
    discard(tmp_path)
    assert prefix(tmp_path, server) == prefix(tmp_path) == first
    assert prefix(tmp_path / "copy", server) != first


def test_taken_down_words_leave_the_server_and_not_before_it_answers(workspace, chroma, impatient):
    url, words = "https://echo.example/rare", "A nap is no cure for a worn-out xylophone"
    keep(workspace, url, page(url, (f"“{words},” Tom Beck said on Tuesday to a meeting of the night staff.",) * 2))
    build(workspace)
    before = held(workspace)
    ids = frozenset(each.id for each in workspace.store.snapshots() if each.requested_url == url)
    take_down(workspace.archive, Request(snapshots=ids, addresses=(url,), reason="r", by="desk", at=NOON))
    chroma.kill()
    with pytest.raises(UserError, match=r"does not answer .* goes with the next command that finds it"):
        workspace.finish_takedown(workspace.store)
    assert is_unfinished(workspace.archive)
    chroma.start()
    workspace.finish_takedown(workspace.store)
    assert not is_unfinished(workspace.archive)
    assert held(workspace) == set()
    workspace.indexing.reconcile()
    assert held(workspace) == wanted(workspace) < before


# --- busy, silent, refusing: a front before the real server ---


class Front:
    """Answers with `status` for the next `times` requests, else what the server behind it says."""

    def __init__(self, behind: str) -> None:
        self.behind = behind
        self.status, self.times, self.delay_s = 503, 0, 0.0
        self.tokens: set[str | None] = set()
        self.turned_away = 0


@contextmanager
def fronted(behind: str) -> Iterator[tuple[Front, str]]:
    front = Front(behind)

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            front.tokens.add(self.headers.get("Authorization"))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, content = front.status, b"busy"
            if front.times:
                front.times -= 1
                front.turned_away += 1
                time.sleep(front.delay_s)
            else:
                head = {"Content-Type": "application/json"}
                answer = httpx.request(self.command, front.behind + self.path, content=body, headers=head)
                status, content = answer.status_code, answer.content
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_PUT = pass_on  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                """Whoever asked did not wait."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield front, f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


@pytest.mark.parametrize("status", [429, 503])
def test_busy_server_is_asked_again_and_everything_arrives_once(tmp_path, chroma_server, status):
    with fronted(chroma_server.url) as (front, url):
        index = ServerIndex(Server(url=url, study="tides"), tmp_path, TOOL, QUICK)
        front.status, front.times = status, 2
        index.upsert(["a", "b"], units(2))
        assert front.turned_away == 2
        assert index.keys() == {"a", "b"}
        index.close()


def test_server_that_stays_busy_is_given_up_after_so_many_tries(tmp_path, chroma_server):
    with fronted(chroma_server.url) as (front, url):
        index = ServerIndex(Server(url=url, study="tides"), tmp_path, TOOL, QUICK)
        front.times = 1_000
        with pytest.raises(LostError, match=r"the Chroma server http://127\.0\.0\.1:\d+ went away or is too busy"):
            index.upsert(["a"], units(1))
        assert front.turned_away == QUICK.tries
        index.close()


def test_server_that_does_not_answer_is_not_waited_for_without_end(tmp_path, chroma_server):
    with fronted(chroma_server.url) as (front, url):
        index = ServerIndex(Server(url=url, study="t"), tmp_path, TOOL, Patience(tries=2, pause_s=0.01, timeout_s=0.2))
        front.times, front.delay_s = 2, 1.0
        with pytest.raises(LostError, match="timed out"):
            index.keys()
        index.close()


@pytest.mark.parametrize("where", ["environment", "address"])
def test_secret_is_sent_and_never_told(tmp_path, chroma_server, monkeypatch, where):
    user = "desk:s3cret@" if where == "address" else ""
    if where == "environment":
        monkeypatch.setenv("CHROMA_CLIENT_AUTH_CREDENTIALS", "s3cret")
    with fronted(chroma_server.url) as (front, url):
        server = Server(url=url.replace("//", f"//{user}"), study="tides")
        index = ServerIndex(server, tmp_path, TOOL, QUICK)
        assert {"environment": "Bearer s3cret", "address": "Basic ZGVzazpzM2NyZXQ="}[where] in front.tokens
        front.status, front.times = 401, 1
        with pytest.raises(UserError, match="CHROMA_CLIENT_AUTH_CREDENTIALS") as refused:
            index.keys()
        front.status, front.times = 503, QUICK.tries
        with pytest.raises(LostError) as lost:
            index.keys()
        assert "s3cret" not in f"{refused.value} {lost.value} {server!r}"
        index.close()


@pytest.mark.parametrize("url", ["db.example:8000", "ftp://db.example", "http://", "http://db.example:port"])
def test_what_is_no_address_is_told(url):
    with pytest.raises(UserError, match="RETOLD_INDEX_URL is not the address of a Chroma server"):
        Server(url=url, study="tides")


def test_search_never_makes_a_collection(tmp_path, chroma_server):
    server = Server(url=chroma_server.url, study="tides")
    with pytest.raises(DataError):
        ServerIndex(server, tmp_path, TOOL, SEARCHING)
    made = ServerIndex(server, tmp_path, TOOL, BUILDING)
    made.close()
    ServerIndex(server, tmp_path, TOOL, SEARCHING).close()
