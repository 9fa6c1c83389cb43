"""How an answer is taken in: limits that Scrapy 2.19 and scrapy-playwright do not set.

Of an answer's head, of how often its body is packed, and of what a page that a browser makes may cost.
"""

from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _LenientHTTP11ClientProtocol
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.http import Response
from twisted.python.failure import Failure
from twisted.web._newclient import BODY
from twisted.web.client import _HTTP11ClientFactory

from crawler.guard import RefusedError

MAX_HEAD = 256 << 10
"""Bytes of an answer's status and header lines; Chromium takes as many. News sites send 1 to 8 KiB."""
MOST_PACKINGS = 3
"""Content codings, one inside the other. Servers use one; each costs a pass over the whole body."""


class HeadTooLongError(Exception):
    """An answer whose head has no end; the connection is closed."""

    def __init__(self) -> None:
        super().__init__(f"the answer's header lines are longer than {MAX_HEAD} bytes")


class _Protocol(_LenientHTTP11ClientProtocol):
    """Twisted holds every header line in memory until the timeout, be it a gigabyte."""

    _head = 0

    def request(self, request: Any) -> Any:
        self._head = 0
        return super().request(request)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  # Twisted's name
        if self._parser is not None and self._parser.state != BODY:
            self._head += len(data)
            if self._head > MAX_HEAD + (64 << 10):  # a read brings the head's end and the body's beginning
                self._giveUp(Failure(HeadTooLongError()))  # type: ignore[no-untyped-call]
                return
        super().dataReceived(data)  # type: ignore[no-untyped-call]


class _Factory(_HTTP11ClientFactory):
    noisy = False

    def buildProtocol(self, addr: Any) -> _Protocol:  # noqa: N802  # Twisted's name
        return _Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


def limit_heads(handler: HTTP11DownloadHandler) -> None:
    """Have a handler's connections give up on heads without end."""
    handler._pool._factory = _Factory


class Handler(HTTP11DownloadHandler):
    """Scrapy's, with a limit on the head."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        limit_heads(self)


class Unpacking(HttpCompressionMiddleware):
    """Scrapy's, which keeps each unpacking to the size limit, but not how many there are."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        codings = b",".join(response.headers.getlist("Content-Encoding")).count(b",") + 1
        if codings > MOST_PACKINGS:
            raise RefusedError(f"packed {codings} times over")
        return super().process_response(request, response)
