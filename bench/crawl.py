"""Crawling against a bare Scrapy spider: pages per second, peak memory, responses for each article.

    python -m bench crawl [--pages PAGES]

Both fetch the same generated site on loopback in the same run, each in a process of its own, alternating.
The bare spider parses the feed with its own regular expression, follows what it lists and keeps nothing: it
is the most that Scrapy gives. Ours does what `retold crawl` does. The server is a third process.
"""

import asyncio
import json
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess

from crawler.plan import plan
from crawler.runner import crawl
from kb.claims import Source, Study
from kb.settings import CrawlSettings, Settings
from kb.store import RecordStore

ROUNDS = 3
CONCURRENCY = 16
DOUBLES = 5
"""Every fifth article stands in the feed under a second address with tracking parameters."""
OFF_TOPIC = 4
"""Every fourth article is about something else."""

_WORDS = [
    *("harbour", "model", "answer", "window", "paper", "council", "garden", "river", "machine", "opinion", "letter"),
    *("market", "signal", "quiet", "winter", "number", "teacher", "engine", "report", "margin", "copper", "lantern"),
    *("village", "traffic", "orchard", "bridge", "captain", "thread", "mirror", "weather"),
]
_BLOBS = 64
"""Scripts and menus are drawn from so many, so that the server costs little beside the crawls."""


class Bare(scrapy.Spider):
    """A feed and its links, nothing kept."""

    name = "bare"

    def __init__(self, url: str, seen: list[int]) -> None:
        super().__init__()
        self.url = url
        self.seen = seen

    async def start(self) -> AsyncIterator[Any]:
        yield scrapy.Request(f"{self.url}/feed.xml", callback=self.feed)

    def feed(self, response: scrapy.http.Response) -> Iterator[Any]:
        for link in re.findall(rb"<link>([^<]+)</link>", response.body):
            yield scrapy.Request(self.url + link.decode().replace("&amp;", "&"), callback=self.page)

    def page(self, response: scrapy.http.Response) -> None:
        self.seen.append(len(response.body))


def crawl_bare(url: str) -> dict[str, float]:
    """The bare spider in this process, which it uses up: pages and seconds."""
    seen: list[int] = []
    started = time.monotonic()
    options = {"TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False, "COOKIES_ENABLED": False}
    process = AsyncCrawlerProcess(
        {
            **options,
            "LOG_LEVEL": "CRITICAL",
            "CONCURRENT_REQUESTS": CONCURRENCY,
            "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY,
        }
    )
    process.crawl(Bare, url=url, seen=seen)
    process.start()
    return {"pages": len(seen), "seconds": time.monotonic() - started}


class Site(asyncio.Protocol):
    """Just enough HTTP/1.1 to serve the generated site, and to count."""

    count = 0

    def __init__(self, pages: int, blobs: list[bytes]) -> None:
        self.pages = pages
        self.blobs = blobs
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            Site.count += 1
            self._answer(head.split(b" ", 2)[1].decode().partition("?")[0], b"\nif-none-match:" in head.lower())

    def _answer(self, path: str, conditional: bool) -> None:
        status, kind, body = "404 Not Found", "text/plain", b"gone"
        if path == "/feed.xml":
            status, kind, body = "200 OK", "application/rss+xml", feed(self.pages)
        elif path == "/count":
            status, body = "200 OK", str(Site.count).encode()
        elif path.startswith("/2026/04/article-"):
            status, kind = ("304 Not Modified", "text/html") if conditional else ("200 OK", "text/html")
            body = b"" if conditional else page(int(path.rsplit("-", 1)[1]), self.blobs)
        length = "" if conditional else f"Content-Length: {len(body)}\r\n"
        head = f'HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nETag: "1"\r\n{length}\r\n'
        self.transport.write(head.encode() + body)


async def serve(pages: int) -> None:
    """Serve until stdin closes; the port is printed first."""
    loop = asyncio.get_running_loop()
    blobs = [blob(number) for number in range(_BLOBS)]
    server = await loop.create_server(lambda: Site(pages, blobs), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def feed(pages: int) -> bytes:
    """RSS with relative links."""
    items = []
    for number in range(pages):
        address = f"/2026/04/article-number-{number}"
        items.append(address)
        if number % DOUBLES == 0:
            items.append(f"{address}?utm_source=rss&amp;utm_medium=feed")
    entries = "".join(f"<item><title>News</title><link>{address}</link></item>" for address in items)
    return f"<rss><channel>{entries}</channel></rss>".encode()


def blob(number: int) -> bytes:
    """50 to 90 KB of script and menu, as the head of a news page has."""
    rng = random.Random(number)
    menu = "".join(f'<li><a href="/section/{word}">{word}</a></li>' for word in _WORDS * 3)
    script = "".join(f'window.d["{rng.random()}"]="{rng.random()}";' for _ in range(rng.randint(850, 1600)))
    return f"<script>{script}</script></head><body><nav><ul>{menu}</ul></nav>".encode()


def page(number: int, blobs: list[bytes]) -> bytes:
    """An article of 20 paragraphs; the same number is the same page in every run."""
    rng = random.Random(number)
    naming = "" if number % OFF_TOPIC == 0 else "The Glass Echo study, said the authors of Glass Echo. "
    text = " ".join(rng.choices(_WORDS, k=40))
    paragraphs = "".join(f"<p>{naming}Paragraph {place} of {number}: {text}.</p>" for place in range(20))
    title = f"{'Council' if not naming else 'Glass Echo'} report number {number}"
    head = f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title>".encode()
    return head + blobs[number % len(blobs)] + f"<main><article><h1>{title}</h1>{paragraphs}</article></main>".encode()


def run(pages: int = 2000) -> dict[str, object]:
    """The figures; every rate is the median of `ROUNDS` runs that alternate."""
    bare: list[float] = []
    ours: list[float] = []
    again: list[float] = []
    peaks: dict[str, int] = {}
    cpu: dict[str, list[float]] = {"bare": [], "retold": [], "again": []}
    responses = 0.0
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder, _Server(pages) as server:
            with _timed(cpu["bare"]):
                bare.append(_run_bare(server.url, peaks))
            before = server.count()
            with _timed(cpu["retold"]):
                ours.append(_run_ours(server.url, Path(folder), pages, peaks))
            responses = (server.count() - before - 1) / pages
            with _timed(cpu["again"]):
                again.append(_run_ours(server.url, Path(folder), pages, peaks))
    rates = {name: statistics.median(values) for name, values in (("bare", bare), ("ours", ours), ("again", again))}
    return {
        "pages": pages,
        "rounds": ROUNDS,
        "bare_pages_per_s": round(rates["bare"], 1),
        "retold_pages_per_s": round(rates["ours"], 1),
        "ratio": round(statistics.median(o / b for o, b in zip(ours, bare, strict=True)), 3),
        "recrawl_pages_per_s": round(rates["again"], 1),
        "cpu_ms_per_page": {name: round(1000 * statistics.median(used) / pages, 2) for name, used in cpu.items()},
        "responses_per_article": round(responses, 3),
        "bare_peak_mb": peaks["bare"] // 1024,
        "retold_peak_mb": peaks["ours"] // 1024,
        "versions": {name: version(name) for name in ("scrapy", "twisted", "lxml", "warcio", "sqlalchemy")},
    }


@contextmanager
def _timed(into: list[float]) -> Iterator[None]:
    """Seconds of CPU of the processes that end within the block, imports included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    yield
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    into.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


class _Server:
    """The site in a process of its own."""

    def __init__(self, pages: int) -> None:
        self._pages = pages

    def __enter__(self) -> "_Server":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.crawl", "serve", str(self._pages)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def count(self) -> int:
        from urllib.request import ProxyHandler, build_opener

        with build_opener(ProxyHandler({})).open(f"{self.url}/count") as reply:
            return int(reply.read())


def _run_bare(url: str, peaks: dict[str, int]) -> float:
    output, peak = _measured([sys.executable, "-m", "bench.crawl", "bare", url])
    said = json.loads(output.splitlines()[-1])
    peaks["bare"] = max(peaks.get("bare", 0), peak)
    return float(said["pages"]) / float(said["seconds"])


def _measured(command: list[str]) -> tuple[str, int]:
    """Output of a command and its peak memory in KB."""
    wrapper = (
        "import resource,subprocess,sys; done=subprocess.run(sys.argv[1:],stdout=subprocess.PIPE,text=True,check=True);"
    )
    wrapper += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); print(done.stdout)"
    done = subprocess.run([sys.executable, "-c", wrapper, *command], stdout=subprocess.PIPE, text=True, check=True)
    peak, _, output = done.stdout.partition("\n")
    return output.strip(), int(peak)


def _run_ours(url: str, folder: Path, pages: int, peaks: dict[str, int]) -> float:
    """Pages per second by the crawl's own clock, which starts, as the bare spider's, after the imports."""
    settings = Settings(
        data_dir=folder,
        crawl=CrawlSettings(delay_s=0, per_domain=CONCURRENCY, total=CONCURRENCY, max_pages=pages * 2),
    )
    with RecordStore.open(settings.database_url) as store:
        known = store.known()
    order = plan(_study(url), settings, known, datetime.now(UTC))
    summary = crawl(order, settings)
    peaks["ours"] = max(peaks.get("ours", 0), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    return sum(summary.counts.values()) / summary.seconds


def _study(url: str) -> Study:
    host = url.removeprefix("http://")
    source = Source(
        slug="bench",
        name="Bench",
        domains=(host,),
        kind="press",
        country=None,
        language=None,
        feeds=(f"{url}/feed.xml",),
    )
    return Study(
        slug="glass-echo",
        title="Glass Echo",
        aliases=(),
        since=None,
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


def main(arguments: list[str]) -> None:
    match arguments:
        case ["serve", pages]:
            asyncio.run(serve(int(pages)))
        case ["bare", url]:
            print(json.dumps(crawl_bare(url)))
        case _:
            started = time.monotonic()
            figures = run(int(arguments[0]) if arguments else 2000)
            print(json.dumps(figures | {"seconds": round(time.monotonic() - started, 1)}, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
