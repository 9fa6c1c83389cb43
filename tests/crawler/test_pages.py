import time

from hypothesis import given
from hypothesis import strategies as st

from crawler.pages import Page, read_page


def read(html: str) -> Page:
    page = read_page(html.encode(), "utf-8", "text/html", "http://a.example/x/")
    assert page
    return page


def test_boxes_beside_the_article_are_left_out() -> None:
    page = read(
        "<nav>Menu</nav><main><h1>Head</h1><p>Text.</p><div class='related-stories'><p>Other.</p></div></main>"
        "<footer>Foot</footer>"
    )
    assert page.blocks == ("Head", "Text.")


def test_a_box_that_holds_the_headline_is_the_article() -> None:
    assert read("<div class='content-sidebar'><h1>Head</h1><p>Text.</p></div>").blocks == ("Head", "Text.")


def test_lists_of_headlines_are_no_text_but_their_links_count() -> None:
    page = read("<main><ul><li><a href='/one'>First headline of the day</a></li></ul></main>")
    assert (page.blocks, [page.address(link.href) for link in page.links]) == ((), ["http://a.example/one"])


def test_text_around_inline_tags_stays_in_one_block() -> None:
    assert read("<p>One <b>two</b> three<script>no()</script> four</p>").blocks == ("One two three four",)


def test_canonical_title_and_type_are_read() -> None:
    page = read(
        "<head><title>T</title><link rel='canonical' href='/c'><meta property='og:type' content='article'></head>"
        "<h1>H</h1>"
    )
    assert (page.canonical, page.title, page.typed_article) == ("http://a.example/c", "T\nH", True)


def test_schema_article_is_seen_in_a_graph() -> None:
    assert read('<script type="application/ld+json">{"@graph":[{"@type":["NewsArticle"]}]}</script>').typed_article


def test_binary_and_other_media_types_are_no_page() -> None:
    assert read_page(b"%PDF-1.7", None, "text/html", "http://a.example/") is None
    assert read_page(b"words", None, "image/png", "http://a.example/") is None


def test_plain_text_is_its_paragraphs() -> None:
    page = read_page(b"Title\n\nOne two.\n\nThree.", None, "text/plain", "http://a.example/")
    assert page
    assert (page.title, page.blocks) == ("Title", ("Title", "One two.", "Three."))


@given(st.binary(max_size=400))
def test_any_bytes_give_a_page_or_none(body: bytes) -> None:
    read_page(b"<p>" + body, None, "text/html", "http://a.example/")


def test_deep_and_wide_pages_end_soon() -> None:
    started = time.process_time()
    read("<div class='x'>" * 5_000 + "<a href='/x'>y</a>" * 50_000)
    read("<a href='/x'>" * 20_000)
    assert time.process_time() - started < 10
