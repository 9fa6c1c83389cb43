"""One run at a time on a data folder: who is at work is told, and no crash leaves the folder locked."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kb import exclusive
from kb.errors import BusyError, UserError
from kb.exclusive import alone, held

HOLD = (
    "import sys; from pathlib import Path; from kb.exclusive import held\n"
    "with held(Path(sys.argv[1]), sys.argv[2]): print('held', flush=True); sys.stdin.read()"
)


@contextmanager
def holder(folder: Path, name: str = exclusive.RUN) -> Iterator[subprocess.Popen[str]]:
    """Another process that is at work on the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def enter(folder: Path) -> None:
    with alone(folder):
        pass


def test_second_is_told_at_once_who_is_at_work_and_what_to_do(tmp_path):
    with holder(tmp_path) as first, pytest.raises(BusyError) as raised:
        enter(tmp_path)
    told = str(raised.value)
    assert told.startswith(f"another run is going on in {tmp_path}: process {first.pid} (-c {tmp_path} run) since 20")
    assert told.endswith(f"; wait for its end, or `kill {first.pid}`")


def test_killed_process_leaves_the_folder_free(tmp_path):
    with holder(tmp_path) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
        enter(tmp_path)


def test_name_that_a_killed_process_left_is_not_told_of_the_next(tmp_path):
    with holder(tmp_path) as first:
        first.kill()
    with holder(tmp_path) as second, pytest.raises(BusyError, match=f"process {second.pid} "):
        enter(tmp_path)


def test_name_that_cannot_be_read_does_not_matter(tmp_path):
    with holder(tmp_path):
        (tmp_path / "run.holder.json").write_text("{")
        with pytest.raises(BusyError, match=r"is going on in .*; wait for its end$"):
            enter(tmp_path)


def test_folder_is_free_after_an_error(tmp_path):
    with pytest.raises(ValueError, match="broken"), alone(tmp_path):
        raise ValueError("broken")
    enter(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crawl.lock", "run.lock"]


def test_crawl_whose_parent_was_killed_is_waited_for_a_while_and_then_told(tmp_path, monkeypatch):
    monkeypatch.setattr(exclusive, "ORPHAN_S", 0.2)
    with holder(tmp_path, exclusive.CRAWL) as crawl, pytest.raises(BusyError, match=f"another crawl .* {crawl.pid} "):
        enter(tmp_path)


def test_crawl_process_may_hold_its_own_lock_within_a_run(tmp_path):
    with alone(tmp_path), held(tmp_path, exclusive.CRAWL):
        assert (tmp_path / "crawl.holder.json").exists()


def test_link_to_a_folder_that_is_away_is_told(tmp_path):
    (tmp_path / "data").symlink_to(tmp_path / "unmounted")
    with pytest.raises(UserError, match="a link that leads nowhere"), alone(tmp_path / "data"):
        pass


@pytest.mark.parametrize("address", ["postgresql://desk:{}@db:5432/x", "postgresql://db:5432/x?password={}&user=desk"])
def test_password_in_the_command_is_told_to_nobody(tmp_path, monkeypatch, address):
    monkeypatch.setattr(sys, "argv", ["retold", "copy", "--to", address.format("s3cret")])
    with alone(tmp_path):
        told = exclusive.at_work(tmp_path)
        assert told is not None
        assert told.command == f"retold copy --to {address.format('***')}"
