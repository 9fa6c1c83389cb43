"""Markdown drafts: what is left is what a reader sees."""

import time

import pytest

from queries.markdown import plain


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("said [Jane Roe](https://x.example/a_(b) 'no').", "said [Jane Roe](https://x.example/a_(b) 'no')."),
        ('said [Jane Roe](https://x.example/a_(b) "Her page").', "said Jane Roe."),
        ("said [Jane Roe][1].\n\n[1]: https://x.example\n", "said Jane Roe.\n\n"),
        ("said <https://x.example/a>.", "said https://x.example/a."),
        ("“[The birds] ate it” [sic]", "“[The birds] ate it” [sic]"),
        ("“We were **very *much* amazed**,”", "“We were very much amazed,”"),
        ("__bold__ and _slanted_, snake_case_name", "bold and slanted, snake_case_name"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        (r"5\* and \[x\]", "5* and [x]"),
        ("Words.\n\n## Sub\n\n> “Quoted,” she said.\n- one\n* two", "Words.\n\nSub\n\n“Quoted,” she said.\none\ntwo"),
        ("# Title *here*\n\nWords.", "# Title here\n\nWords."),
        ("---\ntitle: x\n---\nWords.", "Words."),
        ("Words[^1] and `code`<br>.\n\n[^1]: A note.", "Words and code.\n\n"),
        ("![A bird](bird.png)Words", "Words"),
    ],
)
def test_marks_go_and_words_stay(written, seen):
    assert plain(written) == seen


@pytest.mark.parametrize("mark", ["*", "[", "_", "**a", "`", "[a](", "~~", "<a", "> ", "\\", "[^"])
def test_marks_without_end_take_no_time(mark):
    started = time.perf_counter()
    plain(mark * 20_000)
    assert time.perf_counter() - started < 3
