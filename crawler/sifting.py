"""One web archive -> the pages in it that concern a study: read by FastWARC, sifted by their bytes, then judged.

Runs in a worker; nothing is written here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import IO, Any

import attrs

from crawler.addresses import canonical
from crawler.focus import Focus, judge
from crawler.pages import read_page
from crawler.plan import domains_of, source_of
from crawler.prefilter import Prefilter, is_wide
from crawler.readers import split_media_type
from crawler.spiders import FetchedPage
from crawler.terms import Terms, terms_of
from kb.claims import Study
from kb.decode import decode
from kb.executor import Derived
from kb.records import Visit
from kb.warc import Capture

CARRIED_BYTES = 64_000_000
"""Bodies that one piece of work may carry to its caller; the rest of the file is another piece."""
HEAD_BYTES = 65_536
"""Of a record's HTTP head, beyond the body's own limit."""
_MEDIA = ("text/html", "application/xhtml+xml", "text/plain")


@attrs.frozen
class Piece:
    """Part of a file: all of it from a place."""

    address: str
    """Path or URL, as fsspec takes it."""
    offset: int = 0


@attrs.frozen(kw_only=True)
class Sifted:
    """What a piece of a file held."""

    found: tuple[tuple[int, FetchedPage | Visit], ...]
    """By the study's place in the list, pages to keep and those that were looked at and left."""
    records: int
    passed: Mapping[str, int]
    """Records that could not be looked at, by reason."""
    rest: int | None
    """Where the next piece begins; None at the end of the file."""
    problem: str = ""
    """Why the file could not be read to its end; empty where it was."""


class Sifting:
    """The work on one piece, as an executor runs it."""

    def __init__(self, studies: Sequence[Study], max_bytes: int) -> None:
        self._terms: list[Terms] = [terms_of(study) for study in studies]
        self._domains = [domains_of(study) for study in studies]
        self._prefilter = Prefilter(list(zip(studies, self._terms, strict=True)))
        self._longest = max_bytes + HEAD_BYTES

    def compile(self) -> None:
        """What the first use would do."""
        self._prefilter.compile()

    def run(self, payload: Piece) -> Derived:
        return Derived((self.sift(payload),))

    def sift(self, piece: Piece) -> Sifted:
        """Everything in a piece that concerns a study; what cannot be read ends it and is told."""
        from fastwarc.warc import ArchiveIterator, WarcRecordType

        wanted = WarcRecordType.response | WarcRecordType.resource
        found: list[tuple[int, FetchedPage | Visit]] = []
        passed: Counter[str] = Counter()
        carried = records = 0
        rest, problem = None, ""
        stirs = self._prefilter.stirs
        with opened(piece.address) as file:
            file.seek(piece.offset)
            try:
                for record in ArchiveIterator(file, record_types=wanted, parse_http=False):
                    if carried > CARRIED_BYTES:
                        rest = record.stream_pos
                        break
                    records += 1
                    if record.content_length > self._longest:
                        passed["too large"] += 1
                        continue
                    data = record.reader.read()
                    if len(data) < record.content_length:
                        problem = f"ends in the middle of its record {records}"
                    elif stirs(data):
                        items = self._judged(record, data, f"{piece.address}@{record.stream_pos}", passed)
                        found += items
                        carried += max((_size(item) for _, item in items), default=0)
            except (OSError, EOFError, ValueError) as error:
                problem = f"cannot be read beyond its record {records}: {error}"
        return Sifted(found=tuple(found), records=records, passed=dict(passed), rest=rest, problem=problem)

    def _judged(self, record: Any, data: bytes, at: str, passed: Counter[str]) -> list[tuple[int, FetchedPage | Visit]]:
        """What of a record is to be kept for which study; a page of other media or status is none."""
        read = _page_of(record, data, at)
        if isinstance(read, str):
            passed[read] += bool(read)
            return []
        body = decode(read.body, read.charset).encode() if is_wide(read.body) else read.body
        studies = self._prefilter.studies(body)
        page = read_page(read.body, read.charset, read.media_type, read.final_url) if studies else None
        if page is None:
            return []
        found: list[tuple[int, FetchedPage | Visit]] = []
        for study in studies:
            judged = judge(page, self._terms[study])
            source = source_of(self._domains[study], read.final_url)[0]
            capture = attrs.evolve(read, source=source)
            found.append((study, _kept(capture, judged) if judged.relation != "off" else _left(capture, judged)))
        return found


def _kept(capture: Capture, judged: Focus) -> FetchedPage:
    return FetchedPage(capture=capture, mention=judged.relation == "mention", reason=judged.reason)


def _left(capture: Capture, judged: Focus) -> Visit:
    return Visit(
        url=capture.requested_url,
        at=capture.fetched_at,
        action="dropped",
        reason=judged.reason,
        status=capture.status,
        found_in=capture.found_in,
        source=capture.source,
    )


def _size(item: FetchedPage | Visit) -> int:
    return len(item.capture.body) if isinstance(item, FetchedPage) else 0


def _page_of(record: Any, data: bytes, at: str) -> Capture | str:
    """The page that a record holds; else why there is none, empty where nobody would look for one in it."""
    from fastwarc.warc import WarcRecord

    address = record.headers.get("WARC-Target-URI", "").strip("<>")
    url = canonical(address)
    status, reason, body = 200, "OK", data
    headers: tuple[tuple[str, str], ...] = ()
    declared = record.headers.get("Content-Type", "")
    if record.is_http:
        again = WarcRecord()
        again.set_bytes_content(data)
        again.is_http = True
        try:
            again.parse_http(auto_decode="all")
            body = again.reader.read()
        except (OSError, EOFError, ValueError):
            return "damaged"
        http = again.http_headers
        status, reason = http.status_code or 0, http.reason_phrase or ""
        headers = tuple((name, value) for name, value in http.items() if name.lower() != "set-cookie")
        declared = http.get("Content-Type", "")
    media_type, charset = split_media_type(declared)
    if not url or status != 200 or media_type not in _MEDIA or not body.strip():
        return ""
    when = record.record_date
    if when is None:
        return "without a date"
    return Capture(
        requested_url=url,
        final_url=url,
        fetched_at=when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC),
        status=status,
        reason=reason,
        headers=headers,
        body=body,
        media_type=media_type,
        charset=charset,
        via="warc",
        source=None,
        found_in=at,
    )


@contextmanager
def opened(address: str) -> Iterator[IO[bytes]]:
    """A file by its path or URL, for reading from any place."""
    import fsspec

    with fsspec.open(address, "rb") as file:
        yield file
