"""Attacks on regular expressions: strings of a pattern's own parts, on which bad ones take more than linear time.

For every repeat in a pattern: what may stand before it, then what it repeats, many times, then something that does not
match; and the two together many times, for a search that begins anew at each place. Read from Python's own parse.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, AnyStr

SOAK = bool(os.environ.get("RETOLD_SOAK"))
MANY = 64
"""A repeat of at least so many is attacked; fewer cost little more than they match."""
LARGE = 8192
"""Characters of the longer string; the shorter one has a quarter."""
_SIZES = (8, 16, 20, 24, 28, 32, 128, 512, 2048)
"""In small steps at first: exponential work on 32 characters would take hours."""
EVEN = 6.0
"""Times as long for four times as much below which 2,048 characters settle it: most attacks end there. In the long form
of the tests none does.
"""
WORTH_S = 0.004
"""Of processor time: quadratic work on `LARGE` characters takes several times as long; what is faster is linear."""
STEEP = 9.0
"""Times as long for four times as much: 4 is linear, 16 quadratic."""

_CLASSES = {
    c.CATEGORY_DIGIT: "7",
    c.CATEGORY_NOT_DIGIT: "a",
    c.CATEGORY_SPACE: " ",
    c.CATEGORY_NOT_SPACE: "a",
    c.CATEGORY_WORD: "a",
    c.CATEGORY_NOT_WORD: " ",
}
_OFFERED = "a A7.,:;-–—'’\"“”()<>/&#=\n\t_é中|@%$"


def attacks(pattern: re.Pattern[Any]) -> Iterator[Callable[[int], Any]]:
    """Makers of hostile strings of a length, for a pattern over characters or bytes."""
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG & ~(re.UNICODE if _is_bytes(pattern) else 0))
    seen: set[tuple[str, str, str]] = set()
    for before, body in _repeats(tree, "", pattern):
        for pump in dict.fromkeys(_samples(body, pattern)):
            for head, unit, tail in (
                (before, pump, "\x01"),
                ("", before + pump, "\x01"),
                (before, f"{pump} ", "\x01"),
                ("", f"{before}{pump}\n", ""),
            ):
                if unit and (head, unit, tail) not in seen:
                    seen.add((head, unit, tail))
                    yield _pumped(head, unit, tail, as_bytes=_is_bytes(pattern))
    for whole in dict.fromkeys(_samples(tree, pattern)):
        if whole:
            yield _pumped("", whole, "\x01", as_bytes=_is_bytes(pattern))
            yield _pumped("", whole[:-1] or whole, "\x01", as_bytes=_is_bytes(pattern))


def is_steep(work: Callable[[AnyStr], object], attack: Callable[[int], AnyStr]) -> bool:
    """Whether work on four times as much takes `STEEP` times as long; the strings get longer while they are quick."""
    for size in _SIZES:
        taken = _seconds(work, attack(size))
        if taken > WORTH_S * 3:  # exponential, or nearly
            break
    else:
        if not SOAK and taken < EVEN * min(_seconds(work, attack(size // 4)) for _ in range(2)):
            return False
        size = LARGE
    large = _seconds(work, attack(size))
    if large < WORTH_S:
        return False
    small = min(_seconds(work, attack(size // 4)) for _ in range(3))
    large = min(large, *(_seconds(work, attack(size)) for _ in range(2)))
    if large <= STEEP * small or size < 2048:
        return large > STEEP * small
    # A repeat of up to a thousand grows until it is full, and no further.
    return _seconds(work, attack(size * 4)) > STEEP * large


def _seconds(work: Callable[[AnyStr], object], text: AnyStr) -> float:
    started = time.process_time()
    work(text)
    return time.process_time() - started


def _pumped(head: str, unit: str, tail: str, *, as_bytes: bool) -> Callable[[int], Any]:
    def made(size: int) -> Any:
        text = head + unit * max(1, (size - len(head)) // len(unit)) + tail
        return text.encode("latin-1", "replace") if as_bytes else text

    made.__doc__ = repr((head, unit, tail))
    return made


def _is_bytes(pattern: re.Pattern[Any]) -> bool:
    return isinstance(pattern.pattern, bytes)


def _repeats(tree: Any, before: str, pattern: re.Pattern[Any]) -> Iterator[tuple[str, Any]]:
    """Every long repeat with a string that leads up to it."""
    for operation, given in tree:
        if operation in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            _, most, body = given
            if most is c.MAXREPEAT or most >= MANY:
                yield before, body
            yield from _repeats(body, before, pattern)
        elif operation is c.SUBPATTERN:
            yield from _repeats(given[3], before, pattern)
        elif operation is c.ATOMIC_GROUP:
            yield from _repeats(given, before, pattern)
        elif operation is c.BRANCH:
            for branch in given[1]:
                yield from _repeats(branch, before, pattern)
        elif operation in (c.ASSERT, c.ASSERT_NOT):
            yield from _repeats(given[1], before, pattern)
        before += _sample([(operation, given)], 0, pattern)


def _samples(tree: Any, pattern: re.Pattern[Any]) -> Iterator[str]:
    """Strings that the tree matches, or nearly: of each choice another branch."""
    for choice in range(6):
        yield _sample(tree, choice, pattern)


def _sample(tree: Any, choice: int, pattern: re.Pattern[Any]) -> str:
    out = ""
    for operation, given in tree:
        if operation is c.LITERAL:
            out += chr(given)
        elif operation is c.NOT_LITERAL:
            out += next(offered for offered in _OFFERED if ord(offered) != given)
        elif operation is c.ANY:
            out += "a "[choice % 2]
        elif operation is c.IN:
            out += _member(given, choice)
        elif operation in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            least, most, body = given
            out += _sample(body, choice, pattern) * min(max(least, choice % 2), 50 if most is c.MAXREPEAT else most)
        elif operation is c.SUBPATTERN:
            out += _sample(given[3], choice, pattern)
        elif operation is c.ATOMIC_GROUP:
            out += _sample(given, choice, pattern)
        elif operation is c.BRANCH:
            out += _sample(given[1][choice % len(given[1])], choice, pattern)
        elif operation is c.CATEGORY:
            out += _CLASSES[given]
    return out


def _member(given: Any, choice: int) -> str:
    """A character of a class."""
    negated = given[0][0] is c.NEGATE
    if negated:
        fitting = [offered for offered in _OFFERED if not any(_holds(part, offered) for part in given[1:])]
        return fitting[choice % len(fitting)] if fitting else "\x02"
    operation, value = given[choice % len(given)]
    if operation is c.LITERAL:
        return chr(value)
    if operation is c.RANGE:
        return chr(value[0])
    return _CLASSES[value]


def _holds(part: Any, character: str) -> bool:
    operation, value = part
    if operation is c.LITERAL:
        return ord(character) == value
    if operation is c.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    digit, space = character.isdigit(), character.isspace()
    word = character.isalnum() or character == "_"
    held = {
        c.CATEGORY_DIGIT: digit,
        c.CATEGORY_NOT_DIGIT: not digit,
        c.CATEGORY_SPACE: space,
        c.CATEGORY_NOT_SPACE: not space,
        c.CATEGORY_WORD: word,
        c.CATEGORY_NOT_WORD: not word,
    }
    return held[value]
