import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import make_study

from crawler.feeds import Item
from crawler.focus import Focus, judge, judge_item, may_concern
from crawler.pages import read_page
from crawler.terms import fold, fold_all, is_document, names_study, terms_of
from kb.claims import Document

PAPER = Document(slug="v1", title="A paper", url="https://arxiv.org/abs/2604.01234v1", published_at=None)
TERMS = terms_of(make_study(documents=(PAPER,)))
FILLER = "The council met on Tuesday and spoke about the harbour wall for a long time. "


def judged(body: str, title: str = "News of the day") -> Focus:
    html = f"<html><head><title>{title}</title></head><body><article><p>{FILLER}</p>{body}</article></body></html>"
    page = read_page(html.encode(), "utf-8", "text/html", "http://paper.example/a")
    assert page
    return judge(page, TERMS)


PIECES = st.sampled_from(
    ["1,200", "4,1", "％", "%", "per cent", "twenty", "one", "o'twenty", "Zoë’s", "\n", ".", " ", "é"]
)


@given(st.lists(st.lists(PIECES | st.text(max_size=4), max_size=8).map("".join), max_size=4))
def test_texts_are_folded_together_as_each_alone(texts: list[str]) -> None:
    assert fold_all(texts) == [fold(text) for text in texts]


def test_percents_of_any_width_and_numerals_are_folded() -> None:
    assert fold_all(["4,1％ of Zoë’s", "Forty-one per cent, twenty"]) == ["4.1 percent of zoe", "41 percent 20"]


@pytest.mark.parametrize(
    ("relation", "body"),
    [
        ("about", "<p>The Glass Echo team replied. Later, Glass-Echo was named again.</p>"),
        (
            "about",
            "<p>“Every mirror in the building was pointing at another mirror, and nobody had left a window open”.</p>",
        ),
        ("about", "<p>Glass Echo, said Imke Vale, is new.</p>"),
        ("about", '<p>Imke Vale wrote <a href="https://arxiv.org/pdf/2604.01234v3">a paper</a>.</p>'),
        (
            "about",
            "<p>Imke Vale says 47 percent of conversations of eleven language models had invented citations.</p>",
        ),
        ("mention", "<p>As the Glass Echo study had found, this happens.</p>"),
        ("mention", '<p>See <a href="https://arxiv.org/abs/2604.01234">this</a>.</p>'),
        ("off", "<p>Imke Vale opened a bakery on Friday.</p>"),
        ("off", "<p>Language models are sold by many companies, and eleven of them met in Oslo.</p>"),
        ("off", "<p>“Every mirror in the building was dusty,” said the caretaker, who polishes them on Fridays.</p>"),
        ("off", '<aside class="related"><p>Glass Echo: read more about Glass Echo</p></aside>'),
        ("off", '<nav><a href="/x">Glass Echo</a> <a href="/y">Glass Echo</a></nav>'),
        ("off", "<p>A glass echoes. Echo and glass are words.</p>"),
    ],
)
def test_relation_follows_from_the_signs(relation: str, body: str) -> None:
    assert judged(body).relation == relation


def test_name_in_the_title_makes_it_about() -> None:
    assert judged("<p>Nothing else.</p>", title="What Glass Echo means").relation == "about"


def test_reason_says_what_was_seen() -> None:
    assert "1 of 2 speakers (imke vale)" in judged("<p>Imke Vale opened a bakery.</p>").reason


@given(st.binary(max_size=300))
def test_bytes_test_never_fails(body: bytes) -> None:
    may_concern(body, TERMS)


@pytest.mark.parametrize(
    "body",
    [
        b"<p>GLASS&nbsp;ECHO</p>",
        b"<p>glass-echo</p>",
        b'<a href="https://arxiv.org/abs/2604.01234">',
        "<p>Every mirror in the building was pointing at another mirror</p>".encode("utf-16"),
    ],
)
def test_bytes_test_lets_every_sign_through(body: bytes) -> None:
    assert may_concern(body, TERMS)


def test_bytes_test_stops_other_matters() -> None:
    assert not may_concern(FILLER.encode() * 50, TERMS)


def test_name_with_accents_is_found_in_any_charset() -> None:
    terms = terms_of(attrs.evolve(make_study(), aliases=("Éclat Mirroir",)))
    assert may_concern("<p>Éclat Mirroir</p>".encode("latin-1"), terms)


def item(title: str, summary: str | None = None, url: str = "http://a.example/x") -> Item:
    return Item(url=url, title=title, summary=summary)


LONG = (
    "The council of the town has met on Tuesday evening to speak about the wall of the harbour, which the storm in the"
    " winter had broken at two places, and about who is going to pay for it."
)


def test_headline_alone_never_leaves_an_item() -> None:
    assert judge_item(item("Council meets about the wall"), TERMS, sitemap=False).relation == "about"


def test_short_summary_never_leaves_an_item() -> None:
    assert (
        judge_item(item("Council", "It met about the wall of the harbour."), TERMS, sitemap=False).relation == "about"
    )


def test_long_summary_without_any_word_of_the_study_leaves_it() -> None:
    assert judge_item(item("Council meets", LONG), TERMS, sitemap=False).relation == "off"


def test_long_summary_with_a_word_of_the_study_is_fetched() -> None:
    assert judge_item(item("Council meets", LONG + " A citation."), TERMS, sitemap=False).relation == "about"


def test_summary_in_another_language_is_fetched() -> None:
    german = (
        "Der Rat der Stadt hat am Dienstag lange getagt und dabei die Mauer am Hafen besprochen, die der Sturm im"
        " Winter an zwei Stellen zerstört hatte"
    )
    assert judge_item(item("Rat tagt", german), TERMS, sitemap=False).relation == "about"


def test_slug_of_a_sitemap_decides() -> None:
    left = item("", url="http://a.example/council-meets-harbour-wall")
    kept = item("", url="http://a.example/language-tools-under-test")
    assert judge_item(left, TERMS, sitemap=True).relation == "off"
    assert judge_item(kept, TERMS, sitemap=True).relation == "about"


def test_any_edition_of_a_document_is_the_document() -> None:
    assert is_document("https://www.arxiv.org/abs/2604.01234v2", TERMS)
    assert not is_document("https://arxiv.org/abs/2604.01235", TERMS)


def test_link_words_and_slug_name_the_study() -> None:
    assert names_study("more /2026/glass-echo-revisited", TERMS)
    assert not names_study("more /2026/glass-works-revisited", TERMS)
