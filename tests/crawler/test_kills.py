"""Crawls and other commands killed at random, against the truth of what they work on; `bench kills` kills more."""

import os

import pytest

from bench import command_kills
from bench.kills import crawls, faults

SOAK = bool(os.environ.get("RETOLD_SOAK"))


def test_crawls_killed_at_random_moments_lose_nothing_and_fetch_nothing_again() -> None:
    figures = crawls(kills=50) if SOAK else crawls(kills=6, pages=150)
    assert figures["captures"]
    assert faults(figures) == {}


def test_commands_killed_at_random_are_finished_by_the_same_command_and_nothing_is_lost_or_doubled() -> None:
    figures = command_kills.run(230, seed=2) if SOAK else command_kills.run(4, only=("migrate", "review"))
    assert figures["problems"] == {}
    assert figures["at_work"] >= figures["kills"] / 2


@pytest.mark.skipif(not SOAK, reason="make soak")
@pytest.mark.parametrize("name", ["add", "review", "forget", "migrate"])
def test_command_killed_before_each_step_on_disk_is_finished_by_the_same_command(name: str) -> None:
    figures = command_kills.run(only=(name,), every_step=True)
    assert figures["problems"] == {}
    assert figures["at_work"] == figures["kills"]
