import json
import re
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from reading import Page
from report_fixtures import (
    COVERAGE,
    FINDINGS,
    HARBOUR,
    HOSTILE,
    LEDGER,
    SHOCKED,
    STUDY_TRACE,
    SURPRISED,
    TALLY,
    TOOLS,
    TRACES,
    appearance,
    edge,
    report,
    retelling,
    span,
)

from kb.coverage import Coverage
from kb.errors import UserError
from queries.charts import descent
from queries.check import Passed
from queries.findings import Decided
from queries.report import check_json, render_html, render_json, render_markdown, view
from queries.trace import Origin, Trace, Why
from queries.views import ReportView
from queries.wording import excerpt

FINDINGS_BY_ID = {found.id: found for found in FINDINGS}


@pytest.fixture(scope="module")
def html() -> str:
    return render_html(report())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.fixture(scope="module")
def markdown() -> str:
    return render_markdown(report())


@pytest.fixture(scope="module")
def plain() -> dict[str, object]:
    loaded: dict[str, object] = json.loads(render_json(report()))
    return loaded


# --- The view ------------------------------------------------------------------------------------


def test_gravest_finding_comes_first() -> None:
    assert [found.id for found in report().findings] == ["finding:1", "finding:2", "finding:3"]


def test_order_of_findings_does_not_depend_on_the_order_given() -> None:
    assert report(FINDINGS) == report(tuple(reversed(FINDINGS)))


def test_lead_counts_origins_and_kinds_of_findings() -> None:
    assert "6 articles in 6 outlets, going back to at most 3 independent origins" in report().lead
    assert "3 findings: altered quote (1), conflicting numbers (1), misspelt name (1)" in report().lead


def test_a_rejected_finding_is_left_out_and_counted() -> None:
    limited = report(status={"finding:1": "rejected"})
    assert [found.id for found in limited.findings] == ["finding:2", "finding:3"]
    assert "2 findings" in limited.lead
    for shown in (render_html(limited), render_markdown(limited)):
        assert "1 finding was rejected by a person and left out." in shown
        assert FINDINGS_BY_ID["finding:1"].summary not in shown


def test_a_report_whose_findings_were_all_rejected_does_not_say_that_nothing_was_found() -> None:
    shown = report(status=dict.fromkeys(FINDINGS_BY_ID, "rejected"))
    assert "No finding stands." in shown.lead
    assert "Nothing was found to be wrong" not in render_html(shown) + render_markdown(shown)


def test_what_people_decided_is_said_of_a_finding() -> None:
    decided = report(status={"finding:1": "confirmed", "finding:2": "unsure"})
    for shown in (render_html(decided), render_markdown(decided)):
        assert shown.count("Confirmed by a person") == shown.count("A person was unsure") == 1
    listed = json.loads(render_json(decided))["findings"]
    assert [found["status"] for found in listed] == ["confirmed", "unsure", "open"]


def test_a_report_on_one_subject_counts_its_own_rejected_findings() -> None:
    assert report(subject="surprised", status=dict.fromkeys(FINDINGS_BY_ID, "rejected")).findings_rejected == 1


def test_finding_says_where_the_altered_words_came_from() -> None:
    sources = report().findings[0].sources
    assert [(each.outlet, each.parents[0].outlet) for each in sources] == [
        ("The Morning Ledger", "Harbour Gazette"),
        ("North Country Evening Post and Advertiser", "The Morning Ledger"),
    ]


def test_finding_shows_changed_words() -> None:
    ops = {(piece.op, piece.text) for piece in report().findings[0].diff}
    assert {("removed", "surprised"), ("added", "shocked"), ("added", "wiped out")} <= ops


def test_finding_about_a_number_has_no_word_diff() -> None:
    assert report().findings[1].diff == ()


def test_unsettled_finding_names_every_outlet_and_no_expected_one() -> None:
    found = report().findings[1]
    assert found.outlets == ("The Morning Ledger", "Harbour Gazette")
    assert {proof.label for proof in found.proofs} == {"One source has", "Another has"}


def test_verbatim_print_has_no_word_diff() -> None:
    quote = report().threads[0]
    assert [bool(row.diff) for row in quote.rows] == [False, True, True, True, False]


def test_claim_row_says_its_stance() -> None:
    claim = report().threads[2]
    assert [row.label for row in claim.rows] == ["states it", "", ""]


def test_first_print_stays_open_where_the_trace_leaves_it_open() -> None:
    assert report().threads[1].first is None


def test_subject_limits_the_report() -> None:
    limited = report(subject="surprised")
    assert [thread.slug for thread in limited.threads] == ["surprised"]
    assert [found.subject for found in limited.findings] == ["surprised"]
    assert limited.overview is None


def test_subject_cites_only_its_own_captures() -> None:
    assert [capture.number for capture in report(subject="errors-fell").captures] == [1, 2, 3]


def test_the_study_as_subject_is_the_whole_report() -> None:
    assert report(subject="night-naps") == report()


def test_unknown_subject_is_refused_with_those_known() -> None:
    with pytest.raises(UserError, match="surprised, rosters, errors-fell"):
        report(subject="nothing")


def test_untraced_study_says_that_origins_are_open() -> None:
    open_view = view(COVERAGE, Decided(), (), TALLY, TOOLS)
    assert "origins" not in {figure.code for figure in open_view.figures}
    assert any("independent origins" in line for line in open_view.undetermined)


def test_empty_coverage_gives_a_report() -> None:
    empty = view(attrs.evolve(COVERAGE, retellings=()), Decided(), (), TALLY, ())
    assert empty.lead == "No coverage has been found yet."
    assert Page(render_html(empty)).tags
    assert render_markdown(empty).startswith("# Short naps")


def test_excerpt_keeps_the_sentences_around_a_span() -> None:
    shown = excerpt(LEDGER, span(LEDGER, "32 percent"))
    assert shown.before.startswith("“We were shocked")
    assert shown.after == ", the paper says. Hospitals are taking note."


def test_excerpt_of_a_long_text_stays_short() -> None:
    long = retelling("wire", "word " * 5000 + "here " + "word " * 5000, None)
    shown = excerpt(attrs.evolve(long, passages=()), span(long, "here"))
    assert len(shown.before) < 300
    assert len(shown.after) < 300


# --- HTML -------------------------------------------------------------------------------------------


def test_html_holds_no_script_and_needs_no_network(page: Page, html: str) -> None:
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "base"})
    assert "url(" not in html
    assert "@import" not in html


def test_html_has_no_event_handlers(page: Page) -> None:
    assert not [name for name in page.attributes if name.startswith("on")]


def test_only_web_addresses_become_links(page: Page) -> None:
    outward = [link["href"] or "" for link in page.links if not (link["href"] or "").startswith("#")]
    assert outward
    assert all(href.startswith(("https://", "http://")) for href in outward)


def test_outward_links_give_no_referrer(page: Page) -> None:
    outward = [link for link in page.links if not (link["href"] or "").startswith("#")]
    assert {link.get("rel") for link in outward} == {"noreferrer noopener"}


def test_hostile_title_is_shown_as_words(page: Page) -> None:
    assert 'Naps <script>alert("x")</script> | **cure**' in page.text


def test_terminal_controls_do_not_reach_the_file(html: str, markdown: str) -> None:
    assert "\x1b" in HOSTILE
    assert "\x1b" not in html + markdown


def test_inner_links_have_their_targets(page: Page) -> None:
    inner = {(link["href"] or "")[1:] for link in page.links if (link["href"] or "").startswith("#")}
    assert inner <= set(page.ids)


def test_ids_are_unique(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))


def test_changed_words_are_marked_in_words_too(page: Page) -> None:
    assert "[removed: surprised ]" in page.text
    assert "[added: shocked ]" in page.text


def test_html_shows_evidence_with_capture_time_and_digest(page: Page) -> None:
    assert LEDGER.snapshot.body_sha256 in page.text
    assert "2 Apr 2026, 08:30:05 UTC" in page.text


def test_unsettled_conflict_names_no_winner(page: Page) -> None:
    assert "No winner is named" in page.text


def test_html_says_what_was_rejected_and_why(page: Page) -> None:
    assert "Not about the study 4" in page.text
    assert "Disallowed by robots.txt 3" in page.text


def test_same_input_gives_the_same_bytes() -> None:
    assert render_html(report()) == render_html(report())
    assert render_json(report()) == render_json(report())
    assert render_markdown(report()) == render_markdown(report())


# --- Markdown -----------------------------------------------------------------------------------------


def test_markdown_has_no_live_html(markdown: str) -> None:
    assert not re.search(r"(?<!\\)<(?!https?://)", markdown)


def test_markdown_links_only_web_addresses(markdown: str) -> None:
    targets = re.findall(r"(?<!\\)\]\(<([^>]*)>\)", markdown)
    assert targets
    assert all(target.startswith("https://") for target in targets)


def test_markdown_title_cannot_format(markdown: str) -> None:
    assert r"\*\*cure\*\*" in markdown
    assert r"\[all\]" in markdown


def test_markdown_carries_word_diffs_and_digests(markdown: str) -> None:
    assert "~~surprised~~ **shocked**" in markdown
    assert LEDGER.snapshot.body_sha256 in markdown


def test_markdown_title_stays_on_its_line() -> None:
    broken = attrs.evolve(COVERAGE.study, title="One\n\n# Two\n- three")
    shown = render_markdown(view(attrs.evolve(COVERAGE, study=broken), Decided(), (), TALLY, ()))
    assert shown.startswith("# One \\# Two - three: how")


# --- JSON ---------------------------------------------------------------------------------------------


def test_json_carries_the_view(plain: dict[str, object]) -> None:
    assert set(plain) == {field.name for field in attrs.fields(ReportView)}


def test_json_leaves_pictures_out(plain: dict[str, object]) -> None:
    assert "<svg" not in json.dumps(plain)


def test_json_times_are_rfc_3339(plain: dict[str, object]) -> None:
    assert plain["first_capture"] == "2026-04-02T08:30:00Z"
    assert plain["since"] == "2026-03-01"


def test_json_keeps_a_hostile_title_as_it_is() -> None:
    assert HOSTILE in [row.citation.title for row in report().threads[0].rows]
    assert json.dumps(HOSTILE, ensure_ascii=False) in render_json(report())


def test_lone_surrogates_do_not_break_the_file() -> None:
    broken = retelling("wire", "Text.", None, "bad \ud800 title")
    shown = view(attrs.evolve(COVERAGE, retellings=(broken,)), Decided(), (), TALLY, ())
    for rendered in (render_html(shown), render_markdown(shown), render_json(shown)):
        assert rendered.encode()


# --- CONTRACT's check ----------------------------------------------------------------------------------


def test_check_json_counts_by_rule() -> None:
    counts = check_json("night-naps", FINDINGS, {})["counts"]
    assert counts == {"altered-quote": 1, "misspelt-name": 1, "number-conflict": 1}


def test_check_json_has_the_contract_s_finding() -> None:
    findings = check_json("night-naps", FINDINGS[1:2], {"finding:1": "confirmed"})["findings"]
    assert isinstance(findings, list)
    found = findings[0]
    assert found["status"] == "confirmed"
    assert found["rule"] == "altered-quote"
    assert found["edits"][0] == {"op": "replace", "from": "surprised", "to": "shocked"}


def test_check_json_finding_without_judgement_is_open() -> None:
    findings = check_json("night-naps", FINDINGS, {})["findings"]
    assert isinstance(findings, list)
    assert {found["status"] for found in findings} == {"open"}


def test_check_json_evidence_can_be_found_again() -> None:
    findings = check_json("night-naps", FINDINGS[1:2], {})["findings"]
    assert isinstance(findings, list)
    shown = findings[0]["evidence"][0]
    text = LEDGER.text.text
    assert text[shown["start"] : shown["end"]] == shown["exact"] == SHOCKED
    assert text.startswith(shown["prefix"], shown["start"] - len(shown["prefix"]))
    assert text.startswith(shown["suffix"], shown["end"])
    assert shown["snapshot"] == LEDGER.snapshot.body_sha256
    assert shown["published_at"] == "2026-03-11T06:15:00Z"
    assert shown["source"] == "ledger"


def test_check_json_is_json() -> None:
    assert json.loads(json.dumps(check_json("night-naps", FINDINGS, {})))["study"] == "night-naps"


# --- Size -----------------------------------------------------------------------------------------------


def test_hundreds_of_articles_are_folded_not_dropped() -> None:
    first = datetime(2026, 3, 10, tzinfo=UTC)
    copies = [
        retelling(f"copy{n}", f"“{SURPRISED}” she said.", first + timedelta(hours=n), f"Copy {n}", name=f"Copy {n}")
        for n in range(300)
    ]
    coverage = Coverage(study=COVERAGE.study, retellings=(HARBOUR, *copies), alignments={}, evidence={})
    ids = tuple(each.article.id for each in coverage.retellings)
    trace = Trace(
        subject="surprised",
        first=appearance(HARBOUR, SURPRISED, "verbatim"),
        appearances=tuple(appearance(each, SURPRISED, "verbatim") for each in coverage.retellings),
        edges=tuple(edge(each, HARBOUR, Why(kind="shared-wording", score=1.0)) for each in copies),
        origins=(Origin(id="o1", root=ids[0], articles=ids),),
        undetermined=(),
    )
    rendered = render_html(view(coverage, Decided(FINDINGS[1:2]), (trace,), TALLY, TOOLS))
    assert "300 articles" in descent(trace, coverage)
    assert all(f"https://copy{n}.example.org" in rendered for n in range(300))
    assert len(rendered) < 1_000_000


def test_evidence_outside_the_coverage_has_no_capture_number() -> None:
    draft = retelling("draft", f"“{SHOCKED}” she said.", None, name="Draft")
    passed = Passed(role="observed", retelling=draft, span=span(draft, SHOCKED))
    found = attrs.evolve(FINDINGS[1], evidence=(passed,))
    shown = view(COVERAGE, Decided((found,)), TRACES, TALLY, TOOLS)
    assert shown.findings[0].proofs[0].citation.capture == 0
    assert "#capture-0" not in render_html(shown)


def test_origin_outside_the_coverage_is_left_out() -> None:
    strange = attrs.evolve(STUDY_TRACE, origins=(Origin(id="o9", root="article:none", articles=()),))
    shown = view(COVERAGE, Decided(), (strange,), TALLY, TOOLS)
    assert shown.overview is not None
    assert shown.overview.origins == ()


@pytest.mark.parametrize("line", ["2 steps from the origin", "95 % interval"])
def test_reports_say_what_the_traces_amount_to(html: str, markdown: str, line: str) -> None:
    assert line in html
    assert line in markdown
