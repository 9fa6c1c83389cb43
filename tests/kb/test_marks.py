"""Which marks belong together."""

from itertools import pairwise

import pytest
from growth import grows_linearly
from hypothesis import example, given
from hypothesis import strategies as st

from kb.marks import stretches

MARKS = st.text(st.sampled_from("\"'“”‘’„«»「」`ab .,?\n—(5"), max_size=60)


def inside(text: str) -> list[str]:
    return [text[stretch.start : stretch.end] for stretch in stretches(text)]


@pytest.mark.parametrize(
    "text",
    [
        'He said, "It works," and left.',
        "He said, “It works,” and left.",
        "He said, „It works,“ and left.",
        "He said, «It works,» and left.",
        "He said, 「It works,」 and left.",
        "He said, ``It works,'' and left.",
        "‘It works,’ he said.",
        "'It works,' he said.",
        'He said," It works," and left.',
        'He said, "It works,” and left.',
    ],
)
def test_marks_of_every_kind_enclose(text: str) -> None:
    assert inside(text) == ["It works,"]


@pytest.mark.parametrize(
    "text",
    [
        "It's the students' own idea, and the '90s and rock 'n' roll.",
        'She is 5\'9" tall and the pipe is 6" wide.',
        '<a href="https://example.org" title="More">link</a>',
        "A closing mark” alone.",
        "",
    ],
)
def test_other_signs_enclose_nothing(text: str) -> None:
    assert inside(text) == []


def test_a_quote_inside_a_quote_belongs_to_the_outer() -> None:
    assert inside("“He said ‘no’ to me,” she said.") == ["He said ‘no’ to me,"]
    assert inside("“He said “no” to me,” she said.") == ["He said “no” to me,"]


def test_single_marks_in_a_text_of_double_ones_are_no_speech() -> None:
    assert inside("Model ‘Lies’ to Users\n“It lied to all of us,” she said.") == ["It lied to all of us,"]


def test_single_marks_that_a_comma_introduces_are_speech() -> None:
    text = "According to Roe, 'It lies to all of them.'\n“It lied to every one of us, and we saw it,” she said."
    assert inside(text)[0] == "It lies to all of them."


def test_the_apostrophe_of_a_plural_does_not_close() -> None:
    assert inside("‘The students’ idea is good,’ he said.") == ["The students’ idea is good,"]


def test_a_stretch_that_is_never_closed_ends_with_its_line() -> None:
    text = "“It works, he said.\nNothing else."
    assert inside(text) == ["It works, he said."]
    assert not stretches(text)[0].closed


def test_a_new_opening_ends_a_stretch_that_was_not_closed() -> None:
    assert inside('"It works. "It lasts," he said.') == ["It works.", "It lasts,"]


def test_a_paragraph_that_opens_again_goes_on_with_the_quote() -> None:
    first, second = stretches("“It works.\n\n“It lasts,” he said.")
    assert first.continues
    assert not second.continues


def test_a_quote_may_go_on_without_opening_again() -> None:
    text = 'He said, "It works.\n\nIt lasts."'
    assert inside(text) == ["It works.", "It lasts."]
    assert stretches(text)[0].continues


@given(MARKS)
@example("“a\n“b\n“c")
@example('"a\nb."\n"c')
def test_stretches_are_ordered_and_apart(text: str) -> None:
    found = stretches(text)
    assert all(0 <= s.open <= s.start < s.end <= s.close <= len(text) for s in found)
    assert all(one.close <= other.start for one, other in pairwise(found))


@given(MARKS)
def test_no_stretch_goes_past_its_line(text: str) -> None:
    assert all("\n" not in text[s.start : s.end] for s in stretches(text))


@pytest.mark.parametrize("unit", ['"', "“", "'a ", '"a ', "‘a ", "“a” "])
def test_time_grows_with_length_only(unit: str) -> None:
    assert grows_linearly(lambda size: stretches(unit * size), 2_500)
