"""Settings -> open objects. The only place that decides which implementation stands behind a seam."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import Self

from kb import study as studies
from kb import takedown
from kb.archive import Archive
from kb.claims import Study
from kb.embed import Embedder, embedder
from kb.entail import CrossEncoderEntailment, EntailmentModel, LexicalEntailment
from kb.entail_network import EmbeddedEntailment
from kb.errors import IndexBusyError
from kb.index import ChromaIndex, ExactIndex, VectorIndex, filled, is_discarded, reconcile
from kb.lexical import LexicalIndex
from kb.reader import Reader
from kb.records import Snapshot
from kb.settings import Settings
from kb.store import RecordStore
from kb.text import words_digest

SEARCH_WAIT_S = 1.0
"""How long a search waits for the index before it does without."""


class Workspace:
    """One study with its data: a context manager; models and the index are opened when first used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._exit = ExitStack()
        self._exit.callback(self._close_index)

    def __enter__(self) -> Self:
        self.study  # noqa: B018  a bad claims.yaml is told before anything else is touched
        self.store  # noqa: B018
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    @cached_property
    def study(self) -> Study:
        return studies.load(self.settings.study)

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.settings.archive_dir)

    @cached_property
    def store(self) -> RecordStore:
        """The record store, caught up with what was logged but not done when a run was killed."""
        stale = False
        store = self._exit.enter_context(RecordStore.open(self.settings.database_url))
        logged = self.archive.count()
        if logged > store.count_snapshots():
            store.add_snapshots(self.archive.entries())
        elif logged < store.count_snapshots():  # an older copy of the record store, perhaps
            stale = any(store.load(Snapshot, sorted(takedown.gone(self.archive))))
        if stale or takedown.is_unfinished(self.archive):
            self.finish_takedown(store)
        return store

    def finish_takedown(self, store: RecordStore) -> None:
        """Whatever of a take-down a kill left undone. Whoever opens the index next fills it again."""
        self._close_index()
        for name in ("report.html", "alerts.atom"):  # before the mark goes; the next run writes them without
            (self.settings.data_dir / name).unlink(missing_ok=True)
        takedown.finish(self.archive, store, self.settings.index_dir, own=self.study_wordings)

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.store)

    @cached_property
    def embedder(self) -> Embedder:
        return embedder(self.settings.embedding_model, self.settings.data_dir)

    @cached_property
    def entailment(self) -> EntailmentModel:
        return entailment_model(self.settings.entailment_model)

    @cached_property
    def index(self) -> VectorIndex:
        """Filled again where a take-down discarded it: the vectors lie in the record store, no model is needed."""
        return self._opened_index()

    def searchable(self, busy: Callable[[], None]) -> VectorIndex:
        """The index; while another process has it, which is told by `busy`, the record store's vectors in memory."""
        try:
            if "index" not in self.__dict__:
                self.__dict__["index"] = self._opened_index(SEARCH_WAIT_S)
            return self.index
        except IndexBusyError:
            busy()
            keys, vectors = self.reader.vectors(self._wanted(), self.embedder.tool.id)
            return ExactIndex(dict(zip(keys, vectors, strict=True)))

    def reconcile_index(self) -> tuple[int, int]:
        """Make the vector index hold exactly the active wordings and the study's own; how many came and went.

        It is closed then: a command may go on for long, and others ask it meanwhile.
        """
        try:
            if "index" not in self.__dict__:
                self.__dict__["index"] = self._chroma()  # as it is: what filling it takes is counted here
            return self._reconcile(self.index)
        finally:
            self._close_index()

    def _opened_index(self, wait_s: float | None = None) -> VectorIndex:
        index = self._chroma(wait_s)
        try:
            if is_discarded(self.settings.index_dir):
                self._reconcile(index)
        except BaseException:
            index.close()
            raise
        return index

    def _chroma(self, wait_s: float | None = None) -> ChromaIndex:
        return ChromaIndex(self.settings.index_dir, self.embedder.tool.id, wait_s=wait_s)

    def _close_index(self) -> None:
        index: VectorIndex | None = self.__dict__.pop("index", None)
        if index:
            index.close()

    def _reconcile(self, index: VectorIndex) -> tuple[int, int]:
        tool = self.embedder.tool.id
        counts = reconcile(index, self._wanted(), lambda keys: self.reader.vectors(keys, tool))
        filled(self.settings.index_dir)
        return counts

    def _wanted(self) -> set[str]:
        return self.store.active_wordings() | set(self.study_wordings)

    @cached_property
    def lexical(self) -> LexicalIndex:
        return LexicalIndex(self.store)

    @cached_property
    def study_wordings(self) -> dict[str, str]:
        """The study's own words by digest: its reference quotes and claims."""
        said = [*(quote.text for quote in self.study.quotes), *(claim.text for claim in self.study.claims)]
        return {words_digest(text): text for text in said}


def entailment_model(name: str | None) -> EntailmentModel:
    """The embedded network, `lexical`, or the cross-encoder of a name or folder."""
    if name is None:
        return EmbeddedEntailment()
    return LexicalEntailment() if name == "lexical" else CrossEncoderEntailment(name)
