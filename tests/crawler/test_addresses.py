import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.addresses import canonical, is_article_address, key, same_page


@pytest.mark.parametrize(
    ("given_url", "spelt"),
    [
        ("HTTPS://A.Example:443/x#y", "https://a.example/x"),
        ("http://a.example", "http://a.example/"),
        ("http://a.example/?utm_source=x&id=3&fbclid=y&b=", "http://a.example/?id=3&b="),
        ("http://a.example/?z=1&a=2", "http://a.example/?z=1&a=2"),
        ("http://user:secret@a.example/", "http://a.example/"),
        ("mailto:me@a.example", None),
        ("javascript:void(0)", None),
        ("http://[broken", None),
        ("http://a.example:port/", None),
    ],
)
def test_canonical_spelling(given_url: str, spelt: str | None) -> None:
    assert canonical(given_url) == spelt


def test_relative_link_is_resolved() -> None:
    assert canonical("../x", "http://a.example/b/c/") == "http://a.example/b/x"


@given(st.text(max_size=60))
def test_any_text_has_a_spelling_or_none_and_the_spelling_is_stable(text: str) -> None:
    spelt = canonical("http://a.example/" + text)
    assert spelt is None or canonical(spelt) == spelt


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a.example/x/amp", "https://www.a.example/x", True),
        ("http://m.a.example/x", "http://a.example/x/", True),
        ("http://a.example/x?ref=rss", "http://a.example/x", True),
        ("http://a.example/x?page=2", "http://a.example/x", False),
        ("http://a.example/x", "http://a.example/", False),
        ("http://b.example/x", "http://a.example/x", False),
    ],
)
def test_same_page_only_where_it_is_sure(one: str, other: str, same: bool) -> None:
    assert same_page(one, other) is same


def test_key_keeps_the_query() -> None:
    assert key("http://a.example/?p=1") != key("http://a.example/?p=2")


@pytest.mark.parametrize(
    ("path", "article"),
    [
        ("/2026/04/01/some-title", True),
        ("/news/a-title-with-words", True),
        ("/story/uw-20260402-0931", True),
        ("/politics/", False),
        ("/tag/a-title-with-words", False),
        ("/photo-of-the-day-one.jpg", False),
        ("/news/page/2", False),
        ("/login", False),
    ],
)
def test_article_addresses(path: str, article: bool) -> None:
    assert is_article_address(f"http://a.example{path}") is article
