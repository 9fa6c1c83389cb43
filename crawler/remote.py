"""Files elsewhere, as fsspec reads them: on the web only from where a crawl would fetch too, and errors in words."""

import ipaddress
import socket
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import IO, Any

from crawler.guard import hosts_named, is_named, private, refusal
from kb.errors import UserError

_WEB = ("http", "https")
_LIBRARIES = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
"""What reads object storage by fsspec. Not among retold's extras: each brings its vendor's client, closely pinned."""


class RefusedError(OSError):
    """An address to which a file on the web leads, but which is not to be asked; the message says why."""


def require_library(scheme: str) -> None:
    """UserError for addresses that nothing installed here reads; it says what to install."""
    import fsspec

    try:
        fsspec.get_filesystem_class(scheme)
    except (ImportError, ValueError) as error:
        library = _LIBRARIES.get(scheme)
        raise UserError(f"{scheme}://: {f'pip install {library}' if library else error}") from error


@contextmanager
def opened(address: str) -> Iterator[IO[bytes]]:
    """A file elsewhere, to be read from its beginning. OSError and `failures` for what cannot be reached.

    Its own host may be anywhere, for somebody named it; where it redirects to is judged as a crawl's addresses are.
    """
    import fsspec

    web = address.partition("://")[0] in _WEB
    options = {"get_client": _client, "client_kwargs": {"named": tuple(hosts_named([address]))}} if web else {}
    try:
        with fsspec.open(address, "rb", **options) as file:
            yield file
    except failures() as error:  # fsspec and aiohttp tell what went wrong before the first byte in words of their own
        refused = _refused(error)
        if refused:
            raise refused from None
        if isinstance(error, FileNotFoundError) and web:
            raise OSError(f"not to be had there: {_answer(error)}") from error
        raise


def _answer(error: BaseException) -> str:
    """What fsspec calls a file not found for, whatever it was; without the address, which may hold a signature."""
    cause: BaseException | None = error
    while isinstance(cause, FileNotFoundError):
        cause = cause.__cause__
    status = getattr(cause, "status", None)
    return f"answered {status} {getattr(cause, 'message', '')}" if status else str(cause or "not found")


def _refused(error: BaseException | None) -> RefusedError | None:
    """The refusal that an error goes back to."""
    while error:
        if isinstance(error, RefusedError):
            return error
        error = error.__cause__
    return None


def failures() -> tuple[type[Exception], ...]:
    """What reading raises; the library behind an address is loaded by reading from it."""
    aiohttp, botocore = sys.modules.get("aiohttp"), sys.modules.get("botocore.exceptions")
    clients = ((aiohttp.ClientError,) if aiohttp else ()) + ((botocore.BotoCoreError,) if botocore else ())
    return (OSError, EOFError, ValueError, *clients)


@cache
def resolved_refusal(host: str) -> str | None:
    """Why a host named by somebody else is not to be asked, by the addresses that it has now."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return None  # nobody can connect to it either
    return next(filter(None, (private(ipaddress.ip_address(str(each).partition("%")[0])) for each in found)), None)


async def _client(*, loop: Any, named: Collection[str], **options: Any) -> Any:
    """A session that asks nothing inside this machine or network but the hosts that were named."""
    import aiohttp

    async def judged(request: Any, handler: Any) -> Any:  # called for every redirect too
        why = refusal(str(request.url), named)
        if why:
            raise RefusedError(f"leads to {request.url.host}: {why}")
        return await handler(request)

    connector = aiohttp.TCPConnector(resolver=_resolver(named))
    return aiohttp.ClientSession(loop=loop, connector=connector, middlewares=(judged,), **options)


def _resolver(named: Collection[str]) -> Any:
    import aiohttp
    from aiohttp.abc import AbstractResolver, ResolveResult

    class Judging(AbstractResolver):
        """Names by the addresses that are connected to."""

        def __init__(self) -> None:
            self._asked = aiohttp.DefaultResolver()

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            found = await self._asked.resolve(host, port, family)
            if not is_named(f"http://{host}:{port}", named):
                for each in found:
                    why = private(ipaddress.ip_address(each["host"].partition("%")[0]))
                    if why:
                        raise RefusedError(f"leads to {host}: {why}")
            return found

        async def close(self) -> None:
            await self._asked.close()

    return Judging()
