"""What changed between two captures of one article, sentence by sentence.

Sentences are compared by their words; what only moved, and lines that a page renews by itself (`updated 2 days ago`,
`12 comments`), are no change. Two texts that share too little are a page put to another use, or one half of it behind
a paywall: nothing is said about those.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import attrs
from rapidfuzz import fuzz, process

from kb.collate import Aligned, align
from kb.coverage import Retelling, Revision
from kb.notices import Notice, notices
from kb.records import Passage, Span
from kb.text import words

Extent = Literal["none", "edited", "rewritten"]

SAME_ARTICLE = 0.5
"""Share of the shorter text's sentences that both must have to be versions of one text."""
ANSWERS = 55.0
"""Likeness (0..100, rapidfuzz's ratio over words) from which on a new sentence answers an old one."""
_RENEWED = re.compile(
    r"\W{0,3}(?:(?:last |first )?(?:updated|published|posted|modified|edited)\b.{0,60}"
    r"|.{0,40}\b(?:minutes?|hours?|days?|weeks?|months?|years?) ago"
    r"|\d+ (?:comments?|shares?|likes?|views?|min(?:ute)?s? read).{0,20}|.{0,20}\d+ min(?:ute)?s? read)\W{0,3}",
    re.I,
)


@attrs.frozen(kw_only=True)
class Changed:
    """A sentence that became another one."""

    before: Passage
    after: Passage
    aligned: Aligned
    """The new words laid against the old."""


@attrs.frozen(kw_only=True)
class Dropped:
    """A sentence that is gone."""

    before: Passage
    near: Passage
    """The sentence of the new text behind which it stood; the first where it stood before all."""


@attrs.frozen(kw_only=True)
class Changes:
    """All that a revision did."""

    extent: Extent
    changed: tuple[Changed, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    added: tuple[Passage, ...] = ()
    marked: tuple[Notice, ...] = ()
    """Notes that the new text has and the old had not."""


NO_CHANGE = Changes(extent="none")


def changes(revision: Revision) -> Changes:
    """What the later capture of a revision has other than the earlier."""
    old, new = (
        _told(revision.before.passages, revision.before.text.text),
        _told(revision.after.passages, revision.after.text.text),
    )
    shared = (Counter(p.words_sha256 for p in old) & Counter(p.words_sha256 for p in new)).total()
    gone, come = _left(old, new), _left(new, old)
    if not gone and not come:
        return NO_CHANGE
    if revision.after.extraction.truncated != revision.before.extraction.truncated:
        return Changes(extent="rewritten")
    if shared < SAME_ARTICLE * min(len(old), len(new)):
        return Changes(extent="rewritten")
    pairs = _pairs(revision, gone, come)
    answered = {id(after) for _, after in pairs}
    return Changes(
        extent="edited",
        changed=tuple(
            Changed(before=before, after=after, aligned=align(_of(revision.before, before), _of(revision.after, after)))
            for before, after in pairs
        ),
        dropped=tuple(
            Dropped(before=passage, near=_near(passage, old, new))
            for passage in gone
            if not any(passage is before for before, _ in pairs)
        ),
        added=tuple(passage for passage in come if id(passage) not in answered),
        marked=tuple(_new_notices(revision)),
    )


def _told(passages: Sequence[Passage], text: str) -> list[Passage]:
    """Passages but for lines that renew themselves and notes of the outlet about its text."""
    noted = [notice.span for notice in notices(text)]
    return [
        passage
        for passage in passages
        if not _RENEWED.fullmatch(text[passage.start : passage.end].strip())
        and not any(Span(passage.start, passage.end).overlaps(span) for span in noted)
    ]


def _left(passages: Sequence[Passage], others: Sequence[Passage]) -> list[Passage]:
    """Those whose words the others have not, as often as they stand there."""
    spare = Counter(other.words_sha256 for other in others)
    left = []
    for passage in passages:
        if spare[passage.words_sha256]:
            spare[passage.words_sha256] -= 1
        else:
            left.append(passage)
    return left


def _pairs(revision: Revision, gone: list[Passage], come: list[Passage]) -> list[tuple[Passage, Passage]]:
    """Old sentences with the new ones that answer them, the most alike first, each used once."""
    rows = [" ".join(words(_of(revision.before, passage))) for passage in gone]
    columns = [" ".join(words(_of(revision.after, passage))) for passage in come]
    if not rows or not columns:
        return []
    scores = process.cdist(rows, columns, scorer=fuzz.ratio, score_cutoff=ANSWERS)
    ranked = sorted(
        ((float(scores[i, j]), i, j) for i in range(len(rows)) for j in range(len(columns)) if scores[i, j]),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    used_rows: set[int] = set()
    used_columns: set[int] = set()
    pairs = []
    for _, i, j in ranked:
        if i not in used_rows and j not in used_columns:
            used_rows.add(i)
            used_columns.add(j)
            pairs.append((gone[i], come[j]))
    return sorted(pairs, key=lambda pair: pair[1].start)


def _of(version: Retelling, passage: Passage) -> str:
    return version.words(Span(passage.start, passage.end))


def _near(passage: Passage, old: Sequence[Passage], new: Sequence[Passage]) -> Passage:
    """Where in the new text an old sentence stood: behind the last one before it that is still there."""
    standing = {p.words_sha256: p for p in new}
    before = [p for p in old if p.start < passage.start and p.words_sha256 in standing]
    return standing[before[-1].words_sha256] if before else new[0]


def _new_notices(revision: Revision) -> list[Notice]:
    def said(text: str, notice: Notice) -> tuple[str, ...]:
        return tuple(words(text[notice.span.start : notice.span.end]))

    before, after = revision.before.text.text, revision.after.text.text
    known = {said(before, notice) for notice in notices(before)}
    return [notice for notice in notices(after) if said(after, notice) not in known]
