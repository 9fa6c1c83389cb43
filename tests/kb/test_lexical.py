"""Full text: what people type never breaks it, and the index follows the wordings."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from making import connection as connect

from kb import lexical as lexical_module
from kb import tsvector as tsvector_module
from kb.fulltext import make_fulltext
from kb.lexical import LexicalIndex, match_expression
from kb.store import RecordStore
from kb.text import words_digest
from kb.tsvector import lexical_index

SAID = (
    "Models protect each other.",
    "The models showed solidarity in creative ways.",
    "A nap is no cure for a bad roster.",
    "Creative accounting is another matter; in many ways.",
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lexical(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LexicalIndex]:
    """On each database."""
    url = f"sqlite:///{tmp_path_factory.mktemp('lexical')}/records.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").url()
    with RecordStore.open(url) as store:
        store.commit(None, [], {words_digest(words): words for words in SAID[:2]})
        with closing(connect(store)) as asked:
            store.commit(None, [], {words_digest(words): words for words in SAID[2:]})
            yield lexical_index(asked)


@pytest.fixture
def store(store_url: str) -> Iterator[RecordStore]:
    with RecordStore.open(store_url) as opened:
        make_fulltext(opened)
        opened.commit(None, [], {words_digest(words): words for words in SAID})
        yield opened


def found(lexical: LexicalIndex, query: str, k: int = 10) -> list[str]:
    return [SAID[number - 1] for number, _ in lexical.best(query, k)]


def test_wordings_from_before_and_after_the_index_are_found(lexical):
    assert set(found(lexical, "models nap")) == {SAID[0], SAID[1], SAID[2]}


def test_word_forms_are_one(lexical):
    assert SAID[0] in found(lexical, "protecting")


def test_accents_do_not_matter(lexical):
    assert found(lexical, "róster") == [SAID[2]]


def test_phrase_in_quotation_marks_is_exact(lexical):
    assert found(lexical, '"creative ways"') == [SAID[1]]


@pytest.mark.parametrize("query", ["“creative ways”", "„creative ways“", "«creative ways»"])
def test_any_quotation_marks_make_a_phrase(lexical, query):
    assert found(lexical, query) == [SAID[1]]


def test_all_phrases_and_any_word_must_be_there(lexical):
    assert found(lexical, '"creative ways" nap') == []


def test_rarer_word_ranks_higher(lexical):
    assert found(lexical, "models solidarity")[0] == SAID[1]


def test_best_scores_come_first_and_no_more_than_asked(lexical):
    scores = [score for _, score in lexical.best("models creative ways", 2)]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        *('""', '"', "'", "*", "nap*", "^nap", "nap OR", "AND", "NOT", "OR OR OR", "NEAR", "NEAR(nap cure, 2)"),
        *("wording:nap", "{wording}: nap", "-nap", "+", "(nap", "nap)", "a AND (b OR", "nap + cure", ":", "\\", ";--"),
        *('"nap', 'nap"', '"""', '"" ""', "\x00", "\ud83d", "_", "…", "。", "nap\nOR\tcure", "%", "?1", ":expression"),
    ],
)
def test_search_syntax_is_taken_as_words(lexical, query):
    assert set(found(lexical, query)) <= set(SAID)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.one_of(st.characters(), st.sampled_from('"“”„«»*():^-+ANDORNEAR ')), max_size=40))
@example("_ nap")
def test_no_query_raises(lexical, query):
    assert isinstance(lexical.best(query, 3), list)


def test_operators_are_words_like_others(lexical):
    assert found(lexical, "NOT nap") == [SAID[2]]


@pytest.mark.parametrize("query", ["", "   ", "?!…", '""', "— “ ”", "_"])
def test_query_without_a_word_finds_nothing(lexical, query):
    assert found(lexical, query) == []


def test_very_long_query_is_answered(lexical):
    assert SAID[2] in found(lexical, " ".join(f"word{n}" for n in range(20_000)) + " nap")


def test_very_many_phrases_are_answered(lexical):
    assert found(lexical, '"nap cure" ' * 5_000) == []


def test_expression_quotes_every_word():
    assert match_expression("NEAR(a b)") == '"near" OR "a" OR "b"'


def test_asking_needs_no_sqlalchemy():
    code = "import sys, kb.lexical; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_numbers_among_those_given_are_found(store):
    with closing(connect(store)) as connection:
        index = lexical_index(connection)
        numbers = [number for number, _ in index.best("models nap", 10)]
        assert len(numbers) == 3
        assert [number for number, _ in index.best("models nap", 10, among=numbers[1:])] == numbers[1:]
        assert index.best("models nap", 10, among=[]) == []


@pytest.mark.parametrize(
    ("query", "expression"),
    [
        ("the nap", '("nap") AND ("the" OR "the" OR "nap")'),  # `nap` stands in both halves: each counts twice
        ("of nap", '"nap"'),  # so frequent that it plays no part
        ("nap cure", '"nap" OR "cure"'),
        ("of", '"of"'),  # nothing rarer is there
        ("of the", '"the"'),
        ('the "bad roster"', '"bad roster" AND ("the")'),
    ],
)
def test_frequent_words_only_add_to_what_rarer_ones_find(query, expression):
    counts = {"of": lexical_module.COUNTED, "the": lexical_module.BUDGET, "nap": 3, "cure": 2}
    assert match_expression(query, counts.__getitem__) == expression


def test_repeated_word_counts_more_but_not_as_often_as_it_is_said():
    assert match_expression("nap Nap cure") == '"nap" OR "nap" OR "nap" OR "cure" OR "cure"'
    assert match_expression("nap " * 50).count("nap") == 2 + lexical_module.REPEATS


def test_within_a_filter_frequent_words_find_where_the_rarer_find_too_few(store, monkeypatch):
    monkeypatch.setattr(lexical_module, "BUDGET", 1)
    for module in (lexical_module, tsvector_module):
        monkeypatch.setattr(module, "COUNTED", 2)
    with closing(connect(store)) as connection:
        index = lexical_index(connection)
        words = dict(connection.rows("SELECT number, wording FROM wordings"))
        assert [words[number] for number, _ in index.best("nap models", 10)] == [SAID[2]]
        assert {words[number] for number, _ in index.best("nap models", 10, among=words)} == {SAID[2]}
        assert {words[number] for number, _ in index.best("nap models", 10, among=words, least=1)} == {SAID[2]}
        assert {words[number] for number, _ in index.best("nap models", 10, among=words, least=2)} == set(SAID[:3])
