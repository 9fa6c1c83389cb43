"""A desk that is asked again and again: the answers of a single question, and what was written since counts."""

import gc
import threading
from collections.abc import Iterator

import pytest
from making import NOON
from newsdesk import keep, keep_stories, opened, page

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
