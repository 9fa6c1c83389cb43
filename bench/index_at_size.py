"""Vectors on a Chroma server: what it takes to fill, hold and ask it, ours beside its bare client."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.config import Settings

from bench.chroma_server import ChromaServer
from bench.processes import Processes, rates, spent
from bench.search_sizes import timed
from kb.index import GRAPH, ServerIndex, Vectors, reconcile
from kb.index_server import NAME, Server, collection_name
from kb.indexing import search_width
from kb.matrix import key_of, number_of

TOOL = "tool:bench"
K = 10
PORTION = 2_000
"""What `kb.index.reconcile` sends at once; the bare client sends as much."""

WAYS = ("ours", "bare with our graph", "bare")
"""Ours; the bare client with a graph made and asked as ours is; with what Chroma chooses by itself."""

Ask = Callable[[Any], list[int]]


def vectors_on_server(matrix: Vectors, queries: Vectors, best: Sequence[Sequence[int]]) -> dict[str, Any]:
    """For each way, each on a server of its own: vectors a second, disk, memory, and milliseconds and recall of asking
    it for ten. `best`: of each query the ten nearest, which it should find.
    """
    return {way: _measured(way, matrix, queries, best) for way in WAYS}


def _measured(way: str, matrix: Vectors, queries: Vectors, best: Sequence[Sequence[int]]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with chroma_server(folder / "chroma") as (url, server), spent(server) as cost:
            (_fill_ours if way == WAYS[0] else _fill_bare)(url, folder, matrix, way)
            memory = server.memory()
        with chroma_server(folder / "chroma") as (url, server), _opened(way, url, folder) as ask:  # as searches find it
            with spent(server) as first:
                ask(queries[0])
            with spent(server) as asking:
                figures, found = timed(list(queries), ask)
            asked = len(queries) + min(10, len(queries))  # those that go before to warm up
            held = server.memory()
        size = sum(path.stat().st_size for path in (folder / "chroma").rglob("*") if path.is_file())
    return {
        **rates(cost, len(matrix)),
        "disk_mb": round(size / 1e6, 1),
        "times_the_vectors": round(size / (4 * matrix.size), 2),
        "memory_filled_mb": round(memory / 1e6),
        "memory_asked_mb": round(held / 1e6),
        "first_s": first["wall_s"],
        **{name: figures[name] for name in ("wall_p50_ms", "wall_p95_ms", "cpu_p50_ms")},
        "server_cpu_ms": round(1e3 * asking["server_cpu_s"] / asked, 2),
        "recall_at_10": _recall(found, best),
    }


def on_server_as_held(data_dir: Path, queries: Vectors, more: Vectors) -> dict[str, Any]:
    """The Chroma folder of a data folder, copied and served: milliseconds and recall of asking it for ten as a search
    does, and vectors a second of adding half of `more` by us and half by the bare client.
    """
    (rows,) = (path for path in (data_dir / "index").glob("matrix-*.npy") if ".numbers" not in path.name)
    tool = f"tool:{rows.name.split('-')[1]}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(data_dir / "index", folder / "chroma", ignore=shutil.ignore_patterns("matrix-*", ".lock"))
        (folder / NAME).write_text("")  # its collection has no study's name before its own
        best, count = _nearest(rows, queries)
        with chroma_server(folder / "chroma") as (url, _), ServerIndex(_study(url), folder, tool) as index:
            index.settle("matrix-bench", search_width(count))
        with chroma_server(folder / "chroma") as (url, server), ServerIndex(_study(url), folder, tool) as index:
            with spent(server) as first:
                index.nearest(queries[0], K)
            with spent(server) as asking:
                figures, found = timed(
                    list(queries), lambda vector: [number_of(key) for key, _ in index.nearest(vector, K)]
                )
            asked, memory = len(queries) + min(10, len(queries)), server.memory()
            collection = _client(url).get_collection(collection_name(tool), embedding_function=None)
            added: dict[str, Callable[..., Any]] = {
                "ours": index.upsert,
                "bare": lambda ids, rows: collection.upsert(ids=ids, embeddings=rows),
            }
            costs = {}
            for way, part in zip(added, np.array_split(more, len(added)), strict=True):
                with spent(server) as cost:
                    for start in range(0, len(part), PORTION):
                        some = part[start : start + PORTION]
                        added[way]([f"{way}-{_key(start + number)}" for number in range(len(some))], some)
                costs[way] = rates(cost, len(part))
        size = sum(path.stat().st_size for path in (folder / "chroma").rglob("*") if path.is_file())
    return {
        "vectors": count,
        "disk_mb": round(size / 1e6, 1),
        "memory_asked_mb": round(memory / 1e6),
        "first_s": first["wall_s"],
        **{name: figures[name] for name in ("wall_p50_ms", "wall_p95_ms", "cpu_p50_ms")},
        "server_cpu_ms": round(1e3 * asking["server_cpu_s"] / asked, 2),
        "recall_at_10": _recall(found, best),
        "added": costs,
    }


def _nearest(rows: Path, queries: Vectors) -> tuple[list[list[int]], int]:
    """The ten nearest among a data folder's vectors, compared one by one, and how many there are."""
    matrix, numbers = np.load(rows, mmap_mode="r"), np.load(rows.with_suffix(".numbers.npy"))
    scores = np.vstack([matrix[start : start + 50_000] @ queries.T for start in range(0, len(matrix), 50_000)])
    return numbers[np.argsort(-scores, axis=0)[:K].T].tolist(), len(matrix)


def _recall(found: Sequence[Sequence[Any]], best: Sequence[Sequence[Any]]) -> float:
    shares = [len(set(one) & set(other)) / K for one, other in zip(found, best, strict=True)]
    return round(float(np.mean(shares)), 4)


def _study(url: str) -> Server:
    return Server(url=url, study="bench")


def _fill_ours(url: str, folder: Path, matrix: Vectors, _: str) -> None:
    """As a build does, but that the vectors come from memory: the record store has its own figures."""
    index = ServerIndex(_study(url), folder, TOOL)
    keys = [_key(number) for number in range(len(matrix))]
    reconcile(index, keys, lambda some: (some, matrix[[number_of(key) for key in some]]))
    index.settle("matrix-bench", search_width(len(matrix)))
    index.close()


def _fill_bare(url: str, _: Path, matrix: Vectors, way: str) -> None:
    """By upserts of the same vectors under the same keys."""
    graph = {**GRAPH, "ef_search": search_width(len(matrix))} if way == WAYS[1] else {"space": "cosine"}
    collection = _client(url).create_collection("bench", embedding_function=None, configuration={"hnsw": graph})
    for start in range(0, len(matrix), PORTION):
        rows = matrix[start : start + PORTION]
        collection.upsert(ids=[_key(start + number) for number in range(len(rows))], embeddings=rows)


@contextmanager
def _opened(way: str, url: str, folder: Path) -> Iterator[Ask]:
    """What asks for the ten nearest to a vector."""
    if way == WAYS[0]:
        index = ServerIndex(_study(url), folder, TOOL)
        yield partial(_ours, index)
        index.close()
        return
    collection = _client(url).get_collection("bench", embedding_function=None)

    def ask(vector: Any) -> list[int]:
        found = collection.query(query_embeddings=[vector], n_results=K, include=["distances"])
        return [number_of(key) for key in found["ids"][0]]

    yield ask


def _ours(index: ServerIndex, vector: Any) -> list[int]:
    return [number_of(key) for key, _ in index.nearest(vector, K)]


def _client(url: str) -> Any:
    return chromadb.HttpClient(url, settings=Settings(anonymized_telemetry=False))


def _key(number: int) -> str:
    """As a build's, the beginning of a digest invented."""
    return key_of(number, f"{number:08x}")


@contextmanager
def chroma_server(folder: Path) -> Iterator[tuple[str, Processes]]:
    """One over a folder: its address and its processes."""
    server = ChromaServer(folder)
    try:
        yield server.url, Processes(server.start())
    finally:
        server.stop()
