"""What lies in the WARC files beside the records that the log names.

A crawl that is killed leaves whole records that were never logged; nothing rests on them. A record that stands there
a second time, or a whole file that does, was put there by somebody.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import attrs
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from kb.archive import Archive, Problem
from kb.capturelog import Entry


@attrs.frozen
class Stretch:
    """Bytes of a WARC file that the log does not name."""

    warc: str
    start: int
    end: int


def unlogged(archive: Archive) -> list[Stretch]:
    """All such bytes, in the order of the files."""
    logged: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for line in archive.log():
        if isinstance(line, Entry):
            logged[line.snapshot.warc].append((line.start, line.end))
    found: list[Stretch] = []
    for path in sorted(archive.folder.glob("retold-*.warc.gz")):
        at, size = 0, path.stat().st_size
        for start, end in [*sorted(logged[path.name]), (size, size)]:
            if at < start:
                found.append(Stretch(path.name, at, start))
            at = max(at, end)
    return found


def doubled(archive: Archive, stretches: list[Stretch]) -> list[Problem]:
    """Records of the log that stand once more where it names none."""
    if not stretches:
        return []
    held = {line.warc_sha256 for line in archive.log() if isinstance(line, Entry)}
    return [
        Problem(where=f"{each.warc}@{start}", what="a record of the log stands here once more", kind="warc")
        for each in stretches
        for start, digests in _records(archive.folder / each.warc, each)
        if held & digests
    ]


def _records(path: Path, stretch: Stretch) -> Iterator[tuple[int, set[str]]]:
    """Each whole record's start, its digest, and that together with the record before: a file's first has its head."""
    before = start = stretch.start
    with path.open("rb") as file:
        for end in _ends(path, stretch):
            digests = {_digest(file, since, end) for since in (before, start)}
            yield start, digests
            before, start = start, end


def _ends(path: Path, stretch: Stretch) -> Iterator[int]:
    with path.open("rb") as file, suppress(ArchiveLoadFailed, EOFError, ValueError):
        file.seek(stretch.start)
        records = ArchiveIterator(file)
        for _ in records:
            start = records.offset
            end = start + records.get_record_length()
            if end > stretch.end:
                return
            yield end


def _digest(file: BinaryIO, start: int, end: int) -> str:
    file.seek(start)
    return hashlib.sha256(file.read(end - start)).hexdigest()
