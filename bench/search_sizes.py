"""What a search costs at size: full text, bm25s, exact vectors, bare Chroma, and our own."""

import multiprocessing
import random
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import bm25s
import numpy as np
import Stemmer

from bench.search_desk import desk
from bench.search_ours import cold, warm
from kb.connections import connected
from kb.fulltext import make_fulltext
from kb.lexical import Fts5Index
from kb.store import RecordStore
from kb.text import words_digest

T = TypeVar("T")
Vectors = Any

POOL = 200
NARROW = 20_000
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def sizes(
    size: int, texts: Sequence[str], asked: Sequence[str], vectors: Vectors, near: Vectors, *, own: bool = True
) -> dict[str, Any]:
    """Figures at one size; texts and vectors of the sets are what the corpus is grown from.

    `asked`, `near`: texts of queries, and vectors of queries. `own`: measure our own search, too; its vectors are as
    long as the embedded model's.
    """
    grown = list(sentences(texts, size))
    queries = short_queries(asked, 200)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lexical = _lexical(folder / "records.db", grown, queries)
        words = _bm25s(grown, queries)
        matrix = mixed(vectors, size)
        chosen = near[np.random.default_rng(3).permutation(len(near))[:200]]
        exact, best = timed(chosen, lambda query: np.argsort(-(matrix @ query), kind="stable")[:10])
        chroma = _chroma(folder / "chroma", matrix, chosen, best)
        figures = {"fts5": lexical, "bm25s": words, "exact": exact, "chroma": chroma}
        return figures | ({"ours": ours(folder / "desk", grown, matrix, queries[:60])} if own else {})


def ours(folder: Path, texts: Sequence[str], matrix: Vectors, queries: Sequence[str]) -> dict[str, Any]:
    """`retold search` on a desk of this size: in a new process, and in one that stays."""
    made = desk(folder, texts, matrix)
    return {"cold": cold(made, queries[0]), "warm": warm(made, queries, timed)}


def sentences(texts: Sequence[str], count: int, seed: int = 1) -> Iterator[str]:
    """New sentences as long as those of the texts, each word one that follows the one before somewhere in them: the
    frequencies of words and of pairs stay, and no two sentences are the same.
    """
    rng, follows, starts = random.Random(seed), defaultdict(list), []
    for text in texts:
        for sentence in filter(None, map(str.split, _SENTENCE_END.split(text))):
            starts.append((sentence[0], len(sentence)))
            for word, after in pairwise(sentence):
                follows[word].append(after)
    seen: set[str] = set()
    while len(seen) < count:
        word, length = rng.choice(starts)
        made = [word]
        while len(made) < length:
            word = rng.choice(follows[word]) if word in follows else rng.choice(starts)[0]
            made.append(word)
        sentence_made = " ".join(made)
        if sentence_made not in seen:
            seen.add(sentence_made)
            yield sentence_made


def short_queries(asked: Sequence[str], count: int, seed: int = 2) -> list[str]:
    """Runs of 3 to 12 words out of queries."""
    rng, found = random.Random(seed), list[str]()
    while len(found) < count:
        words, length = rng.choice(asked).split(), rng.randint(3, 12)
        if len(words) >= length:
            start = rng.randrange(len(words) - length + 1)
            found.append(" ".join(words[start : start + length]))
    return found


def mixed(vectors: Vectors, count: int, seed: int = 4) -> Vectors:
    """Unit vectors that lie as real ones do: each between two of the given."""
    rng = np.random.default_rng(seed)
    made = np.empty((count, vectors.shape[1]), np.float32)
    for start in range(0, count, 10_000):
        n = min(10_000, count - start)
        one, other = vectors[rng.integers(len(vectors), size=n)], vectors[rng.integers(len(vectors), size=n)]
        share = rng.random((n, 1), dtype=np.float32)
        rows = share * one + (1 - share) * other
        made[start : start + n] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


def timed(queries: Sequence[Any], ask: Callable[[Any], T]) -> tuple[dict[str, float], list[T]]:
    """Milliseconds of a warm query, by the clock and on the processor, and the answers."""
    for query in queries[:10]:
        ask(query)
    walls, works, answers = [], [], []
    for query in queries:
        wall, work = time.perf_counter(), time.process_time()
        answers.append(ask(query))
        walls.append(1e3 * (time.perf_counter() - wall))
        works.append(1e3 * (time.process_time() - work))
    figures = {
        f"{kind}_p{share}_ms": round(float(np.percentile(values, share)), 2)
        for kind, values in (("wall", walls), ("cpu", works))
        for share in (50, 95)
    }
    return figures, answers


def _lexical(file: Path, texts: Sequence[str], queries: Sequence[str]) -> dict[str, Any]:
    with RecordStore.open(f"sqlite:///{file}") as store:
        store.commit(None, [], {words_digest(text): text for text in texts})
        started = time.perf_counter()
        make_fulltext(store)
        build_s = round(time.perf_counter() - started, 2)
    with connected(file) as connection:
        index = Fts5Index(connection)
        figures: dict[str, Any] = {"build_s": build_s, "best": timed(queries, partial(index.best, k=POOL))[0]}
        for count in (len(texts) // 1000, len(texts) // 100, min(NARROW, len(texts))):
            among = random.Random(5).sample(range(1, len(texts) + 1), count)
            asked = partial(index.best, k=POOL, among=among)
            figures[f"best_among_{len(among)}"] = timed(queries[:100], asked)[0]
    return figures


def _bm25s(texts: Sequence[str], queries: Sequence[str]) -> dict[str, Any]:
    tokens = partial(bm25s.tokenize, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False)
    started = time.perf_counter()
    index = bm25s.BM25()
    index.index(tokens(texts), show_progress=False)
    build_s = round(time.perf_counter() - started, 2)

    def ask(query: str) -> Any:
        return index.retrieve(tokens([query]), k=min(POOL, len(texts)), show_progress=False)

    return {"build_s": build_s, **timed(queries, ask)[0]}


def _chroma(folder: Path, matrix: Vectors, queries: Vectors, best: Sequence[Any]) -> dict[str, Any]:
    """Bare Chroma: filled and asked in one process, then asked in another."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as worker:
        build_s = worker.submit(_filled, folder, matrix).result()
        before, _ = worker.submit(_asked, folder, queries).result()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as worker:
        after, figures = worker.submit(_asked, folder, queries).result()
    recalls = [
        round(float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, best, strict=True)])), 4)
        for found in (before, after)
    ]
    return {"build_s": build_s, "recall_at_10": recalls[0], "recall_at_10_reopened": recalls[1], **figures}


def _opened(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
    space = {"hnsw": {"space": "cosine"}}
    return client, client.get_or_create_collection("bench", embedding_function=None, configuration=space)  # type: ignore[arg-type]


def _filled(folder: Path, matrix: Vectors) -> float:
    client, collection = _opened(folder)
    portion, started = client.get_max_batch_size(), time.perf_counter()
    for start in range(0, len(matrix), portion):
        rows = matrix[start : start + portion]
        collection.upsert(ids=[str(start + i) for i in range(len(rows))], embeddings=rows)
    return round(time.perf_counter() - started, 1)


def _asked(folder: Path, queries: Vectors) -> tuple[list[list[int]], dict[str, float]]:
    _, collection = _opened(folder)

    def ask(query: Any) -> list[int]:
        return [int(key) for key in collection.query(query_embeddings=[query], n_results=10, include=[])["ids"][0]]

    figures, found = timed(queries, ask)
    return found, figures
