"""How far the strength of a claim can be read off its words: our rules, and a classifier that is only measured.

The pairs of findings and press or news sentences name no licence, so that nothing fitted to them ships:
`run` fits a classifier inside a cross-validation by paper, to tell what is within reach, and beside it the
rules of `kb.claim_strength` as they ship.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.data import read_lines
from kb.claim_strength import CLASSES, change, cues, strength
from kb.minilm import MiniLM

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LABELS = ("downplays", "same", "exaggerates")
FOLDS = 10


def run(data: Path, seeds: int = 5) -> Mapping[str, Any]:
    """Macro F1 over same, exaggerates and downplays. `--seeds`: shuffles of the papers into folds."""
    parts = {name: list(read_lines(data / f"{name}.jsonl.gz")) for name in ("exag_train", "exag_dev")}
    rows = [row for part in parts.values() for row in part]
    runs = [_folded(rows, seed) for seed in range(seeds)]
    return {
        "rules": {name: figures(part, [change(r["p"], r["h"]) for r in part]) for name, part in parts.items()},
        "cross_validated": {
            "n": len(rows),
            "papers": len({row["p"] for row in rows}),
            "macro_f1": [one["macro_f1"] for one in runs],
            "mean_macro_f1": round(float(np.mean([one["macro_f1"] for one in runs])), 3),
            "first": runs[0] if runs else None,
        },
    }


def figures(rows: Sequence[Mapping[str, Any]], said: Sequence[str]) -> dict[str, Any]:
    """Accuracy, macro F1, and of each label precision, recall and count."""
    gold = [row["y"] for row in rows]
    right = Counter(one for one, other in zip(gold, said, strict=True) if one == other)
    made, wanted = Counter(said), Counter(gold)
    f1 = [2 * right[label] / max(1, made[label] + wanted[label]) for label in LABELS]
    return {
        "n": len(gold),
        "accuracy": round(sum(right.values()) / max(1, len(gold)), 3),
        "macro_f1": round(float(np.mean(f1)), 3),
        "labels": {
            label: {
                "n": wanted[label],
                "precision": round(right[label] / max(1, made[label]), 3),
                "recall": round(right[label] / max(1, wanted[label]), 3),
            }
            for label in LABELS
        },
    }


def _folded(rows: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """A logistic regression for the level of each side; the pair is what the two levels say."""
    sides = _Sides(rows)
    papers = np.unique([row["p"] for row in rows], return_inverse=True)[1]
    fold = np.random.RandomState(seed).permutation(papers.max() + 1)[papers] % FOLDS
    levels = np.zeros((2, len(rows)), np.int64)
    for number in range(FOLDS):
        fit, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        levels[:, held] = sides.predicted(fit, held)
    said = [LABELS[1 + int(np.sign(after - before))] for before, after in levels.T]
    return figures(rows, said)


class _Sides:
    """Findings and retellings as features: MiniLM's vector, words of relation, words and pairs of words."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._texts = [[row[side] for row in rows] for side in "ph"]
        self._levels: Ints = np.array([[row["sa"] for row in rows], [row["sp"] for row in rows]])
        embedder = MiniLM()
        self._vectors = [embedder.encode(texts) for texts in self._texts]
        self._cues = [np.array([_cues(text) for text in texts]) for texts in self._texts]

    def predicted(self, fit: Ints, held: Ints) -> Ints:
        """Levels of the held rows, findings above retellings."""
        from scipy.sparse import vstack
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True)
        words.fit([texts[at] for texts in self._texts for at in fit])
        scaler = StandardScaler().fit(np.vstack([cues[fit] for cues in self._cues]))
        model = LogisticRegression(C=1.0, max_iter=3000, class_weight="balanced")
        model.fit(
            vstack([self._features(side, fit, words, scaler) for side in (0, 1)]),
            np.concatenate([self._levels[side][fit] for side in (0, 1)]),
        )
        return np.array([model.predict(self._features(side, held, words, scaler)) for side in (0, 1)])

    def _features(self, side: int, rows: Ints, words: Any, scaler: Any) -> Any:
        from scipy.sparse import csr_matrix, hstack

        scaled = 0.3 * scaler.transform(self._cues[side][rows])
        text = words.transform([self._texts[side][at] for at in rows])
        return hstack(
            [csr_matrix(self._vectors[side][rows]), csr_matrix(scaled), csr_matrix(side * scaled), text]
        ).tocsr()


def _cues(text: str) -> list[float]:
    level = strength(text)
    counts = cues(text)
    found = [min(3.0, counts[name]) for name in CLASSES]
    return [*found, *(float(count > 0) for count in found), *(float(level == each) for each in (None, 0, 1, 2, 3))]
