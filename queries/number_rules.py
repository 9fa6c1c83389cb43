"""Numbers against the study's claims: a conflict only where unit, measure and circumstances are the same."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set

import attrs

from kb import sense, spelling
from kb.claims import Claim, Expectation, Study
from kb.coverage import Coverage, Retelling
from kb.records import Passage, Quantity
from kb.spelling import listed
from kb.wording import Token, tokens
from queries.rules import Finding, Passed, Rule, finding_id
from queries.tolerances import ROUNDING, agrees

NEAR = 0.3
"""Weighted share of a claim's telling words that must stand around a number for it to be that number."""
AHEAD = 1.6
"""How many times nearer the claim must be than the next one with the same unit."""
SWAPPED = 2.0
"""The same, for a number that is another claim's true one."""
MEASURED = 0.4
"""`NEAR` for a number in a unit of measurement."""
SAME = 0.65
"""Share of the words of claim and sentence that both hold when the sentence says the claim and no more."""
_ASIDE = re.compile(r"\([^()]*\)")
CIRCUMSTANCE = 0.6
"""`NEAR` for a count that holds under a circumstance."""
SURVEY_WORDS = frozenset(
    ["study", "paper", "researcher", "scientist", "team", "experiment", "author", "finding", "preprint"]
)
_ACTS = frozenset(
    listed(
        "test examin evaluat study assess analys analyz investigat prob try includ involv cover quiz put ask"
        " run grill check compar survey inspect pit conduct question interview enroll recruit sampl follow"
    )
)
"""Stems of verbs for one act of looking into something: outlets swap them freely."""
_RATES = frozenset(["per", "each", "every", "apiece"])
_MEASURES = frozenset(
    listed(
        "second minute hour day week month year dollar euro pound yen rupee meter metre kilometer kilometre mile foot"
        " inch centimeter centimetre millimeter millimetre kilogram gram milligram ton tonne litre liter degree"
        " celsius watt kilowatt megawatt"
    )
)
"""Units that tell how much and not of what: two numbers with one of them may be about anything."""
_PREPOSITIONS = frozenset(listed("in at on for from by with during after before over per since until within than"))
_SHARE_WORDS = frozenset(["%", "percent", "percentage", "share", "proportion", "point"])
_MOVES = frozenset(
    listed(
        "fall fell drop rise rose increase decrease decline reduction growth change more less fewer lower "
        "higher down up"
        " cut halve double"
    )
)
"""Words for a change, which do not tell of what."""
_MOVED = frozenset(map(spelling.stem, _MOVES))
_PLAIN = _ACTS | {spelling.stem(word) for word in (*_SHARE_WORDS, *_MEASURES, *_RATES, *_MOVES)}
_COMPARED = re.compile(r"\s?(?:points?\s+)?[a-z]{3,20}er\b")
"""A comparative right behind a number."""
_CHANGE = re.compile(
    r"\bby\s+(?:\w+\s+)?[\d.]+\s?(?:%|per\s?cent)"
    r"|(?:%|per\s?cent)\s+(?:fewer|less|more|lower|higher|fall|rise|drop|decline|increase|decrease|reduction)\b",
    re.I,
)
"""A claim whose percentage is a change against what was before, not a level."""


@attrs.frozen(kw_only=True)
class Stated:
    """A claim's numbers under one circumstance, with the words that tell it from the other claims."""

    claim: Claim
    expectations: tuple[Expectation, ...]
    share: bool
    of: frozenset[str]
    """Stems of what is counted."""
    matter: frozenset[str]
    """The same without shares and units of measurement; with a circumstance, the rest of the claim too."""
    conditional: bool
    """Its numbers hold under a circumstance."""
    relative: bool
    """A change in percent of what was before."""
    telling: frozenset[str]
    """Stems of the circumstance, or of the claim where it has none."""
    names: frozenset[str]
    """Keys of names in the circumstance."""


@attrs.frozen(kw_only=True)
class Seen:
    """A number where it stands."""

    retelling: Retelling
    quantity: Quantity
    sentence: Passage
    around: frozenset[str]
    """Stems of its sentence, up to the neighbouring numbers of the same unit, with what the parse adds."""
    near: frozenset[str]
    """Stems of its sentence and the one before, with what the parse adds."""
    names: frozenset[str]
    """Keys of capitalised words of the sentence."""
    crowded: bool
    """Other numbers of the same unit stand in the sentence, so that a circumstance may belong to either."""


def findings(coverage: Coverage, about: Set[str]) -> Iterator[Finding]:
    """Conflicts with the claims of the study, in the articles `about` it.

    What the study's own sources print is not held against them.
    """
    stated = _stated(coverage.study)
    weights = _weights(stated)
    known = frozenset().union(*(s.names for s in stated)) if stated else frozenset()
    for retelling in coverage.retellings:
        own = retelling.source.kind == "primary"
        if own or not retelling.in_english or retelling.article.id not in about:
            continue
        for seen in _seen(retelling):
            if found := _conflict(seen, stated, weights, known, coverage.study):
                yield _finding(seen, found)


def _stated(study: Study) -> tuple[Stated, ...]:
    found = []
    for claim in study.claims:
        groups: dict[str | None, list[Expectation]] = defaultdict(list)
        for expectation in claim.expect:
            groups[expectation.condition].append(expectation)
        for condition, expectations in groups.items():
            of = tokens(expectations[0].of)
            row = tokens(condition) if condition else tokens(claim.text)
            found.append(
                Stated(
                    claim=claim,
                    expectations=tuple(expectations),
                    share=any(t.key in ("%", "percentage", "share", "proportion") for t in of),
                    of=_stems(of),
                    matter=_matter(of, row, tokens(claim.text)) if condition else _stems(of) - _PLAIN,
                    conditional=bool(condition),
                    relative=bool(_CHANGE.search(claim.text)),
                    telling=_stems(t for t in row if not t.number) - _stems(of),
                    names=frozenset(t.key for t in row if t.shown.istitle()) if condition else frozenset(),
                )
            )
    return tuple(found)


def _stems(row: Iterable[Token]) -> frozenset[str]:
    return frozenset(spelling.stem(t.key) for t in row if t.key not in sense.STOPWORDS or t.key in _TELLING_SMALL)


def _matter(of: Sequence[Token], condition: Sequence[Token], text: Sequence[Token]) -> frozenset[str]:
    return _stems(t for t in (*of, *text) if not t.number) - _stems(condition) - _PLAIN


_TELLING_SMALL = frozenset(["not", "without", "another", "other", "no", "only"])


def _weights(stated: Sequence[Stated]) -> dict[str, float]:
    """Words that few circumstances use weigh more: they tell the claims apart."""
    counts = Counter(word for one in stated for word in one.telling)
    return {word: math.log((len(stated) + 1) / count) for word, count in counts.items()}


def _seen(retelling: Retelling) -> Iterator[Seen]:
    """The numbers of an article that stand in its own words or in reported speech, not inside a direct quote."""
    text = retelling.text.text
    spoken = [piece for quote in retelling.quotes if quote.form in ("direct", "turn") for piece in quote.pieces]
    for before, sentence in zip((None, *retelling.passages), retelling.passages, strict=False):
        inside = [q for q in retelling.quantities if sentence.start <= q.span.start < sentence.end]
        for quantity in inside:
            if any(piece.overlaps(quantity.span) for piece in spoken):
                continue
            alike = [q for q in inside if q is not quantity and q.unit == quantity.unit]
            start = max((q.span.end for q in alike if q.span.end <= quantity.span.start), default=sentence.start)
            end = min((q.span.start for q in alike if q.span.start >= quantity.span.end), default=sentence.end)
            told = f"{text[start:end]} {quantity.condition or ''} {quantity.measure}"
            yield Seen(
                retelling=retelling,
                quantity=quantity,
                sentence=sentence,
                around=_stems(tokens(told)),
                near=_stems(tokens(f"{text[(before or sentence).start : sentence.end]} {told}")),
                names=frozenset(t.key for t in tokens(text[sentence.start : sentence.end]) if t.shown[:1].isupper()),
                crowded=bool(alike),
            )


def _conflict(
    seen: Seen, stated: Sequence[Stated], weights: dict[str, float], known: frozenset[str], study: Study
) -> Stated | None:
    """The claim whose number this should be and is not."""
    if seen.quantity.unit == "percentage point":
        return _points_for_percent(seen, stated, weights)
    fitting = [s for s in stated if _fits(seen, s)]
    if not fitting or seen.quantity.value == 1:
        return None
    own = [s for s in fitting if any(agrees(seen.quantity, e) for e in s.expectations)]
    if fitting[0].share:
        return _share_conflict(seen, fitting, own, weights, known)
    if own or any(_told_beside(seen, s) for s in fitting):
        return None
    if seen.quantity.unit in _MEASURES or fitting[0].conditional:
        return _measure_conflict(seen, fitting, weights)
    return _count_conflict(seen, fitting, stated, study)


def _told_beside(seen: Seen, stated: Stated) -> bool:
    """The sentence gives the claim's true number too: this one is about something else."""
    return any(
        other.unit == seen.quantity.unit and any(agrees(other, e) for e in stated.expectations)
        for other in seen.retelling.quantities
        if other is not seen.quantity and seen.sentence.start <= other.span.start < seen.sentence.end
    )


def _measure_conflict(seen: Seen, fitting: Sequence[Stated], weights: dict[str, float]) -> Stated | None:
    """Minutes, euros, miles, counts under a circumstance: only where the sentence says most of the claim."""
    least = MEASURED if seen.quantity.unit in _MEASURES else CIRCUMSTANCE
    for claim in fitting:
        told = claim.telling & seen.around
        several = len(told) >= 2 or (told == claim.telling and len(claim.matter & seen.around) >= 2)
        whole = several and _nearness(seen, claim, weights) >= least
        if len(fitting) == 1 and whole and claim.matter & seen.around and claim.names <= seen.names:
            return claim
    return None


def _points_for_percent(seen: Seen, stated: Sequence[Stated], weights: dict[str, float]) -> Stated | None:
    """`fell by 5 percentage points` for `fell by 5 percent`; no difference of two levels that the study gives."""
    levels = [e.value for s in stated if s.share and not s.relative for e in s.expectations]
    if any(abs(abs(a - b) - seen.quantity.value) < 0.6 for a in levels for b in levels):
        return None
    for claim in stated:
        same = claim.share and claim.relative and any(agrees(seen.quantity, e) for e in claim.expectations)
        if same and claim.matter & seen.around and _nearness(seen, claim, weights) >= NEAR:
            return claim
    return None


def _fits(seen: Seen, stated: Stated) -> bool:
    share = seen.quantity.unit in ("percent", "%")
    if share or stated.share:
        return share and stated.share
    after = tokens(seen.retelling.text.text[seen.quantity.span.end : seen.quantity.span.end + 40])[:4]
    ends = (at for at, t in enumerate(after) if t.number or t.key in _PREPOSITIONS or t.clause != after[0].clause)
    phrase = after[: next(ends, len(after))]
    counted = _stems((*tokens(seen.quantity.unit), *phrase))
    return bool(counted & ((stated.of - _ACTS) or stated.of))


def _share_conflict(
    seen: Seen, fitting: Sequence[Stated], own: Sequence[Stated], weights: dict[str, float], known: frozenset[str]
) -> Stated | None:
    named = seen.names & known
    scores = sorted(
        (
            (_nearness(seen, s, weights), s.claim.slug, s)
            for s in fitting
            if s.names <= seen.names and named <= s.names and _on_matter(seen, s) and (_moves(seen) or not s.relative)
        ),
        reverse=True,
        key=lambda item: item[:2],
    )
    if not scores:
        return None
    best, _, claim = scores[0]
    second = next((score for score, slug, _ in scores if slug != claim.claim.slug), 0.0)
    if best < NEAR or best < AHEAD * second or claim in own:
        return None
    if own and (seen.crowded or best < SWAPPED * max(NEAR / 2, *(_nearness(seen, s, weights) for s in own))):
        return None
    if _complement(seen.quantity, claim) or any(_complement(seen.quantity, s) for s in fitting):
        return None
    return claim


def _moves(seen: Seen) -> bool:
    """The number is told as a change: `fell by`, `fewer`, `rarer`."""
    text, span = seen.retelling.text.text, seen.quantity.span
    told = f"{text[max(seen.sentence.start, span.start - 60) : span.start]} {text[span.end : span.end + 40]}"
    return bool(_stems(tokens(told)) & _MOVED) or bool(_COMPARED.search(text[span.end : span.end + 24]))


def _on_matter(seen: Seen, stated: Stated) -> bool:
    """What is measured is named near the number, or more than one word of the circumstance."""
    if not stated.conditional:
        return not stated.matter or bool(stated.matter & seen.around)
    return bool(stated.matter & seen.near) or len(stated.telling & seen.around) > 1


def _nearness(seen: Seen, stated: Stated, weights: dict[str, float]) -> float:
    whole = sum(weights.get(word, 0.0) for word in stated.telling)
    return sum(weights.get(word, 0.0) for word in stated.telling & seen.around) / whole if whole else 0.0


def _complement(quantity: Quantity, stated: Stated) -> bool:
    return any(abs(100 - quantity.value - e.value) < 0.5 for e in stated.expectations)


def _count_conflict(seen: Seen, fitting: Sequence[Stated], stated: Sequence[Stated], study: Study) -> Stated | None:
    """A count of the whole study: told as such, not a part of it and not a rate."""
    if len({s.claim.slug for s in fitting}) != 1 or any(s.names for s in fitting):
        return None
    claim = fitting[0]
    row = tokens(seen.retelling.text.text[seen.sentence.start : seen.sentence.end])
    after = tokens(seen.retelling.text.text[seen.quantity.span.end : seen.sentence.end])[:6]
    if after and after[0].key == "of":
        return None
    rated = {t.key for t in (*after, *tokens(seen.quantity.measure))} & _RATES
    if rated and not {t.key for t in tokens(claim.claim.text)} & _RATES:
        return None
    done = _stems(tokens(seen.quantity.measure))
    acts = bool(done & _ACTS) or bool(done & ((claim.telling | claim.of) - _stems(tokens(seen.quantity.unit))))
    anchored = _anchored(seen, stated)
    about_study = bool(_stems(row) & SURVEY_WORDS) or _names_study(row, study)
    above = seen.quantity.value > max(e.high or e.value for e in claim.expectations)
    if above and (anchored or (acts and about_study) or (about_study and _names_study(row, study))):
        return claim
    if _says_same(row, claim.claim):
        return claim
    return claim if acts and anchored else None


def _says_same(row: Sequence[Token], claim: Claim) -> bool:
    """The sentence has nothing but the claim's own words, and all or nearly all of them."""
    said = _stems(t for t in row if not t.number)
    texts = (_ASIDE.sub("", text) for text in (claim.text, claim.exact or ""))
    for words in (_stems(t for t in tokens(text) if not t.number) for text in texts):
        if len(said & words) >= 2 and len(said & words) >= SAME * len(said | words):
            return True
    return False


def _anchored(seen: Seen, stated: Sequence[Stated]) -> bool:
    """Another number of the sentence is a true one of the study, with its unit."""
    for other in seen.retelling.quantities:
        if other is seen.quantity or not seen.sentence.start <= other.span.start < seen.sentence.end:
            continue
        beside = attrs.evolve(seen, quantity=other)
        for one in stated:
            if not one.share and _fits(beside, one) and any(agrees(other, e) for e in one.expectations):
                return True
    return False


def _names_study(row: Sequence[Token], study: Study) -> bool:
    keys = {t.key for t in row}
    own = [
        study.title,
        *study.aliases,
        *(s.affiliation or "" for s in study.speakers),
        *(s.name for s in study.speakers),
    ]
    for name in own:
        wanted = {t.key for t in tokens(name) if t.key not in sense.STOPWORDS}
        if wanted and wanted <= keys:
            return True
    return False


def _finding(seen: Seen, stated: Stated) -> Finding:
    quantity = seen.quantity
    observed = Passed(role="observed", retelling=seen.retelling, span=quantity.span)
    expected = " or ".join(_number(e) for e in stated.expectations)
    shown = seen.retelling.words(quantity.span)
    far = abs(quantity.value - stated.expectations[0].value) > ROUNDING * stated.expectations[0].value
    return Finding(
        id=finding_id(Rule.NUMBER_CONFLICT, stated.claim.slug, [observed]),
        rule=Rule.NUMBER_CONFLICT,
        severity=3 if far else 2,
        confidence=0.85 if stated.share else 0.8,
        truth="settled",
        subject=stated.claim.slug,
        summary=f"“{shown}” stands where the study says {expected}.",
        expected=stated.claim.exact or stated.claim.text,
        observed=seen.retelling.text.text[seen.sentence.start : seen.sentence.end],
        edits=(),
        evidence=(observed,),
        tools=(quantity.tool,),
    )


def _number(expectation: Expectation) -> str:
    upper = f" to {expectation.high:g}" if expectation.high is not None else ""
    return f"{expectation.value:,g}{upper} {expectation.of}".replace(",g", "")
