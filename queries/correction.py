"""A letter that asks an outlet for corrections: what it printed, the reference, the captures. Nothing is sent.

Only what a reference settles, and nothing that a person rejected or was unsure of: a letter accuses somebody.
"""

import attrs

from kb.errors import UserError
from queries.check import Rule
from queries.placed import Placed
from queries.views import DocumentView, FindingView, Proof, ToolView

NOTHING_TO_CORRECT = frozenset({Rule.SILENT_EDIT, Rule.CORRECTION})
"""These tell what an outlet has changed already."""


@attrs.frozen(kw_only=True)
class Request:
    """One thing to correct."""

    finding: FindingView
    printed: tuple[Proof, ...]
    """Where the outlet printed it."""
    held_against: tuple[Proof, ...]
    reference: str | None
    """Address of the first or authoritative print of the quote, or of the claim's document."""


@attrs.frozen(kw_only=True)
class CorrectionView:
    """The letter to one outlet."""

    study: str
    title: str
    """The study's."""
    slug: str
    outlet: str
    documents: tuple[DocumentView, ...]
    requests: tuple[Request, ...]
    unconfirmed: int
    """Of them, found by program and confirmed by nobody yet: for who sends it, not for the letter."""
    tools: tuple[ToolView, ...]


def view(placed: Placed, slug: str) -> CorrectionView:
    """The letter to an outlet by its id; UserError where there is nothing to ask of it."""
    rows = placed.rows_of(slug)
    requests = tuple(
        _request(placed, found, slug, rows[0].citation.outlet)
        for found in placed.findings_by_source.get(slug, ())
        if _is_to_ask(found)
    )
    if not requests:
        raise UserError(f"nothing to ask {rows[0].citation.outlet} to correct: no settled finding stands against it")
    return CorrectionView(
        study=placed.report.study,
        title=placed.report.title,
        slug=slug,
        outlet=rows[0].citation.outlet,
        documents=placed.report.documents,
        requests=requests,
        unconfirmed=sum(request.finding.status != "confirmed" for request in requests),
        tools=placed.report.tools,
    )


def _is_to_ask(found: FindingView) -> bool:
    return found.truth == "settled" and found.status in ("open", "confirmed") and found.rule not in NOTHING_TO_CORRECT


def _request(placed: Placed, found: FindingView, slug: str, outlet: str) -> Request:
    """Without what the finding says of others: whoever else printed it is no business of this outlet."""
    printed = tuple(p for p in found.proofs if p.role == "observed" and p.citation.source == slug)
    held_against = tuple(p for p in found.proofs if p.role == "expected")
    reference = next((each.reference for each in placed.report.threads if each.slug == found.subject), None)
    return Request(
        finding=attrs.evolve(found, outlets=(outlet,), proofs=printed + held_against, sources=()),
        printed=printed,
        held_against=held_against,
        reference=reference,
    )
