"""The Atom feed: read by a feed reader, with all that RFC 4287 demands, and with nothing of a page alive in it."""

from datetime import timedelta

import attrs
import feedparser
from hook import ASTONISHED, STAR, alerts
from lxml import etree
from making import NOON, study

from kb.claims import Document
from kb.tellings import Alert
from queries.feed import ENTRIES, atom

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = 'Naps <script>alert("x")</script> \x1b[31m \ufffe &amp; ]]>'


def read(*told: Alert) -> feedparser.FeedParserDict:
    return feedparser.parse(atom(study(), told, "0.1.0"))


def tree(*told: Alert) -> etree._Element:
    return etree.fromstring(atom(study(), told, "0.1.0").encode())


def test_feed_reader_reads_it():
    feed = read(ASTONISHED)
    assert not feed.bozo
    assert feed.version == "atom10"
    assert [entry.title for entry in feed.entries] == ["Altered quote: The Star"]


def test_feed_and_entries_have_what_the_standard_demands():
    root = tree(*alerts(3))
    for element in (root, *root.iter(f"{ATOM}entry")):
        assert [len(element.findall(f"{ATOM}{name}")) for name in ("id", "title", "updated")] == [1, 1, 1]
    assert root.find(f"{ATOM}author/{ATOM}name").text == "retold"


def test_ids_are_addresses_and_differ():
    ids = [element.text for element in tree(*alerts(5)).iter(f"{ATOM}id")]
    assert len(set(ids)) == 6
    assert all(name.startswith("urn:uuid:") for name in ids)


def test_entry_links_the_evidence():
    assert read(ASTONISHED).entries[0].link == STAR.url


def test_entry_shows_diff_and_reason():
    summary = read(ASTONISHED).entries[0].summary
    assert "<del>surprised</del> <ins>astonished</ins>" in summary
    assert "rule altered-quote" in summary


def test_entry_is_of_the_time_when_it_fired_and_of_its_kind():
    entry = read(ASTONISHED).entries[0]
    assert entry.updated == "2026-04-01T12:00:00+00:00"
    assert entry.tags[0].term == "altered-quote"


def test_alert_that_was_withdrawn_is_of_that_time_so_that_readers_replace_it():
    feed = read(attrs.evolve(ASTONISHED, withdrawn_at=NOON + timedelta(days=2)))
    assert feed.entries[0].updated == feed.feed.updated == "2026-04-03T12:00:00+00:00"


def test_latest_comes_first_and_the_oldest_drop_out():
    many = [attrs.evolve(a, fired_at=NOON + timedelta(hours=n)) for n, a in enumerate(alerts(ENTRIES + 2))]
    titles = [entry.title for entry in read(*many).entries]
    assert (titles[0], titles[-1], len(titles)) == (f"Number {ENTRIES + 1}", "Number 2", ENTRIES)


def test_page_text_is_escaped_twice_over_and_fit_for_xml():
    loud = attrs.evolve(
        ASTONISHED,
        title=HOSTILE,
        summary=HOSTILE,
        diff=(("added", HOSTILE),),
        places=(attrs.evolve(STAR, title=HOSTILE),),
    )
    root = tree(loud)
    shown = root.findtext(f"{ATOM}entry/{ATOM}summary")
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") == 3


def test_address_that_is_none_becomes_no_link():
    bad = attrs.evolve(ASTONISHED, places=(attrs.evolve(STAR, url="javascript:alert(1)"),))
    assert "javascript" not in atom(study(), [bad], "0.1.0")


def test_feed_links_the_study():
    paper = Document(slug="paper", title="Tides", url="https://papers.example/tides", published_at=None)
    assert feedparser.parse(atom(study(documents=(paper,)), [], "0.1.0")).feed.link == paper.url


def test_the_same_alerts_give_the_same_bytes():
    assert atom(study(), alerts(4), "0.1.0") == atom(study(), alerts(4), "0.1.0")


def test_feed_names_the_program_and_its_version():
    generator = tree(ASTONISHED).find(f"{ATOM}generator")
    assert (generator.text, generator.get("version")) == ("retold", "0.1.0")
