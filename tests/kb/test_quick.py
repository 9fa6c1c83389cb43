"""A search is answered at once only where everything is as the last build left it."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from newsdesk import HashEmbedder, keep_stories, opened

from kb import folders, quick
from kb import matrix as matrices
from kb.pipeline import build
from queries.job import remember


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    with opened(folder) as workspace:
        keep_stories(workspace)
        build(workspace)
        remember(workspace)
        with workspace.searching():
            pass  # makes the full-text index
    return folder


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that the desk was built with; and no setting of the tests' own, such as where pywb lies."""
    for name in [name for name in os.environ if name.startswith("RETOLD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(quick, "embedder", lambda *_: HashEmbedder())


@pytest.fixture
def desk(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return tmp_path


def ready(desk: Path) -> bool:
    with quick.ready(desk / "data", desk / "claims.yaml") as found:
        return found is not None


def test_what_a_build_left_is_ready(desk):
    with quick.ready(desk / "data", desk / "claims.yaml") as found:
        assert found is not None
        vector = found.embedder.encode(["a short nap"])[0]
        assert len(found.matrix.nearest(vector, 5)) == 5


def execute(desk: Path, statement: str) -> None:
    engine = sa.create_engine(f"sqlite:///{folders.database(desk / 'data')}")
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        lambda desk: (desk / "claims.yaml").write_text("study: {id: other, title: Other}"),
        lambda desk: (desk / "claims.yaml").unlink(),
        lambda desk: (desk / "data" / "archive" / folders.TAKEDOWN).touch(),
        lambda desk: (desk / "data" / "index" / folders.DISCARDED).touch(),
        lambda desk: next((desk / "data" / "index").glob("matrix-*.numbers.npy")).unlink(),
        lambda desk: folders.database(desk / "data").unlink(),
        lambda desk: folders.database(desk / "data").write_bytes(b"not a database, but long enough to be read" * 200),
        lambda desk: execute(desk, "UPDATE schema_state SET version = '1' WHERE part = 'derived'"),
        lambda desk: execute(desk, "DELETE FROM active WHERE kind = 'matrix'"),
        lambda desk: execute(desk, "DROP TRIGGER wording_fts_drop"),
        lambda desk: execute(desk, "DROP TABLE studies"),
        lambda desk: shutil.rmtree(desk / "data" / "index"),
    ],
)
def test_anything_else_goes_the_whole_way(desk, change):
    change(desk)
    assert not ready(desk)


@pytest.mark.parametrize("name", ["RETOLD_STORE_URL", "RETOLD_EMBEDDING_MODEL", "RETOLD_WORKERS"])
def test_settings_of_the_environment_go_the_whole_way(desk, monkeypatch, name):
    monkeypatch.setenv(name, "x")
    assert not ready(desk)


def test_places_may_come_from_the_environment(desk, monkeypatch):
    monkeypatch.setenv("RETOLD_DATA_DIR", str(desk / "data"))
    monkeypatch.setenv("RETOLD_STUDY", str(desk / "claims.yaml"))
    monkeypatch.setenv("RETOLD_INDEX_URL", "http://127.0.0.1:1")  # nobody is asked there
    with quick.ready(None, None) as found:
        assert found is not None


def test_vectors_of_another_model_are_not_taken(desk):
    name = matrices.name_of("tool:another", np.array([1]), ["x"])
    execute(desk, f"UPDATE active SET tool = '{name}' WHERE kind = 'matrix'")
    assert not ready(desk)
