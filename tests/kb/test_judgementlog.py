"""The log of judgements: it outlives the record store, a kill leaves no half of a decision, and damage is found."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa
from making import NOON
from newsdesk import keep_stories, opened

from kb import tables as t
from kb.folders import database
from kb.judgementlog import LOG, JudgementLog
from kb.records import Judgement
from kb.workspace import Workspace
from queries.verifying import verify


def judgement(subject: str = "finding:1", hours: int = 0, **changes: object) -> Judgement:
    at = NOON + timedelta(hours=hours)
    plain = Judgement(
        subject=subject, verdict="confirmed", user="ann", made_at=at, note="seen “twice”\n", withdrawn_at=None
    )
    return attrs.evolve(plain, **changes)


@pytest.fixture
def log(tmp_path: Path) -> JudgementLog:
    return JudgementLog(tmp_path / "archive")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as workspace:
        keep_stories(workspace)
        yield workspace


def stored(workspace: Workspace) -> list[Judgement]:
    return workspace.reader.judgements()


def test_what_was_appended_is_held_in_order_and_word_for_word(log: JudgementLog) -> None:
    log.append([judgement(), judgement("finding:2")])
    log.append([judgement("finding:3", hours=-5)])
    assert list(log.held().values()) == [judgement(), judgement("finding:2"), judgement("finding:3", hours=-5)]
    assert log.problems() == []


def test_a_withdrawal_is_a_line_of_its_own_and_the_first_one_stands(log: JudgementLog) -> None:
    for hours in (1, 2):
        log.append([judgement(withdrawn_at=NOON + timedelta(hours=hours))])
    log.append([judgement()])
    assert list(log.held().values()) == [judgement(withdrawn_at=NOON + timedelta(hours=1))]


def test_a_line_cut_at_any_byte_was_told_to_nobody_and_the_next_stands_behind_the_last_whole_one(
    log: JudgementLog,
) -> None:
    log.append([judgement()])
    whole = log.file.read_bytes()
    log.append([judgement("finding:2")])
    both = log.file.read_bytes()
    for end in range(len(whole), len(both)):
        log.file.write_bytes(both[:end])
        assert list(log.held().values()) == [judgement()]
        assert log.problems() == []
        log.append([judgement("finding:3")])
        assert list(log.held().values()) == [judgement(), judgement("finding:3")]
        assert log.problems() == []


def test_any_changed_missing_or_moved_line_is_found(log: JudgementLog) -> None:
    log.append([judgement(f"finding:{number}") for number in range(4)])
    lines = log.file.read_bytes().splitlines(keepends=True)
    for order in ([1, 2, 3], [0, 2, 3], [0, 2, 1, 3], [0, 1, 1, 2, 3]):
        log.file.write_bytes(b"".join(lines[number] for number in order))
        assert log.problems(), order
    for at in range(len(b"".join(lines))):
        changed = bytearray(b"".join(lines))
        changed[at] ^= 1
        log.file.write_bytes(changed)
        assert log.problems(), at


def test_a_damaged_line_takes_no_other_along(log: JudgementLog) -> None:
    log.append([judgement(f"finding:{number}") for number in range(3)])
    lines = log.file.read_bytes().splitlines(keepends=True)
    log.file.write_bytes(lines[0] + b"\x00garbage\xff\n" + lines[2])
    assert list(log.held().values()) == [judgement("finding:0"), judgement("finding:2")]
    log.append([judgement("finding:3")])
    assert "finding:3" in {held.subject for held in log.held().values()}


def test_judgements_outlive_the_record_store(tmp_path: Path, desk: Workspace) -> None:
    desk.judgements.add([judgement(), judgement("finding:2")])
    desk.judgements.withdraw(judgement("finding:2"), NOON + timedelta(days=1))
    before = stored(desk)
    desk.store.close()
    for name in ("", "-wal", "-shm"):
        Path(f"{database(desk.settings.data_dir)}{name}").unlink(missing_ok=True)
    with opened(tmp_path) as again:
        assert stored(again) == before
        assert len(again.store.snapshots()) == 3


def test_judgements_of_a_retold_without_a_log_are_logged_when_opened(tmp_path: Path, desk: Workspace) -> None:
    desk.store.add_judgements([judgement()])
    with opened(tmp_path):
        pass
    assert list(JudgementLog(desk.settings.archive_dir).held().values()) == [judgement()]


def test_an_older_copy_of_either_takes_back_no_judgement_and_no_withdrawal(tmp_path: Path, desk: Workspace) -> None:
    log = desk.judgements.log
    desk.judgements.add([judgement(), judgement("finding:2")])
    old = log.file.read_bytes()
    for subject in ("finding:1", "finding:2"):
        desk.judgements.withdraw(judgement(subject), NOON + timedelta(days=1))
    whole = stored(desk)
    log.file.write_bytes(old)
    with opened(tmp_path) as again:
        assert stored(again) == whole
    assert log.held() == {each.id: each for each in whole}
    with desk.store.engine.begin() as connection:
        connection.execute(sa.update(t.judgements).values(withdrawn_at=None))
    with opened(tmp_path) as again:
        assert stored(again) == whole


def test_opening_writes_nothing_where_nothing_is_to_be_caught_up(tmp_path: Path, desk: Workspace) -> None:
    desk.judgements.add([judgement()])
    before = desk.judgements.log.file.stat()
    with opened(tmp_path):
        pass
    after = desk.judgements.log.file.stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)


@pytest.mark.parametrize("decides", [False, True])
def test_what_a_killed_process_logged_is_entered_though_both_were_known_to_be_alike(
    tmp_path: Path, desk: Workspace, decides: bool
) -> None:
    desk.judgements.add([judgement()])
    desk.judgements.log.append([judgement("finding:2")])  # and was killed
    if decides:
        desk.judgements.add([judgement("finding:3")])
    with opened(tmp_path) as again:
        assert {each.id for each in stored(again)} == desk.judgements.log.held().keys()


@pytest.mark.parametrize(
    "changed",
    [
        sa.delete(t.judgements).where(t.judgements.c.subject == "finding:2"),
        sa.update(t.judgements).where(t.judgements.c.subject == "finding:2").values(id="judgement:0"),
    ],
)
def test_a_row_that_went_comes_back_though_both_were_known_to_be_alike(
    tmp_path: Path, desk: Workspace, changed: sa.Delete | sa.Update
) -> None:
    desk.judgements.add([judgement(), judgement("finding:2")])
    with opened(tmp_path), desk.store.engine.begin() as connection:
        connection.execute(changed)
    with opened(tmp_path) as again:
        assert judgement("finding:2").id in {key for key, _ in again.reader.decided()}


@pytest.mark.parametrize("logged", [True, False])
def test_both_are_compared_once_and_no_more_while_they_are_as_they_were(
    tmp_path: Path, desk: Workspace, logged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if logged:
        desk.judgements.add([judgement()])
        desk.judgements.withdraw(judgement(), NOON + timedelta(days=1))
    else:  # by a retold that noted nothing
        desk.judgements.log.append([judgement()])
        desk.store.add_judgements([judgement()])
        with opened(tmp_path):
            pass
    monkeypatch.delattr(JudgementLog, "held")
    with opened(tmp_path) as again:
        assert stored(again)


def test_a_record_store_that_cannot_be_written_is_opened_and_compared_each_time(
    tmp_path: Path, desk: Workspace
) -> None:
    desk.judgements.log.append([judgement()])
    desk.store.add_judgements([judgement()])
    sa.event.listen(desk.store.engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=1"))
    desk.store.engine.dispose()
    desk.judgements.catch_up()
    assert desk.store.agreed() is None


def test_the_last_decision_stands_though_the_clock_was_set_back(desk: Workspace) -> None:
    (first,) = desk.judgements.add([judgement(hours=50)])
    (second,) = desk.judgements.add([judgement(verdict="rejected")])
    assert second.made_at > first.made_at
    assert [each.verdict for each in stored(desk)] == ["confirmed", "rejected"]
    withdrawn = desk.judgements.withdraw(second, NOON)
    assert withdrawn
    assert withdrawn.withdrawn_at == second.made_at


def test_lines_are_plain_json_that_names_who_decided_what_when(log: JudgementLog) -> None:
    log.append([judgement()])
    said = json.loads((log.folder / LOG).read_text(encoding="utf-8"))["judgement"]
    assert (said["subject"], said["verdict"], said["user"]) == ("finding:1", "confirmed", "ann")
    assert said["made_at"] == "2026-04-01T12:00:00Z"


def test_a_row_that_was_changed_is_told_and_does_not_get_into_the_log(tmp_path: Path, desk: Workspace) -> None:
    desk.judgements.add([judgement(), judgement("finding:2")])
    assert verify(desk).problems == ()
    for changed in ({"verdict": "rejected"}, {"verdict": "confirmed", "note": "bribed"}):
        with desk.store.engine.begin() as connection:
            connection.execute(sa.update(t.judgements).where(t.judgements.c.subject == "finding:2").values(changed))
        with opened(tmp_path) as again:
            assert [problem.kind for problem in verify(again).problems] == ["entered"]
        assert [each.verdict for each in desk.judgements.log.held().values()] == ["confirmed", "confirmed"]
    shutil.move(database(desk.settings.data_dir), tmp_path / "away.db")
    with opened(tmp_path) as again:
        assert verify(again).problems == ()
        assert {each.subject: each for each in stored(again)} == {
            each.subject: each for each in (judgement(), judgement("finding:2"))
        }
