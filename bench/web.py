"""The web UI of a large study under parallel clients, while a crawl of a local site goes on in the same data folder.

    python -m bench web [--articles 10000] [--clients 20] [--seconds 60]

`retold serve` runs as a process of its own, so does the crawl (`bench.crawl`'s, at the pace of twenty outlets that are
each asked once a second), and so do the clients' opposite numbers: a bare Starlette app that answers with a page of
the same size, under the same load, in the same run. Clients ask again as soon as they are answered, or, with
`--pause-ms`, after a pause of that length in the mean.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bench.crawl import crawl_ours
from bench.ports import free_port
from bench.site import Site
from bench.site import articles as articles_of
from bench.tree_planting import Tree, tree
from bench.tree_records import slug_of
from bench.web_folder import folder_of
from bench.web_load import Asked, Draw, figures, load
from kb import study as studies
from kb.exclusive import alone
from kb.records import Article
from kb.settings import Settings

MIX: Mapping[str, int] = {
    "overview": 10,
    "outlets": 5,
    "outlet": 5,
    "articles": 10,
    "article": 20,
    "quote": 15,
    "finding": 10,
    "search": 15,
    "review": 5,
    "crawl": 5,
}
"""Of a hundred requests, how many ask for which page: a guess at a newsroom, that no figure stands behind."""
CRAWL_DELAY_S = 0.05
CRAWLED = 20_000
"""Pages of the local site: more than a crawl gets through in any measurement."""
UNDER_WAY = 20
"""Articles that the crawl has asked for when the measurement begins."""
CRAWL_START_S = 120.0
QUERY_WORDS = (2, 5)
FIRST_PICTURE_S = 1_800.0


def run(
    articles: int = 10_000, clients: int = 20, seconds: float = 60.0, pause_ms: float = 0.0, folder: Path | None = None
) -> Mapping[str, Any]:
    """Milliseconds per kind of page, ours and a bare app's; memory; and how long the first reading took.

    `folder` keeps the generated data for the next run of the same size.
    """
    planted = tree(1001, articles, "clean", held_out=True)
    with tempfile.TemporaryDirectory() as name:
        made = (folder or Path(name)) / f"{articles}-articles"
        settings = _settings(made) if (made / "claims.yaml").exists() else folder_of(planted, made)
        with server(settings) as (process, port):
            first = first_picture_s(port)
            draw = drawn_from(settings, planted, port)
            with Site(CRAWLED) as site, _crawl(site, settings.data_dir):
                before = sum(site.asked()[0].values())
                cpu = _cpu_s(process.pid)
                answers = load(port, draw, clients=clients, seconds=seconds, pause_ms=pause_ms)
                crawled = sum(site.asked()[0].values()) - before
                cpu, peak = _cpu_s(process.pid) - cpu, _peak_mb(process.pid)
                bare = _bare(answers, draw, clients=clients, seconds=seconds / 3, pause_ms=pause_ms)
    return {
        "articles": articles,
        "clients": clients,
        "mix": dict(MIX),
        "first_picture_s": round(first, 1),
        "ours": figures(answers, seconds),
        "bare": figures(bare, seconds / 3),
        "server_cpu_ms_per_page": round(1000 * cpu / len(answers), 2),
        "server_cpu_share": round(cpu / seconds, 2),
        "pause_ms": pause_ms,
        "load_average": os.getloadavg()[0],
        "crawled_per_s": round(crawled / seconds, 1),
        "server_peak_mb": peak,
        "cores": len(os.sched_getaffinity(0)),
        "versions": {name: version(name) for name in ("starlette", "uvicorn", "jinja2", "chromadb", "sqlalchemy")},
    }


def _settings(made: Path) -> Settings:
    return Settings(study=made / "claims.yaml", data_dir=made / "data")


@contextmanager
def server(settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`retold serve` with its port."""
    port = free_port()
    code = "from queries.cli import app; app()"
    given = ["--study", str(settings.study), "--data-dir", str(settings.data_dir), "serve", "--port", str(port)]
    with _process([sys.executable, "-c", code, *given]) as running:
        yield running, port


@contextmanager
def _crawl(site: Site, data: Path) -> Iterator[None]:
    """A crawl that has come to the articles."""
    with _process([sys.executable, "-m", "bench.web", "crawl", site.url, str(data)]):
        until = time.monotonic() + CRAWL_START_S
        while sum(times for _, times in articles_of(site.asked()[0])) < UNDER_WAY:
            if time.monotonic() > until:
                raise TimeoutError("the crawl did not come to the articles")
            time.sleep(0.5)
        yield


@contextmanager
def _process(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is asked to end as with Ctrl-C."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGINT)
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def first_picture_s(port: int) -> float:
    """Seconds until the overview is there; a page that says that it is coming is no overview."""
    started = time.monotonic()
    while time.monotonic() - started < FIRST_PICTURE_S:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/", timeout=30).status_code == 200:
                return time.monotonic() - started
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise TimeoutError("the first reading of the coverage did not end")


def drawn_from(settings: Settings, planted: Tree, port: int) -> Draw:
    """Addresses of each kind, drawn evenly among all there are."""
    study = studies.load(settings.study)
    quotes, outlets = [quote.slug for quote in study.quotes], [source.slug for source in study.sources]
    articles = [Article(source=slug_of(each), canonical_url=each.url).id for each in planted.articles]
    findings = _findings(port)
    words = sorted({word for each in planted.articles[:200] for word in each.body.split() if word.isalpha()})
    pages = max(1, len(articles) // 50)
    kinds, weights = list(MIX), list(MIX.values())
    drawn: dict[str, Callable[[random.Random], str]] = {
        "overview": lambda _: "/",
        "outlets": lambda _: "/outlets",
        "outlet": lambda chance: f"/outlets/{chance.choice(outlets)}",
        "articles": lambda chance: f"/articles?page={chance.randint(1, pages)}",
        "article": lambda chance: f"/articles/{chance.choice(articles)}",
        "quote": lambda chance: f"/quotes/{chance.choice(quotes)}",
        "finding": lambda chance: chance.choice(findings),
        "search": lambda chance: f"/search?part=results&q={_words(chance, words)}",
        "review": lambda chance: f"/review?page={chance.randint(1, 1 + len(findings) // 25)}",
        "crawl": lambda _: "/crawl",
    }

    def draw(chance: random.Random) -> tuple[str, str]:
        (kind,) = chance.choices(kinds, weights)
        return kind, drawn[kind](chance)

    return draw


def _words(chance: random.Random, words: Sequence[str]) -> str:
    return "+".join(chance.sample(words, chance.randint(*QUERY_WORDS)))


def _findings(port: int) -> list[str]:
    """Addresses of the findings that the first pages list."""
    found: dict[str, None] = {}
    for page in range(1, 5):
        body = httpx.get(f"http://127.0.0.1:{port}/findings?page={page}", timeout=60).text
        found |= dict.fromkeys(part.partition('"')[0] for part in body.split('href="')[1:])
    return [path for path in found if path.startswith("/findings/")]


def _peak_mb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _cpu_s(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _bare(ours: Sequence[Asked], draw: Draw, **options: Any) -> list[Asked]:
    """The same load on an app that answers at once with as many bytes as ours had for the kind of page."""
    sizes = {each.kind: each.size for each in ours if each.status == 200}
    port = free_port()

    def drawn(chance: random.Random) -> tuple[str, str]:
        kind, _ = draw(chance)
        return kind, f"/{sizes.get(kind, 1000)}"

    with _process([sys.executable, "-m", "bench.web", "bare", str(port)]):
        while True:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        return load(port, drawn, **options)


def bare_app() -> Starlette:
    """So many bytes of HTML, as the address says."""

    def page(request: Request) -> Response:
        return HTMLResponse("x" * request.path_params["size"])

    return Starlette(routes=[Route("/{size:int}", page)])


def main(arguments: Sequence[str]) -> None:
    """The processes beside the measurement."""
    match arguments:
        case ["crawl", url, data]:
            with alone(Path(data)):
                crawl_ours(url, Path(data), delay_s=CRAWL_DELAY_S, per_domain=1)
        case ["bare", port]:
            import uvicorn

            uvicorn.run(bare_app(), host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main(sys.argv[1:])
