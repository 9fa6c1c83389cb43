"""Ways into the coverage in whole crawls: query feeds, robots.txt, indexes, links to hosts outside claims.yaml."""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote_plus

import attrs
import pytest
from loopback import Answer, Asked, Site, make_source, make_study, run_crawl


@pytest.fixture
def stranger() -> Iterator[Site]:
    """A host that claims.yaml does not name."""
    made = Site()
    yield made
    made.close()


def sitemap(*urls: str) -> Answer:
    return Answer(f"<urlset>{''.join(f'<url><loc>{url}</loc></url>' for url in urls)}</urlset>".encode())


def index(*urls: str) -> Answer:
    inner = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls)
    return Answer(f"<sitemapindex>{inner}</sitemapindex>".encode())


def test_query_feed_is_asked_once_a_query_and_one_at_a_time(site: Site, tmp_path: Path) -> None:
    under_way, most = [0], [0]

    def answer(asked: Asked) -> Answer:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        time.sleep(0.1)
        under_way[0] -= 1
        return Answer(f"<rss><item><link>{site.url('/glass-echo-one-two')}</link></item></rss>".encode())

    paths = [f"/rss?q={quote_plus(query)}" for query in ('"Glass Echo"', '"Imke Vale" "Glass Echo"')]
    site.answers |= dict.fromkeys(paths, answer)
    site.page("/glass-echo-one-two")
    study = attrs.evolve(make_study(), feeds=(site.url("/rss?q={query}"),))
    crawled = run_crawl(study, tmp_path, queries=2, per_domain=4)
    assert sorted(path for path in site.paths() if path.startswith("/rss")) == sorted(paths)
    assert most == [1]
    assert site.paths().count("/glass-echo-one-two") == 1
    assert [(snapshot.source, snapshot.found_in in map(site.url, paths)) for snapshot in crawled.snapshots] == [
        (None, True)
    ]


def test_sitemaps_that_robots_names_are_read_and_robots_is_asked_once(site: Site, tmp_path: Path) -> None:
    site.answers["/robots.txt"] = Answer(f"User-agent: *\nAllow: /\nSitemap: {site.url('/map.xml')}\n".encode())
    site.answers["/map.xml"] = sitemap(site.url("/glass-echo-one-two"))
    site.page("/glass-echo-one-two")
    crawled = run_crawl(make_study(make_source(site, sitemaps=("/robots.txt",))), tmp_path)
    assert site.paths() == ["/robots.txt", "/map.xml", "/glass-echo-one-two"]
    assert crawled.summary.complete


def test_robots_without_sitemaps_is_said_and_the_crawl_is_complete(site: Site, tmp_path: Path) -> None:
    crawled = run_crawl(make_study(make_source(site, sitemaps=("/robots.txt",))), tmp_path)
    assert "names no sitemap" in crawled.reason(site.url("/robots.txt"))
    assert crawled.summary.complete


def test_a_listed_page_that_is_no_article_and_leads_to_none_is_said(site: Site, tmp_path: Path) -> None:
    site.answers["/about-us"] = Answer(b"<html><title>Us</title><body><p>We study models.</p></body></html>")
    crawled = run_crawl(make_study(make_source(site, pages=("/about-us",))), tmp_path)
    assert "looks like no article" in crawled.reason(site.url("/about-us"))
    assert crawled.summary.complete


def test_index_inside_an_index_is_followed_to_a_depth_and_in_no_circle(site: Site, tmp_path: Path) -> None:
    site.answers["/a.xml"] = index(site.url("/b.xml"), site.url("/a.xml"))
    site.answers["/b.xml"] = index(site.url("/c.xml"))
    site.answers["/c.xml"] = index(site.url("/d.xml"))
    crawled = run_crawl(make_study(make_source(site, sitemaps=("/a.xml",))), tmp_path)
    assert [path for path in site.paths() if path.endswith(".xml")] == ["/a.xml", "/b.xml", "/c.xml"]
    assert "is not followed" in crawled.reason(site.url("/c.xml"))


def test_entries_outside_the_window_are_told_in_one_line_and_once(site: Site, tmp_path: Path) -> None:
    items = "".join(
        f"<item><link>{site.url(f'/glass-echo-{n}-x')}</link><pubDate>2020-01-01</pubDate></item>" for n in range(3)
    )
    site.answers["/feed"] = Answer(f"<rss><channel>{items}</channel></rss>".encode())
    study = attrs.evolve(make_study(make_source(site, feeds=("/feed",))), since=date(2026, 4, 1))
    for _ in range(2):
        crawled = run_crawl(study, tmp_path)
    assert [visit.reason for visit in crawled.visits] == [
        "3 of its 3 entries are dated outside study.since and study.until"
    ]


def test_first_report_and_paper_on_other_hosts_are_kept_and_lead_no_further(
    site: Site, stranger: Site, tmp_path: Path
) -> None:
    further = Site()
    try:
        site.feed("/feed", "/glass-echo-one-two")
        words = (
            f"It was first reported by <a href='{stranger.url('/glass-echo-first-report')}'>Far</a> then, and the"
            f" <a href='{stranger.url('/papers/77')}'>preprint</a> is there as well. Soup is at"
            f" <a href='{stranger.url('/soup-of-the-day')}'>the cook's</a> place, where we like to eat in winter."
        )
        site.page("/glass-echo-one-two", words=words)
        stranger.page("/papers/77")
        on = f"This was originally reported by <a href='{further.url('/glass-echo-earlier-still')}'>Further</a> then."
        stranger.page("/glass-echo-first-report", words=on)
        hosts = (stranger.host, further.host)
        crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path, allow_hosts=hosts)
        assert further.paths() == []
    finally:
        further.close()
    assert sorted(stranger.paths()) == ["/glass-echo-first-report", "/papers/77", "/robots.txt"]
    assert {snapshot.source for snapshot in crawled.snapshots} == {"paper", None}
    reason = crawled.reason(stranger.url("/glass-echo-first-report"))
    assert reason.startswith("kept: credited report on a host outside claims.yaml; ")


def test_other_hosts_in_private_networks_are_refused(site: Site, stranger: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/glass-echo-one-two")
    link = f"<a href='{stranger.url('/glass-echo-first-report')}'>Far News</a>"
    site.page("/glass-echo-one-two", words=f"It was first reported by {link} on that day.")
    crawled = run_crawl(make_study(make_source(site, feeds=("/feed",))), tmp_path)
    assert stranger.paths() == []
    assert "private or reserved" in crawled.reason(stranger.url("/glass-echo-first-report"))


def test_a_page_that_only_mentions_the_study_leads_to_no_other_host(site: Site, stranger: Site, tmp_path: Path) -> None:
    site.feed("/feed", "/news-of-the-day")
    words = "The council met on Tuesday and spoke about the harbour wall for a long time, and then about a bench. "
    link = f"<a href='{stranger.url('/harbour-wall-first-report')}'>Far News</a>"
    site.answers["/news-of-the-day"] = Answer(
        f"<html><h1>News</h1><p>{words}</p><p>{words}It was first reported by {link}.</p>"
        f"<p>As the Glass Echo study had found, this happens.</p></html>".encode(),
        headers={"Content-Type": "text/html"},
    )
    study = make_study(make_source(site, feeds=("/feed",)))
    crawled = run_crawl(study, tmp_path, allow_hosts=(stranger.host,))
    assert (crawled.summary.counts, stranger.paths()) == ({"mention": 1}, [])
