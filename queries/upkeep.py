"""`doctor`: what is installed and held, what was dropped and why, what is stale."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import attrs

from kb import takedown
from kb.capturelog import Notice
from kb.errors import DataError, LostError, UserError
from kb.minilm import EMBEDDED, MiniLM
from kb.pipeline import STAGES
from kb.records import LEFT_OUT, Snapshot, Visit, rfc3339
from kb.workspace import Workspace
from queries.days import now
from queries.models import require_embedder, require_parser
from queries.plain import counted

if TYPE_CHECKING:
    from rich.console import Console

LIBRARIES = (
    "retold",
    "scrapy",
    "trafilatura",
    "spacy",
    "onnxruntime",
    "sentence-transformers",
    "torch",
    "chromadb",
    "sqlalchemy",
    "warcio",
)

LISTED_VISITS = 50
"""Dropped addresses shown as text; --json gives all."""


@attrs.frozen(kw_only=True)
class State:
    """What `doctor` found."""

    versions: Mapping[str, str]
    """`missing` for what is not installed; models are `there`, `missing` or `damaged`."""
    store: str
    """Where the records lie: a file, or a server with its version."""
    index: str
    """Where the vector index lies, likewise."""
    captures: int
    unread: int
    """Captures that no build has looked at."""
    ahead: int
    """Captures dated later than now: the clock was wrong when they were made, or it is now."""
    outcomes: Mapping[str, Mapping[str, int]]
    """Stage -> status or rejection code -> how many."""
    failures: tuple[tuple[str, str, str], ...]
    """Stage, input, what was raised."""
    index_held: int
    """Wordings that the vector index holds, before any fixing."""
    index_missing: int
    """Wordings that the vector index should hold and does not, before any fixing."""
    index_extra: int
    index_damage: str | None
    """What is wrong with the vector index's files, before any fixing."""
    index_away: str | None
    """Why the vector index's server was not asked; what it lacks is not known then."""
    fixed: bool
    unused_speakers: tuple[str, ...]
    """Speakers of claims.yaml whom no quote of the coverage names."""
    dropped: tuple[Visit, ...]
    """What was left at the latest visit, in order of time; what a later crawl kept is not among it."""
    tombstones: tuple[tuple[Snapshot, Notice], ...]
    """What was taken down."""

    @property
    def healthy(self) -> bool:
        index_ok = self.fixed or not (self.index_missing or self.index_extra or self.index_damage)
        index_ok = index_ok and not self.index_away
        return index_ok and not self.failures and not {"missing", "damaged"} & set(self.versions.values())


def state(workspace: Workspace, *, fix: bool) -> State:
    """Look everything over; with `fix`, bring the index in step with the record store."""
    outcomes = {stage: workspace.reader.outcomes(stage) for stage in STAGES}
    expected = workspace.indexing.expected()
    index, held, damage, away = _index(workspace, expected)
    if fix:
        workspace.indexing.reconcile()
    captures, moment = workspace.store.count_snapshots(), now()
    return State(
        versions={**versions(LIBRARIES), **_models(workspace)},
        store=workspace.store.place,
        index=index,
        captures=captures,
        unread=workspace.reader.unread(),
        ahead=sum(held.fetched_at > moment for held in workspace.store.snapshots()),
        outcomes={
            stage: dict(Counter(o.code if o.status == "rejected" else o.status for o in rows))
            for stage, rows in outcomes.items()
            if rows
        },
        failures=tuple((o.stage, o.input, o.code) for rows in outcomes.values() for o in rows if o.status == "failed"),
        index_held=len(held),
        index_missing=0 if away else len(expected.keys() - held),
        index_extra=len(held - expected.keys()),
        index_damage=damage,
        index_away=away,
        fixed=fix,
        unused_speakers=_unused_speakers(workspace),
        dropped=tuple(visit for visit in workspace.store.latest_visits() if visit.action in LEFT_OUT),
        tombstones=tuple((entry.snapshot, notice) for entry, notice in takedown.tombstones(workspace.archive)),
    )


def _index(workspace: Workspace, expected: Mapping[str, str]) -> tuple[str, set[str], str | None, str | None]:
    """Where the vector index lies, what it holds, what is wrong with it, and why it was not asked."""
    server = workspace.index_server
    place = server.place if server else str(workspace.settings.index_dir)
    try:
        place = workspace.indexing.place
        return place, workspace.indexing.check(expected), None, None
    except DataError as error:
        return place, set(), str(error), None
    except (UserError, LostError) as error:
        if server is None:
            raise
        return place, set(), None, str(error)
    finally:
        workspace.indexing.close()


def versions(names: Sequence[str]) -> dict[str, str]:
    """What of these is installed."""
    return {name: _version(name) for name in names}


def own_version() -> str:
    """Of retold itself."""
    return _version("retold")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _models(workspace: Workspace) -> Mapping[str, str]:
    """The models that the settings name, by the names they have there."""
    settings = workspace.settings
    found = {settings.spacy_model: _present(lambda: require_parser(settings))}
    embedded = settings.embedding_model == EMBEDDED
    found[settings.embedding_model] = _present(MiniLM().check if embedded else lambda: require_embedder(workspace))
    return found


def _present(require: Callable[[], None]) -> str:
    try:
        require()
    except UserError:
        return "missing"
    except DataError:
        return "damaged"
    return "there"


def _unused_speakers(workspace: Workspace) -> tuple[str, ...]:
    """None where there is no coverage yet: that says nothing about the names."""
    retellings = workspace.reader.coverage(workspace.study).retellings
    if not retellings:
        return ()
    named = {(quote.speaker_name or "").casefold() for retelling in retellings for quote in retelling.quotes}
    return tuple(
        speaker.slug
        for speaker in workspace.study.speakers
        if not any(name.casefold() in said for name in (speaker.name, *speaker.aliases) for said in named)
    )


def state_json(found: State) -> Mapping[str, object]:
    """`doctor --json`."""
    plain = attrs.asdict(found, filter=lambda field, _: field.name not in ("dropped", "tombstones"))
    plain["healthy"] = found.healthy
    plain["dropped"] = [
        {
            "url": v.url,
            "at": rfc3339(v.at),
            "action": v.action,
            "reason": v.reason,
            "status": v.status,
            "found_in": v.found_in,
        }
        for v in found.dropped
    ]
    plain["tombstones"] = [
        {
            "url": held.requested_url,
            "fetched_at": rfc3339(held.fetched_at),
            "sha256": held.body_sha256,
            "at": rfc3339(notice.at),
            "reason": notice.reason,
            "by": notice.by,
        }
        for held, notice in found.tombstones
    ]
    return plain


def print_state(found: State, console: "Console") -> None:
    """The same as text."""
    from rich.markup import escape

    console.print("versions  " + "  ".join(f"{name} {number}" for name, number in found.versions.items()))
    console.print(f"records   {escape(found.store)}", soft_wrap=True)
    told = found.index_away or f"{found.index}: {counted(found.index_held, 'wording')}"
    console.print(f"vectors   {escape(told)}", soft_wrap=True)
    console.print(f"captures  {found.captures}")
    if found.unread:
        console.print(f"unread    {counted(found.unread, 'capture')}: `retold build` reads them")
    if found.ahead:
        told = f"{counted(found.ahead, 'capture')} dated later than now: the clock was wrong then, or it is now"
        console.print(f"clock     {told}; the lines of captures.jsonl stand in the order of capture all the same")
    for stage, counts in found.outcomes.items():
        console.print(f"{stage:<9} " + "  ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    if found.index_damage:
        console.print(f"index     damaged: {escape(found.index_damage)}{'; made anew' if found.fixed else ''}")
    elif found.index_missing or found.index_extra:
        done = "mended" if found.fixed else "`retold doctor --fix` mends that"
        console.print(f"index     {found.index_missing} wordings missing, {found.index_extra} too many: {done}")
    for stage, key, problem in found.failures:
        console.print(f"failed    {stage} {key}: {escape(problem)}")
    for slug in found.unused_speakers:
        console.print(f"speaker   {slug}: no quote in the coverage names them")
    for held, notice in found.tombstones:
        told = (
            f"{held.requested_url} of {rfc3339(held.fetched_at)}: {notice.reason} ({notice.by}, {rfc3339(notice.at)})"
        )
        console.print(f"forgotten {escape(told)}")
    if found.dropped:
        counts = Counter(visit.action for visit in found.dropped)
        console.print("left      " + "  ".join(f"{count} {action}" for action, count in sorted(counts.items())))
    for visit in found.dropped[-LISTED_VISITS:]:
        console.print(f"{visit.action:<9} {escape(visit.url)}: {escape(visit.reason)}")
    if len(found.dropped) > LISTED_VISITS:
        console.print(f"… and {len(found.dropped) - LISTED_VISITS} more; `retold doctor --json` lists all")
