"""Which addresses may be fetched: http(s) only, and nothing inside private networks unless the user named it.

A feed that anyone can write decides where a crawl goes next; without this it could make the crawl ask
routers, cloud metadata services or other programs on this machine. Names are judged by the addresses
they resolve to. Scrapy keeps one resolution for the whole crawl, so the address that was judged is the
one that is connected to; that is checked once more when the answer is there. A browser connects to crawler.gate.
"""

import ipaddress
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.http import Response
from scrapy.utils.defer import maybe_deferred_to_future

from crawler.addresses import MAX_LENGTH, host_of

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS = frozenset(
    [1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
     111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
     540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
     6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211, 27017]
)  # fmt: skip
"""Ports of other protocols, which browsers refuse too (WHATWG Fetch, "bad port"), and two databases."""

_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
"""All that is given out; what lies outside is for one site, one link or nobody."""
_EXAMPLES_V6 = ipaddress.IPv6Network("3fff::/20")
"""For documentation (RFC 9637), which Python 3.11 does not know."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


class RefusedError(IgnoreRequest):
    """This address is not fetched; the message says why. Nothing was sent."""


class UnreachableError(IgnoreRequest):
    """The host gave no usable answer before, so nothing more is asked of it in this crawl."""


def refusal(url: str, allowed: Collection[str], *, proxied: bool = False) -> str | None:
    """Why an address may not be fetched, from its spelling alone; None if nothing speaks against it yet.

    `allowed` are hosts that the user named: `host` for all its ports, `host:port` for one. With a proxy,
    names are resolved by the proxy and cannot be judged here, literal addresses still are.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "not a valid address"
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme or 'no'} scheme: only http and https are fetched"
    if not host or len(url) > MAX_LENGTH:
        return "no host" if not host else f"longer than {MAX_LENGTH} characters"
    return None if is_named(url, allowed) else _host_refusal(host, port, proxied=proxied)


def _host_refusal(host: str, port: int | None, *, proxied: bool) -> str | None:
    if port in _PORTS:
        return f"port {port} belongs to another protocol"
    number = literal(host)
    if number:
        return private(number)
    if not proxied and (host == "localhost" or host.endswith((".localhost", ".local", ".internal"))):
        return f"{host} is a name inside this machine or network"
    return None


def is_named(url: str, allowed: Collection[str]) -> bool:
    """Whether the user named this very host: alone for all ports, or with this port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    return host in allowed or f"{host}:{parts.port or _DEFAULT_PORTS.get(parts.scheme)}" in allowed


def hosts_named(urls: Iterable[str]) -> list[str]:
    """The `host:port` of addresses that the user wrote; a default port stands for http and https alike.

    >>> hosts_named(["http://localhost:8000/feed", "https://intranet/"])
    ['localhost:8000', 'intranet:80', 'intranet:443']
    """
    named: dict[str, None] = {}
    for host in map(host_of, urls):
        ported = host.rpartition("]")[2].rpartition(":")[2] if ":" in host.rpartition("]")[2] else ""
        named.update(dict.fromkeys([host] if ported else [f"{host}:80", f"{host}:443"]))
    return list(named)


def private(address: Address) -> str | None:
    """Why an IP address is off limits, or None for a public one.

    >>> private(ipaddress.ip_address("169.254.169.254"))
    '169.254.169.254 lies in a private or reserved network'
    """
    inner = _inner(address)
    unassigned = isinstance(inner, ipaddress.IPv6Address) and (inner not in _PUBLIC_V6 or inner in _EXAMPLES_V6)
    if unassigned or not inner.is_global or inner.is_multicast or inner.is_reserved:
        return f"{address} lies in a private or reserved network"
    return None


def _inner(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, NAT64), which decides where packets go."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def literal(host: str) -> Address | None:
    """The address that a host spells, also in the forms that only C libraries read (`127.1`, `0x7f000001`)."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    parts = host.split(".")
    try:
        *heads, last = [_number(part) for part in parts]
    except ValueError:
        return None
    value = sum(head << (24 - 8 * index) for index, head in enumerate(heads)) + last if len(heads) < 4 else 0
    return ipaddress.IPv4Address(value & 0xFFFFFFFF)


def _number(part: str) -> int:
    lowered = part.lower()
    if lowered.startswith("0x"):
        return int(lowered, 16)
    return int(lowered, 8) if lowered.startswith("0") and len(lowered) > 1 else int(lowered)


class GuardMiddleware:
    """Refuses what `refusal` names, resolves the rest and refuses private answers. Sets the proxy, if any."""

    def __init__(self, crawler: Crawler) -> None:
        self.allowed = frozenset(crawler.settings.getlist("RETOLD_ALLOW_HOSTS"))
        self.proxy: str | None = crawler.settings.get("RETOLD_PROXY")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "GuardMiddleware":
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        request.meta["proxy"] = self.proxy  # None keeps the environment's proxies out: settings alone decide
        reason = refusal(request.url, self.allowed, proxied=bool(self.proxy))
        if reason:
            raise RefusedError(reason)
        if self.proxy or is_named(request.url, self.allowed):
            return
        host = urlsplit(request.url).hostname or ""
        if literal(host) is None:
            reason = private(ipaddress.ip_address(await _resolve(host)))
            if reason:
                raise RefusedError(f"{host}: {reason}")

    def process_response(self, request: Request, response: Response) -> Response:
        peer: Any = response.ip_address
        through_gate = bool(request.meta.get("playwright"))  # which judged the connection, and is the browser's peer
        if peer and not self.proxy and not through_gate and not is_named(request.url, self.allowed):
            reason = private(peer)
            if reason:
                raise RefusedError(f"the connection went to a private address: {reason}")
        return response


async def _resolve(host: str) -> str:
    """Through Scrapy's resolver and its cache: the connection will use the same answer."""
    from twisted.internet import reactor
    from twisted.internet.error import DNSLookupError
    from twisted.internet.interfaces import IReactorCore

    resolver: Any = IReactorCore(reactor)
    try:
        return str(await maybe_deferred_to_future(resolver.resolve(host)))
    except (DNSLookupError, UnicodeError) as error:
        raise CannotResolveHostError(f"{host} has no address") from error
