"""Quotes without a reference: which prints are held against each other does not hang on the run."""

from kb.wording import tokens
from queries.quote_families import RUN, _entries

WORDS = (
    "Short naps brought charting errors down sharply on twelve night wards while short naps brought charting errors up."
)


def test_runs_of_words_stand_in_the_order_of_the_text_and_once() -> None:
    keys = [token.key for token in tokens(WORDS)]
    told = [" ".join(keys[at : at + RUN]) for at in range(len(keys) - RUN + 1)]
    found = list(_entries(tokens(WORDS)))
    assert found == sorted(set(found), key=told.index)
    assert len(found) > 5
