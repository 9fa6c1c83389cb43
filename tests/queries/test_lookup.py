"""Days and queries as people type them."""

from datetime import UTC, datetime, timedelta

import pytest

from kb.errors import UserError
from queries.days import moment
from queries.lookup import Question

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_days_and_spans_are_read():
    assert moment("2026-04-01", NOW) == datetime(2026, 4, 1, tzinfo=UTC)
    assert moment("2w", NOW) == NOW - timedelta(weeks=2)


@pytest.mark.parametrize("given", ["yesterday", "9999y", "2026-13-01", ""])
def test_what_is_no_day_is_told(given):
    with pytest.raises(UserError, match="is no day"):
        moment(given, NOW)


def test_window_that_ends_before_it_begins_is_told():
    with pytest.raises(UserError, match="is not before --until 2026-02-01"):
        Question(query="nap", since="2026-03-01", until="2026-02-01").narrowed(NOW)


@pytest.mark.parametrize("query", ["", " ", '"', "?!"])
def test_query_without_a_word_is_told(query):
    with pytest.raises(UserError, match="no word"):
        Question(query=query)
