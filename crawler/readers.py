"""Files that hold pages -> captures, addresses to fetch, feeds to crawl, and problems with file and line. No network.

Readers are generators over open files: a file of any length takes the memory of one of its entries.
"""

import email
import gzip
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

import attrs
import brotli
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import BufferedReader
from warcio.exceptions import ArchiveLoadFailed

from crawler.addresses import canonical
from crawler.entries import Entry, Loaded, Named, Problem
from crawler.lists import read_opml, read_table
from crawler.pages import read_page
from kb.decode import decode, is_binary, is_markup
from kb.hosts import may_name
from kb.warc import Capture, records_of

HTML = frozenset({".html", ".htm", ".xhtml"})
MHTML = frozenset({".mhtml", ".mht"})
TEXT = frozenset({".txt", ".md", ".markdown", ".text"})
JSON_LINES = frozenset({".jsonl", ".ndjson", ".json"})
WARCS = frozenset({".warc", ".wacz"})
TABLES = frozenset({".csv", ".tsv"})
OUTLINES = frozenset({".opml", ".xml"})
PAGE_MEDIA = ("text/html", "application/xhtml+xml", "text/plain")
"""What of a web archive is a page."""
KNOWN = HTML | MHTML | TEXT | JSON_LINES | WARCS | TABLES | OUTLINES

_SAVED_FROM = re.compile(rb"(?:saved from url=\(\d+\)|SingleFile\s{1,9}url:\s{0,9})(https?://[^\s>\"']{1,2000})")
_HEAD = 100_000
"""Bytes in which a saved page names its address."""


MOST_UNPACKED = 1 << 26
"""Bytes that one piece of a packed body may come to; it has 16 KiB."""
_DAMAGED = (OSError, zlib.error, EOFError, ValueError, OverflowError, AttributeError, ArchiveLoadFailed)
"""What warcio and the standard library make of records and times that make no sense."""


class _Brotli:
    """For warcio, whose own cannot be made with brotli 1.2, and would unpack a bomb whole."""

    unused_data = b""

    def __init__(self) -> None:
        self._unpacking = brotli.Decompressor()

    def decompress(self, data: bytes) -> bytes:
        made = bytearray(self._unpacking.process(data, output_buffer_limit=MOST_UNPACKED))
        while not self._unpacking.can_accept_more_data() and not self._unpacking.is_finished():
            if len(made) > MOST_UNPACKED:  # a body that is refused by its length
                break
            made += self._unpacking.process(b"", output_buffer_limit=MOST_UNPACKED)
        return bytes(made)


BufferedReader.DECOMPRESSORS["br"] = _Brotli

Opener = Callable[[], IO[bytes]]
Bodies = dict[str, tuple[Opener, int]]
"""By payload digest, the file and the offset of the record that holds a body: what revisit records refer to."""


@attrs.frozen(kw_only=True)
class Reading:
    """What every reader needs to know."""

    now: datetime
    max_bytes: int


def suffix_of(path: Path) -> str:
    """The suffix that tells the kind, `.gz` taken off."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return suffixes[-2] if len(suffixes) > 1 and suffixes[-1] == ".gz" else suffixes[-1] if suffixes else ""


def read_path(path: Path, reading: Reading) -> Iterator[Entry]:
    """All entries of a file, or of the files below a folder, in order of their names."""
    if path.is_dir():
        files = (file for file in sorted(path.rglob("*")) if file.is_file() and suffix_of(file) in KNOWN)
        for file in files:
            yield from read_path(file, reading)
        return
    try:
        yield from _read_file(path, reading)
    except (OSError, EOFError, RuntimeError, zlib.error, ArchiveLoadFailed, zipfile.BadZipFile) as error:
        yield Problem(where=str(path), what=f"cannot be read to its end: {error}")


def _read_file(path: Path, reading: Reading) -> Iterator[Entry]:
    suffix = suffix_of(path)
    if suffix in WARCS:
        yield from (
            read_wacz(path, reading)
            if suffix == ".wacz"
            else read_warc(lambda: path.open("rb"), str(path), reading, {})
        )
        return
    with _open(path) as file:
        if suffix in JSON_LINES:
            yield from read_lines(file, str(path), reading)
            return
        body = file.read(reading.max_bytes + 1)
    if len(body) > reading.max_bytes and suffix not in TABLES:
        yield Problem(where=str(path), what=f"larger than {reading.max_bytes} bytes")
    elif suffix in TABLES:
        yield from read_table(path, "\t" if suffix == ".tsv" else ",")
    elif suffix in OUTLINES:
        yield from read_opml(body, str(path))
    elif is_binary(body):
        yield Problem(where=str(path), what="not a page or text, whatever its name says")
    elif suffix in MHTML:
        yield archived_page(body, path, reading.now)
    elif suffix in HTML or is_markup(body):
        yield Loaded(capture=saved_page(body, path, reading.now))
    elif suffix in TEXT or suffix == "":
        yield from _text_or_list(body, path, reading)
    else:
        yield Problem(where=str(path), what=f"{suffix} is no kind of file that retold reads")


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def saved_page(body: bytes, path: Path, now: datetime, noted: str | None = None) -> Capture:
    """A page that a browser saved. Its address is where the browser noted that it came from, else what it declares,
    else the file's. A page may declare to be anybody's; where both are one owner's, what it declares is the article's
    own address, free of what the way to it left behind.
    """
    page = read_page(body, None, "text/html", "http://unknown.invalid/")
    declared = page.canonical if page and page.canonical and "unknown.invalid" not in page.canonical else None
    if noted is None and (saved := _SAVED_FROM.search(body, 0, _HEAD)):
        noted = canonical(saved[1].decode("ascii", "replace"))
    own = declared and (not noted or may_name(urlsplit(declared), urlsplit(noted)))
    url = declared if own else noted
    return page_of(url or path.resolve().as_uri(), body, "text/html", None, now)


def archived_page(body: bytes, path: Path, now: datetime) -> Entry:
    """The page in an MHTML file, which browsers save as one file: its first HTML part, its transfer coding undone."""
    message = email.message_from_bytes(body)
    page = next((part for part in message.walk() if part.get_content_type() == "text/html"), None)
    html = page.get_payload(decode=True) if page else None
    if page is None or not isinstance(html, bytes) or not html.strip():
        return Problem(where=str(path), what="no page in this MHTML file")
    noted = canonical(str(message.get("Snapshot-Content-Location") or page.get("Content-Location") or ""))
    return Loaded(capture=attrs.evolve(saved_page(html, path, now, noted), charset=page.get_content_charset()))


def _text_or_list(body: bytes, path: Path, reading: Reading) -> Iterator[Entry]:
    text = decode(body, None)
    lines = [line.strip() for line in text.splitlines()]
    listed = [line for line in lines if line and not line.startswith("#")]
    addresses = sum(line.startswith(("http://", "https://")) and " " not in line for line in listed)
    if addresses * 2 > len(listed):  # a list with a slip in it is still a list; the slip becomes a problem
        yield from read_lines(io.BytesIO(text.encode()), str(path), reading)
    elif listed:
        yield Loaded(capture=page_of(path.resolve().as_uri(), text.encode(), "text/plain", "utf-8", reading.now))
    else:
        yield Problem(where=str(path), what="empty")


def read_lines(file: IO[bytes], name: str, reading: Reading) -> Iterator[Entry]:
    """JSON Lines and addresses, one a line, mixed as they come; blank lines and `#` comments are passed over."""
    longest = reading.max_bytes * 2
    number = 0
    while line := file.readline(longest):
        number += 1
        where = f"{name}:{number}"
        if len(line) == longest and not line.endswith(b"\n"):
            yield Problem(where=where, what=f"the line is longer than {longest} bytes")
            while (rest := file.readline(longest)) and not rest.endswith(b"\n"):
                pass
            continue
        text = line.removeprefix(b"\xef\xbb\xbf").strip()
        if text.startswith(b"{"):
            yield _article(text, where, reading)
        elif text and not text.startswith(b"#"):
            yield _address(text.decode("utf-8", "replace"), where)


def _address(text: str, where: str) -> Entry:
    url = canonical(text)
    return Named(url=url) if url else Problem(where=where, what=f"neither JSON nor an http(s) address: {text[:80]!r}")


def _article(line: bytes, where: str, reading: Reading) -> Entry:
    try:
        article: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Problem(where=where, what=f"not JSON: {error}")
    fields = {name: article.get(name) for name in ("url", "source", "title", "published_at", "text", "html")}
    wrong = [name for name, value in fields.items() if value is not None and not isinstance(value, str)]
    if wrong:
        return Problem(where=where, what=f"{wrong[0]} is not a string")
    url = canonical(fields["url"] or "")
    content = fields["text"] if fields["text"] is not None else fields["html"]
    if not url or not content or not content.strip():
        missing = "no http(s) address in `url`" if not url else "neither `text` nor `html` with anything in it"
        return Problem(where=where, what=missing)
    media_type = "text/plain" if fields["text"] is not None else "text/html"
    body = content.encode("utf-8", "replace")
    if len(body) > reading.max_bytes:
        return Problem(where=where, what=f"the article is larger than {reading.max_bytes} bytes")
    capture = page_of(url, body, media_type, "utf-8", reading.now)
    return Loaded(
        capture=attrs.evolve(
            capture, source=fields["source"], feed_title=fields["title"], feed_published=fields["published_at"]
        )
    )


def read_wacz(path: Path, reading: Reading) -> Iterator[Entry]:
    """The WARC files inside a WACZ."""
    with zipfile.ZipFile(path) as archive:
        inside = [entry for entry in archive.infolist() if suffix_of(Path(entry.filename)) == ".warc"]
        if not inside:
            yield Problem(where=str(path), what="no WARC file inside")
        bodies: Bodies = {}
        for entry in inside:
            yield from read_warc(partial(archive.open, entry), f"{path}/{entry.filename}", reading, bodies)


def read_warc(opened: Opener, name: str, reading: Reading, bodies: Bodies) -> Iterator[Entry]:
    """The HTML and text pages of a WARC that were answered with 200, revisits with the body that they refer to, and
    its resource records. `bodies` is filled on the way: a revisit may refer to an earlier file of the same WACZ.
    """
    records = 0
    with opened() as file:
        for record, offset in records_of(file):
            if record.format != "warc":  # warcio takes any first line for the head of an ARC file
                break
            records += 1
            digest = record.rec_headers.get_header("WARC-Payload-Digest")
            if record.rec_type == "revisit":
                entry = _record(record, name, reading, bodies.get(digest or ""))
            elif record.rec_type in ("response", "resource"):
                if digest:
                    bodies.setdefault(digest, (opened, offset))
                entry = _record(record, name, reading)
            else:
                continue
            if entry:
                yield entry
    if not records:
        yield Problem(where=name, what="no WARC record in it")


def _record(record: Any, name: str, reading: Reading, place: tuple[Opener, int] | None = None) -> Entry | None:
    """One record that cannot be read, or says what makes no sense, costs itself."""
    try:
        return _page_in(record, name, reading, place)
    except _DAMAGED as error:
        address = record.rec_headers.get_header("WARC-Target-URI") or ""
        return Problem(where=f"{name}: {canonical(address) or ''}", what=f"damaged record: {error}")


def _page_in(record: Any, name: str, reading: Reading, place: tuple[Opener, int] | None) -> Entry | None:
    address = record.rec_headers.get_header("WARC-Target-URI") or ""
    url = canonical(address) or (address if address.startswith("file:") else None)
    http = record.http_headers
    status = int(http.get_statuscode() or 0) if http and (http.get_statuscode() or "").isdecimal() else 200
    declared = (http or record.rec_headers).get_header("Content-Type") or ""
    media_type, charset = split_media_type(declared)
    if not url or status != 200 or media_type not in PAGE_MEDIA:
        return None
    where = f"{name}: {url}"
    if record.rec_type == "revisit" and place is None:
        return Problem(
            where=where, what="the body that this revisit record refers to is in none of the files before it"
        )
    body = _body_at(*place, reading) if place else record.content_stream().read(reading.max_bytes + 1)
    if len(body) > reading.max_bytes or not body.strip():
        return Problem(where=where, what=f"larger than {reading.max_bytes} bytes") if body.strip() else None
    capture = page_of(url, body, media_type, charset, _warc_date(record, reading.now))
    return Loaded(capture=of_record(capture, http.headers if http else (), _reason(http)))


def of_record(page: Capture, headers: Iterable[tuple[str, str]], reason: str) -> Capture:
    """A page as a WARC record has it; cookies were somebody's."""
    kept = tuple((name, value) for name, value in headers if name.lower() != "set-cookie")
    return attrs.evolve(page, headers=kept, reason=reason, via="warc")


def _body_at(opened: Opener, offset: int, reading: Reading) -> bytes:
    with opened() as file:
        file.seek(offset)
        return bytes(next(iter(ArchiveIterator(file))).content_stream().read(reading.max_bytes + 1))


def _reason(http: Any) -> str:
    return " ".join((http.statusline or "").split(" ")[1:]) or "OK" if http else "OK"


def _warc_date(record: Any, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(record.rec_headers.get_header("WARC-Date") or "")
    except ValueError:
        return now
    return in_utc(moment)


def in_utc(moment: datetime) -> datetime:
    """Archives mean UTC where they name no zone."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def split_media_type(header: str) -> tuple[str, str | None]:
    """Media type and charset of a Content-Type.

    >>> split_media_type('text/HTML; Charset="utf-8"')
    ('text/html', 'utf-8')
    """
    media_type, *parameters = header.split(";")
    named = (part.split("=", 1)[1] for part in parameters if part.strip().lower().startswith("charset="))
    return media_type.strip().lower(), next((charset.strip(" \"'") for charset in named), None) or None


def page_of(url: str, body: bytes, media_type: str, charset: str | None, now: datetime) -> Capture:
    """A page that a file holds."""
    return Capture(
        requested_url=url,
        final_url=url,
        fetched_at=now,
        status=200,
        reason="OK",
        headers=(),
        body=body,
        media_type=media_type,
        charset=charset,
        via="file",
        source=None,
    )
