"""One byte of one file of a study is changed: `retold verify` notices, or the byte carries nothing.

That it carries nothing is shown, not assumed: every row, the schema but for the case of its letters, and every entry
of the full text read the same; or every wording finds the same neighbours. Of captures and logs no byte is let off.
A sample in the ordinary suite. With RETOLD_SOAK=1 every byte of captures and logs; of the record store, the matrix and
Chroma's files the head of the file, the head of every page and every n-th byte of the rest: all of them take two hours.
"""

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fullstudy import shrunk
from newsdesk import opened
from typer.testing import CliRunner

from kb.errors import DataError
from kb.indexing import Indexing
from kb.workspace import Workspace
from queries.cli import app
from queries.options import DAMAGED
from queries.verifying import verify

pytestmark = pytest.mark.usefixtures("parser_loaded_once")

SOAK = os.environ.get("RETOLD_SOAK") == "1"

PARTS = {
    "captures": ("archive/captures.jsonl", 1, 8),
    "judgements": ("archive/judgements.jsonl", 1, 5),
    "warc": ("archive/retold-*.warc.gz", 1, 10),
    "records": ("records.db", 11, 40),
    "matrix": ("index/matrix-*", 7, 6),
    "chroma": ("index/chroma.sqlite3", 97, 12),
    "graph": ("index/*-*/*.bin", 97, 4),
}
"""By part of a study its files, of every how many bytes the soak looks at one, and how many the ordinary suite does.
Primes: no field of a format comes again in step with them.
"""
HEAD, PAGE_HEAD, PAGE = 128, 12, 512
"""Bytes that the soak looks at one by one: of a file, and of each page of a database."""

DATABASES = {".db", ".sqlite3"}
EXCUSED = {"records", "chroma", "graph"}
"""Formats of others, with bytes that nobody reads: free pages, gaps in pages, counters."""


@pytest.fixture(scope="module")
def whole(full_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(full_study, folder, dirs_exist_ok=True)
    for database in ("records.db", "index/chroma.sqlite3"):
        shrunk(folder / "data" / database)
    return folder


def flips(whole: Path, part: str) -> Iterator[tuple[Path, int, int]]:
    """Files below the folder, places in them, and which bits are turned there: never the same choice of bits twice."""
    pattern, step, sample = PARTS[part]
    files = sorted(path for path in (whole / "data").glob(pattern) if path.stat().st_size)
    places = [
        (path.relative_to(whole), at)
        for path in files
        for at in range(path.stat().st_size)
        if at % step == 0 or at < HEAD or (path.suffix in DATABASES and at % PAGE < PAGE_HEAD)
    ]
    chance = random.Random(part)
    for file, at in places if SOAK else chance.sample(places, min(sample, len(places))):
        yield file, at, chance.choice([0x01, 0x20, 0x80, 0xFF])


def said_by(workspace: Workspace, part: str) -> object:
    """All that a part of a study tells whoever asks it."""
    if part == "records":
        return _content(workspace.settings.data_dir / "records.db")
    wordings = sorted(workspace.store.active_wordings() | set(workspace.study_wordings))
    _, vectors = workspace.reader.vectors(wordings, workspace.embedder.tool.id)
    index = workspace.indexing.index
    answers = [[(key, round(near, 4)) for key, near in index.nearest(vector, 5)] for vector in vectors]
    workspace.indexing.close()
    return answers


def _content(database: Path) -> dict[str, object]:
    with closing(sqlite3.connect(database)) as connection:
        connection.text_factory = bytes
        found: dict[str, object] = {"schema": _schema(connection)}
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            table = name.decode().casefold()
            if not table.startswith(("wording_fts", "sqlite_")):
                what = "*" if table == "schema_state" else "rowid, *"  # a step taken again writes its row anew
                found[table] = sorted(connection.execute(f'SELECT {what} FROM "{table}"').fetchall(), key=str)
        connection.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'wording_fts', 'instance')")
        found["full text"] = sorted(connection.execute("SELECT * FROM temp.words").fetchall())
    return found


def _schema(connection: sqlite3.Connection) -> list[str]:
    """What SQLite makes of the words that describe its tables and indexes; of triggers and the full text the words."""
    told: list[object] = []
    for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall():
        words = b" ".join(sql.split()).upper()
        if words.startswith(b"CREATE TABLE"):
            columns = connection.execute(
                "SELECT name, type, [notnull], dflt_value, pk FROM pragma_table_xinfo(?)", (name,)
            )
            told.append((name, [(column, _affinity(typed), *rest) for column, typed, *rest in columns]))
            indexes = connection.execute("SELECT name, [unique], origin, partial FROM pragma_index_list(?)", (name,))
            told += [
                (name, index, connection.execute("SELECT * FROM pragma_index_xinfo(?)", (index[0],)).fetchall())
                for index in indexes.fetchall()
            ]
        elif not words.startswith((b"CREATE INDEX", b"CREATE UNIQUE INDEX")):
            told.append((name, words))
    return sorted(str(each).casefold() for each in told)


def _affinity(typed: bytes) -> str:
    """What a column turns values into: https://sqlite.org/datatype3.html#determination_of_column_affinity"""
    for words, affinity in ((b"INT",), "i"), ((b"CHAR", b"CLOB", b"TEXT"), "t"), ((b"BLOB",), "b"), ((b"REAL",), "r"):
        if any(word in typed.upper() for word in words):
            return affinity
    return "n"


@pytest.mark.parametrize("part", PARTS)
def test_a_flipped_byte_is_noticed_or_carries_nothing(
    whole: Path, tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(whole, tmp_path / "whole")
    with opened(tmp_path / "whole") as workspace:
        assert verify(workspace).problems == ()
        expected = said_by(workspace, part) if part in EXCUSED else None
    if part not in ("matrix", "chroma", "graph"):  # Chroma takes most of the time, and its files are as they were
        monkeypatch.setattr(Indexing, "problems", lambda _: {})
    noticed = 0
    for number, (file, at, bits) in enumerate(flips(whole, part)):
        copy = tmp_path / str(number)  # Chroma keeps a folder that it has seen in mind
        shutil.copytree(whole, copy)
        data = bytearray((copy / file).read_bytes())
        data[at] ^= bits
        (copy / file).write_bytes(data)
        workspace = opened(copy)
        try:
            found = verify(workspace).problems
            noticed += bool(found)
            if not found:
                assert part in EXCUSED, (file, at, bits)
                assert said_by(workspace, part) == expected, (file, at, bits)
        finally:
            workspace.__exit__(None, None, None)
            shutil.rmtree(copy)
    assert noticed or part == "graph"  # so small a graph is read from Chroma's database


@pytest.mark.parametrize(
    ("part", "at", "named"),
    [
        ("captures", 700, "captures.jsonl:"),
        ("judgements", 100, "judgements.jsonl:"),
        ("warc", 1000, "retold-00001.warc.gz@"),
        ("records", b"charting mistakes", "records.db: wordings "),
        ("records", 47, "the record store: DataError: "),  # the format that it says it has
        ("records", b"\talert TEXT N", "records.db: the table deliveries "),
        ("records", b"\x04elis", "records.db: full text: it holds other words than the wordings"),
        ("records", b"(id INTEGER P", "records.db: full text: it is not as it was made"),
        ("records", b"\tpart T", "records.db: the table schema_state "),
    ],
)
def test_the_command_ends_with_code_3_and_names_the_file(
    whole: Path, tmp_path: Path, part: str, at: int | bytes, named: str
) -> None:
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    (file,) = (tmp_path / "data").glob(PARTS[part][0])
    data = bytearray(file.read_bytes())
    data[data.index(at) + len(at) - 1 if isinstance(at, bytes) else at] ^= 1
    file.write_bytes(data)
    asked = ["--study", str(tmp_path / "claims.yaml"), "--data-dir", str(tmp_path / "data"), "verify"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == DAMAGED == DataError.exit_code
    assert f"damaged  {named}" in done.stderr
