"""One contract for every vector index, and bringing one in step with the record store."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kb import index as indexes
from kb import lent as lends
from kb.errors import DataError, UserError
from kb.index import (
    ChromaIndex,
    Neighbours,
    ServerIndex,
    VectorIndex,
    Vectors,
    reconcile,
)
from kb.index_server import Server, collection_name
from kb.indexing import finds_itself
from kb.lent import LentIndex

TOOL = "tool:0123456789abcdef0123456789abcdef"
random = np.random.default_rng(7)


def units(count: int, width: int = 8) -> np.ndarray:
    rows = random.normal(size=(count, width)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class ExactIndex:
    """All vectors in memory, compared one by one: the yardstick."""

    def __init__(self, vectors: Mapping[str, Vectors] | None = None) -> None:
        self._vectors: dict[str, Vectors] = dict(vectors or {})
        self.matrix: str | None = None

    def keys(self) -> set[str]:
        return set(self._vectors)

    def upsert(self, keys: Sequence[str], vectors: Vectors) -> None:
        self._vectors.update(zip(keys, vectors, strict=True))

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._vectors.pop(key, None)

    def nearest(self, vector: Vectors, k: int) -> Neighbours:
        keys = sorted(self._vectors)
        if not keys:
            return []
        scores = np.vstack([self._vectors[key] for key in keys]) @ vector
        order = np.argsort(-scores, kind="stable")[:k]
        return [(keys[i], float(scores[i])) for i in order]

    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]:
        return {key: self._vectors[key] for key in keys if key in self._vectors}

    def settle(self, matrix: str, width: int) -> None:
        self.matrix = matrix

    def drop_others(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing to release."""


@pytest.fixture(params=["exact", "chroma", "server"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorIndex]:
    opened: VectorIndex = ExactIndex()
    if request.param == "chroma":
        opened = ChromaIndex(tmp_path / "index", TOOL)
    elif request.param == "server":
        server = Server(url=request.getfixturevalue("chroma_server").url, study="tides")
        opened = ServerIndex(server, tmp_path / "index", TOOL)
    yield opened
    opened.close()


# --- the contract ---


def test_new_index_holds_nothing(index):
    assert index.keys() == set()
    assert index.nearest(units(1)[0], 5) == []


def test_nearest_come_first_with_their_cosine(index):
    vectors = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 0, 1]], np.float32)
    index.upsert(["same", "near", "far"], vectors)
    found = index.nearest(np.array([1, 0, 0], np.float32), 3)
    assert [key for key, _ in found] == ["same", "near", "far"]
    assert [score for _, score in found] == pytest.approx([1.0, 0.6, 0.0], abs=1e-6)


def test_vectors_come_back_as_they_were_given(index):
    given = units(3)
    index.upsert(["a", "b", "c"], given)
    held = index.vectors(["c", "a", "nobody"])
    assert held.keys() == {"a", "c"}
    assert np.allclose([held["a"], held["c"]], given[[0, 2]], atol=1e-6)


def test_no_more_than_there_are(index):
    index.upsert(["a", "b"], units(2))
    assert len(index.nearest(units(1)[0], 50)) == 2


def test_no_more_than_asked(index):
    index.upsert([str(n) for n in range(30)], units(30))
    assert len(index.nearest(units(1)[0], 4)) == 4


def test_key_put_again_takes_the_new_vector(index):
    index.upsert(["a"], np.array([[1, 0]], np.float32))
    index.upsert(["a"], np.array([[0, 1]], np.float32))
    assert index.keys() == {"a"}
    assert index.nearest(np.array([0, 1], np.float32), 1)[0][1] == pytest.approx(1.0)


def test_deleted_key_is_not_found(index):
    index.upsert(["a", "b"], units(2))
    index.delete(["a"])
    assert index.keys() == {"b"}
    assert [key for key, _ in index.nearest(units(1)[0], 5)] == ["b"]


def test_deleting_what_is_not_there_is_no_error(index):
    index.delete(["nothing"])
    assert index.keys() == set()


def test_nothing_can_be_put_and_deleted(index):
    index.upsert([], np.empty((0, 8), np.float32))
    index.delete([])
    assert index.keys() == set()


def test_agrees_with_the_yardstick_on_the_nearest(index):
    vectors, query = units(400), units(1)[0]
    keys = [f"k{n:03}" for n in range(400)]
    index.upsert(keys, vectors)
    exact = ExactIndex(dict(zip(keys, vectors, strict=True))).nearest(query, 10)
    assert {key for key, _ in index.nearest(query, 10)} == {key for key, _ in exact}


def test_reconcile_adds_what_is_missing_and_removes_the_rest(index):
    held = dict(zip("abc", units(3), strict=True))
    index.upsert(["c", "old"], units(2))
    wanted = ["a", "b", "c", "unembedded"]
    counts = reconcile(index, wanted, lambda keys: _load(held, keys))
    assert counts == (2, 1)
    assert index.keys() == {"a", "b", "c"}


def test_reconcile_twice_does_nothing_more(index):
    held = dict(zip("abc", units(3), strict=True))
    reconcile(index, held, lambda keys: _load(held, keys))
    assert reconcile(index, held, lambda keys: _load(held, keys)) == (0, 0)


def _load(held: dict[str, np.ndarray], keys: list[str]) -> tuple[list[str], np.ndarray]:
    found = [key for key in keys if key in held]
    return found, np.vstack([held[key] for key in found]) if found else np.empty((0, 0), np.float32)


# --- each by itself ---


def test_exact_ties_go_by_key():
    same = units(1)[0]
    found = ExactIndex({"b": same, "a": same, "c": same}).nearest(same, 2)
    assert [key for key, _ in found] == ["a", "b"]


def test_chroma_keeps_what_it_holds(tmp_path):
    with ChromaIndex(tmp_path, TOOL) as first:
        first.upsert(["a"], units(1))
    with ChromaIndex(tmp_path, TOOL) as second:
        assert second.keys() == {"a"}


def test_chroma_takes_more_than_one_batch(tmp_path, monkeypatch):
    with ChromaIndex(tmp_path, TOOL) as index:
        monkeypatch.setattr(index, "_portion", 7)
        index.upsert([str(n) for n in range(20)], units(20))
        index.delete([str(n) for n in range(15)])
        assert index.keys() == {str(n) for n in range(15, 20)}


def test_another_tool_has_a_collection_of_its_own(tmp_path):
    with ChromaIndex(tmp_path, TOOL) as first:
        first.upsert(["a"], units(1))
    with ChromaIndex(tmp_path, "tool:ffff") as second:
        assert second.keys() == set()


def test_collections_of_other_tools_go_with_their_files(tmp_path):
    with ChromaIndex(tmp_path, "tool:ffff") as old:
        old.upsert([str(n) for n in range(1_200)], units(1_200))  # enough for Chroma to write a graph
    held = {path for path in tmp_path.iterdir() if path.is_dir()}
    size = (tmp_path / "chroma.sqlite3").stat().st_size
    with ChromaIndex(tmp_path, TOOL) as new:
        new.upsert(["a"], units(1))
        assert new.drop_others() == 1
        assert (tmp_path / "chroma.sqlite3").stat().st_size < size
        assert new.drop_others() == 0
        assert new.keys() == {"a"}
    assert held
    assert not any(path.exists() for path in held)
    with ChromaIndex(tmp_path, "tool:ffff") as again:
        assert again.keys() == set()


def test_width_of_searches_and_matrix_are_kept(tmp_path):
    with ChromaIndex(tmp_path, TOOL) as index:
        index.upsert(["a"], units(1))
        index.settle("matrix-a", 250)
        index.settle("matrix-a", 600)
    with ChromaIndex(tmp_path, TOOL) as again:
        assert again.matrix == "matrix-a"
        assert again._collection.configuration_json["hnsw"]["ef_search"] == 600
        assert again.keys() == {"a"}


def test_collection_name_is_one_that_chroma_takes():
    assert collection_name(TOOL) == "numbers-0123456789abcdef0123456789abcdef"


def test_index_in_use_elsewhere_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(indexes, "LOCK_WAIT_S", 0.05)
    with ChromaIndex(tmp_path, TOOL), pytest.raises(UserError, match="in use by another retold process"):
        ChromaIndex(tmp_path, TOOL)


def test_index_can_be_opened_again_after_it_was_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(indexes, "LOCK_WAIT_S", 0.05)
    ChromaIndex(tmp_path, TOOL).close()
    ChromaIndex(tmp_path, TOOL).close()


def test_damaged_index_says_what_to_do(tmp_path):
    (tmp_path / "chroma.sqlite3").write_bytes(b"hello world " * 1000)
    with pytest.raises(DataError, match="`retold doctor --fix` makes it anew") as raised:
        ChromaIndex(tmp_path, TOOL)
    assert raised.value.exit_code == 3


@pytest.mark.parametrize("ask", ["nearest", "upsert"])
def test_damage_found_when_asked_says_what_to_do_too(tmp_path, ask):
    with ChromaIndex(tmp_path, TOOL) as index:
        index.upsert([str(n) for n in range(1_500)], units(1_500))
    next(tmp_path.rglob("header.bin")).unlink()
    with ChromaIndex(tmp_path, TOOL) as index, pytest.raises(DataError, match="makes it anew"):
        index.nearest(units(1)[0], 5) if ask == "nearest" else index.upsert(["x"], units(1))


def _write_for_ever(folder: Path, started: "multiprocessing.synchronize.Event") -> None:
    index = ChromaIndex(folder, TOOL)
    for number in range(10_000):
        index.upsert([f"{number}-{n}" for n in range(50)], units(50))
        started.set()


def test_index_of_a_killed_process_goes_on(tmp_path):
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    writer = context.Process(target=_write_for_ever, args=(tmp_path, started))
    writer.start()
    assert started.wait(60)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    held = dict(zip("abc", units(3), strict=True))
    with ChromaIndex(tmp_path, TOOL) as index:
        reconcile(index, held, lambda keys: _load(held, keys))
        assert index.keys() == set("abc")
        assert {key for key, _ in index.nearest(held["a"], 3)} == set("abc")


@pytest.mark.parametrize("count", [1_500, 10_000])
def test_reopened_in_another_process_it_finds_what_it_found(tmp_path, count):
    """Past a thousand vectors, where Chroma goes over to its graph: chroma #7090 and #3638."""
    vectors = units(count, 32)
    keys = [f"{number:05}" for number in range(count)]
    with ChromaIndex(tmp_path, TOOL) as index:
        index.upsert(keys, vectors)
        before = [index.nearest(vector, 10) for vector in vectors[:20]]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        after = pool.submit(found_elsewhere, tmp_path, vectors[:20]).result()
    assert [[key for key, _ in found] for found in after] == [[key for key, _ in found] for found in before]
    exact = [[keys[at] for at in np.argsort(-(vectors @ vector))[:10]] for vector in vectors[:20]]
    hit = sum(len({key for key, _ in found} & set(best)) for found, best in zip(after, exact, strict=True))
    assert hit >= 190  # of 200


def found_elsewhere(folder: Path, vectors: np.ndarray) -> list[Neighbours]:
    with ChromaIndex(folder, TOOL) as index:
        return [index.nearest(vector, 10) for vector in vectors]


def test_index_that_names_its_keys_but_finds_none_of_them_is_noticed():
    class Dead(ExactIndex):
        def nearest(self, vector: Vectors, k: int) -> Neighbours:
            return []

    vectors = units(3)
    whole, dead = ExactIndex(), Dead()
    for index in (whole, dead):
        index.upsert(["a", "b", "c"], vectors)
    assert finds_itself(whole, ["a", "b", "c"], vectors)
    assert not finds_itself(dead, ["a", "b", "c"], vectors)


def test_a_vector_that_no_path_leads_to_is_no_damage():
    class Astray(ExactIndex):
        lost: frozenset[str]

        def nearest(self, vector: Vectors, k: int) -> Neighbours:
            return [near for near in super().nearest(vector, k + 2) if near[0] not in self.lost][:k]

    keys, vectors = [f"{number:03}" for number in range(500)], units(500, 32)
    index = Astray(dict(zip(keys, vectors, strict=True)))
    index.lost = frozenset({"007"})
    assert finds_itself(index, keys, vectors)
    assert not finds_itself(index, keys[:50], vectors[:50])
    index.lost = frozenset({"007", "008"})
    assert not finds_itself(index, keys, vectors)


# --- an index that a long-lived process lends ---


@pytest.fixture
def lent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LentIndex]:
    monkeypatch.setattr(lends, "LOOK_S", 0.05)
    with ChromaIndex(tmp_path, TOOL) as index:
        index.upsert(["a"], units(1))
    lending = LentIndex(tmp_path, lambda: ChromaIndex(tmp_path, TOOL, wait_s=0))
    yield lending
    lending.close()


def asked(lent: LentIndex) -> list[str] | None:
    found = lent.nearest(units(1)[0], 5)
    return None if found is None else [key for key, _ in found]


def eventually(lent: LentIndex, expected: list[str] | None) -> bool:
    end = time.monotonic() + 10
    while asked(lent) != expected and time.monotonic() < end:
        time.sleep(0.02)
    return asked(lent) == expected


def test_index_that_nobody_else_wants_answers(lent):
    assert asked(lent) == asked(lent) == ["a"]


def test_build_gets_the_lent_index_soon_and_what_it_puts_in_is_found_afterwards(lent, tmp_path):
    assert asked(lent) == ["a"]
    with ChromaIndex(tmp_path, TOOL, wait_s=10) as build:
        build.upsert(["b"], units(1))
        assert asked(lent) is None
    end = time.monotonic() + 10
    while set(asked(lent) or ()) != {"a", "b"} and time.monotonic() < end:
        time.sleep(0.02)
    assert set(asked(lent) or ()) == {"a", "b"}


def test_wish_of_a_process_that_was_killed_is_forgotten(lent, tmp_path):
    (tmp_path / ".wanted").touch()
    assert asked(lent) is None
    os.utime(tmp_path / ".wanted", (0, 0))
    assert eventually(lent, ["a"])


def test_closed_index_is_free_and_answers_no_more(lent, tmp_path):
    assert asked(lent) == ["a"]
    lent.close()
    with ChromaIndex(tmp_path, TOOL, wait_s=0):
        assert asked(lent) is None


def test_many_threads_may_ask_while_it_is_taken_and_given_back(lent, tmp_path):
    def ask(_: int) -> bool:
        found = asked(lent)
        return found is None or found == ["a"]

    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(ask, range(400))
        for _ in range(3):
            with ChromaIndex(tmp_path, TOOL, wait_s=10):
                time.sleep(0.05)
        assert all(answers)
    assert eventually(lent, ["a"])
