"""How strongly the signs speak for one article having its matter from another.

Each tie adds up log-odds against `independent`. Order in time is soft, for dates lie.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from kb.coverage import Coverage, Retelling
from kb.records import Alignment, Edit
from queries.kinship_network import FEATURES, NAMING, OF_NAMED, OF_PRIMARY, SINGLE, Floats, fitted, probability
from queries.likeness import AIR, Bools, Likeness, Rivals, Words
from queries.moments import Appeared, Order, appeared
from queries.shingles import FEW, Shingles
from queries.signs import Pointers, Sign, plain_url

DATES_LIE, FEW_DATES = 0.02, 10
"""Chance that the earlier article has the later date where nothing is known, and how many dates outweigh that."""
INHERITED = 0.7
"""Share of a credit's sentence that a third article holds, from which the credit came along with it."""
CANDIDATES_PER_OUTLET = 12
KEPT = 24
"""Ties kept for each child: a parent that far down is none."""
ONE_SENTENCE, PART = 20, 0.25
"""Trigrams and share of its own below which an article is no copy of a primary document: whoever reports on a study
takes a sentence from it. Set by hand; what the network was fitted on hardly holds such articles."""
MERGED, MERGED_MOST = (2.78, 0.44, 4.62), 4.0
"""Log-odds that an article has the rest of its wording from a second one: by the logarithm of that rest's share, by
the tie's score, which counts for no more than `MERGED_MOST` either way, and a constant. A
logistic regression on development seeds 21 and 22 of bench/trees.py."""
HOUR = 3600.0


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
        self.words = Words(self.shingles)
        self.pointers = Pointers(self.retellings)
        self.moments: list[Appeared] = [appeared(retelling, coverage.study) for retelling in self.retellings]
        self._prints = [_prints(coverage, retelling) for retelling in self.retellings]
        self._spread = Counter(edit for prints in self._prints for edit in {e for row in prints.values() for e in row})
        self._references = _references(coverage)
        self._signs = [self.pointers.signs(at) for at in range(len(self.retellings))]
        self._targets = [frozenset(at for sign in signs for at in sign.targets) for signs in self._signs]
        self._fame = self._pointed_at()
        self.lies = self._lies()
        """How often a date of this coverage is wrong, as far as its credits and links tell."""

    def ties(self, child: int) -> list[Tie]:
        """Possible parents, the strongest first. Primary documents have none: they are where matter starts."""
        others = self.candidates(child)
        if not others:
            return []
        likeness, features = self.features(child, others)
        scores = fitted().scores(features)
        if self.quote is None:
            scores = np.where(self._slight(child, others, likeness), np.minimum(scores, -1.0), scores)
        return [
            self._tie(child, others[row], float(scores[row]), likeness, row)
            for row in np.lexsort((np.array(others), -scores))[:KEPT].tolist()
        ]

    def _slight(self, child: int, others: Sequence[int], likeness: Likeness) -> Bools:
        """A sentence from a primary document, or nothing but what stands in such a one: no reason to see a copy."""
        sentence = (likeness.shared < ONE_SENTENCE) & (likeness.contained < PART)
        credited = [at for sign in self.signs(child) if sign.kind == "credit" and sign.sure for at in sign.targets]
        sentence &= ~np.isin(others, credited)
        nothing = (likeness.shared == 0) & (likeness.quoted == 0) & ~np.isin(others, list(self._targets[child]))
        return np.asarray(np.where(self.words.primary[list(others)], sentence, nothing))

    def candidates(self, child: int) -> list[int]:
        """Articles that the child's words, credits, links or quotes lead to."""
        if self.shingles.primary[child]:
            return []
        pointed = [at for sign in self.signs(child) for at in self._nearest(child, sign.targets)]
        wanted = dict.fromkeys([*pointed, *self.shingles.near(child), *self._quote_sources(child)])
        return [other for other in wanted if other != child]

    def features(self, child: int, others: Sequence[int]) -> tuple[Likeness, Floats]:
        """What is weighed for each possible parent, in the order of `FEATURES`."""
        order = np.array([self.moments[other].order(self.moments[child]) for other in others])
        later = order == "after"
        likeness = self.words.likeness(child, Rivals(articles=others, later=later, before=order == "before"))
        rows = [self._weighed(child, parent) for parent in others]
        found = dict(likeness.signs)
        found |= {name: np.array([row.get(name, 0.0) for row in rows]) for name in SINGLE}
        found["inherited"] = self._inherited(child, others, likeness)
        found |= {f"lies-{name}": min(1.0, 8 * self.lies) * found[f"{name}-loss-any"] for name in ("run", "pair")}
        primary = found["primary"]
        found |= {f"primary-{name}": primary * found[name] for name in OF_PRIMARY}
        came = self._along(child, others, likeness.signs["pair-held"], later)
        found["came-along"], found["closer"], found["points-too"] = came
        found["best"] = self._best_meant(child, others, likeness.signs["word-rare"])
        named = np.minimum(1.0, sum(found[name] for name in NAMING))
        found |= {f"named-{name}": named * found[name] for name in OF_NAMED}
        return likeness, np.stack([found[name] for name in FEATURES], axis=1)

    def signs(self, child: int) -> Sequence[Sign]:
        """The pointers of an article that lead into the coverage."""
        return self._signs[child]

    def merged(self, chief: Tie, others: Sequence[Tie]) -> tuple[Tie, float]:
        """Of other ties the one that explains most of the child's pairs of words which its parent lacks.

        With the probability that the child was merged from the two.
        """
        held = self.shingles.pairs.held(chief.child, [chief.parent, *(tie.parent for tie in others)])
        rest = (held[1:] & ~held[0]).sum(1) / max(1, held.shape[1])
        best = int(rest.argmax())
        by_rest, by_score, constant = MERGED
        score = max(-MERGED_MOST, min(MERGED_MOST, others[best].score))
        odds = constant + by_rest * math.log(float(rest[best]) + AIR) + by_score * score
        return others[best], probability(odds)

    # --- What is weighed ------------------------------------------------------------------------------

    def _weighed(self, child: int, parent: int) -> dict[str, float]:
        """All that is not of words, by name; what is left out is nought."""
        found = {"any": 1.0, "primary": float(self.shingles.primary[parent]), "fame": math.log1p(self._fame[parent])}
        found |= {"articles": math.log(len(self.retellings)), "points": float(any(map(_decides, self.signs(child))))}
        found |= {"claims-own": float(self.pointers.claims_own(child))}
        return found | self._time(child, parent) | self._pointing(child, parent) | self._altered(child, parent)

    def _time(self, child: int, parent: int) -> dict[str, float]:
        """For a parent that is older by its date, and rather by hours than by days; a lie is possible, not likely."""
        before, after = self.moments[parent], self.moments[child]
        if after.start is None:
            return {"undated": 1.0}  # No parent is likelier for it than another.
        lag_s = before.lag_s(after)
        if lag_s is None:
            return {"parent-undated": 1.0}
        lag = math.log1p(max(0.0, lag_s) / HOUR)
        chance = before.chance_before(after, self.lies)
        return {
            "before": math.log(chance),
            "lag": lag,
            "lag-lies": lag * 10 * self.lies,
            "late": max(0.0, lag - math.log1p(48)),
            "soon": max(0.0, math.log1p(0.5) - lag) * chance,
            "wrong-by": math.log1p(max(0.0, -lag_s) / HOUR) * (before.order(after) == "after"),
        }

    def _lies(self) -> float:
        """Share of the dates that contradict a credit or an exact link, of which hardly any lead to a later article."""
        held = Counter(
            self.moments[sign.targets[0]].order(self.moments[child])
            for child in range(len(self.retellings))
            for sign in self.signs(child)
            if len(sign.targets) == 1 and _decides(sign) and not self.shingles.primary[sign.targets[0]]
        )
        return (held["after"] + DATES_LIE * FEW_DATES) / (held["after"] + held["before"] + FEW_DATES)

    def _pointing(self, child: int, parent: int) -> dict[str, float]:
        own = self.retellings[child].article.source == self.retellings[parent].article.source
        found: dict[str, float] = {}
        signs = [sign for sign in self.signs(child) if parent in sign.targets]
        for sign in signs:
            found[self._kind(parent, sign, own)] = 1.0
        for sign in self.signs(parent):
            if child in sign.targets:
                found["back-exact" if _decides(sign) else "back"] = 1.0
        found.pop("", None)
        if signs:
            found["further"] = float(len(signs) - 1)
            found["many-meant"] = math.log(min(len(sign.targets) for sign in signs))
        return found

    def _kind(self, parent: int, sign: Sign, own: bool) -> str:
        if self.shingles.primary[parent] and not (sign.sure and sign.kind == "credit"):
            return ""  # Every article names and links the study; that is no taking over.
        if sign.kind == "link":
            return ("link-own" if own else "link") if sign.exact else "link-outlet"
        return sign.kind + ("-sure" if sign.sure and sign.kind != "wire" else "")

    def _along(self, child: int, others: Sequence[int], alike: Floats, later: Bools) -> tuple[Floats, Floats, Floats]:
        """Whether another article that points there, too, is nearer to the child: signs are copied along.

        And by how much; and, for that other, that it points where the child points.
        """
        came, closer, too = np.zeros(len(others)), np.zeros(len(others)), np.zeros(len(others))
        for row, parent in enumerate(others):
            if parent in self._targets[child]:
                for rival, other in enumerate(others):
                    if parent in self._targets[other] and not later[rival]:
                        too[rival] = 1.0
                        if alike[rival] > alike[row]:
                            came[row] = 1.0
                            closer[row] = max(closer[row], alike[rival] - alike[row])
        return came, closer, too

    def _best_meant(self, child: int, others: Sequence[int], alike: Floats) -> Floats:
        """Of the articles that a sign may mean, the one that the child resembles most."""
        found = np.zeros(len(others))
        row_of = {other: row for row, other in enumerate(others)}
        for sign in self.signs(child):
            meant = [row_of[target] for target in sign.targets if target in row_of]
            if meant:
                found[max(meant, key=lambda row: alike[row])] = 1.0
        return found

    def _inherited(self, child: int, others: Sequence[int], likeness: Likeness) -> Floats:
        """For parents that hold the sentence in which the child credits somebody else, who does not."""
        found = np.zeros(len(others))
        for sign in self.signs(child):
            if sign.kind == "credit" and len(sign.sentence) >= FEW:
                holds = likeness.phrase(sign.sentence) >= INHERITED
                meant = np.isin(others, sign.targets)
                if not (holds & meant).any():
                    found[holds & ~meant] = 1.0
        return found

    def _altered(self, child: int, parent: int) -> dict[str, float]:
        """Shared changes bind, the rarer the more; what the parent changed and the child has right parts."""
        mine, theirs = self._prints[child], self._prints[parent]
        undone = sum(len(theirs[slug] - mine[slug]) for slug in mine.keys() & theirs.keys())
        return {
            "bound": self._bound(self._common_alterations(child, parent)),
            "undone": float(min(3, undone)),
            "first-print": float(any(self._references.get(slug) == parent for slug in mine)),
            "printed-first": float(any(self._references.get(slug) == child for slug in theirs)),
        }

    def _bound(self, common: set[Edit]) -> float:
        total = len(self.retellings)
        return min(6.0, sum(_weight(edit) * math.log(1 + total / self._spread[edit]) for edit in common))

    def _common_alterations(self, child: int, parent: int) -> set[Edit]:
        mine, theirs = self._prints[child], self._prints[parent]
        return {edit for slug in mine.keys() & theirs.keys() for edit in mine[slug] & theirs[slug]}

    def _nearest(self, child: int, targets: Sequence[int]) -> list[int]:
        """Of an outlet with very many articles, those nearest in time."""
        if len(targets) <= CANDIDATES_PER_OUTLET:
            return list(targets)
        return sorted(sorted(targets, key=lambda at: (at > child, abs(at - child)))[:CANDIDATES_PER_OUTLET])

    def _quote_sources(self, child: int) -> list[int]:
        return [self._references[slug] for slug in self._prints[child] if slug in self._references]

    def _pointed_at(self) -> list[float]:
        """How many articles point to each; of several that one sign may mean each gets its part."""
        fame = [0.0] * len(self.retellings)
        for signs in self._signs:
            for sign in signs:
                for target in sign.targets:
                    fame[target] += 1 / len(sign.targets)
        return fame

    # --- Ties -----------------------------------------------------------------------------------------

    def _tie(self, child: int, parent: int, score: float, likeness: Likeness, row: int) -> Tie:
        common = self._common_alterations(child, parent)
        contained, shared = float(likeness.contained[row]), int(likeness.shared[row])
        return Tie(
            child=child,
            parent=parent,
            score=score + self._focus(child, parent, common),
            signs=tuple(sign for sign in self.signs(child) if parent in sign.targets),
            contained=contained,
            shared=shared,
            quoted=float(likeness.quoted[row]),
            alterations=tuple(sorted(common, key=lambda e: (e.op, e.before, e.after))),
            lag_s=self.moments[parent].lag_s(self.moments[child]),
            order=self.moments[parent].order(self.moments[child]),
            reworded=shared >= FEW and contained >= 3 * likeness.chance,
            same_quote=bool(self._prints[child].keys() & self._prints[parent].keys()),
        )

    def _focus(self, child: int, parent: int, common: set[Edit]) -> float:
        """In the trace of one quote: an exclusive remark comes from where it was first printed, and changes count."""
        if self.quote is None:
            return 0.0
        if self._references.get(self.quote) == child:
            return -4.0
        source = self.shingles.primary[parent] or self._references.get(self.quote) == parent
        own = self.pointers.claims_own(child) and not self._prints[child][self.quote]
        return 1.0 + self._bound(common) + (2.5 if source else 0.0) - (2.0 if own else 0.0)


def _decides(sign: Sign) -> bool:
    return sign.exact or (sign.sure and sign.kind in ("credit", "wire"))


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
