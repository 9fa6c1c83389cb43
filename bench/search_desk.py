"""A data folder of any size to measure searches in: real sentences in new combinations, vectors around real ones."""

import itertools
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.records import Article, Embedding, Extraction, Outcome, Passage, Quote, Snapshot, Span, Text, Tool
from kb.settings import Settings
from kb.store import RecordStore
from kb.text import selector_for, words_digest
from kb.workspace import Workspace
from queries.job import remember

CLAIMS = "study: {id: bench, title: Searches measured}\n"
SENTENCES_PER_ARTICLE = 50
SOURCES = 40
SPEAKERS = 500
SPREAD = 0.6
"""Length of the random part that is added to a real unit vector."""
START = datetime(2025, 1, 1, tzinfo=UTC)

_EXTRACT = Tool(name="extract", version="bench")
_ANNOTATE = Tool(name="annotate", version="bench")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def sentences(texts: Iterator[str]) -> list[str]:
    """Sentences of 6 to 60 words."""
    found = (s.strip() for text in texts for s in _SENTENCE.split(" ".join(text.split())))
    return list(dict.fromkeys(s for s in found if 6 <= len(s.split()) <= 60))


def desk(folder: Path, pool: list[str], count: int) -> Workspace:
    """A workspace in a folder with `count` wordings, made unless it is there; the vector index is filled, too."""
    folder.mkdir(parents=True, exist_ok=True)
    study = folder / "claims.yaml"
    study.write_text(CLAIMS, encoding="utf-8")
    workspace = Workspace(Settings(study=study, data_dir=folder / "data"))
    done = folder / f"{count}.made"
    if not done.exists():
        with workspace:
            _fill(workspace, pool, count)
            workspace.indexing.reconcile()
            remember(workspace)
            with workspace.searching():
                pass  # the full-text index is made with the first search
        done.touch()
        workspace = Workspace(workspace.settings)
    return workspace


def _fill(workspace: Workspace, pool: list[str], count: int) -> None:
    chance = random.Random(7)
    noise = np.random.default_rng(7)
    model = workspace.embedder
    real = model.encode(chance.sample(pool, min(2_000, len(pool))))
    store = workspace.store
    store.register([_EXTRACT, _ANNOTATE, model.tool])
    made = _sentences(pool, chance)
    for number in range(0, count, SENTENCES_PER_ARTICLE):
        said = list(itertools.islice(made, min(SENTENCES_PER_ARTICLE, count - number)))
        _article(store, number // SENTENCES_PER_ARTICLE, said, chance)
        vectors = _near(real, len(said), noise)
        rows = zip(said, vectors, strict=True)
        store.commit(None, [Embedding(words_sha256=words_digest(s), tool=model.tool.id, vector=v) for s, v in rows])
    store.activate("extract", _EXTRACT.id, {"extractions": _EXTRACT.id})
    store.activate("annotate", _ANNOTATE.id, {"passages": _ANNOTATE.id, "quotes": _ANNOTATE.id})


def _sentences(pool: list[str], chance: random.Random) -> Iterator[str]:
    """The first half of one sentence with the second of another, none twice."""
    seen: set[str] = set()
    while True:
        one, other = (chance.choice(pool).split() for _ in range(2))
        made = " ".join([*one[: len(one) // 2], *other[len(other) // 2 :]])
        key = words_digest(made)
        if key not in seen:
            seen.add(key)
            yield made


def _near(real: npt.NDArray[np.float32], count: int, noise: np.random.Generator) -> npt.NDArray[np.float32]:
    stray = noise.normal(size=(count, real.shape[1])).astype(np.float32)
    stray *= SPREAD / np.linalg.norm(stray, axis=1, keepdims=True)
    rows = real[noise.integers(len(real), size=count)] + stray
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _article(store: RecordStore, number: int, said: list[str], chance: random.Random) -> None:
    source = f"outlet-{number % SOURCES}"
    article = Article(source=source, canonical_url=f"https://{source}.example/{number}")
    text = Text(text=" ".join(said), language="de" if number % 1000 == 999 else "en")
    snapshot = _snapshot(article, number)
    records: list[Passage | Quote] = []
    start = 0
    for ordinal, words in enumerate(said):
        span = Span(start, start + len(words))
        start = span.end + 1
        if ordinal % 10:
            records.append(_passage(text, span, ordinal))
        else:
            records.append(_quote(text, span, f"Speaker {chance.randrange(SPEAKERS)}"))
    wordings = {words_digest(words): words for words in said}
    store.add_snapshot(snapshot)
    made = [article, text, _extraction(snapshot, article, text, said[0])]
    store.commit(_done("extract", snapshot.id, _EXTRACT), made)
    store.commit(_done("annotate", text.id, _ANNOTATE), records, wordings)


def _snapshot(article: Article, number: int) -> Snapshot:
    return Snapshot(
        requested_url=article.canonical_url,
        fetched_at=START + timedelta(minutes=10 * number),
        body_sha256=f"sha256:{number:064x}",
        final_url=article.canonical_url,
        status=200,
        media_type="text/html",
        charset=None,
        etag=None,
        last_modified=None,
        warc="retold-00001.warc.gz",
        offset=0,
        via="file",
        source=article.source,
    )


def _extraction(snapshot: Snapshot, article: Article, text: Text, title: str) -> Extraction:
    return Extraction(
        snapshot=snapshot.id,
        tool=_EXTRACT.id,
        article=article.id,
        text=text.id,
        title=title,
        bylines=(),
        published_at=snapshot.fetched_at,
        published_precision="minute",
        published_raw=None,
        modified_at=None,
        truncated=False,
        links=(),
    )


def _passage(text: Text, span: Span, ordinal: int) -> Passage:
    digest = words_digest(text.text[span.start : span.end])
    return Passage(
        text=text.id, start=span.start, end=span.end, tool=_ANNOTATE.id, ordinal=ordinal, words_sha256=digest
    )


def _quote(text: Text, span: Span, speaker: str) -> Quote:
    return Quote(
        text=text.id,
        content=span,
        tool=_ANNOTATE.id,
        form="direct",
        pieces=(span,),
        cue=None,
        speaker=None,
        speaker_name=speaker,
        affiliation=None,
        selector=selector_for(text.text, span),
        words_sha256=words_digest(text.text[span.start : span.end]),
        confidence=0.9,
    )


def _done(stage: str, key: str, tool: Tool) -> Outcome:
    return Outcome(stage=stage, input=key, tool=tool.id, status="done", code="", tries=1, duration_ms=1.0)
