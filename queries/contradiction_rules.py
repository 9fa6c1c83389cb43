"""Outlets that contradict each other where nothing decides: the same sentence but for a number, a `not` or an opposite.

An inverted index over pairs of rare words proposes sentences; nothing is held against everything.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import timedelta
from itertools import combinations

import attrs

from kb import sense, spelling
from kb.coverage import Coverage, Retelling
from kb.records import Span
from kb.spelling import listed
from kb.wording import Token, tokens
from queries.attribution import Occurrence
from queries.rules import Finding, Passed, Role, Rule, finding_id
from queries.topic import content_stems, present_stem

ALIKE = 0.75
"""Share of all content words of two sentences that both must hold."""
LEAST = 3
"""Content words that both must hold."""
LONGEST = 40
"""Words of a sentence; a longer one says several things."""
CROWD = 60
"""Sentences under one pair of words from which it is passed over."""
APART = timedelta(days=30)
"""Longer ago, one may have been true then and the other now."""
ROUNDED = 1.5
"""How many times a number the other may be when one of them is told as rounded or as a bound."""
_MARKS = frozenset('“”„«»"')
"""A sentence with one holds speech, whether or not it was read as a quote."""
_LOOSE = frozenset(
    listed("about around roughly nearly almost approximately some over under least most up more less than fewer")
)


@attrs.frozen(kw_only=True)
class Told:
    """One wording of a sentence with the places where it is printed."""

    row: Sequence[Token]
    content: frozenset[str]
    numbers: Counter[str]
    negated: bool
    names: frozenset[str]
    prints: tuple[tuple[Retelling, Span], ...]

    @property
    def sources(self) -> frozenset[str]:
        return frozenset(retelling.article.source for retelling, _ in self.prints)


def findings(coverage: Coverage, said: Sequence[Occurrence], about: Set[str]) -> Iterator[Finding]:
    """Contradictions between outlets in articles `about` the study (ids)."""
    told = _sentences(coverage, said, about)
    claims = [content_stems(tokens(c.text)) | content_stems(tokens(c.exact or "")) for c in coverage.study.claims]
    for one, other in _candidates(told):
        first, second = told[one], told[other]
        if first.sources & second.sources or not _near_in_time(first, second):
            continue
        why = _opposed(first, second)
        if why and not any(len(first.content & claim) >= 0.6 * len(first.content) for claim in claims):
            yield _finding(first, second, why)


def _sentences(coverage: Coverage, said: Sequence[Occurrence], about: Set[str]) -> Mapping[str, Told]:
    """By words_sha256; speech is left out, for other rules hold it against the speaker's own words."""
    speech: dict[str, list[Span]] = defaultdict(list)
    for one in said:
        if one.quote.form in ("direct", "turn") or one.given_to.slug:
            speech[one.retelling.article.id] += one.quote.pieces
    prints: dict[str, list[tuple[Retelling, Span]]] = defaultdict(list)
    for retelling in coverage.retellings:
        if retelling.article.id not in about or not retelling.in_english:
            continue
        for passage in retelling.passages:
            span = Span(passage.start, passage.end)
            if not any(piece.overlaps(span) for piece in speech[retelling.article.id]):
                prints[passage.words_sha256].append((retelling, span))
    found = {}
    for digest, places in prints.items():
        words = places[0][0].words(places[0][1])
        row = tokens(words) if not _MARKS & set(words) else ()
        content = frozenset(map(present_stem, (t.key for t in sense.content(row) if not t.number)))
        if len(content) >= LEAST and len(row) <= LONGEST:
            found[digest] = Told(
                row=row,
                content=content,
                numbers=Counter(t.key for t in row if t.number),
                negated=sense.negated(row),
                names=frozenset(spelling.stem(t.key) for t in row if t.capital),
                prints=tuple(places),
            )
    return found


def _candidates(told: Mapping[str, Told]) -> Iterator[tuple[str, str]]:
    """Pairs of sentences that share two of their rarest words."""
    counts = Counter(word for one in told.values() for word in one.content)
    index: dict[tuple[str, str], list[str]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for digest, one in told.items():
        rare = sorted(one.content, key=lambda word: (counts[word], word))[:4]
        for entry in combinations(sorted(rare), 2):
            for other in index[entry][:CROWD]:
                if (other, digest) not in seen:
                    seen.add((other, digest))
                    yield other, digest
            index[entry].append(digest)


def _near_in_time(one: Told, other: Told) -> bool:
    dates = [[r.extraction.published_at for r, _ in side.prints if r.extraction.published_at] for side in (one, other)]
    return not all(dates) or any(abs(a - b) <= APART for a in dates[0] for b in dates[1])


def _opposed(one: Told, other: Told) -> str:
    """What the two sentences differ in, when all else is the same; empty where that is not so."""
    differ, shared = one.content ^ other.content, one.content & other.content
    if len(shared) < LEAST - 1 or len(shared) < ALIKE * (len(shared) + len(differ) / 2) or one.names ^ other.names:
        return ""
    if not differ and one.negated == other.negated:
        return "in a number" if _numbers_differ(one, other) else ""
    if one.numbers != other.numbers:
        return ""
    if one.negated != other.negated:
        return "in a negation" if not differ and len(shared) >= LEAST else ""
    left, right = one.content - other.content, other.content - one.content
    if len(left) == len(right) == 1 and len(shared) >= LEAST and _opposite(one, other):
        return "in a word and its opposite"
    return ""


def _opposite(one: Told, other: Told) -> bool:
    keys = {t.key for t in one.row}, {t.key for t in other.row}
    return any(sense.opposite(a, b) for a in keys[0] - keys[1] for b in keys[1] - keys[0])


def _numbers_differ(one: Told, other: Told) -> bool:
    left, right = one.numbers - other.numbers, other.numbers - one.numbers
    if left.total() != 1 or right.total() != 1 or one.numbers.total() != other.numbers.total():
        return False
    a, b = (_value(next(iter(side))) for side in (left, right))
    if a is None or b is None:
        return False
    loose = any(t.key in _LOOSE for t in (*one.row, *other.row))
    return max(a, b) > ROUNDED * min(a, b) if loose else a != b


def _value(key: str) -> float | None:
    digits = key.rstrip("abcdefghijklmnopqrstuvwxyz%")
    return float(digits) if digits.replace(".", "", 1).isdigit() else None


def _finding(one: Told, other: Told, why: str) -> Finding:
    """Both sides with all who print them; what fewer outlets say is the observed one, and neither is called right."""
    fewer, more = sorted((one, other), key=lambda told: len(told.sources)) if one.sources else (one, other)
    evidence = (*_passed(fewer, "observed"), *_passed(more, "other"))
    primary = [any(r.source.kind == "primary" for r, _ in side.prints) for side in (fewer, more)]
    if primary == [True, False]:
        evidence = (*_passed(more, "observed"), *_passed(fewer, "other"))
        fewer, more = more, fewer
    retelling, span = fewer.prints[0]
    against, place = more.prints[0]
    return Finding(
        id=finding_id(Rule.CONTRADICTION, "", evidence),
        rule=Rule.CONTRADICTION,
        severity=2,
        confidence=0.65,
        truth="unsettled",
        subject="",
        summary=f"{retelling.source.name} and {against.source.name} contradict each other {why}.",
        expected=against.words(place),
        observed=retelling.words(span),
        edits=(),
        evidence=evidence,
        tools=(retelling.extraction.tool,),
    )


def _passed(told: Told, role: Role) -> Iterator[Passed]:
    for retelling, span in told.prints[:5]:
        yield Passed(role=role, retelling=retelling, span=span)
