"""Normal form, words, digests, and finding a place again."""

import re
import unicodedata

import pytest
from growth import grows_linearly
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kb.records import Selector, Span
from kb.text import CONTEXT, locate, normalise, selector_for, unicode_form, words, words_digest

any_text = st.text(
    st.one_of(st.characters(), st.sampled_from(" \t\r\n\x00\u00a0\u2028\u2029\x85\x0b\x0cé e\u0301\ud83d\ude00.,'’“”")),
    max_size=60,
)


@given(any_text)
@example("e\x00\u0301")
@example("\ud83d\ude00 \ud83d")
@example(" \u0301\n \n\n\u00a0\n a")
def test_normalise_is_idempotent(text):
    assert normalise(normalise(text)) == normalise(text)


@given(any_text)
def test_normalised_text_keeps_its_promises(text):
    normal = normalise(text)
    assert unicodedata.is_normalized("NFC", normal)
    assert normal == normal.strip()
    assert not set(normal) & set("\r\x00\x85\x0b\x0c\u2028\u2029\t\u00a0")
    assert "  " not in normal
    assert " \n" not in normal
    assert "\n " not in normal
    assert "\n\n\n" not in normal
    assert normal.encode().decode() == normal


@given(any_text)
def test_normalise_keeps_every_visible_sign(text):
    kept = "".join(unicodedata.normalize("NFC", text.replace("\x00", "")).split())
    shown = "".join(kept.encode("utf-16", "surrogatepass").decode("utf-16", "replace").split())
    assert unicodedata.normalize("NFC", "".join(normalise(text).split())) == unicodedata.normalize("NFC", shown)


def test_normalise_joins_halves_of_a_surrogate_pair():
    assert normalise("\ud83d\ude00") == "\U0001f600"


def test_normalise_replaces_a_lone_surrogate():
    assert normalise("a\ud83db") == "a\ufffdb"


@pytest.mark.parametrize("unit", [" ", "\n", " \n", "\u00a0\r", "a ", "\n\n\n\n "])
def test_normalise_takes_linear_time(unit):
    assert grows_linearly(lambda size: normalise(unit * size), 25_000)


@given(any_text)
def test_words_are_found_again_in_their_own_digest(text):
    assert words_digest(" ".join(words(text))) == words_digest(text)


def test_digest_ignores_case_marks_spacing_and_the_shape_of_apostrophes():
    assert words_digest("“It’s 4.5 %,” she SAID") == words_digest("it's  4.5% — she said!")


def test_digest_tells_numbers_apart():
    assert words_digest("4.5 models") != words_digest("45 models")


def test_digest_tells_order_apart():
    assert words_digest("dog bites man") != words_digest("man bites dog")


def test_digest_brings_ligatures_and_full_width_forms_together():
    assert words_digest("ﬁnd ＡＩ") == words_digest("find AI")


@given(st.text(max_size=80), st.data())
def test_selector_holds_the_words_and_their_surroundings(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    selector = selector_for(text, Span(start, end))
    assert selector.prefix + selector.exact + selector.suffix in text
    assert selector.exact == text[start:end]
    assert len(selector.prefix) <= CONTEXT


@given(st.text("ab c", max_size=80), st.data())
def test_selector_is_found_in_its_own_text(text, data):
    start = data.draw(st.integers(0, max(0, len(text) - 1)))
    end = data.draw(st.integers(start, len(text)))
    selector = selector_for(text, Span(start, end))
    found = locate(selector, text)
    if selector.exact:
        assert found
        assert selector_for(text, found) == selector
    else:
        assert found is None


def test_place_is_found_again_after_text_was_put_before_it():
    text = "The river rose. Boats left. The river fell."
    selector = selector_for(text, Span(16, 27))
    assert locate(selector, "Updated. " + text) == Span(25, 36)


def test_context_chooses_between_two_places():
    text = "Wu said: we saw it. Roe said: we saw it."
    second = text.rindex("we saw it")
    assert locate(selector_for(text, Span(second, second + 9)), text) == Span(second, second + 9)


def test_lookalike_in_other_surroundings_is_not_the_place():
    selector = Selector(exact="we saw it", prefix="The divers reported that ", suffix=" near the northern reef.")
    assert locate(selector, "QQQQQQQQ we saw it ZZZZZZZZ") is None


def test_words_that_are_gone_are_lost():
    assert locate(Selector(exact="gone", prefix="", suffix=""), "Nothing here.") is None


def test_repeated_letters_do_not_stall_the_search():
    sought = Selector(exact="a" * 500, prefix="b", suffix="c")
    assert grows_linearly(lambda size: locate(sought, "a" * size), 6_000)


MARKS = "\u0301\u0327"


@pytest.mark.parametrize("marks", [MARKS, "\u0301\uff9e", "\u0f73\u0301", "\u05b0\u05b1\u0301"])
@pytest.mark.parametrize("read", [normalise, words])
def test_marks_stacked_on_a_letter_take_linear_time(marks, read):
    assert grows_linearly(lambda size: read("a" + marks * size), 2_000)


def test_marks_beyond_thirty_on_one_letter_go():
    assert len(unicode_form("NFD", "a" + MARKS * 500 + " b" + MARKS * 10)) == len("a b") + 30 + 20


@given(st.text(st.sampled_from("ab \n–“é\u0301\u0327\uff9eﾞ中👩\u200d"), max_size=60))
def test_unicode_forms_are_those_of_the_library_where_no_marks_are_stacked(text):
    assume(not re.search("[\u0301\u0327\uff9e]{31}", text))
    assert unicode_form("NFKD", text) == unicodedata.normalize("NFKD", text)
