"""A loopback server for made-up coverage: files under `sites/<host>/`, served as those hosts would.

It is an HTTP forward proxy. A client that uses `Newsroom.proxy_url` as its proxy asks for
`http://host/path` and gets the file of that host, so reserved names (`.example`) work without DNS
and nothing leaves the machine. Plain requests with a Host header get the same answers. Each site may
say in its `headers.yaml`, which is never served, what a file cannot: other names of the host,
redirects, content types, the time of last change.
"""

import mimetypes
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import attrs
from ruamel.yaml import YAML

from kb.errors import UserError

_RULES = "headers.yaml"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".xml": "application/xml",
    ".txt": "text/plain; charset=utf-8",
}
_CHANGED = datetime(2026, 6, 1, tzinfo=UTC)
"""Last-Modified of sites that state none: fixed, so that a run today equals a run next year."""
_IDLE_S = 10
"""A silent connection is closed after this many seconds, so no thread outlives a dead client."""


@attrs.frozen(kw_only=True)
class Site:
    """One host: its folder and what `headers.yaml` says about it."""

    folder: Path
    redirects: Mapping[str, str] = attrs.field(factory=dict)
    """Path, or path with query, to the Location it answers with (301)."""
    content_types: Mapping[str, str] = attrs.field(factory=dict)
    """Path to the Content-Type header, where the file's suffix does not say it."""
    last_modified: datetime = _CHANGED


@attrs.frozen(kw_only=True)
class _Answer:
    """What goes out: `body` is empty for redirects and refusals."""

    status: HTTPStatus
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""


def load_sites(folder: Path) -> dict[str, Site]:
    """Every host of a newsroom folder, also under its other names (`aliases`)."""
    sites: dict[str, Site] = {}
    for path in sorted((folder / "sites").glob("*/")):
        site, aliases = _site(path)
        sites |= dict.fromkeys([path.name, *aliases], site)
    if not sites:
        raise UserError(f"{folder}: no newsroom here, expected folders named after hosts in {folder / 'sites'}")
    return sites


def _site(folder: Path) -> tuple[Site, list[str]]:
    path = folder / _RULES
    rules = YAML(typ="safe").load(path) if path.exists() else {}
    site = Site(
        folder=folder.resolve(),
        redirects=rules.get("redirects", {}),
        content_types=rules.get("content_types", {}),
        last_modified=rules.get("last_modified", _CHANGED).replace(tzinfo=UTC),
    )
    return site, rules.get("aliases", [])


def find_file(site: Site, path: str) -> Path | None:
    """The file behind a URL path: itself, its `index.html`, or itself with `.html`.

    None for what is absent, hidden, or outside the site's folder, however the way there is spelt.
    """
    name = unquote(path).lstrip("/")
    parts = PurePosixPath(name).parts
    if "\x00" in name or "\\" in name or any(part.startswith(".") for part in parts) or _RULES in parts:
        return None
    place = site.folder.joinpath(*parts)
    shapes = [place / "index.html"] if path.endswith("/") else [place, place.with_name(place.name + ".html")]
    for shape in shapes:
        if shape.is_file() and shape.resolve().is_relative_to(site.folder):
            return shape
    return None


def _content_type(site: Site, path: str, file: Path) -> str:
    guess = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
    return site.content_types.get(path) or guess or "application/octet-stream"


def _unchanged(request: Message, etag: str, changed: datetime) -> bool:
    """If-None-Match decides where it is sent; If-Modified-Since only without it (RFC 9110, 13.2.2)."""
    if (known := request.get("If-None-Match")) is not None:
        return known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(","))
    try:
        since = parsedate_to_datetime(request.get("If-Modified-Since", ""))
    except ValueError:
        return False
    return changed <= (since if since.tzinfo else since.replace(tzinfo=UTC))


def answer(site: Site | None, target: str, request: Message) -> _Answer:
    """The reply to a GET for `target` (path with query) at a site; None is a host that nobody runs."""
    path, _, query = target.partition("?")
    if site is None:
        return _Answer(status=HTTPStatus.NOT_FOUND)
    location = site.redirects.get(target) or site.redirects.get(path)
    if location:
        return _Answer(status=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": location})
    file = find_file(site, path)
    if file is None:
        if not path.endswith("/") and find_file(site, path + "/"):
            slashed = path + "/" + (f"?{query}" if query else "")
            return _Answer(status=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": slashed})
        return _Answer(status=HTTPStatus.NOT_FOUND)
    return _file_answer(site, path, file, request)


def _file_answer(site: Site, path: str, file: Path, request: Message) -> _Answer:
    body = file.read_bytes()
    etag = f'"{sha256(body).hexdigest()[:16]}"'
    headers = {"ETag": etag, "Last-Modified": format_datetime(site.last_modified, usegmt=True)}
    if _unchanged(request, etag, site.last_modified):
        return _Answer(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers["Content-Type"] = _content_type(site, path, file)
    return _Answer(status=HTTPStatus.OK, headers=headers, body=body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, sites: Mapping[str, Site]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sites = sites
        self.seen: list[tuple[str, str, int]] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are their own affair: a crawl's timeouts must not print tracebacks."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    server: _Server

    def do_GET(self) -> None:
        self._reply(with_body=True)

    def do_HEAD(self) -> None:
        self._reply(with_body=False)

    def _reply(self, *, with_body: bool) -> None:
        try:
            host, target = self._asked_for()
            reply = answer(self.server.sites.get(host), target, self.headers)
        except ValueError:
            host, target, reply = "", self.path, _Answer(status=HTTPStatus.BAD_REQUEST)
        body = reply.body or (b"" if reply.status == HTTPStatus.NOT_MODIFIED else f"{reply.status.phrase}\n".encode())
        self.server.seen.append((self.command, f"http://{host}{target}", int(reply.status)))
        self.send_response(reply.status)
        for name, value in ({"Content-Type": "text/plain; charset=utf-8"} | dict(reply.headers)).items():
            self.send_header(name, value)
        if reply.status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _asked_for(self) -> tuple[str, str]:
        """Host and path with query; the request line's host wins over the header's (RFC 9112, 3.2.2)."""
        absolute = not self.path.startswith("/")
        parts = urlsplit(self.path if absolute else f"http://{self.headers.get('Host', '')}{self.path}")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return (parts.hostname or "") if parts.scheme == "http" else "", target

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Quiet: tests read `Newsroom.requests` instead."""


class Newsroom:
    """The running server, for the length of a `with` block."""

    def __init__(self, folder: Path) -> None:
        self._sites = load_sites(folder)
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self._server = _Server(self._sites)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.shutdown()
        self._running.server_close()

    @property
    def _running(self) -> _Server:
        if self._server is None:
            raise RuntimeError("the newsroom serves only inside its with block")
        return self._server

    @property
    def proxy_url(self) -> str:
        return f"http://127.0.0.1:{self._running.server_port}"

    @property
    def requests(self) -> list[tuple[str, str, int]]:
        """Method, URL and status of every request so far, in the order they were answered."""
        return self._running.seen
