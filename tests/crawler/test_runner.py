"""Whole crawls in a real child process against real servers on loopback."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import attrs
import pytest
from loopback import Answer, Asked, Site, make_source, make_study, run_crawl
from ruamel.yaml import YAML

from crawler.addresses import key
from crawler.newsroom import Newsroom
from crawler.plan import plan, to_json
from crawler.runner import crawl
from kb.archive import Archive
from kb.claims import Document, Study
from kb.errors import CrawlError
from kb.settings import CrawlSettings, Settings
from kb.store import RecordStore
from kb.study import load

ROOM = Path(__file__).parents[2] / "examples" / "newsroom"


def test_newsroom_is_collected_as_its_truth_says(tmp_path: Path) -> None:
    truth = YAML(typ="safe").load(ROOM / "truth.yaml")
    with Newsroom(ROOM) as room:
        crawled = run_crawl(load(ROOM / "claims.yaml"), tmp_path, proxy=room.proxy_url)
        asked = Counter(url for _, url, _ in room.requests)
    held = {key(url) for snapshot in crawled.snapshots for url in (snapshot.requested_url, snapshot.final_url)}
    assert {a["url"] for a in truth["articles"] if key(a["url"]) not in held} == set()
    assert {url for url in truth["off_topic"] if key(url) in held} == set()
    mentions = {key(visit.url) for visit in crawled.visits if visit.action == "mention"}
    assert {url for url in truth["mentions"] if key(url) not in mentions} == set()
    assert [url for url, times in asked.items() if times > 1] == []


def test_new_only_crawl_asks_each_known_page_once_and_stores_nothing(tmp_path: Path) -> None:
    with Newsroom(ROOM) as room:
        study = load(ROOM / "claims.yaml")
        first = run_crawl(study, tmp_path, proxy=room.proxy_url)
        before = len(room.requests)
        second = run_crawl(study, tmp_path, proxy=room.proxy_url)
        again = Counter(url for _, url, _ in room.requests[before:])
    assert len(second.snapshots) == len(first.snapshots)
    assert set(second.summary.counts) <= {"unchanged", "failed"}
    assert max(again.values()) == 1


def test_robots_are_obeyed_and_named_as_the_reason(site: Site, tmp_path: Path) -> None:
    site.answers["/robots.txt"] = Answer(b"User-agent: retold\nDisallow: /private/\n")
    site.feed("/feed", "/private/glass-echo-one", "/open/glass-echo-two")
    site.page("/private/glass-echo-one")
    site.page("/open/glass-echo-two")
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    assert "/private/glass-echo-one" not in site.paths()
    assert crawled.reason(site.url("/private/glass-echo-one")) == "refused: robots.txt forbids it"


def test_robots_that_fail_with_5xx_close_the_site(site: Site, tmp_path: Path) -> None:
    site.answers["/robots.txt"] = Answer(b"oops", 500)
    site.feed("/feed", "/glass-echo-one-two")
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    assert set(site.paths()) == {"/robots.txt"}
    assert "answered 500" in crawled.reason(site.url("/feed"))


def test_robots_that_are_missing_open_the_site(site: Site, tmp_path: Path) -> None:
    site.answers["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /\n", 404)
    site.feed("/feed")
    run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    assert "/feed" in site.paths()


def test_crawl_delay_is_applied(site: Site, tmp_path: Path) -> None:
    site.answers["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 0.6\n")
    links = [f"/glass-echo-{number}-x" for number in range(3)]
    site.feed("/feed", *links)
    for link in links:
        site.page(link)
    run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    times = [asked.at for asked in site.asked if asked.path != "/robots.txt"]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.55


def test_retry_after_is_waited_for(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two")
    answers = iter([Answer(b"", 429, {"Retry-After": "1"})])
    page = Answer(b"<html><title>Glass Echo</title><p>Glass Echo</p></html>", headers={"Content-Type": "text/html"})
    site.answers["/glass-echo-one-two"] = lambda _: next(answers, page)
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    first, second = [asked.at for asked in site.asked if asked.path == "/glass-echo-one-two"]
    assert second - first >= 0.95
    assert crawled.summary.counts == {"kept": 1}


def test_retry_after_of_an_hour_leaves_the_host(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two", "/glass-echo-three-four")
    for path in ("/glass-echo-one-two", "/glass-echo-three-four"):
        site.answers[path] = Answer(b"", 503, {"Retry-After": "3600"})
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path, per_domain=1)
    assert len([path for path in site.paths() if path.startswith("/glass")]) == 1
    assert not crawled.summary.complete


def test_validators_go_with_the_second_request_and_304_is_recorded(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two")
    site.page("/glass-echo-one-two", ETag='"v1"')
    page = site.answers["/glass-echo-one-two"]
    assert isinstance(page, Answer)
    site.answers["/glass-echo-one-two"] = lambda asked: (
        Answer(b"", 304) if asked.headers.get("If-None-Match") == '"v1"' else page
    )
    study = make_study(make_source(site, feeds=("/feed",)))
    run_crawl(study, tmp_path)
    crawled = run_crawl(study, tmp_path)
    assert crawled.visits[-1].status == 304
    assert (len(crawled.snapshots), crawled.summary.counts) == (1, {"unchanged": 1})


def test_same_bytes_again_make_no_snapshot_and_new_bytes_do(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two")
    site.page("/glass-echo-one-two")
    study = make_study(make_source(site, feeds=("/feed",)))
    run_crawl(study, tmp_path)
    assert len(run_crawl(study, tmp_path).snapshots) == 1
    site.page("/glass-echo-one-two", words="Edited.")
    assert len(run_crawl(study, tmp_path).snapshots) == 2


def test_pages_outside_the_revisit_window_are_not_asked(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two")
    site.page("/glass-echo-one-two")
    study = make_study(make_source(site, feeds=("/feed",)))
    run_crawl(study, tmp_path, revisit_days=0)
    run_crawl(study, tmp_path, revisit_days=0)
    assert site.paths().count("/glass-echo-one-two") == 1


def test_dropped_pages_are_asked_again_only_when_the_study_changes(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/about-something-else")
    site.page("/about-something-else", title="Tin Whistle")
    site.answers["/about-something-else"] = Answer(b"<html><p>Tin Whistle, Tin Whistle</p></html>")
    study = make_study(make_source(site, feeds=("/feed",)))
    for _ in range(2):
        run_crawl(study, tmp_path)
    assert site.paths().count("/about-something-else") == 1
    crawled = run_crawl(attrs.evolve(study, aliases=("Tin Whistle",)), tmp_path)
    assert crawled.summary.counts == {"kept": 1}


def test_tracking_www_and_amp_doubles_are_fetched_once(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two?utm_source=rss", "/glass-echo-one-two#top", "/glass-echo-one-two/amp")
    canonical = f'<link rel="canonical" href="{site.url("/glass-echo-one-two")}">'
    for path in ("/glass-echo-one-two", "/glass-echo-one-two/amp"):
        body = f"<html><head>{canonical}<title>Glass Echo</title></head><p>Glass Echo</p></html>"
        site.answers[path] = Answer(body.encode(), headers={"Content-Type": "text/html"})
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    assert (site.paths().count("/glass-echo-one-two"), len(crawled.snapshots)) == (1, 1)


def test_redirects_are_followed_once_and_loops_end(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/go-to-glass-echo", "/glass-echo-one-two", "/round-and-round")
    site.answers["/go-to-glass-echo"] = Answer(status=301, headers={"Location": "/glass-echo-one-two"})
    site.answers["/round-and-round"] = Answer(status=302, headers={"Location": "/and-back-again-to"})
    site.answers["/and-back-again-to"] = Answer(status=302, headers={"Location": "/round-and-round"})
    site.page("/glass-echo-one-two")
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    assert site.paths().count("/glass-echo-one-two") == 1
    assert crawled.reason(site.url("/go-to-glass-echo")).startswith("unchanged: redirects to")
    assert crawled.reason(site.url("/round-and-round")) == "failed: the redirects go in a circle"


def test_redirect_into_a_private_network_is_refused(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two")
    site.answers["/glass-echo-one-two"] = Answer(status=302, headers={"Location": "http://169.254.169.254/latest"})
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    assert "private or reserved" in crawled.reason(site.url("/glass-echo-one-two"))


def test_hostile_answers_are_recorded_and_the_rest_goes_on(site: Site, tmp_path: Path) -> None:
    names = ("huge", "binary", "slow", "empty", "broken", "fine")
    site.feed("/feed", *(f"/glass-echo-{name}-page" for name in names))
    site.answers["/glass-echo-huge-page"] = Answer(b"Glass Echo " * 300_000, headers={"Content-Type": "text/html"})
    site.answers["/glass-echo-binary-page"] = Answer(
        b"\x89PNG\r\n\x1a\nGlass Echo", headers={"Content-Type": "text/html"}
    )
    site.answers["/glass-echo-slow-page"] = Answer(b"late", delay_s=5)
    site.answers["/glass-echo-empty-page"] = Answer(b"  ")
    site.answers["/glass-echo-broken-page"] = Answer(
        b"<html><title>Glass Echo \xff\xfe\x81</title><p>Glass Echo \xc3\x28</p>",
        headers={"Content-Type": "text/html; charset=no-such-charset"},
    )
    site.page("/glass-echo-fine-page")
    crawled = run_crawl(
        make_study(make_source(site, feeds=("/feed",))), tmp_path, max_bytes=1_000_000, timeout_s=1, retries=0
    )
    reasons = {name: crawled.reason(site.url(f"/glass-echo-{name}-page")).split(";")[0] for name in names}
    assert reasons["huge"] == "refused: larger than 1000000 bytes"
    assert reasons["binary"].startswith("dropped: no page of text")
    assert reasons["slow"] == "failed: no complete answer in time"
    assert reasons["empty"] == "failed: answered an empty page"
    assert reasons["broken"].startswith("kept")
    assert reasons["fine"].startswith("kept")


def test_unusable_ways_in_are_named_by_source(site: Site, tmp_path: Path) -> None:
    site.answers["/feed"] = Answer(b"<!doctype html><html><body>Please log in</body></html>")
    dead = attrs.evolve(make_source(site, "dead"), feeds=("http://127.0.0.1:1/feed",), domains=("127.0.0.1:1",))
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",)), dead), tmp_path, retries=0)
    assert {error.source: error.reason for error in crawled.summary.errors} == {
        "paper": "no usable feed: an HTML page, not a feed",
        "dead": "robots.txt: the connection was refused",
    }
    assert not crawled.summary.complete


def test_links_to_other_sources_and_the_paper_are_followed_but_not_the_rest(site: Site, tmp_path: Path) -> None:
    other = Site()
    try:
        site.feed("/feed", "/glass-echo-one-two")
        links = [
            other.url("/glass-echo-first-report"),
            site.url("/unrelated-story-of-ours"),
            "http://127.0.0.1:9/x-y-z",
        ]
        words = "".join(f'<a href="{link}">there</a> with a few words of text between the links ' for link in links)
        site.page("/glass-echo-one-two", words=words)
        other.page("/glass-echo-first-report")
        study = make_study(make_source(site, feeds=("/feed",)), make_source(other, "other", feeds=("/feed",)))
        crawled = run_crawl(study, tmp_path)
        assert "/glass-echo-first-report" in other.paths()
    finally:
        other.close()
    assert "/unrelated-story-of-ours" not in site.paths()
    assert {snapshot.source for snapshot in crawled.snapshots} == {"paper", "other"}


def test_documents_are_kept_whatever_they_are(site: Site, tmp_path: Path) -> None:
    site.answers["/paper.pdf"] = Answer(b"%PDF-1.7 \x00\x01", headers={"Content-Type": "application/pdf"})
    document = Document(slug="v1", title="The paper", url=site.url("/paper.pdf"), published_at=None)
    crawled = run_crawl(make_study(documents=(document,)), tmp_path)
    assert [snapshot.media_type for snapshot in crawled.snapshots] == ["application/pdf"]


def test_page_limit_ends_the_crawl_and_says_so(site: Site, tmp_path: Path) -> None:
    links = [f"/glass-echo-{number}-x" for number in range(6)]
    site.feed("/feed", *links)
    for link in links:
        site.page(link)
    study = make_study(make_source(site, feeds=("/feed",)))
    crawled = run_crawl(study, tmp_path, max_pages=4)
    assert (len(crawled.snapshots), crawled.summary.complete) == (4, False)
    assert "limit of 4 pages" in (crawled.summary.stopped or "")
    assert len(run_crawl(study, tmp_path, max_pages=4).snapshots) == 6


def test_user_agent_carries_name_and_contact_and_no_cookie_goes_back(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two", "/glass-echo-three-four")
    site.page("/glass-echo-one-two", **{"Set-Cookie": "id=1"})
    site.page("/glass-echo-three-four", **{"Set-Cookie": "id=1"})
    run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path, per_domain=1)
    assert all(asked.headers["User-Agent"].startswith("retold/") for asked in site.asked)
    assert all("desk@example.org" in asked.headers["User-Agent"] for asked in site.asked)
    assert not any({"Cookie", "Referer"} & set(asked.headers) for asked in site.asked)


def test_a_full_disk_stops_the_crawl_in_good_order(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two")
    site.page("/glass-echo-one-two")
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "retold-00001.warc.gz").symlink_to("/dev/full")
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    assert "nothing can be written" in (crawled.summary.stopped or "")
    assert (crawled.snapshots, crawled.summary.complete) == ([], False)


def test_a_killed_process_is_a_crawl_error(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", *(f"/glass-echo-{number}-x" for number in range(50)))
    for number in range(50):
        site.page(f"/glass-echo-{number}-x")
    study = make_study(make_source(site, feeds=("/feed",)))
    settings = Settings(data_dir=tmp_path, crawl=CrawlSettings(delay_s=0.05))

    def kill(_: object) -> None:
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
        for child in children:
            if b"crawler.process" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGKILL)

    with pytest.raises(CrawlError, match="signal 9"):
        crawl(plan(study, settings, {}, datetime.now(UTC)), settings, kill)


def test_after_a_kill_nothing_is_fetched_again_and_nothing_is_lost(site: Site, tmp_path: Path) -> None:
    links = [f"/glass-echo-{number}-x" for number in range(60)]
    site.feed("/feed", *links)
    for link in links:
        site.page(link, title=f"Glass Echo {link}")
    study = make_study(make_source(site, feeds=("/feed",)))
    settings = Settings(data_dir=tmp_path, crawl=CrawlSettings(delay_s=0))
    order = f"{to_json(plan(study, settings, {}, datetime.now(UTC)))}\n{settings.model_dump_json()}\n"
    slow = Answer(site.answers[links[0]].body, headers={"Content-Type": "text/html"}, delay_s=0.05)  # type: ignore[union-attr]
    for link in links:
        site.answers[link] = attrs.evolve(slow, body=site.answers[link].body)  # type: ignore[union-attr]
    child = subprocess.Popen([sys.executable, "-m", "crawler.process"], stdin=-1, stdout=-1, stderr=-3)
    assert child.stdin
    assert child.stdout
    child.stdin.write(order.encode())
    child.stdin.flush()
    written: list[str] = []
    while len(written) < 20:
        written.append(json.loads(child.stdout.readline())["event"]["url"])
    child.kill()
    written += [json.loads(line)["event"]["url"] for line in child.stdout if line.endswith(b"\n")]
    child.wait()
    child.stdin.close()
    child.stdout.close()
    before = len(site.asked)
    crawled = run_crawl(study, tmp_path)
    again = {site.url(asked.path) for asked in site.asked[before:]}
    assert again.isdisjoint(written)
    assert Counter(s.requested_url for s in crawled.snapshots) == Counter(site.url(link) for link in links)
    assert crawled.summary.resumed
    assert Archive(settings.archive_dir).verify() == []


def test_a_capture_that_only_the_archive_has_is_given_to_the_store(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two")
    site.page("/glass-echo-one-two")
    study = make_study(make_source(site, feeds=("/feed",)))
    run_crawl(study, tmp_path)
    for path in tmp_path.glob("records.db*"):
        path.unlink()
    crawled = run_crawl(study, tmp_path)
    assert len(crawled.snapshots) == 1


def started_child(study: Study, settings: Settings) -> "subprocess.Popen[bytes]":
    """A crawl process with its order, as crawler.runner starts it."""
    child = subprocess.Popen([sys.executable, "-m", "crawler.process"], stdin=-1, stdout=-1, stderr=-3)
    assert child.stdin
    child.stdin.write(
        f"{to_json(plan(study, settings, {}, datetime.now(UTC)))}\n{settings.model_dump_json()}\n".encode()
    )
    child.stdin.flush()
    return child


def test_the_crawl_ends_when_its_parent_goes(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", *(f"/glass-echo-{number}-x" for number in range(200)))
    study = make_study(make_source(site, feeds=("/feed",)))
    child = started_child(study, Settings(data_dir=tmp_path, crawl=CrawlSettings(delay_s=0.2)))
    assert child.stdout
    child.stdout.readline()
    started = time.monotonic()
    answer = child.communicate(timeout=30)[0].splitlines()[-1]
    assert json.loads(answer)["summary"]["stopped"] == "the command that started it ended"
    assert time.monotonic() - started < 20


def test_the_crawl_does_nothing_when_its_parent_is_gone_before_it_has_the_folder(site: Site, tmp_path: Path) -> None:
    site.feed("/feed")
    child = started_child(make_study(make_source(site, feeds=("/feed",))), Settings(data_dir=tmp_path))
    answer = child.communicate(timeout=30)[0].splitlines()[-1]
    assert "the command that started this crawl has ended" in json.loads(answer)["error"]
    assert site.asked == []
    assert [path.name for path in tmp_path.iterdir()] == ["crawl.lock"]


def test_two_crawls_at_once_are_refused(site: Site, tmp_path: Path) -> None:
    def second(asked: Asked) -> Answer:
        with pytest.raises(CrawlError, match="another crawl is running"):
            run_crawl(study, tmp_path)
        refused.append(asked.path)
        return Answer(b"<rss><channel/></rss>")

    refused: list[str] = []
    site.answers["/feed"] = second
    study = make_study(make_source(site, feeds=("/feed",)))
    run_crawl(study, tmp_path, timeout_s=20)
    assert refused == ["/feed"]


def test_store_is_open_to_readers_while_a_crawl_runs(site: Site, tmp_path: Path) -> None:
    seen: list[int] = []

    def look(_: Asked) -> Answer:
        with RecordStore.open(Settings(data_dir=tmp_path).database_url) as store:
            seen.append(len(store.visits()))
        return Answer(b"", 404)

    site.feed("/feed", "/glass-echo-one-two")
    site.answers["/glass-echo-one-two"] = look
    run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    assert seen == [0]
