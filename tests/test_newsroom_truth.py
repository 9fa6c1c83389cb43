"""The bundled newsroom says of itself only what is so."""

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from lxml import etree, html
from ruamel.yaml import YAML

from crawler.newsroom import find_file, load_sites

ROOM = Path(__file__).parents[1] / "examples" / "newsroom"
TRUTH: dict[str, Any] = YAML(typ="safe").load(ROOM / "truth.yaml")
CLAIMS: dict[str, Any] = YAML(typ="safe").load(ROOM / "claims.yaml")
SITES = load_sites(ROOM)
ARTICLES = {article["url"] for article in TRUTH["articles"]}
PAGES = ARTICLES | {*TRUTH["mentions"], *TRUTH["off_topic"]} | {page["url"] for page in TRUTH["not_articles"]}
FLOORS = {
    "altered-quote": 6,
    "truncated-quote": 4,
    "misattributed-quote": 4,
    "number-conflict": 5,
    "unsupported-paraphrase": 4,
    "misspelt-name": 4,
    "overstated": 2,
    "caveat-dropped": 1,
    "contradiction": 1,
    "affiliation-conflict": 1,
}


def spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def arrive(url: str) -> tuple[str, Path | None]:
    """The address without `www.`, tracking and fragment after redirects, and the file it is served from."""
    for _ in range(3):
        parts = urlsplit(url)
        site = SITES.get(parts.netloc)
        if site is None:
            return url, None
        query = f"{parts.path}?{parts.query}"
        location = site.redirects.get(query) or site.redirects.get(parts.path)
        if not location:
            return f"http://{parts.netloc.removeprefix('www.')}{parts.path}", find_file(site, parts.path)
        url = urljoin(url, location)
    return url, None


@cache
def tree(url: str) -> html.HtmlElement:
    file = arrive(url)[1]
    assert file is not None, url
    encoding = "windows-1252" if "futurefeed" in url else "utf-8"
    return html.document_fromstring(file.read_bytes(), parser=html.HTMLParser(encoding=encoding))


@cache
def visible(url: str) -> str:
    """What a reader sees of a page: everything in its body but scripts and styles."""
    pieces = tree(url).xpath("//body//text()[not(ancestor::script or ancestor::style)]")
    return spaced("".join(pieces))


def links(url: str, file: Path) -> set[str]:
    if file.suffix == ".xml":
        root = etree.parse(file)
        named = root.xpath("//*[local-name()='loc' or local-name()='link']/text() | //*[local-name()='link']/@href")
    else:
        named = tree(url).xpath("//body//a/@href")
    return {urljoin(url, str(link).strip()) for link in named}


def reachable() -> set[str]:
    found: set[str] = set()
    queue = [CLAIMS["study"]["url"], *(document["url"] for document in CLAIMS["study"]["documents"])]
    for source in CLAIMS["sources"]:
        queue += [*source.get("feeds", []), *source.get("sitemaps", []), *source.get("pages", [])]
    while queue:
        url, file = arrive(queue.pop())
        if url not in found and urlsplit(url).netloc in SITES:
            found.add(url)
            queue += links(url, file) if file else []
    return found


def stretches() -> list[tuple[str, str]]:
    """Every exact text of truth.yaml with the page that it stands on."""
    pairs = [(quote["url"], piece) for quote in TRUTH["quotes"] for piece in quote.get("pieces", [quote["text"]])]
    pairs += [(quote["url"], quote["speaker"]) for quote in TRUTH["quotes"] if quote["speaker"]]
    pairs += [(item["url"], item["text"]) for item in TRUTH["indirect"]]
    pairs += [(item["url"], words) for item in TRUTH["planted"] for words in (item["observed"], *item.get("also", []))]
    return pairs + [(item["url"], item["words"]) for item in TRUTH["traps"]]


def test_every_exact_text_stands_on_its_page() -> None:
    assert [(url, words) for url, words in stretches() if words not in visible(url)] == []


def test_pieces_of_a_quote_stand_in_order() -> None:
    split = [quote for quote in TRUTH["quotes"] if "pieces" in quote]
    for quote in split:
        places = [visible(quote["url"]).index(piece) for piece in quote["pieces"]]
        assert places == sorted(places)
        assert " ".join(quote["pieces"]) == quote["text"]
    assert len(split) >= 3


def test_every_page_can_be_reached_from_claims_yaml() -> None:
    assert sorted(PAGES - reachable()) == []


def test_every_served_html_file_is_in_the_truth() -> None:
    known = {file for url in PAGES if (file := arrive(url)[1])}
    assert sorted(set((ROOM / "sites").resolve().rglob("*.html")) - known) == []


def test_no_page_has_two_roles() -> None:
    roles = Counter([*ARTICLES, *TRUTH["mentions"], *TRUTH["off_topic"], *(p["url"] for p in TRUTH["not_articles"])])
    assert [url for url, count in roles.items() if count > 1] == []


@pytest.mark.parametrize("rule", FLOORS)
def test_enough_problems_are_planted(rule: str) -> None:
    assert Counter(item["rule"] for item in TRUTH["planted"])[rule] >= FLOORS[rule]


@pytest.mark.parametrize("rule", FLOORS)
def test_every_rule_has_a_trap(rule: str) -> None:
    assert rule in {item["rule"] for item in TRUTH["traps"]}


def test_no_trap_is_also_planted() -> None:
    planted = {(item["rule"], item["url"], item["observed"]) for item in TRUTH["planted"]}
    assert not planted & {(item["rule"], item["url"], item["words"]) for item in TRUTH["traps"]}


def test_problems_stand_on_articles_and_inherit_from_articles() -> None:
    assert {item["url"] for item in TRUTH["planted"]} <= ARTICLES
    assert {item["inherited_from"] for item in TRUTH["planted"] if item["inherited_from"]} <= ARTICLES


def test_subjects_and_references_are_in_claims_yaml() -> None:
    ids = {item["id"] for part in ("quotes", "claims", "speakers") for item in CLAIMS[part]}
    assert {item["subject"] for item in TRUTH["planted"] if item["subject"]} <= ids
    assert {quote["reference"] for quote in TRUTH["quotes"] if quote["reference"]} <= ids


def test_reference_quotes_stand_at_their_source() -> None:
    at_source = {
        quote["reference"]: quote["text"]
        for quote in TRUTH["quotes"]
        if quote["url"] in {q["source"] for q in CLAIMS["quotes"]}
    }
    wrong = [q["id"] for q in CLAIMS["quotes"] if at_source.get(q["id"]) != q["text"].rstrip(".")]
    assert wrong == []


def test_claim_sentences_stand_in_their_document() -> None:
    documents = {document["id"]: document["url"] for document in CLAIMS["study"]["documents"]}
    assert [c["id"] for c in CLAIMS["claims"] if c["exact"] not in visible(documents[c["document"]])] == []


def test_articles_come_in_order_of_publication() -> None:
    dated = [article["published"] for article in TRUTH["articles"] if article["published"]]
    assert dated == sorted(dated)


def test_a_copy_is_younger_than_what_it_copies() -> None:
    published = {article["url"]: article["published"] for article in TRUTH["articles"]}
    pairs = [
        (a["published"], published[parent]) for a in TRUTH["articles"] if a["published"] for parent in a["copied_from"]
    ]
    assert all(child > parent for child, parent in pairs)


def test_every_source_of_an_article_is_known() -> None:
    known = {source["id"] for source in CLAIMS["sources"]}
    unknown = {article["source"] for article in TRUTH["articles"]} - known
    assert unknown == {"northgate.example"}


def test_every_host_is_under_a_reserved_name() -> None:
    assert [host for host in SITES if not host.endswith(".example")] == []


def test_the_newsroom_stays_small() -> None:
    assert sum(path.stat().st_size for path in ROOM.rglob("*") if path.is_file()) < 600_000
