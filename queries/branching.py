"""The source tree: at most one parent for each article, no circles, the greatest sum of weights.

Without circles the strongest parent of each is already best. Only articles that circles can pass
through (strongly connected in the graph of possible parents) need Edmonds' algorithm, and each such
group is solved by itself, with all parents outside of it as one root.
"""

from collections.abc import Mapping, Sequence

import networkx as nx

ROOT = -1
KEPT = {60: 8, 400: 4}
"""Possible parents inside a group that each article keeps, by size of the group; beyond, two. networkx copies
the graph at each circle that it contracts, and the true parent is nearly always among the heaviest few."""


def branching(parents: Mapping[int, Sequence[tuple[int, float]]]) -> dict[int, int]:
    """Chosen parent by child; who is missing is independent. Weights are above 0, candidates best first."""
    graph = nx.DiGraph()
    graph.add_nodes_from(sorted(parents))
    for child in sorted(parents):
        graph.add_edges_from((parent, child) for parent, _ in parents[child])
    chosen: dict[int, int] = {}
    for group in nx.strongly_connected_components(graph):
        if len(group) == 1:
            child = next(iter(group))
            if parents.get(child):
                chosen[child] = parents[child][0][0]
        else:
            chosen |= _group(sorted(group), parents)
    return chosen


def _group(group: Sequence[int], parents: Mapping[int, Sequence[tuple[int, float]]]) -> dict[int, int]:
    inside = set(group)
    greedy = {child: parents[child][0][0] for child in group if parents.get(child)}
    if _free_of_circles(greedy):
        return greedy
    kept = next((kept for size, kept in KEPT.items() if len(group) <= size), 2)
    graph = nx.DiGraph()
    outside: dict[int, int] = {}
    for child in group:
        away = next(((parent, weight) for parent, weight in parents[child] if parent not in inside), None)
        graph.add_edge(ROOT, child, weight=away[1] if away else 0.0)
        if away:
            outside[child] = away[0]
        own = [(parent, weight) for parent, weight in parents[child] if parent in inside]
        graph.add_weighted_edges_from((parent, child, weight) for parent, weight in own[:kept])
    tree = nx.maximum_spanning_arborescence(graph)
    picked = {child: parent for parent, child in tree.edges if parent != ROOT}
    return picked | {child: outside[child] for parent, child in tree.edges if parent == ROOT and child in outside}


def _free_of_circles(chosen: Mapping[int, int]) -> bool:
    safe: set[int] = set()
    for start in chosen:
        path: list[int] = []
        on_path: set[int] = set()
        at = start
        while at in chosen and at not in safe and at not in on_path:
            path.append(at)
            on_path.add(at)
            at = chosen[at]
        if at in on_path:
            return False
        safe.update(path)
    return True
