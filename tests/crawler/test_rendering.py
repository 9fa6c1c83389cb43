"""Pages that use the browser against the crawl: each costs itself alone, and the crawl ends."""

import shutil
import time
from pathlib import Path

import attrs
import pytest
from attacks import RawServer
from loopback import Answer, Site, make_source, make_study, run_crawl

from crawler import browser
from crawler.browser import SETTLED_MS

CHROMIUM = next((path for name in browser.NAMES if (path := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium installed: apt-get install chromium")

HEAD = (
    "<!doctype html><html><head><title>Glass Echo</title></head><body><h1>Glass Echo</h1>"
    "<p>The Glass Echo study says so, and the Glass Echo team says it again.</p>"
)
SCRIPTS = {
    "endless": "setTimeout(() => { while (true) {} }, 100)",
    "large": "document.body.append('x'.repeat(3e6))",
    "lying": "document.body.append('x'.repeat(3e6));"
    "Object.defineProperty(Element.prototype, 'outerHTML', {get() { return 'small' }})",
    "jumping": "location = '{victim}'",
    "reading": "for (const tag of ['iframe', 'embed', 'object']) { const made = document.createElement(tag);"
    "made.src = made.data = 'file:///etc/passwd'; document.body.append(made) } location = 'file:///etc/passwd'",
    "asking": "window.onbeforeunload = () => 'stay'; alert(1); confirm(2); prompt(3); for (let n = 0; n < 9; n++)"
    "window.open('{victim}'); fetch('{victim}').catch(() => 0); new WebSocket('{socket}')",
}


def test_pages_that_turn_on_the_browser_cost_themselves_alone(site: Site, tmp_path: Path) -> None:
    victim = RawServer({})
    paths = {name: f"/glass-echo-page-{name}" for name in [*SCRIPTS, "fine"]}
    for name, script in SCRIPTS.items():
        told = script.replace("{victim}", victim.url("/")).replace("{socket}", f"ws://{victim.host}/")
        body = f"{HEAD}<script>{told}</script>".encode()
        site.answers[paths[name]] = Answer(body, headers={"Content-Type": "text/html"})
    site.answers[paths["fine"]] = Answer(HEAD.encode(), headers={"Content-Type": "text/html"})
    site.feed("/feed", *paths.values())
    source = attrs.evolve(make_source(site, feeds=("/feed",)), browser=True)
    started = time.monotonic()
    crawled = run_crawl(make_study(source), tmp_path, timeout_s=5, retries=0, max_bytes=2_000_000)
    took = time.monotonic() - started
    victim.close()
    told = {name: crawled.reason(site.url(path)) for name, path in paths.items()}
    assert told["endless"] == "failed: no complete answer in time"
    assert told["large"] == told["lying"] == "refused: larger than 2000000 bytes"
    assert {name for name, reason in told.items() if reason.startswith("kept")} >= {"fine"}
    assert victim.heads == []
    assert not any(b"root:" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert took < 60 + SETTLED_MS / 1000, "without limits it has no end"
