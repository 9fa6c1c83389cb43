"""`doctor`: what is held, missing, stale or dropped, and why."""

import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from making import NOON
from newsdesk import CLAIMS, keep, keep_stories, opened
from rich.console import Console

from kb.pipeline import build
from kb.records import Visit
from kb.workspace import Workspace
from queries.upkeep import print_state, state, state_json

pytestmark = pytest.mark.usefixtures("parser_loaded_once")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, parser_loaded_once: None) -> Iterator[Workspace]:
    claims = CLAIMS.replace("quotes:", "  - {id: nobody, name: Nora Body}\nquotes:")
    with opened(tmp_path_factory.mktemp("upkeep"), claims) as workspace:
        keep_stories(workspace)
        keep(workspace, "https://star.example/front", b"<html><body></body></html>")
        build(workspace)
        yield workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as each:
        keep_stories(each)
        yield each


def shown(print_it, *given: object) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_it(*given, console)
    return console.file.getvalue()


def test_captures_that_no_build_has_read_are_told_and_no_speaker_is_missed_in_them(workspace):
    found = state(workspace, fix=False)
    assert (found.unread, found.unused_speakers) == (3, ())
    assert "unread    3 captures: `retold build` reads them" in shown(print_state, found)


def test_nothing_is_unread_after_a_build(built):
    assert state(built, fix=False).unread == 0


def test_doctor_counts_what_is_held_and_what_became_of_it(built):
    found = state(built, fix=False)
    assert found.captures == 4
    assert found.outcomes["extract"] == {"done": 3, "no-article": 1}
    assert found.failures == ()
    assert (found.index_missing, found.index_extra) == (0, 0)
    assert found.healthy


def test_doctor_says_where_records_and_vectors_lie(built):
    found = state(built, fix=False)
    said = shown(print_state, found)
    data = built.settings.data_dir
    assert (found.store, found.index) == (str(data / "records.db"), str(data / "index"))
    assert f"vectors   {found.index}: {found.index_held} wordings\n" in said
    assert found.index_held > 10


def test_doctor_names_speakers_whom_nobody_quotes(built):
    assert state(built, fix=False).unused_speakers == ("nobody",)


def test_doctor_names_every_library_with_its_version(built):
    versions = state(built, fix=False).versions
    assert versions["chromadb"].startswith("1.")
    assert "missing" not in versions.values()


def test_doctor_sees_and_mends_an_index_out_of_step(built):
    keys = sorted(built.indexing.index.keys())
    built.indexing.index.delete(keys[:2])
    built.indexing.index.upsert(["stale"], built.embedder.encode(["old words"]))
    found = state(built, fix=False)
    assert (found.index_missing, found.index_extra, found.healthy) == (2, 1, False)
    assert "2 wordings missing, 1 too many: `retold doctor --fix` mends that" in shown(print_state, found)
    assert state(built, fix=True).healthy
    assert state(built, fix=False).index_missing == 0
    assert built.indexing.index.keys() == set(keys)


def wipe(folder: Path) -> None:
    shutil.rmtree(folder)


def overwrite(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"no database at all, whatever it is called" * 500)


def lose_tables(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as connection:
        connection.execute("DROP TABLE collections")
        connection.commit()


@pytest.mark.parametrize("harm", [wipe, overwrite, lose_tables])
@pytest.mark.parametrize("mend", ["doctor", "build"])
def test_damaged_or_lost_index_is_made_anew_without_embedding(built, tmp_path, monkeypatch, harm, mend):
    keys = built.indexing.index.keys()
    built.indexing.close()
    shutil.copytree(built.settings.data_dir.parent, tmp_path, dirs_exist_ok=True)  # no process has opened this one yet
    harm(tmp_path / "data" / "index")
    with opened(tmp_path, (tmp_path / "claims.yaml").read_text("utf-8")) as copied:
        found = state(copied, fix=False)
        assert not found.healthy
        assert found.index_damage or found.index_missing == len(keys)
        assert "doctor --fix`" in shown(print_state, found)
        monkeypatch.setattr(copied.embedder, "encode", forbidden)
        if mend == "doctor":
            state(copied, fix=True)
        else:
            build(copied)
        assert state(copied, fix=False).healthy
        assert copied.indexing.index.keys() == keys


def forbidden(*_: object) -> None:
    raise AssertionError("embedded again")


def test_doctor_says_why_pages_were_dropped(built):
    reason = "title names no [alias]"
    visit = Visit(
        url="https://star.example/x", at=NOON, action="dropped", reason=reason, status=200, found_in=None, source=None
    )
    built.store.add_visit(visit)
    found = state(built, fix=False)
    assert found.dropped == (visit,)
    assert f"dropped   https://star.example/x: {reason}" in shown(print_state, found)
    assert json.loads(json.dumps(state_json(found)))["dropped"][0]["reason"] == reason


def test_doctor_does_not_list_what_a_later_crawl_kept(built):
    visits = [
        Visit(
            url=f"https://star.example/{name}", at=at, action=action, reason="r", status=200, found_in=None, source=None
        )
        for name, at, action in [
            ("x", NOON, "dropped"),
            ("y", NOON, "kept"),
            ("x", NOON + timedelta(days=1), "kept"),
            ("y", NOON + timedelta(days=1), "failed"),
        ]
    ]
    built.store.add_visits(visits)
    assert [visit.url for visit in state(built, fix=False).dropped] == ["https://star.example/y"]


def test_doctor_shows_failures_and_is_not_content(workspace, monkeypatch):
    monkeypatch.setattr("kb.extract.extract", lambda *_: 1 / 0)
    build(workspace)
    found = state(workspace, fix=False)
    assert not found.healthy
    assert [stage for stage, _, _ in found.failures] == ["extract"] * 3
    assert "ZeroDivisionError" in shown(print_state, found)


def test_failures_of_a_replaced_tool_are_forgotten(workspace, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("kb.segment.passages", lambda *_: 1 / 0)
        build(workspace)
    assert not state(workspace, fix=False).healthy
    import attrs

    from kb import segment

    monkeypatch.setattr(segment, "TOOL", attrs.evolve(segment.TOOL, version="99"))
    build(workspace)
    assert state(workspace, fix=False).healthy


def test_model_that_is_not_installed_is_told(workspace):
    workspace.settings = workspace.settings.model_copy(update={"spacy_model": "nope_sm"})
    found = state(workspace, fix=False)
    assert found.versions["nope_sm"] == "missing"
    assert not found.healthy
