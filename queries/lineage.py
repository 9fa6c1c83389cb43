"""The source tree of a trace as lines to draw or read, parents before their children."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import attrs

from kb.records import Verdict
from queries.trace import Appearance, ProvenanceEdge, Trace

FOLD_ABOVE = 40
"""Articles; a longer picture is folded. Forty lines fill two printed pages."""
MOST = 60
"""Lines; of a picture that is longer even so, what led to most is drawn. Sixty lines fill three printed pages."""
KEPT = 30
"""Lines of their own in such a picture. Below each of them, at most one counts the rest."""


@attrs.frozen(kw_only=True)
class Line:
    """One article of the tree, or several alike copies of one parent."""

    articles: tuple[Appearance, ...]
    """By time; never empty."""
    edges: tuple[ProvenanceEdge, ...]
    """Edges to its parents, the surest first; empty for an origin."""
    rest: bool = False
    """Whatever else descends from the parent, directly or not, or, without a parent, from nothing known."""

    @property
    def verdict(self) -> Verdict | None:
        """None where its articles have several."""
        verdicts = {shown.verdict for shown in self.articles}
        return verdicts.pop() if len(verdicts) == 1 else None


def parents_of(trace: Trace) -> dict[str, tuple[ProvenanceEdge, ...]]:
    """Edges by child, the surest first."""
    found: dict[str, list[ProvenanceEdge]] = defaultdict(list)
    for edge in trace.edges:
        found[edge.child].append(edge)
    return {child: tuple(sorted(edges, key=lambda e: (-e.confidence, e.parent))) for child, edges in found.items()}


def lines(trace: Trace) -> tuple[Line, ...]:
    """Each article once, below its surest parent; what a faulty loop of edges cuts off comes last."""
    shown = {appearance.retelling.article.id: appearance for appearance in trace.appearances}
    parents = parents_of(trace)
    children: dict[str, list[str]] = defaultdict(list)
    for article in shown:
        chief = parents[article][0].parent if article in parents else None
        children[chief if chief in shown else ""].append(article)
    ordered: list[Line] = []
    seen: set[str] = set()
    fold = len(shown) > FOLD_ABOVE
    for start in [*_groups(children[""], children, shown, fold), *([article] for article in shown)]:
        waiting = [] if start[0] in seen else [start]
        while waiting:
            group = waiting.pop()
            seen.update(group)
            ordered.append(Line(articles=tuple(shown[a] for a in group), edges=parents.get(group[0], ())))
            below = [a for a in children[group[0]] if a not in seen]
            waiting += reversed(_groups(below, children, shown, fold))
    return tuple(ordered if len(ordered) <= MOST else _cut(ordered, list(shown)))


def _cut(drawn: list[Line], by_time: list[str]) -> Iterator[Line]:
    """The lines that most articles descend from, which leaves no line without its parent; the rest as one for each."""
    place = {shown.retelling.article.id: at for at, line in enumerate(drawn) for shown in line.articles}
    over = [_over(line, at, place) for at, line in enumerate(drawn)]
    weight = [len(line.articles) for line in drawn]
    for at in reversed(range(len(drawn))):
        if over[at] >= 0:
            weight[over[at]] += weight[at]
    kept = set(sorted(range(len(drawn)), key=lambda at: (-weight[at], at))[:KEPT])
    owner: dict[int, int] = {}
    rest: dict[int, list[Line]] = defaultdict(list)
    for at, line in enumerate(drawn):
        if at not in kept:
            owner[at] = owner.get(over[at], over[at])
            rest[owner[at]].append(line)
    moment = {article: at for at, article in enumerate(by_time)}
    for at in [*sorted(kept), -1]:
        if at >= 0:
            yield drawn[at]
        if at in rest:
            articles = [shown for line in rest[at] for shown in line.articles]
            articles.sort(key=lambda shown: moment[shown.retelling.article.id])
            yield Line(articles=tuple(articles), edges=rest[at][0].edges[:1] if at >= 0 else (), rest=True)


def _over(line: Line, at: int, place: Mapping[str, int]) -> int:
    """Place of the line that it hangs below; -1 for none, and where a faulty loop leads down again."""
    above = place.get(line.edges[0].parent, -1) if line.edges else -1
    return above if above < at else -1


def _groups(
    siblings: list[str], children: dict[str, list[str]], shown: dict[str, Appearance], fold: bool
) -> list[list[str]]:
    """Siblings one by one, or those without children of their own together by verdict."""
    if not fold:
        return [[article] for article in siblings]
    groups: dict[object, list[str]] = {}
    for article in siblings:
        alike = article if children[article] else shown[article].verdict
        groups.setdefault(alike, []).append(article)
    return list(groups.values())
