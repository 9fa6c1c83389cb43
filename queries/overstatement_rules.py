"""What outlets make of the study's claims: said more strongly than the study does, or without its reservations."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set

import attrs

from kb import sense, spelling
from kb.claims import Claim, Study
from kb.coverage import Coverage, Retelling
from kb.opposites import REAL, STAGED
from kb.records import Span
from kb.sense import HEDGE
from kb.spelling import stemmed
from kb.text import words
from kb.wording import Token, key_line, tokens
from queries.attribution import Occurrence
from queries.rules import Finding, Passed, Rule, finding_id
from queries.tolerances import agrees
from queries.topic import content_stems, topic_words

ALIKE = 0.6
"""Share of the claim's own words that a sentence must hold to be a telling of it, and of the sentence's that the claim
must hold for it to tell of nothing else. Set by hand."""
LEAST = 3
"""Words in common, at least."""
WHOLE = 0.7
"""Share of a circumstance's words from which it counts as told."""
BRIEF = 60
"""Words of an article below which nobody expects a caveat."""
TAKEN_UP = 0.6
"""Share of a caveat's words that one sentence must hold to be that caveat."""


_LINK = stemmed(
    "linked link links associated association associations correlated correlation correlate tied related connected "
    "coincide coincided accompanied along"
)
_CAUSE = stemmed(
    "cause causes caused causing trigger triggers triggered provoke provoked induce induced made makes lead leads led "
    "drives drove produce produced brings brought because due thanks responsible blame reason"
)
_STRONG = stemmed(
    "prove proves proved proven show shows shown showed demonstrate demonstrates demonstrated confirm "
    "confirms confirmed "
    "establish established certain certainly definitely clear clearly undoubtedly inevitably always will must never"
)
_SURELY = _STRONG | stemmed("guarantee guarantees guaranteed blame plainly simply")
_PARTICULAR = frozenset(["one", "1", "some", "single", "several", "few", "certain"])
_UNIVERSAL = frozenset(["all", "every", "each", "everyone", "everybody"])
_BOUNDLESS = frozenset(["always", "everywhere", "anywhere", "invariably", "universally"])
_FRAME = stemmed("study paper report survey research researcher author scientist team experiment result finding data")
_PLACE = stemmed("under during between among across within after before around per than")
_MOVES = stemmed(
    "half quarter percent percentage share proportion point fall fell fallen drop dropped rise rose increase decrease "
    "decline reduction "
    "change more less fewer lower higher down up one ones"
) | {"%"}
_DEGREES = HEDGE | _UNIVERSAL | _BOUNDLESS | _PARTICULAR
_ABOUT = _LINK | _CAUSE | _SURELY | STAGED | (REAL - {"open"}) | _FRAME | _PLACE | _MOVES
"""Stems of how a claim is put; what it is of stands in the other words."""
_DISTANCE = stemmed(
    "deny reject dismiss doubt dispute caution warn claim question wrong overstate exaggerate critic myth"
)
_CARE = re.compile(
    r"\b(?:cautio|caveat|limitation|prelimin|tentativ|unclear|unknown|uncertain|remains? to be)"
    r"|\bnot (?:yet )?(?:been )?(?:tested|tried|shown|proven|proved|measured|counted|studied|examined)\b"
    r"|\bnot (?:yet )?(?:been )?peer[- ]reviewed\b"
    r"|\b(?:more|further) (?:research|studies|work|data|tests)\b"
    r"|\bsmall (?:sample|study|number)\b|\btoo early\b|\b(?:does|do|did)(?: not|n['’]t) (?:mean|prove|show|know|say)\b"
    r"|\b(?:cannot|can['’]t|could not|couldn['’]t) (?:say|tell|prove|know|rule|conclude)\b"
    r"|\bno evidence\b|\bnot (?:a )?(?:caus|proof|evidence)|\bnobody knows\b",
    re.I,
)
"""Any word of caution: an article with one has not dropped them all."""
_NARROW = re.compile(r"\b(?:whether|single|only (?:one|two|three|a few|in|at|on)|(?:one|two|three) \w+ only)\b", re.I)
"""The same in an outlet's own sentences; in a remark such words may be about anything."""


@attrs.frozen(kw_only=True)
class Stated:
    """A claim as the study words it."""

    claim: Claim
    words: str
    stems: frozenset[str]
    """Of all its words."""
    core: frozenset[str]
    """Of the words that say what it is about."""
    hedged: bool
    linked: bool
    negated: bool
    particular: bool
    """It is about one or some of several."""
    circumstance: frozenset[str]
    """Content stems of the condition that its number holds under."""


@attrs.frozen(kw_only=True)
class Caveat:
    """A reservation of claims.yaml as what a sentence must hold to keep it."""

    line: str
    content: frozenset[str]
    """Stems of its words, those of the topic left out."""
    figures: frozenset[str]


@attrs.frozen(kw_only=True)
class Told:
    """A sentence of an article, outside of direct quotes."""

    retelling: Retelling
    span: Span
    row: Sequence[Token]
    stems: frozenset[str]
    core: frozenset[str]

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(token.key for token in self.row)


def findings(coverage: Coverage, said: Sequence[Occurrence], about: Set[str]) -> Iterator[Finding]:
    """Overstatements and dropped caveats in the articles `about` the study (ids), the study's own pages left out."""
    stated = [one for claim in coverage.study.claims for one in _wordings(claim)]
    caveats = _caveats(coverage.study)
    strangers: dict[str, list[Span]] = defaultdict(list)
    for one in said:
        if one.given_to.kind == "person" and one.quote.form in ("direct", "turn"):
            strangers[one.retelling.article.id] += one.quote.pieces
    careful = {
        r.article.source
        for r in coverage.retellings
        if r.article.id in about and _is_careful(r, caveats, strangers[r.article.id])
    }
    for retelling in coverage.retellings:
        own = retelling.source.kind == "primary"
        if own or not retelling.in_english or retelling.article.id not in about:
            continue
        told = tuple(_told(retelling))
        yield from _overstated(told, stated)
        if retelling.article.source not in careful:
            yield from _dropped(retelling, told, stated)


def _is_careful(retelling: Retelling, caveats: Sequence[Caveat], strangers: Sequence[Span]) -> bool:
    """Its outlet has told readers of a limit: what one article says need not stand in each that follows it up."""
    narrow = any(_NARROW.search(retelling.words(span)) for span in _stretches(retelling))
    return narrow or bool(_CARE.search(retelling.text.text)) or _keeps(retelling, caveats, strangers)


def _caveats(study: Study) -> tuple[Caveat, ...]:
    topic = topic_words(study)
    rows = [tokens(caveat) for caveat in dict.fromkeys(c for claim in study.claims for c in claim.caveats)]
    return tuple(Caveat(line=key_line(row), content=content_stems(row) - topic, figures=_figures(row)) for row in rows)


def _figures(row: Sequence[Token]) -> frozenset[str]:
    """Numbers, and whether there is but one of a thing."""
    return frozenset(
        "1" if t.key in ("one", "single") else t.key for t in row if t.number or t.key in ("one", "single")
    )


def _wordings(claim: Claim) -> Iterator[Stated]:
    """The claim as claims.yaml and as its document has it, and the clauses of both that can stand alone."""
    for text in dict.fromkeys((claim.exact or claim.text, claim.text)):
        row = tokens(text)
        clauses = [[t for t in row if t.clause == at] for at in range(row[-1].clause + 1)] if row else []
        parts = [row, *(clause for clause in clauses if len(_core(clause)) >= LEAST)]
        yield from (attrs.evolve(_stated(claim, text, row), core=_core(part)) for part in parts)


def _stated(claim: Claim, text: str, row: Sequence[Token]) -> Stated:
    stems = frozenset(spelling.stem(t.key) for t in row)
    conditions = " ".join(e.condition or "" for e in claim.expect)
    return Stated(
        claim=claim,
        words=text,
        stems=stems,
        core=_core(row),
        hedged=bool(_guards(row)) or bool(stems & _LINK),
        linked=bool(stems & _LINK) or (bool(_guards(row)) and "reason" in stems),
        negated=sense.negated(row),
        particular=bool({t.key for t in row} & _PARTICULAR),
        circumstance=content_stems(tokens(conditions)),
    )


def _core(row: Sequence[Token]) -> frozenset[str]:
    return content_stems(t for t in row if not t.number and t.key not in _DEGREES) - _ABOUT


def _guards(row: Sequence[Token]) -> set[str]:
    return {t.key for t in row} & (HEDGE | {"may", "might", "could", "can", "possible"})


def _stretches(retelling: Retelling) -> Iterator[Span]:
    """The sentences that the outlet says itself; no questions."""
    spoken = [piece for quote in retelling.quotes if quote.form in ("direct", "turn") for piece in quote.pieces]
    for passage in retelling.passages:
        span = Span(passage.start, passage.end)
        if not any(piece.overlaps(span) for piece in spoken) and not retelling.words(span).rstrip().endswith("?"):
            yield span


def _told(retelling: Retelling) -> Iterator[Told]:
    for span in _stretches(retelling):
        row = tokens(retelling.words(span))
        stems = frozenset(spelling.stem(t.key) for t in row)
        yield Told(retelling=retelling, span=span, row=row, stems=stems, core=_core(row))


def _tells(told: Told, stated: Stated) -> bool:
    shared = len(told.core & stated.core)
    alike = shared >= ALIKE * len(stated.core) and shared >= ALIKE * len(told.core)
    return alike and shared >= min(LEAST, len(stated.core))


def _overstated(told: Sequence[Told], stated: Sequence[Stated]) -> Iterator[Finding]:
    for sentence in told:
        distance, negated = sentence.stems & _DISTANCE, sense.negated(sentence.row)
        alike = [one for one in stated if one.negated == negated and distance <= one.stems]
        near = [one for one in alike if _tells(sentence, one) or (_numbered(sentence, one) and _nearly(sentence, one))]
        for one in sorted(near, key=lambda one: -len(one.core & sentence.core)):
            why = _why(sentence, one, near)
            if why:
                yield _finding(Rule.OVERSTATED, sentence, one, why)
                break


def _nearly(told: Told, stated: Stated) -> bool:
    return len(told.core & stated.core) >= LEAST - 1


def _numbered(told: Told, stated: Stated) -> bool:
    """The sentence holds the claim's own number."""
    inside = [q for q in told.retelling.quantities if q.span.overlaps(told.span)]
    return any(agrees(quantity, expected) for quantity in inside for expected in stated.claim.expect)


_FRACTIONS = {"half": 50.0, "3rd": 100 / 3, "quarter": 25.0, "5th": 20.0, "10th": 10.0}
_NEAR = 5.0
"""Percentage points by which a bare fraction may miss the claim's number: `down by about a quarter` for 27 percent."""


def _in_fractions(told: Told, stated: Stated) -> bool:
    """The claim's percentage told as a fraction of nothing named, which is not read as a number elsewhere."""
    shares = [_FRACTIONS[key] for key in told.keys & _FRACTIONS.keys()]
    wanted = [e.value for e in stated.claim.expect if "percent" in e.of]
    return any(abs(share - value) <= _NEAR for share in shares for value in wanted)


def _why(told: Told, stated: Stated, near: Sequence[Stated]) -> str:
    """In which way a sentence says more than the claim; empty where it does not."""
    same = [one for one in near if one.claim is stated.claim]
    guarded = bool(_guards(told.row)) or bool(told.stems & _LINK)
    if told.stems & REAL and stated.stems & STAGED and not told.stems & STAGED:
        return "tells as real what the study saw in a made-up or laboratory setting"
    linked = any(one.linked for one in same) and all(one.hedged for one in same)
    if not guarded and linked and told.stems & _CAUSE and not stated.stems & _CAUSE - {"reason"}:
        return "tells a link as a cause"
    if not guarded and all(one.hedged for one in same) and told.stems & _SURELY - stated.stems:
        return "leaves out the study's caution"
    return _widened(told, stated, same)


def _widened(told: Told, stated: Stated, same: Sequence[Stated]) -> str:
    idiom = {at + 1 for at, t in enumerate(told.row) if t.key in ("in", "at", "after", "above")}
    plain = {t.key for at, t in enumerate(told.row) if not (t.key == "all" and at in idiom and _stands_alone(told, at))}
    added = plain - {spelling.stem(key) for key in stated.stems} - stated.stems
    if added & _BOUNDLESS:
        return "makes a rule of what the study saw"
    if not added & _UNIVERSAL or {t.key for t in told.row} & _PARTICULAR - {"1", "one"}:
        return ""
    if all(one.particular for one in same):
        return "makes all of one or some"
    if _numbered(told, stated) and _of_others(told, stated):
        return "speaks of more than the study looked at"
    lost = len(stated.circumstance & told.stems) < WHOLE * len(stated.circumstance)
    return "leaves out the circumstance and speaks of all" if lost and _numbered(told, stated) else ""


def _stands_alone(told: Told, at: int) -> bool:
    """`In all, 48 plots …` speaks of a sum, and `in all plots` of every one."""
    row = told.row
    return at + 1 == len(row) or row[at + 1].clause != row[at].clause or row[at + 1].number


def _of_others(told: Told, stated: Stated) -> bool:
    """`Every glacier …`, where the claim has no word of glaciers."""
    pairs = zip(told.row, told.row[1:], strict=False)
    universal = ((word, noun) for word, noun in pairs if word.clause == noun.clause)
    nouns = {spelling.stem(noun.key) for word, noun in universal if word.key in _UNIVERSAL and sense.content([noun])}
    return bool(nouns - stated.stems)


def _dropped(retelling: Retelling, told: Sequence[Told], stated: Sequence[Stated]) -> Iterator[Finding]:
    """Claims told without one of their caveats, by an outlet that has no word of caution at all."""
    if retelling.extraction.truncated or len(words(retelling.text.text)) < BRIEF:
        return
    seen: set[str] = set()
    for one in stated:
        claim = one.claim
        if not claim.caveats or claim.slug in seen:
            continue
        telling = next(
            (t for t in told if _tells(t, one) and (_numbered(t, one) or _in_fractions(t, one) or not claim.expect)),
            None,
        )
        if telling:
            seen.add(claim.slug)
            yield _finding(
                Rule.CAVEAT_DROPPED, telling, one, f"says nothing of “{claim.caveats[0]}” or any other limit"
            )


def _keeps(retelling: Retelling, caveats: Sequence[Caveat], strangers: Sequence[Span]) -> bool:
    """Whether a sentence of the outlet, or of somebody of the study, takes up one of the caveats.

    A stranger's remark is not asked: words such as `six weeks` there may be about anything.
    """
    for passage in retelling.passages:
        span = Span(passage.start, passage.end)
        if any(piece.overlaps(span) for piece in strangers):
            continue
        row = tokens(retelling.words(span))
        content, figures, line = content_stems(row), _figures(row), key_line(row)
        for caveat in caveats:
            least = max(min(2, len(caveat.content)), TAKEN_UP * len(caveat.content))
            taken = len(caveat.content & content) >= least if caveat.content else caveat.line in line
            if taken and caveat.figures <= figures:
                return True
    return False


def _finding(rule: Rule, told: Told, stated: Stated, why: str) -> Finding:
    observed = Passed(role="observed", retelling=told.retelling, span=told.span)
    claim = stated.claim
    dropped = rule is Rule.CAVEAT_DROPPED
    return Finding(
        id=finding_id(rule, claim.slug, [observed]),
        rule=rule,
        severity=1 if dropped else 2,
        confidence=0.6 if dropped else 0.7,
        truth="settled",
        subject=claim.slug,
        summary=f"{told.retelling.source.name} {why}.",
        expected="; ".join(claim.caveats) if dropped else claim.exact or claim.text,
        observed=told.retelling.words(told.span),
        edits=(),
        evidence=(observed,),
        tools=(told.retelling.extraction.tool,),
    )
