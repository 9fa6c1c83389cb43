from datetime import UTC, datetime

import pytest
from loopback import make_study

from crawler.onward import MAX_STRANGERS, Onward, links_onward
from crawler.pages import read_page
from crawler.plan import plan
from kb.claims import Document, Source
from kb.settings import Settings

PAPER = Document(slug="v1", title="T", url="https://arxiv.org/abs/2604.01234", published_at=None)


def source(slug: str) -> Source:
    return Source(slug=slug, name=slug, domains=(f"{slug}.example",), kind="press", country=None, language=None)


PLAN = plan(
    make_study(source("paper"), source("other"), documents=(PAPER,)), Settings(), {}, datetime(2026, 5, 1, tzinfo=UTC)
)


def onward(body: str, *, to_strangers: bool = True) -> list[Onward]:
    html = f"<html><body><article><h1>News</h1>{body}</article></body></html>"
    page = read_page(html.encode(), "utf-8", "text/html", "http://paper.example/a")
    assert page
    return list(links_onward(page, "http://paper.example/a", PLAN, to_strangers=to_strangers))


def reasons(body: str) -> list[str]:
    return [link.reason for link in onward(body)]


@pytest.mark.parametrize(
    "body",
    [
        "<p>This was originally reported by <a href='http://far.example/first-report-of-it'>Far News</a> then.</p>",
        "<p>As <a href='http://far.example/first-report-of-it'>originally reported by Far News</a>, it echoes.</p>",
        "<p>A long sentence of the article. (Via <a href='http://far.example/first-report-of-it'>Far</a>)</p>",
        "<p>Yesterday, <a href='http://far.example/first-report-of-it'>Far News</a> first reported the finding.</p>",
        "<p>“It echoes,” she told the <em><a href='http://far.example/first-report-of-it'>Far News</a></em> then.</p>",
    ],
)
def test_credited_report_is_followed_to_a_host_outside_claims_yaml(body: str) -> None:
    assert onward(body) == [
        Onward(url="http://far.example/first-report-of-it", reason="credited report", source=None, language=None)
    ]


@pytest.mark.parametrize(
    "body",
    [
        "<p>The team posted a <a href='http://osf.example/ab3de'>preprint</a> with all its conversations.</p>",
        "<p>The paper, which came out in <a href='http://osf.example/ab3de'>Letters on Echoes</a>, is short.</p>",
    ],
)
def test_linked_paper_is_followed_to_a_host_outside_claims_yaml(body: str) -> None:
    assert reasons(body) == ["linked paper"]


@pytest.mark.parametrize(
    "body",
    [
        "<p>The town has a <a href='http://far.example/best-soup-in-town'>soup</a> that we like to eat in winter.</p>",
        "<p>This was first reported by <a href='http://far.example/'>Far News</a>, which has a front page.</p>",
        "<p>Another story of <a href='/2026/04/soup-in-town'>ours</a> is about a soup in town and its cook.</p>",
        "<aside class='related'><a href='http://far.example/first-report-of-it'>originally reported by</a></aside>",
        "<p>This was first reported by <a href='mailto:a@far.example'>Far News</a> in the morning of Monday.</p>",
    ],
)
def test_other_links_are_left(body: str) -> None:
    assert reasons(body) == []


def test_hosts_outside_claims_yaml_are_left_when_they_are_not_wanted() -> None:
    body = "<p>Originally reported by <a href='http://far.example/first-report-of-it'>Far News</a> on Monday.</p>"
    assert onward(body, to_strangers=False) == []


def test_one_page_leads_to_few_hosts_outside_claims_yaml() -> None:
    body = "".join(
        f"<p>Reported by <a href='http://far{number}.example/first-report-of-it'>Far</a> on that day.</p>"
        for number in range(20)
    )
    assert len(onward(body)) == MAX_STRANGERS


def test_documents_and_other_sources_are_followed_wherever_they_stand_in_the_text() -> None:
    body = (
        "<p>See <a href='https://arxiv.org/pdf/2604.01234v2'>this</a> and <a href='http://other.example/a-b-c'>that</a>"
        " with a good many words around the two.</p>"
    )
    assert reasons(body) == ["the study's document", "another source's article"]


def test_within_a_source_only_what_is_on_the_topic_is_followed() -> None:
    body = (
        "<p>More: <a href='/2026/04/a-story-with-words'>Language models repeat invented citations</a> and more on"
        " <a href='/2026/04/the-glass-echo-team'>the team</a> with a good many words around the two of them.</p>"
        "<div class='related'><a href='/2026/05/glass-echo-again'>Again</a> <a href='/2026/05/soup'>Soup</a></div>"
    )
    assert [link.url.rsplit("/", 1)[1] for link in onward(body)] == [
        "a-story-with-words",
        "the-glass-echo-team",
        "glass-echo-again",
    ]
