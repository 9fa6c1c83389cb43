"""Fits the network by which `queries/kinship.py` weighs possible parents, on generated coverage of development seeds.

A conditional choice: of an article's possible parents and none, the true one is to have the largest share.
`python -m bench.fit_kinship` writes `queries/weights/kinship.safetensors`; the seeds that figures are reported for
have other numbers and other themes.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast, get_args

import attrs
import numpy as np
import torch
from safetensors.numpy import save_file

from bench.tree_planting import Tree, Variant, tree
from bench.tree_records import coverage
from kb.digests import digest_now
from queries.kinship import Kinship
from queries.kinship_network import CLIPPED, FEATURES, WEIGHTS, Floats

SEEDS = range(101, 119)
SIZES = (6, 12, 30, 80, 200)
HIDDEN, NETWORKS = 48, 3
EPOCHS = 30
BATCH = 256
RATE, DECAY, DROPPED = 3e-3, 5e-2, 0.1


@attrs.frozen
class Choice:
    """An article with its possible parents."""

    features: Floats
    """One row for each possible parent, in the order of `FEATURES`."""
    right: tuple[bool, ...]
    independent: bool


def choices(planted: Tree) -> Iterator[Choice]:
    """Of every article but the primary documents, as the trace sees them."""
    kin = Kinship(coverage(planted))
    number = {article.url: at for at, article in enumerate(planted.articles)}
    place = [number[retelling.article.canonical_url] for retelling in kin.retellings]
    for child, at in enumerate(place):
        others = kin.candidates(child)
        if others:
            parents = planted.articles[at].parents
            yield Choice(kin.features(child, others)[1], tuple(place[o] in parents for o in others), not parents)


def fit(rows: Sequence[Choice], seed: int = 0) -> dict[str, Floats]:
    """The network's weights. Articles whose parent is not among the candidates teach nothing and are left out."""
    torch.manual_seed(seed)
    known = [row for row in rows if row.independent or any(row.right)]
    every = np.concatenate([row.features for row in known])
    mean, scale = every.mean(0), every.std(0)
    scale[scale < 1e-6] = 1.0
    inputs = torch.tensor(np.clip((every - mean) / scale, -CLIPPED, CLIPPED), dtype=torch.float32)
    count = np.array([len(row.features) for row in known])
    start = np.concatenate([[0], np.cumsum(count)])
    right = torch.tensor([each for row in known for each in row.right])
    none = torch.tensor([row.independent for row in known])
    deep = torch.nn.Sequential(
        torch.nn.Linear(len(FEATURES), HIDDEN), torch.nn.ReLU(), torch.nn.Dropout(DROPPED), torch.nn.Linear(HIDDEN, 1)
    )
    plain = torch.nn.Linear(len(FEATURES), 1)
    steps = torch.optim.AdamW([*deep.parameters(), *plain.parameters()], lr=RATE, weight_decay=DECAY)
    order = np.random.default_rng(seed)
    for epoch in range(EPOCHS):
        for group in steps.param_groups:
            group["lr"] = RATE * (1 - epoch / EPOCHS)
        for batch in np.array_split(order.permutation(len(known)), max(1, len(known) // BATCH)):
            at = torch.tensor(np.concatenate([np.arange(start[row], start[row + 1]) for row in batch]))
            of = torch.tensor(np.repeat(np.arange(len(batch)), count[batch]))
            odds = torch.exp((deep(inputs[at]) + plain(inputs[at]))[:, 0].clamp(-30, 30))
            whole = 1 + torch.zeros(len(batch)).index_add(0, of, odds)
            true = none[torch.tensor(batch)].float() + torch.zeros(len(batch)).index_add(0, of, odds * right[at])
            loss = (torch.log(whole) - torch.log(true)).mean()
            steps.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            steps.step()
    first, last = cast("torch.nn.Linear", deep[0]), cast("torch.nn.Linear", deep[3])
    found = {
        "mean": mean,
        "scale": scale,
        "hidden": first.weight.detach().numpy().T,
        "hidden_bias": first.bias.detach().numpy(),
        "out": last.weight.detach().numpy()[0],
        "direct": plain.weight.detach().numpy()[0],
        "bias": (last.bias + plain.bias).detach().numpy(),
    }
    return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}


def together(fitted: Sequence[dict[str, Floats]]) -> dict[str, Floats]:
    """Several networks as one that gives the mean of their scores."""
    count, first = len(fitted), fitted[0]
    return {
        "mean": first["mean"],
        "scale": first["scale"],
        "hidden": np.concatenate([one["hidden"] for one in fitted], axis=1),
        "hidden_bias": np.concatenate([one["hidden_bias"] for one in fitted]),
        "out": np.concatenate([one["out"] for one in fitted]) / np.float32(count),
        "direct": np.mean([one["direct"] for one in fitted], axis=0),
        "bias": np.mean([one["bias"] for one in fitted], axis=0),
    }


def main() -> None:
    """Generates, fits and writes; some twenty minutes on one core."""
    rows = [
        choice
        for seed in SEEDS
        for variant in get_args(Variant)
        for size in SIZES
        for choice in choices(tree(seed, size, cast("Variant", variant), held_out=False))
    ]
    sys.stderr.write(f"{len(rows)} articles\n")
    WEIGHTS.parent.mkdir(exist_ok=True)
    save_file(
        together([fit(rows, seed) for seed in range(NETWORKS)]),
        Path(WEIGHTS),
        metadata={"features": " ".join(FEATURES)},
    )
    sys.stderr.write(f"queries/kinship_network.py: WEIGHTS_SHA256 = {digest_now(WEIGHTS)!r}\n")


if __name__ == "__main__":
    main()
