"""Reranking: a cross-encoder reads the query beside each of the best wordings. Optional; none is bundled."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from kb.chosen_models import safely
from kb.errors import UserError
from kb.settings import silence_telemetry

_SETTING = "RETOLD_RERANK_MODEL"


class CrossEncoderReranker:
    """Any sentence-transformers cross-encoder with one score a pair, by name or folder; loaded on first use."""

    def __init__(self, model: str | None) -> None:
        self._name = model

    def score(self, query: str, wordings: Sequence[str]) -> list[float]:
        """How well each wording answers, 0..1; UserError where no model is named or it cannot be used for this."""
        if not wordings:
            return []
        found = self._model.predict([(query, wording) for wording in wordings], show_progress_bar=False)
        if getattr(found, "ndim", 1) != 1:
            raise UserError(f"setting {_SETTING}: {self._name!r} gives several scores a pair, not one")
        return [float(score) for score in found]

    @cached_property
    def _model(self) -> Any:
        if not self._name:
            raise UserError(f"--rerank needs a cross-encoder: name one, or its folder, in {_SETTING}")
        silence_telemetry()
        import torch
        from sentence_transformers import CrossEncoder

        try:
            return CrossEncoder(self._name, activation_fn=torch.nn.Sigmoid(), **safely(self._name))
        except (OSError, ValueError) as error:
            raise UserError(f"setting {_SETTING}: {self._name!r} cannot be loaded: {error}") from error
