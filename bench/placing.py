"""Speakers placed at institutions: at a wrong one, and where a second one is no conflict."""

import re
from collections.abc import Iterator
from functools import partial

from bench.planting import Mark, Plain, Writer

TOWNS = ("Bramley", "Ostrow", "Quillby", "Varnholt", "Tessaro", "Wickmere")
"""Invented, and in no template."""
_TYPE = re.compile(
    r"University|Institute|College|Hospital|Laboratory|School|Academy|Clinic|Museum|Cent(?:er|re)|Observatory|Foundation"
)
Placed = tuple[Plain, str, Mark]
"""A quote, where its speaker is placed, and what is true of that."""


def wrong_places(writer: Writer) -> Iterator[Placed]:
    """A speaker at an institution that nobody else gives, and one at another speaker's."""
    people = writer.study["speakers"]
    quotes = [q for q in writer.study["quotes"] if _TYPE.search(people[q["by"]]["aff"])]
    quote = writer.rng.choice(quotes)
    where = _elsewhere(writer, people[quote["by"]]["aff"], TOWNS[:3])
    yield quote, where, Mark(rule="affiliation-conflict", kind="elsewhere", words=where)
    pairs = [(q, who["aff"]) for q in quotes for who in people.values() if _apart(people[q["by"]]["aff"], who["aff"])]
    if pairs:
        quote, where = writer.rng.choice(pairs)
        yield quote, where, Mark(rule="affiliation-conflict", kind="another's", words=where)


def fine_places(writer: Writer) -> Iterator[Placed]:
    """A part of an institution, two posts at once, and a new post that two outlets give."""
    people = writer.study["speakers"]
    quotes = [q for q in writer.study["quotes"] if _TYPE.search(people[q["by"]]["aff"])]
    quote = writer.rng.choice(quotes)
    part = f"the Department of Statistics of {people[quote['by']]['aff']}"
    yield quote, part, Mark(rule="", kind="part of an institution", words=part)
    quote = writer.rng.choice(quotes)
    own = people[quote["by"]]["aff"]
    both = f"{_elsewhere(writer, own, TOWNS[3:5])} and {own}"
    yield quote, both, Mark(rule="", kind="two posts", words=both)
    quote = writer.rng.choice(quotes)
    moved = _elsewhere(writer, people[quote["by"]]["aff"], TOWNS[5:])
    for _ in range(2):
        yield quote, moved, Mark(rule="", kind="new post in two outlets", words=moved)


def _elsewhere(writer: Writer, own: str, towns: tuple[str, ...]) -> str:
    """An institution of the same type in another town."""
    found = _TYPE.search(own)
    assert found is not None, own
    return f"{writer.rng.choice(towns)} {found[0]}"


def _apart(one: str, other: str) -> bool:
    """Whether two institutions have no name in common, so that they are neither one nor parts of one."""
    own, others = (set(_TYPE.sub("", name).split()) - {"of", "the"} for name in (one, other))
    return not own & others


def acts(writer: Writer) -> Iterator[tuple[partial[None], frozenset[str]]]:
    """What to do to a page for each of them, and which quote and speaker it must not have yet."""
    for quote, where, mark in (*wrong_places(writer), *fine_places(writer)):
        name = writer.study["speakers"][quote["by"]]["name"]
        act = partial(writer.placed, quote=quote, institution=where, mark=mark)
        yield act, frozenset([quote["id"], name])
