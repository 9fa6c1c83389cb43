"""Text as the rest sees it: normal form, words, digests, and finding a place again.

Spans count Unicode code points of a `Text`; its form is fixed here, so offsets never shift.
"""

import hashlib
import re
import unicodedata
from typing import Literal

from kb.identity import Selector, Span

CONTEXT = 32
"""Characters of prefix and suffix in a Selector, as the Hypothesis client keeps."""

_WORD = re.compile(r"\w+(?:[.,:'’]\w+)*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_BLANKS = re.compile(r"[^\S\n]+")
_EDGES = re.compile(r" ?\n ?")
_GAPS = re.compile(r"\n{3,}")
_MARKS = 30
"""Marks on one letter that are kept, as in Unicode's Stream-Safe Text Format (UAX 15); no language has ten."""
_BECOME_MARKS = "\u0f73\u0f75\u0f81\uff9e\uff9f"
"""No marks themselves, but taken apart into nothing else: three vowels of Tibetan, two signs of narrow Japanese."""
_STACK = re.compile(rf"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){{{_MARKS + 1},}}")
"""Where a stack may be: marks are no letters, but for those two signs."""


def unicode_form(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """A text in one of Unicode's normal forms, in linear time: marks beyond `_MARKS` on one letter are left out.

    They would be sorted in quadratic time: 40 KB of two accents in turn took a second, a megabyte ten minutes.
    """
    return unicodedata.normalize(form, text if text.isascii() else _STACK.sub(_thinned, text))


def _thinned(stack: re.Match[str]) -> str:
    out: list[str] = []
    marks = 0
    for character in stack[0]:
        marks = marks + 1 if unicodedata.combining(character) or character in _BECOME_MARKS else 0
        if marks <= _MARKS:
            out.append(character)
    return "".join(out)


def normalise(text: str) -> str:
    """NFC, line feeds only, runs of blanks as one space, at most one empty line, trimmed, no NUL.

    Halves of surrogate pairs (JSON can escape them) are joined, single ones become U+FFFD: no file can hold them.

    >>> normalise("a\\u00a0 b\\r\\n\\r\\n\\r\\nc ")
    'a b\\n\\nc'
    """
    if _SURROGATE.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = unicode_form("NFC", text.replace("\x00", ""))
    text = _EDGES.sub("\n", _BLANKS.sub(" ", _BREAKS.sub("\n", text)))
    return _GAPS.sub("\n\n", text).strip()


def words(text: str) -> list[str]:
    """Case-folded words; numbers keep their inner points, contractions their apostrophe (as ').

    >>> words("It’s 4.5 %, she SAID.")
    ["it's", '4.5', 'she', 'said']
    """
    folded = text.lower() if text.isascii() else unicode_form("NFKC", text).casefold().replace("’", "'")
    return _WORD.findall(folded)


def words_digest(text: str) -> str:
    """SHA-256 over the words alone, so that marks, case and spacing do not make a new wording."""
    return hashlib.sha256(" ".join(words(text)).encode()).hexdigest()


def selector_for(text: str, span: Span) -> Selector:
    """The words at a span with `CONTEXT` characters on either side."""
    return Selector(
        exact=text[span.start : span.end],
        prefix=text[max(0, span.start - CONTEXT) : span.start],
        suffix=text[span.end : span.end + CONTEXT],
    )


def locate(selector: Selector, text: str, threshold: float = 0.5) -> Span | None:
    """Where a selector's exact words stand in a text, or None when they are lost.

    Only the exact words count; context chooses between several places and, below `threshold`
    similarity (0..1), refuses even a single one: a lookalike sentence elsewhere is not the place.
    """
    from rapidfuzz import fuzz

    best: tuple[float, Span] | None = None
    at = text.find(selector.exact) if selector.exact else -1
    while at >= 0:
        span = Span(at, at + len(selector.exact))
        found = selector_for(text, span)
        score = (fuzz.ratio(found.prefix, selector.prefix) + fuzz.ratio(found.suffix, selector.suffix)) / 200
        if best is None or score > best[0]:
            best = (score, span)
        at = text.find(selector.exact, at + 1)
    return best[1] if best and best[0] >= threshold else None
