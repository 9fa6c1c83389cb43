"""A checkpoint: what an archive held at a moment, in a few lines of text that are signed and kept elsewhere.

The logs can only grow, and each line seals those before it. So the number of lines and the last one's digest say all
about them; a later archive is the same one if that line still stands there. WARC files are named with their length
and digest besides, so that whoever has nothing but these can check them with `sha256sum`.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import attrs

from kb.archive import Archive, Problem
from kb.capturelog import LOG, Entry, Notice
from kb.errors import DataError
from kb.judgementlog import LOG as JUDGED
from kb.judgementlog import JudgementLog
from kb.records import rfc3339

TITLE = "retold checkpoint 1"
_NOTHING = "-"
"""Stands for the last line of a log without lines."""

_LINES = re.compile(
    rf"{TITLE}\nstudy (?P<study>\S+)\nmade (?P<made>\S+)\n"
    r"captures (?P<captures>\d+) (?P<captures_head>[0-9a-f]{64}|-)\n"
    r"judgements (?P<judgements>\d+) (?P<judgements_head>[0-9a-f]{64}|-)\n"
    r"(?P<files>(?:bytes \d+ [\w.-]+\n[0-9a-f]{64}  [\w.-]+\n)*)"
)
_FILE = re.compile(r"bytes (\d+) ([\w.-]+)\n([0-9a-f]{64})  \2\n")
_PORTION = 1 << 20


@attrs.frozen
class Log:
    """How far a log had come."""

    lines: int
    head: str
    """The last line's digest."""


@attrs.frozen
class File:
    """A WARC file as far as the log names records in it."""

    name: str
    size: int
    """In bytes."""
    sha256: str


@attrs.frozen(kw_only=True)
class Checkpoint:
    """What stood there."""

    study: str
    made: str
    """By the clock of the machine that made it."""
    captures: Log
    judgements: Log
    files: tuple[File, ...]

    @property
    def text(self) -> str:
        """As it is signed. A file's second line is one of `sha256sum`'s."""
        files = "".join(f"bytes {file.size} {file.name}\n{file.sha256}  {file.name}\n" for file in self.files)
        return (
            f"{TITLE}\nstudy {self.study}\nmade {self.made}\n"
            f"captures {self.captures.lines} {self.captures.head}\n"
            f"judgements {self.judgements.lines} {self.judgements.head}\n{files}"
        )


@attrs.frozen(kw_only=True)
class Compared:
    """What an archive has of a checkpoint."""

    problems: tuple[Problem, ...]
    since: tuple[str, ...]
    """What came since, in words."""


def take(study: str, archive: Archive, judged: JudgementLog, at: datetime) -> Checkpoint:
    """The archive as it stands. DataError where that is damaged: nobody should vouch for it."""
    damaged = [problem.where for problem in archive.verify()] + [where for where, _ in judged.problems()]
    if damaged:
        raise DataError(f"the archive is damaged ({damaged[0]}); `retold verify` tells how. Nothing was signed")
    return Checkpoint(
        study=study,
        made=rfc3339(at),
        captures=_captures(archive.log()),
        judgements=_judgements(judged.digests()),
        files=tuple(
            File(name, end, _digest(archive.folder / name, end)) for name, end in sorted(ends(archive).items())
        ),
    )


def parse(text: str) -> Checkpoint:
    """DataError for what is no checkpoint."""
    found = _LINES.fullmatch(text)
    if not found:
        raise DataError("this is no checkpoint of retold's, or one of a newer version")
    return Checkpoint(
        study=found["study"],
        made=found["made"],
        captures=Log(int(found["captures"]), found["captures_head"]),
        judgements=Log(int(found["judgements"]), found["judgements_head"]),
        files=tuple(File(name, int(size), digest) for size, name, digest in _FILE.findall(found["files"])),
    )


def compare(earlier: Checkpoint, study: str, archive: Archive, judged: JudgementLog) -> Compared:
    """Whether everything that stood in a checkpoint still stands; take-downs since then, which the log names, are no
    change of it. The archive itself has to be verified besides.
    """
    problems: list[Problem] = []
    if earlier.study != study:
        problems.append(_differs("study", f"the checkpoint is of {earlier.study}, this is {study}"))
    lines = list(archive.log())
    digests = judged.digests()
    problems += _shorter(LOG, earlier.captures, _captures(islice(lines, earlier.captures.lines)))
    problems += _shorter(JUDGED, earlier.judgements, _judgements(digests[: earlier.judgements.lines]))
    gone = _taken_down(lines, earlier.captures.lines)
    for file in earlier.files:
        if _digest(archive.folder / file.name, file.size) != file.sha256 and file.name not in gone:
            problems.append(_differs(file.name, f"its first {file.size} bytes are not those of the checkpoint"))
    later = lines[earlier.captures.lines :]
    since = {
        "captures": sum(isinstance(line, Entry) for line in later),
        "notices of take-downs": sum(isinstance(line, Notice) for line in later),
        "judgements and withdrawals": len(digests) - earlier.judgements.lines,
    }
    return Compared(
        problems=tuple(problems), since=tuple(f"{count} {what}" for what, count in since.items() if count > 0)
    )


def ends(archive: Archive) -> dict[str, int]:
    """By WARC file the end of the last record that the log names."""
    found: dict[str, int] = {}
    for line in archive.log():
        if isinstance(line, Entry):
            found[line.snapshot.warc] = max(found.get(line.snapshot.warc, 0), line.end)
    return found


def _captures(lines: Iterator[Entry | Notice]) -> Log:
    held = list(lines)
    return Log(len(held), held[-1].hash if held else _NOTHING)


def _judgements(digests: list[str]) -> Log:
    return Log(len(digests), digests[-1] if digests else _NOTHING)


def _shorter(name: str, earlier: Log, now: Log) -> list[Problem]:
    if now.lines < earlier.lines:
        return [_differs(name, f"{now.lines} lines, and the checkpoint has seen {earlier.lines}")]
    if now.head != earlier.head:
        return [_differs(f"{name}:{earlier.lines}", "another line than the checkpoint has seen: the log was rewritten")]
    return []


def _taken_down(lines: list[Entry | Notice], seen: int) -> set[str]:
    """WARC files in which a take-down since then has left blanks."""
    entries = {line.hash: line.snapshot.warc for line in lines if isinstance(line, Entry)}
    later = [line.covers for line in lines[seen:] if isinstance(line, Notice) and line.covers]
    return {entries[covered] for covered in later if covered in entries}


def _differs(where: str, what: str) -> Problem:
    return Problem(where=where, what=what, kind="checkpoint")


def _digest(path: Path, size: int) -> str:
    """Of a file's first bytes; of no file, and of one that is shorter, no digest at all."""
    found, left = hashlib.sha256(), size
    try:
        with path.open("rb") as file:
            while left and (part := file.read(min(left, _PORTION))):
                found.update(part)
                left -= len(part)
    except OSError:
        return ""
    return "" if left else found.hexdigest()
