"""The archive: WARC files and the hash-chained log of what was captured when.

Order of writing: WARC record, then log line, then (by the caller) the row in the record store. A crash
at any point leaves either nothing or a logged capture: a torn record behind the last logged one is an
unfinished append and is cut off by the next one (whole records stay, since a log can be lost too); a log
line without a row is given back by `entries()`, from which the store catches up.
"""

import base64
import hashlib
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal
from urllib.parse import quote

import attrs
from filelock import FileLock, Timeout
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from kb.capturelog import GENESIS, LOG, Entry, is_torn, parse
from kb.errors import DataError, DigestError, UserError
from kb.records import Snapshot, Via, rfc3339, sha256

ROTATE_BYTES = 1_000_000_000
"""A WARC file is closed at this size, as the format's guidelines recommend (about 1 GB)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What would end a header's line, here or in another reader, or cannot be written at all."""
_TRANSFER = {"content-encoding", "transfer-encoding", "content-length"}


@attrs.frozen(kw_only=True)
class Capture:
    """What a server or a file gave, before it is archived."""

    requested_url: str
    final_url: str
    fetched_at: datetime
    status: int
    reason: str
    """The status line's words: `OK`."""
    headers: tuple[tuple[str, str], ...]
    """As served; empty for files."""
    body: bytes
    """Decoded from its transfer and content encodings."""
    media_type: str
    charset: str | None
    via: Via
    source: str | None
    found_in: str | None = None
    feed_title: str | None = None
    feed_published: str | None = None


@attrs.frozen(kw_only=True)
class Problem:
    """Something that `verify` found damaged."""

    where: str
    """`captures.jsonl:12` or `retold-00001.warc.gz@4711`."""
    what: str
    kind: Literal["log", "warc", "body"]


class _Metered:
    """A file that keeps the digest of what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


@attrs.frozen
class _Stored:
    """Where a body lies in full, for the revisit records that refer to it."""

    warc: str
    offset: int
    url: str
    date: str


class Archive:
    """One folder of WARC files with its log. Any number of readers; appends take a lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / LOG
        self._bodies: dict[str, _Stored] = {}
        self._read_to = 0
        self._last_hash = GENESIS
        self._end: tuple[str, int] | None = None

    # --- writing ---

    def append(self, capture: Capture) -> Snapshot:
        """Archive one capture durably."""
        return self.append_many([capture])[0]

    def append_many(self, captures: Iterable[Capture]) -> list[Snapshot]:
        """Archive captures with one flush to disk for all: after it returns they survive a crash."""
        waiting = list(captures)
        if not waiting:
            return []
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / ".lock", timeout=60):
                self._catch_up(cut=True)
                self._cut_torn()
                return self._write(waiting)
        except Timeout as error:
            raise UserError(f"{self.folder} is being written by another process; try again when it is done") from error

    def _write(self, captures: list[Capture]) -> list[Snapshot]:
        path = self._current()
        entries: list[Entry] = []
        with path.open("ab") as file:
            for entry in self._write_records(captures, path.name, file):
                entries.append(entry)
            file.flush()
            os.fsync(file.fileno())
        _keep_names(self.folder)
        with self._log.open("ab") as log:
            log.write(b"".join(entry.line for entry in entries))
            log.flush()
            os.fsync(log.fileno())
        _keep_names(self.folder)
        return [entry.snapshot for entry in entries]

    def _write_records(self, captures: list[Capture], name: str, file: BinaryIO) -> Iterator[Entry]:
        fresh: dict[str, _Stored] = {}
        last = self._last_hash
        for capture in captures:
            start, metered = file.tell(), _Metered(file)
            writer = WARCWriter(metered, gzip=True, warc_version="WARC/1.1")
            if start == 0:
                writer.write_record(writer.create_warcinfo_record(name, {"software": "retold", "format": "WARC 1.1"}))
            offset, digest = file.tell(), sha256(capture.body)
            self._write_record(writer, capture, self._bodies.get(digest) or fresh.get(digest))
            fresh.setdefault(digest, _Stored(name, offset, capture.final_url, rfc3339(capture.fetched_at)))
            snapshot = _snapshot(capture, digest, name, offset)
            entry = Entry.after(last, snapshot, start, file.tell(), metered.digest.hexdigest())
            last = entry.hash
            yield entry

    @staticmethod
    def _write_record(writer: Any, capture: Capture, same_body: _Stored | None) -> None:
        date = rfc3339(capture.fetched_at)
        if not capture.headers:  # a file has no HTTP exchange to record
            record = writer.create_warc_record(
                _uri(capture.final_url),
                "resource",
                payload=BytesIO(capture.body),
                length=len(capture.body),
                warc_content_type=_content_type(capture),
                warc_headers_dict={"WARC-Date": date},
            )
            writer.write_record(record)
            return
        http = StatusAndHeaders(
            f"{capture.status} {_plain(capture.reason)}", _stored_headers(capture), protocol="HTTP/1.1"
        )
        if same_body:
            record = writer.create_revisit_record(
                _uri(capture.final_url),
                digest=_warc_digest(capture.body),
                refers_to_uri=_uri(same_body.url),
                refers_to_date=same_body.date,
                http_headers=http,
                warc_headers_dict={"WARC-Date": date},
            )
        else:
            record = writer.create_warc_record(
                _uri(capture.final_url),
                "response",
                payload=BytesIO(capture.body),
                length=len(capture.body),
                http_headers=http,
                warc_headers_dict={"WARC-Date": date},
            )
        writer.write_record(record)

    def _current(self) -> Path:
        files = sorted(self.folder.glob("retold-*.warc.gz"))
        if files and files[-1].stat().st_size < ROTATE_BYTES:
            return files[-1]
        last = int(files[-1].name.removeprefix("retold-").removesuffix(".warc.gz")) if files else 0
        return self.folder / f"retold-{last + 1:05d}.warc.gz"

    def _cut_torn(self) -> None:
        """Drop the torn record that an interrupted append left behind the last logged one."""
        path = self._current()
        logged = self._end[1] if self._end and self._end[0] == path.name else 0
        if path.exists() and path.stat().st_size > logged:
            os.truncate(path, _whole_records(path, logged))

    # --- the log ---

    def _catch_up(self, *, cut: bool = False) -> None:
        """Read log lines that this object has not seen. Under the lock a torn last line is cut off; to a reader
        it may be one that is being written.
        """
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._read_to)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                entry = parse(line, f"{LOG} at byte {self._read_to}")
                held = entry.snapshot
                self._bodies.setdefault(
                    held.body_sha256, _Stored(held.warc, held.offset, held.final_url, rfc3339(held.fetched_at))
                )
                self._last_hash = entry.hash
                self._end = (held.warc, entry.end)
                self._read_to += len(line)
        if cut and self._log.stat().st_size > self._read_to:
            os.truncate(self._log, self._read_to)

    def count(self) -> int:
        """How many captures the log holds."""
        if not self._log.exists():
            return 0
        with self._log.open("rb") as log:
            return sum(line.endswith(b"\n") for line in log)

    def entries(self) -> Iterator[Snapshot]:
        """Every logged capture, in order."""
        for number, line in self._lines():
            if line.endswith(b"\n"):
                yield parse(line, f"{LOG}:{number}").snapshot

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        if self._log.exists():
            with self._log.open("rb") as log:
                yield from enumerate(log, 1)

    # --- reading ---

    def body(self, snapshot: Snapshot) -> bytes:
        """The bytes of a capture; DigestError where they are not what was captured."""
        kind, body = self._record(snapshot.warc, snapshot.offset)
        if kind == "revisit":
            self._catch_up()
            try:
                stored = self._bodies[snapshot.body_sha256]
            except KeyError as error:
                raise DataError(
                    f"{snapshot.warc}@{snapshot.offset}: the body it refers to is in no WARC file"
                ) from error
            body = self._record(stored.warc, stored.offset)[1]
        actual = sha256(body)
        if actual != snapshot.body_sha256:
            raise DigestError(f"{snapshot.warc}@{snapshot.offset}", snapshot.body_sha256, actual)
        return body

    def _record(self, name: str, offset: int) -> tuple[str, bytes]:
        where = f"{name}@{offset}"
        try:
            with (self.folder / name).open("rb") as file:
                file.seek(offset)
                record = next(iter(ArchiveIterator(file)))
                return record.rec_type, record.content_stream().read()
        except FileNotFoundError as error:
            raise DataError(f"{where}: the WARC file is missing") from error
        except (ArchiveLoadFailed, StopIteration, OSError, EOFError) as error:
            raise DataError(f"{where}: unreadable WARC record ({type(error).__name__})") from error

    def verify(self) -> list[Problem]:
        """Walk the log's chain and re-read every capture; an empty list means all is as captured.

        A lost end of the log leaves a chain that holds: only what the record store knows shows that.
        """
        problems: list[Problem] = []
        last = GENESIS
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
            named.add(entry.snapshot.warc)
            problems += self._check(entry)
        files = sorted(path.name for path in self.folder.glob("retold-*.warc.gz"))
        if named:
            del files[-1:]  # may be new, and its first append unfinished
        unnamed = [name for name in files if name not in named]
        return problems + [Problem(where=name, what="the log names no capture in it", kind="log") for name in unnamed]

    def _check(self, entry: Entry) -> list[Problem]:
        snapshot = entry.snapshot
        where = f"{snapshot.warc}@{snapshot.offset}"
        try:
            with (self.folder / snapshot.warc).open("rb") as file:
                file.seek(entry.start)
                actual = hashlib.sha256(file.read(entry.end - entry.start)).hexdigest()
            self.body(snapshot)
        except DigestError as error:
            return [Problem(where=where, what=str(error), kind="body")]
        except (DataError, OSError, ValueError) as error:
            return [Problem(where=where, what=str(error), kind="warc")]
        if actual != entry.warc_sha256:
            return [Problem(where=where, what="the record's bytes are not those that were written", kind="warc")]
        return []


def _whole_records(path: Path, start: int) -> int:
    """Where the last whole gzip member behind `start` ends; every record is one."""
    whole = at = start
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    with path.open("rb") as file, suppress(zlib.error):
        file.seek(start)
        while data := file.read(1 << 20):
            at += len(data)
            while data:
                member.decompress(data)
                data = member.unused_data
                if not member.eof:
                    break
                whole = at - len(data)
                member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    return whole


def _keep_names(folder: Path) -> None:
    """Flush a folder: without that, a power cut can take a new file's name and leave its content nowhere."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
        feed_title=capture.feed_title,
        feed_published=capture.feed_published,
    )


def _stored_headers(capture: Capture) -> list[tuple[str, str]]:
    """Headers that fit the decoded body; the original transfer headers are kept under another name, as pywb does."""
    headers = [
        (f"X-Archive-Orig-{name}" if name.lower() in _TRANSFER else _plain(name), _CONTROL.sub(" ", value))
        for name, value in capture.headers
    ]
    return [*headers, ("Content-Length", str(len(capture.body)))]


def _plain(text: str) -> str:
    """A status line's words or a header's name in ASCII, which is all that the format takes there."""
    return _CONTROL.sub(" ", text).encode("ascii", "replace").decode()


def _uri(url: str) -> str:
    """The address as a URI: browsers accept blanks and any letters in one, WARC does not."""
    return quote(url, safe="%/:?#[]@!$&'()*+,;=~", errors="replace")


def _content_type(capture: Capture) -> str:
    return f"{capture.media_type}; charset={capture.charset}" if capture.charset else capture.media_type


def _warc_digest(body: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()
