"""Builders of small coverages for tests: articles from a text and notes on what is quoted in it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import attrs

from kb import align
from kb.claims import Claim, Expectation, ReferenceQuote, Source, SourceKind, Speaker, Study, Tolerance
from kb.coverage import Coverage, Retelling
from kb.records import (
    Alignment,
    Article,
    Extraction,
    Form,
    Passage,
    Quantity,
    Quote,
    Snapshot,
    Span,
    Text,
    sha256,
)
from kb.text import normalise, selector_for, words_digest
from queries.check import Passed, Role

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


@attrs.frozen
class Said:
    """A quote in a text: its words, the mention near it, the full name behind that."""

    words: str
    mention: str | None = None
    name: str | None = None
    form: Form = "direct"
    affiliation: str | None = None


@attrs.frozen
class Counted:
    """A number in a text."""

    shown: str
    value: float
    unit: str
    measure: str = ""
    condition: str | None = None
    hedge: str | None = None
    high: float | None = None


def speaker(slug: str, name: str, *aliases: str, affiliation: str | None = None, role: str | None = None) -> Speaker:
    return Speaker(slug=slug, name=name, aliases=aliases, affiliation=affiliation, role=role)


def reference(
    slug: str, who: str, text: str, *, source: str | None = None, tolerance: Tolerance = "punctuation"
) -> ReferenceQuote:
    return ReferenceQuote(slug=slug, speaker=who, text=text, source=source, tolerance=tolerance)


def claim(slug: str, text: str, *expect: Expectation, exact: str | None = None) -> Claim:
    return Claim(slug=slug, text=text, speaker=None, expect=expect, caveats=(), document=None, exact=exact)


def expectation(value: float, of: str, condition: str | None = None, high: float | None = None) -> Expectation:
    return Expectation(value=value, high=high, of=of, condition=condition)


def study(
    speakers: Sequence[Speaker] = (), quotes: Sequence[ReferenceQuote] = (), claims: Sequence[Claim] = ()
) -> Study:
    return Study(
        slug="tides",
        title="Tides",
        aliases=(),
        since=None,
        until=None,
        contact=None,
        documents=(),
        speakers=tuple(speakers),
        quotes=tuple(quotes),
        claims=tuple(claims),
        sources=(),
        schedule=None,
        alerts=(),
    )


def article(
    url: str,
    text: str,
    said: Iterable[Said] = (),
    counted: Iterable[Counted] = (),
    *,
    kind: SourceKind = "press",
    published: datetime = NOON,
    language: str = "en",
) -> Retelling:
    """One article; its source is the host of the address."""
    text = normalise(text)
    record = Text(text=text, language=language)
    host = url.split("/")[2]
    source = Source(slug=host, name=host, domains=(host,), kind=kind, country=None, language=None)
    snapshot = Snapshot(
        requested_url=url,
        fetched_at=published,
        body_sha256=sha256(text.encode()),
        final_url=url,
        status=200,
        media_type="text/html",
        charset=None,
        etag=None,
        last_modified=None,
        warc="a.warc.gz",
        offset=0,
        via="file",
        source=host,
    )
    page = Article(source=host, canonical_url=url)
    extraction = Extraction(
        snapshot=snapshot.id,
        tool="tool:extract",
        article=page.id,
        text=record.id,
        title=None,
        bylines=(),
        published_at=published,
        published_precision="minute",
        published_raw=None,
        modified_at=None,
        truncated=False,
        links=(),
    )
    return Retelling(
        article=page,
        source=source,
        snapshot=snapshot,
        extraction=extraction,
        text=record,
        passages=tuple(_passages(record)),
        quotes=tuple(_quote(record, one) for one in said),
        quantities=tuple(_quantity(record, one) for one in counted),
        credits=(),
    )


def covering(study: Study, *retellings: Retelling) -> Coverage:
    """Coverage with every quote laid against the study's references."""
    tool = align.tool(study)
    found: dict[str, tuple[Alignment, ...]] = {}
    for retelling in retellings:
        for quote in retelling.quotes:
            wording = " ".join(retelling.words(piece) for piece in quote.pieces)
            laid = align.alignments(study, quote.words_sha256, wording, tool, {})
            if laid:
                found[quote.words_sha256] = tuple(laid)
    return Coverage(study=study, retellings=retellings, alignments=found, evidence={})


def span(article: Retelling, words: str) -> Span:
    at = article.text.text.index(words)
    return Span(at, at + len(words))


def passed(role: Role, article: Retelling, words: str) -> Passed:
    return Passed(role=role, retelling=article, span=span(article, words))


def _find(text: str, words: str, start: int = 0) -> Span:
    at = text.index(words, start)
    return Span(at, at + len(words))


def _quote(record: Text, said: Said) -> Quote:
    content = _find(record.text, said.words)
    return Quote(
        text=record.id,
        content=content,
        tool="tool:quotes",
        form=said.form,
        pieces=(content,),
        cue=None,
        speaker=_find(record.text, said.mention) if said.mention else None,
        speaker_name=said.name,
        affiliation=said.affiliation,
        selector=selector_for(record.text, content),
        words_sha256=words_digest(said.words),
        confidence=1.0,
    )


def _quantity(record: Text, counted: Counted) -> Quantity:
    return Quantity(
        text=record.id,
        span=_find(record.text, counted.shown),
        tool="tool:quantities",
        value=counted.value,
        high=counted.high,
        unit=counted.unit,
        measure=counted.measure,
        condition=counted.condition,
        hedge=counted.hedge,
    )


def _passages(record: Text) -> Iterable[Passage]:
    start = 0
    for ordinal, part in enumerate(record.text.split(". ")):
        span = _find(record.text, part, start)
        start = span.end
        yield Passage(
            text=record.id,
            start=span.start,
            end=span.end,
            tool="tool:segment",
            ordinal=ordinal,
            words_sha256=words_digest(part),
        )
