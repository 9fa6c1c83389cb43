"""A data folder of any size to measure searches in, as a build leaves it but for the pages."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from bench import makings
from kb.records import Article, Embedding, Outcome, Passage, Quote, Span, Text, Tool
from kb.settings import Settings
from kb.store import RecordStore
from kb.text import words_digest
from kb.workspace import Workspace
from queries.job import remember

CLAIMS = "study: {id: bench, title: Searches measured}\n"
SENTENCES_PER_ARTICLE = 50
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
    for number, start in enumerate(range(0, len(said), SENTENCES_PER_ARTICLE)):
        part = slice(start, start + SENTENCES_PER_ARTICLE)
        _article(store, number, said[part], chance)
        rows = zip(said[part], vectors[part], strict=True)
        store.commit(None, [Embedding(words_sha256=words_digest(s), tool=tool.id, vector=v) for s, v in rows])
    store.activate("extract", _EXTRACT.id, {"extractions": _EXTRACT.id})
    store.activate("annotate", _ANNOTATE.id, {"passages": _ANNOTATE.id, "quotes": _ANNOTATE.id})


def _article(store: RecordStore, number: int, said: Sequence[str], chance: random.Random) -> None:
    source = f"outlet-{number % SOURCES}"
    article = Article(source=source, canonical_url=f"https://{source}.example/{number}")
    text = Text(text=" ".join(said), language="de" if number % 1000 == 999 else "en")
    at = START + timedelta(minutes=10 * number)
    snapshot = makings.snapshot(article, at, f"{number:064x}")
    read = makings.extraction(snapshot, article, text, _EXTRACT.id, published=(at, "minute"))
    records: list[Passage | Quote] = []
    start = 0
    for ordinal, words in enumerate(said):
        span = Span(start, start + len(words))
        start = span.end + 1
        if ordinal % 10:
            records.append(makings.passage(text, span, ordinal, _ANNOTATE.id))
        else:
            records.append(makings.quote(text, span, f"Speaker {chance.randrange(SPEAKERS)}", _ANNOTATE.id))
    wordings = {words_digest(words): words for words in said}
    store.add_snapshot(snapshot)
    store.commit(_done("extract", snapshot.id, _EXTRACT), [article, text, attrs.evolve(read, title=said[0])])
    store.commit(_done("annotate", text.id, _ANNOTATE), records, wordings)


def _done(stage: str, key: str, tool: Tool) -> Outcome:
    return Outcome(stage=stage, input=key, tool=tool.id, status="done", code="", tries=1, duration_ms=1.0)
