"""Whose words or view it is where no verb of saying tells: `in Roe's words`, `for Roe the matter is plain:`."""

from typing import TYPE_CHECKING

import attrs

from kb import cues
from kb.lexicon import listed
from kb.phrases import NOUNS, Phrase, phrase
from kb.subjects import speaks, subject

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout

_VIEWS = listed(
    "word view opinion mind eye judgment judgement estimation assessment reading account telling phrase formulation"
)
"""What somebody's words or thoughts are called behind `in` and `to`."""
_LEADS = frozenset(["in", "to", "from", "by"])
_HOLDERS = frozenset(["for", "to", "from", "with"])
"""Before the subject: `For Roe the matter is plain`."""
_WRITERS = frozenset(["my", "our", "your", "one", "whose", "its", "i", "we", "you"])
"""Owners of a view that name nobody, or the writer."""
_POINTERS = frozenset(["that", "this", "these", "those", "so", "thus", "such"])
STATED = cues.CLAIMS | cues.WORDINGS | listed("point verdict message finding judgment judgement assessment")
"""Nouns of which `X's … is that …` tells what X says."""


@attrs.frozen
class View:
    """`in Roe's view`: the tokens of the phrase, and whose it is."""

    start: int
    end: int
    noun: "Token"
    owner: "Token"


def view_at(preposition: "Token") -> View | None:
    """The phrase that a preposition opens, where it names somebody's words or view."""
    if preposition.lower_ not in _LEADS:
        return None
    objects = [child for child in preposition.rights if child.dep_ == "pobj"]
    noun = next((child for child in objects if child.lemma_.lower() in _VIEWS), None)
    if noun is None:
        return None
    owner = owner_of(noun)
    if owner is None and len(objects) > 1 and objects[0].nbor().tag_ == "POS":
        owner = objects[0]  # the parser took `Roe's` for an object of its own
    return View(preposition.i, max(noun.i, owner.right_edge.i) + 1, noun, owner) if owner is not None else None


_OF = frozenset(["of", "by", "from"])


def owner_of(noun: "Token") -> "Token | None":
    """Whose it is: `Roe's view`, `the view of Roe`; not the writer's own."""
    owner = next((child for child in noun.lefts if child.dep_ == "poss"), None)
    of = next((child for child in noun.rights if child.lower_ in _OF), None)
    if owner is None and of is not None:
        owner = next((child for child in of.children if child.dep_ == "pobj"), None)
    named = owner is not None and (speaks(owner) or owner.tag_ == "PRP$" or owner.text[:1].isupper())
    known = owner is not None and named and owner.lower_ not in _WRITERS
    return owner if known else None


def announced(layout: "Layout", head: list[int]) -> Phrase | None:
    """Who speaks behind a clause and a colon when its verb does not tell.

    `Roe is blunt:`, `Roe's answer comes at once:`, `For Roe the matter is plain:`.
    """
    inside = set(head)
    verb = next((t for t in (layout.tokens[p] for p in head) if _main(t, inside)), None)
    who = next((c for c in verb.lefts if c.dep_ in ("nsubj", "nsubjpass")), None) if verb is not None else None
    if who is None and verb is not None and verb.lemma_ == "be":
        behind = next((c for c in verb.rights if c.dep_ in ("nsubj", "attr")), None)  # `Here is Roe again:`
        return phrase(layout, behind) if behind is not None and behind.pos_ == "PROPN" else None
    if verb is None or who is None:
        owner = owner_of(layout.tokens[head[-2]]) if len(head) > 1 and layout.tokens[head[-2]].pos_ == "NOUN" else None
        return phrase(layout, owner) if owner is not None else None
    if speaks(who) or who.pos_ == "PRON":
        return phrase(layout, who) if verb.pos_ == "AUX" and speaks(who) else None
    holders = [owner_of(who), *(_held(child) for child in verb.lefts if child.i < who.i)]
    holder = next((holder for holder in holders if holder is not None), None)
    return phrase(layout, holder) if holder is not None else None


def _main(token: "Token", inside: set[int]) -> bool:
    """The verb that a clause hangs on; the parser may hang it below the quote."""
    return (
        token.pos_ in ("VERB", "AUX")
        and token.dep_ not in ("aux", "auxpass")
        and (token.head.i == token.i or token.head.i not in inside)
    )


def _held(preposition: "Token") -> "Token | None":
    if preposition.lower_ not in _HOLDERS:
        return None
    who = next((child for child in preposition.rights if child.dep_ == "pobj"), None)
    return who if who is not None and who.ent_type_ == "PERSON" else None


def quoted_person(verb: "Token") -> "Token | None":
    """`To quote Roe: “…”`: whom a verb of quoting without a subject has for its object."""
    own = any(child.dep_ in ("nsubj", "nsubjpass") and child.lower_ not in _WRITERS for child in verb.lefts)
    if verb.lemma_.lower() not in ("quote", "cite", "paraphrase") or own or verb.tag_ not in ("VB", "VBG"):
        return None
    who = next((child for child in verb.rights if child.dep_ in ("dobj", "pobj")), None)
    return who if who is not None and (speaks(who) or who.text[:1].isupper()) else None


def pointed_back(layout: "Layout", tail: list[int]) -> tuple["Token", Phrase] | None:
    """The cue and the speaker of a clause that points back at words before it: `– that is how Roe describes it`,
    `Those are the words of Roe.`"""
    row = [layout.tokens[p] for p in tail if not layout.tokens[p].is_punct]
    led = len(row) > 2 and row[0].pos_ == "ADP" and row[1].lower_ in _POINTERS and row[2].lemma_.lower() in _VIEWS
    if led:  # `With these words Roe sums it up.`
        verb = next((token for token in row[3:] if token.pos_ == "VERB" and token.dep_ == "ROOT"), None)
        beside = next((c for c in row[2].rights if c.dep_ == "appos" and c.ent_type_ == "PERSON"), None)
        who = beside if beside is not None or verb is None else subject(layout, verb)
        return (row[2], phrase(layout, who)) if who is not None and _names_somebody(who) else None
    if not row or row[0].lower_ not in _POINTERS:
        return None
    asked = next((at for at, token in enumerate(row) if token.lower_ in ("how", "what")), None)
    told = row[0].lower_ in ("so", "thus")
    for token in row[1:] if told else row[asked + 1 :] if asked is not None else ():
        if token.pos_ == "VERB" and (asked is not None or token.lemma_.lower() in cues.SAYING):
            who = subject(layout, token)
            return (token, phrase(layout, who)) if who is not None and _names_somebody(who) else None
    for token in row[1:]:
        owner = owner_of(token) if token.lemma_.lower() in STATED | _VIEWS else None
        if owner is not None:
            return token, phrase(layout, owner)
    return None


def answered(layout: "Layout", tail: list[int]) -> tuple["Token", Phrase] | None:
    """The cue and the speaker of `“…,” was the answer of Roe` and `“…,” came Roe's reply`."""
    row = [layout.tokens[p] for p in tail if not layout.tokens[p].is_punct][:_ANSWER]
    if not row or row[0].lemma_.lower() not in ("be", "come", "go", "run"):
        return None
    for token in row[1:]:
        owner = owner_of(token) if token.lemma_.lower() in STATED else None
        if owner is not None:
            return token, phrase(layout, owner)
    return None


_ANSWER = 8
"""Words behind a quote in which its noun stands: `was the short and rather gruff answer of`."""


def voice(layout: "Layout", speaker: Phrase) -> Phrase:
    """Whose verdict or answer it is, where that was taken for the speaker."""
    head = layout.tokens[speaker.head]
    owner = owner_of(head) if head.lemma_.lower() in STATED else None
    return phrase(layout, owner) if owner is not None else speaker


def _names_somebody(token: "Token") -> bool:
    return token.pos_ in NOUNS and speaks(token) and token.lower_ not in ("i", "we", "who")
