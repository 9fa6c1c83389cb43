"""A proxy on loopback through which all goes that the browser asks: it resolves, judges, and connects to that address.

A browser resolves a name by itself and again for every connection, so that a name which was public when it was
judged may mean this machine a moment later. Behind the gate the browser resolves nothing: the address that was
judged is the one that is connected to, for the page, for what it asks on its own, and for its sockets.
"""

import asyncio
import ipaddress
import secrets
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit

from scrapy import Request
from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError, DownloadTimeoutError
from scrapy.http import Response

from crawler.guard import RefusedError, UnreachableError, is_named, literal, private, refusal

MOST_CONNECTIONS = 128
"""At once. Chromium opens 32 to a proxy; more is a page that wants to exhaust us."""
MOST_LOOKUPS = 32
"""At once; one that has been given up counts until the system has given it up too."""
MOST_BYTES = 64 << 20
"""Of one connection, each way."""
CONNECT_S = 15.0
"""For a name's resolution once it is under way, for each of its addresses, and for the head of a request."""
LINGER_S = 5.0
"""For the rest of an answer when the browser will send no more: it does so when it has gone."""
LIFE_S = 300.0
"""Of one connection, whatever it does."""
_TRIED = 3
"""Addresses of a name that are tried."""
_HEAD = 64 << 10
_MARK = "X-Retold-Gate"
_SECRET = secrets.token_hex(16)
"""Stands in `_MARK`, so that no server can speak for the gate."""
_OURS = (b"connection:", b"proxy-", b"keep-alive:", b"te:", _MARK.lower().encode() + b":")
"""Header lines between us and one side, which the other is not told."""
_FAILURES: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (RefusedError, CannotResolveHostError, DownloadConnectionRefusedError, DownloadTimeoutError)
}
"""What keeps the gate from an answer, as Scrapy calls it where no browser is used."""

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Name and port -> IP addresses; OSError where it has none."""


class Lookups:
    """What the system says a name means, each asked in a thread that nobody waits for: some take minutes to fail."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(MOST_LOOKUPS)

    async def __call__(self, host: str, port: int) -> list[str]:
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        told: asyncio.Future[list[str] | Exception] = loop.create_future()

        def settle(found: list[str] | Exception) -> None:
            self._free.release()
            if not told.done():
                told.set_result(found)

        def look_up() -> None:
            found: list[str] | Exception
            try:
                entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
            except (OSError, UnicodeError) as error:
                found = error
            with suppress(RuntimeError):  # the gate has ended
                loop.call_soon_threadsafe(settle, found)

        threading.Thread(target=look_up, name="gate-lookup", daemon=True).start()
        async with asyncio.timeout(CONNECT_S):
            found = await told
        if isinstance(found, Exception):
            raise found
        return found


class Gate:
    """Runs in a thread of its own while it is entered; `address` is what to give the browser as its proxy."""

    def __init__(self, allowed: Collection[str], *, resolve: Resolve | None = None) -> None:
        """`allowed`: as of crawler.guard.refusal."""
        self._allowed = frozenset(allowed)
        self._resolve = resolve or Lookups()
        self._open = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gate", daemon=True)
        self.address = ""

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_HEAD)
        return self._server

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            async with asyncio.timeout(LIFE_S):
                if self._open <= MOST_CONNECTIONS:
                    await self._answer(reader, writer)
                writer.close()
                await writer.wait_closed()
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError, asyncio.CancelledError):
            pass  # a side that hung up or took too long, nothing that HTTP knows, or the gate's end
        finally:
            _reset(writer)  # nothing where it was closed in good order
            self._open -= 1

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(CONNECT_S):
            first, *lines = await _head(reader)
        method, target, _ = first.decode("ascii").split(" ")
        tunnel = method == "CONNECT"
        length = 0 if tunnel else _body_length(lines)
        try:
            server, to_server = await self._connect(f"https://{target}/" if tunnel else target)
        except tuple(_FAILURES.values()) as failure:
            writer.write(_told(failure))
            return
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await _both(_pass_on(reader, to_server), _copy(server, writer))
            else:
                parts = urlsplit(target)
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                to_server.write(_closing(f"{method} {path} HTTP/1.1".encode("ascii"), lines))
                await _both(_send(reader, to_server, length), _respond(server, writer))
        finally:
            to_server.transport.abort()

    async def _connect(self, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To an address that was judged; one of `_FAILURES` where there is none."""
        why = refusal(url, self._allowed)
        if why:
            raise RefusedError(why)
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        found = await self._addresses(host, port)
        if not is_named(url, self._allowed):
            for why in map(private, map(ipaddress.ip_address, (address.partition("%")[0] for address in found))):
                if why:
                    raise RefusedError(f"{host}: {why}")
        failure: Exception = CannotResolveHostError(host)
        for address in found[:_TRIED]:
            try:
                async with asyncio.timeout(CONNECT_S):
                    return await asyncio.open_connection(address, port, limit=_HEAD)
            except OSError as error:
                timed_out = isinstance(error, TimeoutError)
                failure = (DownloadTimeoutError if timed_out else DownloadConnectionRefusedError)(host)
        raise failure

    async def _addresses(self, host: str, port: int) -> list[str]:
        number = literal(host)
        if number:
            return [str(number)]
        try:
            return await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise CannotResolveHostError(host) from error


async def _both(upward: Coroutine[Any, Any, None], downward: Coroutine[Any, Any, None]) -> None:
    """Until the server has ended; a browser that sends no more may still hear the answer, one that broke off not."""
    up, down = asyncio.ensure_future(upward), asyncio.ensure_future(downward)
    try:
        await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
        if not down.done():
            await up
            await asyncio.wait([down], timeout=LINGER_S)
        if not down.done():
            raise TimeoutError
        await down
    finally:
        up.cancel()
        down.cancel()
        await asyncio.gather(up, down, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, length: int = MOST_BYTES + 1) -> None:
    """All, or `length` bytes. What is too much is an error, for an answer that was cut must not look whole."""
    passed = 0
    while passed < length and (some := await source.read(min(_HEAD, length - passed))):
        passed += len(some)
        if passed > MOST_BYTES:
            raise ConnectionAbortedError("too much")
        sink.write(some)
        await sink.drain()


async def _pass_on(reader: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
    await _copy(reader, to_server)
    to_server.write_eof()


async def _send(reader: asyncio.StreamReader, to_server: asyncio.StreamWriter, length: int) -> None:
    """The body of a request, and no more: another request may be for another host, which was not judged."""
    await _copy(reader, to_server, length)
    await reader.read(1)


async def _respond(server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An answer, told to be the last of its connection: the next request may be for another host."""
    while True:
        first, *lines = await _head(server)
        interim = first.split(b" ")[1:2] in ([b"100"], [b"102"], [b"103"])
        writer.write(b"\r\n".join([first, *lines, b"", b""]) if interim else _closing(first, lines))
        await writer.drain()
        if not interim:
            return await _copy(server, writer)


async def _head(reader: asyncio.StreamReader) -> list[bytes]:
    """The lines before the empty one, at least one; like browsers we take a bare line feed for an end of line."""
    lines: list[bytes] = []
    size = 0
    while line := (await reader.readuntil(b"\n")).rstrip(b"\r\n"):
        lines.append(line)
        size += len(line) + 2
        if size > _HEAD:
            break
    if not lines or size > _HEAD:
        raise ValueError("no head, or one too long")
    return lines


def _body_length(lines: Sequence[bytes]) -> int:
    """As a request declares it. ValueError for none that is a number: browsers send no others over plain http."""
    fields = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    lengths = {value for name, value in fields if name == b"content-length"} or {b"0"}
    if len(lengths) > 1 or not min(lengths).isdigit() or any(name == b"transfer-encoding" for name, _ in fields):
        raise ValueError("a body of unknown length")
    return int(min(lengths))


def _closing(first: bytes, lines: Sequence[bytes]) -> bytes:
    """The head of a request or answer, the lines for its own connection replaced."""
    kept = [line for line in lines if not line.lower().startswith(_OURS)]
    return b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


def _told(failure: Exception) -> bytes:
    """An answer of our own, for `GateAnswers` to know by its mark."""
    status = b"403 Forbidden" if isinstance(failure, RefusedError) else b"502 Bad Gateway"
    mark = f"{_MARK}: {_SECRET} {type(failure).__name__} {quote(str(failure))}".encode("ascii")
    # With no body at all Chromium shows a page of its own.
    lines = [b"HTTP/1.1 " + status, mark, b"Content-Type: text/plain", b"Content-Length: 6", b"Connection: close"]
    return b"\r\n".join([*lines, b"", b"retold"])


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection at once, and so that the other side sees that something is missing."""
    link = writer.get_extra_info("socket")
    with suppress(OSError):  # closed already
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class GateAnswers:
    """Makes failures of what the gate itself answered: a status would stand for the server's, which said nothing."""

    def process_response(self, request: Request, response: Response) -> Response:
        mark = (response.headers.get(_MARK) or b"").decode("latin-1").split(" ")
        if request.meta.get("playwright") and mark[0] == _SECRET:
            raise _FAILURES[mark[1]](unquote(mark[2]))
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """A browser shows nobody what a proxy answered to the call for a tunnel."""
        if request.meta.get("playwright") and "net::ERR_TUNNEL_CONNECTION_FAILED" in str(exception):
            raise UnreachableError("the host has no address or a private one, or does not answer") from exception
