"""A parsed text laid out as stretches in quotation marks and the narrative around them."""

import re
from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from kb.marks import Quoted, stretches

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

ENDS = frozenset([".", "?", "!", "…", "...", ";", "?!", "!!", "!?"])
"""Tokens that end a sentence of the narrative, wherever the parser sees its end."""

_BREAK = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


@attrs.frozen(eq=False)
class Layout:
    """Token positions of everything that attribution needs. Positions count tokens, offsets characters."""

    doc: "Doc"
    text: str
    """The same as `doc.text`, which joins all tokens anew at each call."""
    quoted: tuple[Quoted, ...]

    @classmethod
    def of(cls, text: str, doc: "Doc") -> "Layout":
        return cls(doc, text, tuple(stretches(text)))

    @cached_property
    def tokens(self) -> list["Token"]:
        return list(self.doc)

    @cached_property
    def offsets(self) -> list[int]:
        return [token.idx for token in self.tokens]

    @cached_property
    def owner(self) -> list[int]:
        """For each token the number of the stretch it stands in, marks included; -1 in the narrative."""
        owner = [-1] * len(self.tokens)
        for number, stretch in enumerate(self.quoted):
            first, last = self.at(stretch.open), self.before(stretch.close)
            owner[first:last] = [number] * (last - first)
        return owner

    @cached_property
    def line(self) -> list[int]:
        """For each token the number of its line, counting lines that hold words."""
        numbers, number = [], 0
        for token in self.tokens:
            numbers.append(number)
            if token.is_space and _BREAK.search(token.text):
                number += 1
        return numbers

    def at(self, offset: int) -> int:
        """Position of the first token that starts at or after an offset, or that holds it."""
        position = bisect_right(self.offsets, offset) - 1
        if position >= 0 and offset < self.offsets[position] + len(self.tokens[position]):
            return position
        return position + 1

    def before(self, offset: int) -> int:
        """Position one past the last token that starts before an offset."""
        return bisect_left(self.offsets, offset)

    def end_of(self, position: int) -> int:
        """Offset one past a token."""
        return self.offsets[position] + len(self.tokens[position])
