"""Commands that change a data folder: one at a time, whoever started the other; those that only read go on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from newsdesk import keep_stories, made, opened, settings

from kb.exclusive import alone
from kb.folders import TAKEDOWN

CHANGING = (
    ("crawl",),
    ("add", "-"),
    ("build",),
    ("run",),
    ("watch", "--once"),
    ("doctor", "--fix"),
    ("forget", "https://echo.example/sleep", "--reason", "asked"),
    ("forget", "--undo", "https://echo.example/sleep"),
)


def start(folder: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", "from queries.cli import app; app()", "--data-dir", "data", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "400", "RETOLD_WORKERS": "1"},
    )


def finished(process: "subprocess.Popen[str]") -> tuple[int, str]:
    err = process.communicate(timeout=120)[1]
    return process.returncode, err


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
def test_command_that_changes_the_folder_is_refused_while_another_is_at_work(tmp_path, words):
    with opened(tmp_path) as workspace:
        keep_stories(workspace)
        unfinished = workspace.settings.archive_dir / TAKEDOWN
    unfinished.touch()
    with alone(settings(tmp_path).data_dir):
        code, err = finished(start(tmp_path, *words))
    assert code == 4, err
    assert unfinished.exists()  # what another process has under way is not finished for it
    assert f"process {os.getpid()} (" in err
    assert "wait for its end, or `kill" in err


def test_command_that_reads_works_meanwhile(tmp_path):
    with opened(tmp_path) as workspace:
        keep_stories(workspace)
    with alone(settings(tmp_path).data_dir):
        assert finished(start(tmp_path, "captures")) == (0, "3 captures\n")


def test_two_builds_at_once_make_what_one_makes(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with opened(tmp_path / name) as workspace:
            keep_stories(workspace)
    assert finished(start(tmp_path / "one", "build"))[0] == 0
    first = start(tmp_path / "two", "build")
    while not (tmp_path / "two" / "data" / "run.holder.json").exists():
        assert first.poll() is None
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)  # else it may have ended when the second comes
    second = finished(start(tmp_path / "two", "build"))
    first.send_signal(signal.SIGCONT)
    assert (second[0], finished(first)[0]) == (4, 0)
    with opened(tmp_path / "one") as one, opened(tmp_path / "two") as two:
        assert made(one) == made(two)
