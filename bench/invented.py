"""Studies that nobody made, as many as wanted and each unlike the others: for what has to serve many at once.

Their titles are those of scientific papers, their people's names are put together from the given and family names that
political reporting prints, and what they say was said by others: names, words and numbers are as real ones are, and
no page is about them. The same numbers give the same studies.
"""

import random
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import attrs

from bench.data import read_lines
from kb.claims import Claim, Document, ReferenceQuote, Speaker, Study

DATA = Path("../shared/data")
SPEAKERS = 4
QUOTES = 12
CLAIMS = 5
_NAMED = re.compile(r"^((?:[A-Z][\w'’-]+|[A-Z]\.)(?: (?:[A-Z][\w'’-]+|[A-Z]\.)){1,3}), (?:an?|the|who|whose) ")
_ACCENTED = str.maketrans({"a": "á", "e": "é", "o": "ö", "u": "ü", "n": "ñ", "c": "ç"})
_LEAST = ((0, 3), (-1, 4))
"""Place of a given and a family name, and letters that each has at least: no `A. Pack`, who is in every page."""
_ONE_IN = 5
"""Of the people, how many one with letters beyond ASCII comes to."""


@attrs.frozen
class _Makings:
    given: Sequence[str]
    family: Sequence[str]
    quotes: Sequence[str]
    papers: Sequence[tuple[str, Sequence[str]]]
    """Title and sentences of each."""


def studies(count: int, data: Path = DATA) -> list[Study]:
    """As many studies; the first of a longer list are those of a shorter."""
    makings = _makings(data)
    return [_study(number, makings) for number in range(count)]


def _makings(data: Path) -> _Makings:
    order = random.Random(8)
    speakers, quotes = _said(data / "quotes" / "dev.jsonl")
    papers = list(_papers(data / "search" / "scifact" / "docs.jsonl"))
    for several in (speakers, quotes, papers):
        order.shuffle(several)
    names = [name.split() for name in speakers]
    given, family = (list(dict.fromkeys(name[at] for name in names if len(name[at]) >= least)) for at, least in _LEAST)
    return _Makings(given, family, quotes, papers)


def _said(file: Path) -> tuple[list[str], list[str]]:
    names, quotes = dict[str, None](), dict[str, None]()
    for article in read_lines(file):
        for quote in article["quotes"]:
            named = _NAMED.match(quote.get("speaker") or "")
            if named:
                names[named[1]] = None
            if quote["type"] == "direct" and 12 <= len(quote["text"].split()) <= 45:
                quotes[quote["text"].strip("\"“”' ")] = None
    return list(names), list(quotes)


def _papers(file: Path) -> Iterator[tuple[str, list[str]]]:
    for paper in read_lines(file):
        title, _, abstract = paper["text"].partition(". ")
        sentences = abstract.strip(". ").split(". ")
        if 5 <= len(title.split()) <= 16 and len(sentences) >= CLAIMS:
            yield title.rstrip("."), sentences


def _study(number: int, makings: _Makings) -> Study:
    own = random.Random(f"study {number}")
    title, sentences = makings.papers[2 * number]
    release, _ = makings.papers[2 * number + 1]
    speakers = [_speaker(number * SPEAKERS + at, makings, own) for at in range(SPEAKERS)]
    said = makings.quotes[number * QUOTES : (number + 1) * QUOTES]
    address = f"https://papers.example/abs/26{1 + number % 9:02d}.{10_000 + number}"
    named = [(f"{title}, version 1", f"{address}v1"), (release, f"https://lab{number}.example/news/{number}")]
    return Study(
        slug=f"invented-{number}",
        title=title,
        aliases=(" ".join(title.split()[:4]),),
        since=date(2026, 3, 1),
        until=None,
        contact=None,
        documents=tuple(
            Document(slug=f"d{at}", title=called, url=url, published_at=None) for at, (called, url) in enumerate(named)
        ),
        speakers=tuple(speakers),
        quotes=tuple(_quote(at, text, speakers[at % SPEAKERS].slug) for at, text in enumerate(said)),
        claims=tuple(_claim(at, text) for at, text in enumerate(sentences[:CLAIMS])),
        sources=(),
        schedule=None,
        alerts=(),
    )


def _speaker(place: int, makings: _Makings, own: random.Random) -> Speaker:
    """A person of a family name that few others have."""
    given, family = own.choice(makings.given), makings.family[place % len(makings.family)]
    if place % _ONE_IN == 0:
        family = _accented(family)
    initial = own.choice("ABCDEFGHJKLMNPRSTW")
    aliases = (family, f"{given} {initial}. {family}")
    return Speaker(slug=f"s{place}", name=f"{given} {family}", aliases=aliases, affiliation=None, role=None)


def _quote(at: int, text: str, speaker: str) -> ReferenceQuote:
    given: dict[str, Any] = {"source": None, "tolerance": "trim"}
    return ReferenceQuote(slug=f"q{at}", speaker=speaker, text=text, **given)


def _claim(at: int, text: str) -> Claim:
    return Claim(slug=f"c{at}", text=text, speaker=None, expect=(), caveats=(), document=None, exact=None)


def _accented(name: str) -> str:
    """The name with an accent on the last letter that can have one."""
    at = max((place for place, letter in enumerate(name) if ord(letter) in _ACCENTED), default=0)
    return name[:at] + name[at : at + 1].translate(_ACCENTED) + name[at + 1 :]
