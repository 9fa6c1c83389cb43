"""`retold add`: saved pages, texts, WARC files, lists of addresses -> the same Snapshots that a crawl makes.

What is added is kept whatever it says: the user chose it. Only addresses go to the network, through the
same guard, robots.txt and pipeline as a crawl.
"""

import errno
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import attrs

from crawler.addresses import canonical, key
from crawler.entries import Entry, Loaded, Named, Problem
from crawler.frontier import FORGOTTEN
from crawler.pipelines import Recorder, catch_up
from crawler.plan import domains_of, forgotten_keys, plan_named, source_of, without
from crawler.readers import Reading, read_lines, read_path
from crawler.runner import CrawlEvent, CrawlSummary, crawl, tally
from crawler.spiders import FetchedPage
from kb.archive import Archive
from kb.capturelog import forgotten_addresses
from kb.claims import Study
from kb.errors import UserError
from kb.records import Snapshot, Visit, rfc3339
from kb.settings import Settings
from kb.store import RecordStore
from kb.warc import Capture

BATCH = 500
"""Pages written with one flush to disk."""
BATCH_BYTES = 32_000_000
"""Or fewer, when they are large."""
AHEAD = timedelta(days=1)
"""How far a capture's date may lie ahead of this machine's clock; a later one would stand as the latest for ever."""


@attrs.frozen(kw_only=True)
class ImportSummary:
    """What `add` did."""

    counts: Mapping[str, int]
    """Pages by Visit action, those fetched included."""
    problems: tuple[Problem, ...]
    """Files and lines that could not be used; everything else was."""
    crawled: CrawlSummary | None
    """How fetching the addresses went; None where none were given."""

    @property
    def complete(self) -> bool:
        return not self.problems and (self.crawled is None or self.crawled.complete)


def add(  # noqa: PLR0913  # the open store and archive belong to the caller
    names: Sequence[str],
    study: Study,
    settings: Settings,
    archive: Archive,
    store: RecordStore,
    now: datetime,
    *,
    stdin: IO[bytes],
    on_event: Callable[[CrawlEvent], None] | None = None,
) -> ImportSummary:
    """Add everything that `names` lead to: files, folders, addresses, `-` for stdin.

    UserError for a name that is neither; faults inside a file are collected, the rest of it goes on.
    """
    reading = Reading(now=now, max_bytes=settings.crawl.max_bytes)
    sources = [_source(name, stdin, reading) for name in names]
    catch_up(archive, store)
    importer = Importer(study, archive, store, now)
    for entries in sources:
        importer.take(entries)
    importer.flush()
    crawled = importer.fetch(settings, on_event)
    counts = Counter(importer.counts)
    counts.update(crawled.counts if crawled else {})
    return ImportSummary(counts=tally(counts), problems=tuple(importer.problems), crawled=crawled)


def _source(name: str, stdin: IO[bytes], reading: Reading) -> Iterator[Entry]:
    if name == "-":
        return read_lines(stdin, "stdin", reading)
    if name.startswith(("http://", "https://")):
        url = canonical(name)
        if not url:
            raise UserError(f"{name}: not an address that can be fetched")
        return iter([Named(url=url, by_user=True)])
    path = Path(name).expanduser()
    if not path.exists():
        raise UserError(f"{name}: no such file or folder, and not an http(s) address")
    return read_path(path, reading)


class Importer:
    """Takes entries in, writes them in batches, keeps the count."""

    def __init__(self, study: Study, archive: Archive, store: RecordStore, now: datetime) -> None:
        self._study = study
        self._store = store
        self._now = now
        self._domains = domains_of(study)
        latest = {key(url): (known.body_sha256, rfc3339(known.fetched_at)) for url, known in store.known().items()}
        self._recorder = Recorder(archive, store, latest)
        self._addresses = forgotten_addresses(archive.notices())
        self._forgotten = forgotten_keys(self._addresses)
        self._waiting: list[FetchedPage] = []
        self._waiting_bytes = 0
        self._taken = 0
        self._named: list[Named] = []
        self.counts: Counter[str] = Counter()
        self.problems: list[Problem] = []

    def take(self, entries: Iterator[Entry]) -> None:
        for entry in entries:
            match entry:
                case Problem():
                    self.problems.append(entry)
                case Named():
                    self._named.append(entry)
                case Loaded():
                    self._load(entry.capture)

    def _load(self, capture: Capture) -> None:
        source = capture.source or source_of(self._domains, capture.final_url)[0]
        # Two versions of one article in one file get times in the order in which they stand there.
        later = timedelta(microseconds=self._taken + 1 if capture.via == "file" else 0)
        capture = attrs.evolve(capture, source=source, fetched_at=capture.fetched_at + later)
        self.keep(FetchedPage(capture=capture, mention=False, reason="added by the user"))

    def keep(self, page: FetchedPage) -> None:
        """Have a page written with the next batch, unless its address was taken down."""
        self._taken += 1
        capture = page.capture
        if self._forgotten & {key(capture.requested_url), key(capture.final_url)}:
            self._refuse(capture, FORGOTTEN)
            return
        if capture.fetched_at > self._now + AHEAD:
            self._refuse(capture, f"its archive dates it {capture.fetched_at:%Y-%m-%d}, which is still to come")
            return
        self._waiting.append(page)
        self._waiting_bytes += len(capture.body)
        if len(self._waiting) >= BATCH or self._waiting_bytes >= BATCH_BYTES:
            self.flush()

    def note(self, visits: Sequence[Visit]) -> None:
        """Record addresses that were looked at and left."""
        self.counts.update(visit.action for visit in self._recorder.record(visits))

    def _refuse(self, capture: Capture, reason: str) -> None:
        self._recorder.record(
            [
                Visit(
                    url=capture.requested_url,
                    at=self._now + timedelta(microseconds=self._taken),
                    action="refused",
                    reason=reason,
                    status=None,
                    found_in=None,
                    source=capture.source,
                )
            ]
        )
        self.counts["refused"] += 1

    def flush(self) -> None:
        """Write what waits. A full disk ends the import; batches before it are safe."""
        batch, self._waiting, self._waiting_bytes = self._waiting, [], 0
        ids = [page.capture.snapshot_id for page in batch]
        held = {snapshot.id for snapshot in self._store.load(Snapshot, ids)}
        self.counts["unchanged"] += len(held)
        try:
            visits = self._recorder.record([page for page, id_ in zip(batch, ids, strict=True) if id_ not in held])
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            done = sum(self.counts.values())
            raise UserError(
                f"the disk is full; {done} pages were kept. Make room and run the same command again"
            ) from error
        self.counts.update(visit.action for visit in visits)

    def fetch(self, settings: Settings, on_event: Callable[[CrawlEvent], None] | None) -> CrawlSummary | None:
        if not self._named:
            return None
        pages = tuple(dict.fromkeys(named.url for named in self._named if not named.feed))
        feeds = tuple(dict.fromkeys(named.url for named in self._named if named.feed))
        by_user = [named.url for named in self._named if named.by_user]
        known = self._store.known()
        plan = plan_named(pages, feeds, study=self._study, settings=settings, known=known, by_user=by_user)
        return crawl(without(plan, self._addresses), settings, on_event)
