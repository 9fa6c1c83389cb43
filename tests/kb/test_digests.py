"""Digests are remembered while a file stays as it is, and never beyond."""

import hashlib
import os
import subprocess
import sys
import time

import pytest

from kb import digests
from kb.digests import REMEMBERED, digest, folder_digest, require_digest
from kb.errors import DigestError


def sha256(words: bytes) -> str:
    return hashlib.sha256(words).hexdigest()


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A file, with a clock an hour on: what was written is settled."""
    monkeypatch.setattr(digests.time, "time_ns", lambda now=time.time_ns: now() + 3600 * 10**9)
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    return path


@pytest.fixture
def reads(monkeypatch):
    """How often a file was read whole."""
    read, counted = digests.digest_now, []
    monkeypatch.setattr(digests, "digest_now", lambda file: counted.append(file) or read(file))
    return counted


def test_settled_file_is_read_once(weights, tmp_path, reads):
    assert [digest(weights, tmp_path), digest(weights, tmp_path)] == [sha256(b"one")] * 2
    assert len(reads) == 1


def test_changed_file_is_read_again_though_size_and_time_are_the_old(weights, tmp_path):
    digest(weights, tmp_path)
    seen = weights.stat()
    weights.write_bytes(b"two")
    os.utime(weights, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert digest(weights, tmp_path) == sha256(b"two")


def test_file_that_changed_just_now_is_not_remembered(tmp_path):
    path = tmp_path / "weights"
    for words in (b"one", b"two"):
        path.write_bytes(words)
        assert digest(path, tmp_path) == sha256(words)
    assert not (tmp_path / REMEMBERED).exists()


@pytest.mark.parametrize("damage", ["", "[]", '{"half": ', "\x00"])
def test_damaged_memory_is_no_memory(weights, tmp_path, damage):
    (tmp_path / REMEMBERED).write_text(damage)
    assert digest(weights, tmp_path) == sha256(b"one")
    assert digest(weights, tmp_path) == sha256(b"one")


def test_folder_that_is_not_there_is_no_error(weights, tmp_path):
    assert digest(weights, tmp_path / "no") == sha256(b"one")


def test_processes_at_once_leave_a_memory_that_can_be_read(tmp_path):
    code = (
        "import sys; from pathlib import Path; from kb import digests; digests.SETTLED_S = -9\n"
        "file, folder = map(Path, sys.argv[1:])\n"
        "file.write_bytes(b'one')\n"
        "for _ in range(200): assert digests.digest(file, folder) == digests.digest_now(file)\n"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / name), str(tmp_path)]) for name in ("a", "b", "c")
    ]
    assert [run.wait() for run in runs] == [0, 0, 0]
    assert not list(tmp_path.glob(f"{REMEMBERED}.*"))
    assert sha256(b"one") in digests._kept(tmp_path).values()


def test_other_file_than_required_is_told(weights):
    with pytest.raises(DigestError, match=f"expected 00, found {sha256(b'one')}"):
        require_digest(weights, "00")


def test_folder_has_a_digest_of_names_and_content(tmp_path):
    assert folder_digest(tmp_path / "no") == ""
    (tmp_path / "a.json").write_text("1")
    first = folder_digest(tmp_path)
    (tmp_path / ".hidden").write_text("1")
    assert folder_digest(tmp_path) == first
    (tmp_path / "a.json").rename(tmp_path / "b.json")
    assert folder_digest(tmp_path) not in (first, "")
