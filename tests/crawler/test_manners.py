import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import attrs
import pytest
from loopback import Answer, Site, make_source, make_study, run_crawl
from warcio.archiveiterator import ArchiveIterator

from crawler.manners import retry_after
from crawler.plan import plan
from crawler.settings import scrapy_settings
from kb.archive import Archive
from kb.claims import Study
from kb.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"120", 120.0),
        (b"Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        (b"Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        (b"soon", None),
        (b"-5", None),
        (None, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: bytes | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_doors_that_run_python_are_closed() -> None:
    made = scrapy_settings(plan(make_study(), Settings(), {}, NOW), Settings().crawl)
    assert not any(made[name] for name in ("TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED", "HTTPCACHE_ENABLED"))


def test_autothrottle_is_on_unless_the_user_wants_no_delay() -> None:
    crawl = Settings().crawl
    order = plan(make_study(), Settings(), {}, NOW)
    assert scrapy_settings(order, crawl)["AUTOTHROTTLE_ENABLED"]
    assert not scrapy_settings(order, crawl.model_copy(update={"delay_s": 0.0}))["AUTOTHROTTLE_ENABLED"]


def test_a_busy_server_without_retry_after_is_given_seconds(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two", "/glass-echo-three-four")
    site.page("/glass-echo-three-four")
    site.answers["/glass-echo-one-two"] = Answer(b"", 503)
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path, per_domain=1)
    first, *others = [asked.at for asked in site.asked if asked.path.startswith("/glass-echo")]
    assert min(others) - first >= 1.9
    assert crawled.reason(site.url("/glass-echo-one-two")) == "failed: answered 503 Service Unavailable"


def test_autothrottle_does_not_go_below_crawl_delay(site: Site, tmp_path: Path) -> None:
    site.answers["/robots.txt"] = Answer(b"User-agent: retold\nCrawl-delay: 0.6\n")
    links = [f"/glass-echo-{number}-x" for number in range(3)]
    site.feed("/feed", *links)
    for link in links:
        site.page(link)
    run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path, delay_s=0.01)
    times = [asked.at for asked in site.asked if asked.path in links]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.55


def test_the_delay_is_kept_between_requests_to_one_host(site: Site, tmp_path: Path) -> None:
    links = [f"/glass-echo-{number}-x" for number in range(4)]
    site.feed("/feed", *links)
    for link in links:
        site.page(link)
    run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path, delay_s=0.3)
    times = [asked.at for asked in site.asked if asked.path in links]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.25


def test_an_answer_that_drips_ends_at_the_timeout(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two")
    with dripping(site, "/glass-echo-one-two") as study:
        started = time.monotonic()
        crawled = run_crawl(study, tmp_path, timeout_s=1, retries=0)
    assert time.monotonic() - started < 10
    assert crawled.visits[-1].reason == "no complete answer in time"


def test_the_same_body_under_two_addresses_is_stored_once(site: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two", "/wire/glass-echo-one-two")
    site.page("/glass-echo-one-two")
    site.page("/wire/glass-echo-one-two")
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    with next((tmp_path / "archive").glob("*.warc.gz")).open("rb") as file:
        kinds = Counter(record.rec_type for record in ArchiveIterator(file))
    assert kinds == {"warcinfo": 1, "response": 1, "revisit": 1}
    archive = Archive(tmp_path / "archive")
    assert len({archive.body(snapshot) for snapshot in crawled.snapshots}) == 1


def test_limits_of_size_and_time_are_the_settings() -> None:
    crawl = Settings().crawl
    made = scrapy_settings(plan(make_study(), Settings(), {}, NOW), crawl)
    assert (made["DOWNLOAD_MAXSIZE"], made["DOWNLOAD_TIMEOUT"]) == (crawl.max_bytes, crawl.timeout_s)
    assert made["DOWNLOAD_MAXSIZE"] < 2**30


@contextmanager
def dripping(site: Site, path: str) -> Iterator[Study]:
    """A study of a host that sends a byte of that page every tenth of a second, the feed being another host's."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            while not ended.is_set():
                connection, _ = listener.accept()
                threading.Thread(target=drip, args=(connection,), daemon=True).start()

    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            robots = b"/robots.txt" in connection.recv(4096)
            connection.sendall(
                b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n" if robots else b"HTTP/1.1 200 OK\r\n\r\n"
            )
            while not robots and not ended.wait(0.1):
                connection.sendall(b"a")

    threading.Thread(target=serve, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}{path}"
    site.answers["/feed"] = Answer(f"<rss><channel><item><link>{url}</link></item></channel></rss>".encode())
    source = make_source(site, feeds=("/feed",))
    host = url.split("/")[2]
    try:
        yield make_study(attrs.evolve(source, domains=(*source.domains, host), pages=(url,)))
    finally:
        ended.set()
        listener.close()
