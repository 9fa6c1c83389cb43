"""Floors under the quality of quotes on annotated articles of our own: lowering one is a decision, not a fix.

The figures stand in docs/quotes.md; the floors lie a little below, so that a change of a library's patch release does
not fail. The real scorer is not part of the repository; what is compared here is a part of what it compares.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bench.annotated import read
from kb.parse import Parser
from kb.quotes import quotes, to_json, tool

SCIENCE = Path(__file__).parents[1] / "bench" / "science"
WORD = re.compile(r"\w+(?:['’]\w+)*")

FLOORS = {
    "seen": {"found": 0.80, "true": 0.97, "speaker": 0.91, "indirect": 0.73, "indirect_true": 0.79, "name": 0.71},
    "unseen": {"found": 0.91, "true": 0.97, "speaker": 0.97, "indirect": 0.76, "indirect_true": 0.81, "name": 0.84},
}

Set = frozenset[int]


def at(text: str, quote: dict[str, Any]) -> Set:
    pieces = quote.get("spans") or [[quote["start"], quote["end"]]]
    return frozenset(start + match.start() for start, end in pieces for match in WORD.finditer(text[start:end]))


def same(one: Set, other: Set, least: float) -> bool:
    return len(one & other) >= least * len(one | other) > 0


def words(text: str | None) -> list[str]:
    return [re.sub(r"['’]s$", "", word.lower()) for word in WORD.findall(text or "")]


@cache
def figures(part: str) -> dict[str, float]:
    parser = Parser()
    count: dict[str, list[int]] = {name: [0, 0] for name in FLOORS[part]}

    def add(name: str, right: bool) -> None:
        count[name][0] += right
        count[name][1] += 1

    for article in read(SCIENCE / part).values():
        text = article["text"]
        doc = parser.parse(text)
        made = [to_json(text, quote) for quote in quotes("text:test", text, doc, tool(parser.tool))]
        spoken = [(at(text, quote), quote) for quote in made if quote["type"] in ("direct", "partial")]
        told = [(at(text, quote), quote) for quote in made if quote["type"] in ("indirect", "mixed")]
        gold = [(at(text, quote), quote) for quote in article["quotes"]]
        for words_at, quote in gold:
            direct = quote["type"] == "direct"
            if quote["type"] == "partial":
                continue
            near = [q for w, q in (spoken if direct else told) if same(words_at, w, 0.8 if direct else 0.5)]
            add("found" if direct else "indirect", bool(near))
            if near and direct and quote["speaker"]:
                add("speaker", any(key in words(str(near[0]["speaker"])) for key in quote["speaker_keys"]))
            if near and quote["name"]:
                named = words(str(near[0]["speaker_resolved"] or near[0]["speaker"]))
                add("name", words(quote["name"])[-1] in named)
        for words_at, quote in spoken:
            if quote["type"] == "direct":
                near_gold = [g for w, g in gold if same(words_at, w, 0.8) or words_at <= w]
                add("true", any(g["type"] in ("direct", "partial", "mixed") for g in near_gold))
        for words_at, _ in told:
            add("indirect_true", any(same(words_at, w, 0.5) for w, _ in gold))
    return {name: right / total for name, (right, total) in count.items()}


@pytest.mark.parametrize(("part", "name"), [(part, name) for part, floors in FLOORS.items() for name in floors])
def test_quality_holds(part: str, name: str) -> None:
    assert figures(part)[name] >= FLOORS[part][name]


def test_annotations_are_whole() -> None:
    for key, article in read(SCIENCE).items():
        for quote in article["quotes"]:
            assert article["text"][quote["start"] : quote["end"]].strip(), key
            assert quote["name"], (key, article["text"][quote["start"] : quote["end"]])
