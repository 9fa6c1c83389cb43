import io

import attrs
from report_fixtures import FINDINGS, report
from rich.console import Console

from queries.report import ReportView
from queries.terminal import summary, words
from queries.wording import word_diff


def printed(view: ReportView, width: int = 100, **options: bool) -> str:
    out = io.StringIO()
    summary(view, Console(file=out, width=width, **options))
    return out.getvalue()


def test_shows_title_lead_and_counts() -> None:
    shown = printed(report())
    assert "Short naps and errors on night wards" in shown
    assert "14 captures: 7 kept, 4 not about the study" in shown


def test_shows_changed_words_without_colour() -> None:
    assert "[-surprised-] {+shocked+}" in printed(report())


def test_shows_where_the_words_came_from() -> None:
    assert "The Morning Ledger: quoted from Harbour Gazette" in printed(report())


def test_unsettled_finding_shows_both_versions() -> None:
    assert "unsettled: 32 percent / 23 percent" in printed(report())


def test_no_escape_codes_where_output_is_no_terminal() -> None:
    assert "\x1b" not in printed(report())


def test_terminal_codes_in_page_text_are_inert() -> None:
    hostile = attrs.evolve(FINDINGS[0], summary="\x1b]0;owned\x07 \x9b31m [bold red]x[/]")
    shown = printed(report((hostile,)), force_terminal=False)
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert "[bold red]x[/]" in shown


def test_markup_of_page_text_does_not_reach_a_terminal_as_style() -> None:
    hostile = attrs.evolve(FINDINGS[0], summary="[link=https://evil.example]x[/link]")
    assert "[link=https://evil.example]x[/link]" in printed(report((hostile,)), force_terminal=True)


def test_names_how_many_findings_are_left() -> None:
    many = tuple(attrs.evolve(FINDINGS[0], id=f"finding:{n}") for n in range(9))
    assert "4 more findings in the report" in printed(report(many))


def test_fits_a_narrow_terminal() -> None:
    assert max(len(line) for line in printed(report(), width=40).splitlines()) <= 40


def test_words_left_out_are_three_dots() -> None:
    assert words(word_diff("It is safe at night.", "it is safe")).plain == "it is safe …"
