"""Search: how good the rankings are on judged queries, and what they cost at size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.search_quality import judged_sets, quality, vectors
from bench.search_sizes import sizes
from kb.settings import Settings
from kb.workspace import Workspace


def run(data: Path, at: tuple[int, ...] = (10_000, 100_000), cache: Path | None = None) -> Mapping[str, Any]:
    """nDCG@10 on the sets in a folder, and milliseconds beside bm25s, exact vectors and bare Chroma at some sizes.

    `data` has a folder for each set with docs.jsonl and queries.jsonl; `cache` keeps vectors from run to run.
    """
    sets, embedder = judged_sets(data), Workspace(Settings()).embedder
    figures: dict[str, Any] = {"embedder": embedder.tool.params, "quality": quality(sets, embedder, cache)}
    texts = [text for judged in sets for text in judged.docs]
    asked = [text for judged in sets for text in judged.queries]
    held = np.vstack([vectors(f"{judged.name}-docs", judged.docs, embedder, cache) for judged in sets]) if at else None
    near = np.vstack([vectors(f"{s.name}-queries", s.queries, embedder, cache) for s in sets]) if at else None
    return figures | {"sizes": {str(size): sizes(size, texts, asked, held, near) for size in at}}
