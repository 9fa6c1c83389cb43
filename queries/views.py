"""What a report shows, as plain records: the HTML, Markdown and JSON of a report say the same because
all three are made from one `ReportView`. Every string is as the source gave it; escaping is the
renderer's work.
"""

from datetime import date, datetime
from typing import Literal

import attrs
from markupsafe import Markup

from kb.records import Form, Precision, Stance, Tool, Verdict
from queries.check import Role, Truth

PieceOp = Literal["same", "removed", "added", "left-out"]

PICTURE = {"picture": True}
"""Metadata of fields that JSON leaves out: their content is in the rows beside them."""


@attrs.frozen(kw_only=True)
class Moment:
    at: datetime | None
    """None where no date could be read."""
    precision: Precision


@attrs.frozen
class Piece:
    """A run of words of a word diff."""

    op: PieceOp
    """`left-out`: words of the reference before or after what was quoted, which no print claims to give."""
    text: str


@attrs.frozen(kw_only=True)
class Excerpt:
    """The words a finding or verdict rests on, in their sentences."""

    before: str
    exact: str
    after: str
    start: int
    """Of `exact`, in code points of the article's text."""
    end: int


@attrs.frozen(kw_only=True)
class Citation:
    """One article, in the capture that was read."""

    article: str
    """Article id."""
    outlet: str
    source: str
    """Slug of the outlet."""
    title: str
    """The article's title; its address where it has none."""
    url: str
    published: Moment
    truncated: bool
    capture: int
    """Its number in the report's list of captures, from 1."""
    fetched_at: datetime
    snapshot: str
    """`sha256:` digest of the bytes as served."""


@attrs.frozen(kw_only=True)
class Proof:
    """A passage with where it stands."""

    role: Role
    label: str
    """The role in words."""
    citation: Citation
    excerpt: Excerpt


@attrs.frozen(kw_only=True)
class Parent:
    """Where an article has its matter from, with the reasons to think so."""

    outlet: str
    article: str
    url: str
    relation: str
    """In words: `quoted from`."""
    confidence: float
    reasons: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Descent:
    """An outlet's article and its parents; no parents where it is an origin."""

    outlet: str
    parents: tuple[Parent, ...]


@attrs.frozen(kw_only=True)
class FindingView:
    id: str
    number: int
    """From 1, in order of display."""
    rule: str
    label: str
    """The rule in words."""
    severity: int
    severity_label: str
    confidence: float
    status: str = "open"
    """What a person decided: `confirmed` or `unsure`; `open` where nobody has."""
    status_label: str = ""
    """The status in words; empty where it is open."""
    truth: Truth
    subject: str
    subject_label: str
    speaker: str | None
    """Who said the reference quote that it is about."""
    section: str
    """Anchor of the report's section on its quote or claim; empty where there is none."""
    summary: str
    expected: str
    observed: str
    diff: tuple[Piece, ...]
    """Empty where the finding is not about wording."""
    edits: tuple[str, ...]
    """Each changed run of words, as a sentence."""
    outlets: tuple[str, ...]
    """Those that printed what is found; all of them where the truth is unsettled."""
    proofs: tuple[Proof, ...]
    sources: tuple[Descent, ...]
    """Where the observed articles have it from."""
    tools: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Row:
    """An article in the coverage of a quote, a claim or the study."""

    citation: Citation
    verdict: Verdict | None
    stance: Stance | None
    label: str
    """Verdict or stance in words; empty where there is none."""
    diff: tuple[Piece, ...]
    """Empty where the print has the reference's words and no others."""
    excerpt: Excerpt | None
    form: Form | None
    """How the article gives the words of a quote; None in the coverage of a claim or the study."""
    parents: tuple[Parent, ...]
    origin: str


@attrs.frozen(kw_only=True)
class OriginView:
    id: str
    citation: Citation
    articles: int
    """Its own article included."""


@attrs.frozen
class Count:
    code: str
    label: str
    count: int


@attrs.frozen(kw_only=True)
class Period:
    """A bar of a timeline, in figures."""

    since: str
    """When it begins, in words; it ends where the next can begin."""
    articles: int
    changed: int
    """Of them, with the wording altered, merged, misattributed or found nowhere else."""


@attrs.frozen(kw_only=True)
class Thread:
    """The coverage of one quote, one claim or the whole study."""

    slug: str
    kind: Literal["quote", "claim", "study"]
    text: str
    """The reference wording; the study's title for the whole."""
    speaker: str | None
    affiliation: str | None
    reference: str | None
    """Address of the first or authoritative print."""
    caveats: tuple[str, ...]
    tally: str
    """`6 articles, 2 origins`."""
    verdicts: tuple[Count, ...]
    first: Row | None
    rows: tuple[Row, ...]
    origins: tuple[OriginView, ...]
    amounts: tuple[str, ...]
    """What the trace amounts to, in sentences: origins, copies of documents, circles, drift, fidelity by outlet."""
    undetermined: tuple[str, ...]
    findings: tuple[int, ...]
    """Numbers of the findings about it."""
    periods: tuple[Period, ...]
    """Where the timeline has bars, their figures."""
    timeline: Markup = attrs.field(metadata=PICTURE)
    descent: Markup = attrs.field(metadata=PICTURE)


@attrs.frozen(kw_only=True)
class DocumentView:
    title: str
    url: str
    published_at: date | None


@attrs.frozen(kw_only=True)
class CaptureView:
    number: int
    citation: Citation
    via: str
    warc: str
    offset: int


@attrs.frozen(kw_only=True)
class ToolView:
    tool: Tool
    id: str
    settings: tuple[str, ...]
    """Each parameter as `name = value`, by name."""


@attrs.frozen(kw_only=True)
class ReportView:
    study: str
    title: str
    subject: str | None
    """Slug of the one quote or claim that the report is limited to."""
    documents: tuple[DocumentView, ...]
    since: date | None
    until: date | None
    lead: str
    """The report in a sentence or two."""
    figures: tuple[Count, ...]
    """The numbers at its head; an unknown one is left out and said in `undetermined`."""
    captures_seen: int
    kept: int
    rejected: tuple[Count, ...]
    failed: int
    dropped: tuple[Count, ...]
    first_capture: datetime | None
    last_capture: datetime | None
    findings: tuple[FindingView, ...]
    findings_rejected: int
    """Left out of `findings`, because a person rejected them."""
    overview: Thread | None
    """The whole study's coverage; None in a report on one quote or claim."""
    threads: tuple[Thread, ...]
    undetermined: tuple[str, ...]
    captures: tuple[CaptureView, ...]
    tools: tuple[ToolView, ...]
