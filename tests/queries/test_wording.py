import time

from hypothesis import given
from hypothesis import strategies as st

from kb.text import words
from queries.wording import changes, word_diff


def ops(reference: str, printed: str, cut: bool = False) -> list[tuple[str, str]]:
    return [(piece.op, piece.text) for piece in word_diff(reference, printed, cut)]


def test_marks_and_case_are_no_change() -> None:
    assert changes("It works — mostly, at night.", "it works – mostly at night") == ()


def test_replaced_word_is_removed_and_added() -> None:
    assert ops("It is safe", "It is sound") == [("same", "It is"), ("removed", "safe"), ("added", "sound")]


def test_unquoted_ends_are_left_out() -> None:
    assert ops("We think it is safe here", "it is safe") == [
        ("left-out", "We think"),
        ("same", "it is safe"),
        ("left-out", "here"),
    ]


def test_cut_ends_are_removed_where_the_cut_matters() -> None:
    assert ops("It is safe at night", "It is safe", cut=True)[-1] == ("removed", "at night")


def test_dropped_middle_is_removed() -> None:
    assert ("removed", "not") in ops("It is not safe", "It is safe")


def test_nothing_printed_leaves_everything_out() -> None:
    assert ops("It is safe", "") == [("left-out", "It is safe")]


def test_very_long_wordings_take_no_time() -> None:
    started = time.perf_counter()
    word_diff("a b " * 20000, "b a " * 20000)
    assert time.perf_counter() - started < 2


def test_alternating_words_within_the_limit_take_little_time() -> None:
    started = time.perf_counter()
    word_diff("a b " * 200, "b c " * 200)
    assert time.perf_counter() - started < 2


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_pieces_give_both_wordings_back(reference: list[str], printed: list[str]) -> None:
    pieces = word_diff(" ".join(reference), " ".join(printed))
    assert words(" ".join(piece.text for piece in pieces if piece.op != "added")) == reference
    assert words(" ".join(piece.text for piece in pieces if piece.op in ("same", "added"))) == printed
