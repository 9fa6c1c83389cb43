"""The archive: WARC files and the hash-chained log of what was captured when.

Order of writing: WARC record, then log line, then (by the caller) the row in the record store. A crash
at any point leaves either nothing or a logged capture: a torn record behind the last logged one is an
unfinished append and is cut off by the next one (whole records stay, since a log can be lost too); a log
line without a row is given back by `entries()`, from which the store catches up.
"""

import hashlib
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

import attrs
from filelock import FileLock, Timeout
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from kb.capturelog import GENESIS, LOG, Entry, Notice, covers_one, is_digest, is_notice, is_torn, parse
from kb.errors import DataError, DigestError, UserError
from kb.folders import keep_names
from kb.records import Snapshot, rfc3339, sha256
from kb.warc import BLANK, IN_FULL, Capture, Stored, as_uri, blank_in_place, head, opened, record, whole_records

ROTATE_BYTES = 1_000_000_000
"""A WARC file is closed at this size, as the format's guidelines recommend (about 1 GB)."""


Told = tuple[str | None, ...]
"""Address and time in a record's own head."""


@attrs.frozen(kw_only=True)
class Problem:
    """Something that `verify` found damaged."""

    where: str
    """`captures.jsonl:12`, `retold-00001.warc.gz@4711` or `quotes quote:1f…`."""
    what: str
    kind: Literal[
        "log", "warc", "body", "judgements", "store", "kept", "entered", "derived", "search", "rederived", "checkpoint"
    ]
    """`log`, `warc`, `body`, `judgements`: what lies in the archive. Of the record store, `store`: its structure;
    `kept`: rows that nothing makes again; `entered`: rows that a log has too; `derived`: rows that a build makes.
    `search`: full text, matrix and vector index. `rederived`: rows that the captures do not give. `checkpoint`: what
    stood in a checkpoint and stands no more."""
    url: str | None = None
    """Of a damaged record or body: the address that was captured."""
    fetched_at: datetime | None = None


class Archive:
    """One folder of WARC files with its log. Any number of readers; appends take a lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / LOG
        self._start_over(0)

    def _start_over(self, log_file: int) -> None:
        """Forget what was read: the log is not the file that it was, since a take-down writes a new one."""
        self._log_file = log_file
        self._bodies: dict[str, list[Stored]] = {}
        """By digest, where a body lies; in full in the first place, referred to in the others."""
        self._places: dict[str, tuple[str, Stored]] = {}
        """By the hash of an entry, its body's digest and place."""
        self._thinned = False
        """Whether anything was taken down, so that what stands first may only refer to a body."""
        self._read_to = 0
        self._last_hash = GENESIS
        self._end: tuple[str, int] | None = None
        self._kept: str | None = None
        """The WARC file whose name this object has flushed to disk; once is enough."""

    def append(self, capture: Capture) -> Snapshot:
        """Archive one capture durably."""
        return self.append_many([capture])[0]

    def append_many(self, captures: Iterable[Capture]) -> list[Snapshot]:
        """Archive captures with one flush to disk for all: after it returns they survive a crash."""
        waiting = list(captures)
        if not waiting:
            return []
        with self.alone():
            return self._write(waiting)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The lock that every writer takes, with what an interrupted one left behind cut off."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=60)
        except Timeout as error:
            raise UserError(f"{self.folder} is being written by another process; try again when it is done") from error
        try:
            self._catch_up(cut=True)
            self._cut_torn()
            yield
        finally:
            lock.release()

    def _write(self, captures: list[Capture]) -> list[Snapshot]:
        path = self.current()
        entries: list[Entry] = []
        with path.open("ab") as file:
            for entry in self._write_records(captures, path.name, file):
                entries.append(entry)
            file.flush()
            os.fsync(file.fileno())
        if path.name != self._kept:
            keep_names(self.folder)
        with self._log.open("ab") as log:
            log.write(b"".join(entry.line for entry in entries))
            log.flush()
            os.fsync(log.fileno())
        if path.name != self._kept:  # the log may be as new as the file
            keep_names(self.folder)
            self._kept = path.name
        return [entry.snapshot for entry in entries]

    def _write_records(self, captures: list[Capture], name: str, file: BinaryIO) -> Iterator[Entry]:
        fresh: dict[str, Stored] = {}
        last = self._last_hash
        for capture in captures:
            start = file.tell()
            opening = b"" if start else head(name)
            offset, digest = start + len(opening), capture.body_sha256
            written = opening + record(capture, self._original(digest) or fresh.get(digest))
            file.write(written)
            fresh.setdefault(digest, Stored(name, offset, capture.final_url, rfc3339(capture.fetched_at)))
            snapshot = _snapshot(capture, digest, name, offset)
            entry = Entry.after(last, snapshot, start, start + len(written), hashlib.sha256(written).hexdigest())
            last = entry.hash
            yield entry

    def current(self) -> Path:
        """The file that the next record goes into."""
        files = sorted(self.folder.glob("retold-*.warc.gz"))
        if files and files[-1].stat().st_size < ROTATE_BYTES:
            return files[-1]
        last = int(files[-1].name.removeprefix("retold-").removesuffix(".warc.gz")) if files else 0
        return self.folder / f"retold-{last + 1:05d}.warc.gz"

    def _cut_torn(self) -> None:
        """Drop the torn record that an interrupted append left behind the last logged one."""
        path = self.current()
        logged = self._end[1] if self._end and self._end[0] == path.name else 0
        if path.exists() and path.stat().st_size > logged:
            os.truncate(path, whole_records(path, logged))

    def _catch_up(self, *, cut: bool = False) -> None:
        """Read log lines that this object has not seen. Under the lock a torn last line is cut off; to a reader
        it may be one that is being written.
        """
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            file = os.fstat(log.fileno())
            if file.st_ino != self._log_file or file.st_size < self._read_to:
                self._start_over(file.st_ino)
            log.seek(self._read_to)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._take(_parsed(line, f"{LOG} at byte {self._read_to}"))
                self._read_to += len(line)
        if cut and self._log.stat().st_size > self._read_to:
            os.truncate(self._log, self._read_to)

    def _take(self, entry: Entry | Notice) -> None:
        self._last_hash = entry.hash
        if isinstance(entry, Notice):
            self._thinned = True
            digest, place = self._places.pop(entry.covers or "", (None, None))
            if digest and place in self._bodies[digest]:
                self._bodies[digest].remove(place)
            return
        held = entry.snapshot
        place = Stored(held.warc, held.offset, held.final_url, rfc3339(held.fetched_at))
        self._bodies.setdefault(held.body_sha256, []).append(place)
        self._places[entry.hash] = (held.body_sha256, place)
        self._end = (held.warc, entry.end)

    def count(self) -> int:
        """How many captures the archive holds; those taken down are not among them."""
        held = 0
        for _, line in self._lines():
            if line.endswith(b"\n"):
                held += covers_one(line) * -1 if is_notice(line) else 1
        return held

    def entries(self) -> Iterator[Snapshot]:
        """Every capture that the archive holds, in order."""
        covered = {notice.covers for notice in self.notices()}
        return (entry.snapshot for entry in self.log() if isinstance(entry, Entry) and entry.hash not in covered)

    def notices(self) -> list[Notice]:
        """Take-downs and what followed from them, in order."""
        found = (
            _parsed(line, f"{LOG}:{number}") for number, line in self._lines() if is_notice(line) and line[-1:] == b"\n"
        )
        return [notice for notice in found if isinstance(notice, Notice)]

    def log(self) -> Iterator[Entry | Notice]:
        """Every whole line, covered ones among them."""
        for number, line in self._lines():
            if line.endswith(b"\n"):
                yield _parsed(line, f"{LOG}:{number}")

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        if self._log.exists():
            with self._log.open("rb") as log:
                yield from enumerate(log, 1)

    def body(self, snapshot: Snapshot) -> bytes:
        """The bytes of a capture; DigestError where they are not what was captured."""
        return self._read(snapshot)[0]

    def _read(self, snapshot: Snapshot) -> tuple[bytes, Told]:
        """The same with what the record's own head says."""
        kind, body, told = self._record(snapshot.warc, snapshot.offset)
        if kind in ("revisit", BLANK):  # a blank: the record was written again, elsewhere
            self._catch_up()
            stored = self._original(snapshot.body_sha256)
            if not stored:
                why = "it was taken down" if kind == BLANK else "the body it refers to is in no WARC file"
                raise DataError(f"{snapshot.warc}@{snapshot.offset}: {why}")
            body = self._record(stored.warc, stored.offset)[1]
        actual = sha256(body)
        if actual != snapshot.body_sha256:
            raise DigestError(f"{snapshot.warc}@{snapshot.offset}", snapshot.body_sha256, actual)
        return body, told

    def _original(self, digest: str) -> Stored | None:
        """Where a body lies in full."""
        places = self._bodies.get(digest, [])
        return next((place for place in places if not self._thinned or self.type_at(place) in IN_FULL), None)

    def type_at(self, place: Stored | Snapshot) -> str:
        """The type of the record at a place; `damaged` where it cannot be read."""
        try:
            with self.record(place.warc, place.offset) as record:
                return str(record.rec_type)
        except DataError:
            return "damaged"

    @contextmanager
    def record(self, name: str, offset: int) -> Iterator[Any]:
        """The record at a place, as warcio reads it; DataError where there is none."""
        where = f"{name}@{offset}"
        try:
            with opened(self.folder, name) as file:
                file.seek(offset)
                record = next(iter(ArchiveIterator(file)))
                if record.format != "warc":  # warcio takes any first line for the head of an ARC file
                    raise ArchiveLoadFailed("not a WARC record")
                yield record
        except FileNotFoundError as error:
            raise DataError(f"{where}: the WARC file is missing") from error
        except (ArchiveLoadFailed, StopIteration, OSError, EOFError, ValueError, zlib.error, AttributeError) as error:
            # AttributeError: what warcio 1.8 makes of a record that ends within its head
            raise DataError(f"{where}: unreadable WARC record ({type(error).__name__})") from error

    def _record(self, name: str, offset: int) -> tuple[str, bytes, Told]:
        with self.record(name, offset) as record:
            told = tuple(record.rec_headers.get_header(field) for field in ("WARC-Target-URI", "WARC-Date"))
            return record.rec_type, record.content_stream().read(), told

    def verify(self) -> list[Problem]:
        """Walk the log's chain and re-read every capture; an empty list means all is as captured or taken down.

        A lost end of the log leaves a chain that holds: only what the record store knows shows that.
        """
        problems: list[Problem] = []
        last = GENESIS
        walked: dict[str, Entry] = {}
        named: set[str] = set()
        for number, line in self._lines():
            where = f"{LOG}:{number}"
            try:
                entry = parse(line, where)
            except DataError as error:
                if not is_torn(line):
                    problems.append(Problem(where=where, what=str(error), kind="log"))
                continue
            if line != entry.line or not entry.follows(last):
                problems.append(Problem(where=where, what="the hash chain is broken here", kind="log"))
            last = entry.hash
            if isinstance(entry, Entry):
                walked[entry.hash] = entry
            elif entry.covers:
                covered = walked.pop(entry.covers, None)
                problems += self._check_gone(covered, entry) if covered else [_covers_nothing(where)]
                named.add(covered.snapshot.warc if covered else "")
        for entry in walked.values():
            problems += self._check(entry)
        problems += _twice(walked.values())
        named |= {entry.snapshot.warc for entry in walked.values()}
        files = sorted(path.name for path in self.folder.glob("retold-*.warc.gz"))
        if named:
            del files[-1:]  # may be new, and its first append unfinished
        unnamed = [name for name in files if name not in named]
        return problems + [Problem(where=name, what="the log names no capture in it", kind="log") for name in unnamed]

    def _check_gone(self, entry: Entry, notice: Notice) -> list[Problem]:
        """Whether what lies in the place of a capture that was taken down is what the take-down put there."""
        where = f"{entry.snapshot.warc}@{entry.snapshot.offset}"
        try:
            actual = self._digest(entry)
        except OSError as error:
            return [Problem(where=where, what=str(error), kind="warc")]
        if actual == notice.warc_sha256:
            blank = blank_in_place(entry.hash, entry.end - entry.snapshot.offset, notice.at)
            if self._bytes(entry).endswith(blank):
                return []
            return [Problem(where=where, what="what stands in a forgotten record's place is no blank", kind="warc")]
        if actual == entry.warc_sha256:
            what = "taken down, but the bytes are there again (an old copy of the file?); run `retold forget` once more"
            return [Problem(where=where, what=what, kind="warc")]
        return [Problem(where=where, what="what stands in a forgotten record's place was changed", kind="warc")]

    def _digest(self, entry: Entry) -> str:
        return hashlib.sha256(self._bytes(entry)).hexdigest()

    def _bytes(self, entry: Entry) -> bytes:
        with opened(self.folder, entry.snapshot.warc) as file:
            file.seek(entry.start)
            return file.read(entry.end - entry.start)

    def _check(self, entry: Entry) -> list[Problem]:
        snapshot = entry.snapshot
        told = partial(
            Problem,
            where=f"{snapshot.warc}@{snapshot.offset}",
            url=snapshot.requested_url,
            fetched_at=snapshot.fetched_at,
        )
        try:
            actual = self._digest(entry)
            _, head = self._read(snapshot)
        except DigestError as error:
            return [told(what=str(error), kind="body")]
        except (DataError, OSError, ValueError) as error:
            return [told(what=str(error), kind="warc")]
        if actual != entry.warc_sha256:
            return [told(what="the record's bytes are not those that were written", kind="warc")]
        if is_digest(snapshot.feed_title):  # the seal is over the digest, so that the chain holds either way
            return [told(what="the title that a feed gave was taken out, and nothing was taken down", kind="log")]
        if head != (as_uri(snapshot.final_url), rfc3339(snapshot.fetched_at)):
            return [told(what="the record tells another address or time than the log", kind="log")]
        return []


def _parsed(line: bytes, where: str) -> Entry | Notice:
    try:
        return parse(line, where)
    except DataError as error:
        raise DataError(f"{error}; `retold verify` says what else is damaged and what helps") from error


def _twice(entries: Iterable[Entry]) -> list[Problem]:
    """Records that several lines name as theirs."""
    named = Counter((entry.snapshot.warc, entry.snapshot.offset) for entry in entries)
    what = "several lines of the log name this record as theirs"
    return [Problem(where=f"{warc}@{at}", what=what, kind="log") for (warc, at), times in named.items() if times > 1]


def _covers_nothing(where: str) -> Problem:
    return Problem(where=where, what="it is about no capture that the log names before it", kind="log")


def _snapshot(capture: Capture, digest: str, warc: str, offset: int) -> Snapshot:
    named = {name.lower(): value for name, value in capture.headers}
    return Snapshot(
        requested_url=capture.requested_url,
        fetched_at=capture.fetched_at,
        body_sha256=digest,
        final_url=capture.final_url,
        status=capture.status,
        media_type=capture.media_type,
        charset=capture.charset,
        etag=named.get("etag"),
        last_modified=named.get("last-modified"),
        warc=warc,
        offset=offset,
        via=capture.via,
        source=capture.source,
        found_in=capture.found_in,
        feed_title=None if is_digest(capture.feed_title) else capture.feed_title,  # would pass for one taken down
        feed_published=capture.feed_published,
    )
