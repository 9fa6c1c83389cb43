"""Floors under what a crawl keeps: lowering one is a decision, not a fix. docs/collecting.md has the figures."""

from functools import cache
from typing import Any

import pytest

from bench.focus import run


@cache
def figures() -> dict[str, Any]:
    return run()


@pytest.mark.parametrize("part", ["held_out", "seen"])
@pytest.mark.parametrize("figure", ["precision", "recall"])
def test_what_is_kept_is_on_the_study_and_little_is_lost(part: str, figure: str) -> None:
    found = figures()
    parts = [found["held_out"]] if part == "held_out" else [found["by"][name] for name in found["developed_on"]]
    assert min(each["kept"][figure] for each in parts) >= {"held_out": 0.95, "seen": 0.93}[part]


def test_newsroom_is_told_apart_without_a_slip() -> None:
    newsroom = figures()["by"]["newsroom"]
    assert {newsroom[label][rate] for label in ("about", "mention", "off") for rate in ("precision", "recall")} == {1.0}


def test_every_study_has_each_label_and_rivals() -> None:
    assert all(set(each["labels"]) == {"about", "mention", "off"} for each in figures()["by"].values())
