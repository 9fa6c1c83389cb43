"""Affiliations at odds: what is told, and the many ways in which two affiliations are both right."""

import attrs
import pytest
from coverage_builders import Said, article, covering, speaker, study

from kb.claims import Study
from queries import affiliation_rules
from queries.attribution import occurrences, resolver
from queries.rules import Finding

WORDS = "The nets held longer than anybody on the boat had hoped."
ROE = speaker("roe", "Ada Roe", affiliation="University of Leeds")
POLE = speaker("pole", "Ben Pole", affiliation="Marram Institute")
STUDY = study([ROE, POLE])


def told(*pages: tuple[str, str | None], of: Study = STUDY) -> list[Finding]:
    """Findings where each outlet places Ada Roe as given."""
    articles = [
        article(
            f"https://{outlet}.example/nets",
            f"“{WORDS}” said Ada Roe{f', a biologist at {place}' if place else ''}. The team mends nets.",
            [Said(WORDS, "Ada Roe", "Ada Roe", affiliation=f"a biologist at {place}" if place else None)],
        )
        for outlet, place in pages
    ]
    made = covering(of, *articles)
    said = occurrences(made, resolver(of))
    return list(affiliation_rules.findings(made, said, frozenset(each.article.id for each in articles)))


def test_another_university_is_told_with_both_sides_and_stays_unsettled() -> None:
    (found,) = told(("gull", "the University of Hull"), ("tern", "the University of Leeds"))
    assert (found.expected, found.observed, found.truth) == ("University of Leeds", "University of Hull", "unsettled")
    passed = found.evidence[0]
    assert passed.retelling.words(passed.span) == "University of Hull"


def test_the_institution_of_another_speaker_is_surer_than_a_stranger_one() -> None:
    (swapped,) = told(("gull", "the Marram Institute"))
    (other,) = told(("gull", "the University of Hull"))
    assert swapped.confidence > other.confidence


@pytest.mark.parametrize(
    "places",
    [
        ["the University of Leeds"],
        ["Leeds University"],
        ["the School of Biology at the University of Leeds"],
        ["the Harbour Museum"],
        [None],
        ["the University of Hull and the University of Leeds"],
        ["the University of Hull", "the University of Hull"],
    ],
)
def test_what_may_be_true_as_well_is_silent(places: list[str | None]) -> None:
    assert not told(*((f"paper{number}", place) for number, place in enumerate(places)))


def test_the_studys_institution_elsewhere_in_the_article_clears_nobody() -> None:
    place = "the University of Hull"
    page = article(
        "https://gull.example/nets",
        f"The University of Leeds has a study.\n“{WORDS}” said Ada Roe, a biologist at {place}.",
        [Said(WORDS, "Ada Roe", "Ada Roe", affiliation=f"a biologist at {place}")],
    )
    other = article("https://tern.example/nets", f"Roe has moved to {place}.", [])
    alone, both = covering(STUDY, page), covering(STUDY, page, other)
    found, silent = (
        list(affiliation_rules.findings(made, occurrences(made, resolver(STUDY)), frozenset([page.article.id])))
        for made in (alone, both)
    )
    assert [each.observed for each in found] == ["University of Hull"]
    assert silent == []


def test_without_a_reference_two_other_outlets_decide_what_is_expected() -> None:
    unknown = study([attrs.evolve(ROE, affiliation=None)])
    assert not told(("gull", "Hull University"), ("tern", "Leeds University"), of=unknown)
    both = told(("gull", "Hull University"), ("tern", "Leeds University"), ("skua", "Leeds University"), of=unknown)
    assert [found.observed for found in both] == ["Hull University"]
