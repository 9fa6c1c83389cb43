"""Who said the words in quotation marks: cue and speaker of each stretch.

The place of the stretch decides which words are looked at: those after it (`"…," she said`), those before
it (`She said: "…"`), or, where neither names anybody, the speaker of the stretch before or the subject of
the sentence before. Beside a mark any verb may be a cue; further away only verbs of saying.
"""

from typing import TYPE_CHECKING

import attrs

from kb import cues
from kb.denials import nobody, unsaid
from kb.frames import NOBODY, Frame, Place, Source, first_sentence, is_title, last_sentence, lead_sign
from kb.phrases import NOUNS, Phrase, phrase
from kb.subjects import LOOK, REACH, cue_of, speaker_of, subject
from kb.viewpoints import announced, answered, pointed_back, quoted_person, view_at, voice

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout

_DASHES = frozenset(["—", "–", "-", "--", "―"])
_OPEN_ENDS = ",?!—–-…"
_COMPLETE = ".?!…,—–-)]”’'"
"""A quote before a dash and a name ends with one of these; a headline in a list of sources does not."""


def local_source(frame: Frame) -> Source:
    """The source that the stretch's own sentence names; nobody where it says that nobody spoke so."""
    found = _local(frame)
    if found.speaker is not None:
        found = attrs.evolve(found, speaker=voice(frame.layout, found.speaker))
    cue = frame.layout.tokens[found.cue[0]] if found.cue else None
    # `Roe does not mince words: “…”`: what another verb denies is not that the words were said.
    spoken = cue is not None and (found.place != "colon" or cue.lemma_.lower() in cues.SAYING)
    denied = cue is not None and spoken and unsaid(cue)
    if denied or (found.speaker is not None and nobody(frame.layout, found.speaker)):
        return Source("inside", None, None)
    return found


def _local(frame: Frame) -> Source:
    head, tail = last_sentence(frame), first_sentence(frame)
    lead = lead_sign(frame.layout, head)
    around = _answered(frame, tail) or _beside(frame, head, tail, lead)
    if around is not None:
        return around
    if head and not lead:
        return _worded(frame, head) or _inside(frame, head) or Source("inside", None, None)
    return NOBODY


def _beside(frame: Frame, head: list[int], tail: list[int], lead: str) -> Source | None:
    """What the words right before or after a stretch name, those that a comma or colon binds to it first."""
    if frame.text[-1:] in _OPEN_ENDS and (found := _right_after(frame, tail)):
        return found
    if lead and (found := _before(frame, head, strict=lead == ",")):
        return found
    if (not head or lead) and _tail_open(frame, tail) and (found := _after(frame, tail)):
        return found
    return _pointed_back(frame, tail) if not head else None


def _answered(frame: Frame, tail: list[int]) -> Source | None:
    told = answered(frame.layout, tail) if frame.words >= SPOKEN and _tail_open(frame, tail) else None
    return Source("after", cue_of(frame.layout, told[0]), told[1]) if told is not None else None


def _pointed_back(frame: Frame, tail: list[int]) -> Source | None:
    back = pointed_back(frame.layout, tail) if frame.words >= SPOKEN else None
    return Source("after", cue_of(frame.layout, back[0]), back[1]) if back is not None else None


def _tail_open(frame: Frame, tail: list[int]) -> bool:
    """Whether the words after a stretch can belong to its own sentence."""
    if not tail:
        return False
    tokens = frame.layout.tokens
    first = tokens[tail[0]]
    if frame.text[-1:] in _OPEN_ENDS or first.text in _DASHES or first.text == ",":
        return True
    return frame.text[-1:] not in ".…" or (first.text[:1].islower() and first.lemma_.lower() in cues.SAYING)


def _right_after(frame: Frame, tail: list[int]) -> Source | None:
    """`"…," she said`: a subject and a verb of saying at once, with no clause of their own behind them."""
    layout = frame.layout
    tokens = layout.tokens
    start = 1 if tail and tokens[tail[0]].text == "," else 0
    for position in tail[start : start + NEAR]:
        token = tokens[position]
        if token.pos_ == "CCONJ" and position == tail[start : start + 1][0]:
            return None
        first = position == tail[start] and (token.tag_ in ("VBD", "VBN", "VBZ") or _participle(token))
        says = token.lemma_.lower() in cues.SAYING or (first and _participle(token))
        if says and (first or _finite(token) or _misread(tokens, tail, position)):
            if _has_content(token):
                return None
            who = speaker_of(layout, token, tail)
            return Source("after", cue_of(layout, token), who) if who else None
        if token.pos_ == "VERB" and token.dep_ not in ("relcl", "acl", "amod"):
            return None
    return None


NEAR = 9
"""Tokens in which `Jane Roe, a biologist at X, said` comes to its verb."""


def _participle(token: "Token") -> bool:
    """A verb of saying that the tagger took for an adjective before a name: `boasted Jane Roe`."""
    word = token.lower_
    named = token.i + 1 < len(token.doc) and token.nbor().pos_ == "PROPN"
    return named and token.pos_ == "ADJ" and word.endswith("ed") and not cues.SAYING.isdisjoint((word[:-2], word[:-1]))


def _misread(tokens: list["Token"], tail: list[int], position: int) -> bool:
    """A verb that the tagger took for a noun: `Roe answers.`, `muses Roe.`"""
    token = tokens[position]
    plural = token.i > 0 and token.nbor(-1).tag_ == "NNS" and token.lower_ in cues.SAYING  # `insiders grumble`
    ends = token.lower_[-1:] in "sd" or plural
    if token.pos_ not in ("NOUN", "PROPN", "ADJ") or not token.text.islower() or not ends:
        return False
    if plural:
        return True
    place = tail.index(position)
    names_before = place > 0 and tokens[tail[place - 1]].pos_ in ("PROPN", "PRON")
    names_after = place == 0 and len(tail) > 1 and tokens[tail[1]].pos_ in ("PROPN", "PRON", "DET")
    return names_before or names_after


def _has_content(verb: "Token") -> bool:
    """Whether a clause follows the verb: then it introduces that, and not the quote before it."""
    return any(
        child.dep_ == "ccomp" and child.i > verb.i and child.right_edge.i - verb.i > 3 for child in verb.children
    )


def _after(frame: Frame, tail: list[int]) -> Source | None:
    layout = frame.layout
    tokens = layout.tokens
    if back := _pointed_back(frame, tail):
        return back
    if tokens[tail[0]].text in _DASHES:
        alone = not any(not tokens[p].is_space for p in frame.head) and len(tail) <= LOOK
        return _byline(layout, tail) if alone or frame.text[-1:] in _COMPLETE else None
    for position in tail[:4]:
        if tokens[position].lower_ == "according":
            return _according(layout, position)
        view = view_at(tokens[position])
        if view is not None:
            return Source("after", (position, view.noun.i + 1), phrase(layout, view.owner))
    verbs = [tokens[position] for position in tail[:REACH] if _finite(tokens[position])]
    spoken = [verb for verb in verbs[:3] if verb.lemma_.lower() in cues.SAYING and not _has_content(verb)]
    any_verb = [] if is_title(frame.text) or frame.words < SPOKEN else verbs[:1]
    for verb in (*spoken, *any_verb):
        who = speaker_of(layout, verb, tail)
        if who:
            return Source("after", cue_of(layout, verb), who)
    return None


SPOKEN = 4
"""Words from which on a quote is taken for speech beside a verb that says nothing of speaking."""


def _finite(token: "Token") -> bool:
    return token.pos_ == "VERB" and token.dep_ not in ("relcl", "acl", "amod") and token.tag_ != "VB"


def _byline(layout: "Layout", tail: list[int]) -> Source | None:
    """`"…" — Jane Roe, Professor at X`: a name after a dash, with no verb."""
    names = [position for position in tail[1:6] if layout.tokens[position].pos_ == "PROPN"]
    if not names or names[0] > tail[0] + 2:
        return _dashed_clause(layout, tail)
    last = names[0]
    while last + 1 in names:
        last += 1
    return None if dated(layout, last + 1) else Source("after", None, Phrase(names[0], last + 1, last))


def dated(layout: "Layout", position: int) -> bool:
    """Whether a comma and a date follow a name: an entry in a list of sources, and no words of anybody."""
    behind = layout.tokens[position : position + 2]
    return len(behind) == 2 and behind[0].text == "," and behind[1].ent_type_ == "DATE"


def _dashed_clause(layout: "Layout", tail: list[int]) -> Source | None:
    for position in tail[1:8]:
        verb = layout.tokens[position]
        if _finite(verb) and verb.lemma_.lower() in cues.SAYING:
            who = speaker_of(layout, verb, tail)
            return Source("after", cue_of(layout, verb), who) if who else None
    return None


def _according(layout: "Layout", position: int) -> Source | None:
    tokens = layout.tokens
    to = position + 1
    if to >= len(tokens) or tokens[to].lower_ != "to":
        return None
    for child in (*tokens[to].children, *tokens[position].children):
        if child.dep_ == "pobj" and child.i > to:
            return Source("after", (position, to + 1), phrase(layout, child))
    for after in range(to + 1, min(to + LOOK, len(tokens))):
        if tokens[after].pos_ in NOUNS and not (after + 1 < len(tokens) and tokens[after + 1].pos_ in NOUNS):
            return Source("after", (position, to + 1), Phrase(to + 1, after + 1, after))
    return None


def _before(frame: Frame, head: list[int], *, strict: bool) -> Source | None:
    """`She said: "…"`. After a comma only a verb of saying will do; after a colon any clause will."""
    layout = frame.layout
    named = _named_before_colon(layout, head) or _in_words_of(layout, head)
    if named:
        return named
    verbs = [layout.tokens[position] for position in reversed(head[-REACH:]) if layout.tokens[position].pos_ == "VERB"]
    spoken = [verb for verb in verbs if verb.lemma_.lower() in cues.SAYING and verb.dep_ != "amod"]
    if not strict and spoken and spoken[0].i < head[-1] - 1:
        spoken.sort(key=lambda verb: verb.dep_ != "ROOT")
    for verb in spoken:
        person = quoted_person(verb)
        who = phrase(layout, person) if person is not None else speaker_of(layout, verb, head)
        if who:
            return Source("before", cue_of(layout, verb), who)
    for position in head:
        if layout.tokens[position].lower_ == "according":
            return _according(layout, position)
    if strict:
        return _adjacent(layout, head)
    who = announced(layout, head) if frame.words >= SPOKEN else None
    return Source("colon", None, who) if who else _colon(layout, head, verbs)


def _named_before_colon(layout: "Layout", head: list[int]) -> Source | None:
    """`Jane Roe: "…"`, also after a dash: a name and nothing else."""
    tokens = layout.tokens
    if tokens[head[-1]].text != ":":
        return None
    first = len(head) - 1
    while first > 0 and tokens[head[first - 1]].pos_ == "PROPN":
        first -= 1
    if first == len(head) - 1 or (first > 0 and tokens[head[first - 1]].text not in (*_DASHES, "(", "|")):
        return None
    return Source("colon", None, Phrase(head[first], head[-2] + 1, head[-2]))


def _in_words_of(layout: "Layout", head: list[int]) -> Source | None:
    """`in Roe's words,` and `in the words of Jane Roe,`."""
    for position in head[-REACH:]:
        view = view_at(layout.tokens[position])
        if view is not None:
            return Source("before", (position, view.noun.i + 1), phrase(layout, view.owner))
    return None


def _adjacent(layout: "Layout", head: list[int]) -> Source | None:
    """`As Roe put it, "…"`, `Roe gushed, "…"`: any verb that ends the words before the comma."""
    ends = [position for position in head[:-1] if layout.tokens[position].pos_ == "VERB"]
    if not ends or head[-1] - ends[-1] > 2:
        return None
    verb = layout.tokens[ends[-1]]
    if head[-1] - ends[-1] == 2 and layout.tokens[ends[-1] + 1].lower_ not in ("it", "out", "in", "on", "up", "back"):
        return None
    who = speaker_of(layout, verb, head)
    return Source("before", cue_of(layout, verb), who) if who else None


def phrase_in(layout: "Layout", sentence: list[int], place: Place) -> Source | None:
    """The source that a sentence introducing a quote names: its verb of saying first, then any verb."""
    verbs = [
        layout.tokens[position] for position in reversed(sentence[-REACH:]) if layout.tokens[position].pos_ == "VERB"
    ]
    spoken = [verb for verb in verbs if verb.lemma_.lower() in cues.SAYING]
    for verb in (*spoken, *verbs[::-1]):
        who = speaker_of(layout, verb, sentence)
        if who:
            return Source(place, cue_of(layout, verb), who)
    nouns = [position for position in sentence if layout.tokens[position].pos_ in NOUNS]
    if nouns and len(sentence) <= LOOK:
        return Source(place, None, Phrase(sentence[0], sentence[-1], nouns[-1]))
    return None


def _colon(layout: "Layout", head: list[int], verbs: list["Token"]) -> Source | None:
    for verb in sorted(verbs, key=lambda verb: (verb.dep_ not in ("ROOT", "conj"), -verb.i)):
        who = speaker_of(layout, verb, head)
        if who:
            return Source("colon", cue_of(layout, verb), who)
    nouns = [position for position in head if layout.tokens[position].pos_ in NOUNS]
    if nouns and not verbs and len(head) <= LOOK:
        comma = next((position for position in head if layout.tokens[position].text == ","), -1)
        lead = layout.tokens[comma - 1] if comma > head[0] else None
        if lead is not None and lead.pos_ == "PROPN" and lead.ent_type_ == "PERSON":  # `Jane Roe, Yale: “…”`
            return Source("colon", None, Phrase(head[0], comma, lead.i))
        start = next(position for position in head if layout.tokens[position].pos_ not in _NO_NAME)
        return Source("colon", None, Phrase(start, head[-1], nouns[-1]))
    return None


_NO_NAME = frozenset(["ADV", "AUX", "VERB", "CCONJ", "SCONJ", "INTJ"])
"""What may stand before a mention that the parser lost: `Here is Roe again:`."""


def _worded(frame: Frame, head: list[int]) -> Source | None:
    """`The answer was "…"`, `began one report with the words "…"`: nouns for words right before a whole quote."""
    layout = frame.layout
    last = layout.tokens[head[-1]]
    if frame.words < SPOKEN or not frame.text[:1].isupper():
        return None
    if last.lemma_.lower() in cues.WORDINGS:
        verb = next((ancestor for ancestor in last.ancestors if ancestor.pos_ == "VERB"), None)
        who = subject(layout, verb) if verb is not None else None
    elif last.lower_ == "with" and last.head.lemma_.lower() in cues.OPENING:
        who = subject(layout, last.head)
    elif last.lemma_ == "be":
        who = next((child for child in last.lefts if child.dep_ == "nsubj"), None)
        if who is None or who.lemma_.lower() not in cues.WORDINGS:
            return None
    else:
        return None
    return Source("before", cue_of(layout, last), phrase(layout, who)) if who is not None else None


def _inside(frame: Frame, head: list[int]) -> Source | None:
    """A fragment built into a sentence: the nearest verb of saying before it, else the one after it."""
    layout = frame.layout
    for position in reversed(head[-REACH:]):
        verb = layout.tokens[position]
        if verb.pos_ == "VERB" and verb.lemma_.lower() in cues.SAYING and _governs(frame, verb):
            who = speaker_of(layout, verb, head)
            if who:
                return Source("inside", cue_of(layout, verb), who)
    return None


def _governs(frame: Frame, verb: "Token") -> bool:
    """Whether the parse hangs the stretch below the verb, or the verb stands right before it."""
    layout = frame.layout
    stretch = layout.quoted[frame.number]
    first, last = layout.at(stretch.start), layout.before(stretch.end)
    if layout.at(stretch.open) - verb.i <= 2:
        return True
    return any(verb.is_ancestor(token) for token in layout.tokens[first : min(last, first + 4)] if not token.is_punct)
