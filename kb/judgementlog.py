"""The log of judgements: what people decided, appended line by line beside the capture log, and never rewritten.

Judgements cannot be made again. They stand in the record store to be asked, and here so that a damaged, lost or older
record store takes none of them along. Each line holds the digest of the line before it.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
import cattrs
from filelock import FileLock, Timeout

from kb.errors import UserError
from kb.folders import keep_names
from kb.records import Judgement, canonical_json
from kb.state import converter

LOG = "judgements.jsonl"
GENESIS = hashlib.sha256(b"retold judgement log").hexdigest()
"""The `prev` of the first line."""

BUSY_S = 60.0
"""How long one who decides waits for another."""

_CONVERTER = converter(forbid_extra_keys=True)


@attrs.frozen(kw_only=True)
class _Line:
    """A judgement as it was entered, or, once more, as it was withdrawn."""

    judgement: Judgement
    prev: str
    """SHA-256 of the line before, as it lies there."""
    hash: str = ""
    """SHA-256 of this line without it: a damaged last line, too, must not pass for a decision."""

    @property
    def sealed(self) -> "_Line":
        bare = attrs.evolve(self, hash="")
        return attrs.evolve(self, hash=hashlib.sha256(_written(bare)).hexdigest())


class JudgementLog:
    """One file in the folder of the archive. Any number of readers; whoever appends has the lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / LOG
        self._lock = FileLock(folder / ".judgements.lock")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While somebody decides, nobody else does; entered again by whoever is in it already. A line that a killed
        process left unfinished is cut off: it was told to nobody.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=BUSY_S)
        except Timeout as error:
            raise UserError(f"{self.file} is being written by another process; try again when it is done") from error
        try:
            self._cut_torn()
            yield
        finally:
            self._lock.release()

    def append(self, judgements: Iterable[Judgement]) -> None:
        """Durably, all in one write."""
        with self.alone():
            lines = self._lines()
            prev = hashlib.sha256(lines[-1]).hexdigest() if lines else GENESIS
            made: list[bytes] = []
            for judgement in judgements:
                made.append(_written(_Line(judgement=judgement, prev=prev).sealed))
                prev = hashlib.sha256(made[-1]).hexdigest()
            if not made:
                return
            with self.file.open("ab") as out:
                out.write(b"".join(made))
                out.flush()
                os.fsync(out.fileno())
            if not lines:
                keep_names(self.folder)

    def held(self) -> Mapping[str, Judgement]:
        """Every judgement by its id, as it stands; damaged lines, which `problems` tells, are passed over."""
        found: dict[str, Judgement] = {}
        for line in self._lines():
            read = _read(line)
            known = found.get(read.judgement.id) if read else None
            if read and (known is None or not known.withdrawn_at):
                found[read.judgement.id] = read.judgement
        return found

    def digest(self) -> str | None:
        """Of the whole file as it lies there; None where there is none."""
        try:
            with self.file.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return None

    def digests(self) -> list[str]:
        """Of each line, as it lies there."""
        return [hashlib.sha256(line).hexdigest() for line in self._lines()]

    def problems(self) -> list[tuple[str, str]]:
        """Where the log is damaged, and how."""
        found: list[tuple[str, str]] = []
        prev = GENESIS
        for number, line in enumerate(self._lines(), 1):
            read, where = _read(line), f"{LOG}:{number}"
            if read is None or _written(read) != line:
                found.append((where, "not a line of this log"))
            elif read.prev != prev:
                found.append((where, "the hash chain is broken here"))
            prev = hashlib.sha256(line).hexdigest()
        if _is_whole(self._tail()):
            found.append((LOG, "its last line does not end as it did"))
        return found

    def _tail(self) -> bytes:
        """What is behind the last whole line."""
        return self.file.read_bytes().rpartition(b"\n")[2] if self.file.exists() else b""

    def _lines(self) -> list[bytes]:
        """Whole lines: what is behind the last one is being written, or was when its process was killed."""
        try:
            lines = self.file.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        return [line + b"\n" for line in lines[:-1]]

    def _cut_torn(self) -> None:
        if not self.file.exists():
            return
        whole = sum(len(line) for line in self._lines())
        if self.file.stat().st_size > whole:
            os.truncate(self.file, whole)


def _written(line: _Line) -> bytes:
    return canonical_json(_CONVERTER.unstructure(line)).encode() + b"\n"


def _is_whole(tail: bytes) -> bool:
    """Whether it is a line whose last byte was changed, and not the beginning of one."""
    return bool(tail) and _read(tail[:-1] + b"\n") is not None


def _read(line: bytes) -> _Line | None:
    try:
        read = _CONVERTER.structure(json.loads(line), _Line)
    except (ValueError, TypeError, AttributeError, RecursionError, cattrs.BaseValidationError):
        return None
    return read if read == read.sealed else None
