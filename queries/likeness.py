"""What the words of an article say of each of its possible parents, seen next to one another.

Whoever copies leaves out and adds. So the parent has all that a sibling or a grandparent has of a child's words,
and some that they lack; what counts is less how much an article explains than how much less than the best.
"""

import math
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from queries.kinship_network import Floats
from queries.shingles import FEW, Array, Marks, Shingles, trigrams

Bools = npt.NDArray[np.bool_]

BASELINE = 16
"""Articles, evenly spread in time, that give the wording two articles on one subject share by chance."""
LIKELY_CHANCE = 0.08
"""Share of marks that two articles on one subject hardly exceed by chance."""
BEYOND = 0.1
"""Share of a child's trigrams that a parent must explain beyond any primary document, for the words of those
to count in full as taken from the parent."""
AIR = 0.02
"""Added to shares before they are compared, for of few words a share says little."""
MOST = 15.0
"""Log-odds that words add up to at most."""


@attrs.frozen(kw_only=True)
class Rivals:
    """The possible parents of an article, and which of them their dates make younger or older than it."""

    articles: Sequence[int]
    later: Bools
    before: Bools


@attrs.frozen(kw_only=True)
class Likeness:
    """One row for each possible parent."""

    contained: Floats
    """Share of the child's own word trigrams that stand in the parent."""
    shared: Floats
    """How many trigrams that is; see `_taken` for those of primary documents."""
    chance: float
    """The share that a middling article of the coverage has of them."""
    quoted: Floats
    """Share of the child's quoted trigrams that stand in the parent's quotes and in no primary document."""
    runs: Bools
    """Which of the child's trigrams (columns, by digest) each has."""
    digests: Array
    signs: Mapping[str, Floats]
    """What the model weighs, by name."""

    def phrase(self, row: Sequence[str]) -> Floats:
        """Share of a phrase of the child's that stands in each."""
        grams = np.unique(trigrams(row))
        at = np.searchsorted(self.digests, grams)
        known = at < len(self.digests)
        known[known] = self.digests[at[known]] == grams[known]
        return np.asarray(self.runs[:, at[known]].sum(1) / max(1, len(grams)))


class Words:
    """How the words of a coverage's articles are shared."""

    def __init__(self, shingles: Shingles) -> None:
        self._of = shingles
        count = len(shingles.primary)
        self.primary = np.array(shingles.primary, bool)
        self._documents = np.flatnonzero(self.primary).tolist()
        step = max(1, count // BASELINE)
        self._spread = [at for at in range(0, count, step) if not shingles.primary[at]]

    def likeness(self, child: int, rivals: Rivals) -> Likeness:
        """Of a child to its possible parents."""
        others = rivals.articles
        spread = [at for at in self._spread if at != child]
        rows = [*others, *self._documents, *spread]
        signs: dict[str, Floats] = {}
        sides = (("run", self._of.trigrams, 3), ("pair", self._of.pairs, 8), ("word", self._of.content, 1))
        shares = {}
        for name, marks, clump in sides:
            held = marks.held(child, rows)
            taken = self._taken(held, rows)
            size = max(1, held.shape[1])
            if name == "run":
                runs = held[: len(others)]
            usual = _usual(taken[len(others) + len(self._documents) :] / size)
            shares[name] = (taken[: len(others)], usual)
            signs |= {f"{name}-{key}": value for key, value in _seen(marks, child, rivals, held, clump).items()}
            signs[f"{name}-above"] = np.log((taken[: len(others)] / size + AIR) / (usual + AIR))
            signs[f"{name}-beyond"], signs[f"{name}-short"] = self._documented(held, others)
        said = self._of.quoted.held(child, rows)[: len(others)]
        signs |= {f"said-{key}": value for key, value in _seen(self._of.quoted, child, rivals, said, 6).items()}
        given = np.isin(self._of.quoted.names[self._of.quoted.of(child)], self._of.given)
        fresh = (
            np.where(self.primary[list(others)], said.sum(1), (said & ~given).sum(1)) if len(others) else said.sum(1)
        )
        shared, usual = shares["run"]
        return Likeness(
            contained=shared / max(1, int(self._of.trigrams.size[child])),
            shared=shared,
            chance=usual,
            quoted=np.where(fresh >= FEW, fresh / max(1, said.shape[1]), 0.0),
            runs=runs,
            digests=self._of.trigrams.names[self._of.trigrams.of(child)],
            signs=signs,
        )

    def _taken(self, held: Bools, rows: Sequence[int]) -> Floats:
        """The child's marks that it may have from each.

        Two articles that draw on one primary document share its words without having them from each
        other; so those count only where the parent explains more than any primary document does.
        """
        common = held.sum(1).astype(float)
        documents = held[[at for at, row in enumerate(rows) if self.primary[row]]]
        if not len(documents):
            return np.asarray(common)
        fresh = (held & ~documents.any(0)).sum(1)
        beyond = (common - documents.sum(1).max()) / max(FEW, BEYOND * held.shape[1])
        part = fresh + np.round((common - fresh) * np.clip(beyond, 0.0, 1.0))
        return np.asarray(np.where(self.primary[list(rows)], common, part))

    def _documented(self, held: Bools, others: Sequence[int]) -> tuple[Floats, Floats]:
        """How many marks each has more, and how many fewer, than the primary document that has the most of them."""
        common = held[: len(others)].sum(1)
        best = held[len(others) : len(others) + len(self._documents)].sum(1).max() if self._documents else 0
        press = ~self.primary[list(others)]
        return np.where(press, many(np.maximum(0, common - best)), 0.0), np.where(
            press, many(np.maximum(0, best - common)), 0.0
        )


def many(count: npt.NDArray[np.generic] | Floats) -> Floats:
    """Marks stand in clumps, for a sentence has many: the tenth says less than the first."""
    return np.log1p(np.asarray(count, float) / 5)


def _seen(marks: Marks, child: int, rivals: Rivals, held: Bools, clump: int) -> dict[str, Floats]:
    """Marks of one sort; a change or cut touches a `clump` of them."""
    others, later, before = rivals.articles, rivals.later, rivals.before
    mine = held[: len(others)]
    common = mine.sum(1).astype(float)
    size, sizes = float(held.shape[1]), marks.size[list(others)].astype(float)
    earlier = ~later if not later.all() else np.ones(len(others), bool)
    known = float(mine[earlier].any(0).sum())
    rare = mine @ marks.rarity[marks.of(child)]
    like = common / np.maximum(1.0, size + sizes - common)
    usable = np.flatnonzero(earlier)
    first = usable[np.lexsort((sizes[usable], -common[usable]))[0]]
    best, spare = common[first], sizes[first] - common[first]
    behind, over = np.maximum(0.0, best - common), np.maximum(0.0, sizes - common - spare)
    # Each change or cut that the best does not ask for is as unlikely as the child has few of them.
    change, cut = (
        math.log((size + clump) / (size - best + clump)),
        math.log((sizes[first] + 4 * clump) / (spare + 4 * clump)),
    )
    return {
        "held": many(common),
        "rare": many(rare),
        "foreign": many(size - common),
        "left": many(sizes - common),
        "behind": np.log1p(behind / 2),
        "behind-noise": np.log1p(behind / (size - best + 3)),
        "loss": np.minimum(MOST, behind / clump * change),
        "loss-any": np.minimum(
            MOST, (common.max() - common) / clump * math.log((size + clump) / (size - common.max() + clump))
        ),
        "bypassed": np.minimum(MOST, _bypassed(mine, before) / clump),
        "spill": np.minimum(MOST, over / (4 * clump) * cut),
        "known-share": np.maximum(0.0, known - common) / (known + 5),
        "unlike": like[earlier].max() - like,
        "longer": np.log((sizes + 20) / (size + 20)),
    }


def _bypassed(mine: Bools, before: Bools) -> Floats:
    """Marks that the child shares with one earlier article past each: they did not come through it."""
    if not before.any():
        return np.zeros(len(mine))
    packed = np.packbits(mine, axis=1)
    words = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8))).view(np.uint64)
    # Counted in bits: as a product of matrices this small it takes seven times as long.
    common = np.bitwise_count(words[before][:, None] & words).sum(2, dtype=np.int64)
    return np.asarray((mine[before].sum(1)[:, None] - common).max(0), np.float32)


def _usual(values: Floats) -> float:
    """The share that stands in a middling article of the coverage.

    The lower quartile: where most of the coverage is one copied story, the middle is a copy. Where there
    are few articles, what two on one subject share as a rule.
    """
    quartile = float(np.sort(values)[len(values) // 4]) if len(values) else 0.0
    return (len(values) * quartile + 2 * LIKELY_CHANCE) / (len(values) + 2)
