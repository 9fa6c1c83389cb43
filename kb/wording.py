"""A wording as a row of comparable words: spelling, contractions, numbers and brackets brought to one form."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import attrs

from kb import spelling
from kb.spelling import listed

LONGEST = 600
"""Words of one wording that are looked at: five minutes of speech; what follows is not compared."""

_PIECES = re.compile(
    r"[\[\]]"
    r"|\.\.+|…"
    r"|\d+(?:[.,]\d+)*\w*"
    r"|(?:[^\W\d_]\.){2,}(?![^\W\d_])"
    r"|\w+(?:'\w+)*'?"
    r"|[%$€£]"
    r"|[.!?;:,]"
)
_SPACED_DOTS = re.compile(r"\. \.(?: \.)*")
_SPLIT_WORD = re.compile(r"\[(\w{1,2})\](?='?\w)|(?<=\w)\[(\w{1,3})\]")
_BRACKETED_GAP = re.compile(r"[\[(]\s?(?:\.\.+|…)\s?[\])]")
_STOPS = frozenset(".!?")
_CURRENCY = {"$": "dollars", "€": "euros", "£": "pounds"}
_HAS_NEXT = frozenset(listed("been got had become gone"))
_FILLERS = frozenset(listed("um uh er erm mm mhm hmm uhm"))

_UNITS = dict(zip(listed("zero one two three four five six seven eight nine"), range(10), strict=True))
_TEENS = dict(
    zip(
        listed("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"),
        range(10, 20),
        strict=True,
    )
)
_TENS = dict(zip(listed("twenty thirty forty fifty sixty seventy eighty ninety"), range(20, 100, 10), strict=True))
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 10**9, "trillion": 10**12}
_ORDINALS = dict(
    zip(
        listed("first second third fourth fifth sixth seventh eighth ninth tenth"),
        listed("1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th"),
        strict=True,
    )
)


@attrs.frozen
class Token:
    """A comparable word."""

    key: str
    """What it is compared by."""
    shown: str
    """As printed; empty for the second half of a contraction."""
    clause: int
    """Which comma-, semicolon- or sentence-delimited part it stands in, from 0."""
    sentence: int
    """Which sentence it stands in, from 0."""
    bracketed: bool = False
    """Editor's words in square brackets."""
    gap: bool = False
    """An ellipsis stands right before it."""
    capital: bool = False
    """Printed with a capital although no sentence starts here."""

    @property
    def number(self) -> bool:
        return self.key[:1].isdigit()


@lru_cache(maxsize=65_536)
def tokens(text: str) -> tuple[Token, ...]:
    """The words of a text, at most `LONGEST`, fillers such as `um` left out.

    >>> [t.key for t in tokens("It’s twenty-five per cent of [all] AI… um, behaviour")]
    ['it', 'is', '25', '%', 'of', 'all', 'artificial', 'intelligence', 'behavior']
    """
    found = _with_numbers(_raw(spelling.unmask(text)))
    return tuple(found[:LONGEST])


def key_line(row: Iterable[Token]) -> str:
    """The keys with single spaces."""
    return " ".join(token.key for token in row)


def shown(row: Iterable[Token]) -> str:
    """The words as they were printed, with single spaces."""
    return " ".join(token.shown for token in row if token.shown)


def _raw(text: str) -> list[Token]:
    row: list[Token] = []
    clause = sentence = 0
    bracketed = gap = False
    capital_free = True
    for piece in _prepared(text):
        if piece in "[]":
            bracketed = piece == "["
        elif piece.startswith(("..", "…")):
            gap = True
            clause += 1
            sentence += 1
        elif piece in ".!?;:,":
            clause += 1
            sentence += piece in _STOPS
            capital_free = capital_free or piece in ".!?:"
        elif plain_keys := _keys(piece, row):
            row.extend(
                Token(
                    key=key,
                    shown=piece if not number else "",
                    clause=clause,
                    sentence=sentence,
                    bracketed=bracketed,
                    gap=gap and not number,
                    capital=piece[:1].isupper() and not capital_free and piece != "I" and not piece.startswith("I'"),
                )
                for number, key in enumerate(plain_keys)
            )
            gap = capital_free = False
            if len(row) > 2 * LONGEST:
                break
    return row


def _prepared(text: str) -> Iterator[str]:
    text = _SPACED_DOTS.sub("…", text.replace("\n", " "))
    text = _BRACKETED_GAP.sub(" … ", text)
    text = _SPLIT_WORD.sub(lambda m: m.group(1) or m.group(2), text)
    return (match.group() for match in _PIECES.finditer(text))


def _keys(piece: str, before: list[Token]) -> tuple[str, ...]:
    """The keys of a printed piece; `before`, the words so far, settles `per cent` and `it's been`."""
    if piece in "$€£%":
        return (_CURRENCY.get(piece, piece),)
    if piece[0].isdigit():
        return (_plain_number(piece),)
    found = spelling.keys(piece.replace(".", "").upper() if piece.endswith(".") else piece)
    if found == ("cent",) and before and before[-1].key == "per":
        before.pop()
        found = ("%",)
    if before and before[-1].key == "is" and not before[-1].shown and found[0] in _HAS_NEXT:
        before[-1] = attrs.evolve(before[-1], key="has")
    return tuple(_ORDINALS.get(key, key) for key in found if key and key not in _FILLERS)


def _plain_number(digits: str) -> str:
    """`1,000` -> `1000`, `7.0` -> `7`; ordinals stay as they are."""
    if digits[-1].isalpha():
        return digits.replace(",", "").lower()
    digits = digits.replace(",", "")
    if digits.count(".") == 1:
        digits = digits.rstrip("0").rstrip(".")
    return digits or "0"


def _with_numbers(row: list[Token]) -> list[Token]:
    """Number words, and digits followed by a scale word, as one number; `$` behind its number."""
    out: list[Token] = []
    at = 0
    while at < len(row):
        value, length = _number_at(row, at)
        if length:
            merged = attrs.evolve(row[at], key=value, shown=shown(row[at : at + length]), capital=False)
            if out and out[-1].key in _CURRENCY.values() and out[-1].shown in _CURRENCY:
                out.insert(len(out) - 1, merged)
            else:
                out.append(merged)
            at += length
        else:
            out.append(row[at])
            at += 1
    return out


def _number_at(row: list[Token], at: int) -> tuple[str, int]:
    """The number that starts at a token and how many tokens it takes; ("", 0) where none starts."""
    total, current, length, last = 0.0, 0.0, 0, ""
    if row[at].key == "a" and _number_word(_key_at(row, at + 1))[0] in ("hundred", "scale"):
        current, length, last = 1.0, 1, "unit"
    while at + length < len(row):
        key = row[at + length].key
        kind, value = _number_word(key)
        if kind == "digits" and not last:
            current = value
        elif (kind == "unit" and last in ("", "tens", "hundred", "scale")) or (
            kind in ("teen", "tens") and last in ("", "hundred", "scale")
        ):
            current += value
        elif kind == "hundred" and last in ("unit", "digits"):
            current *= 100
        elif kind == "scale" and last:
            total, current = total + (current or 1) * value, 0.0
        elif key == "and" and last == "hundred" and _number_word(_key_at(row, at + length + 1))[0] in _BELOW_HUNDRED:
            length += 1
            continue
        else:
            break
        last = kind
        length += 1
    if not length:
        return "", 0
    number = total + current
    return (str(int(number)) if number == int(number) else repr(number)), length


_BELOW_HUNDRED = ("unit", "teen", "tens")


def _key_at(row: list[Token], at: int) -> str:
    return row[at].key if at < len(row) else ""


def _number_word(key: str) -> tuple[str, float]:
    for kind, words in (("unit", _UNITS), ("teen", _TEENS), ("tens", _TENS)):
        if key in words:
            return kind, float(words[key])
    if key in _SCALES:
        return ("hundred" if key == "hundred" else "scale"), float(_SCALES[key])
    if key[:1].isdigit() and key.replace(".", "", 1).isdigit() and len(key) <= 18:
        return "digits", float(key)
    return "", 0.0
