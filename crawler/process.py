"""The crawl process: `python -m crawler.process`, started by crawler.runner. The only place with an event loop."""

import gc
import json
import os
import select
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
import cattrs
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler

from crawler.addresses import canonical, key
from crawler.earlier import asked_captures, left_addresses
from crawler.frontier import Frontier
from crawler.gate import Gate
from crawler.pipelines import Outlet, Recorder, catch_up
from crawler.plan import CrawlPlan, Held, from_json
from crawler.runner import CrawlEvent, CrawlSummary, SourceError, tally
from crawler.settings import scrapy_settings
from crawler.spiders import Stored, StudySpider
from kb.archive import Archive
from kb.errors import CrawlError, DataError, RetoldError, UserError
from kb.exclusive import CRAWL, held
from kb.records import Snapshot, Visit, rfc3339, validators
from kb.settings import Settings
from kb.state import read_state, write_state
from kb.store import RecordStore
from kb.warc import Capture

RESUME_WITHIN = timedelta(days=1)
"""An interrupted crawl is resumed for this long; after it, a new one asks the pages of the old one again."""

WAIT_S = 1.0
"""How long the lock is waited for: an orphan that finds its parent gone has it for a moment."""

_PARENT_GOES_MS = 50
"""A killed process's files are closed one after the other, its lock perhaps before the pipe to its child."""

_TRANSIENT = ("answered 5", "answered 408", "answered 429")


@attrs.frozen(kw_only=True)
class Journal:
    """What one crawl leaves for the next: `crawl.json` in the data folder."""

    terms: str
    """Digest of the signs by which pages were dropped."""
    terms_since: datetime
    running_since: datetime | None
    """Start of a crawl that has not ended; None after one that ran to its end."""


class JournalFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Journal | None:
        """None where there is none or where it cannot be read: then the crawl is a first one."""
        return read_state(self._path, Journal)

    def write(self, journal: Journal) -> None:
        write_state(self._path, journal)


@attrs.define
class Tally:
    """What is counted while a crawl runs."""

    visits: Counter[str] = attrs.field(factory=Counter)
    errors: list[SourceError] = attrs.field(factory=list)
    stopped: str | None = None
    requests: int = 0

    def count(self, visit: Visit, *, way_in: bool) -> None:
        self.visits[visit.action] += 1
        lost = visit.action == "failed" and (way_in or visit.status is None or visit.reason.startswith(_TRANSIENT))
        if lost:
            self.errors.append(SourceError(source=visit.source, url=visit.url, reason=visit.reason))


class Run:
    """One crawl: the store's state in, Scrapy run, the summary out."""

    def __init__(self, plan: CrawlPlan, settings: Settings, say: Callable[[Any], None]) -> None:
        self.plan = plan
        self.settings = settings
        self.say = say
        self.tally = Tally()
        self.crawler: Crawler | None = None
        self.gate: str | None = None

    def run(self, archive: Archive, store: RecordStore) -> CrawlSummary:
        started, clock = datetime.now(UTC), time.monotonic()
        journal_file = JournalFile(self.settings.data_dir / "crawl.json")
        before = journal_file.read()
        journal = next_journal(before, self.plan.terms_digest, started)
        resumed = self.plan.whole and journal.running_since != started
        if self.plan.whole:
            journal_file.write(journal)
        catch_up(archive, store)
        snapshots = {snapshot.id: snapshot for snapshot in store.snapshots()}
        plan = refresh(self.plan, snapshots.values())
        running_since = journal.running_since if resumed else None
        settled = asked_captures(store.visits(running_since), plan.held, running_since) if running_since else set()
        frontier = Frontier(
            plan,
            settled=settled | {s.id for s in snapshots.values() if running_since and s.fetched_at >= running_since},
            dropped=left_addresses(
                store.latest_visits(), plan.held, terms_since=journal.terms_since, running_since=running_since
            ),
        )
        latest = {name: (held.body_sha256, rfc3339(held.fetched_at)) for name, held in plan.held.items()}
        with self._gate() as self.gate:
            self._scrape(plan, frontier, Recorder(archive, store, latest), Recall(archive, snapshots))
        if self.plan.whole and self.tally.stopped is None:
            journal_file.write(attrs.evolve(journal, running_since=None))
        return self._summary(frontier, resumed=resumed, seconds=time.monotonic() - clock)

    @contextmanager
    def _gate(self) -> Iterator[str | None]:
        """The address of the proxy in front of the browser, where one is used and none was set."""
        if not self.plan.browser or self.settings.crawl.proxy:
            yield None
            return
        with Gate(self.plan.allow_hosts) as gate:
            yield gate.address

    def _scrape(self, plan: CrawlPlan, frontier: Frontier, recorder: Recorder, recall: "Recall") -> None:
        process = AsyncCrawlerProcess(scrapy_settings(plan, self.settings.crawl, self.gate))
        crawler = process.create_crawler(StudySpider)
        self.crawler = crawler
        ways_in = {seed.url for seed in plan.seeds}

        def report(visit: Visit) -> None:
            self.tally.count(visit, way_in=visit.url in ways_in)
            event = CrawlEvent(
                action=visit.action,
                url=visit.url,
                source=visit.source,
                reason=visit.reason,
                asked=frontier.pages_asked,
            )
            self.say({"event": cattrs.unstructure(event)})

        crawler.signals.connect(self._on_error, signals.spider_error)
        crawler.signals.connect(self._on_unwritten, signals.item_error)
        crawler.signals.connect(self._on_opened, signals.spider_opened)
        crawler.signals.connect(self._on_request, signals.request_reached_downloader)
        outlet = Outlet(recorder=recorder, report=report, broken=self._on_broken)
        process.crawl(
            crawler,
            plan=plan,
            frontier=frontier,
            recall=recall,
            max_bytes=self.settings.crawl.max_bytes,
            outlet=outlet,
        )
        process.start(install_signal_handlers=True)

    def _on_opened(self) -> None:
        threading.Thread(target=self._watch_parent, daemon=True).start()

    def _watch_parent(self) -> None:
        from twisted.internet import reactor

        sys.stdin.read()
        getattr(reactor, "callFromThread")(self.stop, "the command that started it ended")  # noqa: B009

    def _on_request(self) -> None:
        self.tally.requests += 1

    def _on_broken(self, error: OSError) -> None:
        self.stop(f"nothing can be written any more: {error.strerror or error}; what was captured before is kept")

    def _on_error(self, failure: Any) -> None:
        """A fault of ours: the crawl goes on, but never reports itself complete."""
        where = failure.getTraceback().strip().splitlines()
        self.tally.errors.append(SourceError(source=None, url="", reason=f"internal error: {where[-1][:300]}"))
        sys.stderr.write(failure.getTraceback())

    def _on_unwritten(self, failure: Any) -> None:
        self._on_error(failure)
        self.stop(f"a page could not be written: {failure.getErrorMessage()[:300]}")

    def stop(self, reason: str) -> None:
        """End in good order: nothing new is asked."""
        import asyncio

        if self.tally.stopped is None and self.crawler:
            self.tally.stopped = reason
            self._stopping = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason="stopped"))

    def _summary(self, frontier: Frontier, *, resumed: bool, seconds: float) -> CrawlSummary:
        stopped = self.tally.stopped
        if stopped is None and frontier.cut_short:
            stopped = f"the limit of {self.plan.max_pages} pages was reached; the next crawl goes on"
        return CrawlSummary(
            counts=tally(self.tally.visits),
            errors=tuple(self.tally.errors),
            complete=stopped is None and not self.tally.errors,
            stopped=stopped,
            requests=self.tally.requests,
            pages=frontier.pages_asked,
            resumed=resumed,
            seconds=round(seconds, 3),
        )


@attrs.frozen
class Recall:
    """Reads archived pages again, to follow their links."""

    archive: Archive
    snapshots: dict[str, Snapshot]
    """By id, in order of time."""

    def __call__(self, snapshot_id: str) -> Stored | None:
        snapshot = self.snapshots.get(snapshot_id)
        if snapshot is None:
            return None
        try:
            body = self.archive.body(snapshot)
        except DataError:
            return None  # `retold verify` reports it; a crawl can go on without its links
        return Stored(capture=_capture(snapshot, body), depth=self.depth(snapshot))

    def depth(self, snapshot: Snapshot) -> int:
        """How many archived pages lie between this one and a feed, sitemap or list."""
        depth, at = 0, snapshot
        while at.found_in in self._latest and depth < 10:
            depth, at = depth + 1, self._latest[at.found_in]
        return depth

    @cached_property
    def _latest(self) -> dict[str, Snapshot]:
        """Made once: a re-crawl recalls every page that it finds unchanged."""
        return {snapshot.requested_url: snapshot for snapshot in self.snapshots.values()}


def _capture(snapshot: Snapshot, body: bytes) -> Capture:
    return Capture(
        requested_url=snapshot.requested_url,
        final_url=snapshot.final_url,
        fetched_at=snapshot.fetched_at,
        status=snapshot.status,
        reason="",
        headers=(),
        body=body,
        media_type=snapshot.media_type,
        charset=snapshot.charset,
        via=snapshot.via,
        source=snapshot.source,
    )


def next_journal(before: Journal | None, terms: str, now: datetime) -> Journal:
    """What to note at the start of a crawl; its `running_since` is the interrupted crawl's where it resumes one."""
    resumes = before and before.running_since and now - before.running_since < RESUME_WITHIN
    return Journal(
        terms=terms,
        terms_since=before.terms_since if before and before.terms == terms else now,
        running_since=before.running_since if before and resumes else now,
    )


def refresh(plan: CrawlPlan, snapshots: Iterable[Snapshot]) -> CrawlPlan:
    """The plan with captures that it does not know yet; all are asked under the address that answered.

    What has moved would else cost two requests each time.
    """
    held = dict(plan.held)
    for snapshot in sorted(snapshots, key=lambda snapshot: snapshot.fetched_at):
        for url in (snapshot.requested_url, snapshot.final_url):
            name = key(canonical(url) or url)
            before = held.get(name)
            if before is None or before.snapshot == snapshot.id or before.fetched_at < snapshot.fetched_at:
                etag, last_modified = validators(snapshot)
                held[name] = Held(
                    url=snapshot.final_url if canonical(snapshot.final_url) else snapshot.requested_url,
                    etag=etag,
                    last_modified=last_modified,
                    body_sha256=snapshot.body_sha256,
                    snapshot=snapshot.id,
                    fetched_at=snapshot.fetched_at,
                    due=before.due if before else plan.whole,
                )
    return attrs.evolve(plan, held=held)


def require_parent() -> None:
    """CrawlError where the command that started this process has ended: another may have the folder since.

    Asked once the lock is held: whoever starts from then on waits for it, and who started before is not disturbed.
    """
    pipe = select.poll()
    pipe.register(sys.stdin, 0)  # of an end alone: what was sent before it is read already, or not for us
    if pipe.poll(_PARENT_GOES_MS):
        raise CrawlError("the command that started this crawl has ended; nothing was asked")


def main() -> int:
    """Read the order, crawl, print the summary. Errors go to the parent as a line, too."""
    gc.freeze()  # what the imports made stays: looking through it again and again costs a twentieth of a crawl
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr  # what a library prints must not stand among the events

    def say(message: Any) -> None:
        try:
            out.write(json.dumps(message, ensure_ascii=False) + "\n")
            out.flush()
        except BrokenPipeError:
            pass  # the parent is gone; the watcher of stdin ends the crawl

    plan, settings = from_json(sys.stdin.readline()), Settings.model_validate_json(sys.stdin.readline())
    try:
        with held(settings.data_dir, CRAWL, wait_s=WAIT_S, store_url=settings.database_url):
            require_parent()
            with RecordStore.open(settings.database_url) as store:
                summary = Run(plan, settings, say).run(Archive(settings.archive_dir), store)
    except RetoldError as error:
        kind = "user" if isinstance(error, UserError) else "data" if isinstance(error, DataError) else "crawl"
        say({"kind": kind, "error": str(error)})
        return error.exit_code
    say({"summary": cattrs.unstructure(summary)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
