"""Number expressions in plain text: digits, words, percents, fractions, ranges and multiples.

This is a scanner over word-like pieces, in time linear in the text; what a number counts is read
from the parse in `quantities`. Names with numbers in them, dates, clock times, versions and
addresses on the web are stepped over here, as far as they show in the spelling.
"""

import re
from collections.abc import Iterator
from typing import Literal

import attrs

from kb.number_words import (
    CURRENCIES,
    HEDGES,
    LONGEST,
    MONEY_SCALES,
    MULTIPLES,
    NO_FRACTION_BEFORE,
    PARTS,
    RIGHT_HEDGES,
    SCALES,
    SHARE_BASES,
    SMALL,
    UNITS,
    listed,
)

__all__ = ["Kind", "Numeral", "Written", "listed", "numerals"]

Kind = Literal["count", "percent", "times", "share"]
Written = Literal["digits", "words"]

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]{0,6}\.?"
_SKIPPED = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|[\w.+-]{1,64}@[\w.-]{1,255}"
    r"|\b10\.\d{4,9}/\S+"
    r"|\barXiv:?\s?\S{1,30}|\b\d{4}\.\d{4,5}(?:v\d+)?\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?\b"
    rf"|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b(?!%| per ?cent)(?:\s?[-–]\s?\d{{1,2}}\b)?(?:,? \d{{4}}\b)?"
    rf"|\b{_MONTH},? \d{{4}}\b"
    r"|\b\d{1,4}[-/]\d{1,2}[-/]\d{1,4}\b"
    r"|\b\d{1,2}(?:[:.]\d{2})?\s?[ap]\.?m\b\.?"
    r"|\b\d{1,2}:\d{2}(?::\d{2})?\b"
    r"|\bv?\d+\.\d+(?:\.\d+)+\b"
    r"|\b[12]\d{3}\s?[-–/]\s?(?:[12]\d{3}|\d{2})\b"
    r"|\+?\(?\d{2,4}\)?[ -]\d{3,4}[ -]\d{3,5}\b"
    r"|\b\d+(?:st|nd|rd|th)\b|\b\d{2,4}s\b|\b\d+/7\b",
)
_PIECE = re.compile(
    r"(?P<digits>\d{1,3}(?:,\d{3}){1,9}(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)?)|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)?)|(?P<mark>\S)"
)


@attrs.frozen(kw_only=True)
class Numeral:
    """A number expression as written, before it is known what it counts."""

    start: int
    end: int
    """Around the number and a unit that belongs to its spelling (`%`, `$`, `-minute`)."""
    value: float
    high: float | None
    kind: Kind
    """`share` is a fraction or quantifier given as percent: writers round to these."""
    unit: str
    """Where the spelling gives it; empty when the parse has to tell."""
    hedge: str | None
    written: Written


@attrs.frozen
class _Piece:
    text: str
    start: int
    end: int
    digits: bool


@attrs.frozen(kw_only=True)
class _Number:
    """A bare number, from piece `first` up to piece `after`."""

    value: float
    scale: float
    """What a following `million` multiplied by; 1 without one."""
    first: int
    after: int
    digits: bool


def numerals(text: str) -> list[Numeral]:
    """Every number expression of a text, left to right, none overlapping.

    >>> [(n.value, n.high, n.kind) for n in numerals("Between five and 7 of 1,200 runs, or 99.7%.")]
    [(5.0, 7.0, 'count'), (1200.0, None, 'count'), (99.7, None, 'percent')]
    """
    return list(_Scanner(text).scan())


def _pieces(text: str) -> list[_Piece]:
    """Numbers, words and single marks; stretches that hold no quantity become one mark."""
    found: list[_Piece] = []
    at = 0
    for skipped in _SKIPPED.finditer(text):
        found += _split(text, at, skipped.start())
        found.append(_Piece("\x00", skipped.start(), skipped.end(), digits=False))
        at = skipped.end()
    return found + _split(text, at, len(text))


def _split(text: str, start: int, end: int) -> list[_Piece]:
    return [
        _Piece(match.group(), match.start(), match.end(), digits=match.lastgroup == "digits")
        for match in _PIECE.finditer(text, start, end)
    ]


class _Scanner:
    """Reads number expressions off the pieces of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pieces = _pieces(text)
        self.lows = [piece.text.lower() for piece in self.pieces]

    def scan(self) -> Iterator[Numeral]:
        at = 0
        while at < len(self.pieces):
            numeral, after = self._read(at)
            if numeral is not None:
                yield numeral
            at = max(after, at + 1)

    def _low(self, at: int) -> str:
        return self.lows[at] if 0 <= at < len(self.lows) else ""

    def _glued(self, at: int) -> bool:
        """Whether piece `at` follows its predecessor without a space."""
        return 0 < at < len(self.pieces) and self.pieces[at].start == self.pieces[at - 1].end

    def _read(self, at: int) -> tuple[Numeral | None, int]:
        """The expression that starts at a piece, if one does, and where to go on."""
        multiple = MULTIPLES.get(self._low(at)) or SMALL.get(self._low(at).removesuffix("fold").rstrip("-"))
        if multiple and self._low(at) not in SMALL and self._low(at + 1) != "down":
            return self._numeral(at, at + 1, multiple, kind="times", unit="times"), at + 1
        share = self._share(at)
        if share:
            value, after = share
            return self._numeral(at, after, value, kind="share", unit="percent"), after
        number = self._number(at)
        if number is None:
            return None, at + 1
        if self._in_name(number):
            return None, number.after
        upper = self._upper(number)
        if upper is not None and (upper.value <= number.value or self._is_score(number, upper)):
            return None, upper.after
        return self._with_unit(number, upper)

    def _in_name(self, number: _Number) -> bool:
        """`GPT-5`, `o3`, `A4`, `#7`, `4o`, `1.5x.y`: the number is a part of a name or code."""
        before, after = self._low(number.first - 1), self._low(number.after)
        if self._glued(number.first) and (before in {"#", "_", "/", ".", "\\", "@"} or before[-1:].isalpha()):
            return True
        if self._glued(number.first) and before in {"-", "–", "‑"} and self._glued(number.first - 1):
            return self._low(number.first - 2)[-1:].isalpha() and number.digits
        if self._glued(number.after) and number.digits and after[:1].isalpha():
            return not self._suffix(number.after)
        return self._glued(number.after) and after in {"/", "_", "\\", "@"}

    def _suffix(self, at: int) -> bool:
        return self._low(at) in UNITS | SCALES | MONEY_SCALES or self._low(at) in {"x", "c", "pc", "fold"}

    # --- bare numbers -----------------------------------------------------------------------------

    def _number(self, at: int) -> _Number | None:
        if at >= len(self.pieces):
            return None
        piece = self.pieces[at]
        if piece.digits and len(piece.text) > LONGEST:
            return None
        if piece.digits:
            return self._scaled(float(piece.text.replace(",", "")), at, at + 1, digits=True)
        low = self.lows[at]
        if low in SMALL:
            value, after = self._words(at)
            return self._scaled(value, at, after, digits=False)
        if low in {"a", "half", "one"} or low == "dozen":
            return self._round_word(at)
        return None

    def _words(self, at: int) -> tuple[float, int]:
        """`sixty-three`, `two hundred and six`; scales are left to `_scaled`."""
        value, after = self._below_hundred(at)
        if self._low(after) == "hundred":
            value, after = value * 100, after + 1
            joined = after + 1 if self._low(after) == "and" else after
            if self._low(joined) in SMALL:
                rest, after = self._below_hundred(joined)
                value += rest
        return value, after

    def _below_hundred(self, at: int) -> tuple[float, int]:
        value, after = SMALL[self._low(at)], at + 1
        one = self._dashed(after)
        if value >= 20 and 0 < SMALL.get(self._low(one), 0) < 10:
            return value + SMALL[self._low(one)], one + 1
        return value, after

    def _scaled(self, value: float, first: int, after: int, *, digits: bool) -> _Number:
        scale = 1.0
        if self._low(after) == "dozen" and not digits:
            scale, after = 12.0, after + 1
        hyphen = self._low(after) in {"-", "‑"} and self._low(after + 1) in SCALES
        after = after + 1 if hyphen else after
        while self._low(after) in SCALES:
            scale, after = scale * SCALES[self._low(after)], after + 1
        rest = 0.0
        if scale >= 1000 and self._low(after) in SMALL and not digits and self._low(after + 1) not in SCALES:
            rest, after = self._words(after)
        money = self._low(first - 1) in CURRENCIES
        if money and self._glued(after) and self._low(after) in MONEY_SCALES:
            scale, after = scale * MONEY_SCALES[self._low(after)], after + 1
        return _Number(value=value * scale + rest, scale=scale, first=first, after=after, digits=digits)

    def _round_word(self, at: int) -> _Number | None:
        """`a dozen`, `a hundred`, `a million`, `half a million`."""
        low, value = self._low(at), 1.0
        named = at if low == "dozen" else at + 1
        if low == "half" and self._low(at + 1) == "a":
            named, value = at + 2, 0.5
        scale = {"dozen": 12.0, "hundred": 100.0, **SCALES}.get(self._low(named))
        if scale is None or (low == "half" and value == 1.0):
            return None
        return _Number(value=value * scale, scale=scale, first=at, after=named + 1, digits=False)

    # --- shares -----------------------------------------------------------------------------------

    def _share(self, at: int) -> tuple[float, int] | None:
        """Percent value and end of `two-thirds`, `a third of`, `half the`, `one in five`, `nearly all`."""
        low = self._low(at)
        if low == "all" and self._low(at - 1) in {"nearly", "almost", "virtually", "practically"}:
            return 100.0, at + 1
        if low == "half" and self._halves(at):
            return 50.0, at + 1
        if low in {"a", "one"} and self._part_follows(at):
            return 100.0 / PARTS[self._low(self._dashed(at + 1))], self._dashed(at + 1) + 1
        if low not in SMALL and not (at < len(self.pieces) and self.pieces[at].digits):
            return None
        return self._some_in_many(at)

    def _dashed(self, at: int) -> int:
        return at + 1 if self._low(at) in {"-", "‑"} else at

    def _halves(self, at: int) -> bool:
        if self._low(at - 1) in NO_FRACTION_BEFORE or self._low(at + 1) in {"-", "‑"}:
            return False
        return self._low(at + 1) in {"of", "the", "their", "its", "our", "his", "her", "all", "these", "those"}

    def _part_follows(self, at: int) -> bool:
        part = self._dashed(at + 1)
        if self._low(part) not in PARTS or self._low(part).endswith("s"):
            return False
        return self._low(part + 1) == "of" or (self._low(at) == "one" and part > at + 1)

    def _some_in_many(self, at: int) -> tuple[float, int] | None:
        few = self._number(at)
        if few is None:
            return None
        part = self._dashed(few.after)
        if self._low(part) in PARTS and self._low(part).endswith("s") and few.value < PARTS[self._low(part)]:
            return 100.0 * few.value / PARTS[self._low(part)], part + 1
        joined = self._dashed(few.after)
        skip = {"in": 1, "out": 2}.get(self._low(joined), 0)
        if not skip or (skip == 2 and self._low(joined + 1) != "of"):
            return None
        many = self._number(self._dashed(joined + skip))
        if many and few.value < many.value and few.value <= 10 and many.value in SHARE_BASES:
            return 100.0 * few.value / many.value, many.after
        return None

    # --- units, ranges, hedges ----------------------------------------------------------------------

    def _with_unit(self, number: _Number, upper: _Number | None) -> tuple[Numeral, int]:
        kind, unit, after = self._unit_after(upper or number)
        first = number.first
        if self._low(first - 1) in CURRENCIES:
            first, unit = first - 1, CURRENCIES[self._low(first - 1)]
        elif not unit and self._low(number.after) == "to" and not upper:
            kind, unit = self._borrowed(number.after + 1)
        value = number.value * (upper.scale if upper and number.scale == 1 else 1.0)
        numeral = self._numeral(first, after, value, kind=kind, unit=unit)
        if upper and self._low(first - 1) == "between":
            numeral = attrs.evolve(numeral, start=self.pieces[first - 1].start, hedge=self._hedge(first - 1, after))
        written: Written = "digits" if number.digits else "words"
        return attrs.evolve(numeral, high=upper.value if upper else None, written=written), after

    def _opening(self, number: _Number) -> int:
        """The piece that a number with its currency sign begins at."""
        return number.first - (self._low(number.first - 1) in CURRENCIES)

    def _is_year(self, number: _Number) -> bool:
        plain = number.digits and number.after == number.first + 1 and len(self._low(number.first)) == 4
        return plain and 1900 <= number.value < 2100 and self._low(number.first - 1) in {"in", "since", "of", "from"}

    def _is_score(self, number: _Number, upper: _Number) -> bool:
        """`1 – 2`: a spaced dash between bare small numbers joins goals, not the ends of a range."""
        dash = self._low(number.after) in {"-", "–", "‑"} and not self._glued(number.after)
        return dash and upper.value <= 20 and self._unit_after(upper)[1] == ""

    def _borrowed(self, at: int) -> tuple[Kind, str]:
        """The unit of `7 percent` for the five in `from 5 to 7 percent`."""
        other = self._number(at)
        return self._unit_after(other)[:2] if other else ("count", "")

    def _upper(self, number: _Number) -> _Number | None:
        """Upper end of `5-7`, `5 to 7`, `between 5 and 7`; not above the lower for the score `3-2`."""
        at = number.after
        if self._low(at) in {"%", "percent"}:
            at += 1
        if self._is_year(number):
            return None
        joiner, after = self._low(at), at + 1
        between = self._low(self._opening(number) - 1) == "between" and joiner == "and"
        dash = joiner in {"-", "–", "‑"} and self._glued(after) == self._glued(at)
        to = joiner == "to" and self._low(self._opening(number) - 1) != "from"
        if joiner == "or":
            upper = self._number(after)
            return upper if upper and upper.value == number.value + 1 else None
        if not (between or dash or to):
            return None
        upper = self._number(after + 1 if self._low(after) in CURRENCIES else after)
        return upper if upper and (dash or upper.value > number.value) else None

    def _unit_after(self, number: _Number) -> tuple[Kind, str, int]:
        """Kind, unit and end of what the spelling itself says behind a number."""
        at = number.after
        hyphen = self._dashed(at) > at and self._glued(at) and self._glued(at + 1)
        at = at + 1 if hyphen else at
        word = self._low(at)
        percent = self._percent(at)
        if percent:
            return "percent", *percent
        if word in {"times", "fold"} or (word == "x" and self._glued(at)):
            return self._multiple(word, at)
        if word in CURRENCIES or (word in UNITS and (number.digits or hyphen)):
            return "count", CURRENCIES.get(word) or UNITS[word], at + 1
        if hyphen and word.isalpha() and len(word) > 1:
            return "count", word, at + 1
        return "count", "", number.after

    def _percent(self, at: int) -> tuple[str, int] | None:
        if self._low(at) == "per" and self._low(at + 1) == "cent":
            return "percent", at + 2
        point = self._low(at + 1) in {"point", "points"}
        if self._low(at) == "percentage" and point:
            return "percentage point", at + 2
        if self._low(at) in {"%", "percent", "pct"}:
            return ("percentage point", at + 2) if point else ("percent", at + 1)
        return None

    def _multiple(self, word: str, at: int) -> tuple[Kind, str, int]:
        """`three times more` compares; `three times` alone counts occasions."""
        after = self._low(at + 1)
        compares = after in {"as", "more", "less", "the", "that", "its", "their", "what"} or after.endswith("er")
        return ("times", "times", at + 1) if compares or word != "times" else ("count", "time", at + 1)

    def _numeral(self, first: int, after: int, value: float, *, kind: Kind, unit: str) -> Numeral:
        return Numeral(
            start=self.pieces[first].start,
            end=self.pieces[after - 1].end,
            value=round(value, 4),
            high=None,
            kind=kind,
            unit=unit,
            hedge=self._hedge(first, after),
            written="words",
        )

    def _hedge(self, first: int, after: int) -> str | None:
        for length in (3, 2, 1):
            words = tuple(self._low(at) for at in range(first - length, first))
            if words in HEDGES:
                return " ".join(words)
        right = (self._low(after), self._low(after + 1))
        return " ".join(right) if right in RIGHT_HEDGES else None
