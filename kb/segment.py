"""Text and its sentences -> passages, the unit of search and of evidence. Pure."""

import re
from collections.abc import Iterable

from kb.records import Passage, Tool
from kb.text import words_digest

MIN_WORDS = 4
"""A shorter sentence (`He agreed.`) says nothing alone: it is joined to its neighbour."""
MAX_WORDS = 120
"""A longer one is no sentence but a list or a missed boundary; embeddings blur beyond it."""

TOOL = Tool(name="retold-segment", version="1", params={"min_words": MIN_WORDS, "max_words": MAX_WORDS})

_WORD = re.compile(r"\w[\w'’]*")
_PAUSES = (";", ":", ",")

_Range = tuple[int, int]


def passages(text_id: str, text: str, sentences: Iterable[_Range], tool: Tool) -> list[Passage]:
    """Passages in text order, none across a line break, none without a word, none overlapping.

    `sentences` are half-open offsets as the parser gives them; what lies between two of them belongs to none.
    """
    ranges = [part for line in _by_line(text, sentences) for part in _joined(text, line)]
    whole = [piece for part in ranges for piece in _split(text, part)]
    return [
        Passage(
            text=text_id,
            start=start,
            end=end,
            tool=tool.id,
            ordinal=ordinal,
            words_sha256=words_digest(text[start:end]),
        )
        for ordinal, (start, end) in enumerate(whole)
    ]


def _by_line(text: str, sentences: Iterable[_Range]) -> Iterable[list[_Range]]:
    """The sentences of each line, trimmed, cut at line breaks; overlaps go to the earlier sentence."""
    line: list[_Range] = []
    reached = 0
    for start, end in sorted(sentences):
        for part in _lines(text, max(start, reached, 0), min(end, len(text))):
            if line and "\n" in text[line[-1][1] : part[0]]:
                yield line
                line = []
            line.append(part)
        reached = max(reached, end)
    if line:
        yield line


def _lines(text: str, start: int, end: int) -> Iterable[_Range]:
    """The trimmed pieces of a range between line breaks that hold anything."""
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        piece = text[start:stop]
        if trimmed := piece.strip():
            begin = start + len(piece) - len(piece.lstrip())
            yield begin, begin + len(trimmed)
        start = stop + 1


def _joined(text: str, line: list[_Range]) -> list[_Range]:
    """Fragments go to the sentence before them, at a line's start to the one after; lines without words go."""
    out: list[_Range] = []
    for start, end in line:
        short = _count(text, start, end) < MIN_WORDS
        if out and (short or _count(text, *out[-1]) < MIN_WORDS):
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return [part for part in out if _count(text, *part)]


def _split(text: str, part: _Range) -> Iterable[_Range]:
    """Pieces of at most `MAX_WORDS` words, cut at the last pause in the second half, else between words."""
    start, end = part
    tokens = list(_WORD.finditer(text, start, end))
    first = 0
    while len(tokens) - first > MAX_WORDS:
        cut = _cut(text, tokens, first)
        yield tokens[first].start() if first else start, tokens[cut - 1].end() + _trailing(text, tokens, cut)
        first = cut
    yield tokens[first].start() if first else start, end


def _cut(text: str, tokens: list[re.Match[str]], first: int) -> int:
    """Index of the token that the next piece starts with."""
    last = first + MAX_WORDS
    for pause in _PAUSES:
        for at in range(last, first + MAX_WORDS // 2, -1):
            if pause in text[tokens[at - 1].end() : tokens[at].start()]:
                return at
    return last


def _trailing(text: str, tokens: list[re.Match[str]], cut: int) -> int:
    """Length of the marks that close the token before the cut."""
    return len(text[tokens[cut - 1].end() : tokens[cut].start()].split(" ", maxsplit=1)[0])


def _count(text: str, start: int, end: int) -> int:
    return sum(1 for _ in _WORD.finditer(text, start, end))
