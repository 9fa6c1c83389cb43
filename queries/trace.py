"""Provenance: who printed it first, who took it from whom. Pure: no store, no clock."""

from typing import Literal

import attrs

from kb.records import Retelling, Span, Verdict

Relation = Literal["quoted-from", "copied-from", "rewritten-from", "cites"]
WhyKind = Literal["credit", "link", "shared-wording", "shared-alteration", "time", "wire"]


@attrs.frozen(kw_only=True)
class Why:
    """A reason for an edge."""

    kind: WhyKind
    detail: str = ""
    score: float | None = None
    lag_s: float | None = None


@attrs.frozen(kw_only=True)
class ProvenanceEdge:
    """`child` has its matter from `parent` (article ids)."""

    child: str
    parent: str
    relation: Relation
    confidence: float
    why: tuple[Why, ...]


@attrs.frozen(kw_only=True)
class Origin:
    """A root of the source tree with all that descends from it."""

    id: str
    """`o1`, `o2`, … in order of the roots' times."""
    root: str
    """Article id."""
    articles: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Appearance:
    """One article in the trace of a quote or claim."""

    retelling: Retelling
    span: Span | None
    """Where the quote or claim stands; None in the trace of the whole study."""
    verdict: Verdict | None
    """Of the quote's occurrence; None for claims and for the whole study."""
    origin: str


@attrs.frozen(kw_only=True)
class Trace:
    """First appearance, source tree and origins of a quote, a claim or the whole study."""

    subject: str
    """Slug of the reference quote or claim; the study's slug for the whole."""
    first: Appearance | None
    """None while nothing appeared, or where dates leave open which was first."""
    appearances: tuple[Appearance, ...]
    """By publication time."""
    edges: tuple[ProvenanceEdge, ...]
    origins: tuple[Origin, ...]
    undetermined: tuple[str, ...]
    """What could not be determined and why, in words."""
