"""Search: a full page of wordings, each once, best first, the same each time; and no query that breaks it."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any, get_args

import attrs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import EXTRACT, NOON, connection, hold
from newsdesk import HashEmbedder

from kb.claims import Claim
from kb.matrix import Matrix
from kb.occurrences import Filter, Occurrences
from kb.reader import Reader
from kb.store import RecordStore
from kb.text import words_digest
from kb.tsvector import lexical_index
from queries import kept, search
from queries.search import Mode, Searcher, to_json

MODES = get_args(Mode)
NAPS = "A short nap cuts errors on night wards."
CLAIM = Claim(slug="naps", text="Naps cut errors.", speaker=None, expect=(), caveats=(), document=None, exact=None)
embedder = HashEmbedder()


@contextmanager
def searcher(store: RecordStore, **changes: Any) -> Iterator[Searcher]:
    """As the workspace wires it, with the vectors of everything that is active."""
    words = {**Reader(store).wordings(store.active_wordings()), words_digest(CLAIM.text): CLAIM.text}
    store.commit(None, [], {words_digest(CLAIM.text): CLAIM.text})
    with closing(connection(store)) as opened:
        places = Occurrences(opened)
        by_number = sorted((number, words[key]) for key, number in places.numbers(words).items())
        numbers = np.array([number for number, _ in by_number], np.int64)
        matrix = Matrix(numbers, embedder.encode([said for _, said in by_number]))
        plain = Searcher(
            places=places,
            lexical=lexical_index(opened),
            matrix=matrix,
            nearest=matrix.nearest,
            encode=embedder.encode,
        )
        yield attrs.evolve(plain, **changes)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordStore]:
    """On each database."""
    url = f"sqlite:///{tmp_path_factory.mktemp('search')}/records.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").url()
    with RecordStore.open(url) as opened:
        for number in range(40):
            host = "ledger" if number % 4 else "star"
            hold(
                opened,
                f"https://{host}.example/{number}",
                [NAPS, f"Ward {number} had a nap room.", f"Nothing about sleep in story {number}."],
                [("nap room", "Elise Moreau" if number % 2 else "Tom Beck")],
                published=NOON + timedelta(days=number),
            )
        yield opened


@pytest.fixture(scope="module")
def searching(store: RecordStore) -> Iterator[Searcher]:
    with searcher(store) as opened:
        yield opened


@pytest.mark.parametrize("mode", MODES)
def test_best_wording_comes_first_once_with_every_place_earliest_first(searching, mode):
    best = searching.search("short nap cuts errors on night wards", mode=mode)[0]
    assert best.text == NAPS
    assert best.rank == 1
    assert len(best.occurrences) == 40
    dates = [place.published_at for place in best.occurrences]
    assert dates == sorted(dates)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "narrowed",
    [
        Filter(),
        Filter(kind="passage"),
        Filter(source="star.example"),
        Filter(since=NOON + timedelta(days=30)),
        Filter(until=NOON + timedelta(days=10)),
        Filter(source="star.example", since=NOON + timedelta(days=8), kind="passage"),
    ],
)
def test_filter_leaves_a_full_page(searching, mode, narrowed):
    hits = searching.search("nap room", k=5, mode=mode, narrowed=narrowed)
    assert len(hits) == 5
    for hit in hits:
        for place in hit.occurrences:
            assert narrowed.source in (None, place.source)
            assert narrowed.since is None or place.published_at >= narrowed.since
            assert narrowed.until is None or place.published_at < narrowed.until


def test_filter_by_speaker_finds_what_they_said(searching):
    (hit,) = searching.search("nap", narrowed=Filter(speaker=("moreau",)))
    assert (hit.kind, hit.text, hit.speaker) == ("quote", "nap room", "Elise Moreau")
    assert len(hit.occurrences) == 20


def test_filter_that_nothing_meets_finds_nothing(searching):
    assert searching.search("nap", narrowed=Filter(source="nobody")) == ()


def test_wordings_that_stand_nowhere_any_more_do_not_shorten_the_page(tmp_path):
    with RecordStore.open(f"sqlite:///{tmp_path}/records.db") as store:
        hold(store, "https://a.example/1", [f"The old nap text number {n}." for n in range(30)])
        newer = attrs.evolve(EXTRACT, version="2")
        store.activate("extract", newer.id, {"extractions": newer.id})
        store.activate("extract", EXTRACT.id, {"extractions": EXTRACT.id})
        hold(store, "https://a.example/2", [f"A nap in story {n}." for n in range(10)])
        with searcher(store) as asked:
            for mode in MODES:
                hits = asked.search("the old nap text number", k=8, mode=mode)
                assert len(hits) == 8
                assert all(hit.text.startswith("A nap") for hit in hits)


@pytest.mark.parametrize("mode", MODES)
def test_same_query_gives_the_same_answer(searching, mode):
    ask = lambda: [(hit.text, hit.score) for hit in searching.search("ward story", k=30, mode=mode)]  # noqa: E731
    assert ask() == ask()


@pytest.mark.parametrize("mode", MODES)
def test_longer_page_begins_with_the_shorter(searching, mode):
    short = [hit.text for hit in searching.search("ward story", k=5, mode=mode)]
    long = [hit.text for hit in searching.search("ward story", k=25, mode=mode)]
    assert long[:5] == short
    assert len(long) == 25


@pytest.mark.parametrize("mode", MODES)
def test_scores_fall_and_ranks_count(searching, mode):
    hits = searching.search("nap ward", k=20, mode=mode)
    assert [hit.rank for hit in hits] == list(range(1, 21))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(-0.001 <= score <= 1.001 for score in scores)


def test_claims_are_searched_by_kind(searching):
    (hit,) = searching.claims("errors", [CLAIM])
    assert (hit.kind, hit.text, hit.occurrences) == ("claim", CLAIM.text, ())


def test_words_of_the_study_alone_are_no_hit(searching):
    assert CLAIM.text not in {hit.text for hit in searching.search("naps cut errors", k=100)}


@pytest.mark.parametrize("mode", MODES)
def test_empty_store_finds_nothing(mode, tmp_path):
    with RecordStore.open(f"sqlite:///{tmp_path}/records.db") as empty, searcher(empty) as asked:
        assert asked.search("nap", mode=mode) == ()
        assert asked.search("nap", mode=mode, narrowed=Filter(kind="quote")) == ()


@pytest.mark.parametrize("query", ["", "  ", "?!…—", '""', "“”", "*", "()"])
def test_query_of_marks_alone_has_no_shared_words(searching, query):
    assert searching.search(query, mode="lexical") == ()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.text(st.one_of(st.characters(), st.sampled_from('"*()ANDORNEAR:^- \ud83d\udcff\x00')), max_size=30),
    mode=st.sampled_from(MODES),
)
def test_no_query_raises(searching, query, mode):
    assert isinstance(searching.search(query, mode=mode, k=3), tuple)


@pytest.mark.parametrize("query", ["\udcff", "caf\udce9", "\ud83d\ude00", "nap\x00", "a" * 10_000])
def test_real_model_takes_any_query(embedder, query, tmp_path):
    nothing = Matrix(np.empty(0, np.int64), np.empty((0, 384), np.float32))
    real = {"encode": embedder.encode, "matrix": nothing, "nearest": nothing.nearest}
    with RecordStore.open(f"sqlite:///{tmp_path}/records.db") as empty, searcher(empty, **real) as asked:
        assert asked.search(query) == ()


def test_json_holds_what_the_contract_says(searching):
    hits = searching.search("nap", k=2)
    plain = json.loads(json.dumps(to_json("nap", "hybrid", 12.345, hits)))
    assert plain["query"] == "nap"
    assert plain["took_ms"] == 12.3
    assert set(plain["hits"][0]) == {"rank", "score", "kind", "text", "matched", "speaker", "occurrences"}
    place = plain["hits"][0]["occurrences"][0]
    assert {"url", "source", "title", "published_at", "start", "end", "exact", "prefix", "suffix", "snapshot"} <= set(
        place
    )
    assert place["published_at"].endswith("Z")
    assert place["snapshot"].startswith("sha256:")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("narrow", [0, 5])
def test_filter_that_few_wordings_meet_leaves_a_full_page(tmp_path, monkeypatch, mode, narrow):
    """One outlet in fifty, whose wordings are the worst answers: met before ranking or after, none is missed."""
    monkeypatch.setattr(kept, "NARROW", narrow)
    monkeypatch.setattr(search, "POOL", 3)
    with RecordStore.open(f"sqlite:///{tmp_path}/records.db") as store:
        for number in range(50):
            hold(store, f"https://wire.example/{number}", [f"A nap, a nap on ward {number}."])
        hold(store, "https://star.example/1", [f"At {n} o'clock somebody took some sort of nap." for n in range(5)])
        with searcher(store) as asked:
            hits = asked.search("nap on ward", k=5, mode=mode, narrowed=Filter(source="star.example"))
            assert len(hits) == 5
            assert {place.source for hit in hits for place in hit.occurrences} == {"star.example"}


def test_answers_are_those_that_have_all_words_or_come_near(searching):
    found = searching.answering("nap cuts errors", 1.0, Filter())
    assert {place.exact for places in found.values() for place in places} == {NAPS}
    assert searching.answering("nap submarine", 1.0, Filter()) == {}
    assert searching.answering("?!", 1.0, Filter()) == {}
    near = searching.answering("a short nap cuts errors on night wards", 0.99, Filter())
    assert {place.exact for places in near.values() for place in places} == {NAPS}
    nowhere = searching.answering("nap cuts errors", 1.0, Filter(source="nobody"))
    assert nowhere == {}


@pytest.mark.parametrize("mode", ["dense", "hybrid"])
def test_what_a_process_keeps_of_a_filter_is_ranked_exactly(searching, mode):
    """Whatever the index would have found."""
    narrowed = Filter(source="star.example", kind="passage")
    keeping = lambda asked: kept.left(searching.places, searching.matrix, asked)  # noqa: E731
    blind = attrs.evolve(searching, kept=keeping, nearest=lambda vector, k: [])
    expected = [hit.text for hit in searching.search("nap room in story", mode=mode, narrowed=narrowed)]
    assert [hit.text for hit in blind.search("nap room in story", mode=mode, narrowed=narrowed)] == expected


def test_wide_filter_is_met_by_one_question_to_the_index(tmp_path, monkeypatch):
    """Every fifth wording is one outlet's: as many of all are asked for as leave enough of them."""
    monkeypatch.setattr(kept, "NARROW", 5)
    pools = []

    def nearest(vector, pool):
        pools.append(pool)
        return asked.matrix.nearest(vector, pool)

    with RecordStore.open(f"sqlite:///{tmp_path}/records.db") as store:
        for number in range(60):
            source = "star.example" if number % 5 == 0 else "wire.example"
            hold(store, f"https://{source}/{number}", [f"A nap of {number} minutes on the ward."])
        with searcher(store) as asked:
            narrowed = Filter(source="star.example")
            best = asked.search("a nap of three minutes", k=4, mode="dense", narrowed=narrowed)
            keeping = lambda given: kept.left(asked.places, asked.matrix, given)  # noqa: E731
            staying = attrs.evolve(asked, kept=keeping, nearest=nearest)
            assert staying.search("a nap of three minutes", k=4, mode="dense", narrowed=narrowed) == best
    assert len(best) == 4
    assert len(pools) == 1
    assert pools[0] < 61


def test_words_of_the_query_are_marked_in_every_form(searching):
    hit = next(hit for hit in searching.search("napping error", k=50) if hit.text == NAPS)
    assert [hit.text[start:end] for start, end in hit.matched] == ["nap", "errors"]
