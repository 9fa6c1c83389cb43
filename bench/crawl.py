"""Crawling against a bare Scrapy spider: responses per second, CPU, peak memory, what each article and revisit costs.

    python -m bench crawl [--pages PAGES] [--rounds ROUNDS]

Both fetch the same generated site (bench/site.py) in the same run, each in a process of its own, alternating. The bare
spider reads feed and sitemaps with a regular expression, follows what they list and keeps nothing: it is the most
that Scrapy gives. Ours does what `retold crawl` does. Rates are responses by the server's count over the crawl's own
clock, which starts after the imports. Then ours crawls again, with nothing new, and once more with every page older
than the time for which pages are asked again. `bench kills` kills it.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
import scrapy
from scrapy.crawler import AsyncCrawlerProcess

from bench.site import ARTICLE, HOSTS, Site, articles, expected
from crawler.plan import plan
from crawler.runner import CrawlSummary, crawl
from kb.archive import Archive
from kb.claims import Source, Study
from kb.settings import CrawlSettings, Settings
from kb.store import RecordStore

CONCURRENCY = 16


class Bare(scrapy.Spider):
    """Feeds, sitemaps and their links, nothing kept."""

    name = "bare"

    def __init__(self, url: str, seen: list[int]) -> None:
        super().__init__()
        self.url = url
        self.seen = seen

    async def start(self) -> AsyncIterator[Any]:
        yield scrapy.Request(f"{self.url}/feed.xml", callback=self.listing)
        yield scrapy.Request(f"{self.url}/sitemap.xml", callback=self.listing)

    def listing(self, response: scrapy.http.Response) -> Iterator[Any]:
        for link in re.findall(rb"<(?:link|loc)>([^<]+)</", response.body):
            url = response.urljoin(link.decode().replace("&amp;", "&"))
            yield scrapy.Request(url, callback=self.listing if "/sitemap" in url else self.page)

    def page(self, response: scrapy.http.Response) -> None:
        self.seen.append(len(response.body))


def crawl_bare(url: str) -> float:
    """The bare spider in this process, which it uses up: seconds."""
    started = time.monotonic()
    process = AsyncCrawlerProcess(
        {
            "TELNETCONSOLE_ENABLED": False,
            "REMOTE_CONTROL_ENABLED": False,
            "COOKIES_ENABLED": False,
            "LOG_LEVEL": "CRITICAL",
            "CONCURRENT_REQUESTS": CONCURRENCY,
            "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY,
        }
    )
    process.crawl(Bare, url=url, seen=[])
    process.start()
    return time.monotonic() - started


def crawl_ours(url: str, folder: Path, **options: Any) -> CrawlSummary:
    """What `retold crawl` does, without its command line."""
    settings = settings_for(folder, url, **options)
    with RecordStore.open(settings.database_url) as store:
        known = store.known()
    return crawl(plan(study_of(url), settings, known, datetime.now(UTC)), settings)


def settings_for(folder: Path, url: str, **options: Any) -> Settings:
    limits = {"delay_s": 0, "per_domain": CONCURRENCY, "total": CONCURRENCY, "max_pages": 1_000_000}
    port = url.rpartition(":")[2]
    crawl_settings = CrawlSettings(allow_hosts=tuple(f"{host}:{port}" for host in HOSTS), **{**limits, **options})
    return Settings(data_dir=folder, crawl=crawl_settings)


def study_of(url: str) -> Study:
    ways_in: dict[str, Any] = {"feeds": (f"{url}/feed.xml",), "sitemaps": (f"{url}/sitemap.xml",)}
    source = Source(slug="bench", name="Bench", domains=HOSTS, kind="press", country=None, language=None, **ways_in)
    return Study(
        slug="glass-echo",
        title="Glass Echo",
        aliases=(),
        since=date(2026, 4, 1),
        until=None,
        contact=None,
        documents=(),
        speakers=(),
        quotes=(),
        claims=(),
        sources=(source,),
        schedule=None,
        alerts=(),
    )


@attrs.frozen(kw_only=True)
class Figures:
    """One crawl as it was measured."""

    seconds: float
    cpu_s: float
    """Of the crawl's processes, imports included."""
    peak_mb: int
    asked: Counter[str]
    conditional: int

    @property
    def rate(self) -> float:
        return sum(self.asked.values()) / self.seconds

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu_s / sum(self.asked.values())


def run(pages: int = 2000, rounds: int = 3) -> dict[str, object]:
    """The figures; every rate is the median of the rounds, in which the crawls alternate."""
    bare: list[Figures] = []
    ours: list[Figures] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name, Site(pages) as site:
            folder = Path(name)
            bare.append(_measured(site, ["bare", site.url]))
            ours.append(_measured(site, ["ours", site.url, name, "14"]))
            again = _measured(site, ["ours", site.url, name, "14"])
            later = _measured(site, ["ours", site.url, name, "0"])
            held = _held(folder, site.url)
    known = len(held)
    lost = {f"{site.url}{path}" for path in expected(pages)} - held
    return {
        "pages": pages,
        "rounds": rounds,
        "bare_per_s": round(statistics.median(each.rate for each in bare), 1),
        "retold_per_s": round(statistics.median(each.rate for each in ours), 1),
        "ratio": round(statistics.median(o.rate / b.rate for o, b in zip(ours, bare, strict=True)), 3),
        "bare_cpu_ms": round(statistics.median(each.cpu_ms for each in bare), 2),
        "retold_cpu_ms": round(statistics.median(each.cpu_ms for each in ours), 2),
        "cpu_ratio": round(statistics.median(b.cpu_ms / o.cpu_ms for o, b in zip(ours, bare, strict=True)), 3),
        "bare_peak_mb": max(each.peak_mb for each in bare),
        "retold_peak_mb": max(each.peak_mb for each in ours),
        "held": known,
        "lost": len(lost),
        "responses_per_article": round(_article_requests(ours[-1]) / _distinct(ours[-1]), 3),
        "recrawl_requests_per_known_page": round(again.conditional / known, 3),
        "recrawl_unconditional": _article_requests(again) - again.conditional,
        "recrawl_outside_window_conditional": later.conditional,
        "versions": {name: version(name) for name in ("scrapy", "twisted", "lxml", "isal", "sqlalchemy")},
    }


def _article_requests(figures: Figures) -> int:
    return sum(times for _, times in articles(figures.asked))


def _distinct(figures: Figures) -> int:
    return sum(path.startswith(ARTICLE) for path, _ in articles(figures.asked))


def _held(folder: Path, url: str) -> set[str]:
    """Final addresses of what is in the archive."""
    return {snapshot.final_url for snapshot in Archive(settings_for(folder, url).archive_dir).entries()}


def _measured(site: Site, command: list[str]) -> Figures:
    """Run a crawl in a process of its own below another that sees what it used."""
    before, conditional = site.asked()
    wrapper = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True, check=True)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_maxrss // 1024, used.ru_utime + used.ru_stime, done.stdout.split()[-1])"
    )
    whole = [sys.executable, "-c", wrapper, sys.executable, "-m", "bench.crawl", *command]
    said = subprocess.run(whole, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    after, conditional_after = site.asked()
    return Figures(
        seconds=float(said[2]),
        cpu_s=float(said[1]),
        peak_mb=int(said[0]),
        asked=after - before,
        conditional=conditional_after - conditional,
    )


def main(arguments: list[str]) -> None:
    """One crawl; its seconds are the last thing printed."""
    match arguments:
        case ["bare", url]:
            print(crawl_bare(url))
        case ["ours", url, folder, revisit_days]:
            print(crawl_ours(url, Path(folder), revisit_days=float(revisit_days)).seconds)
        case _:
            print(json.dumps(run(*map(int, arguments)), indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
