"""Findings as a report shows them: the gravest first, each with its proof and where it came from."""

from collections.abc import Mapping, Sequence

import attrs

from kb.coverage import Coverage
from queries import phrases
from queries.check import Finding, Passed, Rule
from queries.lineage import parents_of
from queries.threads import Citations, section, speaker_of, subject_label
from queries.trace import ProvenanceEdge, Trace
from queries.views import Descent, FindingView, Piece, Proof
from queries.wording import excerpt, word_diff

_WORDING = frozenset({Rule.ALTERED_QUOTE, Rule.TRUNCATED_QUOTE, Rule.MISSPELT_NAME})
"""Rules whose `expected` and `observed` are wordings, so that a word diff says something."""

_DECISIONS = {"confirmed": "Confirmed by a person", "unsure": "A person was unsure"}


@attrs.frozen
class Decided:
    """Findings with what people decided about them."""

    findings: Sequence[Finding] = ()
    status: Mapping[str, str] = attrs.field(factory=dict)
    """By id; those that nobody judged are not in it."""

    def about(self, subject: str) -> "Decided":
        return attrs.evolve(self, findings=[found for found in self.findings if found.subject == subject])

    @property
    def kept(self) -> list[Finding]:
        """Those that nobody rejected: a report must not repeat an accusation that a person found to be wrong."""
        return [found for found in self.findings if self.status.get(found.id) != "rejected"]

    @property
    def rejected(self) -> int:
        return len(self.findings) - len(self.kept)


def finding_views(
    coverage: Coverage, decided: Decided, traces: Sequence[Trace], citations: Citations
) -> tuple[FindingView, ...]:
    """Numbered from 1, by severity, then confidence; ties by id, so that the order never depends on the input's.

    Rejected ones are left out.
    """
    ordered = sorted(decided.kept, key=lambda found: (-found.severity, -found.confidence, found.id))
    traced = {trace.subject: parents_of(trace) for trace in traces}
    return tuple(
        attrs.evolve(
            _finding_view(number, found, coverage, traced.get(found.subject), citations),
            status=decided.status.get(found.id, "open"),
            status_label=_DECISIONS.get(decided.status.get(found.id, ""), ""),
        )
        for number, found in enumerate(ordered, start=1)
    )


def _finding_view(
    number: int,
    found: Finding,
    coverage: Coverage,
    traced: dict[str, tuple[ProvenanceEdge, ...]] | None,
    citations: Citations,
) -> FindingView:
    told = [p.retelling for p in found.evidence if p.role == "observed" or found.truth == "unsettled"]
    settled = found.truth == "settled"
    edges = traced or {}
    return FindingView(
        id=found.id,
        number=number,
        rule=found.rule,
        label=phrases.rule(found.rule),
        severity=found.severity,
        severity_label=phrases.SEVERITIES[min(max(found.severity, 1), 3)],
        confidence=found.confidence,
        truth=found.truth,
        subject=found.subject,
        subject_label=subject_label(coverage, found.subject),
        speaker=speaker_of(coverage, found.subject),
        section="" if traced is None else section(coverage, found.subject),
        summary=found.summary,
        expected=found.expected,
        observed=found.observed,
        diff=_diff(found) if settled else (),
        edits=tuple(phrases.edit(change) for change in found.edits) if settled else (),
        outlets=tuple(dict.fromkeys(retelling.source.name for retelling in told)),
        proofs=tuple(_proof(passed, found, citations) for passed in found.evidence),
        sources=tuple(
            Descent(outlet=retelling.source.name, parents=citations.parents(edges.get(retelling.article.id, ())))
            for retelling in {r.article.id: r for r in told}.values()
            if retelling.article.id in edges
        ),
        tools=found.tools,
    )


def _diff(found: Finding) -> tuple[Piece, ...]:
    if found.rule not in _WORDING and not found.edits:
        return ()
    return word_diff(found.expected, found.observed, cut=found.rule == Rule.TRUNCATED_QUOTE)


def _proof(passed: Passed, found: Finding, citations: Citations) -> Proof:
    return Proof(
        role=passed.role,
        label=phrases.ROLES[(found.truth, passed.role)],
        citation=citations.cite(passed.retelling),
        excerpt=excerpt(passed.retelling, passed.span),
    )
