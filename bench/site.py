"""A generated news site on loopback, as a process of its own, with what real ones put in a crawl's way; it counts.

    python -m bench.site PAGES [DELAY_MS]

Articles of 60 to 100 KB, most of them scripts and menu, on paths of a news site. Two thirds stand in the feed, the
rest in sitemaps behind an index, some in both; every fifth of the feed a second time with tracking parameters.
Some have moved (301), are gone (404), always fail (500), or print the body of another one (a wire). Some lie on a
slow host, some on one that is dead. An old sitemap is listed, too, which a crawl with a date has no reason to ask.
"""

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.request import ProxyHandler, build_opener

import attrs

DOUBLES = 5
"""Every fifth article stands in the feed under a second address with tracking parameters."""
OFF_TOPIC = 4
"""Every fourth article is about something else."""
IN_SITEMAP = 500
SLOW = 5
"""Articles on the slow host; twice as many as on the dead one."""
SLOW_S = 0.3
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
"""Quick, slow, and one where nobody listens: all of 127/8 is this machine."""
ARTICLE = "/2026/04/article-number-"
MOVED = "/old/moved-article-number-"

_WORDS = [
    *("harbour", "model", "answer", "window", "paper", "council", "garden", "river", "machine", "opinion", "letter"),
    *("market", "signal", "quiet", "winter", "number", "teacher", "engine", "report", "margin", "copper", "lantern"),
    *("village", "traffic", "orchard", "bridge", "captain", "thread", "mirror", "weather"),
]
_BLOBS = 64
"""Scripts and menus are drawn from so many, so that the server costs little beside the crawls."""


def is_moved(number: int) -> bool:
    return number % 50 == 7


def is_gone(number: int) -> bool:
    return number % 100 == 11


def is_broken(number: int) -> bool:
    return number % 200 == 13


def is_whole(path: str) -> bool:
    """Whether it is the path of an article that is answered with itself."""
    number = path.removeprefix(ARTICLE)
    return number.isdigit() and not is_gone(int(number)) and not is_broken(int(number))


def is_wire(number: int) -> bool:
    """Its body is that of the article before it."""
    return number % 40 == 19


def expected(pages: int) -> set[str]:
    """Paths of the articles that a crawl about Glass Echo must hold in the end, as far as the quick host has them."""
    return {f"{ARTICLE}{number}" for number in range(pages) if _is_had(number)}


def slow_paths(pages: int) -> list[str]:
    """Those on the slow host; all are to be held."""
    return [f"{ARTICLE}{number}" for number in range(pages, pages + 100) if _is_had(number)][:SLOW]


def _is_had(number: int) -> bool:
    return not is_gone(number) and not is_broken(number) and _told(number) % OFF_TOPIC != 0


def _told(number: int) -> int:
    return number - 1 if is_wire(number) else number


def listed(pages: int) -> tuple[list[str], list[str]]:
    """Paths in the feed and paths in the sitemaps."""
    in_feed, in_sitemap = [], []
    for number in range(pages):
        address = f"{MOVED if is_moved(number) else ARTICLE}{number}"
        if number % 3:
            in_feed.append(address)
            if number % DOUBLES == 0:
                in_feed.append(f"{address}?utm_source=rss&amp;utm_medium=feed")
        if number % 3 == 0 or number % 10 == 0:
            in_sitemap.append(address)
    return in_feed, in_sitemap


def blob(number: int) -> bytes:
    """50 to 90 KB of script and menu, as the head of a news page has."""
    rng = random.Random(number)
    menu = "".join(f'<li><a href="/section/{word}">{word}</a></li>' for word in _WORDS * 3)
    script = "".join(f'window.d["{rng.random()}"]="{rng.random()}";' for _ in range(rng.randint(950, 1650)))
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


@attrs.frozen
class Answer:
    status: str
    kind: str
    body: bytes = b""
    location: str = ""


@attrs.define
class Content:
    """What the site answers, and what it was asked."""

    pages: int
    port: int
    delay_s: float = 0.0
    blobs: list[bytes] = attrs.field(factory=lambda: [blob(number) for number in range(_BLOBS)])
    asked: Counter[str] = attrs.field(factory=Counter)
    conditional: int = 0

    def answer(self, path: str, *, conditional: bool) -> Answer:
        if path == "/asked":
            plain = {"asked": self.asked, "conditional": self.conditional}
            return Answer("200 OK", "application/json", json.dumps(plain).encode())
        self.asked[path] += 1
        self.conditional += conditional
        if path == "/feed.xml":
            return Answer("200 OK", "application/rss+xml", self.feed())
        if path.startswith("/sitemap"):
            return Answer("200 OK", "application/xml", self.sitemap(path))
        if path.startswith(MOVED) and path.removeprefix(MOVED).isdigit():
            return Answer("301 Moved Permanently", "text/plain", b"", path.replace(MOVED, ARTICLE))
        if path.startswith(ARTICLE) and path.removeprefix(ARTICLE).isdigit():
            return self._article(int(path.removeprefix(ARTICLE)), conditional=conditional)
        return Answer("404 Not Found", "text/plain", b"gone")

    def _article(self, number: int, *, conditional: bool) -> Answer:
        if is_gone(number):
            return Answer("404 Not Found", "text/html", b"<p>This page is gone.")
        if is_broken(number):
            return Answer("500 Internal Server Error", "text/html", b"<p>Something broke.")
        if conditional:
            return Answer("304 Not Modified", "text/html")
        return Answer("200 OK", "text/html; charset=utf-8", page(_told(number), self.blobs))

    def feed(self) -> bytes:
        """RSS with relative links, and absolute ones to the slow and the dead host."""
        links = listed(self.pages)[0]
        links += [f"http://{HOSTS[1]}:{self.port}{path}" for path in slow_paths(self.pages)]
        links += [f"http://{HOSTS[2]}:{self.port}{ARTICLE}{place}" for place in range(SLOW // 2)]
        entries = "".join(f"<item><title>News</title><link>{link}</link></item>" for link in links)
        return f"<rss><channel>{entries}</channel></rss>".encode()

    def sitemap(self, path: str) -> bytes:
        links = listed(self.pages)[1]
        parts = range(0, len(links), IN_SITEMAP)
        if path == "/sitemap.xml":
            names = [f"/sitemap-part-{start // IN_SITEMAP}.xml" for start in parts] + ["/sitemap-2019-01.xml"]
            inside = "".join(f"<sitemap><loc>{name}</loc></sitemap>" for name in names)
            return f"<sitemapindex>{inside}</sitemapindex>".encode()
        number = path.removeprefix("/sitemap-part-").removesuffix(".xml")
        start = int(number) * IN_SITEMAP if number.isdigit() else len(links)
        inside = "".join(f"<url><loc>{link}</loc></url>" for link in links[start : start + IN_SITEMAP])
        return f"<urlset>{inside}</urlset>".encode()


class Connection(asyncio.Protocol):
    """Just enough HTTP/1.1."""

    def __init__(self, content: Content, delay_s: float) -> None:
        self.content = content
        self.delay_s = delay_s
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode().partition("?")[0]
            answer = self.content.answer(path, conditional=b"\nif-none-match:" in head.lower())
            if self.delay_s:
                asyncio.get_running_loop().call_later(self.delay_s, self._send, answer)
            else:
                self._send(answer)

    def _send(self, answer: Answer) -> None:
        length = "" if answer.status.startswith("304") else f"Content-Length: {len(answer.body)}\r\n"
        moved = f"Location: {answer.location}\r\n" if answer.location else ""
        head = f'HTTP/1.1 {answer.status}\r\nContent-Type: {answer.kind}\r\nETag: "1"\r\n{moved}{length}\r\n'
        self.transport.write(head.encode() + answer.body)


async def serve(pages: int, delay_s: float) -> None:
    """Serve until stdin closes; the port is printed first."""
    loop = asyncio.get_running_loop()
    content = Content(pages, 0, delay_s)
    quick = await loop.create_server(lambda: Connection(content, delay_s), HOSTS[0], 0)
    content.port = quick.sockets[0].getsockname()[1]
    await loop.create_server(lambda: Connection(content, SLOW_S), HOSTS[1], content.port)
    print(content.port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


class Site:
    """The site in a process of its own, as a context."""

    def __init__(self, pages: int, delay_ms: int = 0) -> None:
        self._arguments = [str(pages), str(delay_ms)]

    def __enter__(self) -> "Site":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.site", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        self.url = f"http://{HOSTS[0]}:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def asked(self) -> tuple[Counter[str], int]:
        """How often each path was asked for, and how many of the requests were conditional."""
        with build_opener(ProxyHandler({})).open(f"{self.url}/asked") as reply:
            plain = json.loads(reply.read())
        return Counter(plain["asked"]), int(plain["conditional"])


def articles(asked: Counter[str]) -> Iterator[tuple[str, int]]:
    """Of what was asked, the articles, those that moved included."""
    return ((path, times) for path, times in asked.items() if path.startswith((ARTICLE, MOVED)))


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0))
