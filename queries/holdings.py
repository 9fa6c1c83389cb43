"""What the exports draw from: the coverage, what was found in it, and what people decided."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

import attrs

from kb.claims import ReferenceQuote, Speaker
from kb.coverage import Coverage, Retelling
from kb.records import Alignment, Judgement, Quote, Tool, Verdict
from queries.attribution import Resolve
from queries.carriers import verdict
from queries.check import Finding
from queries.trace import Trace, trace


@attrs.frozen(kw_only=True)
class Holdings:
    """Everything that an export may tell. Two of the same give the same bytes."""

    coverage: Coverage
    findings: tuple[Finding, ...]
    """All, those that a person rejected included."""
    judged: Mapping[str, Judgement]
    """By subject, what stands."""
    resolve: Resolve
    """Whom a quote is given to, as people have judged names."""
    tools: tuple[Tool, ...]
    """Those whose records are active."""
    version: str
    """Of retold."""
    at: datetime
    """When it is exported."""

    @property
    def software(self) -> str:
        return f"retold {self.version}"

    @cached_property
    def tree(self) -> Trace:
        """The source tree of the whole study."""
        return trace(self.coverage, speakers=self.resolve)

    @cached_property
    def speakers(self) -> Mapping[str, Speaker]:
        return {speaker.slug: speaker for speaker in self.coverage.study.speakers}

    @cached_property
    def references(self) -> Mapping[str, ReferenceQuote]:
        return {reference.slug: reference for reference in self.coverage.study.quotes}

    @property
    def kept(self) -> tuple[Finding, ...]:
        """Findings that nobody rejected: no export repeats an accusation that a person found to be wrong."""
        return tuple(finding for finding in self.findings if self.status(finding) != "rejected")

    def status(self, finding: Finding) -> str:
        """What a person decided; `open` where nobody has."""
        return self.judged[finding.id].verdict if finding.id in self.judged else "open"

    def verdicts(self, retelling: Retelling, quote: Quote) -> tuple[tuple[Alignment, Verdict], ...]:
        """How a quote stands to each reference quote that it belongs to."""
        laid = [a for a in self.coverage.alignments.get(quote.words_sha256, ()) if a.quote in self.references]
        if not laid:
            return ()
        given = self.resolve(retelling, quote)
        return tuple((each, verdict(given, each, self.references[each.quote])) for each in laid)

    def speaker(self, retelling: Retelling, quote: Quote) -> str | None:
        """The name of who speaks: a speaker of the study, or whoever has a full name, as an AI system may; None for
        groups, machines and the unclear.
        """
        given = self.resolve(retelling, quote)
        if given.slug and given.slug in self.speakers:
            return self.speakers[given.slug].name
        return quote.speaker_name if given.kind == "person" else None

    def is_person(self, retelling: Retelling, quote: Quote) -> bool:
        """Whether who speaks is known to be a person: claims.yaml has persons alone among its speakers."""
        return self.resolve(retelling, quote).slug in self.speakers
