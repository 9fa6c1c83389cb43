"""StudySpider: CrawlPlan -> feeds, sitemaps, pages and links; gives what was fetched and left, with reasons."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import attrs
from scrapy import Request, Spider
from scrapy.exceptions import DownloadCancelledError
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from twisted.python.failure import Failure

from crawler import focus
from crawler.addresses import canonical, key, same_page
from crawler.browser import rendered
from crawler.earlier import another_address, redirects_to
from crawler.feeds import MOST_ENTRIES, Feed, Item, NotAFeedError, months_in, newest_first, parse, sitemaps_in
from crawler.frontier import FORGOTTEN, WAYS_IN, Frontier, Lead
from crawler.guard import RefusedError
from crawler.manners import describe
from crawler.onward import links_onward
from crawler.pages import Page, article_links, is_listed_article, read_page
from crawler.plan import CrawlPlan, Held, Seed, source_of
from crawler.responses import headers_of, media_type_of, phrase, status_line
from crawler.speaking import source_at, told_by_feed
from kb.records import Visit
from kb.warc import Capture

INDEX_DEPTH = 2
"""Indexes inside an index that are followed."""
FIRST = 4_000_000_000
"""Priority of ways in. Pages have the minute of their publication (some 29 million), undated ones 0, revisits -1."""


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
    """Crawls the coverage of one study."""

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
        callback = {
            "feed": self.parse_feed,
            "sitemap": self.parse_feed,
            "robots": self.parse_robots,
            "listing": self.parse_listing,
        }
        return Request(
            held.url if held and canonical(held.url) else lead.url,
            callback=callback.get(lead.kind, self.parse_page),
            errback=self.failed,
            headers=headers,
            priority=_priority(lead, held),
            dont_filter=True,
            meta=self._meta(lead),
            cb_kwargs={"lead": lead},
        )

    def _meta(self, lead: Lead) -> dict[str, Any]:
        if lead.kind == "robots":
            return {"robots": True}
        by_browser = lead.source in self.plan.browser and lead.kind not in ("feed", "sitemap")
        return rendered() if by_browser else {}

    def redirected(self, request: Request, followed: Request) -> str | None:
        """Why a redirect is not followed, or None. Called before Scrapy does."""
        lead = request.cb_kwargs.get("lead")
        if request.callback is NO_CALLBACK or lead is None:
            return None
        target = canonical(followed.url)
        if followed.url in followed.meta.get("redirect_urls", []):
            return "the redirects go in a circle"
        if target is None or lead.kind in WAYS_IN or key(target) == key(request.url):
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
            said = f"the {lead.kind} answered {status_line(response.status)}"
            yield self._visit(lead, "failed", said, response.status)
            return
        try:
            feed = parse(response.body, response.url, self.max_bytes)
        except NotAFeedError as error:
            yield self._visit(lead, "failed", f"no usable {lead.kind}: {error}", response.status)
            return
        if feed.kind == "index":
            yield from self._sitemaps(feed, lead)
            return
        if feed.more:
            yield self._visit(lead, "dropped", f"lists more than {MOST_ENTRIES} entries; the rest was left", 200)
        outside = 0
        for item in newest_first(feed.items):
            source, language = source_of(self.plan.domains, item.url)
            found = Lead(
                url=item.url,
                kind="page",
                source=source or lead.source,
                language=item.language or language,
                found_in=lead.url,
                teller=lead.source,
                item=item,
                sitemap=feed.kind == "sitemap",
                dated=feed.dated_news or item.news,
            )
            outside += self.frontier.outside_window(item.moment, dated=found.dated)
            yield from self._offer(found)
        if outside and not self.frontier.was_dropped(lead.url):  # one line for all: sitemaps list tens of thousands
            said = f"{outside} of its {len(feed.items)} entries are dated outside study.since and study.until"
            yield self._visit(lead, "dropped", said, response.status)

    def parse_robots(self, response: Response, lead: Lead) -> Iterator[Any]:
        """A source without ways in, or a robots.txt among its sitemaps: the sitemaps that it names."""
        if response.status >= 300:
            yield self._visit(lead, "failed", f"robots.txt answered {status_line(response.status)}", response.status)
            return
        found = sitemaps_in(response.body, response.url)
        if not found:
            yield self._visit(lead, "dropped", "robots.txt names no sitemap; give a feed, sitemap or page", 200)
        for url in self.frontier.take_sitemaps(found, lead.source):
            yield from self._offer(attrs.evolve(lead, url=url, kind="sitemap", found_in=lead.url))

    def _sitemaps(self, feed: Feed, lead: Lead) -> Iterator[Any]:
        fitting = [item for item in newest_first(feed.items) if self._in_window(item)]
        if lead.depth >= INDEX_DEPTH:
            yield self._visit(lead, "failed", "a sitemap index inside an index inside an index is not followed")
            return
        taken = self.frontier.take_sitemaps(fitting, lead.source)
        if left := len(fitting) - len(taken):
            yield self._visit(lead, "failed", f"lists {len(fitting)} sitemaps; the {left} oldest were left")
        for item in taken:
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
        if page is None or is_listed_article(page, response.url):
            yield from self.parse_page(response, attrs.evolve(lead, kind="listed"))
            return
        leads_on = False
        for url, inside in article_links(page):
            source, language = source_of(self.plan.domains, url)
            # The study's own people list who wrote about it; a newspaper's front page lists everything else too.
            if source == lead.source or (lead.source in self.plan.primary and inside):
                leads_on = True
                found = Lead(url=url, kind="page", source=source, language=language, found_in=lead.url)
                yield from self._offer(attrs.evolve(found, teller=lead.source))
        if not leads_on:
            yield self._visit(lead, "dropped", NEITHER, 200)

    # --- pages ---

    def parse_page(self, response: Response, lead: Lead) -> Iterator[Any]:
        if response.status == 304:
            held = self.frontier.is_held(lead.url)
            yield self._visit(lead, "unchanged", "the server says it has not changed", 304)
            if held:
                yield from self._follow_again(held)
            return
        if response.status != 200 or not response.body.strip():
            what = status_line(response.status) if response.status != 200 else "an empty page"
            yield self._visit(lead, "failed", f"answered {what}", response.status)
            yield from self._try_other_spelling(lead)
            return
        if not lead.always_kept and not focus.may_concern(response.body, self.plan.terms):
            yield self._visit(lead, "dropped", "no sign of the study in its bytes", 200)
            return
        page = self._read(response)
        double = self._double_of(page, response.url)
        at = double or canonical(response.url) or response.url  # a browser follows redirects by itself
        if self.frontier.is_forgotten(at):
            yield self._visit(lead, "refused", FORGOTTEN, 200)
            return
        if double:
            yield self._visit(lead, "unchanged", another_address(double), 200)
            return
        yield from self._decide(response, lead, page)

    def _decide(self, response: Response, lead: Lead, page: Page | None) -> Iterator[Any]:
        if page is None and not lead.always_kept:
            yield self._visit(lead, "dropped", f"no page of text ({media_type_of(response)[0] or 'no type'})", 200)
            return
        off = focus.Focus(relation="off", reason="not a page of text")
        judged = focus.judge(page, self.plan.terms) if page else off
        if judged.relation == "off" and not lead.always_kept:
            yield self._visit(lead, "dropped", f"{lead.why}{judged.reason}", 200)
            return
        reason = f"{_WHY_KEPT.get(lead.kind, '')}{lead.why}{judged.reason}"
        capture = self._capture(response, lead)
        self.captured |= {key(capture.requested_url), key(capture.final_url)}
        yield FetchedPage(capture=capture, mention=judged.relation == "mention" and not lead.always_kept, reason=reason)
        if page and judged.relation != "off":
            yield from self._follow(page, capture.final_url, lead.depth, judged)

    def _read(self, response: Response) -> Page | None:
        media_type, charset = media_type_of(response)
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
        media_type, charset = media_type_of(response)
        first = (response.meta.get("redirect_urls") or [response.url])[0]
        by_browser = bool(response.meta.get("playwright"))
        source = source_at(self.plan, lead, response.url)
        fed = told_by_feed(lead, source)
        return Capture(
            requested_url=first,
            final_url=response.url,
            fetched_at=datetime.now(UTC),
            status=response.status,
            reason=phrase(response.status),
            headers=() if by_browser else tuple(headers_of(response)),  # no server sent what a browser made
            body=response.body,
            media_type=media_type,
            charset=charset,
            via="browser" if by_browser else "live",
            source=source,
            found_in=lead.found_in,
            feed_title=fed.title if fed else None,
            feed_published=fed.published if fed else None,
        )

    # --- links ---

    def _follow(self, page: Page, url: str, depth: int, judged: focus.Focus) -> Iterator[Any]:
        """To hosts outside claims.yaml goes one hop, and only from a page that is on the study."""
        if depth >= self.plan.depth:
            return
        reached_by_link = depth > 0 and source_of(self.plan.domains, url)[0] is None
        to_strangers = judged.relation == "about" and not reached_by_link
        for link in links_onward(page, url, self.plan, to_strangers=to_strangers):
            document = link.reason == "the study's document"
            lead = Lead(
                url=link.url,
                kind="document" if document else "page",
                source=link.source,
                language=link.language,
                found_in=canonical(url),
                depth=depth + 1,
                why="" if link.source or document else f"{link.reason} on a host outside claims.yaml; ",
            )
            yield from self._offer(lead)

    def _follow_again(self, held: Held) -> Iterator[Any]:
        """The links of an archived page: one may not have been fetched yet, or failed."""
        stored = self.recall(held.snapshot)
        if stored is None:
            return
        capture = stored.capture
        page = read_page(capture.body, capture.charset, capture.media_type, capture.final_url)
        if page:
            judged = focus.judge(page, self.plan.terms)
            yield from self._follow(page, capture.final_url, stored.depth, judged)

    # --- failures ---

    def failed(self, failure: Failure) -> Iterator[Any]:
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        lead: Lead = request.cb_kwargs["lead"]
        error: Any = failure.value
        reason = describe(error)
        if reason.startswith(DOUBLE):
            yield self._visit(lead, "unchanged", redirects_to(reason.removeprefix(DOUBLE)))
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
NEITHER = "listed, but it looks like no article and links to none of its source; `retold add` keeps it nevertheless"
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
