"""The coverage of a study as trace, check and report read it: one view over the active records."""

from collections.abc import Mapping

import attrs

from kb.claims import Source, Study
from kb.records import (
    Alignment,
    Article,
    Credit,
    Evidence,
    Extraction,
    Passage,
    Quantity,
    Quote,
    Snapshot,
    Span,
    Text,
)

PARSED_LANGUAGES = ("en", "und")
"""English, and what could not be told."""


@attrs.frozen(kw_only=True)
class Retelling:
    """One article with all that is active about it: the latest capture that extracted."""

    article: Article
    source: Source
    snapshot: Snapshot
    extraction: Extraction
    text: Text
    passages: tuple[Passage, ...]
    quotes: tuple[Quote, ...]
    quantities: tuple[Quantity, ...]
    credits: tuple[Credit, ...]

    @property
    def in_english(self) -> bool:
        """In a language that was parsed, and that the rules read."""
        return self.text.language in PARSED_LANGUAGES

    def words(self, span: Span) -> str:
        return self.text.text[span.start : span.end]


@attrs.frozen(kw_only=True)
class Revision:
    """Two captures of one article, one after the other, whose texts or titles differ; read by the same tool."""

    before: Retelling
    after: Retelling


@attrs.frozen(kw_only=True)
class Coverage:
    """The whole active coverage of a study, read once; trace, check and report work on it."""

    study: Study
    retellings: tuple[Retelling, ...]
    """Ordered by publication time, then address."""
    alignments: Mapping[str, tuple[Alignment, ...]]
    """By words_sha256: the reference quotes that a wording was laid against and belongs to."""
    evidence: Mapping[str, tuple[Evidence, ...]]
    """By words_sha256."""
    revisions: tuple[Revision, ...] = ()
    """In the order of their later captures."""
