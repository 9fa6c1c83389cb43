"""What our own search costs at a size: in a new process beside the least that it takes, and in one that stays."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from kb import folders, minilm
from kb.workspace import Workspace
from queries.lookup import Desk, Question

COLD = 9
"""New processes of each kind; the quickest counts, for what slows one down is other work on the machine."""

AT = datetime(2026, 1, 1, tzinfo=UTC)

FILTERS: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "nearly all": {"since": "2025-01-01T01:00:00+00:00"},
    "one in ten": {"kind": "quote"},
    "one in forty": {"source": "outlet-3"},
    "one in a thousand": {"language": "de"},
}
"""What share of the wordings on a desk of bench/search_desk.py each leaves."""

BARE = """
import sys
import numpy, onnxruntime
from tokenizers import Tokenizer
weights, graph, matrix, query = sys.argv[1:]
tokenizer = Tokenizer.from_file(weights + "/tokenizer.json")
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
options.intra_op_num_threads = 1
options.enable_cpu_mem_arena = False
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
options.add_session_config_entry("session.model_external_initializers_file_folder_path", weights)
options.add_session_config_entry("session.disable_prepacking", "1")
session = onnxruntime.InferenceSession(open(graph, "rb").read(), options, providers=["CPUExecutionProvider"])
ids = numpy.array([tokenizer.encode(query).ids], numpy.int32)
(vector,) = session.run(None, {"ids": ids, "mask": numpy.ones_like(ids)})
scores = numpy.load(matrix, mmap_mode="r") @ vector[0]
best = numpy.argpartition(-scores, 10)[:10]
print(best[numpy.argsort(-scores[best])])
"""
"""The least: a vector of the query by the same weights and graph, compared with a mapped matrix."""


def cold(workspace: Workspace, query: str) -> dict[str, Any]:
    """Seconds of a new process, by the clock and on the processor, and their ratios to the bare script."""
    settings = workspace.settings
    (matrix,) = (path for path in settings.index_dir.glob("matrix-*.npy") if ".numbers" not in path.name)
    bare = [sys.executable, "-c", BARE, str(minilm.embedded_folder()), str(minilm.GRAPH), str(matrix), query]
    code = "from queries.front import main; main()"
    ours = [sys.executable, "-c", code, "--study", str(settings.study), "--data-dir", str(settings.data_dir), "search"]
    kinds = {
        "bare": bare,
        "dense": [*ours, query, "--mode", "dense"],
        "hybrid": [*ours, query],
        "hybrid --json": [*ours, query, "--json"],
    }
    for command in kinds.values():
        _process(command)  # what is read lies in memory afterwards
    taken = {name: [_process(command) for _ in range(COLD)] for name, command in kinds.items()}
    least = {name: [min(each) for each in zip(*runs, strict=True)] for name, runs in taken.items()}
    return {
        name: {
            "wall_s": round(wall, 3),
            "cpu_s": round(cpu, 3),
            "wall_ratio": round(wall / least["bare"][0], 2),
            "cpu_ratio": round(cpu / least["bare"][1], 2),
        }
        for name, (wall, cpu) in least.items()
    }


def disk(workspace: Workspace) -> dict[str, float]:
    """Megabytes of each place where vectors lie, and of vectors at 4 bytes a number."""
    index = workspace.settings.index_dir
    matrix = sum(path.stat().st_size for path in index.glob("matrix-*"))
    sizes = {
        "vectors alone": 4 * workspace.indexing.matrix.vectors.size,
        "record store, with all else": folders.database(workspace.settings.data_dir).stat().st_size,
        "matrix": matrix,
        "Chroma": sum(path.stat().st_size for path in index.rglob("*") if path.is_file()) - matrix,
    }
    return {name: round(size / 1e6, 1) for name, size in sizes.items()}


def _process(command: Sequence[str]) -> tuple[float, float]:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RETOLD_")}
    subprocess.run(command, check=True, capture_output=True, env=plain)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def warm(
    workspace: Workspace, asked: Sequence[str], timed: Callable[..., tuple[dict[str, float], list[Any]]]
) -> dict[str, Any]:
    """Milliseconds of a question to a desk that is open, its vector given, beside the bare index with as many
    candidates; how many hits it gives, and of a dense search how many of the ten that are nearest.
    """
    with workspace:
        matrix = workspace.indexing.matrix
        held = disk(workspace)
        vectors = dict(zip(asked, workspace.embedder.encode(list(asked)), strict=True))
        index: Any = workspace.indexing.index
        figures: dict[str, Any] = {
            "disk_mb": held,
            "bare index, 10": timed(list(vectors.values()), lambda vector: index.nearest(vector, 10))[0],
            "bare index, 200": timed(list(vectors.values()), lambda vector: index.nearest(vector, 200))[0],
            "matrix": timed(list(vectors.values()), lambda vector: matrix.nearest(vector, 200))[0],
            "vector of a query": timed(asked, lambda query: workspace.embedder.encode([query]))[0],
        }
        workspace.indexing.close()
        workspace.embedder = _Known(workspace.embedder.tool, vectors)
        desk = Desk(workspace)
        try:
            figures["times the bare index, 10"] = _by_turns(desk, vectors)
            for mode in ("dense", "lexical", "hybrid"):
                for name, narrowed in FILTERS.items():
                    figures[f"{mode}, filter {name}"] = _asked(desk, asked, mode, narrowed, timed)
        finally:
            desk.close()
    return figures


def _by_turns(desk: Desk, vectors: Mapping[str, Any]) -> dict[str, float]:
    """How many times as long on the processor as the index alone a dense search takes, asked by turns twice: what else
    the machine does meets both alike.
    """
    taken: dict[str, list[float]] = {"bare": [], "ours": []}
    kinds: dict[str, Callable[[str], Any]] = {
        "bare": lambda query: desk._lent.nearest(vectors[query], 10),
        "ours": lambda query: desk.search(Question(query=query, mode="dense"), AT),
    }
    for query in [*list(vectors)[:10], *vectors, *vectors]:
        for name, ask in kinds.items():
            started = time.process_time()
            ask(query)
            taken[name].append(time.process_time() - started)
    shares = {name: np.percentile(each[10:], (50, 95)) for name, each in taken.items()}
    p50, p95 = shares["ours"] / shares["bare"]
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}


class _Known:
    """Vectors that were made before: what is measured is the search."""

    def __init__(self, tool: Any, vectors: Mapping[str, Any]) -> None:
        self.tool = tool
        self._vectors = vectors

    def encode(self, wordings: Sequence[str]) -> Any:
        return np.array([self._vectors[wording] for wording in wordings])


def _asked(
    desk: Desk, asked: Sequence[str], mode: Any, narrowed: Mapping[str, Any], timed: Callable[..., Any]
) -> dict[str, Any]:
    started = time.perf_counter()
    desk.search(Question(query=asked[0], mode=mode, **narrowed), AT)
    first = {
        "first_wall_ms": round(1e3 * (time.perf_counter() - started), 1)
    }  # what a filter leaves is kept afterwards
    figures, answers = timed(asked, lambda query: desk.search(Question(query=query, mode=mode, **narrowed), AT))
    figures |= first
    figures["hits"] = round(float(np.mean([len(answer.hits) for answer in answers])), 2)
    if mode == "dense":
        figures["recall_at_10"] = _recall(desk, answers)
    return dict(figures)


def _recall(desk: Desk, answers: Sequence[Any]) -> float:
    """Share of the hits' scores that reach the tenth best of all that the filter of these answers leaves, compared one
    by one.
    """
    from kb.occurrences import Occurrences

    workspace, narrowed = desk.workspace, answers[0].question.narrowed(AT)
    left = workspace.indexing.matrix
    if not narrowed.open:
        with workspace.searching() as connection:
            left = left.among(Occurrences(connection).matching(narrowed))
    shares: list[float] = []
    for answer in answers:
        best = left.nearest(workspace.embedder.encode([answer.question.query])[0], 10)
        shares += [hit.score >= round(best[-1][1], 4) - 1e-4 for hit in answer.hits]
    return round(float(np.mean(shares)), 4)
