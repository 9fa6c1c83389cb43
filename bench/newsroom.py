"""The newsroom's planted problems and traps against what `retold check --json` finds."""

import json
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML

NEWSROOM = Path(__file__).parents[1] / "examples" / "newsroom"

Json = Mapping[str, Any]

_WORD = re.compile(r"\w+")
SHARED = 0.5
"""Share of the shorter passage's words that must stand in the longer for the two to be the same place."""


def truth() -> Json:
    """The newsroom's truth file."""
    loaded: Json = YAML(typ="safe").load(NEWSROOM / "truth.yaml")
    return loaded


def score(findings: Sequence[Json], expected: Json) -> dict[str, Any]:
    """Recall per rule, alarms on traps, and findings that answer to nothing planted."""
    planted, traps = expected["planted"], expected["traps"]
    matched = {p["id"]: [f["id"] for f in findings if _answers(f, p)] for p in planted}
    answered = {key for keys in matched.values() for key in keys}
    stray = [f for f in findings if f["id"] not in answered]
    alarms = [
        (t["id"], f["id"])
        for t in traps
        for f in stray
        if f["rule"] == t["rule"] and stands_at(f, t["url"], t["words"])
    ]
    total = Counter(p["rule"] for p in planted)
    found = Counter(p["rule"] for p in planted if matched[p["id"]])
    return {
        "planted": len(planted),
        "found": found.total(),
        "recall": round(found.total() / len(planted), 4),
        "by_rule": {rule: [found[rule], total[rule]] for rule in sorted(total)},
        "missed": [p["id"] for p in planted if not matched[p["id"]]],
        "trap_alarms": alarms,
        "stray": [_shown(f) for f in stray],
    }


def said(quotes: Sequence[Json], expected: Json) -> dict[str, Any]:
    """Of the quotes of the truth file how many were found, and how many with the full name behind them."""
    by_page: dict[str, list[Json]] = {}
    for quote in quotes:
        by_page.setdefault(_place(quote["url"]), []).append(quote)
    found = named = 0
    for wanted in expected["quotes"]:
        words = _words(wanted["text"])
        near = [q for q in by_page.get(_place(wanted["url"]), ()) if _same(words, _words(q["text"]))]
        found += bool(near)
        named += any(q["speaker_resolved"] == wanted["speaker_full"] for q in near)
    return {"n": len(expected["quotes"]), "found": found, "name_right": named}


def _same(wanted: Counter[str], seen: Counter[str]) -> bool:
    return (wanted & seen).total() >= 0.8 * wanted.total()


def _answers(finding: Json, planted: Json) -> bool:
    places = [planted["observed"], *planted.get("also", ())]
    return finding["rule"] == planted["rule"] and any(stands_at(finding, planted["url"], words) for words in places)


def stands_at(finding: Json, url: str, words: str) -> bool:
    """Whether a finding is about these words of this page."""
    wanted = _words(words)
    for passage in finding["evidence"]:
        if passage["role"] == "observed" and _place(passage["url"]) == _place(url):
            seen = _words(passage["exact"])
            if sum((wanted & seen).values()) >= SHARED * min(wanted.total(), seen.total()):
                return True
    return False


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _place(url: str) -> str:
    parts = urlsplit(url)
    return (parts.netloc.removeprefix("www.") + parts.path).rstrip("/")


def _shown(finding: Json) -> str:
    where = next((p["url"] for p in finding["evidence"] if p["role"] == "observed"), "")
    return f"{finding['rule']} {where}: {finding['observed'][:120]}"


def run() -> dict[str, Any]:
    """Crawl, build and check the newsroom in a folder that is thrown away, and score what was found."""
    with tempfile.TemporaryDirectory() as folder:
        retold = Path(sys.executable).with_name("retold")
        subprocess.run([retold, "-q", "demo", folder], check=True)
        study = ["--study", str(NEWSROOM / "claims.yaml"), "--data-dir", folder]
        checked = subprocess.run([retold, *study, "check", "--json"], check=True, capture_output=True)
        quoted = subprocess.run([retold, *study, "quotes"], check=True, capture_output=True)
    quotes = [json.loads(line) for line in quoted.stdout.splitlines()]
    return {**score(json.loads(checked.stdout)["findings"], truth()), "quotes": said(quotes, truth())}
