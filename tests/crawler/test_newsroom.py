"""The loopback newsroom, over real sockets."""

import http.client
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from crawler.newsroom import Newsroom
from kb.errors import UserError

PAGE = "<p>The ferry was late.</p>\n"


def put(folder: Path, name: str, text: str, encoding: str = "utf-8") -> None:
    path = folder / "sites" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, "ledger.example/index.html", "<h1>Ledger</h1>")
    put(tmp_path, "ledger.example/news/ferry.html", PAGE)
    put(tmp_path, "ledger.example/2026/boats/index.html", "<p>Boats.</p>")
    put(tmp_path, "ledger.example/feed.xml", "<rss/>")
    put(tmp_path, "ledger.example/robots.txt", "User-agent: *\nDisallow:\n")
    put(tmp_path, "ledger.example/old.html", "<p>Fähre</p>", "windows-1252")
    put(
        tmp_path,
        "ledger.example/headers.yaml",
        "aliases: [www.ledger.example]\n"
        "last_modified: 2026-04-02T13:05:00Z\n"
        "content_types: {/old.html: text/html; charset=windows-1252}\n"
        "redirects: {/gone: http://ledger.example/news/ferry, /?p=7: /news/ferry}\n",
    )
    put(tmp_path, "star.example/index.html", "<h1>Star</h1>")
    (tmp_path / "secret.html").write_text("not for readers", encoding="utf-8")
    return tmp_path


@pytest.fixture
def room(folder: Path) -> Iterator[Newsroom]:
    with Newsroom(folder) as running:
        yield running


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def fetch(room: Newsroom, url: str, method: str = "GET", **headers: str) -> tuple[int, Message, bytes]:
    """Status, headers and body of one request through the proxy; redirects are not followed."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": room.proxy_url}), NoRedirects)
    request = urllib.request.Request(
        url, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        with opener.open(request, timeout=5) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def raw(room: Newsroom, text: bytes) -> bytes:
    port = int(room.proxy_url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_serves_the_page_of_the_host_asked_for(room: Newsroom) -> None:
    assert fetch(room, "http://star.example/")[2] == b"<h1>Star</h1>"


def test_serves_an_extensionless_path_from_its_html_file(room: Newsroom) -> None:
    assert fetch(room, "http://ledger.example/news/ferry")[2] == PAGE.encode()


def test_serves_a_folder_from_its_index(room: Newsroom) -> None:
    assert fetch(room, "http://ledger.example/2026/boats/")[2] == b"<p>Boats.</p>"


def test_sends_a_folder_without_its_slash_to_the_slash(room: Newsroom) -> None:
    status, headers, _ = fetch(room, "http://ledger.example/2026/boats?a=1")
    assert (status, headers["Location"]) == (301, "/2026/boats/?a=1")


def test_ignores_tracking_parameters(room: Newsroom) -> None:
    assert fetch(room, "http://ledger.example/news/ferry?utm_source=rss")[2] == PAGE.encode()


def test_answers_under_another_name_of_the_host(room: Newsroom) -> None:
    assert fetch(room, "http://www.ledger.example/news/ferry")[2] == PAGE.encode()


def test_answers_a_plain_request_by_its_host_header(room: Newsroom) -> None:
    connection = http.client.HTTPConnection(room.proxy_url.removeprefix("http://"), timeout=5)
    connection.request("GET", "/news/ferry", headers={"Host": "ledger.example:80"})
    body = connection.getresponse().read()
    connection.close()
    assert body == PAGE.encode()


def test_keeps_a_connection_open_for_the_next_request(room: Newsroom) -> None:
    connection = http.client.HTTPConnection(room.proxy_url.removeprefix("http://"), timeout=5)
    bodies = []
    for path in ("/news/ferry", "/nowhere", "/news/ferry"):
        connection.request("GET", path, headers={"Host": "ledger.example"})
        bodies.append(connection.getresponse().read())
    connection.close()
    assert bodies == [PAGE.encode(), b"Not Found\n", PAGE.encode()]


@pytest.mark.parametrize("target", ["http://ledger.example/gone", "http://ledger.example/?p=7"])
def test_redirects_an_old_address(room: Newsroom, target: str) -> None:
    status, headers, _ = fetch(room, target)
    assert status == 301
    assert headers["Location"].endswith("/news/ferry")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/news/ferry", "text/html; charset=utf-8"),
        ("/feed.xml", "application/xml"),
        ("/robots.txt", "text/plain; charset=utf-8"),
        ("/old.html", "text/html; charset=windows-1252"),
    ],
)
def test_states_the_content_type(room: Newsroom, path: str, media_type: str) -> None:
    assert fetch(room, "http://ledger.example" + path)[1]["Content-Type"] == media_type


def test_sends_bytes_as_they_lie_on_disk(room: Newsroom) -> None:
    assert fetch(room, "http://ledger.example/old.html")[2] == b"<p>F\xe4hre</p>"


@pytest.mark.parametrize(
    "url", ["http://ledger.example/nowhere", "http://unknown.example/", "http://ledger.example/x/"]
)
def test_knows_nothing_of_other_addresses(room: Newsroom, url: str) -> None:
    assert fetch(room, url)[0] == 404


def test_never_serves_its_own_rules(room: Newsroom) -> None:
    assert fetch(room, "http://ledger.example/headers.yaml")[0] == 404


@pytest.mark.parametrize(
    "path",
    ["/../../secret.html", "/%2e%2e/%2e%2e/secret.html", "/..%2f..%2fsecret", "/news/..%5c..%5csecret.html", "/a%00b"],
)
def test_stays_inside_the_site(room: Newsroom, path: str) -> None:
    assert raw(room, f"GET {path} HTTP/1.0\r\nHost: ledger.example\r\n\r\n".encode()).startswith(b"HTTP/1.1 404")


def test_does_not_follow_a_link_out_of_the_site(folder: Path, room: Newsroom) -> None:
    (folder / "sites" / "ledger.example" / "out.html").symlink_to(folder / "secret.html")
    assert fetch(room, "http://ledger.example/out.html")[0] == 404


def test_head_has_the_headers_and_no_body(room: Newsroom) -> None:
    status, headers, body = fetch(room, "http://ledger.example/news/ferry", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(PAGE)), b"")


def test_validators_do_not_depend_on_the_file_time(folder: Path, room: Newsroom) -> None:
    before = fetch(room, "http://ledger.example/news/ferry")[1]
    (folder / "sites/ledger.example/news/ferry.html").touch()
    after = fetch(room, "http://ledger.example/news/ferry")[1]
    assert (before["ETag"], before["Last-Modified"]) == (after["ETag"], "Thu, 02 Apr 2026 13:05:00 GMT")


def test_says_304_to_a_known_etag(room: Newsroom) -> None:
    etag = fetch(room, "http://ledger.example/news/ferry")[1]["ETag"]
    status, _, body = fetch(room, "http://ledger.example/news/ferry", If_None_Match=f'"other", W/{etag}')
    assert (status, body) == (304, b"")


def test_says_304_to_a_known_time(room: Newsroom) -> None:
    since = "Thu, 02 Apr 2026 13:05:00 GMT"
    assert fetch(room, "http://ledger.example/news/ferry", If_Modified_Since=since)[0] == 304


def test_an_etag_that_differs_outweighs_the_time(room: Newsroom) -> None:
    headers = {"If_None_Match": '"other"', "If_Modified_Since": "Thu, 02 Apr 2026 13:05:00 GMT"}
    assert fetch(room, "http://ledger.example/news/ferry", **headers)[0] == 200


def test_ignores_a_time_that_it_cannot_read(room: Newsroom) -> None:
    assert fetch(room, "http://ledger.example/news/ferry", If_Modified_Since="last Tuesday")[0] == 200


@pytest.mark.parametrize(
    "line", [b"GET http://[broken/ HTTP/1.1", b"GET ftp://ledger.example/ HTTP/1.1", b"GET * HTTP/1.1"]
)
def test_survives_a_broken_request(room: Newsroom, line: bytes) -> None:
    raw(room, line + b"\r\n\r\n")
    assert fetch(room, "http://star.example/")[0] == 200


def test_keeps_a_list_of_requests(room: Newsroom) -> None:
    fetch(room, "http://ledger.example/news/ferry?a=1")
    fetch(room, "http://star.example/none", "HEAD")
    assert room.requests == [
        ("GET", "http://ledger.example/news/ferry?a=1", 200),
        ("HEAD", "http://star.example/none", 404),
    ]


def test_is_gone_after_its_block(folder: Path) -> None:
    with Newsroom(folder) as room:
        port = int(room.proxy_url.rsplit(":", 1)[1])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_refuses_a_folder_without_sites(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no newsroom here"):
        Newsroom(tmp_path)
