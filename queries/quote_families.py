"""Quotes without a reference: the same remark across outlets, by shared runs of rare words.

An inverted index over runs of words proposes pairs, alignment decides; nothing is held against everything.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import attrs

from kb import align, sense
from kb.coverage import Coverage
from kb.speakers import name_words, same_name
from kb.text import words_digest
from kb.wording import Token, tokens
from queries.attribution import Occurrence
from queries.rules import Finding, Passed, Rule, finding_id

RUN = 5
"""Words of one index entry, two of them content words: shorter runs are phrases of the language."""
CROWD = 40
"""Wordings under one entry from which it is taken for a stock phrase and passed over."""
LEAST = 8
"""Words of the shortest wording that joins a family."""
NEAREST = 3
"""Candidates that a wording is aligned with."""
COVER = 0.7
"""Weighted share of the shorter wording that must stand in the other."""


@attrs.frozen(kw_only=True)
class Family:
    """Wordings of one remark, with all their prints."""

    wordings: Mapping[str, tuple[Occurrence, ...]]
    """By words_sha256, in order of first print."""

    @property
    def prints(self) -> tuple[Occurrence, ...]:
        return tuple(one for group in self.wordings.values() for one in group)


def findings(coverage: Coverage, said: Sequence[Occurrence]) -> Iterator[Finding]:
    """Disagreements inside each family: about the words, and about who said them."""
    for family in families(said):
        disputed = _speakers_differ(family)
        if disputed is not None:
            yield disputed
        else:
            yield from _wordings_differ(family)


def families(said: Sequence[Occurrence]) -> Iterator[Family]:
    """Families of two or more prints in different outlets, without those that have a reference."""
    groups: dict[str, list[Occurrence]] = defaultdict(list)
    for one in said:
        told = one.quote.form not in ("direct", "mixed") or not one.retelling.in_english
        if told or one.alignments:
            continue
        words = " ".join(align.quoted(one.wording)) if one.quote.form == "mixed" else one.wording
        if len(tokens(words)) >= LEAST:
            groups[words_digest(words)].append(attrs.evolve(one, wording=words))
    for member in _joined(groups):
        family = Family(wordings={digest: tuple(groups[digest]) for digest in member})
        if len({one.retelling.article.source for one in family.prints}) > 1:
            yield family


def _joined(groups: Mapping[str, Sequence[Occurrence]]) -> Iterator[list[str]]:
    """Digests that belong together, by union-find over aligned candidate pairs."""
    rows = {digest: tokens(found[0].wording) for digest, found in groups.items()}
    parent = {digest: digest for digest in groups}

    def root(digest: str) -> str:
        while parent[digest] != digest:
            parent[digest] = parent[parent[digest]]
            digest = parent[digest]
        return digest

    for one, other in _candidates(rows):
        if root(one) != root(other) and _same_remark(groups[one][0].wording, groups[other][0].wording):
            parent[root(other)] = root(one)
    members: dict[str, list[str]] = defaultdict(list)
    for digest in groups:
        members[root(digest)].append(digest)
    yield from members.values()


def _candidates(rows: Mapping[str, Sequence[Token]]) -> Iterator[tuple[str, str]]:
    index: dict[str, list[str]] = defaultdict(list)
    for digest, row in rows.items():
        shared: Counter[str] = Counter()
        for entry in _entries(row):
            held = index[entry]
            if len(held) < CROWD:
                shared.update(held)
                held.append(digest)
        for other, _ in shared.most_common(NEAREST):
            yield other, digest


def _entries(row: Sequence[Token]) -> Sequence[str]:
    """In the order of the text: a set's order differs from run to run, and with it who is nearest among equals."""
    found = []
    for at in range(len(row) - RUN + 1):
        run = row[at : at + RUN]
        if len(sense.content(run)) >= 2:
            found.append(" ".join(token.key for token in run))
    return tuple(dict.fromkeys(found))


def _same_remark(one: str, other: str) -> bool:
    longer, shorter = sorted((one, other), key=len, reverse=True)
    aligned = align.align(longer, shorter)
    long = aligned.matched > LEAST or aligned.wording_covered >= 0.9
    return aligned.run >= align.RUN_SURE and aligned.wording_covered >= COVER and long


def _wordings_differ(family: Family) -> Iterator[Finding]:
    """Each wording that departs from the one most outlets print. No winner is named unless a primary source has one."""
    base = _base(family)
    settled = any(one.retelling.source.kind == "primary" for one in family.wordings[base])
    for digest, prints in family.wordings.items():
        if digest == base:
            continue
        aligned = align.align(family.wordings[base][0].wording, prints[0].wording)
        same_outlets = {o.retelling.article.source for o in prints} <= {
            o.retelling.article.source for o in family.wordings[base]
        }
        inside = [e for e in aligned.edits if not (e.op == "insert" and len(e.after.split()) > 3)]
        if aligned.sense_kept is True or aligned.verdict != "altered" or not inside or same_outlets:
            continue
        expected = family.wordings[base][0]
        evidence = (
            *(Passed(role="observed", retelling=o.retelling, span=o.quote.content) for o in prints[:5]),
            Passed(role="expected" if settled else "other", retelling=expected.retelling, span=expected.quote.content),
        )
        yield Finding(
            id=finding_id(Rule.ALTERED_QUOTE, "", evidence),
            rule=Rule.ALTERED_QUOTE,
            severity=2 if aligned.sense_kept is False else 1,
            confidence=round(0.8 * aligned.confidence * prints[0].quote.confidence, 4),
            truth="settled" if settled else "unsettled",
            subject="",
            summary="Outlets print this remark in different words.",
            expected=expected.wording,
            observed=prints[0].wording,
            edits=aligned.edits,
            evidence=evidence,
            tools=(prints[0].quote.tool,),
        )


def _base(family: Family) -> str:
    """The wording of a primary source, else of most outlets, else the earliest."""

    def rank(digest: str) -> tuple[bool, int]:
        prints = family.wordings[digest]
        primary = any(one.retelling.source.kind == "primary" for one in prints)
        return primary, len({one.retelling.article.source for one in prints})

    return max(family.wordings, key=rank)


def _speakers_differ(family: Family) -> Finding | None:
    """The same words are given to two named people; which of them said it stays open."""
    named = [one for one in family.prints if one.given_to.kind in ("speaker", "person") and _by_name(one)]
    if not named:
        return None
    counts = Counter(_who(one) for one in named)
    usual = max(counts, key=lambda who: counts[who])
    expected = next(one for one in named if _who(one) == usual)
    others = [one for one in named if _other_person(one, expected)]
    if not others:
        return None
    evidence = (
        *(Passed(role="observed", retelling=o.retelling, span=o.quote.content) for o in others[:5]),
        Passed(role="other", retelling=expected.retelling, span=expected.quote.content),
    )
    return Finding(
        id=finding_id(Rule.MISATTRIBUTED_QUOTE, "", evidence),
        rule=Rule.MISATTRIBUTED_QUOTE,
        severity=2,
        confidence=round(0.8 * others[0].quote.confidence * expected.quote.confidence, 4),
        truth="unsettled",
        subject="",
        summary=f"Outlets give the same words to {expected.given_to.name} and to {others[0].given_to.name}.",
        expected=expected.given_to.name,
        observed=others[0].given_to.name,
        edits=(),
        evidence=evidence,
        tools=(others[0].quote.tool,),
    )


def _by_name(one: Occurrence) -> bool:
    """The mention beside the quote is a name: behind `he` stands a reading of the text, which may be wrong."""
    mention = one.retelling.words(one.quote.speaker) if one.quote.speaker else ""
    return any(word[:1].isupper() for word in mention.split()) and len(mention) > 4


def _who(one: Occurrence) -> str:
    return one.given_to.slug or one.given_to.name


def _other_person(one: Occurrence, expected: Occurrence) -> bool:
    if one.retelling.article.source == expected.retelling.article.source:
        return False
    first, second = one.given_to, expected.given_to
    if first.kind == second.kind == "speaker":
        return first.slug != second.slug
    one_words, other_words = name_words(first.name), name_words(second.name)
    shared = one_words[-1:] and other_words[-1:] and (one_words[-1] in other_words or other_words[-1] in one_words)
    return not shared and not same_name(first.name, second.name)
