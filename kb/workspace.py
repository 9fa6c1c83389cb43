"""Settings -> open objects. The only place that decides which implementation stands behind a seam."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from kb import folders, takedown
from kb import study as studies
from kb.archive import Archive
from kb.claims import Study
from kb.connections import Connection, connect
from kb.embed import Embedder, embedder
from kb.entail import CrossEncoderEntailment, EntailmentModel, LexicalEntailment
from kb.entail_network import EmbeddedEntailment
from kb.errors import DataError, StudyError, UserError
from kb.exclusive import at_work
from kb.fulltext import make_fulltext
from kb.index_server import Server
from kb.indexing import Indexing
from kb.judgementlog import JudgementLog
from kb.judgements import Judgements
from kb.postgres import is_postgres, place
from kb.reader import Reader
from kb.records import Snapshot
from kb.rerank import CrossEncoderReranker
from kb.settings import Settings
from kb.store import RecordStore
from kb.text import words_digest


class Workspace:
    """One study with its data: a context manager; models and the index are opened when first used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._exit = ExitStack()
        self._exit.callback(self._close_index)
        self._study_file: tuple[int, ...] = ()

    def __enter__(self) -> Self:
        try:
            self.study  # noqa: B018  a bad claims.yaml is told before anything else is touched
            self.store  # noqa: B018
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    @cached_property
    def study(self) -> Study:
        self._study_file = _stamp(self.settings.study)
        return studies.load(self.settings.study)

    def follow_study(self) -> None:
        """For a process that lives long: the study as its file tells it now; while that cannot be used, as before."""
        stamp = _stamp(self.settings.study)
        if stamp != self._study_file:
            self._study_file = stamp
            with suppress(StudyError):
                self.__dict__["study"] = studies.load(self.settings.study)
                self.__dict__.pop("study_wordings", None)

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.settings.archive_dir.absolute())  # workers may have other working folders

    @cached_property
    def store(self) -> RecordStore:
        """The record store, caught up with what was logged but not stored when a run was killed."""
        store = self._exit.enter_context(RecordStore.open(self.settings.database_url))
        self._require_own(store)
        stale = self._catch_up(store)
        self._judgements_in(store).catch_up()
        if stale or takedown.is_unfinished(self.archive):
            self.finish_takedown(store)
        return store

    def _catch_up(self, store: RecordStore) -> bool:
        """Give it the captures that only the log has; whether it has some that were taken down."""
        logged, stored = self.archive.count(), store.count_snapshots()
        try:
            if logged > stored:
                store.add_snapshots(self.archive.entries())
            elif logged < stored:  # an older copy of the record store, perhaps
                return any(store.load(Snapshot, sorted(takedown.gone(self.archive))))
        except DataError as error:
            if not stored:  # to go on would look like an empty study
                raise DataError(
                    f"{error}. Restore captures.jsonl from a backup; or `retold --data-dir NEW add "
                    f"{self.archive.folder}/*.warc.gz` reads the captures into a new folder, as of their own dates"
                ) from error
        return False

    def _judgements_in(self, store: RecordStore) -> Judgements:
        return Judgements(self.judgement_log, store)

    @cached_property
    def judgement_log(self) -> JudgementLog:
        """Needs no record store, as the archive does not."""
        return JudgementLog(self.settings.archive_dir.absolute())

    @cached_property
    def judgements(self) -> Judgements:
        """What enters and withdraws judgements; the reader reads them."""
        return self._judgements_in(self.store)

    def _require_own(self, store: RecordStore) -> None:
        """UserError where a server's database holds another study: a renamed one has its captures in our log."""
        if not is_postgres(self.settings.database_url):
            return
        held = store.studies()
        if not held or self.study.slug in held:
            return
        logged = {snapshot.id for snapshot in self.archive.entries()}
        if not logged or not logged.issuperset(snapshot.id for snapshot in store.snapshots()):
            raise UserError(
                f"{place(self.settings.database_url)} holds the records of the study `{held[-1]}`, and "
                f"{self.settings.study} is `{self.study.slug}`: give each study a database or a schema of its own "
                "(docs/growing.md)"
            )

    def finish_takedown(self, store: RecordStore) -> None:
        """Whatever of a take-down a kill left undone. Whoever opens the index next fills it again."""
        self._close_index()
        for name in ("report.html", "alerts.atom"):  # before the mark goes; the next run writes them without
            (self.settings.data_dir / name).unlink(missing_ok=True)
        if (sheets := self.settings.data_dir / "report-pages").is_dir():
            shutil.rmtree(sheets)
        own, server = self.study_wordings, self.index_server
        takedown.finish(self.archive, store, self.settings.index_dir, own=own, server=server)

    def is_taking_down(self) -> bool:
        """Whether another process takes something down at this moment; what a killed one left undone is done first."""
        if not takedown.is_unfinished(self.archive):
            return False
        if at_work(self.settings.data_dir):
            return True
        self.finish_takedown(self.store)
        return False

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.store)

    @cached_property
    def embedder(self) -> Embedder:
        return embedder(self.settings.embedding_model, self.settings.data_dir)

    @cached_property
    def reranker(self) -> CrossEncoderReranker:
        return CrossEncoderReranker(self.settings.rerank_model)

    @cached_property
    def entailment(self) -> EntailmentModel:
        return entailment_model(self.settings.entailment_model)

    @cached_property
    def indexing(self) -> Indexing:
        """What makes the wordings searchable by meaning."""
        return Indexing(self.settings.index_dir, self.embedder.tool.id, self.store, self._wanted, self.index_server)

    @property
    def index_server(self) -> Server | None:
        """Where the vector index lies, if not in the data folder."""
        url = self.settings.index_url
        return Server(url=url, study=self.study.slug) if url else None

    @contextmanager
    def searching(self) -> Iterator[Connection]:
        """A connection to the record store for a search, with its full-text index in place."""
        make_fulltext(self.store)
        with closing(connect(self.settings.database_url, folders.database(self.settings.data_dir))) as connection:
            yield connection

    def _close_index(self) -> None:
        if "indexing" in self.__dict__:
            self.indexing.close()

    def _wanted(self) -> set[str]:
        return self.store.active_wordings() | set(self.study_wordings)

    @cached_property
    def study_wordings(self) -> dict[str, str]:
        """The study's own words by digest: its reference quotes and claims."""
        said = [*(quote.text for quote in self.study.quotes), *(claim.text for claim in self.study.claims)]
        return {words_digest(text): text for text in said}


def _stamp(file: Path) -> tuple[int, ...]:
    """Changes with the file; empty where there is none."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def entailment_model(name: str | None) -> EntailmentModel:
    """The embedded network, `lexical`, or the cross-encoder of a name or folder."""
    if name is None:
        return EmbeddedEntailment()
    return LexicalEntailment() if name == "lexical" else CrossEncoderEntailment(name)
