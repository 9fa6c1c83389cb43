"""Readers, searches, decisions, crawls and builds at once on one data folder, in small; `make soak`: at large."""

import os

from bench.soak import run

LONG = bool(os.environ.get("RETOLD_SOAK"))


def test_everything_at_once_goes_on_without_an_error_and_leaves_no_file_open() -> None:
    found = run(articles=400, seconds=240.0, pages=60) if LONG else run(articles=15, seconds=1.0, readers=2, pages=6)
    assert found["wrong"] == []
    assert found["errors"] == 0, found
    assert found["web"]["all"]["n"] > 0
    assert sum(found["decisions"].values()) > 0
    assert {"crawl", "build", "search", "review"} <= found["commands"].keys()
    assert found["captures"] > found["articles"]
    files = found["server"]["open_files"]
    assert files["most_in_second_half"] <= files["most_in_first_half"] + 12  # what is being asked at that moment
