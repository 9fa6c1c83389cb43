"""SHA-256 of large files, remembered for as long as size, times and place of a file stay as they are.

Reading 90 MB for a digest costs a search more than all else that it does. As git does with its index: a file
that changed within the last seconds is never remembered, since a second change might leave the same times.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from kb.errors import DigestError

REMEMBERED = "digests.json"
"""The file in the folder that is given to remember in: stamp -> digest."""

SETTLED_S = 2.0
"""Times of files are coarse; a younger change might be followed by one that they do not show."""


def digest(file: Path, remembered: Path | None = None) -> str:
    """The file's digest in hex; `remembered` is a folder in which it is kept between processes, if it can be."""
    stamp, settled = _stamp(file)
    kept = _kept(remembered) if remembered and settled else {}
    if stamp in kept:
        return kept[stamp]
    found = digest_now(file)
    if remembered and settled and _stamp(file)[0] == stamp:
        kept[stamp] = found
        _keep(remembered, kept)
    return found


def digest_now(file: Path) -> str:
    """The digest of what is read now."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def require_digest(file: Path, sha256: str, remembered: Path | None = None) -> None:
    """DigestError where a file is not the one that was measured."""
    actual = digest(file, remembered)
    if actual != sha256:
        raise DigestError(str(file), sha256, actual)


def _stamp(file: Path) -> tuple[str, bool]:
    """What changes when a file does, and whether its last change is long enough ago to go by that."""
    path = file.resolve()
    seen = path.stat()
    changed = max(seen.st_mtime_ns, seen.st_ctime_ns)
    stamp = f"{path} {seen.st_dev} {seen.st_ino} {seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns}"
    return stamp, time.time_ns() - changed > SETTLED_S * 1e9


def _kept(folder: Path) -> dict[str, str]:
    """What is remembered; a file that is damaged or not there remembers nothing."""
    try:
        found = json.loads((folder / REMEMBERED).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(folder: Path, kept: dict[str, str]) -> None:
    """Whole or not at all: of two processes at once the later wins, and what the other knew is read anew."""
    made = folder / f"{REMEMBERED}.{os.getpid()}"
    with suppress(OSError):  # a folder that is not there yet or cannot be written: it is read anew next time
        made.write_text(json.dumps(kept), "utf-8")
        made.replace(folder / REMEMBERED)


def folder_digest(folder: Path, remembered: Path | None = None) -> str:
    """Digest over names and digests of a folder's files, but for hidden and descriptive ones; empty for no folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and _decides(file.relative_to(folder)))
    listed = "".join(f"{file.relative_to(folder).as_posix()} {digest(file, remembered)}\n" for file in files)
    return hashlib.sha256(listed.encode()).hexdigest() if files else ""


def _decides(name: Path) -> bool:
    return name.suffix != ".md" and not any(part.startswith(".") for part in name.parts)
