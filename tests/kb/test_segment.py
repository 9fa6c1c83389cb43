import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kb.segment import MAX_WORDS, TOOL, passages
from kb.text import words_digest


def split(text: str, sentences: list[tuple[int, int]] | None = None) -> list[str]:
    found = sentences or [match.span() for match in re.finditer(r"[^.!?]+[.!?]?", text)]
    return [text[passage.start : passage.end] for passage in passages("text:1", text, found, TOOL)]


def test_sentence_is_a_passage() -> None:
    assert split("The models refused to stop. The team was surprised by it.") == [
        "The models refused to stop.",
        "The team was surprised by it.",
    ]


def test_fragment_joins_the_sentence_before_it() -> None:
    assert split("The models refused to stop. He agreed.") == ["The models refused to stop. He agreed."]


def test_fragment_at_the_start_joins_the_sentence_after_it() -> None:
    assert split("No. The models refused to stop.") == ["No. The models refused to stop."]


def test_fragment_does_not_join_across_a_line_break() -> None:
    assert split("The models refused to stop.\nAnalysis\nThe team was surprised by it.") == [
        "The models refused to stop.",
        "Analysis",
        "The team was surprised by it.",
    ]


def test_sentence_over_a_line_break_is_cut_there() -> None:
    text = "The models refused to stop\nand nobody knew why it was."
    assert split(text, [(0, len(text))]) == text.split("\n")


def test_monster_is_split_at_a_pause() -> None:
    text = " ".join(["one two three four five,"] * 60) + " end."
    parts = split(text, [(0, len(text))])
    assert all(len(part.split()) <= MAX_WORDS for part in parts)
    assert all(part.endswith((",", ".")) for part in parts)


def test_monster_keeps_every_word() -> None:
    text = " ".join(f"word{n}" for n in range(500))
    assert " ".join(split(text, [(0, len(text))])) == text


def test_passage_without_words_is_dropped() -> None:
    assert split("The models refused to stop.\n***") == ["The models refused to stop."]


def test_digest_is_that_of_the_words() -> None:
    passage = passages("text:1", "“Models refused,” she said!", [(0, 27)], TOOL)[0]
    assert passage.words_sha256 == words_digest("models refused she said")


def test_ordinals_count_up() -> None:
    text = "The models refused to stop. The team was surprised by it."
    assert [passage.ordinal for passage in passages("text:1", text, [(0, 27), (28, len(text))], TOOL)] == [0, 1]


@given(
    st.text(alphabet="ab .,\n;é", max_size=300),
    st.lists(st.tuples(st.integers(0, 320), st.integers(0, 320)), max_size=12),
)
def test_passages_never_overlap_or_cross_a_line(text: str, ranges: list[tuple[int, int]]) -> None:
    found = passages("text:1", text, ranges, TOOL)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert not any("\n" in text[passage.start : passage.end] for passage in found)
    assert all(passage.start < passage.end <= len(text) for passage in found)
