"""Embedder: words to unit vectors. The default needs no hub; any sentence-transformers model can take its place."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kb.digests import folder_digest
from kb.errors import UserError
from kb.identity import Tool
from kb.minilm import EMBEDDED, EMBEDDED_SHA256, MiniLM, Vectors, embedded_folder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

VERSION = "1"
"""Of how words become a vector of a model; raise it when its vectors change. Not that of a library: its upgrade
leaves vectors as they are, and nothing is embedded twice for it."""

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

    Digests of weights are remembered in the folder `remembered`, so that a process does not read them anew.
    """
    if model == EMBEDDED:
        return MiniLM(_tool(model, remembered), remembered)
    return SentenceTransformerEmbedder(model, remembered)


def prepare(model: str) -> None:
    """Read all of the embedded model anew: DataError where it is damaged or gives other vectors than it should.

    Nothing has to be made, and whoever embeds a corpus checks the vectors by itself: this is for telling the user.
    """
    if model == EMBEDDED:
        MiniLM(_tool(model, None)).check()


def _tool(model: str, remembered: Path | None) -> Tool:
    """The same whichever library computes."""
    revision = EMBEDDED_SHA256 if model == EMBEDDED else folder_digest(Path(model), remembered)
    return Tool(name="embed", version=VERSION, params={"model": model, "revision": revision})


class SentenceTransformerEmbedder:
    """A sentence-transformers model, loaded on first use."""

    def __init__(self, model: str = EMBEDDED, remembered: Path | None = None) -> None:
        self.model = model
        self._remembered = remembered

    @cached_property
    def tool(self) -> Tool:
        return _tool(self.model, self._remembered)

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
            return SentenceTransformer(str(embedded_folder()) if self.model == EMBEDDED else self.model, device=None)
        except (OSError, ValueError) as error:
            raise UserError(
                f"the embedding model {self.model!r} cannot be loaded: {error}. Give a folder with a "
                "sentence-transformers model, or leave the setting out for the embedded one."
            ) from error
