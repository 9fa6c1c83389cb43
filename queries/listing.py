"""Hits of a search as a terminal shows them."""

from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

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


class Output(Console):
    """Standard output for people: lines are not folded, and a reader that closes the pipe is no error."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(file=out, highlight=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def hits(answer: "Answer", out: TextIO, notes: Console) -> None:
    """Hits with the match in its context, outlet, date and link."""
    console = Output(out)
    for hit in answer.hits:
        _hit(hit, console)
    if answer.empty:
        notes.print(NOTHING_YET)
    elif not answer.hits:
        notes.print(f"nothing found: {_wider(answer)}")


def _wider(answer: "Answer") -> str:
    """How to find more."""
    question = answer.question
    ways = [f"leave out {' or '.join(question.narrowings)}"] if question.narrowings else []
    if '"' in question.query:
        ways.append("ask without quotation marks, which want the very words")
    if question.mode == "lexical":
        ways.append("--mode hybrid also finds what says it in other words")
    return "; ".join(ways or ["try other words"])


def _hit(hit: "Hit", console: Console) -> None:
    console.print(Text.assemble(f"{hit.rank:>3}. ", (one_line(hit.text), "bold")))
    said = f", {one_line(hit.speaker)}" if hit.speaker else ""
    console.print(Text(f"     {hit.kind} {hit.score:.2f}{said}"))
    for place in hit.occurrences[:SHOWN_PLACES]:
        day = place.published_at.date().isoformat() if place.published_at else "undated"
        console.print(Text(f"     {one_line(f'{place.source}, {day}, {place.url}')}"))
        console.print(_in_context(place))
    if len(hit.occurrences) > SHOWN_PLACES:
        console.print(f"     … in {counted(len(hit.occurrences), 'place')}")


def _in_context(place: "Occurrence") -> Text:
    """The words with what stands around them, the match marked."""
    before, exact, after = (
        printable(part).replace("\n", " ") for part in (place.before[-CONTEXT:], place.exact, place.after[:CONTEXT])
    )
    return Text.assemble(("       …" + before, "dim"), (exact, "bold"), (after + "…", "dim"))
