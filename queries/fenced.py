"""Results for a language model: what the library found, with every word that comes from a page fenced off.

A page may try to speak to the model that reads it. Nothing can stop it from being read, so each such text stands in a
field `untrusted`, without control and direction characters and cut to a stated length.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from kb.occurrences import Occurrence
from kb.records import rfc3339
from queries import views
from queries.lookup import Answer
from queries.markup import web_address
from queries.plain import printable
from queries.rules import Finding, Passed
from queries.search import Hit
from queries.told import (
    Change,
    Citation,
    DraftResult,
    Edge,
    EvidencePassage,
    FindingRecord,
    OriginRecord,
    Reason,
    ReportResult,
    SearchHit,
    SearchResult,
    Source,
    SubjectResult,
    TracedArticle,
    TraceResult,
    Untrusted,
    Wording,
)
from queries.trace import Appearance, ProvenanceEdge, Trace
from queries.wording import excerpt

LONGEST = 2_000
"""Characters of one quoted text at most; a quotation that runs longer is cut, and says so."""
PLACES = 5
"""Places told of one wording; `total_places` counts all."""
PROOFS = 6
"""Passages told of one finding; `total_evidence` counts all."""
_NO_ID = re.compile(r"[^\w.:-]+")
_LONGEST_ID = 80
_ADDRESS_SAFE = "%/:?#@!$&'*+,;=~-._[]"


def fence(text: str, longest: int = LONGEST) -> Untrusted:
    """Page text as a result may hold it.

    >>> fence("a\\x1b[31m\\u202eb", 4)
    Untrusted(untrusted='a\ufffd[3', cut=True)
    """
    return Untrusted(untrusted=printable(text[:longest]), cut=len(text) > longest)


def fenced(text: str | None) -> Untrusted | None:
    return fence(text) if text else None


def address(url: str) -> str:
    """A page's own address as a result may hold it: one word, for a page may choose it.

    >>> address("https://a.example/say yes"), address("https://a.example/x?y=1"), address("javascript:alert(1)")
    ('', 'https://a.example/x?y=1', '')
    """
    known = web_address(url)
    return quote(known, safe=_ADDRESS_SAFE) if known else ""


def outlet(source: str) -> str:
    """An outlet's id as a result may hold it: one word. Those of claims.yaml and hosts are; imported lists hold any.

    >>> outlet("morning-ledger"), outlet("127.0.0.1:80"), outlet("say yes\\n")
    ('morning-ledger', '127.0.0.1:80', 'say-yes-')
    """
    return _NO_ID.sub("-", source)[:_LONGEST_ID]


def moment(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None


def search_result(answer: Answer) -> SearchResult:
    question = answer.question
    return SearchResult(
        query=question.query,
        mode=question.mode,
        took_ms=round(answer.took_ms, 1),
        hits=[_hit(hit) for hit in answer.hits],
        advice=None if answer.hits else answer.wider(),
    )


def _hit(hit: Hit) -> SearchHit:
    return SearchHit(
        rank=hit.rank,
        score=hit.score,
        kind=hit.kind,
        text=fence(hit.text),
        speaker=fenced(hit.speaker),
        places=[_place(place) for place in hit.occurrences[:PLACES]],
        total_places=len(hit.occurrences),
    )


def _place(place: Occurrence) -> Citation:
    return Citation(
        url=address(place.url),
        outlet=outlet(place.source),
        title=fenced(place.title),
        published_at=moment(place.published_at),
        start=place.start,
        end=place.end,
        exact=fence(place.exact),
        prefix=fence(place.before),
        suffix=fence(place.after),
        snapshot=place.snapshot,
    )


def cited(citation: views.Citation, shown: views.Excerpt | None) -> Citation:
    """An article as the report cites it, with the words in it that are meant."""
    return Citation(
        url=address(citation.url),
        outlet=outlet(citation.source),
        title=fenced(citation.title),
        published_at=moment(citation.published.at),
        start=shown and shown.start,
        end=shown and shown.end,
        exact=fence(shown.exact) if shown else None,
        prefix=fence(shown.before) if shown else None,
        suffix=fence(shown.after) if shown else None,
        snapshot=citation.snapshot,
    )


def subject_result(report: views.ReportView, limit: int) -> SubjectResult:
    """The one thread of a report on a quote or claim."""
    thread = report.threads[0]
    return SubjectResult(
        id=thread.slug,
        text=thread.text,
        speaker=thread.speaker,
        counts={count.code: count.count for count in thread.verdicts},
        first=cited(thread.first.citation, thread.first.excerpt) if thread.first else None,
        wordings=[_wording(row) for row in thread.rows[:limit]],
        total_wordings=len(thread.rows),
        findings=[_shown(found) for found in report.findings[:limit]],
        total_findings=len(report.findings),
        undetermined=[fence(line) for line in thread.undetermined],
    )


def _wording(row: views.Row) -> Wording:
    return Wording(
        verdict=row.verdict or row.stance or "",
        changes=[Change(op=piece.op, words=fence(piece.text)) for piece in row.diff],
        citation=cited(row.citation, row.excerpt),
        taken_from=[
            Source(
                url=address(parent.url),
                outlet=fence(parent.outlet),
                relation=parent.relation,
                confidence=parent.confidence,
                reasons=[fence(reason) for reason in parent.reasons],
            )
            for parent in row.parents
        ],
        origin=row.origin,
    )


def _shown(found: views.FindingView) -> FindingRecord:
    proofs = [
        EvidencePassage(role=proof.role, citation=cited(proof.citation, proof.excerpt))
        for proof in found.proofs[:PROOFS]
    ]
    return _record(found, found.status, proofs, len(found.proofs))


def draft_result(found: Sequence[Finding], limit: int) -> DraftResult:
    counts = Counter(str(finding.rule) for finding in found)
    return DraftResult(counts=dict(counts), findings=[_told(each) for each in found[:limit]], total_findings=len(found))


def _told(found: Finding) -> FindingRecord:
    passages = [EvidencePassage(role=each.role, citation=_passage(each)) for each in found.evidence[:PROOFS]]
    return _record(found, "open", passages, len(found.evidence))


def _record(
    found: views.FindingView | Finding, status: str, evidence: list[EvidencePassage], total: int
) -> FindingRecord:
    return FindingRecord(
        id=found.id,
        rule=found.rule,
        severity=found.severity,
        confidence=round(found.confidence, 4),
        status=status,
        truth=found.truth,
        summary=fence(found.summary),
        expected=fence(found.expected),
        observed=fence(found.observed),
        evidence=evidence,
        total_evidence=total,
    )


def _passage(passed: Passed) -> Citation:
    retelling, shown = passed.retelling, excerpt(passed.retelling, passed.span)
    return Citation(
        url=address(retelling.article.canonical_url),
        outlet=outlet(retelling.article.source),
        title=fenced(retelling.extraction.title),
        published_at=moment(retelling.extraction.published_at),
        start=shown.start,
        end=shown.end,
        exact=fence(shown.exact),
        prefix=fence(shown.before),
        suffix=fence(shown.after),
        snapshot=retelling.snapshot.body_sha256,
    )


def trace_result(traced: Trace, limit: int) -> TraceResult:
    """The first articles by time, with the edges that lead to them."""
    urls = {each.retelling.article.id: address(each.retelling.article.canonical_url) for each in traced.appearances}
    told = traced.appearances[:limit]
    listed = {each.retelling.article.id for each in told}
    return TraceResult(
        subject=traced.subject,
        first=_traced(traced.first) if traced.first else None,
        articles=[_traced(each) for each in told],
        total_articles=len(traced.appearances),
        edges=[_edge(edge, urls) for edge in traced.edges if edge.child in listed],
        origins=[
            OriginRecord(id=each.id, root=urls[each.root], articles=len(each.articles))
            for each in traced.origins[:limit]
        ],
        total_origins=len(traced.origins),
        undetermined=[fence(line) for line in traced.undetermined],
    )


def _traced(shown: Appearance) -> TracedArticle:
    return TracedArticle(
        url=address(shown.retelling.article.canonical_url),
        outlet=outlet(shown.retelling.article.source),
        published_at=moment(shown.retelling.extraction.published_at),
        verdict=shown.verdict,
        origin=shown.origin,
    )


def _edge(edge: ProvenanceEdge, urls: Mapping[str, str]) -> Edge:
    return Edge(
        child=urls[edge.child],
        parent=urls[edge.parent],
        relation=edge.relation,
        confidence=edge.confidence,
        why=[Reason(kind=why.kind, detail=fenced(why.detail), score=why.score, lag_s=why.lag_s) for why in edge.why],
    )


def report_result(form: str, text: str, offset: int, longest: int) -> ReportResult:
    end = offset + longest
    return ReportResult(
        format=form,
        text=fence(text[offset:end], longest),
        offset=offset,
        total_characters=len(text),
        next_offset=end if end < len(text) else None,
    )
