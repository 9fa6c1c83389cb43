"""Revisit records of web archives -> visits: the page that a study has was there unchanged at a later time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import attrs

from crawler.addresses import key
from kb.records import Snapshot, Visit, rfc3339
from kb.store import RecordStore

UNKNOWN = "that only say that a page not kept here was unchanged"
"""What is told of the others."""


@attrs.frozen(kw_only=True)
class Revisit:
    """A record that says: at this time the address gave the same bytes as another record holds."""

    url: str
    at: datetime
    of_url: str
    of_at: datetime
    """When the other was fetched, to the second."""
    found_in: str


class Held:
    """The captures of a study by address and time; read anew when there are more."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._count = 0
        self._captures: dict[tuple[str, datetime], Snapshot] = {}

    def seen_again(self, revisits: Sequence[Revisit]) -> Iterator[tuple[Revisit, Visit]]:
        """Those that refer to a capture of the same address, each with the visit that it stands for."""
        count = self._store.count_snapshots()
        if count != self._count:
            self._captures = dict(_placed(self._store.snapshots()))
            self._count = count
        for revisit in revisits:
            capture = self._captures.get((key(revisit.of_url), revisit.of_at))
            if capture and key(revisit.url) == key(revisit.of_url):
                yield revisit, _visit(revisit, capture)


def _placed(captures: Iterable[Snapshot]) -> Iterator[tuple[tuple[str, datetime], Snapshot]]:
    for capture in captures:
        yield (key(capture.requested_url), capture.fetched_at.replace(microsecond=0)), capture


def _visit(revisit: Revisit, capture: Snapshot) -> Visit:
    return Visit(
        url=capture.requested_url,
        at=revisit.at,
        action="unchanged",
        reason=f"the archive found the same bytes as captured at {rfc3339(capture.fetched_at)}",
        status=capture.status,
        found_in=revisit.found_in,
        source=capture.source,
    )
