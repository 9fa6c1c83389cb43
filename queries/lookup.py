"""`search`: a question as it was asked, and its answer, at once where nothing stands in the way."""

import re
import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from kb import quick
from kb.connections import Connection
from kb.embed import Embedder
from kb.errors import BusyError, UserError
from kb.lexical import LexicalIndex
from kb.matrix import KIND as MATRIX
from kb.matrix import Matrix, Vectors, number_of
from kb.occurrences import Filter, Occurrence, Occurrences
from kb.tsvector import lexical_index
from queries.days import moment
from queries.kept import Kept
from queries.plain import unread_told
from queries.search import Hit, Mode, Ranked, Searcher, to_json

if TYPE_CHECKING:
    from kb.claims import SavedSearch
    from kb.workspace import Workspace


EXACT = 20_000
"""So many vectors are compared one by one in less time than the vector index takes to find nearly the nearest."""

TAKING_DOWN = "a page is being taken down; ask again in a moment"

RERANKED = 50
"""Wordings that a reranker reads: some 2 s for a small one on two cores."""


@attrs.frozen(kw_only=True)
class Question:
    """What is looked for, and what the search is narrowed to."""

    query: str
    k: int = 10
    mode: Mode = "hybrid"
    kind: str | None = None
    speaker: str | None = None
    """Id or name."""
    source: str | None = None
    since: str | None = None
    """A day as `days.moment` reads it."""
    until: str | None = None
    language: str | None = None
    verdict: str | None = None
    rerank: bool = False
    """Let a cross-encoder order the best `RERANKED` anew."""

    def __attrs_post_init__(self) -> None:
        if not re.search(r"\w", self.query):
            raise UserError("the query has no word in it")

    def narrowed(self, at: datetime, names: tuple[str, ...] | None = None) -> Filter:
        """`names`: the spellings that the speaker counts under."""
        first, end = moment(self.since, at), moment(self.until, at)
        if first and end and first >= end:
            raise UserError(f"--since {self.since} is not before --until {self.until}")
        return Filter(
            kind=self.kind,
            speaker=names,
            source=self.source,
            since=first,
            until=end,
            language=self.language,
            verdict=self.verdict,
        )

    @property
    def narrowings(self) -> list[str]:
        """What the search is narrowed by."""
        names = ("kind", "speaker", "source", "since", "until", "language", "verdict")
        return [name for name in names if getattr(self, name) is not None]


@attrs.frozen(kw_only=True)
class Answer:
    """What a search gave."""

    question: Question
    hits: tuple[Hit, ...]
    took_ms: float
    empty: bool
    """Nothing has been captured yet, so there was nothing to search."""
    unread: int = 0
    """Where nothing was found: captures that no build has looked at."""

    def wider(self, named: Callable[[str], str] = str) -> str:
        """How to find more. `named`: what whoever asks calls a filter, or `mode hybrid`."""
        asked = self.question
        names = [named(name) for name in asked.narrowings]
        ways = [unread_told(self.unread)] if self.unread else []
        if names:
            ways.append(f"leave out {' or '.join(names)}")
        if '"' in asked.query:
            ways.append("ask without quotation marks, which want the very words")
        if asked.mode == "lexical":
            ways.append(f"{named('mode hybrid')} also finds what says it in other words")
        return "; ".join([*ways, "try other words"])

    @property
    def plain(self) -> Mapping[str, object]:
        """CONTRACT's `search` shape."""
        return to_json(self.question.query, self.question.mode, self.took_ms, self.hits)


def at_once(data: Path | None, study: Path | None, question: Question, at: datetime) -> Answer | None:
    """The answer from what the last build left in order; None where the whole workspace is needed.

    Speakers and claims are the study's, which is not read here.
    """
    if question.speaker or question.kind == "claim" or question.rerank:
        return None
    with quick.ready(data, study) as ready:
        if ready is None:
            return None
        searcher = _exact(ready.connection, ready.embedder, ready.matrix)
        return _answer(searcher, question, question.narrowed(at))


def search(workspace: "Workspace", question: Question, at: datetime) -> Answer:
    """The best wordings for a query; a speaker counts under every spelling of the name."""
    with workspace.searching() as connection:
        return _ask(workspace, _exact(connection, workspace.embedder, workspace.indexing.matrix), question, at)


def answers(workspace: "Workspace", saved: "SavedSearch", at: datetime) -> dict[str, list[Occurrence]]:
    """What answers a saved search: by address of the article, its places."""
    question = Question(
        query=saved.query,
        kind=saved.kind,
        speaker=saved.speaker,
        source=saved.source,
        language=saved.language,
        verdict=saved.verdict,
    )
    with workspace.searching() as connection:
        asked = _exact(connection, workspace.embedder, workspace.indexing.matrix)
        found = asked.answering(saved.query, saved.near, _narrowed(workspace, question, at))
    by_article: dict[str, list[Occurrence]] = defaultdict(list)
    for places in found.values():
        for place in places:
            by_article[place.url].append(place)
    return dict(by_article)


class Desk:
    """A workspace that is asked again and again, by several threads at once: the vector index stays open, for as long
    as nobody else wants it, and each thread has its connection.
    """

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self._lent = workspace.indexing.lent()
        self._own = threading.local()
        self._open = ExitStack()
        self._endings: list[weakref.finalize[..., Occurrences]] = []
        """Close a thread's connection: with the thread, or before it with the desk."""

    def search(self, question: Question, at: datetime) -> Answer:
        """As `search`; among more than EXACT wordings the vector index ranks, and a filter is remembered.

        BusyError while a page is being taken down.
        """
        if self.workspace.is_taking_down():
            raise BusyError(TAKING_DOWN)
        self.workspace.follow_study()
        places, lexical = self._opened()
        name = places.chosen(MATRIX)
        matrix = self.workspace.indexing.named(name)

        # Without a matrix of this model nothing was built with it, or a build with another one dropped its index.
        indexed = len(matrix.numbers) > EXACT and self.workspace.indexing.is_own(name)

        def nearest(vector: Vectors, k: int) -> Ranked:
            found = self._lent.nearest(vector, k) if indexed else None
            if found is None:
                return matrix.nearest(vector, k)
            return [(number_of(key), score) for key, score in found]

        searcher = Searcher(
            places=places,
            lexical=lexical,
            matrix=matrix,
            nearest=nearest,
            encode=self.workspace.embedder.encode,
            kept=partial(self._kept.left, places, matrix, name),
        )
        return _ask(self.workspace, searcher, question, at)

    @cached_property
    def _kept(self) -> Kept:
        return Kept(self._open.enter_context(self.workspace.searching()))

    def close(self) -> None:
        self._lent.close()
        for ending in self._endings:
            ending()
        self._open.close()

    def _opened(self) -> tuple[Occurrences, LexicalIndex]:
        """What this thread reads through."""
        if not hasattr(self._own, "read"):
            opened = ExitStack()
            connection = opened.enter_context(self.workspace.searching())
            places = Occurrences(connection)
            self._own.read = places, lexical_index(connection)
            alive = [ending for ending in self._endings if ending.alive]
            self._endings = [*alive, weakref.finalize(places, opened.close)]
        read: tuple[Occurrences, LexicalIndex] = self._own.read
        return read


def _ask(
    workspace: "Workspace",
    asked: Searcher,
    question: Question,
    at: datetime,
) -> Answer:
    narrowed = _narrowed(workspace, question, at)
    if question.kind != "claim":
        ranked = partial(_reranked, workspace) if question.rerank else _answer
        answer = ranked(asked, question, narrowed)
        if answer.hits:
            return answer
        return attrs.evolve(answer, empty=not workspace.store.count_snapshots(), unread=workspace.reader.unread())
    started = time.perf_counter()
    hits = asked.claims(question.query, workspace.study.claims, question.k)
    return Answer(question=question, hits=hits, took_ms=(time.perf_counter() - started) * 1000, empty=False)


def _exact(connection: Connection, model: Embedder, matrix: Matrix) -> Searcher:
    """For one question: the vectors are compared one by one."""
    return Searcher(
        places=Occurrences(connection),
        lexical=lexical_index(connection),
        matrix=matrix,
        nearest=matrix.nearest,
        encode=model.encode,
    )


def _narrowed(workspace: "Workspace", question: Question, at: datetime) -> Filter:
    return question.narrowed(at, _spellings(workspace, question.speaker) if question.speaker else None)


def _answer(asked: Searcher, question: Question, narrowed: Filter) -> Answer:
    started = time.perf_counter()
    hits = asked.search(question.query, k=question.k, mode=question.mode, narrowed=narrowed)
    return Answer(question=question, hits=hits, took_ms=(time.perf_counter() - started) * 1000, empty=False)


def _reranked(workspace: "Workspace", asked: Searcher, question: Question, narrowed: Filter) -> Answer:
    many = _answer(asked, attrs.evolve(question, k=max(RERANKED, question.k)), narrowed)
    started = time.perf_counter()
    scores = workspace.reranker.score(question.query, [hit.text for hit in many.hits])
    order = sorted(zip(scores, many.hits, strict=True), key=lambda pair: (-pair[0], pair[1].rank))[: question.k]
    hits = tuple(attrs.evolve(hit, rank=rank, score=round(score, 4)) for rank, (score, hit) in enumerate(order, 1))
    took_ms = many.took_ms + (time.perf_counter() - started) * 1000
    return attrs.evolve(many, question=question, hits=hits, took_ms=took_ms)


def _spellings(workspace: "Workspace", speaker: str) -> tuple[str, ...]:
    from queries.review import speakers

    known = next((s for s in workspace.study.speakers if speaker in (s.slug, s.name, *s.aliases)), None)
    given = (known.name, *known.aliases) if known else (speaker,)
    spoken = next((v for v in speakers(workspace) if set(given) & {v.name, *v.spellings}), None)
    return tuple(dict.fromkeys((*given, *(spoken.spellings if spoken else ()))))
