"""One speaker across spellings and articles."""

from datetime import UTC, datetime

import pytest

from kb.claims import Speaker
from kb.records import Judgement
from kb.speakers import Judged, Voice, misspells, name_words, pair, same_name, voices


def speaker(name: str, *aliases: str) -> Speaker:
    slug = name.lower().replace(" ", "-")
    return Speaker(slug=slug, name=name, aliases=aliases, affiliation=None, role=None)


def spellings(*names: str, judged: Judged | None = None) -> list[set[str]]:
    return [set(voice.spellings) for voice in voices(dict.fromkeys(names, 1), judged=judged or Judged())]


def judged(verdict: str, one: str, other: str) -> Judged:
    at = datetime(2026, 4, 1, tzinfo=UTC)
    subject = pair(one, other)
    made = Judgement(subject=subject, verdict=verdict, user="a", made_at=at, note="", withdrawn_at=None)  # type: ignore[arg-type]
    return Judged.of({subject: made})


@pytest.mark.parametrize(
    "name", ["Jane Roe", "Dr. Jane Roe", "Jane Q. Roe", "Roe, Jane", "Roe", "Ms. Roe's", "J. Roe", "JANE ROE"]
)
def test_a_name_is_the_same_with_titles_initials_and_case(name: str) -> None:
    assert same_name(name, "Jane Roe")


@pytest.mark.parametrize("name", ["Paul Wallich", "Peter Ballard", "John Doe", "she", "", "Dr."])
def test_strangers_are_left_alone(name: str) -> None:
    assert not same_name(name, "Peter Wallich")
    assert not misspells(name, "Peter Wallich")


def test_a_slip_is_no_other_name() -> None:
    assert misspells("Peter Walich", "Peter Wallich")
    assert not misspells("Mills", "Miller")


def test_name_words_ignore_accents_titles_and_acronyms() -> None:
    assert name_words("Prof. José Núñez (UCB)") == ("jose", "nunez")


def test_spellings_join_the_fullest_name() -> None:
    assert spellings("Roe", "Jane Roe", "Jane Q. Roe", "Ann Lee") == [{"Roe", "Jane Roe", "Jane Q. Roe"}, {"Ann Lee"}]


def test_a_surname_of_two_people_means_neither() -> None:
    assert {"Roe"} in spellings("Roe", "Jane Roe", "John Roe")


def test_a_slip_across_articles_is_seen_through_and_marked_as_doubtful() -> None:
    (voice,) = voices({"Peter Wallich": 5, "Peter Walich": 1})
    assert voice == Voice(
        name="Peter Wallich", slug=None, spellings=("Peter Wallich", "Peter Walich"), doubtful=("Peter Walich",)
    )


def test_the_studys_speakers_come_first() -> None:
    (voice,) = voices({"D. Song": 2, "Song": 9}, [speaker("Dawn Song", "Song")])
    assert (voice.name, voice.slug, voice.spellings) == ("Dawn Song", "dawn-song", ("Song", "D. Song"))


def test_a_merge_that_was_judged_joins_names_that_share_nothing() -> None:
    assert spellings("Jane Roe", "Jane Doe-Smith") == [{"Jane Doe-Smith"}, {"Jane Roe"}]
    together = judged("confirmed", "Jane Roe", "Jane Doe-Smith")
    assert spellings("Jane Roe", "Jane Doe-Smith", judged=together) == [{"Jane Roe", "Jane Doe-Smith"}]


def test_a_split_that_was_judged_keeps_names_apart() -> None:
    apart = judged("rejected", "Jane Rowell", "Jane Rowel")
    assert spellings("Jane Rowell", "Jane Rowel") == [{"Jane Rowell", "Jane Rowel"}]
    assert spellings("Jane Rowell", "Jane Rowel", judged=apart) == [{"Jane Rowel"}, {"Jane Rowell"}]


def test_an_unsure_judgement_changes_nothing() -> None:
    open_ = judged("unsure", "Jane Rowell", "Jane Rowel")
    assert spellings("Jane Rowell", "Jane Rowel", judged=open_) == [{"Jane Rowell", "Jane Rowel"}]
