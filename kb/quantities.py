"""Quantities of a text: number, unit, what is measured, under which condition, how hedged.

`numerals` finds the numbers; the parse tells what they count. Numbers that count nothing (dates,
years, ages, versions, model names, labels, list markers, house numbers) are left out.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import attrs

from kb.labels import NOUNS, is_age, is_date, is_idle_one, is_name_or_label, lower, neighbour
from kb.measures import comparable, lemma, measures
from kb.number_words import listed
from kb.numerals import Numeral, numerals
from kb.records import Quantity, Span, Tool

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

__all__ = ["TOOL", "comparable", "measures", "quantities", "tool"]

TOOL = Tool(name="quantities", version="1")

_CONTENT = {"NOUN", "PROPN", "VERB", "ADJ"}
_SUBJECTS = {"nsubj", "nsubjpass"}
_INSIDE = {"nummod", "quantmod", "compound", "amod", "nmod", "npadvmod", "det", "predet", "advmod", "appos"}
_EMPTY_VERBS = set(listed("be have do get say tell report find show note add suggest compare"))
"""Verbs that name no event of the measured thing: they carry or report it."""
_AGENTS = set(
    listed(
        "researcher scientist team author study paper group experiment research report analysis expert investigator"
        " academic preprint article publication work"
    )
)
"""Whoever measures: outlets name them freely, so they do not tell what is measured."""
_CONDITIONS = set(
    listed(
        "with without when if unless in under during after before while for among amid despite at once until since"
        " across between on whether given within where"
    )
)
_DIRECTIONS = {"by", "to", "from"}
_COMPARATIVES = {"more", "less", "fewer"}
_TURNS = _DIRECTIONS | _COMPARATIVES
_NEW_PHRASE = {"last", "next", "this", "each", "every", "per", "a", "an", "the", "past", ","}
"""Words before a noun that a number in front of them cannot count: `1.2 million last year`."""
_DAYS = set(listed("monday tuesday wednesday thursday friday saturday sunday today yesterday tomorrow week"))
"""What ends a phrase on when it was said or done: outlets differ in that about the same number."""
_LONGEST_CONDITION = 20
"""Tokens; a longer phrase is a parse gone wrong rather than a circumstance."""


def tool(parser_tool: Tool) -> Tool:
    """This stage over the parses of `parser_tool`."""
    return attrs.evolve(TOOL, params={"parser": parser_tool.id})


def quantities(text_id: str, text: str, doc: "Doc", tool: Tool) -> list[Quantity]:
    """Quantities in text order. `doc` is the parse of that very text."""
    taken = list(_kept(_taken(doc, numerals(text))))
    read = _Reader(doc, taken)
    made = [_quantity(text_id, tool, numeral, read.about(numeral, tokens)) for numeral, tokens in taken]
    return sorted([*made, *_none_at_all(text_id, tool, read)], key=lambda quantity: quantity.span.start)


@attrs.frozen(kw_only=True)
class _About:
    """What the parse says of a number."""

    unit: str
    measure: str
    condition: str | None


def _quantity(text_id: str, tool: Tool, numeral: Numeral, about: _About) -> Quantity:
    hedge = numeral.hedge
    if numeral.kind == "share" and hedge is None:
        hedge = "about"  # `a third` is how 31 and 35 percent are written too
    return Quantity(
        text=text_id,
        span=Span(numeral.start, numeral.end),
        tool=tool.id,
        value=numeral.value,
        high=numeral.high,
        unit=about.unit,
        measure=about.measure,
        condition=about.condition,
        hedge=hedge,
    )


def _taken(doc: "Doc", found: Iterable[Numeral]) -> "Iterator[tuple[Numeral, list[Token]]]":
    """Each numeral with the tokens that it covers; those that no token covers are dropped."""
    starts = [token.idx for token in doc]
    for numeral in found:
        first = max(bisect_left(starts, numeral.start + 1) - 1, 0)
        after = bisect_left(starts, numeral.end)
        tokens = [token for token in doc[first:after] if token.idx + len(token) > numeral.start]
        if tokens:
            yield numeral, tokens


def _kept(taken: "Iterable[tuple[Numeral, list[Token]]]") -> "Iterator[tuple[Numeral, list[Token]]]":
    for numeral, tokens in taken:
        if numeral.kind == "count" and not numeral.unit and is_name_or_label(numeral, tokens):
            continue
        if is_age(tokens) or is_date(numeral, tokens) or is_idle_one(tokens):
            continue
        yield numeral, tokens


# --- What is measured -----------------------------------------------------------------------------------


class _Reader:
    """Reads unit, measure and condition of numbers off one parse."""

    def __init__(self, doc: "Doc", taken: "list[tuple[Numeral, list[Token]]]") -> None:
        self.doc = doc
        self.numbers = {token.i for _, tokens in taken for token in tokens}

    def about(self, numeral: Numeral, tokens: "list[Token]") -> _About:
        inside = {token.i for token in tokens}
        root = next((token for token in tokens if token.head.i not in inside), tokens[-1])
        noun = _noun(tokens, root, counted=numeral.kind == "count")
        unit = numeral.unit or (_unit(noun) if noun is not None else "")
        return self._read(unit, noun, root, inside)

    def nothing(self, zero: "Token", noun: "Token") -> _About:
        """What is absent in `no models`, `none of the models`."""
        return self._read(_unit(noun), noun, zero if zero.dep_ != "det" else noun, {zero.i})

    def _read(self, unit: str, noun: "Token | None", root: "Token", inside: set[int]) -> _About:
        anchor = noun if noun is not None and root.head == noun else root
        path, verb, below = _climb(anchor)
        if self._is_whole(min(inside)):
            path, verb = [], None
        words = {token.i for token in path} | _direction(root.doc, min(inside))
        words |= _phrase(noun) if noun is not None else set()
        words |= _event(verb, below) if verb is not None else set()
        if noun is not None and (verb is None or _lemma(verb) in _EMPTY_VERBS):
            words |= {token.i for token in noun.children if token.dep_ in {"acl", "relcl"}}
        told = [self.doc[at] for at in sorted(words - inside)]
        whole = [token for child in root.children if child.lower_ == "of" for token in child.children]
        holders = [holder for holder in (root, noun, verb, *whole) if holder is not None]
        return _About(
            unit=unit,
            measure=" ".join(_word(token) for token in told if self._tells(token)),
            condition=self._condition(holders, inside),
        )

    def _is_whole(self, first: int) -> bool:
        """Whether a number is the whole that another one is a part of: eight in `seven of the eight models`."""
        at = first - 1
        while at > 0 and self.doc[at].lower_ in {"the", "all", "those", "these", "our", "their", "its"}:
            at -= 1
        return at > 0 and self.doc[at].lower_ == "of" and (at - 1 in self.numbers or self.doc[at - 1].lower_ == "out")

    def _tells(self, token: "Token") -> bool:
        if token.lower_ in _TURNS or token.dep_ == "neg":
            return True
        if token.i in self.numbers:
            return False
        if token.like_num:
            return token.head.pos_ == "PROPN"
        return token.pos_ in _CONTENT and _lemma(token) not in _EMPTY_VERBS and any(c.isalnum() for c in token.text)

    def _condition(self, holders: "list[Token]", inside: set[int]) -> str | None:
        """Phrases such as `with a peer present`, as written, joined by `; `."""
        phrases: dict[int, str] = {}
        for child in (child for holder in holders for child in holder.children if _opens_condition(child)):
            start, end = child.left_edge.i, child.right_edge.i + 1
            # What stands behind the next number is that number's condition.
            between = range(max(inside) + 1, end) if start > max(inside) else range(start, end)
            own = inside.isdisjoint(range(start, end)) and self.numbers.isdisjoint(between)
            if own and self.doc[end - 1].lower_ not in _DAYS and end - start <= _LONGEST_CONDITION:
                phrases[start] = self.doc[start:end].text.strip(" ,;.")
        return "; ".join(phrases[start] for start in sorted(phrases)) or None


def _lemma(token: "Token") -> str:
    return token.lemma_.lower() or token.lower_


def _unit(noun: "Token") -> str:
    """Singular of what is counted; the model leaves names in the plural."""
    return lemma(noun.lower_) if noun.pos_ == "PROPN" else _lemma(noun)


def _word(token: "Token") -> str:
    return "not" if token.dep_ == "neg" else _lemma(token)


def _direction(doc: "Doc", first: int) -> set[int]:
    """`by`, `to` or `from` before a number, hedges skipped: falling by five is not falling to five."""
    for at in range(first - 1, max(first - 4, -1), -1):
        if doc[at].lower_ in _DIRECTIONS:
            return set() if at and doc[at - 1].lower_ in {"up", "close"} and doc[at].lower_ == "to" else {at}
        if doc[at].pos_ not in {"ADV", "ADJ", "ADP", "DET"}:
            break
    return set()


def _noun(tokens: "list[Token]", root: "Token", *, counted: bool) -> "Token | None":
    """The noun that a number counts, or of which it is a share."""
    after = neighbour(tokens[-1], 1)
    if lower(after) == "of":
        return _noun_run(after, 1)
    if lower(after) == "out" and lower(neighbour(tokens[-1], 2)) == "of":
        return _noun_run(tokens[-1], 3)
    head, last = root.head, tokens[-1].i
    between = {token.lower_ for token in root.doc[last + 1 : head.i]}
    if head.pos_ in NOUNS and head.i > last and root.dep_ in _INSIDE and between.isdisjoint(_NEW_PHRASE):
        return head
    if counted or (after is not None and after.pos_ in NOUNS):
        return _noun_run(tokens[-1], 1)
    return None


def _noun_run(token: "Token | None", step: int) -> "Token | None":
    """Head of the noun phrase that follows a token, read from word classes where the parse gives none."""
    last: Token | None = None
    if token is None:
        return None
    at = neighbour(token, step)
    while at is not None and at.i - token.i < 9 and at.lower_ not in _NEW_PHRASE - {"the", "this"}:
        if at.pos_ not in NOUNS and (last is not None or at.pos_ not in {"DET", "ADJ", "NUM", "PRON"}):
            break
        last = at if at.pos_ in NOUNS else last
        at = neighbour(at, 1)
    return last


def _phrase(noun: "Token") -> set[int]:
    """A noun with what narrows it down: `frontier model`, `rate of refusal`."""
    words = {noun.i}
    for child in noun.children:
        if child.dep_ in {"amod", "compound", "nmod"} or (child.dep_ == "nummod" and noun.pos_ == "PROPN"):
            words |= {child.i} | {
                deeper.i for deeper in child.children if deeper.dep_ in {"amod", "compound", "nummod"}
            }
        if child.dep_ == "prep" and child.lower_ == "of":
            words |= {deeper.i for deeper in child.children if deeper.dep_ == "pobj"}
    return words


def _climb(token: "Token") -> "tuple[list[Token], Token | None, Token]":
    """Nouns on the way up to the governing verb, that verb, and what hangs below it on this way."""
    path: list[Token] = []
    for _ in range(8):
        head = token.head
        if head == token:
            return path, token if token.pos_ in {"VERB", "AUX"} else None, token
        if head.pos_ in {"VERB", "AUX"}:
            return path, head, token
        if token.dep_ == "pobj" and head.lower_ == "of" and head.head.pos_ in {"NUM", "ADV", "DET"}:
            return path, None, token
        if token.dep_ != "conj" and (head.pos_ in NOUNS | {"ADJ"} or head.lower_ in _COMPARATIVES):
            path.append(head)
        token = head
    return path, None, token


def _event(verb: "Token", below: "Token") -> set[int]:
    """The verb with its subject and object, leaving out whoever merely measures."""
    words = {verb.i}
    for child in verb.children:
        if child.dep_ in {"dobj", "attr", "acomp", "xcomp"} and child != below:
            words |= {child.i, *(deeper.i for deeper in child.children if deeper.dep_ in {"compound", "amod"})}
        if child.dep_ == "neg":
            words.add(child.i)
        if _is_argument(child, verb):
            words |= {deeper.i for deeper in child.children if deeper.dep_ == "pobj"}
    if below.dep_ not in _SUBJECTS:
        for subject in _subjects(verb):
            words |= set() if _lemma(subject) in _AGENTS else _phrase(subject)
    return words


def _subjects(verb: "Token") -> "list[Token]":
    own = [child for child in verb.children if child.dep_ in _SUBJECTS]
    if own or verb.dep_ not in {"conj", "xcomp", "advcl"}:
        return own
    return [child for child in verb.head.children if child.dep_ in _SUBJECTS]


def _is_argument(token: "Token", verb: "Token") -> bool:
    """Whether a phrase completes its verb (`tampered with the switch`) and is no circumstance."""
    return token.dep_ == "prep" and token.lower_ in {"with", "for", "at", "on"} and token.i == verb.i + 1


def _opens_condition(token: "Token") -> bool:
    if _is_argument(token, token.head) and token.head.pos_ == "VERB":
        return False
    if token.dep_ in {"prep", "agent"}:
        return token.lower_ in _CONDITIONS
    if token.dep_ in {"advcl", "pcomp"}:
        marks = {child.lower_ for child in token.children if child.dep_ in {"mark", "advmod"}}
        return bool(marks & _CONDITIONS)
    return False


# --- None at all ----------------------------------------------------------------------------------------


def _none_at_all(text_id: str, tool: Tool, read: _Reader) -> Iterator[Quantity]:
    """`no models` and `none of the models`: zero of something that is counted in the plural."""
    for token in read.doc:
        noun: Token | None = None
        if token.lower_ == "no" and token.dep_ == "det" and token.head.i > token.i:
            noun = token.head
        elif token.lower_ == "none" and lower(neighbour(token, 1)) == "of":
            noun = _noun_run(token, 2)
        if noun is not None and noun.tag_ in {"NNS", "NNPS"}:
            numeral = Numeral(
                start=token.idx,
                end=token.idx + len(token),
                value=0.0,
                high=None,
                kind="count",
                unit="",
                hedge=None,
                written="words",
            )
            yield _quantity(text_id, tool, numeral, read.nothing(token, noun))
