"""The graph that ships is the one that is written here; the measurement holds its own settings against each other."""

import hashlib
import json
from pathlib import Path

import pytest

from bench.embedding import run
from bench.embedding_graph import made
from kb.minilm import GRAPH_SHA256, embedded_folder


def test_shipped_graph_is_the_one_that_is_written() -> None:
    graph = made(embedded_folder()).SerializeToString(deterministic=True)
    assert hashlib.sha256(graph).hexdigest() == GRAPH_SHA256


@pytest.mark.filterwarnings("ignore")
def test_vectors_are_compared_with_those_of_the_library(tmp_path: Path) -> None:
    texts = [f"Ward {n} kept {n * 7} gulls while the harbour was closed. " * 20 for n in range(12)]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (tmp_path / "docs.jsonl").write_text(lines)
    figures = run(tmp_path / "docs.jsonl", limit=12, rounds=1)["pieces_40"]
    assert figures["retold"]["least_cosine"] >= 0.9999
    assert figures["retold"]["nearest_shared"] == 1
    assert figures["bfloat16"]["greatest_difference"] > figures["retold"]["greatest_difference"]
