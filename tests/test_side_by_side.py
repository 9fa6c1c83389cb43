"""Several processes on one data folder: each is done or is told why not; nothing is lost, doubled or contradicted."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from faults import ENVIRONMENT, SOAK, built, call
from newsdesk import keep_stories, opened

from kb.errors import UserError
from kb.judgementlog import JudgementLog
from kb.speakers import Judged, pair
from queries import review
from queries.days import now

PROCESSES, DECISIONS = 3, 40 if SOAK else 8
DECIDING = """\
import sys
from datetime import UTC, datetime
from pathlib import Path
from kb.settings import Settings
from kb.workspace import Workspace
from queries import review
folder, who = Path(sys.argv[1]), sys.argv[2]
for number in range(int(sys.argv[3])):
    with Workspace(Settings(study=folder / "claims.yaml", data_dir=folder / "data")) as desk:
        review.record(desk, f"finding:{number}", "confirmed", note=who, user=who, at=datetime.now(UTC))
    print(number, flush=True)
"""


def start(code: str, *given: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_decisions_of_several_processes_are_all_kept_once_each(tmp_path: Path) -> None:
    with opened(tmp_path) as desk:
        keep_stories(desk)
    running = [start(DECIDING, str(tmp_path), f"coder-{number}", str(DECISIONS)) for number in range(PROCESSES)]
    for process in running:
        assert process.communicate(timeout=300)[1] == ""
        assert process.returncode == 0
    expected = sorted((f"finding:{n}", f"coder-{who}") for n in range(DECISIONS) for who in range(PROCESSES))
    with opened(tmp_path) as desk:
        assert sorted((each.subject, each.user) for each in desk.reader.judgements()) == expected
        log = desk.judgements.log
        assert sorted((each.subject, each.user) for each in log.held().values()) == expected
        assert log.problems() == []
        assert log.file.read_bytes().count(b"\n") == len(expected)


@pytest.mark.usefixtures("parser_loaded_once")
def test_two_who_contradict_each_other_at_one_moment_do_not_both_get_their_way(tmp_path: Path) -> None:
    one, other, third = "Elise Moreau", "Tom Beck", "Moreau"
    with opened(tmp_path) as desk:
        keep_stories(desk)
        for turn in range(6):
            (desk.settings.archive_dir / "judgements.jsonl").unlink(missing_ok=True)
            with desk.store.engine.begin() as connection:
                connection.exec_driver_sql("DELETE FROM judgements")
            review.record(desk, pair(one, other), "confirmed", note="", user="ann", at=now())
            refused = at_the_same_time(tmp_path, [(pair(other, third), "confirmed"), (pair(one, third), "rejected")])
            assert len(refused) == 1, turn
            judged = Judged.of(review.standing(desk.reader.judgements()))
            assert third not in judged.same(one) or third not in judged.apart(one)


def at_the_same_time(folder: Path, decisions: list[tuple[str, review.Verdict]]) -> list[str]:
    """What those were told who were refused."""
    refused: list[str] = []
    barrier = threading.Barrier(len(decisions))

    def decide(subject: str, verdict: review.Verdict) -> None:
        with opened(folder) as desk:
            desk.store  # noqa: B018
            barrier.wait(60)  # where the other could not even open, that is told, not waited for
            try:
                review.record(desk, subject, verdict, note="", user=subject, at=now())
            except UserError as error:
                refused.append(str(error))

    threads = [threading.Thread(target=decide, args=each) for each in decisions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


@pytest.mark.usefixtures("parser_loaded_once")
def test_searches_beside_a_rebuild_answer_and_the_rebuild_ends_as_it_would_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    folder = built(tmp_path)
    before = call(folder, "quotes").out
    options = ["--study", str(folder / "claims.yaml"), "--data-dir", str(folder / "data")]
    rebuild = start("from queries.cli import app; app()", *options, "build", "--rebuild", "annotate")
    asked = 0
    while rebuild.poll() is None:
        for words in (("search", "nap"), ("search", "nap", "--speaker", "moreau"), ("check",)):
            answer = call(folder, *words)
            assert answer.code == 0, answer
            asked += 1
    assert rebuild.communicate()[1].count("Traceback") == 0
    assert rebuild.returncode == 0
    assert asked
    assert call(folder, "quotes").out == before


def test_log_of_judgements_is_not_torn_by_a_reader_beside_a_writer(tmp_path: Path) -> None:
    with opened(tmp_path) as desk:
        keep_stories(desk)
    writing = start(DECIDING, str(tmp_path), "ann", str(DECISIONS))
    log, seen = JudgementLog(tmp_path / "data" / "archive"), 0
    while writing.poll() is None:
        held = len(log.held())
        assert held >= seen
        assert log.problems() == []
        seen = held
    assert writing.communicate()[1] == ""
    assert len(log.held()) == DECISIONS
