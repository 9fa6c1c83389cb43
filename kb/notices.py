"""Notes in which an outlet marks its own mistake or change: corrections, clarifications, updates, retractions.

Recognised by their wording, wherever in a text they stand. Cues are set phrases that newsrooms' style guides ask for
(`An earlier version of this article misstated …`); a story that is about somebody else's correction has none of them.
"""

import re
from collections.abc import Iterator
from typing import Literal

import attrs

from kb.records import Span

Kind = Literal["correction", "clarification", "retraction", "update"]

_PIECE = "(?:article|story|report|post|piece|headline|page|column|item|newsletter|caption|graphic|chart)s?"
_THIS = rf"(?:this {_PIECE}|the (?:article|story|headline))"
"""`the report` may be somebody else's: only `this report` is the outlet's own."""
_WHEN = r"[^.\n:]{0,60}"
_SLIPPED = (
    "misstated|misspell?ed|misspelt|misidentified|misquoted|misattributed|mischaracteri[sz]ed|incorrectly|wrongly"
    "|mistakenly|erroneously|inaccurately|gave|said|stated|omitted|referred|named|attributed|listed|described|included"
    "|contained|quoted"
)
_LABELS: tuple[tuple[Kind, str], ...] = (
    ("retraction", "retraction|rücknahme"),
    ("clarification", "clarifications?|klarstellung|précision"),
    ("correction", "corrections?|corrected|erratum|errata|berichtigung|korrektur|correctif|rectificatif|corrección"),
    ("update", "updated?|editor['’]s note|aktualisiert|mise à jour|actualización"),
)
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("retraction", re.compile(rf"\b{_THIS} (?:has been|was) (?:retracted|withdrawn)\b", re.I)),
    (
        "correction",
        re.compile(
            rf"\b(?:an |the )?(?:earlier|previous|original|prior|first) versions? of {_THIS}\b"
            rf"[^.\n]{{0,80}}\b(?:{_SLIPPED})\b"
            rf"|\b{_THIS} (?:has been|was|is being) (?:amended|corrected)\b"
            rf"|\bwe (?:have|had) (?:corrected|amended) {_THIS}\b"
            r"|\b(?:we|the \w+) regrets? the error\b",
            re.I,
        ),
    ),
    *((kind, re.compile(rf"^\W{{0,3}}(?:{label})\b{_WHEN}(?::|—|–|$)", re.I)) for kind, label in _LABELS),
    ("update", re.compile(rf"\b{_THIS} (?:has been|was) updated\b", re.I)),
)
_BREAK = re.compile(r"[^\n]+")
LABEL = 6
"""Words of a line like `Correction, 4 May 2026` that is a label: then the next line is the note."""
LONGEST = 1200
"""Characters of a note at most; a whole article under the heading `Corrected` is none."""


@attrs.frozen(kw_only=True)
class Notice:
    """One note and where it stands."""

    span: Span
    kind: Kind

    @property
    def owns_up(self) -> bool:
        """Says that something was wrong, and not only that something is new."""
        return self.kind != "update"


def notices(text: str) -> list[Notice]:
    """The notes of a text in order, a line or paragraph each; a label on a line of its own takes the next line in.

    >>> [n.kind for n in notices("Bats sing.\\n\\nCorrection: An earlier version of this article misspelt a name.")]
    ['correction']
    """
    return list(_found(text, [match.span() for match in _BREAK.finditer(text)]))


def _found(text: str, lines: list[tuple[int, int]]) -> Iterator[Notice]:
    taken = -1
    for number, (start, end) in enumerate(lines):
        if number <= taken or end - start > LONGEST:
            continue
        kind = _kind(text[start:end])
        if kind is None:
            continue
        bare = len(text[start:end].split()) <= LABEL and text[start:end].rstrip()[-1:] not in ".?!"
        if bare and number + 1 < len(lines) and lines[number + 1][1] - start <= LONGEST:
            taken = number + 1
        yield Notice(span=Span(start, lines[max(taken, number)][1]), kind=kind)


def _kind(line: str) -> Kind | None:
    return next((kind for kind, pattern in _PATTERNS if pattern.search(line)), None)
