"""Builds by Ray, on a cluster of this machine: the same rows as in one process, whatever happens to a worker."""

import os
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa
from newsdesk import STORIES, keep, opened, page

from kb import tables as t
from kb.pipeline import build
from kb.store import LIMITS
from kb.workspace import Workspace

pytestmark = pytest.mark.usefixtures("ray_here", "parser_loaded_once")
COPIES = 12


def filled(folder: Path, executor: str) -> Workspace:
    folder.mkdir()
    workspace = opened(folder)
    workspace.settings = workspace.settings.model_copy(update={"workers": 2, "executor": executor})
    return workspace


def keep_many(workspace: Workspace) -> None:
    for number in range(COPIES):
        for url, paragraphs in STORIES.items():
            told = [paragraph.replace("night", f"night {number}") for paragraph in paragraphs]
            keep(workspace, f"{url}/{number}", page(f"{url}/{number}", told), hours=number)


def rows(workspace: Workspace) -> dict[str, list[tuple[object, ...]]]:
    """Every derived row with its number and its vector's bytes, in the order of writing where there is one.

    But for the note of what documents may take, which is nothing derived: alone, they are not limited.
    """
    found = {}
    with workspace.store.engine.connect() as connection:
        for name, table in t.DERIVED.tables.items():
            columns = [
                sa.type_coerce(c, sa.LargeBinary) if c.name == "vector" else c
                for c in table.c
                if c.name not in ("duration_ms", "seal")
            ]
            query = sa.select(*columns)
            if name == "active":
                query = query.where(table.c.kind != LIMITS)
            found[name] = [tuple(row) for row in connection.execute(query).all()]
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    with filled(tmp_path_factory.mktemp("alone") / "w", "local") as workspace:
        workspace.settings = workspace.settings.model_copy(update={"workers": 1})
        keep_many(workspace)
        assert build(workspace).complete
        return rows(workspace)


def test_rows_are_the_same_in_the_same_order_though_a_worker_is_killed(tmp_path, alone):
    killed: list[int] = []

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "annotate" and done == 4:
            killed.append(_kill_a_worker())

    with filled(tmp_path / "w", "ray") as workspace:
        keep_many(workspace)
        summary = build(workspace, on_progress=progress)
        assert killed
        assert summary.complete
        assert rows(workspace) == alone


def _kill_a_worker() -> int:
    """Kill one of the actors that Ray started for this process."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told = path.read_bytes()
        except OSError:
            continue
        if told.startswith(b"ray::Adopted"):
            pid = int(path.parent.name)
            os.kill(pid, signal.SIGKILL)
            return pid
    return 0


def test_run_that_is_stopped_goes_on(tmp_path, alone):
    class StopError(Exception):
        pass

    left: list[int] = []

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "annotate" and done == 10:
            left.append(total - done)
            raise StopError

    with filled(tmp_path / "w", "ray") as workspace:
        keep_many(workspace)
        with pytest.raises(StopError):
            build(workspace, on_progress=stop)
        summary = build(workspace)
        assert {each.stage: each.done for each in summary.stages}["annotate"] == left[0]
        assert {name: set(found) for name, found in rows(workspace).items()} == {
            name: set(found) for name, found in alone.items()
        }
