"""A data folder of any size to measure searches in, as a build leaves it but for the pages."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from bench import makings
from kb.records import Article, Embedding, Outcome, Snapshot, Span, Text, Tool
from kb.settings import Settings
from kb.text import words_digest
from kb.workspace import Workspace
from queries.job import remember

CLAIMS = "study: {id: bench, title: Searches measured}\n"
SENTENCES_PER_ARTICLE = 50
AT_ONCE = 100 * SENTENCES_PER_ARTICLE
"""Wordings written in one transaction."""
SOURCES = 40
SPEAKERS = 500
START = datetime(2025, 1, 1, tzinfo=UTC)

_EXTRACT = Tool(name="extract", version="bench")
_ANNOTATE = Tool(name="annotate", version="bench")


def desk(folder: Path, said: Sequence[str], vectors: npt.NDArray[np.float32]) -> Workspace:
    """A workspace in a folder that holds these wordings with these vectors, as a build leaves it; close it yourself."""
    folder.mkdir(parents=True, exist_ok=True)
    study = folder / "claims.yaml"
    study.write_text(CLAIMS, encoding="utf-8")
    workspace = Workspace(Settings(study=study, data_dir=folder / "data"))
    with workspace:
        _fill(workspace, said, vectors)
        workspace.indexing.reconcile()
        remember(workspace)
        with workspace.searching():
            pass  # the full-text index is made with the first search
    return Workspace(workspace.settings)


def _fill(workspace: Workspace, said: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
    chance = random.Random(7)
    store, tool = workspace.store, workspace.embedder.tool
    store.register([_EXTRACT, _ANNOTATE, tool])
    for start in range(0, len(said), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        digests = [words_digest(words) for words in said[part]]
        records: list[object] = [
            Embedding(words_sha256=digest, tool=tool.id, vector=vector)
            for digest, vector in zip(digests, vectors[part], strict=True)
        ]
        for first in range(start, min(start + AT_ONCE, len(said)), SENTENCES_PER_ARTICLE):
            records += _article(first, said[first : first + SENTENCES_PER_ARTICLE], chance)
        store.add_snapshots(record for record in records if isinstance(record, Snapshot))
        derived = [record for record in records if not isinstance(record, Snapshot)]
        store.commit(None, derived, dict(zip(digests, said[part], strict=True)))
    store.activate("extract", _EXTRACT.id, {"extractions": _EXTRACT.id})
    store.activate("annotate", _ANNOTATE.id, {"passages": _ANNOTATE.id, "quotes": _ANNOTATE.id})


def _article(first: int, said: Sequence[str], chance: random.Random) -> Iterator[object]:
    """The records of an article with these sentences, the first of which is the corpus's `first`."""
    number = first // SENTENCES_PER_ARTICLE
    source = f"outlet-{number % SOURCES}"
    article = Article(source=source, canonical_url=f"https://{source}.example/{number}")
    text = Text(text=" ".join(said), language="de" if number % 1000 == 999 else "en")
    at = START + timedelta(minutes=10 * number)
    snapshot = makings.snapshot(article, at, f"{number:064x}")
    read = makings.extraction(snapshot, article, text, _EXTRACT.id, published=(at, "minute"))
    yield from (snapshot, article, text, attrs.evolve(read, title=said[0]))
    yield from (_done("extract", snapshot.id, _EXTRACT), _done("annotate", text.id, _ANNOTATE))
    start = 0
    for ordinal, words in enumerate(said):
        span = Span(start, start + len(words))
        start = span.end + 1
        if ordinal % 10:
            yield makings.passage(text, span, ordinal, _ANNOTATE.id)
        else:
            yield makings.quote(text, span, f"Speaker {chance.randrange(SPEAKERS)}", _ANNOTATE.id)


def _done(stage: str, key: str, tool: Tool) -> Outcome:
    return Outcome(stage=stage, input=key, tool=tool.id, status="done", code="", tries=1, duration_ms=1.0)
