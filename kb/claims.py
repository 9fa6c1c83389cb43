"""What claims.yaml states, as records: the study, who speaks, what was said, and where to look."""

from datetime import date
from typing import Literal

import attrs

SourceKind = Literal["press", "agency", "rewriter", "primary"]
Tolerance = Literal["exact", "punctuation", "trim"]


@attrs.frozen(kw_only=True)
class Document:
    """A primary document: a version of the paper, a press release, the lab's post."""

    slug: str
    title: str
    url: str
    published_at: date | None


@attrs.frozen(kw_only=True)
class Speaker:
    slug: str
    name: str
    """Full name as it should be printed."""
    aliases: tuple[str, ...]
    affiliation: str | None
    role: str | None


@attrs.frozen(kw_only=True)
class ReferenceQuote:
    """The wording that others are compared with."""

    slug: str
    speaker: str
    """Slug of the speaker."""
    text: str
    source: str | None
    """URL of the first or authoritative print."""
    tolerance: Tolerance
    """What passes without a finding. `exact`: no changed word. `punctuation` and `trim`: what keeps the sense; a cut
    that turns it is always reported."""


@attrs.frozen(kw_only=True)
class Expectation:
    """The number that a claim states."""

    value: float
    high: float | None
    """Upper end where the claim states a range."""
    of: str
    """What is counted or measured: `models`, `percent`, `percent of runs`."""
    condition: str | None
    """Under which circumstances: `with a peer present`."""


@attrs.frozen(kw_only=True)
class Claim:
    slug: str
    text: str
    speaker: str | None
    """Slug of who makes it; None for the study itself."""
    expect: tuple[Expectation, ...]
    """The true numbers; several where versions of the paper differ."""
    caveats: tuple[str, ...]
    document: str | None
    """Slug of the document that states it."""
    exact: str | None
    """The sentence of that document."""


@attrs.frozen(kw_only=True)
class Source:
    slug: str
    name: str
    domains: tuple[str, ...]
    """Hosts, without `www.`; a host also stands for its subdomains."""
    kind: SourceKind
    country: str | None
    language: str | None
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    browser: bool = False
    """Its pages are read with a browser, which runs their JavaScript."""


@attrs.frozen(kw_only=True)
class SavedSearch:
    """A search whose new answers are told."""

    slug: str
    query: str
    kind: str | None
    speaker: str | None
    """Id or name, as `retold search --speaker` takes it."""
    source: str | None
    language: str | None
    verdict: str | None
    near: float
    """Cosine similarity to the query from which other words count as an answer."""


@attrs.frozen(kw_only=True)
class Study:
    slug: str
    title: str
    aliases: tuple[str, ...]
    since: date | None
    until: date | None
    contact: str | None
    """Mail address or page given to servers in the user agent."""
    documents: tuple[Document, ...]
    speakers: tuple[Speaker, ...]
    quotes: tuple[ReferenceQuote, ...]
    claims: tuple[Claim, ...]
    sources: tuple[Source, ...]
    schedule: str | None
    """Cron expression or alias (`hourly`, `daily`, `weekly`)."""
    alerts: tuple[str, ...]
    """Apprise notifier addresses, `${NAME}` in them not filled in yet."""
    searches: tuple[SavedSearch, ...] = ()
    feeds: tuple[str, ...] = ()
    """Feeds that belong to no source: search services, aggregators. `{query}` in any feed is filled by a crawl."""
