"""Accuracy of an entailment model on public pairs of evidence and claim, and how often it is right when it is sure."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from bench import exaggeration
from bench.data import read_lines
from kb.entail import EntailmentModel
from kb.entail_network import WEIGHTS, EmbeddedEntailment
from kb.workspace import entailment_model

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SETS = {
    "vitc_dev": "report",
    "scifact_train": "never seen in training",
    "breaking": "never seen in training",
    "healthver_dev": "never seen in training",
    "climate": "never seen in training",
    "covidfact_train": "never seen in training; no neutral pairs",
    "sick_train": "never seen in training",
    "fever": "the embedded network was trained on it",
}
"""Each set with what its figure is worth."""
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
STANCES = ("supports", "neutral", "refutes")


@attrs.frozen
class Judged:
    """Probabilities, one row a pair in the order of `STANCES`, beside the labels 0, 1, 2."""

    rows: Floats
    labels: Ints
    seconds: float
    """Of processor time."""


def run(
    data: Path, model: str | None = None, sets: tuple[str, ...] = (), limit: int | None = None, exag: bool = True
) -> Mapping[str, Any]:
    """Accuracy, macro F1 and precision by threshold. `--model`: as the setting `entailment_model`; `--sets`: names.

    `--limit` takes every k-th pair of each set, so that about so many are left. `--no-exag` leaves out the pairs
    on exaggeration.
    """
    import torch

    torch.set_num_threads(1)
    chosen = entailment_model(model)
    chosen.score([("A warm model.", "A model that is loaded.")])
    figures: dict[str, Any] = {
        "model": chosen.tool.name,
        "tool": dict(chosen.tool.params),
        "sets": {name: _measured(chosen, name, data, limit) for name in sets or SETS},
    }
    if isinstance(chosen, EmbeddedEntailment):
        figures["weights_bytes"] = WEIGHTS.stat().st_size
    if exag:
        figures["exaggeration"] = exaggeration.run(data)
    return figures


def _measured(model: EntailmentModel, name: str, data: Path, limit: int | None) -> dict[str, Any]:
    rows = list(read_lines(data / f"{name}.jsonl.gz"))
    rows = rows[:: max(1, len(rows) // limit)] if limit else rows
    return {"worth": SETS.get(name, "not listed"), **figures(judged(model, rows))}


def judged(model: EntailmentModel, rows: Sequence[Mapping[str, Any]]) -> Judged:
    """What a model says of pairs with the keys p (evidence), h (claim) and y (label)."""
    started = time.process_time()
    scored = model.score([(row["p"], row["h"]) for row in rows])
    seconds = time.process_time() - started
    made = np.array([[getattr(stances, stance) for stance in STANCES] for stances in scored])
    return Judged(made.reshape(-1, 3), np.array([row["y"] for row in rows], np.int64), seconds)


def figures(found: Judged) -> dict[str, Any]:
    """Accuracy beside that of always saying the largest class, macro F1, precision and recall by threshold."""
    best = found.rows.argmax(1)
    present = sorted(set(found.labels.tolist()))
    counts = {stance: int((found.labels == at).sum()) for at, stance in enumerate(STANCES)}
    return {
        "n": len(found.labels),
        "labels": counts,
        "accuracy": _rounded((best == found.labels).mean()),
        "largest_class": _rounded(max(counts.values()) / max(1, len(found.labels))),
        "macro_f1": _rounded(np.mean([_f1(best, found.labels, label) for label in present])),
        "supports": [_at(found, 0, threshold) for threshold in THRESHOLDS],
        "refutes": [_at(found, 2, threshold) for threshold in THRESHOLDS],
        "pairs_per_cpu_second": round(len(found.labels) / max(found.seconds, 1e-9), 1),
    }


def _f1(best: Ints, labels: Ints, label: int) -> float:
    right = int(((best == label) & (labels == label)).sum())
    return 2 * right / max(1, int((best == label).sum()) + int((labels == label).sum()))


def _at(found: Judged, column: int, threshold: float) -> dict[str, Any]:
    """Of the pairs that get this stance with at least this probability: how many, how many rightly."""
    said = (found.rows.argmax(1) == column) & (found.rows[:, column] >= threshold)
    right = int((said & (found.labels == column)).sum())
    return {
        "from": threshold,
        "said": int(said.sum()),
        "precision": _rounded(right / said.sum()) if said.any() else None,
        "recall": _rounded(right / max(1, int((found.labels == column).sum()))),
    }


def _rounded(value: Any) -> float:
    return round(float(value), 4)
