"""What a trace amounts to: origins in words, circular credits, copies of documents, drift by hop, fidelity by outlet.

Counts with intervals and in alphabetical order: with few prints, a rank of newspapers would be luck.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import mean

import attrs
import networkx as nx

from kb.records import Verdict
from queries import trace as traced
from queries.carriers import LIKELY
from queries.plain import counted
from queries.trace import Appearance, ProvenanceEdge, Relation, Trace

FAITHFUL: frozenset[Verdict] = frozenset({"verbatim", "trimmed"})
Z95 = 1.96
TAKEN: frozenset[Relation] = frozenset({"copied-from", "rewritten-from"})


@attrs.frozen(kw_only=True)
class Fidelity:
    """How one outlet printed the quote: prints with its words, all prints, and a 95 % interval of the share."""

    source: str
    outlet: str
    faithful: int
    prints: int
    low: float
    high: float


@attrs.frozen(kw_only=True)
class Drift:
    """Prints at one distance from their origin: how many there are, and how many have the words."""

    hops: int
    prints: int
    faithful: int
    taken: float | None
    """Middling share of a text's wording that it has from its parent; None for origins."""


@attrs.frozen(kw_only=True)
class Summary:
    """What a trace amounts to."""

    origins: str
    """`12 articles, 1 independent origin`, with what sort of origins they are."""
    from_documents: tuple[str, ...]
    """Article ids of copies and rewritings of primary documents."""
    circles: tuple[tuple[str, ...], ...]
    """Article ids that credit or link each other in a circle: none of them is another's proof."""
    drift: tuple[Drift, ...]
    fidelity: tuple[Fidelity, ...]
    """By outlet's name; empty where no print has a verdict."""


def summary(trace: Trace) -> Summary:
    """What the trace of a quote, a claim or the study amounts to."""
    chief = _chief(trace.edges)
    primary = {a.retelling.article.id for a in trace.appearances if a.retelling.source.kind == "primary"}
    return Summary(
        origins=_in_words(trace, primary),
        from_documents=tuple(
            edge.child
            for edge in chief.values()
            if edge.parent in primary and edge.relation in TAKEN and edge.confidence >= LIKELY
        ),
        circles=tuple(_circles(trace.citations)),
        drift=tuple(_drift(trace, chief)),
        fidelity=tuple(_by_outlet(trace.appearances)),
    )


def told(trace: Trace, names: Mapping[str, str]) -> tuple[str, ...]:
    """The summary in sentences, one for each point; `names` are what articles are called, by id."""
    found = summary(trace)
    lines = [found.origins]
    if found.from_documents:
        lines.append(f"copied or rewritten from a primary document: {counted(len(found.from_documents), 'article')}")
    for circle in found.circles:
        lines.append(f"circular sourcing, each leads to the next: {', '.join(names[article] for article in circle)}")
    for drift in found.drift:
        kept = f", {drift.faithful} with the reference's words" if found.fidelity else ""
        taken = f", {drift.taken:.0%} of the wording taken over" if drift.taken is not None else ""
        steps, prints = counted(drift.hops, "step"), counted(drift.prints, "print")
        lines.append(f"{steps} from the origin: {prints}{kept}{taken}")
    for row in found.fidelity:
        share = f"{row.faithful} of {row.prints} faithful (95 % interval {row.low:.0%} to {row.high:.0%})"
        lines.append(f"{row.outlet}: {share}")
    return tuple(lines)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), which stays within 0 and 1 and is honest about small counts.

    >>> wilson(3, 3), wilson(0, 0)
    ((0.438, 1.0), (0.0, 1.0))
    """
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, Z95**2 / whole
    middle = (share + square / 2) / (1 + square)
    reach = Z95 * math.sqrt(share * (1 - share) / whole + square / (4 * whole)) / (1 + square)
    return round(max(0.0, middle - reach), 3), round(min(1.0, middle + reach), 3)


def to_json(trace: Trace) -> dict[str, object]:
    """The trace in the shape that scripts rely on, and what it amounts to."""
    found = summary(trace)
    url = {a.retelling.article.id: a.retelling.article.canonical_url for a in trace.appearances}
    return traced.to_json(trace) | {
        "summary": found.origins,
        "from_documents": [url[article] for article in found.from_documents],
        "circular": [[url[article] for article in circle] for circle in found.circles],
        "drift": [attrs.asdict(drift) for drift in found.drift],
        "fidelity": [attrs.asdict(row) for row in found.fidelity],
    }


def _chief(edges: Sequence[ProvenanceEdge]) -> dict[str, ProvenanceEdge]:
    """By child, its surest edge: the first one, as a trace lists them."""
    found: dict[str, ProvenanceEdge] = {}
    for edge in edges:
        found.setdefault(edge.child, edge)
    return found


def _in_words(trace: Trace, primary: set[str]) -> str:
    articles = {shown.retelling.article.id for shown in trace.appearances}
    documents = sum(origin.root in primary for origin in trace.origins)
    others = len(trace.origins) - documents
    kinds = [
        counted(documents, "document"),
        counted(others, "report without a known source", "reports without a known source"),
    ]
    named = " and ".join(kind for kind in kinds if not kind.startswith("0 "))
    return f"{counted(len(articles), 'article')} from {named}" if named else "no articles"


def _circles(citations: Sequence[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    """Groups of articles in which every one leads to every other along credits and links."""
    graph = nx.DiGraph(citations)
    groups = [tuple(sorted(group)) for group in nx.strongly_connected_components(graph) if len(group) > 1]
    yield from sorted(groups)


def _drift(trace: Trace, chief: Mapping[str, ProvenanceEdge]) -> Iterator[Drift]:
    by_hops: dict[int, list[Appearance]] = defaultdict(list)
    for shown in trace.appearances:
        by_hops[_hops(shown.retelling.article.id, chief)].append(shown)
    for hops, row in sorted(by_hops.items()):
        scores = [
            reason.score
            for shown in row
            if (edge := chief.get(shown.retelling.article.id))
            for reason in edge.why
            if reason.kind == "shared-wording" and reason.score is not None
        ]
        faithful = sum(shown.verdict in FAITHFUL for shown in row)
        taken = round(mean(scores), 3) if scores else None
        yield Drift(hops=hops, prints=len(row), faithful=faithful, taken=taken)


def _hops(article: str, chief: Mapping[str, ProvenanceEdge]) -> int:
    seen: set[str] = set()
    while article in chief and article not in seen:
        seen.add(article)
        article = chief[article].parent
    return len(seen)


def _by_outlet(appearances: Sequence[Appearance]) -> Iterator[Fidelity]:
    prints, faithful, names = Counter[str](), Counter[str](), dict[str, str]()
    for shown in appearances:
        if shown.verdict is None:
            continue
        source = shown.retelling.source
        names[source.slug] = source.name
        prints[source.slug] += 1
        faithful[source.slug] += shown.verdict in FAITHFUL
    for slug in sorted(names, key=lambda slug: (names[slug].casefold(), slug)):
        low, high = wilson(faithful[slug], prints[slug])
        yield Fidelity(
            source=slug, outlet=names[slug], faithful=faithful[slug], prints=prints[slug], low=low, high=high
        )
