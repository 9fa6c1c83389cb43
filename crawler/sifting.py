"""One web archive -> the pages in it that concern a study: read by FastWARC, sifted by their bytes, then judged.

Runs in a worker; nothing is written here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import attrs

from crawler import remote
from crawler.addresses import canonical
from crawler.focus import Focus, judge
from crawler.pages import Page, read_page
from crawler.plan import begins, domains_of, source_of
from crawler.prefilter import Prefilter, is_wide
from crawler.readers import PAGE_MEDIA, in_utc, of_record, page_of, split_media_type
from crawler.revisits import UNKNOWN, Revisit
from crawler.spiders import FetchedPage
from crawler.terms import Terms, terms_of
from kb.claims import Study
from kb.decode import decode
from kb.executor import Derived, Item, attempt
from kb.records import Visit
from kb.rejected import Code, Rejected
from kb.warc import Capture

Found = tuple[int, FetchedPage | Visit]

CARRIED_BYTES = 16_000_000
"""Bodies that one piece of work may carry to its caller; the rest of the file is another piece."""
ITEM_BYTES = 1_000
"""What anything found counts for beside its body."""
HEAD_BYTES = 65_536
"""Of a record's HTTP head, beyond the body's own limit."""
_EVER = datetime.min.replace(tzinfo=UTC)


@attrs.frozen
class Piece:
    """Part of a file: all of it but so many records."""

    address: str
    """Path or URL, as fsspec takes it."""
    skip: int = 0
    """Records that earlier pieces have dealt with. Not a place: a file may be compressed as a whole."""


def shown(address: str) -> str:
    """An address as it may be printed and kept: without password and signature, and in letters that can be written."""
    plain = address.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if "://" not in plain:
        return plain
    scheme, _, rest = plain.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


@attrs.frozen(kw_only=True)
class Sifted:
    """What a piece of a file held."""

    found: tuple[Found, ...]
    """By the study's place in the list, pages to keep and those that were looked at and left."""
    revisits: tuple[Revisit, ...]
    records: int
    passed: Mapping[str, int]
    """Records that could not be looked at, by reason."""
    rest: int | None
    """Records that the next piece skips; None at the end of the file."""
    problem: str = ""
    """Why the file could not be read to its end; empty where it was."""


class Sifting:
    """The work on one piece, as an executor runs it."""

    def __init__(self, studies: Sequence[Study], max_bytes: int) -> None:
        terms = [terms_of(study) for study in studies]
        self._prefilter = Prefilter(list(zip(studies, terms, strict=True)))
        self._judging = _Judging(studies, terms, self._prefilter, max_bytes)
        self._longest = max_bytes + HEAD_BYTES

    def compile(self) -> None:
        """What the first use would do."""
        self._prefilter.compile()

    def run(self, payload: Piece) -> Derived:
        return Derived((self.sift(payload),))

    def sift(self, piece: Piece) -> Sifted:
        """Everything in a piece that concerns a study; what cannot be read ends it and is told."""
        from fastwarc.warc import ArchiveIterator, WarcRecordType

        found: list[Found] = []
        revisits: list[Revisit] = []
        passed: Counter[str] = Counter()
        kinds = (WarcRecordType.response, WarcRecordType.resource)
        carried = records = 0
        rest, problem, name = None, "", shown(piece.address)
        with opened(piece.address) as file:
            try:
                for record in ArchiveIterator(file, parse_http=False):
                    records += 1
                    if records <= piece.skip:
                        continue
                    if carried > CARRIED_BYTES:
                        rest = records = records - 1
                        break
                    data = self._read(record, record.record_type in kinds, passed)
                    at = f"{name}@{record.stream_pos}"
                    if data is None:
                        problem = f"ends in the middle of its record {records}"
                    elif record.record_type == WarcRecordType.revisit:
                        if told := _revisit_of(record, at):
                            revisits.append(told)
                        else:
                            passed[UNKNOWN] += 1
                        carried += ITEM_BYTES
                    elif self._prefilter.stirs(data):
                        items = self._looked_at(record, data, at, passed)
                        found += items
                        carried += max((_size(item) for _, item in items), default=0)
            except remote.failures() as error:
                problem = f"cannot be read beyond its record {records}: {error}"
        return Sifted(
            found=tuple(found),
            revisits=tuple(revisits),
            records=records - piece.skip,
            passed=dict(passed),
            rest=rest,
            problem=problem,
        )

    def _read(self, record: Any, wanted: bool, passed: Counter[str]) -> bytes | None:
        """What a record holds, empty where nobody looks; None where it is cut off."""
        size = record.content_length
        if size > self._longest:
            passed["too large"] += 1
            return b""
        data: bytes = record.reader.read()
        if len(data) < size:
            return None
        return data if wanted else b""

    def _looked_at(self, record: Any, data: bytes, at: str, passed: Counter[str]) -> list[Found]:
        """One record that nobody can judge costs itself, not its file."""
        done = attempt(self._judging, Item(at, (record, data, at)))
        if isinstance(done.result, Derived):
            return list(done.result.records)
        reason = done.result.detail if done.result else "damaged"
        if reason:
            passed[reason] += 1
        return []


class _Judging:
    """What of a record is to be kept for which study."""

    def __init__(self, studies: Sequence[Study], terms: Sequence[Terms], prefilter: Prefilter, max_bytes: int) -> None:
        self._terms = terms
        self._domains = [domains_of(study) for study in studies]
        self._since = [begins(study) or _EVER for study in studies]
        self._prefilter = prefilter
        self._max_bytes = max_bytes

    def run(self, payload: tuple[Any, bytes, str]) -> Derived | Rejected:
        record, data, at = payload
        read = _page_of(record, data, self._max_bytes)
        if isinstance(read, str):
            return Rejected(code=Code.NOT_HTML, detail=read)
        body = decode(read.body, read.charset).encode() if is_wide(read.body) else read.body
        asked = [study for study in self._prefilter.studies(body) if read.fetched_at >= self._since[study]]
        page = read_page(read.body, read.charset, read.media_type, read.final_url) if asked else None
        return Derived(tuple(self._judged(study, page, read, at) for study in asked) if page else ())

    def _judged(self, study: int, page: Page, read: Capture, at: str) -> Found:
        judged = judge(page, self._terms[study])
        capture = attrs.evolve(read, found_in=at, source=source_of(self._domains[study], read.final_url)[0])
        return study, _kept(capture, judged) if judged.relation != "off" else _left(capture, judged)


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


def _revisit_of(record: Any, at: str) -> Revisit | None:
    """None where it does not say which record has the bytes, or is no address of the web."""
    headers = record.headers
    same = "identical-payload-digest" in headers.get("WARC-Profile", "")
    url, of_url = (
        canonical(headers.get(name, "").strip("<>")) for name in ("WARC-Target-URI", "WARC-Refers-To-Target-URI")
    )
    if not (same and url and of_url and record.record_date):
        return None
    try:
        of_at = in_utc(datetime.fromisoformat(headers.get("WARC-Refers-To-Date", "")))
    except ValueError:
        return None
    when = in_utc(record.record_date)
    return Revisit(url=url, at=when, of_url=of_url, of_at=of_at.replace(microsecond=0), found_in=at)


def _size(item: FetchedPage | Visit) -> int:
    return ITEM_BYTES + (len(item.capture.body) if isinstance(item, FetchedPage) else 0)


def _page_of(record: Any, data: bytes, max_bytes: int) -> Capture | str:
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
        again.parse_http(auto_decode="all")
        body = again.reader.read(max_bytes + 1)
        http = again.http_headers
        status, reason = http.status_code or 0, http.reason_phrase or ""
        headers = tuple(http.items())
        declared = http.get("Content-Type", "")
    media_type, charset = split_media_type(declared)
    if not url or status != 200 or media_type not in PAGE_MEDIA or not body.strip():
        return ""
    if len(body) > max_bytes:
        return "too large"
    when = record.record_date
    if when is None:
        return "without a date"
    return of_record(page_of(url, body, media_type, charset, in_utc(when)), headers, reason)


@contextmanager
def opened(address: str) -> Iterator[IO[bytes] | str]:
    """A file as FastWARC takes it: the path of one here, which it reads itself, else an open one."""
    if "://" in address:
        with remote.opened(address) as file:
            yield file
    elif address.isprintable():
        yield address
    else:  # bytes that are no letters
        with Path(address).open("rb") as file:
            yield file
