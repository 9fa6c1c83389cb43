"""Study + what is already known -> CrawlPlan: plain data that goes to the crawl process as JSON. Pure."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Literal
from urllib.parse import urlsplit

import attrs

from crawler.addresses import canonical, host_of, key
from crawler.guard import hosts_named
from crawler.searches import PLACE, filled, queries
from crawler.terms import Terms, terms_of
from kb.claims import Source, Study
from kb.records import rfc3339, sha256
from kb.settings import Settings
from kb.state import converter
from kb.store import Known

SeedKind = Literal["feed", "sitemap", "robots", "page", "document", "named"]

Domains = tuple[tuple[str, tuple[str, ...], str | None], ...]
"""Slug, hosts and language of each source."""

SLACK = timedelta(days=3)
"""How long before the study's window an article may be dated: embargoed pieces are dated early, zones differ."""

_CONVERTER = converter(forbid_extra_keys=True)


@attrs.frozen(kw_only=True)
class Seed:
    """A way into the coverage."""

    url: str
    kind: SeedKind
    """`robots`: a robots.txt, for the sitemaps that it names. `page`: a front or section page, or an article.
    `document`: a primary document, or where a reference quote was printed. `named`: an address that the user gave.
    The last two are kept whatever they say."""
    source: str | None


@attrs.frozen(kw_only=True)
class Held:
    """A capture that is there already."""

    url: str
    """The address to ask again."""
    etag: str | None
    last_modified: str | None
    body_sha256: str
    snapshot: str
    """Its id."""
    fetched_at: datetime
    due: bool
    """Within the time for which articles are asked again."""


@attrs.frozen(kw_only=True)
class CrawlPlan:
    """All that a crawl needs to know, made without network or store."""

    study: str
    seeds: tuple[Seed, ...]
    held: Mapping[str, Held]
    """By `addresses.key` of every address that a capture is known under."""
    domains: Domains
    browser: tuple[str, ...]
    """Slugs of sources whose pages a browser reads."""
    primary: tuple[str, ...]
    """Slugs of the study's own sources."""
    terms: Terms
    user_agent: str
    since: datetime | None
    """Older articles are left; some slack is taken off already."""
    until: datetime | None
    allow_hosts: tuple[str, ...]
    """Hosts that may lie in private networks: the settings' and those that claims.yaml itself names."""
    searched: tuple[str, ...]
    """Hosts that are asked many queries: one request at a time."""
    max_pages: int
    depth: int
    forgotten: tuple[str, ...] = ()
    """Keys of addresses that were taken down: nothing asks for them."""
    whole: bool
    """The whole study rather than addresses that the user named: only then is there something to resume."""

    @property
    def terms_digest(self) -> str:
        """Changes with the signs of the study and its window, so that dropped pages are looked at again."""
        signs = [_CONVERTER.unstructure(each) for each in (self.terms, self.since, self.until)]
        return sha256(json.dumps(signs, sort_keys=True, default=rfc3339).encode())


def to_json(plan: CrawlPlan) -> str:
    return json.dumps(_CONVERTER.unstructure(plan), ensure_ascii=False)


def from_json(text: str) -> CrawlPlan:
    return _CONVERTER.structure(json.loads(text), CrawlPlan)


def plan(
    study: Study, settings: Settings, known: Mapping[str, Known], now: datetime, *, resting: Collection[str] = ()
) -> CrawlPlan:
    """The plan of a crawl of the whole study. `known` is what the store holds, by address.

    Of the sources in `resting` nothing is asked but pages that others link to.
    """
    held = _held(known, now - timedelta(days=settings.crawl.revisit_days))
    whole = _plan(study, settings, _seeds(study, settings.crawl.queries), held)
    if not resting:
        return whole
    left = {name: one for name, one in held.items() if one.due and source_of(whole.domains, one.url)[0] in resting}
    return attrs.evolve(
        whole,
        seeds=tuple(seed for seed in whole.seeds if seed.source not in resting),
        held={**held, **{name: attrs.evolve(one, due=False) for name, one in left.items()}},
    )


def without(planned: CrawlPlan, forgotten: Iterable[str]) -> CrawlPlan:
    """The plan with addresses left out that were taken down."""
    return attrs.evolve(planned, forgotten=tuple(sorted(forgotten_keys(forgotten))))


def forgotten_keys(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset(key(canonical(address) or address) for address in addresses)


def plan_named(
    pages: tuple[str, ...],
    feeds: tuple[str, ...],
    *,
    study: Study,
    settings: Settings,
    known: Mapping[str, Known],
    by_user: Iterable[str] = (),
) -> CrawlPlan:
    """The plan for addresses that the user gave: those alone, no links followed, no revisits. Of those that a file
    lists, whose writer may be anybody, only the ones `by_user` and of claims.yaml may lie in private networks.
    """
    seeds = [_seed(url, "named", study) for url in pages] + [_seed(url, "feed", study) for url in feeds]
    held = _held(known, datetime.max.replace(tzinfo=UTC))
    named = [*by_user, *(seed.url for seed in _seeds(study, settings.crawl.queries))]
    return attrs.evolve(_plan(study, settings, tuple(seeds), held, named), depth=0, whole=False)


def _plan(
    study: Study,
    settings: Settings,
    seeds: tuple[Seed, ...],
    held: Mapping[str, Held],
    named: Iterable[str] | None = None,
) -> CrawlPlan:
    """`named`: addresses whose hosts may be private; the seeds where it is None."""
    written = [*([seed.url for seed in seeds] if named is None else named), *(d.url for d in study.documents)]
    return CrawlPlan(
        study=study.slug,
        seeds=seeds,
        held=held,
        domains=domains_of(study),
        browser=tuple(source.slug for source in study.sources if source.browser),
        primary=tuple(source.slug for source in study.sources if source.kind == "primary"),
        terms=terms_of(study),
        user_agent=user_agent(study.contact),
        since=begins(study),
        until=_midnight(study.until) + timedelta(days=1) + SLACK if study.until else None,
        allow_hosts=tuple(dict.fromkeys([*settings.crawl.allow_hosts, *hosts_named(written)])),
        searched=_searched(study),
        max_pages=settings.crawl.max_pages,
        depth=settings.crawl.depth,
        whole=True,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _searched(study: Study) -> tuple[str, ...]:
    """Hosts of the feeds with `{query}`, as Scrapy names them: without port."""
    feeds = [*study.feeds, *(feed for source in study.sources for feed in source.feeds)]
    return tuple(dict.fromkeys(urlsplit(feed).hostname or "" for feed in feeds if PLACE in feed))


def _seeds(study: Study, most_queries: int) -> tuple[Seed, ...]:
    """Documents first, then each source's ways in; an address once, for the first purpose it is named for."""
    asked = queries(study, most_queries)
    seeds = [_seed(document.url, "document", study) for document in study.documents]
    seeds += [_seed(quote.source, "document", study) for quote in study.quotes if quote.source]
    for source in study.sources:
        seeds += [Seed(url=url, kind="page", source=source.slug) for url in map(canonical, source.pages) if url]
        sitemaps = [*source.sitemaps, *(_robots(source) if study.since else ())]
        seeds += [
            Seed(url=url, kind="robots" if urlsplit(url).path == "/robots.txt" else "sitemap", source=source.slug)
            for url in map(canonical, sitemaps)
            if url
        ]
        seeds += [
            Seed(url=url, kind="feed", source=source.slug) for feed in source.feeds for url in filled(feed, asked)
        ]
    seeds += [Seed(url=url, kind="feed", source=None) for feed in study.feeds for url in filled(feed, asked)]
    first: dict[str, Seed] = {}
    for seed in seeds:
        first.setdefault(seed.url, seed)
    return tuple(first.values())


def _robots(source: Source) -> tuple[str, ...]:
    """Where to ask for sitemaps of a source that names no way in. A primary one is there for its documents."""
    if source.kind == "primary" or source.feeds or source.sitemaps or source.pages:
        return ()
    return tuple(f"https://{domain}/robots.txt" for domain in source.domains)


def _seed(url: str, kind: SeedKind, study: Study) -> Seed:
    domains = domains_of(study)
    address = canonical(url)
    if not address:
        raise ValueError(f"not an http(s) address: {url}")
    return Seed(url=address, kind=kind, source=source_of(domains, address)[0])


def _held(known: Mapping[str, Known], due_from: datetime) -> dict[str, Held]:
    """Both addresses of a redirected capture lead to one Held, so that it is asked once."""
    urls: dict[str, list[str]] = {}
    for url, capture in known.items():
        if canonical(url):
            urls.setdefault(capture.snapshot_id, []).append(url)
    held: dict[str, Held] = {}
    for names in urls.values():
        latest = known[names[0]]
        asked = min(names, key=lambda name: (len(name), name))
        one = Held(
            url=asked,
            etag=latest.etag,
            last_modified=latest.last_modified,
            body_sha256=latest.body_sha256,
            snapshot=latest.snapshot_id,
            fetched_at=latest.fetched_at,
            due=latest.first_fetched_at >= due_from,
        )
        held |= {key(canonical(name) or name): one for name in names}
    return held


def begins(study: Study) -> datetime | None:
    """From when on a page can be about the study; None where claims.yaml does not say."""
    return _midnight(study.since) - SLACK if study.since else None


def domains_of(study: Study) -> Domains:
    """What `source_of` looks an address up in."""
    return tuple((source.slug, source.domains, source.language) for source in study.sources)


def source_of(domains: Domains, url: str) -> tuple[str | None, str | None]:
    """Slug and language of the source an address belongs to; the longest host wins. (None, None) for strangers."""
    named = host_of(url)
    hosts = {named, named.rpartition(":")[0] or named}
    best: tuple[int, str | None, str | None] = (0, None, None)
    for slug, domain_list, language in domains:
        for domain in domain_list:
            fits = any(host == domain or host.endswith("." + domain) for host in hosts)
            if fits and len(domain) > best[0]:
                best = (len(domain), slug, language)
    return best[1:]


def user_agent(contact: str | None) -> str:
    """What servers see: who asks, and whom to write to."""
    try:
        release = version("retold")
    except PackageNotFoundError:
        release = "0"
    printable = "".join(c for c in contact or "" if 32 <= ord(c) < 127)
    return f"retold/{release} (+{printable})" if printable else f"retold/{release}"
