"""What the network that weighs possible parents is fitted on, and how fitted ones are put together."""

import numpy as np
import pytest

from bench import fit_kinship
from bench.fit_kinship import choices, fit, together
from bench.tree_planting import tree
from queries.kinship_network import FEATURES, Network


def test_most_articles_have_their_parent_among_the_possible_ones() -> None:
    rows = list(choices(tree(7, 30, "clean", held_out=False)))
    children = [row for row in rows if not row.independent]
    assert sum(any(row.right) for row in children) >= 0.95 * len(children)
    assert all(row.features.shape == (len(row.right), len(FEATURES)) for row in rows)


def test_networks_together_give_the_mean_of_their_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_kinship, "EPOCHS", 1)
    rows = list(choices(tree(7, 12, "clean", held_out=False)))
    one, other = fit(rows, 0), fit(rows, 1)
    features = rows[0].features
    mean = (Network(weights=one).scores(features) + Network(weights=other).scores(features)) / 2
    assert np.allclose(Network(weights=together([one, other])).scores(features), mean, atol=1e-4)
