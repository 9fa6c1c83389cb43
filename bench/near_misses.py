"""Neutral pairs that are hard: a claim beside a sentence on the same subject that tells of something else.

VitaminC and FEVER hold few of them, and a network trained without takes another thing's number for a
contradiction. They are made from the sets' own sentences: of the same page or the same body, sharing
words with the claim but not with its own evidence. Some of them do bear on the claim: the label is a guess.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kb import sense
from kb.overlap import side

Row = Mapping[str, Any]

PAGES_AROUND = 8
"""Cases before and after one in VitaminC's order that are mostly of the same page or field."""
NEUTRAL = 1


def near_misses(vitaminc: Sequence[Row], fever: Sequence[Row], seed: int = 3) -> list[Row]:
    """Neutral pairs in a random order."""
    drawn = random.Random(seed)
    made = [*_of_pages(vitaminc), *_of_bodies(fever, drawn)]
    drawn.shuffle(made)
    return made


def _of_pages(rows: Sequence[Row]) -> Iterator[Row]:
    cases: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        cases[row["case"]].append(row)
    names = list(cases)
    for at, name in enumerate(names):
        around = names[max(0, at - PAGES_AROUND) : at] + names[at + 1 : at + 1 + PAGES_AROUND]
        others = sorted({row["p"] for other in around for row in cases[other]})
        own = [_stems(text) for text in sorted({row["p"] for row in cases[name]})]
        for claim in sorted({row["h"] for row in cases[name]}):
            ranked = [(_closeness(claim, text), text) for text in others if _apart(text, own)]
            best = max((pair for pair in ranked if pair[0] > 0), default=None)
            if best is not None:
                yield {"p": best[1], "h": claim, "y": NEUTRAL}


def _of_bodies(rows: Sequence[Row], drawn: random.Random) -> Iterator[Row]:
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        names = tuple(word.stem for word in side(row["h"]).words if word.capital)[:2]
        if row["src"] == "fever" and len(names) == 2:
            groups[names].append(row)
    for group in groups.values():
        for row in group:
            others = [other["p"] for other in group if other["p"] != row["p"]]
            if others:
                text = drawn.choice(others)
                if _apart(text, [_stems(row["p"])]) and _shared(row["h"], text) < 0.7:
                    yield {"p": text, "h": row["h"], "y": NEUTRAL}


def _closeness(claim: str, text: str) -> float:
    """Share of the claim's words in a text, more where both have figures; 0 for too little or nearly all."""
    share = _shared(claim, text)
    if share >= 0.75 or len(_stems(claim) & _stems(text)) < 2:
        return 0.0
    return share + 0.3 * bool(side(claim).figures and side(text).figures)


def _shared(claim: str, text: str) -> float:
    wanted = _stems(claim)
    return len(wanted & _stems(text)) / max(1, len(wanted))


def _apart(text: str, own: Sequence[frozenset[str]]) -> bool:
    stems = _stems(text)
    return all(len(stems & other) / max(1, len(stems | other)) <= 0.3 for other in own)


def _stems(text: str) -> frozenset[str]:
    return frozenset(word.stem for word in side(text).words if word.key not in sense.STOPWORDS)
