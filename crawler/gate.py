"""A proxy on loopback through which all goes that the browser asks: it resolves, judges, and connects to that address.

A browser resolves a name by itself and again for every connection, so that a name which was public when it was
judged may mean this machine a moment later. Behind the gate the browser resolves nothing: the address that was
judged is the one that is connected to, for the page, for what it asks on its own, and for its sockets.
"""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from crawler.guard import is_named, private, refusal

MOST_CONNECTIONS = 128
"""At once. Chromium opens 32 to a proxy; more is a page that wants to exhaust us."""
MOST_BYTES = 64 << 20
"""Of one connection from the server."""
CONNECT_S = 15.0
"""For a name's resolution, for each of its addresses, and for the head of a request."""
LIFE_S = 300.0
"""Of one connection, whatever it does."""
_TRIED = 3
"""Addresses of a name that are tried."""
_HEAD = 64 << 10
_HOP = (b"connection:", b"proxy-", b"keep-alive:", b"te:")
"""Header lines between us and one side, which the other is not told."""

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Name and port -> IP addresses; OSError where it has none."""


async def resolved(host: str, port: int) -> list[str]:
    """What the system says; a number is its own address."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class RefusedError(Exception):
    """What the browser asked for is not fetched; `args` are the status and why."""


class Gate:
    """Runs in a thread of its own while it is entered; `address` is what to give the browser as its proxy."""

    def __init__(self, allowed: Collection[str], *, resolve: Resolve = resolved) -> None:
        """`allowed`: as of crawler.guard.refusal."""
        self._allowed = frozenset(allowed)
        self._resolve = resolve
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
        await self._loop.shutdown_default_executor()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= MOST_CONNECTIONS:
                async with asyncio.timeout(LIFE_S):
                    await self._answer(reader, writer)
        except RefusedError as refused:
            status, why = refused.args
            told = f"retold: {why!a}\n".encode("ascii")
            head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(told)}\r\n"
            writer.write(head.encode("ascii") + b"Connection: close\r\n\r\n" + told)
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError, asyncio.CancelledError):
            pass  # a side that hung up, nothing that HTTP knows, or the gate's end
        finally:
            self._open -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(CONNECT_S):
            head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.partition(b"\r\n")[0].decode("ascii").split(" ")
        tunnel = method == "CONNECT"
        server, to_server = await self._connect(f"https://{target}/" if tunnel else target)
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await _both(_copy(reader, to_server), _copy(server, writer))
            else:
                parts = urlsplit(target)
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                to_server.write(f"{method} {path} HTTP/1.1\r\n".encode("ascii") + _closing(head))
                await _both(_copy(reader, to_server), _respond(server, writer))
        finally:
            to_server.close()

    async def _connect(self, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To an address that was judged; RefusedError where there is none."""
        why = refusal(url, self._allowed)
        if why:
            raise RefusedError("403 Forbidden", why)
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        try:
            async with asyncio.timeout(CONNECT_S):
                found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise RefusedError("502 Bad Gateway", f"{host} has no address") from error
        if not is_named(url, self._allowed):
            for why in map(private, map(ipaddress.ip_address, (address.partition("%")[0] for address in found))):
                if why:
                    raise RefusedError("403 Forbidden", f"{host}: {why}")
        for address in found[:_TRIED]:
            with suppress(OSError):
                async with asyncio.timeout(CONNECT_S):
                    return await asyncio.open_connection(address, port, limit=_HEAD)
        raise RefusedError("502 Bad Gateway", f"{host} does not answer")


async def _both(upward: Awaitable[None], downward: Awaitable[None]) -> None:
    """Until either side has ended: a server that has answered, a browser that has gone."""
    tasks = [asyncio.ensure_future(upward), asyncio.ensure_future(downward)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    passed = 0
    while passed < MOST_BYTES and (some := await source.read(_HEAD)):
        passed += len(some)
        sink.write(some)
        await sink.drain()


async def _respond(server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An answer, told to be the last of its connection: the next request may be for another host."""
    while True:
        head = await server.readuntil(b"\r\n\r\n")
        first = head.partition(b"\r\n")[0]
        interim = first.split(b" ")[1:2] in ([b"100"], [b"102"], [b"103"])
        writer.write(head if interim else first + b"\r\n" + _closing(head))
        if not interim:
            return await _copy(server, writer)


def _closing(head: bytes) -> bytes:
    """The header lines of a request or answer, those for its own connection replaced."""
    lines = head.split(b"\r\n")[1:-2]
    kept = [line for line in lines if not line.lower().startswith(_HOP)]
    return b"\r\n".join([*kept, b"Connection: close", b"", b""])
