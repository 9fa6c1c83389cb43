"""The words of articles as numbered marks, and which articles to compare at all.

Candidates come from inverted indexes of sampled marks, never from comparing all with all: a list of
holders is walked whole when short, and else only near the article's own place in time and at its
head, where the source of a much-copied story stands.
"""

import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from zlib import crc32

import attrs
import numpy as np
import numpy.typing as npt

from kb.coverage import Retelling
from kb.sense import STOPWORDS
from kb.text import words

Array = npt.NDArray[np.int64]

SAMPLED = 4
"""One mark in this many is indexed: a third of a typical article shared still means thirty meetings."""
WHOLE_LIST = 100
"""Holders of a mark up to which all are met; longer lists belong to much-copied text."""
NEIGHBOURS = 16
FIRST_FEW = 8
NEAREST = 24
"""Candidates kept by shared trigrams, as many by shared pairs of words, and by shared quotes."""
FEW = 6
"""Shared trigrams below which wording says nothing: names and set phrases alone make up as many."""
PAIRS = 1200
"""Pairs of words kept in a middling article; of more, the same share is drawn in every article."""
LONGEST = 30
"""Content words of a sentence that are paired: what runs on longer is a list or a table."""
SAMPLE = 16
"""Articles, evenly spread in time, that tell how long a middling article is."""
_SENTENCE_END = re.compile(r"[.!?;]\s|\n")
_SHORT = 3
"""Letters of a word that is too short to tell articles apart."""
_DIGEST = 2**32
_TURNS = 2_654_435_761, 40_503_921


@attrs.frozen(kw_only=True)
class Wording:
    """An article's words as sorted digests, each once."""

    own: Array
    """Trigrams outside quotation marks, none across two sentences: what stands side by side changes with every cut."""
    quoted: Array
    """Trigrams inside."""
    pairs: Array
    """Pairs of content words that stand in one sentence outside quotation marks: they outlast rewording, for a
    sentence told in another frame keeps its names, its numbers and some of its words."""
    content: Array
    """Content words outside quotation marks: of a sentence told anew the names may be all that stays."""


def trigrams(row: Sequence[str]) -> Array:
    """Stable digests of the word trigrams; a shorter text has none."""
    if len(row) < 3:
        return np.empty(0, np.int64)
    one = np.fromiter(map(_digest, row), np.int64, len(row))
    return (one[:-2] * 5 + one[1:-1] * _TURNS[1] + one[2:] * (_TURNS[0] >> 2)) % _DIGEST


@lru_cache(maxsize=200_000)
def _digest(word: str) -> int:
    return crc32(word.encode())


@lru_cache(maxsize=200_000)
def _content(word: str) -> int:
    """The digest of a word that tells articles apart, else 0."""
    return crc32(word.encode()) if (len(word) > _SHORT or word[:1].isdigit()) and word not in STOPWORDS else 0


def wording(retelling: Retelling, step: int = 1) -> Wording:
    """The words of an article, with what stands in quotation marks kept apart: quotes travel by themselves.

    Of the pairs one in `step` is kept, the same ones in every article.
    """
    own: list[Array] = []
    quoted: list[Array] = []
    pairs: list[Array] = []
    content: set[int] = set()
    for part, is_quote in _parts(retelling):
        if is_quote:
            quoted.append(trigrams(words(part)))
            continue
        for line in _SENTENCE_END.split(part):
            said = words(line)
            own.append(trigrams(said))
            row = list(dict.fromkeys(filter(None, map(_content, said))))
            content.update(row)
            if len(row) > 1:
                pairs.append(_pairs(row[:LONGEST]))
    found = _union(pairs)
    return Wording(
        own=_union(own), quoted=_union(quoted), pairs=found[found % step == 0], content=_union([np.array([*content])])
    )


def _parts(retelling: Retelling) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and whether each is a quote."""
    text = retelling.text.text
    spans = sorted(
        (piece.start, piece.end)
        for quote in retelling.quotes
        if quote.form in ("direct", "partial")
        for piece in quote.pieces
    )
    at = 0
    for start, end in [*spans, (len(text), len(text))]:
        if start >= at:
            yield text[at:start], False
        if end > start:
            yield text[start:end], True
        at = max(at, end)


def _pairs(row: Sequence[int]) -> Array:
    one = np.array(row, np.int64)
    first, second = _PLACES[len(row)]
    return one[first] ^ one[second]


_PLACES = [np.triu_indices(count, 1) for count in range(LONGEST + 1)]


def _union(rows: Sequence[Array]) -> Array:
    return np.unique(np.concatenate(rows).astype(np.int64)) if rows else np.empty(0, np.int64)


class Marks:
    """Marks of one sort, trigrams or pairs of words or words, numbered through the coverage."""

    def __init__(self, rows: Sequence[Array]) -> None:
        every = np.concatenate([*rows, np.empty(0, np.int64)])
        self.names, flat = np.unique(every, return_inverse=True)
        self.start = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        self._flat = flat.astype(np.int32)
        self.size = np.diff(self.start)
        held_by = np.bincount(self._flat, minlength=len(self.names))
        self.rarity = np.log((len(rows) + 1) / np.maximum(1, held_by)) / math.log(len(rows) + 1)
        """1 for a mark that one article alone has, 0 for one that all have."""
        self._place = np.full(len(self.names), -1, np.int32)

    def of(self, article: int) -> npt.NDArray[np.int32]:
        """Numbers of an article's marks, in order."""
        return self._flat[self.start[article] : self.start[article + 1]]

    def held(self, article: int, others: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Which of an article's marks (columns) each of the others (rows) has."""
        own = self.of(article)
        found = np.zeros((len(others), len(own)), bool)
        if len(own) and len(others):
            self._place[own] = np.arange(len(own))
            rows = [self.of(other) for other in others]
            place = self._place[np.concatenate(rows)]
            which = np.repeat(np.arange(len(others)), [len(row) for row in rows])
            met = place >= 0
            found[which[met], place[met]] = True
            self._place[own] = -1
        return found


class _Index:
    """Who holds each of the sampled marks."""

    def __init__(self, rows: Sequence[Array]) -> None:
        kept = [row[row % SAMPLED == 0] for row in rows]
        every = np.concatenate([*kept, np.empty(0, np.int64)])
        holders = np.repeat(np.arange(len(kept)), [len(row) for row in kept])
        names, flat = np.unique(every, return_inverse=True)
        self._rows = np.split(flat, np.cumsum([len(row) for row in kept])[:-1]) if kept else []
        order = np.argsort(flat, kind="stable")
        self._holders = holders[order]
        self._count = np.bincount(flat, minlength=len(names))
        self._start = np.cumsum(self._count) - self._count
        self._weight = 1 / (1 + np.log(np.maximum(1, self._count)))

    def nearest(self, child: int, most: int) -> list[int]:
        """The articles met most, weighed by rarity, on the lists of the child's marks."""
        met = []
        marks = self._rows[child]
        for start, count in zip(self._start[marks].tolist(), self._count[marks].tolist(), strict=True):
            row = self._holders[start : start + count]
            if count > WHOLE_LIST:
                place = int(np.searchsorted(row, child))
                low = max(FIRST_FEW, place - NEIGHBOURS)
                row = np.concatenate([row[:FIRST_FEW], row[low : max(low, place + NEIGHBOURS // 2)]])
            met.append(row)
        if not met:
            return []
        weights = np.repeat(self._weight[marks], [len(row) for row in met])
        total = np.round(np.bincount(np.concatenate(met), weights), 9)
        others = np.flatnonzero(total)
        total = total[others]
        best = np.lexsort((others, -total))[: most + 1]
        return [other for other in others[best].tolist() if other != child][:most]


class Shingles:
    """The wording of a coverage, and which of its articles share it."""

    def __init__(self, retellings: Sequence[Retelling]) -> None:
        step = _step(retellings)
        wordings = [wording(retelling, step) for retelling in retellings]
        self.primary = [retelling.source.kind == "primary" for retelling in retellings]
        self.trigrams = Marks([w.own for w in wordings])
        self.pairs = Marks([w.pairs for w in wordings])
        self.content = Marks([w.content for w in wordings])
        self.quoted = Marks([w.quoted for w in wordings])
        self.given = _union(
            [np.concatenate([w.quoted, w.own]) for w, is_given in zip(wordings, self.primary, strict=True) if is_given]
        )
        """Trigrams of the primary documents, quoted or not."""
        said = [w.quoted[~np.isin(w.quoted, self.given)] for w in wordings]
        sorts = ([w.own for w in wordings], [w.pairs for w in wordings], said)
        self._indexes = [_Index(rows) for rows in sorts]
        self._near: dict[int, list[int]] = {}

    def near(self, child: int) -> list[int]:
        """Articles whose wording may be the child's source, best first by each sort of mark."""
        if child not in self._near:
            found = (index.nearest(child, NEAREST) for index in self._indexes)
            self._near[child] = list(dict.fromkeys(other for row in found for other in row))
        return self._near[child]


def _step(retellings: Sequence[Retelling]) -> int:
    """One pair in how many is kept, judged by articles spread over the coverage."""
    some = retellings[:: max(1, len(retellings) // SAMPLE)]
    count = sum(len(wording(retelling).pairs) for retelling in some)
    return max(1, count // (PAIRS * max(1, len(some))))
