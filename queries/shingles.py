"""Shared wording: which articles to compare at all, and how much of one article's words stand in another.

Candidates come from an inverted index of sampled word trigrams and rare words, never from comparing
all with all: a list of holders is walked whole when short, and else only near the article's own place
in time and at its head, where the source of a much-copied story stands.
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from zlib import crc32

import attrs

from kb.coverage import Retelling
from kb.text import words

SAMPLED = 4
"""One trigram in this many is indexed: a third of a typical article shared still means thirty meetings."""
WHOLE_LIST = 48
"""Holders of a trigram up to which all are met; longer lists belong to much-copied text."""
NEIGHBOURS = 16
FIRST_FEW = 8
NEAREST = 24
"""Candidates kept by shared trigrams; half as many again by shared rare words."""
BASELINE = 16
"""Articles, evenly spread in time, that give the wording two articles on one subject share by chance."""
FEW = 6
"""Shared trigrams below which wording says nothing: names and set phrases alone make up as many."""
BEYOND = 0.1
"""Share of a child's trigrams that a parent must explain beyond any primary document, for the words of those
to count in full as taken from the parent."""
_SHORT = 3
"""Letters of a word that is too short to tell articles apart."""


@attrs.frozen(kw_only=True)
class Wording:
    """An article's words as sets of digests."""

    own: frozenset[int]
    """Trigrams outside quotation marks."""
    quoted: frozenset[int]
    """Trigrams inside."""
    terms: frozenset[int]
    """Single words outside quotation marks."""


def trigrams(row: Sequence[str]) -> frozenset[int]:
    """Stable digests of the word trigrams; a shorter text is one shingle."""
    if len(row) < 3:
        return frozenset({crc32(" ".join(row).encode())} if row else ())
    return frozenset(crc32(f"{a} {b} {c}".encode()) for a, b, c in zip(row, row[1:], row[2:], strict=False))


def wording(retelling: Retelling) -> Wording:
    """The words of an article, with what stands in quotation marks kept apart: quotes travel by themselves."""
    text = retelling.text.text
    spans = sorted(
        (piece.start, piece.end)
        for quote in retelling.quotes
        if quote.form in ("direct", "partial")
        for piece in quote.pieces
    )
    own: set[int] = set()
    quoted: set[int] = set()
    terms: set[int] = set()
    at = 0
    for start, end in [*spans, (len(text), len(text))]:
        if start >= at:
            row = words(text[at:start])
            own |= trigrams(row)
            terms |= {crc32(word.encode()) for word in row if len(word) > _SHORT or word[:1].isdigit()}
        if end > start:
            quoted |= trigrams(words(text[start:end]))
        at = max(at, end)
    return Wording(own=frozenset(own), quoted=frozenset(quoted), terms=frozenset(terms))


class Shingles:
    """The wording of a coverage, and how its articles share it."""

    def __init__(self, retellings: Sequence[Retelling]) -> None:
        self.wordings = [wording(retelling) for retelling in retellings]
        self.primary = [retelling.source.kind == "primary" for retelling in retellings]
        given = [w.own | w.quoted for w, primary in zip(self.wordings, self.primary, strict=True) if primary]
        self.given: frozenset[int] = frozenset().union(*given)
        """Trigrams of the primary documents: two articles that share these may have them from there."""
        self._holders = _index((w.own for w in self.wordings), SAMPLED)
        self._term_holders = _index((w.terms for w in self.wordings), 1)
        count = len(self.wordings)
        self._weights = {term: math.log(1 + count / len(row)) for term, row in self._term_holders.items()}
        self._term_totals = [sum(map(self._weights.__getitem__, sorted(w.terms))) for w in self.wordings]
        step = max(1, len(self.wordings) // BASELINE)
        self._spread = range(0, len(self.wordings), step)
        self._explained: dict[int, int] = {}
        self._near: dict[int, list[int]] = {}
        self._base: dict[int, tuple[float, float]] = {}

    def near(self, child: int) -> list[int]:
        """Articles whose wording may be the child's source, best first."""
        if child in self._near:
            return self._near[child]
        grams = _meetings(child, (g for g in self.wordings[child].own if g % SAMPLED == 0), self._holders, WHOLE_LIST)
        terms = _meetings(child, self.wordings[child].terms, self._term_holders, WHOLE_LIST // 2, walk_long=False)
        best = _top(grams, NEAREST)
        further = (other for other in _top(terms, NEAREST // 2) if other not in set(best))
        self._near[child] = [*best, *further]
        return self._near[child]

    def common(self, child: int, parent: int) -> int:
        """Trigrams outside quotation marks that two articles have in common."""
        return len(self.wordings[child].own & self.wordings[parent].own)

    def shared(self, child: int, parent: int) -> int:
        """The child's trigrams that it may have from the parent.

        Two articles that draw on one primary document share its words without having them from each
        other; so those count only where the parent explains more than any primary document does.
        """
        own = self.wordings[child].own
        common = own & self.wordings[parent].own
        if self.primary[parent]:
            return len(common)
        fresh = len(common - self.given)
        beyond = (len(common) - self._from_primary(child)) / max(FEW, BEYOND * len(own))
        return fresh + round((len(common) - fresh) * min(1.0, max(0.0, beyond)))

    def _from_primary(self, child: int) -> int:
        if child not in self._explained:
            own = self.wordings[child].own
            held = (len(own & w.own) for w, primary in zip(self.wordings, self.primary, strict=True) if primary)
            self._explained[child] = max(held, default=0)
        return self._explained[child]

    def contained(self, child: int, parent: int) -> float:
        """Share of the child's trigrams that stand in the parent."""
        own = self.wordings[child].own
        return self.shared(child, parent) / len(own) if own else 0.0

    def terms_contained(self, child: int, parent: int) -> float:
        """Share of the child's words that stand in the parent, each weighing by how rare it is in the coverage."""
        mine, theirs = self.wordings[child].terms, self.wordings[parent].terms
        total = self._term_totals[child]
        return sum(map(self._weights.__getitem__, mine & theirs)) / total if total else 0.0

    def chance(self, child: int) -> tuple[float, float]:
        """What the child shares with a middling article of the coverage: trigrams, rare words.

        The lower quartile: where most of the coverage is one copied story, the middle is a copy.
        """
        if child not in self._base:
            others = [other for other in self._spread if other != child and not self.primary[other]]
            grams = [self.contained(child, other) for other in others]
            terms = [self.terms_contained(child, other) for other in others]
            self._base[child] = (_quartile(grams), _quartile(terms))
        return self._base[child]

    def phrase_in(self, phrase: Sequence[str], parent: int) -> float:
        """Share of a phrase's trigrams that stand in an article."""
        grams = trigrams(phrase)
        held = self.wordings[parent].own | self.wordings[parent].quoted
        return len(grams & held) / len(grams) if grams else 0.0


def _quartile(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 4] if values else 0.0


def _index(sets: Iterable[frozenset[int]], sampled: int) -> Mapping[int, list[int]]:
    holders: dict[int, list[int]] = defaultdict(list)
    for at, items in enumerate(sets):
        for item in items:
            if item % sampled == 0:
                holders[item].append(at)
    return holders


def _meetings(
    child: int, items: Iterable[int], holders: Mapping[int, list[int]], whole: int, *, walk_long: bool = True
) -> dict[int, float]:
    """How often, weighed by rarity, each other article is met on the lists of the child's items."""
    met: dict[int, float] = defaultdict(float)
    for item in items:
        row = holders[item]
        weight = 1 / (1 + math.log(len(row)))
        if len(row) > whole:
            if not walk_long:
                continue
            place = bisect_left(row, child)
            row = sorted({*row[:FIRST_FEW], *row[max(0, place - NEIGHBOURS) : place + NEIGHBOURS // 2]})
        for other in row:
            met[other] += weight
    met.pop(child, None)
    return met


def _top(met: Mapping[int, float], count: int) -> list[int]:
    return sorted(met, key=lambda other: (-round(met[other], 9), other))[:count]
