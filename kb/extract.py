"""A captured body -> its article's text and what the page says about it, or the reason why there is none."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from importlib.metadata import version

import attrs
from lxml.html import HtmlElement

from kb.blocks import Block, read_blocks
from kb.body import read_body
from kb.dates import Moment, first_sane
from kb.decode import decode, is_binary, is_markup, parse
from kb.language import guess_language
from kb.metadata import Metadata, read_metadata
from kb.notices import notices
from kb.outlinks import base_url, outbound_links
from kb.records import Article, Extraction, Link, Precision, Snapshot, Text, Tool
from kb.rejected import Code, Rejected
from kb.text import normalise

MAX_BYTES = 10_000_000
"""Larger bodies are not parsed: the largest of the development pages has 2.4 MB."""
MAX_CHARS = 1_000_000
"""Visible characters beyond which a page is a book or a trap; 100,000 paragraphs would take minutes."""

TOOL = Tool(
    name="retold-extract",
    version="3",
    params={"trafilatura": version("trafilatura"), "htmldate": version("htmldate"), "max_bytes": MAX_BYTES},
)

_PLAIN = frozenset({"text/plain", "text/markdown", "text/x-markdown"})
_PAGES = frozenset(
    {"", "text/html", "application/xhtml+xml", "application/octet-stream", "text/xml", "application/xml"}
)


@attrs.frozen(kw_only=True)
class Page:
    """An article as one page gives it."""

    canonical_url: str | None
    """The address the page names as its own, else the one it was read from; None where neither is known."""
    title: str | None
    bylines: tuple[str, ...]
    """Names of persons."""
    published_at: datetime | None
    published_precision: Precision
    published_raw: str | None
    published_on: date | None
    """The calendar day as the page has it: near midnight another than that of `published_at`, which is UTC."""
    modified_at: datetime | None
    modified_precision: Precision
    modified_raw: str | None
    language: str
    text: str
    """Normalised; paragraphs on lines of their own; the title only where it is part of the running text."""
    truncated: bool
    """The page shows only a part of the article (paywall, teaser)."""
    site_name: str | None
    section: str | None
    license: str | None
    links: tuple[Link, ...]


def read_page(
    body: bytes,
    *,
    url: str | None,
    charset: str | None = None,
    media_type: str = "text/html",
    fetched_at: datetime | None = None,
    max_bytes: int = MAX_BYTES,
) -> Page | Rejected:
    """The article of a body, whatever its bytes; dates after `fetched_at` (by more than two days) are dropped."""
    media_type = media_type.partition(";")[0].strip().lower()
    if problem := _unreadable(body, media_type, max_bytes):
        return problem
    text = decode(body, charset)
    if not text.strip():
        return Rejected(code=Code.EMPTY)
    if media_type in _PLAIN and not is_markup(body):
        return _plain_page(text, url)
    tree = parse(text)
    if tree is None:
        return Rejected(code=Code.NO_ARTICLE, detail="no elements")
    return _html_page(tree, url, fetched_at)


def extract(snapshot: Snapshot, body: bytes, source_slug: str) -> tuple[Article, Text, Extraction] | Rejected:
    """The records of a capture. What the feed said stands in where the page says nothing."""
    if snapshot.status >= 400:
        return Rejected(code=Code.HTTP_ERROR, detail=str(snapshot.status))
    page = read_page(
        body,
        url=snapshot.final_url,
        charset=snapshot.charset,
        media_type=snapshot.media_type,
        fetched_at=snapshot.fetched_at,
    )
    if isinstance(page, Rejected):
        return page
    article = Article(source=source_slug, canonical_url=page.canonical_url or snapshot.final_url)
    text = Text(text=page.text, language=page.language)
    published = _best_date(page, snapshot)
    extraction = Extraction(
        snapshot=snapshot.id,
        tool=TOOL.id,
        article=article.id,
        text=text.id,
        title=_best_title(page, snapshot),
        bylines=page.bylines,
        published_at=published.at if published else None,
        published_precision=published.precision if published else "unknown",
        published_raw=published.raw if published else None,
        modified_at=page.modified_at,
        modified_precision=page.modified_precision,
        modified_raw=page.modified_raw,
        site_name=page.site_name,
        section=page.section,
        license=page.license,
        truncated=page.truncated,
        links=page.links,
    )
    return article, text, extraction


def _best_title(page: Page, snapshot: Snapshot) -> str | None:
    """The page's own title; for plain text, whose first line may be a byline, what came with it goes first."""
    fed = normalise(snapshot.feed_title or "") or None
    return (fed or page.title) if snapshot.media_type in _PLAIN else (page.title or fed)


def _best_date(page: Page, snapshot: Snapshot) -> Moment | None:
    """The page's date; the feed's where the page has none or less than a day, or the feed knows the time of its day."""
    fed = first_sane([snapshot.feed_published], snapshot.fetched_at)
    if page.published_at is None or page.published_on is None:
        return fed
    own = Moment(
        at=page.published_at,
        precision=page.published_precision,
        raw=page.published_raw or "",
        day=page.published_on,
    )
    vague = own.precision in {"month", "year"}
    finer = own.precision == "day" and fed is not None and fed.precision != "day" and fed.day == own.day
    return fed if fed and (vague or finer) else own


def _unreadable(body: bytes, media_type: str, max_bytes: int) -> Rejected | None:
    if not body:
        return Rejected(code=Code.EMPTY)
    if len(body) > max_bytes:
        return Rejected(code=Code.TOO_LARGE, detail=f"{len(body)} bytes")
    if is_binary(body):
        return Rejected(code=Code.NOT_HTML, detail="binary")
    if media_type not in _PAGES | _PLAIN and not is_markup(body):
        return Rejected(code=Code.NOT_HTML, detail=media_type)
    if body.lstrip()[:1] in {b"{", b"["} and media_type not in _PLAIN:
        return Rejected(code=Code.NOT_HTML, detail="json")
    return None


def _plain_page(text: str, url: str | None) -> Page | Rejected:
    text = normalise(text)
    title, rest = _first_line_title(text)
    return Page(
        canonical_url=url,
        title=title,
        bylines=(),
        published_at=None,
        published_precision="unknown",
        published_raw=None,
        published_on=None,
        modified_at=None,
        modified_precision="unknown",
        modified_raw=None,
        language=guess_language(text),
        text=rest,
        truncated=False,
        site_name=None,
        section=None,
        license=None,
        links=(),
    )


def _first_line_title(text: str) -> tuple[str | None, str]:
    """A Markdown heading, or a short first line without a full stop that an empty line sets apart; and the rest."""
    first, _, rest = text.partition("\n")
    if first.startswith("# ") and rest.strip():
        return first[2:].strip() or None, rest.strip()
    apart = rest.startswith("\n") and len(rest.split()) > len(first.split())
    if (
        apart
        and 2 <= len(first.split()) <= 25
        and first[-1] not in ".,;:"
        and not first.startswith(('"', "“", "-", "*", ">"))
    ):
        return first, rest.strip()
    return None, text


def _html_page(tree: HtmlElement, url: str | None, fetched_at: datetime | None) -> Page | Rejected:
    blocks = list(read_blocks(tree))
    if sum(len(block.text) for block in blocks) > MAX_CHARS:
        return Rejected(code=Code.TOO_LARGE, detail="text")
    meta = read_metadata(tree, blocks, url=url, fetched_at=fetched_at)
    body = read_body(tree, meta, blocks, url=url)
    if isinstance(body, Rejected):
        return body
    text = normalise("\n".join([*body.paragraphs, *_notes_beside(blocks, body.paragraphs)]))
    published, modified = meta.published, meta.modified
    return Page(
        canonical_url=meta.canonical_url or url,
        title=meta.title,
        bylines=meta.bylines,
        published_at=published.at if published else None,
        published_precision=published.precision if published else "unknown",
        published_raw=published.raw if published else None,
        published_on=published.day if published else None,
        modified_at=modified.at if modified else None,
        modified_precision=modified.precision if modified else "unknown",
        modified_raw=modified.raw if modified else None,
        language=_language(meta, text),
        text=text,
        truncated=body.truncated,
        site_name=meta.site_name,
        section=meta.section,
        license=meta.license,
        links=outbound_links(blocks, text, base=base_url(tree, url)),
    )


def _notes_beside(blocks: Sequence[Block], paragraphs: Sequence[str]) -> Iterator[str]:
    """Corrections that a page prints outside of its article: in a box above it, an aside, a foot."""
    told = " ".join("\n".join(paragraphs).split())
    plain = [block for block in blocks if not block.anchors or _linked(block) < HALF]
    for number, block in enumerate(plain):
        if len(block.text.split()) < NOTE_WORDS or block.text in told:
            continue
        label = plain[number - 1].text if number and plain[number - 1].text not in told else ""
        for lines in (block.text, f"{label}\n{block.text}"):
            found = notices(lines)
            if len(found) == 1 and found[0].owns_up and found[0].span.end == len(lines):
                yield lines
                break


def _linked(block: Block) -> float:
    return sum(anchor.end - anchor.start for anchor in block.anchors) / len(block.text)


HALF = 0.5
"""Share of a block's characters in links from which on it is a teaser or a menu."""
NOTE_WORDS = 6
"""Words that a note has at least: a menu's `Corrections` is none."""


def _language(meta: Metadata, text: str) -> str:
    """What the words say, where they say anything: templates declare English on pages of any language."""
    guess = guess_language(text)
    return guess if guess != "und" else meta.language or "und"
