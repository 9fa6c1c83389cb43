"""The source tree of a trace as lines to draw or read, parents before their children."""

from collections import defaultdict

import attrs

from queries.trace import Appearance, ProvenanceEdge, Trace

FOLD_ABOVE = 40
"""Articles; a longer picture is folded. Forty lines fill two printed pages."""


@attrs.frozen(kw_only=True)
class Line:
    """One article of the tree, or several alike copies of one parent."""

    articles: tuple[Appearance, ...]
    """By time; never empty."""
    edges: tuple[ProvenanceEdge, ...]
    """Edges to its parents, the surest first; empty for an origin."""


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
    return tuple(ordered)


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
