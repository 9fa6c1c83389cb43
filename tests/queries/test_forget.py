"""`captures` and `forget`: what an address has, and that nothing shows it after a take-down."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from making import NOON
from newsdesk import STORIES, indexed, keep, keep_stories, opened, page

from crawler.plan import CrawlPlan
from kb.capturelog import forgotten_addresses
from kb.errors import CrawlError, UserError
from kb.lexical import Fts5Index
from kb.pipeline import build
from kb.workspace import Workspace
from queries import forget as forgetting
from queries import job
from queries.asking import quotes, render, report_view
from queries.job import address_key
from queries.upkeep import state, state_json
from queries.verifying import verify

pytestmark = pytest.mark.usefixtures("parser_loaded_once")
ECHO = "https://echo.example/sleep"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as each:
        keep_stories(each)
        yield each


@pytest.fixture(scope="module")
def forgotten(tmp_path_factory: pytest.TempPathFactory, parser_loaded_once: None) -> Iterator[Workspace]:
    """Three stories, built; one of them taken down."""
    with opened(tmp_path_factory.mktemp("forgotten")) as each:
        keep_stories(each)
        build(each)
        forget(each, ECHO)
        yield each


def forget(workspace: Workspace, url: str) -> forgetting.Forgotten:
    return forgetting.forget(workspace, url, address_key, reason="asked by the publisher", by="desk", at=NOON)


def listed(workspace: Workspace, url: str | None = None) -> list[str]:
    return [snapshot.final_url for snapshot in forgetting.captures(workspace, url, address_key)]


# --- which captures ---


def test_every_capture_of_an_address_is_listed_by_time(workspace):
    keep(workspace, ECHO, page(ECHO, ("Changed.",)), hours=2)
    found = forgetting.captures(workspace, "http://www.echo.example/sleep/", address_key)
    assert [snapshot.fetched_at.hour for snapshot in found] == [NOON.hour, NOON.hour + 2]
    assert "\n".join(forgetting.lines(found)).count(ECHO) == 1


def test_all_are_listed_where_no_address_is_given(workspace):
    assert sorted(listed(workspace)) == sorted(STORIES)


def test_address_that_was_redirected_counts(workspace):
    keep(workspace, "https://echo.example/short", b"<p>1</p>", final_url="https://echo.example/long")
    assert listed(workspace, "https://echo.example/short") == listed(workspace, "https://echo.example/long")


def test_address_that_the_page_calls_its_own_counts(workspace):
    keep(workspace, "https://echo.example/sleep?from=feed", page(ECHO, (*STORIES[ECHO], "One more.")), hours=1)
    build(workspace)
    assert len(listed(workspace, ECHO)) == 2


@pytest.mark.parametrize("ask", [listed, forget])
def test_unknown_address_is_told_with_the_nearest(workspace, ask):
    with pytest.raises(UserError, match=r"nothing is captured under .*; the nearest are https://echo.example/sleep,"):
        ask(workspace, "https://echo.example/slep")


def test_unknown_address_in_an_empty_archive_is_told(tmp_path):
    with opened(tmp_path) as empty, pytest.raises(UserError, match="there are no captures yet"):
        forget(empty, ECHO)


def test_reason_is_asked_for_before_anything_happens(workspace):
    with pytest.raises(UserError, match="--reason"):
        forgetting.forget(workspace, ECHO, address_key, reason=" ", by="desk", at=NOON)
    assert workspace.archive.count() == 3


# --- after it ---


def test_it_is_in_no_listing_report_quote_or_index(forgotten):
    assert sorted(listed(forgotten)) == sorted(url for url in STORIES if url != ECHO)
    assert "Tom Beck" not in json.dumps(list(quotes(forgotten)), default=str)
    assert "echo.example" not in render(report_view(forgotten), "html")
    assert indexed(forgotten) == forgotten.store.active_wordings() | set(forgotten.study_wordings)


def test_full_text_search_does_not_find_it(forgotten):
    with forgotten.searching() as asked:
        assert Fts5Index(asked).best('"bad roster"', 5) == []
        assert Fts5Index(asked).best("nap", 5)


def test_verify_finds_nothing_wrong(forgotten):
    assert verify(forgotten).problems == ()


def test_doctor_lists_the_tombstone(forgotten):
    found = state(forgotten, fix=False)
    assert found.healthy
    (told,) = json.loads(json.dumps(state_json(found)))["tombstones"]
    assert told == {
        "url": ECHO,
        "fetched_at": "2026-04-01T12:00:00Z",
        "sha256": found.tombstones[0][0].body_sha256,
        "at": "2026-04-01T12:00:00Z",
        "reason": "asked by the publisher",
        "by": "desk",
    }


def test_last_report_goes_too(workspace):
    last = workspace.settings.data_dir / "report.html"
    sheets = workspace.settings.data_dir / "report-pages"
    sheets.mkdir()
    (sheets / "coverage-1.html").write_text("Tom Beck")
    last.write_text("Tom Beck")
    forget(workspace, ECHO)
    assert not last.exists()
    assert not sheets.exists()


def test_second_time_finds_nothing_more_and_adds_no_tombstone(workspace):
    forget(workspace, ECHO)
    assert forget(workspace, ECHO).again
    assert len(workspace.archive.notices()) == 1


def test_other_addresses_with_the_same_bytes_are_named(workspace):
    keep(workspace, "https://star.example/copy", page(ECHO, STORIES[ECHO]))
    told = "\n".join(forgetting.told(forget(workspace, ECHO)))
    assert "the same bytes stay as https://star.example/copy" in told


def test_no_watch_asks_for_it(workspace, monkeypatch):
    planned: list[CrawlPlan] = []

    def crawl(plan: CrawlPlan, *_: object, **__: object) -> None:
        planned.append(plan)
        raise CrawlError("no network here")

    forget(workspace, ECHO)
    monkeypatch.setattr(job.runner, "crawl", crawl)
    with pytest.raises(CrawlError):
        job.crawl_again(workspace, print, timedelta(days=1))
    assert planned[0].forgotten == (address_key(ECHO),)


def test_undo_lets_the_address_be_fetched_and_brings_nothing_back(workspace):
    forget(workspace, ECHO)
    allowed = forgetting.undo(workspace, "http://echo.example/sleep/", address_key, reason="", by="desk", at=NOON)
    assert allowed == (ECHO,)
    assert forgotten_addresses(workspace.archive.notices()) == frozenset()
    assert workspace.archive.count() == 2
    assert workspace.archive.verify() == []


def test_undo_lifts_the_address_that_it_was_redirected_to_as_well(workspace):
    keep(workspace, "https://echo.example/short", b"<p>1</p>", final_url="https://echo.example/long")
    forget(workspace, "https://echo.example/short")
    forgetting.undo(workspace, "https://echo.example/short", address_key, reason="", by="desk", at=NOON)
    assert forgotten_addresses(workspace.archive.notices()) == frozenset()


def test_undo_of_what_was_not_forgotten_is_told(workspace):
    forget(workspace, ECHO)
    with pytest.raises(UserError, match=r"nothing was forgotten under .*; the nearest are https://echo.example/sleep"):
        forgetting.undo(workspace, "https://star.example/wards", address_key, reason="", by="desk", at=NOON)


def test_capture_is_listed_with_its_digest_and_place(workspace):
    (snapshot,) = forgetting.captures(workspace, ECHO, address_key)
    told = forgetting.capture_json(snapshot)
    assert (told["sha256"], told["warc"], told["offset"]) == (snapshot.body_sha256, snapshot.warc, snapshot.offset)
    assert attrs.asdict(snapshot)["requested_url"] == told["url"]
