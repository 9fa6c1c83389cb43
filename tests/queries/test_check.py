from collections.abc import Iterable

import pytest
from coverage_builders import (
    Counted,
    Said,
    article,
    claim,
    covering,
    expectation,
    reference,
    speaker,
    study,
)

from kb.claims import ReferenceQuote, Speaker
from kb.coverage import Coverage
from queries.check import Finding, Rule, check, check_draft

ANN = speaker("ann", "Ann Wellerby", "Wellerby", affiliation="Harbour Institute", role="engineer")
BO = speaker("bo", "Bo Lindqvist", "Lindqvist", affiliation="Tide College")
WALL = "We are not saying that the sea wall is dangerous, but nobody has tested it in a real storm."
LOGS = "I read the gauges three times because I was sure that there was a fault in our wiring."
HERD = "The small boats behave like a herd of cattle, and the pilots simply follow them out to sea."
PEOPLE = (ANN, BO)
QUOTES = (
    reference("wall", "ann", WALL, source="http://first.example/a"),
    reference("logs", "bo", LOGS),
    reference("herd", "ann", HERD),
)
LEVELS = claim(
    "peer",
    "With a warning the pilots turned back in 62 percent of trips",
    expectation(62, "percent of trips", "when a siren warned them"),
    expectation(59, "percent of trips", "when a siren warned them"),
)
QUIET = claim(
    "quiet",
    "Without any signal the pilots turned back in 4 percent of trips",
    expectation(4, "percent of trips", "when no signal came from the shore"),
)
PORTS = claim("ports", "The study tested seven harbours", expectation(7, "harbours tested"))


def rules(findings: Iterable[Finding]) -> list[str]:
    return [finding.rule.value for finding in findings]


def quoting(
    words: str, mention: str = "Wellerby", name: str | None = "Ann Wellerby", url: str = "http://b.example/1"
) -> Coverage:
    """One article that prints the words as a direct quote of somebody at the Harbour Institute."""
    text = f"A study of the Harbour Institute is out. “{words}” said {mention} on Monday."
    return covering(study(PEOPLE, QUOTES), article(url, text, [Said(words, mention, name)]))


def counting(text: str, *counted: Counted) -> Coverage:
    lead = "The Harbour Institute has published its paper. "
    return covering(study(PEOPLE, (), (LEVELS, QUIET, PORTS)), article("http://b.example/1", lead + text, (), counted))


@pytest.mark.parametrize("words", [WALL, LOGS.replace("that there", "there"), HERD.upper()])
def test_true_prints_are_silent(words: str) -> None:
    name = "Bo Lindqvist" if words.startswith("I read") else "Ann Wellerby"
    assert check(quoting(words, name, name)) == ()


def test_a_dropped_negation_is_a_grave_alteration() -> None:
    (finding,) = check(quoting(WALL.replace("are not saying", "are saying")))
    assert (finding.rule, finding.severity, finding.subject) == (Rule.ALTERED_QUOTE, 3, "wall")


def test_a_swapped_word_is_an_alteration_of_open_sense() -> None:
    (finding,) = check(quoting(HERD.replace("herd", "flock")))
    assert (finding.rule, finding.severity) == (Rule.ALTERED_QUOTE, 2)
    assert [(e.before, e.after) for e in finding.edits] == [("herd", "flock")]


def test_the_source_of_a_reference_is_not_held_against_it() -> None:
    assert check(quoting(WALL.replace("real", "great"), url="http://first.example/a")) == ()


def test_a_cut_before_but_is_a_truncation() -> None:
    (finding,) = check(quoting("We are not saying that the sea wall is dangerous"))
    assert finding.rule is Rule.TRUNCATED_QUOTE


def test_a_cut_is_silent_where_the_article_goes_on_with_what_was_cut() -> None:
    first, second = "We are not saying that the sea wall is dangerous", "but nobody has tested it in a real storm"
    text = f"“{first},” said Wellerby, “{second}.”"
    said = [Said(first, "Wellerby", "Ann Wellerby"), Said(second, "Wellerby", "Ann Wellerby")]
    assert check(covering(study(PEOPLE, QUOTES), article("http://b.example/1", text, said))) == ()


def test_a_cut_is_silent_where_the_article_tells_it_in_its_own_words() -> None:
    words = "We are not saying that the sea wall is dangerous"
    text = f"“{words},” said Wellerby. But she added that it was never tested in a storm."
    said = [Said(words, "Wellerby", "Ann Wellerby")]
    assert check(covering(study(PEOPLE, QUOTES), article("http://b.example/1", text, said))) == ()


def test_a_cut_that_turns_the_sense_round_is_a_truncation_even_when_short() -> None:
    assert rules(check(quoting("the sea wall is dangerous"))) == ["truncated-quote"]


def test_a_fragment_in_a_sentence_is_silent() -> None:
    text = "The Harbour Institute compares them to “a herd of cattle” at sea."
    said = [Said("a herd of cattle", "The Harbour Institute", "Ann Wellerby", form="partial")]
    assert check(covering(study(PEOPLE, QUOTES), article("http://b.example/1", text, said))) == ()


@pytest.mark.parametrize(
    ("mention", "name"),
    [
        ("Ann Wellerby", "Ann Wellerby"),
        ("Carl Ostrom", "Carl Ostrom"),
        ("experts", None),
        ("the AI model Harbourmaster", None),
    ],
)
def test_words_given_to_another_are_misattributed(mention: str, name: str | None) -> None:
    (finding,) = check(quoting(LOGS, mention, name))
    assert (finding.rule, finding.expected) == (Rule.MISATTRIBUTED_QUOTE, "Bo Lindqvist")


@pytest.mark.parametrize(
    ("mention", "name"), [("he", None), ("the engineer", None), ("Lindqvist", None), ("B. Lindqvist", "B. Lindqvist")]
)
def test_an_unresolved_or_shortened_speaker_is_silent(mention: str, name: str | None) -> None:
    assert check(quoting(LOGS, mention, name)) == ()


def test_a_turn_of_phrase_in_another_mouth_is_silent() -> None:
    words = "The small boats behave like a herd of cattle when the ferry horn is blown twice."
    assert check(quoting(words, "Carl Ostrom", "Carl Ostrom")) == ()


def test_a_misspelt_speaker_is_misspelt_and_not_another() -> None:
    (finding,) = check(quoting(LOGS, "Bo Lindquist", "Bo Lindquist"))
    assert (finding.rule, finding.expected, finding.observed) == (Rule.MISSPELT_NAME, "Bo Lindqvist", "Bo Lindquist")


@pytest.mark.parametrize("name", ["Anna Lindquist", "Theo Lindqvist-Marsh", "Bo Lindqvist’s", "Bob Lindgren"])
def test_other_people_and_inflections_are_no_misspelling(name: str) -> None:
    text = f"The Harbour Institute asked {name} friend about the tide."
    assert check(covering(study(PEOPLE, QUOTES), article("http://b.example/1", text))) == ()


def test_names_in_articles_about_something_else_are_left_alone() -> None:
    text = "Bo Lindquist won the regatta."
    assert check(covering(study(PEOPLE, QUOTES), article("http://b.example/1", text))) == ()


def test_a_number_that_the_study_does_not_state_is_a_conflict() -> None:
    coverage = counting(
        "When a siren warned them, the pilots turned back in 68 percent of trips.", Counted("68 percent", 68, "percent")
    )
    (finding,) = check(coverage)
    assert (finding.rule, finding.subject) == (Rule.NUMBER_CONFLICT, "peer")


@pytest.mark.parametrize(
    ("shown", "value", "hedge"),
    [
        ("62 percent", 62, None),
        ("59 percent", 59, None),
        ("roughly 60 percent", 60, "roughly"),
        ("38 percent", 38, None),
    ],
)
def test_true_rounded_and_complementary_numbers_are_silent(shown: str, value: float, hedge: str | None) -> None:
    text = f"When a siren warned them, the pilots turned back in {shown} of trips."
    assert check(counting(text, Counted(shown, value, "percent", hedge=hedge))) == ()


def test_two_true_numbers_under_each_other_s_circumstance_are_conflicts() -> None:
    coverage = counting(
        "When a siren warned them, the pilots turned back in 4 percent of trips.", Counted("4 percent", 4, "percent")
    )
    assert [finding.subject for finding in check(coverage)] == ["peer"]


def test_a_number_about_something_else_is_silent() -> None:
    coverage = counting("Ferry prices rose by 12 percent last year.", Counted("12 percent", 12, "percent"))
    assert check(coverage) == ()


def test_a_count_above_the_whole_is_a_conflict() -> None:
    coverage = counting("The study tested nine harbours.", Counted("nine harbours", 9, "harbour", "study test harbour"))
    assert rules(check(coverage)) == ["number-conflict"]


@pytest.mark.parametrize(
    "text", ["Two harbours stood out in the study.", "Three of the harbours were flooded in the study."]
)
def test_a_part_of_the_whole_is_silent(text: str) -> None:
    shown = text.split(" harbours", maxsplit=1)[0].split(" of", maxsplit=1)[0]
    value = {"Two": 2.0, "Three": 3.0}[shown]
    assert check(counting(text, Counted(shown, value, "harbour"))) == ()


def test_a_report_that_affirms_what_the_speaker_denied_is_unsupported() -> None:
    report = "the sea wall is dangerous"
    text = f"Wellerby of the Harbour Institute said {report}."
    said = [Said(report, "Wellerby", "Ann Wellerby", form="indirect")]
    (finding,) = check(covering(study(PEOPLE, QUOTES), article("http://b.example/1", text, said)))
    assert (finding.rule, finding.subject) == (Rule.UNSUPPORTED_PARAPHRASE, "wall")


@pytest.mark.parametrize(
    ("verb", "report"),
    [
        ("said", "the sea wall is not dangerous"),
        ("denied", "the sea wall is dangerous"),
        ("said", "the sea wall might be dangerous"),
        ("said", "the boats behave like a herd of cattle"),
        ("said", "the tide is late this year"),
    ],
)
def test_faithful_guarded_or_unrelated_reports_are_silent(verb: str, report: str) -> None:
    text = f"Wellerby of the Harbour Institute {verb} that {report}."
    said = [Said(report, "Wellerby", "Ann Wellerby", form="indirect")]
    assert check(covering(study(PEOPLE, QUOTES), article("http://b.example/1", text, said))) == ()


def family(*prints: tuple[str, str, str]) -> Coverage:
    """Articles of different outlets, each printing words of a named person without any reference."""
    return covering(
        study(),
        *(
            article(f"http://{host}.example/1", f"“{words}” said {name} on Monday.", [Said(words, name, name)])
            for host, words, name in prints
        ),
    )


def test_wordings_that_differ_without_a_reference_stay_unsettled() -> None:
    coverage = family(
        ("a", HERD, "Ann Wellerby"), ("b", HERD, "Ann Wellerby"), ("c", HERD.replace("cattle", "sheep"), "Ann Wellerby")
    )
    (finding,) = check(coverage)
    assert (finding.rule, finding.truth) == (Rule.ALTERED_QUOTE, "unsettled")
    assert [p.role for p in finding.evidence] == ["observed", "other"]


def test_the_same_words_given_to_two_people_stay_unsettled() -> None:
    (finding,) = check(family(("a", HERD, "Ann Wellerby"), ("b", HERD, "Carl Ostrom")))
    assert (finding.rule, finding.truth) == (Rule.MISATTRIBUTED_QUOTE, "unsettled")


def test_a_trim_in_another_outlet_is_no_disagreement() -> None:
    assert check(family(("a", HERD, "Ann Wellerby"), ("b", HERD.split(",", maxsplit=1)[0], "Ann Wellerby"))) == ()


def test_findings_come_gravest_first_and_are_the_same_every_time() -> None:
    coverage = quoting(WALL.replace("are not saying", "are saying"), "Ann Wellerbey", "Ann Wellerbey")
    found = check(coverage)
    assert rules(found) == ["altered-quote", "misspelt-name"]
    assert check(coverage) == found


def test_an_id_holds_when_other_articles_come_in() -> None:
    coverage = quoting(HERD.replace("herd", "flock"))
    more = covering(coverage.study, *coverage.retellings, article("http://c.example/2", "Nothing to see."))
    assert [f.id for f in check(more)] == [f.id for f in check(coverage)]


def test_a_draft_is_held_against_the_coverage_alone() -> None:
    name = "Ann Wellerby"
    draft = article("http://draft.example/d", f"“{LOGS}” said {name}.", [Said(LOGS, name, name)])
    assert rules(check_draft(draft, quoting(HERD.replace("herd", "flock")))) == ["misattributed-quote"]


def test_nothing_to_check_gives_nothing() -> None:
    assert check(Coverage(study=study(), retellings=(), alignments={}, evidence={})) == ()


@pytest.mark.parametrize("people", [(), PEOPLE])
def test_every_finding_carries_evidence_from_the_coverage(people: tuple[Speaker, ...]) -> None:
    quotes: tuple[ReferenceQuote, ...] = QUOTES if people else ()
    words = HERD.replace("herd", "flock")
    coverage = covering(study(people, quotes), article("http://b.example/1", f"“{words}”", [Said(words, None, None)]))
    for finding in check(coverage):
        assert all(passed.retelling in coverage.retellings for passed in finding.evidence)
