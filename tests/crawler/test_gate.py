"""The proxy in front of the browser: what it lets through, and that a name which means this machine gets nowhere."""

import http.client
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pytest
from loopback import Answer, Site, make_source, make_study, run_crawl
from scrapy import Request
from scrapy.http import Response

from crawler import browser
from crawler import gate as gates
from crawler.browser import browser_settings
from crawler.gate import MOST_CONNECTIONS, Gate, GateAnswers

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


def raw(gate: Gate, sent: bytes, *, half_close: bool = False) -> bytes:
    """All that comes back; ConnectionResetError where it was cut."""
    with socket.create_connection(("127.0.0.1", urlsplit(gate.address).port or 0), timeout=10) as link:
        link.sendall(sent)
        if half_close:
            link.shutdown(socket.SHUT_WR)
        got = b""
        while some := link.recv(1 << 16):
            got += some
        return got


@contextmanager
def answering(answer: bytes, delay_s: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    """The host of a server that gives one answer whatever it hears, and what it heard."""
    heard: list[bytes] = []

    def serve() -> None:
        with suppress(OSError), server.accept()[0] as link:
            time.sleep(delay_s)
            heard.append(link.recv(10_000))
            link.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}", heard


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
            with suppress(ConnectionResetError):
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


def test_gate_ends_at_once_with_a_browser_that_does_not_read() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (40 << 20)) as (host, heard):
        gate = Gate([host])
        gate.__enter__()
        with socket.create_connection(("127.0.0.1", urlsplit(gate.address).port or 0)) as link:
            link.sendall(f"GET http://{host}/ HTTP/1.1\r\n\r\n".encode())
            while not heard:
                time.sleep(0.05)
            time.sleep(0.5)
            ending = threading.Thread(target=gate.__exit__, args=(None, None, None), daemon=True)
            ending.start()
            ending.join(5)
            assert not ending.is_alive()


# --- names ---


@pytest.fixture
def slow_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """`dead…` has no answer until the event is set, `slow…` takes .4 s; all other names are this machine."""
    over, real = threading.Event(), socket.getaddrinfo

    def look_up(host: str, *args: object, **options: object) -> object:
        if host.startswith("dead"):
            over.wait(20)
            raise socket.gaierror
        time.sleep(0.4 if host.startswith("slow") else 0)
        return real("127.0.0.1", *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield over
    over.set()


def test_number_is_no_question_for_the_resolver(site: Site) -> None:
    site.answers["/"] = Answer(b"words")
    with Gate([site.host], resolve=Names({})) as gate:
        assert ask(gate, site.url("/")) == (200, b"words")


def test_names_that_nobody_answers_for_hold_up_neither_others_nor_the_end(
    site: Site, slow_names: threading.Event
) -> None:
    site.answers["/"] = Answer(b"words")
    port = site.host.rpartition(":")[2]
    with Gate([f"site.example:{port}"]) as gate:
        place = ("127.0.0.1", urlsplit(gate.address).port or 0)
        links = [socket.create_connection(place) for _ in range(gates.MOST_LOOKUPS - 1)]
        for number, link in enumerate(links):
            link.sendall(f"CONNECT dead{number}.example:443 HTTP/1.1\r\n\r\n".encode())
        time.sleep(0.3)
        asked = time.monotonic()
        assert ask(gate, f"http://site.example:{port}/") == (200, b"words")
        ended = time.monotonic()
    assert ended - asked < 5
    assert time.monotonic() - ended < 5
    for link in links:
        link.close()


def test_lookups_wait_for_their_turn_and_their_time_counts_from_there(
    site: Site, slow_names: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.answers["/"] = Answer(b"words")
    port = site.host.rpartition(":")[2]
    monkeypatch.setattr(gates, "MOST_LOOKUPS", 1)
    monkeypatch.setattr(gates, "CONNECT_S", 0.7)
    got: list[int] = []
    with Gate([f"slow{number}.example:{port}" for number in range(3)]) as gate:
        callers = [
            threading.Thread(
                target=lambda url: got.append(ask(gate, url)[0]), args=(f"http://slow{n}.example:{port}/",)
            )
            for n in range(3)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert got == [200, 200, 200]


# --- what is passed on ---


def test_answer_whose_lines_end_in_bare_line_feeds_is_passed_on() -> None:
    with answering(b"HTTP/1.0 200 OK\nContent-Type: text/html\n\nhello") as (host, _), Gate([host]) as gate:
        assert ask(gate, f"http://{host}/") == (200, b"hello")


@pytest.mark.parametrize("head", ["GET http://{host}/ HTTP/1.1\r\n\r\n", "CONNECT {host} HTTP/1.1\r\n\r\nhello"])
def test_side_that_sends_no_more_still_gets_the_answer(head: str) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwords", 0.5) as (host, _), Gate([host]) as gate:
        assert raw(gate, head.format(host=host).encode(), half_close=True).endswith(b"words")


def test_answer_that_was_cut_does_not_look_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "MOST_BYTES", 1 << 20)
    long = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (3 << 20)
    with answering(long) as (host, _), Gate([host]) as gate, pytest.raises(ConnectionResetError):
        raw(gate, f"GET http://{host}/ HTTP/1.1\r\n\r\n".encode())


def test_only_the_declared_body_goes_to_the_server_that_was_judged() -> None:
    sent = "POST http://{host}/ HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET http://10.0.0.1/ HTTP/1.1\r\n\r\n"
    with answering(b"HTTP/1.1 204 No Content\r\n\r\n", 0.5) as (host, heard), Gate([host]) as gate:
        raw(gate, sent.format(host=host).encode())
    assert heard == [b"POST / HTTP/1.1\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"]


@pytest.mark.parametrize("field", ["Transfer-Encoding: chunked", "Content-Length: 1\r\nContent-Length: 2"])
def test_request_that_does_not_say_its_length_is_not_sent(field: str) -> None:
    with (
        answering(b"HTTP/1.1 200 OK\r\n\r\n") as (host, heard),
        Gate([host]) as gate,
        pytest.raises(ConnectionResetError),
    ):
        raw(gate, f"POST http://{host}/ HTTP/1.1\r\n{field}\r\n\r\n".encode())
    assert heard == []


def test_server_cannot_speak_for_the_gate() -> None:
    said = b"HTTP/1.1 403 Forbidden\r\nX-Retold-Gate: guess RefusedError no\r\n\r\n"
    with answering(said) as (host, _), Gate([host]) as gate:
        assert b"X-Retold-Gate" not in raw(gate, f"GET http://{host}/ HTTP/1.1\r\n\r\n".encode())
    request = Request("https://news.example/", meta={"playwright": True})
    through_a_tunnel = Response(request.url, status=403, headers={"X-Retold-Gate": "guess RefusedError no"})
    assert GateAnswers().process_response(request, through_a_tunnel) is through_a_tunnel


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
@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="the name may mean ::1 as well as 127.0.0.1")
def test_crawl_puts_the_gate_in_front_of_its_browser(site: Site, tmp_path: Path) -> None:
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as other:
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


PUBLIC = """import asyncio, os, sys
if port := os.environ.get("PUBLIC_PORT"):
    import crawler.gate, crawler.guard
    connect = asyncio.open_connection
    async def resolved(*_): return "93.184.215.14"
    async def found(*_): return ["93.184.215.14"]
    async def connected(address, *args, **options):
        assert address == "93.184.215.14", address
        return await connect("127.0.0.1", int(port), **options)
    crawler.guard._resolve, crawler.gate.Lookups.__call__ = resolved, found
    asyncio.open_connection = connected
"""
"""In the crawl process all names mean one public address, and what the gate connects to there is the test's site."""


@needs_chromium
def test_browser_page_of_a_public_host_that_nobody_named_is_captured(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(PUBLIC, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PUBLIC_PORT", site.host.rpartition(":")[2])
    link = "http://www.news.example/glass-echo-story"
    site.answers["/feed"] = Answer(f"<rss><channel><item><link>{link}</link></item></channel></rss>".encode())
    site.page("/glass-echo-story")
    source = attrs.evolve(make_source(site, feeds=("/feed",)), domains=(site.host, "news.example"), browser=True)
    crawled = run_crawl(make_study(source), tmp_path / "data", timeout_s=20, robots=False)
    assert [(kept.requested_url, kept.via) for kept in crawled.snapshots] == [(link, "browser")]


@needs_chromium
def test_what_the_gate_says_is_never_the_servers_status(site: Site, victim: Site, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dead = f"127.0.0.1:{server.getsockname()[1]}"
    links = [f"http://{dead}/glass-echo-a", f"https://{dead}/glass-echo-b", site.url("/glass-echo-c")]
    items = "".join(f"<item><link>{link}</link></item>" for link in links)
    site.answers["/feed"] = Answer(f"<rss><channel>{items}</channel></rss>".encode())
    site.answers["/glass-echo-c"] = Answer(status=302, headers={"Location": victim.url("/")})
    source = attrs.evolve(make_source(site, feeds=("/feed",)), domains=(site.host, dead), browser=True)
    crawled = run_crawl(make_study(source), tmp_path, timeout_s=20, robots=False, allow_hosts=[dead])
    assert {visit.status for visit in crawled.visits if visit.url in links} == {None}
    assert [crawled.reason(link) for link in links] == [
        "failed: the connection was refused",
        "failed: the host has no address or a private one, or does not answer",
        "refused: 127.0.0.1 lies in a private or reserved network",
    ]
    assert victim.asked == []
