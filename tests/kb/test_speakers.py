"""One speaker across spellings and articles."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from growth import grows_linearly

from kb.claims import Speaker
from kb.records import Judgement
from kb.speakers import CROWD, Judged, Voice, misspells, name_words, names_of, pair, same_name, voices


def speaker(name: str, *aliases: str) -> Speaker:
    slug = name.lower().replace(" ", "-")
    return Speaker(slug=slug, name=name, aliases=aliases, affiliation=None, role=None)


def spellings(*names: str, judged: Judged | None = None) -> list[set[str]]:
    return [set(voice.spellings) for voice in voices(dict.fromkeys(names, 1), judged=judged or Judged())]


def judged(verdict: str, *names: str) -> Judged:
    """One verdict on each two neighbours of `names`, an hour apart."""
    return both((verdict, one, other) for one, other in pairwise(names))


def both(decided: Iterable[tuple[str, str, str]]) -> Judged:
    start = datetime(2026, 4, 1, tzinfo=UTC)
    made = [
        Judgement(
            subject=pair(one, other),
            verdict=verdict,  # type: ignore[arg-type]
            user="a",
            made_at=start + timedelta(hours=hours),
            note="",
            withdrawn_at=None,
        )
        for hours, (verdict, one, other) in enumerate(decided)
    ]
    return Judged.of({judgement.subject: judgement for judgement in made})


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


def test_a_merge_does_not_undo_an_earlier_one() -> None:
    chain = judged("confirmed", "Jane Roe", "Jane Doe", "Jay Poe")
    assert spellings("Jane Roe", "Jane Doe", "Jay Poe", judged=chain) == [{"Jane Roe", "Jane Doe", "Jay Poe"}]


def test_merges_reach_over_a_name_that_nobody_prints_any_more() -> None:
    chain = judged("confirmed", "Jane Roe", "Gone Person", "Jay Poe")
    assert spellings("Jane Roe", "Jay Poe", judged=chain) == [{"Jane Roe", "Jay Poe"}]


def test_what_is_kept_apart_from_one_name_is_kept_apart_from_those_it_was_merged_with() -> None:
    decided = both([("confirmed", "Jane Roe", "Jay Poe"), ("rejected", "Jay Poe", "J. Roe")])
    assert decided.one("J. Roe", ["Jane Roe"]) is False


def test_names_that_were_kept_apart_are_not_joined_by_merges_around_them() -> None:
    decided = both([("confirmed", "Ann A", "Bea B"), ("confirmed", "Bea B", "Cyd C"), ("rejected", "Ann A", "Cyd C")])
    assert decided.one("Ann A", ["Bea B"]) is True
    assert decided.one("Bea B", ["Cyd C"]) is False
    assert decided.one("Ann A", ["Cyd C"]) is False


@pytest.mark.parametrize("name", ["Jane Roe | BBC", "Roe |", "| Roe", "||", "Roe || Doe"])
def test_a_bar_in_a_name_does_not_part_it(name: str) -> None:
    assert set(names_of(pair(name, "Ann Lee"))) == {name, "Ann Lee"}
    assert spellings(name, "Ann Lee", judged=judged("confirmed", name, "Ann Lee")) == [{name, "Ann Lee"}]


def strange(number: int) -> str:
    """A word of nine letters, unlike the others."""
    digest = hashlib.sha256(str(number).encode()).digest()[:9]
    return "".join(chr(ord("a") + byte % 26) for byte in digest).capitalize()


@pytest.mark.parametrize("name", ["{} Smith", "Jane {}", "{}", "J. {} Smith", "Jane {} Smith", "{} Jane Smith"])
def test_time_grows_with_the_number_of_different_names(name: str) -> None:
    def work(size: int) -> object:
        return voices(dict.fromkeys([*(name.format(strange(number)) for number in range(size)), "Smith", "Jane"], 1))

    assert grows_linearly(work, 500)


def test_a_slip_is_seen_among_many_other_bearers_of_a_name() -> None:
    many = dict.fromkeys((f"Jane {strange(number)}" for number in range(300)), 2)
    found = voices({**many, "Jane Wallich": 9, "Jane Walich": 1})
    assert found[0].spellings == ("Jane Wallich", "Jane Walich")
    assert len(found) == 301


def test_likeness_in_a_crowd_says_nothing() -> None:
    crowd = dict.fromkeys((f"Jane W{strange(number).lower()}h" for number in range(CROWD)), 2)
    assert len(voices({**crowd, "Jane Wallich": 9, "Jane Walich": 1})) == CROWD + 2
