"""Embedder: words to unit vectors. The default needs no hub; any sentence-transformers model can take its place."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kb.chosen_models import safely
from kb.digests import folder_digest
from kb.errors import UserError
from kb.identity import Tool
from kb.minilm import EMBEDDED, MiniLM, Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 8
"""Wordings encoded at once: on two cores 8 beats the library's 32, since less is padded."""


class Embedder(Protocol):
    """Turns wordings into vectors of one length; equal input, equal output."""

    @property
    def tool(self) -> Tool: ...

    def encode(self, wordings: Sequence[str]) -> Vectors:
        """Unit vectors, float32, one row a wording."""
        ...


def embedder(model: str, remembered: Path | None = None) -> Embedder:
    """The embedded model, run by onnxruntime, or the sentence-transformers model of a name or folder.

    Digests of weights are remembered in the folder `remembered`, so that not every process reads them anew.
    """
    return MiniLM(remembered) if model == EMBEDDED else SentenceTransformerEmbedder(model, remembered)


class SentenceTransformerEmbedder:
    """A sentence-transformers model, loaded on first use."""

    def __init__(self, model: str, remembered: Path | None = None) -> None:
        self.model = model
        self._remembered = remembered

    @cached_property
    def tool(self) -> Tool:
        """The version is ours, for another one of the library leaves a model's vectors as they are.

        The revision covers a folder's files. Empty for a name, whose revision the library resolves.
        """
        revision = folder_digest(Path(self.model), self._remembered)
        return Tool(name="embed", version="1", params={"model": self.model, "revision": revision})

    def encode(self, wordings: Sequence[str]) -> Vectors:
        if not wordings:
            return np.empty((0, 0), np.float32)
        # Sorted by length, a batch pads little; the order is restored.
        order = sorted(range(len(wordings)), key=lambda i: len(wordings[i]))
        rows = self._loaded.encode(
            [wordings[i] for i in order],
            batch_size=BATCH,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        vectors = np.empty_like(rows, dtype=np.float32)
        vectors[order] = rows
        return vectors

    @cached_property
    def _loaded(self) -> "SentenceTransformer":
        from kb.settings import silence_telemetry  # with pydantic: not for a search

        silence_telemetry()
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            return SentenceTransformer(self.model, device=None, **safely(self.model))
        except (OSError, ValueError) as error:
            raise UserError(
                f"the embedding model {self.model!r} cannot be loaded: {error}. Give a folder with a "
                "sentence-transformers model, or leave the setting out for the embedded one."
            ) from error
