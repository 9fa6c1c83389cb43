"""Text and its parse -> every quote with who said it."""

from typing import TYPE_CHECKING

import attrs

from kb.indirect import Reported, reported
from kb.layout import Layout
from kb.phrases import Phrase
from kb.records import Quote, Span, Tool
from kb.text import selector_for, words_digest
from kb.turns import Attributed, attributed

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from kb.records import Form

WHOLE = 4
"""Words from which on a quoted stretch is a quote of its own and not a fragment."""

Json = dict[str, str | int | float | None | list[list[int]]]


def tool(parser_tool: Tool) -> Tool:
    """These rules over that parse."""
    return Tool(name="retold-quotes", version="1", params={"parser": parser_tool.id, "whole": WHOLE})


def quotes(text_id: str, text: str, doc: "Doc", tool: Tool) -> list[Quote]:
    """The quotes of a text in order. No two cover the same words."""
    layout = Layout.of(text, doc)
    spoken = [item for item in attributed(layout)]
    drafts = [draft for item in spoken if (draft := _direct(layout, item))]
    drafts = _without_overlap(drafts + [_mixed(layout, item, spoken) for item in reported(layout)])
    return [_quote(text_id, text, layout, tool, draft) for draft in drafts]


@attrs.frozen
class Draft:
    """A quote before it is bound to its text. Spans are offsets."""

    form: "Form"
    pieces: tuple[Span, ...]
    cue: tuple[int, int] | None
    speaker: Phrase | None
    confidence: float
    rank: int
    """Where two cover the same words the lower rank stays."""


def _direct(layout: Layout, spoken: Attributed) -> Draft | None:
    source, stretch = spoken.source, layout.quoted[spoken.frame.number]
    if source.speaker is None:
        return None
    form: Form = "direct" if spoken.frame.words >= WHOLE and source.place != "inside" else "partial"
    rank = 2 if source.place == "inside" else 0
    return Draft(form, (Span(stretch.start, stretch.end),), source.cue, source.speaker, 0.5, rank)


def _mixed(layout: Layout, item: Reported, spoken: list[Attributed]) -> Draft:
    pieces = tuple(Span(layout.offsets[start], layout.end_of(end - 1)) for start, end in item.pieces)
    inside = any(layout.owner[position] >= 0 for start, end in item.pieces for position in range(start, end))
    return Draft("mixed" if inside else "indirect", pieces, item.cue, item.speaker, 0.5, 1)


def _without_overlap(drafts: list[Draft]) -> list[Draft]:
    kept: list[Draft] = []
    for draft in sorted(drafts, key=lambda draft: (draft.rank, draft.pieces[0].start)):
        if not any(piece.overlaps(other) for piece in draft.pieces for known in kept for other in known.pieces):
            kept.append(draft)
    return sorted(kept, key=lambda draft: draft.pieces[0].start)


def _quote(text_id: str, text: str, layout: Layout, tool: Tool, draft: Draft) -> Quote:
    content = Span(draft.pieces[0].start, draft.pieces[-1].end)
    speaker = draft.speaker and Span(layout.offsets[draft.speaker.start], layout.end_of(draft.speaker.end - 1))
    return Quote(
        text=text_id,
        content=content,
        tool=tool.id,
        form=draft.form,
        pieces=draft.pieces,
        cue=draft.cue and Span(layout.offsets[draft.cue[0]], layout.end_of(draft.cue[1] - 1)),
        speaker=speaker,
        speaker_name=None,
        affiliation=None,
        selector=selector_for(text, content),
        words_sha256=words_digest(text[content.start : content.end]),
        confidence=draft.confidence,
    )


def to_json(text: str, quote: Quote) -> Json:
    """One item of `extract`'s quotes."""
    item: Json = {
        "start": quote.content.start,
        "end": quote.content.end,
        "text": text[quote.content.start : quote.content.end],
        "type": quote.form,
    }
    if len(quote.pieces) > 1:
        item["spans"] = [[piece.start, piece.end] for piece in quote.pieces]
    for key, span in (("speaker", quote.speaker), ("cue", quote.cue)):
        item[key] = text[span.start : span.end] if span else None
        item[f"{key}_start"] = span.start if span else None
        item[f"{key}_end"] = span.end if span else None
    item["speaker_resolved"] = quote.speaker_name
    item["affiliation"] = quote.affiliation
    item["confidence"] = round(quote.confidence, 3)
    return item
