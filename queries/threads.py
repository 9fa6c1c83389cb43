"""The trace of a quote, a claim or the whole study as a report shows it."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

import attrs

from kb.claims import Speaker
from kb.coverage import Coverage, Retelling
from kb.records import Span, Stance
from queries import fidelity, phrases
from queries.charts import descent, periods, timeline
from queries.lineage import parents_of
from queries.plain import counted
from queries.trace import Appearance, ProvenanceEdge, Trace
from queries.views import Citation, Count, Moment, OriginView, Parent, Piece, Row, Thread
from queries.wording import changes, excerpt, printed_words


@attrs.frozen
class Citations:
    """Articles as reports cite them, each with the number of its capture."""

    numbers: Mapping[str, int]
    """By article id, from 1 in the order of the coverage."""
    retellings: Mapping[str, Retelling]

    @classmethod
    def of(cls, coverage: Coverage) -> "Citations":
        known = {retelling.article.id: retelling for retelling in coverage.retellings}
        return cls({article: at for at, article in enumerate(known, start=1)}, known)

    def cite(self, retelling: Retelling) -> Citation:
        """The article; capture 0 where it is not part of the coverage, as with a draft."""
        extraction, snapshot, article = retelling.extraction, retelling.snapshot, retelling.article
        return Citation(
            article=article.id,
            outlet=retelling.source.name,
            source=article.source,
            title=extraction.title or article.canonical_url,
            url=article.canonical_url,
            published=Moment(at=extraction.published_at, precision=extraction.published_precision),
            truncated=extraction.truncated,
            capture=self.numbers.get(article.id, 0),
            fetched_at=snapshot.fetched_at,
            snapshot=snapshot.body_sha256,
        )

    def parents(self, edges: tuple[ProvenanceEdge, ...]) -> tuple[Parent, ...]:
        return tuple(self._parent(edge) for edge in edges if edge.parent in self.retellings)

    def _parent(self, edge: ProvenanceEdge) -> Parent:
        retelling = self.retellings[edge.parent]
        return Parent(
            outlet=retelling.source.name,
            article=edge.parent,
            url=retelling.article.canonical_url,
            relation=phrases.RELATIONS[edge.relation],
            confidence=edge.confidence,
            reasons=phrases.reasons(edge),
        )


@attrs.frozen
class _Subject:
    """What a trace is about, as the study states it."""

    kind: Literal["quote", "claim", "study"]
    text: str
    speaker: Speaker | None = None
    reference: str | None = None
    caveats: tuple[str, ...] = ()


def subject_label(coverage: Coverage, slug: str) -> str:
    """The words of a quote or claim, the name of a speaker, the study's title; a slug that is none of these stays."""
    for speaker in coverage.study.speakers:
        if speaker.slug == slug:
            return speaker.name
    return _subject(coverage, slug).text


def speaker_of(coverage: Coverage, slug: str) -> str | None:
    """The name of who said a quote or made a claim."""
    speaker = _subject(coverage, slug).speaker
    return speaker.name if speaker else None


def section(coverage: Coverage, slug: str) -> str:
    """Anchor of a quote's or claim's section."""
    return f"{_subject(coverage, slug).kind}-{slug}"


def _subject(coverage: Coverage, slug: str) -> _Subject:
    study = coverage.study
    speakers = {speaker.slug: speaker for speaker in study.speakers}
    for quote in study.quotes:
        if quote.slug == slug:
            return _Subject("quote", quote.text, speakers.get(quote.speaker), quote.source)
    documents = {document.slug: document.url for document in study.documents}
    for claim in study.claims:
        if claim.slug == slug:
            return _Subject(
                "claim",
                claim.text,
                speakers.get(claim.speaker or ""),
                documents.get(claim.document or ""),
                claim.caveats,
            )
    return _Subject("study", study.title if slug == study.slug else slug)


def thread(coverage: Coverage, trace: Trace, citations: Citations, findings: tuple[int, ...]) -> Thread:
    """`findings`: numbers of the report's findings about the same subject."""
    subject = _subject(coverage, trace.subject)
    parents = parents_of(trace)
    rows = tuple(
        _row(coverage, trace.subject, subject, shown, citations, parents.get(shown.retelling.article.id, ()))
        for shown in trace.appearances
    )
    first = None if trace.first is None else trace.first.retelling.article.id
    return Thread(
        slug=trace.subject,
        kind=subject.kind,
        text=subject.text,
        speaker=subject.speaker.name if subject.speaker else None,
        affiliation=subject.speaker.affiliation if subject.speaker else None,
        reference=subject.reference,
        caveats=subject.caveats,
        tally=_tally(trace),
        verdicts=_verdicts(rows),
        first=next((row for row in rows if row.citation.article == first), None),
        rows=rows,
        origins=_origins(trace, citations),
        amounts=fidelity.told(trace, {a.retelling.article.id: a.retelling.source.name for a in trace.appearances}),
        undetermined=trace.undetermined,
        findings=findings,
        periods=periods(trace.appearances),
        timeline=timeline(trace.appearances, subject.text),
        descent=descent(trace, coverage),
    )


def _tally(trace: Trace) -> str:
    count = len({shown.retelling.article.id for shown in trace.appearances})
    articles = counted(count, "article")
    if len(trace.appearances) > count:
        articles = f"{len(trace.appearances):,} prints in {articles}"
    return f"{articles}, {phrases.origins(len(trace.origins))}" if trace.origins else articles


def _verdicts(rows: tuple[Row, ...]) -> tuple[Count, ...]:
    """In the order of the verdicts' own list, so that the faithful come first."""
    counts = Counter[str](code for row in rows if (code := row.verdict or row.stance))
    labels = [*phrases.VERDICTS.items(), *phrases.STANCES.items()]
    return tuple(
        Count(code, phrases.counting(label, counts[code]), counts[code]) for code, label in labels if counts[code]
    )


def _origins(trace: Trace, citations: Citations) -> tuple[OriginView, ...]:
    return tuple(
        OriginView(id=o.id, citation=citations.cite(citations.retellings[o.root]), articles=len(o.articles))
        for o in trace.origins
        if o.root in citations.retellings
    )


def _row(
    coverage: Coverage,
    slug: str,
    subject: _Subject,
    shown: Appearance,
    citations: Citations,
    edges: tuple[ProvenanceEdge, ...],
) -> Row:
    retelling, span = shown.retelling, shown.span
    stance = _stance(coverage, slug, retelling, span) if span and subject.kind == "claim" else None
    diff: tuple[Piece, ...] = ()
    if span and subject.kind == "quote":
        diff = changes(subject.text, printed_words(retelling, span))
    label = phrases.VERDICTS[shown.verdict] if shown.verdict else phrases.STANCES[stance] if stance else ""
    return Row(
        citation=citations.cite(retelling),
        verdict=shown.verdict,
        stance=stance,
        label=label,
        diff=diff,
        excerpt=excerpt(retelling, span) if span else None,
        form=next((quote.form for quote in retelling.quotes if quote.content == span), None),
        parents=citations.parents(edges),
        origin=shown.origin,
    )


def _stance(coverage: Coverage, slug: str, retelling: Retelling, span: Span) -> Stance | None:
    """The surest stance of the passages that a claim's occurrence lies in."""
    found = [
        evidence
        for passage in retelling.passages
        if passage.start < span.end and span.start < passage.end
        for evidence in coverage.evidence.get(passage.words_sha256, ())
        if evidence.claim == slug
    ]
    return max(found, key=lambda e: (e.probability, e.stance)).stance if found else None
