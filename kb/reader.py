"""Reading side of the record store: coverage, occurrences of wordings, vectors, tallies."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar

import attrs
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from kb import tables as t
from kb.claims import Source, Study
from kb.coverage import Coverage, Retelling, Revision
from kb.records import (
    Alignment,
    Article,
    Credit,
    Evidence,
    Extraction,
    Judgement,
    Outcome,
    Passage,
    Quantity,
    Quote,
    Snapshot,
    Text,
    Tool,
    Visit,
)
from kb.sqlite import damaged
from kb.store import RecordStore
from kb.tellings import Alert, Delivery

T = TypeVar("T")

_MOVED = timedelta(days=1)
"""What a date may lie earlier in a later capture: pages tell it in other zones, or more exactly."""
_CHUNK = 5_000
"""Keys in one IN list."""


@attrs.frozen
class Worded:
    """A wording of one text with its vector."""

    words_sha256: str
    wording: str
    vector: npt.NDArray[np.float32] | None
    quoted: bool
    """Stands in the text as a quote; else as a passage."""


class _Held(dict[str, T]):
    """Records by id. What another record names is there, or the record store has lost it."""

    def __missing__(self, key: str) -> T:
        raise damaged("", f"{key} is named and not there")


class Reader:
    """Named reads over the active records; holds no state of its own."""

    def __init__(self, store: RecordStore) -> None:
        self._engine = store.engine

    def _rows(self, query: Any) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(query).mappings().all()

    def _active(self, record: type[T], table: sa.Table) -> list[T]:
        query = sa.select(table).where(table.c.tool == t.chosen_tool(table.name))
        return [t.from_row(record, row) for row in self._rows(query)]

    def active_tool(self, kind: str) -> str | None:
        with self._engine.connect() as connection:
            return connection.execute(sa.select(t.active.c.tool).where(t.active.c.kind == kind)).scalar()

    def tools(self) -> list[Tool]:
        """The tools whose records are active, by name."""
        used = sa.select(t.active.c.tool)
        rows = self._rows(sa.select(t.tools).where(t.tools.c.id.in_(used)).order_by(t.tools.c.name))
        return [Tool(name=row["name"], version=row["version"], params=json.loads(row["params"])) for row in rows]

    def coverage(self, study: Study) -> Coverage:
        """Every article's latest capture that extracted, with all that is active about it."""
        snapshots = _Held({s.id: s for s in (t.from_row(Snapshot, row) for row in self._rows(sa.select(t.snapshots)))})
        versions = self._versions(snapshots)
        articles = _Held({row["id"]: t.from_row(Article, row) for row in self._rows(sa.select(t.articles))})
        texts = _Held({row["id"]: t.from_row(Text, row) for row in self._rows(sa.select(t.texts))})
        passages = _by(self._active(Passage, t.passages), "text")
        quotes = _by(self._active(Quote, t.quotes), "text")
        quantities = _by(self._active(Quantity, t.quantities), "text")
        credit_lines = _by(self._active(Credit, t.credits_), "text")
        sources = {source.slug: source for source in study.sources}

        def retold(extraction: Extraction) -> Retelling:
            return Retelling(
                article=articles[extraction.article],
                source=sources.get(articles[extraction.article].source) or _stranger(articles[extraction.article]),
                snapshot=snapshots[extraction.snapshot],
                extraction=extraction,
                text=texts[extraction.text],
                passages=tuple(sorted(passages[extraction.text], key=lambda p: p.start)),
                quotes=tuple(sorted(quotes[extraction.text], key=lambda q: (q.content.start, q.content.end))),
                quantities=tuple(sorted(quantities[extraction.text], key=lambda q: q.span.start)),
                credits=tuple(sorted(credit_lines[extraction.text], key=lambda c: (c.span.start, c.kind, c.target))),
            )

        retellings = [retold(_as_first_dated(extractions)) for extractions in versions.values()]
        revisions = [
            Revision(before=retold(before), after=retold(after))
            for extractions in versions.values()
            for before, after in _successive(extractions, snapshots)
        ]
        alignments = _by(self._active(Alignment, t.alignments), "words_sha256")
        evidence = _by(self._active(Evidence, t.evidence), "words_sha256")
        return Coverage(
            study=study,
            retellings=tuple(sorted(retellings, key=_when)),
            alignments={key: tuple(sorted(rows, key=lambda a: a.quote)) for key, rows in alignments.items()},
            evidence={key: tuple(sorted(rows, key=lambda e: e.claim)) for key, rows in evidence.items()},
            revisions=tuple(sorted(revisions, key=lambda revision: _order(revision.after.snapshot))),
        )

    def _versions(self, snapshots: Mapping[str, Snapshot]) -> dict[str, list[Extraction]]:
        """By article its captures that extracted, the oldest first."""
        found = _by(self._active(Extraction, t.extractions), "article")
        return {
            article: sorted(extractions, key=lambda each: _order(snapshots[each.snapshot]))
            for article, extractions in found.items()
        }

    def outcomes(self, stage: str) -> list[Outcome]:
        """The outcomes of a stage under its active tool: one for each input that it has dealt with."""
        o = t.outcomes.c
        makes = {"extract": "extractions", "credits": "credits"}.get(stage)
        query = sa.select(t.outcomes).where(o.stage == stage)
        if makes:
            query = query.where(o.tool == t.chosen_tool(makes))
        return [t.from_row(Outcome, row) for row in self._rows(query.order_by(o.input))]

    def unread(self) -> int:
        """Captures that no build has looked at; what is said of the coverage leaves them out."""
        o = t.outcomes.c
        read = sa.select(o.input).where(o.stage == "extract", o.tool == t.chosen_tool("extractions"))
        query = sa.select(sa.func.count()).select_from(t.snapshots).where(t.snapshots.c.id.not_in(read))
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def standing(self) -> tuple[object, ...]:
        """Changes whenever a build derived something or dropped it; cheap enough to ask every second."""
        counts = [sa.select(sa.func.count()).select_from(table) for table in (t.outcomes, t.extractions)]
        chosen = [(row["kind"], row["tool"]) for row in self._rows(sa.select(t.active).order_by(t.active.c.kind))]
        with self._engine.connect() as connection:
            return (*chosen, *(connection.execute(query).scalar_one() for query in counts))

    def visit_counts(self, since: datetime | None = None) -> dict[str, int]:
        """How many visits there were of each action, in all or since a time."""
        v = t.visits.c
        query = sa.select(v.action, sa.func.count().label("count")).group_by(v.action)
        rows = self._rows(query if since is None else query.where(v.at >= since))
        return {row["action"]: row["count"] for row in rows}

    def reasons(self, actions: Sequence[str], limit: int) -> list[tuple[str, int]]:
        """The most frequent reasons that visits of these actions give."""
        v = t.visits.c
        count = sa.func.count().label("count")
        query = sa.select(v.reason, count).where(v.action.in_(actions)).group_by(v.reason)
        return [
            (row["reason"], row["count"]) for row in self._rows(query.order_by(count.desc(), v.reason).limit(limit))
        ]

    def visits(self, action: str | None, limit: int, offset: int = 0) -> list[Visit]:
        """The latest visits, of one action or of all."""
        v = t.visits.c
        query = sa.select(t.visits) if action is None else sa.select(t.visits).where(v.action == action)
        rows = self._rows(query.order_by(v.at.desc(), v.id).limit(limit).offset(offset))
        return [t.from_row(Visit, row) for row in rows]

    def canonical_urls(self) -> dict[str, str]:
        """By snapshot id, the address that its page calls its own."""
        query = sa.select(t.extractions.c.snapshot, t.articles.c.canonical_url).join(
            t.articles, t.articles.c.id == t.extractions.c.article
        )
        return {row["snapshot"]: row["canonical_url"] for row in self._rows(query)}

    def titles(self) -> dict[str, str]:
        """By snapshot id, the title of its article."""
        e = t.extractions.c
        query = sa.select(e.snapshot, e.title).where(e.tool == t.chosen_tool("extractions"), e.title.is_not(None))
        return {row["snapshot"]: row["title"] for row in self._rows(query)}

    def judgements(self) -> list[Judgement]:
        return list(self.judgements_by_id().values())

    def judgements_by_id(self) -> dict[str, Judgement]:
        """In order of time, by the id that they are stored under: a damaged one has another by now."""
        query = sa.select(t.judgements).order_by(t.judgements.c.made_at, t.judgements.c.id)
        return {row["id"]: t.from_row(Judgement, row) for row in self._rows(query)}

    def decided(self) -> list[tuple[str, bool]]:
        """Every judgement's id with whether it was withdrawn: much cheaper than the judgements."""
        j = t.judgements.c
        query = sa.select(j.id, j.withdrawn_at.is_not(None)).order_by(j.id)
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def alerts(self) -> list[Alert]:
        """All that was ever told, the oldest first."""
        query = sa.select(t.alerts).order_by(t.alerts.c.fired_at, t.alerts.c.severity.desc(), t.alerts.c.id)
        return [t.from_row(Alert, row) for row in self._rows(query)]

    def deliveries(self) -> list[Delivery]:
        """Alerts that have not settled at some notifier: neither sent nor given up."""
        d = t.deliveries.c
        query = sa.select(t.deliveries).where(d.status.in_(("waiting", "trying", "failed"))).order_by(d.at, d.id)
        return [t.from_row(Delivery, row) for row in self._rows(query)]

    def speaker_names(self) -> dict[str, int]:
        """Every name that quotes are given to, with the number of texts that do so."""
        q = t.quotes.c
        query = (
            sa.select(q.speaker_name, sa.func.count(sa.distinct(q.text)).label("texts"))
            .where(q.tool == t.chosen_tool("quotes"), q.speaker_name.is_not(None))
            .group_by(q.speaker_name)
        )
        return {row["speaker_name"]: row["texts"] for row in self._rows(query)}

    def vectors(self, words: Iterable[str], tool: str) -> tuple[list[str], npt.NDArray[np.float32]]:
        """Digests and their vectors (n x dimensions) under a tool; those without a vector are left out."""
        found: list[str] = []
        rows: list[npt.NDArray[np.float32]] = []
        for some in _portions(sorted(words), _CHUNK):
            query = sa.select(t.embeddings).where(t.embeddings.c.tool == tool, t.embeddings.c.words_sha256.in_(some))
            for row in self._rows(query):
                found.append(row["words_sha256"])
                rows.append(row["vector"])
        return found, np.vstack(rows) if rows else np.empty((0, 0), np.float32)

    def embedded(self, words: Iterable[str], tool: str) -> tuple[npt.NDArray[np.int64], list[str]]:
        """Numbers (rising) and digests of those wordings that have a vector under a tool."""
        found: list[tuple[int, str]] = []
        w, e = t.wordings.c, t.embeddings.c
        for some in _portions(sorted(words), _CHUNK):
            query = (
                sa.select(w.number, w.words_sha256)
                .join(t.embeddings, e.words_sha256 == w.words_sha256)
                .where(e.tool == tool, w.words_sha256.in_(some))
            )
            found += [(row["number"], row["words_sha256"]) for row in self._rows(query)]
        found.sort()
        return np.array([number for number, _ in found], np.int64), [digest for _, digest in found]

    def wordings(self, words: Iterable[str]) -> dict[str, str]:
        """The words behind digests."""
        found: dict[str, str] = {}
        for some in _portions(sorted(words), _CHUNK):
            query = sa.select(t.wordings).where(t.wordings.c.words_sha256.in_(some))
            found.update((row["words_sha256"], row["wording"]) for row in self._rows(query))
        return found

    def worded(self, text: str, tool: str) -> list[Worded]:
        """The active wordings of one text, quotes and passages, with their vectors under a tool."""
        found: list[Worded] = []
        for table in (t.quotes, t.passages):
            query = (
                sa.select(t.wordings, t.embeddings.c.vector)
                .join(table, table.c.words_sha256 == t.wordings.c.words_sha256)
                .outerjoin(
                    t.embeddings,
                    sa.and_(t.embeddings.c.words_sha256 == t.wordings.c.words_sha256, t.embeddings.c.tool == tool),
                )
                .where(table.c.text == text, table.c.tool == t.chosen_tool(table.name))
                .distinct()
            )
            for row in self._rows(query.order_by(t.wordings.c.number)):
                found.append(Worded(row["words_sha256"], row["wording"], row["vector"], table is t.quotes))
        return found


def _portions(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _by(records: Iterable[T], key: str) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for record in records:
        groups[getattr(record, key)].append(record)
    return groups


def _successive(
    extractions: Sequence[Extraction], snapshots: Mapping[str, Snapshot]
) -> Iterable[tuple[Extraction, Extraction]]:
    """Neighbouring versions that differ, of one address each: a page for phones is another page and no edit."""
    by_url = defaultdict(list)
    for extraction in extractions:
        by_url[snapshots[extraction.snapshot].final_url].append(extraction)
    for versions in by_url.values():
        for before, after in pairwise(versions):
            if (before.text, before.title) != (after.text, after.title):
                yield before, after


def _as_first_dated(extractions: Sequence[Extraction]) -> Extraction:
    """The latest version. One that has moved its date back since it was first captured keeps the date that it had then:
    an article could else come before those that it has its matter from.
    """
    latest = extractions[-1]
    first = next((each for each in extractions if each.published_at), latest)
    if not (latest.published_at and first.published_at and first.published_at - latest.published_at > _MOVED):
        return latest
    return attrs.evolve(
        latest,
        published_at=first.published_at,
        published_precision=first.published_precision,
        published_raw=first.published_raw,
    )


def _order(snapshot: Snapshot) -> tuple[datetime, str]:
    return snapshot.fetched_at, snapshot.id


def _when(retelling: Retelling) -> tuple[bool, datetime, str]:
    published = retelling.extraction.published_at
    return published is None, published or retelling.snapshot.fetched_at, retelling.article.canonical_url


def _stranger(article: Article) -> Source:
    """A source that claims.yaml does not name."""
    slug = article.source
    return Source(slug=slug, name=slug, domains=(slug,), kind="press", country=None, language=None)
