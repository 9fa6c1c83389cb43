import pytest
from coverage_builders import Said, article, covering, reference, speaker, study

from queries.check import check

ANN = speaker("ann", "Ann Wellerby", "Wellerby", affiliation="Harbour Institute")
WALL = "We are not saying that the sea wall is dangerous, but nobody has tested it in a real storm."
SAME_SENSE = "We're not saying the sea wall is dangerous, but nobody has tested it in a real storm."
RESERVATION_CUT = "the sea wall is dangerous"


def found(words: str, tolerance: str) -> list[tuple[str, int]]:
    text = f"A study of the Harbour Institute is out. “{words}” said Wellerby on Monday."
    told = study([ANN], [reference("wall", "ann", WALL, source="http://first.example/a", tolerance=tolerance)])  # type: ignore[arg-type]
    coverage = covering(told, article("http://b.example/1", text, [Said(words, "Wellerby", "Ann Wellerby")]))
    return [(finding.rule.value, finding.severity) for finding in check(coverage)]


@pytest.mark.parametrize("tolerance", ["punctuation", "trim"])
def test_change_that_keeps_the_sense_passes(tolerance: str) -> None:
    assert found(SAME_SENSE, tolerance) == []


def test_exact_reports_a_change_that_keeps_the_sense_as_slight() -> None:
    assert found(SAME_SENSE, "exact") == [("altered-quote", 1)]


@pytest.mark.parametrize("tolerance", ["exact", "punctuation", "trim"])
def test_cut_that_turns_the_sense_is_reported(tolerance: str) -> None:
    assert [rule for rule, _ in found(RESERVATION_CUT, tolerance)] == ["truncated-quote"]


ROOF = "I am very surprised by how quickly the old roof came down in the storm last night."
BOATS = "When the wind turns the big boats leave the harbour and the pilots simply follow them out to sea."


def test_two_remarks_printed_as_one_are_told_as_merged() -> None:
    told = study([ANN], [reference("roof", "ann", ROOF), reference("boats", "ann", BOATS)])
    words = "I am very surprised by how quickly the old roof came down and the pilots simply follow them out to sea."
    text = f"A study of the Harbour Institute is out. “{words}” said Wellerby on Monday."
    coverage = covering(told, article("http://b.example/1", text, [Said(words, "Wellerby", "Ann Wellerby")]))
    assert [finding.rule.value for finding in check(coverage)] == ["merged-quote"]
