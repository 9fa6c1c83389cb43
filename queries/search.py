"""Search: one ranking out of nearness in meaning and shared words; a wording ranks once, with every place it stands."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

from kb.claims import Study
from kb.fulltext import StoredLexicalIndex
from kb.index import Neighbours, VectorIndex, rank
from kb.reader import Filter, Occurrence, Reader
from kb.records import rfc3339
from kb.text import normalise, selector_for, words_digest

Mode = Literal["hybrid", "dense", "lexical"]

POOL = 200
"""Candidates taken from either ranking: beyond, a wording does not reach a page of ten in the fusion."""

DENSE_WEIGHT = 0.5
"""Share of nearness in the fusion of min-max scaled scores; .5 was best on SciFact and CheckThat! (docs/search.md)."""

EXACT_LIMIT = 50_000
"""Up to this many wordings a filter is searched exactly; the index then has nothing to add."""


@attrs.frozen(kw_only=True)
class Hit:
    """A wording that answers the query."""

    rank: int
    score: float
    """0..1 within one query; not comparable across queries."""
    kind: str
    """`quote`, `passage` or `claim`."""
    text: str
    speaker: str | None
    occurrences: tuple[Occurrence, ...]


@attrs.frozen(kw_only=True)
class Searcher:
    """What a search needs, opened by the caller."""

    reader: Reader
    index: Callable[[], VectorIndex]
    lexical: StoredLexicalIndex
    encode: Callable[[Sequence[str]], npt.NDArray[np.float32]]
    embed_tool: str
    study: Study

    def search(
        self, query: str, *, k: int = 10, mode: Mode = "hybrid", narrowed: Filter | None = None
    ) -> tuple[Hit, ...]:
        """The k best wordings within a filter, best first."""
        query = normalise(query)  # a terminal's broken bytes arrive as lone surrogates, which no model takes
        narrowed = narrowed or Filter()
        if narrowed.kind == "claim":
            return self._claims(query, k)
        allowed = None if narrowed.open else self.reader.matching(narrowed)
        scores = self._scores(query, mode, allowed)
        ordered = sorted(scores, key=lambda key: (-scores[key], key))
        places = self._places(ordered, k, narrowed)
        words = self.reader.wordings(places)
        return tuple(_hit(n, scores[key], words[key], where) for n, (key, where) in enumerate(places.items(), 1))

    def _places(self, ordered: Sequence[str], k: int, narrowed: Filter) -> dict[str, list[Occurrence]]:
        """The first k wordings that stand anywhere: those of the study alone, or of texts that a newer capture or
        extraction replaced, do not.
        """
        found: dict[str, list[Occurrence]] = {}
        for start in range(0, len(ordered), k):
            some = ordered[start : start + k]
            places = self.reader.occurrences(some, narrowed)
            found.update((key, places[key]) for key in some if places.get(key))
            if len(found) >= k:
                break
        return dict(list(found.items())[:k])

    def _scores(self, query: str, mode: Mode, allowed: set[str] | None) -> dict[str, float]:
        dense = self._dense(query, allowed) if mode != "lexical" else []
        lexical = self._lexical(query, allowed) if mode != "dense" else []
        match mode:
            case "dense":
                return dict(dense)
            case "lexical":
                return _scaled(lexical)
        near, shared = _scaled(dense), _scaled(lexical)
        return {
            key: DENSE_WEIGHT * near.get(key, 0.0) + (1 - DENSE_WEIGHT) * shared.get(key, 0.0)
            for key in near.keys() | shared.keys()
        }

    def _dense(self, query: str, allowed: set[str] | None) -> Neighbours:
        vector = self.encode([query])[0]
        if allowed is None or len(allowed) > EXACT_LIMIT:
            found = self.index().nearest(vector, POOL if allowed is None else 10 * POOL)
            return [(key, score) for key, score in found if allowed is None or key in allowed]
        keys, vectors = self.reader.vectors(allowed, self.embed_tool)
        return rank(keys, vectors, vector, POOL) if keys else []

    def _lexical(self, query: str, allowed: set[str] | None) -> Neighbours:
        found = self.lexical.best(query, POOL if allowed is None else EXACT_LIMIT)
        return [(key, score) for key, score in found if allowed is None or key in allowed][:POOL]

    def _claims(self, query: str, k: int) -> tuple[Hit, ...]:
        """The study's own claims, nearest first."""
        claims = {words_digest(claim.text): claim for claim in self.study.claims}
        keys, vectors = self.reader.vectors(claims, self.embed_tool)
        if not keys:
            return ()
        ranked = rank(keys, vectors, self.encode([query])[0], k)
        places = self.reader.occurrences([key for key, _ in ranked], Filter())
        return tuple(
            Hit(
                rank=n,
                score=round(score, 4),
                kind="claim",
                text=claims[key].text,
                speaker=claims[key].speaker,
                occurrences=tuple(places.get(key, ())),
            )
            for n, (key, score) in enumerate(ranked, 1)
        )


def _scaled(found: Neighbours) -> dict[str, float]:
    """Scores brought to 0..1 by the least and the greatest of this query."""
    if not found:
        return {}
    least, most = min(s for _, s in found), max(s for _, s in found)
    return {key: (score - least) / (most - least) if most > least else 1.0 for key, score in found}


def _hit(number: int, score: float, words: str, places: Sequence[Occurrence]) -> Hit:
    quoted = [place for place in places if place.kind == "quote"]
    shown = quoted or places
    return Hit(
        rank=number,
        score=round(score, 4),
        kind=shown[0].kind,
        text=words,
        speaker=next((place.speaker for place in quoted if place.speaker), None),
        occurrences=tuple(shown),
    )


def to_json(query: str, mode: str, took_ms: float, hits: Sequence[Hit]) -> Mapping[str, object]:
    """CONTRACT's `search` shape."""
    return {
        "query": query,
        "mode": mode,
        "took_ms": round(took_ms, 1),
        "hits": [
            {
                "rank": hit.rank,
                "score": hit.score,
                "kind": hit.kind,
                "text": hit.text,
                "speaker": hit.speaker,
                "occurrences": [_occurrence_json(place) for place in hit.occurrences],
            }
            for hit in hits
        ],
    }


def _occurrence_json(place: Occurrence) -> Mapping[str, object]:
    selector = selector_for(place.text.text, place.span)
    return {
        "url": place.article.canonical_url,
        "source": place.article.source,
        "title": place.title,
        "published_at": rfc3339(place.published_at) if place.published_at else None,
        "start": place.span.start,
        "end": place.span.end,
        "exact": selector.exact,
        "prefix": selector.prefix,
        "suffix": selector.suffix,
        "snapshot": place.snapshot.body_sha256,
    }
