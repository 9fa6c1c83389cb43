"""What the asking commands do: narrow a search, check a draft, trace, render a report."""

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from kb import align
from kb import quotes as quoting
from kb.errors import Rejected, UserError
from kb.extract import read_page
from kb.reader import Filter
from kb.records import (
    Alignment,
    Article,
    Coverage,
    Extraction,
    Retelling,
    Snapshot,
    Source,
    Study,
    Text,
    rfc3339,
    sha256,
)
from kb.stages import AnnotateStage
from kb.text import normalise
from kb.workspace import Workspace
from queries import report
from queries.check import Finding, Rule, check_draft
from queries.documents import PLAIN_SUFFIXES
from queries.job import findings, now
from queries.search import Hit, Mode, Searcher, to_json
from queries.trace import Trace
from queries.trace import trace as trace_coverage

_AGO = re.compile(r"(\d{1,4})([hdwmy])")
_UNITS = {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "m": timedelta(days=30),
    "y": timedelta(days=365),
}


@attrs.frozen(kw_only=True)
class Answer:
    """What a search gave."""

    hits: tuple[Hit, ...]
    plain: Mapping[str, object]
    """CONTRACT's `search` shape."""


def moment(given: str | None, at: datetime) -> datetime | None:
    """`2026-04-01`, an RFC 3339 time, or so long ago: `36h`, `10d`, `2w`, `3m`, `1y`."""
    if given is None:
        return None
    if ago := _AGO.fullmatch(given):
        return at - int(ago[1]) * _UNITS[ago[2]]
    try:
        read = datetime.fromisoformat(given)
    except ValueError as error:
        raise UserError(f"{given!r} is no day: write 2026-04-01, or 2w for two weeks back (h, d, w, m, y)") from error
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def narrowed(
    study: Study, *, speaker: str | None, source: str | None, since: str | None, until: str | None, kind: str | None
) -> Filter:
    """The filter that the options of `search` describe."""
    known = next((s for s in study.speakers if speaker in (s.slug, s.name, *s.aliases)), None)
    names = (known.name, *known.aliases) if known else (speaker,) if speaker else None
    at = now()
    return Filter(kind=kind, speaker=names, source=source, since=moment(since, at), until=moment(until, at))


def search(workspace: Workspace, query: str, k: int, mode: Mode, within: Filter) -> Answer:
    """The best wordings for a query."""
    started = time.perf_counter()
    searcher = Searcher(
        reader=workspace.reader,
        index=lambda: workspace.index,
        lexical=workspace.lexical,
        encode=workspace.embedder.encode,
        embed_tool=workspace.embedder.tool.id,
        study=workspace.study,
    )
    hits = searcher.search(query, k=k, mode=mode, narrowed=within)
    return Answer(hits=hits, plain=to_json(query, mode, (time.perf_counter() - started) * 1000, hits))


def quotes(workspace: Workspace) -> Iterator[Mapping[str, Any]]:
    """Every quote of the coverage with where it stands: an `extract` quote and its article."""
    for retelling in workspace.reader.coverage(workspace.study).retellings:
        published = retelling.extraction.published_at
        for quote in retelling.quotes:
            yield {
                "id": quote.id,
                "url": retelling.article.canonical_url,
                "source": retelling.source.slug,
                "title": retelling.extraction.title,
                "published_at": rfc3339(published) if published else None,
                "snapshot": retelling.snapshot.body_sha256,
                **quoting.to_json(retelling.text.text, quote),
            }


def rules(given: str) -> frozenset[Rule]:
    """The rules that `--fail-on` names."""
    names = [name.strip() for name in given.split(",") if name.strip()]
    if "any" in names:
        return frozenset(Rule)
    unknown = sorted(set(names) - set(Rule))
    if unknown:
        raise UserError(f"--fail-on: no rule {unknown[0]!r}; there are: any, {', '.join(Rule)}")
    return frozenset(Rule(name) for name in names)


def check(workspace: Workspace, draft: str | None, stdin: Any = None) -> tuple[Finding, ...]:
    """Findings over the knowledge base, or over a draft held against it."""
    if draft is None:
        return findings(workspace)[1]
    body = stdin.read() if draft == "-" else _read(Path(draft))
    coverage = workspace.reader.coverage(workspace.study)
    retelling = draft_retelling(draft, body, workspace.settings.spacy_model)
    return check_draft(retelling, _with_alignments(workspace, coverage, retelling))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error


def draft_retelling(name: str, body: bytes, spacy_model: str) -> Retelling:
    """A draft as if it were an article: text, Markdown or HTML, annotated like captured pages."""
    media_type = PLAIN_SUFFIXES.get(
        Path(name).suffix.lower(), "text/html" if b"<html" in body[:4000].lower() else "text/plain"
    )
    page = read_page(body, url=None, media_type=media_type)
    if isinstance(page, Rejected):
        raise UserError(f"{name}: no text to check ({page.code}{': ' + page.detail if page.detail else ''})")
    text = Text(text=normalise(page.text), language=page.language)
    snapshot = Snapshot(
        requested_url=name,
        fetched_at=now(),
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


def _with_alignments(workspace: Workspace, coverage: Coverage, draft: Retelling) -> Coverage:
    """The coverage with the draft's quotes laid against the reference quotes, as the pair stage does."""
    study = workspace.study
    wordings = {quote.words_sha256: quote.wording(draft.text.text) for quote in draft.quotes}
    if not wordings or not study.quotes:
        return coverage
    vectors = workspace.embedder.encode([*wordings.values(), *(quote.text for quote in study.quotes)])
    references = vectors[len(wordings) :]
    tool = align.tool(study)
    found: dict[str, tuple[Alignment, ...]] = dict(coverage.alignments)
    for (key, wording), vector in zip(wordings.items(), vectors, strict=False):
        near = {quote.slug: float(row @ vector) for quote, row in zip(study.quotes, references, strict=True)}
        found[key] = tuple(align.alignments(study, key, wording, tool, near))
    return attrs.evolve(coverage, alignments=found)


def trace(workspace: Workspace, subject: str | None) -> Trace:
    """The source tree of a quote, a claim or the study."""
    coverage = workspace.reader.coverage(workspace.study)
    known = [entry.slug for entry in (*coverage.study.quotes, *coverage.study.claims)]
    if subject not in (None, *known):
        raise UserError(f"no quote or claim {subject!r} in claims.yaml; there are: {', '.join(known) or 'none'}")
    return trace_coverage(coverage, subject)


def render(view: report.ReportView, form: str) -> str:
    """The report as `html`, `md` or `json`."""
    match form:
        case "md":
            return report.render_markdown(view)
        case "json":
            return report.render_json(view)
        case _:
            return report.render_html(view)
