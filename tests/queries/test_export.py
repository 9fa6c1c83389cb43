"""`export`: a whole file or none, and what stands in it."""

import json
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import feedparser
import pytest
from making import NOON
from newsdesk import CLAIMS, STORIES, keep_stories, opened
from typer.testing import CliRunner

from kb.errors import DataError, UserError
from kb.pipeline import build
from kb.workspace import Workspace
from queries import job
from queries.cli import app
from queries.export import FORMATS, Wanted, export, write
from queries.options import ExportFormat, Table

pytestmark = pytest.mark.usefixtures("parser_loaded_once")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as each:
        keep_stories(each)
        yield each


def test_every_format_has_its_writer():
    assert set(FORMATS) == set(ExportFormat)


def test_pages_have_the_titles_that_were_read(workspace, tmp_path):
    build(workspace)
    assert export(workspace, ExportFormat.WACZ, tmp_path / "study.wacz", Wanted(at=NOON)) == 3
    with zipfile.ZipFile(tmp_path / "study.wacz") as package:
        _, *pages = [json.loads(line) for line in package.read("pages/pages.jsonl").splitlines()]
        told = json.loads(package.read("datapackage.json"))
    assert {page["title"] for page in pages} == {"Short naps on night wards"}
    assert {page["url"] for page in pages} == set(STORIES)
    assert (told["title"], told["created"]) == ("Short Naps on Night Wards", "2026-04-01T12:00:00Z")


def test_export_that_fails_leaves_the_file_that_was_there(workspace, tmp_path):
    target = tmp_path / "study.wacz"
    target.write_text("the last one")
    (workspace.settings.archive_dir / "retold-00001.warc.gz").unlink()
    with pytest.raises(DataError, match="the WARC file is missing"):
        export(workspace, ExportFormat.WACZ, target, Wanted(at=NOON))
    assert target.read_text() == "the last one"
    assert not target.with_name("study.wacz.part").exists()


def test_empty_archive_is_told(tmp_path):
    with opened(tmp_path) as empty, pytest.raises(UserError, match="nothing has been captured yet"):
        export(empty, ExportFormat.WACZ, tmp_path / "study.wacz", Wanted(at=NOON))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["export", "--format", "wacz"], "-o study.wacz"),
        (["export", "--format", "wacz", "-o", "nowhere/study.wacz"], "there is no folder nowhere"),
        (["forget", "https://echo.example/slep", "--reason", "r"], "the nearest are https://echo.example/sleep"),
        (["forget", "https://echo.example/sleep"], "--reason"),
        (["captures", "https://echo.example/slep"], "the nearest are https://echo.example/sleep"),
    ],
)
def test_bad_input_is_told_with_exit_code_2(workspace, tmp_path, arguments, told):
    place = ["--study", str(tmp_path / "claims.yaml"), "--data-dir", str(tmp_path / "data")]
    done = CliRunner().invoke(app, [*place, *arguments])
    assert done.exit_code == 2
    assert told in done.output


def test_forget_command_prints_what_went_as_json(workspace, tmp_path):
    place = ["--study", str(tmp_path / "claims.yaml"), "--data-dir", str(tmp_path / "data"), "--json"]
    done = CliRunner().invoke(app, [*place, "forget", "https://echo.example/sleep", "--reason", "r", "--by", "desk"])
    assert done.exit_code == 0
    (gone,) = json.loads(done.stdout)["forgotten"]
    assert gone["url"] == "https://echo.example/sleep"


def exported(workspace, form: ExportFormat, **changes) -> str:
    out = BytesIO()
    write(workspace, form, out, Wanted(at=NOON, **changes))
    return out.getvalue().decode()


def test_atom_tells_findings_at_the_time_of_their_captures(workspace):
    build(workspace)
    feed = feedparser.parse(exported(workspace, ExportFormat.ATOM))
    assert not feed.bozo
    assert "altered-quote" in {entry.tags[0].term for entry in feed.entries}
    assert {entry.updated for entry in feed.entries} == {"2026-04-01T12:00:00+00:00"}


def test_lines_of_articles_are_taken_back_by_add(workspace, tmp_path):
    build(workspace)
    (tmp_path / "again.jsonl").write_text(exported(workspace, ExportFormat.JSONL, table=Table.ARTICLES))
    other = tmp_path / "other"
    other.mkdir()
    with opened(other) as fresh:
        summary = job.add(fresh, [str(tmp_path / "again.jsonl")], BytesIO())
        assert (summary.complete, fresh.archive.count()) == (True, 3)


@pytest.mark.parametrize("form", set(ExportFormat) - {ExportFormat.WACZ})
def test_command_writes_to_standard_output_and_says_when_nothing_is_captured(tmp_path, form):
    (tmp_path / "claims.yaml").write_text(CLAIMS)
    place = ["--study", str(tmp_path / "claims.yaml"), "--data-dir", str(tmp_path / "data")]
    done = CliRunner().invoke(app, [*place, "export", "--format", form.value, "-o", "-"])
    assert done.exit_code == 0
    assert "nothing is captured yet" in done.stderr
    assert done.stdout or form is ExportFormat.JSONL


def test_page_that_is_no_address_is_told():
    with pytest.raises(UserError, match="--page"):
        Wanted(at=NOON, page="javascript:alert(1)")
