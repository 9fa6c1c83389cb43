"""Nobody speaks for an outlet but itself: not a page that its redirect leads to, not the feed of another."""

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from attacks import STORY, RawServer, page
from loopback import Answer, Site, make_source, make_study, run_crawl

OPEN = "/glass-echo-open-redirect"
FORGED = "/glass-echo-forged-story"
DATED = "<rss><channel><item><title>Glass Echo</title><link>{}</link><pubDate>{}</pubDate></item></channel></rss>"
EARLY = "Wed, 01 Apr 2026 06:00:00 GMT"


@pytest.fixture
def stranger() -> Iterator[RawServer]:
    made = RawServer({FORGED: page(STORY)})
    yield made
    made.close()


@pytest.fixture
def paper(site: Site, stranger: RawServer) -> Site:
    """An outlet with a redirect that leads anybody anywhere."""
    site.answers[OPEN] = Answer(status=302, headers={"Location": stranger.url(FORGED)})
    site.feed("/feed", OPEN)
    return site


def test_what_an_open_redirect_leads_to_is_not_the_outlets(paper: Site, stranger: RawServer, tmp_path: Path) -> None:
    stranger.acts["/search"] = page(DATED.format(paper.url(OPEN), EARLY).encode())
    study = attrs.evolve(make_study(make_source(paper, sitemaps=("/none",))), feeds=(stranger.url("/search"),))
    [kept] = run_crawl(study, tmp_path, allow_hosts=[stranger.host, paper.host]).snapshots
    assert (kept.final_url, kept.source) == (stranger.url(FORGED), None)


def test_what_the_outlet_itself_lists_is_the_outlets_wherever_it_lies(
    paper: Site, stranger: RawServer, tmp_path: Path
) -> None:
    study = make_study(make_source(paper, feeds=("/feed",)))
    [kept] = run_crawl(study, tmp_path, allow_hosts=[stranger.host]).snapshots
    assert (kept.final_url, kept.source) == (stranger.url(FORGED), "paper")


@pytest.mark.parametrize(("teller", "told"), [("gazette", None), ("paper", EARLY), (None, EARLY)])
def test_only_an_outlets_own_feed_or_the_studys_dates_its_article(
    site: Site, stranger: RawServer, tmp_path: Path, teller: str | None, told: str | None
) -> None:
    site.page("/glass-echo-story")
    listing = DATED.format(site.url("/glass-echo-story"), EARLY)
    site.answers["/feed"] = Answer(listing.encode())
    stranger.acts["/feed"] = page(listing.encode())
    feeds = ("/feed",) if teller == "paper" else ()
    gazette = attrs.evolve(make_source(site, "gazette"), domains=(stranger.host,), sitemaps=(stranger.url("/none"),))
    other = attrs.evolve(gazette, feeds=(stranger.url("/feed"),)) if teller == "gazette" else gazette
    own = attrs.evolve(make_source(site, feeds=feeds), sitemaps=() if feeds else (site.url("/none"),))
    study = attrs.evolve(
        make_study(own, *([other] if teller else [])), feeds=() if teller else (stranger.url("/feed"),)
    )
    [kept] = run_crawl(study, tmp_path, allow_hosts=[stranger.host, site.host]).snapshots
    assert (kept.source, kept.feed_published) == ("paper", told)


def test_an_outlet_that_moved_to_another_host_with_its_path_is_the_outlet(
    paper: Site, stranger: RawServer, tmp_path: Path
) -> None:
    paper.answers[FORGED] = Answer(status=301, headers={"Location": stranger.url(FORGED)})
    stranger.acts["/search"] = page(DATED.format(paper.url(FORGED), EARLY).encode())
    study = attrs.evolve(make_study(make_source(paper, sitemaps=("/none",))), feeds=(stranger.url("/search"),))
    [kept] = run_crawl(study, tmp_path, allow_hosts=[stranger.host, paper.host]).snapshots
    assert (kept.final_url, kept.source) == (stranger.url(FORGED), "paper")


def test_feed_of_the_study_on_the_host_of_a_source_speaks_for_no_source(
    site: Site, stranger: RawServer, tmp_path: Path
) -> None:
    site.page("/glass-echo-story")
    stranger.acts["/feed"] = page(DATED.format(site.url("/glass-echo-story"), EARLY).encode())
    gazette = attrs.evolve(make_source(site, "gazette"), domains=(stranger.host,), sitemaps=(stranger.url("/none"),))
    own = attrs.evolve(make_source(site), sitemaps=(site.url("/none"),))
    study = attrs.evolve(make_study(own, gazette), feeds=(stranger.url("/feed"),))
    [kept] = run_crawl(study, tmp_path, allow_hosts=[stranger.host, site.host]).snapshots
    assert (kept.source, kept.feed_published) == ("paper", EARLY)
