"""Where things lie in a data folder, marks of what was begun there and not ended, and names that outlast a crash."""

import os
from pathlib import Path

DATA = Path(".retold")
"""The data folder where none is named."""
STUDY = Path("claims.yaml")
"""The study's file where none is named."""

TAKEDOWN = ".takedown"
"""Lies in the archive while a take-down is in progress."""
DISCARDED = ".discarded"
"""Lies in the index's folder from when it was discarded until it is filled again."""


def archive(data: Path) -> Path:
    """WARC files and the capture log."""
    return data / "archive"


def index(data: Path) -> Path:
    """The vector index and the matrix of vectors."""
    return data / "index"


def database(data: Path) -> Path:
    """The record store where it is SQLite."""
    return data / "records.db"


def unmakeable(error: OSError) -> str:
    """Why the data folder is not there and cannot be made, and what to do: a disk behind a link may be away."""
    why = "a link that leads nowhere" if Path(error.filename).is_symlink() else error.strerror
    return f"the data folder cannot be made: {error.filename}: {why}; choose another with --data-dir"


def keep_names(folder: Path) -> None:
    """Flush a folder: without that, a power cut can take a new file's name and leave its content nowhere."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
