"""Everything derived once more from the captures, beside the record store, and compared row by row.

Seals find accidents. A row that somebody changed and sealed anew is found by this alone, and it costs as much as a
build of everything does.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import sqlalchemy as sa

from kb import folders, matrix
from kb import tables as t
from kb.archive import Problem
from kb.errors import UserError
from kb.pipeline import build
from kb.soundness import place
from kb.store import RecordStore
from kb.text import words_digest
from kb.workspace import Workspace

OFF = 1e-4
"""How far a computed number may be off: batches of other lengths round otherwise."""

COMPARED = tuple(table for table in t.DERIVED.sorted_tables if table.name not in ("active", "outcomes", "tools"))

_APART = ("number", "seal")


def unlike_captures(workspace: Workspace) -> list[Problem]:
    """Derived rows that the captures do not give, and those that they give and that are missing. UserError where the
    rows are of another version, or a build has still something to do.
    """
    with TemporaryDirectory(prefix="retold-") as name:
        folder = Path(name)
        folders.archive(folder).symlink_to(workspace.settings.archive_dir.resolve())
        beside = {"data_dir": folder, "store_url": None, "index_url": None}
        with Workspace(workspace.settings.model_copy(update=beside)) as fresh:
            fresh.embedder = workspace.embedder
            fresh.store.commit(None, (), _wordings(workspace.store))  # of equal words one spelling stands for all
            build(fresh)
            if _chosen(fresh.store) != _chosen(workspace.store):
                raise UserError("the records were derived by another version of retold: run `retold build` first")
            return [problem for table in COMPARED for problem in _differing(table, workspace.store, fresh.store)]


def _wordings(store: RecordStore) -> dict[str, str]:
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(t.wordings)).all()
    return {row.words_sha256: row.wording for row in rows if words_digest(row.wording) == row.words_sha256}


def _chosen(store: RecordStore) -> dict[str, str]:
    with store.engine.connect() as connection:
        return {row.kind: row.tool for row in connection.execute(sa.select(t.active)) if row.kind != matrix.KIND}


def _differing(table: sa.Table, held: RecordStore, fresh: RecordStore) -> Iterator[Problem]:
    stored, expected = _rows(table, held), _rows(table, fresh)
    for key in sorted(stored.keys() | expected.keys()):
        one, other = stored.get(key), expected.get(key)
        if one is None or other is None or not _same(one, other):
            what = "is missing" if one is None else "is not what the captures give"
            yield Problem(where=f"{place(held)}: {table.name} {' '.join(key)}", what=what, kind="rederived")


def _rows(table: sa.Table, store: RecordStore) -> dict[tuple[str, ...], Mapping[str, Any]]:
    keys = ["words_sha256"] if table is t.wordings else [column.name for column in table.primary_key.columns]
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(table)).mappings()
        return {tuple(str(row[key]) for key in keys): dict(row) for row in rows}


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(_equal(value, other[name]) for name, value in one.items() if name not in _APART)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and bool(np.allclose(one, other, rtol=0, atol=OFF))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=OFF, abs_tol=OFF)
    return bool(one == other)
