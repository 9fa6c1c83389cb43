"""Search: one ranking out of nearness in meaning and shared words; a wording ranks once, with every place it stands."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import attrs

from kb.identity import rfc3339
from kb.lexical import LexicalIndex
from kb.matrix import Matrix, Vectors
from kb.occurrences import Filter, Occurrence, Occurrences
from kb.text import CONTEXT, normalise, words_digest
from queries.fusion import fused, scaled
from queries.kept import ALL, Left, left

if TYPE_CHECKING:
    from kb.claims import Claim

Mode = Literal["hybrid", "dense", "lexical"]

Ranked = list[tuple[int, float]]
"""Numbers of wordings with a score, best first."""

POOL = 200
"""Candidates taken from either ranking at first: beyond, a wording hardly reaches a page of ten in the fusion."""


@attrs.frozen(kw_only=True)
class Hit:
    """A wording that answers the query."""

    rank: int
    score: float
    """0..1 within one query; not comparable across queries."""
    kind: str
    """`quote`, `passage` or `claim`."""
    text: str
    matched: tuple[tuple[int, int], ...]
    """Where words of the query stand in `text`, in any form; half-open, in code points."""
    speaker: str | None
    occurrences: tuple[Occurrence, ...]


@attrs.frozen(kw_only=True)
class Searcher:
    """What a search needs, opened by the caller."""

    places: Occurrences
    lexical: LexicalIndex
    matrix: Matrix
    nearest: Callable[[Vectors, int], Ranked]
    """The wordings nearest to a vector, of all: from the matrix or from a vector index."""
    encode: Callable[[Sequence[str]], Vectors]
    kept: Callable[[Filter], Left] | None = None
    """What a filter leaves, from a process that keeps it; else it is asked for where too few of the best meet it."""

    def search(
        self, query: str, *, k: int = 10, mode: Mode = "hybrid", narrowed: Filter | None = None
    ) -> tuple[Hit, ...]:
        """The k best wordings within a filter, best first."""
        query = normalise(query)  # a terminal's broken bytes arrive as lone surrogates, which no model takes
        narrowed = narrowed or Filter()
        within = ALL if narrowed.open else self.kept(narrowed) if self.kept else None
        vector = self.encode([query])[0] if mode != "lexical" else None
        pool = _pool(k, mode, within)
        while True:
            dense = self._dense(vector, pool, within)
            lexical = self._lexical(query, pool, within, least=k if mode == "lexical" else 0) if mode != "dense" else []
            scores = _fused(mode, dense, lexical)
            standing = self._standing(scores, k, narrowed, _share(within))
            if len(standing) >= k or max(len(dense), len(lexical)) < pool:
                return self._hits(query, scores, standing)
            if within:
                pool *= 10
            else:
                within = left(self.places, self.matrix, narrowed)
                pool = max(pool, _pool(k, mode, within))

    def _standing(
        self, scores: Mapping[int, float], k: int, narrowed: Filter, share: float
    ) -> dict[int, list[Occurrence]]:
        """The first k wordings that stand anywhere within the filter, which some such share meets: those of the study
        alone, or of texts that a newer capture or extraction replaced, do not.
        """
        ordered = sorted(scores, key=lambda number: (-scores[number], number))
        found: dict[int, list[Occurrence]] = {}
        start, end = 0, k if share > 0.5 else round(2 * k / share)
        while start < len(ordered) and len(found) < k:
            some = ordered[start:end]
            if end > k:  # else mostly all of them stand somewhere
                meet = set(self.places.matching(narrowed, among=some))
                some = [number for number in some if number in meet][: k - len(found)]
            places = self.places.standing(some, narrowed)
            found.update((number, places[number]) for number in some if number in places)
            start, end = end, 2 * end
        return found

    def _dense(self, vector: Vectors | None, pool: int, within: Left | None) -> Ranked:
        if vector is None:
            return []
        return within.alone.vectors.nearest(vector, pool) if within and within.alone else self.nearest(vector, pool)

    def _lexical(self, query: str, pool: int, within: Left | None, *, least: int) -> Ranked:
        """Frequent words need not find what nearness finds."""
        return self.lexical.best(query, pool, within.alone.numbers if within and within.alone else None, least=least)

    def answering(self, query: str, near: float, narrowed: Filter) -> dict[int, list[Occurrence]]:
        """Every wording that has all words of the query, or comes as near to it in meaning as `near`, with its places:
        unlike the k best, none where nothing answers.
        """
        query = normalise(query)
        found = dict.fromkeys(self.lexical.all(query))
        if near < 1 and len(self.matrix.numbers):
            found.update(dict.fromkeys(self.matrix.within(self.encode([query])[0], near)))
        return self.places.standing(self.places.matching(narrowed, among=found), narrowed)

    def _hits(
        self, query: str, scores: Mapping[int, float], standing: Mapping[int, Sequence[Occurrence]]
    ) -> tuple[Hit, ...]:
        words = self.places.wordings(standing)
        marked = self.lexical.marked(query, words)
        return tuple(
            _hit(rank, scores[number], words[number], marked.get(number, ()), places)
            for rank, (number, places) in enumerate(standing.items(), 1)
        )

    def claims(self, query: str, claims: "Sequence[Claim]", k: int = 10) -> tuple[Hit, ...]:
        """The study's own claims, nearest first."""
        known = {words_digest(claim.text): claim for claim in claims}
        numbers = {number: known[key] for key, number in self.places.numbers(known).items()}
        ranked = self.matrix.rank(self.encode([normalise(query)])[0], numbers, k) if numbers else []
        places = self.places.standing([number for number, _ in ranked], Filter())
        return tuple(
            Hit(
                rank=rank,
                score=round(score, 4),
                kind="claim",
                text=numbers[number].text,
                matched=(),
                speaker=numbers[number].speaker,
                occurrences=tuple(places.get(number, ())),
            )
            for rank, (number, score) in enumerate(ranked, 1)
        )


def _share(within: Left | None) -> float:
    """Of what is ranked, so much meets the filter."""
    return 1.0 if within is None or within.alone else within.share


def _pool(k: int, mode: Mode, within: Left | None) -> int:
    """Candidates to take from either ranking: of a wide filter so many that k and some more meet it."""
    share = _share(within)
    if mode == "hybrid" or within is None:  # what is high in one ranking may be low in the other
        return max(POOL, k, round(5 * k / share))
    # A ranking alone gives its own best, some of which may stand nowhere; how many meet a filter is chance.
    return round(k * (2.5 - share) / share)


def _fused(mode: Mode, dense: Ranked, lexical: Ranked) -> dict[int, float]:
    if mode == "hybrid":
        return fused(dense, lexical)
    return scaled(lexical) if mode == "lexical" else dict(dense)


def _hit(rank: int, score: float, words: str, marked: Sequence[tuple[int, int]], places: Sequence[Occurrence]) -> Hit:
    quoted = [place for place in places if place.kind == "quote"]
    shown = quoted or places
    return Hit(
        rank=rank,
        score=round(score, 4),
        kind=shown[0].kind,
        text=words,
        matched=tuple(marked),
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
                "matched": [list(span) for span in hit.matched],
                "speaker": hit.speaker,
                "occurrences": [_occurrence_json(place) for place in hit.occurrences],
            }
            for hit in hits
        ],
    }


def _occurrence_json(place: Occurrence) -> Mapping[str, object]:
    return {
        "url": place.url,
        "source": place.source,
        "title": place.title,
        "published_at": rfc3339(place.published_at) if place.published_at else None,
        "start": place.start,
        "end": place.end,
        "exact": place.exact,
        "prefix": place.before[-CONTEXT:],
        "suffix": place.after[:CONTEXT],
        "snapshot": place.snapshot,
    }
