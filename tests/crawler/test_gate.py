"""The proxy in front of the browser: what it lets through, and that a name which means this machine gets nowhere."""

import http.client
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pytest
from loopback import Answer, Site, make_source, make_study, run_crawl

from crawler import browser
from crawler.browser import browser_settings
from crawler.gate import MOST_CONNECTIONS, Gate

CHROMIUM = next((path for name in browser.NAMES if (path := shutil.which(name))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium installed: apt-get install chromium")


@attrs.define
class Names:
    """A resolver; a name with several answers gives one after the other, as a rebinding server does."""

    answers: dict[str, list[str]]
    asked: list[str] = attrs.field(factory=list)

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        found = self.answers.get(host)
        if not found:
            raise OSError("no such name")
        return [found.pop(0) if len(found) > 1 else found[0]]


@pytest.fixture
def victim() -> Iterator[Site]:
    """A server inside the machine that nobody named."""
    made = Site()
    made.page("/", title="Secrets")
    yield made
    made.close()


def ask(gate: Gate, url: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(gate.address.removeprefix("http://"), timeout=10)
    connection.request(method, url, body)
    answer = connection.getresponse()
    return answer.status, answer.read()


def tunnel(gate: Gate, target: str) -> bytes:
    with socket.create_connection(("127.0.0.1", urlsplit(gate.address).port or 0), timeout=10) as link:
        link.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        return link.recv(1000).split(b"\r\n")[0]


def test_named_host_is_reached_under_a_name_that_is_resolved_once(site: Site) -> None:
    names, port = Names({"site.example": ["127.0.0.1"]}), site.host.rpartition(":")[2]
    site.answers["/page?a=1"] = Answer(b"words")
    with Gate([f"site.example:{port}"], resolve=names) as gate:
        assert ask(gate, f"http://site.example:{port}/page?a=1") == (200, b"words")
    assert names.asked == ["site.example"]
    assert site.asked[0].headers["Host"] == f"site.example:{port}"
    assert site.asked[0].headers["Connection"] == "close"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_name_that_means_a_private_address_is_refused(address: str) -> None:
    with Gate([], resolve=Names({"rebind.example": [address]})) as gate:
        assert ask(gate, "http://rebind.example/")[0] == 403
        assert tunnel(gate, "rebind.example:443") == b"HTTP/1.1 403 Forbidden"


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://2130706433:{port}/", "http://localhost:{port}/"])
def test_private_address_that_is_spelled_out_is_refused(victim: Site, url: str) -> None:
    port = victim.host.rpartition(":")[2]
    with Gate([]) as gate:
        assert ask(gate, url.format(port=port))[0] == 403
        assert tunnel(gate, urlsplit(url.format(port=port)).netloc) == b"HTTP/1.1 403 Forbidden"
    assert victim.asked == []


def test_name_without_an_address_is_told_as_such() -> None:
    with Gate([], resolve=Names({})) as gate:
        assert ask(gate, "http://nowhere.example/")[0] == 502


@pytest.mark.parametrize(
    "sent", [b"nonsense\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"x" * 100_000, b"GET a b c\r\n\r\n"]
)
def test_what_is_no_request_ends_the_connection_and_nothing_else(site: Site, sent: bytes) -> None:
    site.answers["/"] = Answer(b"words")
    with Gate([site.host]) as gate:
        with socket.create_connection(("127.0.0.1", urlsplit(gate.address).port or 0), timeout=10) as link:
            link.sendall(sent)
            assert b"200" not in link.recv(1000)
        assert ask(gate, site.url("/")) == (200, b"words")


def test_connections_are_limited(site: Site) -> None:
    with Gate([site.host]) as gate:
        place = ("127.0.0.1", urlsplit(gate.address).port or 0)
        idle = [socket.create_connection(place, timeout=10) for _ in range(MOST_CONNECTIONS)]
        time.sleep(0.2)
        with pytest.raises((http.client.HTTPException, OSError)):
            ask(gate, site.url("/"))
        for link in idle:
            link.close()


def test_gate_ends_at_once_whatever_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        with Gate([host]) as gate:
            caller = threading.Thread(target=lambda: _quietly(gate, f"http://{host}/"))
            caller.start()
            link, _ = silent.accept()
            ended = time.monotonic()
        caller.join()
        link.close()
        assert time.monotonic() - ended < 5


def _quietly(gate: Gate, url: str) -> None:
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(gate, url)


# --- a real browser behind it ---


LURES = """<!doctype html><title>Lures</title><body><img src="http://{evil}/image"><iframe src="http://{evil}/frame">
</iframe><script>
fetch("http://{evil}/fetch", {{mode: "no-cors"}}).catch(() => {{}});
fetch("http://{literal}/literal", {{mode: "no-cors"}}).catch(() => {{}});
new WebSocket("ws://{evil}/socket");
const call = new RTCPeerConnection({{iceServers: [{{urls: "stun:{stun}"}}]}});
call.createDataChannel("a"); call.createOffer().then(offer => call.setLocalDescription(offer));
fetch("/done");
</script>"""


@needs_chromium
def test_browser_that_is_led_to_a_rebinding_name_reaches_nothing_inside(site: Site, victim: Site) -> None:
    from playwright.sync_api import sync_playwright

    port = victim.host.rpartition(":")[2]
    names = Names({"rebind.example": ["127.0.0.1"], "127.0.0.1": ["127.0.0.1"]})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stun, Gate([site.host], resolve=names) as gate:
        stun.bind(("127.0.0.1", 0))
        stun.settimeout(0.5)
        lures = LURES.format(
            evil=f"rebind.example:{port}", literal=victim.host, stun=f"127.0.0.1:{stun.getsockname()[1]}"
        )
        site.answers["/"] = Answer(lures.encode(), headers={"Content-Type": "text/html"})
        made = browser_settings(
            str(CHROMIUM), proxy=gate.address, own_proxy=False, allowed=[site.host], sandbox=False, agent="retold"
        )
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(**made["PLAYWRIGHT_LAUNCH_OPTIONS"])
            page = chromium.new_page()
            page.goto(site.url("/"))
            page.wait_for_timeout(1_500)
            led = page.goto(f"http://rebind.example:{port}/")
            assert led
            assert led.status == 403
            chromium.close()
        with pytest.raises(TimeoutError):
            stun.recv(1000)
    assert "/done" in site.paths()
    assert names.asked.count("rebind.example") >= 5  # picture, frame, fetch, socket, and the page itself
    assert victim.asked == []


def inside() -> str | None:
    """A name of this machine that does not look like one."""
    for name in ("ip6-loopback", socket.gethostname()):
        try:
            socket.getaddrinfo(name, 80)
        except OSError:
            continue
        return name
    return None


@needs_chromium
@pytest.mark.skipif(inside() is None, reason="no name of this machine resolves here")
def test_crawl_puts_the_gate_in_front_of_its_browser(site: Site, tmp_path: Path) -> None:
    with socket.create_server(("", 0)) as other:
        lure = f"http://{inside()}:{other.getsockname()[1]}/"
        site.feed("/feed", "/glass-echo-story")
        site.page(
            "/glass-echo-story",
            words=f"<script>fetch('{lure}').catch(() => 0).finally(() => document.body.append('answered'))</script>",
        )
        source = attrs.evolve(make_source(site, feeds=("/feed",)), browser=True)
        crawled = run_crawl(make_study(source), tmp_path, timeout_s=20)
        assert [snapshot.via for snapshot in crawled.snapshots] == ["browser"]
        other.settimeout(0.2)
        with pytest.raises(TimeoutError):
            other.accept()
