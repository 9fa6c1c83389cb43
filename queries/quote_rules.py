"""Quotes against the study's reference quotes: altered, cut against their sense, given to somebody else."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import attrs

from kb import align, collate, sense, spelling
from kb.align import Aligned
from kb.claims import ReferenceQuote, Speaker, Study
from kb.coverage import Coverage, Retelling
from kb.records import Alignment, Edit
from kb.sense import Cue
from kb.speakers import name_words
from kb.spelling import listed
from kb.wording import tokens
from queries.attribution import Attribution, Occurrence
from queries.rules import Finding, Passed, Rule, Truth, finding_id
from queries.topic import topic_words
from queries.translations import is_translated

SURE = 0.55
"""Confidence that a wording is a print of its reference below which only the named speaker accuses it."""
LONG_ENOUGH = 6
"""Words that a wording must have before its speaker or its cuts are judged: shorter ones are idiom."""
SENTENCE = 4
"""Words of a sentence, enough where the speaker's negation or condition was cut off, or the half after `but`."""
SHORT = 8
"""Words below which a wording with changes that gives less than half of the reference may be another remark."""
AROUND = 320
"""Characters before and after a quote in which the article itself may say what was cut."""
CARRIED = 0.34
"""Share of the cut's content words that, found in a sentence around the quote, count as said."""
_CARRIERS = frozenset(listed("say think know call mean believ go want get make"))
"""Stems of verbs that any text holds."""


@attrs.frozen(kw_only=True)
class Print:
    """One print of a reference quote."""

    said: Occurrence
    reference: ReferenceQuote
    alignment: Alignment
    aligned: Aligned


def findings(coverage: Coverage, said: Sequence[Occurrence]) -> Iterator[Finding]:
    """Findings over all prints of reference quotes."""
    study = coverage.study
    prints = tuple(_prints(study, said))
    first = _first_prints(study, prints)
    by_article: dict[str, list[Print]] = defaultdict(list)
    for one in prints:
        by_article[one.said.retelling.article.id].append(one)
    speakers = {speaker.slug: speaker for speaker in study.speakers}
    topic = topic_words(study)
    for one in prints:
        if _is_lesser_half(one, by_article[one.said.retelling.article.id]) or _is_source(
            one.reference, one.said.retelling
        ):
            continue
        siblings = by_article[one.said.retelling.article.id]
        expected = first.get(one.reference.slug)
        finding = _wording_problem(one, siblings, expected, topic)
        if finding is not None:
            yield finding
        speaker = speakers.get(one.reference.speaker)
        if speaker and (finding := _wrong_speaker(one, siblings, speaker, expected)):
            yield finding


def _prints(study: Study, said: Sequence[Occurrence]) -> Iterator[Print]:
    references = {quote.slug: quote for quote in study.quotes}
    for one in said:
        if one.quote.form in ("indirect", "turn") or not one.retelling.in_english:
            continue
        for alignment in one.alignments:
            if reference := references.get(alignment.quote):
                mixed = one.quote.form == "mixed"
                words = " ".join(align.quoted(one.wording)) if mixed else one.wording
                if words:
                    aligned = align.align(reference.text, words) if mixed else align.lay(reference.text, words)
                    yield Print(said=one, reference=reference, alignment=alignment, aligned=aligned)


def _first_prints(study: Study, prints: Sequence[Print]) -> Mapping[str, Passed]:
    """For each reference the passage to hold others against: in its own source, else its earliest true print."""
    found: dict[str, Passed] = {}
    for own in (True, False):
        for one in prints:
            good = one.alignment.verdict in ("verbatim", "trimmed") and one.alignment.sense_kept is not False
            whole = one.aligned.reference_covered > 0.9
            if (
                one.reference.slug not in found
                and good
                and whole
                and own == _is_source(one.reference, one.said.retelling)
            ):
                found[one.reference.slug] = Passed(
                    role="expected", retelling=one.said.retelling, span=one.said.quote.content
                )
    return found


def _is_source(reference: ReferenceQuote, retelling: Retelling) -> bool:
    if reference.source is None:
        return False
    here = {_address(u) for u in (retelling.article.canonical_url, retelling.snapshot.final_url)}
    return _address(reference.source) in here


def _address(url: str) -> str:
    return url.split("://", 1)[-1].split("#", 1)[0].rstrip("/").removeprefix("www.")


def _is_lesser_half(one: Print, siblings: Sequence[Print]) -> bool:
    """Of two merged remarks the one that gives more words stands for both."""
    if one.alignment.verdict != "merged":
        return False
    halves = [s for s in siblings if s.said is one.said and s.alignment.verdict == "merged"]
    return one is not max(halves, key=lambda half: (half.aligned.run, half.reference.slug))


def _wording_problem(
    one: Print, siblings: Sequence[Print], expected: Passed | None, topic: frozenset[str]
) -> Finding | None:
    if one.alignment.verdict == "merged" and one.said.quote.form == "direct":
        return _finding(one, Rule.MERGED_QUOTE, expected, one.alignment.edits)
    if _altered(one) or (one.reference.tolerance == "exact" and _reworded(one)):
        return _finding(one, Rule.ALTERED_QUOTE, expected, one.alignment.edits)
    if one.alignment.verdict == "trimmed" and one.aligned.lost and _sense_gone(one, siblings, topic):
        return _finding(one, Rule.TRUNCATED_QUOTE, expected, one.alignment.edits)
    return None


def _altered(one: Print) -> bool:
    """Words inside were changed so that the sense is another, or may be."""
    if one.alignment.verdict != "altered" or one.alignment.sense_kept is True:
        return False
    if is_translated(one.said.retelling, one.said.quote.content):
        return False
    inside = [e for e in one.aligned.edits if e.op != "insert" or len(e.after.split()) < collate.BESIDES]
    if not inside or (one.aligned.lengths[1] < SHORT and one.aligned.reference_covered < 0.5):
        return False
    by_speaker = one.said.given_to.slug == one.reference.speaker
    return by_speaker or (one.alignment.confidence >= SURE and _hardly_another(one))


def _reworded(one: Print) -> bool:
    """Its own speaker's words, a word of them changed, whatever that does to the sense."""
    by_speaker = one.said.given_to.slug == one.reference.speaker
    own = by_speaker and not is_translated(one.said.retelling, one.said.quote.content)
    return own and one.alignment.verdict == "altered" and bool(one.aligned.edits)


def _hardly_another(one: Print) -> bool:
    """So much of the reference is printed that the words, whoever they are given to, are no other remark."""
    least = 0.6 if one.said.given_to.kind == "unknown" else 0.85
    whole = one.aligned.wording_covered >= least and one.aligned.reference_covered >= 0.5
    return whole and one.aligned.run >= LONG_ENOUGH


def _sense_gone(one: Print, siblings: Sequence[Print], topic: frozenset[str]) -> bool:
    """The cut took what the rest depends on, and the article does not say it elsewhere."""
    length = len(tokens(one.said.wording))
    direct = one.said.quote.form == "direct"
    own = direct and one.said.given_to.slug == one.reference.speaker
    half = Cue.CONTRAST in one.aligned.lost and not one.aligned.cut_before and not one.aligned.edits
    opened = one.aligned.lost_words.split(" ", 1)[0].lower() in ("if", "unless", "when", "until", "provided")
    condition = Cue.CONDITION in one.aligned.lost and opened and not one.aligned.edits
    reversed_by_speaker = own and (Cue.NEGATION in one.aligned.lost or half or condition)
    if length < (SENTENCE if reversed_by_speaker else LONG_ENOUGH if direct else 2 * LONG_ENOUGH):
        return False
    lost = {spelling.stem(t.key) for t in sense.content(tokens(one.aligned.lost_words))}
    return not _printed_elsewhere(one, siblings, lost) and not _said_around(one, lost, topic)


def _printed_elsewhere(one: Print, siblings: Sequence[Print], lost: set[str]) -> bool:
    """Another quote of the same article prints the part that was cut here."""
    others = [s for s in siblings if s is not one and s.reference.slug == one.reference.slug]
    seen = {spelling.stem(t.key) for s in others for t in tokens(s.said.wording)}
    return bool(others) and len(lost & seen) >= max(1.0, 0.7 * len(lost))


def _said_around(one: Print, lost: set[str], topic: frozenset[str]) -> bool:
    """A sentence of the article near the quote carries what was cut, or a cue of the same kind leads into it."""
    content, text = one.said.quote.content, one.said.retelling.text.text
    before, after = text[max(0, content.start - AROUND) : content.start], text[content.end : content.end + AROUND]
    row = (*tokens(before), *tokens(after))
    sentences: dict[tuple[bool, int], set[str]] = defaultdict(set)
    for at, token in enumerate(row):
        sentences[at < len(tokens(before)), token.sentence].add(spelling.stem(token.key))
    telling = lost - _CARRIERS - topic or lost - _CARRIERS
    negation = Cue.NEGATION not in one.aligned.lost or any(t.key in sense.NEGATION for t in row)
    least = max(1.0, CARRIED * len(telling))
    if negation and telling and any(len(telling & said) >= least for said in sentences.values()):
        return True
    if one.said.quote.form == "direct":
        return False
    lead = tokens(before[-120:])
    return any(cue in sense.cues(token.key) for cue in one.aligned.lost for token in lead)


def _wrong_speaker(one: Print, siblings: Sequence[Print], speaker: Speaker, expected: Passed | None) -> Finding | None:
    """The words are given to somebody else, or to nobody in particular."""
    given = one.said.given_to
    if given.kind == "unknown" or given.slug == speaker.slug:
        return None
    if one.aligned.run < LONG_ENOUGH or one.alignment.confidence < SURE or not _nearly_verbatim(one.aligned):
        return None
    if _named_nearby(one, speaker):
        return None
    right = [s for s in siblings if s.reference.slug == one.reference.slug and s.said.given_to.slug == speaker.slug]
    if right and given.kind not in ("person", "speaker"):
        return None
    return _misattributed(one, given, speaker, expected)


def _nearly_verbatim(aligned: Aligned) -> bool:
    """Turns of phrase are common goods: only a whole remark or a long stretch of it belongs to somebody."""
    return aligned.wording_covered >= 0.9 and (aligned.reference_covered >= 0.5 or aligned.run >= 2 * LONG_ENOUGH)


def _named_nearby(one: Print, speaker: Speaker) -> bool:
    """Whom a pronoun or a name in another paragraph speaks for was read from the text; where the right name stands
    beside the words, the reading is in doubt."""
    quote = one.said.quote
    mention = one.said.retelling.words(quote.speaker) if quote.speaker else ""
    text, content = one.said.retelling.text.text, quote.content
    start, end = text.rfind("\n", 0, content.start) + 1, text.find("\n", content.end)
    after = text[content.end : end if end >= 0 else len(text)]
    near = f"{text[max(0, content.start - AROUND) : content.start]} {after}"
    if any(letter.isupper() for letter in mention[1:]) or len(mention) > 4:
        if quote.speaker and start <= quote.speaker.start and (end < 0 or quote.speaker.end <= end):
            return False
        near = f"{text[start : content.start]} {after}"
    surname = name_words(speaker.name)[-1]
    return any(sense.slips(word, surname) <= 2 for word in name_words(near) if len(word) > 3)


def _misattributed(one: Print, given: Attribution, speaker: Speaker, expected: Passed | None) -> Finding:
    observed = _observed(one)
    evidence = (observed, expected) if expected else (observed,)
    sure = {"speaker": 0.95, "person": 0.9, "machine": 0.85, "group": 0.75, "unknown": 0.0}[given.kind]
    return Finding(
        id=finding_id(Rule.MISATTRIBUTED_QUOTE, one.reference.slug, evidence),
        rule=Rule.MISATTRIBUTED_QUOTE,
        severity=2 if given.kind == "group" else 3,
        confidence=round(sure * one.said.quote.confidence * one.alignment.confidence, 4),
        truth="settled",
        subject=one.reference.slug,
        summary=f"Words of {speaker.name} are given to {given.name}.",
        expected=speaker.name,
        observed=given.name,
        edits=(),
        evidence=evidence,
        tools=(one.alignment.tool, one.said.quote.tool),
    )


def _observed(one: Print) -> Passed:
    return Passed(role="observed", retelling=one.said.retelling, span=one.said.quote.content)


def _finding(one: Print, rule: Rule, expected: Passed | None, edits: tuple[Edit, ...]) -> Finding:
    evidence = (_observed(one), expected) if expected else (_observed(one),)
    changed = one.alignment.sense_kept is False
    truth: Truth = "settled"
    return Finding(
        id=finding_id(rule, one.reference.slug, evidence),
        rule=rule,
        severity=1 if one.alignment.sense_kept else 3 if changed and rule is Rule.ALTERED_QUOTE else 2,
        confidence=round(one.alignment.confidence * (0.95 if changed else 0.85) * one.said.quote.confidence, 4),
        truth=truth,
        subject=one.reference.slug,
        summary=_summary(one, rule),
        expected=one.reference.text,
        observed=one.said.wording,
        edits=edits,
        evidence=evidence,
        tools=(one.alignment.tool, one.said.quote.tool),
    )


_LOST = {
    Cue.NEGATION: "a negation",
    Cue.HEDGE: "the caution",
    Cue.CONDITION: "the condition",
    Cue.CONTRAST: "the reservation",
    Cue.QUANTIFIER: "the limit",
}


def _summary(one: Print, rule: Rule) -> str:
    if rule is Rule.TRUNCATED_QUOTE:
        what = _LOST.get(one.aligned.lost[0], "a part")
        return f"The cut leaves out {what} that the quoted words depend on: “{one.aligned.lost_words}”."
    if one.alignment.verdict == "merged":
        return "Parts of two remarks are printed as one sentence."
    shown = "; ".join(_edit(edit) for edit in one.aligned.edits[:3])
    more = f" and {len(one.aligned.edits) - 3} more" if len(one.aligned.edits) > 3 else ""
    return f"Words inside the quotation marks were changed: {shown}{more}."


def _edit(edit: Edit) -> str:
    if edit.op == "insert":
        return f"“{edit.after}” put in"
    if edit.op == "delete":
        return f"“{edit.before}” left out"
    return f"“{edit.before}” became “{edit.after}”"
