"""StudySpider: CrawlPlan -> feeds, sitemaps, pages and links; yields what was fetched and what was left, with reasons.

It decides and follows, no more: bytes go on as they came, the pipeline writes them.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import attrs
from scrapy import Request, Spider
from scrapy.exceptions import DownloadCancelledError
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from twisted.python.failure import Failure

from crawler import focus
from crawler.addresses import canonical, is_article_address, key, same_page
from crawler.feeds import Feed, Item, NotAFeedError, months_in, parse
from crawler.frontier import FORGOTTEN, Frontier, Lead
from crawler.guard import RefusedError
from crawler.manners import describe
from crawler.pages import Page, PageLink, article_links, read_page
from crawler.plan import CrawlPlan, Held, Seed, source_of
from crawler.readers import split_media_type
from kb.records import Visit
from kb.warc import Capture

MAX_SITEMAPS = 50
"""Sitemaps followed from one index, newest first; dated ones outside the window do not count."""
FIRST = 4_000_000_000
"""Priority of ways in. Pages have the minute of their publication (some 29 million), undated ones 0, revisits -1."""
LIST_LINKS = 5
"""From this many links to articles an untyped page counts as a list."""


@attrs.frozen(kw_only=True)
class FetchedPage:
    """A page to be archived."""

    capture: Capture
    mention: bool
    """Kept though it only mentions the study."""
    reason: str


@attrs.frozen(kw_only=True)
class Stored:
    """An archived page, to take its links again."""

    capture: Capture
    depth: int


Recall = Callable[[str], Stored | None]
"""The archived page of a snapshot id; None where it cannot be read."""


class StudySpider(Spider):
    """Crawls the coverage of one study. `transient` counts answers that a later crawl may get better."""

    name = "study"

    def __init__(self, plan: CrawlPlan, frontier: Frontier, recall: Recall, max_bytes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.frontier = frontier
        self.recall = recall
        self.max_bytes = max_bytes
        self.seeds = {seed.url for seed in plan.seeds}
        self.captured: set[str] = {name for name, held in plan.held.items() if held}.union(plan.forgotten)

    # --- what is asked ---

    async def start(self) -> AsyncIterator[Any]:
        for seed in self.plan.seeds:
            for output in self._offer(_lead_of(seed, self.plan)):
                yield output
        for held in {held.snapshot: held for held in self.plan.held.values()}.values():
            source, language = source_of(self.plan.domains, held.url)
            url = canonical(held.url)
            if url:
                for output in self._offer(Lead(url=url, kind="page", source=source, language=language)):
                    yield output

    def _offer(self, lead: Lead) -> Iterator[Request | Visit]:
        verdict = self.frontier.offer(lead)
        if verdict.outcome == "ask":
            yield self._request(lead, verdict.held)
        elif verdict.outcome == "off-topic":
            yield self._visit(lead, "dropped", verdict.reason)
        elif verdict.outcome == "forgotten":
            yield self._visit(lead, "refused", verdict.reason)
        elif verdict.outcome == "settled" and verdict.held:
            yield from self._follow_again(verdict.held)

    def _request(self, lead: Lead, held: Held | None) -> Request:
        headers = {}
        if held and held.etag:
            headers["If-None-Match"] = held.etag
        if held and held.last_modified:
            headers["If-Modified-Since"] = held.last_modified
        callback = {"feed": self.parse_feed, "sitemap": self.parse_feed, "listing": self.parse_listing}
        return Request(
            held.url if held and canonical(held.url) else lead.url,
            callback=callback.get(lead.kind, self.parse_page),
            errback=self.failed,
            headers=headers,
            priority=_priority(lead, held),
            dont_filter=True,
            cb_kwargs={"lead": lead},
        )

    def redirected(self, request: Request, followed: Request) -> str | None:
        """Why a redirect is not followed, or None. Called before Scrapy does."""
        lead = request.cb_kwargs.get("lead")
        if request.callback is NO_CALLBACK or lead is None:
            return None
        target = canonical(followed.url)
        if followed.url in followed.meta.get("redirect_urls", []):
            return "the redirects go in a circle"
        if target is None or lead.kind in ("feed", "sitemap", "listing") or key(target) == key(request.url):
            return None
        if self.frontier.is_forgotten(target):
            return FORGOTTEN
        held = self.frontier.is_held(lead.url)
        other = self.frontier.is_held(target)
        if (held and other and held.snapshot == other.snapshot) or self.frontier.claim(target):
            return None
        return f"{DOUBLE}{target}"

    # --- feeds and lists ---

    def parse_feed(self, response: Response, lead: Lead) -> Iterator[Any]:
        if response.status >= 300:
            yield self._visit(lead, "failed", f"the {lead.kind} answered {_status(response.status)}", response.status)
            return
        try:
            feed = parse(response.body, response.url, self.max_bytes)
        except NotAFeedError as error:
            yield self._visit(lead, "failed", f"no usable {lead.kind}: {error}", response.status)
            return
        if feed.kind == "index":
            yield from self._sitemaps(feed, lead)
            return
        for item in sorted(feed.items, key=_newest):
            source, language = source_of(self.plan.domains, item.url)
            found = Lead(
                url=item.url,
                kind="page",
                source=source or lead.source,
                language=language,
                found_in=lead.url,
                item=item,
                sitemap=feed.kind == "sitemap",
                dated=feed.dated_news,
            )
            yield from self._offer(found)

    def _sitemaps(self, feed: Feed, lead: Lead) -> Iterator[Any]:
        fitting = [item for item in sorted(feed.items, key=_newest) if self._in_window(item)]
        if lead.depth >= 2:
            yield self._visit(lead, "failed", "a sitemap index inside an index inside an index is not followed")
            return
        if len(fitting) > MAX_SITEMAPS:
            left = len(fitting) - MAX_SITEMAPS
            yield self._visit(lead, "failed", f"lists {len(fitting)} sitemaps; the {left} oldest were left")
        for item in fitting[:MAX_SITEMAPS]:
            yield from self._offer(
                attrs.evolve(lead, url=item.url, found_in=lead.url, depth=lead.depth + 1, kind="sitemap", item=None)
            )

    def _in_window(self, item: Item) -> bool:
        if self.frontier.outside_window(item.moment, dated=False):
            return False
        month, since = months_in(item.url), self.plan.since
        return not (month and since and month < (since.year, since.month))

    def parse_listing(self, response: Response, lead: Lead) -> Iterator[Any]:
        """A listed page: an article is kept, a front or section page gives its links."""
        page = None if response.status != 200 else self._read(response)
        if page is None or _is_article(page, response.url):
            yield from self.parse_page(response, attrs.evolve(lead, kind="listed"))
            return
        for url, link in article_links(page):
            source, language = source_of(self.plan.domains, url)
            # The study's own people list who wrote about it; a newspaper's front page lists everything else too.
            if source == lead.source or (lead.source in self.plan.primary and link.inside):
                yield from self._offer(Lead(url=url, kind="page", source=source, language=language, found_in=lead.url))

    # --- pages ---

    def parse_page(self, response: Response, lead: Lead) -> Iterator[Any]:
        if response.status == 304:
            held = self.frontier.is_held(lead.url)
            yield self._visit(lead, "unchanged", "the server says it has not changed", 304)
            if held:
                yield from self._follow_again(held)
            return
        if response.status != 200 or not response.body.strip():
            what = _status(response.status) if response.status != 200 else "an empty page"
            yield self._visit(lead, "failed", f"answered {what}", response.status)
            yield from self._try_other_spelling(lead)
            return
        if not lead.always_kept and not focus.may_concern(response.body, self.plan.terms):
            yield self._visit(lead, "dropped", "no sign of the study in its bytes", 200)
            return
        page = self._read(response)
        double = self._double_of(page, response.url)
        if double:
            gone = self.frontier.is_forgotten(double)
            reason = FORGOTTEN if gone else f"another address of {double}"
            yield self._visit(lead, "refused" if gone else "unchanged", reason, 200)
            return
        yield from self._decide(response, lead, page)

    def _decide(self, response: Response, lead: Lead, page: Page | None) -> Iterator[Any]:
        if page is None and not lead.always_kept:
            yield self._visit(lead, "dropped", f"no page of text ({_media_type(response)[0] or 'no media type'})", 200)
            return
        judged = (
            focus.judge(page, self.plan.terms) if page else focus.Focus(relation="off", reason="not a page of text")
        )
        if judged.relation == "off" and not lead.always_kept:
            yield self._visit(lead, "dropped", judged.reason, 200)
            return
        reason = f"{_WHY_KEPT.get(lead.kind, '')}{judged.reason}"
        capture = self._capture(response, lead)
        self.captured |= {key(capture.requested_url), key(capture.final_url)}
        yield FetchedPage(capture=capture, mention=judged.relation == "mention" and not lead.always_kept, reason=reason)
        if page and judged.relation != "off":
            yield from self._follow(page, capture.final_url, lead.depth)

    def _read(self, response: Response) -> Page | None:
        media_type, charset = _media_type(response)
        return read_page(response.body, charset, media_type, response.url)

    def _double_of(self, page: Page | None, url: str) -> str | None:
        """The article that this page declares itself another address of, where that one is captured."""
        declared = page.canonical if page else None
        if not declared or key(declared) == key(url) or not same_page(declared, url):
            return None
        if key(declared) in self.captured:
            held, own = self.frontier.is_held(declared), self.frontier.is_held(url)
            return None if own and held and own.snapshot == held.snapshot else declared
        if not self.frontier.claim(declared) and self.frontier.awaits(declared, url):
            return declared
        self.captured.add(key(declared))
        return None

    def _capture(self, response: Response, lead: Lead) -> Capture:
        media_type, charset = _media_type(response)
        first = (response.meta.get("redirect_urls") or [response.url])[0]
        return Capture(
            requested_url=first,
            final_url=response.url,
            fetched_at=datetime.now(UTC),
            status=response.status,
            reason=_phrase(response.status),
            headers=tuple(_headers(response)),
            body=response.body,
            media_type=media_type,
            charset=charset,
            via="live",
            source=source_of(self.plan.domains, response.url)[0] or lead.source,
            found_in=lead.found_in,
            feed_title=lead.item.title if lead.item else None,
            feed_published=lead.item.published if lead.item else None,
        )

    # --- links ---

    def _follow(self, page: Page, url: str, depth: int) -> Iterator[Any]:
        """To the study's documents and to other sources; within a source only where the link names the study."""
        if depth >= self.plan.depth:
            return
        own = source_of(self.plan.domains, url)[0]
        for link in page.links:
            address = page.address(link) if link.inside else None
            if not address:
                continue
            source, language = source_of(self.plan.domains, address)
            lead = Lead(
                url=address, kind="page", source=source, language=language, found_in=canonical(url), depth=depth + 1
            )
            if focus.is_document(address, self.plan.terms):
                yield from self._offer(attrs.evolve(lead, kind="document"))
            elif source and is_article_address(address) and self._leads_on(link, source != own):
                yield from self._offer(lead)

    def _leads_on(self, link: PageLink, elsewhere: bool) -> bool:
        return elsewhere or focus.names_study(f"{link.anchor} {link.href}", self.plan.terms)

    def _follow_again(self, held: Held) -> Iterator[Any]:
        """The links of an archived page: one may not have been fetched yet, or failed."""
        stored = self.recall(held.snapshot)
        if stored is None:
            return
        capture = stored.capture
        page = read_page(capture.body, capture.charset, capture.media_type, capture.final_url)
        if page:
            yield from self._follow(page, capture.final_url, stored.depth)

    # --- failures ---

    def failed(self, failure: Failure) -> Iterator[Any]:
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        lead: Lead = request.cb_kwargs["lead"]
        error: Any = failure.value
        reason = describe(error)
        if reason.startswith(DOUBLE):
            yield self._visit(
                lead, "unchanged", f"redirects to {reason.removeprefix(DOUBLE)}, which is fetched by itself"
            )
            return
        too_large = isinstance(error, DownloadCancelledError) or "DOWNLOAD_MAXSIZE" in reason
        if too_large:
            reason = f"larger than {self.max_bytes} bytes"
        refused = too_large or reason == FORGOTTEN or isinstance(error, RefusedError)
        yield self._visit(lead, "refused" if refused else "failed", reason)
        yield from self._try_other_spelling(lead)

    def _try_other_spelling(self, lead: Lead) -> Iterator[Any]:
        url = self.frontier.other_spelling(lead.url)
        if url:
            yield self._request(attrs.evolve(lead, url=url), None)
        else:
            self.frontier.give_up(lead.url)

    def _visit(self, lead: Lead, action: Any, reason: str, status: int | None = None) -> Visit:
        return Visit(
            url=lead.url,
            at=datetime.now(UTC),
            action=action,
            reason=reason,
            status=status,
            found_in=lead.found_in,
            source=lead.source,
        )


DOUBLE = "a double of "
_WHY_KEPT = {
    "document": "a document of the study or the print of a reference quote; ",
    "listed": "listed in claims.yaml; ",
    "named": "named by the user; ",
}


def _lead_of(seed: Seed, plan: CrawlPlan) -> Lead:
    kind = "listing" if seed.kind == "page" else seed.kind
    return Lead(url=seed.url, kind=kind, source=seed.source, language=source_of(plan.domains, seed.url)[1])


def _priority(lead: Lead, held: Held | None) -> int:
    if lead.kind != "page":
        return FIRST
    if held:
        return -1
    moment = lead.item.moment if lead.item else None
    return max(0, int(moment.timestamp() // 60)) if moment else 0


def _newest(item: Item) -> float:
    return -item.moment.timestamp() if item.moment else 0.0


def _is_article(page: Page, url: str) -> bool:
    """A page that claims.yaml lists is an article if it says so, or has running text and is no list."""
    if (url.split("://", 1)[-1].partition("/")[2].strip("/")) == "":
        return False
    listed = sum(link.inside for _, link in article_links(page)) >= LIST_LINKS
    return page.typed_article or (page.is_article and (is_article_address(url) or not listed))


def _media_type(response: Response) -> tuple[str, str | None]:
    """Media type and charset as the server declares them."""
    return split_media_type((response.headers.get(b"Content-Type") or b"").decode("latin-1"))


def _headers(response: Response) -> Iterator[tuple[str, str]]:
    for name, values in response.headers.items():
        for value in values:
            if name.lower() != b"set-cookie":
                yield name.decode("latin-1"), value.decode("latin-1")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


def _status(status: int) -> str:
    return f"{status} {_phrase(status)}".strip()
