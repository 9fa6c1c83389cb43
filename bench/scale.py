"""Past one machine, in one run: a news archive beside FastWARC, Ray beside one process, PostgreSQL beside SQLite and
bare psycopg, Chroma's server beside its bare client.

    python -m bench scale [--records RECORDS] [--articles ARTICLES] [--server URL] [--size SIZE]

`--server` is a PostgreSQL database on this machine that may be filled; without it both servers are left out.
"""

import os
import time
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from bench import backfill, fulltext, servers
from bench.data import read_lines
from kb.executor import Attempt, Executor, Item, SerialExecutor
from kb.ray_executor import RayExecutor
from kb.records import Text
from kb.settings import Settings
from kb.stages import AnnotateStage
from kb.text import normalise

WORKERS = 2


def run(  # options of the command line
    pages: Path = backfill.PAGES,
    records: int = 4_000,
    articles: int = 200,
    data: Path = Path("../shared/data/search"),
    server: str | None = None,
    size: int = 100_000,
) -> Mapping[str, Any]:
    """Figures of `bench backfill`; seconds of Ray with two workers beside one process; of `bench fulltext` and `bench
    servers`, for `size` wordings and as many vectors.
    """
    figures = {"backfill": backfill.run(pages, records=records), "ray": _ray(pages, articles)}
    if server:
        figures["full text"] = fulltext.run(data, server, size=size)
        figures["servers"] = servers.run(data, server, size, size)
    return figures


def _ray(pages: Path, count: int) -> Mapping[str, Any]:
    """Seconds by the clock, since workers' processor time is not this process's; their start is told apart."""
    os.environ["OMP_NUM_THREADS"] = "1"
    stage = AnnotateStage(Settings().spacy_model)
    lines = islice(read_lines(pages), count)
    texts = [Text(text=normalise(str(line["text"])), language="en") for line in lines]
    items = [Item(str(number), text) for number, text in enumerate(texts)]
    stage.run(texts[0])  # loads the models
    alone, _, before = _timed(SerialExecutor(), stage, items)
    spread, first, after = _timed(RayExecutor(WORKERS), stage, items)
    return {
        "articles": len(items),
        "one_process_s": round(alone, 1),
        "ray_s": round(spread, 1),
        "ray_until_first_s": round(first, 1),
        "times": round(alone / spread, 2),
        "times_once_started": round(alone / (spread - first), 2),
        "same": [attempt.result for attempt in before] == [attempt.result for attempt in after],
    }


def _timed(executor: Executor, stage: AnnotateStage, items: Iterable[Item]) -> tuple[float, float, list[Attempt]]:
    """Seconds in all and until the first result, and the results."""
    started = time.perf_counter()
    attempts: list[Attempt] = []
    first = 0.0
    for attempt in executor.map(stage, items):
        first = first or time.perf_counter() - started
        attempts.append(attempt)
    return time.perf_counter() - started, first, attempts
