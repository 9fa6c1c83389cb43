"""A stretch in quotation marks within the narrative of its line, and where its source can stand."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import attrs

from kb.layout import ENDS
from kb.phrases import Phrase
from kb.subjects import REACH

if TYPE_CHECKING:
    from kb.layout import Layout

Place = Literal["after", "before", "inside", "float", "colon", "line", "none"]
"""Where the source stands: `inside` is a fragment built into a sentence, `float` goes on with a speaker."""


@attrs.frozen
class Source:
    """Where a stretch is said to come from."""

    place: Place
    cue: tuple[int, int] | None
    speaker: Phrase | None


NOBODY = Source("none", None, None)


@attrs.frozen(eq=False)
class Frame:
    """A stretch with the narrative of its line before and after it, as token positions."""

    layout: "Layout"
    number: int
    head: range
    tail: range

    @property
    def text(self) -> str:
        stretch = self.layout.quoted[self.number]
        return self.layout.text[stretch.start : stretch.end]

    @property
    def words(self) -> int:
        return len(self.text.split())


def frames(layout: "Layout") -> Iterator[Frame]:
    """One frame for each stretch."""
    spans = [(layout.at(q.open), layout.before(q.close)) for q in layout.quoted]
    for number, (first, last) in enumerate(spans):
        floor = spans[number - 1][1] if number else 0
        roof = spans[number + 1][0] if number + 1 < len(spans) else len(layout.tokens)
        yield Frame(layout, number, _line_before(layout, first, floor), _line_after(layout, last, roof))


def _line_before(layout: "Layout", first: int, floor: int) -> range:
    start = first
    while (
        start > floor
        and first - start < 2 * REACH
        and layout.line[start - 1] == layout.line[min(first, len(layout.line) - 1)]
    ):
        start -= 1
    return range(start, first)


def _line_after(layout: "Layout", last: int, roof: int) -> range:
    end = last
    while end < roof and end - last < 2 * REACH and layout.line[end] == layout.line[last - 1]:
        end += 1
    return range(last, end)


def last_sentence(frame: Frame) -> list[int]:
    """Positions before the stretch, back to the last end of a sentence."""
    kept: list[int] = []
    tokens = frame.layout.tokens
    for position in reversed(frame.head):
        token = tokens[position]
        if token.text in ENDS or (
            token.is_sent_start and position + 1 in kept[-1:] and tokens[position - 1].text in ENDS
        ):
            break
        if not token.is_space:
            kept.append(position)
    return kept[::-1]


def first_sentence(frame: Frame) -> list[int]:
    kept: list[int] = []
    for position in frame.tail:
        token = frame.layout.tokens[position]
        if token.text in ENDS and kept:
            break
        if not token.is_space:
            kept.append(position)
    return kept


def lead_sign(layout: "Layout", head: list[int]) -> str:
    """The sign right before the opening mark; empty for a word."""
    if not head:
        return ""
    last = layout.tokens[head[-1]].text
    return last if last in (":", ",") else ""


def is_title(words: str) -> bool:
    """Whether every word of any length is capitalised, as in the name of a work.

    >>> is_title("Tales From the Crypt,"), is_title("We are Google,")
    (True, False)
    """
    long = [word for word in words.split() if len(word) > 3 and word[0].isalpha()]
    return len(words.split()) > 1 and bool(long) and all(word[0].isupper() for word in long)
