"""What filters leave is kept until something is written, and no longer."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from making import connection, hold

from kb.matrix import Matrix
from kb.occurrences import Filter, Occurrences
from kb.store import RecordStore
from queries import kept
from queries.kept import Kept

WIRE, STAR = Filter(source="wire.example"), Filter(source="star.example")
NAME = "matrix-a"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    with RecordStore.open(f"sqlite:///{tmp_path}/records.db") as opened:
        hold(opened, "https://wire.example/1", [f"Ward {n} had a nap room." for n in range(6)])
        hold(opened, "https://star.example/1", [f"Nothing about sleep in story {n}." for n in range(3)])
        yield opened


class Asked(Occurrences):
    """Counts how often a filter is asked for."""

    times = 0

    def matching(self, *args, **options):
        self.times += 1
        return super().matching(*args, **options)


@pytest.fixture
def places(store: RecordStore) -> Iterator[Asked]:
    with closing(connection(store)) as opened:
        yield Asked(opened)


@pytest.fixture
def keeping(store: RecordStore) -> Iterator[Kept]:
    with closing(connection(store)) as opened:
        yield Kept(opened)


def matrix() -> Matrix:
    return Matrix(np.arange(1, 10), np.eye(9, dtype=np.float32))


def test_filter_is_asked_for_once(keeping, places):
    first = keeping.left(places, matrix(), NAME, STAR)
    assert first.alone is not None
    assert first.alone.numbers == set(first.alone.vectors.numbers) == set(places.matching(STAR))
    assert first.share == pytest.approx(3 / 9)
    assert keeping.left(places, matrix(), NAME, STAR) is first
    assert places.times == 2  # once here, once there


def test_filter_that_leaves_too_many_is_remembered_as_such(keeping, places, monkeypatch):
    monkeypatch.setattr(kept, "NARROW", 5)
    wide = keeping.left(places, matrix(), NAME, WIRE)
    assert wide.alone is None
    assert wide.share == pytest.approx(6 / 9)
    assert keeping.left(places, matrix(), NAME, WIRE) is wide
    assert places.times <= 2  # how wide it is, and perhaps how many it leaves


def test_what_is_written_counts_at_once(keeping, places, store):
    keeping.left(places, matrix(), NAME, STAR)
    hold(store, "https://star.example/2", ["Ward 1 had a nap room."])  # a wording that has its vector already
    found = keeping.left(places, matrix(), NAME, STAR)
    assert found.alone is not None
    assert len(found.alone.numbers) == 4


def test_vectors_of_another_matrix_are_not_taken(keeping, places):
    first = keeping.left(places, matrix(), NAME, STAR)
    assert keeping.left(places, matrix(), "matrix-b", STAR) is not first


def test_no_more_is_kept_than_may_be(keeping, places, monkeypatch):
    monkeypatch.setattr(kept, "ROWS", 8)
    keeping.left(places, matrix(), NAME, WIRE)
    keeping.left(places, matrix(), NAME, STAR)  # six and three
    keeping.left(places, matrix(), NAME, STAR)
    assert places.times == 2
    keeping.left(places, matrix(), NAME, WIRE)
    assert places.times == 3
