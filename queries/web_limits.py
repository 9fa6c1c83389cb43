"""How often a client of the web UI may try the token, and ask; counted in memory by the library `limits`."""

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from kb.errors import UserError

TRIES = "10/minute"
"""Wrong tokens from one address, after which not even the right one opens. A token has 12 signs at least."""
SHARED = "600/minute"
"""Requests of one client where others may come in: nobody reads ten pages a second, nor types so many searches."""


class Allowance:
    """What clients have left in this minute, or whatever span the limit names."""

    def __init__(self, limit: str | None) -> None:
        """UserError for a limit that cannot be read."""
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._tries = read(TRIES)
        self._requests = read(limit) if limit else None

    def tries_again_in(self, address: str) -> int:
        """Seconds until an address may try a token again; 0 where it may now."""
        return 0 if self._limiter.test(self._tries, "token", address) else self._left(self._tries, "token", address)

    def tried(self, address: str) -> None:
        """Note a token that was wrong."""
        self._limiter.hit(self._tries, "token", address)

    def take(self, client: str) -> int:
        """Count a request: 0 where it is answered, else the seconds until one will be."""
        if self._requests is None or self._limiter.hit(self._requests, "request", client):
            return 0
        return self._left(self._requests, "request", client)

    def _left(self, item: RateLimitItem, *of: str) -> int:
        return max(1, math.ceil(self._limiter.get_window_stats(item, *of).reset_time - time.time()))


def read(limit: str) -> RateLimitItem:
    """A limit as it is written on the command line; UserError for what is none."""
    try:
        return parse(limit)
    except ValueError as error:
        raise UserError(f"--limit {limit!r}: write it as 600/minute or 5 per second; `none` for no limit") from error
