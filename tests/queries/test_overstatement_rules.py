"""What outlets make of the study's claims: stronger than it says them, or without its limits."""

import attrs
from coverage_builders import Counted, article, claim, covering, expectation, speaker, study

from kb.claims import Claim
from queries.check import check

ADA = speaker("ada", "Ada Quill", affiliation="Moor College")
LINK = claim("link", "Long shifts were linked to more broken cups in the canteen")
ONE = claim("one", "One of the robots, Kestrel, dropped the whole tray of cups")
MADE_UP = claim("made-up", "In a simulated kitchen, robots carried the cups to the wrong table")
SHARE = attrs.evolve(
    claim(
        "share",
        "On night shifts, 34 percent of the cups were broken",
        expectation(34, "percent of the cups", "on night shifts"),
    ),
    caveats=("counted in one canteen",),
)
FILLER = "The canteen of the college is large and has a view of the river and of the park behind it. " * 4


def found(
    text: str, *counted: Counted, claims: tuple[Claim, ...] = (LINK, ONE, MADE_UP), filler: str = ""
) -> list[str]:
    page = article("http://b.example/1", f"Moor College has published a paper. {text} {filler}", (), counted)
    return [finding.rule.value for finding in check(covering(study([ADA], (), claims), page))]


def test_a_link_told_as_a_cause_is_overstated() -> None:
    assert found("Long shifts cause more broken cups in the canteen.") == ["overstated"]
    assert found("Long shifts were linked to more broken cups in the canteen.") == []


def test_a_link_with_its_hedge_kept_is_silent() -> None:
    assert found("Long shifts may cause more broken cups in the canteen.") == []


def test_one_told_as_all_is_overstated() -> None:
    assert found("All of the robots dropped the whole tray of cups.") == ["overstated"]
    assert found("One of the robots dropped the whole tray of cups.") == []


def test_a_simulation_told_as_real_is_overstated() -> None:
    assert found("In real kitchens, robots carried the cups to the wrong table.") == ["overstated"]
    assert found("In the simulated kitchen, robots carried the cups to the wrong table.") == []


def test_who_doubts_a_claim_does_not_overstate_it() -> None:
    assert found("It is wrong that long shifts cause more broken cups in the canteen.") == []


def dropped(text: str, filler: str = FILLER) -> list[str]:
    return found(text, Counted("34 percent", 34, "percent", "cup break"), claims=(SHARE,), filler=filler)


def test_a_claim_without_any_limit_drops_its_caveat() -> None:
    assert dropped("On night shifts, 34 percent of the cups were broken.") == ["caveat-dropped"]


def test_a_caveat_in_other_words_is_kept() -> None:
    assert dropped("On night shifts, 34 percent of the cups were broken. Only one canteen was counted.") == []


def test_any_word_of_caution_keeps_the_rule_silent() -> None:
    assert dropped("On night shifts, 34 percent of the cups were broken. The result is preliminary.") == []


def test_a_brief_owes_no_caveat() -> None:
    assert dropped("On night shifts, 34 percent of the cups were broken.", filler="") == []


def test_a_number_of_the_caveat_must_be_told_too() -> None:
    told = "On night shifts, 34 percent of the cups were broken. "
    assert dropped(told + "A canteen like this counted its spoons.") == ["caveat-dropped"]
    assert dropped(told + "They counted in one canteen.") == []


def test_a_share_told_as_a_bare_fraction_is_the_claim() -> None:
    assert found("On night shifts, cups were broken by about a third.", claims=(SHARE,), filler=FILLER) == [
        "caveat-dropped"
    ]


def test_in_all_is_a_sum_and_no_universal() -> None:
    cups = claim("cups", "The paper looked at 48 cups of coffee", expectation(48, "cups"))
    told = Counted("48", 48, "", "cup")
    assert found("In all, 48 cups of coffee were looked at.", told, claims=(cups,)) == []
