"""Words in quotation marks that are nobody's speech: titles, nicknames, scare quotes, and what names no source."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import attrs

from kb.frames import is_title
from kb.layout import Layout
from kb.quotes import left_over
from kb.records import Quote, Span

if TYPE_CHECKING:
    from spacy.tokens import Doc

Kind = Literal["title", "nickname", "scare", "unattributed"]

LONG = 4
"""Words from which on a stretch is more than a word held at arm's length."""


@attrs.frozen(kw_only=True)
class Unspoken:
    """A stretch in marks that no quote covers."""

    span: Span
    """Inside the marks."""
    kind: Kind
    """`scare`: up to three words used with distance or as a term; `unattributed`: longer, and nobody is named."""


def unspoken(text: str, doc: "Doc", quotes: Sequence[Quote]) -> list[Unspoken]:
    """The stretches of a text in marks that its quotes leave over, in order."""
    layout = Layout.of(text, doc)
    return [Unspoken(span=span, kind=_kind(layout, span.start, span.end)) for span in left_over(layout, quotes)]


def _kind(layout: Layout, start: int, end: int) -> Kind:
    words = layout.text[start:end]
    first, last = layout.at(start), layout.before(end)
    before, after = layout.tokens[max(0, first - 2) : max(0, first - 1)], layout.tokens[last + 1 : last + 2]
    named = bool(before) and bool(after) and before[0].pos_ == after[0].pos_ == "PROPN"
    if named and last - first <= 2:
        return "nickname"
    if is_title(words):
        return "title"
    return "scare" if len(words.split()) < LONG else "unattributed"
