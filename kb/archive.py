"""The archive: WARC files and the hash-chained log of what was captured when.

Order of writing: WARC record, then log line, then (by the caller) the row in the record store. A crash
at any point leaves either nothing or a logged capture: bytes behind the last logged record are an
unfinished append and are cut off by the next one; a log line without a row is given back by
`entries()`, from which the store catches up.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import attrs
import cattrs
from filelock import FileLock, Timeout
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from kb.errors import DataError, DigestError, UserError
from kb.records import Snapshot, Via, canonical_json, rfc3339, sha256

ROTATE_BYTES = 1_000_000_000
"""A WARC file is closed at this size, as the format's guidelines recommend (about 1 GB)."""

LOG = "captures.jsonl"
GENESIS = hashlib.sha256(b"retold capture log").hexdigest()
"""The `prev` of the first line."""

_TRANSFER = {"content-encoding", "transfer-encoding", "content-length"}
_CONVERTER = cattrs.Converter(forbid_extra_keys=True)
_CONVERTER.register_unstructure_hook(datetime, rfc3339)
_CONVERTER.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))


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
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / ".lock", timeout=60):
                self._catch_up()
                self._cut_unlogged()
                return self._write(list(captures))
        except Timeout as error:
            raise UserError(f"{self.folder} is being written by another process; try again when it is done") from error

    def _write(self, captures: list[Capture]) -> list[Snapshot]:
        path = self._current()
        lines: list[bytes] = []
        snapshots: list[Snapshot] = []
        known = dict(self._bodies)
        last = self._last_hash
        with path.open("ab") as file:
            writer = WARCWriter(file, gzip=True)
            if file.tell() == 0:
                writer.write_record(
                    writer.create_warcinfo_record(path.name, {"software": "retold", "format": "WARC 1.1"})
                )
            for capture in captures:
                offset = file.tell()
                digest = sha256(capture.body)
                self._write_record(writer, capture, known.get(digest))
                snapshot = _snapshot(capture, digest, path.name, offset)
                known.setdefault(digest, _Stored(path.name, offset, capture.final_url, rfc3339(capture.fetched_at)))
                line, last = _log_line(snapshot, file.tell(), last)
                lines.append(line)
                snapshots.append(snapshot)
            file.flush()
            os.fsync(file.fileno())
        with self._log.open("ab") as log:
            log.write(b"".join(lines))
            log.flush()
            os.fsync(log.fileno())
        return snapshots

    @staticmethod
    def _write_record(writer: Any, capture: Capture, same_body: _Stored | None) -> None:
        date = rfc3339(capture.fetched_at)
        if not capture.headers:  # a file has no HTTP exchange to record
            record = writer.create_warc_record(
                capture.final_url,
                "resource",
                payload=BytesIO(capture.body),
                warc_content_type=_content_type(capture),
                warc_headers_dict={"WARC-Date": date},
            )
            writer.write_record(record)
            return
        http = StatusAndHeaders(f"{capture.status} {capture.reason}", _stored_headers(capture), protocol="HTTP/1.1")
        if same_body:
            record = writer.create_revisit_record(
                capture.final_url,
                digest=_warc_digest(capture.body),
                refers_to_uri=same_body.url,
                refers_to_date=same_body.date,
                http_headers=http,
                warc_headers_dict={"WARC-Date": date},
            )
        else:
            record = writer.create_warc_record(
                capture.final_url,
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
        return self.folder / f"retold-{len(files) + 1:05d}.warc.gz"

    def _cut_unlogged(self) -> None:
        """Drop what an interrupted append left behind the last logged record."""
        path = self._current()
        logged = self._end[1] if self._end and self._end[0] == path.name else 0
        if path.exists() and path.stat().st_size > logged:
            os.truncate(path, logged)

    # --- the log ---

    def _catch_up(self) -> None:
        """Read log lines that this object has not seen; a torn last line is cut off."""
        if not self._log.exists():
            return
        with self._log.open("r+b") as log:
            log.seek(self._read_to)
            for line in log:
                if not line.endswith(b"\n"):
                    log.truncate(self._read_to)
                    break
                entry = _parse(line, f"{LOG} at byte {self._read_to}")
                snapshot = entry["snapshot"]
                self._bodies.setdefault(
                    snapshot["body_sha256"],
                    _Stored(snapshot["warc"], snapshot["offset"], snapshot["final_url"], snapshot["fetched_at"]),
                )
                self._last_hash = entry["hash"]
                self._end = (snapshot["warc"], entry["end"])
                self._read_to += len(line)

    def count(self) -> int:
        """How many captures the log holds."""
        if not self._log.exists():
            return 0
        with self._log.open("rb") as log:
            return sum(line.endswith(b"\n") for line in log)

    def entries(self) -> Iterator[Snapshot]:
        """Every logged capture, in order."""
        for _, entry in self._lines():
            yield _CONVERTER.structure(entry["snapshot"], Snapshot)

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            for number, line in enumerate(log, 1):
                if line.endswith(b"\n"):
                    yield number, _parse(line, f"{LOG}:{number}")

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
        """Walk the log's chain and re-read every capture; an empty list means all is as captured."""
        problems: list[Problem] = []
        last = GENESIS
        try:
            for number, entry in self._lines():
                if entry["prev"] != last or entry["hash"] != _link(last, entry["snapshot"], entry["end"]):
                    problems.append(Problem(where=f"{LOG}:{number}", what="the hash chain is broken here", kind="log"))
                last = entry["hash"]
                problems += self._check_body(_CONVERTER.structure(entry["snapshot"], Snapshot))
        except DataError as error:
            problems.append(Problem(where=LOG, what=str(error), kind="log"))
        return problems

    def _check_body(self, snapshot: Snapshot) -> list[Problem]:
        where = f"{snapshot.warc}@{snapshot.offset}"
        try:
            self.body(snapshot)
        except DigestError as error:
            return [Problem(where=where, what=str(error), kind="body")]
        except DataError as error:
            return [Problem(where=where, what=str(error), kind="warc")]
        return []


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


def _log_line(snapshot: Snapshot, end: int, prev: str) -> tuple[bytes, str]:
    plain = _CONVERTER.unstructure(snapshot)
    digest = _link(prev, plain, end)
    line = canonical_json({"snapshot": plain, "end": end, "prev": prev, "hash": digest})
    return line.encode() + b"\n", digest


def _link(prev: str, snapshot: Any, end: int) -> str:
    return hashlib.sha256(canonical_json([prev, snapshot, end]).encode()).hexdigest()


def _parse(line: bytes, where: str) -> dict[str, Any]:
    try:
        entry: dict[str, Any] = json.loads(line)
        missing = {"snapshot", "end", "prev", "hash"} - entry.keys()
    except (ValueError, AttributeError) as error:
        raise DataError(f"{where}: not a log line: {error}") from error
    if missing:
        raise DataError(f"{where}: not a log line: no {', '.join(sorted(missing))}")
    return entry


def _stored_headers(capture: Capture) -> list[tuple[str, str]]:
    """Headers that fit the decoded body; the original transfer headers are kept under another name, as pywb does."""
    headers = [
        (f"X-Archive-Orig-{name}" if name.lower() in _TRANSFER else name, value) for name, value in capture.headers
    ]
    return [*headers, ("Content-Length", str(len(capture.body)))]


def _content_type(capture: Capture) -> str:
    return f"{capture.media_type}; charset={capture.charset}" if capture.charset else capture.media_type


def _warc_digest(body: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()
