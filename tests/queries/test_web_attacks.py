"""The web UI against those who have no token, try many, ask too much, or send what no browser sends."""

import hmac
import http.client
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from web_fixtures import newsroom

from bench.served import served
from kb.errors import UserError
from kb.workspace import Workspace
from queries import web_guard, web_patience, web_site
from queries.web import app, door
from queries.web_api import document
from queries.web_limits import SHARED, TRIES
from queries.web_site import Kept

TOKEN = "a-token-of-many-signs"
TITLE = "Short Naps on Night Wards"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get")
MOST_TRIES = int(TRIES.partition("/")[0])
SOAK = bool(os.environ.get("RETOLD_SOAK"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with newsroom(tmp_path_factory.mktemp("room")) as made:
        yield made


@pytest.fixture(scope="module")
def guarded(workspace: Workspace) -> Iterator[str]:
    """Its address; the first reading is done."""
    with served(workspace, TOKEN, limit="none") as address:
        with opened(address) as client:
            while client.get("/").status_code == 503:
                time.sleep(0.2)
        yield address


@contextmanager
def opened(address: str, token: str = TOKEN) -> Iterator[httpx.Client]:
    """A client with a session."""
    with httpx.Client(base_url=address, timeout=30) as client:
        assert client.get("/", params={"token": token}).status_code == 200
        yield client


def routes(workspace: Workspace) -> list[Route]:
    made = app(workspace, door("127.0.0.1", 1, TOKEN, ())).routes
    assert all(isinstance(route, Route) for route in made)
    return [route for route in made if isinstance(route, Route)]


def paths_of(route: Route) -> str:
    return route.path.replace("{name}", "style.css").replace("{slug}", "surprised").replace("{key}", "article:x")


def ask(address: str, method: str, target: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """Without anything between: clients tidy addresses up."""
    with closing(http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)) as connection:
        connection.putrequest(method, target, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()


# --- how long and how large a request may be ---


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    place = urlsplit(address)
    with closing(socket.create_connection((place.hostname, place.port), timeout=30)) as connection:
        yield connection


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: x\r\nA", b"POST /review HTTP/1.1\r\nContent-Length: 9\r\n\r\na"],
)
def test_who_does_not_send_a_whole_request_is_left(guarded: str, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_patience, "WHOLE_S", 0.3)
    with connected(guarded) as connection:
        connection.sendall(sent)
        with suppress(ConnectionError):
            while connection.recv(65536):  # a refusal of the form, which does not need its body
                pass


def test_who_is_idle_between_two_requests_is_not_left_for_it(guarded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_patience, "WHOLE_S", 0.3)
    with closing(http.client.HTTPConnection(urlsplit(guarded).netloc, timeout=30)) as connection:
        for _ in range(2):
            connection.request("GET", "/static/style.css")
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
            kept = connection.sock
            time.sleep(0.6)
            assert connection.sock is kept is not None


def test_a_head_without_end_is_refused(guarded: str) -> None:
    with connected(guarded) as connection:
        sent = 0
        with suppress(ConnectionError):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nA: ")
            while sent < 50_000_000:
                connection.sendall(b"a" * 65536)
                sent += 65536
        assert sent < 50_000_000
    assert ask(guarded, "GET", "/static/style.css")[0] == 200


# --- who may come in ---


@pytest.mark.parametrize("method", METHODS)
def test_no_route_answers_without_the_token(workspace: Workspace, guarded: str, method: str) -> None:
    """All routes there are, and some that are none; the two files of the design alone are for everybody."""
    known = [paths_of(route) for route in routes(workspace)]
    assert len(known) > 15
    for path in [*known, "/nothing", "/static", "//", "/openapi.json/", "/static/../", "/static/../findings"]:
        status, body = ask(guarded, method, path)
        open_file = path.startswith("/static/style.css") and method in ("GET", "HEAD")
        assert open_file or status in (400, 401, 403, 404, 405), (method, path, status)
        assert TITLE.encode() not in body
        assert b"csrf" not in body


@pytest.mark.parametrize(
    "cookie", ["", "x", "a.b", ".", "a." + "0" * 64, TOKEN, f"{TOKEN}.{TOKEN}", "\u00e9.\u00e9", "x" * 5_000]
)
def test_no_made_up_session_opens(guarded: str, cookie: str) -> None:
    name = f"retold_{urlsplit(guarded).port}"
    assert ask(guarded, "GET", "/", {"Cookie": f"{name}={cookie}"})[0] in (400, 401, 431)


def test_nobody_gets_a_session_without_the_token(workspace: Workspace, guarded: str) -> None:
    """Not by what is there for everybody, and not by a refusal: each route, then all cookies that it gave."""
    paths = [paths_of(route) for route in routes(workspace)]
    for path in [*paths, "/static/live.js", "/static/none", "/nothing", "/?token=", "/?token=wrong-one"]:
        for method in ("GET", "HEAD"):
            with httpx.Client(base_url=guarded) as stranger:
                answer = stranger.request(method, path)
                assert "set-cookie" not in answer.headers, (method, path)
                assert stranger.get("/findings").status_code == 401


def test_a_session_is_of_one_server(workspace: Workspace, guarded: str) -> None:
    with served(workspace, TOKEN) as other, opened(other) as client:
        value = client.cookies[f"retold_{urlsplit(other).port}"]
        assert ask(guarded, "GET", "/", {"Cookie": f"retold_{urlsplit(guarded).port}={value}"})[0] == 401


def test_wrong_tokens_are_few_and_who_is_in_stays_in(workspace: Workspace) -> None:
    with served(workspace, TOKEN) as address, opened(address) as client, httpx.Client(base_url=address) as stranger:
        assert stranger.get("/").status_code == 401
        tries = [stranger.get("/", params={"token": f"guess-number-{n}"}).status_code for n in range(MOST_TRIES + 2)]
        assert tries == [401] * MOST_TRIES + [429] * 2
        late = stranger.get("/findings", params={"token": TOKEN})
        assert late.status_code == 429, "or trying on would tell which one is right"
        assert 1 <= int(late.headers["retry-after"]) <= 60
        assert client.get("/findings").status_code in (200, 503)


def test_tries_are_counted_by_the_network_of_one_customer() -> None:
    """Who has an IPv6 network has 2^64 addresses; those of IPv4 are counted one by one, in whatever form they come."""
    guard = web_guard.Guard(PlainTextResponse("in"), door("::", 8080, TOKEN, ()))

    def tried(address: str) -> int:
        client = TestClient(guard, base_url="http://[::1]:8080", client=(address, 1))
        return client.get("/", params={"token": "guess-number"}).status_code

    network = [tried(f"2001:db8:1:2::{number:x}") for number in range(MOST_TRIES + 1)]
    assert network == [401] * MOST_TRIES + [429]
    others = ["2001:db8:1:3::1", *(f"::ffff:192.0.2.{number}" for number in range(MOST_TRIES + 1))]
    assert {tried(address) for address in others} == {401}


@pytest.mark.parametrize("end", ["/static/style.css?", "/static/style.css#", "/x", "?x"])
def test_a_host_is_no_part_of_a_path(guarded: str, end: str) -> None:
    """Starlette before 1.0 put the two together, and what is for everybody would have opened all."""
    for host in (urlsplit(guarded).netloc + end, f"a@{urlsplit(guarded).netloc}"):
        status, body = ask(guarded, "GET", "/findings", {"Host": host})
        assert status == 421, body


def test_the_whole_token_is_compared_whatever_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest
    monkeypatch.setattr(
        web_guard.hmac, "compare_digest", lambda one, other: compared.append((one, other)) or real(one, other)
    )
    entrance = door("127.0.0.1", 1, TOKEN, ())
    assert [entrance.opens(given) for given in ("", "a", TOKEN[:-1], TOKEN + "x", "é" * 9, TOKEN)] == [False] * 5 + [
        True
    ]
    assert len(compared) == 6
    session = entrance.session()
    assert (entrance.is_session(session), entrance.is_session(session[:-1] + "x")) == (True, False)
    assert len(compared) == 8


def test_no_token_is_a_default_and_none_is_short() -> None:
    made = {door("0.0.0.0", 80, None, ()).token for _ in range(5)}
    assert len(made) == 5
    assert all(token and len(token) >= 24 for token in made)
    with pytest.raises(UserError, match="12 signs"):
        door("0.0.0.0", 80, "password", ())


def test_cookies_go_over_tls_alone_where_that_is_said(workspace: Workspace) -> None:
    with served(workspace, TOKEN, tls=True) as address:
        came = httpx.get(address, params={"token": TOKEN})
    assert came.headers["set-cookie"].endswith("HttpOnly; SameSite=Strict; Secure")
    assert came.headers["strict-transport-security"]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_lead_here_but_load_nothing(guarded: str, site: str) -> None:
    with opened(guarded) as client:
        load = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
        assert client.get("/search?q=nap", headers=load).status_code == 403
        lead = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        assert client.get("/search?q=nap", headers=lead).status_code == 200


# --- how much ---


def test_a_client_that_asks_too_often_waits_and_others_do_not(workspace: Workspace) -> None:
    with served(workspace, TOKEN, limit="12/minute") as address, opened(address) as client, opened(address) as other:
        told = [client.get("/search", params={"q": "nap"}).status_code for _ in range(14)]
        assert told == [200] * 12 + [429] * 2
        refused = client.get("/outlets")
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert "content-security-policy" in refused.headers
        assert client.get("/static/style.css").status_code == 200
        assert other.get("/search", params={"q": "nap"}).status_code == 200


def test_on_this_machine_nobody_is_counted_unless_asked_for() -> None:
    assert door("127.0.0.1", 1, None, ()).limit is None
    assert door("127.0.0.1", 1, None, (), limit="5/second").limit == "5/second"
    assert door("0.0.0.0", 1, None, ()).limit == SHARED
    assert door("0.0.0.0", 1, None, (), limit="none").limit is None


@pytest.mark.parametrize("limit", ["often", "5", "-1/minute", "x/minute", "5/moon"])
def test_a_limit_that_cannot_be_read_is_told_before_anything_is_served(limit: str) -> None:
    with pytest.raises(UserError, match="600/minute"):
        door("127.0.0.1", 1, None, (), limit=limit)


def test_kept_pages_fill_no_memory_however_an_address_is_spelled() -> None:
    kept = Kept(most=1_000, most_bytes=10_000)
    for number in range(500):
        assert kept.get(f"/?{number}", 1, lambda: "x" * 900) == b"x" * 900
    held = [number for number in range(500) if kept.held(f"/?{number}", 1)]
    assert held == list(range(489, 500))
    kept.held("/", 2)
    assert kept.get("/", 2, lambda: "y" * 50_000) == b"y" * 50_000


# --- what no browser sends ---


@pytest.mark.parametrize("given", ["²", "-1", "1e9", "9" * 4000, "٣", ""])
def test_a_number_that_is_none_is_passed_over(guarded: str, given: str) -> None:
    with opened(guarded) as client:
        assert client.get("/search", params={"q": "nap", "k": given}).status_code == 200


def test_an_address_with_a_question_mark_in_its_path_is_not_that_of_another_page() -> None:
    def address(path: str, query: bytes) -> str:
        return web_site._address(Request({"type": "http", "path": path, "query_string": query, "headers": []}))

    assert address("/outlets/a?b", b"c") != address("/outlets/a", b"b?c")


TARGETS = (
    *("/static/../web.py", "/static/..%2fweb.py", "/static/%2e%2e/%2e%2e/web.py", "/static/..%5c..%5cweb.py"),
    *("/static//etc/passwd", "/static/style.css%00.py", "/static/style.css/..", "//etc/passwd", "/../../../etc/passwd"),
    *("/%2e%2e/%2e%2e/etc/passwd", "/articles/..%2f..%2f..%2fetc%2fpasswd", "/articles/%00", "/articles/%ff%fe"),
    *("/outlets/%2e%2e/letter", "/outlets/..%2f..%2fx/letter", "/findings/%0d%0aSet-Cookie:%20a=b", "/quotes/{{7*7}}"),
    *("/articles/" + "a" * 3_000, "/openapi.json%2f..", "/findings;a=b", "/./findings/", "/findings/", "*", "/%"),
    "http://other.example/findings/x",
)


@pytest.mark.parametrize("target", TARGETS)
def test_odd_paths_lead_nowhere(guarded: str, target: str) -> None:
    with opened(guarded) as client:
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    status, body = ask(guarded, "GET", target, {"Cookie": cookie})
    assert status in (400, 404, 421)
    assert b"root:" not in body
    assert b"import " not in body


QUESTIONS = (
    *("page=1&page=2&page=x", "page=-1", "page=99999999999999999999", "page=%D9%A1%D9%A2", "page=1e9", "page[]=1"),
    *("rule=" + "x" * 3_000, "q=nap&q=wards&k=5&k=9999999999999999999", "q=nap&k=%D9%A1", "q=%00%ff&mode=hybrid"),
    *("q=nap&mode=lexical&kind=x", "&".join(["q=nap"] * 500), "q=%22%22%22", "q=nap&since=0001-01-01&until=9999-12-31"),
    *("q=nap&speaker=%00", "q=nap&language=%F0%9F%98%80", "action=%27--", "q=nap%20AND%20(", "q=*", "%%%", "a" * 4_000),
    *("q=nap&since=999999999d", "all=1&all=2", "part=../../etc"),
)


@pytest.mark.parametrize("query", QUESTIONS)
def test_odd_questions_are_answered_or_refused(guarded: str, query: str) -> None:
    with opened(guarded) as client:
        for path in ("/", "/search", "/findings", "/articles", "/review", "/review/log", "/crawl", "/outlets"):
            assert client.get(f"{path}?{query}").status_code in (200, 400), path
        assert client.get(f"/?{'x' * 9_000}").status_code == 414


def test_a_method_in_a_header_or_field_is_none(guarded: str) -> None:
    with opened(guarded) as client:
        for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            assert client.get("/review", headers={name: "POST"}).status_code == 200
        assert client.post("/findings", data={"_method": "GET"}).status_code == 405
        answer = client.head("/findings")
        assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/json"}, b"{}", 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=b&" * 30, 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"\xff\xfe", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=" + b"x" * 20_000_000, 413),
        ({}, b"csrf=x", 415),
    ],
)
def test_bodies_that_are_no_form_are_refused(guarded: str, headers: dict[str, str], body: bytes, status: int) -> None:
    with opened(guarded) as client:
        try:
            answer = client.post("/review", content=body, headers=headers)
        except httpx.WriteError:  # it was refused while it was sent
            assert status == 413
        else:
            assert answer.status_code == status


# --- its own description ---


def test_the_description_names_every_route_and_no_other(workspace: Workspace, guarded: str) -> None:
    with opened(guarded) as client:
        told = client.get("/openapi.json").json()
    known = routes(workspace)
    assert set(told["paths"]) == {route.path for route in known}
    for path, operations in told["paths"].items():
        methods = {method.lower() for route in known if route.path == path for method in route.methods or ()}
        assert set(operations) == methods - {"head"}
        for operation in operations.values():
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert named == {name for route in known if route.path == path for name in route.param_convertors}
    assert told == document(known)


def test_what_schemathesis_makes_of_the_description_is_answered_as_it_says(guarded: str) -> None:
    """Data that fits it, and data that does not: never an error of the server's, never an answer that is not told."""
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

    checks = [not_a_server_error, status_code_conformance, content_type_conformance]
    bounds = settings(max_examples=400 if SOAK else 5, suppress_health_check=list(HealthCheck), derandomize=not SOAK)
    asked: list[str] = []
    with requests.Session() as session:
        session.get(guarded, params={"token": TOKEN}).raise_for_status()
        schema = schemathesis.openapi.from_dict(session.get(f"{guarded}/openapi.json").json())
        operations = [found.ok() for found in schema.get_all_operations()]
        for operation in operations:
            for mode in GenerationMode:

                @bounds
                @given(case=operation.as_strategy(generation_mode=mode))
                def holds(case: Any) -> None:
                    asked.append(case.operation.label)
                    case.call_and_validate(base_url=guarded, session=session, checks=checks)

                with suppress(Unsatisfiable if mode.is_negative else ()):  # where any text fits, nothing is wrong
                    holds()
    assert set(asked) == {operation.label for operation in operations}
    assert len(asked) > 100
