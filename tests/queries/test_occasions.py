"""What a report gives occasion to tell: findings, origins, variants; each once, and nothing that was put aside."""

import attrs
import pytest
from making import NOON
from report_fixtures import FINDINGS, HARBOUR, VALLEY, report

from kb.claims import SavedSearch
from kb.occurrences import Occurrence
from kb.records import Form
from kb.tellings import Alert
from queries.check import Finding
from queries.occasions import EXACT, MOST_PLACES, Answers, fired
from queries.views import ReportView


def news(
    view: ReportView | None = None,
    rejected: tuple[str, ...] = (),
    told: tuple[str, ...] = (),
    answers: Answers = (),
) -> list[Alert]:
    return fired(view or report(), rejected=rejected, told=told, at=NOON, answers=answers)


def of(kind: str, alerts: list[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.kind == kind]


def spoken(view: ReportView, form: Form = "direct") -> ReportView:
    """The report with every row's words given in a form."""
    threads = tuple(
        attrs.evolve(thread, rows=tuple(attrs.evolve(row, form=form) for row in thread.rows)) for thread in view.threads
    )
    return attrs.evolve(view, threads=threads)


# --- Findings ---


def test_every_finding_alerts_by_its_rule():
    kinds = {alert.key: alert.kind for alert in news()}
    assert {key: kinds[key] for key in ("finding:1", "finding:2", "finding:3")} == {
        "finding:1": "altered-quote",
        "finding:2": "number-conflict",
        "finding:3": "misspelt-name",
    }


def test_rule_that_this_module_does_not_know_alerts_like_any_other():
    view = report()
    edited = attrs.evolve(view.findings[0], id="finding:9", rule="silent-edit", label="Silent edit")
    [alert] = of("silent-edit", news(attrs.evolve(view, findings=(edited,))))
    assert alert.title.startswith("Silent edit: ")
    assert "new finding of the rule silent-edit" in alert.why


def test_gravest_comes_first():
    severities = [alert.severity for alert in news()]
    assert severities == sorted(severities, reverse=True)
    assert severities[0] == 3


def test_alert_of_an_altered_quote_shows_the_word_diff():
    [alert] = of("altered-quote", news())
    assert ("removed", "surprised") in alert.diff
    assert ("added", "shocked") in alert.diff


def test_alert_names_no_winner_where_nothing_is_settled():
    [alert] = of("number-conflict", news())
    assert alert.diff == ()
    assert {place.label for place in alert.places} == {"One source has", "Another has"}


def test_settled_finding_without_a_diff_shows_its_two_sides():
    conflict: Finding = attrs.evolve(FINDINGS[0], truth="settled")
    [alert] = of("number-conflict", news(report([conflict])))
    assert alert.diff == (("removed", "23 percent"), ("added", "32 percent"))


def test_alert_links_every_passage_that_it_rests_on():
    [alert] = of("altered-quote", news())
    assert [place.url for place in alert.places] == [
        "https://ledger.example.org/naps",
        "https://north.example.org/naps",
        "https://harbour.example.org/naps",
    ]


def test_rejected_finding_alerts_nobody():
    assert of("altered-quote", news(rejected=("finding:1",))) == []


def test_finding_that_was_told_is_not_told_again():
    assert of("altered-quote", news(told=("finding:1",))) == []


# --- Origins ---


def test_origin_alerts_once_for_all_that_it_is_the_origin_of():
    alerts = of("new-origin", news())
    assert len(alerts) == 3
    harbour = next(alert for alert in alerts if alert.places[0].url == HARBOUR.article.canonical_url)
    assert harbour.why.endswith("of the study's coverage; the quote `surprised`")


def test_origin_that_was_told_is_not_told_again():
    first = of("new-origin", news())
    told = tuple(key for alert in first for key in (alert.key, *alert.covers))
    assert of("new-origin", news(told=told)) == []


def test_article_that_becomes_the_origin_of_one_quote_more_is_told_for_that_alone():
    valley = next(a for a in of("new-origin", news()) if a.places[0].url == VALLEY.article.canonical_url)
    [again] = [a for a in of("new-origin", news(told=(valley.key,))) if a.places[0].url == VALLEY.article.canonical_url]
    assert again.why.endswith("of the quote `rosters`")


# --- Variants ---


def test_wording_without_a_finding_alerts_as_a_new_variant():
    [alert] = of("new-variant", news(spoken(report([]))))
    assert ("added", "shocked") in alert.diff
    assert len(alert.places) == 2
    assert "`surprised`" in alert.why


def test_wording_with_a_finding_is_told_with_it_and_not_twice():
    alerts = news(spoken(report()))
    assert of("new-variant", alerts) == []
    assert len(of("altered-quote", alerts)[0].covers) == 1


def test_wording_that_was_told_with_its_finding_stays_told_when_the_finding_is_gone():
    [altered] = of("altered-quote", news(spoken(report())))
    assert of("new-variant", news(spoken(report([])), told=(altered.key, *altered.covers))) == []


def test_wording_of_a_rejected_finding_is_put_aside_with_it():
    assert of("new-variant", news(spoken(report()), rejected=("finding:1",))) == []


@pytest.mark.parametrize("form", ["indirect", "mixed"])
def test_report_in_other_words_is_no_variant(form):
    assert of("new-variant", news(spoken(report([]), form))) == []


def test_words_left_out_at_the_edge_are_no_variant():
    kinds = [alert.places[0].outlet for alert in of("new-variant", news(spoken(report([]))))]
    assert "Unified Wire" not in kinds


# --- Hostile pages ---


def test_page_text_comes_without_controls():
    echo = [place for alert in news() for place in alert.places if "Echo" in place.outlet]
    assert all("\x1b" not in place.title for place in echo)


# --- Saved searches ---

NAPS = SavedSearch(
    slug="naps", query="naps at work", kind=None, speaker=None, source=None, language=None, verdict=None, near=0.6
)


def place(url: str, exact: str = "A nap at work.") -> Occurrence:
    return Occurrence(
        kind="passage", start=0, end=len(exact), exact=exact, before="", after="", url=url, source="ledger",
        title="Naps", published_at=NOON, fetched_at=NOON, snapshot="sha256:00", speaker=None,
    )  # fmt: skip


def found(*urls: str) -> Answers:
    return [(NAPS, {url: [place(url)] for url in urls})]


def test_new_answers_of_a_search_are_one_alert_with_their_places():
    [alert] = of("new-answer", news(answers=found("https://a.example/1", "https://a.example/2")))
    assert alert.title == "New for the search naps: ledger"
    assert alert.summary == "2 articles not told for this search before."
    first = alert.places[0]
    assert (first.url, first.exact, first.capture) == ("https://a.example/1", "A nap at work.", "sha256:00")


def test_answer_that_was_told_is_not_told_again_and_a_further_one_is():
    [first] = of("new-answer", news(answers=found("https://a.example/1", "https://a.example/2")))
    told = (first.key, *first.covers)
    assert of("new-answer", news(told=told, answers=found("https://a.example/2", "https://a.example/1"))) == []
    [second] = of("new-answer", news(told=told, answers=found("https://a.example/1", "https://b.example/9")))
    assert [p.url for p in second.places] == ["https://b.example/9"]


def test_changed_query_is_another_search():
    [first] = of("new-answer", news(answers=found("https://a.example/1")))
    changed: Answers = [(attrs.evolve(NAPS, query="rosters"), {"https://a.example/1": [place("https://a.example/1")]})]
    assert len(of("new-answer", news(told=(first.key,), answers=changed))) == 1


def test_very_many_answers_are_all_told_and_few_are_listed():
    urls = [f"https://a.example/{n:03}" for n in range(100)]
    [alert] = of("new-answer", news(answers=found(*urls)))
    assert len(alert.places) == MOST_PLACES
    assert len({alert.key, *alert.covers}) == 100


def test_long_passage_is_cut():
    long: Answers = [(NAPS, {"https://a.example/1": [place("https://a.example/1", "nap " * 1000)]})]
    [alert] = of("new-answer", news(answers=long))
    assert len(alert.places[0].exact) <= EXACT + 2
