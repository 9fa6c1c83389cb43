"""Whether a search can be answered at once, from what the last build left in good order.

In a new process most of a search's time would go into imports and into opening what it does not need. Where
nothing is in question, three files are enough: the record store, the matrix of vectors, the embedding model.
Anything else (another model, an edited claims.yaml, a take-down that was killed, an older schema, a damaged file)
goes the whole way through `kb.workspace`, which mends or explains it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from kb import folders, matrix, schema
from kb.connections import SqliteConnection, connected
from kb.embed import Embedder, embedder
from kb.errors import DataError
from kb.identity import sha256
from kb.matrix import Matrix
from kb.minilm import EMBEDDED

_PLAIN_SETTINGS = {"RETOLD_DATA_DIR", "RETOLD_STUDY", "RETOLD_INDEX_URL"}
"""Settings in the environment that this path knows; it asks no index, wherever that lies."""


@attrs.frozen(kw_only=True)
class Ready:
    """What a search needs."""

    connection: SqliteConnection
    matrix: Matrix
    embedder: Embedder


@contextmanager
def ready(data: Path | None, study: Path | None) -> Iterator[Ready | None]:
    """What a search needs; None where it is not all there as it should be, and not what has changed since."""
    data = data or Path(os.environ.get("RETOLD_DATA_DIR") or folders.DATA)
    study = study or Path(os.environ.get("RETOLD_STUDY") or folders.STUDY)
    database = folders.database(data)
    set_otherwise = any(name.startswith("RETOLD_") and name not in _PLAIN_SETTINGS for name in os.environ)
    begun = (folders.archive(data) / folders.TAKEDOWN, folders.index(data) / folders.DISCARDED)
    if set_otherwise or not database.exists() or any(mark.exists() for mark in begun):
        yield None
        return
    with connected(database) as connection:
        yield _checked(connection, data, study)


def _checked(connection: SqliteConnection, data: Path, study: Path) -> Ready | None:
    try:
        versions = dict(connection.rows("SELECT part, version FROM schema_state"))
        chosen = next(connection.rows("SELECT tool FROM active WHERE kind = :kind", {"kind": matrix.KIND}), None)
        known = next(connection.rows("SELECT digest FROM studies ORDER BY seen_at DESC LIMIT 1"), None)
        indexed = next(connection.rows("SELECT 1 FROM sqlite_master WHERE name = 'wording_fts_drop'"), None)
        unchanged = known is not None and known[0] == sha256(study.read_bytes())
    except (DataError, sqlite3.Error, OSError):
        return None
    current = {"captured": schema.CAPTURED, "derived": schema.DERIVED}.items() <= versions.items()
    if not (current and chosen and indexed and unchanged):
        return None
    model = embedder(EMBEDDED, data)
    if not matrix.is_of(chosen[0], model.tool.id):
        return None
    vectors = matrix.load(folders.index(data), chosen[0])
    return Ready(connection=connection, matrix=vectors, embedder=model) if vectors else None
