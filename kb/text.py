"""Text as the rest sees it: normal form, words, digests, and finding a place again.

Spans count Unicode code points of a `Text`; its form is fixed here, so offsets never shift.
"""

import hashlib
import re
import unicodedata

from kb.identity import Selector, Span

CONTEXT = 32
"""Characters of prefix and suffix in a Selector, as the Hypothesis client keeps."""

_WORD = re.compile(r"\w+(?:[.,:'’]\w+)*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_BLANKS = re.compile(r"[^\S\n]+")
_EDGES = re.compile(r" *\n *")
_GAPS = re.compile(r"\n{3,}")


def normalise(text: str) -> str:
    """NFC, line feeds only, runs of blanks as one space, at most one empty line, trimmed, no NUL.

    Halves of surrogate pairs (JSON can escape them) are joined, single ones become U+FFFD: no file can hold them.

    >>> normalise("a\\u00a0 b\\r\\n\\r\\n\\r\\nc ")
    'a b\\n\\nc'
    """
    if _SURROGATE.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = unicodedata.normalize("NFC", text.replace("\x00", ""))
    text = _EDGES.sub("\n", _BLANKS.sub(" ", _BREAKS.sub("\n", text)))
    return _GAPS.sub("\n\n", text).strip()


def words(text: str) -> list[str]:
    """Case-folded words; numbers keep their inner points, contractions their apostrophe (as ').

    >>> words("It’s 4.5 %, she SAID.")
    ["it's", '4.5', 'she', 'said']
    """
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
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
