"""Notes in which an outlet marks its own mistake or change."""

import time

import pytest

from kb.notices import notices


def found(text: str) -> list[tuple[str, str]]:
    return [(notice.kind, text[notice.span.start : notice.span.end]) for notice in notices(text)]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Correction: The study followed twelve wards, not ten.", "correction"),
        ("CORRECTION (May 4, 2026): The study followed twelve wards.", "correction"),
        ("An earlier version of this article misstated the number of wards.", "correction"),
        ("A previous version of this story incorrectly said that ten wards took part.", "correction"),
        ("This article was amended on 4 May 2026. The number of wards is twelve.", "correction"),
        ("• This story has been corrected to give the number of wards.", "correction"),
        ("The Ledger regrets the error.", "correction"),
        ("Clarification: The quote was translated.", "clarification"),
        ("Retraction: We can no longer stand by this story.", "retraction"),
        ("This article has been withdrawn after a complaint.", "retraction"),
        ("UPDATE, Thursday: The hospital has answered.", "update"),
        ("This story has been updated with comments of the hospital.", "update"),
        ("Berichtigung: Es waren zwölf Stationen.", "correction"),
    ],
)
def test_a_note_is_known_by_its_wording(line: str, kind: str) -> None:
    assert found(f"Night nurses sleep.\n\n{line}\n\nMore follows.") == [(kind, line)]


@pytest.mark.parametrize(
    "line",
    [
        "The journal said that the paper has been retracted.",
        "An earlier version of the report said that ten wards took part.",
        "The ministry corrected its figures on Monday.",
        "Course correction is hard, she said.",
        "The correction of errors on the wards took a year.",
        "“We regret that,” the hospital said.",
        "The team updated the model in May.",
    ],
)
def test_somebody_elses_correction_is_none(line: str) -> None:
    assert found(line) == []


def test_a_label_on_a_line_of_its_own_takes_the_next_line_in() -> None:
    text = "Correction, 4 May\nThe study followed twelve wards.\nNight nurses sleep."
    assert found(text) == [("correction", "Correction, 4 May\nThe study followed twelve wards.")]


def test_an_article_under_such_a_heading_is_no_note() -> None:
    assert found("Corrected: " + "night nurses sleep on wards " * 80) == []


def test_hostile_text_takes_linear_time() -> None:
    def seconds(count: int) -> float:
        text = "an earlier version of this article " * count + "\n" + "Correction " * count
        started = time.process_time()
        notices(text)
        return time.process_time() - started

    assert seconds(16_000) < 12 * max(seconds(4_000), 0.02)
