"""Taking captures down: their bytes go, a tombstone in the log stays, whether or not the run is killed meanwhile.

The order: (1) bodies that other captures share are written again under those; (2) the mark of a take-down in
progress; (3) the log with its tombstones replaces the log: from here on it has happened; (4) blanks of the same
length replace the records, so that all others keep their places; (5) what was derived goes from the record
store and the vector index; (6) the mark goes. Killed before 3, nothing has happened; killed after it, whoever
opens the data next does 4 to 6 again, which may be done any number of times.
"""

import hashlib
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

import attrs
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from kb import index
from kb.archive import Archive
from kb.capturelog import GENESIS, LOG, Entry, Notice
from kb.folders import TAKEDOWN, keep_names
from kb.index_server import Server
from kb.purge import purge
from kb.records import Snapshot, rfc3339, sha256
from kb.store import RecordStore
from kb.warc import IN_FULL, Stored, as_uri, blank_in_place, blank_record, head, record_again

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""The date of the blank in the place of a record that the log does not name."""


@attrs.frozen(kw_only=True)
class Request:
    """What is to be taken down, and why."""

    snapshots: frozenset[str]
    """Ids of the captures."""
    addresses: tuple[str, ...]
    """What no crawl or import is to bring back."""
    reason: str
    by: str
    at: datetime


@attrs.frozen(kw_only=True)
class Taken:
    """What a take-down came to."""

    captures: tuple[Snapshot, ...]
    elsewhere: tuple[Snapshot, ...]
    """Captures of other addresses with the very same bytes: they stay."""


def take_down(archive: Archive, request: Request) -> Taken:
    """Steps 1 to 4. `finish` does the rest, and has to be called in any case."""
    with archive.alone():
        covered = {notice.covers for notice in archive.notices()}
        log = list(archive.log())
        live = [entry for entry in log if isinstance(entry, Entry) and entry.hash not in covered]
        going = [entry for entry in live if entry.snapshot.id in request.snapshots]
        bodies = {entry.snapshot.body_sha256 for entry in going}
        sharing = [e for e in live if e.snapshot.id not in request.snapshots and e.snapshot.body_sha256 in bodies]
        in_full = {entry.snapshot.body_sha256 for entry in going if archive.type_at(entry.snapshot) in IN_FULL}
        again = _written_again(archive, sharing, in_full)
        notices = [
            *(_notice(archive, old, request, "moved") for old, _ in again),
            *(_notice(archive, entry, request, "forgotten") for entry in going),
        ]
        _write_whole(archive.folder / TAKEDOWN, b"")
        _replace_log(archive, log, {entry.hash for entry in going}, [new for _, new in again], notices)
        _blank_records(archive)
    return Taken(captures=tuple(e.snapshot for e in going), elsewhere=tuple(e.snapshot for e in sharing))


def allow(archive: Archive, addresses: Sequence[str], *, reason: str, by: str, at: datetime) -> None:
    """Let addresses be fetched again; what was taken down stays gone."""
    notice = Notice(
        kind="allowed",
        covers=None,
        addresses=tuple(addresses),
        body_sha256=None,
        warc_sha256=None,
        reason=reason,
        by=by,
        at=at,
    )
    with archive.alone():
        _replace_log(archive, list(archive.log()), set(), [], [notice])


def is_unfinished(archive: Archive) -> bool:
    return (archive.folder / TAKEDOWN).exists()


def finish(
    archive: Archive,
    store: RecordStore,
    index_folder: Path,
    *,
    own: Mapping[str, str] = {},
    server: Server | None = None,
) -> None:
    """Steps 4 to 6, for every take-down that the log knows. `own`: the study's own wordings by digest. `server`: where
    the vector index lies, if not in the folder; while it is away the take-down stays unfinished.
    """
    with archive.alone():
        _blank_records(archive)
        covered = {notice.covers for notice in archive.notices() if notice.kind == "moved"}
        again = {entry.snapshot.id for entry in archive.log() if isinstance(entry, Entry) and entry.hash in covered}
        moved = [snapshot for snapshot in archive.entries() if snapshot.id in again]
        at = max((notice.at for notice in archive.notices() if notice.kind == "forgotten"), default=_LONG_AGO)
        purge(store.engine, gone(archive), at, own=own, moved=moved)
        index.discard(index_folder, server)
        (archive.folder / TAKEDOWN).unlink(missing_ok=True)


def gone(archive: Archive) -> set[str]:
    """Ids of the captures that were taken down and that no later one has again."""
    return {entry.snapshot.id for entry, _ in tombstones(archive)} - {held.id for held in archive.entries()}


class Gone:
    """`gone` for a process that lives long and asks at every turn: a look at the log's name, and the log is read again
    only when it was replaced, which take-downs alone do.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._held: BinaryIO | None = None
        self._ids: frozenset[str] = frozenset()
        self._turn = threading.Lock()

    def now(self) -> frozenset[str]:
        with self._turn:
            if self._is_replaced():
                self._read()
            return self._ids

    def again(self) -> None:
        """Read the log whatever it looks like: what is taken down can be captured again."""
        with self._turn:
            self._read()

    def close(self) -> None:
        with self._turn:
            if self._held:
                self._held.close()
            self._held = None

    def _is_replaced(self) -> bool:
        try:
            here = (self._archive.folder / LOG).stat()
        except FileNotFoundError:
            return self._held is not None
        # the file is held open, so that its number is not given to the next one
        return self._held is None or not os.path.samestat(here, os.fstat(self._held.fileno()))

    def _read(self) -> None:
        if self._held:
            self._held.close()
        log = self._archive.folder / LOG
        self._held = log.open("rb") if log.exists() else None
        self._ids = frozenset(gone(self._archive)) if any(self._archive.notices()) else frozenset()


def _written_again(archive: Archive, sharing: list[Entry], bodies: set[str]) -> list[tuple[Entry, Entry]]:
    """The captures that refer to one of the bodies, each with its new entry, not sealed yet: the first in full."""
    made: list[tuple[Entry, Entry]] = []
    placed: dict[str, Stored] = {}
    for entry in sharing:
        held = entry.snapshot
        if held.body_sha256 not in bodies or archive.type_at(held) != "revisit":
            continue
        body = archive.body(held)
        path = archive.current()
        with path.open("ab") as file, archive.record(held.warc, held.offset) as old:
            start = file.tell()
            opening = b"" if start else head(path.name)
            offset = start + len(opening)
            written = opening + record_again(old, body, placed.get(held.body_sha256))
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        placed.setdefault(held.body_sha256, Stored(path.name, offset, held.final_url, rfc3339(held.fetched_at)))
        snapshot = attrs.evolve(held, warc=path.name, offset=offset)
        made.append(
            (entry, Entry.after("", snapshot, start, start + len(written), hashlib.sha256(written).hexdigest()))
        )
    keep_names(archive.folder)
    return made


def _notice(archive: Archive, entry: Entry, request: Request, kind: Literal["forgotten", "moved"]) -> Notice:
    blank = _blank(entry, request.at)
    path = archive.folder / entry.snapshot.warc
    before = _at(path, entry.start, entry.snapshot.offset - entry.start) if path.exists() else b""
    return Notice(
        kind=kind,
        covers=entry.hash,
        addresses=request.addresses if kind == "forgotten" else (),
        body_sha256=entry.snapshot.body_sha256,
        warc_sha256=sha256(before + blank).removeprefix("sha256:"),
        reason=request.reason if kind == "forgotten" else "its body was taken down under another address",
        by=request.by,
        at=request.at,
    )


def _blank(entry: Entry, at: datetime) -> bytes:
    return blank_in_place(entry.hash, entry.end - entry.snapshot.offset, at)


def _replace_log(
    archive: Archive, log: list[Entry | Notice], going: set[str], again: list[Entry], notices: list[Notice]
) -> None:
    """Step 3: the same lines, without the titles of what is gone, and the new ones behind them, all at once."""
    lines: list[Entry | Notice] = []
    last = GENESIS
    for line in log:
        bare = line.redacted() if isinstance(line, Entry) and line.hash in going else line
        lines.append(bare if bare.follows(last) else line)  # one sealed with its title has to keep it
        last = line.hash
    for entry in again:
        lines.append(Entry.after(last, entry.snapshot, entry.start, entry.end, entry.warc_sha256))
        last = lines[-1].hash
    for notice in notices:
        lines.append(notice.after(last))
        last = lines[-1].hash
    _write_whole(archive.folder / LOG, b"".join(line.line for line in lines))


def _blank_records(archive: Archive) -> None:
    """Step 4: files in which a covered record still has its bytes are replaced, one after the other."""
    entries = [entry for entry in archive.log() if isinstance(entry, Entry)]
    covers = {notice.covers: notice for notice in archive.notices() if notice.covers}
    if not covers:
        return
    stray = _stray(archive, covers.values())
    for path in sorted(archive.folder.glob("retold-*.warc.gz")):
        here = sorted((e for e in entries if e.snapshot.warc == path.name), key=lambda entry: entry.start)
        blanks = [(e.snapshot.offset, _blank(e, covers[e.hash].at)) for e in here if e.hash in covers]
        blanks += _stray_blanks(path, here, stray)
        if any(_at(path, offset, len(blank)) != blank for offset, blank in blanks):
            _patch(path, blanks)


def _stray(archive: Archive, notices: Iterable[Notice]) -> Callable[[Any], bool]:
    """Whether a record that the log does not name holds what was taken down."""
    held = {snapshot.body_sha256 for snapshot in archive.entries()}
    gone = [notice for notice in notices if notice.kind == "forgotten"]
    bodies = {notice.body_sha256 for notice in gone} - held
    addresses = {as_uri(address) for notice in gone for address in notice.addresses}

    def holds(record: Any) -> bool:
        if record.rec_headers.get_header("WARC-Target-URI") in addresses:
            return True
        return record.rec_type in IN_FULL and sha256(record.content_stream().read()) in bodies

    return holds


def _stray_blanks(path: Path, here: list[Entry], stray: Callable[[Any], bool]) -> list[tuple[int, bytes]]:
    """Blanks for such records: an append that was killed leaves whole ones between those of the log."""
    found: list[tuple[int, bytes]] = []
    at = 0
    for start, end in [*((entry.start, entry.end) for entry in here), (path.stat().st_size, 0)]:
        if at < start:
            with path.open("rb") as file, suppress(ArchiveLoadFailed):
                file.seek(at)
                records = ArchiveIterator(file)
                for record in records:
                    if records.offset >= start or record.format != "warc":
                        break
                    offset, gone = records.offset, stray(record)
                    if gone:
                        name = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{path.name}@{offset}"))
                        found.append((offset, blank_record(records.get_record_length(), name, _LONG_AGO)))
        at = max(at, end)
    return found


def _at(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)


def _patch(path: Path, blanks: list[tuple[int, bytes]]) -> None:
    def write(copy: Path) -> None:
        shutil.copyfile(path, copy)
        with copy.open("r+b") as file:
            for offset, blank in blanks:
                file.seek(offset)
                file.write(blank)

    _swap(path, write)


def _write_whole(path: Path, content: bytes) -> None:
    def write(copy: Path) -> None:
        copy.write_bytes(content)

    _swap(path, write)


def _swap(path: Path, write: Callable[[Path], None]) -> None:
    """Replace a file by one that is written beside it first: a reader sees the old one or the new one."""
    copy = path.with_name(path.name + ".new")
    write(copy)
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    copy.replace(path)
    keep_names(path.parent)


def tombstones(archive: Archive) -> Iterator[tuple[Entry, Notice]]:
    """What was taken down, each capture with its notice, in order."""
    entries = {entry.hash: entry for entry in archive.log() if isinstance(entry, Entry)}
    for notice in archive.notices():
        if notice.kind == "forgotten" and notice.covers in entries:
            yield entries[notice.covers], notice
