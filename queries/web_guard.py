"""What stands before every page of the web UI: whose host, form and cookie; and the headers that bind browsers.

Against another site in the same browser: a request must name this server in `Host` (rebinding), a form must come from a
page of this server (`Origin`, `Sec-Fetch-Site`) and bring the token that this server wrote into it. Against others on
the network: on any address but loopback a token is needed, which may be tried a few times a minute.
"""

import hashlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Collection, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import attrs
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from queries.web_limits import Allowance

MAX_FORM = 16_384
"""Bytes of a form's body."""
MAX_ADDRESS = 4_096
"""Bytes of a request's path and query."""
MAX_FIELDS = 20
_OWN = ("same-origin", "none")
"""What browsers say of requests by a page of this server, and of those that a person typed."""

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without any, browsers would send no Origin with a form
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def is_loopback(host: str) -> bool:
    """
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@attrs.frozen(kw_only=True)
class Door:
    """Who may come in."""

    host: str
    """That the server listens at."""
    port: int
    token: str | None
    """None where none is needed."""
    names: tuple[str, ...] = ()
    """Further names that the server is reached under."""
    tls: bool = False
    """It is reached over https, through a proxy: cookies go that way alone."""
    limit: str | None = None
    """Requests of one client, in the notation of the library `limits`: `600/minute`; None for no limit."""
    secret: bytes = attrs.field(factory=lambda: secrets.token_bytes(32), repr=False)

    @property
    def cookie(self) -> str:
        """Browsers keep cookies by host, whatever the port."""
        return f"retold_{self.port}"

    def knows(self, host: str) -> bool:
        """Whether a `Host` header is a name of this server. An address can be nobody else's; a name can."""
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if parts.netloc != host or "@" in host:  # a path or a user in it would pass for those of the request
            return False
        if port != self.port and is_loopback(self.host):
            return False
        if is_loopback(self.host):
            return is_loopback(name)
        try:
            ipaddress.ip_address(name)
        except ValueError:
            known = {self.host, *self.names, socket.gethostname(), "localhost"}
            return name in {each.lower() for each in known}
        return True

    def session(self) -> str:
        """A new session: something random with this server's seal, which the token is part of."""
        nonce = secrets.token_urlsafe(18)
        return f"{nonce}.{self._seal('session', nonce)}"

    def is_session(self, value: str) -> bool:
        nonce, _, seal = value.partition(".")
        return bool(nonce) and hmac.compare_digest(seal.encode(), self._seal("session", nonce).encode())

    def form_token(self, session: str) -> str:
        """What a form of this session must bring along."""
        return self._seal("form", session)

    def is_form_token(self, given: str, session: str) -> bool:
        return hmac.compare_digest(given.encode(), self.form_token(session).encode())

    def opens(self, given: str) -> bool:
        """Whether this is the token; takes as long for any that is not."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def _seal(self, use: str, value: str) -> str:
        return hmac.new(self.secret, f"{use} {self.token} {value}".encode(), hashlib.sha256).hexdigest()


class Guard:
    """ASGI middleware: lets in what the door allows, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, door: Door, free: Collection[str] = ()) -> None:
        """`free`: paths that are for everybody, and not counted: each page brings some."""
        self._app = app
        self._door = door
        self._free = frozenset(free)
        self._allowance = Allowance(door.limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # nothing here speaks over web sockets; uvicorn then refuses
        request = Request(scope)
        session = request.cookies.get(self._door.cookie, "")
        known = self._door.is_session(session)
        refused = (
            self._refused(request)
            or self._asked_for_token(request, known=known)
            or self._too_often(request, session if known else _address(request))
        )
        # What is for everybody gives nobody a session: where a token is needed it would stand for the token.
        fresh = "" if known or _path(request) in self._free else self._door.session()
        scope.setdefault("state", {})["session"] = session if known else fresh

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._head(message, fresh if refused is None or refused.status_code == 200 else "")
            await send(message)

        await (refused or self._app)(scope, receive, answer)

    def _head(self, message: MutableMapping[str, Any], session: str) -> None:
        headers = MutableHeaders(raw=message["headers"])
        for name, value in HEADERS.items():
            headers[name] = value
        if self._door.tls:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        headers.setdefault("Cache-Control", "no-store")
        if session:
            secure = "; Secure" if self._door.tls else ""
            headers.append("Set-Cookie", f"{self._door.cookie}={session}; Path=/; HttpOnly; SameSite=Strict{secure}")
        message["headers"] = headers.raw

    def _refused(self, request: Request) -> Response | None:
        headers = request.headers
        if request.method not in ("GET", "HEAD", "POST"):
            return _refusal(405, "Only GET and POST are known here.")
        if len(_path(request)) + len(request.scope["query_string"]) > MAX_ADDRESS:
            return _refusal(414, "The address is too long.")
        if not self._door.knows(headers.get("host", "")):
            return _refusal(421, "This server does not go by that name; open it under the address that it printed.")
        if request.method == "POST" and not _from_here(headers):
            return _refusal(403, "This form was sent from another site.")
        if (
            headers.get("sec-fetch-site", "none") not in _OWN
            and headers.get("sec-fetch-mode", "navigate") != "navigate"
        ):
            return _refusal(403, "Other sites may lead here, but not load from here.")
        return None

    def _too_often(self, request: Request, client: str) -> Response | None:
        wait = 0 if _path(request) in self._free else self._allowance.take(client)
        return _wait(wait, "So many requests in so short a time are not answered.") if wait else None

    def _asked_for_token(self, request: Request, *, known: bool) -> Response | None:
        """In token mode, a page for whoever comes without the cookie."""
        if self._door.token is None or known or _path(request) in self._free:
            return None
        given, address = request.query_params.get("token", ""), _address(request)
        if given and (wait := self._allowance.tries_again_in(address)):
            return _wait(wait, "Too many wrong tokens came from this address.")
        opened = self._door.opens(given)
        if given and not opened:
            self._allowance.tried(address)
        if opened:
            # A page of this site that goes on by itself: after a redirect from elsewhere a Strict cookie is not sent.
            page = '<!doctype html><html lang="en"><head><title>retold</title>'
            page += '<meta http-equiv="refresh" content="0;url=/"></head><body><main><h1>You are signed in</h1>'
            return HTMLResponse(page + '<p><a href="/">Go on to the study</a></p></main></body></html>')
        return _refusal(401, "A token is needed: open the link that `retold serve` printed.")


def _path(request: Request) -> str:
    """As it was routed: `request.url` is put together with what the client calls us."""
    return str(request.scope["path"])


def _address(request: Request) -> str:
    """Whom to count a request for: of IPv6 the network that one customer has, who could else come from 2^64 places."""
    host = request.client.host if request.client else ""
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if found.version == 4 or found.ipv4_mapped or found.is_link_local:
        return host
    return str(ipaddress.ip_network((found, 64), strict=False))


def _wait(seconds: int, why: str) -> Response:
    answer = _refusal(429, f"{why} Try again in {seconds} s.")
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _from_here(headers: Headers) -> bool:
    """Whether a form was sent by a page of this server, as far as the browser says."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _refusal(status: int, why: str) -> Response:
    return PlainTextResponse(why + "\n", status_code=status)


async def form(request: Request, door: Door) -> Mapping[str, str] | Response:
    """The fields of a form that this server wrote; a refusal for any other, and for one that is too large."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return _refusal(415, "Only plain forms are read.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM:
            return _refusal(413, "The form is too large.")
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        return _refusal(400, "The form cannot be read.")
    if not door.is_form_token(fields.get("csrf", ""), request.state.session):
        return _refusal(403, "This form is not of this session; go back, reload the page and send it again.")
    return fields
