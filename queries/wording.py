"""Words laid side by side, and a passage shown in its sentences."""

import re
from difflib import SequenceMatcher

from kb.coverage import Retelling
from kb.records import Span
from kb.text import words
from queries.views import Excerpt, Piece, PieceOp

DIFF_WORDS = 400
"""Above this many words on either side the two wordings are shown whole: nobody reads such a diff, and
matching takes time that grows with the square of the length."""

CONTEXT = 240
"""Characters of context on either side at most: enough for a sentence, no reprint of the article."""

_TOKEN = re.compile(r"\S+")


def word_diff(reference: str, printed: str, cut: bool = False) -> tuple[Piece, ...]:
    """The printed wording against the reference, word by word; marks and case alone are no change.

    Words of the reference before and after what was printed are `left-out`; with `cut`, where the
    cutting itself is the matter, they are `removed`.

    >>> [(piece.op, piece.text) for piece in word_diff("It is safe here.", "it is not safe")]
    [('same', 'it is'), ('added', 'not'), ('same', 'safe'), ('left-out', 'here.')]
    """
    before, after = _tokens(reference), _tokens(printed)
    if max(len(before), len(after)) > DIFF_WORDS:
        return _joined([("removed", before), ("added", after)])
    runs: list[tuple[PieceOp, list[str]]] = []
    matcher = SequenceMatcher(None, [_key(w) for w in before], [_key(w) for w in after], autojunk=False)
    opcodes = matcher.get_opcodes()
    for at, (op, i, j, k, m) in enumerate(opcodes):
        edge = not cut and op == "delete" and at in (0, len(opcodes) - 1)
        if op == "equal":
            runs.append(("same", after[k:m]))
        else:
            runs.append(("left-out" if edge else "removed", before[i:j]))
            runs.append(("added", after[k:m]))
    return _joined(runs)


def changes(reference: str, printed: str) -> tuple[Piece, ...]:
    """The word diff, empty where nothing differs."""
    pieces = word_diff(reference, printed)
    return pieces if any(piece.op != "same" for piece in pieces) else ()


def _tokens(text: str) -> list[str]:
    """Words with the marks that touch them or stand alone after them."""
    tokens: list[str] = []
    for token in _TOKEN.findall(text):
        if tokens and not words(token):
            tokens[-1] += " " + token
        else:
            tokens.append(token)
    return tokens


def _key(token: str) -> str:
    return " ".join(words(token)) or token


def _joined(runs: list[tuple[PieceOp, list[str]]]) -> tuple[Piece, ...]:
    return tuple(Piece(op, " ".join(tokens)) for op, tokens in runs if tokens)


def excerpt(retelling: Retelling, span: Span) -> Excerpt:
    """A span with the rest of its sentences, and their neighbours where those are short."""
    text = retelling.text.text
    start, end = max(0, min(span.start, len(text))), max(0, min(span.end, len(text)))
    touched = [at for at, p in enumerate(retelling.passages) if p.start < end and start < p.end]
    if touched:
        first = retelling.passages[max(0, touched[0] - 1)].start
        last = retelling.passages[min(len(retelling.passages) - 1, touched[-1] + 1)].end
    else:
        first, last = 0, len(text)
    return Excerpt(
        before=_tail(text[min(first, start) : start]),
        exact=text[start:end],
        after=_head(text[end : max(last, end)]),
        start=span.start,
        end=span.end,
    )


def _tail(text: str) -> str:
    """The last words of a text within `CONTEXT`, from a word's start."""
    if len(text) <= CONTEXT:
        return text
    kept = text[-CONTEXT:]
    blank = kept.find(" ")
    return "… " + kept[blank + 1 :]


def _head(text: str) -> str:
    if len(text) <= CONTEXT:
        return text
    kept = text[:CONTEXT]
    blank = kept.rfind(" ")
    return (kept[:blank] if blank > 0 else kept) + " …"


def printed_words(retelling: Retelling, span: Span) -> str:
    """What was said, without the cue between the pieces of a split quote."""
    for quote in retelling.quotes:
        if quote.content == span:
            return quote.wording(retelling.text.text)
    return retelling.words(span)
