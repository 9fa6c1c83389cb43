"""`retold backfill` as a user starts it."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from newsdesk import CLAIMS, STORIES, page
from postgres import Server
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from kb.errors import UserError
from kb.settings import Settings
from kb.store import RecordStore
from queries import archiving

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


def retold(folder: Path, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", "from queries.front import main; main()", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "RETOLD_WORKERS": "1", **env},
    )


def two_studies(folder: Path) -> Path:
    """An archive, and a folder with a study whose folder `other` has another."""
    (folder / "claims.yaml").write_text(CLAIMS, encoding="utf-8")
    (folder / "other").mkdir()
    (folder / "other" / "claims.yaml").write_text(OTHER, encoding="utf-8")
    return archive(folder / "news.warc.gz")


def test_pages_of_an_archive_go_to_each_study(tmp_path: Path) -> None:
    file = two_studies(tmp_path)
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


def test_two_studies_of_a_pass_with_one_id_are_refused(tmp_path: Path) -> None:
    file = two_studies(tmp_path)
    (tmp_path / "other" / "claims.yaml").write_text(CLAIMS, encoding="utf-8")
    done = retold(tmp_path, "backfill", file.name, "--also", "other")
    assert (done.returncode, "have the id night-naps" in " ".join(done.stderr.split())) == (2, True)


def test_each_study_of_a_pass_has_a_record_store_of_its_own_on_a_server(
    tmp_path: Path, postgres_server: Server
) -> None:
    file, first, second = two_studies(tmp_path), postgres_server.url(), postgres_server.url()
    own = {"RETOLD_STORE_URL": first}
    refused = retold(tmp_path, "backfill", file.name, "--also", f"other={first}", **own)
    assert (refused.returncode, "a record store of its own" in " ".join(refused.stderr.split())) == (2, True)
    assert "secret" not in refused.stderr
    done = retold(tmp_path, "backfill", file.name, "--also", f"other={second}", "--json", **own)
    assert done.returncode == 0, done.stderr
    kept = {slug: study["kept"] for slug, study in json.loads(done.stdout)["studies"].items()}
    assert set(kept) == {"night-naps", "beck"}
    for url, count in ((first, kept["night-naps"]), (second, kept["beck"])):
        with RecordStore.open(url) as store:
            assert store.count_snapshots() == count > 0
    assert not list(tmp_path.rglob("records.db"))


def test_record_store_of_one_study_is_not_taken_for_another(tmp_path: Path) -> None:
    own = Settings(study=tmp_path / "claims.yaml", store_url="postgresql://db.example/studies")
    with pytest.raises(UserError, match="name the others' behind their folders"):
        archiving._beside(own, [str(tmp_path / "other")])


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
