import logging
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from growth import grows_linearly
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.extract import Page, extract, read_page
from kb.records import Snapshot
from kb.rejected import Code, Rejected
from kb.text import normalise

PAGES = Path(__file__).parent / "pages"
URL = "https://www.harbourgazette.example/science/tutors-shield?utm_source=feed"
SENTENCE = (
    "The lanterns crossed the weir on Thursday evening and nobody said a single word about it until morning came. "
)
ARTICLE = f"<p>{SENTENCE * 3}</p>".encode()


def read(name: str, url: str = URL) -> Page:
    page = read_page((PAGES / name / "page.html").read_bytes(), url=url)
    assert isinstance(page, Page)
    return page


def code(body: bytes, **options: str) -> Code | None:
    page = read_page(body, url="https://example.org/a", **options)  # type: ignore[arg-type]
    return page.code if isinstance(page, Rejected) else None


def snapshot(**changes: Any) -> Snapshot:
    made = Snapshot(
        requested_url=URL,
        fetched_at=datetime(2026, 6, 1, tzinfo=UTC),
        body_sha256="sha256:0",
        final_url=URL,
        status=200,
        media_type="text/html",
        charset=None,
        etag=None,
        last_modified=None,
        warc="a.warc",
        offset=0,
        via="live",
        source=None,
    )
    return attrs.evolve(made, **changes)


def test_paragraphs_stand_on_lines_of_their_own() -> None:
    lines = read("boxes").text.split("\n")
    assert lines[0].startswith("Seven tutoring programs")
    assert lines[1].endswith("Coastal Institute for Computing.")


def test_text_is_in_normal_form() -> None:
    text = read("boxes").text
    assert text == normalise(text)


def test_title_is_not_repeated_in_the_text() -> None:
    page = read("boxes")
    assert page.title == "Machine tutors shield each other, study finds"
    assert page.title not in page.text


@pytest.mark.parametrize(
    "noise", ["Related stories", "How school software", "Read more", "newsletter", "saying this for years", "©"]
)
def test_boxes_and_boilerplate_stay_out(noise: str) -> None:
    assert noise not in read("boxes").text


def test_pull_quote_is_not_printed_twice() -> None:
    assert read("boxes").text.count("a trade union") == 1


def test_biography_of_the_author_stays_out() -> None:
    assert "two dogs" not in read("boxes").text


@pytest.mark.parametrize("kept", ["Northern Press Agency", "Correction: An earlier version"])
def test_credits_and_corrections_stay_in(kept: str) -> None:
    assert kept in read("boxes").text


def test_link_points_at_its_anchor() -> None:
    page = read("boxes")
    link = next(link for link in page.links if link.url == "https://papers.example/abs/1234")
    assert link.span is not None
    assert page.text[link.span.start : link.span.end] == link.anchor == "a study"


def test_links_outside_of_the_text_are_left_out() -> None:
    assert [link.url for link in read("boxes").links] == ["https://papers.example/abs/1234"]


def test_anchor_whose_surroundings_stand_twice_has_no_span() -> None:
    said = "Details stand in <a href='/x'>the report</a> of the county, which nobody has read so far."
    line = f"<p>{said} {said}</p>"
    page = read_page(f"<h1>A</h1><p>{SENTENCE * 3}</p>{line}".encode(), url="https://example.org/a")
    assert isinstance(page, Page)
    assert page.links[0].span is None


def test_address_of_a_link_begins_in_small_letters() -> None:
    line = f"<p>{SENTENCE * 3} It stands in <a href='HtTp://papers.example/A?b#c'>the report</a> of the county.</p>"
    page = read_page(f"<h1>A</h1>{line}".encode(), url="https://example.org/a")
    assert isinstance(page, Page)
    assert page.links[0].url == "http://papers.example/A?b#c"


def test_next_article_of_an_endless_page_is_cut() -> None:
    assert "tenors" not in read("scroll").text


def test_paywalled_opening_is_marked_truncated() -> None:
    page = read("paywall")
    assert page.truncated
    assert "Subscribe" not in page.text


def test_whole_article_is_not_truncated() -> None:
    assert not read("boxes").truncated


def test_valid_utf8_wins_over_a_declared_single_byte_charset() -> None:
    assert read("mixed").title == "Grüne Welle für Räder"


def test_soft_hyphens_go() -> None:
    assert "Ringstraße nicht mehr anhalten" in read("mixed").text


def test_german_teaser_label_goes() -> None:
    assert "Busspur" not in read("mixed").text


def test_language_of_the_words_is_told() -> None:
    assert (read("mixed").language, read("boxes").language) == ("de", "en")


def test_body_of_scripted_page_comes_from_its_description() -> None:
    text = " ".join(f"Sentence number {n} tells what the council decided on that long evening." for n in range(40))
    stated = f'{{"@type":"NewsArticle","headline":"Long evening","articleBody":"{text}"}}'
    body = f'<script type="application/ld+json">{stated}</script>'
    page = read_page(f"<html><head>{body}</head><body><div id=app></div></body></html>".encode(), url=None)
    assert isinstance(page, Page)
    assert page.text == text


def test_plain_text_is_kept_as_it_is() -> None:
    page = read_page(b"One line of a letter.\nAnother line.\n", url=None, media_type="text/plain")
    assert isinstance(page, Page)
    assert (page.title, page.text) == (None, "One line of a letter.\nAnother line.")


def test_markdown_heading_is_the_title() -> None:
    page = read_page(b"# Lanterns\n\nThey crossed the weir.", url=None, media_type="text/markdown")
    assert isinstance(page, Page)
    assert (page.title, page.text) == ("Lanterns", "They crossed the weir.")


def test_html_served_as_plain_text_is_read_as_html() -> None:
    page = read_page(b"<!doctype html><h1>Lanterns over the weir</h1>" + ARTICLE, url=None, media_type="text/plain")
    assert isinstance(page, Page)
    assert "<p>" not in page.text


def test_http_error_is_rejected() -> None:
    made = extract(snapshot(status=404), ARTICLE, "gazette")
    assert made == Rejected(code=Code.HTTP_ERROR, detail="404")


def test_records_refer_to_each_other() -> None:
    made = extract(snapshot(), (PAGES / "boxes/page.html").read_bytes(), "gazette")
    assert not isinstance(made, Rejected)
    article, text, extraction = made
    assert (extraction.article, extraction.text) == (article.id, text.id)
    assert article.canonical_url == "https://www.harbourgazette.example/science/tutors-shield"


def test_feed_stands_in_where_the_page_is_silent() -> None:
    body = b"<div>" + ARTICLE * 2 + b"</div>"
    made = extract(snapshot(feed_title="Lanterns", feed_published="Wed, 04 Mar 2026 10:00:00 GMT"), body, "gazette")
    assert not isinstance(made, Rejected)
    assert (made[2].title, made[2].published_at) == ("Lanterns", datetime(2026, 3, 4, 10, tzinfo=UTC))


def test_a_title_that_came_with_plain_text_goes_before_its_first_line() -> None:
    body = b"By Ida Frost\n\nThe lanterns over the weir were lit for the first time in years."
    made = extract(snapshot(feed_title="Lanterns", media_type="text/plain"), body, "gazette")
    assert not isinstance(made, Rejected)
    assert made[2].title == "Lanterns"


def test_feed_time_refines_the_day_of_the_page() -> None:
    body = b'<meta name="date" content="2026-03-04"><h1>Lanterns over the weir</h1>' + ARTICLE
    made = extract(snapshot(feed_published="2026-03-04T10:05:00Z"), body, "gazette")
    assert not isinstance(made, Rejected)
    assert (made[2].published_at, made[2].published_precision) == (datetime(2026, 3, 4, 10, 5, tzinfo=UTC), "second")


@pytest.mark.parametrize("day", ["2026-06-09T00:00:00Z", "1970-01-01T00:00:00Z", "0001-01-01"])
def test_impossible_dates_are_dropped(day: str) -> None:
    body = f'<meta property="article:published_time" content="{day}"><h1>Lanterns over the weir</h1>'.encode() + ARTICLE
    made = extract(snapshot(), body, "gazette")
    assert not isinstance(made, Rejected)
    assert made[2].published_at is None


def test_local_day_is_kept_beside_utc() -> None:
    page = read("boxes")
    assert (page.published_at, page.published_on) == (datetime(2026, 3, 5, 4, 30, tzinfo=UTC), date(2026, 3, 4))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", Code.EMPTY),
        (b" \n\t ", Code.EMPTY),
        (b"%PDF-1.7\n" + ARTICLE, Code.NOT_HTML),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), Code.NOT_HTML),
        (bytes(range(256)) * 20, Code.NOT_HTML),
        (b'{"a": 1}', Code.NOT_HTML),
        (b"<p>a</p>" * 1_300_000, Code.TOO_LARGE),
        (ARTICLE * 4_000, Code.TOO_LARGE),
        (b"<html><body><p>Hello there.</p></body></html>", Code.NO_ARTICLE),
        (b"<div>" * 100_000 + ARTICLE, Code.NO_ARTICLE),
    ],
    ids=["empty", "blank", "pdf", "png", "bytes", "json", "large", "long", "short", "nested"],
)
def test_no_article_is_rejected_with_a_code(body: bytes, expected: Code) -> None:
    assert code(body) is expected


def test_image_type_is_not_html() -> None:
    assert code(b"anything at all", media_type="image/jpeg") is Code.NOT_HTML


def test_list_page_is_rejected() -> None:
    links = (f'<a href="/s/{n}">Story number {n} is about the weir and its lanterns</a>' for n in range(30))
    teasers = "".join(f"<li>{link}</li>" for link in links)
    body = f"<html><head><title>News</title></head><body><h1>All news</h1><ul>{teasers}</ul></body></html>"
    assert code(body.encode()) in {Code.LIST_PAGE, Code.NO_ARTICLE}


def test_live_blog_is_rejected() -> None:
    marked = b'<script type="application/ld+json">{"@type":"LiveBlogPosting","headline":"Election night"}</script>'
    assert code(marked + b"<h1>Election night</h1>" + ARTICLE) is Code.LIVE_BLOG


def paragraphs(*texts: str) -> bytes:
    return "".join(f"<p>{text}</p>" for text in texts).encode()


def text_of(body: bytes) -> str:
    page = read_page(body, url="https://example.org/a")
    assert isinstance(page, Page)
    return page.text


ENTRIES = [f"{hour}.31 Uhr: {SENTENCE}" for hour in (9, 10, 11, 12, 13, 14)]


def test_entries_with_the_latest_time_first_are_a_live_blog() -> None:
    assert code(b"<h1>Election night</h1>" + paragraphs(*reversed(ENTRIES))) is Code.LIVE_BLOG


def test_chronology_of_an_article_is_no_live_blog() -> None:
    assert code(b"<h1>Election night</h1>" + paragraphs(*ENTRIES)) is None


def test_live_blog_beside_its_article_node_is_rejected() -> None:
    nodes = '[{"@type":"NewsArticle","headline":"Election night","datePublished":"2026-03-04","author":"Joan Roe"},'
    live = '{"@type":"LiveBlogPosting","headline":"Election night"}]'
    marked = f'<script type="application/ld+json">{nodes}{live}</script>'
    assert code(marked.encode() + b"<h1>Election night</h1>" + ARTICLE) is Code.LIVE_BLOG


def test_live_blog_of_another_story_does_not_reject_the_article() -> None:
    other = '{"@type":"LiveBlogPosting","headline":"Storm on the coast"}'
    nodes = f'[{{"@type":"NewsArticle","headline":"Election night"}},{other}]'
    marked = f'<script type="application/ld+json">{nodes}</script>'
    assert code(marked.encode() + b"<h1>Election night</h1>" + ARTICLE) is None


@pytest.mark.parametrize(
    "notice",
    [
        "We and our partners use cookies to store information on your device.",
        "By clicking Accept you agree to the use of cookies.",
        "Externer Inhalt nicht verfügbar",
        "This content is blocked until you give your consent.",
        "Nous utilisons des cookies pour mesurer l'audience.",
    ],
)
def test_consent_words_stay_out_of_the_article(notice: str) -> None:
    assert text_of(b"<h1>A</h1>" + paragraphs(SENTENCE * 3, notice, SENTENCE.upper() * 2)).count(notice) == 0


@pytest.mark.parametrize(
    "said",
    [
        "“We use cookies to follow people across the web,” the company said in its answer to the regulator.",
        "The regulator found that most sites use cookies before anybody has agreed to them.",
    ],
)
def test_article_on_cookies_keeps_its_words(said: str) -> None:
    assert said in text_of(b"<h1>Regulator fines a broker</h1>" + paragraphs(SENTENCE * 3, said, SENTENCE.upper() * 2))


def test_comments_that_are_joined_into_lines_stay_out() -> None:
    said = ["It starts to soften at sixty degrees", "My uncle built three of them", "Paper is better than this stuff"]

    def comment(number: int) -> str:
        text = f"{said[number]}, as every child in my village knows since the old days of lamp number {number}."
        body = f"<header><span>fan{number}</span></header><div>{text}<br><br>Again: {text}</div>"
        return f"<li class='reader-comment'><div>{body}<span><a href='/r'><span>Reply</span></a></span></div></li>"

    story = f"<h1>A</h1><div class='copy'><p>{SENTENCE * 3}</p><p>{SENTENCE.upper() * 2}</p></div>"
    comments = f"<ul class='reader-comments-list'>{''.join(map(comment, range(3)))}</ul>"
    page = f"<html><body><article>{story}{comments}</article></body></html>"
    assert "my village" not in text_of(page.encode())


def test_grid_of_other_stories_is_not_the_article() -> None:
    def teaser(number: int) -> str:
        said = f"Story {number} tells how the harbour of town {number} was dug, who paid for it and who did not. " * 4
        title = f"<h3><a href='/s/{number}'>How harbour number {number} was dug</a></h3>"
        return f"<div class='cell'>{title}<div class='when'>March {number}</div><div class='snip'>{said}</div></div>"

    words = [
        f"Lantern {number} crossed the weir on Thursday evening before anybody had seen it." for number in range(9)
    ]
    article = f"<div class='story'>{''.join(f'<p>{text}</p>' for text in words)}</div>"
    page = f"<h1>Lanterns cross the weir</h1>{article}<div class='grid'>{''.join(map(teaser, range(1, 9)))}</div>"
    text = text_of(page.encode())
    assert "Lantern 3 crossed" in text
    assert "harbour" not in text


def test_number_of_the_picture_stays_out() -> None:
    assert "3 of 57" not in text_of(b"<h1>A</h1>" + paragraphs(SENTENCE * 3, "3 of 57", SENTENCE.upper() * 2))


def test_what_a_page_states_of_itself_is_recorded() -> None:
    head = (
        '<meta property="og:site_name" content="Harbour Gazette"><meta property="article:section" content="Science">'
        '<meta property="article:modified_time" content="2026-03-06">'
        '<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">CC BY</a>'
    )
    made = extract(snapshot(), head.encode() + ARTICLE, "gazette")
    assert not isinstance(made, Rejected)
    kept = made[2]
    assert (kept.site_name, kept.section) == ("Harbour Gazette", "Science")
    assert (kept.modified_precision, kept.modified_raw) == ("day", "2026-03-06")
    assert kept.license == "https://creativecommons.org/licenses/by/4.0/"


def test_consent_notice_is_no_article() -> None:
    notice = "<p>We use cookies to give you the best experience and to share data with our partners. Read on.</p>"
    assert code(f"<html><body><h1>Welcome</h1>{notice * 2}</body></html>".encode()) is Code.NO_ARTICLE


@pytest.mark.parametrize("charset", ["utf-16", "shift_jis", "windows-1252", "no-such-charset", "hex", "idna", None])
def test_any_declared_charset_is_survived(charset: str | None) -> None:
    assert isinstance(read_page(b"\xff\xfe\xe9" + ARTICLE, url=None, charset=charset), Page | Rejected)


@pytest.mark.parametrize(
    "head",
    [
        "<div " + " ".join(f'a{n}="x"' for n in range(100_000)) + ">",
        '<script type="application/ld+json">' + "[" * 100_000 + "</script>",
        '<script type="application/ld+json">{' + "," * 100_000 + "</script>",
        '<script type="application/ld+json">{"@id":"a","@type":"Report","author":{"@id":"a"},"wordCount":"²"}</script>',
        '<meta name="author" content="By ' + "and " * 50_000 + '">',
        '<base href="http://[::1"><link rel="canonical" href="http://[bad">',
        "<p>\x00&#0;&#xD800;\x85</p>",
    ],
    ids=["attributes", "brackets", "commas", "cycle", "ands", "addresses", "controls"],
)
def test_hostile_markup_leaves_the_article_readable(head: str) -> None:
    page = read_page(head.encode("utf-8", "surrogatepass") + ARTICLE, url="https://example.org/a")
    assert isinstance(page, Page)
    assert "lanterns crossed the weir" in page.text


def test_page_of_very_many_blocks_takes_linear_time() -> None:
    def work(blocks: int) -> None:
        read_page(ARTICLE + b"<div>x</div><time datetime='2026-03-04'>u</time>" * blocks, url="https://example.org/a")

    assert grows_linearly(work, 800)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["text/html", "text/plain", "application/xml"]))
def test_no_bytes_raise(noise: bytes, media_type: str) -> None:
    assert isinstance(
        read_page(noise + ARTICLE + noise, url="https://example.org/a", media_type=media_type), Page | Rejected
    )


NOTE = "Correction: An earlier version of this article misstated the number of wards. It is twelve, not ten."
TOLD = (
    "Nurses who took a short nap during the night made fewer charting mistakes, a study published on Monday found.",
    "The study followed twelve wards for six weeks and counted every entry that had to be mended later on.",
    "The hospital will keep the beds where they are until the end of the year, and then look at the figures again.",
)


def with_note(before: str = "", inside: str = "", after: str = "") -> str:
    told = "".join(f"<p>{paragraph}</p>" for paragraph in TOLD)
    page = (
        "<!doctype html><html lang=en><head><title>Short naps help</title></head><body>"
        f"{before}<article><h1>Short naps help</h1>{told}{inside}</article>{after}"
        "<footer><a href=/corrections>Corrections</a> <a href=/terms>Terms of use and privacy for readers</a></footer>"
    )
    read = read_page(page.encode(), url="https://ledger.example/naps")
    assert not isinstance(read, Rejected)
    return read.text


@pytest.mark.parametrize(
    ("where", "markup"),
    [
        ("before", f"<div class=box><p>{NOTE}</p></div>"),
        ("inside", f"<aside><p>{NOTE}</p></aside>"),
        ("inside", f"<footer><p><em>{NOTE}</em></p></footer>"),
        ("after", f"<div><p>{NOTE}</p></div>"),
    ],
)
def test_a_correction_is_read_wherever_the_page_has_it(where: str, markup: str) -> None:
    assert with_note(**{where: markup}).count(NOTE) == 1


def test_a_menu_that_offers_corrections_is_none() -> None:
    assert "orrection" not in with_note()


def test_extraction_library_warns_of_nothing():
    assert not logging.getLogger("trafilatura.core").isEnabledFor(logging.WARNING)
