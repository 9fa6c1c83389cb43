"""How strongly the signs speak for one article having its matter from another.

Each tie adds up log-odds against `independent`. Order in time is soft, for dates lie.
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

# Log-odds against `independent`, fitted as a conditional logit on development seeds of bench/trees.py; signs of all
# weights were bound beforehand, and what came out near nought was left out (docs/provenance.md).
INDEPENDENT = 0.5
DOCUMENT = -0.7
"""For a primary document: retelling a study in some of its words is no copying."""
ABOVE_CHANCE, AIR = 1.15, 0.02
"""By the ratio of the share of the child's pairs that the parent has to what a middling article has of them."""
HELD, FOREIGN = 1.05, 0.7
"""By pairs that the parent has, and against it by pairs that it has not."""
FOREIGN_QUOTES, LEFT_QUOTES = 1.9, 0.35
"""Against it by quoted trigrams that the parent has not, and by those of the parent that the child has not."""
BEFORE, UNDATED, UNDATED_CHILD, PER_LOG_DAY = 1.3, -1.2, -0.4, 1.7
LATE, QUOTES_MOST = 3.0, 3.0
"""The most that lateness and foreign quotes count against a parent: old reports are told again, and remarks added."""
FLOOR = -2.0
"""The least that words count where the child links or credits the very article: what it says besides, it has from
elsewhere. These three were set by hand, on development seeds and on the newsroom, whose pages mix more."""
DATES_LIE, FEW_DATES = 0.02, 10
"""Chance that the earlier article has the later date where nothing is known, and how many dates outweigh that."""
POINTING, POINTING_BACK, INHERITED_CREDIT = 1.3, 2.4, 0.8
ALTERED, UNDONE = 0.17, 1.6
SIGN = {("credit", True): 4.5, ("credit", False): 3.8, ("wire", True): 4.0, ("mention", False): 1.2}
SIGN |= {("mention", True): 3.3}
LINK_TO_ARTICLE, LINK_TO_OUTLET, LINK_TO_OWN = 4.5, 1.5, 2.2
CAME_ALONG = 0.5
"""What a sign still weighs when a closer article has it, too."""
INHERITED = 0.7
"""Share of a credit's sentence that a third article holds, from which the credit came along with it."""
CANDIDATES_PER_OUTLET = 12
KEPT = 24
"""Ties kept for each child: a parent that far down is none."""


@attrs.frozen(kw_only=True)
class Tie:
    """What binds a child to a possible parent; places are those of the coverage's retellings."""

    child: int
    parent: int
    score: float
    """Log-odds against having its matter from nobody in the coverage."""
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
        self._targets: dict[int, frozenset[int]] = {}
        self.lies = self._lies()
        """How often a date of this coverage is wrong, as far as its credits and links tell."""

    def ties(self, child: int) -> list[Tie]:
        """Possible parents, the strongest first. Primary documents have none: they are where matter starts."""
        if self.shingles.primary[child]:
            return []
        signs = self.signs(child)
        pointed: dict[int, list[Sign]] = defaultdict(list)
        for sign in signs:
            for target in self._nearest(child, sign.targets):
                pointed[target].append(sign)
        wanted = dict.fromkeys([*pointed, *self.shingles.near(child), *self._quote_sources(child)])
        made = [self._tie(child, other, pointed.get(other, []), signs) for other in wanted if other != child]
        return sorted(made, key=lambda tie: (-tie.score, tie.parent))[:KEPT]

    def signs(self, child: int) -> Sequence[Sign]:
        """The pointers of an article that lead into the coverage."""
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
        trigrams = self.shingles.trigrams
        shared = trigrams.shared(child, parent)
        contained = shared / max(1, len(trigrams.sets[child]))
        common = self._common_alterations(child, parent)
        back = [sign for sign in self.signs(parent) if child in sign.targets]
        said = self._wording(child, parent) + self._quotes(child, parent)
        named = any(sign.exact or sign.sure for sign in pointed)
        score = INDEPENDENT + (max(FLOOR, said) if named else said) + self._time(child, parent)
        score += POINTING * self._pointing(child, parent, pointed) + self._inherited(child, parent, pointed, signs)
        score -= POINTING_BACK * self._pointing(parent, child, back)
        score += self._altered(child, parent, common) + self._focus(child, parent)
        return Tie(
            child=child,
            parent=parent,
            score=score,
            signs=tuple(pointed),
            contained=contained,
            shared=shared,
            quoted=self._quoted(child, parent),
            alterations=tuple(sorted(common, key=lambda e: (e.op, e.before, e.after))),
            lag_s=self.moments[parent].lag_s(self.moments[child]),
            order=self.moments[parent].order(self.moments[child]),
            reworded=shared >= FEW and contained >= 3 * trigrams.chance(child),
            same_quote=bool(self._prints[child].keys() & self._prints[parent].keys()),
        )

    def _time(self, child: int, parent: int) -> float:
        """For a parent that is older by its date, and rather by hours than by days; a lie is possible, not likely."""
        before, after = self.moments[parent], self.moments[child]
        if after.start is None:
            return UNDATED_CHILD  # No parent is likelier for it than another, and to have one is as likely as ever.
        lag = before.lag_s(after)
        known = UNDATED if lag is None else -min(LATE, PER_LOG_DAY * math.log1p(max(0.0, lag) / 86_400))
        return BEFORE * math.log(before.chance_before(after, self.lies)) + known

    def _lies(self) -> float:
        """Share of the dates that contradict a credit or an exact link, of which hardly any lead to a later article."""
        held = Counter(
            self.moments[sign.targets[0]].order(self.moments[child])
            for child in range(len(self.retellings))
            for sign in self.signs(child)
            if len(sign.targets) == 1 and _decides(sign) and not self.shingles.primary[sign.targets[0]]
        )
        return (held["after"] + DATES_LIE * FEW_DATES) / (held["after"] + held["before"] + FEW_DATES)

    # --- Signs ----------------------------------------------------------------------------------------

    def _pointing(self, child: int, parent: int, pointed: Sequence[Sign]) -> float:
        """The strongest sign in full, the others a little: they often say the same."""
        own = self.retellings[child].article.source == self.retellings[parent].article.source
        strengths = sorted((self._strength(parent, sign, own) for sign in pointed), reverse=True)
        whole = sum(strength if rank == 0 else 0.3 * strength for rank, strength in enumerate(strengths))
        return whole * CAME_ALONG if whole and self._came_along(child, parent) else whole

    def _strength(self, parent: int, sign: Sign, own: bool) -> float:
        if self.shingles.primary[parent] and not (sign.sure and sign.kind == "credit"):
            return 0.0  # Every article names and links the study; that is no taking over.
        if sign.kind == "link":
            return (LINK_TO_OWN if own else LINK_TO_ARTICLE) if sign.exact else LINK_TO_OUTLET
        return SIGN[sign.kind, sign.sure]

    def _came_along(self, child: int, parent: int) -> bool:
        """Whether a third article, which the child resembles more, points to the parent: signs are copied along."""
        likeness = self.shingles.pairs.common(child, parent)
        return any(
            parent in self._pointed_to(other)
            and self.shingles.pairs.common(child, other) > likeness
            and self.moments[other].order(self.moments[child]) != "after"
            for other in self.shingles.near(child)
            if other != parent
        )

    def _pointed_to(self, article: int) -> frozenset[int]:
        if article not in self._targets:
            self._targets[article] = frozenset(at for sign in self.signs(article) for at in sign.targets)
        return self._targets[article]

    def _inherited(self, child: int, parent: int, pointed: Sequence[Sign], signs: Sequence[Sign]) -> float:
        """For a parent that holds the sentence in which the child credits somebody else."""
        for sign in signs:
            elsewhere = sign.kind == "credit" and sign not in pointed and len(sign.sentence) >= FEW
            held = elsewhere and self.shingles.phrase_in(sign.sentence, parent) >= INHERITED
            if held and not any(self.shingles.phrase_in(sign.sentence, at) >= INHERITED for at in sign.targets):
                return INHERITED_CREDIT
        return 0.0

    # --- Words ----------------------------------------------------------------------------------------

    def _wording(self, child: int, parent: int) -> float:
        """What the child's pairs of words say: far more than chance binds, and the parent has the most of them."""
        pairs = self.shingles.pairs
        common = pairs.common(child, parent)
        above = math.log((pairs.contained(child, parent) + AIR) / (pairs.chance(child) + AIR))
        held = HELD * _many(common)
        if self.quote is None:  # What an article says besides has nothing to do with where a quote of it is from.
            held -= FOREIGN * _many(len(pairs.sets[child]) - common)
        return ABOVE_CHANCE * above + held + (DOCUMENT if self.shingles.primary[parent] else 0.0)

    def _quoted(self, child: int, parent: int) -> float:
        mine, theirs = self.shingles.wordings[child].quoted, self.shingles.wordings[parent].quoted
        common = mine & theirs
        if not self.shingles.primary[parent]:
            common -= self.shingles.given
        return len(common) / len(mine) if len(common) >= FEW else 0.0

    def _quotes(self, child: int, parent: int) -> float:
        """Whoever has another's quotes has them all from there; the study may say where one was first."""
        mine, theirs = self.shingles.wordings[child].quoted, self.shingles.wordings[parent].quoted
        score = -min(QUOTES_MOST, FOREIGN_QUOTES * _many(len(mine - theirs))) - LEFT_QUOTES * _many(len(theirs - mine))
        if self.shingles.primary[parent]:
            return score
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
        return (ALTERED if self.quote is None else 1.0) * min(6.0, binds) - UNDONE * min(3, undone)


def _decides(sign: Sign) -> bool:
    return sign.exact or (sign.sure and sign.kind in ("credit", "wire"))


def _many(count: int) -> float:
    """Marks stand in clumps, for a sentence has many: the tenth says less than the first."""
    return math.log1p(count / 5)


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
