"""nDCG@10 of our lexical index, bm25s, the embedder and their fusions on sets with judged queries."""

import math
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import bm25s
import numpy as np
import Stemmer

from bench.data import read_lines
from kb.connections import connect
from kb.embed import Embedder
from kb.fulltext import make_fulltext
from kb.store import RecordStore
from kb.text import words_digest
from kb.tsvector import lexical_index
from queries.fusion import fused

PARTS = ("fit", "report")
POOL = 200
NEAR = (0.5, 0.55, 0.6, 0.65, 0.7)
Ranked = list[tuple[int, float]]
Fusion = Callable[[Ranked, Ranked], dict[int, float]]

_MARKS = re.compile('["“”„»«]')


@attrs.frozen(kw_only=True)
class JudgedSet:
    """Documents and queries with what answers them."""

    name: str
    ids: Sequence[str]
    docs: Sequence[str]
    queries: Sequence[str]
    """Without quotation marks: in a search they ask for exact words, in a tweet they do not."""
    parts: Sequence[str]
    relevant: Sequence[Mapping[str, int]]

    @classmethod
    def load(cls, folder: Path) -> "JudgedSet":
        docs, asked = list(read_lines(folder / "docs.jsonl")), list(read_lines(folder / "queries.jsonl"))
        return cls(
            name=folder.name,
            ids=[doc["id"] for doc in docs],
            docs=[doc["text"] for doc in docs],
            queries=[_MARKS.sub(" ", query["text"]) for query in asked],
            parts=[query["part"] for query in asked],
            relevant=[query["relevant"] for query in asked],
        )

    def scored(self, rankings: Iterable[Sequence[int]]) -> dict[str, float]:
        """Mean nDCG@10 of one ranking of documents for each query, by part."""
        gains: dict[str, list[float]] = {part: [] for part in PARTS}
        for part, relevant, ranking in zip(self.parts, self.relevant, rankings, strict=True):
            gains[part].append(ndcg([self.ids[i] for i in ranking], relevant))
        return {part: round(float(np.mean(values)), 4) if values else 0.0 for part, values in gains.items()}


def ndcg(found: Sequence[str], relevant: Mapping[str, int], k: int = 10) -> float:
    """Discounted gain 2^grade - 1 of the first k over that of the best order.

    >>> ndcg(["b", "a"], {"a": 1}) == 1 / math.log2(3)
    True
    """

    def gain(grades: Iterable[int]) -> float:
        return sum((2.0**grade - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))

    best = gain(sorted(relevant.values(), reverse=True)[:k])
    return gain(relevant.get(key, 0) for key in found[:k]) / best if best else 0.0


def judged_sets(data: Path, names: Sequence[str] = ()) -> list[JudgedSet]:
    """The sets in a folder, each a folder with docs.jsonl and queries.jsonl; all, or those of some names."""
    found = sorted(path for path in data.iterdir() if (path / "docs.jsonl").exists())
    return [JudgedSet.load(path) for path in found if not names or path.name in names]


def quality(sets: Sequence[JudgedSet], embedder: Embedder, cache: Path | None) -> dict[str, Any]:
    """All of it; the fusion is chosen by the mean over the sets' `fit` parts, and `report` decides nothing."""
    alone: dict[str, Any] = {}
    ways: dict[str, dict[str, dict[str, float]]] = {}
    for judged in sets:
        lexical, dense = by_words(judged), by_meaning(judged, embedder, cache)
        alone[judged.name] = {
            "documents": len(judged.ids),
            "queries": {part: judged.parts.count(part) for part in PARTS},
            "fts5": judged.scored([_first(ranked) for ranked in lexical]),
            "bm25s": judged.scored(by_bm25s(judged)),
            "dense": judged.scored([_first(ranked) for ranked in dense]),
            "near": {part: near(judged, dense, part) for part in PARTS},
        }
        for name, way in fusions().items():
            both = [_best(way(near, shared)) for near, shared in zip(dense, lexical, strict=True)]
            ways.setdefault(name, {})[judged.name] = judged.scored(both)
        alone[judged.name]["hybrid"] = judged.scored(
            [_best(fused(near, shared)) for near, shared in zip(dense, lexical, strict=True)]
        )
    fit = {name: round(float(np.mean([s["fit"] for s in by_set.values()])), 4) for name, by_set in ways.items()}
    best = sorted(fit, key=lambda name: -fit[name])
    return {"sets": alone, "fusions_by_fit": [{"way": name, "fit_mean": fit[name], **ways[name]} for name in best]}


def by_words(judged: JudgedSet, store_url: str | None = None) -> list[Ranked]:
    """Our own full-text index, made and asked as the product does it; equal documents stand side by side.

    `store_url`: of an empty record store; None for SQLite.
    """
    places: dict[str, list[int]] = {}
    for i, text in enumerate(judged.docs):
        places.setdefault(words_digest(text), []).append(i)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.db"
        url = store_url or f"sqlite:///{file}"
        with RecordStore.open(url) as store:
            make_fulltext(store)
            store.commit(None, [], {words_digest(text): text for text in judged.docs})
        with closing(connect(url, file)) as connection:
            digests = dict(connection.rows("SELECT number, words_sha256 FROM wordings"))
            index = lexical_index(connection)
            return [
                [(i, score) for number, score in index.best(query, POOL) for i in places[digests[number]]]
                for query in judged.queries
            ]


def near(judged: JudgedSet, dense: Sequence[Ranked], part: str) -> dict[str, dict[str, float]]:
    """Precision and recall of what comes as near to a query as a saved search may ask, over all pairs of a part."""
    asked = [(r, found) for r, found, p in zip(judged.relevant, dense, judged.parts, strict=True) if p == part]
    relevant = sum(grade > 0 for grades, _ in asked for grade in grades.values())
    figures = {}
    for least in NEAR:
        found = [grades.get(judged.ids[i], 0) > 0 for grades, ranked in asked for i, score in ranked if score >= least]
        figures[str(least)] = {
            "precision": round(sum(found) / len(found), 3) if found else 0.0,
            "recall": round(sum(found) / relevant, 3) if relevant else 0.0,
            "found_per_query": round(len(found) / len(asked), 2) if asked else 0.0,
        }
    return figures


def by_bm25s(judged: JudgedSet) -> list[list[int]]:
    """bm25s as its own pages recommend it: English stop words and Snowball stemmer, its default constants."""
    tokens = partial(bm25s.tokenize, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False)
    index = bm25s.BM25()
    index.index(tokens(judged.docs), show_progress=False)
    found, _ = index.retrieve(tokens(judged.queries), k=10, show_progress=False)
    return [[int(i) for i in row] for row in found]


def by_meaning(judged: JudgedSet, embedder: Embedder, cache: Path | None) -> list[Ranked]:
    docs = vectors(f"{judged.name}-docs", judged.docs, embedder, cache)
    queries = vectors(f"{judged.name}-queries", judged.queries, embedder, cache)
    rows = [(scores, np.argsort(-scores, kind="stable")[:POOL]) for scores in queries @ docs.T]
    return [[(int(i), float(scores[i])) for i in order] for scores, order in rows]


def vectors(name: str, texts: Sequence[str], embedder: Embedder, cache: Path | None) -> Any:
    """From the cache where they lie there, by name and embedding tool."""
    file = cache / f"{name}-{embedder.tool.id.removeprefix('tool:')[:16]}.npy" if cache else None
    if file and file.exists():
        return np.load(file)
    made = embedder.encode(texts)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, made)
    return made


def fusions() -> dict[str, Fusion]:
    """What was compared: shares of nearness, from 0 or from the pool's least, and reciprocal rank."""
    ways: dict[str, Fusion] = {}
    for weight in (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8):
        ways[f"convex {weight} from 0"] = partial(fused, weight=weight)
        ways[f"convex {weight} from least"] = partial(_from_least, weight=weight)
    for weight in (0.4, 0.5, 0.6):
        for k in (5, 10, 20, 60):
            ways[f"reciprocal {weight} k {k}"] = partial(_reciprocal, weight=weight, k=k)
    return ways


def _from_least(dense: Ranked, lexical: Ranked, weight: float) -> dict[int, float]:
    least_near, least_shared = (min((score for _, score in ranked), default=0.0) for ranked in (dense, lexical))
    return fused([(i, s - least_near) for i, s in dense], [(i, s - least_shared) for i, s in lexical], weight)


def _reciprocal(dense: Ranked, lexical: Ranked, weight: float, k: int) -> dict[int, float]:
    scores: dict[int, float] = {}
    for share, ranked in ((weight, dense), (1 - weight, lexical)):
        for rank, (key, _) in enumerate(ranked, 1):
            scores[key] = scores.get(key, 0.0) + share / (k + rank)
    return scores


def _first(ranked: Ranked) -> list[int]:
    return [key for key, _ in ranked[:10]]


def _best(scores: Mapping[int, float]) -> list[int]:
    return sorted(scores, key=lambda key: (-scores[key], key))[:10]
