"""Shared wording: which articles to compare at all, and how much of one article's words stand in another.

Candidates come from an inverted index of sampled word trigrams and rare words, never from comparing
all with all: a list of holders is walked whole when short, and else only near the article's own place
in time and at its head, where the source of a much-copied story stands.
"""

import math
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import nlargest
from itertools import combinations
from zlib import crc32

import attrs

from kb.coverage import Retelling
from kb.sense import STOPWORDS
from kb.text import words

SAMPLED = 4
"""One trigram in this many is indexed: a third of a typical article shared still means thirty meetings."""
WHOLE_LIST = 100
"""Holders of a trigram up to which all are met; longer lists belong to much-copied text."""
NEIGHBOURS = 16
FIRST_FEW = 8
NEAREST = 24
"""Candidates kept by shared trigrams, as many by shared pairs of words, and by shared quotes."""
BASELINE = 16
"""Articles, evenly spread in time, that give the wording two articles on one subject share by chance."""
FEW = 6
"""Shared trigrams below which wording says nothing: names and set phrases alone make up as many."""
LIKELY_CHANCE = 0.08
"""Share of marks that two articles on one subject hardly exceed by chance."""
BEYOND = 0.1
"""Share of a child's trigrams that a parent must explain beyond any primary document, for the words of those
to count in full as taken from the parent."""
PAIRS = 400
"""Pairs of words kept in a middling article; of more, the same share is drawn in every article."""
LONGEST = 30
"""Content words of a sentence that are paired: what runs on longer is a list or a table."""
_SENTENCE_END = re.compile(r"[.!?;]\s|\n")
_STOPWORDS = frozenset(crc32(word.encode()) for word in STOPWORDS)
_SHORT = 3
"""Letters of a word that is too short to tell articles apart."""


@attrs.frozen(kw_only=True)
class Wording:
    """An article's words as sets of digests."""

    own: frozenset[int]
    """Trigrams outside quotation marks."""
    quoted: frozenset[int]
    """Trigrams inside."""
    pairs: frozenset[int]
    """Pairs of content words that stand in one sentence outside quotation marks: they outlast rewording, for a
    sentence told in another frame keeps its names, its numbers and some of its words."""


def trigrams(row: Sequence[str]) -> frozenset[int]:
    """Stable digests of the word trigrams; a shorter text has none."""
    return frozenset(crc32(f"{a} {b} {c}".encode()) for a, b, c in zip(row, row[1:], row[2:], strict=False))


def wording(retelling: Retelling, step: int = 1) -> Wording:
    """The words of an article, with what stands in quotation marks kept apart: quotes travel by themselves.

    Of the pairs one in `step` is kept, the same ones in every article.
    """
    text = retelling.text.text
    spans = sorted(
        (piece.start, piece.end)
        for quote in retelling.quotes
        if quote.form in ("direct", "partial")
        for piece in quote.pieces
    )
    own: set[int] = set()
    quoted: set[int] = set()
    pairs: set[int] = set()
    at = 0
    for start, end in [*spans, (len(text), len(text))]:
        if start >= at:
            for line in _SENTENCE_END.split(text[at:start]):
                pairs |= _pairs(line, step)
            own |= trigrams(words(text[at:start]))
        if end > start:
            quoted |= trigrams(words(text[start:end]))
        at = max(at, end)
    return Wording(own=frozenset(own), quoted=frozenset(quoted), pairs=frozenset(pairs))


def _pairs(sentence: str, step: int) -> set[int]:
    content = {crc32(word.encode()) for word in words(sentence) if len(word) > _SHORT or word[:1].isdigit()}
    row = [word for word in content if word not in _STOPWORDS]
    return {pair for one, other in combinations(row[:LONGEST], 2) if (pair := one ^ other) % step == 0}


class Marks:
    """Marks of one sort, trigrams or pairs of words, and how the articles of a coverage share them."""

    def __init__(self, sets: Sequence[frozenset[int]], primary: Sequence[bool]) -> None:
        self.sets = sets
        self._primary = primary
        self._documents = [held for held, is_primary in zip(sets, primary, strict=True) if is_primary]
        self.given: frozenset[int] = frozenset().union(*self._documents)
        """Those of the primary documents: two articles that share these may have them from there."""
        step = max(1, len(sets) // BASELINE)
        self._spread = [at for at in range(0, len(sets), step) if not primary[at]]
        self._explained: dict[int, int] = {}
        self._base: dict[int, float] = {}

    def common(self, child: int, parent: int) -> int:
        """Marks that two articles have in common."""
        return len(self.sets[child] & self.sets[parent])

    def shared(self, child: int, parent: int) -> int:
        """The child's marks that it may have from the parent.

        Two articles that draw on one primary document share its words without having them from each
        other; so those count only where the parent explains more than any primary document does.
        """
        own = self.sets[child]
        common = own & self.sets[parent]
        if self._primary[parent]:
            return len(common)
        fresh = len(common - self.given)
        beyond = (len(common) - self._from_primary(child)) / max(FEW, BEYOND * len(own))
        return fresh + round((len(common) - fresh) * min(1.0, max(0.0, beyond)))

    def _from_primary(self, child: int) -> int:
        if child not in self._explained:
            own = self.sets[child]
            self._explained[child] = max((len(own & held) for held in self._documents), default=0)
        return self._explained[child]

    def contained(self, child: int, parent: int) -> float:
        """Share of the child's marks that stand in the parent."""
        return self.shared(child, parent) / max(1, len(self.sets[child]))

    def chance(self, child: int) -> float:
        """The share that stands in a middling article of the coverage.

        The lower quartile: where most of the coverage is one copied story, the middle is a copy. Where there
        are few articles, what two on one subject share as a rule.
        """
        if child not in self._base:
            values = sorted(self.contained(child, other) for other in self._spread if other != child)
            quartile = values[len(values) // 4] if values else 0.0
            self._base[child] = (len(values) * quartile + 2 * LIKELY_CHANCE) / (len(values) + 2)
        return self._base[child]


class Shingles:
    """The wording of a coverage, and how its articles share it."""

    def __init__(self, retellings: Sequence[Retelling]) -> None:
        step = _step(retellings)
        self.wordings = [wording(retelling, step) for retelling in retellings]
        self.primary = [retelling.source.kind == "primary" for retelling in retellings]
        self.trigrams = Marks([w.own for w in self.wordings], self.primary)
        self.pairs = Marks([w.pairs for w in self.wordings], self.primary)
        quoted = [w.quoted | w.own for w, primary in zip(self.wordings, self.primary, strict=True) if primary]
        self.given: frozenset[int] = frozenset().union(*quoted)
        """Trigrams of the primary documents, quoted or not."""
        said = [w.quoted - self.given for w in self.wordings]
        self._indexed = [(sets, _index(sets, SAMPLED)) for sets in (self.trigrams.sets, self.pairs.sets, said)]
        self._near: dict[int, list[int]] = {}

    def near(self, child: int) -> list[int]:
        """Articles whose wording may be the child's source, best first."""
        if child not in self._near:
            found: dict[int, None] = {}
            for sets, index in self._indexed:
                sampled = (mark for mark in sets[child] if mark % SAMPLED == 0)
                found |= dict.fromkeys(_top(_meetings(child, sampled, index), NEAREST))
            self._near[child] = list(found)
        return self._near[child]

    def phrase_in(self, phrase: Sequence[str], parent: int) -> float:
        """Share of a phrase's trigrams that stand in an article."""
        grams = trigrams(phrase)
        held = self.wordings[parent].own | self.wordings[parent].quoted
        return len(grams & held) / len(grams) if grams else 0.0


def _step(retellings: Sequence[Retelling]) -> int:
    """One pair in how many is kept, judged by articles spread over the coverage."""
    some = retellings[:: max(1, len(retellings) // BASELINE)]
    count = sum(len(wording(retelling).pairs) for retelling in some)
    return max(1, count // (PAIRS * max(1, len(some))))


def _index(sets: Iterable[frozenset[int]], sampled: int) -> Mapping[int, list[int]]:
    holders: dict[int, list[int]] = defaultdict(list)
    for at, items in enumerate(sets):
        for item in items:
            if item % sampled == 0:
                holders[item].append(at)
    return holders


def _meetings(child: int, items: Iterable[int], holders: Mapping[int, list[int]]) -> dict[int, float]:
    """How often, weighed by rarity, each other article is met on the lists of the child's items."""
    met: dict[int, float] = defaultdict(float)
    for item in items:
        row = holders[item]
        weight = 1 / (1 + math.log(len(row)))
        if len(row) > WHOLE_LIST:
            place = bisect_left(row, child)
            row = sorted({*row[:FIRST_FEW], *row[max(0, place - NEIGHBOURS) : place + NEIGHBOURS // 2]})
        for other in row:
            met[other] += weight
    met.pop(child, None)
    return met


def _top(met: Mapping[int, float], count: int) -> list[int]:
    best = nlargest(count, met.items(), key=lambda item: (round(item[1], 9), -item[0]))
    return [other for other, _ in best]
