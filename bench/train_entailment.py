"""Trains the embedded entailment network on VitaminC and FEVER and writes its weights.

    python -m bench train_entailment --data ../shared/data/consistency --out entail.safetensors

First on all pairs, then at a smaller step on a part of them mixed with near misses (`bench.near_misses`); the
weights are a mean of both. One thread,
about an hour on a processor that computes in bfloat16. Text of both sets is CC BY-SA 3.0
(docs/decisions/0018); sets without such a licence are not read here.
"""

import hashlib
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from bench.data import read_lines
from bench.near_misses import near_misses
from kb.entail_network import Encoded, PairReader
from kb.minilm import embedded_folder

Sample = tuple[Encoded, int]

HELD_CASES = 500
"""VitaminC pages kept back from training to watch it and to fit the temperature."""
LONGEST = 112
"""Word pieces; longer pairs (one in twenty) are left out of training."""
BATCH = 32
WARM = 0.06
"""Share of the training in which the step size rises."""


MISSES, AGAIN_VITAMINC, AGAIN_FEVER = 8_000, 10_000, 4_000
"""Pairs of the second pass."""


@attrs.frozen
class Plan:
    """What decides how the weights come out."""

    visits: int
    rate: float
    seed: int


def run(
    data: Path, out: Path, first: int = 82_832, second: int = 22_000, seed: int = 5, limit: int | None = None
) -> Mapping[str, Any]:
    """Train, write the weights, tell accuracy on the pages kept back (nothing is chosen by vitc_dev).

    `--first`, `--second`: pairs visited in each pass. `--limit` takes so many pairs of each kind, for a trial.
    """
    import torch

    from kb.entail_layers import packed

    torch.set_num_threads(1)
    started = time.process_time()
    train, again, held = samples(data, limit)
    network = _start(seed)
    _train(network, train, Plan(first, 1e-4, seed))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    _train(network, again, Plan(second, 4e-5, seed + 1))
    network.load_state_dict(_between(before, network.state_dict()))
    from safetensors.torch import save_file

    save_file(packed(network.state_dict()), out)
    return {
        "train": len(train),
        "again": len(again),
        "visits": [first, second],
        "seed": seed,
        "held": len(held),
        "held_accuracy": _accuracy(network, held),
        "cpu_minutes": round((time.process_time() - started) / 60, 1),
        "bytes": out.stat().st_size,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
    }


def split(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """VitaminC for training and kept back: by page, and no sentence stands on both sides."""
    cases = sorted({row["case"] for row in rows})
    random.Random(0).shuffle(cases)
    kept = set(cases[:HELD_CASES])
    held = [row for row in rows if row["case"] in kept]
    seen = {row[side] for row in held for side in "ph"}
    return [row for row in rows if row["case"] not in kept and row["p"] not in seen and row["h"] not in seen], held


def samples(data: Path, limit: int | None = None) -> tuple[list[Sample], list[Sample], list[Sample]]:
    """Encoded pairs of the first pass, of the second, and those kept back."""
    vitaminc, held = split(list(read_lines(data / "vitc_train.jsonl.gz")))
    fever = list(read_lines(data / "fever.jsonl.gz"))
    vitaminc, fever, held = vitaminc[:limit], fever[:limit], held[:limit]
    drawn = random.Random(11)
    again = [
        *near_misses(vitaminc, fever)[:MISSES],
        *drawn.sample(vitaminc, min(len(vitaminc), AGAIN_VITAMINC)),
        *drawn.sample(fever, min(len(fever), AGAIN_FEVER)),
    ]
    reader = PairReader(embedded_folder(), longest=None)
    fit, second = (
        [sample for sample in _encoded(reader, rows) if len(sample[0][0]) <= LONGEST]
        for rows in ([*vitaminc, *fever], again)
    )
    return fit, second, list(_encoded(PairReader(embedded_folder()), held))


def _encoded(reader: PairReader, rows: Sequence[Mapping[str, Any]]) -> Iterator[Sample]:
    for row in rows:
        yield reader.encode(row["p"], row["h"]), row["y"]


def _start(seed: int) -> Any:
    """MiniLM as it comes in the wheel under a head of small random numbers."""
    import json

    import torch
    from safetensors.torch import load_file

    from kb.entail_layers import PairNetwork

    torch.manual_seed(seed)
    folder = embedded_folder()
    network = PairNetwork(json.loads((folder / "config.json").read_text("utf-8")))
    missing, _ = network.bert.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    assert not missing, missing
    network.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    return network


def _train(network: Any, train: Sequence[Sample], plan: Plan) -> None:
    import torch

    from kb.entail_layers import padded

    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    slow = [p for name, p in named if name.startswith("bert.")]
    fast = [p for name, p in named if not name.startswith("bert.")]
    groups = [{"params": slow, "lr": plan.rate}, {"params": fast, "lr": 5 * plan.rate}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    rates = [group["lr"] for group in optimizer.param_groups]
    seen = 0
    network.train()
    for batch in _batches(train, plan.seed):
        if seen >= plan.visits:
            return
        share = seen / plan.visits
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * min(1.0, share / WARM) * max(0.02, (1 - share) / (1 - WARM))
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(*padded([encoded for encoded, _ in batch]))
        wanted = torch.tensor([label for _, label in batch])
        loss = torch.nn.functional.cross_entropy(logits.float(), wanted, label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(slow + fast, 1.0)
        optimizer.step()
        seen += len(batch)


def _between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Three quarters of the way: on the pages kept back the mean was better than either end."""
    return {
        name: before[name] + 0.75 * (tensor - before[name]) if tensor.is_floating_point() else tensor
        for name, tensor in after.items()
    }


def _batches(train: Sequence[Sample], seed: int) -> Iterator[list[Sample]]:
    """Batches of like length, shuffled anew each time through."""
    drawn = random.Random(seed)
    while True:
        order = list(range(len(train)))
        drawn.shuffle(order)
        batches = []
        for start in range(0, len(order), 50 * BATCH):
            chunk = sorted(order[start : start + 50 * BATCH], key=lambda at: len(train[at][0][0]))
            batches += [chunk[at : at + BATCH] for at in range(0, len(chunk), BATCH)]
        drawn.shuffle(batches)
        for batch in batches:
            yield [train[at] for at in batch]


def _accuracy(network: Any, held: Sequence[Sample]) -> float:
    import torch

    from kb.entail_layers import padded

    network.eval()
    right = 0
    with torch.inference_mode():
        for start in range(0, len(held), BATCH):
            batch = held[start : start + BATCH]
            best = network(*padded([encoded for encoded, _ in batch])).argmax(-1).tolist()
            right += sum(one == label for one, (_, label) in zip(best, batch, strict=True))
    return round(right / max(1, len(held)), 4)
