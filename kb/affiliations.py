"""What a text says a person is and where: office, role or institution, as it states them.

Only fixed constructions count: a title right before the name, an apposition, `Roe of X`, `Roe, who directs X`.
What stands there must be headed by a word for a role or name an institution; in doubt nothing is said.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kb import cues
from kb.lexicon import listed
from kb.names import TITLES
from kb.persons import Person, contradicts
from kb.roles import ACADEMIC, COURTESY, HONORIFICS, INSTITUTIONS, PARTIES, is_role

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout

LONGEST = 24
"""Tokens of a description at most."""
TITLE = 10
"""Tokens of a description before a name at most."""

ACRONYM = 3
"""Letters from which on capitals name a body and not a state or an initial."""

_JOINING = listed("of at for in with from to on under and")
"""Words that carry a description on beyond its first noun."""
_EDGE_TAGS = ("ADP", "DET", "ADV", "CCONJ", "SCONJ", "PRON", "PUNCT", "SPACE", "PART", "ADJ")
_AFTER_NAME = listed("ph.d. ph.d phd m.d. md jr. jr sr. sr esq. esq ii iii iv mba mph dphil obe cbe")
_LEADING = listed("direct lead head run chair edit found manage oversee")
_SERVING = listed("work teach study serve")
_ARTICLES = listed("a an the")
_LOOSE = listed("then now fellow rival")
_SEEMING = listed("as like if than")
_INSTITUTION, _ROLE, _PARTY = range(3)

Ranked = tuple[int, str]
"""A description behind its rank: those that name an institution go before bare roles, and these before a party."""


def affiliation(layout: "Layout", person: Person) -> str | None:
    """The first description that names an institution, else the first role, else a party; None where in doubt."""
    found: list[Ranked] = []
    for start, end in person.told:
        if layout.owner[start] < 0 and not contradicts(layout, person, start):
            found += _descriptions(layout, start, end)
    return min(found, key=lambda ranked: ranked[0])[1] if found else None


def _descriptions(layout: "Layout", start: int, end: int) -> Iterator[Ranked]:
    before = _before(layout, start, end)
    if before:
        yield before
    following = layout.tokens[end].lower_ if end < len(layout.tokens) else ""
    if following == ",":
        at = layout.tokens[end + 1].lower_ if end + 1 < len(layout.tokens) else ""
        yield from _belonging(layout, end + 1) if at in ("of", "from", "at") else _after_comma(layout, end + 1)
    elif following in ("of", "at", "from", "with"):
        yield from _belonging(layout, end)
    elif following == "(":
        yield from _bracketed(layout, end + 1)
    elif following in ("is", "was"):
        yield from (ranked for ranked in _apposition(layout, end + 1) if ranked[0] == _INSTITUTION)
    yield from _ahead(layout, start, end)


def _before(layout: "Layout", start: int, end: int) -> Ranked | None:
    """`FBI director Roe`, `Secretary of State Roe`, `Yale University's Roe`."""
    tokens = layout.tokens
    while start > 0 and _polite(layout, start - 1):
        start -= 1
    if start == 0 or layout.line[start - 1] != layout.line[start] or tokens[end - 1].dep_ == "compound":
        return None
    if tokens[start - 1].lower_ in ("'s", "’s"):
        return _owner(layout, start - 1)
    head = _office(layout, start)
    first = _title_start(layout, head) if head >= 0 else start
    if first == start or (first and tokens[first - 1].lower_ in _SEEMING):
        return None
    telling = any(tokens[p].lower_ not in TITLES and not tokens[p].is_punct for p in range(first, start))
    return _ranked(layout, first, start, head) if telling and _fits(layout, first, head) else None


def _title_start(layout: "Layout", head: int) -> int:
    first = head
    while first > 0 and head - first < TITLE and _modifies(layout, first - 1):
        first -= 1
    while first < head and (layout.tokens[first].pos_ in ("PART", "PUNCT") or layout.tokens[first].lower_ in _LOOSE):
        first += 1
    return first


def _fits(layout: "Layout", first: int, head: int) -> bool:
    """Whether the words before a title of address say whose it is: `Ohio Gov.`, but not `the party convention Gov.`"""
    tokens = layout.tokens
    if tokens[head].lower_ not in HONORIFICS:
        return True
    own = all(tokens[p].pos_ in ("PROPN", "ADJ") or tokens[p].lower_ == "state" for p in range(first, head))
    return own and any(_placed(token) for token in tokens[first:head])


def _placed(token: "Token") -> bool:
    """Whether a word says whose governor or senator somebody is."""
    return token.ent_type_ in ("GPE", "NORP", "ORG") or token.lower_ in ("state", "u.s.")


def _polite(layout: "Layout", position: int) -> bool:
    """Whether a title before a name only repeats it in courtesy: `Dr.`, or the second of `candidate Sen. Roe`."""
    tokens, word = layout.tokens, layout.tokens[position].lower_
    return word in COURTESY or (word in HONORIFICS and position > 0 and is_role(tokens[position - 1]))


def _office(layout: "Layout", start: int) -> int:
    """Position of the role word that ends right before a name, or before its `of State`; -1 for none."""
    tokens = layout.tokens
    if is_role(tokens[start - 1]):
        return start - 1
    at = start - 1
    while at > 0 and start - at < 5 and tokens[at].pos_ == "PROPN":
        at -= 1
    if at and at < start - 1 and tokens[at].lower_ == "of" and is_role(tokens[at - 1]) and tokens[at - 1].is_title:
        return at - 1
    return -1


def _modifies(layout: "Layout", position: int) -> bool:
    """Whether a token belongs to the title that goes on to its right."""
    token = layout.tokens[position]
    if layout.owner[position] >= 0 or token.ent_type_ in ("DATE", "TIME") or token.is_space:
        return False
    if layout.line[position] != layout.line[position + 1] or token.tag_ in ("PRP$", "NNS"):
        return token.tag_ == "NNS" and token.dep_ == "compound"
    joint = token.text in ("&", "’s", "'s", "/") or (token.text.endswith("-") and not token.whitespace_)
    if token.is_punct and not joint:
        return False
    return joint or token.pos_ in ("NOUN", "PROPN", "ADJ", "NUM") or (token.dep_ == "amod" and token.tag_ != "VBG")


def _owner(layout: "Layout", mark: int) -> Ranked | None:
    """An institution in the genitive: `Iowa State University's Jane Roe`."""
    tokens = layout.tokens
    if not mark or tokens[mark - 1].ent_type_ != "ORG":
        return None
    first = mark
    while first > 0 and tokens[first - 1].ent_type_ == "ORG" and tokens[first].ent_iob_ != "B":
        first -= 1
    while first < mark and tokens[first].lower_ == "the":
        first += 1
    acronym = first == mark - 1 and tokens[first].text.isupper() and len(tokens[first]) >= ACRONYM
    if not (acronym or any(token.lower_ in INSTITUTIONS for token in tokens[first:mark])):
        return None
    return _INSTITUTION, _text(layout, first, mark)


def _after_comma(layout: "Layout", start: int) -> Iterator[Ranked]:
    tokens = layout.tokens
    for _ in range(2):
        if start + 1 < len(tokens) and (tokens[start].lower_ in _AFTER_NAME or _age(layout, start)):
            start += 2 if tokens[start + 1].text == "," else 1
    if start + 2 < len(tokens) and tokens[start].lower_ == "who":
        yield from _who(layout, start + 1)
    else:
        yield from _apposition(layout, start)


def _age(layout: "Layout", position: int) -> bool:
    return layout.tokens[position].text.isdigit() and layout.tokens[position + 1].text == ","


def _who(layout: "Layout", verb: int) -> Iterator[Ranked]:
    """`who directs the Roe Institute`, `who teaches at Yale`, `who is a chemist at Yale`."""
    tokens = layout.tokens
    lemma = tokens[verb].lemma_.lower()
    if lemma == "be":
        yield from (ranked for ranked in _apposition(layout, verb + 1) if ranked[0] == _INSTITUTION)
        return
    if verb + 2 >= len(tokens) or not _occupation(tokens[verb], lemma):
        return
    end = _trimmed(layout, verb, _phrase_end(layout, verb + 1))
    if end > verb + 1:
        placed = any(_institution(token) for token in tokens[verb + 1 : end])
        yield _INSTITUTION if placed else _ROLE, _text(layout, verb, end)


def _occupation(verb: "Token", lemma: str) -> bool:
    """What somebody does for good (`who studies bats`) or has led; not what somebody says or thinks just now."""
    if lemma in _LEADING:
        return True
    return verb.tag_ == "VBZ" and lemma not in cues.SAYING | cues.THINKING | cues.BARE | cues.CAUSING


def _apposition(layout: "Layout", start: int) -> Iterator[Ranked]:
    """`a biologist at Yale`, `FBI director`, `Republican of Alabama`, up to the mark or verb that ends it."""
    tokens = layout.tokens
    if start >= len(tokens) or layout.owner[start] >= 0 or tokens[start].is_space:
        return
    first = start + (tokens[start].lower_ in ("then", "now"))
    first += first < len(tokens) and tokens[first].lower_ in _ARTICLES
    end = _phrase_end(layout, first)
    head = _head(layout, first, end)
    if head < 0 or tokens[head].tag_ in ("NNS", "NNPS"):
        return
    if is_role(tokens[head]) or tokens[head].lower_ in PARTIES:
        ranked = _ranked(layout, first, end, head)
        if ranked:
            yield ranked


def _head(layout: "Layout", first: int, end: int) -> int:
    """Position of the noun that a phrase is about: the last one before a preposition, comma or conjunction."""
    tokens, head = layout.tokens, -1
    for position in range(first, end):
        token = tokens[position]
        if token.text in ("-", "–", "’s", "'s", "/", "&", "’", "'") or token.pos_ == "DET":
            continue
        if token.pos_ in ("ADP", "SCONJ", "CCONJ", "PRON", "AUX") or token.is_punct:
            if token.tag_ == "PRP$" or (token.lower_ == "and" and head < 0):
                continue
            break
        if token.pos_ in ("NOUN", "PROPN") or is_role(token):
            head = position
    return head


def _belonging(layout: "Layout", position: int) -> Iterator[Ranked]:
    """`Roe of the Roe Institute`. `at` may tell where somebody was, so there only places of learning count."""
    tokens = layout.tokens
    first = position + 1
    while first < len(tokens) and tokens[first].lower_ == "the":
        first += 1
    if first >= len(tokens) or tokens[first].ent_type_ not in ("ORG", "FAC"):
        return
    end = first + 1
    while end < len(tokens) and tokens[end].ent_iob_ == "I" and not tokens[end].is_space:
        end += 1
    words = {token.lower_ for token in tokens[first:end]}
    loose = tokens[position].lower_ != "of"
    dated = any(token.ent_type_ in ("DATE", "TIME") for token in tokens[end : end + 4])
    if loose and (dated or not words & ACADEMIC or tokens[position].head.i not in range(position - 3, position)):
        return
    if (loose or words & INSTITUTIONS or end - first > 1) and _stops(layout, end):
        yield _INSTITUTION, _text(layout, first, _trimmed(layout, first, end))


def _stops(layout: "Layout", position: int) -> bool:
    """Whether a name is over here: no noun goes on with it (`the Senate race`)."""
    tokens = layout.tokens
    return position >= len(tokens) or tokens[position].pos_ not in ("NOUN", "PROPN", "PART", "ADJ")


def _bracketed(layout: "Layout", start: int) -> Iterator[Ranked]:
    """`Roe (Yale University)`, `Roe (a biologist at Yale)`."""
    tokens = layout.tokens
    stop = min(start + TITLE, len(tokens))
    end = next((p for p in range(start, stop) if tokens[p].text == ")"), start)
    inner = tokens[start:end]
    if any(token.pos_ in ("VERB", "AUX", "NUM", "PRON") or token.is_space for token in inner):
        return
    if inner and (inner[-1].lower_ in ACADEMIC or inner[0].lower_ in ("university", "institute", "college")):
        yield _INSTITUTION, _text(layout, start, end)
    else:
        yield from _apposition(layout, start)


def _ahead(layout: "Layout", start: int, end: int) -> Iterator[Ranked]:
    """A description with the name behind it: `a biologist at Yale, Jane Roe, said`."""
    tokens = layout.tokens
    if start < 2 or tokens[start - 1].text != "," or tokens[end - 1].dep_ != "appos" or end >= len(tokens):
        return
    first = _phrase_start(layout, start - 1) if tokens[end].text in (",", ".", ";") else -1
    if first < 0:
        return
    first += tokens[first].lower_ in _ARTICLES
    head = _head(layout, first, start - 1)
    if head < 0 or tokens[head].tag_ in ("NNS", "NNPS") or not is_role(tokens[head]):
        return
    ranked = _ranked(layout, first, start - 1, head)
    if ranked:
        yield ranked


def _phrase_start(layout: "Layout", end: int) -> int:
    """Where a description that ends at a comma begins: its first article or owner in the clause; -1 for nowhere."""
    tokens, found = layout.tokens, -1
    for position in range(end - 1, max(end - 1 - LONGEST, -1), -1):
        token = tokens[position]
        if layout.owner[position] >= 0 or layout.line[position] != layout.line[end] or token.is_space:
            break
        if token.pos_ in ("VERB", "AUX", "PRON", "CCONJ") or token.text in (",", ".", ";", ":", "—", "–", "(", ")"):
            break
        if token.lower_ in _ARTICLES:
            found = position
        elif token.dep_ == "poss":
            found = min(token.left_edge.i, position)
    return found


def _ranked(layout: "Layout", first: int, end: int, head: int) -> Ranked | None:
    """A description with its edges cleaned; None where nothing but possessives and courtesy is left."""
    tokens = layout.tokens
    end = max(head + 1, _trimmed(layout, first, end))
    if first >= end or tokens[first].tag_ in ("PRP$", "PRP", "WP$") or tokens[first].lower_ in ("only", "one"):
        return None
    if tokens[head].lower_ in PARTIES and not is_role(tokens[head]):
        rank = _PARTY
    else:
        rank = _INSTITUTION if any(_institution(token) for token in tokens[first:end]) else _ROLE
    return rank, _text(layout, first, end)


def _trimmed(layout: "Layout", first: int, end: int) -> int:
    """The end without marks and words that wait for another."""
    tokens = layout.tokens
    while end > first and tokens[end - 1].pos_ in _EDGE_TAGS and not tokens[end - 1].text[:1].isupper():
        end -= 1
    return end


def _text(layout: "Layout", first: int, end: int) -> str:
    return layout.text[layout.offsets[first] : layout.end_of(end - 1)]


def _institution(token: "Token") -> bool:
    return token.ent_type_ in ("ORG", "FAC") or token.lower_ in INSTITUTIONS


def _phrase_end(layout: "Layout", start: int) -> int:
    """Up to the verb, clause, date, line or quote that ends a description; a place after a comma stays in it."""
    tokens = layout.tokens
    stop = min(start + LONGEST, len(tokens))
    position = start
    while position < stop:
        token = tokens[position]
        if token.is_space or layout.owner[position] >= 0 or token.text in (".", ";", ":", "—", "–", "(", ")", "?", "!"):
            break
        if token.pos_ in ("VERB", "AUX", "SCONJ") and token.dep_ not in ("amod", "compound"):
            break
        if token.pos_ in ("ADP", "CCONJ") and (token.lower_ not in _JOINING or _dated(layout, position)):
            break
        if token.tag_ in ("WP", "WDT", "PRP", "WRB"):
            break
        if token.text == ",":
            position = _past_place(layout, position)
            break
        position += 1
    return position


def _dated(layout: "Layout", position: int) -> bool:
    """Whether `on Thursday` begins here; `from 2007 to 2013` is part of an office."""
    token, behind = layout.tokens[position], layout.tokens[position + 1 : position + 2]
    return token.lower_ in ("on", "in", "at") and bool(behind) and behind[0].ent_type_ in ("DATE", "TIME")


def _past_place(layout: "Layout", comma: int) -> int:
    """The end of the country, state or institution that a comma joins: `in Tripoli, Libya`; else the comma."""
    tokens = layout.tokens
    end = comma + 1
    if comma == 0 or end >= len(tokens) or tokens[end].ent_type_ not in ("GPE", "ORG"):
        return comma
    if tokens[end].ent_type_ == "GPE" and tokens[comma - 1].ent_type_ not in ("GPE", "ORG", "FAC"):
        return comma
    end += 1
    while end < len(tokens) and tokens[end].ent_iob_ == "I":
        end += 1
    whole = tokens[comma + 1].ent_type_ == "GPE" or any(t.lower_ in INSTITUTIONS for t in tokens[comma + 1 : end])
    return end if whole and end < len(tokens) and tokens[end].text in (",", ".", "—", "–") else comma
