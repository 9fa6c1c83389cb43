"""One speaker across spellings and articles."""

import pytest

from kb.claims import Speaker
from kb.speakers import groups, match, name_words


def speaker(name: str, *aliases: str) -> Speaker:
    slug = name.lower().replace(" ", "-")
    return Speaker(slug=slug, name=name, aliases=aliases, affiliation=None, role=None)


ROE = speaker("Jane Roe", "J. Q. Roe-Doe")
WALLICH = speaker("Peter Wallich")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("Jane Roe", "exact"),
        ("Dr. Jane Roe", "exact"),
        ("Jane Q. Roe", "exact"),
        ("J. Q. Roe-Doe", "alias"),
        ("Roe", "surname"),
        ("Ms. Roe's", "surname"),
    ],
)
def test_match_finds_the_speaker(name: str, how: str) -> None:
    found = match(name, [ROE, WALLICH])
    assert found is not None
    assert (found.speaker, found.how) == (ROE, how)


def test_match_sees_through_a_slip() -> None:
    found = match("Peter Walich", [ROE, WALLICH])
    assert found is not None
    assert (found.speaker, found.how) == (WALLICH, "misspelt")
    assert found.likeness < 1


@pytest.mark.parametrize("name", ["Paul Wallich", "Peter Ballich", "John Doe", "she", "", "Dr."])
def test_match_leaves_strangers_alone(name: str) -> None:
    assert match(name, [ROE, WALLICH]) is None


def test_a_surname_of_two_speakers_means_neither() -> None:
    assert match("Roe", [ROE, speaker("John Roe")]) is None


def test_name_words_ignore_accents_titles_and_acronyms() -> None:
    assert name_words("Prof. José Núñez (UCB)") == ("jose", "nunez")


def test_groups_join_spellings_under_the_fullest_name() -> None:
    assert groups(["Roe", "Jane Roe", "Jane Q. Roe", "Ann Lee"]) == (("Jane Q. Roe", "Jane Roe", "Roe"), ("Ann Lee",))


def test_groups_leave_a_shared_surname_alone() -> None:
    assert ("Roe",) in groups(["Roe", "Jane Roe", "John Roe"])


def test_judgements_go_before_likeness() -> None:
    names = ["Jane Roe", "Jane Rowe", "A. Lee"]
    assert groups(names, split=[frozenset(("Jane Roe", "Jane Rowe"))]) == (("A. Lee",), ("Jane Roe",), ("Jane Rowe",))
    assert ("A. Lee", "Jane Roe", "Jane Rowe") in groups(names, merged=[frozenset(("A. Lee", "Jane Roe"))])
