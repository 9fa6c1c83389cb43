"""How strongly the signs speak for one article having its matter from another.

Each tie adds up log-odds against `independent`. The weights are set by hand from what each sign
means and checked on generated trees with known copying and on the newsroom (docs: tests/queries);
none is fitted to one study. Order in time is soft, for dates lie.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import attrs

from kb.coverage import Coverage, Retelling
from kb.records import Alignment, Edit
from queries.moments import Appeared, Order, appeared
from queries.shingles import FEW, Shingles
from queries.signs import Pointers, Sign, plain_url

PRIOR = -3.0
"""Most pairs of articles on one study have nothing from each other."""
SHRINK = 8
"""Shared trigrams at which a ratio to chance counts half: ratios of small counts are luck."""
PER_TRIGRAM = 0.1
"""Weight of a trigram more; rewording changes about three at once, so this is a third of a change."""
LIKELY_CHANCE = 0.08
"""Share of trigrams that two articles on one subject hardly exceed by chance."""
SIGN = {("credit", True): 4.5, ("credit", False): 3.8, ("wire", True): 4.0, ("mention", False): 1.2}
SIGN |= {("mention", True): 3.3}
LINK_TO_ARTICLE, LINK_TO_OUTLET, LINK_TO_OWN = 4.5, 1.5, 2.2
POINTED = 2.0
"""Strength of signs from which an article may be named however long ago it appeared."""
INHERITED = 0.7
"""Share of a credit's sentence that a third article holds, from which the credit came along with it."""
CANDIDATES_PER_OUTLET = 12


@attrs.frozen(kw_only=True)
class Tie:
    """What binds a child to a possible parent; places are those of the coverage's retellings."""

    child: int
    parent: int
    score: float
    """Log-odds against having its matter from nobody in the coverage."""
    weight: float
    """For the choice among parents: with `PER_TRIGRAM` added for each shared one where the score allows a tie.

    Trigrams shared are the same from either side, so the heaviest tree joins each copy to its nearest
    neighbour, and signs and dates give the direction, however many copies explain one another.
    """
    signs: tuple[Sign, ...]
    contained: float
    """Share of the child's own word trigrams that stand in the parent."""
    shared: int
    reworded: bool
    """The parent holds three times as many of them as a middling article: more than the subject explains."""
    quoted: float
    """Share of the child's quoted trigrams that stand in the parent's quotes and in no primary document."""
    alterations: tuple[Edit, ...]
    """Changes to reference quotes that both have."""
    lag_s: float | None
    order: Order
    """Of the parent to the child."""
    same_quote: bool
    """Both print one of the reference quotes."""


class Kinship:
    """Ties between the articles of a coverage."""

    def __init__(self, coverage: Coverage, quote: str | None = None) -> None:
        """With `quote`, a slug, all articles are prints of that quote and the ties are about it."""
        self.coverage = coverage
        self.quote = quote
        self.retellings: Sequence[Retelling] = coverage.retellings
        self.shingles = Shingles(self.retellings)
        self.pointers = Pointers(self.retellings)
        self.moments: list[Appeared] = [appeared(retelling, coverage.study) for retelling in self.retellings]
        self._prints = [_prints(coverage, retelling) for retelling in self.retellings]
        self._spread = Counter(edit for prints in self._prints for edit in {e for row in prints.values() for e in row})
        self._references = _references(coverage)
        self._pointed: dict[int, Sequence[Sign]] = {}

    def ties(self, child: int) -> list[Tie]:
        """Possible parents, the strongest first. Primary documents have none: they are where matter starts."""
        if self.shingles.primary[child]:
            return []
        signs = self._signs(child)
        pointed: dict[int, list[Sign]] = defaultdict(list)
        for sign in signs:
            for target in self._nearest(child, sign.targets):
                pointed[target].append(sign)
        wanted = dict.fromkeys([*pointed, *self.shingles.near(child), *self._quote_sources(child)])
        made = [self._tie(child, other, pointed.get(other, []), signs) for other in wanted if other != child]
        return sorted(made, key=lambda tie: (-tie.weight, tie.parent))

    def _signs(self, child: int) -> Sequence[Sign]:
        if child not in self._pointed:
            self._pointed[child] = self.pointers.signs(child)
        return self._pointed[child]

    def _nearest(self, child: int, targets: Sequence[int]) -> list[int]:
        """Of an outlet with very many articles, those nearest in time."""
        if len(targets) <= CANDIDATES_PER_OUTLET:
            return list(targets)
        return sorted(sorted(targets, key=lambda at: (at > child, abs(at - child)))[:CANDIDATES_PER_OUTLET])

    def _quote_sources(self, child: int) -> list[int]:
        return [self._references[slug] for slug in self._prints[child] if slug in self._references]

    def _tie(self, child: int, parent: int, pointed: Sequence[Sign], signs: Sequence[Sign]) -> Tie:
        shingles = self.shingles
        shared = shingles.shared(child, parent)
        contained = shared / max(1, len(shingles.wordings[child].own))
        quoted = self._quoted(child, parent)
        common = self._common_alterations(child, parent)
        order = self.moments[parent].order(self.moments[child])
        lag = self.moments[parent].lag_s(self.moments[child])
        pointing = self._pointing(child, parent, pointed)
        score = PRIOR + pointing + self._inherited(child, parent, pointed, signs)
        score += self._wording(child, parent, shared) + self._quotes(child, parent, quoted)
        score -= 0.8 * self._pointing(parent, child, [sign for sign in self._signs(parent) if child in sign.targets])
        score += (
            self._altered(child, parent, common)
            + _time(order, 0.0 if order == "before" and pointing >= POINTED else lag)
            + self._focus(child, parent)
        )
        return Tie(
            child=child,
            parent=parent,
            score=score,
            weight=score + PER_TRIGRAM * shingles.common(child, parent) if score > 0 else score,
            signs=tuple(pointed),
            contained=contained,
            shared=shared,
            quoted=quoted,
            alterations=tuple(sorted(common, key=lambda e: (e.op, e.before, e.after))),
            lag_s=lag,
            order=order,
            reworded=shared >= FEW and contained >= 3 * shingles.chance(child)[0],
            same_quote=bool(self._prints[child].keys() & self._prints[parent].keys()),
        )

    # --- Signs ----------------------------------------------------------------------------------------

    def _pointing(self, child: int, parent: int, pointed: Sequence[Sign]) -> float:
        """The strongest sign in full, the others a little: they often say the same."""
        own = self.retellings[child].article.source == self.retellings[parent].article.source
        strengths = sorted((self._strength(child, parent, sign, own) for sign in pointed), reverse=True)
        return sum(strength if rank == 0 else 0.3 * strength for rank, strength in enumerate(strengths))

    def _strength(self, child: int, parent: int, sign: Sign, own: bool) -> float:
        if self.shingles.primary[parent] and not (sign.sure and sign.kind == "credit"):
            return 0.0  # Every article names and links the study; that is no taking over.
        if sign.kind == "link":
            strength = (LINK_TO_OWN if own else LINK_TO_ARTICLE) if sign.exact else LINK_TO_OUTLET
        else:
            strength = SIGN[sign.kind, sign.sure]
        return 0.35 * strength if self._came_along(child, parent, sign) else strength

    def _came_along(self, child: int, parent: int, sign: Sign) -> bool:
        """Whether a third article, from which the child may have it, holds the sign's very sentence."""
        if len(sign.sentence) < FEW or self.shingles.phrase_in(sign.sentence, parent) >= INHERITED:
            return False
        return any(
            self.shingles.phrase_in(sign.sentence, other) >= INHERITED
            for other in self.shingles.near(child)
            if other != parent and self.moments[other].order(self.moments[child]) != "after"
        )

    def _inherited(self, child: int, parent: int, pointed: Sequence[Sign], signs: Sequence[Sign]) -> float:
        """For a parent that holds the sentence in which the child credits somebody else."""
        for sign in signs:
            elsewhere = sign.kind == "credit" and sign not in pointed and len(sign.sentence) >= FEW
            held = elsewhere and self.shingles.phrase_in(sign.sentence, parent) >= INHERITED
            if held and not any(self.shingles.phrase_in(sign.sentence, at) >= INHERITED for at in sign.targets):
                return 1.5
        return 0.0

    # --- Words ----------------------------------------------------------------------------------------

    def _wording(self, child: int, parent: int, shared: int) -> float:
        if shared < FEW:
            return 0.0
        contained = shared / len(self.shingles.wordings[child].own)
        if self.shingles.primary[parent]:
            return min(7.0, 9 * contained)  # Retelling a study in some of its words is no copying.
        by_chance, terms_by_chance = self.shingles.chance(child)
        terms = self.shingles.terms_contained(child, parent)
        above = 1.2 * math.log((contained + 0.02) / (by_chance + 0.02))
        above += 2.0 * math.log((terms + 0.1) / (terms_by_chance + 0.1))
        clear = max(0.0, contained - min(by_chance, LIKELY_CHANCE))
        return min(7.0, 14 * clear) + max(-1.0, min(4.0, above)) * shared / (shared + SHRINK)

    def _quoted(self, child: int, parent: int) -> float:
        mine, theirs = self.shingles.wordings[child].quoted, self.shingles.wordings[parent].quoted
        common = mine & theirs
        if not self.shingles.primary[parent]:
            common -= self.shingles.given
        return len(common) / len(mine) if len(common) >= FEW else 0.0

    def _quotes(self, child: int, parent: int, quoted: float) -> float:
        """Quotes that only another outlet had: without an interview of one's own they are from there."""
        if self.shingles.primary[parent]:
            return 0.0
        score = 2.0 * quoted - (1.0 if quoted and self.pointers.claims_own(child) else 0.0)
        score += 1.0 if any(self._references.get(slug) == parent for slug in self._prints[child]) else 0.0
        return score - (2.0 if any(self._references.get(slug) == child for slug in self._prints[parent]) else 0.0)

    def _focus(self, child: int, parent: int) -> float:
        """In the trace of one quote: an exclusive remark comes from where it was first printed."""
        if self.quote is None:
            return 0.0
        if self._references.get(self.quote) == child:
            return -4.0
        source = self.shingles.primary[parent] or self._references.get(self.quote) == parent
        own = self.pointers.claims_own(child) and not self._prints[child][self.quote]
        return 1.0 + (2.5 if source else 0.0) - (2.0 if own else 0.0)

    def _common_alterations(self, child: int, parent: int) -> set[Edit]:
        mine, theirs = self._prints[child], self._prints[parent]
        return {edit for slug in mine.keys() & theirs.keys() for edit in mine[slug] & theirs[slug]}

    def _altered(self, child: int, parent: int, common: set[Edit]) -> float:
        """Shared changes bind, the rarer the more; what the parent changed and the child has right parts."""
        total = len(self.retellings)
        binds = sum(_weight(edit) * math.log(1 + total / self._spread[edit]) for edit in common)
        mine, theirs = self._prints[child], self._prints[parent]
        undone = sum(len(theirs[slug] - mine[slug]) for slug in mine.keys() & theirs.keys())
        return min(6.0, binds) - min(3.0, 1.2 * undone)


def _weight(edit: Edit) -> float:
    """A cut is easily made twice; the same new word is not."""
    return 0.4 if edit.op == "delete" else 2.0


def _prints(coverage: Coverage, retelling: Retelling) -> dict[str, frozenset[Edit]]:
    """By reference quote, the changes that an article makes to it: of several prints, the fullest."""
    found: dict[str, list[Alignment]] = defaultdict(list)
    for quote in retelling.quotes:
        for alignment in coverage.alignments.get(quote.words_sha256, ()):
            found[alignment.quote].append(alignment)
    return {slug: frozenset(min(rows, key=_changes).edits) for slug, rows in sorted(found.items())}


def _changes(alignment: Alignment) -> tuple[int, str]:
    return sum(len(edit.before.split()) + len(edit.after.split()) for edit in alignment.edits), alignment.words_sha256


def _references(coverage: Coverage) -> Mapping[str, int]:
    """Where in the coverage each reference quote was first printed, as the study states it."""
    at_url = {plain_url(retelling.article.canonical_url): at for at, retelling in enumerate(coverage.retellings)}
    return {
        quote.slug: at_url[plain_url(quote.source)]
        for quote in coverage.study.quotes
        if quote.source and plain_url(quote.source) in at_url
    }


def _time(order: Order, lag_s: float | None) -> float:
    """Before: a little for it, less the longer ago. After: much against it, not everything."""
    if order == "before":
        days = max(0.0, lag_s or 0.0) / 86_400
        return 0.3 - 0.25 * math.log1p(days)
    if order == "open":
        return -0.3
    return -5.0 if lag_s is None or lag_s < -3600 else -2.5
