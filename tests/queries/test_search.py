"""Search: a full page of wordings, each once, best first, the same each time; and no query that breaks it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import get_args

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import EXTRACT, NOON, hold, study
from newsdesk import HashEmbedder

from kb.claims import Claim
from kb.fulltext import StoredLexicalIndex
from kb.index import ExactIndex
from kb.reader import Filter, Reader
from kb.records import Embedding
from kb.store import RecordStore
from kb.text import words_digest
from queries.search import Mode, Searcher, to_json

MODES = get_args(Mode)
NAPS = "A short nap cuts errors on night wards."
CLAIM = Claim(slug="naps", text="Naps cut errors.", speaker=None, expect=(), caveats=(), document=None, exact=None)
embedder = HashEmbedder()


def searcher(store: RecordStore, **changes: object) -> Searcher:
    """As the workspace wires it, with the vectors of everything that is active."""
    known = study(claims=(CLAIM,))
    words = {**Reader(store).wordings(store.active_wordings()), words_digest(CLAIM.text): CLAIM.text}
    vectors = dict(zip(words, embedder.encode(list(words.values())), strict=True))
    tool = embedder.tool.id
    records = [Embedding(words_sha256=key, tool=tool, vector=vector) for key, vector in vectors.items()]
    store.commit(None, records, {words_digest(CLAIM.text): CLAIM.text})
    plain = Searcher(
        reader=Reader(store),
        index=lambda: ExactIndex(vectors),
        lexical=StoredLexicalIndex(store),
        encode=embedder.encode,
        embed_tool=tool,
        study=known,
    )
    return attrs.evolve(plain, **changes)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordStore]:
    path: Path = tmp_path_factory.mktemp("search") / "records.db"
    with RecordStore.open(f"sqlite:///{path}") as opened:
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
def searching(store: RecordStore) -> Searcher:
    return searcher(store)


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
            assert narrowed.source in (None, place.article.source)
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
        for mode in MODES:
            hits = searcher(store).search("the old nap text number", k=8, mode=mode)
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
    (hit,) = searching.search("errors", narrowed=Filter(kind="claim"))
    assert (hit.kind, hit.text, hit.occurrences) == ("claim", CLAIM.text, ())


def test_words_of_the_study_alone_are_no_hit(searching):
    assert CLAIM.text not in {hit.text for hit in searching.search("naps cut errors", k=100)}


@pytest.mark.parametrize("mode", MODES)
def test_empty_store_finds_nothing(mode):
    with RecordStore.open("sqlite://") as empty:
        assert searcher(empty, study=study()).search("nap", mode=mode) == ()
        assert searcher(empty, study=study()).search("nap", mode=mode, narrowed=Filter(kind="quote")) == ()


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
def test_real_model_takes_any_query(embedder, query):
    with RecordStore.open("sqlite://") as empty:
        asking = searcher(empty, encode=embedder.encode, index=ExactIndex)
        assert asking.search(query) == ()


def test_json_holds_what_the_contract_says(searching):
    hits = searching.search("nap", k=2)
    plain = json.loads(json.dumps(to_json("nap", "hybrid", 12.345, hits)))
    assert plain["query"] == "nap"
    assert plain["took_ms"] == 12.3
    assert set(plain["hits"][0]) == {"rank", "score", "kind", "text", "speaker", "occurrences"}
    place = plain["hits"][0]["occurrences"][0]
    assert {"url", "source", "title", "published_at", "start", "end", "exact", "prefix", "suffix", "snapshot"} <= set(
        place
    )
    assert place["published_at"].endswith("Z")
    assert place["snapshot"].startswith("sha256:")
