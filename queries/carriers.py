"""Which articles carry a quote, a claim or the study, where, and with which verdict."""

from kb.claims import ReferenceQuote
from kb.coverage import Coverage, Retelling
from kb.records import Alignment, Span, Verdict
from queries.attribution import Attribution, Resolve, resolver

LIKELY = 0.5
"""Probability from which something counts as so."""

Carried = tuple[Retelling, Span | None, Verdict | None]


def carriers(coverage: Coverage, about: str, speakers: Resolve | None = None) -> list[Carried]:
    """Occurrences in the order of the coverage; the same wording twice in one article counts once.

    `speakers` says whom words are given to; without it, names stand as printed, unjudged.
    """
    resolve = speakers or resolver(coverage.study)
    quote = next((q for q in coverage.study.quotes if q.slug == about), None)
    if quote is not None:
        return [found for retelling in coverage.retellings for found in _printed(coverage, retelling, quote, resolve)]
    if any(claim.slug == about for claim in coverage.study.claims):
        stated = ((retelling, _stated(coverage, retelling, about)) for retelling in coverage.retellings)
        return [(retelling, span, None) for retelling, span in stated if span is not None]
    return [(retelling, None, None) for retelling in coverage.retellings] if about == coverage.study.slug else []


def _printed(coverage: Coverage, retelling: Retelling, reference: ReferenceQuote, resolve: Resolve) -> list[Carried]:
    found: dict[tuple[str, Verdict], Carried] = {}
    for quote in retelling.quotes:
        for alignment in coverage.alignments.get(quote.words_sha256, ()):
            if alignment.quote == reference.slug:
                judged = verdict(resolve(retelling, quote), alignment, reference)
                found.setdefault((quote.words_sha256, judged), (retelling, quote.content, judged))
    return list(found.values())


def verdict(given: Attribution, alignment: Alignment, reference: ReferenceQuote) -> Verdict:
    """As aligned, unless the words are plainly given to somebody else."""
    other = given.kind == "speaker" and given.slug != reference.speaker
    return "misattributed" if other or given.kind in ("person", "group", "machine") else alignment.verdict


def _stated(coverage: Coverage, retelling: Retelling, claim: str) -> Span | None:
    """The passage that states a claim most surely; contradicting it is about it, too."""
    stances = [
        (evidence.probability, -passage.start, passage)
        for passage in retelling.passages
        for evidence in coverage.evidence.get(passage.words_sha256, ())
        if evidence.claim == claim and evidence.stance != "neutral" and evidence.probability >= LIKELY
    ]
    best = max(stances, key=lambda stance: stance[:2], default=None)
    return Span(best[2].start, best[2].end) if best else None
