"""Fusion: what both rankings know wins, and where a ranking was cut off changes nothing."""

import pytest

from queries.fusion import fused, scaled

NEAR = [("a", 0.8), ("b", 0.6), ("c", 0.2)]
SHARED = [("b", 12.0), ("d", 6.0)]


def test_what_both_rankings_have_comes_first():
    scores = fused(NEAR, SHARED)
    assert max(scores, key=scores.__getitem__) == "b"
    assert scores.keys() == set("abcd")


def test_weight_shares_between_the_rankings():
    assert fused(NEAR, SHARED, 0.25) == pytest.approx({"a": 0.25, "b": 0.9375, "c": 0.0625, "d": 0.375})


def test_cutting_a_ranking_off_changes_no_other_score():
    whole, cut = fused(NEAR, SHARED), fused(NEAR[:2], SHARED)
    assert {key: whole[key] for key in cut} == cut


def test_one_empty_ranking_leaves_the_order_of_the_other():
    scores = fused([], SHARED)
    assert sorted(scores, key=scores.__getitem__, reverse=True) == ["b", "d"]
    assert fused([], []) == {}


def test_scores_below_the_floor_count_as_nothing():
    assert scaled([("a", 0.5), ("b", -0.1)]) == {"a": 1.0, "b": 0.0}
    assert scaled([("a", -0.2)]) == {"a": 0.0}
