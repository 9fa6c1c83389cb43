"""The letter that asks for corrections: whom it may accuse of what."""

import json

import attrs
import pytest
from reading import Page
from report_fixtures import COVERAGE, FINDINGS, TALLY, TOOLS, TRACES, report

from kb.errors import UserError
from queries.check import Finding, Rule
from queries.correction import CorrectionView, view
from queries.findings import Decided
from queries.placed import Placed
from queries.report import render_html, render_json, render_markdown
from queries.report import view as report_view

ALTERED = next(found for found in FINDINGS if found.id == "finding:1")


def letter(slug: str, **status: str) -> CorrectionView:
    decided = {f"finding:{name[1:]}": verdict for name, verdict in status.items()}
    return view(Placed.of(report(status=decided)), slug)


def of(found: Finding, slug: str) -> CorrectionView:
    return view(Placed.of(report_view(COVERAGE, Decided((found,)), TRACES, TALLY, TOOLS)), slug)


def test_it_asks_for_what_a_reference_settles() -> None:
    asked = letter("north")
    assert [request.finding.id for request in asked.requests] == ["finding:1", "finding:3"]
    assert asked.outlet == "North Country Evening Post and Advertiser"


def test_what_is_unsettled_is_not_asked() -> None:
    assert [request.finding.id for request in letter("ledger").requests] == ["finding:1"]
    with pytest.raises(UserError, match="nothing to ask Harbour Gazette to correct"):
        letter("harbour")


@pytest.mark.parametrize("verdict", ["rejected", "unsure"])
def test_what_a_person_rejected_or_was_unsure_of_is_not_asked(verdict: str) -> None:
    assert [request.finding.id for request in letter("north", f1=verdict).requests] == ["finding:3"]


@pytest.mark.parametrize("rule", [Rule.SILENT_EDIT, Rule.CORRECTION])
def test_what_an_outlet_changed_already_is_not_asked(rule: Rule) -> None:
    with pytest.raises(UserError, match="nothing to ask"):
        of(attrs.evolve(ALTERED, rule=rule), "ledger")


def test_outlet_that_others_are_held_against_is_asked_nothing() -> None:
    with pytest.raises(UserError, match="nothing to ask Harbour Gazette"):
        of(ALTERED, "harbour")


def test_each_letter_shows_the_outlet_its_own_print_and_the_reference() -> None:
    for slug in ("ledger", "north"):
        request = letter(slug).requests[0]
        assert [proof.citation.source for proof in request.printed] == [slug]
        assert [proof.citation.source for proof in request.held_against] == ["harbour"]
        assert request.reference == "https://harbour.example.org/naps"


def test_a_finding_about_no_quote_or_claim_has_no_reference() -> None:
    assert letter("north").requests[1].reference is None


def test_points_that_nobody_confirmed_are_counted_for_the_sender() -> None:
    assert letter("north").unconfirmed == 2
    assert letter("north", f1="confirmed").unconfirmed == 1
    confirmed = letter("north", f1="confirmed", f3="confirmed")
    assert confirmed.unconfirmed == 0
    assert "Before you send this" in render_html(letter("north"))
    assert "Before you send this" not in render_html(confirmed) + render_markdown(confirmed)


def test_letter_has_the_words_the_capture_and_the_digest() -> None:
    asked = letter("ledger")
    for told in (Page(render_html(asked)).text, render_markdown(asked)):
        assert "shocked" in told
        assert "surprised" in told
        assert asked.requests[0].printed[0].citation.snapshot in told
        assert "2 Apr 2026" in told


def test_letter_to_one_outlet_does_not_accuse_another() -> None:
    for told in (render_html(letter("north")), render_markdown(letter("north")), render_json(letter("north"))):
        assert "Morning Ledger" not in told.replace(ALTERED.summary, "")


def test_file_of_a_letter_leads_nowhere_within_itself_that_is_not_there() -> None:
    page = Page(render_html(letter("ledger")))
    inner = {(link["href"] or "")[1:] for link in page.links if (link["href"] or "").startswith("#")}
    assert inner <= set(page.ids)


def test_addresses_that_are_none_are_no_links() -> None:
    told = render_html(letter("ledger"))
    assert "javascript:" in told
    assert 'href="javascript:' not in told


def test_json_has_every_field() -> None:
    assert set(json.loads(render_json(letter("north")))) == {field.name for field in attrs.fields(CorrectionView)}
