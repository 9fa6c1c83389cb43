"""Words that a page prints twice: pull quotes, captions, a sentence quoted again. They count once, with all places."""

from collections.abc import Sequence

import attrs

from kb.records import Span
from kb.text import words

SHARED = 4
"""Words from which on two prints of the same are a repetition and no set phrase."""

CANDIDATES = 8
"""Earlier prints that a stretch is compared with; more that begin alike only a hostile page has."""


@attrs.frozen
class Print:
    """A quotation as printed in one place."""

    words: tuple[str, ...]
    sure: float
    """The surer print is kept; one of no source (0) only as the place of another."""
    voice: str | None
    """Who says it, where this very place names somebody; None for one that floats."""


def prints_of(text: str, pieces: Sequence[Span], sure: float, voice: str | None) -> Print:
    """The words of pieces joined, and who says them."""
    return Print(tuple(word for piece in pieces for word in words(text[piece.start : piece.end])), sure, voice)


def repeats(prints: Sequence[Print]) -> dict[int, int]:
    """For each print that another covers the number of that other; never chained.

    The shorter is folded into the one that holds all its words in a row, equals into the surer, then the first.
    Two that different persons are named for stay apart: a page that gives one remark to two people is worth seeing.
    """
    order = sorted(range(len(prints)), key=lambda n: (-len(prints[n].words), -prints[n].sure, n))
    kept: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    folded: dict[int, int] = {}
    for number in order:
        row = prints[number].words
        if len(row) < SHARED:
            continue
        found = kept.get(row[:SHARED], [])
        whole = next((n for n, at in found if _covers(prints[n], at, prints[number])), None)
        if whole is not None:
            folded[number] = whole
            continue
        if not prints[number].sure:
            continue
        for at in range(len(row) - SHARED + 1):
            starts = kept.setdefault(row[at : at + SHARED], [])
            if len(starts) < CANDIDATES:
                starts.append((number, at))
    return folded


def _covers(whole: Print, at: int, part: Print) -> bool:
    """Whether one holds the words of the other from a place on, and no other voice says them."""
    if whole.voice and part.voice and whole.voice != part.voice:
        return False
    return whole.words[at : at + len(part.words)] == part.words
