"""WARC records: how a capture is written, and where the whole records of a file end."""

import base64
import hashlib
import re
import struct
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import IO, Any, BinaryIO
from urllib.parse import quote

import attrs
from isal import isal_zlib
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from kb.records import Via, record_id, rfc3339, sha256

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What would end a header's line, here or in another reader, or cannot be written at all."""
_OWN = re.compile(r"[\w-][\w.-]*", re.ASCII)
BLANK = "metadata"
"""The type of the record that stands in the place of one that was taken down."""
IN_FULL = ("response", "resource")
"""The types of records that hold the body that they name."""
_STORED_BLOCK = 65_535
"""Bytes that one stored block of a deflate stream holds at most."""
MOST_HEAD = 1 << 20
"""Bytes of the lines before a record's body, its own and HTTP's; a kilobyte of gzip can hold a megabyte of them."""
_TRANSFER = {"content-encoding", "transfer-encoding", "content-length"}
_LEVEL = 3
"""Of ISA-L, its highest. On 60 news pages of 190 KB it took 0.4 ms a page and left 23.6 % of the bytes; zlib's
level 9, which warcio sets, 3.6 ms and 21.4 %, more than fetching and reading the page."""


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

    @cached_property
    def body_sha256(self) -> str:
        return sha256(self.body)

    @cached_property
    def snapshot_id(self) -> str:
        """Of the Snapshot that it becomes."""
        return record_id("snapshot", self.requested_url, self.fetched_at, self.body_sha256)


@attrs.frozen
class Stored:
    """Where a body lies in full, for the revisit records that refer to it."""

    warc: str
    offset: int
    url: str
    date: str


def is_own(name: str) -> bool:
    """Whether a name can be that of an archive's WARC file: a log from elsewhere could name any file of the machine."""
    return _OWN.fullmatch(name) is not None


def opened(folder: Path, name: str) -> BinaryIO:
    """A WARC file; OSError for what is none: a pipe in its place would be waited for without end."""
    path = folder / name
    if not is_own(name) or (path.exists() and not path.is_file()):
        raise OSError(f"{name} is no file of the archive")
    return path.open("rb")


def head(name: str) -> bytes:
    """The `warcinfo` record that a file of that name begins with."""
    writer, plain = _writer()
    writer.write_record(writer.create_warcinfo_record(name, {"software": "retold", "format": "WARC 1.1"}))
    return _member(plain)


def record(capture: Capture, same_body: Stored | None) -> bytes:
    """A capture as `response`, as `revisit` of a body that is archived already, or as `resource` for a file."""
    writer, plain = _writer()
    writer.write_record(_record(writer, capture, same_body))
    return _member(plain)


def _writer() -> tuple[Any, BytesIO]:
    plain = BytesIO()
    return WARCWriter(plain, gzip=False, warc_version="WARC/1.1"), plain


def _member(plain: BytesIO) -> bytes:
    """A whole record as one gzip member, as the format wants it."""
    return bytes(isal_zlib.compress(plain.getbuffer(), level=_LEVEL, wbits=zlib.MAX_WBITS | 16))


def _record(writer: Any, capture: Capture, same_body: Stored | None) -> Any:
    date = rfc3339(capture.fetched_at)
    if not capture.headers:  # a file has no HTTP exchange to record
        return writer.create_warc_record(
            as_uri(capture.final_url),
            "resource",
            payload=BytesIO(capture.body),
            length=len(capture.body),
            warc_content_type=_content_type(capture),
            warc_headers_dict={"WARC-Date": date},
        )
    http = StatusAndHeaders(f"{capture.status} {_plain(capture.reason)}", _stored_headers(capture), protocol="HTTP/1.1")
    if same_body:
        return writer.create_revisit_record(
            as_uri(capture.final_url),
            digest=_warc_digest(capture.body),
            refers_to_uri=as_uri(same_body.url),
            refers_to_date=same_body.date,
            http_headers=http,
            warc_headers_dict={"WARC-Date": date},
        )
    http.compute_headers_buffer()
    return writer.create_warc_record(
        as_uri(capture.final_url),
        "response",
        payload=BytesIO(capture.body),
        length=len(capture.body),
        http_headers=http,
        warc_headers_dict={
            "WARC-Date": date,
            # warcio digests in small pieces, and every one hands the interpreter to another thread and back.
            "WARC-Payload-Digest": _warc_digest(capture.body),
            "WARC-Block-Digest": _warc_digest(http.headers_buff, capture.body),
        },
    )


def blank_record(length: int, record_id: str, at: datetime) -> bytes:
    """A record that says nothing, as one gzip member of exactly so many bytes: the others keep their places.

    Its block is blanks, stored and not compressed, so that the length can be chosen and never depends on zlib.
    """
    blocks = max(1, -(-(length - 18) // (_STORED_BLOCK + 5)))
    room = length - 18 - 5 * blocks
    head = (
        f"WARC/1.1\r\nWARC-Type: {BLANK}\r\nWARC-Record-ID: <urn:uuid:{record_id}>\r\nWARC-Date: {rfc3339(at)}\r\n"
        "Content-Type: text/plain\r\nContent-Length: %010d\r\n\r\n"
    )
    fill = room - len(head % 0) - 4
    if fill < 0:
        raise ValueError(f"no record fits into {length} bytes")
    data = (head % fill).encode() + b" " * fill + b"\r\n\r\n"
    parts = [data[n * _STORED_BLOCK : (n + 1) * _STORED_BLOCK] for n in range(blocks)]  # the last may be empty
    stored = b"".join(
        struct.pack("<BHH", number == blocks, len(part), len(part) ^ 0xFFFF) + part
        for number, part in enumerate(parts, 1)
    )
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + stored + struct.pack("<II", zlib.crc32(data), len(data))


def blank_in_place(seal: str, length: int, at: datetime) -> bytes:
    """The blank that a take-down at that time leaves where the record of a log line, named by its `hash`, stood."""
    return blank_record(length, str(uuid.uuid5(uuid.NAMESPACE_OID, seal)), at)


def record_again(record: Any, body: bytes, original: Stored | None) -> bytes:
    """What a revisit record captured once more: in full, or as a revisit of where the body lies now."""
    writer, plain = _writer()
    uri = record.rec_headers.get_header("WARC-Target-URI")
    date = {"WARC-Date": record.rec_headers.get_header("WARC-Date")}
    if original:
        made = writer.create_revisit_record(
            uri,
            digest=_warc_digest(body),
            refers_to_uri=as_uri(original.url),
            refers_to_date=original.date,
            http_headers=record.http_headers,
            warc_headers_dict=date,
        )
    else:
        made = writer.create_warc_record(
            uri,
            "response",
            payload=BytesIO(body),
            length=len(body),
            http_headers=record.http_headers,
            warc_headers_dict=date,
        )
    writer.write_record(made)
    return _member(plain)


def whole_records(path: Path, start: int) -> int:
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


def as_uri(url: str) -> str:
    """The address as a URI: browsers accept blanks and any letters in one, WARC does not."""
    return quote(url, safe="%/:?#[]@!$&'()*+,;=~", errors="replace")


def _content_type(capture: Capture) -> str:
    """On one line: a file may declare a charset in which lines end."""
    return _plain(f"{capture.media_type}; charset={capture.charset}" if capture.charset else capture.media_type)


def _warc_digest(*pieces: bytes) -> str:
    digest = hashlib.sha1(usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return "sha1:" + base64.b32encode(digest.digest()).decode()


class _Heads:
    """Reads lines, and of a record's heads no more than `left`: warcio takes in a line without end."""

    def __init__(self, read: Callable[[int | None], bytes]) -> None:
        self._read = read
        self.left: int | None = None

    def readline(self, length: int | None = None) -> bytes:
        if self.left is None:
            return self._read(length)
        line = self._read(min(length or self.left, self.left))
        self.left -= len(line)
        if self.left <= 0:
            raise ArchiveLoadFailed(f"a record's head is longer than {MOST_HEAD} bytes")
        return line


def records_of(file: IO[bytes]) -> Iterator[tuple[Any, int]]:
    """The records of somebody's WARC with their offsets; ArchiveLoadFailed where the library stumbles over one."""
    records = ArchiveIterator(file)
    heads = _Heads(records.reader.readline)
    records.reader.readline = heads.readline
    while True:
        try:
            heads.left = MOST_HEAD
            record = next(records)
            heads.left = None
        except StopIteration:
            return
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise ArchiveLoadFailed(f"damaged record: {error}") from error
        yield record, records.offset
