"""Quotation marks -> the stretches of text that stand inside them.

Works on characters alone, line by line, in linear time. An odd number of marks never lets a stretch go
past its paragraph; a paragraph left open and followed by one that opens again is one quote going on.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import attrs

_PAIRS = {"“": "”", "”": "”", "„": "“”‟", "‟": "”", "«": "»", "»": "«", "‹": "›", "「": "」", "『": "』"}
_PAIRS |= {'"': '"”', "``": "''"}
_MARK = re.compile("[\"“”„‟«»‹›「」『』‘’']|``|''")
_LINE = re.compile(r"[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_ATTRIBUTE = re.compile(r"=\"[^\"<>\n]{0,300}\"")
_BEFORE_OPENING = "([{<-–—―/…:;,=>|‘“„«"
_SINGLES = "‘’'"
_FEET = re.compile(r"\d\s?['’′]\s?\d{1,2}\Z")
_INCHES = re.compile(r"\s?(?:x|by|×|wide|tall|long|high|deep|thick|in\b|of\b|-)")
_ELIDED = re.compile(r"(?:\d0s|em|tis|twas|til|cause|bout|round|n|cuz|tween|neath)\b", re.IGNORECASE)


@attrs.frozen
class Quoted:
    """A stretch between two marks, or from a mark to the end of its paragraph."""

    open: int
    """Offset of the opening mark; of the line break before, where a quote goes on without opening again."""
    start: int
    """First character inside."""
    end: int
    """One past the last character inside, blanks trimmed."""
    close: int
    """One past the closing mark; equal to `end` where there is none."""
    continues: bool
    """The next paragraph goes on with it, by opening again."""

    @property
    def closed(self) -> bool:
        return self.close > self.end


@attrs.frozen
class _Mark:
    at: int
    sign: str
    opens: bool
    """Its surroundings allow it to open a quote."""
    closes: bool


def stretches(text: str) -> list[Quoted]:
    """The outermost quoted stretches, in order, never overlapping.

    >>> [(q.start, q.end) for q in stretches('He said, "No," and left.')]
    [(10, 13)]
    """
    lines = [match.span() for match in _LINE.finditer(text)]
    marked = [list(_marks(text, start, end)) for start, end in lines]
    found: list[Quoted] = []
    carried = ""
    for number, (start, end) in enumerate(lines):
        marks = marked[number]
        if carried:
            marks = [_Mark(start - 1, carried, opens=True, closes=False), *marks]
            carried = ""
        if not marks:
            continue
        last = number + 1 == len(lines)
        found += _pair(text, marks, end, "" if last else _opens_with(text, *lines[number + 1]))
        if not last and found and found[-1].end == found[-1].close and not found[-1].continues:
            carried = _carried(text, found[-1], marked[number + 1])
            if carried:
                found[-1] = attrs.evolve(found[-1], continues=True)
    return _prevailing(text, found)


def _prevailing(text: str, found: list[Quoted]) -> list[Quoted]:
    """Without the single-marked stretches where double marks carry most of the speech.

    Such a text keeps single marks for speech inside speech, headlines and words at arm's length; only a
    line with a stretch that ends in a comma (`‘It works,’ she said`) or is introduced has speech in them.
    """
    single = [stretch for stretch in found if text[stretch.open] in _SINGLES]
    inside_single = sum(stretch.end - stretch.start for stretch in single)
    if inside_single * 2 > sum(stretch.end - stretch.start for stretch in found):
        return found
    spoken = {_line_start(text, stretch) for stretch in single if text[stretch.end - 1] == ","}
    return [
        stretch
        for stretch in found
        if text[stretch.open] not in _SINGLES or _line_start(text, stretch) in spoken or _introduced(text, stretch)
    ]


def _line_start(text: str, stretch: Quoted) -> int:
    return text.rfind("\n", 0, stretch.open)


def _introduced(text: str, stretch: Quoted) -> bool:
    """A whole sentence in single marks after a comma or colon: `According to Roe, ‘It works well.’`"""
    words = text[stretch.start : stretch.end].split()
    before = text[max(0, stretch.open - 3) : stretch.open].rstrip()
    plain = any(word[0].islower() for word in words if len(word) > 3)
    return len(words) > 3 and plain and text[stretch.end - 1] in ".?!" and before[-1:] in (",", ":")


def _carried(text: str, stretch: Quoted, marks: list[_Mark]) -> str:
    """The sign of a stretch that the next line goes on with, without opening again, and closes."""
    sign = text[stretch.open]
    first = marks[0] if marks else None
    if first and sign in '"“' and text[stretch.end - 1] in ".?!…" and first.closes and not first.opens:
        return sign if first.sign in _PAIRS[sign] and text[first.at - 1] in ".?!…,)" else ""
    return ""


def _marks(text: str, start: int, end: int) -> Iterator[_Mark]:
    tagged = {at for match in _ATTRIBUTE.finditer(text, start, end) for at in (match.start() + 1, match.end() - 1)}
    for match in _MARK.finditer(text, start, end):
        at, sign = match.start(), match.group()
        if at in tagged:
            continue
        before = text[at - 1] if at > start else " "
        after = text[match.end()] if match.end() < end else " "
        if sign in _SINGLES and before.isalnum() and after.isalnum():
            continue
        if sign == '"' and _is_inch(text, at, before, end):
            continue
        yield _read(text, _Mark(at, sign, opens=False, closes=False), before, after)


def _read(text: str, mark: _Mark, before: str, after: str) -> _Mark:
    """What the neighbours of a mark, and its own shape, let it be."""
    free_left = before.isspace() or before in _BEFORE_OPENING or before == '"'
    opens = not after.isspace() and (free_left or (before in ".?!" and after.isalnum()))
    closes = not before.isspace() or after.isspace()
    if mark.sign in _SINGLES:
        opens = opens and free_left and mark.sign != "’" and (after.isalnum() or after in '[(…“"')
        opens = opens and not _ELIDED.match(text, mark.at + 1)
        closes = mark.sign != "‘" and not before.isspace() and not after.isalnum()
    elif mark.sign in "“„‟「『":
        opens = before.isspace() or not after.isspace()
        closes = mark.sign == "“" and not before.isspace() and not after.isalnum()
    elif mark.sign in "」』":
        opens, closes = False, True
    elif mark.sign == "”":
        opens, closes = opens and before.isspace() and after.isalnum(), True
    elif mark.sign in ("``", "''"):
        opens, closes = mark.sign == "``", mark.sign == "''"
    return _Mark(mark.at, mark.sign, opens=opens, closes=closes)


def _is_inch(text: str, at: int, before: str, end: int) -> bool:
    if not before.isdigit():
        return False
    if _FEET.search(text, max(0, at - 6), at):
        return True
    return bool(_INCHES.match(text, at + 1, min(end, at + 8)))


def _opens_with(text: str, start: int, end: int) -> str:
    """The opening mark that a line begins with, or nothing."""
    line = text[start : start + 8].lstrip()[:1] if end > start else ""
    return line if line in ("“", '"', "«", "»", "„", "‘", "「") else ""


def _pair(text: str, marks: list[_Mark], end: int, next_opening: str) -> list[Quoted]:
    """The stretches of one line: nested reading first, and where that leaves marks open, the flat one."""
    nested, left_open = _walk(text, marks, end, nest=True, next_opening=next_opening)
    if left_open and not (left_open == next_opening and nested[-1].end > nested[-1].start):
        nested, left_open = _walk(text, marks, end, nest=False, next_opening=next_opening)
    if left_open and left_open == next_opening:
        nested[-1] = attrs.evolve(nested[-1], continues=True)
    return [stretch for stretch in nested if stretch.end > stretch.start]


def _walk(text: str, marks: list[_Mark], end: int, *, nest: bool, next_opening: str) -> tuple[list[Quoted], str]:
    """Stretches, and the sign of the one that the end of the line finds open (empty where none is).

    A single mark opens only what the line closes again, or what the next line goes on with.
    """
    found: list[Quoted] = []
    singles = _Singles.of(text, marks)
    opening: _Mark | None = None
    depth = 0
    for number, mark in enumerate(marks):
        if opening is None:
            if _misplaced(marks, number) or (
                mark.opens and (mark.sign not in _SINGLES or singles.closed_after(mark.at) or mark.sign == next_opening)
            ):
                opening, depth = mark, 1
        elif _closes(opening, mark) and not (depth == 1 and singles.possessive(text, mark)):
            depth -= 1
            if depth == 0:
                found.append(_stretch(text, opening, mark.at, mark.at + len(mark.sign)))
                opening = None
        elif mark.opens and mark.sign == opening.sign:
            if nest and mark.sign != '"':
                depth += 1
            elif mark.sign not in _SINGLES:
                found.append(_stretch(text, opening, mark.at, mark.at))
                opening = mark
    if opening is None:
        return found, ""
    found.append(_stretch(text, opening, end, end))
    return found, opening.sign


@attrs.frozen
class _Singles:
    """Offsets of a line's single marks, to tell a closing mark from the apostrophe of a plural."""

    openings: list[int]
    closers: list[int]
    sure: list[int]
    """Closers beside a full stop, comma or the like."""

    @classmethod
    def of(cls, text: str, marks: list[_Mark]) -> "_Singles":
        single = [mark for mark in marks if mark.sign in _SINGLES]
        closers = [mark.at for mark in single if mark.closes]
        sure = [at for at in closers if text[at - 1] in ",.?!…" or text[at + 1 : at + 2] in (",", ".", ";", "?", "!")]
        return cls([mark.at for mark in single if mark.opens], closers, sure)

    def closed_after(self, at: int) -> bool:
        return bisect_left(self.closers, at + 2) < len(self.closers)

    def possessive(self, text: str, mark: _Mark) -> bool:
        """Whether a closer is the apostrophe of a plural: a surer one follows before the next opening."""
        if mark.sign not in _SINGLES or text[mark.at - 1] not in "sS":
            return False
        after = bisect_right(self.sure, mark.at)
        if mark.at in self.sure[after - 1 : after] or after == len(self.sure):
            return False
        opening = bisect_right(self.openings, mark.at)
        return opening == len(self.openings) or self.sure[after] < self.openings[opening]


def _misplaced(marks: list[_Mark], number: int) -> bool:
    """A straight mark on the wrong side of a blank (`said," I think so"`): the next can only close."""
    if marks[number].sign != '"' or marks[number].opens or number + 1 == len(marks):
        return False
    after = marks[number + 1]
    return after.sign == '"' and after.closes and not after.opens


def _closes(opening: _Mark, mark: _Mark) -> bool:
    if not mark.closes:
        return False
    if opening.sign in _SINGLES:
        return mark.sign in "’'" and (mark.sign == "'") == (opening.sign == "'")
    if mark.sign in _PAIRS.get(opening.sign, ""):
        return not (mark.sign == '"' and mark.opens and not mark.closes)
    return opening.sign == "“" and (mark.sign == '"' or (mark.sign == "“" and not mark.opens))


def _stretch(text: str, opening: _Mark, end: int, close: int) -> Quoted:
    start = opening.at + (len(opening.sign) if text.startswith(opening.sign, opening.at) else 1)
    inside = text[start:end]
    first = start + len(inside) - len(inside.lstrip())
    last = start + len(inside.rstrip())
    return Quoted(opening.at, min(first, last), last, close if close > end else last, continues=False)
