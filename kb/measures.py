"""Whether two numbers measure the same thing: the guard in front of every number conflict."""

import re
from typing import Protocol

from kb.number_words import listed

_WORD = re.compile(r"[^\W_]+(?:[-.'’][^\W_]+)*")
_STOP = set(
    listed(
        "a an the of and or to in on at by for with from as that this these those it its their his her our was were is"
        " are be been being has have had do did does not no all each every any some than then there which who when if"
        " while under during into per about up out over between among"
    )
)
_MARKED = {"not", "by", "to", "from", "more", "less", "fewer"}
"""Words of a measure that turn it into another one when only one side has them."""
_TESTS = set(
    listed(
        "test examine evaluate study assess analyse analyze investigate probe try include involve cover use look check"
        " compare consider review survey inspect"
    )
)
"""Verbs that outlets use for one act of looking into something."""
_SHARES = {"percent", "percentage", "share", "proportion", "fraction", "rate", "portion"}


class Measured(Protocol):
    """The part of a Quantity that says what it is about."""

    @property
    def unit(self) -> str: ...
    @property
    def measure(self) -> str: ...
    @property
    def condition(self) -> str | None: ...


def comparable(a: Measured, b: Measured) -> float:
    """How sure it is that two quantities measure the same thing, 0 to 1; units must be equal.

    The measures must share their words in both directions: `frontier model test` and `model examine`
    do, `model test` and `model protect peer` do not. Without any word beside the unit it stays at
    .3, for `seven models` alone may be any models. A condition on one side only halves, roughly,
    what is left, and differing conditions end it.
    """
    if a.unit != b.unit:
        return 0.0
    left, right = _told(a), _told(b)
    if (left ^ right) & _MARKED:
        return 0.0
    left, right = left - _MARKED, right - _MARKED
    if not left or not right:
        return 0.3 if not left and not right and a.unit else 0.2
    shared = len(left & right)
    overlap = 0.5 * shared / min(len(left), len(right)) + 0.5 * shared / len(left | right)
    return overlap * _conditions_agree(a.condition, b.condition)


def measures(expectation_text: str, quantity: Measured, sentence_text: str) -> float:
    """How sure it is that a quantity measures what an expectation states (its `of`, then its condition).

    The head of `of` (the word before the first preposition; after `percent of`, what the share is of)
    has to be the quantity's unit or among the words it measures; of the further words, those told by
    the quantity count in full, those elsewhere in the sentence in half.
    """
    is_share, head, rest = _expected(expectation_text)
    if is_share != (quantity.unit == "percent"):
        return 0.0
    told = _told(quantity) | {lemma(quantity.unit)}
    sentence = _lemmas(sentence_text)
    if head and head not in told:
        return 0.0 if not is_share or head not in sentence else 0.3
    if not rest:
        return 0.6
    inside = told | _lemmas(quantity.condition or "")
    found = sum(1.0 if word in inside else 0.5 if word in sentence else 0.0 for word in rest)
    return 0.2 + 0.8 * found / len(rest)


def lemma(word: str) -> str:
    """A crude base form of a lower-case English word, equal for the forms of one word.

    >>> [lemma(word) for word in ("models", "tested", "tries", "percent", "classes")]
    ['model', 'test', 'try', 'percent', 'class']
    """
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "ches", "shes", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    if len(word) > 4 and word.endswith("ed"):
        return word[:-2]
    if len(word) > 5 and word.endswith("ing"):
        return word[:-3]
    return word


def _same_act(word: str) -> str:
    return "test" if word in _TESTS or lemma(word) in _TESTS else lemma(word)


def _told(quantity: Measured) -> set[str]:
    """Words of a measure without its unit, one word for all acts of testing."""
    return {_same_act(word) if word not in _MARKED else word for word in quantity.measure.split()} - {
        _same_act(quantity.unit)
    }


def _lemmas(text: str) -> set[str]:
    return {_same_act(word) for word in _WORD.findall(text.lower()) if word not in _STOP}


def _expected(text: str) -> tuple[bool, str, set[str]]:
    """Whether a share is stated, the head word, and all further content words."""
    words = _WORD.findall(text.lower().replace("%", " percent "))
    is_share = bool(words) and lemma(words[0]) in _SHARES
    if is_share:
        words = words[1:]
        while words and words[0] in _STOP:
            words = words[1:]
    length = next((at for at, word in enumerate(words) if word in _STOP), len(words))
    head = _same_act(words[length - 1]) if length else ""
    return is_share, head, {_same_act(word) for word in words if word not in _STOP} - {head}


def _conditions_agree(a: str | None, b: str | None) -> float:
    if not a and not b:
        return 1.0
    if not a or not b:
        return 0.6
    left, right = _condition_words(a), _condition_words(b)
    shared = len(left & right)
    return 0.0 if not shared else 0.5 + 0.5 * shared / len(left | right)


def _condition_words(text: str) -> set[str]:
    """Content words, with `without` kept: it makes the opposite condition."""
    words = _lemmas(text)
    return {f"no {word}" for word in words} if "without" in text.lower().split() else words
