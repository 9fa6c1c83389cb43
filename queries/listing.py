"""Hits of a search as a terminal shows them. Without rich, whose import a search in a new process would feel."""

import os
from typing import TYPE_CHECKING, TextIO

from queries.plain import counted, one_line, printable

if TYPE_CHECKING:
    from kb.occurrences import Occurrence
    from queries.lookup import Answer
    from queries.search import Hit

SHOWN_PLACES = 3
"""Occurrences listed under a hit; --json gives all."""

CONTEXT = 60
"""Characters of context on either side of a hit."""

NOTHING_YET = "nothing is captured yet: `retold run` or `retold add` first"

_BOLD, _DIM, _FOUND = "1", "2", "1;4"


class _Pen:
    """Writes to a stream, in bold or dim where that is a terminal which wants it (no-color.org)."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._styled = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._styled and text else text

    def line(self, text: str) -> None:
        self._out.write(f"{text}\n")


def hits(answer: "Answer", out: TextIO, notes: TextIO | None) -> None:
    """Hits with the match in its context, outlet, date and link; `notes` takes what else there is to say."""
    pen = _Pen(out)
    for hit in answer.hits:
        _hit(hit, pen)
    if notes and not answer.hits:
        notes.write(f"{NOTHING_YET if answer.empty else 'nothing found: ' + answer.wider('--{}'.format)}\n")


def _hit(hit: "Hit", pen: _Pen) -> None:
    pen.line(f"{hit.rank:>3}. {_marked(hit, pen)}")
    said = f", {one_line(hit.speaker)}" if hit.speaker else ""
    pen.line(f"     {hit.kind} {hit.score:.2f}{said}")
    for place in hit.occurrences[:SHOWN_PLACES]:
        day = place.published_at.date().isoformat() if place.published_at else "undated"
        pen.line(f"     {one_line(f'{place.source}, {day}, {place.url}')}")
        pen.line(_in_context(place, pen))
    if len(hit.occurrences) > SHOWN_PLACES:
        pen.line(f"     … in {counted(len(hit.occurrences), 'place')}")


def _marked(hit: "Hit", pen: _Pen) -> str:
    """The wording on one line, the words of the query in it underlined."""
    parts, at = [], 0
    for start, end in hit.matched:
        parts += [(hit.text[at:start], _BOLD), (hit.text[start:end], _FOUND)]
        at = end
    parts.append((hit.text[at:], _BOLD))
    return "".join(pen.styled(printable(text).replace("\n", " "), style) for text, style in parts)


def _in_context(place: "Occurrence", pen: _Pen) -> str:
    """The words with what stands around them, the match marked."""
    before, exact, after = (
        printable(part).replace("\n", " ") for part in (place.before[-CONTEXT:], place.exact, place.after[:CONTEXT])
    )
    return "       " + pen.styled(f"…{before}", _DIM) + pen.styled(exact, _BOLD) + pen.styled(f"{after}…", _DIM)
