"""The whole line on PostgreSQL: the bundled newsroom gives the same answers there as on SQLite."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from postgres import Server
from test_demo import RETOLD

from bench.newsroom import NEWSROOM
from crawler.newsroom import Newsroom

SEARCHES = (
    ("machines abandon a correct answer because another machine disagrees",),
    ("the study of the models", "--mode", "lexical", "-k", "25"),
    ('"the study"', "--mode", "lexical"),
    ("models protect each other", "--kind", "quote", "--since", "2020-01-01"),
    ("models", "--verdict", "altered"),
)
CHANGING = {"took_ms", "generated_at", "made_at", "data_dir"}
"""Fields that no two runs have in common."""


class Room:
    """The newsroom's study on one database."""

    def __init__(self, folder: Path, store_url: str | None) -> None:
        self.folder = folder
        self.url = store_url

    def do(self, *words: str, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
        given = {**os.environ, "COLUMNS": "400", "OMP_NUM_THREADS": "2", "RETOLD_WORKERS": "1", **env}
        if self.url:
            given["RETOLD_STORE_URL"] = self.url
        options = ["--study", str(NEWSROOM / "claims.yaml"), "--data-dir", str(self.folder)]
        done = subprocess.run(
            [RETOLD, *options, *words], capture_output=True, text=True, timeout=900, env=given, check=False
        )
        assert done.returncode == code, done.stderr
        return done

    def answer(self, *words: str) -> Any:
        return _lasting(json.loads(self.do(*words, "--json").stdout))


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lasting(inner) for name, inner in value.items() if name not in CHANGING}
    return [_lasting(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory, postgres_server: Server) -> tuple[Room, Room]:
    """Crawled once, built on either database from the same captures."""
    folder = tmp_path_factory.mktemp("rooms")
    first = Room(folder / "sqlite", None)
    with Newsroom(NEWSROOM) as room:
        first.do("run", RETOLD_CRAWL__PROXY=room.proxy_url, RETOLD_CRAWL__DELAY_S="0")
    second = Room(folder / "postgresql", postgres_server.url())
    (second.folder / "archive").mkdir(parents=True)
    for path in (first.folder / "archive").iterdir():
        (second.folder / "archive" / path.name).write_bytes(path.read_bytes())
    with Newsroom(NEWSROOM) as room:  # asks again what is held: nothing is new
        second.do("run", RETOLD_CRAWL__PROXY=room.proxy_url, RETOLD_CRAWL__DELAY_S="0")
    return first, second


def test_nothing_of_the_records_lies_in_the_data_folder(rooms: tuple[Room, Room]) -> None:
    assert (rooms[0].folder / "records.db").exists()
    assert not (rooms[1].folder / "records.db").exists()


@pytest.mark.parametrize("command", [("check",), ("trace",), ("report", "--format", "json")])
def test_answers_are_the_same(rooms: tuple[Room, Room], command: tuple[str, ...]) -> None:
    first, second = (room.answer(*command) for room in rooms)
    assert first
    assert first == second


@pytest.mark.parametrize("search", SEARCHES)
def test_searches_find_the_same_in_the_same_order(rooms: tuple[Room, Room], search: tuple[str, ...]) -> None:
    first, second = (room.answer("search", *search) for room in rooms)
    assert first["hits"]
    assert first == second


def test_second_build_has_nothing_to_do(rooms: tuple[Room, Room]) -> None:
    summary = rooms[1].answer("build")
    assert all(stage["done"] == 0 and not stage["failed"] for stage in summary["stages"])


def test_study_moves_to_postgresql_and_answers_as_before(
    rooms: tuple[Room, Room], postgres_server: Server, tmp_path: Path
) -> None:
    url = postgres_server.url()
    done = json.loads(rooms[0].do("copy", "--to", url, "--json").stdout)
    assert done["same"]
    assert "secret" not in done["to"]
    assert all(table["source"] == table["target"] for table in done["tables"])
    moved = Room(rooms[0].folder, url)
    assert moved.answer("check") == rooms[0].answer("check")
    assert moved.answer("search", *SEARCHES[0]) == rooms[0].answer("search", *SEARCHES[0])
    back = moved.do("copy", "--to", f"sqlite:///{tmp_path}/back.db")
    assert "both hold the same" in back.stdout
    refused = moved.do("copy", "--to", "local", code=2)
    assert "holds something already" in refused.stderr
    assert "the record store in use" in moved.do("copy", "--to", url, code=2).stderr
