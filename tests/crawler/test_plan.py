from datetime import UTC, date, datetime, timedelta

import attrs
from loopback import make_study

from crawler.addresses import key
from crawler.frontier import Frontier, Lead
from crawler.plan import from_json, plan, source_of, to_json, user_agent
from kb.claims import Document, Source
from kb.settings import CrawlSettings, Settings
from kb.store import Known

NOW = datetime(2026, 5, 1, tzinfo=UTC)
PRESS = Source(
    slug="a", name="A", domains=("a.example",), kind="press", country=None, language="en",
    feeds=("http://a.example/feed",), pages=("http://a.example/science/",), sitemaps=("http://a.example/map.xml",),
)  # fmt: skip
BLOG = attrs.evolve(PRESS, slug="b", domains=("blog.a.example",), feeds=(), pages=(), sitemaps=())
PAPER = Document(slug="v1", title="T", url="http://lab.example/paper", published_at=None)
STUDY = attrs.evolve(make_study(PRESS, BLOG, documents=(PAPER,)), since=date(2026, 4, 1))


def known(age_days: float, snapshot: str = "s1") -> Known:
    return Known(
        etag='"e"',
        last_modified=None,
        fetched_at=NOW,
        first_fetched_at=NOW - timedelta(days=age_days),
        body_sha256="sha256:0",
        snapshot_id=snapshot,
    )


def test_plan_survives_json() -> None:
    made = plan(STUDY, Settings(), {"http://a.example/x": known(1)}, NOW)
    assert from_json(to_json(made)) == made


def test_seeds_are_documents_then_each_sources_ways_in() -> None:
    kinds = [seed.kind for seed in plan(STUDY, Settings(), {}, NOW).seeds]
    assert kinds == ["document", "page", "sitemap", "feed", "robots"]


def test_known_pages_are_due_within_the_revisit_window() -> None:
    made = plan(STUDY, Settings(), {"http://a.example/new": known(1), "http://a.example/old": known(15, "s2")}, NOW)
    assert {name: held.due for name, held in made.held.items()} == {"a.example/new": True, "a.example/old": False}


def test_both_addresses_of_a_redirect_are_one_capture() -> None:
    made = plan(STUDY, Settings(), {"http://a.example/short": known(1), "http://a.example/long-one": known(1)}, NOW)
    assert {held.url for held in made.held.values()} == {"http://a.example/short"}


def test_longest_domain_names_the_source() -> None:
    domains = plan(STUDY, Settings(), {}, NOW).domains
    hosts = ("www.a.example", "blog.a.example", "aa.example")
    assert [source_of(domains, f"https://{host}/x")[0] for host in hosts] == ["a", "b", None]


def test_user_agent_cannot_be_split_by_the_contact() -> None:
    assert "\n" not in user_agent("me@example.org\r\nX-Evil: 1")


def lead(url: str, **fields: object) -> Lead:
    return Lead(**{"url": url, "kind": "page", "source": "a", **fields})  # type: ignore[arg-type]


def test_frontier_asks_each_spelling_once_and_offers_the_other_after_a_failure() -> None:
    frontier = Frontier(plan(STUDY, Settings(), {}, NOW))
    assert frontier.offer(lead("http://a.example/x")).outcome == "ask"
    assert frontier.offer(lead("https://www.a.example/x/")).outcome == "double"
    assert frontier.other_spelling("http://a.example/x") == "https://www.a.example/x/"
    assert frontier.other_spelling("http://a.example/x") is None


def test_frontier_does_not_ask_what_an_interrupted_crawl_fetched() -> None:
    made = plan(STUDY, Settings(), {"http://a.example/x": known(1)}, NOW)
    assert Frontier(made, settled=["s1"]).offer(lead("http://a.example/x")).outcome == "settled"
    assert Frontier(made).offer(lead("http://a.example/x")).outcome == "ask"


def test_frontier_leaves_dropped_pages_but_not_documents() -> None:
    frontier = Frontier(plan(STUDY, Settings(), {}, NOW), dropped=[key("http://a.example/x"), key(PAPER.url)])
    assert frontier.offer(lead("http://a.example/x")).outcome == "dropped-before"
    assert frontier.offer(lead(PAPER.url, kind="document")).outcome == "ask"


def test_window_has_some_slack_and_a_change_date_only_ends_it_below() -> None:
    frontier = Frontier(plan(attrs.evolve(STUDY, until=date(2026, 4, 30)), Settings(), {}, NOW))
    assert not frontier.outside_window(datetime(2026, 3, 30, tzinfo=UTC), dated=True)
    assert frontier.outside_window(datetime(2026, 3, 1, tzinfo=UTC), dated=False)
    assert frontier.outside_window(datetime(2026, 7, 1, tzinfo=UTC), dated=True)
    assert not frontier.outside_window(datetime(2026, 7, 1, tzinfo=UTC), dated=False)


def test_feed_with_a_query_becomes_a_seed_for_each_query_and_its_host_is_asked_one_at_a_time() -> None:
    study = attrs.evolve(make_study(), feeds=("https://search.example:8443/rss?q={query}", "http://all.example/feed"))
    made = plan(study, Settings(crawl=CrawlSettings(queries=2)), {}, NOW)
    assert [(seed.url, seed.kind, seed.source) for seed in made.seeds] == [
        ("https://search.example:8443/rss?q=%22Glass+Echo%22", "feed", None),
        ("https://search.example:8443/rss?q=%22Imke+Vale%22+%22Glass+Echo%22", "feed", None),
        ("http://all.example/feed", "feed", None),
    ]
    assert made.searched == ("search.example",)


def test_source_without_ways_in_is_asked_for_its_sitemaps_where_a_window_bounds_them() -> None:
    bare = attrs.evolve(PRESS, feeds=(), pages=(), sitemaps=())
    bounded = attrs.evolve(make_study(bare), since=date(2026, 4, 1))
    assert [(seed.url, seed.kind) for seed in plan(bounded, Settings(), {}, NOW).seeds] == [
        ("https://a.example/robots.txt", "robots")
    ]
    assert plan(make_study(bare), Settings(), {}, NOW).seeds == ()
    primary = attrs.evolve(bounded, sources=(attrs.evolve(bare, kind="primary"),))
    assert plan(primary, Settings(), {}, NOW).seeds == ()


def test_moved_window_makes_the_crawl_look_at_dropped_pages_again() -> None:
    digests = [
        plan(attrs.evolve(STUDY, since=day), Settings(), {}, NOW).terms_digest
        for day in (date(2026, 4, 1), date(2026, 4, 1), date(2026, 3, 1))
    ]
    assert digests[0] == digests[1] != digests[2]
