"""Every stored record and how its id is made.

Records are frozen. An id is a tag and the SHA-256 (first 32 hex digits) of the canonical JSON of the
identity fields, so the same content has the same id on every machine. Times are aware UTC. Spans are
half-open, in Unicode code points of `Text.text`. Probability and confidence run from 0 to 1.
"""

from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import attrs
import numpy as np

# Records name these in their fields, and whoever handles records needs them.
from kb.identity import Selector as Selector
from kb.identity import Span as Span
from kb.identity import Tool as Tool
from kb.identity import canonical_json as canonical_json
from kb.identity import record_id as record_id
from kb.identity import rfc3339 as rfc3339
from kb.identity import sha256 as sha256

Via = Literal["live", "browser", "wayback", "warc", "file"]
Precision = Literal["second", "minute", "day", "month", "year", "unknown"]
Form = Literal["direct", "partial", "mixed", "indirect", "turn"]
Verdict = Literal["verbatim", "trimmed", "altered", "merged", "misattributed", "unsupported"]
Stance = Literal["supports", "refutes", "neutral"]
CreditKind = Literal["credit", "wire", "paper-link", "report-link", "ai-note"]
Status = Literal["done", "rejected", "failed"]


@attrs.frozen(kw_only=True)
class Link:
    """An outbound link of an article's body."""

    url: str
    """Absolute."""
    anchor: str
    """Its visible words."""
    span: Span | None
    """Where the anchor stands in the text; None when it is outside of it or stands there more than once."""


@attrs.frozen(kw_only=True)
class Snapshot:
    """One capture of one address, bound to its bytes in the archive."""

    requested_url: str
    fetched_at: datetime
    body_sha256: str
    final_url: str
    """After redirects."""
    status: int
    """HTTP status; 200 for files."""
    media_type: str
    """As the server declared it, without parameters."""
    charset: str | None
    etag: str | None
    last_modified: str | None
    warc: str
    """Path of the WARC file below the archive folder."""
    offset: int
    """Where its record starts in that file, in bytes."""
    via: Via
    source: str | None
    """Slug of the source; None where the domain is not in claims.yaml."""
    found_in: str | None = None
    """The feed, sitemap, page or file that named the address."""
    feed_title: str | None = None
    feed_published: str | None = None
    """What the feed, sitemap or JSON line said of it, as written there."""

    @cached_property
    def id(self) -> str:
        return record_id("snapshot", self.requested_url, self.fetched_at, self.body_sha256)


def validators(capture: Any) -> tuple[str | None, str | None]:
    """ETag and Last-Modified of a Snapshot or its row, to ask the server with; None where it was not fetched here: what
    a file says that a server said would make it answer 304 unseen.
    """
    return (capture.etag, capture.last_modified) if capture.via == "live" else (None, None)


@attrs.frozen(kw_only=True)
class Visit:
    """What a crawl or import did about one address, and why; kept for every address that it looked at."""

    url: str
    at: datetime
    action: Literal["kept", "mention", "unchanged", "dropped", "refused", "failed"]
    """`mention`: kept, though the page only mentions the study. `dropped`: not about the study.
    `refused`: by robots.txt or the address guard. `failed`: no usable answer."""
    reason: str
    """In words, with what was seen: `title names no alias; body: 0 of 4 names`."""
    status: int | None
    """HTTP status where there was an answer."""
    found_in: str | None
    source: str | None

    @cached_property
    def id(self) -> str:
        return record_id("visit", self.url, self.at, self.action)


LEFT_OUT = ("dropped", "refused", "failed")
"""Actions of visits that kept nothing."""


@attrs.frozen(kw_only=True)
class Judgement:
    """What a person decided about a finding or a merge of speakers."""

    subject: str
    verdict: Literal["confirmed", "rejected", "unsure"]
    user: str
    made_at: datetime
    note: str
    withdrawn_at: datetime | None

    @cached_property
    def id(self) -> str:
        return record_id("judgement", self.subject, self.verdict, self.user, self.made_at)


@attrs.frozen(kw_only=True)
class Article:
    """One article of one source, whatever the address it was fetched under."""

    source: str
    """Slug of the source, or the host where claims.yaml names none."""
    canonical_url: str

    @cached_property
    def id(self) -> str:
        return record_id("article", self.source, self.canonical_url)


@attrs.frozen(kw_only=True)
class Text:
    """An immutable text: NFC, line feeds only, trimmed. Spans point into it."""

    text: str
    language: str
    """ISO 639-1, `und` where unknown."""

    @cached_property
    def id(self) -> str:
        return record_id("text", self.text)


@attrs.frozen(kw_only=True)
class Extraction:
    """What a tool made of a snapshot; `text` is the Text's id, `..._raw` the date as the page wrote it."""

    snapshot: str
    tool: str
    article: str
    text: str
    title: str | None
    bylines: tuple[str, ...]
    published_at: datetime | None
    published_precision: Precision
    published_raw: str | None
    modified_at: datetime | None
    truncated: bool
    """The page shows only a part (paywall, teaser)."""
    links: tuple[Link, ...]
    modified_precision: Precision = "unknown"
    modified_raw: str | None = None
    site_name: str | None = None
    section: str | None = None
    license: str | None = None
    """Address or name of the licence, or a copyright line."""

    @cached_property
    def id(self) -> str:
        return record_id("extraction", self.snapshot, self.tool)


@attrs.frozen(kw_only=True)
class Passage:
    """A sentence of a text (very short neighbours joined): the unit of search and of evidence."""

    text: str
    """Id of the Text."""
    start: int
    end: int
    tool: str
    ordinal: int
    words_sha256: str
    """Digest of its words (`text.words_digest`): equal for equal wordings anywhere."""

    @cached_property
    def id(self) -> str:
        return record_id("passage", self.text, self.start, self.end, self.tool)


@attrs.frozen(kw_only=True)
class Quote:
    """Something said, with who said it as the text states it."""

    text: str
    """Id of the Text."""
    content: Span
    """From the first to the last word said, quotation marks excluded."""
    tool: str
    form: Form
    pieces: tuple[Span, ...]
    """The stretches of one remark that its cue or a paragraph splits; (content,) when whole."""
    cue: Span | None
    speaker: Span | None
    """The mention nearest to the quote: a name, a pronoun, `the researcher`."""
    speaker_name: str | None
    """The full name behind the mention, as this text gives it; None where it gives none."""
    affiliation: str | None
    """As this text states it."""
    selector: Selector
    words_sha256: str
    """Digest of `wording`."""
    confidence: float
    also: tuple[Span, ...] = ()
    """Other places of this text with the same words or a part of them: pull quotes, sentences printed twice."""

    def wording(self, text: str) -> str:
        """What was said, its pieces joined by a space; `text` is the text that it stands in."""
        return " ".join(text[piece.start : piece.end] for piece in self.pieces)

    @cached_property
    def id(self) -> str:
        return record_id("quote", self.text, self.content, self.tool)


@attrs.frozen(kw_only=True)
class Quantity:
    """A number with its unit and what it measures."""

    text: str
    span: Span
    """The number and its unit as written."""
    tool: str
    value: float
    high: float | None
    """Upper end of a range; None for one number."""
    unit: str
    """Lower-case singular: `model`, `percent`, `dollar`; empty for a bare number."""
    measure: str
    """What is counted or measured, as lower-case content words in text order: `frontier model test`."""
    condition: str | None
    """The circumstance the number holds under, as written."""
    hedge: str | None
    """`about`, `up to`, `nearly`, `more than`; None for a flat statement."""

    @cached_property
    def id(self) -> str:
        return record_id("quantity", self.text, self.span, self.tool)


@attrs.frozen(kw_only=True)
class Credit:
    """A sign of where an article has its matter from."""

    text: str
    span: Span
    tool: str
    kind: CreditKind
    target: str
    """The outlet, agency or address named."""

    @cached_property
    def id(self) -> str:
        return record_id("credit", self.text, self.span, self.tool, self.kind, self.target)


@attrs.frozen(kw_only=True, eq=False)
class Embedding:
    words_sha256: str
    tool: str
    vector: np.ndarray[Any, np.dtype[np.float32]]
    """Unit length."""


@attrs.frozen
class Edit:
    """A run of words that differs. `before` is the reference's, `after` the print's; either may be empty."""

    op: Literal["replace", "delete", "insert"]
    before: str
    after: str


@attrs.frozen(kw_only=True)
class Alignment:
    """A wording laid against a reference quote."""

    quote: str
    """Slug of the reference quote."""
    words_sha256: str
    tool: str
    edits: tuple[Edit, ...]
    verdict: Verdict
    sense_kept: bool | None
    """Whether the edits leave the meaning as it was; None where that is open."""
    confidence: float

    @cached_property
    def id(self) -> str:
        return record_id("alignment", self.quote, self.words_sha256, self.tool)


@attrs.frozen(kw_only=True)
class Evidence:
    """A wording's stance towards a claim of the study."""

    claim: str
    words_sha256: str
    tool: str
    stance: Stance
    probability: float

    @cached_property
    def id(self) -> str:
        return record_id("evidence", self.claim, self.words_sha256, self.tool)


@attrs.frozen(kw_only=True)
class Outcome:
    """That a stage has dealt with an input, and how it went."""

    stage: str
    input: str
    tool: str
    status: Status
    code: str
    """A `Code` when rejected, the traceback's last line when failed, else empty."""
    tries: int
    duration_ms: float

    @cached_property
    def id(self) -> str:
        return record_id("outcome", self.stage, self.input, self.tool)
