"""Speakers placed at another institution than the study and the other outlets place them.

People have two posts, move, and are introduced by the part of an institution that the writer knows. So a finding needs
two institutions of one type (or the institution of another speaker of the study), with no word in common, of which the
article names one alone and no second outlet gives it; and it stays unsettled.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set

import attrs

from kb.claims import Speaker
from kb.coverage import Coverage, Retelling
from kb.lexicon import listed
from kb.records import Span
from kb.speakers import name_words
from kb.text import words
from queries.attribution import Occurrence
from queries.rules import Finding, Passed, Rule, finding_id

_TYPES = listed(
    "university institute college hospital laboratory school academy clinic museum center centre observatory foundation"
)
_SMALL = listed("of the for at and in de la")
_NAME = r"[A-ZÀ-Þ][\w&.’'-]{0,40}"
_TYPE = "|".join(word.capitalize() for word in sorted(_TYPES))
_INSTITUTION = re.compile(
    rf"(?:{_NAME} ){{0,4}}(?:{_TYPE})\b(?:,? (?:of|for|at)(?: the)? {_NAME}(?: (?:and |of )?{_NAME}){{0,3}})?"
)
SWAPPED, OTHER = 0.75, 0.55
"""Confidence where the institution is that of another speaker of the study, and where it is none's. Set by hand: the
affiliations rest on rules whose precision was measured (docs/quotes.md), the conflict on too few cases to count."""
OUTLETS = 2
"""Other outlets that must agree on an institution where claims.yaml names none."""


@attrs.frozen(kw_only=True)
class Institution:
    """An institution that a text names."""

    name: str

    @property
    def own(self) -> frozenset[str]:
        """The words that tell it from others of its type."""
        return frozenset(word for word in words(self.name) if word not in _TYPES and word not in _SMALL)

    @property
    def type(self) -> str:
        return next((word for word in words(self.name) if word in _TYPES), "")

    def may_be(self, other: "Institution") -> bool:
        """Whether both may be one: a word in common, or one the initials of the other."""
        one, two = self.own, other.own
        return bool(one & two) or _initials(self.name) in two or _initials(other.name) in one


@attrs.frozen(kw_only=True)
class Placed:
    """A speaker whom an article places at an institution."""

    said: Occurrence
    at: Institution


def findings(coverage: Coverage, said: Sequence[Occurrence], about: Set[str]) -> Iterator[Finding]:
    """One finding for each institution that an article `about` the study (ids) gives against all the others."""
    by_speaker: dict[str, list[Placed]] = defaultdict(list)
    for one in said:
        slug = one.given_to.slug
        if slug and one.retelling.article.id in about:
            by_speaker[slug] += [Placed(said=one, at=at) for at in institutions(one.quote.affiliation)]
    for speaker in coverage.study.speakers:
        placed = by_speaker[speaker.slug]
        others = [at for s in coverage.study.speakers if s.slug != speaker.slug for at in institutions(s.affiliation)]
        known = list(institutions(speaker.affiliation))
        seen: set[tuple[str, str]] = set()
        for each in placed:
            key = (each.said.retelling.article.id, each.at.name)
            expected = None if key in seen else _expected(each, placed, known, others)
            if expected and _printed_elsewhere(coverage, each):
                expected = None
            seen.add(key)
            if expected:
                yield _finding(speaker, each, expected, swapped=any(each.at.may_be(other) for other in others))


def institutions(text: str | None) -> Iterator[Institution]:
    """The institutions that a text names in full; one without a word of its own is none.

    >>> [at.name for at in institutions("a statistician at the University of Leeds and Acme Corp")]
    ['University of Leeds']
    """
    found = (Institution(name=match[0]) for match in _INSTITUTION.finditer(text or ""))
    return (institution for institution in found if institution.own)


def _expected(
    one: Placed, placed: Sequence[Placed], known: Sequence[Institution], others: Sequence[Institution]
) -> Institution | None:
    """The institution that stands against one; None where nothing does, or where both may be true."""
    source = one.said.retelling.source.slug
    elsewhere = [other for other in placed if other.said.retelling.source.slug != source]
    if any(one.at.may_be(other.at) for other in elsewhere) or any(one.at.may_be(at) for at in known):
        return None
    against = list(known)
    if not against:
        outlets: dict[str, set[str]] = defaultdict(set)
        for other in elsewhere:
            outlets[other.at.name].add(other.said.retelling.source.slug)
        against = [Institution(name=name) for name, slugs in outlets.items() if len(slugs) >= OUTLETS]
    alike = any(one.at.may_be(other) for other in others)
    printed = _beside_the_name(one.said.retelling, one)
    for institution in against:
        if (institution.type == one.at.type or alike) and not institution.own & printed:
            return institution
    return None


def _printed_elsewhere(coverage: Coverage, one: Placed) -> bool:
    """Whether a second outlet prints the institution beside the name, though no affiliation was read there."""
    source = one.said.retelling.source.slug
    return any(
        one.at.own <= _beside_the_name(other, one)
        for other in coverage.retellings
        if other.source.slug != source and one.at.name in other.text.text
    )


def _beside_the_name(retelling: Retelling, one: Placed) -> frozenset[str]:
    """The words of the paragraphs that name the speaker: an institution there may be a second post.

    The study's own institution stands in nearly every article; elsewhere in the text it says nothing of this speaker.
    """
    surname = name_words(one.said.given_to.name)[-1:]
    lines = (words(line) for line in retelling.text.text.splitlines())
    return frozenset(word for line in lines if not surname or surname[0] in line for word in line)


def _finding(speaker: Speaker, one: Placed, expected: Institution, *, swapped: bool) -> Finding:
    observed = Passed(role="observed", retelling=one.said.retelling, span=_place(one))
    return Finding(
        id=finding_id(Rule.AFFILIATION_CONFLICT, speaker.slug, [observed]),
        rule=Rule.AFFILIATION_CONFLICT,
        severity=1,
        confidence=SWAPPED if swapped else OTHER,
        truth="unsettled",
        subject=speaker.slug,
        summary=f"{speaker.name} is placed at {one.at.name} here, and at {expected.name} otherwise.",
        expected=expected.name,
        observed=one.at.name,
        edits=(),
        evidence=(observed,),
        tools=(one.said.quote.tool,),
    )


def _place(one: Placed) -> Span:
    """Where the institution stands nearest to the quote; the quote where it is written otherwise there."""
    text, quote = one.said.retelling.text.text, one.said.quote.content
    places = [match.start() for match in re.finditer(re.escape(one.at.name), text)]
    if not places:
        return quote
    start = min(places, key=lambda place: abs(place - quote.start))
    return Span(start, start + len(one.at.name))


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split() if word[0].isupper()).casefold()
