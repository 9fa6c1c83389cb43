"""The bench of both servers, on real ones and very few wordings."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from postgres import Server

from bench import servers
from bench.index_at_size import WAYS, on_server_as_held, vectors_on_server
from bench.records_at_size import records
from bench.search_desk import desk
from bench.search_sizes import mixed
from kb.text import words_digest

SAID = {words_digest(text): text for text in (f"Story {n} of {n % 7} tides and {n % 3} boats." for n in range(300))}


def units(count: int, width: int = 384) -> np.ndarray:
    rows = np.random.default_rng(3).normal(size=(count, width)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_our_rows_take_the_same_room_as_bare_ones_and_are_searched_beside_ts_rank(postgres_server: Server) -> None:
    server = postgres_server.url("x").partition("?")[0]
    figures = records(server, SAID, units(len(SAID)), ["tides and boats", "a story"])
    assert figures["wordings"] == len(SAID)
    for way in ("bare insert", "bare copy", "ours"):
        assert figures[way]["both"]["per_cpu_s"] > 0
        assert figures[way]["disk_mb"]["embeddings"] > 0
    assert figures["ours"]["bytes_a_wording"] == pytest.approx(figures["bare insert"]["bytes_a_wording"], rel=0.5)
    assert figures["full text"]["ours"]["wall_p95_ms"] > 0
    assert figures["server_memory_mb"] > 0


soak = pytest.mark.skipif(not os.environ.get("RETOLD_SOAK"), reason="starts several servers: RETOLD_SOAK=1")


@soak
def test_each_way_of_filling_chroma_finds_what_is_there() -> None:
    matrix, queries = mixed(units(200), 400), units(5)
    best = [np.argsort(-(matrix @ query), kind="stable")[:10].tolist() for query in queries]
    figures = vectors_on_server(matrix, queries, best)
    assert set(figures) == set(WAYS)
    for way in WAYS:
        assert figures[way]["recall_at_10"] > 0.9
        assert figures[way]["memory_asked_mb"] > 0


@soak
def test_index_of_a_desk_is_asked_and_added_to_on_a_server(tmp_path: Path) -> None:
    made = desk(tmp_path, list(SAID.values()), units(len(SAID)))
    held = on_server_as_held(made.settings.data_dir, units(5), units(40))
    assert held["vectors"] == len(SAID)
    assert held["recall_at_10"] > 0.9
    assert all(held["added"][way]["per_cpu_s"] > 0 for way in ("ours", "bare"))


def test_options_leave_parts_out(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    for name, rows in (
        ("docs", [{"id": "1", "text": "Boats leave at dawn, and tides rise."}]),
        ("queries", [{"id": "q", "text": "when do the boats leave", "part": "fit", "relevant": {"1": 1}}]),
    ):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert servers.run(tmp_path, vectors_size=0) == {}
