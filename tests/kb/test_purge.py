"""What was derived goes with a take-down, as far as nothing else has it, and wherever the run is killed."""

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from making import NOON
from newsdesk import STORIES, indexed, keep, keep_stories, made, opened, page

from kb import databases, purge, takedown
from kb import index as indexes
from kb import workspace as workspaces
from kb.capturelog import Notice
from kb.errors import UserError
from kb.folders import TAKEDOWN
from kb.pipeline import build
from kb.records import Snapshot
from kb.takedown import Request, take_down
from kb.tellings import Alert, Delivery, Place
from kb.workspace import Workspace

pytestmark = pytest.mark.usefixtures("parser_loaded_once")
STAR = "https://star.example/wards"


def forget(workspace: Workspace, snapshot: Snapshot) -> None:
    request = Request(
        snapshots=frozenset({snapshot.id}), addresses=(snapshot.requested_url,), reason="r", by="desk", at=NOON
    )
    take_down(workspace.archive, request)
    workspace.finish_takedown(workspace.store)


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory, parser_loaded_once: None) -> Path:
    """A folder with three stories built, the second of them under two addresses."""
    folder = tmp_path_factory.mktemp("stories")
    with opened(folder) as workspace:
        keep_stories(workspace)
        keep(workspace, "https://echo.example/wire", page(STAR, STORIES[STAR]))
        build(workspace)
        (workspace.settings.data_dir / "report.html").write_text("words of all stories")
    return folder


@pytest.fixture
def copied(stories: Path, tmp_path: Path) -> Path:
    shutil.copytree(stories, tmp_path, dirs_exist_ok=True)
    return tmp_path


def of(workspace: Workspace, url: str) -> Snapshot:
    return next(snapshot for snapshot in workspace.store.snapshots() if snapshot.requested_url == url)


def without(folder: Path, *urls: str) -> dict[str, set[tuple[object, ...]]]:
    """What a build makes where these addresses were never captured."""
    with opened(folder) as workspace:
        for url, told in STORIES.items():
            if url not in urls:
                keep(workspace, url, page(url, told))
        if "https://echo.example/wire" not in urls:
            keep(workspace, "https://echo.example/wire", page(STAR, STORIES[STAR]))
        build(workspace)
        (workspace.settings.data_dir / "report.html").write_text("words of all stories")
        return made(workspace)


def test_what_is_left_is_what_would_be_there_without_the_page(copied, tmp_path_factory):
    with opened(copied) as workspace:
        forget(workspace, of(workspace, "https://ledger.example/naps"))
        left = made(workspace)
    expected = without(tmp_path_factory.mktemp("never"), "https://ledger.example/naps")
    for name, rows in left.items():
        assert unnumbered(rows) == unnumbered(expected[name]), name


def unnumbered(rows: set[tuple[object, ...]]) -> set[tuple[object, ...]]:
    """The matrix goes by the numbers of wordings, which have gaps where something went."""
    return {row for row in rows if row[0] != "matrix"}


def test_text_that_another_address_has_stays(copied):
    with opened(copied) as workspace:
        before = made(workspace)
        forget(workspace, of(workspace, STAR))
        after = made(workspace)
    assert after["texts"] == before["texts"]
    assert after["quotes"] == before["quotes"]
    assert len(after["extractions"]) == len(before["extractions"]) - 1


def test_no_word_of_it_is_left_in_any_file(copied):
    with opened(copied) as workspace:
        forget(workspace, of(workspace, "https://echo.example/sleep"))
    words = (b"Tom Beck", b"bad roster", b"rosters")
    left = [path for path in (copied / "data").rglob("*") if path.is_file() and not path.name.endswith(".warc.gz")]
    assert [path.name for path in left if any(word in path.read_bytes() for word in words)] == []


def test_vectors_leave_the_index(copied):
    with opened(copied) as workspace:
        held = workspace.indexing.index.keys()
        forget(workspace, of(workspace, "https://echo.example/sleep"))
        build(workspace)
        assert workspace.indexing.index.keys() < held
        assert indexed(workspace) == workspace.store.active_wordings() | set(workspace.study_wordings)


def test_index_that_a_killed_take_down_discarded_is_filled_at_its_next_use(copied):
    with opened(copied) as workspace:
        held = workspace.indexing.index.keys()
        indexes_folder = workspace.settings.index_dir
    indexes.discard(indexes_folder)
    with opened(copied) as workspace:
        assert workspace.indexing.index.keys() == held
        assert not indexes.is_discarded(indexes_folder)


ECHO = "https://echo.example/sleep"


def alert(key: str, url: str, digest: str) -> Alert:
    place = Place(label="As printed", outlet="The Star", title="Naps", url=url, exact="secret words", capture=digest)
    made = {"covers": (), "kind": "new-origin", "severity": 2, "fired_at": NOON, "why": "new", "diff": ()}
    return Alert(key=key, title="secret words", summary="secret words", places=(place,), **made)


@pytest.mark.parametrize(
    ("url", "same_body"), [(ECHO, False), ("https://elsewhere.example/", True)], ids=["address", "bytes"]
)
def test_alerts_that_rest_on_it_lose_its_words_and_are_not_told_again(copied, url, same_body):
    with opened(copied) as workspace:
        ours = alert("a", url, of(workspace, ECHO).body_sha256 if same_body else "sha256:other")
        other = alert("b", "https://ledger.example/naps", of(workspace, STAR).body_sha256)
        waiting = [
            Delivery(alert=each.id, notifier="n", status="waiting", at=NOON, tries=0, problem="")
            for each in (ours, other)
        ]
        workspace.store.add_alerts([ours, other], waiting)
        forget(workspace, of(workspace, ECHO))
        workspace.store.add_alerts([ours], [])
        left = {told.key: told for told in workspace.reader.alerts()}
        assert (left["a"].title, left["a"].places, left["b"]) == (purge.WITHDRAWN, (), other)
        assert left["a"].withdrawn_at == NOON
        assert [delivery.alert for delivery in workspace.reader.deliveries()] == [other.id]


def test_words_that_a_reader_keeps_in_the_log_are_told_and_go_with_the_next_command(copied, monkeypatch):
    monkeypatch.setattr(databases, "BUSY_S", 0)
    with closing(sqlite3.connect(copied / "data" / "records.db")) as reader, opened(copied) as workspace:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM texts").fetchall()
        with pytest.raises(UserError, match="another process reads there"):
            forget(workspace, of(workspace, ECHO))
    with opened(copied) as workspace:
        assert not takedown.is_unfinished(workspace.archive)
        assert b"rosters" not in (copied / "data" / "records.db-wal").read_bytes()


def test_build_afterwards_has_nothing_to_do(copied):
    with opened(copied) as workspace:
        forget(workspace, of(workspace, "https://echo.example/sleep"))
        assert [stage.done for stage in build(workspace).stages] == [0, 0, 0, 0, 0]


def test_record_store_made_again_from_the_log_does_not_have_it(copied):
    with opened(copied) as workspace:
        forget(workspace, of(workspace, STAR))
    (copied / "data" / "records.db").unlink()
    with opened(copied) as workspace:
        assert STAR not in [snapshot.requested_url for snapshot in workspace.store.snapshots()]


def test_older_copy_of_the_record_store_loses_it_when_opened(copied, tmp_path_factory):
    old = tmp_path_factory.mktemp("old") / "records.db"
    shutil.copy(copied / "data" / "records.db", old)
    with opened(copied) as workspace:
        forget(workspace, of(workspace, STAR))
    shutil.copy(old, copied / "data" / "records.db")
    with opened(copied) as workspace:
        assert STAR not in [snapshot.requested_url for snapshot in workspace.store.snapshots()]


class Killed(BaseException):
    """The process ends here."""


class KillAt:
    """Ends the run before the n-th line that is executed in the modules of a take-down."""

    FILES = (takedown.__file__, purge.__file__, indexes.__file__, workspaces.__file__)

    def __init__(self, line: int) -> None:
        self.left = line

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in self.FILES:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise Killed
        return self

    def __enter__(self) -> None:
        sys.settrace(self)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)


def lines_of_a_take_down(folder: Path) -> int:
    counting = KillAt(0)
    with opened(folder) as workspace:
        snapshot = of(workspace, STAR)
        with counting:
            forget(workspace, snapshot)
    return -counting.left


def kill_points(stories: Path, tmp_path: Path) -> Iterator[Path]:
    """Copies of the folder as a take-down leaves them that is killed at a line, over all its lines."""
    shutil.copytree(stories, tmp_path / "whole")
    for line in range(1, lines_of_a_take_down(tmp_path / "whole"), 9):
        folder = tmp_path / str(line)
        shutil.copytree(stories, folder)
        with opened(folder) as workspace:
            snapshot = of(workspace, STAR)
            with KillAt(line), pytest.raises(Killed):
                forget(workspace, snapshot)
        yield folder


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # nothing closes a killed one's files
def test_kill_at_any_moment_leaves_what_was_before_or_what_comes_after(stories, tmp_path):
    with opened(stories) as workspace:
        before = made(workspace)
    seen = set()
    for folder in kill_points(stories, tmp_path):
        with opened(folder) as workspace:
            gone = any(isinstance(line, Notice) for line in workspace.archive.log())
            seen.add(gone)
            assert workspace.archive.verify() == []
            assert not (workspace.settings.archive_dir / TAKEDOWN).exists()
            held = {snapshot.requested_url for snapshot in workspace.store.snapshots()}
            assert held == {snapshot.requested_url for snapshot in workspace.archive.entries()}
            assert (STAR in held) is not gone
            assert indexed(workspace) == workspace.store.active_wordings() | set(workspace.study_wordings)
            assert not (gone and (workspace.settings.data_dir / "report.html").exists())
            assert all(workspace.archive.body(snapshot) for snapshot in workspace.store.snapshots())
            assert (len(made(workspace)["extractions"]) == len(before["extractions"])) is not gone
        shutil.rmtree(folder)
    assert seen == {True, False}
