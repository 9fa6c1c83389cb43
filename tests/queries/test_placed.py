"""A report by article and by outlet: which rows and findings are whose."""

import attrs
import pytest
from report_fixtures import COVERAGE, FINDINGS, HARBOUR, LEDGER, NORTH, TALLY, TRACES, VALLEY, WIRE, passed, report

from kb.errors import UserError
from queries.findings import Decided
from queries.placed import Placed, answerable
from queries.report import view

PLACED = Placed.of(report())


def key(article: object) -> str:
    return article.article.id  # type: ignore[attr-defined, no-any-return]


def test_every_article_of_the_coverage_has_its_row() -> None:
    assert {row.citation.outlet for row in PLACED.rows.values()} == {each.source.name for each in COVERAGE.retellings}
    assert all(PLACED.rows[key(each)].citation.article == key(each) for each in COVERAGE.retellings)


def test_a_settled_finding_is_about_those_who_printed_it_and_not_about_the_print_it_is_held_against() -> None:
    assert [found.id for found in PLACED.findings[key(NORTH)]] == ["finding:1", "finding:3"]
    assert "finding:1" not in [found.id for found in PLACED.findings.get(key(HARBOUR), ())]


def test_an_unsettled_finding_is_about_every_side() -> None:
    for article in (HARBOUR, LEDGER):
        assert "finding:2" in [found.id for found in PLACED.findings[key(article)]]


def test_an_article_without_findings_has_none() -> None:
    assert key(VALLEY) not in PLACED.findings
    assert "valley" not in PLACED.findings_by_source


def test_a_finding_with_two_passages_of_one_outlet_is_told_of_it_once() -> None:
    twice = attrs.evolve(FINDINGS[2], evidence=(*FINDINGS[2].evidence, passed("observed", NORTH, "Managers")))
    placed = Placed.of(view(COVERAGE, Decided((twice,)), TRACES, TALLY, ()))
    assert len(placed.findings_by_source["north"]) == len(placed.findings[key(NORTH)]) == 1


def test_two_articles_of_one_outlet_share_its_finding_and_keep_their_own_rows() -> None:
    sister = attrs.evolve(
        WIRE, article=attrs.evolve(WIRE.article, source="north"), source=attrs.evolve(NORTH.source, slug="north")
    )
    coverage = attrs.evolve(
        COVERAGE, retellings=tuple(sister if each is WIRE else each for each in COVERAGE.retellings)
    )
    both = attrs.evolve(FINDINGS[2], evidence=(passed("observed", sister, "Errors"), *FINDINGS[2].evidence))
    traces = tuple(
        attrs.evolve(
            trace,
            appearances=tuple(
                attrs.evolve(shown, retelling=sister) if shown.retelling is WIRE else shown
                for shown in trace.appearances
            ),
        )
        for trace in TRACES
    )
    placed = Placed.of(view(coverage, Decided((both,)), traces, TALLY, ()))
    assert len(placed.rows_of("north")) == 2
    assert [found.id for found in placed.findings_by_source["north"]] == ["finding:3"]
    assert len(placed.findings[key(sister)]) == len(placed.findings[key(NORTH)]) == 1


def test_prints_stand_in_the_order_of_the_study() -> None:
    assert [each.thread.slug for each in PLACED.prints[key(WIRE)]] == ["surprised", "rosters", "errors-fell"]
    assert [each.row.citation.outlet for each in PLACED.prints_by_source["wire"]] == ["Unified Wire"] * 3


def test_an_unknown_outlet_is_refused_with_those_known() -> None:
    with pytest.raises(UserError, match="echo, harbour, ledger, north, valley, wire"):
        PLACED.rows_of("gazette")


def test_a_report_on_one_subject_has_prints_and_no_rows() -> None:
    limited = Placed.of(report(subject="surprised"))
    assert limited.rows == {}
    assert "harbour" in limited.prints_by_source
    with pytest.raises(UserError, match="there are: none"):
        limited.rows_of("harbour")


def test_each_passage_of_an_unsettled_finding_is_answerable() -> None:
    settled, unsettled = report().findings[0], report().findings[1]
    assert [source for _, source in answerable(settled)] == ["ledger", "north"]
    assert [source for _, source in answerable(unsettled)] == ["ledger", "harbour"]
