"""The hash-chained log of captures: one line for each, sealed over all lines before it."""

import hashlib
import json
from datetime import datetime

import attrs
import cattrs

from kb.errors import DataError
from kb.records import Snapshot, canonical_json, rfc3339

LOG = "captures.jsonl"
GENESIS = hashlib.sha256(b"retold capture log").hexdigest()
"""The `prev` of the first line."""

_CONVERTER = cattrs.Converter(forbid_extra_keys=True)
_CONVERTER.register_unstructure_hook(datetime, rfc3339)
_CONVERTER.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))


@attrs.frozen(kw_only=True)
class Entry:
    """One line of the log."""

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
        return attrs.evolve(unsealed, hash=hashlib.sha256(unsealed.line).hexdigest())

    @property
    def line(self) -> bytes:
        return canonical_json(_CONVERTER.unstructure(self)).encode() + b"\n"

    def follows(self, prev: str) -> bool:
        return self == Entry.after(prev, self.snapshot, self.start, self.end, self.warc_sha256)


def parse(line: bytes, where: str) -> Entry:
    """The entry of a line; DataError where it is none."""
    try:
        return _CONVERTER.structure(json.loads(line), Entry)
    except (ValueError, TypeError, AttributeError, RecursionError, cattrs.BaseValidationError) as error:
        raise DataError(f"{where}: not a log line: {error}") from error


def is_torn(line: bytes) -> bool:
    """Whether a line is the beginning of one that was being written, and not a whole one that was damaged."""
    if line.endswith(b"\n"):
        return False
    try:
        json.loads(line[:-1])
    except ValueError:
        return True
    return False
