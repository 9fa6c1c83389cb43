"""Figures of entailment, and a split without leaks."""

import numpy as np

from bench.entailment import Judged, figures
from bench.train_entailment import split

ROWS = np.array([[0.9, 0.05, 0.05], [0.55, 0.25, 0.2], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]])


def test_accuracy_stands_beside_the_largest_class() -> None:
    made = figures(Judged(ROWS, np.array([0, 1, 2, 1]), 1.0))
    assert (made["accuracy"], made["largest_class"], made["n"]) == (0.75, 0.5, 4)


def test_precision_counts_only_what_is_said_with_that_probability() -> None:
    supports = figures(Judged(ROWS, np.array([0, 1, 2, 1]), 1.0))["supports"]
    by_threshold = {row["from"]: (row["said"], row["precision"]) for row in supports}
    assert by_threshold[0.5] == (2, 0.5)
    assert by_threshold[0.8] == (1, 1.0)
    assert by_threshold[0.95] == (0, None)


def test_no_sentence_stands_on_both_sides_of_the_split() -> None:
    rows = [{"case": str(n), "p": f"p{n // 2}", "h": f"h{n}", "y": 0} for n in range(2000)]
    train, held = split(rows)
    assert held
    assert not {row["p"] for row in train} & {row["p"] for row in held}
