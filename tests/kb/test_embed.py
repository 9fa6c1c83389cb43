"""Embedders: unit vectors in input order, whatever the batch; a model that cannot be loaded is told."""

import numpy as np
import pytest

from kb.embed import Embedder, SentenceTransformerEmbedder, embedder
from kb.errors import UserError
from kb.minilm import EMBEDDED, MiniLM, embedded_folder

SAID = (
    "Models protect each other.",
    "The tide rose by two metres, harbour staff said, and boats that had been on the sand for a week floated again.",
    "A nap.",
)


@pytest.fixture(scope="module", params=["minilm", "sentence-transformers"])
def either(request) -> Embedder:
    """One of the two that stand behind the seam."""
    return MiniLM() if request.param == "minilm" else SentenceTransformerEmbedder(str(embedded_folder()))


def test_vectors_have_length_one(either):
    vectors = either.encode(SAID)
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_rows_are_in_the_order_given(either):
    together = either.encode(SAID)
    for row, words in zip(together, SAID, strict=True):
        assert either.encode([words])[0] == pytest.approx(row, abs=1e-5)


def test_same_words_give_the_same_vector_beside_any_neighbours(either):
    alone = either.encode([SAID[0]])[0]
    crowd = either.encode([*SAID * 7, SAID[0]])[-1]
    assert crowd == pytest.approx(alone, abs=1e-5)


def test_near_meanings_are_nearer(either):
    one, other, far = either.encode(["AI models shield one another.", SAID[0], "Boats left the harbour."])
    assert one @ other > 0.5 > one @ far


@pytest.mark.parametrize("words", ["", " ", "…", "\x00", "a" * 20_000, "\u200b", "日本語"])
def test_odd_wordings_have_a_vector_too(either, words):
    assert np.isfinite(either.encode([words])).all()


def test_no_wordings_give_no_vectors(either):
    assert len(either.encode([])) == 0


def test_settings_name_the_embedder():
    assert isinstance(embedder(EMBEDDED), MiniLM)
    assert isinstance(embedder("/models/other"), SentenceTransformerEmbedder)


def test_tool_of_a_folder_changes_with_any_file_that_decides(tmp_path):
    def tool() -> str:
        return embedder(str(tmp_path), tmp_path.parent).tool.id

    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"mode": "mean"}')
    (tmp_path / "model.safetensors").write_bytes(b"one")
    first = tool()
    (tmp_path / "README.md").write_text("What it is.")
    assert tool() == first
    (tmp_path / "model.safetensors").write_bytes(b"two")
    second = tool()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"mode": "cls"}')
    assert len({first, second, tool()}) == 3


@pytest.mark.filterwarnings("ignore")  # what the library says of such a folder on its way to the error
def test_model_that_cannot_be_loaded_says_what_to_give(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match=r"cannot be loaded: .* Give a folder with a sentence-transformers model"):
        SentenceTransformerEmbedder(str(tmp_path)).encode(["a"])


def test_folder_that_is_not_there_says_what_to_give():
    with pytest.raises(UserError, match="cannot be loaded"):
        SentenceTransformerEmbedder("/nowhere/model").encode(["a"])
