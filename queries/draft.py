"""A reporter's draft, read and annotated as if it were an article, to be held against the coverage."""

from datetime import datetime
from pathlib import Path
from typing import Any

import attrs

from kb import align
from kb.claims import Source
from kb.coverage import Coverage, Retelling
from kb.decode import decode, is_binary
from kb.embed import Embedder
from kb.errors import UserError
from kb.extract import read_page
from kb.records import Alignment, Article, Extraction, Snapshot, Text, sha256
from kb.rejected import Rejected
from kb.stages import AnnotateStage
from kb.text import normalise
from queries import word
from queries.documents import PLAIN_SUFFIXES, looks_like_html
from queries.markdown import plain
from queries.word import is_word

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error


def media_type_of(name: str, body: bytes) -> str:
    """By the name's suffix, else by the look; what is not HTML is Markdown, as most unnamed drafts are."""
    suffix = Path(name).suffix.lower()
    if suffix in (".html", ".htm", ".xhtml"):
        return "text/html"
    if is_word(body):
        return WORD
    return PLAIN_SUFFIXES.get(suffix) or ("text/html" if looks_like_html(body) else "text/markdown")


def retelling(name: str, body: bytes, spacy_model: str, at: datetime) -> Retelling:
    """A draft as if it were an article: text, Markdown, HTML or Word, annotated like captured pages."""
    media_type = media_type_of(name, body)
    words = body
    if media_type == "text/markdown" and not is_binary(body):
        words = plain(decode(body, None)).encode()
    elif media_type == WORD:
        words = word.plain(name, body).encode()
    page = read_page(words, url=None, media_type="text/plain" if media_type == WORD else media_type)
    if isinstance(page, Rejected):
        raise UserError(f"{name}: no text to check ({page.code}{': ' + page.detail if page.detail else ''})")
    text = Text(text=normalise(page.text), language=page.language)
    snapshot = _as_capture(name, body, media_type, at)
    article = Article(source="draft", canonical_url=name)
    extraction = Extraction(
        snapshot=snapshot.id,
        tool="",
        article=article.id,
        text=text.id,
        title=page.title,
        bylines=page.bylines,
        published_at=None,
        published_precision="unknown",
        published_raw=None,
        modified_at=None,
        truncated=False,
        links=page.links,
    )
    kinds: dict[str, list[Any]] = {}
    for record in AnnotateStage(spacy_model).run(text).records:
        kinds.setdefault(type(record).__name__, []).append(record)
    return Retelling(
        article=article,
        source=Source(slug="draft", name=name, domains=(), kind="press", country=None, language=None),
        snapshot=snapshot,
        extraction=extraction,
        text=text,
        passages=tuple(kinds.get("Passage", ())),
        quotes=tuple(kinds.get("Quote", ())),
        quantities=tuple(kinds.get("Quantity", ())),
        credits=(),
    )


def _as_capture(name: str, body: bytes, media_type: str, at: datetime) -> Snapshot:
    return Snapshot(
        requested_url=name,
        fetched_at=at,
        body_sha256=sha256(body),
        final_url=name,
        status=200,
        media_type=media_type,
        charset=None,
        etag=None,
        last_modified=None,
        warc="",
        offset=0,
        via="file",
        source="draft",
    )


def with_alignments(embedder: Embedder, coverage: Coverage, draft: Retelling) -> Coverage:
    """The coverage with the draft's quotes laid against the reference quotes, as the pair stage does."""
    study = coverage.study
    wordings = {quote.words_sha256: quote.wording(draft.text.text) for quote in draft.quotes}
    if not wordings or not study.quotes:
        return coverage
    vectors = embedder.encode([*wordings.values(), *(quote.text for quote in study.quotes)])
    references = vectors[len(wordings) :]
    tool = align.tool(study)
    found: dict[str, tuple[Alignment, ...]] = dict(coverage.alignments)
    for (key, wording), vector in zip(wordings.items(), vectors, strict=False):
        near = {quote.slug: float(row @ vector) for quote, row in zip(study.quotes, references, strict=True)}
        found[key] = tuple(align.alignments(study, key, wording, tool, near))
    return attrs.evolve(coverage, alignments=found)
