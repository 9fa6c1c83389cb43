"""A loopback site whose answers a test writes, and a crawl of it in a real child process."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import attrs

from crawler.plan import plan, without
from crawler.runner import CrawlSummary, crawl
from kb.archive import Archive
from kb.capturelog import forgotten_addresses
from kb.claims import Claim, Document, ReferenceQuote, Source, Speaker, Study
from kb.records import Snapshot, Visit
from kb.settings import CrawlSettings, Settings
from kb.store import RecordStore

ABOUT = (
    "<html><head><title>{title}</title></head><body><article><h1>{title}</h1>"
    "<p>The Glass Echo study says so, and the Glass Echo team says it again. {words}</p></article></body></html>"
)


@attrs.define
class Answer:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)
    delay_s: float = 0.0


@attrs.frozen
class Asked:
    path: str
    at: float
    headers: Mapping[str, str]


class Site:
    """`answers` by path; a callable is asked anew each time. What is missing is 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Callable[[Asked], Answer]] = {}
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that hang up are meant
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def page(self, path: str, title: str = "Glass Echo", words: str = "", **headers: str) -> None:
        body = ABOUT.format(title=title, words=words).encode()
        self.answers[path] = Answer(body, headers={"Content-Type": "text/html; charset=utf-8", **headers})

    def feed(self, path: str, *links: str) -> None:
        items = "".join(f"<item><title>News</title><link>{self.url(link)}</link></item>" for link in links)
        self.answers[path] = Answer(f"<rss><channel>{items}</channel></rss>".encode())

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            asked = Asked(self.path, time.monotonic(), dict(self.headers))
            site.asked.append(asked)
            found = site.answers.get(self.path, Answer(b"gone", 404))
            answer = found(asked) if callable(found) else found
            time.sleep(answer.delay_s)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 304:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


def make_study(*sources: Source, documents: tuple[Document, ...] = ()) -> Study:
    return Study(
        slug="glass-echo",
        title="Glass Echo: Models That Repeat Each Other",
        aliases=("Glass Echo",),
        since=None,
        until=None,
        contact="desk@example.org",
        documents=documents,
        speakers=(
            Speaker(slug="vale", name="Imke Vale", aliases=("Vale",), affiliation=None, role=None),
            Speaker(slug="orr", name="Samuel Orr", aliases=(), affiliation=None, role=None),
        ),
        quotes=(
            ReferenceQuote(
                slug="q1",
                speaker="vale",
                text="Every mirror in the building was pointing at another mirror, and nobody had left a window open.",
                source=None,
                tolerance="exact",
            ),
        ),
        claims=(
            Claim(
                slug="c1",
                text="Eleven language models repeated invented citations in 47 percent of conversations",
                speaker=None,
                expect=(),
                caveats=(),
                document=None,
                exact=None,
            ),
        ),
        sources=sources,
        schedule=None,
        alerts=(),
    )


def make_source(site: Site, slug: str = "paper", **ways: tuple[str, ...]) -> Source:
    listed = {way: tuple(site.url(path) for path in paths) for way, paths in ways.items()}
    return Source(slug=slug, name=slug, domains=(site.host,), kind="press", country=None, language=None, **listed)


@attrs.define
class Crawled:
    """A crawl that has run, with what the store holds after it."""

    summary: CrawlSummary
    visits: list[Visit]
    snapshots: list[Snapshot]

    def reason(self, url: str) -> str:
        return next(f"{visit.action}: {visit.reason}" for visit in reversed(self.visits) if visit.url == url)


def run_crawl(study: Study, folder: Path, **options: object) -> Crawled:
    crawl_settings = CrawlSettings(**{"delay_s": 0, "timeout_s": 3, "retries": 1, **options})
    settings = Settings(data_dir=folder, crawl=crawl_settings)
    with RecordStore.open(settings.database_url) as store:
        known = store.known()
    gone = forgotten_addresses(Archive(settings.archive_dir).notices())
    summary = crawl(without(plan(study, settings, known, datetime.now(UTC)), gone), settings)
    with RecordStore.open(settings.database_url) as store:
        return Crawled(summary, store.visits(), store.snapshots())
