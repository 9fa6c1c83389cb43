"""Search measured: the gain, the sets, the grown corpus."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from newsdesk import HashEmbedder

from bench.search_quality import JudgedSet, ndcg, quality
from bench.search_sizes import mixed, sentences, sizes

DOCS = ("A nap is no cure for a bad roster.", "Models protect each other.", "Boats leave at dawn.", "Whales sing.")
QUERIES = (('nap "cure"', "fit", "0"), ("models protect", "report", "1"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "small"
    made.mkdir()
    docs = [{"id": str(n), "text": text} for n, text in enumerate((*DOCS, *(f"Story {n} ends." for n in range(10))))]
    asked = [{"id": "q", "text": text, "part": part, "relevant": {key: 1}} for text, part, key in QUERIES]
    for name, rows in (("docs", docs), ("queries", asked)):
        (made / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return made


def test_gain_falls_with_rank_and_counts_grades():
    assert ndcg(["a", "b"], {"a": 2, "b": 1}) == 1.0
    assert ndcg(["b", "a"], {"a": 2, "b": 1}) == pytest.approx((1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3)))
    assert ndcg(["c"], {"a": 1}) == 0.0


def test_every_ranking_is_scored_by_part_and_the_fusions_by_fit(folder):
    figures = quality([JudgedSet.load(folder)], HashEmbedder(), None)
    scored = figures["sets"]["small"]
    assert scored["fts5"] == scored["bm25s"] == {"fit": 1.0, "report": 1.0}
    assert scored["queries"] == {"fit": 1, "report": 1}
    means = [way["fit_mean"] for way in figures["fusions_by_fit"]]
    assert means == sorted(means, reverse=True)


def test_quotation_marks_of_a_query_are_no_search_syntax(folder):
    assert JudgedSet.load(folder).queries[0].split() == ["nap", "cure"]


def test_grown_sentences_keep_words_and_are_never_the_same():
    texts = [
        f"The {animal} saw the {other} run." for animal in ("cat", "dog", "owl") for other in ("hen", "fox", "cow")
    ]
    made = list(sentences(texts, 9))
    assert len(set(made)) == 9
    words = Counter(word.lower() for sentence in made for word in sentence.split())
    assert words.most_common(1)[0][0] == "the"
    assert set(words) <= {word.lower() for text in texts for word in text.split()}


def test_exact_full_text_and_chroma_are_asked_at_a_size(folder):
    judged = JudgedSet.load(folder)
    vectors = np.random.default_rng(1).normal(size=(30, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = [" ".join(f"w{(7 * n * m) % 23}" for m in range(1, 9)) for n in range(1, 60)]
    figures = sizes(120, texts, [*judged.queries, "one two three four"], vectors, vectors, own=False)
    assert figures["chroma"]["recall_at_10_reopened"] >= 0.9
    assert {"wall_p50_ms", "wall_p95_ms", "cpu_p50_ms", "cpu_p95_ms"} <= figures["fts5"]["best"].keys()


def test_mixed_vectors_are_units():
    made = mixed(np.eye(4, dtype=np.float32), 50)
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-6)
