"""Article extraction against trafilatura's defaults and other peers, in the same run, on labelled news pages.

The data is JSON Lines (gzip or not), one page a line: id, url, html and the gold text, title, authors and date.
Figures, as the development pages' scorer has them:

word_f1    mean over pages of the F1 of word multisets
bad        pages with a word F1 under 0.5
twice      pages where a paragraph of 12 words or more stands more often than in the gold
title      share of gold titles that are equal after folding, or of which one holds the other with 0.8 of its words
author_f1  micro F1 over author names
date       share of gold dates that are equal to the day
ms         mean CPU time of a page, metadata included
"""

import json
import logging
import re
import subprocess
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
from trafilatura import bare_extraction

from bench.data import read_lines
from kb.extract import Page, read_page

_WORD = re.compile(r"\w+")
_NAMES = re.compile(r"[;,|/]| and | & ")
_BY = re.compile(r"^\s*by\s+", re.I)


@attrs.frozen(kw_only=True)
class Reading:
    """What a tool made of a page, or what the gold says of it."""

    text: str
    title: str
    authors: tuple[str, ...]
    date: str
    """YYYY-MM-DD, YYYY-MM where only the month is known, empty where unknown."""


@attrs.define
class Tally:
    """Sums over the pages for one tool."""

    f1: list[float] = attrs.field(factory=list)
    twice: int = 0
    titles: list[bool] = attrs.field(factory=list)
    dates: list[bool] = attrs.field(factory=list)
    names_hit: int = 0
    names_all: int = 0
    seconds: float = 0.0

    def add(self, gold: Reading, found: Reading) -> None:
        self.f1.append(_f1(_words(gold.text), _words(found.text)))
        allowed = _paragraphs(gold.text)
        self.twice += any(count > max(1, allowed[text]) for text, count in _paragraphs(found.text).items())
        if gold.title:
            self.titles.append(_same_title(_words(gold.title), _words(found.title)))
        if gold.authors:
            wanted, got = _folded(gold.authors), _folded(found.authors)
            self.names_hit += len(wanted & got)
            self.names_all += len(wanted) + len(got)
        if gold.date:
            self.dates.append(gold.date == found.date)

    def figures(self) -> dict[str, float | int]:
        return {
            "word_f1": _mean(self.f1),
            "bad": sum(value < 0.5 for value in self.f1),
            "twice": self.twice,
            "title": _mean(self.titles),
            "author_f1": round(2 * self.names_hit / max(1, self.names_all), 4),
            "date": _mean(self.dates),
            "ms": round(1000 * self.seconds / max(1, len(self.f1)), 1),
        }


def run(data: Path, limit: int | None = None, peers: str | None = None) -> dict[str, Any]:
    """Scores of retold, of trafilatura's defaults and of what `peers`, an interpreter, has (see bench/peers.py).

    CPU times are taken page by page in turn.
    """
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    tools: dict[str, Callable[[bytes, str], Reading]] = {"retold": _retold, "trafilatura": _trafilatura}
    tallies: dict[str, Tally] = defaultdict(Tally)
    with _asking(peers) as others:
        for number, row in enumerate(islice(read_lines(data), limit)):
            body, gold = row["html"].encode(), _gold(row)
            for name, tool in tools.items():
                if number == 0:
                    tool(body, row["url"])  # imports and tables that load on first use are no cost of a page
                start = time.process_time()
                found = tool(body, row["url"])
                tallies[name].seconds += time.process_time() - start
                tallies[name].add(gold, found)
            for name, plain in others(row).items():
                tallies[name].seconds += plain["seconds"]
                tallies[name].add(gold, _gold(plain))
    base = max(1e-9, tallies["trafilatura"].seconds)
    return {
        "pages": len(tallies["retold"].f1),
        **{name: {**tally.figures(), "time_ratio": round(tally.seconds / base, 2)} for name, tally in tallies.items()},
    }


@contextmanager
def _asking(peers: str | None) -> Iterator[Callable[[dict[str, Any]], dict[str, dict[str, Any]]]]:
    """A function that has a page read by the extractors of another interpreter; by none without one."""
    if peers is None:
        yield lambda row: {}
        return
    command = [peers, str(Path(__file__).with_name("peers.py"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        into, out = child.stdin, child.stdout

        def ask(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
            into.write(json.dumps({"url": row["url"], "html": row["html"]}) + "\n")
            into.flush()
            line = out.readline()
            if not line:
                raise RuntimeError(f"{' '.join(command)} ended with code {child.wait()}")
            answer: dict[str, dict[str, Any]] = json.loads(line)
            return answer

        yield ask
        into.close()


def _gold(row: dict[str, Any]) -> Reading:
    return Reading(
        text=row["text"] or "",
        title=row["title"] or "",
        authors=tuple(row["authors"] or ()),
        date=(row["date"] or "")[:10],
    )


def _retold(body: bytes, url: str) -> Reading:
    page = read_page(body, url=url)
    if not isinstance(page, Page):
        return Reading(text="", title="", authors=(), date="")
    day = page.published_on.isoformat() if page.published_on else ""
    if page.published_precision == "month":
        day = day[:7]
    return Reading(text=page.text, title=page.title or "", authors=page.bylines, date=day)


def _trafilatura(body: bytes, url: str) -> Reading:
    found = bare_extraction(body, url=url, with_metadata=True)
    if found is None or isinstance(found, dict):
        return Reading(text="", title="", authors=(), date="")
    authors = tuple(name for name in (found.author or "").split("; ") if name)
    return Reading(text=found.text or "", title=found.title or "", authors=authors, date=found.date or "")


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _f1(gold: list[str], found: list[str]) -> float:
    hits = (Counter(gold) & Counter(found)).total()
    return 2 * hits / (len(gold) + len(found)) if hits else 0.0


def _paragraphs(text: str) -> Counter[str]:
    lines = (" ".join(_words(line)) for line in text.split("\n"))
    return Counter(line for line in lines if line.count(" ") >= 11)


def _same_title(gold: list[str], found: list[str]) -> bool:
    one, other = " ".join(gold), " ".join(found)
    close = min(len(gold), len(found)) >= 0.8 * max(len(gold), len(found))
    return bool(found) and (one == other or ((one in other or other in one) and close))


def _folded(authors: tuple[str, ...]) -> set[str]:
    parts = (_BY.sub("", part) for author in authors for part in _NAMES.split(author))
    return {name for part in parts if (name := " ".join(_words(part)))}


def _mean(values: list[float] | list[bool]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0
