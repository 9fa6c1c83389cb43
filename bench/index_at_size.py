"""Vectors on a Chroma server: what it takes to fill, hold and ask it, ours beside its bare client."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import chromadb
import httpx
import numpy as np
from chromadb.config import Settings

from bench.processes import Processes, rates, spent
from bench.search_sizes import timed
from kb.index import GRAPH, ServerIndex, Vectors, reconcile
from kb.index_server import Server
from kb.indexing import search_width

TOOL = "tool:bench"
K = 10
PORTION = 2_000
"""What `kb.index.reconcile` sends at once; the bare client sends as much."""

WAYS = ("ours", "bare with our graph", "bare")
"""Ours; the bare client with a graph made and asked as ours is; with what Chroma chooses by itself."""

Ask = Callable[[Any], list[int]]


def vectors_on_server(
    matrix: Vectors, queries: Vectors, best: Sequence[Sequence[int]], ways: Sequence[str] = WAYS
) -> dict[str, Any]:
    """For each way, each on a server of its own: vectors a second, disk, memory, and milliseconds and recall of asking
    it for ten. `best`: of each query the ten nearest, which it should find.
    """
    return {way: _measured(way, matrix, queries, best) for way in ways}


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
    recall = np.mean([len(set(a) & set(b)) / K for a, b in zip(found, best, strict=True)])
    return {
        **rates(cost, len(matrix)),
        "disk_mb": round(size / 1e6, 1),
        "times_the_vectors": round(size / (4 * matrix.size), 2),
        "memory_filled_mb": round(memory / 1e6),
        "memory_asked_mb": round(held / 1e6),
        "first_s": first["wall_s"],
        **{name: figures[name] for name in ("wall_p50_ms", "wall_p95_ms", "cpu_p50_ms")},
        "server_cpu_ms": round(1e3 * asking["server_cpu_s"] / asked, 2),
        "recall_at_10": round(float(recall), 4),
    }


def _fill_ours(url: str, folder: Path, matrix: Vectors, _: str) -> None:
    """As a build does, but that the vectors come from memory: the record store has its own figures."""
    index = ServerIndex(Server(url=url, study="bench"), folder, TOOL)
    keys = [_key(number) for number in range(len(matrix))]
    reconcile(index, keys, lambda some: (some, matrix[[int(key) for key in some]]))
    index.widen(search_width(len(matrix)))
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
        index = ServerIndex(Server(url=url, study="bench"), folder, TOOL)
        yield lambda vector: [int(key) for key, _ in index.nearest(vector, K)]
        index.close()
        return
    collection = _client(url).get_collection("bench", embedding_function=None)

    def ask(vector: Any) -> list[int]:
        found = collection.query(query_embeddings=[vector], n_results=K, include=["distances"])
        return [int(key) for key in found["ids"][0]]

    yield ask


def _client(url: str) -> Any:
    return chromadb.HttpClient(url, settings=Settings(anonymized_telemetry=False))


def _key(number: int) -> str:
    """As long as the digests that the record store has."""
    return f"{number:064}"


@contextmanager
def chroma_server(folder: Path) -> Iterator[tuple[str, Processes]]:
    """`chroma run` over a folder, on a port of loopback: its address and its processes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    url, program = f"http://127.0.0.1:{port}", Path(sys.executable).with_name("chroma")
    process = subprocess.Popen(
        [program, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DO_NOT_TRACK": "1"},
    )
    try:
        _await(url, process)
        yield url, Processes(process.pid)
    finally:
        process.terminate()
        process.wait()


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 120
    while True:
        try:
            httpx.get(f"{url}/api/v2/heartbeat", timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.1)
