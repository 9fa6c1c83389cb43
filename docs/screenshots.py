"""`python -m docs.screenshots DATA [STUDY]`: pictures of every page of the web UI, on a desktop and 360 pixels wide.

DATA is the folder of a `retold demo`; it is copied, for two judgements are entered to have something to show.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

from bench.newsroom import NEWSROOM
from bench.served import served
from crawler.browser import QUIET, require_browser
from kb.settings import Settings, silence_telemetry
from kb.workspace import Workspace
from queries import asking, review
from queries.days import now
from queries.views import ReportView, Thread

FOLDER = Path(__file__).parent / "screenshots"
SIZES: Mapping[str, tuple[int, int]] = {"wide": (1000, 680), "narrow": (360, 640)}


def main(arguments: Sequence[str]) -> int:
    """Write the pictures; returns the exit code."""
    silence_telemetry()
    data, study = Path(arguments[0]), Path(arguments[1]) if arguments[1:] else NEWSROOM / "claims.yaml"
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        copied = Path(temporary) / "data"
        shutil.copytree(data, copied)
        with Workspace(Settings(study=study, data_dir=copied)) as workspace:
            _judge(workspace)
            pages = dict(_pages(asking.report_view(workspace)))
            with served(workspace) as site, sync_playwright() as playwright:
                _until_read(site)
                chromium = playwright.chromium.launch(
                    executable_path=require_browser(None), args=[*QUIET, "--no-sandbox"]
                )
                for name, (width, height) in SIZES.items():
                    _take(chromium, site, pages, name, width, height)
                _take(chromium, site, {"quote": pages["quote"]}, "dark", *SIZES["wide"])
                chromium.close()
    return 0


def _until_read(site: str) -> None:
    """A first reading takes a while; until then pages say so."""
    while httpx.get(site, timeout=60).status_code == 503:
        time.sleep(0.5)


def _judge(workspace: Workspace) -> None:
    first, second, *_ = asking.findings(workspace)[1]
    review.record(workspace, first.id, "confirmed", note="seen in the capture", user="Ann", at=now())
    review.record(workspace, second.id, "unsure", note="the interview may have it so", user="Ben", at=now())


def _pages(report: ReportView) -> Iterator[tuple[str, str]]:
    """By name, the address of a page that has much to show."""

    def fullest(kind: str) -> Thread:
        return max((t for t in report.threads if t.kind == kind), key=lambda t: (len(t.findings), len(t.rows)))

    altered = next((f for f in report.findings if f.diff), report.findings[0])
    yield "overview", "/"
    yield "search", "/search?q=" + "+".join(fullest("quote").text.split()[:6])
    yield "findings", "/findings"
    yield "finding", f"/findings/{altered.id}"
    yield "quote", f"/quotes/{fullest('quote').slug}"
    yield "claim", f"/claims/{fullest('claim').slug}"
    yield "outlets", "/outlets"
    yield "outlet", f"/outlets/{altered.proofs[0].citation.source}"
    yield "articles", "/articles"
    yield "article", f"/articles/{altered.proofs[0].citation.article}#text"
    yield "review", "/review"
    yield "log", "/review/log"
    yield "crawl", "/crawl"


def _take(chromium: Browser, site: str, pages: Mapping[str, str], name: str, width: int, height: int) -> None:
    scheme = "dark" if name == "dark" else "light"
    page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    for title, address in pages.items():
        page.goto(site + address)
        page.wait_for_selector("main h1")
        page.screenshot(path=FOLDER / f"{title}-{name}.png")
    page.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
