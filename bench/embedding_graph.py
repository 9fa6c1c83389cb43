"""Writes the network of the embedded MiniLM as an ONNX graph, and the vectors that it is checked by.

    python -m bench embedding_graph --out kb/weights

The graph holds no weights: each is named by its place in the package's model.safetensors. It is written for
onnxruntime as it runs, in that library's own operators for transformers, so nothing is optimised at load. The
vectors come from sentence-transformers.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kb.minilm import CANARIES, CANARY, GRAPH, embedded_folder

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

RUNTIME = "com.microsoft"
"""The domain of onnxruntime's own operators."""
OPSET, IR = 17, 8
"""Of 2022: any onnxruntime of the last years reads them."""


def run(out: Path) -> Mapping[str, Any]:
    """Write `minilm.onnx` and `minilm.npy` into a folder; tells the graph's digest, which `kb.minilm` states."""
    from sentence_transformers import SentenceTransformer

    folder = embedded_folder()
    graph = made(folder).SerializeToString(deterministic=True)
    (out / GRAPH.name).write_bytes(graph)
    model = SentenceTransformer(str(folder), device="cpu")
    vectors = np.stack([model.encode(wording, normalize_embeddings=True) for wording in CANARIES])
    np.save(out / CANARY.name, vectors.astype(np.float32))
    return {"sha256": hashlib.sha256(graph).hexdigest(), "bytes": len(graph), "checked_by": len(vectors)}


def made(folder: Path) -> "ModelProto":
    """The graph: word pieces and their mask, one row a wording, to unit vectors."""
    from onnx import TensorProto, helper

    graph = _Graph(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    width, small = config["hidden_size"], config["layer_norm_eps"]

    words = graph.add("Gather", graph.weight("embeddings.word_embeddings"), "ids")
    shape = graph.add("Shape", words)
    first, one, rows = graph.constant("first", 0), graph.constant("one", 1), graph.constant("rows", -1, width)
    longest = graph.add("Shape", "ids", start=1, end=2)
    places = graph.add("Slice", graph.weight("embeddings.position_embeddings"), first, longest, first)
    side = graph.add("Gather", graph.weight("embeddings.token_type_embeddings"), first)
    summed = graph.add("Add", words, graph.add("Add", places, side))
    norm = "embeddings.LayerNorm"
    summed = graph.add("LayerNormalization", summed, graph.weight(norm), graph.bias(norm), axis=-1, epsilon=small)
    hidden = graph.add("Reshape", summed, rows)

    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}."
        asked = []
        for part in ("query", "key", "value"):
            name = f"{at}attention.self.{part}"
            flat = graph.add("Gemm", hidden, graph.weight(name), graph.bias(name), transB=1)
            asked.append(graph.add("Reshape", flat, shape))
        heads = config["num_attention_heads"]
        seen = graph.add("MultiHeadAttention", *asked, "", "mask", domain=RUNTIME, num_heads=heads)
        seen = graph.add("Reshape", seen, rows)
        hidden = graph.added_to(hidden, seen, f"{at}attention.output", small)
        name = f"{at}intermediate.dense"
        wide = graph.add("Gemm", hidden, graph.weight(name), transB=1)
        wide = graph.add("BiasGelu", wide, graph.bias(name), domain=RUNTIME)
        hidden = graph.added_to(hidden, wide, f"{at}output", small)

    # The mean over a wording's pieces; of a unit vector the sum does as well.
    mask = graph.add("Unsqueeze", graph.add("Cast", "mask", to=TensorProto.FLOAT), one)
    total = graph.add("Squeeze", graph.add("MatMul", mask, graph.add("Reshape", hidden, shape)), one)
    graph.add("LpNormalization", total, axis=-1, p=2, output="vectors")
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "all-MiniLM-L6-v2",
            [
                helper.make_tensor_value_info(name, TensorProto.INT32, ["wordings", "pieces"])
                for name in ("ids", "mask")
            ],
            [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["wordings", width])],
            list(graph.tensors.values()),
        ),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(RUNTIME, 1)],
        ir_version=IR,
    )


class _Graph:
    """Nodes and weights as they are put together; each node's output is called by its number."""

    def __init__(self, weights: Path) -> None:
        with weights.open("rb") as opened:
            size = int.from_bytes(opened.read(8), "little")
            self._places = json.loads(opened.read(size))
        self._start = 8 + size
        self._file = weights.name
        self.nodes: list[Any] = []
        self.tensors: dict[str, TensorProto] = {}

    def add(self, operator: str, *inputs: str, domain: str = "", output: str = "", **attributes: float) -> str:
        from onnx import helper

        output = output or str(len(self.nodes))
        self.nodes.append(helper.make_node(operator, inputs, [output], None, None, domain, None, **attributes))
        return output

    def added_to(self, hidden: str, made: str, name: str, small: float) -> str:
        """What a part of a layer made, brought to the layer's width, added and brought to one scale."""
        narrow = self.add("Gemm", made, self.weight(f"{name}.dense"), transB=1)
        scale, shift = self.weight(f"{name}.LayerNorm"), self.bias(f"{name}.LayerNorm")
        given = (narrow, hidden, scale, shift, self.bias(f"{name}.dense"))
        return self.add("SkipLayerNormalization", *given, domain=RUNTIME, epsilon=small)

    def constant(self, name: str, *values: int) -> str:
        from onnx import TensorProto, helper

        self.tensors[name] = helper.make_tensor(name, TensorProto.INT64, [len(values)], values)
        return name

    def weight(self, name: str) -> str:
        return self._stored(f"{name}.weight")

    def bias(self, name: str) -> str:
        return self._stored(f"{name}.bias")

    def _stored(self, name: str) -> str:
        from onnx import TensorProto

        place = self._places[name]
        start, end = place["data_offsets"]
        tensor = TensorProto(name=name, dims=place["shape"], data_type=TensorProto.FLOAT)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", self._file), ("offset", self._start + start), ("length", end - start)):
            tensor.external_data.add(key=key, value=str(value))
        self.tensors[name] = tensor
        return name
