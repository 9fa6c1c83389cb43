"""What the visits of earlier crawls settle, so that a crawl need not ask again. Pure.

Only what is definite counts: a page that was off topic by the same signs, a second address of a page that is
held, and, where an interrupted crawl goes on, what that one was answered.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from crawler.addresses import key
from crawler.plan import Held
from kb.records import Visit

_SECOND = re.compile(r"(?:another address of|redirects to) (\S+?)(?:, which is fetched by itself)?")


def another_address(of: str) -> str:
    """The reason of a Visit to a page that calls itself by an address that is asked by itself."""
    return f"another address of {of}"


def redirects_to(target: str) -> str:
    """The reason of a Visit to an address that leads to one that is asked by itself."""
    return f"redirects to {target}, which is fetched by itself"


def left_addresses(
    visits: Iterable[Visit], held: Mapping[str, Held], *, terms_since: datetime, running_since: datetime | None
) -> set[str]:
    """Keys of addresses whose last visit settled them; `running_since` is the start of the crawl that goes on."""
    left: set[str] = set()
    for visit in visits:
        name = key(visit.url)
        resumed = running_since is not None and visit.at >= running_since
        off_topic = visit.action == "dropped" and visit.at >= terms_since
        if off_topic or _is_second(visit, held) or (resumed and _is_definite(visit)):
            left.add(name)
        else:
            left.discard(name)
    return left


def asked_captures(visits: Iterable[Visit], held: Mapping[str, Held], running_since: datetime) -> set[str]:
    """Ids of captures that the interrupted crawl asked for anew and found unchanged."""
    names = (key(visit.url) for visit in visits if visit.action == "unchanged" and visit.at >= running_since)
    return {held[name].snapshot for name in names if name in held}


def _is_second(visit: Visit, held: Mapping[str, Held]) -> bool:
    """While the first address is held; a page that was never had under that one is asked for under this."""
    found = _SECOND.fullmatch(visit.reason) if visit.action == "unchanged" else None
    return bool(found and key(found[1]) in held)


def _is_definite(visit: Visit) -> bool:
    """Answers that a crawl of the same hour would get again: gone, forbidden, too large."""
    status = visit.status or 0
    gone = visit.action == "failed" and 400 <= status < 500 and status not in (408, 425, 429)
    return gone or (visit.action == "refused" and visit.reason.startswith("larger than "))
