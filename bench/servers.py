"""Wordings by the million on the two servers a study may use: PostgreSQL and Chroma's, each beside its bare engine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.index_at_size import on_server_as_held, vectors_on_server
from bench.records_at_size import records
from bench.search_quality import judged_sets, vectors
from bench.search_sizes import mixed, sentences, short_queries
from kb.settings import Settings
from kb.text import words_digest
from kb.workspace import Workspace

QUERIES = 200
MORE = 20_000
"""Vectors added to a desk that is held."""


def run(  # options of the command line
    data: Path,
    server: str | None = None,
    size: int = 100_000,
    vectors_size: int = 100_000,
    held_desk: Path | None = None,
    cache: Path | None = None,
) -> Mapping[str, Any]:
    """Rows a second (of the processor, and by the clock), disk, memory and milliseconds of a search, on this machine.

    `data` has a folder for each set with docs.jsonl and queries.jsonl, which the wordings and vectors are grown from;
    `cache` keeps the sets' vectors from run to run. `server`: a PostgreSQL database here that may be filled, by `size`
    wordings; without it that part is left out. A Chroma server is started, for `vectors_size` vectors; 0 for none.
    `held_desk`: a folder that bench/search_desk.py made, whose index is served from a copy, to be asked and added to.
    """
    sets = judged_sets(data)
    texts = [text for judged in sets for text in judged.docs]
    queries = short_queries([text for judged in sets for text in judged.queries], QUERIES)
    embedder = Workspace(Settings()).embedder
    held = np.vstack([vectors(f"{judged.name}-docs", judged.docs, embedder, cache) for judged in sets])
    figures: dict[str, Any] = {}
    if server:
        wordings = {words_digest(text): text for text in sentences(texts, size)}
        figures["postgresql"] = records(server, wordings, mixed(held, len(wordings)), queries)
    if vectors_size:
        near, matrix = embedder.encode(queries), mixed(held, vectors_size)
        best = [np.argsort(-(matrix @ query), kind="stable")[:10].tolist() for query in near]
        figures["chroma"] = {"vectors": vectors_size} | vectors_on_server(matrix, near, best)
    if held_desk:
        figures["chroma held"] = on_server_as_held(
            held_desk / "data", embedder.encode(queries), mixed(held, MORE, seed=11)
        )
    return figures
