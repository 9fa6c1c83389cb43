import gzip
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.feeds import NotAFeedError, parse, sitemaps_in

BASE = "http://a.example/feed"


def test_rss_item_gives_link_title_summary_and_date() -> None:
    body = (
        b"<rss><channel><item><title>A &amp; B</title><link>/x?utm_source=rss</link>"
        b"<description>&lt;p&gt;Some &lt;b&gt;words&lt;/b&gt;&lt;/p&gt;</description>"
        b"<pubDate>Tue, 31 Mar 2026 09:00:00 +0200</pubDate></item></channel></rss>"
    )
    [item] = parse(body, BASE, 10**6).items
    assert (item.url, item.title, item.summary) == ("http://a.example/x", "A & B", "Some words")
    assert item.published == "Tue, 31 Mar 2026 09:00:00 +0200"


def test_atom_entry_gives_its_alternate_link() -> None:
    body = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title type="html">T</title>'
        b'<link rel="self" href="/self"/><link href="/page"/><updated>2026-04-01T00:00:00Z</updated></entry></feed>'
    )
    [item] = parse(body, BASE, 10**6).items
    assert (item.url, item.published) == ("http://a.example/page", "2026-04-01T00:00:00Z")


def test_permalink_guid_stands_in_for_a_link() -> None:
    body = b"<rss><item><guid>http://a.example/g</guid></item><item><guid isPermaLink='false'>7</guid></item></rss>"
    assert [item.url for item in parse(body, BASE, 10**6).items] == ["http://a.example/g"]


def test_news_sitemap_gives_title_and_publication_date() -> None:
    body = (
        b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        b' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>http://a.example/x</loc>'
        b"<lastmod>2026-05-01</lastmod><news:news><news:publication_date>2026-04-01</news:publication_date>"
        b"<news:title>T</news:title></news:news></url></urlset>"
    )
    [item] = parse(body, BASE, 10**6).items
    assert (item.title, item.published, item.news) == ("T", "2026-04-01", True)


def test_entry_without_news_fields_keeps_the_day_of_its_last_change() -> None:
    body = (
        b'<urlset xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>http://a.example/x</loc>'
        b"<news:news><news:publication><news:name>A</news:name><news:language>de</news:language></news:publication>"
        b"<news:publication_date>2026-04-01</news:publication_date></news:news></url>"
        b"<url><loc>http://a.example/y</loc><lastmod>2026-05-01</lastmod></url></urlset>"
    )
    first, second = parse(body, BASE, 10**6).items
    assert (first.news, first.language) == (True, "de")
    assert (second.news, second.published, second.language) == (False, "2026-05-01", None)


def test_robots_names_its_sitemaps_whatever_the_case_and_line_ends() -> None:
    body = (
        b"User-agent: *\r\nDisallow: /sitemap: x\r\nSITEMAP: http://a.example/map.xml\r\n sitemap:/news.xml # new\r\n"
    )
    assert sitemaps_in(body, "http://a.example/robots.txt") == ("http://a.example/map.xml", "http://a.example/news.xml")


def test_sitemap_index_lists_sitemaps() -> None:
    body = b"<sitemapindex><sitemap><loc>http://a.example/s.xml</loc></sitemap></sitemapindex>"
    assert (parse(body, BASE, 10**6).kind, len(parse(body, BASE, 10**6).items)) == ("index", 1)


def test_gzipped_sitemap_is_unpacked_up_to_the_limit() -> None:
    body = gzip.compress(b"<urlset><url><loc>http://a.example/x</loc></url></urlset>")
    assert len(parse(body, BASE, 10**6).items) == 1
    with pytest.raises(NotAFeedError, match="more than 10 bytes"):
        parse(body, BASE, 10)


def test_stray_ampersand_does_not_lose_the_feed() -> None:
    body = b"<rss><item><title>A & B</title><link>http://a.example/x</link></item></rss>"
    assert len(parse(body, BASE, 10**6).items) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"<!doctype html><html></html>", "HTML page"),
        (b"just words", "not XML"),
        (b"<svg/>", "<svg>"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><rss>&a;</rss>', "entities"),
        (b"\x1f\x8bbroken", "gzip"),
    ],
)
def test_what_is_no_feed_says_what_it_is(body: bytes, said: str) -> None:
    with pytest.raises(NotAFeedError, match=said):
        parse(body, BASE, 10**6)


@pytest.mark.parametrize("body", [b"<urltp:/>", b"<rss:><item/></rss:>", b"<:feed/>"])
def test_broken_name_is_that_of_no_feed(body: bytes) -> None:
    with pytest.raises(NotAFeedError, match="outermost element"):
        parse(body, "https://example.org/feed", 1_000)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_feed_or_not_and_never_a_crash(body: bytes) -> None:
    with suppress(NotAFeedError):
        parse(b"<rss><item>" + body, BASE, 10**6)


HALVES = "<rss><channel><item><title>Naps &#xd83d;&#xde34; &#55357;</title><link>{}</link></item></channel></rss>"


def test_emoji_written_as_two_halves_are_read_and_half_a_letter_costs_no_feed() -> None:
    [item] = parse(HALVES.format("http://a.example/x").encode(), "http://a.example/feed", 10_000).items
    assert item.title == "Naps \U0001f634 \ufffd"
    with pytest.raises(NotAFeedError, match="halves of letters"):
        parse(HALVES.format("http://a.example/x").encode("utf-16"), "http://a.example/feed", 10_000)
