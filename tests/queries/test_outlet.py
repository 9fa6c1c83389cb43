"""The report on one outlet, and the list of all."""

import json

import attrs
import pytest
from reading import Page
from report_fixtures import COVERAGE, TALLY, TOOLS, TRACES, report

from kb.errors import UserError
from queries.fidelity import wilson
from queries.findings import Decided
from queries.outlet import OutletView, listing, view
from queries.placed import Placed
from queries.report import render_html, render_json, render_markdown
from queries.report import view as report_view

PLACED = Placed.of(report())


def of(slug: str) -> OutletView:
    return view(PLACED, slug)


def test_it_names_the_outlet_and_counts_what_was_found() -> None:
    assert of("north").name == "North Country Evening Post and Advertiser"
    assert of("north").lead == "1 article. 2 findings: altered quote (1), misspelt name (1)."


def test_an_outlet_without_findings_is_said_to_have_none() -> None:
    assert of("valley").lead == "1 article. Nothing was found to be wrong."
    assert of("valley").findings == ()


def test_rejected_findings_are_not_told() -> None:
    decided = Placed.of(report(status={"finding:1": "rejected", "finding:3": "rejected"}))
    assert view(decided, "north").findings == ()


def test_fidelity_counts_shortened_prints_as_faithful() -> None:
    wire = of("wire")
    assert wire.fidelity
    assert (wire.fidelity.faithful, wire.fidelity.prints) == (2, 2)
    assert [(share.slug, share.faithful, share.prints) for share in wire.by_quote] == [
        ("surprised", 1, 1),
        ("rosters", 1, 1),
    ]


def test_fidelity_counts_altered_prints_against_it_and_tells_how_little_one_print_says() -> None:
    share = of("ledger").fidelity
    assert share
    assert (share.faithful, share.prints, share.low, share.high) == (0, 1, *wilson(0, 1))
    assert share.high > 0.7


def test_claims_do_not_count_as_prints() -> None:
    assert [share.slug for share in of("harbour").by_quote] == ["surprised"]


def test_an_outlet_that_printed_no_quote_has_no_share() -> None:
    traces = [trace for trace in TRACES if trace.subject not in ("surprised", "rosters")]
    placed = Placed.of(report_view(COVERAGE, Decided(), traces, TALLY, TOOLS))
    shown = view(placed, "echo")
    assert shown.fidelity is None
    assert shown.by_quote == ()
    assert "It printed none of the study's quotes." in render_html(shown)


def test_list_goes_by_name_and_does_not_rank() -> None:
    names = [line.name for line in listing(PLACED)]
    assert names == sorted(names, key=str.casefold)
    assert {line.slug: line.findings for line in listing(PLACED)} == {
        "echo": 0,
        "harbour": 1,
        "ledger": 2,
        "north": 2,
        "valley": 0,
        "wire": 0,
    }


def test_unknown_outlet_is_refused() -> None:
    with pytest.raises(UserError, match="no article of an outlet 'gazette'"):
        of("gazette")


@pytest.mark.parametrize("slug", ["echo", "harbour", "ledger", "north", "valley", "wire"])
def test_inner_links_of_its_file_have_their_targets(slug: str) -> None:
    page = Page(render_html(of(slug)))
    inner = {(link["href"] or "")[1:] for link in page.links if (link["href"] or "").startswith("#")}
    assert inner <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_captures_of_the_passages_it_is_held_against_are_listed_too() -> None:
    assert {capture.citation.source for capture in of("ledger").captures} == {"harbour", "ledger", "north"}


def test_names_of_outlets_stay_words_in_every_form() -> None:
    echo = of("echo")
    assert "Echo<b>Chamber</b>" in Page(render_html(echo)).text
    assert "<b>" not in render_html(echo)
    assert "<b>" not in render_markdown(echo).replace("\\<b\\>", "")
    assert json.loads(render_json(echo))["name"] == "Echo<b>Chamber</b>"


def test_markdown_tells_findings_and_fidelity() -> None:
    told = render_markdown(of("ledger"))
    assert "~~surprised~~ **shocked**" in told
    assert "0 of 1" in told


def test_json_has_every_field() -> None:
    assert set(json.loads(render_json(of("wire")))) == {field.name for field in attrs.fields(OutletView)}
