"""The hash-chained log: a line for each capture and for each notice about one, sealed over all lines before it.

Nothing is taken out of the chain. A line names the digest of what was captured, its addresses and times; of
the publisher's own words it has at most the title that a feed gave, and that is sealed by its digest, so
that a take-down can put the digest in its place and the chain still holds.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import attrs
import cattrs

from kb.errors import DataError
from kb.records import Snapshot, canonical_json, sha256
from kb.state import converter
from kb.warc import is_own

LOG = "captures.jsonl"
GENESIS = hashlib.sha256(b"retold capture log").hexdigest()
"""The `prev` of the first line."""

_CONVERTER = converter(forbid_extra_keys=True)


_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NOTICE = b'{"addresses":'
"""How the line of a notice begins: its keys are sorted. No capture's line does."""


@attrs.frozen(kw_only=True)
class Entry:
    """The line of a capture."""

    snapshot: Snapshot
    start: int
    """The record's bytes in its WARC file, with those of the file's head when it is the first: start to end."""
    end: int
    warc_sha256: str
    """Over these bytes as they lie there, compressed."""
    prev: str
    hash: str
    """Over all of this and so, through `prev`, over every line before."""

    @classmethod
    def after(cls, prev: str, snapshot: Snapshot, start: int, end: int, warc_sha256: str) -> "Entry":
        unsealed = cls(snapshot=snapshot, start=start, end=end, warc_sha256=warc_sha256, prev=prev, hash="")
        return attrs.evolve(unsealed, hash=unsealed.redacted().seal)

    @property
    def line(self) -> bytes:
        return _line(self)

    @property
    def seal(self) -> str:
        return _seal(self)

    def redacted(self) -> "Entry":
        """The same without the title that a feed gave; its digest stands there instead."""
        title = self.snapshot.feed_title
        if title is None or is_digest(title):
            return self
        return attrs.evolve(self, snapshot=attrs.evolve(self.snapshot, feed_title=sha256(title.encode())))

    def follows(self, prev: str) -> bool:
        """Whether the line is whole and stands where it was written. Older lines were sealed with their title."""
        return self.prev == prev and self.hash in (self.redacted().seal, self.seal)


@attrs.frozen(kw_only=True)
class Notice:
    """A line about an earlier one. A notice of kind `forgotten` is the tombstone of a take-down."""

    kind: Literal["forgotten", "moved", "allowed"]
    """`forgotten`: the capture was taken down. `moved`: its record was written again, since the body that it
    referred to was taken down with another address. `allowed`: the addresses may be fetched again.
    """
    covers: str | None
    """The `hash` of the entry whose record is gone; None for `allowed`."""
    addresses: tuple[str, ...]
    """What is not fetched again (`forgotten`) or may be (`allowed`)."""
    body_sha256: str | None
    warc_sha256: str | None
    """Over the bytes that lie in the record's place now."""
    reason: str
    by: str
    """Who asked for it."""
    at: datetime
    prev: str = ""
    hash: str = ""

    def after(self, prev: str) -> "Notice":
        """The same, sealed behind a line."""
        unsealed = attrs.evolve(self, prev=prev, hash="")
        return attrs.evolve(unsealed, hash=unsealed.seal)

    @property
    def line(self) -> bytes:
        return _line(self)

    @property
    def seal(self) -> str:
        return _seal(self)

    def follows(self, prev: str) -> bool:
        return self.prev == prev and self.hash == self.seal


def _line(entry: Entry | Notice) -> bytes:
    return canonical_json(_CONVERTER.unstructure(entry)).encode() + b"\n"


def _seal(entry: Entry | Notice) -> str:
    return hashlib.sha256(_line(attrs.evolve(entry, hash=""))).hexdigest()


def parse(line: bytes, where: str) -> Entry | Notice:
    """What a line says; DataError where it is none."""
    try:
        said = json.loads(line)
        if is_notice(line):
            return _CONVERTER.structure(said, Notice)
        entry = _CONVERTER.structure(said, Entry)
        if not is_own(entry.snapshot.warc):
            raise ValueError("it names a file outside of the archive")
        return entry
    except (ValueError, TypeError, AttributeError, RecursionError, cattrs.BaseValidationError) as error:
        raise DataError(f"{where}: not a log line: {error}") from error


def is_digest(title: str | None) -> bool:
    """Whether this stands for a title, as in the line of a capture that was taken down."""
    return title is not None and _DIGEST.fullmatch(title) is not None


def is_notice(line: bytes) -> bool:
    return line.startswith(_NOTICE)


def covers_one(line: bytes) -> bool:
    """Whether the line of a notice takes a capture away. Told without parsing: a damaged line still counts."""
    return b'"covers":null' not in line


def forgotten_addresses(notices: Iterable[Notice]) -> frozenset[str]:
    """What is not fetched again, as far as it was not allowed later."""
    left: set[str] = set()
    for notice in notices:
        if notice.kind == "forgotten":
            left.update(notice.addresses)
        elif notice.kind == "allowed":
            left.difference_update(notice.addresses)
    return frozenset(left)


def is_torn(line: bytes) -> bool:
    """Whether a line is the beginning of one that was being written, and not a whole one that was damaged."""
    if line.endswith(b"\n"):
        return False
    try:
        json.loads(line[:-1])
    except ValueError:
        return True
    return False
