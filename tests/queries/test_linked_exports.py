"""JSON-LD and PROV exports, read by rdflib and prov and held against the shapes that their specifications demand."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from coverage_builders import covering, passed
from held import HARBOUR, HOSTILE, LEDGER, NOTHING, SAID, SHOCKED, STUDY, finding, held, judgement, print_of
from jsonschema import Draft202012Validator, FormatChecker
from prov.model import ProvDerivation, ProvDocument, ProvEntity
from rdflib import RDF, Graph, Namespace

from queries.annotations import annotations
from queries.check import Rule
from queries.holdings import Holdings
from queries.prov import prov
from queries.schema_org import claim_reviews, quotations

OA, AS, SCHEMA = (
    Namespace("http://www.w3.org/ns/oa#"),
    Namespace("http://www.w3.org/ns/activitystreams#"),
    Namespace("https://schema.org/"),
)
# The terms of the two vocabularies that we use, so that no test asks the network for a context.
ANNO = {
    "@vocab": str(OA),
    "id": "@id",
    "type": "@type",
    "as": str(AS),
    "AnnotationCollection": "as:OrderedCollection",
    "AnnotationPage": "as:OrderedCollectionPage",
    "first": {"@id": "as:first", "@type": "@id"},
    "partOf": {"@id": "as:partOf", "@type": "@id"},
    "items": {"@id": "as:items", "@type": "@id", "@container": "@list"},
    "body": {"@id": "hasBody", "@type": "@id"},
    "target": {"@id": "hasTarget", "@type": "@id"},
    "source": {"@id": "hasSource", "@type": "@id"},
    "selector": {"@id": "hasSelector", "@type": "@id"},
    "state": {"@id": "hasState", "@type": "@id"},
    "motivation": {"@id": "motivatedBy", "@type": "@vocab"},
}
_IRI = {"type": "string", "pattern": '^(https?://[^\\s<>"{}|\\\\^`]+|urn:uuid:[0-9a-f-]{36})$'}
_TIME = {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$"}
# The musts of the Web Annotation Data Model: sections 3.1, 3.2.4, 3.3.5, 4.2.4, 4.2.5, 4.3.1.
ANNOTATION = {
    "type": "object",
    "required": ["id", "type", "target", "body", "motivation"],
    "properties": {
        "id": _IRI,
        "type": {"const": "Annotation"},
        "motivation": {"enum": ["assessing", "describing"]},
        "created": _TIME,
        "generated": _TIME,
        "creator": {
            "required": ["type", "name"],
            "properties": {"type": {"enum": ["Person", "Organization", "Software"]}},
        },
        "body": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["type", "value"],
                "properties": {
                    "type": {"const": "TextualBody"},
                    "value": {"type": "string"},
                    "purpose": {"enum": ["assessing", "describing", "tagging"]},
                },
            },
        },
        "target": {
            "required": ["source", "selector", "state"],
            "properties": {
                "source": _IRI,
                "selector": {
                    "type": "array",
                    "prefixItems": [
                        {"required": ["exact"], "properties": {"type": {"const": "TextQuoteSelector"}}},
                        {
                            "required": ["start", "end"],
                            "properties": {
                                "type": {"const": "TextPositionSelector"},
                                "start": {"type": "integer", "minimum": 0},
                                "end": {"type": "integer", "minimum": 1},
                            },
                        },
                    ],
                },
                "state": {
                    "required": ["type", "sourceDate", "rt:sha256"],
                    "properties": {
                        "type": {"const": "TimeState"},
                        "sourceDate": _TIME,
                        "rt:sha256": {"pattern": "^[0-9a-f]{64}$"},
                    },
                },
            },
        },
    },
}

FOUND = finding(1)

# rdflib's own JSON-LD parser uses a class of its own that it is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")


def written(write: Callable[..., int], of: Holdings, *rest: Any) -> str:
    out = io.StringIO()
    write(of, out, *rest)
    return out.getvalue()


def graph(text: str, context: Any) -> Graph:
    document = json.loads(text)
    return Graph().parse(data=json.dumps(document | {"@context": context}), format="json-ld")


# --- Web Annotation ----------------------------------------------------------------------------------------


def test_annotations_have_what_the_model_demands():
    document = json.loads(written(annotations, held(FOUND, judged=(judgement("finding:1", "confirmed"),))))
    check = Draft202012Validator(ANNOTATION, format_checker=FormatChecker())
    items = document["first"]["items"]
    assert [error.message for item in items for error in check.iter_errors(item)] == []
    assert document["@context"][0] == "http://www.w3.org/ns/anno.jsonld"
    assert document["total"] == len(items) == 2 + 3
    assert len({item["id"] for item in items}) == 5


def test_annotations_are_a_graph_of_quotes_with_their_targets():
    found = graph(written(annotations, held(FOUND)), [ANNO, {"rt": "https://retold.example/ns#"}])
    assert len(set(found.subjects(RDF.type, OA.Annotation))) == 5
    exact = {str(words) for words in found.objects(None, OA.exact)}
    assert {SAID, SHOCKED} < exact
    assert len(set(found.subjects(RDF.type, OA.TimeState))) == 5


def test_selectors_point_at_the_words():
    for item in json.loads(written(annotations, held(FOUND)))["first"]["items"]:
        words, place = item["target"]["selector"]
        read = next(
            r
            for r in held().coverage.retellings
            if r.snapshot.body_sha256.endswith(item["target"]["state"]["rt:sha256"])
        )
        assert read.text.text[place["start"] : place["end"]] == words["exact"]


def test_annotation_of_a_judged_finding_names_its_judge_and_the_unsettled_names_no_winner():
    document = json.loads(
        written(annotations, held(finding(1, truth="unsettled"), judged=(judgement("finding:1", "unsure"),)))
    )
    first = document["first"]["items"][0]
    assert first["creator"] == {"type": "Person", "name": "ana <x>"}
    assert "Expected" not in first["body"][0]["value"]


# --- schema.org --------------------------------------------------------------------------------------------


def reviews(*findings: Any, judged: Any = (), author: str | None = None, page: str | None = None) -> list[Any]:
    text = written(claim_reviews, held(*findings, judged=judged), author, page)
    return list(json.loads(text)["dataFeedElement"])


def test_claim_review_has_what_google_and_schema_org_demand():
    text = written(claim_reviews, held(FOUND), "Heron Bay press office", "https://bay.example/checks")
    found = graph(text, {"@vocab": str(SCHEMA)})
    (review,) = found.subjects(RDF.type, SCHEMA.ClaimReview)
    needed = ("claimReviewed", "reviewRating", "itemReviewed", "author", "datePublished", "url")
    assert all(len(list(found.objects(review, SCHEMA[name]))) == 1 for name in needed)
    rating, claim = found.value(review, SCHEMA.reviewRating), found.value(review, SCHEMA.itemReviewed)
    assert (str(found.value(rating, SCHEMA.alternateName)), found.value(claim, RDF.type)) == (
        "Altered quote",
        SCHEMA.Claim,
    )
    assert str(found.value(found.value(claim, SCHEMA.author), SCHEMA.name)) == "ledger.example"


def test_claim_review_is_by_whoever_publishes_it():
    (review,) = reviews(FOUND, author="Heron Bay", page="https://bay.example/checks")
    assert review["author"] == {"@type": "Organization", "name": "Heron Bay"}
    assert review["url"] == "https://bay.example/checks"
    assert review["itemReviewed"]["appearance"][0]["url"] == "https://ledger.example/a%7Cb"
    (judged,) = reviews(FOUND, judged=(judgement("finding:1", "confirmed"),))
    assert (judged["author"]["name"], judged["datePublished"]) == ("ana <x>", "2026-04-01")


@pytest.mark.parametrize(
    ("changes", "verdict", "rated"),
    [
        ({}, None, 1),
        ({}, "unsure", 0),
        ({}, "rejected", 0),
        ({"truth": "unsettled"}, "confirmed", 0),
        ({"subject": "fell"}, None, 0),  # the claim has no document that could be looked up
        ({"subject": "fell"}, "confirmed", 1),
        ({"rule": Rule.MISSPELT_NAME, "subject": "moreau"}, "confirmed", 0),
        ({"rule": Rule.SILENT_EDIT}, "confirmed", 0),
    ],
)
def test_only_what_is_settled_and_carried_is_rated(changes, verdict, rated):
    judged = (judgement("finding:1", verdict),) if verdict else ()
    assert len(reviews(finding(1, **changes), judged=judged)) == rated


def test_wrong_speaker_and_wrong_number_are_claims_that_can_be_read_alone():
    wrong = finding(1, rule=Rule.MISATTRIBUTED_QUOTE, observed="Tom Beck")
    number = finding(2, rule=Rule.NUMBER_CONFLICT, evidence=(passed("observed", LEDGER, "32 percent"),))
    told = [review["claimReviewed"] for review in reviews(wrong, number)]
    assert told == [f"ledger.example: Tom Beck said “{SHOCKED}”", "ledger.example: Errors fell by 32 percent."]


def test_quotation_names_speaker_article_and_reference():
    found = graph(written(quotations, held()), {"@vocab": str(SCHEMA)})
    said = {str(found.value(q, SCHEMA.text)): q for q in found.subjects(RDF.type, SCHEMA.Quotation)}
    quoted = said[SHOCKED]
    assert str(found.value(found.value(quoted, SCHEMA.spokenByCharacter), SCHEMA.name)) == "Elise Moreau"
    assert found.value(found.value(quoted, SCHEMA.isPartOf), RDF.type) == SCHEMA.NewsArticle
    assert str(found.value(found.value(quoted, SCHEMA.citation), SCHEMA.text)) == SAID


@pytest.mark.parametrize("who", ["Gemini 3 Pro", "Claude Opus", "Tom Beck"])
def test_only_a_speaker_of_the_study_is_told_to_be_a_person(who):
    of = held(coverage=covering(STUDY, HARBOUR, print_of("https://loud.example/n", SHOCKED, who)))
    found = graph(written(quotations, of), {"@vocab": str(SCHEMA)})
    speakers = {
        str(found.value(q, SCHEMA.text)): speaker for q, speaker in found.subject_objects(SCHEMA.spokenByCharacter)
    }
    assert found.value(speakers[SAID], RDF.type) == SCHEMA.Person
    assert str(found.value(speakers[SHOCKED], SCHEMA.name)) == who
    assert found.value(speakers[SHOCKED], RDF.type) is None


# --- PROV --------------------------------------------------------------------------------------------------


def read_back(of: Holdings) -> ProvDocument:
    return ProvDocument.deserialize(content=written(prov, of), format="json")


def test_prov_library_reads_it_back_and_writes_it_again():
    document = read_back(held(FOUND, judged=(judgement("finding:1", "confirmed"),)))
    again = ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
    assert document == again
    assert {str(t) for e in document.get_records(ProvEntity) for t in e.get_asserted_types()} >= {
        "rt:Snapshot",
        "rt:Text",
        "rt:Quote",
        "rt:Wording",
        "rt:Alignment",
        "rt:Finding",
        "rt:Judgement",
    }


def test_everything_that_prov_relates_is_declared():
    document = json.loads(written(prov, held(FOUND, judged=(judgement("finding:1", "confirmed"),))))
    known = {name for kind in ("entity", "activity", "agent") for name in document[kind]}
    skip = {"prov:type", "prov:time"}
    ends = {
        value
        for kind, statements in document.items()
        if kind not in ("prefix", "entity", "activity", "agent")
        for statement in statements.values()
        for key, value in statement.items()
        if key.startswith("prov:") and key not in skip
    }
    assert ends <= known


def test_source_tree_is_derivation_with_confidence_and_reasons():
    of = held()
    edges = {(edge.child, edge.parent) for edge in of.tree.edges}
    assert edges  # or this test says nothing
    named = {(c.replace(":", "/"), p.replace(":", "/")) for c, p in edges}
    found = [
        derived
        for derived in read_back(of).get_records(ProvDerivation)
        if tuple(str(value).removeprefix("kb:") for value in derived.args[:2]) in named
    ]
    assert len(found) == len(edges)
    assert all("rt:confidence" in {str(name) for name, _ in derived.extra_attributes} for derived in found)


# --- All of them -------------------------------------------------------------------------------------------

WRITERS = (annotations, claim_reviews, quotations, prov)


@pytest.mark.parametrize("write", WRITERS)
def test_rejected_findings_are_in_no_export(write):
    text = written(write, held(finding(1, summary="NEVER SAID"), judged=(judgement("finding:1", "rejected"),)))
    assert "NEVER SAID" not in text


@pytest.mark.parametrize("write", WRITERS)
def test_no_page_text_ends_a_script_turns_direction_or_becomes_an_address(write):
    text = written(write, held(finding(1, summary=HOSTILE)))
    assert not set(text) & set("<>&\x1b\u202e\ufffe")
    assert '"javascript:' not in text.replace('"rt:url": "javascript:', "")
    json.loads(text)


@pytest.mark.parametrize("write", WRITERS)
def test_nothing_held_gives_a_valid_empty_document_and_the_version(write):
    out = io.StringIO()
    write(NOTHING, out)
    assert "0.1.0" in out.getvalue()
    document = json.loads(out.getvalue())
    assert "first" not in document
    assert document.get("dataFeedElement", []) == []
    if write is prov:
        ProvDocument.deserialize(content=out.getvalue(), format="json")


@pytest.mark.parametrize("write", WRITERS)
def test_the_same_holdings_give_the_same_bytes(write):
    assert written(write, held(FOUND)) == written(write, held(FOUND))


def test_text_stays_exact_behind_the_escapes():
    items = json.loads(written(annotations, held()))["first"]["items"]
    exact = [item["target"]["selector"][0]["exact"] for item in items]
    assert any("\u202e" in words and "</script>" in words for words in exact)
    assert HARBOUR.words(HARBOUR.quotes[0].content) in exact
