"""`retold backfill` as a user starts it."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

from newsdesk import CLAIMS, STORIES, page
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from kb.store import RecordStore

OTHER = CLAIMS.replace("night-naps", "beck").replace("Short Naps on Night Wards", "Rosters Reviewed At Length")


def archive(path: Path) -> Path:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for url, paragraphs in STORIES.items():
            body = page(url, paragraphs)
            http = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], "HTTP/1.1")
            writer.write_record(
                writer.create_warc_record(url, "response", io.BytesIO(body), length=len(body), http_headers=http)
            )
    return path


def retold(folder: Path, *words: str, store_url: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", "from queries.front import main; main()", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "RETOLD_WORKERS": "1",
            "RETOLD_STORE_URL": store_url,
        },
    )


def test_pages_of_an_archive_go_to_each_study(tmp_path: Path) -> None:
    (tmp_path / "claims.yaml").write_text(CLAIMS, encoding="utf-8")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "claims.yaml").write_text(OTHER, encoding="utf-8")
    file = archive(tmp_path / "news.warc.gz")
    done = retold(tmp_path, "backfill", file.name, "--also", "other", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["studies"]["night-naps"]["kept"] >= 2
    assert set(told["studies"]) == {"night-naps", "beck"}
    captures = retold(tmp_path, "captures", "--json").stdout.splitlines()
    assert len(captures) >= 2
    again = retold(tmp_path, "backfill", file.name)
    assert again.returncode == 0
    assert "1 read before" in again.stderr


def test_studies_of_one_pass_may_each_have_a_store_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "claims.yaml").write_text(CLAIMS, encoding="utf-8")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "claims.yaml").write_text(OTHER, encoding="utf-8")
    own, others = (f"sqlite:///{tmp_path / name}.db" for name in ("own", "others"))
    file = archive(tmp_path / "news.warc.gz").name
    without = retold(tmp_path, "backfill", file, "--also", "other", store_url=own)
    assert (without.returncode, "--also DIR=URL" in without.stderr) == (2, True)
    done = retold(tmp_path, "backfill", file, "--also", f"other={others}", "--json", store_url=own)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)["studies"]
    assert counts["beck"]["kept"] >= 1
    with RecordStore.open(others) as store:
        assert store.count_snapshots() == sum(counts["beck"].get(action, 0) for action in ("kept", "mention"))
    assert not (tmp_path / "other" / ".retold" / "records.db").exists()


def test_missing_and_damaged_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "claims.yaml").write_text(CLAIMS, encoding="utf-8")
    missing = retold(tmp_path, "backfill", "none.warc.gz")
    assert (missing.returncode, "none.warc.gz: no such file" in missing.stderr) == (2, True)
    file = archive(tmp_path / "news.warc.gz")
    file.write_bytes(file.read_bytes()[:-30])
    torn = retold(tmp_path, "backfill", file.name, "--json")
    assert torn.returncode == 5
    [problem] = json.loads(torn.stdout)["problems"]
    assert problem["file"] == str(file)
    assert "in the middle" in problem["problem"]
