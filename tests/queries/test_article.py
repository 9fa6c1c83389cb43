"""The report on one article: its quotes and findings in the text, and what changed between its captures."""

import json
from collections.abc import Sequence

import attrs
import pytest
from coverage_builders import Said, article, covering, passed, reference, speaker, study
from held import SAID, SHOCKED, finding
from reading import Page
from report_fixtures import COVERAGE, HARBOUR, LEDGER, TALLY, TOOLS, VALLEY, report

from kb.coverage import Coverage, Retelling, Revision
from kb.errors import UserError
from kb.records import Quote, Span
from queries.article import ArticleView, Stretch, find, view
from queries.asking import traces
from queries.attribution import resolver
from queries.check import Finding
from queries.findings import Decided
from queries.placed import Placed
from queries.report import render_html, render_json, render_markdown
from queries.report import view as report_view

OTHER = "Nobody asked the night staff."
STUDY = study([speaker("moreau", "Elise Moreau")], [reference("surprised", "moreau", SAID)])
FIRST = article(
    "https://harbour.example/naps",
    f"Nurses nap. “{SAID}” said Elise Moreau.",
    [Said(SAID, "Elise Moreau", "Elise Moreau")],
)
STORY = article(
    "https://ledger.example/naps",
    f"Nurses nap, and some do not.\n\n“{SHOCKED}” said Elise Moreau.\n\n“{OTHER}” Tom Beck said. The end.",
    [Said(SHOCKED, "Elise Moreau", "Elise Moreau"), Said(OTHER, "Tom Beck", "Tom Beck")],
)
FOUND = finding(1, evidence=(passed("observed", STORY, "shocked by how"), passed("expected", FIRST, SAID)))


def shown(
    retelling: Retelling = STORY, findings: Sequence[Finding] = (FOUND,), revisions: Sequence[Revision] = ()
) -> ArticleView:
    coverage = covering(STUDY, FIRST, retelling)
    traced = traces(coverage, resolver(STUDY))
    placed = Placed.of(report_view(coverage, Decided(tuple(findings)), traced, TALLY, TOOLS))
    return view(placed, retelling, revisions)


def runs(made: ArticleView) -> list[Stretch]:
    return [run for paragraph in made.paragraphs for run in paragraph]


def in_pieces() -> Retelling:
    """A remark that its cue splits in two."""
    text = "“We were shocked,” said Elise Moreau, “by how consistently a short nap brought error rates back.” The end."
    made = article("https://ledger.example/naps", text, [Said("We were shocked", "Elise Moreau", "Elise Moreau")])
    pieces = tuple(
        Span(made.text.text.index(words), made.text.text.index(words) + len(words))
        for words in ("We were shocked", "by how consistently a short nap brought error rates back.")
    )
    quote: Quote = attrs.evolve(made.quotes[0], pieces=pieces, content=Span(pieces[0].start, pieces[1].end))
    return attrs.evolve(made, quotes=(quote,))


# --- Which article -----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [HARBOUR.article.id, HARBOUR.article.canonical_url, HARBOUR.snapshot.final_url])
def test_an_article_is_found_by_its_id_and_its_addresses(address: str) -> None:
    assert find(COVERAGE, address) is HARBOUR


def test_an_article_is_found_by_the_address_that_was_asked_for_it() -> None:
    moved = attrs.evolve(LEDGER, snapshot=attrs.evolve(LEDGER.snapshot, requested_url="https://short.example/n"))
    assert find(attrs.evolve(COVERAGE, retellings=(HARBOUR, moved)), "https://short.example/n") is moved


def test_an_address_that_nothing_has_is_refused() -> None:
    with pytest.raises(UserError, match=r"no article 'https://nowhere\.example/'"):
        find(COVERAGE, "https://nowhere.example/")


# --- Its quotes and findings ---------------------------------------------------------------------------


def test_a_print_of_a_reference_has_its_verdict_and_words() -> None:
    altered, own = shown().quotes
    assert (altered.number, altered.speaker, altered.subject, altered.verdict) == (
        1,
        "Elise Moreau",
        "surprised",
        "altered",
    )
    assert {("removed", "surprised"), ("added", "shocked")} <= {(piece.op, piece.text) for piece in altered.diff}
    assert (own.subject, own.verdict, own.label, own.diff) == ("", "", "", ())


def test_text_is_whole_and_in_order() -> None:
    told = ["".join(run.text for run in paragraph) for paragraph in shown().paragraphs]
    assert told == [part for part in STORY.text.text.split("\n") if part]


def test_each_stretch_knows_its_quote_and_its_findings() -> None:
    by_words = {run.text: run for run in runs(shown())}
    assert by_words["shocked by how"].quote == 1
    assert by_words["shocked by how"].findings == by_words["shocked by how"].ended == (1,)
    assert by_words["We were "].findings == ()
    assert by_words[OTHER].quote == 2
    assert by_words["Nurses nap, and some do not."].quote is None


def test_a_quote_opens_once_though_a_finding_cuts_it() -> None:
    assert [(run.text, run.quote) for run in runs(shown()) if run.opens] == [("We were ", 1), (OTHER, 2)]


def test_a_quote_in_two_pieces_opens_with_the_first() -> None:
    made = shown(in_pieces(), findings=())
    assert [run.text for run in runs(made) if run.quote == 1] == [
        "We were shocked",
        "by how consistently a short nap brought error rates back.",
    ]
    assert [run.text for run in runs(made) if run.opens] == ["We were shocked"]


def test_passages_of_other_articles_mark_nothing_here() -> None:
    elsewhere = attrs.evolve(FOUND, evidence=(passed("observed", FIRST, "surprised"),))
    assert all(run.findings == () for run in runs(shown(findings=(elsewhere,))))


def test_only_findings_about_it_are_told() -> None:
    assert [found.id for found in shown().findings] == ["finding:1"]
    held_against = attrs.evolve(
        FOUND, evidence=(passed("observed", FIRST, "surprised"), passed("expected", STORY, SHOCKED))
    )
    assert shown(findings=(held_against,)).findings == ()


def test_an_article_without_quotes_or_findings_has_a_report() -> None:
    made = view(Placed.of(report()), VALLEY, ())
    assert made.quotes == made.findings == made.revisions == ()
    assert Page(render_html(made)).tags
    assert "Nothing was found to be wrong." in render_html(made)


def test_its_own_capture_is_listed() -> None:
    assert [capture.citation.article for capture in shown().captures] == [STORY.article.id]


# --- What changed -----------------------------------------------------------------------------------------


def revised(before: str, after: str, title: str | None = None) -> Revision:
    old, new = (article("https://ledger.example/naps", text) for text in (before, after))
    return Revision(before=old, after=attrs.evolve(new, extraction=attrs.evolve(new.extraction, title=title)))


BODY = "Nurses nap. The study followed twelve wards for six weeks. It was paid for by the state. Nobody minded."


def test_a_changed_sentence_is_told_word_by_word() -> None:
    (made,) = shown(revisions=[revised(BODY, BODY.replace("twelve", "ten"))]).revisions
    (change,) = made.changes
    assert change.label == "Changed"
    assert {("removed", "twelve"), ("added", "ten")} <= {(piece.op, piece.text) for piece in change.diff}
    assert not made.rewritten


def test_a_new_headline_comes_first() -> None:
    (made,) = shown(revisions=[revised(BODY, BODY.replace("twelve", "ten"), title="Naps")]).revisions
    assert [change.label for change in made.changes] == ["Headline", "Changed"]


def test_what_was_taken_out_and_put_in_is_said() -> None:
    gone = BODY.replace(" It was paid for by the state.", "")
    (taken,) = shown(revisions=[revised(BODY, gone)]).revisions[0].changes
    (put,) = shown(revisions=[revised(gone, BODY)]).revisions[0].changes
    assert (taken.label, taken.diff[0].op) == ("Taken out", "removed")
    assert (put.label, put.diff[0].op) == ("Put in", "added")
    assert "paid for by the state" in taken.diff[0].text


def test_another_text_is_called_rewritten() -> None:
    (made,) = shown(
        revisions=[revised(BODY, "Cats sleep. Dogs bark at noon. Birds sing early. Fish do not.")]
    ).revisions
    assert made.rewritten
    assert made.changes == ()


# --- Rendered -----------------------------------------------------------------------------------------------


def test_inner_links_of_its_file_have_their_targets() -> None:
    page = Page(render_html(shown(revisions=[revised(BODY, BODY.replace("twelve", "ten"))])))
    inner = {(link["href"] or "")[1:] for link in page.links if (link["href"] or "").startswith("#")}
    assert inner <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_the_full_text_stays_out_of_what_is_passed_on() -> None:
    padding = " ".join(f"Ward {n} went on as it had before." for n in range(90))
    text = f"“{SAID}” said Elise Moreau. {padding} Far down stands this. {padding}"
    made = shown(article("https://ledger.example/naps", text, [Said(SAID, "Elise Moreau", "Elise Moreau")]), ())
    assert any("Far down stands this." in run.text for run in runs(made))
    for told in (render_html(made), render_markdown(made), render_json(made)):
        assert "Far down stands this." not in told


def test_json_has_the_fields_that_are_no_pictures() -> None:
    fields = {field.name for field in attrs.fields(ArticleView)} - {"paragraphs", "claims"}
    assert set(json.loads(render_json(shown()))) == fields


def test_coverage_is_not_needed_whole() -> None:
    alone = Coverage(study=STUDY, retellings=(STORY,), alignments={}, evidence={})
    placed = Placed.of(report_view(alone, Decided(), traces(alone, resolver(STUDY)), TALLY, ()))
    assert [quote.verdict for quote in view(placed, STORY, ()).quotes] == ["", ""]
