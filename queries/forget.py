"""`forget` and `captures`: which captures an address has, taking them down, and what is left of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import attrs
from rapidfuzz import fuzz, process

from kb import takedown
from kb.capturelog import Notice, forgotten_addresses
from kb.errors import UserError
from kb.records import Snapshot, rfc3339
from kb.workspace import Workspace
from queries.plain import counted

Key = Callable[[str], str]
"""What two spellings of one address share."""

_NEAREST = 3


@attrs.frozen(kw_only=True)
class Forgotten:
    """What `forget` did."""

    taken: takedown.Taken
    again: bool
    """The address had been taken down before and nothing of it was held; only leftovers were looked for."""


def captures(workspace: Workspace, url: str | None, key: Key) -> list[Snapshot]:
    """Every capture in order of time, or those of one address, whatever it was asked or redirected under."""
    held = sorted(workspace.store.snapshots(), key=lambda snapshot: (snapshot.requested_url, snapshot.fetched_at))
    if url is None:
        return held
    found = _of(workspace, held, url, key)
    if not found and not _tombstones(workspace, url, key):
        raise _unknown(url, _addresses(held), "nothing is captured under")
    return found


def forget(workspace: Workspace, url: str, key: Key, *, reason: str, by: str, at: datetime) -> Forgotten:
    """Take down every capture of an address. The caller has the folder for itself: a crawl would bring it back, a
    build would derive from it once more.
    """
    if not reason.strip():
        raise UserError("say why with --reason: the tombstone keeps it")
    held = workspace.store.snapshots()
    found = _of(workspace, held, url, key)
    if not found and not _tombstones(workspace, url, key):
        raise _unknown(url, _addresses(held), "nothing is captured under")
    request = takedown.Request(
        snapshots=frozenset(snapshot.id for snapshot in found),
        addresses=tuple(dict.fromkeys([url, *_addresses(found)])),
        reason=reason.strip(),
        by=by,
        at=at,
    )
    taken = takedown.take_down(workspace.archive, request)
    workspace.finish_takedown(workspace.store)
    workspace.indexing.reconcile()
    return Forgotten(taken=taken, again=not found)


def undo(workspace: Workspace, url: str, key: Key, *, reason: str, by: str, at: datetime) -> tuple[str, ...]:
    """Let an address be fetched again; the addresses that may be now."""
    left = forgotten_addresses(workspace.archive.notices())
    named = {address for notice in _tombstones(workspace, url, key) for address in notice.addresses}
    found = tuple(sorted(named & left))
    if not found:
        raise _unknown(url, left, "nothing was forgotten under")
    takedown.allow(workspace.archive, found, reason=reason.strip() or "undone", by=by, at=at)
    return found


def _of(workspace: Workspace, held: Iterable[Snapshot], url: str, key: Key) -> list[Snapshot]:
    """By the addresses asked and answered, and by the one that the page itself calls its own."""
    wanted = key(url)
    own = workspace.reader.canonical_urls()
    return [
        snapshot
        for snapshot in held
        if wanted in {key(name) for name in (snapshot.requested_url, snapshot.final_url, own.get(snapshot.id, ""))}
    ]


def _tombstones(workspace: Workspace, url: str, key: Key) -> list[Notice]:
    return [
        notice
        for notice in workspace.archive.notices()
        if notice.kind == "forgotten" and key(url) in map(key, notice.addresses)
    ]


def _addresses(held: Iterable[Snapshot]) -> list[str]:
    return list(dict.fromkeys(name for snapshot in held for name in (snapshot.requested_url, snapshot.final_url)))


def _unknown(url: str, known: Iterable[str], what: str) -> UserError:
    near = [name for name, _, _ in process.extract(url, list(known), scorer=fuzz.ratio, limit=_NEAREST)]
    told = f"; the nearest are {', '.join(near)}" if near else "; there are no captures yet"
    return UserError(f"{what} {url}{told}")


def capture_json(snapshot: Snapshot) -> Mapping[str, object]:
    """A line of `captures`."""
    return {
        "id": snapshot.id,
        "url": snapshot.requested_url,
        "final_url": snapshot.final_url,
        "fetched_at": rfc3339(snapshot.fetched_at),
        "status": snapshot.status,
        "sha256": snapshot.body_sha256,
        "source": snapshot.source,
        "warc": snapshot.warc,
        "offset": snapshot.offset,
    }


def lines(found: Sequence[Snapshot]) -> Iterator[str]:
    """The same as text, an address with its captures below it."""
    shown = ""
    for snapshot in found:
        if snapshot.requested_url != shown:
            shown = snapshot.requested_url
            yield shown
        elsewhere = f"  -> {snapshot.final_url}" if snapshot.final_url != shown else ""
        place = f"{snapshot.warc}@{snapshot.offset}"
        yield f"  {rfc3339(snapshot.fetched_at)}  {snapshot.body_sha256[:19]}…  {place}{elsewhere}"


def forgotten_json(done: Forgotten) -> Mapping[str, object]:
    """`forget --json`."""
    return {
        "forgotten": [capture_json(snapshot) for snapshot in done.taken.captures],
        "kept_elsewhere": [capture_json(snapshot) for snapshot in done.taken.elsewhere],
    }


def told(done: Forgotten) -> Iterator[str]:
    """The same as text."""
    if done.again:
        yield "it was taken down before, and nothing more of it is held"
        return
    count = counted(len(done.taken.captures), "capture")
    yield f"forgotten: {count}; no crawl fetches the address again, --undo allows it"
    for snapshot in done.taken.elsewhere:
        yield f"the same bytes stay as {snapshot.requested_url}: forget that too if they are to go"
    yield "reports and exports that were written before still have it"
