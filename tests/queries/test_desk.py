"""A desk that is asked again and again: the answers of a single question, and what was written since counts."""

import gc
import shutil
import threading
from collections.abc import Iterator

import pytest
from making import NOON
from newsdesk import indexed, keep, keep_stories, opened, page

from kb import index as indexes
from kb import lent as lends
from kb.pipeline import build
from kb.workspace import Workspace
from queries import lookup
from queries.lookup import Answer, Desk, Question

ASKED = (
    Question(query="short naps at night", k=3),
    Question(query="short naps at night", k=3, mode="dense"),
    Question(query="a nap", k=2, source="star"),
    Question(query="a nap", k=2, kind="quote", mode="dense"),
    Question(query="a nap", k=4, since="2026-03-01"),
    Question(query="nap study", k=2, language="en", mode="lexical"),
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, parser_loaded_once: None) -> Iterator[Workspace]:
    with opened(tmp_path_factory.mktemp("desk")) as made:
        keep_stories(made)
        build(made)
        yield made


@pytest.fixture(params=["index", "compared"])
def desk(workspace: Workspace, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(lookup, "EXACT", 0 if request.param == "index" else lookup.EXACT)
    opened = Desk(workspace)
    yield opened
    opened.close()


def told(answer: Answer) -> list[tuple[str, list[str]]]:
    return [(hit.text, [place.url for place in hit.occurrences]) for hit in answer.hits]


@pytest.mark.parametrize("question", ASKED, ids=lambda question: f"{question.mode} {' '.join(question.narrowings)}")
def test_answer_is_that_of_a_single_question_however_often(desk, workspace, question):
    once = told(lookup.search(workspace, question, NOON))
    assert len(once) == question.k
    assert [told(desk.search(question, NOON)) for _ in range(2)] == [once, once]


def test_what_another_process_wrote_is_found(desk, workspace, request):
    question = Question(query="a nap for everybody", source="star", mode="dense", k=50)
    desk.search(question, NOON)
    url = f"https://star.example/later-{request.node.callspec.id}"
    said = (f"A nap for everybody, said the {request.node.callspec.id} of the hospital board on Monday.",) * 2
    with opened(workspace.settings.data_dir.parent) as other:
        keep(other, url, page(url, (*said, "It was a long meeting of the board, and few of its members stayed awake.")))
        build(other)
    assert url in {place.url for hit in desk.search(question, NOON).hits for place in hit.occurrences}


def test_connection_of_a_thread_ends_with_it(desk):
    def ask() -> None:
        desk.search(ASKED[0], NOON)

    for _ in range(5):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    ask()
    gc.collect()
    assert sum(ending.alive for ending in desk._endings) == 1


def test_index_of_an_older_retold_is_not_asked_and_is_filled_by_the_next_build(tmp_path, monkeypatch):
    """Its collection has another name, so there is a new one with nothing in it."""
    monkeypatch.setattr(lookup, "EXACT", 0)
    monkeypatch.setattr(lends, "STALE_S", 0)
    question = Question(query="short naps at night", k=3, mode="dense")
    with opened(tmp_path) as workspace:
        keep_stories(workspace)
        with monkeypatch.context() as older:
            older.setattr(indexes, "collection_name", lambda tool: "wordings-0123")
            build(workspace)
        once, vector = told(lookup.search(workspace, question, NOON)), workspace.embedder.encode([question.query])[0]
        assert workspace.indexing.problems() == {}  # stale, not damaged
        asked = Desk(workspace)
        assert asked._lent.nearest(vector, 3) is None
        assert told(asked.search(question, NOON)) == once
        asked.close()
        build(workspace)
        asked = Desk(workspace)
        assert len(asked._lent.nearest(vector, 3) or ()) == 3
        assert told(asked.search(question, NOON)) == once
        asked.close()


def test_number_that_went_to_other_words_is_not_found_under_the_first(tmp_path, monkeypatch):
    """A record store put back from a copy gives the numbers that were new then to whatever comes next."""
    monkeypatch.setattr(lookup, "EXACT", 0)
    database = tmp_path / "data" / "records.db"
    words = {
        name: f"The {name} on the ward was not asked about sleep, and nobody else there was asked." for name in "ab"
    }

    def add(name: str) -> None:
        url = f"https://star.example/{name}"
        keep(workspace, url, page(url, (words[name], "It was a long meeting, and few of its members stayed awake.")))

    with opened(tmp_path) as workspace:
        keep_stories(workspace)
        build(workspace)
    shutil.copy(database, tmp_path / "copy")
    with opened(tmp_path) as workspace:
        add("a")
        build(workspace)
    for path in database.parent.glob("records.db*"):
        path.unlink()
    shutil.copy(tmp_path / "copy", database)
    with opened(tmp_path) as workspace:
        add("b")
        build(workspace)
        assert indexed(workspace) == workspace.store.active_wordings() | set(workspace.study_wordings)
        asked = Desk(workspace)
        assert asked.search(Question(query=words["b"], k=1, mode="dense"), NOON).hits[0].text == words["b"]
        asked.close()
