"""Crawls that are killed at random moments, against the truth of the served site; `bench kills` kills more often."""

from bench.kills import crawls, faults


def test_crawls_killed_at_random_moments_lose_nothing_and_fetch_nothing_again() -> None:
    figures = crawls(kills=8, pages=200)
    assert figures["captures"]
    assert faults(figures) == {}
