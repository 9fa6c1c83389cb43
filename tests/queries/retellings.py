"""Builders of small coverages for tests of the source tree: outlets, times, words, links and quotes."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import attrs

from bench import makings
from kb import align
from kb import credits as crediting
from kb.claims import Document, ReferenceQuote, Source, SourceKind, Speaker, Study
from kb.coverage import Coverage, Retelling
from kb.records import (
    Alignment,
    Article,
    Evidence,
    Link,
    Passage,
    Precision,
    Quote,
    Span,
    Text,
)
from kb.text import selector_for, words_digest

START = datetime(2026, 4, 1, 8, tzinfo=UTC)
SPEAKER = "Ada Quill"


@attrs.frozen(kw_only=True)
class Piece:
    """One article to build. Words in double curly quotation marks become quotes of `speaker`."""

    outlet: str
    text: str
    hours: float | None = 0.0
    """After `START`; None for an article without a date."""
    precision: Precision = "minute"
    kind: SourceKind = "press"
    links: tuple[tuple[str, str], ...] = ()
    """Anchor and address."""
    speaker: str | None = SPEAKER
    bylines: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        return self.outlet.lower().removeprefix("the ").replace(" ", "") + ".example"

    @property
    def url(self) -> str:
        return f"https://{self.host}/2026/04/slow-echo-story"


def study(quotes: Sequence[ReferenceQuote] = (), documents: Sequence[Document] = ()) -> Study:
    return Study(
        slug="slow-echo",
        title="Slow Echo",
        aliases=(),
        since=None,
        until=None,
        contact=None,
        documents=tuple(documents),
        speakers=(Speaker(slug="quill", name=SPEAKER, aliases=("Quill",), affiliation=None, role=None),),
        quotes=tuple(quotes),
        claims=(),
        sources=(),
        schedule=None,
        alerts=(),
    )


def reference(slug: str, text: str, source: str | None = None) -> ReferenceQuote:
    return ReferenceQuote(slug=slug, speaker="quill", text=text, source=source, tolerance="trim")


def coverage(
    pieces: Sequence[Piece], quotes: Sequence[ReferenceQuote] = (), documents: Sequence[Document] = ()
) -> Coverage:
    about = study(quotes, documents)
    built = [retelling(piece) for piece in pieces]
    last = datetime.max.replace(tzinfo=UTC)
    built.sort(key=lambda r: (r.extraction.published_at or last, r.article.canonical_url))
    tool = align.tool(about)
    alignments: dict[str, tuple[Alignment, ...]] = {}
    for made in built:
        for quote in made.quotes:
            wording = made.words(quote.content)
            alignments[quote.words_sha256] = tuple(align.alignments(about, quote.words_sha256, wording, tool, {}))
    return Coverage(study=about, retellings=tuple(built), alignments=alignments, evidence={})


def stating(given: Coverage, claim: str, sentence: str, probability: float = 0.9) -> Coverage:
    """The same coverage with a sentence as evidence of a claim wherever it stands."""
    digest = words_digest(sentence)
    evidence = Evidence(claim=claim, words_sha256=digest, tool="tool:1", stance="supports", probability=probability)
    return attrs.evolve(
        given, retellings=tuple(_with_passage(r, sentence) for r in given.retellings), evidence={digest: (evidence,)}
    )


def _with_passage(made: Retelling, sentence: str) -> Retelling:
    at = made.text.text.find(sentence)
    if at < 0:
        return made
    passage = Passage(
        text=made.text.id,
        start=at,
        end=at + len(sentence),
        tool="tool:1",
        ordinal=0,
        words_sha256=words_digest(sentence),
    )
    return attrs.evolve(made, passages=(passage,))


def retelling(piece: Piece) -> Retelling:
    text = Text(text=piece.text, language="en")
    article = Article(source=piece.host, canonical_url=piece.url)
    links = tuple(_link(piece.text, anchor, url) for anchor, url in piece.links)
    snapshot = makings.snapshot(article, START + timedelta(days=60), piece.host)
    published = None if piece.hours is None else START + timedelta(hours=piece.hours)
    dated = (published, "unknown" if published is None else piece.precision)
    read = makings.extraction(snapshot, article, text, "tool:1", published=dated, links=links)
    return Retelling(
        article=article,
        source=Source(
            slug=piece.host, name=piece.outlet, domains=(piece.host,), kind=piece.kind, country=None, language=None
        ),
        snapshot=snapshot,
        extraction=attrs.evolve(read, bylines=piece.bylines),
        text=text,
        passages=(),
        quotes=tuple(_quotes(text, piece.speaker)),
        quantities=(),
        credits=tuple(crediting.credits(text.id, text.text, links, crediting.TOOL)),
    )


def _link(text: str, anchor: str, url: str) -> Link:
    at = text.index(anchor)
    return Link(url=url, anchor=anchor, span=Span(at, at + len(anchor)))


def _quotes(text: Text, speaker: str | None) -> list[Quote]:
    found = []
    for match in re.finditer("“([^”]*?)[,.]?”", text.text):
        span = Span(match.start(1), match.end(1))
        found.append(
            Quote(
                text=text.id,
                content=span,
                tool="tool:1",
                form="direct",
                pieces=(span,),
                cue=None,
                speaker=None,
                speaker_name=speaker,
                affiliation=None,
                selector=selector_for(text.text, span),
                words_sha256=words_digest(match.group(1)),
                confidence=1.0,
            )
        )
    return found
