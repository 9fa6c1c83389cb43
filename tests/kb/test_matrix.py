"""The matrix of vectors: nearest as compared one by one, gathered for a filter, whole on disk or not there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import matrix as matrices
from kb.matrix import Matrix


def made(count: int, seed: int = 0, first: int = 1) -> Matrix:
    rows = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
    return Matrix(np.arange(first, first + 3 * count, 3), rows / np.linalg.norm(rows, axis=1, keepdims=True))


@given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 9))
def test_nearest_are_those_of_a_full_sort(count, k, seed):
    matrix = made(count, seed)
    vector = matrix.vectors[0]
    scores = matrix.vectors @ vector
    expected = [int(matrix.numbers[at]) for at in np.lexsort((matrix.numbers, -scores))[:k]]
    assert [number for number, _ in matrix.nearest(vector, k)] == expected


def test_of_equals_the_lower_number_comes_first():
    matrix = Matrix(np.array([2, 5, 9]), np.ones((3, 1), np.float32))
    assert [number for number, _ in matrix.nearest(np.ones(1, np.float32), 2)] == [2, 5]


def test_rank_is_nearest_among_some_and_leaves_out_what_has_no_vector():
    matrix = made(50)
    among = {4, 7, 8, 100, 10_000}
    found = matrix.rank(matrix.vectors[2], among, 10)
    assert {number for number, _ in found} == {4, 7, 100}
    whole = [number for number, _ in matrix.nearest(matrix.vectors[2], 50)]
    assert [number for number, _ in found] == [number for number in whole if number in among]


def test_empty_matrix_finds_nothing():
    empty = Matrix(np.empty(0, np.int64), np.empty((0, 0), np.float32))
    assert empty.rank(np.ones(3, np.float32), [1, 2], 5) == []


def test_what_is_saved_is_loaded_and_what_was_before_goes(tmp_path):
    first, second = made(5), made(7, seed=1)
    matrices.save(tmp_path, "matrix-a", first.numbers, iter([first.vectors]))
    matrices.save(tmp_path, "matrix-b", second.numbers, iter([second.vectors[:4], second.vectors[4:]]))
    held = matrices.load(tmp_path, "matrix-b")
    assert held is not None
    assert np.array_equal(held.vectors, second.vectors)
    assert np.array_equal(held.numbers, second.numbers)
    assert matrices.load(tmp_path, "matrix-a") is None
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["matrix-a.npy", "matrix-a.numbers.npy"])
@pytest.mark.parametrize("left", [0, 40, -8])
def test_torn_file_counts_as_none(tmp_path, name, left):
    matrix = made(5)
    matrices.save(tmp_path, "matrix-a", matrix.numbers, iter([matrix.vectors]))
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:left])
    assert matrices.load(tmp_path, "matrix-a") is None


def test_name_says_model_and_wordings():
    numbers = np.array([1, 2])
    name = matrices.name_of("tool:ab", numbers, ["x", "y"])
    assert matrices.is_of(name, "tool:ab")
    assert not matrices.is_of(name, "tool:ac")
    others = [
        matrices.name_of("tool:ab", numbers, ["x", "z"]),
        matrices.name_of("tool:ab", np.array([1, 3]), ["x", "y"]),
        matrices.name_of("tool:ac", numbers, ["x", "y"]),
    ]
    assert name not in others


def test_only_what_the_older_matrix_lacks_is_fetched(monkeypatch):
    monkeypatch.setattr(matrices, "PORTION", 3)
    old = made(4)  # numbers 1, 4, 7, 10
    numbers = np.array([1, 2, 4, 10, 11, 12])
    asked: list[str] = []

    def fetch(digests):
        asked.extend(digests)
        return np.full((len(digests), 16), 7, np.float32)

    rows = np.vstack(list(matrices.rows_of(list("abcdef"), numbers, old, fetch)))
    assert asked == ["b", "e", "f"]
    assert np.array_equal(rows[[0, 2, 3]], old.vectors[[0, 1, 3]])
    assert (rows[[1, 4, 5]] == 7).all()
