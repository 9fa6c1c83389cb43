"""The whole line, started as a user starts it: `retold demo`, then the asking commands on what it left."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.newsroom import NEWSROOM, score, truth

RETOLD = Path(sys.executable).with_name("retold")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "room"
    done = retold("demo", str(folder), timeout=600)
    assert done.returncode == 0, done.stderr
    assert str(folder / "report.html") in done.stderr
    return folder


def retold(
    *args: str, room: Path | None = None, timeout: int = 180, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    options = ["--study", str(NEWSROOM / "claims.yaml"), "--data-dir", str(room)] if room else []
    return subprocess.run(
        [RETOLD, *options, *args],
        capture_output=True,
        text=True,
        timeout=timeout,
        input=stdin,
        env={**os.environ, "COLUMNS": "400", "OMP_NUM_THREADS": "2"},
        check=False,
    )


def answer(*args: str, room: Path) -> Any:
    done = retold(*args, "--json", room=room)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def scored(room: Path) -> dict[str, Any]:
    return score(answer("check", room=room)["findings"], truth())


def test_finds_nine_in_ten_of_the_planted_problems(scored: dict[str, Any]) -> None:
    assert scored["recall"] >= 0.9, scored["missed"]


def test_stays_silent_on_every_trap(scored: dict[str, Any]) -> None:
    assert scored["trap_alarms"] == []


def test_hardly_any_finding_is_about_nothing_planted(scored: dict[str, Any]) -> None:
    assert len(scored["stray"]) <= 2, scored["stray"]


def test_report_shows_the_altered_quotes(room: Path) -> None:
    page = (room / "report.html").read_text(encoding="utf-8")
    found = [f for f in answer("check", room=room)["findings"] if f["rule"] == "altered-quote"]
    assert found
    for finding in found:
        outlet = finding["evidence"][0]["source"]
        assert outlet in page or outlet.casefold() in page.casefold().replace(" ", "")
    assert "<ins" in page
    assert "<del" in page


def test_report_needs_no_network(room: Path) -> None:
    page = (room / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert 'src="http' not in page
    assert "@import" not in page


def test_every_article_of_the_truth_is_kept_and_nothing_off_topic(room: Path) -> None:
    urls = {quote["url"] for quote in map(json.loads, retold("quotes", room=room).stdout.splitlines())}
    assert not urls & set(truth()["off_topic"])


def test_second_build_has_nothing_to_do(room: Path) -> None:
    summary = answer("build", room=room)
    assert all(stage["done"] == 0 and not stage["failed"] for stage in summary["stages"])
    assert summary["indexed"] == summary["unindexed"] == 0


def test_archive_is_as_captured(room: Path) -> None:
    assert answer("verify", room=room)["problems"] == []


def test_search_finds_a_quote_by_meaning_with_citable_places(room: Path) -> None:
    found = answer("search", "machines abandon a correct answer because another machine disagrees", room=room)
    assert found["hits"]
    place = found["hits"][0]["occurrences"][0]
    assert place["snapshot"].startswith("sha256:")
    assert place["exact"]


def test_fail_on_sets_the_exit_code(room: Path) -> None:
    assert retold("check", "--fail-on", "altered-quote", room=room).returncode == 1
    assert retold("check", "--fail-on", "nonsense", room=room).returncode == 2


def test_draft_with_an_altered_quote_is_caught(room: Path, tmp_path: Path) -> None:
    planted = next(p for p in truth()["planted"] if p["rule"] == "altered-quote" and not p["inherited_from"])
    speaker = next(
        q["speaker_full"] for q in truth()["quotes"] if q["reference"] == planted["subject"] and q["speaker_full"]
    )
    draft = tmp_path / "draft.md"
    draft.write_text(f"# A draft\n\n“{planted['observed']},” said {speaker}.\n", encoding="utf-8")
    done = retold("check", str(draft), "--fail-on", "any", room=room)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "altered-quote" in done.stdout


def test_trace_names_the_first_appearance(room: Path) -> None:
    traced = answer("trace", room=room)
    assert traced["first"] is None or traced["first"]["url"]
    assert traced["origins"]
    assert {article["url"] for article in traced["articles"]}
