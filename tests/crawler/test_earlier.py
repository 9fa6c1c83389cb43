"""What visits of earlier crawls settle, and what is asked again all the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, Site, make_source, make_study, run_crawl

from crawler.addresses import key
from crawler.earlier import another_address, asked_captures, left_addresses, redirects_to
from crawler.plan import Held
from kb.records import Visit

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
PAGE = "https://ledger.example/one"
SECOND = "https://ledger.example/second"
HELD = {
    key(PAGE): Held(url=PAGE, etag=None, last_modified=None, body_sha256="", snapshot="s1", fetched_at=NOON, due=True)
}


def visit(action: Any, reason: str = "", *, status: int | None = None, url: str = SECOND, minutes: int = 0) -> Visit:
    at = NOON + timedelta(minutes=minutes)
    return Visit(url=url, at=at, action=action, reason=reason, status=status, found_in=None, source=None)


def left(*visits: Visit, running_since: datetime | None = None) -> set[str]:
    return left_addresses(visits, HELD, terms_since=NOON, running_since=running_since)


def test_a_page_dropped_by_the_same_signs_is_left() -> None:
    assert left(visit("dropped")) == {key(SECOND)}


def test_a_page_dropped_by_other_signs_is_asked_again() -> None:
    assert left(visit("dropped", minutes=-1)) == set()


@pytest.mark.parametrize("reason", [redirects_to(PAGE), another_address(PAGE)])
def test_a_second_address_of_a_held_page_is_left(reason: str) -> None:
    assert left(visit("unchanged", reason)) == {key(SECOND)}


@pytest.mark.parametrize("reason", [redirects_to(PAGE + "/lost"), another_address(PAGE + "/lost")])
def test_a_second_address_of_a_page_that_was_never_had_is_asked_again(reason: str) -> None:
    assert left(visit("unchanged", reason)) == set()


def test_the_last_visit_counts() -> None:
    assert left(visit("dropped"), visit("failed", minutes=1)) == set()


@pytest.mark.parametrize(("status", "is_left"), [(404, True), (410, True), (429, False), (500, False), (None, False)])
def test_what_an_interrupted_crawl_was_answered_is_left_where_it_is_definite(status: int | None, is_left: bool) -> None:
    assert bool(left(visit("failed", status=status), running_since=NOON)) == is_left


def test_what_failed_before_the_interrupted_crawl_is_asked_again() -> None:
    assert left(visit("failed", status=404, minutes=-1), running_since=NOON) == set()


def test_captures_found_unchanged_by_the_interrupted_crawl_are_not_asked_again() -> None:
    assert asked_captures([visit("unchanged", url=PAGE, status=304)], HELD, NOON) == {"s1"}
    assert asked_captures([visit("unchanged", url=PAGE, status=304, minutes=-1)], HELD, NOON) == set()


def test_an_address_that_leads_to_a_held_page_costs_nothing_in_the_next_crawl(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/go-to-glass-echo-now", "/glass-echo-one-two")
    site.answers["/go-to-glass-echo-now"] = Answer(status=301, headers={"Location": "/glass-echo-one-two"})
    site.page("/glass-echo-one-two")
    study = make_study(make_source(site, feeds=("/feed",)))
    run_crawl(study, tmp_path)
    before = len(site.asked)
    run_crawl(study, tmp_path)
    assert sorted(site.paths()[before:]) == ["/feed", "/glass-echo-one-two", "/robots.txt"]


def test_a_page_that_moved_is_asked_once_in_the_next_crawl(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/go-to-glass-echo-now")
    site.answers["/go-to-glass-echo-now"] = Answer(status=301, headers={"Location": "/glass-echo-one-two"})
    site.page("/glass-echo-one-two")
    study = make_study(make_source(site, feeds=("/feed",)))
    run_crawl(study, tmp_path)
    before = len(site.asked)
    run_crawl(study, tmp_path)
    assert sorted(site.paths()[before:]) == ["/feed", "/glass-echo-one-two", "/robots.txt"]
