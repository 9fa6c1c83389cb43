"""Text and its parse -> every quote with who said it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from kb import cues
from kb.affiliations import affiliation
from kb.asides import Reported
from kb.frames import is_title
from kb.indirect import reported
from kb.interview import Turn, turns
from kb.layout import Layout
from kb.mentions import Mentions
from kb.persons import Person
from kb.phrases import Phrase
from kb.records import Quote, Span, Tool
from kb.repeats import prints_of, repeats
from kb.text import selector_for, words_digest
from kb.turns import Attributed, attributed
from kb.woven import woven

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from kb.records import Form

WHOLE = 4
"""Words from which on a quoted stretch is a quote of its own and not a fragment."""

Json = dict[str, str | int | float | bool | list[list[int]] | None]


def tool(parser_tool: Tool) -> Tool:
    """These rules over that parse."""
    return Tool(name="retold-quotes", version="2", params={"parser": parser_tool.id, "whole": WHOLE})


def quotes(text_id: str, text: str, doc: "Doc", tool: Tool) -> list[Quote]:
    """The quotes of a text in order. No two cover the same words."""
    layout = Layout.of(text, doc)
    page = _Page(text_id, layout, Mentions.of(layout), tool.id)
    return _once(layout, [_quote(page, draft) for draft in _joined(layout, _drafts(layout))])


def _once(layout: Layout, found: list[Quote]) -> list[Quote]:
    """Quotes without those that repeat another, whose places go to it; so do stretches that name no source."""
    text = layout.text
    spoken = [number for number, quote in enumerate(found) if quote.form in ("direct", "partial")]
    prints = [
        prints_of(text, quote.pieces, quote.confidence, _voice(layout, quote))
        for quote in (found[number] for number in spoken)
    ]
    loose = left_over(layout, found)
    folds = repeats([*prints, *(prints_of(text, (span,), 0.0, None) for span in loose)])
    folded = {spoken[part]: spoken[whole] for part, whole in folds.items() if part < len(spoken)}
    also: dict[int, list[Span]] = {}
    for part, whole in folds.items():
        places = found[spoken[part]].pieces if part < len(spoken) else (loose[part - len(spoken)],)
        also.setdefault(spoken[whole], []).extend(places)
    return [
        attrs.evolve(quote, also=tuple(sorted(also[number], key=lambda span: span.start))) if number in also else quote
        for number, quote in enumerate(found)
        if number not in folded
    ]


def _voice(layout: Layout, quote: Quote) -> str | None:
    """Who is named for a quote at its very place: a name, else the mention; None for a pronoun or one that floats."""
    if quote.cue is None or quote.speaker is None or quote.speaker_name:
        return quote.speaker_name if quote.cue else None
    if layout.tokens[layout.at(quote.speaker.start)].pos_ == "PRON":
        return None
    return layout.text[quote.speaker.start : quote.speaker.end].casefold()


@attrs.frozen
class _Page:
    """What every quote of a text is bound to."""

    text_id: str
    layout: Layout
    mentions: Mentions
    tool_id: str
    affiliations: dict[int, str | None] = attrs.field(factory=dict)
    """By the person's first place; describing somebody costs a look at every mention."""


def left_over(layout: Layout, quotes: Iterable[Quote]) -> list[Span]:
    """The stretches in marks that no quote covers, in order."""
    covered = bytearray(len(layout.text))
    for quote in quotes:
        for piece in (*quote.pieces, *quote.also):
            covered[piece.start : piece.end] = b"\1" * (piece.end - piece.start)
    return [Span(each.start, each.end) for each in layout.quoted if covered.find(1, each.start, each.end) < 0]


def _joined(layout: Layout, drafts: list["Draft"]) -> list["Draft"]:
    """Pieces of one remark as one quote, where no other quote stands between them."""
    joined: list[Draft] = []
    for draft in drafts:
        last = joined[-1] if joined else None
        if last and draft.turn >= 0 and last.turn == draft.turn and last.form == draft.form == "direct":
            pieces = (*last.pieces, *draft.pieces)
            joined[-1] = attrs.evolve(last, pieces=pieces)
        else:
            joined.append(draft)
    return joined


def _drafts(layout: Layout) -> list["Draft"]:
    claimed = bytearray(len(layout.tokens))
    drafts = [_turn(layout, turn) for turn in turns(layout)]
    for draft in drafts:
        _claim(claimed, [(layout.at(draft.pieces[0].start), layout.before(draft.pieces[0].end))])
    spoken = [item for item in attributed(layout) if not any(claimed[slice(*_span_of(layout, item.frame.number))])]
    for item in spoken:
        if item.source.speaker is not None and item.source.place != "inside" and not _work(item):
            around = woven(layout, item)
            drafts.append(_woven(layout, item, around) if around else _direct(layout, item))
            _claim(claimed, [around or _span_of(layout, item.frame.number)])
    cued = {draft.cue[0] for draft in drafts if draft.cue}
    for report in reported(layout):
        told = None if _astray(report, claimed, cued) else _indirect(layout, report, claimed)
        if told:
            drafts.append(told)
            _claim(claimed, report.pieces)
    for item in spoken:
        start, end = _span_of(layout, item.frame.number)
        if (
            item.source.speaker is not None
            and item.source.place == "inside"
            and not any(claimed[start:end])
            and not _work(item)
        ):
            drafts.append(_built_in(layout, item, claimed))
    return sorted(drafts, key=lambda draft: draft.pieces[0].start)


def _astray(report: Reported, claimed: bytearray, cued: set[int]) -> bool:
    """Whether a clause runs over a quote's own cue into the quote: a slip of the parser."""
    return any(
        claimed.find(b"\1", start, end) >= 0 and not cued.isdisjoint(range(start, end)) for start, end in report.pieces
    )


def _work(item: Attributed) -> bool:
    """Whether a stretch names a book, a show or a nickname, or keeps a word at arm's length."""
    frame, source = item.frame, item.source
    layout = frame.layout
    cue = layout.tokens[source.cue[0]] if source.cue else None
    if cue is not None and cue.lemma_.lower() in _NAMING and (cue.tag_ == "VBN" or is_title(frame.text)):
        return True
    before = layout.tokens[frame.head[-1]] if frame.head else None
    if before is not None and before.tag_ == "VBN" and before.lemma_.lower() in _NAMING:
        return True
    spoken = cue is not None and cue.lemma_.lower() in cues.SAYING and cue.tag_ != "VBN"
    if (is_title(frame.text) or not spoken) and _names_work(layout, frame.head):
        return True
    if source.place == "inside":
        return is_title(frame.text) or (frame.words == 1 and frame.text[:1].isupper())
    if source.place == "float" and frame.words < WHOLE:
        return is_title(frame.text) or frame.text[-1:] not in ".?!,…—"
    return False


def _names_work(layout: Layout, head: range) -> bool:
    """`her book, “…”`: a noun for a work right before the marks."""
    words = [layout.tokens[p] for p in head[-2:] if not layout.tokens[p].is_punct]
    return bool(words) and words[-1].lemma_.lower() in cues.WORKS


_NAMING = frozenset(["call", "know", "name", "title", "dub", "entitle", "label", "nickname"])


def _claim(claimed: bytearray, pieces: Iterable[tuple[int, int]]) -> None:
    for start, end in pieces:
        claimed[start:end] = b"\1" * (end - start)


def _span_of(layout: Layout, number: int) -> tuple[int, int]:
    stretch = layout.quoted[number]
    return layout.at(stretch.open), layout.before(stretch.close)


@attrs.frozen
class Draft:
    """A quote before it is bound to its text. Spans are offsets."""

    form: "Form"
    pieces: tuple[Span, ...]
    cue: tuple[int, int] | None
    speaker: Phrase | None
    kind: str
    """Where its source was found or by which construction: decides the confidence."""
    turn: int = -1
    """Equal for the pieces of one remark; -1 for what stands alone."""


def _direct(layout: Layout, spoken: Attributed) -> Draft:
    source, stretch = spoken.source, layout.quoted[spoken.frame.number]
    form: Form = "direct" if spoken.frame.words >= WHOLE and source.place != "inside" else "partial"
    return Draft(form, (Span(stretch.start, stretch.end),), source.cue, source.speaker, source.place, spoken.turn)


def _turn(layout: Layout, turn: Turn) -> Draft:
    """An answer in an interview; its words stand in no marks."""
    content = Span(layout.offsets[turn.start], layout.end_of(turn.end - 1))
    return Draft("turn", (content,), None, turn.label, "turn")


def _woven(layout: Layout, spoken: Attributed, whole: tuple[int, int]) -> Draft:
    """What a sentence reports, with the stretch in it."""
    content = Span(layout.offsets[whole[0]], layout.end_of(whole[1] - 1))
    return Draft("mixed", (content,), spoken.source.cue, spoken.source.speaker, "woven")


def _built_in(layout: Layout, spoken: Attributed, claimed: bytearray) -> Draft:
    """A fragment whose clause the parser lost: all from its cue on, else the fragment alone."""
    cue = spoken.source.cue
    start, end = _span_of(layout, spoken.frame.number)
    if cue is None or not 0 < start - cue[1] <= NEAR or any(claimed[cue[1] : end]):
        return _direct(layout, spoken)
    _claim(claimed, [(cue[1], end)])
    content = Span(layout.offsets[cue[1]], layout.quoted[spoken.frame.number].close)
    return Draft("mixed", (content,), cue, spoken.source.speaker, "inside")


NEAR = 20
"""Tokens between a cue and a fragment that still belongs to its clause."""


def _indirect(layout: Layout, item: Reported, claimed: bytearray) -> Draft | None:
    """A reported clause; where marks enclose all of it, what they enclose is a quote."""
    pieces = [kept for piece in item.pieces if (kept := _unclaimed(piece, claimed))]
    if not pieces:
        return None
    inside = {layout.owner[p] for start, end in pieces for p in range(start, end)}
    narrative = [layout.tokens[p] for start, end in pieces for p in range(start, end) if layout.owner[p] < 0]
    outside = sum(not token.is_punct and token.lower_ not in _EMPTY for token in narrative)
    size = sum(not layout.tokens[p].is_punct for start, end in pieces for p in range(start, end))
    if outside > LED_IN or outside > (1 - ENCLOSED) * size or len(inside - {-1}) > 1:
        spans = tuple(Span(layout.offsets[start], layout.end_of(end - 1)) for start, end in pieces)
        return Draft("mixed" if inside - {-1} else "indirect", spans, item.cue, item.speaker, item.kind)
    stretches = [layout.quoted[number] for number in sorted(inside - {-1})]
    if len(stretches) != 1:
        return None
    stretch, cue = stretches[0], layout.tokens[item.cue[0]]
    words = layout.text[stretch.start : stretch.end]
    if cue.lemma_.lower() in _NAMING and (cue.tag_ == "VBN" or is_title(words)):
        return None
    form: Form = "direct" if len(words.split()) >= WHOLE else "partial"
    return Draft(form, (Span(stretch.start, stretch.end),), item.cue, item.speaker, item.kind)


CONFIDENCE: dict[tuple[str, str], float] = {
    ("direct", "after"): 0.97,
    ("direct", "before"): 0.86,
    ("direct", "float"): 0.78,
    ("direct", "clause"): 0.90,
    ("direct", "rest"): 0.83,
    ("direct", "colon"): 0.62,
    ("direct", "line"): 0.61,
    ("partial", "after"): 0.89,
    ("partial", "before"): 0.86,
    ("partial", "inside"): 0.80,
    ("partial", "float"): 0.63,
    ("mixed", "clause"): 0.84,
    ("mixed", "aside"): 0.85,
    ("mixed", "woven"): 0.89,
    ("mixed", "rest"): 0.81,
    ("mixed", "according"): 0.78,
    ("mixed", "inside"): 0.51,
    ("indirect", "clause"): 0.74,
    ("indirect", "aside"): 0.85,
    ("indirect", "according"): 0.81,
    ("indirect", "label"): 0.76,
    ("indirect", "raised"): 0.66,
    ("indirect", "adjective"): 0.64,
    ("indirect", "rest"): 0.60,
    ("indirect", "noun"): 0.55,
    ("turn", "turn"): 0.90,
}
"""Share of 660 annotated articles' quotes of that form, found at that place, whose span and speaker were both
right (`bench quotes`, 7 outlets, where the error of a table made from six of them is given for the seventh); the
annotators' own misses count against it. Turns are set by hand: the annotators left most interviews out."""

RARE = 0.6
"""For forms and places too rare to measure."""

ENCLOSED = 0.88
"""Share of a clause's words from which on it counts as wholly inside its marks: `he “will never …”`."""

LED_IN = 1
"""Words outside its marks from which on a clause is no longer a bare quote: `he was “open to …”`."""

_EMPTY = frozenset(["that", "as", "how"])


def _unclaimed(piece: tuple[int, int], claimed: bytearray) -> tuple[int, int] | None:
    """The piece up to the first token that another quote has."""
    start, end = piece
    taken = claimed.find(b"\1", start, end)
    end = taken if taken >= 0 else end
    return (start, end) if end - start > 1 or taken < 0 else None


def _quote(page: _Page, draft: Draft) -> Quote:
    layout, text = page.layout, page.layout.text
    content = Span(draft.pieces[0].start, draft.pieces[-1].end)
    speaker = draft.speaker
    person = page.mentions.behind(speaker) if speaker else None
    return Quote(
        text=page.text_id,
        content=content,
        tool=page.tool_id,
        form=draft.form,
        pieces=draft.pieces,
        cue=Span(layout.offsets[draft.cue[0]], layout.end_of(draft.cue[1] - 1)) if draft.cue else None,
        speaker=Span(layout.offsets[speaker.start], layout.end_of(speaker.end - 1)) if speaker else None,
        speaker_name=page.mentions.name_of(speaker, person) if speaker else None,
        affiliation=_affiliation(page, person) if person else None,
        selector=selector_for(text, content),
        words_sha256=words_digest(" ".join(text[piece.start : piece.end] for piece in draft.pieces)),
        confidence=CONFIDENCE.get((draft.form, draft.kind), RARE),
    )


def _affiliation(page: _Page, person: Person) -> str | None:
    if person.sex == "n":
        return None
    if person.first not in page.affiliations:
        page.affiliations[person.first] = affiliation(page.layout, person)
    return page.affiliations[person.first]


def to_json(text: str, quote: Quote) -> Json:
    """One item of `extract`'s quotes."""
    item: Json = {
        "start": quote.content.start,
        "end": quote.content.end,
        "text": text[quote.content.start : quote.content.end],
        "type": "indirect" if quote.form == "turn" else quote.form,
    }
    if quote.form == "turn":
        item["verbatim"] = True  # CONTRACT's `direct` stands in quotation marks
    if len(quote.pieces) > 1:
        item["spans"] = [[piece.start, piece.end] for piece in quote.pieces]
    if quote.also:
        item["also"] = [[place.start, place.end] for place in quote.also]
    for key, span in (("speaker", quote.speaker), ("cue", quote.cue)):
        item[key] = text[span.start : span.end] if span else None
        item[f"{key}_start"] = span.start if span else None
        item[f"{key}_end"] = span.end if span else None
    item["speaker_resolved"] = quote.speaker_name
    item["affiliation"] = quote.affiliation
    item["confidence"] = round(quote.confidence, 3)
    return item
