"""`retold backfill`: news archives by the terabyte -> the Snapshots of the pages in them that concern a study.

One pass over the files serves all studies. Workers read, sift and judge; only the caller writes, piece by piece, and
then notes the file as done: a run that was killed goes on with the files that are not noted, and what it had kept of
them is known by its id.
"""

import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import attrs

from crawler import remote
from crawler.entries import Problem
from crawler.guard import hosts_named, is_named, refusal
from crawler.imports import Importer
from crawler.pipelines import catch_up
from crawler.plan import begins
from crawler.revisits import UNKNOWN, Held, Revisit
from crawler.sifting import Piece, Sifted, Sifting, shown
from crawler.terms import terms_of
from kb.archive import Archive
from kb.claims import Study
from kb.errors import UserError
from kb.executor import Attempt, Derived, Item
from kb.executors import choose
from kb.records import Visit, canonical_json, sha256
from kb.settings import Settings
from kb.store import RecordStore

DONE = "backfilled.jsonl"
"""In the data folder: the files that were read to their end, and for which signs of the study."""
WARCS = (".warc", ".warc.gz", ".warc.zst", ".warc.lz4")
LIST_BYTES = 50_000_000
"""Of a list, unpacked: half a million addresses."""
_SIGNS = "2"
"""Raised when what a study is recognised by in an archive changes: every file is then read once more."""


@attrs.frozen(kw_only=True)
class Target:
    """A study that pages are looked for, and where they go."""

    study: Study
    settings: Settings
    archive: Archive
    store: RecordStore

    @property
    def signs(self) -> str:
        """Digest of what its pages are recognised by."""
        bounds = [str(begins(self.study)), self.settings.crawl.max_bytes]
        return sha256(canonical_json([_SIGNS, bounds, attrs.asdict(terms_of(self.study))]).encode())


@attrs.frozen(kw_only=True)
class BackfillSummary:
    """What one backfill did."""

    files: int
    """Read now, to their end or to where they are damaged."""
    already: int
    """Read by an earlier run and left alone."""
    records: int
    counts: Mapping[str, Mapping[str, int]]
    """By study, pages by Visit action."""
    passed: Mapping[str, int]
    """Records that could not be looked at, by reason."""
    problems: tuple[Problem, ...]

    @property
    def complete(self) -> bool:
        return not self.problems


Progress = Callable[[int, int], None]
"""Called with how many files are done, and of how many."""


def backfill(
    files: Sequence[str], targets: Sequence[Target], now: datetime, *, on_progress: Progress
) -> BackfillSummary:
    """Look through web archives, each a path or an address as fsspec takes it, for pages about the targets' studies."""
    for scheme in sorted({name.partition("://")[0] for name in files if "://" in name}):
        remote.require_library(scheme)
    for target in targets:
        catch_up(target.archive, target.store)
    run = _Run(targets, now)
    named = dict.fromkeys(map(_located, files))
    waiting = [name for name in named if not run.is_done(name)]
    settings = targets[0].settings
    sifting = Sifting([target.study for target in targets], settings.crawl.max_bytes)
    pieces = [Piece(name) for name in waiting]
    executor = choose(settings, len(pieces), least=2, batch=1)
    while pieces:
        items = (Item(key=piece.address, payload=piece) for piece in pieces)
        pieces = []
        for attempt in executor.map(sifting, items):
            rest = run.take(attempt)
            if rest:
                pieces.append(rest)
            else:
                on_progress(run.files, len(waiting))
    return run.summary(already=len(named) - len(waiting))


class _Run:
    """Writes what workers found, and keeps the count."""

    def __init__(self, targets: Sequence[Target], now: datetime) -> None:
        self._targets = [(each, Importer(each.study, each.archive, each.store, now), each.signs) for each in targets]
        self._held = [Held(target.store) for target in targets]
        self._done = [_done(target.settings.data_dir / DONE, signs) for target, _, signs in self._targets]
        self._states: dict[str, str] = {}
        """By file, what it was before it was read: it may grow meanwhile."""
        self._passed: Counter[str] = Counter()
        self._problems: list[Problem] = []
        self._records = 0
        self.files = 0

    def is_done(self, name: str) -> bool:
        """Whether the file as it is now was read for every study, as they are now."""
        state = self._states.setdefault(name, _state(name))
        return all(done.get(shown(name)) == state for done in self._done)

    def take(self, attempt: Attempt) -> Piece | None:
        """Write what a piece held; what is left of its file."""
        name = attempt.item.key
        if not isinstance(attempt.result, Derived):
            self._problems.append(Problem(where=shown(name), what=_told(name, attempt.error)))
            return None
        sifted: Sifted = attempt.result.records[0]
        self._records += sifted.records
        self._passed.update(sifted.passed)
        for at, (_, importer, _) in enumerate(self._targets):
            found = [item for study, item in sifted.found if study == at]
            importer.note([item for item in found if isinstance(item, Visit)])
            for item in found:
                if not isinstance(item, Visit):
                    importer.keep(item)
            importer.flush()
        self._note_revisits(sifted.revisits)
        if sifted.rest is not None:
            return Piece(name, sifted.rest)
        self.files += 1
        nothing = not sifted.records and not attempt.item.payload.skip
        if sifted.problem or nothing:  # an empty file is a download that failed, not an archive that was read
            told = sifted.problem or "empty: not one record"
            self._problems.append(Problem(where=shown(name), what=_told(name, told)))
        else:
            self._note_done(name)
        return None

    def _note_revisits(self, revisits: Sequence[Revisit]) -> None:
        """One of what a study has is a visit that found it unchanged; of another, nobody here has seen the page."""
        known: set[Revisit] = set()
        for (_, importer, _), held in zip(self._targets, self._held, strict=True):
            again = list(held.seen_again(revisits)) if revisits else []
            importer.note([visit for _, visit in again])
            known.update(revisit for revisit, _ in again)
        if len(known) < len(revisits):
            self._passed[UNKNOWN] += len(revisits) - len(known)

    def _note_done(self, name: str) -> None:
        for target, _, signs in self._targets:
            line = json.dumps({"file": shown(name), "state": self._states[name], "signs": signs})
            with (target.settings.data_dir / DONE).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    def summary(self, already: int) -> BackfillSummary:
        return BackfillSummary(
            files=self.files,
            already=already,
            records=self._records,
            counts={target.study.slug: dict(+importer.counts) for target, importer, _ in self._targets},
            passed=dict(self._passed),
            problems=tuple(self._problems),
        )


def _done(path: Path, signs: str) -> dict[str, str]:
    """The state in which each file was read for these signs; a line that a kill left torn says nothing."""
    found: dict[str, str] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                noted: Any = json.loads(line)
                if noted["signs"] == signs:
                    found[noted["file"]] = noted["state"]
            except (ValueError, KeyError, TypeError):
                continue
    return found


def _state(name: str) -> str:
    """What a file is known to be unchanged by: here its size and time; archives elsewhere are written once."""
    if "://" in name:
        return sha256(name.encode("utf-8", "surrogateescape"))
    path = Path(name)
    status = path.stat() if path.exists() else None
    return f"{status.st_size} {status.st_mtime_ns}" if status else ""


def _told(name: str, problem: object) -> str:
    """What went wrong with a file, without the secrets of its address."""
    return str(problem).replace(name, shown(name))


def _located(name: str) -> str:
    """A path as every worker finds it."""
    return name if "://" in name else str(Path(name).absolute())


# --- names of files ----------------------------------------------------------------------------------


def files_of(names: Iterable[str], base: str | None, stdin: IO[bytes]) -> list[str]:
    """The archives that names lead to: paths and addresses of them, globs, folders, and lists of all these (`-` too).

    `base`: what relative lines of a list lie below, as those of Common Crawl do; by default the list's own place.
    """
    found = [file for name in names for file in _named(name, base, stdin)]
    if not found:
        raise UserError("no web archive among them (.warc, .warc.gz, .warc.zst)")
    return found


def _named(name: str, base: str | None, stdin: IO[bytes]) -> Iterator[str]:
    import fsspec

    if name == "-":
        yield from _listed(name, _content(name, stdin), base or "")
        return
    remote, path = "://" in name, Path(name)
    if not remote and path.is_dir():
        yield from sorted(str(file) for file in path.rglob("*") if _is_archive(str(file)) and not file.is_dir())
    elif not remote and path.exists():
        if _is_archive(name):
            yield name
            return
        with path.open("rb") as file:
            yield from _listed(name, _content(name, file), base or str(path.parent))
    elif "*" in name or (not remote and "[" in name):
        system, inner = _tried(name, lambda: fsspec.url_to_fs(name))
        matches = _tried(name, lambda: system.glob(inner))
        if not matches:
            raise UserError(f"{shown(name)}: no file matches")
        yield from (system.unstrip_protocol(match) if remote else str(match) for match in sorted(matches))
    elif not remote:
        raise UserError(f"{shown(name)}: no such file or folder")
    elif _is_archive(name):
        yield name
    else:
        for listed in _listed(name, _tried(name, lambda: _fetched(name)), base or name):
            _require_outside(listed, name, base or name)
            yield listed


def _fetched(name: str) -> bytes:
    with remote.opened(name) as file:
        return _content(name, file)


def _require_outside(listed: str, name: str, base: str) -> None:
    """UserError where a list from elsewhere leads into this machine or its network, which its writer is not to see."""
    scheme, _, rest = listed.partition("://")
    home = base.partition("://")[0]
    web = scheme in ("http", "https")
    if not rest or (scheme != home and not web):
        raise UserError(f"{shown(name)}: a list from elsewhere may name no {scheme if rest else 'file'} here: {listed}")
    named = hosts_named([base, name])
    why = refusal(listed, named) if web else None
    if web and not why and not is_named(listed, named):
        why = remote.resolved_refusal(urlsplit(listed).hostname or "")
    if why:
        raise UserError(f"{shown(name)}: {why}; name the file itself to have it read")


def _is_archive(name: str) -> bool:
    return shown(name).lower().endswith(WARCS)


def _content(name: str, file: IO[bytes]) -> bytes:
    """A list's, unpacked; UserError for what is none."""

    def read() -> bytes:
        head = file.read(LIST_BYTES + 1)
        packed = head.startswith(b"\x1f\x8b")
        return gzip.GzipFile(fileobj=io.BytesIO(head)).read(LIST_BYTES + 1) if packed else head

    content: bytes = _tried(name, read)
    if content.startswith(b"WARC/"):
        raise UserError(f"{shown(name)}: a web archive by its content; give it a name that ends in .warc or .warc.gz")
    if len(content) > LIST_BYTES:
        raise UserError(f"{shown(name)}: too long for a list of archives ({LIST_BYTES:,} bytes at most)")
    return content


def _listed(name: str, content: bytes, base: str) -> Iterator[str]:
    """The archives that a list names; UserError for a line that is none, as all are of a page or another file."""
    for number, line in enumerate(content.decode("utf-8", "surrogateescape").splitlines(), 1):
        named = line.strip()
        if named and not named.startswith("#"):
            absolute = "://" in named or named.startswith("/") or not base
            file = named if absolute else _below(base, named)
            address = "://" in named and named.partition("://")[0].replace("+", "").isalnum()
            if not address and not _is_archive(file):  # what an address leads to may have any name
                kinds = ", ".join(WARCS)
                raise UserError(f"{shown(name)}: line {number} names no web archive ({kinds}): {shown(file)[:80]}")
            yield file


def _below(base: str, named: str) -> str:
    """`urljoin` knows the schemes of the web alone."""
    scheme, _, rest = base.partition("://")
    if not rest:
        return str(Path(base) / named)
    return f"{scheme}://{urljoin(f'https://{rest}', named).removeprefix('https://')}"


def _tried(name: str, opening: Callable[[], Any]) -> Any:
    """What fsspec gives; UserError for what it cannot reach or has no library for."""
    try:
        return opening()
    except _unreachable() as error:
        raise UserError(f"{shown(name)}: {_told(name, error)}") from error


def _unreachable() -> tuple[type[Exception], ...]:
    return (*remote.failures(), ImportError, zlib.error)
