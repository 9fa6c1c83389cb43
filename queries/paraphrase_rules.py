"""Reported speech against the speaker's own collected words: contradicted, or its reservation turned round."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set

import attrs

from kb import sense, spelling
from kb.claims import Study
from kb.coverage import Coverage, Retelling
from kb.opposites import opposed
from kb.records import Span
from kb.sense import CONDITION, CONTRAST, HEDGE
from kb.spelling import listed, stemmed
from kb.wording import Token, tokens
from queries.attribution import Occurrence
from queries.reversals import TYPED, reversed_in
from queries.rules import Finding, Passed, Rule, finding_id
from queries.topic import content_stems, topic_words

CLAUSE = 0.5
"""Share of a negated clause's content words that a contradiction must take up."""
TAKEN_UP = 0.3
"""Share of the reported words that a guarded sentence must hold for a report without its guard to be of it."""
OPPOSED = 0.6
"""Share of the reported words that a clause with the opposite of one of them must hold."""
NEARLY_ALL = 0.75
"""Share of the reported words that must stand in one clause when the report, not the speaker, negates."""
TURNED = 0.7
"""Confidence where a typed comparison shows that the report turns a remark round."""
COLLECTED = 200
"""Remarks of one speaker that a report is held against, references and earliest first: the cost stays linear."""
LONGEST = 45
"""Words of a report; a longer one says several things, and which of them is contradicted stays open."""


_DISTANCE = stemmed(
    "deny denied denies reject dismiss doubt dispute refuse caution warn refute contradict rule decline "
    "resist question debate wary careful against avoid stop"
)
"""Words that lead into a report and turn it round: `she warned against …`, `he doubts that …`."""
_RESERVE = stemmed(
    "against avoid lack fail unlikely rather instead far stop limited whether unclear unknown unless if "
    "may might could perhaps would exclude deny reject dismiss"
)
"""Words inside a report that carry a negation, a condition or a doubt: with one of them it is left alone."""
_STRONG = stemmed(
    "already show shown shows proved proven prove proves always completely entirely all every certainly "
    "definitely clearly guaranteed confirm confirmed confirms demonstrate demonstrated will must never "
    "establish established solve solves solved fix fixes fixed enough plainly obviously undoubtedly"
)


_CAUSE = stemmed("cause causes caused causing trigger triggered provoke induce induced")
_HOLDING = stemmed(
    "convinced sure certain clear evidence proof sign reason belief doubt ever yet whether any call "
    "consider describe able"
)
"""Words between a negation and what it denies: `not convinced that …`, `no evidence that …`."""
_LINK = stemmed("linked link associated association correlated correlation tied related connected coincide coincided")


@attrs.frozen(kw_only=True)
class Clause:
    """A part of a sentence between commas, semicolons or full stops."""

    content: frozenset[str]
    negated: bool
    guards: frozenset[str]
    """Its conditions, hedges and modals of possibility."""
    denied: tuple[str, ...]
    """The first content words behind its negation and a `that`, two at most: what is denied of what. Behind `no` the
    last one alone, for what stands first is what there is none of."""
    told_by_others: bool
    """`People say that …`: not what the speaker holds."""


@attrs.frozen(kw_only=True)
class Sentence:
    """Something the speaker said, with where it is printed."""

    words: str
    subject: str
    """Slug of the reference quote; empty for words from the coverage."""
    clauses: tuple[Clause, ...]
    guarded: bool
    """One of its clauses has a guard."""
    row: Sequence[Token]
    stems: frozenset[str]
    """Of all its words, small ones too."""
    source: Occurrence | None

    @property
    def content(self) -> frozenset[str]:
        return frozenset().union(*(clause.content for clause in self.clauses))


@attrs.frozen(kw_only=True)
class Report:
    """What an article says that a speaker said."""

    said: Occurrence
    row: Sequence[Token]
    content: frozenset[str]
    strong: frozenset[str]
    """Stems of its words of certainty and of whole."""
    negated: bool
    guarded: bool
    """It is led in by a word of distance or carries a contrast."""
    reserve: frozenset[str]
    """Stems of its words of negation, condition or doubt."""


def findings(coverage: Coverage, said: Sequence[Occurrence], about: Set[str]) -> Iterator[Finding]:
    """Reports in articles `about` the study (ids) that a speaker's own words contradict."""
    topic = topic_words(coverage.study)
    collected = _collected(coverage.study, said)
    for report in _reports(said, about):
        slug = report.said.given_to.slug or ""
        own = [
            sentence
            for sentence in collected.get(slug, ())
            if sentence.source is None or sentence.source.retelling.article.id != report.said.retelling.article.id
        ]
        best = max(((_refuted(report, s, topic), -at) for at, s in enumerate(own)), default=(0.0, 0))
        if best[0] > 0 and not any(_carries(report, s, topic) for s in own):
            yield _finding(report, own[-best[1]], best[0], coverage)


def _collected(study: Study, said: Sequence[Occurrence]) -> Mapping[str, tuple[Sentence, ...]]:
    """By speaker: reference quotes first, then direct quotes that primary sources and the press print unaltered."""
    found: dict[str, list[Sentence]] = defaultdict(list)
    for quote in study.quotes:
        found[quote.speaker].append(_sentence(quote.text, quote.slug, None))
    seen: set[tuple[str, str]] = set()
    for one in said:
        slug = one.given_to.slug
        own = one.quote.form in ("direct", "turn") and not one.alignments and one.retelling.source.kind != "rewriter"
        if slug and own and len(found[slug]) < COLLECTED and (slug, one.quote.words_sha256) not in seen:
            seen.add((slug, one.quote.words_sha256))
            found[slug].append(_sentence(one.wording, "", one))
    return {slug: tuple(sentences) for slug, sentences in found.items()}


def _sentence(text: str, subject: str, source: Occurrence | None) -> Sentence:
    row = tokens(text)
    parts: dict[int, list[Token]] = defaultdict(list)
    for token in row:
        parts[token.clause].append(token)
    clauses = tuple(map(_clause, parts.values()))
    return Sentence(
        words=text,
        subject=subject,
        clauses=clauses,
        guarded=any(clause.guards for clause in clauses),
        row=row,
        stems=frozenset(spelling.stem(t.key) for t in row),
        source=source,
    )


def _clause(row: Sequence[Token]) -> Clause:
    at = next((at for at, token in enumerate(row) if token.key in sense.NEGATION), len(row))
    that = next((k for k in range(at + 1, min(at + 8, len(row))) if row[k].key == "that"), at)
    behind = [stem for token in row[that + 1 :] for stem in content_stems([token]) - _HOLDING]
    return Clause(
        content=content_stems(row),
        negated=sense.negated(row),
        guards=frozenset(t.key for t in row if t.key in HEDGE or t.key in CONDITION),
        denied=tuple(behind[-1:] if at < len(row) and row[at].key == "no" and that == at else behind[:2]),
        told_by_others=bool(_others_say(row)),
    )


def _others_say(row: Sequence[Token]) -> bool:
    keys = [token.key for token in row[:5]]
    who = next((at for at, key in enumerate(keys) if key in _OTHERS), len(keys))
    return any(spelling.stem(key) in _SAY for key in keys[who + 1 : who + 3])


_OTHERS = frozenset(listed("people some many they critics others everybody everyone"))
_SAY = stemmed("say claim think believe argue call said claimed")


def _reports(said: Sequence[Occurrence], about: Set[str]) -> Iterator[Report]:
    for one in said:
        wanted = one.given_to.slug and one.quote.form in ("indirect", "mixed") and one.retelling.article.id in about
        if not wanted or not one.retelling.in_english:
            continue
        if 0 < len(tokens(one.wording)) <= LONGEST:
            yield report(one.wording, _lead(one.retelling, one.quote.content), one)


def report(words: str, around: str, said: Occurrence) -> Report:
    """What `words` report, with the rest of their sentence."""
    row = tokens(words)
    lead = {spelling.stem(t.key) for t in tokens(around)}
    stems = {spelling.stem(t.key) for t in row}
    return Report(
        said=said,
        row=row,
        content=content_stems(row),
        strong=frozenset(stems & _STRONG),
        negated=sense.negated(row),
        guarded=bool(lead & _DISTANCE) or any(t.key in CONTRAST for t in row),
        reserve=frozenset(stems & _RESERVE),
    )


def _lead(retelling: Retelling, span: Span) -> str:
    """The rest of the sentence that a report stands in."""
    parts = [p for p in retelling.passages if p.start < span.end and span.start < p.end]
    if not parts:
        return ""
    text = retelling.text.text
    return f"{text[parts[0].start : span.start]} {text[span.end : parts[-1].end]}"


def _refuted(report: Report, sentence: Sentence, topic: frozenset[str]) -> float:
    """How surely the speaker's sentence speaks against the report; 0 where it does not."""
    if report.guarded or report.reserve - sentence.stems or not report.content & sentence.content:
        return 0.0
    if reversed_in(report.row, sentence.row, topic):
        return TURNED
    if report.negated:
        return _denies_said(report, sentence, topic)
    shared = report.content & sentence.content
    nearly = shared - topic and len(shared) >= max(2.0, NEARLY_ALL * len(report.content - _STRONG))
    if (
        sentence.subject
        and sentence.guarded
        and report.strong - sentence.stems
        and (nearly or len(shared - topic) >= 2)
    ):
        return 0.6 if len(shared) >= TAKEN_UP * len(report.content) else 0.0
    if any(
        c.told_by_others and len(report.content & c.content - topic) >= OPPOSED * len(report.content)
        for c in sentence.clauses
    ):
        return 0.6
    return max(
        _affirms_denied(report, sentence, topic), _causes_linked(report, sentence), _opposes(report, sentence, topic)
    )


def _causes_linked(report: Report, sentence: Sentence) -> float:
    """The report names a cause where the speaker speaks of a link and of no cause, or denies that one is known."""
    for clause in sentence.clauses:
        said = frozenset().union(*(c.content for c in sentence.clauses if not c.negated))
        rest = report.content - _CAUSE
        shared = rest & clause.content
        raised = report.content & _CAUSE and not report.content & _LINK
        if raised and clause.content & _LINK and not said & _CAUSE and len(shared) >= max(2.0, OPPOSED * len(rest)):
            return 0.75
    return 0.0


def _opposes(report: Report, sentence: Sentence, topic: frozenset[str]) -> float:
    """The report has the everyday opposite of a word that the speaker used, and else the same words."""
    new = report.content - sentence.content
    for clause in sentence.clauses:
        shared = report.content & clause.content
        alike = len(shared - topic) >= 2 and len(shared) >= OPPOSED * len(report.content)
        lost = clause.content - report.content
        if alike and not clause.negated and len(new) <= 2 and _swapped(new - TYPED, lost - TYPED):
            return 0.7
    return 0.0


def _affirms_denied(report: Report, sentence: Sentence, topic: frozenset[str]) -> float:
    """The report says without negation what the speaker negated, or drops the negation that followed."""
    said = [clause.content for clause in sentence.clauses if not clause.negated]
    negated = [
        clause
        for clause in sentence.clauses
        if clause.negated
        and report.content.issuperset(clause.denied[:1])
        # `Salt made kings, kings did not make salt`: what is affirmed in the same words may be what was reported.
        and not any(report.content & clause.content <= content for content in said)
    ]
    distinct = report.content & frozenset().union(*(clause.content for clause in negated)) - topic
    if not distinct:
        return 0.0
    for clause in negated:
        taken = report.content & clause.content
        core = report.content.issuperset(clause.denied)
        enough = len(taken - topic) >= 2 or (taken == report.content and len(taken) >= 2 and taken - topic)
        if core and enough and len(taken) >= CLAUSE * len(clause.content):
            return 0.8
        bare = clause.content - _HOLDING
        if sentence.subject and report.strong and taken and taken == bare == report.content - report.strong:
            return 0.6
        whole = len(clause.content) <= 2 and taken == clause.content
        if whole and taken - topic and (report.content & sentence.content) - distinct:
            return 0.6
    plain = max((len(report.content & c.content) for c in sentence.clauses if not c.negated), default=0)
    return 0.75 if plain >= 3 and report.content - sentence.content else 0.0


def _denies_said(report: Report, sentence: Sentence, topic: frozenset[str]) -> float:
    """The report negates what the speaker said without negation."""
    for clause in sentence.clauses:
        shared = report.content & clause.content
        enough = len(shared - topic) >= 2 or (shared == report.content and len(shared) >= 2 and shared - topic)
        if clause.negated or clause.guards - {t.key for t in report.row} or not enough:
            continue
        if len(shared) >= NEARLY_ALL * len(report.content):
            return 0.7
    return 0.0


def _carries(report: Report, sentence: Sentence, topic: frozenset[str]) -> bool:
    """One of the speaker's sentences says the same, with the same polarity."""
    if not report.content & sentence.content or reversed_in(report.row, sentence.row, topic):
        return False
    denied = frozenset().union(*(c.content for c in sentence.clauses if c.negated))
    for clause in sentence.clauses:
        if clause.told_by_others:
            continue
        added = report.content - clause.content
        turned = added & denied or (added & _CAUSE and clause.content & _LINK)
        same = clause.negated == report.negated and len(added) <= 0.2 * len(report.content)
        same = same and not (clause.guards and report.strong - sentence.stems and not report.reserve)
        if same and not (turned and not report.negated) and not _swapped(added, clause.content):
            return True
    return False


def _swapped(added: Set[str], content: Set[str]) -> bool:
    return any(opposed(a, b) for a in added for b in content)


def _finding(report: Report, sentence: Sentence, confidence: float, coverage: Coverage) -> Finding:
    one = report.said
    observed = Passed(role="observed", retelling=one.retelling, span=one.quote.content)
    expected = _printed(sentence, coverage)
    name = next((s.name for s in coverage.study.speakers if s.slug == one.given_to.slug), one.given_to.name)
    return Finding(
        id=finding_id(Rule.UNSUPPORTED_PARAPHRASE, sentence.subject, [observed]),
        rule=Rule.UNSUPPORTED_PARAPHRASE,
        severity=2,
        confidence=round(confidence * one.quote.confidence, 4),
        truth="settled" if sentence.subject else "unsettled",
        subject=sentence.subject,
        summary=f"The words of {name} that were collected speak against this report of them.",
        expected=sentence.words,
        observed=one.wording,
        edits=(),
        evidence=(observed, expected) if expected else (observed,),
        tools=(one.quote.tool,),
    )


def _printed(sentence: Sentence, coverage: Coverage) -> Passed | None:
    """Where the speaker's own words stand."""
    if sentence.source is not None:
        return Passed(role="expected", retelling=sentence.source.retelling, span=sentence.source.quote.content)
    for retelling in coverage.retellings:
        for quote in retelling.quotes:
            for alignment in coverage.alignments.get(quote.words_sha256, ()):
                if alignment.quote == sentence.subject and alignment.verdict == "verbatim":
                    return Passed(role="expected", retelling=retelling, span=quote.content)
    return None
