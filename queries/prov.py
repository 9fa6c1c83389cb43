"""Where everything comes from, as PROV-JSON (W3C Member Submission of 24 April 2013)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TextIO

from kb.coverage import Retelling
from kb.records import canonical_json, rfc3339
from queries.attribution import wording_of
from queries.holdings import Holdings
from queries.linked_data import as_json, iri
from queries.phrases import reasons
from queries.plain import one_line

Attributes = dict[str, object]
Statement = tuple[str, Attributes]

NAMESPACE = "https://retold.example/ns#"
STAGES = {"capture": "retold crawl", "check": "retold check", "review": "retold review"}
"""Activities without a tool of their own, with the command that does them."""


def prov(held: Holdings, out: TextIO) -> int:
    """Entities, activities, agents and their relations; how many entities."""
    slug = held.coverage.study.slug
    prefix = {"rt": NAMESPACE, "kb": f"https://retold.example/kb/{slug}/"}
    out.write(f'{{"prefix": {as_json(prefix)}')
    counts = [_section(out, name, statements(held)) for name, statements in _SECTIONS.items()]
    out.write("}\n")
    return counts[0]


def _section(out: TextIO, name: str, statements: Iterable[Statement]) -> int:
    """One kind of statements; each name once, however often its thing turns up."""
    seen: set[str] = set()
    for key, attributes in statements:
        if key not in seen:
            out.write("," if seen else f',\n"{name}": {{')
            out.write(f"\n{as_json(key)}: {as_json({k: v for k, v in attributes.items() if v is not None})}")
            seen.add(key)
    out.write("}" if seen else "")
    return len(seen)


def _name(record: str) -> str:
    """A record's id as a qualified name.

    >>> _name("snapshot:1f")
    'kb:snapshot/1f'
    """
    return "kb:" + record.replace(":", "/")


def _type(name: str) -> Attributes:
    return {"$": name, "type": "prov:QUALIFIED_NAME"}


def _address(url: str) -> Attributes | str:
    """As an address, or as mere words where it is none."""
    address = iri(url)
    return {"$": address, "type": "xsd:anyURI"} if address else one_line(url)


def _relation(kind: str, **ends: str) -> str:
    return f"_:{kind}-{'-'.join(ends.values())}".replace("kb:", "").replace("/", "-")


# --- Entities, activities, agents --------------------------------------------------------------------------


def _entities(held: Holdings) -> Iterator[Statement]:
    study = held.coverage.study
    made_at = {"$": rfc3339(held.at), "type": "xsd:dateTime"}
    yield (
        "kb:export",
        {"prov:type": _type("rt:Export"), "prov:label": held.software, "prov:generatedAtTime": made_at},
    )
    for document in study.documents:
        yield (
            f"kb:document/{document.slug}",
            {
                "prov:type": _type("rt:Document"),
                "prov:label": one_line(document.title),
                "rt:url": _address(document.url),
            },
        )
    for quote in study.quotes:
        told: Attributes = {"prov:type": _type("rt:ReferenceQuote"), "prov:value": one_line(quote.text)}
        yield f"kb:reference/{quote.slug}", told | ({"rt:url": _address(quote.source)} if quote.source else {})
    for claim in study.claims:
        yield f"kb:claim/{claim.slug}", {"prov:type": _type("rt:Claim"), "prov:value": one_line(claim.text)}
    for retelling in held.coverage.retellings:
        yield from _of_article(held, retelling)
    for finding in held.kept:
        told = {
            "prov:type": _type("rt:Finding"),
            "prov:label": one_line(finding.summary),
            "rt:rule": str(finding.rule),
            "rt:truth": finding.truth,
            "rt:confidence": round(finding.confidence, 4),
            "rt:status": held.status(finding),
        }
        yield _name(finding.id), told
        if finding.id in held.judged:
            judgement = held.judged[finding.id]
            yield _name(judgement.id), {"prov:type": _type("rt:Judgement"), "rt:verdict": judgement.verdict}


def _of_article(held: Holdings, retelling: Retelling) -> Iterator[Statement]:
    snapshot, text, title = retelling.snapshot, retelling.text, retelling.extraction.title
    yield (
        _name(retelling.article.id),
        {
            "prov:type": _type("rt:Article"),
            "prov:label": one_line(title) if title else None,
            "rt:url": _address(retelling.article.canonical_url),
        },
    )
    yield (
        _name(snapshot.id),
        {
            "prov:type": _type("rt:Snapshot"),
            "rt:url": _address(snapshot.final_url),
            "rt:sha256": snapshot.body_sha256.removeprefix("sha256:"),
            "rt:via": snapshot.via,
        },
    )
    yield _name(text.id), {"prov:type": _type("rt:Text"), "rt:language": text.language}
    for quote in retelling.quotes:
        words = one_line(wording_of(retelling, quote))
        yield (
            _name(quote.id),
            {
                "prov:type": _type("rt:Quote"),
                "prov:value": one_line(retelling.words(quote.content)),
                "rt:speaker": one_line(held.speaker(retelling, quote) or "") or None,
                "rt:start": quote.content.start,
                "rt:end": quote.content.end,
            },
        )
        yield f"kb:wording/{quote.words_sha256[:32]}", {"prov:type": _type("rt:Wording"), "prov:value": words}
        for laid in held.coverage.alignments.get(quote.words_sha256, ()):
            edits = [f"{edit.op}: “{edit.before}” → “{edit.after}”" for edit in laid.edits]
            told: Attributes = {"prov:type": _type("rt:Alignment"), "rt:verdict": laid.verdict}
            yield _name(laid.id), told | {"rt:edits": one_line("; ".join(edits)) if edits else None}


def _stages(held: Holdings) -> dict[str, str]:
    """By tool, the stage that it did in this coverage."""
    found: dict[str, str] = {}
    for retelling in held.coverage.retellings:
        found.setdefault(retelling.extraction.tool, "extract")
        for quote in retelling.quotes:
            found.setdefault(quote.tool, "annotate")
            for laid in held.coverage.alignments.get(quote.words_sha256, ()):
                found.setdefault(laid.tool, "pair")
    return found


def _activities(held: Holdings) -> Iterator[Statement]:
    for stage, command in STAGES.items():
        yield f"kb:stage/{stage}", {"prov:type": _type("rt:Stage"), "rt:command": command}
    for tool, stage in _stages(held).items():
        told: Attributes = {"prov:type": _type("rt:Stage"), "prov:label": stage, "rt:command": "retold build"}
        yield _stage_of(tool), told


def _stage_of(tool: str) -> str:
    return f"kb:stage/{tool.partition(':')[2]}"


def _agents(held: Holdings) -> Iterator[Statement]:
    software = _type("prov:SoftwareAgent")
    yield "kb:agent/retold", {"prov:type": software, "prov:label": "retold", "rt:version": held.version}
    known = {tool.id: tool for tool in held.tools}
    for key in sorted(known.keys() | _stages(held).keys()):
        told: Attributes = {"prov:type": software}
        if key in known:
            told |= {"prov:label": known[key].name, "rt:version": known[key].version}
            told |= {"rt:params": canonical_json(dict(known[key].params))}
        yield _name(key), told
    for retelling in held.coverage.retellings:
        source = retelling.source
        told = {"prov:type": _type("prov:Organization"), "prov:label": one_line(source.name), "rt:kind": source.kind}
        yield f"kb:source/{source.slug}", told
    for number, user in enumerate(_users(held), start=1):
        yield f"kb:person/{number}", {"prov:type": _type("prov:Person"), "prov:label": one_line(user)}


def _users(held: Holdings) -> list[str]:
    return sorted({held.judged[finding.id].user for finding in held.kept if finding.id in held.judged})


# --- Relations ---------------------------------------------------------------------------------------------


def _derivations(held: Holdings) -> Iterator[Statement]:
    for retelling in held.coverage.retellings:
        text = _name(retelling.text.id)
        yield _derived(text, _name(retelling.snapshot.id))
        for quote in retelling.quotes:
            yield _derived(_name(quote.id), text, kind="prov:Quotation")
            for laid in held.coverage.alignments.get(quote.words_sha256, ()):
                yield _derived(_name(laid.id), f"kb:wording/{quote.words_sha256[:32]}")
                yield _derived(_name(laid.id), f"kb:reference/{laid.quote}")
    for finding in held.kept:
        for passed in finding.evidence:
            yield _derived(_name(finding.id), _name(passed.retelling.text.id), **{"rt:role": passed.role})
        if finding.id in held.judged:
            yield _derived(_name(held.judged[finding.id].id), _name(finding.id))
    for edge in held.tree.edges:
        kind = "prov:Quotation" if edge.relation == "quoted-from" else f"rt:{edge.relation}"
        why = one_line("; ".join(reasons(edge)))
        told: Attributes = {"rt:confidence": edge.confidence, "rt:why": why}
        yield _derived(_name(edge.child), _name(edge.parent), kind=kind, **told)


def _derived(child: str, parent: str, kind: str | None = None, **told: object) -> Statement:
    ends = {"prov:generatedEntity": child, "prov:usedEntity": parent}
    return _relation("d", child=child, parent=parent), {**ends, "prov:type": _type(kind) if kind else None, **told}


def _generations(held: Holdings) -> Iterator[Statement]:
    for retelling in held.coverage.retellings:
        snapshot = retelling.snapshot
        yield _generated(_name(snapshot.id), "kb:stage/capture", rfc3339(snapshot.fetched_at))
        yield _generated(_name(retelling.text.id), _stage_of(retelling.extraction.tool))
        for quote in retelling.quotes:
            yield _generated(_name(quote.id), _stage_of(quote.tool))
            for laid in held.coverage.alignments.get(quote.words_sha256, ()):
                yield _generated(_name(laid.id), _stage_of(laid.tool))
    for finding in held.kept:
        yield _generated(_name(finding.id), "kb:stage/check")
        if finding.id in held.judged:
            judgement = held.judged[finding.id]
            yield _generated(_name(judgement.id), "kb:stage/review", rfc3339(judgement.made_at))


def _generated(entity: str, activity: str, at: str | None = None) -> Statement:
    told: Attributes = {"prov:entity": entity, "prov:activity": activity, "prov:time": at}
    return _relation("g", entity=entity, activity=activity), told


def _uses(held: Holdings) -> Iterator[Statement]:
    for retelling in held.coverage.retellings:
        yield _used(_stage_of(retelling.extraction.tool), _name(retelling.snapshot.id))
        for quote in retelling.quotes:
            yield _used(_stage_of(quote.tool), _name(retelling.text.id))
            for laid in held.coverage.alignments.get(quote.words_sha256, ()):
                yield _used(_stage_of(laid.tool), f"kb:reference/{laid.quote}")


def _used(activity: str, entity: str) -> Statement:
    told: Attributes = {"prov:activity": activity, "prov:entity": entity}
    return _relation("u", activity=activity, entity=entity), told


def _associations(held: Holdings) -> Iterator[Statement]:
    ends = [(f"kb:stage/{stage}", "kb:agent/retold") for stage in STAGES]
    ends += [(_stage_of(tool), _name(tool)) for tool in _stages(held)]
    for activity, agent in ends:
        told: Attributes = {"prov:activity": activity, "prov:agent": agent}
        yield _relation("a", activity=activity, agent=agent), told


def _attributions(held: Holdings) -> Iterator[Statement]:
    numbers = {user: number for number, user in enumerate(_users(held), start=1)}
    ends = [("kb:export", "kb:agent/retold")]
    ends += [(_name(r.article.id), f"kb:source/{r.source.slug}") for r in held.coverage.retellings]
    ends += [
        (_name(held.judged[finding.id].id), f"kb:person/{numbers[held.judged[finding.id].user]}")
        for finding in held.kept
        if finding.id in held.judged
    ]
    for entity, agent in ends:
        told: Attributes = {"prov:entity": entity, "prov:agent": agent}
        yield _relation("t", entity=entity, agent=agent), told


def _specialisations(held: Holdings) -> Iterator[Statement]:
    for retelling in held.coverage.retellings:
        ends = [(_name(retelling.snapshot.id), _name(retelling.article.id))]
        ends += [(_name(quote.id), f"kb:wording/{quote.words_sha256[:32]}") for quote in retelling.quotes]
        for special, general in ends:
            told: Attributes = {"prov:specificEntity": special, "prov:generalEntity": general}
            yield _relation("s", special=special, general=general), told


_SECTIONS: Mapping[str, Callable[[Holdings], Iterator[Statement]]] = {
    "entity": _entities,
    "activity": _activities,
    "agent": _agents,
    "wasDerivedFrom": _derivations,
    "wasGeneratedBy": _generations,
    "used": _uses,
    "wasAssociatedWith": _associations,
    "wasAttributedTo": _attributions,
    "specializationOf": _specialisations,
}
