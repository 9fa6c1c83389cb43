"""What `search` and `quotes` do: read days and filters, ask, give the contract's shapes."""

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from kb import quotes as quoting
from kb.errors import UserError
from kb.reader import Filter
from kb.records import rfc3339
from kb.workspace import Workspace
from queries.models import require_embedder
from queries.review import speakers
from queries.search import Hit, Mode, Searcher, to_json

_AGO = re.compile(r"(\d{1,4})([hdwmy])")
_UNITS = {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "m": timedelta(days=30),
    "y": timedelta(days=365),
}


@attrs.frozen(kw_only=True)
class Answer:
    """What a search gave."""

    hits: tuple[Hit, ...]
    plain: Mapping[str, object]
    """CONTRACT's `search` shape."""
    busy: bool
    """Another process had the search index; the vectors were compared one by one."""
    empty: bool
    """Nothing has been captured yet, so there was nothing to search."""


def now() -> datetime:
    """The one place of the queries that reads the clock."""
    return datetime.now(UTC)


def moment(given: str | None, at: datetime) -> datetime | None:
    """`2026-04-01`, an RFC 3339 time, or so long ago: `36h`, `10d`, `2w`, `3m`, `1y`."""
    if given is None:
        return None
    try:
        if ago := _AGO.fullmatch(given):
            return at - int(ago[1]) * _UNITS[ago[2]]
        read = datetime.fromisoformat(given)
    except (ValueError, OverflowError) as error:
        raise UserError(f"{given!r} is no day: write 2026-04-01, or 2w for two weeks back (h, d, w, m, y)") from error
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def narrowed(
    workspace: Workspace,
    *,
    speaker: str | None,
    source: str | None,
    since: str | None,
    until: str | None,
    kind: str | None,
) -> Filter:
    """The filter that the options of `search` describe; a speaker counts under every spelling of the name."""
    names = _spellings(workspace, speaker) if speaker else None
    at = now()
    first, end = moment(since, at), moment(until, at)
    if first and end and first >= end:
        raise UserError(f"--since {since} is not before --until {until}")
    return Filter(kind=kind, speaker=names, source=source, since=first, until=end)


def _spellings(workspace: Workspace, speaker: str) -> tuple[str, ...]:
    known = next((s for s in workspace.study.speakers if speaker in (s.slug, s.name, *s.aliases)), None)
    given = (known.name, *known.aliases) if known else (speaker,)
    spoken = next((v for v in speakers(workspace) if set(given) & {v.name, *v.spellings}), None)
    return tuple(dict.fromkeys((*given, *(spoken.spellings if spoken else ()))))


def search(workspace: Workspace, query: str, k: int, mode: Mode, within: Filter) -> Answer:
    """The best wordings for a query."""
    if not re.search(r"\w", query):
        raise UserError("the query has no word in it")
    if mode != "lexical":
        require_embedder(workspace)
    started = time.perf_counter()
    busy: list[bool] = []
    searcher = Searcher(
        reader=workspace.reader,
        index=lambda: workspace.searchable(lambda: busy.append(True)),
        lexical=workspace.lexical,
        encode=workspace.embedder.encode,
        embed_tool=workspace.embedder.tool.id,
        study=workspace.study,
    )
    hits = searcher.search(query, k=k, mode=mode, narrowed=within)
    took_ms = (time.perf_counter() - started) * 1000
    empty = not hits and not workspace.store.count_snapshots()
    return Answer(hits=hits, plain=to_json(query, mode, took_ms, hits), busy=bool(busy), empty=empty)


def quotes(workspace: Workspace) -> Iterator[Mapping[str, Any]]:
    """Every quote of the coverage with where it stands: an `extract` quote and its article."""
    for retelling in workspace.reader.coverage(workspace.study).retellings:
        published = retelling.extraction.published_at
        for quote in retelling.quotes:
            yield {
                "id": quote.id,
                "url": retelling.article.canonical_url,
                "source": retelling.source.slug,
                "title": retelling.extraction.title,
                "published_at": rfc3339(published) if published else None,
                "snapshot": retelling.snapshot.body_sha256,
                **quoting.to_json(retelling.text.text, quote),
            }
