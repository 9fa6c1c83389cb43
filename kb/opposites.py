"""Words of opposite sense beyond the everyday pairs: WordNet's antonyms, pairs of direction, real against staged."""

from functools import cache
from pathlib import Path

from kb import sense, spelling
from kb.spelling import listed, stemmed

_FOLDER = Path(__file__).parent / "wordnet"

STAGED = stemmed(
    "simulation simulations simulated simulator simulators laboratory lab labs mouse mice rat rats "
    "animals pretend mock "
    "virtual hypothetical fictional synthetic tank tanks flume dish cultures invented staged artificial"
)
"""Words for what stands in for the real thing."""
REAL = stemmed("real actual reality life everyday practice wild nature natural outdoors open street world")

_DIRECTIONS = (
    "up down|above below|over under|before after|more less|more fewer|most least|most fewest|inside outside|"
    "ahead behind|earlier later|higher lower|upward downward|upwards downwards|forward backward|into out"
)
DIRECTIONS = frozenset(frozenset(listed(pair)) for pair in _DIRECTIONS.split("|"))
"""Closed class: small words that say which way something goes or which of two is more."""


def opposed(one: str, other: str) -> bool:
    """Whether two stems are opposites, everyday ones or by WordNet.

    >>> opposed("expens", "cheap"), opposed("widen", "narrow"), opposed("cheap", "fast")
    (True, True, False)
    """
    return sense.opposite(one, other) or frozenset((one, other)) in _antonyms()


@cache
def _antonyms() -> frozenset[frozenset[str]]:
    lines = (_FOLDER / "opposites.txt").read_text(encoding="ascii").splitlines()
    pairs = (frozenset(spelling.stem(spelling.one_spelling(word)) for word in line.split()) for line in lines)
    return frozenset(pair for pair in pairs if len(pair) == 2)


@cache
def present_forms() -> dict[str, str]:
    """Past forms that no ending gives, with their verb: `rose`, `rise`."""
    lines = (_FOLDER / "irregular.txt").read_text(encoding="ascii").splitlines()
    return dict(line.split() for line in lines)
