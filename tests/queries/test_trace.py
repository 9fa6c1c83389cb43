import json
from datetime import date

import attrs
import pytest

from kb.claims import Claim, Document
from kb.coverage import Coverage
from queries.branching import branching
from queries.trace import ProvenanceEdge, Trace, to_json, trace
from tests.queries.retellings import Piece, coverage, reference, stating

STORY = (
    "Nine learning programs spent a year in a quiet room at Tarn College. Whenever one of them had a right answer, a"
    " second program was asked to object to it. Most gave in at the first word, and few could say why they had done so."
    "\n"
    "The room has no windows and one kettle. On its wall hangs a list of six hundred questions, half of them about"
    " rivers, and beside the door stands a bucket of broken pencils that nobody has emptied since the spring."
)
OTHER = (
    "Do machines mind being contradicted? A manuscript that went online on Monday says that they do, and that it takes"
    " very little. Its authors are careful people, and they warn against reading too much into a quiz.\n"
    "I asked three schoolteachers what they made of it. Two laughed; the third said her pupils were no better, and that"
    " a confident neighbour has always been the quickest way to a wrong result in arithmetic."
)
RELEASE = (
    "Tarn College today published Slow Echo, a study of nine learning programs. The programs were asked six hundred"
    " questions in two rounds, with and without an objection. The college thanks the Northern Science Fund for its"
    " patient support of the laboratory and of its staff."
)
REMARK = "We thought the programs would stand firm, and they folded like paper boats in the first puddle"
CHANGED = "We thought the programs would stand firm, and they sank like leaden boats in the first puddle"
EXTRA = (
    " Down the corridor a cleaner keeps a diary of the noises at night, which she shows to visitors who bring cake and"
    " ask politely about the weather."
)


def edges(found: Trace) -> dict[str, str]:
    """Outlet of the parent by outlet of the child, the surest edge of each."""
    names = {shown.retelling.article.id: shown.retelling.source.name for shown in found.appearances}
    chief: dict[str, ProvenanceEdge] = {}
    for edge in found.edges:
        if edge.child not in chief or edge.confidence > chief[edge.child].confidence:
            chief[edge.child] = edge
    return {names[child]: names[edge.parent] for child, edge in chief.items()}


def why(found: Trace, kind: str) -> list[str]:
    return [reason.detail for edge in found.edges for reason in edge.why if reason.kind == kind]


def test_a_copy_is_traced_to_the_earlier_article() -> None:
    found = trace(coverage([Piece(outlet="Elm Post", text=STORY), Piece(outlet="Fir Post", text=STORY, hours=5)]))
    assert edges(found) == {"Fir Post": "Elm Post"}
    assert found.edges[0].relation == "copied-from"


def test_articles_in_their_own_words_are_independent() -> None:
    found = trace(coverage([Piece(outlet="Elm Post", text=STORY), Piece(outlet="Fir Post", text=OTHER, hours=5)]))
    assert found.edges == ()
    assert len(found.origins) == 2


def test_the_parent_is_the_article_whose_changes_came_along() -> None:
    changed = STORY.replace("quiet room", "cellar").replace("a bucket of broken pencils", "an old broom") + EXTRA
    pieces = [
        Piece(outlet="Elm Post", text=STORY),
        Piece(outlet="Fir Post", text=changed, hours=3),
        Piece(outlet="Oak Post", text=changed.replace("a quiz", "a test"), hours=6),
    ]
    assert edges(trace(coverage(pieces))) == {"Fir Post": "Elm Post", "Oak Post": "Fir Post"}


def test_a_credit_line_names_the_parent_of_a_reworded_article() -> None:
    pieces = [
        Piece(outlet="The Elm Post", text=STORY),
        Piece(outlet="Fir Post", text=OTHER + "\nOriginally reported by The Elm Post", hours=9),
    ]
    found = trace(coverage(pieces))
    assert edges(found) == {"Fir Post": "The Elm Post"}
    assert found.edges[0].relation == "cites"
    assert why(found, "credit") == ["Originally reported by The Elm Post"]


def test_a_credit_that_was_copied_along_does_not_outweigh_the_copy() -> None:
    changed = STORY.replace("quiet room", "cellar").replace("a bucket of broken pencils", "an old broom") + EXTRA
    pieces = [
        Piece(outlet="The Elm Post", text=STORY),
        Piece(outlet="Fir Post", text=changed + "\nOriginally reported by The Elm Post", hours=3),
        Piece(outlet="Oak Post", text=changed + "\nOriginally reported by The Elm Post", hours=6),
    ]
    assert edges(trace(coverage(pieces)))["Oak Post"] == "Fir Post"


def test_a_link_names_the_parent() -> None:
    elm = Piece(outlet="Elm Post", text=STORY)
    fir = Piece(outlet="Fir Post", text=OTHER, hours=9, links=(("a quiz", elm.url + "?utm_source=fir#top"),))
    found = trace(coverage([elm, fir]))
    assert edges(found) == {"Fir Post": "Elm Post"}
    assert why(found, "link") == ["a quiz"]


def test_a_wire_mark_names_the_agency() -> None:
    pieces = [
        Piece(outlet="Harbour Wire", text=STORY, kind="agency"),
        Piece(outlet="Elm Post", text="TARN (Harbour Wire) — " + STORY, hours=1),
        Piece(outlet="Fir Post", text="TARN (Harbour Wire) — " + STORY, hours=2),
    ]
    found = trace(coverage(pieces))
    assert edges(found) == {"Elm Post": "Harbour Wire", "Fir Post": "Harbour Wire"}
    assert len(found.origins) == 1


def test_a_wire_mark_may_be_the_initials() -> None:
    pieces = [
        Piece(outlet="Associated Press", text=STORY, kind="agency"),
        Piece(outlet="Elm Post", text="TARN (AP) — " + STORY, hours=1),
    ]
    assert why(trace(coverage(pieces)), "wire") == ["TARN (AP)"]


def test_undated_copies_follow_the_article_they_credit() -> None:
    pieces = [
        Piece(outlet="Elm Post", text=STORY, hours=None),
        Piece(outlet="Fir Post", text=STORY + "\nOriginally reported by Elm Post", hours=None),
    ]
    assert edges(trace(coverage(pieces))) == {"Fir Post": "Elm Post"}


def test_sharing_a_press_release_is_not_copying() -> None:
    pieces = [
        Piece(outlet="Tarn College", text=RELEASE, kind="primary"),
        Piece(outlet="Elm Post", text=STORY + "\n" + RELEASE.split(". ")[1], hours=2),
        Piece(outlet="Fir Post", text=OTHER + "\n" + RELEASE.split(". ")[1], hours=3),
    ]
    assert edges(trace(coverage(pieces))) == {}


def test_a_reprinted_press_release_is_traced_to_it() -> None:
    pieces = [
        Piece(outlet="Tarn College", text=RELEASE, kind="primary"),
        Piece(outlet="Elm Post", text=RELEASE + EXTRA, hours=2),
    ]
    assert edges(trace(coverage(pieces))) == {"Elm Post": "Tarn College"}


def test_a_primary_document_has_no_parent() -> None:
    pieces = [
        Piece(outlet="Elm Post", text=RELEASE),
        Piece(outlet="Tarn College", text=RELEASE, kind="primary", hours=5),
    ]
    assert "Tarn College" not in edges(trace(coverage(pieces)))


def test_first_is_the_earliest_by_the_clock() -> None:
    found = trace(coverage([Piece(outlet="Fir Post", text=OTHER, hours=5), Piece(outlet="Elm Post", text=STORY)]))
    assert found.first is not None
    assert found.first.retelling.source.name == "Elm Post"


def test_first_is_open_within_a_day() -> None:
    pieces = [
        Piece(outlet="Elm Post", text=STORY, precision="day", hours=-8),
        Piece(outlet="Fir Post", text=OTHER, hours=5),
    ]
    found = trace(coverage(pieces))
    assert found.first is None
    assert "Elm Post" in found.undetermined[0]


def test_descent_settles_what_dates_leave_open() -> None:
    pieces = [
        Piece(outlet="Elm Post", text=STORY),
        Piece(outlet="Fir Post", text=STORY + "\nOriginally reported by Elm Post", hours=None),
    ]
    found = trace(coverage(pieces))
    assert found.first is not None
    assert found.first.retelling.source.name == "Elm Post"


def test_the_study_dates_its_own_documents() -> None:
    paper = Piece(outlet="Tarn College", text=RELEASE, kind="primary", hours=None)
    document = Document(slug="paper", title="Slow Echo", url=paper.url, published_at=date(2026, 3, 30))
    found = trace(coverage([paper, Piece(outlet="Elm Post", text=OTHER)], documents=[document]))
    assert found.first is not None
    assert found.first.retelling.source.name == "Tarn College"


def test_copies_without_dates_are_undetermined_and_unsure() -> None:
    pieces = [Piece(outlet="Elm Post", text=STORY, hours=None), Piece(outlet="Fir Post", text=STORY, hours=None)]
    found = trace(coverage(pieces))
    assert len(found.edges) == 1
    assert found.edges[0].confidence < 0.8
    assert any("do not tell which was first" in told for told in found.undetermined)


def quoting(outlet: str, text: str, words: str, hours: float, speaker: str | None = "Ada Quill") -> Piece:
    return Piece(outlet=outlet, text=f"{text}\n“{words},” Quill said.", hours=hours, speaker=speaker)


def quoted() -> Coverage:
    pieces = [
        quoting("Elm Post", STORY, REMARK, 0),
        quoting("Fir Post", OTHER, CHANGED, 4),
        quoting("Oak Post", EXTRA, CHANGED, 8),
        quoting("Yew Post", RELEASE, REMARK, 9, speaker="Bram Holt"),
        Piece(outlet="Ash Post", text=OTHER, hours=2),
    ]
    return coverage(pieces, [reference("boats", REMARK, pieces[0].url)])


def test_the_trace_of_a_quote_holds_its_prints_with_verdicts() -> None:
    found = trace(quoted(), "boats")
    assert [(shown.retelling.source.name, shown.verdict) for shown in found.appearances] == [
        ("Elm Post", "verbatim"),
        ("Fir Post", "altered"),
        ("Oak Post", "altered"),
        ("Yew Post", "misattributed"),
    ]


def test_a_shared_alteration_binds_two_prints() -> None:
    found = trace(quoted(), "boats")
    assert edges(found)["Oak Post"] == "Fir Post"
    assert why(found, "shared-alteration")


def test_prints_of_an_exclusive_quote_descend_from_its_first_print() -> None:
    found = trace(quoted(), "boats")
    assert edges(found)["Fir Post"] == "Elm Post"
    assert [len(origin.articles) for origin in found.origins] == [4]


def test_the_same_words_twice_in_an_article_appear_once() -> None:
    twice = quoting("Elm Post", f"{STORY}\n“{REMARK},” Quill said.", REMARK, 0)
    found = trace(coverage([twice], [reference("boats", REMARK)]), "boats")
    assert len(found.appearances) == 1


def test_the_trace_of_a_claim_holds_the_articles_that_state_it() -> None:
    sentence = "Most gave in at the first word, and few could say why they had done so."
    base = coverage([Piece(outlet="Elm Post", text=STORY), Piece(outlet="Fir Post", text=OTHER, hours=5)])
    claim = Claim(slug="gave-in", text=sentence, speaker=None, expect=(), caveats=(), document=None, exact=None)
    given = stating(base, "gave-in", sentence)
    given = attrs.evolve(given, study=attrs.evolve(given.study, claims=(claim,)))
    (shown,) = trace(given, "gave-in").appearances
    assert shown.span is not None
    assert shown.retelling.words(shown.span) == sentence


@pytest.mark.parametrize("subject", [None, "boats", "no-such-slug"])
def test_the_same_coverage_gives_the_same_trace(subject: str | None) -> None:
    assert to_json(trace(quoted(), subject)) == to_json(trace(quoted(), subject))


def test_an_empty_coverage_has_an_empty_trace() -> None:
    found = trace(coverage([]))
    assert (found.first, found.appearances, found.edges, found.origins) == (None, (), (), ())


def test_json_has_the_promised_shape() -> None:
    told = json.loads(json.dumps(to_json(trace(quoted(), "boats"))))
    assert told["subject"] == "boats"
    assert told["first"]["precision"] == "minute"
    assert set(told["articles"][0]) == {"url", "source", "published_at", "verdict", "origin"}
    assert set(told["edges"][0]) == {"child", "parent", "relation", "confidence", "why"}
    assert told["origins"] == [{"id": "o1", "root": told["first"]["url"], "articles": 4}]


def test_every_article_belongs_to_the_origin_of_its_root() -> None:
    found = trace(quoted())
    members = {article: origin.id for origin in found.origins for article in origin.articles}
    assert all(members[shown.retelling.article.id] == shown.origin for shown in found.appearances)


def test_the_heaviest_branching_has_no_circle() -> None:
    parents = {0: [(1, 5.0)], 1: [(0, 5.0), (2, 1.0)], 2: []}
    assert branching(parents) == {0: 1, 1: 2}


def test_a_circle_breaks_at_its_weakest_edge() -> None:
    assert branching({0: [(1, 5.0)], 1: [(0, 3.0)]}) == {0: 1}
