"""Where wordings stand: every place once, earliest first, within a filter; and which wordings a filter leaves."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import attrs
import pytest
from making import EXTRACT, NOON, connection, hold

from kb.occurrences import SHOWN, Filter, Occurrences
from kb.records import Alignment, Tool
from kb.store import RecordStore
from kb.text import words_digest

LEDGER, STAR = "https://ledger.example/a", "https://star.example/b"
RISE, ELSE = words_digest("Tides rise."), words_digest("Nothing else.")


@pytest.fixture
def store(store_url: str) -> Iterator[RecordStore]:
    """On each database."""
    with RecordStore.open(store_url) as opened:
        yield opened


@pytest.fixture
def places(store: RecordStore) -> Iterator[Occurrences]:
    with closing(connection(store)) as opened:
        yield Occurrences(opened)


def of(places: Occurrences, digest: str, narrowed: Filter | None = None) -> list[tuple[str, str]]:
    """Kind and address of each place of a wording."""
    (number,) = places.numbers([digest]).values()
    return [(place.kind, place.url) for place in places.standing([number], narrowed or Filter()).get(number, [])]


def test_wording_stands_wherever_it_was_printed_earliest_first(store, places):
    hold(store, STAR, ["Tides rise."], published=NOON + timedelta(days=1))
    hold(store, LEDGER, ["TIDES RISE"], published=NOON)
    assert of(places, RISE) == [("passage", LEDGER), ("passage", STAR)]


def test_occurrence_is_citable(store, places):
    long = "Before that. " * 20
    hold(store, LEDGER, [long.strip(), "Tides rise, she said.", "After it."], [("Tides rise", "Ann Wu")])
    (number,) = places.numbers([RISE]).values()
    (place,) = places.standing([number], Filter())[number]
    assert (place.kind, place.speaker, place.exact) == ("quote", "Ann Wu", "Tides rise")
    assert (place.source, place.title, place.published_at, place.fetched_at) == ("ledger.example", "Tides", NOON, NOON)
    assert (place.start, place.end) == (len(long), len(long) + 10)
    assert place.before == long[-SHOWN:]
    assert place.after == ", she said. After it."
    assert place.snapshot == "sha256:00"


def test_characters_outside_the_first_plane_do_not_shift_a_place(store, places):
    hold(store, LEDGER, ["🌊🌊 naïve", "Tides rise.", "🌊"])
    (number,) = places.numbers([RISE]).values()
    (place,) = places.standing([number], Filter())[number]
    assert (place.before, place.exact, place.after) == ("🌊🌊 naïve ", "Tides rise.", " 🌊")


@pytest.mark.parametrize(
    ("narrowed", "urls"),
    [
        (Filter(), {LEDGER, STAR}),
        (Filter(kind="quote"), {STAR}),
        (Filter(kind="passage"), {LEDGER, STAR}),
        (Filter(source="star.example"), {STAR}),
        (Filter(source="nobody"), set()),
        (Filter(since=NOON), {LEDGER}),
        (Filter(since=NOON + timedelta(seconds=1)), set()),
        (Filter(until=NOON), {STAR}),
        (Filter(speaker=("Wu",)), {STAR}),
        (Filter(speaker=("åNGSTRÖM WU",)), {STAR}),
        (Filter(speaker=("Roe", "wu")), {STAR}),
        (Filter(speaker=("%",)), set()),
        (Filter(speaker=("_",)), set()),
        (Filter(speaker=("Wu",), kind="passage"), set()),
        (Filter(language="en"), {LEDGER, STAR}),
        (Filter(language="de"), set()),
        (Filter(verdict="altered"), {STAR}),
        (Filter(verdict="verbatim"), set()),
        (Filter(verdict="altered", source="ledger.example"), set()),
    ],
)
def test_filter_narrows_places_and_matching_alike(store, places, narrowed, urls):
    hold(store, LEDGER, ["Tides rise."], published=NOON)
    hold(store, STAR, ["Nothing else."], [("Nothing else", "Ångström Wu")], published=NOON - timedelta(days=1))
    align = Tool(name="align", version="1")
    altered = Alignment(
        quote="tides", words_sha256=ELSE, tool=align.id, edits=(), verdict="altered", sense_kept=True, confidence=0.9
    )
    store.commit(None, [altered])
    store.activate("pair", align.id, {"alignments": align.id})
    numbers = list(places.numbers([RISE, ELSE]).values())
    found = places.standing(numbers, narrowed)
    assert {place.url for where in found.values() for place in where} == urls
    assert set(found) == set(places.matching(narrowed)) == set(places.matching(narrowed, among=numbers))


def test_no_more_are_matched_than_asked(store, places):
    hold(store, LEDGER, [f"Sentence {n}." for n in range(9)])
    assert len(places.matching(Filter(), limit=4)) == 4
    assert len(places.matching(Filter())) == 9


def test_undated_article_is_in_no_window(store, places):
    hold(store, LEDGER, ["Tides rise."], published=None)
    assert places.matching(Filter(since=NOON)) == []


def test_wording_of_a_text_that_a_newer_extraction_replaced_stands_nowhere(store, places):
    hold(store, LEDGER, ["Tides rise."])
    newer = attrs.evolve(EXTRACT, version="2")
    store.activate("extract", newer.id, {"extractions": newer.id})
    assert of(places, RISE) == []


def test_article_captured_again_unchanged_counts_once(store, places):
    hold(store, LEDGER, ["Tides rise."], hours=0)
    hold(store, LEDGER, ["Tides rise."], hours=5)
    assert of(places, RISE) == [("passage", LEDGER)]
