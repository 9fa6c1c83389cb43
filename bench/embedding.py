"""How fast passages become vectors beside sentence-transformers in the same run, and how near the vectors are.

    python -m bench embedding --data ../shared/data/search/scifact/docs.jsonl

Rounds alternate between the settings, so that a busy machine is busy for all of them.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.data import read_lines
from kb.minilm import EMBEDDED_SHA256, MiniLM, Vectors, embedded_folder

Encode = Callable[[Sequence[str]], Vectors]

LENGTHS = (40, 150)
"""Word pieces of the two kinds of passages, with the model's own two."""
BATCH = 32
"""What sentence-transformers takes at once by default."""
NEAREST = 10


def run(data: Path, limit: int = 200, rounds: int = 3) -> Mapping[str, Any]:
    """Passages of a set's `text`, `--limit` of each length, encoded `--rounds` times by each setting.

    Figures are passages a second of processor time and of wall time, both of all rounds together.
    """
    from sentence_transformers import SentenceTransformer

    folder = str(embedded_folder())
    plain = SentenceTransformer(folder, device="cpu")
    short = SentenceTransformer(folder, device="cpu").bfloat16()
    ours = MiniLM()

    def library(model: Any) -> Encode:
        def encode(texts: Sequence[str]) -> Vectors:
            made = model.encode(texts, batch_size=BATCH, normalize_embeddings=True, convert_to_tensor=True)
            return np.asarray(made.float().numpy(), np.float32)

        return encode

    settings = {"sentence-transformers": library(plain), "retold": ours.encode, "bfloat16": library(short)}
    figures: dict[str, Any] = {"weights": EMBEDDED_SHA256, "passages": limit, "rounds": rounds}
    for pieces in LENGTHS:
        texts = _passages(data, plain.tokenizer, pieces, limit)
        figures[f"pieces_{pieces}"] = _compared(settings, texts, rounds)
    figures["peak_mib_by_passages"] = {many: _peak(texts, many) for many in (limit, 4 * limit)}
    return figures


def _passages(data: Path, tokenizer: Any, pieces: int, limit: int) -> list[str]:
    """Texts cut to so many word pieces; shorter ones are left out."""
    found: list[str] = []
    for line in read_lines(data):
        places = tokenizer(line["text"], return_offsets_mapping=True, add_special_tokens=False)["offset_mapping"]
        if len(places) >= pieces - 2:
            found.append(line["text"][: places[pieces - 3][1]])
        if len(found) == limit:
            break
    return found


def _compared(settings: Mapping[str, Encode], texts: Sequence[str], rounds: int) -> Mapping[str, Any]:
    spent = {name: [0.0, 0.0] for name in settings}
    vectors = {name: encode(texts[:BATCH]) for name, encode in settings.items()}  # models are loaded, caches warm
    for _ in range(rounds):
        for name, encode in settings.items():
            wall, cpu = time.perf_counter(), time.process_time()
            vectors[name] = encode(texts)
            spent[name][0] += time.process_time() - cpu
            spent[name][1] += time.perf_counter() - wall
    done = rounds * len(texts)
    known = vectors["sentence-transformers"]
    return {
        name: {
            "per_cpu_s": round(done / cpu, 1),
            "per_wall_s": round(done / wall, 1),
            "times_as_fast_cpu": round(spent["sentence-transformers"][0] / cpu, 2),
            "times_as_fast_wall": round(spent["sentence-transformers"][1] / wall, 2),
            "least_cosine": round(float((known * vectors[name]).sum(axis=1).min()), 7),
            "greatest_difference": float(np.abs(known - vectors[name]).max()),
            "nearest_shared": _shared(known, vectors[name]),
        }
        for name, (cpu, wall) in spent.items()
    }


_PEAK = """
import json, resource, sys
from kb.minilm import MiniLM
texts, many = json.load(sys.stdin)
MiniLM().encode([texts[at % len(texts)] for at in range(many)])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def _peak(texts: Sequence[str], many: int) -> int:
    """Peak memory in MiB of a process that encodes so many passages, the mapped weights included."""
    given = json.dumps([texts, many])
    run = subprocess.run([sys.executable, "-c", _PEAK], input=given, capture_output=True, text=True, check=True)
    return int(run.stdout)


def _shared(known: Vectors, other: Vectors) -> float:
    """Share of each passage's nearest ten that both have, each in its own vectors."""
    nearest = [np.argsort(-(each @ each.T - 2 * np.eye(len(each))), axis=1)[:, :NEAREST] for each in (known, other)]
    return round(float(np.mean([len(set(a) & set(b)) / NEAREST for a, b in zip(*nearest, strict=True)])), 3)
