"""How a crawl treats servers where Scrapy 2.19 does less: robots.txt, crawl-delay, Retry-After, dead hosts."""

import re
from collections import Counter
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any, Self

from scrapy import Request, Spider, signals
from scrapy.core.downloader import Slot
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response
from scrapy.pqueues import DownloaderAwarePriorityQueue
from scrapy.robotstxt import RobotParser
from scrapy.utils.asyncio import call_later
from scrapy.utils.httpobj import urlparse_cached

from crawler.guard import RefusedError, UnreachableError
from crawler.settings import ROBOTS_NAME

ROBOTS_BYTES = 512_000
"""As much of a robots.txt is read as RFC 9309 demands (500 KiB)."""
MAX_CRAWL_DELAY_S = 60.0
"""A longer crawl-delay is honoured as this: a crawl of a few pages must end on the same day."""
DEAD_AFTER = 4
"""Requests in a row without any answer after which a host is left alone for the rest of the crawl, retries included."""

_AGENT_LINE = re.compile(r"(\s*user(?:-|\s+)?agent\s*:?\s*)(.*)", re.IGNORECASE)
_CLOSED = b"User-agent: *\nDisallow: /\n"


def slot_of(crawler: Crawler, request: Request) -> tuple[str, Slot]:
    """Scrapy's downloader slot for a request's host, made if need be."""
    downloader = crawler.engine.downloader
    slot: tuple[str, Slot] = downloader._get_slot(request)
    return slot


class Robots(RobotsTxtMiddleware):
    """RFC 9309 where Scrapy differs: an answer of 5xx or none closes the site; crawl-delay is applied.

    Scrapy also reads the body of a 404 page as rules, and takes a failure for permission.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.closed: dict[str, str] = {}
        self.unreachable: dict[str, str] = {}
        self.answers: dict[str, Response] = {}
        """Answers that name sitemaps, for the crawl may ask for them."""

    async def process_request(self, request: Request) -> Response | None:  # type: ignore[override]
        """A request for the robots.txt itself (`meta` says so) is answered with the one that was fetched."""
        if not request.meta.get("robots"):
            await super().process_request(request)
            return None
        await self.robot_parser(request)
        netloc = urlparse_cached(request).netloc
        if netloc in self.unreachable:
            raise UnreachableError(f"robots.txt: {self.unreachable[netloc]}")
        if netloc in self.closed:
            raise RefusedError(self.closed[netloc])
        return self.answers.get(netloc) or Response(request.url, status=200)

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        netloc = urlparse_cached(request).netloc
        if netloc in self.unreachable:
            raise UnreachableError(f"robots.txt: {self.unreachable[netloc]}")
        if netloc in self.closed:
            raise RefusedError(self.closed[netloc])
        if rp is not None and not rp.allowed(request.url, ROBOTS_NAME):
            raise RefusedError("robots.txt forbids it")

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status == 429:
            self.closed[netloc] = f"robots.txt answered {response.status}, which closes the site (RFC 9309)"
            body = _CLOSED
        else:
            body = response.body[:ROBOTS_BYTES] if response.status < 300 else b""
            if b"sitemap" in body.lower():
                self.answers[netloc] = Response(response.url, status=response.status, body=body)
        await super()._parse_robots(response.replace(body=concerning(body)), netloc, request)
        parser = self._parsers[netloc]
        delay = parser.crawl_delay(ROBOTS_NAME) if isinstance(parser, RobotParser) else None
        if delay and delay > 0:
            self._slow_down(request, min(delay, MAX_CRAWL_DELAY_S))

    def _slow_down(self, request: Request, delay: float) -> None:
        """Also for slots made anew: idle ones are dropped after a minute."""
        name, slot = slot_of(self.crawler, request)
        slot.delay = max(slot.delay, delay)
        kept = self.crawler.engine.downloader.per_slot_settings.setdefault(name, {})
        kept["delay"] = max(delay, kept.get("delay", 0.0), self.crawler.settings.getfloat("DOWNLOAD_DELAY"))

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        super()._robots_error(exc, netloc)
        self.unreachable[netloc] = describe(exc)


def concerning(body: bytes) -> bytes:
    """A robots.txt in which all agents that are not us have one name.

    Protego keeps a copy of each rule for every agent above it: of a hostile file of 500 KB some 400 million.

    >>> concerning(b"User-agent: a\\nUser-agent: Retold\\nDisallow: /")
    b'User-agent: other\\nUser-agent: retold\\nDisallow: /'
    """
    return "\n".join(map(_one_agent, body.decode("utf-8-sig", "ignore").splitlines())).encode()


def _one_agent(line: str) -> str:
    found = _AGENT_LINE.fullmatch(line.partition("#")[0])
    if found is None:
        return line
    name = found[2].strip().lower().replace("*", "")
    ours = ROBOTS_NAME.startswith(name)  # Protego takes the beginning of a name for the name
    return found[1] + (name or "*" if ours and found[2].strip() else "other")


class Throttle(AutoThrottle):
    """AutoThrottle that never goes below a host's crawl-delay."""

    def _adjust_delay(self, slot: Slot, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        downloader = self.crawler.engine.downloader
        for name, kept in downloader.per_slot_settings.items():
            if downloader.slots.get(name) is slot:
                slot.delay = max(slot.delay, kept.get("delay", 0.0))


class Retry(RetryMiddleware):
    """Waits as long as Retry-After says, the whole host with it; leaves hosts that do not answer."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.max_wait: float = settings.getfloat("RETOLD_MAX_WAIT_S")
        self.silent: dict[str, int] = {}
        self.left: dict[str, str] = {}

    def process_request(self, request: Request) -> None:
        reason = self.left.get(urlparse_cached(request).netloc)
        if reason:
            raise UnreachableError(reason)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        made = super().from_crawler(crawler)
        # Heard before the downloader sends the next request to the host; process_response comes after it.
        crawler.signals.connect(made._heard, signals.response_downloaded)
        return made

    def _heard(self, response: Response, request: Request) -> None:
        self.silent.pop(urlparse_cached(request).netloc, None)
        if response.status not in self.retry_http_codes:
            return
        wait = retry_after(response.headers.get(b"Retry-After"), datetime.now(UTC))
        if wait is None and response.status in (429, 503):
            wait = 2.0 ** (request.meta.get("retry_times", 0) + 1)
        if wait is not None and wait > self.max_wait:
            self._leave(request, f"the server asked to wait {wait:.0f} s")
        elif wait:
            pause(self.crawler, request, wait)

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        if urlparse_cached(request).netloc in self.left:
            return response
        return super().process_response(request, response)

    def process_exception(
        self, request: Request, exception: Exception, spider: Spider | None = None
    ) -> Request | Response | None:
        netloc = urlparse_cached(request).netloc
        if isinstance(exception, self.exceptions_to_retry):
            self.silent[netloc] = self.silent.get(netloc, 0) + 1
            if self.silent[netloc] >= max(DEAD_AFTER, self.max_retry_times + 2):
                self.left[netloc] = (
                    f"the host gave no answer {self.silent[netloc]} times in a row: {describe(exception)}"
                )
                return None
        return super().process_exception(request, exception)

    def _leave(self, request: Request, reason: str) -> None:
        """Ask nothing more of a host, what already waits for its turn included."""
        netloc = urlparse_cached(request).netloc
        self.left[netloc] = reason
        _, slot = slot_of(self.crawler, request)
        waiting = [entry for entry in slot.queue if urlparse_cached(entry[0]).netloc == netloc]
        for entry in waiting:
            slot.queue.remove(entry)
            entry[1].errback(UnreachableError(reason))


class Redirects(RedirectMiddleware):
    """Tells the spider where a redirect leads before it is followed, so that no address is fetched twice."""

    def _engine_started(self) -> None:
        """Scrapy looks here for what sets the Referer, and warns: a crawl sends none."""

    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        followed = super()._redirect(redirected, request, reason)
        followed.meta.pop("download_slot", None)  # Scrapy keeps the old host's place and pace
        if urlparse_cached(followed).netloc != urlparse_cached(request).netloc:
            for name in ("If-None-Match", "If-Modified-Since"):  # what one host said is no business of another
                followed.headers.pop(name, None)
        spider: Any = self.crawler.spider
        refusal = spider.redirected(request, followed)
        if refusal:
            raise IgnoreRequest(refusal)
        return followed


class FairQueue(DownloaderAwarePriorityQueue):
    """Gives out no more requests for a host than may be sent to it at once.

    So a slow or paused host does not fill all places. Scrapy's own count starts too late: what waits for
    robots.txt is not in it, and without a delay its downloader sends all that waits for a host in one go.
    """

    def pop(self) -> Request | None:
        downloader = self.crawler.engine.downloader
        busy = Counter(map(downloader.get_slot_key, downloader.active))
        own = downloader.per_slot_settings  # hosts that are searched are asked one at a time
        most = {name: own.get(name, {}).get("concurrency", downloader.domain_concurrency) for name in self.pqueues}
        free = [(busy[name], name) for name in self.pqueues if busy[name] < most[name]]
        if not free:
            return None
        name = self._next_slot(free, update_state=True)
        queue = self.pqueues[name]
        request = queue.pop()
        if len(queue) == 0:
            del self.pqueues[name]
            queue.close()
        return request


def pause(crawler: Crawler, request: Request, seconds: float) -> None:
    """Send nothing to the request's host for that long."""
    downloader = crawler.engine.downloader
    _, slot = slot_of(crawler, request)
    until = getattr(slot, "latercall", None)
    if until is not None:
        until.cancel()
    slot.lastseen = monotonic()
    slot.latercall = call_later(seconds, downloader._latercall, slot)


def retry_after(value: bytes | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; None without a usable one.

    >>> retry_after(b"Thu, 01 Jan 2026 00:00:30 GMT", datetime(2026, 1, 1, tzinfo=UTC))
    30.0
    """
    text = (value or b"").decode("latin-1").strip()[:64]
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


_WORDS = {
    "CannotResolveHostError": "the host has no address (DNS)",
    "DownloadConnectionRefusedError": "the connection was refused",
    "DownloadTimeoutError": "no complete answer in time",
    "ResponseDataLossError": "the answer broke off",
    "DownloadCancelledError": "larger than the size limit",
    "TunnelError": "the proxy could not reach the host",
    "UnsupportedURLSchemeError": "not an http or https address",
}


def describe(error: BaseException) -> str:
    """A failed request in words; the error's own where there are no better."""
    name = type(error).__name__
    if name in _WORDS:
        return _WORDS[name]
    causes = [failure.value for failure in getattr(error.__cause__ or error, "reasons", ())]  # Twisted's, in a list
    said = str(causes[0] if causes else error).strip().split("\n")[0][:200]
    if "certificate" in said.lower() or "SSL" in said:
        return f"the TLS certificate or connection is not valid: {said}"
    return said or name
