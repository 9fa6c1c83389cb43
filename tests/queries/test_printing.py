"""Standard output for people."""

import io

import attrs
import pytest
from newsdesk import keep_stories, opened

from crawler.runner import CrawlSummary
from queries.printing import Output, captured, crawled, crawled_json


class Closed(io.StringIO):
    """A pipe whose reader went away."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_reader_that_went_away_is_left_to_the_frame():
    with pytest.raises(BrokenPipeError):
        Output(Closed()).print("words")


def test_lines_are_not_folded():
    out = io.StringIO()
    Output(out).print("word " * 100)
    assert out.getvalue().count("\n") == 1


SUMMARY = CrawlSummary(
    counts={"kept": 1},
    errors=(),
    complete=True,
    stopped=None,
    requests=2,
    pages=1,
    resumed=False,
    seconds=0.12345,
)


@pytest.mark.parametrize(
    ("asks", "requests", "told"), [(False, 0, True), (False, 1, False), (True, 0, False)], ids=["none", "asked", "rest"]
)
def test_crawl_of_a_study_without_ways_in_says_what_to_name(asks, requests, told):
    out = io.StringIO()
    crawled(attrs.evolve(SUMMARY, counts={}, requests=requests), Output(out), asks=asks)
    assert ("nothing was asked: name feeds" in out.getvalue()) is told


def test_crawl_is_told_as_one_document():
    assert crawled_json(SUMMARY) == {
        "counts": {"kept": 1},
        "errors": [],
        "stopped": None,
        "seconds": 0.123,
        "complete": True,
    }


def test_a_base_that_is_empty_or_not_read_is_not_taken_for_a_clean_one(tmp_path):
    with opened(tmp_path) as workspace:
        out = io.StringIO()
        captured(workspace, Output(out))
        assert "nothing is captured yet" in out.getvalue()
        keep_stories(workspace)
        captured(workspace, Output(out))
        assert "3 captures not read yet: `retold build` first" in out.getvalue()
