"""The only writer of a crawl: captures go into the archive, then into the record store, then the visit.

Writing happens in one thread beside the event loop, and in batches: whatever waits when a batch is done
goes into the next, with one flush to disk for all of it. A crash leaves at most captures that are in the
archive and not yet in the store; the next crawl puts them there (`catch_up`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import attrs
from scrapy.crawler import Crawler

from crawler.addresses import key
from crawler.spiders import FetchedPage
from kb.archive import Archive
from kb.records import Visit, rfc3339
from kb.store import RecordStore

Item = FetchedPage | Visit


class Recorder:
    """Writes captures and visits; knows the latest digest of every address, so that nothing is stored twice."""

    def __init__(self, archive: Archive, store: RecordStore, latest: Mapping[str, tuple[str, str]]) -> None:
        """`latest`: by `addresses.key`, the digest of the latest body and when it was captured."""
        self._archive = archive
        self._store = store
        self._latest = dict(latest)

    def record(self, items: Sequence[Item]) -> list[Visit]:
        """One batch, durable when it returns; the visits as they were recorded."""
        fresh: list[FetchedPage] = []
        visits: list[Visit] = []
        for item in items:
            if isinstance(item, Visit):
                visits.append(item)
                continue
            since = self._unchanged_since(item)
            visits.append(_visit(item, since))
            if since is None:
                fresh.append(item)
        if fresh:
            self._store.add_snapshots(self._archive.append_many(item.capture for item in fresh))
        self._store.add_visits(visits)
        return visits

    def _unchanged_since(self, item: FetchedPage) -> str | None:
        capture, digest = item.capture, item.capture.body_sha256
        at = capture.fetched_at
        names = (key(capture.requested_url), key(capture.final_url))
        for name in names:
            known = self._latest.get(name)
            if known and known[0] == digest and _moment(known[1]) <= at:  # an older one, out of an archive, is news
                return known[1]
        for name in names:
            if name not in self._latest or _moment(self._latest[name][1]) <= at:
                self._latest[name] = (digest, rfc3339(at))
        return None


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)


def _visit(item: FetchedPage, unchanged_since: str | None) -> Visit:
    capture = item.capture
    return Visit(
        url=capture.requested_url,
        at=capture.fetched_at,
        action="unchanged" if unchanged_since else "mention" if item.mention else "kept",
        reason=f"the same bytes as captured at {unchanged_since}" if unchanged_since else item.reason,
        status=capture.status,
        found_in=capture.found_in,
        source=capture.source,
    )


def catch_up(archive: Archive, store: RecordStore) -> int:
    """Give the store the captures that a crash left in the archive alone; how many there were."""
    stored = {snapshot.id for snapshot in store.snapshots()}
    missing = [snapshot for snapshot in archive.entries() if snapshot.id not in stored]
    store.add_snapshots(missing)
    return len(missing)


@attrs.define
class Outlet:
    """Where the pipeline of a running crawl writes to and reports to."""

    recorder: Recorder
    report: Callable[[Visit], None]
    broken: Callable[[OSError], None]
    """Called when nothing can be written any more; the crawl must stop."""


class ArchivePipeline:
    """Hands items to the recorder and waits until they are on disk, so that Scrapy's backpressure holds."""

    def __init__(self, crawler: Crawler) -> None:
        spider: Any = crawler.spider
        self._outlet: Outlet = spider.outlet
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="archive")
        self._waiting: list[tuple[Item, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "ArchivePipeline":
        return cls(crawler)

    async def process_item(self, item: Item) -> Item:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write())
        await done
        return item

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            work = loop.run_in_executor(self._thread, self._outlet.recorder.record, [item for item, _ in batch])
            await asyncio.wait([work])
            error = work.exception()
            if isinstance(error, OSError):
                self._outlet.broken(error)
            for visit in () if error else work.result():
                self._outlet.report(visit)
            for _, done in batch:
                if error and not isinstance(error, OSError):
                    done.set_exception(error)
                else:
                    done.set_result(None)
        self._writing = None

    def close_spider(self) -> None:
        self._thread.shutdown(wait=True)
