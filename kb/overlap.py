"""How each word of a claim answers to its evidence and the other way round: same, opposite, a number that holds.

A small model reads a sentence pair badly: it has to find by itself which words stand in both and
which of two numbers is larger. Here that is worked out by rule and handed to it with each word.
"""

import re
from collections.abc import Iterator, Sequence, Set
from difflib import SequenceMatcher
from enum import IntEnum
from functools import lru_cache

import attrs

from kb import sense, spelling
from kb.numerals import numerals
from kb.spelling import listed


class Answer(IntEnum):
    """What one word finds on the other side. The order is part of the trained weights: only append."""

    OUTSIDE = 0
    """A mark, or nothing."""
    SMALL_SAME = 1
    """A function word that the other side has too."""
    SMALL_ALONE = 2
    SAME = 3
    INFLECTED = 4
    ALIKE = 5
    """Much the same letters: a derivation or a slip."""
    ALONE = 6
    OPPOSITE = 7
    NAME_SAME = 8
    NAME_ALONE = 9
    NUMBER_SAME = 10
    NUMBER_BELOW = 11
    """Smaller than its counterpart on the other side."""
    NUMBER_ABOVE = 12
    NUMBER_ALONE = 13
    DENIAL_SAME = 14
    DENIAL_ALONE = 15
    CUE_ALONE = 16
    """A hedge, modal, quantifier, condition or contrast that only this side has."""
    HOLDS = 17
    """`more than 5` where the evidence has 7."""
    FAILS = 18
    UNIT_SAME = 19
    """The word that a number counts, on both sides."""
    EDGE = 20
    """`more than 5` where the evidence has 5: loose writers mean it to hold."""


@attrs.frozen
class Word:
    """A word of one side with its place in the text."""

    start: int
    end: int
    key: str
    stem: str
    capital: bool


@attrs.frozen
class Figure:
    """A number or date of one side."""

    start: int
    end: int
    value: float
    high: float
    """Upper end; of a year alone the last day of it."""
    kind: str
    unit: str
    context: frozenset[str]
    """Stems of the content words around it."""


@attrs.frozen
class Side:
    """One text as words and figures."""

    words: tuple[Word, ...]
    figures: tuple[Figure, ...]


@attrs.frozen
class Overlap:
    """Half-open character ranges with what each finds on the other side, for evidence and claim."""

    evidence: tuple[tuple[int, int, Answer], ...]
    claim: tuple[tuple[int, int, Answer], ...]


_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_CUES = sense.HEDGE | sense.MODAL | sense.QUANTIFIER | sense.CONDITION | sense.CONTRAST
_DENIALS = sense.NEGATION | {"n't"}


@lru_cache(maxsize=8192)
def side(text: str) -> Side:
    """The words and figures of a text."""
    found: list[Word] = []
    for match in _WORD.finditer(text):
        low = spelling.plain(match.group().replace("’", "'"))
        key = "not" if low.endswith("n't") or low == "cannot" else spelling.one_spelling(low.removesuffix("'s"))
        found.append(Word(match.start(), match.end(), key, spelling.stem(key), match.group()[:1].isupper()))
    return Side(tuple(found), tuple(_figures(text, found)))


def overlap(evidence: str, claim: str) -> Overlap:
    """What the words of the two sides find on the other one."""
    one, two = side(evidence), side(claim)
    matched = _counterparts(one.figures, two.figures)
    of_claim = {at: _verdict(claim, two.figures[at], one.figures[other]) for at, other in matched.items()}
    of_evidence: dict[int, Answer] = {}
    for at, other in matched.items():
        answer = _compared(one.figures[other], two.figures[at])
        if of_evidence.get(other) is not Answer.NUMBER_SAME:
            of_evidence[other] = answer
    return Overlap(
        tuple(_answers(one, two, of_evidence)),
        tuple(_answers(two, one, of_claim)),
    )


# --- words ------------------------------------------------------------------------------------------------


def _answers(mine: Side, other: Side, figures: dict[int, Answer]) -> Iterator[tuple[int, int, Answer]]:
    for at, figure in enumerate(mine.figures):
        yield figure.start, figure.end, figures.get(at, Answer.NUMBER_ALONE)
    taken = [(figure.start, figure.end) for figure in mine.figures]
    units = {f.unit for f in mine.figures} & {f.unit for f in other.figures}
    keys = {word.key for word in other.words}
    stems = {word.stem for word in other.words}
    alone = [word for word in other.words if word.stem not in {w.stem for w in mine.words}]
    for word in mine.words:
        if not any(start <= word.start < end for start, end in taken):
            yield word.start, word.end, _answer(word, keys, stems, alone, units)


def _answer(word: Word, keys: Set[str], stems: Set[str], alone: Sequence[Word], units: Set[str]) -> Answer:
    same, inflected = word.key in keys, word.stem in stems
    if word.key in _DENIALS:
        return Answer.DENIAL_SAME if keys & _DENIALS else Answer.DENIAL_ALONE
    if not inflected and any(sense.opposite(word.key, each.key) for each in alone):
        return Answer.OPPOSITE
    if word.key in _CUES and not same:
        return Answer.CUE_ALONE
    if word.key in sense.STOPWORDS:
        return Answer.SMALL_SAME if same else Answer.SMALL_ALONE
    return _found(word, same, units) if inflected else _not_found(word, alone)


def _found(word: Word, same: bool, units: Set[str]) -> Answer:
    if word.stem in units:
        return Answer.UNIT_SAME
    if word.capital and word.start:
        return Answer.NAME_SAME
    return Answer.SAME if same else Answer.INFLECTED


def _not_found(word: Word, alone: Sequence[Word]) -> Answer:
    if _alike(word, alone):
        return Answer.ALIKE
    return Answer.NAME_ALONE if word.capital and word.start else Answer.ALONE


def _alike(word: Word, others: Sequence[Word]) -> bool:
    if len(word.key) < 5:
        return False
    for other in others:
        if len(other.key) >= 5 and other.key[:4] == word.key[:4]:
            match = SequenceMatcher(None, word.key, other.key, autojunk=False)
            if match.ratio() >= 0.75:
                return True
    return False


# --- figures ----------------------------------------------------------------------------------------------

_MONTHS = {
    name: at
    for at, name in enumerate(
        listed("january february march april may june july august september october november december"), start=1
    )
}
_DATE = re.compile(
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?\s+)?(?P<month>" + "|".join(_MONTHS) + r")\.?"
    r"(?:\s+(?P<after>\d{1,2})(?:st|nd|rd|th)?(?!\d))?(?:,?\s+(?P<year>[12]\d{3}))?(?!\d)",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\d.,$€£-])(?:1[5-9]|20)\d\d(?![\d%]|[.,]\d| ?(?:%|percent|people|million))")
_NEAR = 5
"""Words around a figure that tell what it is about."""


def _figures(text: str, words: Sequence[Word]) -> Iterator[Figure]:
    taken: list[tuple[int, int]] = []
    for start, end, low, high in _dates(text):
        taken.append((start, end))
        yield _figure((start, end), (low, high), "date", "", words)
    for numeral in numerals(text.replace("-hundred", " hundred").replace("-thousand", " thousand")):
        if not any(start < numeral.end and numeral.start < end for start, end in taken):
            value = (numeral.value, numeral.high if numeral.high is not None else numeral.value)
            yield _figure((numeral.start, numeral.end), value, numeral.kind, spelling.stem(numeral.unit), words)


def _dates(text: str) -> Iterator[tuple[int, int, float, float]]:
    """Dates with a year, and bare years, as a range of years with decimals."""
    taken: list[tuple[int, int]] = []
    for match in _DATE.finditer(text):
        if match["year"]:
            taken.append(match.span())
            month = int(match["year"]) + (_MONTHS[match["month"].lower()] - 1) / 12
            day = match["day"] or match["after"]
            low = month + (int(day) - 1) / 372 if day else month
            yield match.start(), match.end(), low, low if day else month + 30 / 372
    for match in _YEAR.finditer(text):
        if not any(start <= match.start() < end for start, end in taken):
            year = float(match.group())
            yield match.start(), match.end(), year, year + 371 / 372


def _figure(span: tuple[int, int], value: tuple[float, float], kind: str, unit: str, words: Sequence[Word]) -> Figure:
    start, end = span
    before = [w for w in words if w.end <= start and w.key not in sense.STOPWORDS][-_NEAR:]
    after = [w for w in words if w.start >= end and w.key not in sense.STOPWORDS][:_NEAR]
    counted = unit or (after[0].stem if after and after[0].start - end <= 12 and kind != "date" else "")
    return Figure(start, end, value[0], value[1], kind, counted, frozenset(w.stem for w in (*before, *after)))


def _counterparts(evidence: Sequence[Figure], claim: Sequence[Figure]) -> dict[int, int]:
    """For each figure of the claim the one of the evidence that speaks of the same thing most likely."""
    found: dict[int, int] = {}
    for at, figure in enumerate(claim):
        ranked = sorted(
            ((_kinship(figure, other), -k) for k, other in enumerate(evidence) if _comparable(figure, other)),
            reverse=True,
        )
        if ranked:
            found[at] = -ranked[0][1]
    return found


_LOOSE = {"count", "percent", "share"}


def _comparable(one: Figure, other: Figure) -> bool:
    return one.kind == other.kind or {one.kind, other.kind} <= _LOOSE


def _kinship(one: Figure, other: Figure) -> float:
    score = 3.0 * bool(one.unit and one.unit == other.unit) + 1.5 * (one.kind == other.kind)
    score += 1.0 * (one.unit in other.context if one.unit else False)
    score += 2.0 * len(one.context & other.context) / max(1, len(one.context))
    large, small = max(abs(one.value), abs(other.value)), min(abs(one.value), abs(other.value))
    return score + 1.5 * _equal(one, other) + 3.0 * (small / large if large else 1.0) ** 4


def _equal(one: Figure, other: Figure) -> bool:
    if one.kind == "date":
        return one.value <= other.high and other.value <= one.high
    return one.value == other.value


def _compared(mine: Figure, other: Figure) -> Answer:
    if _equal(mine, other):
        return Answer.NUMBER_SAME
    return Answer.NUMBER_BELOW if mine.value < other.value else Answer.NUMBER_ABOVE


_ABOVE = re.compile(
    r"\b(?:more than|greater than|higher than|larger than|over|above|at least|exceed(?:s|ed|ing)?|beyond|after|since"
    r"|later than|minimum of|not (?:less|fewer) than)\W+(?:\w+\W+)?$",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"\b(?:less than|fewer than|lower than|smaller than|under|below|at most|up to|before|prior to|earlier than"
    r"|maximum of|until|no more than|not more than)\W+(?:\w+\W+)?$",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"\b(?:about|around|approximately|nearly|almost|roughly|close to|some)\W+$", re.IGNORECASE)
_MORE_BEHIND = re.compile(r"\W+(?:\w+\W+)?or (?:more|above|over|higher|later)\b", re.IGNORECASE)
_LESS_BEHIND = re.compile(r"\W+(?:\w+\W+)?or (?:less|fewer|below|under|lower|earlier)\b", re.IGNORECASE)
_INCLUSIVE = re.compile(r"\b(?:at least|at most|up to|since|until|minimum of|maximum of)\b|\bnot? ", re.IGNORECASE)


def _verdict(text: str, claimed: Figure, found: Figure) -> Answer:
    """Whether the evidence's number makes the claimed one true, with the words around it."""
    lead, behind = text[max(0, claimed.start - 30) : claimed.start], text[claimed.end : claimed.end + 30]
    above = bool(_ABOVE.search(lead) or _MORE_BEHIND.match(behind))
    below = bool(_BELOW.search(lead) or _LESS_BEHIND.match(behind))
    if above or below:
        if _equal(claimed, found):
            closed = _INCLUSIVE.search(lead) or _MORE_BEHIND.match(behind) or _LESS_BEHIND.match(behind)
            return Answer.HOLDS if closed else Answer.EDGE
        holds = found.value > claimed.value if above else found.value < claimed.value
        return Answer.HOLDS if holds else Answer.FAILS
    near = claimed.kind != "date" and abs(claimed.value - found.value) <= 0.1 * abs(claimed.value)
    if _ABOUT.search(lead) and near:
        return Answer.HOLDS
    return _compared(claimed, found)
