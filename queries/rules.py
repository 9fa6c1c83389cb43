"""The rules of consistency, and what a finding under one of them holds."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

import attrs

from kb.coverage import Retelling
from kb.records import Edit, Span, record_id

Truth = Literal["settled", "unsettled"]
Role = Literal["observed", "expected", "other"]


class Rule(StrEnum):
    ALTERED_QUOTE = "altered-quote"
    TRUNCATED_QUOTE = "truncated-quote"
    MERGED_QUOTE = "merged-quote"
    MISATTRIBUTED_QUOTE = "misattributed-quote"
    NUMBER_CONFLICT = "number-conflict"
    UNSUPPORTED_PARAPHRASE = "unsupported-paraphrase"
    OVERSTATED = "overstated"
    CAVEAT_DROPPED = "caveat-dropped"
    CONTRADICTION = "contradiction"
    MISSPELT_NAME = "misspelt-name"
    AFFILIATION_CONFLICT = "affiliation-conflict"
    SILENT_EDIT = "silent-edit"
    CORRECTION = "correction"


@attrs.frozen(kw_only=True)
class Passed:
    """A passage that a finding rests on."""

    role: Role
    """`observed` is what the finding is about, `expected` what it is held against."""
    retelling: Retelling
    span: Span


@attrs.frozen(kw_only=True)
class Finding:
    """One problem in the coverage, with the passages it rests on."""

    id: str
    """Derived from the rule and the content of its passages: a Judgement holds on to it."""
    rule: Rule
    severity: int
    """1 to 3."""
    confidence: float
    truth: Truth
    subject: str
    """Slug of the reference quote, claim or speaker; empty where there is none."""
    summary: str
    expected: str
    observed: str
    edits: tuple[Edit, ...]
    evidence: tuple[Passed, ...]
    tools: tuple[str, ...]
    """Ids of the tools whose results it rests on."""


def finding_id(rule: Rule, subject: str, evidence: Iterable[Passed]) -> str:
    """The same for the same words in the same article, wherever in the text they stand."""
    about = sorted(
        (passed.retelling.article.id, passed.retelling.words(passed.span))
        for passed in evidence
        if passed.role == "observed"
    )
    return record_id("finding", rule, subject, about)
