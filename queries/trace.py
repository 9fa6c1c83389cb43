"""Provenance: who printed it first, who took it from whom. Pure: no store, no clock."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import attrs

from kb.coverage import Coverage, Retelling
from kb.records import Edit, Span, Verdict, rfc3339
from queries.attribution import Resolve
from queries.branching import branching
from queries.carriers import LIKELY, carriers
from queries.kinship import Kinship, Tie
from queries.kinship_network import probability
from queries.signs import Sign

Relation = Literal["quoted-from", "copied-from", "rewritten-from", "cites"]
WhyKind = Literal["credit", "link", "shared-wording", "shared-alteration", "time", "wire"]


@attrs.frozen(kw_only=True)
class Why:
    """A reason for an edge."""

    kind: WhyKind
    detail: str = ""
    score: float | None = None
    lag_s: float | None = None


@attrs.frozen(kw_only=True)
class ProvenanceEdge:
    """`child` has its matter from `parent` (article ids)."""

    child: str
    parent: str
    relation: Relation
    confidence: float
    why: tuple[Why, ...]


@attrs.frozen(kw_only=True)
class Origin:
    """A root of the source tree with all that descends from it."""

    id: str
    """`o1`, `o2`, … in order of the roots' times."""
    root: str
    """Article id."""
    articles: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Appearance:
    """One article in the trace of a quote or claim."""

    retelling: Retelling
    span: Span | None
    """Where the quote or claim stands; None in the trace of the whole study."""
    verdict: Verdict | None
    """Of the quote's occurrence; None for claims and for the whole study."""
    origin: str


@attrs.frozen(kw_only=True)
class Trace:
    """First appearance, source tree and origins of a quote, a claim or the whole study."""

    subject: str
    """Slug of the reference quote or claim; the study's slug for the whole."""
    first: Appearance | None
    """None while nothing appeared, or where dates leave open which was first."""
    appearances: tuple[Appearance, ...]
    """By publication time."""
    edges: tuple[ProvenanceEdge, ...]
    origins: tuple[Origin, ...]
    undetermined: tuple[str, ...]
    """What could not be determined and why, in words."""
    citations: tuple[tuple[str, str], ...] = ()
    """Who credits or links whom (article ids), as printed, whichever of them is older."""


SURE = 0.98
"""No edge is surer: credits and links can be wrong themselves."""
COPIED, REWRITTEN, REWORDED = 0.5, 0.1, 0.05
"""Shares of a child's word trigrams found in its parent, from which it is a copy, a rewriting, a rewriting
where that is far more than chance."""
MARGIN = 3.0
"""Log-odds below the strongest parent from which a tie is left out of the branching: under one in twenty."""
STATEMENTS = 40
"""Undetermined points told at most: nobody reads more, and every edge shows its confidence."""


def trace(coverage: Coverage, subject: str | None = None, *, speakers: Resolve | None = None) -> Trace:
    """The trace of a reference quote or claim by its slug, or of the whole study.

    An unknown slug gives an empty trace. The same coverage always gives the same trace. `speakers` says whom
    quotes are given to, as people have judged names.
    """
    about = subject or coverage.study.slug
    found = carriers(coverage, about, speakers)
    kept = {retelling.article.id: retelling for retelling, _, _ in found}
    part = attrs.evolve(coverage, retellings=tuple(kept.values()))
    quote = about if any(reference.slug == about for reference in coverage.study.quotes) else None
    tree = _tree(Kinship(part, quote))
    origins = _origins(tree)
    of_article = {article: origin.id for origin in origins for article in origin.articles}
    shown = tuple(
        Appearance(retelling=retelling, span=span, verdict=verdict, origin=of_article[retelling.article.id])
        for retelling, span, verdict in found
    )
    first, open_question = _first(shown, tree)
    undetermined = tuple([*([open_question] if open_question else []), *_open_orders(tree)][:STATEMENTS])
    return Trace(
        subject=about,
        first=first,
        appearances=shown,
        edges=_edges(tree),
        origins=origins,
        undetermined=undetermined,
        citations=tuple(_citations(tree)),
    )


def to_json(trace: Trace) -> dict[str, object]:
    """The trace in the shape that scripts rely on."""
    urls = {shown.retelling.article.id: shown.retelling.article.canonical_url for shown in trace.appearances}
    first = trace.first and _moment(trace.first.retelling)
    return {
        "subject": trace.subject,
        "first": first
        and {"url": first["url"], "published_at": first["published_at"], "precision": first["precision"]},
        "articles": [
            {
                "url": shown.retelling.article.canonical_url,
                "source": shown.retelling.article.source,
                "published_at": _moment(shown.retelling)["published_at"],
                "verdict": shown.verdict,
                "origin": shown.origin,
            }
            for shown in trace.appearances
        ],
        "edges": [
            {
                "child": urls[edge.child],
                "parent": urls[edge.parent],
                "relation": edge.relation,
                "confidence": edge.confidence,
                "why": [_why_json(why) for why in edge.why],
            }
            for edge in trace.edges
        ],
        "origins": [{"id": o.id, "root": urls[o.root], "articles": len(o.articles)} for o in trace.origins],
        "undetermined": list(trace.undetermined),
    }


def _moment(retelling: Retelling) -> dict[str, str | None]:
    published = retelling.extraction.published_at
    return {
        "url": retelling.article.canonical_url,
        "published_at": rfc3339(published) if published else None,
        "precision": retelling.extraction.published_precision,
    }


def _why_json(why: Why) -> dict[str, object]:
    told = {"kind": why.kind, "detail": why.detail or None, "score": why.score, "lag_s": why.lag_s}
    return {name: value for name, value in told.items() if value is not None}


# --- The tree ---------------------------------------------------------------------------------------------


@attrs.frozen
class _Tree:
    kin: Kinship
    ties: Sequence[Sequence[Tie]]
    """By child, the strongest first."""
    chosen: Mapping[int, Tie]
    """By child, the tie to its parent."""

    def article(self, at: int) -> Retelling:
        return self.kin.retellings[at]

    def root(self, at: int) -> int:
        while at in self.chosen:
            at = self.chosen[at].parent
        return at

    def above(self, at: int) -> Iterator[int]:
        """The parent of an article, its parent, and so on."""
        while at in self.chosen:
            at = self.chosen[at].parent
            yield at


def _tree(kin: Kinship) -> _Tree:
    ties = [kin.ties(child) for child in range(len(kin.retellings))]
    weights = {child: [(tie.parent, tie.score) for tie in _likely(row)] for child, row in enumerate(ties)}
    parents = branching(weights)
    chosen = {
        child: next(tie for tie in ties[child] if tie.parent == parent) for child, parent in sorted(parents.items())
    }
    return _Tree(kin, ties, chosen)


def _likely(row: Sequence[Tie]) -> list[Tie]:
    """Ties that may be chosen: those near the strongest, and the strongest that dates allow.

    Without the rest few articles are on a circle with one another, which is what the branching costs.
    """
    dated = next((tie for tie in row if tie.order == "before"), None)
    return [tie for tie in row if tie.score > 0 and (tie is dated or tie.score > row[0].score - MARGIN)]


def _edges(tree: _Tree) -> tuple[ProvenanceEdge, ...]:
    """Each child's parent, then what else it credits or links by name."""
    made: list[ProvenanceEdge] = []
    for child, tie in tree.chosen.items():
        chief = _edge(tree, tie, _confidence(tree, tie))
        count = len(made)
        made.append(chief)
        for other in _also_cited(tree.ties[child], tie):
            made.append(_edge(tree, other, min(chief.confidence - 0.01, _alone(other.score))))
        for other, sure in _second(tree, tie) if len(made) == count + 1 else ():
            made.append(_edge(tree, other, min(chief.confidence - 0.01, sure)))
    return tuple(made)


def _second(tree: _Tree, chief: Tie) -> Iterator[tuple[Tie, float]]:
    """Another article, of another origin, that explains wording which the parent does not: two were merged."""
    root = tree.root(chief.parent)
    others = [
        tie
        for tie in tree.ties[chief.child]
        if tie.order != "after" and not tree.kin.shingles.primary[tie.parent] and tree.root(tie.parent) != root
    ]
    if tree.kin.quote is None and others:
        best, sure = tree.kin.merged(chief, others)
        if sure >= LIKELY:
            yield best, sure


def _also_cited(ties: Sequence[Tie], chief: Tie) -> Iterator[Tie]:
    """One further parent for each credit or link that leads elsewhere and is older."""
    told = set(chief.signs)
    for tie in ties:
        fresh = [sign for sign in tie.signs if sign not in told and _points(sign)]
        if tie != chief and fresh and tie.score > 0 and tie.order != "after":
            told.update(tie.signs)
            yield tie


def _confidence(tree: _Tree, tie: Tie) -> float:
    """The tie's share among the parents possible in this tree and none, times that it is not the other way round.

    An article may name several sources, and each is then as sure as if it stood alone.
    """
    rivals = [other for other in tree.ties[tie.child] if tie.child not in tree.above(other.parent)]
    share = 1 / (math.exp(-tie.score) + sum(math.exp(min(other.score - tie.score, 30)) for other in rivals))
    sure = share * _direction(tree, tie, rivals)
    named = any(sign.exact or sign.sure for sign in tie.signs)
    return round(min(SURE, max(sure, 0.9 * _alone(tie.score) if named else 0.0)), 3)


def _direction(tree: _Tree, tie: Tie, rivals: Sequence[Tie]) -> float:
    """How much likelier the child has it from the parent than the parent from the child."""
    back = next((other for other in tree.ties[tie.parent] if other.parent == tie.child), None)
    if back is None:
        return 1.0
    above = tree.chosen.get(tie.parent)
    as_is = tie.score + (above.score if above else 0.0)
    other = max((rival.score for rival in rivals if rival is not tie), default=0.0)
    return 1 / (1 + math.exp(min(30.0, back.score + max(0.0, other) - as_is)))


def _alone(score: float) -> float:
    return round(SURE * probability(score), 3)


def _citations(tree: _Tree) -> Iterator[tuple[str, str]]:
    """Each credit or link that names one article of the coverage and no other."""
    for child in range(len(tree.kin.retellings)):
        named = [sign.targets[0] for sign in tree.kin.signs(child) if _points(sign) and len(sign.targets) == 1]
        for target in dict.fromkeys(named):
            yield tree.article(child).article.id, tree.article(target).article.id


def _edge(tree: _Tree, tie: Tie, confidence: float) -> ProvenanceEdge:
    return ProvenanceEdge(
        child=tree.article(tie.child).article.id,
        parent=tree.article(tie.parent).article.id,
        relation=_relation(tie),
        confidence=max(0.0, round(confidence, 3)),
        why=tuple(_reasons(tie)),
    )


def _relation(tie: Tie) -> Relation:
    if tie.contained >= COPIED:
        return "copied-from"
    if tie.contained >= REWRITTEN or (tie.reworded and tie.contained >= REWORDED):
        return "rewritten-from"
    if tie.quoted > 0 or tie.alterations or tie.same_quote:
        return "quoted-from"
    return "cites" if any(map(_points, tie.signs)) else "rewritten-from"


def _points(sign: Sign) -> bool:
    """Whether a sign says whose the matter is; a mere mention does not."""
    return sign.kind != "mention" or sign.sure


def _reasons(tie: Tie) -> Iterator[Why]:
    kinds: Mapping[str, WhyKind] = {"credit": "credit", "mention": "credit", "wire": "wire", "link": "link"}
    for kind, detail in dict.fromkeys((kinds[sign.kind], sign.detail) for sign in tie.signs):
        yield Why(kind=kind, detail=detail)
    wording = max(tie.contained, tie.quoted)
    if wording > 0:
        yield Why(kind="shared-wording", score=round(wording, 3))
    for edit in tie.alterations:
        yield Why(kind="shared-alteration", detail=_told(edit))
    if tie.lag_s is not None:
        yield Why(kind="time", lag_s=tie.lag_s)


def _told(edit: Edit) -> str:
    if not edit.before or not edit.after:
        return f"left out “{edit.before}”" if edit.before else f"added “{edit.after}”"
    return f"“{edit.after}” for “{edit.before}”"


def _origins(tree: _Tree) -> tuple[Origin, ...]:
    below: dict[int, list[int]] = {}
    for at in range(len(tree.kin.retellings)):
        below.setdefault(tree.root(at), []).append(at)
    return tuple(
        Origin(
            id=f"o{number}",
            root=tree.article(root).article.id,
            articles=tuple(tree.article(at).article.id for at in below[root]),
        )
        for number, root in enumerate(sorted(below), start=1)
    )


# --- What dates leave open ---------------------------------------------------------------------------------


def _first(shown: Sequence[Appearance], tree: _Tree) -> tuple[Appearance | None, str]:
    """The earliest appearance, if dates or descent put it before every other one; else why not."""
    moments = tree.kin.moments
    place = {tree.article(at).article.id: at for at in range(len(moments))}
    dated = [at for at in range(len(moments)) if moments[at].start is not None]
    if not shown or not dated:
        return None, "No appearance has a date." if shown else ""
    best = min(dated, key=lambda at: (moments[at].end, at))
    rivals = [at for at in range(len(moments)) if at != best and not _later(tree, at, best)]
    if rivals:
        names = ", ".join(_name(tree.article(at)) for at in [best, *rivals][:4])
        return None, f"Which appearance was first is open: the dates of {names} do not decide it."
    return next(one for one in shown if place[one.retelling.article.id] == best), ""


def _later(tree: _Tree, at: int, first: int) -> bool:
    """Whether an article, or one that it has its matter from, appeared after the first by its date."""
    moments = tree.kin.moments
    while moments[first].order(moments[at]) != "before":
        tie = tree.chosen.get(at)
        if tie is None or _confidence(tree, tie) < LIKELY:
            return False
        at = tie.parent
        if at == first:
            return True
    return True


def _open_orders(tree: _Tree) -> Iterator[str]:
    """Edges whose direction, and children whose parent, the signs do not settle."""
    for child, tie in tree.chosen.items():
        here, there = _name(tree.article(child)), _name(tree.article(tie.parent))
        back = next((other for other in tree.ties[tie.parent] if other.parent == child), None)
        named = any(map(_points, tie.signs))
        if tie.order == "open" and not named and back is not None and back.score > 0:
            yield f"{here} and {there} share matter, but their dates do not tell which was first."
        elif tie.order == "after":
            yield f"{here} is dated before {there}, from which it seems to have its matter."
        else:
            rival = next((other for other in tree.ties[child] if other.parent != tie.parent), None)
            if rival is not None and rival.score > 0 and tie.score - rival.score < 0.7 and not named:
                yield f"{here} may have it from {there} or from {_name(tree.article(rival.parent))}."


def _name(retelling: Retelling) -> str:
    return f"{retelling.source.name} ({retelling.article.canonical_url})"
