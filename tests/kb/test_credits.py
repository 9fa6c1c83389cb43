from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.credits import TOOL
from kb.credits import credits as credits_of
from kb.records import Credit, Link, Span


def found(text: str, *links: Link) -> list[Credit]:
    return credits_of("text:1", text, links, TOOL)


def targets(text: str, kind: str) -> list[str]:
    return [credit.target for credit in found(text) if credit.kind == kind]


def link(text: str, anchor: str, url: str) -> Link:
    at = text.index(anchor)
    return Link(url=url, anchor=anchor, span=Span(at, at + len(anchor)))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Originally reported by Harbour Ledger", "Harbour Ledger"),
        ("The leak was first reported by The Meridian on Tuesday.", "The Meridian"),
        ("Harbour Ledger first reported the leak.", "Harbour Ledger"),
        ("That is so, according to an interview with Harbour Ledger.", "Harbour Ledger"),
        ("Roe told The Meridian that it leaked.", "The Meridian"),
        ("Roe told harbourledger.example that it leaked.", "harbourledger.example"),
        ("It leaks. (via Harbour Ledger)", "Harbour Ledger"),
        ("It leaks.\nSource: Tidewatch", "Tidewatch"),
        ("This story first appeared on tidewatch.example.", "tidewatch.example"),
        ("This article was originally published by Tidewatch.", "Tidewatch"),
        ("As Harbour Herald explains, it leaks.", "Harbour Herald"),
        ("It leaks.\nSources & Credits\nOriginally reported by Feed: Newest — Ann Lee\nBen Roe", "Newest — Ann Lee"),
    ],
)
def test_finds_the_credited_outlet(text: str, target: str) -> None:
    assert targets(text, "credit") == [target]


@pytest.mark.parametrize(
    "text",
    [
        "Study authors told reporters that it leaks.",
        "Roe told Smith that it leaks.",
        "It leaks, according to Jane Roe.",
        "The effect was first reported by Smith and colleagues in 2012.",
        "The illness was first reported in China.",
        "Photograph: Ines Marlow for The Meridian",
        "Source: Getty Images",
        "The study reported that it leaks.",
        "She told Congress so on Monday.",
    ],
)
def test_credits_nobody_where_no_outlet_is_credited(text: str) -> None:
    assert targets(text, "credit") == []


def test_span_holds_cue_and_name() -> None:
    text = "It leaks, Roe told The Meridian on Monday."
    (credit,) = found(text)
    assert text[credit.span.start : credit.span.end] == "told The Meridian"


def test_an_unknown_name_counts_when_it_is_linked() -> None:
    text = "Roe told Tidewatch that it leaks."
    assert targets(text, "credit") == []
    there = link(text, "Tidewatch", "https://tidewatch.example/2026/04/it-leaks")
    assert [credit.kind for credit in found(text, there)] == ["credit", "report-link"]


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        ("CALDER BAY (Harbour Wire) — It leaks.", "Harbour Wire"),
        ("Boston, Mass. (AP) - It leaks.", "AP"),
        ("(Reuters) - It leaks.", "Reuters"),
        ("It leaks.\n— Reuters", "Reuters"),
        ("It leaks.\nThe Associated Press contributed to this report.", "The Associated Press"),
        ("By Jane Roe, Associated Press\nIt leaks.", "Associated Press"),
        ("It leaks.\nCopyright 2026 Harbour Wire. All rights reserved.", "Harbour Wire"),
    ],
)
def test_finds_wire_marks(text: str, agency: str) -> None:
    assert targets(text, "wire") == [agency]


@pytest.mark.parametrize(
    "text", ["LONDON — It leaks.", "Jane Roe (D-Calif.) — a senator", "Photo: Jane Roe (AP)", "© 2026 The Meridian"]
)
def test_marks_no_wire_where_no_agency_stands(text: str) -> None:
    assert targets(text, "wire") == []


@pytest.mark.parametrize(
    ("anchor", "url", "kind"),
    [
        ("here", "https://doi.org/10.1000/182", "paper-link"),
        ("here", "https://shelf.example/abs/2603.04417v1", "paper-link"),
        ("preprint", "https://lab.example/files/echo", "paper-link"),
        ("here", "https://ledger.example/2026/04/it-leaks", "report-link"),
        ("a study", "https://ledger.example/2026/04/02/it-leaks", "report-link"),
    ],
)
def test_tells_papers_from_reports(anchor: str, url: str, kind: str) -> None:
    text = f"It leaks, see {anchor}."
    assert [(credit.kind, credit.target) for credit in found(text, link(text, anchor, url))] == [(kind, url)]


@pytest.mark.parametrize(
    "url",
    [
        "https://ledger.example/",
        "https://ledger.example/tag/sea-level-rise-news",
        "https://www.facebook.com/some-long-page-name",
        "https://en.wikipedia.org/wiki/Sea_level_rise",
        "mailto:a@b.example",
        "http://[broken",
    ],
)
def test_other_links_are_no_sources(url: str) -> None:
    text = "It leaks, see here."
    assert found(text, link(text, "here", url)) == []


def test_a_link_without_a_place_stands_at_its_anchor() -> None:
    text = "It leaks, see report."
    (credit,) = found(text, Link(url="https://ledger.example/2026/04/it-leaks", anchor="report", span=None))
    assert text[credit.span.start : credit.span.end] == "report"


@pytest.mark.parametrize(
    "text",
    [
        "Produced with AI assistance and reviewed by our editors.",
        "This article was generated by AI and reviewed by a human editor.",
        "Our newsroom used generative AI to translate this article.",
    ],
)
def test_finds_notes_on_ai_help(text: str) -> None:
    assert [credit.kind for credit in found(text)] == ["ai-note"]


@pytest.mark.parametrize(
    "text",
    [
        "The images were generated by AI and fooled people.",
        "Generated by AI, the clips spread.",
        "Scammers wrote the letters with ChatGPT.",
        "The team used AI to read the scans.",
    ],
)
def test_news_about_ai_is_no_note(text: str) -> None:
    assert targets(text, "ai-note") == []


@given(st.text(max_size=300))
def test_spans_lie_inside_any_text(text: str) -> None:
    assert all(0 <= credit.span.start <= credit.span.end <= len(text) for credit in found(text))


@pytest.mark.parametrize("unit", ["A ", "Aa.", "(A", "told The ", "AI by ", "\n", "©", "via Via ", "By A, "])
def test_hostile_text_takes_linear_time(unit: str) -> None:
    short, long = unit * (20_000 // len(unit)), unit * (80_000 // len(unit))
    started = perf_counter()
    found(short)
    middle = perf_counter()
    found(long)
    assert perf_counter() - middle < 12 * (middle - started) + 1
