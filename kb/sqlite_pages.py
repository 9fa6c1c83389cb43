"""What SQLite itself finds in a database file: pages, trees, and indexes that answer to their tables."""

import sqlite3
from contextlib import closing
from pathlib import Path


def complaints(file: Path) -> list[str]:
    """Empty where the file is sound, or not there. Nothing is written, no journal is played back by this."""
    if not file.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            told = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    except (sqlite3.Error, OSError) as error:
        return [str(error)]
    return [line for line in told if line != "ok"]
