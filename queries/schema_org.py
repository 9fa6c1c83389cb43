"""Findings as schema.org ClaimReview and quotes as Quotation: JSON-LD, each in a DataFeed."""

from collections.abc import Iterator
from typing import TextIO

from kb.coverage import Retelling
from kb.records import Quote, Snapshot, Span, rfc3339
from queries import phrases
from queries.attribution import wording_of
from queries.check import Finding, Passed, Rule
from queries.holdings import Holdings
from queries.linked_data import ITEMS, iri, urn, write_document
from queries.occasions import SPOKEN
from queries.plain import one_line

Json = dict[str, object]

RATED = {
    Rule.ALTERED_QUOTE: "Altered quote",
    Rule.TRUNCATED_QUOTE: "Quote cut so that its sense changes",
    Rule.MERGED_QUOTE: "Two remarks merged into one quote",
    Rule.MISATTRIBUTED_QUOTE: "Quote given to the wrong speaker",
    Rule.NUMBER_CONFLICT: "Wrong number",
    Rule.UNSUPPORTED_PARAPHRASE: "Not what the speaker said",
    Rule.OVERSTATED: "Overstated",
    Rule.CAVEAT_DROPPED: "Reservation left out",
}
"""Rules about what an outlet printed of a quote or a claim, with the rating in words. Names, affiliations, edits and
contradictions between outlets are no claims that a reference rates."""

_OF_QUOTES = frozenset({Rule.ALTERED_QUOTE, Rule.TRUNCATED_QUOTE, Rule.MERGED_QUOTE, Rule.MISATTRIBUTED_QUOTE})


def claim_reviews(held: Holdings, out: TextIO, author: str | None = None, page: str | None = None) -> int:
    """Ratings where a reference settles it and nobody doubts it. `author` publishes them, `page` is where they stand.

    Without these, a review is its judge's, else retold's, and its address is a name that leads nowhere.
    """
    reviews = (
        _review(held, finding, passed, author, page)
        for finding in held.kept
        if _may_be_rated(held, finding)
        for passed in finding.evidence
        if passed.role == "observed"
    )
    return write_document(out, _feed(held, "claim reviews"), reviews)


def _may_be_rated(held: Holdings, finding: Finding) -> bool:
    """Settled, about a quote or claim, and carried by a person's word or a reference that can be looked up."""
    if finding.truth != "settled" or finding.rule not in RATED or held.status(finding) == "unsure":
        return False
    study = held.coverage.study
    carried = {quote.slug: quote.source for quote in study.quotes} | {c.slug: c.document for c in study.claims}
    return finding.subject in carried and bool(held.status(finding) == "confirmed" or carried[finding.subject])


def _review(held: Holdings, finding: Finding, passed: Passed, author: str | None, page: str | None) -> Json:
    retelling, judgement = passed.retelling, held.judged.get(finding.id)
    key = f"{finding.id} {retelling.article.id} {passed.span.start}"
    outlet = _organisation(retelling)
    printed = _printed(finding, passed)
    signed: Json = {"@type": "Organization", "name": one_line(author or held.software)}
    if judgement and not author:
        signed = {"@type": "Person", "name": one_line(judgement.user)}
    return {
        "@type": "ClaimReview",
        "@id": urn(f"claim review {key}"),
        "url": page or urn(f"claim review {key}"),
        "identifier": finding.id,
        "claimReviewed": f"{outlet['name']}: {printed}",
        "author": signed,
        "datePublished": (judgement.made_at if judgement else held.at).date().isoformat(),
        "reviewRating": {
            "@type": "Rating",
            "alternateName": RATED[finding.rule],
            "ratingExplanation": one_line(f"{finding.summary} Expected: {finding.expected}"),
        },
        "itemReviewed": {
            "@type": "Claim",
            "text": printed,
            "author": outlet,
            **_published(retelling),
            "appearance": [_article(retelling)],
        },
        **_based_on(held, finding),
    }


def _printed(finding: Finding, passed: Passed) -> str:
    """What the outlet states: the quote, with the one it is wrongly given to, or the sentence of a number or claim."""
    retelling, span = passed.retelling, passed.span
    if finding.rule in _OF_QUOTES:
        words = one_line(retelling.words(span)).rstrip(",")
        wrong = finding.rule is Rule.MISATTRIBUTED_QUOTE
        return f"{one_line(finding.observed)} said “{words}”" if wrong else f"“{words}”"
    around = [p for p in retelling.passages if p.start < span.end and span.start < p.end]
    whole = Span(min(p.start for p in around), max(p.end for p in around)) if around else span
    return one_line(retelling.words(whole))


def _based_on(held: Holdings, finding: Finding) -> Json:
    """The address of the reference that the print is held against."""
    study = held.coverage.study
    documents = {document.slug: document.url for document in study.documents}
    addresses = {quote.slug: quote.source for quote in study.quotes}
    addresses |= {claim.slug: documents.get(claim.document or "") for claim in study.claims}
    address = iri(addresses.get(finding.subject) or "")
    return {"isBasedOn": address} if address else {}


def quotations(held: Holdings, out: TextIO) -> int:
    """Quotes that claim to give the very words, with who speaks and where they stand."""
    found = (
        _quotation(held, retelling, quote)
        for retelling in held.coverage.retellings
        for quote in retelling.quotes
        if quote.form in SPOKEN
    )
    return write_document(out, _feed(held, "quotations"), found)


def _quotation(held: Holdings, retelling: Retelling, quote: Quote) -> Json:
    made: Json = {
        "@type": "Quotation",
        "@id": urn(f"quotation {retelling.article.id} {quote.id}"),
        "identifier": quote.id,
        "text": one_line(wording_of(retelling, quote)),
    }
    name = held.speaker(retelling, quote)
    if name:
        made["spokenByCharacter"] = _speaker(name, quote.affiliation, person=held.is_person(retelling, quote))
    made["isPartOf"] = _article(retelling)
    references = list(_references(held, retelling, quote))
    return made | ({"citation": references} if references else {})


def _speaker(name: str, affiliation: str | None, *, person: bool) -> Json:
    """Without a type where it is not known to be a person: a printed name may be that of an AI system or a body."""
    said: Json = {"name": one_line(name)}
    if not person:
        return said | ({"description": one_line(affiliation)} if affiliation else {})
    place = {"affiliation": {"@type": "Organization", "name": one_line(affiliation)}} if affiliation else {}
    return {"@type": "Person", **said, **place}


def _references(held: Holdings, retelling: Retelling, quote: Quote) -> Iterator[Json]:
    """The reference quotes that it stands for, each with how it stands to it."""
    for laid, verdict in held.verdicts(retelling, quote):
        reference = held.references[laid.quote]
        address = iri(reference.source or "")
        yield {
            "@type": "Quotation",
            "@id": urn(f"reference {held.coverage.study.slug} {reference.slug}"),
            "identifier": reference.slug,
            "text": one_line(reference.text),
            "description": f"The reference. As printed here: {phrases.VERDICTS[verdict]}.",
            **({"url": address} if address else {}),
        }


def _feed(held: Holdings, what: str) -> Json:
    study = held.coverage.study
    return {
        "@context": "https://schema.org",
        "@type": "DataFeed",
        "@id": urn(f"{what} {study.slug}"),
        "name": one_line(f"{study.title}: {what}"),
        "dateModified": rfc3339(held.at),
        "sdPublisher": {"@type": "Organization", "name": held.software},
        "dataFeedElement": ITEMS,
    }


def _article(retelling: Retelling) -> Json:
    address = iri(retelling.article.canonical_url)
    language = retelling.text.language
    title = retelling.extraction.title
    return {
        "@type": "NewsArticle",
        "@id": urn(retelling.article.id),
        **({"url": address} if address else {}),
        **({"headline": one_line(title)} if title else {}),
        **_published(retelling),
        **({"inLanguage": language} if language != "und" else {}),
        "publisher": _organisation(retelling),
        "encoding": _capture(retelling.snapshot),
    }


def _published(retelling: Retelling) -> Json:
    """Its day, where it is known to the day."""
    read = retelling.extraction
    known = read.published_at and read.published_precision in ("second", "minute", "day")
    return {"datePublished": read.published_at.date().isoformat()} if known and read.published_at else {}


def _organisation(retelling: Retelling) -> Json:
    return {"@type": "Organization", "name": one_line(retelling.source.name)}


def _capture(snapshot: Snapshot) -> Json:
    """The bytes that were read."""
    return {
        "@type": "MediaObject",
        "encodingFormat": one_line(snapshot.media_type),
        "sha256": snapshot.body_sha256.removeprefix("sha256:"),
        "dateCreated": rfc3339(snapshot.fetched_at),
    }
