"""How long `retold serve` waits for a request, and for how large a head: uvicorn alone waits for ever, and its quicker
parser takes in a head without end.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

WHOLE_S = 30.0
"""In which a request has to come whole: the largest is a form of some kilobytes. Before the first one, too."""

_AWAITED = (h11.IDLE, h11.SEND_BODY)


class Impatient(H11Protocol):
    """A connection that is closed where a request does not come whole in time. h11 refuses heads of 64 KB."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state not in _AWAITED:
            self._stop()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(WHOLE_S, self.transport.abort)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
