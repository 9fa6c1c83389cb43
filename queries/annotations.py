"""Quotes and findings as W3C Web Annotations (Recommendation of 23 February 2017), one collection of one page."""

from collections.abc import Iterator, Sequence
from typing import TextIO

from kb.coverage import Retelling
from kb.records import Quote, Span, rfc3339
from kb.text import selector_for
from queries import phrases
from queries.check import Finding, Passed
from queries.holdings import Holdings
from queries.linked_data import ITEMS, as_json, iri, urn, write_document
from queries.plain import one_line

NAMESPACE = "https://retold.example/ns#"
"""Of the terms that no standard has: the capture's digest, the text that offsets count in."""

Json = dict[str, object]


def annotations(held: Holdings, out: TextIO) -> int:
    """A finding gives an annotation for each passage that it rests on, a quote gives one."""
    slug, title = held.coverage.study.slug, held.coverage.study.title
    total = sum(len(finding.evidence) for finding in held.kept) + sum(len(r.quotes) for r in held.coverage.retellings)
    collection, page = urn(f"annotations {slug}"), urn(f"annotations {slug} page 1")
    document: Json = {
        "@context": ["http://www.w3.org/ns/anno.jsonld", {"rt": NAMESPACE}],
        "id": collection,
        "type": "AnnotationCollection",
        "label": one_line(f"{title}: quotes and findings"),
        "generator": _generator(held),
        "generated": rfc3339(held.at),
        "total": total,
    }
    if total:  # a page must hold one annotation or more
        document["first"] = {
            "id": page,
            "type": "AnnotationPage",
            "partOf": collection,
            "startIndex": 0,
            "items": ITEMS,
        }
        return write_document(out, document, _all(held))
    out.write(f"{as_json(document)}\n")
    return 0


def _all(held: Holdings) -> Iterator[Json]:
    for finding in held.kept:
        for passed in finding.evidence:
            yield _of_finding(held, finding, passed)
    for retelling in held.coverage.retellings:
        for quote in retelling.quotes:
            yield _of_quote(held, retelling, quote)


def _of_finding(held: Holdings, finding: Finding, passed: Passed) -> Json:
    label = f"{phrases.rule(finding.rule)}: {finding.summary}"
    role = phrases.ROLES[(finding.truth, passed.role)]
    told = [f"{label} ({role.lower()}; confidence {finding.confidence:.2f}; {held.status(finding)})"]
    if finding.truth == "settled":
        told += [f"Expected: {finding.expected}", f"Observed: {finding.observed}"]
    else:
        told.append("The sources disagree, and nothing decides between them.")
    place = (finding.id, passed.role, passed.retelling.article.id, passed.span.start, passed.span.end)
    made: Json = {"id": urn(f"annotation {place}"), "type": "Annotation", "motivation": "assessing"}
    judgement = held.judged.get(finding.id)
    if judgement:
        made["creator"] = {"type": "Person", "name": one_line(judgement.user)}
        made["created"] = rfc3339(judgement.made_at)
    return made | {
        "generator": _generator(held),
        "generated": rfc3339(held.at),
        "body": _bodies(told, "assessing", [finding.rule, finding.truth]),
        "target": _target(passed.retelling, passed.span),
    }


def _of_quote(held: Holdings, retelling: Retelling, quote: Quote) -> Json:
    speaker = held.speaker(retelling, quote)
    verdicts = held.verdicts(retelling, quote)
    told = [f"Quote ({quote.form}) of {speaker}" if speaker else f"Quote ({quote.form}) without a clear speaker"]
    told += [f"{phrases.VERDICTS[verdict]}, against “{laid.quote}”" for laid, verdict in verdicts]
    purpose = "assessing" if verdicts else "describing"
    return {
        "id": urn(f"annotation {retelling.article.id} {quote.id}"),
        "type": "Annotation",
        "motivation": purpose,
        "generator": _generator(held),
        "generated": rfc3339(held.at),
        "body": _bodies(told, purpose, sorted({verdict for _, verdict in verdicts})),
        "target": _target(retelling, quote.content),
    }


def _bodies(told: Sequence[str], purpose: str, tags: Sequence[str]) -> list[Json]:
    value = "\n".join(map(one_line, told))
    text: Json = {"type": "TextualBody", "value": value, "format": "text/plain", "language": "en", "purpose": purpose}
    tagged: list[Json] = [{"type": "TextualBody", "value": str(tag), "purpose": "tagging"} for tag in tags]
    return [text, *tagged]


def _target(retelling: Retelling, span: Span) -> Json:
    """The words with 32 signs around them, and their place in the text that retold read from the capture."""
    words = selector_for(retelling.text.text, span)
    article = retelling.article
    return {
        "type": "SpecificResource",
        "source": iri(article.canonical_url) or urn(article.id),
        "selector": [
            {"type": "TextQuoteSelector", "exact": words.exact, "prefix": words.prefix, "suffix": words.suffix},
            {"type": "TextPositionSelector", "start": span.start, "end": span.end},
        ],
        "state": {
            "type": "TimeState",
            "sourceDate": rfc3339(retelling.snapshot.fetched_at),
            "rt:sha256": retelling.snapshot.body_sha256.removeprefix("sha256:"),
            "rt:text": retelling.text.id,
        },
    }


def _generator(held: Holdings) -> Json:
    return {"type": "Software", "name": held.software}
