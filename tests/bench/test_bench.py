"""The measurements' frame: documents, digests, options."""

import gzip
import json
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.data import described, documents, versions


def lines_file(folder: Path, *lines: dict[str, str]) -> Path:
    path = folder / "pages.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    return path


def test_documents_take_html_before_text(tmp_path: Path) -> None:
    path = lines_file(tmp_path, {"url": "http://a.example/1", "html": "<p>a</p>", "text": "a"})
    [document] = documents(path)
    assert (document.url, document.body, document.html) == ("http://a.example/1", b"<p>a</p>", True)


def test_documents_without_address_get_one_of_their_publisher(tmp_path: Path) -> None:
    [document] = documents(lines_file(tmp_path, {"id": "7", "publisher": "Gazette", "text": "a"}))
    assert (document.url, document.html) == ("https://gazette.example/7", False)


def test_documents_stop_at_the_limit(tmp_path: Path) -> None:
    path = lines_file(tmp_path, *({"id": str(number), "text": "a"} for number in range(3)))
    assert len(documents(path, 2)) == 2


def test_a_folder_is_described_by_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(b"a")
    before = described(tmp_path)
    (tmp_path / "a.html").rename(tmp_path / "b.html")
    after = described(tmp_path)
    assert (before["files"], before["bytes"]) == (1, 1)
    assert before["sha256"] != after["sha256"]


def test_versions_name_the_libraries_that_are_measured() -> None:
    assert {"python", "spacy", "trafilatura"} <= versions().keys()


def test_an_unknown_measurement_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["no-such-thing"])
    assert stopped.value.code == 2
    assert "line" in capsys.readouterr().err


def test_line_compares_its_stages_with_the_bare_libraries(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told = (
        "<html><body><article><h1>Two ferries</h1>"
        + "<p>“The ferries will run again on Monday,” said Ana Ruiz, who runs them. It rained.</p>" * 8
    )
    path = lines_file(tmp_path, {"url": "http://a.example/1", "html": told + "</article></body></html>"})
    assert main(["line", "--data", str(path)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["stages"].keys() == {"extract", "annotate", "credits", "embed", "pair", "index"}
    assert report["stages"]["annotate"]["ratio"] > 0
    assert report["data"][0]["bytes"] == path.stat().st_size
