"""Indirect speech: what somebody is said to say, think or want, without quotation marks.

A clause under a verb, noun or adjective of saying or thinking, a sentence with `according to`, or what a
verb of judgement and intention has for its object. Where a stretch in quotation marks stands inside, the
whole is mixed.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kb import cues
from kb.asides import FINITE, WIDE, Reported, as_reported, aside, circumstance, sentence, trim
from kb.denials import nobody, unsaid
from kb.layout import ENDS
from kb.lexicon import listed
from kb.phrases import Phrase, phrase
from kb.subjects import speaks, subject
from kb.viewpoints import STATED, owner_of, view_at

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout

_STOPS = listed(
    "cc conj advcl punct parataxis npadvmod advmod mark aux neg relcl prt nsubj nsubjpass auxpass expl agent"
)
_LOOSE = frozenset(["rest", "noun", "adjective", "raised"])
"""Constructions whose extent is a guess: they give way to a clause that they overlap."""


def reported(layout: "Layout") -> list[Reported]:
    """Indirect speech of a text in order; of two that overlap the surer construction, then the outermost."""
    found = [item for token in layout.tokens if layout.owner[token.i] < 0 for item in _found_at(layout, token)]
    kept: list[Reported] = []
    taken = bytearray(len(layout.tokens))
    for item in sorted(found, key=lambda item: (item.kind in _LOOSE, -item.size)):
        if not any(any(taken[start:end]) for start, end in item.pieces):
            for start, end in item.pieces:
                taken[start:end] = b"\1" * (end - start)
            kept.append(item)
    return sorted(kept, key=lambda item: item.pieces)


def _found_at(layout: "Layout", token: "Token") -> Iterator[Reported]:
    yield from _labelled(layout, token)
    if token.lower_ == "according":
        yield from _according(layout, token)
    elif token.lower_ == "if":
        yield from _if_believed(layout, token)
    elif token.pos_ == "ADP":
        yield from _viewed(layout, token)
    elif token.pos_ in ("VERB", "AUX"):
        yield from _at_verb(layout, token)
    elif token.pos_ in ("NOUN", "ADJ"):
        yield from _at_noun(layout, token)


def _labelled(layout: "Layout", token: "Token") -> Iterator[Reported]:
    """A line that begins with its source: `Study: Models lie`, `Roe: We need more research`."""
    tokens, line = layout.tokens, layout.line
    if token.i and line[token.i - 1] == line[token.i]:
        return
    colon = token.i + 1
    while colon < min(token.i + 5, len(tokens)) and tokens[colon].text != ":":
        colon += 1
    label = tokens[token.i : colon]
    if colon + 1 >= len(tokens) or tokens[colon].text != ":" or not _is_source(label):
        return
    end = colon + 1
    while end < len(tokens) and line[end] == line[token.i] and end - colon < WIDE and layout.owner[end] < 0:
        end += 1
    if end - colon > SHORTEST:
        speaker = Phrase(token.i, colon, colon - 1)
        yield from _report(layout, tokens[colon], [(colon + 1, end)], "label", speaker=speaker)


def _is_source(label: list["Token"]) -> bool:
    if len(label) == 1 and label[0].lemma_.lower() in cues.DOCUMENTS:
        return True
    return all(token.pos_ == "PROPN" for token in label) and any(token.ent_type_ == "PERSON" for token in label)


def _at_verb(layout: "Layout", verb: "Token") -> Iterator[Reported]:
    lemma = verb.lemma_.lower()
    if unsaid(verb):
        return
    if lemma in cues.SAYING or lemma in cues.THINKING:
        set_in = aside(layout, verb) or as_reported(layout, verb)
        if set_in:
            yield set_in
            return
    if any(child.tag_ == "MD" or child.dep_ == "neg" for child in verb.children):
        return
    clause = _clause_of(layout, verb)
    if clause is not None:
        if _takes_clause(verb, lemma, clause):
            yield from _clause(layout, verb, clause)
        return
    if lemma in cues.SAYING and (lost := _lost_clause(layout, verb)):
        yield from _report(layout, verb, [lost], "clause")
        return
    if lemma in cues.EXPECTING and _passive(verb):
        yield from _raised(layout, verb)
    elif lemma in cues.INTENDING or lemma in cues.JUDGING or _particle(verb) in cues.JUDGING or _finds(verb, lemma):
        yield from _rest(layout, verb, lemma)


def _clause_of(layout: "Layout", verb: "Token") -> "Token | None":
    """The clause that a verb governs: behind it, else before it in the same sentence, no colon between."""
    clauses = [child for child in verb.children if child.dep_ == "ccomp"]
    after = [clause for clause in clauses if clause.i > verb.i]
    if after or not clauses:
        return after[0] if after else None
    between = layout.tokens[clauses[0].right_edge.i : verb.i]
    return None if any(token.text in ENDS or token.text == ":" for token in between) else clauses[0]


def _finds(verb: "Token", lemma: str) -> bool:
    """`The study found a link`: a document or its data show what stands after the verb."""
    who = next((child for child in verb.children if child.dep_ == "nsubj"), None)
    return who is not None and lemma in cues.SHOWING and who.lemma_.lower() in cues.FINDINGS


def _takes_clause(verb: "Token", lemma: str, clause: "Token") -> bool:
    if lemma in cues.CAUSING:
        return False
    if lemma in cues.SAYING or lemma in cues.THINKING or lemma in cues.SHOWING:
        return True
    return lemma not in cues.BARE and any(c.lower_ in ("that", "whether") for c in clause.lefts)


def _passive(verb: "Token") -> bool:
    return any(child.dep_ in ("auxpass", "nsubjpass") for child in verb.children)


def _particle(verb: "Token") -> str:
    after = next((child.lower_ for child in verb.rights if child.dep_ in ("prep", "prt")), "")
    return f"{verb.lemma_.lower()} {after}"


def _clause(layout: "Layout", verb: "Token", clause: "Token") -> Iterator[Reported]:
    """`Roe said that …`, `…, Roe said.`, `…, Roe said, …`."""
    start, end = clause.left_edge.i, clause.right_edge.i + 1
    if clause.i < verb.i:
        who = subject(layout, verb)
        low = min([verb.i] + [t.i for t in (who.subtree if who is not None else ())])
        pieces = [(start, min(end, low))]
    else:
        pieces = [(max(start, verb.i + 1), _before_next_cue(clause, end))]
    yield from _report(layout, verb, pieces, "clause")


def _lost_clause(layout: "Layout", verb: "Token") -> tuple[int, int] | None:
    """`told the crowd … that …` and `said he and others were …` where the parser hung the clause elsewhere."""
    tokens = layout.tokens
    stop = sentence(layout, verb.i, verb.i + 1)[1]
    for position in range(verb.i + 1, min(stop, verb.i + LOST)):
        token = tokens[position]
        if layout.owner[position] >= 0 or token.text in (",", ":", "—", "–", "-"):
            return None
        if token.lower_ == "that" and token.dep_ == "mark" and token.head.i > position:
            return position, max(stop, position)
    return None


LOST = 16
"""Tokens after a verb of saying in which its `that` is looked for."""


def _before_next_cue(clause: "Token", end: int) -> int:
    """Where a second verb of saying takes over: `said it failed | and called it a shame`."""
    for child in clause.rights:
        if child.dep_ == "conj" and child.lemma_.lower() in cues.SAYING and child.tag_ in ("VBD", "VBZ", "VBP"):
            before = next((c.i for c in clause.rights if c.dep_ == "cc" and c.i < child.i), child.left_edge.i)
            return min(end, before)
    return end


def _raised(layout: "Layout", verb: "Token") -> Iterator[Reported]:
    """`The bill is expected to pass`: its subject and what is expected of it, in two pieces."""
    who = next((child for child in verb.children if child.dep_ in ("nsubj", "nsubjpass")), None)
    rest = next((child for child in verb.rights if child.dep_ in ("xcomp", "oprd", "acomp")), None)
    if who is None or rest is None or who.lower_ in ("who", "which", "that"):
        return
    pieces = [(who.left_edge.i, who.right_edge.i + 1), (rest.left_edge.i, rest.right_edge.i + 1)]
    yield from _report(layout, verb, pieces, "raised", speaker=None)


def _rest(layout: "Layout", verb: "Token", lemma: str) -> Iterator[Reported]:
    """All that a verb of judgement or intention has after it, without when and where."""
    if verb.dep_ == "acl" and verb.tag_ != "VBG":
        return
    parts = [child for child in verb.rights if child.dep_ not in _STOPS]
    while parts and circumstance(parts[-1]):
        parts.pop()
    if not parts:
        return
    first = parts[0]
    if lemma in cues.INTENDING and lemma not in cues.JUDGING and not any(p.dep_ in ("xcomp", "ccomp") for p in parts):
        return
    start = first.left_edge.i
    if first.dep_ == "prep" and _particle(verb) in cues.JUDGING:
        start = first.i + 1
    end = parts[-1].right_edge.i + 1
    if unsaid(first) and any(layout.owner[p] >= 0 for p in range(start, end)):
        return
    yield from _report(layout, verb, [(start, end)], "rest")


def _at_noun(layout: "Layout", noun: "Token") -> Iterator[Reported]:
    """`the claim that …`, `a promise to …`, `confident that …`."""
    lemma = noun.lemma_.lower()
    if lemma in STATED and noun.dep_ == "nsubj" and noun.head.lemma_ == "be":
        owner = owner_of(noun)
        clause = next((child for child in noun.head.rights if child.dep_ == "ccomp"), None)
        if owner is not None and clause is not None:
            piece = (clause.left_edge.i, clause.right_edge.i + 1)
            yield from _report(layout, noun, [piece], "clause", speaker=phrase(layout, owner))
    for child in noun.rights:
        if noun.pos_ == "NOUN" and lemma in cues.CLAIMS and child.dep_ in ("acl", "ccomp") and child.tag_ != "VBN":
            yield from _report(layout, noun, [(child.left_edge.i, child.right_edge.i + 1)], "noun")
        elif noun.pos_ == "ADJ" and lemma in cues.ATTITUDES and child.dep_ in ("ccomp", "xcomp"):
            yield from _report(layout, noun, [(child.left_edge.i, child.right_edge.i + 1)], "adjective")


def _according(layout: "Layout", token: "Token") -> Iterator[Reported]:
    """The sentence without its `according to` phrase."""
    sentence = token.sent
    tokens = layout.tokens
    if token.i + 1 >= len(tokens) or tokens[token.i + 1].lower_ != "to":
        return
    low, high = token.left_edge.i, token.right_edge.i + 1
    who = next((child for child in tokens[token.i + 1].children if child.dep_ == "pobj"), None)
    if who is not None:
        high = max(high, who.right_edge.i + 1)
    pieces = [(sentence.start, low), (high, sentence.end)]
    speaker = phrase(layout, who) if who is not None else None
    yield from _report(layout, token, pieces, "according", speaker=speaker)


def _viewed(layout: "Layout", token: "Token") -> Iterator[Reported]:
    """The sentence without its `in Roe's view`, where that opens or closes it or stands between commas."""
    view = view_at(token)
    if view is None:
        return
    low, high = sentence(layout, view.start, view.end)
    first = next((p for p in range(low, view.start) if layout.tokens[p].pos_ != "CCONJ"), view.start)
    opens = first == view.start
    apart = layout.tokens[view.start - 1].text == "," and (
        view.end >= len(layout.tokens) or layout.tokens[view.end].text in (",", *ENDS)
    )
    if opens or apart:
        pieces = [(view.end, high)] if opens else [(low, view.start), (view.end, high)]
        if any(layout.tokens[p].tag_ in FINITE for start, end in pieces for p in range(start, end)):
            yield from _report(layout, view.noun, pieces, "according", speaker=phrase(layout, view.owner))


def _if_believed(layout: "Layout", token: "Token") -> Iterator[Reported]:
    """`If Roe is to be believed, …` and `If Roe is right, …`: the sentence without that clause."""
    verb = token.head
    who = next((child for child in verb.lefts if child.dep_ == "nsubj"), None)
    if verb.dep_ != "advcl" or verb.lemma_ != "be" or who is None or not speaks(who):
        return
    trusted = any(child.lower_ in _TRUSTED for child in verb.rights if child.dep_ in ("xcomp", "acomp"))
    if trusted:
        low, high = sentence(layout, verb.left_edge.i, verb.right_edge.i + 1)
        pieces = [(low, verb.left_edge.i), (verb.right_edge.i + 1, high)]
        yield from _report(layout, verb, pieces, "according", speaker=phrase(layout, who))


_TRUSTED = frozenset(["believed", "trusted", "right", "correct"])


_NOBODY = listed("it this that you one there what")
"""Subjects of judging verbs that are no source."""

SHORTEST = 3
"""Tokens that the object of a verb of judgement has at least, to be what somebody says and no mere name."""

_UNSET = Phrase(-1, -1, -1)


def _report(
    layout: "Layout", cue: "Token", pieces: list[tuple[int, int]], kind: str, speaker: Phrase | None = _UNSET
) -> Iterator[Reported]:
    trimmed = [trimmed for piece in pieces if (trimmed := trim(layout, *_at_marks(layout, *piece)))]
    if not trimmed or (len(trimmed) == 1 and _no_comment(layout, *trimmed[0])):
        return
    if speaker is _UNSET:
        who = _source(layout, cue) if cue.pos_ in ("VERB", "AUX") else _holder(layout, cue)
        speaker = phrase(layout, who) if who is not None and layout.owner[who.i] < 0 else None
        if speaker is None and (kind in ("rest", "noun", "adjective") or cue.tag_ == "VB") and not _asked(cue):
            return
        if speaker is not None and nobody(layout, speaker):
            return
        if speaker is not None and kind == "rest" and layout.tokens[speaker.head].lower_ in _NOBODY:
            return
        if kind == "rest" and sum(end - start for start, end in trimmed) < SHORTEST:
            return
    yield Reported(tuple(trimmed), (cue.i, cue.i + 1), speaker, kind)


def _asked(cue: "Token") -> bool:
    """`Roe was asked to …`, `Asked about …`: a question whose asker goes without saying."""
    return cue.lemma_.lower() == "ask" and cue.tag_ == "VBN"


def _at_marks(layout: "Layout", start: int, end: int) -> tuple[int, int]:
    """Never cutting a stretch in marks, and ending with one that a comma closes before a new clause."""
    owner = layout.owner
    while 0 < start < len(owner) and owner[start] >= 0 and owner[start - 1] == owner[start]:
        start -= 1
    while 0 < end < len(owner) and owner[end - 1] >= 0 and owner[end] == owner[end - 1]:
        end += 1
    for number in sorted({owner[p] for p in range(start, end)} - {-1}):
        stretch = layout.quoted[number]
        after = layout.before(stretch.close)
        if layout.text[stretch.end - 1] == "," and after < end and layout.tokens[after].tag_ in _CLAUSE_OPENERS:
            return start, after
    return start, end


_CLAUSE_OPENERS = listed("VBG IN WP WDT WRB PRP")


def _no_comment(layout: "Layout", start: int, end: int) -> bool:
    """`declined to comment`, `a request for comment`: that nothing was said."""
    return end - start <= 6 and layout.tokens[end - 1].lower_ in ("comment", "comments")


def _source(layout: "Layout", verb: "Token") -> "Token | None":
    """Who says it; in the passive the one after `by`, for its subject is spoken to or about."""
    above = verb.head
    if above.lemma_ == "let" and verb.dep_ == "ccomp" and verb.lemma_ == "know":
        return subject(layout, above)  # `Roe let us know that …`
    if verb.tag_ == "VBN" and verb.lower_ in cues.ATTITUDES:
        return subject(layout, verb)  # `Roe is convinced that …` is no passive
    if verb.tag_ == "VBN" and (_passive(verb) or not any(child.dep_ == "aux" for child in verb.children)):
        by = next((child for child in verb.children if child.dep_ == "agent"), None)
        return next((child for child in by.children if child.dep_ == "pobj"), None) if by is not None else None
    return subject(layout, verb)


def _holder(layout: "Layout", noun: "Token") -> "Token | None":
    """Whose claim or hope it is: the possessor, else the subject of the clause."""
    owner = next((child for child in noun.lefts if child.dep_ == "poss"), None)
    return owner if owner is not None else subject(layout, noun.head) if noun.head is not noun else None
