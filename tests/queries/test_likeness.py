"""What is counted in bits is what a product of matrices would count."""

import numpy as np
import pytest

from queries.likeness import _bypassed


@pytest.mark.parametrize("marks", [0, 1, 63, 64, 65, 700])
def test_marks_past_an_earlier_article_are_counted_exactly(marks: int) -> None:
    random = np.random.default_rng(marks)
    mine, before = random.random((12, marks)) < 0.4, np.arange(12) % 3 > 0
    each = mine.astype(int)
    expected = (each[before].sum(1)[:, None] - each[before] @ each.T).max(0)
    assert _bypassed(mine, before).tolist() == expected.tolist()


def test_without_an_earlier_article_nothing_is_past_one() -> None:
    assert _bypassed(np.ones((3, 9), bool), np.zeros(3, bool)).tolist() == [0, 0, 0]
