"""Numbers that count nothing: dates, ages, names, labels, list markers and turns of phrase."""

from typing import TYPE_CHECKING

from kb.number_words import listed
from kb.numerals import Numeral

if TYPE_CHECKING:
    from spacy.tokens import Token

NOUNS = {"NOUN", "PROPN"}
_STREETS = {"street", "avenue", "road", "lane", "drive", "square", "boulevard", "plaza", "st.", "ave.", "rd."}
_NUMBERED = set(
    listed(
        "type stage phase figure fig table level grade class chapter section page step day week room number version"
        " part item category tier zone route flight line gate round season episode volume appendix equation article"
        " rule"
    )
)
"""Nouns in the singular that a number behind them names instead of counting."""
_IDLE_ONES = {"day", "thing", "way", "side", "hand", "point", "time", "moment", "reason", "another", "example"}


def neighbour(token: "Token", step: int) -> "Token | None":
    at = token.i + step
    return token.doc[at] if 0 <= at < len(token.doc) else None


def lower(token: "Token | None") -> str:
    return token.lower_ if token is not None else ""


def is_date(numeral: Numeral, tokens: "list[Token]") -> bool:
    """A bare year (`2025`, but not `2000 people`), or a stretch back in time (`three years ago`)."""
    after = neighbour(tokens[-1], 1)
    if lower(after) == "ago" or lower(neighbour(tokens[-1], 2)) == "ago":
        return True
    bare = numeral.kind == "count" and not numeral.unit and len(tokens) == 1 and tokens[0].text.isdigit()
    if not bare or len(tokens[0].text) != 4 or not 1000 <= numeral.value < 2200:
        return False
    return not (numeral.value % 100 == 0 and after is not None and after.tag_ in {"NNS", "NNPS"})


def is_age(tokens: "list[Token]") -> bool:
    """`aged 35`, `35-year-old`, `35 years old`, `Roe, 35,`."""
    before, after = neighbour(tokens[0], -1), neighbour(tokens[-1], 1)
    if lower(before) in {"age", "aged", "ages"}:
        return True
    ahead = [token.lower_ for token in tokens[0].doc[tokens[-1].i : tokens[-1].i + 5]]
    if "old" in ahead and any(word.startswith(("year", "month")) for word in ahead):
        return True
    if "olds" in ahead or ahead[1:4] == ["years", "of", "age"]:
        return True
    named = neighbour(tokens[0], -2)
    return lower(before) == "," and lower(after) in {",", "."} and named is not None and named.pos_ == "PROPN"


def is_idle_one(tokens: "list[Token]") -> bool:
    """`one` as a pronoun or in a turn of phrase."""
    if len(tokens) != 1 or tokens[0].lower_ != "one":
        return False
    after = neighbour(tokens[0], 1)
    if lower(after) == "of":
        ahead = tokens[0].doc[tokens[0].i + 2 : tokens[0].i + 6]
        return any(token.tag_ in {"JJS", "RBS"} or token.lemma_.lower() in _IDLE_ONES for token in ahead)
    return after is None or after.pos_ not in {"NOUN", "ADJ"} or after.lemma_.lower() in _IDLE_ONES


def is_name_or_label(numeral: Numeral, tokens: "list[Token]") -> bool:
    first, last = tokens[0], tokens[-1]
    before, after = neighbour(first, -1), neighbour(last, 1)
    if _is_marker(first, before, after):
        return True
    if numeral.written == "digits" and lower(before) in _NUMBERED:
        return True
    if before is not None and before.pos_ in NOUNS and before.sent == first.sent and _attached(before, first):
        return True
    if numeral.written == "words" and first.text[:1].isupper() and not first.is_sent_start:
        return True
    return any(token.lower_ in _STREETS for token in last.doc[last.i + 1 : last.i + 4] if token.text[:1].isupper())


def _is_marker(number: "Token", before: "Token | None", after: "Token | None") -> bool:
    """`1.` and `2)` before a list item, `[3]`, `(4)`, `No. 5`."""
    if lower(after) == ")" and not _bracketed(number):
        return True
    opens = before is None or "\n" in before.text or before.text in {"[", "("}
    if opens and lower(after) in {".", ")", "]"}:
        return True
    return lower(before) in {"no", "no.", "nos.", "nr.", "#", "№"} and before is not None and before.text[0] != "n"


def _bracketed(number: "Token") -> bool:
    """Whether a bracket is open where a number stands; `1)` marks an item only where none is."""
    for at in range(number.i - 1, max(number.i - 30, -1), -1):
        if number.doc[at].text in {"(", ")"}:
            return number.doc[at].text == "("
    return False


def _attached(before: "Token", number: "Token") -> bool:
    """Whether a number belongs to the noun that it follows: `Gemini 3`, `Figure 2`, `type 2 diabetes`."""
    if number.head == before or before.head == number:
        return True
    return before.head == number.head and before.dep_ in {"compound", "nmod", "amod"} and before.text[:1].isupper()
