"""A planted tree as the Coverage of a build, its records made directly: parsing 10,000 articles is dear."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import attrs

from bench import makings
from bench.tree_planting import START, Planted, Tree
from bench.tree_stories import Pointer, Remark
from kb import align
from kb import credits as crediting
from kb.claims import Claim, Expectation, Source, Speaker, Study
from kb.coverage import Coverage, Retelling
from kb.records import Alignment, Article, Link, Passage, Quantity, Quote, Span, Text

TOOL = "tool:bench"
_SENTENCE = re.compile(r"[^.\n]+\.?”?")
_NUMBER = re.compile(r"after (\d+) ([a-z]+)")
_LAST = datetime.max.replace(tzinfo=UTC)


def study(tree: Tree) -> Study:
    """As claims.yaml would state it: who speaks, what the first prints of their remarks say, one claim."""
    slugs = {name: f"speaker-{at}" for at, name in enumerate(tree.speakers)}
    claim = Claim(
        slug="counted",
        text=tree.articles[0].body.partition("\n")[0],
        speaker=None,
        expect=(Expectation(value=42.0, high=None, of="samples", condition=None),),
        caveats=(),
        document=None,
        exact=None,
    )
    return Study(
        slug="planted",
        title="Planted",
        aliases=(),
        since=None,
        until=None,
        contact=None,
        documents=(),
        speakers=tuple(
            Speaker(slug=slug, name=name, aliases=(), affiliation=None, role=None) for name, slug in slugs.items()
        ),
        quotes=tuple(attrs.evolve(quote, speaker=slugs[quote.speaker]) for quote in tree.quotes),
        claims=(claim,),
        sources=(),
        schedule=None,
        alerts=(),
    )


def coverage(tree: Tree) -> Coverage:
    """In the order of the reader: by stated date, then address."""
    about = study(tree)
    made = sorted(
        map(_retelling, tree.articles), key=lambda r: (r.extraction.published_at or _LAST, r.article.canonical_url)
    )
    tool = align.tool(about)
    alignments: dict[str, tuple[Alignment, ...]] = {}
    for retelling in made:
        for quote in retelling.quotes:
            if quote.words_sha256 not in alignments:
                wording = retelling.words(quote.content)
                alignments[quote.words_sha256] = tuple(align.alignments(about, quote.words_sha256, wording, tool, {}))
    return Coverage(study=about, retellings=tuple(made), alignments=alignments, evidence={})


def _retelling(planted: Planted) -> Retelling:
    text = Text(text=planted.body, language="en")
    source = slug_of(planted)
    article = Article(source=source, canonical_url=planted.url)
    links = tuple(_links(planted))
    snapshot = makings.snapshot(article, START + timedelta(days=60), planted.url)
    return Retelling(
        article=article,
        source=Source(
            slug=source,
            name=planted.outlet,
            domains=(planted.url.split("/")[2],),
            kind=planted.kind,
            country=None,
            language=None,
        ),
        snapshot=snapshot,
        extraction=makings.extraction(
            snapshot, article, text, TOOL, published=(planted.published, planted.precision), links=links
        ),
        text=text,
        passages=tuple(_passages(text)),
        quotes=tuple(_quotes(text, planted)),
        quantities=tuple(_quantities(text)),
        credits=tuple(crediting.credits(text.id, text.text, links, crediting.TOOL)),
    )


def slug_of(planted: Planted) -> str:
    """Of its outlet."""
    return planted.outlet.lower().replace(" ", "-")


def _links(planted: Planted) -> Iterator[Link]:
    for part in planted.parts:
        if isinstance(part, Pointer) and part.url:
            at = planted.body.index(part.line) + part.line.index(part.anchor)
            yield Link(url=part.url, anchor=part.anchor, span=Span(at, at + len(part.anchor)))


def _quotes(text: Text, planted: Planted) -> Iterator[Quote]:
    start = 0
    for part in planted.parts:
        if not isinstance(part, Remark):
            continue
        start = text.text.index(part.said, start)
        span = Span(start, start + len(part.said))
        yield makings.quote(text, span, part.name, TOOL)


def _passages(text: Text) -> Iterator[Passage]:
    for ordinal, found in enumerate(_SENTENCE.finditer(text.text)):
        yield makings.passage(text, Span(found.start(), found.end()), ordinal, TOOL)


def _quantities(text: Text) -> Iterator[Quantity]:
    for found in _NUMBER.finditer(text.text):
        yield Quantity(
            text=text.id,
            span=Span(found.start(1), found.end(2)),
            tool=TOOL,
            value=float(found.group(1)),
            high=None,
            unit=found.group(2).rstrip("s"),
            measure=found.group(2).rstrip("s"),
            condition=None,
            hedge=None,
        )
