"""A data folder that cannot be written: what reads goes on reading, what writes says so in one line."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import ENVIRONMENT, at_once, built, call

READING = (
    ("search", "nap"),
    ("search", "nap", "--speaker", "moreau"),
    ("quotes",),
    ("check",),
    ("trace",),
    ("captures",),
    ("speakers",),
    ("revisions",),
    ("review",),
    ("review", "log"),
    ("export", "--format", "csv"),
    ("verify",),
)
WRITING = (
    ("crawl",),
    ("build",),
    ("run",),
    ("add", "https://ledger.example/more"),
    ("doctor", "--fix"),
    ("review", "reject", "Elise Moreau", "Tom Beck", "--user", "bob"),
    ("review", "withdraw", "Elise Moreau", "Tom Beck"),
    ("forget", "https://star.example/wards", "--reason", "asked"),
)

pytestmark = pytest.mark.usefixtures("parser_loaded_once")


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory, parser_loaded_once: None) -> Iterator[Path]:
    """The study, on a file system that is mounted read-only; to root no permission would say no."""
    if os.geteuid():
        pytest.skip("only root may mount a disk")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        folder = built(tmp_path_factory.mktemp("disk"))
        mount = ["mount", "--bind", str(folder), str(folder)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("no disk can be mounted here")
        try:
            subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
            yield folder
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)  # a search may have left it open


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading_commands_read(disk: Path, words: tuple[str, ...]) -> None:
    answer = call(disk, *words)
    assert answer.code == 0, answer


def test_quick_search_answers_too(disk: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    for name in [name for name in os.environ if name.startswith("RETOLD_")]:  # the test run's own, too
        monkeypatch.delenv(name)
    assert at_once(disk, "nap")
    assert "nap" in capsys.readouterr().out


def test_report_is_written_elsewhere(disk: Path, tmp_path: Path) -> None:
    assert call(disk, "report", "-o", str(tmp_path / "report.html")).code == 0
    assert (tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_writing_commands_say_so_in_one_line(disk: Path, words: tuple[str, ...]) -> None:
    answer = call(disk, *words)
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "Read-only file system; choose another folder with --data-dir, or copy this one" in answer.err


def test_what_the_record_store_has_still_to_take_up_is_not_passed_over(disk: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(disk), str(folder)], check=True)
    (folder / "data" / "records.db-wal").write_bytes(b"not taken up")
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        answer = call(folder, "quotes")
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # a search may have left it open
    assert answer.code == 2
    assert "copy the folder to where it can be written" in answer.err
