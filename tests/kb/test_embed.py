"""Embedders: unit vectors in input order, whatever the batch; a model that cannot be loaded is told."""

import numpy as np
import pytest

from kb import embed
from kb.embed import SentenceTransformerEmbedder
from kb.errors import DigestError, UserError

SAID = (
    "Models protect each other.",
    "The tide rose by two metres, harbour staff said, and boats that had been on the sand for a week floated again.",
    "A nap.",
)


def test_vectors_have_length_one(embedder):
    vectors = embedder.encode(SAID)
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_rows_are_in_the_order_given(embedder):
    together = embedder.encode(SAID)
    for row, words in zip(together, SAID, strict=True):
        assert embedder.encode([words])[0] == pytest.approx(row, abs=1e-5)


def test_same_words_give_the_same_vector_beside_any_neighbours(embedder):
    alone = embedder.encode([SAID[0]])[0]
    crowd = embedder.encode([*SAID * 7, SAID[0]])[-1]
    assert crowd == pytest.approx(alone, abs=1e-5)


def test_near_meanings_are_nearer(embedder):
    one, other, far = embedder.encode(["AI models shield one another.", SAID[0], "Boats left the harbour."])
    assert one @ other > 0.5 > one @ far


@pytest.mark.parametrize("words", ["", " ", "…", "\x00", "a" * 20_000, "\u200b", "日本語"])
def test_odd_wordings_have_a_vector_too(embedder, words):
    assert np.isfinite(embedder.encode([words])).all()


def test_no_wordings_give_no_vectors(embedder):
    assert len(embedder.encode([])) == 0


def test_tool_names_model_and_weights(embedder):
    assert embedder.tool.params == {"model": embed.EMBEDDED, "revision": embed.EMBEDDED_SHA256}


def test_tool_of_a_folder_changes_with_its_weights(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"one")
    first = SentenceTransformerEmbedder(str(tmp_path)).tool.id
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert SentenceTransformerEmbedder(str(tmp_path)).tool.id != first


@pytest.mark.filterwarnings("ignore")  # what the library says of such a folder on its way to the error
def test_model_that_cannot_be_loaded_says_what_to_give(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match=r"cannot be loaded: .* Give a folder with a sentence-transformers model"):
        SentenceTransformerEmbedder(str(tmp_path)).encode(["a"])


def test_folder_that_is_not_there_says_what_to_give():
    with pytest.raises(UserError, match="cannot be loaded"):
        SentenceTransformerEmbedder("/nowhere/model").encode(["a"])


def test_changed_weights_of_the_embedded_model_are_noticed(monkeypatch):
    monkeypatch.setattr(embed, "EMBEDDED_SHA256", "0" * 64)
    with pytest.raises(DigestError, match=r"model\.safetensors: expected 0000"):
        SentenceTransformerEmbedder().encode(["a"])


def test_missing_package_of_the_embedded_model_is_told(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="is not installed; `pip install"):
        embed.embedded_folder()
