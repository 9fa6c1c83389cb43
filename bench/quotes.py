"""Quotes and speakers of annotated articles, scored by the project's scorer; and what finding them costs."""

import importlib.util
import json
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from kb.parse import Parser
from kb.quotes import quotes, to_json, tool

SCORER = Path("../shared/score/quotes.py")


def run(
    data: Path, scorer: Path = SCORER, names: bool = False, speed: bool = False, limit: int | None = None
) -> Mapping[str, Any]:
    """Figures over all articles and, where they name a publisher, for each.

    `--names` gives the scorer the full name behind a mention for its speaker, as annotations by full name
    need it. `--speed` measures processor time with and without the stage, on the same parses.

    Rules and word lists were written with the errors on these very articles in view, and the table of
    confidences was counted on them, without cross-validation: figures on unseen outlets will be lower.
    """
    gold = {record["id"]: record for record in map(json.loads, data.read_text("utf-8").splitlines()[:limit])}
    parser = Parser()
    parser.parse("Loads the model before the clock runs.")
    found: dict[str, Any] = {}
    parsing = finding = 0.0
    for key, record in gold.items():
        started = time.process_time()
        doc = parser.parse(record["text"])
        parsed = time.process_time()
        items = [to_json(record["text"], quote) for quote in quotes(key, record["text"], doc, tool(parser.tool))]
        parsing, finding = parsing + parsed - started, finding + time.process_time() - parsed
        if names:
            for item in items:
                item["speaker"] = item["speaker_resolved"] or item["speaker"]
        found[key] = {"quotes": items}
    cost = {"parse_s": round(parsing, 2), "quotes_s": round(finding, 2), "ratio": round(1 + finding / parsing, 3)}
    return {**_scored(_module(scorer), gold, found), **({"speed": cost} if speed else {})}


def _scored(scorer: ModuleType, gold: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    publishers = sorted({record["publisher"] for record in gold.values() if "publisher" in record})
    by = {
        publisher: scorer.score({k: r for k, r in gold.items() if r.get("publisher") == publisher}, found)
        for publisher in publishers
    }
    return {"all": scorer.score(gold, found), "by": by}


def _module(path: Path) -> ModuleType:
    """The scorer, which is no package of this repository."""
    spec = importlib.util.spec_from_file_location("quote_scorer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
