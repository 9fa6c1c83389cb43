"""Quotes, speakers and the names behind them on annotated articles, scored by the project's scorer; and the cost."""

import importlib.util
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.annotated import read
from kb.executor import Item, SerialExecutor
from kb.parse import Parser
from kb.quotes import quotes, tool
from kb.workers import ProcessExecutor
from queries.documents import DocumentStage, Input

SCORER = Path("../shared/score/quotes.py")
SCIENCE = Path("bench/science")
PRONOUNS = Path("bench/pronouns.jsonl")

Records = dict[str, dict[str, Any]]


def run(
    data: tuple[Path, ...] = (SCIENCE,),
    scorer: Path = SCORER,
    names: bool = False,
    speed: bool = False,
    workers: int = 1,
    limit: int | None = None,
) -> Mapping[str, Any]:
    """Figures over all articles and for each publisher, or kind of our own articles.

    `--data`: JSON Lines in the scorer's form, or folders of our own annotated articles (the default). `--names`
    compares the full name behind a mention, as annotations by full name need it. `--speed` measures processor time
    with and without the stage, and wall time in one process and two. Who is meant by `he` and `she` was read by two
    people for a sample of the PolNeAR articles (bench/pronouns.jsonl).

    The rules were written with the errors on PolNeAR's seven outlets, on GUM and on bench/science/seen in view: their
    figures are not held out. Those of bench/science/unseen are. Only one thing is fitted by counting, the table of
    confidences: `calibration` tells its error on each outlet when counted on the others.
    """
    gold = _gold(data, limit)
    _label(gold, PRONOUNS)
    found = _found(gold, workers)
    if names:
        for record in found.values():
            for item in record["quotes"]:
                item["speaker"] = item["speaker_resolved"] or item["speaker"]
    module = _module(scorer)
    figures: dict[str, Any] = {
        "all": module.score(gold, found),
        "by": {
            publisher: module.score(_of(gold, publisher), found)
            for publisher in sorted({record["publisher"] for record in gold.values() if "publisher" in record})
        },
        "calibration": _calibration(module, gold, found),
    }
    if any("name" in quote for record in gold.values() for quote in record["quotes"]):
        figures["names"] = _names(module, gold, found)
    if speed:
        figures["speed"] = _speed(gold)
    return figures


def _gold(data: Iterable[Path], limit: int | None) -> Records:
    gold: Records = {}
    for path in data:
        if path.is_dir():
            gold |= read(path)
        else:
            gold |= {record["id"]: record for record in map(json.loads, path.read_text("utf-8").splitlines())}
    return dict(list(gold.items())[:limit])


def _label(gold: Records, pronouns: Path) -> None:
    """Adds who `he` and `she` are, where people have read it."""
    for line in pronouns.read_text("utf-8").splitlines() if pronouns.exists() else ():
        label = json.loads(line)
        for quote in gold.get(label["id"], {}).get("quotes", ()):
            if quote["start"] == label["start"] and quote["type"] == "direct":
                quote["resolved_keys"] = [label["key"]]


def _found(gold: Records, workers: int) -> Records:
    stage = DocumentStage(Parser().model)
    items = [Item(key, Input(id=key, text=record["text"])) for key, record in gold.items()]
    found: Records = {}
    mapping = ProcessExecutor(workers) if workers > 1 else SerialExecutor()
    for attempt in mapping.map(stage, items):
        if attempt.error:
            raise RuntimeError(f"{attempt.item.key}: {attempt.error}")
        (made,) = attempt.result.records  # type: ignore[union-attr]
        found[attempt.item.key] = dict(made.plain)
    return found


def _of(gold: Records, publisher: str) -> Records:
    return {key: record for key, record in gold.items() if record.get("publisher") == publisher}


def _calibration(scorer: ModuleType, gold: Records, found: Records) -> Mapping[str, Any]:
    """How far the confidence lies from the share that is right, in points of probability.

    `shipped`: the table as it is. `held_out`: for each outlet a table counted on the other outlets alone.
    """
    rows = [row for key in gold for row in _rights(scorer, gold[key], found[key])]
    outlets = sorted({outlet for outlet, _, _ in rows})
    held: list[tuple[str, float, bool]] = []
    for outlet in outlets:
        counts: dict[float, list[int]] = defaultdict(lambda: [0, 0])
        for other, confidence, right in rows:
            if other != outlet:
                counts[confidence][0] += right
                counts[confidence][1] += 1
        table = {confidence: right / total for confidence, (right, total) in counts.items()}
        held += [(outlet, table.get(confidence, confidence), right) for o, confidence, right in rows if o == outlet]
    return {
        "n": len(rows),
        "error_shipped": {outlet: _error(row[1:] for row in rows if row[0] == outlet) for outlet in outlets},
        "error_held_out": {outlet: _error(row[1:] for row in held if row[0] == outlet) for outlet in outlets},
    }


def _rights(scorer: ModuleType, gold: Mapping[str, Any], found: Mapping[str, Any]) -> list[tuple[str, float, bool]]:
    """For each quote found its outlet, its confidence, and whether span and speaker are right."""
    text = gold["text"]
    wanted, made = scorer.units(gold, text), scorer.units(found, text)
    rows = []
    for spoken, iou in ((True, 0.8), (False, 0.5)):
        mine = [unit for unit in made if (unit["type"] in ("direct", "partial")) is spoken]
        fitting = [unit for unit in wanted if not spoken or unit["type"] in ("direct", "partial")]
        _, back = scorer.match(fitting, mine, iou)
        for number, unit in enumerate(mine):
            right = number in back
            if right and fitting[back[number]]["q"].get("speaker"):
                right = scorer.key_ok(fitting[back[number]]["q"], unit["q"])
            rows.append((str(gold.get("publisher", "all")), unit["q"]["confidence"], right))
    return rows


def _error(rows: Iterable[tuple[float, bool]]) -> float:
    """Expected calibration error over ten bins."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, right in rows:
        bins[min(9, int(confidence * 10))].append((confidence, right))
    total = sum(map(len, bins.values()))
    gaps = (abs(sum(c for c, _ in some) - sum(r for _, r in some)) for some in bins.values())
    return round(sum(gaps) / total, 4) if total else 0.0


def _names(scorer: ModuleType, gold: Records, found: Records) -> Mapping[str, Any]:
    """The name behind quotes of every form, and the affiliation, where our own annotation gives them."""
    count: Counter[str] = Counter()
    for key, record in gold.items():
        text = record["text"]
        wanted, made = scorer.units(record, text), scorer.units(found[key], text)
        pairs, _ = scorer.match(wanted, made, 0.5)
        seen: set[int] = set()
        for i, j in pairs.items():
            quote, mine = wanted[i]["q"], made[j]["q"]
            if id(quote) in seen:
                continue
            seen.add(id(quote))
            if quote.get("name"):
                said = scorer.words(mine["speaker_resolved"] or mine["speaker"] or "")
                count["named"] += 1
                count["right"] += scorer.words(quote["name"])[-1] in said
            if quote.get("affiliation"):
                count["affiliated"] += 1
                count["affiliation_given"] += bool(mine["affiliation"])
                count["affiliation_right"] += _alike(scorer, quote["affiliation"], mine["affiliation"])
    return {
        "n": count["named"],
        "name": _share(count["right"], count["named"]),
        "affiliation_n": count["affiliated"],
        "affiliation_P": _share(count["affiliation_right"], count["affiliation_given"]),
        "affiliation_R": _share(count["affiliation_right"], count["affiliated"]),
    }


def _alike(scorer: ModuleType, one: str, other: str | None) -> bool:
    """At least half of the words of both."""
    left, right = set(scorer.words(one)), set(scorer.words(other or ""))
    return bool(right) and len(left & right) >= 0.5 * len(left | right)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _speed(gold: Records) -> Mapping[str, Any]:
    """Processor time of the bare pipeline and of the rules on the same parses; wall time in one and two processes."""
    parser = Parser()
    parser.parse("Loads the model before the clock runs.")
    parsing = finding = 0.0
    for key, record in gold.items():
        started = time.process_time()
        doc = parser.parse(record["text"])
        parsed = time.process_time()
        quotes(key, record["text"], doc, tool(parser.tool))
        parsing, finding = parsing + parsed - started, finding + time.process_time() - parsed
    walls = {}
    for workers in (1, 2):
        started = time.perf_counter()
        _found(gold, workers)
        walls[workers] = time.perf_counter() - started
    return {
        "parse_s": round(parsing, 2),
        "quotes_s": round(finding, 2),
        "ratio": round(1 + finding / parsing, 3),
        "wall_1_s": round(walls[1], 2),
        "wall_2_s": round(walls[2], 2),
        "two_processes": round(walls[1] / walls[2], 2),
    }


def _module(path: Path) -> ModuleType:
    """The scorer, which is no package of this repository."""
    spec = importlib.util.spec_from_file_location("quote_scorer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
