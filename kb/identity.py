"""How a record's id is made, and the small parts that records consist of.

Apart from the records, for what must be loaded at once needs these alone.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cached_property

import attrs


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces; times as RFC 3339 in UTC, records by their id."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Span):
        return [value.start, value.end]
    raise TypeError(f"no canonical form for {type(value).__name__}")


def rfc3339(moment: datetime) -> str:
    """UTC with `Z`; microseconds only where there are any.

    ValueError without a time zone: it would be read as that of the machine, and ids would differ.
    """
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a time zone: {moment.isoformat()}")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def record_id(tag: str, *identity: object) -> str:
    """`tag:` and 32 hex digits over the identity fields.

    >>> record_id("text", "a") == record_id("text", "a") != record_id("quote", "a")
    True
    """
    digest = hashlib.sha256(canonical_json([tag, *identity]).encode()).hexdigest()
    return f"{tag}:{digest[:32]}"


def sha256(data: bytes) -> str:
    """Digest of bytes as it is written everywhere: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


@attrs.frozen
class Span:
    """Half-open range of code points."""

    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


@attrs.frozen(kw_only=True)
class Selector:
    """W3C TextQuoteSelector: words with their surroundings, to find a place again after a change."""

    exact: str
    prefix: str
    suffix: str


@attrs.frozen(kw_only=True)
class Tool:
    """What produced a record. PROV calls it an agent."""

    name: str
    version: str
    params: Mapping[str, str | int | float | bool] = attrs.field(factory=dict)
    """Model revision, thresholds, ids of the tools it consults."""

    @cached_property
    def id(self) -> str:
        return record_id("tool", self.name, self.version, dict(self.params))
