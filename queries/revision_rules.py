"""Captures against earlier captures: sentences changed or gone without a word about it, and marked corrections."""

from collections.abc import Iterator, Set

from kb.coverage import Coverage, Retelling, Revision
from kb.notices import notices
from kb.records import Edit, Passage, Span
from kb.revisions import Changed, Changes, Dropped, changes
from queries.rules import Finding, Passed, Rule, finding_id

SURE, OPEN = 0.9, 0.7
"""Confidence in a silent edit whose sense is known to have changed, and in one where that is open. Both captures are
archived, so the edit itself is certain; what is not is that no note stands where no text was read. Set by hand."""
MANY = 12
"""Silent edits of one revision that are listed one by one; a page with more was written anew."""


def findings(coverage: Coverage, about: Set[str]) -> Iterator[Finding]:
    """Silent edits of articles `about` the study (ids), and the corrections that they mark."""
    for revision in coverage.revisions:
        if revision.after.article.id in about:
            yield from _silent(revision, changes(revision))
    for retelling in coverage.retellings:
        if retelling.article.id in about:
            yield from _corrections(retelling)


def _silent(revision: Revision, made: Changes) -> Iterator[Finding]:
    """What changed unmarked. An added sentence is news, and a change that keeps the sense is care: both are silent."""
    if any(notice.owns_up for notice in made.marked):
        return
    told = [changed for changed in made.changed if changed.aligned.sense_kept is not True and changed.aligned.edits]
    gone = [dropped for dropped in made.dropped if _weighs(revision.before, dropped.before)]
    if len(told) + len(gone) > MANY:
        return
    for changed in told:
        yield _edited(revision, changed)
    for dropped in gone:
        yield _dropped(revision, dropped)


def _weighs(retelling: Retelling, passage: Passage) -> bool:
    """Whether a sentence holds a quote or a number, so that its going is more than a cut."""
    span = Span(passage.start, passage.end)
    quoted = any(piece.overlaps(span) for quote in retelling.quotes for piece in quote.pieces)
    return quoted or any(number.span.overlaps(span) for number in retelling.quantities)


def _edited(revision: Revision, changed: Changed) -> Finding:
    turned = changed.aligned.sense_kept is False
    weighs = _weighs(revision.after, changed.after) or _weighs(revision.before, changed.before)
    return _finding(
        revision,
        (changed.before, changed.after),
        severity=2 if turned and weighs else 1,
        confidence=SURE if turned else OPEN,
        summary=f"{revision.after.source.name} changed a sentence between two captures, with no note that says so.",
        edits=changed.aligned.edits,
    )


def _dropped(revision: Revision, dropped: Dropped) -> Finding:
    words = revision.before.words(Span(dropped.before.start, dropped.before.end))
    return _finding(
        revision,
        (dropped.before, dropped.near),
        severity=1,
        confidence=OPEN,
        summary=f"{revision.after.source.name} took out a sentence between two captures, with no note that says so.",
        edits=(Edit("delete", words, ""),),
    )


def _finding(
    revision: Revision,
    passages: tuple[Passage, Passage],
    *,
    severity: int,
    confidence: float,
    summary: str,
    edits: tuple[Edit, ...],
) -> Finding:
    before, after = (Span(passage.start, passage.end) for passage in passages)
    expected = Passed(role="expected", retelling=revision.before, span=before)
    observed = Passed(role="observed", retelling=revision.after, span=after)
    gone = edits and edits[0].op == "delete" and edits[0].before == revision.before.words(before)
    return Finding(
        id=finding_id(Rule.SILENT_EDIT, revision.before.words(before), [observed]),
        rule=Rule.SILENT_EDIT,
        severity=severity,
        confidence=confidence,
        truth="settled",
        subject="",
        summary=summary,
        expected=revision.before.words(before),
        observed="" if gone else revision.after.words(after),
        edits=edits,
        evidence=(observed, expected),
        tools=(revision.after.extraction.tool,),
    )


def _corrections(retelling: Retelling) -> Iterator[Finding]:
    for notice in notices(retelling.text.text):
        if not notice.owns_up:
            continue
        observed = Passed(role="observed", retelling=retelling, span=notice.span)
        yield Finding(
            id=finding_id(Rule.CORRECTION, notice.kind, [observed]),
            rule=Rule.CORRECTION,
            severity=1,
            confidence=0.9,
            truth="settled",
            subject="",
            summary=f"{retelling.source.name} marks a {notice.kind}.",
            expected="",
            observed=retelling.words(notice.span),
            edits=(),
            evidence=(observed,),
            tools=(retelling.extraction.tool,),
        )
