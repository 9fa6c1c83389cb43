"""What readers see: active records alone, each article once, wordings with every place they stand."""

from collections.abc import Iterator
from datetime import timedelta

import attrs
import numpy as np
import pytest
from making import ANNOTATE, EXTRACT, NOON, hold, outcome, source, study

from kb.reader import Reader
from kb.records import Embedding, Tool
from kb.store import RecordStore
from kb.text import words_digest

LEDGER, STAR = "https://ledger.example/a", "https://star.example/b"
RISE = words_digest("Tides rise.")
EMBED = Tool(name="embed", version="1")


@pytest.fixture
def store(store_url: str) -> Iterator[RecordStore]:
    """On each database."""
    with RecordStore.open(store_url) as opened:
        yield opened


@pytest.fixture
def reader(store: RecordStore) -> Reader:
    return Reader(store)


def test_coverage_is_ordered_by_publication_then_address_with_undated_last(store, reader):
    hold(store, "https://c.example/1", ["One."], published=None)
    hold(store, "https://b.example/1", ["Two."], published=NOON)
    hold(store, "https://a.example/1", ["Three."], published=NOON)
    hold(store, "https://d.example/1", ["Four."], published=NOON - timedelta(days=1))
    urls = [retelling.article.canonical_url for retelling in reader.coverage(study()).retellings]
    assert urls == [f"https://{name}.example/1" for name in "dabc"]


def test_article_shows_its_latest_capture(store, reader):
    hold(store, LEDGER, ["Tides rise."], hours=0)
    hold(store, LEDGER, ["Tides fall."], hours=2)
    hold(store, LEDGER, ["Tides stand."], hours=1)
    assert [retelling.text.text for retelling in reader.coverage(study()).retellings] == ["Tides fall."]


@pytest.mark.parametrize(("moved", "stands"), [(-20, 0), (20, 20), (0, 0)])
def test_an_article_does_not_get_older_after_it_was_captured(store, reader, moved, stands):
    """It would come before those that it has its matter from; a date that moves on is the page's own affair."""
    hold(store, LEDGER, ["Tides rise."], published=NOON)
    hold(store, LEDGER, ["Tides fall."], published=NOON + timedelta(days=moved), hours=2)
    (retelling,) = reader.coverage(study()).retellings
    assert retelling.text.text == "Tides fall."
    assert retelling.extraction.published_at == NOON + timedelta(days=stands)


def test_retelling_has_all_that_stands_in_its_text_in_order(store, reader):
    hold(store, LEDGER, ["Tides rise.", "Boats left."], [("Boats", "Ann Wu"), ("Tides", None)])
    (retelling,) = reader.coverage(study()).retellings
    assert [retelling.text.text[p.start : p.end] for p in retelling.passages] == ["Tides rise.", "Boats left."]
    assert [retelling.words(q.content) for q in retelling.quotes] == ["Tides", "Boats"]


def test_source_of_the_study_stands_with_its_articles(store, reader):
    hold(store, LEDGER, ["Tides rise."])
    named = source("ledger.example", "ledger.example")
    assert reader.coverage(study(sources=(named,))).retellings[0].source == named


def test_source_that_the_study_does_not_name_is_called_as_it_is(store, reader):
    hold(store, LEDGER, ["Tides rise."])
    assert reader.coverage(study()).retellings[0].source.name == "ledger.example"


def test_empty_store_has_empty_coverage(reader):
    assert reader.coverage(study()).retellings == ()


def test_vectors_come_with_the_keys_that_have_one(store, reader):
    store.commit(None, [Embedding(words_sha256=key, tool=EMBED.id, vector=[1.0, 0.0]) for key in "ab"])
    keys, vectors = reader.vectors(["b", "c", "a"], EMBED.id)
    assert sorted(keys) == ["a", "b"]
    assert vectors.shape == (2, 2)
    assert vectors.dtype == np.float32


def test_no_vectors_are_an_empty_matrix(reader):
    assert reader.vectors([], EMBED.id)[0] == []


def test_wordings_of_a_text_tell_quotes_from_passages(store, reader):
    read = hold(store, LEDGER, ["Tides rise, she said."], [("Tides rise", None)])
    store.commit(None, [Embedding(words_sha256=RISE, tool=EMBED.id, vector=[0.0, 1.0])])
    worded = {w.wording: w for w in reader.worded(read.text, EMBED.id)}
    assert worded["Tides rise"].quoted
    assert worded["Tides rise"].vector.tolist() == [0.0, 1.0]
    assert not worded["Tides rise, she said."].quoted
    assert worded["Tides rise, she said."].vector is None


def test_outcomes_are_those_of_the_active_tool(store, reader):
    hold(store, LEDGER, ["Tides rise."])
    store.commit(outcome("extract", "other", attrs.evolve(EXTRACT, version="0"), status="failed"), [])
    assert [each.status for each in reader.outcomes("extract")] == ["done"]


def test_active_tools_are_listed_by_name(store, reader):
    hold(store, LEDGER, ["Tides rise."])
    assert reader.tools() == [ANNOTATE, EXTRACT]
    assert reader.active_tool("passages") == ANNOTATE.id
    assert reader.active_tool("credits") is None


def test_store_without_judgements_has_none(reader):
    assert reader.judgements() == []
