"""Data folders of every earlier schema, made by the code of its time and opened by this one: nothing is lost."""

import gzip
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from newsdesk import CLAIMS, keep_stories, made, opened

from kb import migrations, schema
from kb.folders import database
from kb.judgementlog import JudgementLog
from kb.pipeline import build
from kb.store import RecordStore
from kb.workspace import Workspace
from queries.verifying import verify

SCHEMAS = sorted(path.name for path in (Path(__file__).parent / "upgrades").iterdir() if path.is_dir())

pytestmark = pytest.mark.usefixtures("parser_loaded_once")


def laid_out(name: str, folder: Path) -> Path:
    """The data folder of an earlier schema below `folder`; its database."""
    kept, data = Path(__file__).parent / "upgrades" / name, folder / "data"
    (data / "archive").mkdir(parents=True)
    for file in kept.iterdir():
        if file.suffix != ".gz" or ".warc" in file.suffixes:
            shutil.copy(file, data / "archive")
    with closing(sqlite3.connect(database(data))) as connection:
        connection.executescript(gzip.decompress((kept / "records.sql.gz").read_bytes()).decode())
    (folder / "claims.yaml").write_text(CLAIMS, encoding="utf-8")
    return database(data)


def derived(workspace: Workspace) -> Mapping[str, object]:
    """Without the register of tools, which keeps those of earlier versions."""
    return {name: rows for name, rows in made(workspace).items() if name != "tools"}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, parser_loaded_once: None) -> object:
    """What this version makes of the same stories from the beginning."""
    with opened(tmp_path_factory.mktemp("fresh")) as workspace:
        keep_stories(workspace)
        build(workspace)
        return derived(workspace)


def test_every_step_has_a_folder_that_begins_before_it() -> None:
    assert [int(name) for name in SCHEMAS] == list(range(1, len(migrations.STEPS) + 1))


@pytest.mark.parametrize("name", SCHEMAS)
def test_folder_of_an_earlier_schema_keeps_all_and_is_built_as_if_it_were_new(
    name: str, tmp_path: Path, fresh: object
) -> None:
    before = laid_out(name, tmp_path)
    with closing(sqlite3.connect(before)) as old:
        snapshots = old.execute("SELECT * FROM snapshots ORDER BY id").fetchall()
        visits = old.execute(VISITS).fetchall()
        judged = old.execute("SELECT id, note, withdrawn_at IS NULL FROM judgements ORDER BY id").fetchall()
        told = old.execute("SELECT count(*) FROM alerts").fetchone()[0] if int(name) > 1 else 0
    with opened(tmp_path) as workspace:
        assert build(workspace).complete
        assert derived(workspace) == fresh
        held = workspace.reader.judgements()
        assert sorted((each.id, each.note, each.withdrawn_at is None) for each in held) == judged != []
        assert len(workspace.reader.alerts()) == told == (int(name) > 1)
        assert verify(workspace).problems == ()
    with closing(sqlite3.connect(before)) as new:
        assert new.execute("SELECT * FROM snapshots ORDER BY id").fetchall() == snapshots != []
        assert new.execute(VISITS).fetchall() == visits != []
        assert new.execute("SELECT count(*) FROM studies").fetchone() == (1,)
        versions = dict(new.execute("SELECT part, version FROM schema_state WHERE part <> 'judgements'"))
    assert versions == {"captured": schema.CAPTURED, "derived": schema.DERIVED}
    assert len(JudgementLog(tmp_path / "data" / "archive").held()) == len(judged)


VISITS = "SELECT id, url, at, action, reason, status, found_in, source FROM visits"
"""All that a visit says; seals came with schema 5."""


def dump(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return sorted(connection.iterdump())


STOPPED = """\
import os, signal, sys
import sqlalchemy as sa
from kb.store import RecordStore
from kb.workspace import Workspace
left = int(sys.argv[2])
def count(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
sa.event.listen(sa.Engine, "before_cursor_execute", count)
sa.event.listen(sa.Engine, "commit", count)
RecordStore.open(sys.argv[1]).close()
"""


def test_upgrade_killed_before_any_statement_is_finished_by_the_next_opening(tmp_path: Path) -> None:
    whole = laid_out("1", tmp_path / "whole")
    RecordStore.open(f"sqlite:///{whole}").close()
    expected = dump(whole)
    step = 1 if os.environ.get("RETOLD_SOAK") else 25
    killed, number = 0, 0
    while True:
        folder = tmp_path / str(number)
        file = laid_out("1", folder)
        stopped = subprocess.run(
            [sys.executable, "-c", STOPPED, f"sqlite:///{file}", str(number)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
        if stopped.returncode != -signal.SIGKILL:
            break
        killed += 1
        RecordStore.open(f"sqlite:///{file}").close()
        assert dump(file) == expected, number
        shutil.rmtree(folder)
        number += step
    assert stopped.returncode == 0
    assert killed >= 3
