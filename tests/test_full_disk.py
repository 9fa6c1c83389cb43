"""A disk that fills: a real one, small, in memory. What was written before stays, and the same command goes on."""

import io
import os
import random
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from newsdesk import keep_stories, made, opened
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.backfill import BackfillSummary, Target, backfill
from kb.archive import Archive
from kb.errors import UserError
from kb.pipeline import build
from kb.store import RecordStore
from kb.workspace import Workspace

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Disk:
    """A file system of so many kilobytes."""

    def __init__(self, folder: Path, size_kb: int) -> None:
        self.folder = folder
        folder.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", folder], capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip("only root may mount a small disk")

    def grow(self, size_kb: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size_kb}k", self.folder], check=True)

    def close(self) -> None:
        subprocess.run(["umount", self.folder], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid():
        pytest.skip("only root may mount a small disk")
    made = Disk(tmp_path / "disk", 3_000)
    yield made
    made.close()


def archive(path: Path, pages: int) -> Path:
    """Pages about the study, with words by chance, which no compression makes small."""
    chance = random.Random(5)
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for number in range(pages):
            words = " ".join(f"{chance.getrandbits(64):x}" for _ in range(6_000))
            told = f"<p>Elise Moreau wrote Short Naps on Night Wards.</p><p>{words}</p>"
            body = f"<html><head><title>Short Naps on Night Wards</title></head><body>{told}</body></html>".encode()
            http = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], "HTTP/1.1")
            url, date = f"https://ledger.example/{number}", {"WARC-Date": "2026-03-10T09:00:00Z"}
            writer.write_record(
                writer.create_warc_record(
                    url, "response", io.BytesIO(body), length=len(body), http_headers=http, warc_headers_dict=date
                )
            )
    return path


def test_backfill_onto_a_full_disk_keeps_what_it_wrote_and_goes_on(tmp_path: Path, disk: Disk) -> None:
    file = archive(tmp_path / "news.warc.gz", 80)
    with opened(disk.folder) as workspace, pytest.raises((UserError, OSError), match=r"full|No space"):
        _filled(workspace, file)
    disk.grow(60_000)
    with opened(disk.folder) as workspace:
        assert _filled(workspace, file).complete
        assert len(workspace.store.snapshots()) == 80
        held = Archive(workspace.settings.archive_dir)
        assert held.count() == 80
        assert held.verify() == []


def _filled(workspace: Workspace, file: Path) -> BackfillSummary:
    target = Target(
        study=workspace.study, settings=workspace.settings, archive=workspace.archive, store=workspace.store
    )
    return backfill([str(file)], [target], NOW, on_progress=lambda *_: None)


@pytest.mark.usefixtures("parser_loaded_once")
def test_build_on_a_full_disk_goes_on_to_the_same_records(tmp_path: Path, disk: Disk) -> None:
    with opened(tmp_path) as whole:
        keep_stories(whole)
        build(whole)
        expected = made(whole)
    with opened(disk.folder) as workspace:
        keep_stories(workspace)
    free = os.statvfs(disk.folder)
    blocked = disk.folder / "other"
    blocked.write_bytes(b"x" * (free.f_bavail * free.f_frsize - 60_000))
    with opened(disk.folder) as workspace, pytest.raises(OSError, match=r"full|No space"):
        build(workspace)
    blocked.unlink()
    disk.grow(60_000)
    with opened(disk.folder) as workspace:
        assert build(workspace).complete
        assert made(workspace) == expected
    with RecordStore.open(f"sqlite:///{disk.folder}/data/records.db") as store:
        assert store.count_snapshots() == 3
