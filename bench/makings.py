"""Records made without a page behind them, for measurements of what stands on records; captures of made-up pages."""

from collections.abc import Sequence
from datetime import datetime

from kb.records import Article, Extraction, Link, Passage, Precision, Quote, Snapshot, Span, Text
from kb.text import selector_for, words_digest
from kb.warc import Capture


def live_page(url: str, body: bytes, source: str, at: datetime) -> Capture:
    """A page of HTML as a crawl keeps it."""
    return Capture(
        requested_url=url,
        final_url=url,
        fetched_at=at,
        status=200,
        reason="OK",
        headers=(("Content-Type", "text/html; charset=utf-8"),),
        body=body,
        media_type="text/html",
        charset="utf-8",
        via="live",
        source=source,
    )


def snapshot(article: Article, at: datetime, digest: str) -> Snapshot:
    """A capture of an article at its own address; `digest` stands for the SHA-256 of its bytes."""
    return Snapshot(
        requested_url=article.canonical_url,
        fetched_at=at,
        body_sha256=f"sha256:{digest}",
        final_url=article.canonical_url,
        status=200,
        media_type="text/html",
        charset=None,
        etag=None,
        last_modified=None,
        warc="retold-00001.warc.gz",
        offset=0,
        via="live",
        source=article.source,
    )


def extraction(
    held: Snapshot,
    article: Article,
    text: Text,
    tool: str,
    *,
    published: tuple[datetime | None, Precision],
    links: Sequence[Link] = (),
) -> Extraction:
    """What was read from a capture, but for a title."""
    return Extraction(
        snapshot=held.id,
        tool=tool,
        article=article.id,
        text=text.id,
        title=None,
        bylines=(),
        published_at=published[0],
        published_precision=published[1],
        published_raw=None,
        modified_at=None,
        truncated=False,
        links=tuple(links),
    )


def passage(text: Text, span: Span, ordinal: int, tool: str) -> Passage:
    words = text.text[span.start : span.end]
    return Passage(
        text=text.id,
        start=span.start,
        end=span.end,
        tool=tool,
        ordinal=ordinal,
        words_sha256=words_digest(words),
    )


def quote(text: Text, span: Span, speaker: str | None, tool: str) -> Quote:
    """Direct speech in one piece."""
    return Quote(
        text=text.id,
        content=span,
        tool=tool,
        form="direct",
        pieces=(span,),
        cue=None,
        speaker=None,
        speaker_name=speaker,
        affiliation=None,
        selector=selector_for(text.text, span),
        words_sha256=words_digest(text.text[span.start : span.end]),
        confidence=1.0,
    )
