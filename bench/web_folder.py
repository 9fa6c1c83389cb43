"""A data folder of generated coverage as a build leaves it, but for the pages: what the web UI is measured on.

The records are those of `bench.tree_records`. Vectors are drawn at random: what a search costs does not depend on
which wordings are near.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from bench.tree_planting import Tree
from bench.tree_records import TOOL, coverage
from kb import align
from kb import credits as crediting
from kb.claims import Study
from kb.coverage import Coverage, Retelling
from kb.matrix import Vectors
from kb.records import Credit, Embedding, Outcome
from kb.settings import Settings
from kb.store import RecordStore
from kb.workspace import Workspace
from queries.job import remember

NAMED = 40
"""Outlets that claims.yaml names: those with the most articles."""
DIMENSIONS = 384
"""Of the embedded model."""
FREEDOM = 24
"""Dimensions that the drawn vectors vary in, as those of sentences do: in all of them everything is equally far."""
BATCH = 5_000


def folder_of(tree: Tree, folder: Path) -> Settings:
    """Writes claims.yaml and data below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    made = coverage(tree)
    file = folder / "claims.yaml"
    with file.open("w", encoding="utf-8") as out:
        YAML().dump(claims_of(made), out)
    settings = Settings(study=file, data_dir=folder / "data")
    with Workspace(settings) as workspace:
        _fill(workspace, made)
        workspace.indexing.reconcile()
        remember(workspace)
        with workspace.searching():
            pass  # the full-text index is made with the first search
    return settings


def claims_of(made: Coverage) -> dict[str, Any]:
    """claims.yaml as plain data."""
    study: Study = made.study
    (claim,) = study.claims
    most = Counter(retelling.article.source for retelling in made.retellings).most_common(NAMED)
    sources = {retelling.article.source: retelling.source for retelling in made.retellings}
    return {
        "study": {"id": study.slug, "title": "A Planted Study of Many Articles"},
        "speakers": [{"id": speaker.slug, "name": speaker.name} for speaker in study.speakers],
        "quotes": [
            {"id": q.slug, "speaker": q.speaker, "text": q.text, "source": q.source, "tolerance": q.tolerance}
            for q in study.quotes
        ],
        "claims": [{"id": claim.slug, "text": claim.text, "expect": {"quantity": 42, "of": "samples"}}],
        "sources": [
            {"id": slug, "name": sources[slug].name, "domains": list(sources[slug].domains), "kind": sources[slug].kind}
            for slug, _ in most
        ],
    }


def _fill(workspace: Workspace, made: Coverage) -> None:
    store, aligned = workspace.store, align.tool(workspace.study)
    store.register([aligned, crediting.TOOL, workspace.embedder.tool])
    store.add_snapshots(retelling.snapshot for retelling in made.retellings)
    said: dict[str, str] = {}
    for retelling in made.retellings:
        said |= _article(store, retelling)
    known = [
        record
        for digest, words in said.items()
        for record in align.alignments(workspace.study, digest, words, aligned, {})
    ]
    store.commit(None, known)
    own = workspace.study_wordings
    for records in _vectors(said | own, workspace.embedder.tool.id):
        store.commit(None, records, own)
    store.activate("extract", TOOL, {"extractions": TOOL})
    store.activate("annotate", TOOL, {"passages": TOOL, "quotes": TOOL, "quantities": TOOL})
    store.activate("credits", crediting.TOOL.id, {"credits": crediting.TOOL.id})
    store.activate("pair", aligned.id, {"alignments": aligned.id})


def _article(store: RecordStore, retelling: Retelling) -> dict[str, str]:
    """Its wordings by digest."""
    words = {quote.words_sha256: retelling.words(quote.content) for quote in retelling.quotes}
    words |= {each.words_sha256: retelling.text.text[each.start : each.end] for each in retelling.passages}
    done = Outcome(
        stage="extract", input=retelling.snapshot.id, tool=TOOL, status="done", code="", tries=1, duration_ms=1.0
    )
    found: list[Credit] = list(retelling.credits)
    records = [retelling.article, retelling.text, retelling.extraction, *retelling.passages, *retelling.quotes]
    store.commit(done, [*records, *retelling.quantities, *found], words)
    return words


def _vectors(said: dict[str, str], tool: str) -> Iterator[list[Embedding]]:
    chance = np.random.default_rng(11)
    base = chance.standard_normal((FREEDOM, DIMENSIONS), dtype=np.float32)
    digests = list(said)
    for start in range(0, len(digests), BATCH):
        some = digests[start : start + BATCH]
        rows: Vectors = chance.standard_normal((len(some), FREEDOM), dtype=np.float32) @ base
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        yield [Embedding(words_sha256=digest, tool=tool, vector=row) for digest, row in zip(some, rows, strict=True)]
