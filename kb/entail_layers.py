"""The layers of the embedded entailment network in torch, and its weights in one byte each."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

ANSWERS = 24
"""Rows of the table of answers: more than `kb.overlap.Answer` has, so that one can be added."""
WORDS = "bert.embeddings.word_embeddings.weight"
"""The one tensor that does not change in training; it stays in the wheel."""
_SCALE = ".scale"

Encoded = tuple[Sequence[int], Sequence[int], Sequence[int]]
"""Word pieces, side (0 evidence, 1 claim) and answer, one each a piece."""


class PairNetwork(nn.Module):
    """A BERT over both sides, an answer added to every word vector; supports, neutral, refutes come out."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        made = BertConfig(**config)
        self.bert = BertModel(made, add_pooling_layer=False)
        self.answers = nn.Embedding(ANSWERS, made.hidden_size)
        nn.init.zeros_(self.answers.weight)
        self.dense = nn.Linear(2 * made.hidden_size, made.hidden_size)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(made.hidden_size, 3)

    def forward(self, pieces: Tensor, sides: Tensor, answers: Tensor, mask: Tensor) -> Tensor:
        """Logits, one row a pair."""
        given = self.bert.embeddings.word_embeddings(pieces) + self.answers(answers)
        hidden = self.bert(inputs_embeds=given, token_type_ids=sides, attention_mask=mask).last_hidden_state
        claim = (mask * sides).unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * claim).sum(1) / claim.sum(1).clamp(min=1)
        logits: Tensor = self.out(self.drop(torch.tanh(self.dense(torch.cat([hidden[:, 0], mean], -1)))))
        return logits


def padded(batch: Sequence[Encoded]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pieces, sides, answers and mask of a batch, as long as its longest pair."""
    longest = max(len(pieces) for pieces, _, _ in batch)
    made = torch.zeros(4, len(batch), longest, dtype=torch.long)
    for row, encoded in enumerate(batch):
        length = len(encoded[0])
        for column, values in enumerate(encoded):
            made[column, row, :length] = torch.tensor(values)
        made[3, row, :length] = 1
    return made[0], made[1], made[2], made[3]


def packed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Matrices in one byte a number with one scale a row, the rest as 32 bits, the words left out."""
    kept: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name == WORDS or not tensor.is_floating_point():
            continue
        if tensor.dim() == 2:
            scale = tensor.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
            kept[name] = (tensor / scale).round().to(torch.int8)
            kept[name + _SCALE] = scale.float()
        else:
            kept[name] = tensor.float().contiguous()
    return kept


def unpacked(kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What `packed` packed, as 32 bits."""
    return {
        name: tensor.float() * kept[name + _SCALE] if name + _SCALE in kept else tensor
        for name, tensor in kept.items()
        if not name.endswith(_SCALE)
    }
