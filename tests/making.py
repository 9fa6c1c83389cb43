"""Builders of small records for the tests of the storage half."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from bench import makings
from kb.claims import Source, Speaker, Study
from kb.connections import Connection, connect
from kb.fulltext import make_fulltext
from kb.records import Article, Extraction, Outcome, Passage, Quote, Snapshot, Span, Text, Tool
from kb.store import RecordStore
from kb.text import selector_for, words_digest
from kb.warc import Capture

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
EXTRACT = Tool(name="extract", version="1")
ANNOTATE = Tool(name="annotate", version="1")


def study(**changes: object) -> Study:
    plain = Study(
        slug="tides",
        title="Tides",
        aliases=(),
        since=None,
        until=None,
        contact=None,
        documents=(),
        speakers=(),
        quotes=(),
        claims=(),
        sources=(),
        schedule=None,
        alerts=(),
    )
    return attrs.evolve(plain, **changes)


def speaker(slug: str, name: str, *aliases: str) -> Speaker:
    return Speaker(slug=slug, name=name, aliases=aliases, affiliation=None, role=None)


def source(slug: str, *domains: str) -> Source:
    return Source(slug=slug, name=slug, domains=domains, kind="press", country=None, language=None)


def capture(
    body: bytes = b"<p>Tides rise.</p>", url: str = "https://ledger.example/tides", **changes: object
) -> Capture:
    plain = Capture(
        requested_url=url,
        final_url=url,
        fetched_at=NOON,
        status=200,
        reason="OK",
        headers=(("Content-Type", "text/html; charset=utf-8"), ("ETag", '"a1"')),
        body=body,
        media_type="text/html",
        charset="utf-8",
        via="live",
        source="ledger",
    )
    return attrs.evolve(plain, **changes)


def snapshot(url: str = "https://ledger.example/tides", hours: int = 0, body: str = "sha256:00") -> Snapshot:
    plain = makings.snapshot(Article(source="ledger", canonical_url=url), NOON + timedelta(hours=hours), "")
    return attrs.evolve(plain, body_sha256=body)


def extraction(
    held: Snapshot, article: Article, text: Text, *, tool: Tool = EXTRACT, published: datetime | None = NOON
) -> Extraction:
    return Extraction(
        snapshot=held.id,
        tool=tool.id,
        article=article.id,
        text=text.id,
        title="Tides",
        bylines=("Ann Wu",),
        published_at=published,
        published_precision="minute" if published else "unknown",
        published_raw=None,
        modified_at=None,
        truncated=False,
        links=(),
    )


def passage(text: Text, words: str, ordinal: int = 0, tool: Tool = ANNOTATE) -> Passage:
    start = text.text.index(words)
    return Passage(
        text=text.id,
        start=start,
        end=start + len(words),
        tool=tool.id,
        ordinal=ordinal,
        words_sha256=words_digest(words),
    )


def quote(text: Text, words: str, speaker_name: str | None = None, tool: Tool = ANNOTATE) -> Quote:
    start = text.text.index(words)
    content = Span(start, start + len(words))
    return Quote(
        text=text.id,
        content=content,
        tool=tool.id,
        form="direct",
        pieces=(content,),
        cue=None,
        speaker=None,
        speaker_name=speaker_name,
        affiliation=None,
        selector=selector_for(text.text, content),
        words_sha256=words_digest(words),
        confidence=0.9,
    )


def outcome(stage: str, key: str, tool: Tool, *, status: str = "done", tries: int = 1) -> Outcome:
    return Outcome(stage=stage, input=key, tool=tool.id, status=status, code="", tries=tries, duration_ms=1.5)  # type: ignore[arg-type]


def hold(
    store: RecordStore,
    url: str,
    sentences: Iterable[str],
    said: Iterable[tuple[str, str | None]] = (),
    *,
    hours: int = 0,
    published: datetime | None = NOON,
) -> Extraction:
    """One article as a build leaves it: captured, extracted, annotated, active."""
    sentences = tuple(sentences)
    text = Text(text=" ".join(sentences), language="en")
    article = Article(source=url.split("/")[2], canonical_url=url)
    held = snapshot(url, hours)
    read = extraction(held, article, text, published=published)
    passages = [passage(text, words, number) for number, words in enumerate(sentences)]
    quotes = [quote(text, words, name) for words, name in said]
    wordings = {words_digest(words): words for words in (*sentences, *(words for words, _ in said))}
    store.add_snapshot(held)
    store.register([EXTRACT, ANNOTATE])
    store.commit(outcome("extract", held.id, EXTRACT), [article, text, read])
    store.commit(outcome("annotate", text.id, ANNOTATE), [*passages, *quotes], wordings)
    store.activate("extract", EXTRACT.id, {"extractions": EXTRACT.id})
    store.activate("annotate", ANNOTATE.id, {"passages": ANNOTATE.id, "quotes": ANNOTATE.id})
    return read


def connection(store: RecordStore) -> Connection:
    """As a search opens it, for the tests of what it reads; the caller closes it."""
    make_fulltext(store)
    url = store.engine.url
    return connect(url.render_as_string(hide_password=False), Path(url.database or ""))
