"""Two rankings made one. The ways that were compared, and why this one: docs/search.md."""

from collections.abc import Sequence
from typing import TypeVar

K = TypeVar("K")

DENSE_WEIGHT = 0.7
"""Share of nearness in meaning; the best on the `fit` halves of three sets (`python -m bench search`)."""


def fused(
    dense: Sequence[tuple[K, float]], lexical: Sequence[tuple[K, float]], weight: float = DENSE_WEIGHT
) -> dict[K, float]:
    """Scores 0..1 of all keys: `weight` parts of nearness and the rest of shared words, each scaled to its best.

    0 stays 0, cosine's and BM25's own floor: where a ranking was cut off changes no score. A key that a ranking
    lacks has 0 there.
    """
    near, shared = scaled(dense), scaled(lexical)
    return {
        key: weight * near.get(key, 0.0) + (1 - weight) * shared.get(key, 0.0) for key in near.keys() | shared.keys()
    }


def scaled(found: Sequence[tuple[K, float]]) -> dict[K, float]:
    """Scores as shares of the best; all 0 where none is above 0."""
    most = max((score for _, score in found), default=0.0)
    return {key: max(score, 0.0) / most if most > 0 else 0.0 for key, score in found}
