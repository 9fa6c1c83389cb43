"""Full-text search on PostgreSQL beside SQLite's: the same rankings, and what they cost."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from bench.processes import parent
from bench.records_at_size import searched
from bench.search_quality import JudgedSet, by_words, judged_sets
from bench.search_sizes import POOL, sentences, short_queries
from kb.connections import connect
from kb.fulltext import make_fulltext
from kb.postgres import is_postgres
from kb.store import RecordStore
from kb.text import words_digest
from kb.tsvector import lexical_index


def run(data: Path, server: str, sets: tuple[str, ...] = (), size: int = 0) -> Mapping[str, Any]:
    """nDCG@10 of both on the sets in a folder, how often they agree, and milliseconds at a size.

    `server`: address of a database on this machine that may be filled, without options; its schemas begin with
    `bench_`. `size`: of the corpus grown from the sets, in wordings; 0 for none.
    """
    judged = judged_sets(data, sets)
    schema = f"{server}?options=-csearch_path="
    figures: dict[str, Any] = {"sets": {each.name: _compared(each, schema) for each in judged}}
    if size:
        texts = list(sentences([text for each in judged for text in each.docs], size))
        queries = short_queries([text for each in judged for text in each.queries], 200)
        with tempfile.TemporaryDirectory() as folder:
            urls = {
                "sqlite": f"sqlite:///{folder}/records.db",
                "postgresql": f"{server}?options=-csearch_path=bench_{size}_{time.time_ns()}",
            }
            figures["at"] = {name: _timed(url, texts, queries) for name, url in urls.items()} | {"wordings": size}
    return figures


def _compared(judged: JudgedSet, schema: str) -> dict[str, Any]:
    first, second = by_words(judged), by_words(judged, f"{schema}bench_{judged.name}_{time.time_ns()}")
    tops = [[[i for i, _ in ranked[:10]] for ranked in rankings] for rankings in (first, second)]
    same = sum(one == other for one, other in zip(*tops, strict=True))
    return {
        "queries": len(judged.queries),
        "fts5": judged.scored(tops[0]),
        "tsvector": judged.scored(tops[1]),
        "same_top_ten": round(same / len(first), 4),
    }


def _timed(url: str, texts: Sequence[str], queries: Sequence[str]) -> dict[str, Any]:
    with RecordStore.open(url) as store:
        store.commit(None, [], {words_digest(text): text for text in texts})
        started = time.perf_counter()
        make_fulltext(store)
        built = time.perf_counter() - started
    with closing(connect(url, Path(url.removeprefix("sqlite:///")))) as connection:
        backend = next(connection.rows("SELECT pg_backend_pid()"))[0] if is_postgres(url) else None
        best = partial(lexical_index(connection).best, k=POOL)
        return {"build_s": round(built, 2), "best": searched(queries, best, parent(backend) if backend else None)}
