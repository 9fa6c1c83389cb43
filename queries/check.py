"""Consistency checks: coverage in, findings out. Pure: no store, no clock."""

import attrs

from kb import align
from kb.coverage import Coverage, Retelling
from kb.records import Alignment
from queries import (
    affiliation_rules,
    contradiction_rules,
    name_rules,
    number_rules,
    overstatement_rules,
    paraphrase_rules,
    quote_families,
    quote_rules,
    revision_rules,
)
from queries.attribution import Resolve, occurrences, resolver, wording_of
from queries.relevance import about_study
from queries.rules import Finding, Passed, Role, Rule, Truth, finding_id

__all__ = ["Finding", "Passed", "Role", "Rule", "Truth", "check", "check_draft", "finding_id"]


def check(coverage: Coverage, *, speakers: Resolve | None = None) -> tuple[Finding, ...]:
    """Every problem in the coverage: gravest first, then surest, then by id.

    `speakers` says who a quote is attributed to; without it, names are held against the study's own.
    """
    resolve = speakers or resolver(coverage.study)
    said = occurrences(coverage, resolve)
    about = about_study(coverage, said)
    found = [
        *quote_rules.findings(coverage, said),
        *quote_families.findings(coverage, said),
        *number_rules.findings(coverage, about),
        *paraphrase_rules.findings(coverage, said, about),
        *overstatement_rules.findings(coverage, said, about),
        *contradiction_rules.findings(coverage, said, about),
        *name_rules.findings(coverage, about),
        *affiliation_rules.findings(coverage, said, about),
        *revision_rules.findings(coverage, about | _was_about(coverage, resolve)),
    ]
    unique = {finding.id: finding for finding in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda f: (-f.severity, -f.confidence, f.id)))


def _was_about(coverage: Coverage, resolve: Resolve) -> frozenset[str]:
    """Articles whose earlier captures are about the study: an edit may take out what made them so."""
    earlier = attrs.evolve(coverage, retellings=tuple(revision.before for revision in coverage.revisions))
    return frozenset(about_study(earlier, occurrences(earlier, resolve)))


def check_draft(draft: Retelling, coverage: Coverage, *, speakers: Resolve | None = None) -> tuple[Finding, ...]:
    """The problems of one text that is not part of the coverage yet, held against study and coverage.

    Wordings that nobody laid against the references yet are laid here, without any cosine.
    """
    alignments = {**_laid(draft, coverage), **coverage.alignments}
    together = attrs.evolve(coverage, retellings=(*coverage.retellings, draft), alignments=alignments)
    return tuple(
        finding
        for finding in check(together, speakers=speakers)
        if any(p.retelling.article.id == draft.article.id for p in finding.evidence if p.role == "observed")
    )


def _laid(draft: Retelling, coverage: Coverage) -> dict[str, tuple[Alignment, ...]]:
    tool = align.tool(coverage.study)
    return {
        quote.words_sha256: tuple(
            align.alignments(coverage.study, quote.words_sha256, wording_of(draft, quote), tool, {})
        )
        for quote in draft.quotes
    }
