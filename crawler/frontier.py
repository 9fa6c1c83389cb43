"""What is asked in a crawl, and what is not: each article once, nothing that is held and settled. No network.

It needs no memory of its own between crawls: what is held, dropped or fetched already comes from the record store.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeVar

import attrs

from crawler.addresses import key
from crawler.feeds import Item
from crawler.focus import judge_item
from crawler.plan import CrawlPlan, Held

T = TypeVar("T")
LeadKind = Literal["feed", "sitemap", "robots", "listing", "listed", "page", "document", "named"]
"""`listing`: a page of claims.yaml not looked at yet; `listed`: one that turned out to be an article."""
WAYS_IN = ("feed", "sitemap", "robots", "listing")
MAX_SITEMAPS = 50
"""Sitemaps followed from one index, newest first; dated ones outside the window do not count."""
MOST_SITEMAPS = 500
"""Sitemaps followed from all indexes of one source: indexes of indexes would make 125,000 of them."""
Outcome = Literal[
    "ask", "double", "held", "settled", "dropped-before", "outside-window", "off-topic", "no-room", "forgotten"
]
FORGOTTEN = "forgotten: it was taken down; `retold forget --undo URL` lets it be fetched again"


@attrs.frozen(kw_only=True)
class Lead:
    """An address with how it was found."""

    url: str
    """Canonical."""
    kind: LeadKind
    source: str | None
    language: str | None = None
    found_in: str | None = None
    depth: int = 0
    """Links away from a feed, sitemap or listed page."""
    item: Item | None = None
    """What the feed or sitemap said."""
    teller: str | None = None
    """The source whose feed, sitemap or page lists it; None for one of the whole study, such as a search service's."""
    sitemap: bool = False
    """`item` comes from a sitemap."""
    dated: bool = True
    """`item`'s date is one of publication, not of the last change."""
    why: str = ""
    """What the link that led here is, where it is out of the ordinary."""

    @property
    def always_kept(self) -> bool:
        return self.kind in ("document", "named", "listed")


@attrs.frozen(kw_only=True)
class Verdict:
    """What to do with a lead."""

    outcome: Outcome
    reason: str = ""
    held: Held | None = None
    """The capture whose validators go with the request."""


class Frontier:
    """Decides about leads in the order in which they are offered."""

    def __init__(self, plan: CrawlPlan, *, settled: Collection[str] = (), dropped: Collection[str] = ()) -> None:
        self._plan = plan
        self._forgotten = frozenset(plan.forgotten)
        self._held: Mapping[str, Held] = plan.held
        self._settled = frozenset(settled)
        """Ids of snapshots that the interrupted crawl before this one made: nothing is asked again."""
        self._dropped = frozenset(dropped)
        """Keys of addresses that earlier visits settled: off topic by the same terms, a second address of a page."""
        self._claimed: dict[str, str] = {}
        self._spellings: dict[str, list[str]] = {}
        self._failed: set[str] = set()
        self._asked_snapshots: set[str] = set()
        self._sitemaps_of: Counter[str | None] = Counter()
        self.pages_asked = 0
        self.cut_short = False
        """Whether a lead was left because `max_pages` was reached."""

    def offer(self, lead: Lead) -> Verdict:
        """Claim the lead's address if it is to be asked; whoever comes later with it is a double."""
        name = key(lead.url)
        held = self._held.get(name)
        if name in self._claimed or (held and held.snapshot in self._asked_snapshots):
            self._remember_spelling(name, lead.url)
            return Verdict(outcome="double")
        verdict = self._judge(lead, name, held)
        if verdict.outcome != "no-room":
            self._claimed[name] = lead.url
        if held:
            self._asked_snapshots.add(held.snapshot)
        return verdict

    def _judge(self, lead: Lead, name: str, held: Held | None) -> Verdict:
        if name in self._forgotten:
            return Verdict(outcome="forgotten", reason=FORGOTTEN)
        if held:
            return self._judge_held(lead, held)
        if lead.kind in WAYS_IN:
            return Verdict(outcome="ask")
        left = None if lead.always_kept else self._left(lead, name)
        if left:
            return left
        if self.pages_asked >= self._plan.max_pages:
            self.cut_short = True
            return Verdict(outcome="no-room")
        self.pages_asked += 1
        return Verdict(outcome="ask")

    def _judge_held(self, lead: Lead, held: Held) -> Verdict:
        """Revisits do not count as pages, or a long list of known ones would leave no room for new ones."""
        if lead.kind in WAYS_IN:
            return Verdict(outcome="ask", held=held if lead.kind == "listing" else None)
        if held.snapshot in self._settled:
            return Verdict(outcome="settled", held=held)
        return Verdict(outcome="ask" if held.due or lead.always_kept else "held", held=held)

    def _left(self, lead: Lead, name: str) -> Verdict | None:
        if name in self._dropped:
            return Verdict(outcome="dropped-before")
        if lead.item is None:
            return None
        if self.outside_window(lead.item.moment, dated=lead.dated):
            return Verdict(outcome="outside-window")
        focus = judge_item(lead.item, self._plan.terms, sitemap=lead.sitemap, language=lead.language)
        return Verdict(outcome="off-topic", reason=focus.reason) if focus.relation == "off" else None

    def take_sitemaps(self, listed: Sequence[T], source: str | None) -> Sequence[T]:
        """The first of an index's sitemaps, as many as are still followed for this source."""
        taken = listed[: max(0, min(MAX_SITEMAPS, MOST_SITEMAPS - self._sitemaps_of[source]))]
        self._sitemaps_of[source] += len(taken)
        return taken

    def outside_window(self, moment: datetime | None, *, dated: bool) -> bool:
        """A change before the window rules an article out; a change after it says nothing."""
        if moment is None:
            return False
        since, until = self._plan.since, self._plan.until
        return bool((since and moment < since) or (until and dated and moment > until))

    def _remember_spelling(self, name: str, url: str) -> None:
        spellings = self._spellings.setdefault(name, [])
        if url != self._claimed.get(name) and url not in spellings and len(spellings) < 3:
            spellings.append(url)

    def other_spelling(self, url: str) -> str | None:
        """After a failure: another spelling of the address that was seen (`www.`, https), each given once."""
        spellings = self._spellings.get(key(url), [])
        return spellings.pop(0) if spellings else None

    def give_up(self, url: str) -> None:
        """The address was claimed, but nothing came of it: other addresses of the same article count again."""
        self._failed.add(key(url))

    def awaits(self, url: str, instead: str) -> bool:
        """Whether an article is being fetched under `url`; if that fails, `instead` is its other spelling."""
        name = key(url)
        if name not in self._claimed or name in self._failed:
            return False
        self._remember_spelling(name, instead)
        return True

    def was_dropped(self, url: str) -> bool:
        """Whether an earlier crawl left it, or left something of it, by the same terms."""
        return key(url) in self._dropped

    def claim(self, url: str) -> bool:
        """Take an address that an asked page turned out to have as well; False where another page has it."""
        name = key(url)
        held = self._held.get(name)
        if name in self._claimed or (held and held.snapshot in self._asked_snapshots):
            return False
        self._claimed[name] = url
        if held:
            self._asked_snapshots.add(held.snapshot)
        return True

    def is_forgotten(self, url: str) -> bool:
        return key(url) in self._forgotten

    def is_held(self, url: str) -> Held | None:
        return self._held.get(key(url))
