"""How one article retold the study: quotes and findings where they stand, what changed between captures. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

import attrs

from kb.coverage import Coverage, Retelling, Revision
from kb.errors import UserError
from kb.records import Form, Passage, Span
from kb.revisions import changes
from queries.placed import Placed, Print
from queries.views import PICTURE, CaptureView, Citation, Excerpt, FindingView, Moment, Parent, Piece, ToolView
from queries.wording import excerpt, word_diff


@attrs.frozen(kw_only=True)
class ArticleQuote:
    """Something that somebody says in the article."""

    number: int
    """From 1, in text order."""
    speaker: str | None
    form: Form
    excerpt: Excerpt
    subject: str
    """The reference quote that it prints; empty for none."""
    verdict: str
    """Empty for none."""
    label: str
    """The verdict in words."""
    diff: tuple[Piece, ...]


@attrs.frozen(kw_only=True)
class Stretch:
    """A run of the text within the same quotes and findings."""

    text: str
    quote: int | None
    """Number of the quote that it belongs to."""
    opens: bool
    """The quote begins here, with its first piece if it has several."""
    findings: tuple[int, ...]
    """Numbers of the report's findings that rest on it."""
    ended: tuple[int, ...]
    """Those whose passage ends with it."""


@attrs.frozen(kw_only=True)
class Change:
    """A sentence that was changed, put in or taken out."""

    label: str
    diff: tuple[Piece, ...]


@attrs.frozen(kw_only=True)
class RevisionView:
    """What a later capture has other than the one before it."""

    before_at: datetime
    before_snapshot: str
    after_at: datetime
    after_snapshot: str
    rewritten: bool
    """So much differs that the sentences cannot be told apart."""
    changes: tuple[Change, ...]


@attrs.frozen(kw_only=True)
class ArticleView:
    """What a report on one article shows. Its full text is for the web UI alone: a report is passed on."""

    study: str
    title: str
    """The study's."""
    citation: Citation
    bylines: tuple[str, ...]
    modified: Moment | None
    """When the article says that it was last changed."""
    language: str
    parents: tuple[Parent, ...]
    quotes: tuple[ArticleQuote, ...]
    claims: tuple[Print, ...] = attrs.field(metadata=PICTURE)
    """What it says of the study's claims."""
    findings: tuple[FindingView, ...]
    revisions: tuple[RevisionView, ...]
    captures: tuple[CaptureView, ...]
    tools: tuple[ToolView, ...]
    paragraphs: tuple[tuple[Stretch, ...], ...] = attrs.field(metadata=PICTURE)


def find(coverage: Coverage, address: str) -> Retelling:
    """The article with an address or id; UserError where the coverage has none."""
    for retelling in coverage.retellings:
        snapshot = retelling.snapshot
        if address in (
            retelling.article.id,
            retelling.article.canonical_url,
            snapshot.requested_url,
            snapshot.final_url,
        ):
            return retelling
    raise UserError(f"no article {address!r} in the coverage; `retold captures` lists the addresses")


def view(placed: Placed, retelling: Retelling, revisions: Sequence[Revision]) -> ArticleView:
    """`revisions`: those of this article, the oldest first."""
    key, report = retelling.article.id, placed.report
    row = placed.rows[key]
    prints = placed.prints.get(key, ())
    quotes = tuple(_quotes(retelling, prints))
    findings = placed.findings.get(key, ())
    extraction = retelling.extraction
    modified = extraction.modified_at
    return ArticleView(
        study=report.study,
        title=report.title,
        citation=row.citation,
        bylines=extraction.bylines,
        modified=Moment(at=modified, precision=extraction.modified_precision) if modified else None,
        language=retelling.text.language,
        parents=row.parents,
        quotes=quotes,
        claims=tuple(each for each in prints if each.thread.kind == "claim"),
        findings=findings,
        revisions=tuple(revision_view(each) for each in revisions),
        captures=_captures(placed, row.citation.capture),
        tools=report.tools,
        paragraphs=tuple(_paragraphs(retelling, findings)),
    )


def _captures(placed: Placed, number: int) -> tuple[CaptureView, ...]:
    """The report numbers its captures from 1, in order."""
    return placed.report.captures[number - 1 : number] if number else ()


def _quotes(retelling: Retelling, prints: Sequence[Print]) -> Iterator[ArticleQuote]:
    by_span = {
        (each.row.excerpt.start, each.row.excerpt.end): each
        for each in prints
        if each.row.excerpt and each.thread.kind == "quote"
    }
    for number, quote in enumerate(retelling.quotes, start=1):
        printed = by_span.get((quote.content.start, quote.content.end))
        yield ArticleQuote(
            number=number,
            speaker=quote.speaker_name,
            form=quote.form,
            excerpt=excerpt(retelling, quote.content),
            subject=printed.thread.slug if printed else "",
            verdict=printed.row.verdict or "" if printed else "",
            label=printed.row.label if printed else "",
            diff=printed.row.diff if printed else (),
        )


def revision_view(revision: Revision) -> RevisionView:
    """The titles and sentences that differ, in the order of the new text."""
    found = changes(revision)
    before, after = revision.before, revision.after
    listed: list[tuple[int, Change]] = []
    old, new = before.extraction.title or "", after.extraction.title or ""
    if old != new:
        listed.append((-1, Change(label="Headline", diff=word_diff(old, new, cut=True))))
    for change in found.changed:
        pieces = word_diff(_words(before, change.before), _words(after, change.after), cut=True)
        listed.append((change.after.start, Change(label="Changed", diff=pieces)))
    for gone in found.dropped:
        listed.append((gone.near.end, Change(label="Taken out", diff=(Piece("removed", _words(before, gone.before)),))))
    for come in found.added:
        listed.append((come.start, Change(label="Put in", diff=(Piece("added", _words(after, come)),))))
    for note in found.marked:
        words = after.words(note.span)
        listed.append((note.span.start, Change(label="Note of the outlet", diff=(Piece("added", words),))))
    return RevisionView(
        before_at=before.snapshot.fetched_at,
        before_snapshot=before.snapshot.body_sha256,
        after_at=after.snapshot.fetched_at,
        after_snapshot=after.snapshot.body_sha256,
        rewritten=found.extent == "rewritten",
        changes=tuple(change for _, change in sorted(listed, key=lambda each: each[0])),
    )


def _words(version: Retelling, passage: Passage) -> str:
    return version.words(Span(passage.start, passage.end))


def _paragraphs(retelling: Retelling, findings: Sequence[FindingView]) -> Iterator[tuple[Stretch, ...]]:
    """The text cut wherever a quote, a finding's passage or a paragraph begins or ends."""
    text = retelling.text.text
    said = [(piece, number) for number, quote in enumerate(retelling.quotes, start=1) for piece in quote.pieces]
    rested = [
        (Span(proof.excerpt.start, proof.excerpt.end), found.number)
        for found in findings
        for proof in found.proofs
        if proof.citation.article == retelling.article.id
    ]
    cuts = {0, len(text), *(at for span, _ in [*said, *rested] for at in (span.start, span.end))}
    cuts.update(at for at, sign in enumerate(text) if sign == "\n")
    ordered = sorted(at for at in cuts if 0 <= at <= len(text))
    paragraph: list[Stretch] = []
    for start, end in pairwise(ordered):
        shown = text[start:end].lstrip("\n")
        if shown != text[start:end] and paragraph:
            yield tuple(paragraph)
            paragraph = []
        if shown:
            paragraph.append(_stretch(shown, Span(start, end), said, rested))
    if paragraph:
        yield tuple(paragraph)


def _stretch(text: str, span: Span, said: list[tuple[Span, int]], rested: list[tuple[Span, int]]) -> Stretch:
    quote = next((number for piece, number in said if piece.overlaps(span)), None)
    begins = next((piece.start for piece, number in said if number == quote), None)
    here = [(passage, number) for passage, number in rested if passage.overlaps(span)]
    return Stretch(
        text=text,
        quote=quote,
        opens=begins == span.start,
        findings=tuple(dict.fromkeys(number for _, number in here)),
        ended=tuple(dict.fromkeys(number for passage, number in here if passage.end == span.end)),
    )
