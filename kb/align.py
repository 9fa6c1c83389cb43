"""Wordings against the study's reference quotes: which of them a wording prints, and how faithfully."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations

import attrs

from kb import sense
from kb.claims import ReferenceQuote, Study
from kb.collate import Aligned, align
from kb.records import Alignment, Edit, Tool
from kb.wording import Token, shown, tokens

__all__ = ["Aligned", "Match", "align", "alignments", "belongs", "lay", "match", "quoted", "tool"]

VERSION = "2"
RUN_SURE = 6
"""Words in a row, two of them content words, that no two remarks share by chance."""
RUN_SOME = 4
"""Words in a row that count together with coverage."""
CLAUSE = 4
"""Words of the shortest clause of another reference that is known as put into one; two of so few must carry matter."""
FRAGMENT = 3
"""Words of the shortest fragment that is taken for a quote of a reference."""
WHOLE = 0.8
"""Weighted share of a wording found in the reference from which a short run in a row will do."""
COVER = 0.55
"""The same where the run in a row is longer."""
SPUN_SIMILARITY = 0.6
"""Cosine from which a wording with few shared words is looked at as a respun reference."""
SPUN_WORDS = 8
"""Words, small ones too, that a respun wording keeps in their order: the frame of the sentence."""
SPUN_KEPT = 0.42
"""Share of the longer side that these must make up."""

_MARKED = re.compile(r"[“\"«]([^“”\"«»]{2,2000})[”\"»]|(?<!\w)[‘']([^‘’]{2,2000}?)[’'](?!\w)")


@attrs.frozen(kw_only=True)
class Match:
    """A reference that a wording belongs to."""

    reference: ReferenceQuote
    aligned: Aligned


def tool(study: Study) -> Tool:
    """The aligner with the reference quotes it consults."""
    return Tool(
        name="align",
        version=VERSION,
        params={
            "cover": COVER,
            "spun_similarity": SPUN_SIMILARITY,
            **{f"quote:{quote.slug}": f"{quote.speaker}: {quote.text}" for quote in study.quotes},
        },
    )


def alignments(
    study: Study, words_sha256: str, wording: str, tool: Tool, similarity: Mapping[str, float]
) -> list[Alignment]:
    """The reference quotes that a wording belongs to, as records.

    `similarity` holds the cosine of the wording with reference quotes by slug; it lets respun wordings
    in with low confidence, never as a certainty. May be empty.
    """
    return [
        Alignment(
            quote=match.reference.slug,
            words_sha256=words_sha256,
            tool=tool.id,
            edits=_with_cuts(match.aligned),
            verdict=match.aligned.verdict,
            sense_kept=match.aligned.sense_kept,
            confidence=round(match.aligned.confidence, 4),
        )
        for match in match(study, wording, similarity)
    ]


def _with_cuts(aligned: Aligned) -> tuple[Edit, ...]:
    before = (Edit("delete", aligned.cut_before, ""),) if aligned.cut_before else ()
    after = (Edit("delete", aligned.cut_after, ""),) if aligned.cut_after else ()
    return (*before, *aligned.edits, *after)


def match(study: Study, wording: str, similarity: Mapping[str, float] | None = None) -> list[Match]:
    """The references a wording prints, best first; usually none or one.

    Two references of one speaker that answer for different parts of a wording are both given, as merged.
    A wording on the same topic in other words is no print of it. Of a wording that mixes report and
    quotation marks only what stands inside the marks is compared, unless the whole fits better.
    """
    return max(
        (_matches(study, part, similarity or {}) for part in (wording, *quoted(wording))),
        key=lambda found: max((m.aligned.wording_covered for m in found), default=0.0),
    )


def quoted(wording: str) -> tuple[str, ...]:
    """The stretch inside quotation marks, from the first mark to the last, where words stand outside of them.

    >>> quoted("that she was “not shocked” to see it"), quoted("It is safe.")
    (('not shocked',), ())
    """
    found = [m for m in _MARKED.finditer(wording) if len((m.group(1) or m.group(2)).split()) >= 2]
    joined = " … ".join((m.group(1) or m.group(2)).strip() for m in found)
    return (joined,) if joined and len(joined) < len(wording) - 2 else ()


def lay(reference: str, wording: str) -> Aligned:
    """`align` with the part of a wording that `match` would have compared."""
    parts = (wording, *quoted(wording))
    return max((align(reference, part) for part in parts), key=lambda aligned: aligned.wording_covered)


def _matches(study: Study, wording: str, cosines: Mapping[str, float]) -> list[Match]:
    row = tokens(wording)
    laid = [
        Match(reference=quote, aligned=align(quote.text, wording))
        for quote in study.quotes
        if _promising(quote.text, wording, cosines.get(quote.slug, 0.0))
    ]
    laid.sort(key=lambda m: (-_strength(m.aligned), m.reference.slug))
    kept: list[Match] = []
    for one in laid:
        fits = belongs(one.aligned, cosines.get(one.reference.slug, 0.0))
        if fits and not any(_overlap(one.aligned.span, other.aligned.span) for other in kept):
            kept.append(one)
    return _merged([*kept, *_halves(laid, kept)], row) if len(kept) != 1 else _grafted(kept[0], laid, row)


def _halves(laid: Sequence[Match], kept: Sequence[Match]) -> list[Match]:
    """References that alone give too little of the wording, and with another of the same speaker nearly all."""
    for one, other in combinations(laid, 2):
        new = [m for m in (one, other) if m not in kept]
        same = one.reference.speaker == other.reference.speaker and (len(new) == 1 or not kept)
        short, long = sorted((one.aligned.run, other.aligned.run))
        together = one.aligned.wording_covered + other.aligned.wording_covered
        apart = not _overlap(one.aligned.span, other.aligned.span)
        if same and new and apart and short >= RUN_SOME and long >= RUN_SURE and together >= WHOLE:
            return new
    return []


def _grafted(kept: Match, laid: Sequence[Match], row: Sequence[Token]) -> list[Match]:
    """The reference that fits, and with it one whose words were put in place of some of its own."""
    own = [m for m in laid if m is not kept and m.reference.speaker == kept.reference.speaker]
    start, end = kept.aligned.span
    foreign = (*(edit.after for edit in kept.aligned.edits), shown(row[:start]), shown(row[end:]))
    for words in foreign:
        for other in own if len(words.split()) >= CLAUSE else ():
            inside = align(other.reference.text, words)
            telling = len(_content(words)) >= 2 or inside.lengths[1] > CLAUSE
            whole = inside.verdict in ("verbatim", "trimmed") and inside.lengths[1] >= CLAUSE and telling
            if whole or (inside.run >= RUN_SURE and inside.wording_covered >= WHOLE):
                joined = [attrs.evolve(m, aligned=attrs.evolve(m.aligned, verdict="merged")) for m in (kept, other)]
                return [attrs.evolve(m, aligned=attrs.evolve(m.aligned, sense_kept=None)) for m in joined]
    return _merged([kept, *_halves(laid, [kept])], row)


def _strength(aligned: Aligned) -> float:
    return aligned.confidence * (aligned.span[1] - aligned.span[0]) * (0.5 + aligned.wording_covered)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return min(one[1], other[1]) - max(one[0], other[0]) > 2


def _merged(matches: list[Match], row: Sequence[Token]) -> list[Match]:
    """References of one speaker that meet inside one sentence are marked as merged."""
    joined: set[str] = set()
    for one, other in combinations(matches, 2):
        first, second = sorted((one.aligned.span, other.aligned.span))
        same_sentence = row[first[1] - 1].sentence == row[second[0]].sentence
        declared = any(token.gap for token in row[first[1] : second[0] + 1])
        if one.reference.speaker == other.reference.speaker and same_sentence and not declared:
            joined |= {one.reference.slug, other.reference.slug}
    return [attrs.evolve(m, aligned=_own_part(m, row)) if m.reference.slug in joined else m for m in matches]


def _own_part(match: Match, row: Sequence[Token]) -> Aligned:
    """A reference laid against its own part of a merged wording, so that the other part is no edit."""
    part = align(match.reference.text, shown(row[slice(*match.aligned.span)]))
    sense_kept = False if part.sense_kept is False else None
    return attrs.evolve(part, verdict="merged", sense_kept=sense_kept, span=match.aligned.span)


def _promising(reference: str, wording: str, cosine: float) -> bool:
    """A cheap test before the table is filled: enough content words in common, or a high cosine."""
    old, new = _content(reference), _content(wording)
    common = len(old & new)
    if common >= 3 or common >= max(1, 0.4 * min(len(old), len(new))) or cosine >= SPUN_SIMILARITY:
        return True
    return bool(common) and not _runs(reference).isdisjoint(_runs(wording))


@lru_cache(maxsize=16_384)
def _content(text: str) -> frozenset[str]:
    return frozenset(token.key for token in sense.content(tokens(text)))


@lru_cache(maxsize=16_384)
def _runs(text: str) -> frozenset[str]:
    keys = [token.key for token in tokens(text)]
    return frozenset(" ".join(keys[at : at + CLAUSE]) for at in range(len(keys) - CLAUSE + 1))


def belongs(aligned: Aligned, cosine: float = 0.0) -> bool:
    """Whether a wording is a print of the reference it was laid against.

    Fitted on 43,040 pairs of different quotes from one article each (real news, so one topic and often
    one speaker), of which it takes 1 in 1,000 for prints of one another; most of those really are.
    """
    run, covered = aligned.run, aligned.wording_covered
    if covered >= WHOLE and run >= min(FRAGMENT, aligned.lengths[1]) and aligned.lengths[1] > 1:
        return True
    if run >= RUN_SURE and (covered >= COVER or run >= 2 * RUN_SURE):
        return True
    if run >= RUN_SOME and min(covered, aligned.reference_covered) >= COVER:
        return True
    kept = aligned.matched / max(aligned.lengths)
    return cosine >= SPUN_SIMILARITY and aligned.matched >= SPUN_WORDS and kept >= SPUN_KEPT
