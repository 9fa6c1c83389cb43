"""Planted edits in made-up coverage against what the checks find: precision and recall per rule, false alarms."""

import io
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from bench.coverage_pages import Made, coverage
from bench.newsroom import stands_at
from bench.planting import TEMPLATES, Mark, Set, frames, studies
from kb.settings import Settings
from kb.workspace import Workspace
from queries import asking, job
from queries.report import check_json

Json = Mapping[str, Any]
RULES = (
    "altered-quote",
    "truncated-quote",
    "merged-quote",
    "misattributed-quote",
    "misspelt-name",
    "number-conflict",
    "silent-edit",
    "unsupported-paraphrase",
    "overstated",
    "caveat-dropped",
    "contradiction",
    "affiliation-conflict",
)
QUOTE_RULES = RULES[:4]
OPENED: tuple[Set, ...] = ("seen", "opened", "opened-2", "opened-3")
"""Templates whose errors were read; those of `unseen` were only measured."""
DEVELOPMENT, HELD_OUT = (1,), (201, 202)


@attrs.define(kw_only=True)
class Tally:
    """What was planted, found and reported over several coverages."""

    planted: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    """By rule and kind."""
    found: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    right: Counter[str] = attrs.field(factory=Counter)
    """Findings by rule that answer to something planted."""
    wrong: Counter[str] = attrs.field(factory=Counter)
    traps: Counter[str] = attrs.field(factory=Counter)
    """Harmless things by kind."""
    alarms: Counter[str] = attrs.field(factory=Counter)
    """Those of them that a finding is about."""
    quotes: int = 0
    """Untouched and harmlessly edited quotes."""
    quote_alarms: int = 0
    pages: int = 0
    errors: list[str] = attrs.field(factory=list)


def run(
    development: tuple[int, ...] = DEVELOPMENT,
    held_out: tuple[int, ...] = HELD_OUT,
    pages: int = 24,
    errors: bool = False,
    templates: Path = TEMPLATES,
) -> dict[str, Any]:
    """Plant edits by seed, build and check each coverage, and count.

    `development` and `held_out` are seeds. Both use the templates whose errors were read while the rules were mended;
    those of `unseen` are for held-out seeds alone. `--errors` lists what went wrong on development seeds alone.
    """
    figures: dict[str, Any] = {}
    parts: tuple[tuple[str, tuple[Set, ...], tuple[int, ...]], ...] = (
        ("development", OPENED, development),
        ("held_out_seeds", OPENED, held_out),
        ("held_out_templates", ("unseen",), held_out),
    )
    for name, sets, seeds in parts:
        tally = Tally()
        for which in sets:
            for seed in seeds:
                measure(which, seed, pages, tally)
        figures[name] = {"seeds": list(seeds), "templates": list(sets), **scored(tally)}
        if errors and name == "development":
            figures[name]["errors"] = tally.errors
    return figures


def measure(which: Set, seed: int, pages: int, tally: Tally) -> None:
    """One coverage of each study of a set."""
    frame = frames(which)
    for study in studies(which):
        made = coverage(study, frame, seed, pages)
        with tempfile.TemporaryDirectory() as folder:
            count(made, checked(made, Path(folder)), tally, f"{study['id']}/{seed}")


def checked(made: Made, folder: Path) -> list[Json]:
    """What a user who adds, builds and checks is told."""
    made.write(folder)
    settings = Settings(study=folder / "claims.yaml", data_dir=folder / "data", workers=1)
    with Workspace(settings) as workspace:
        added = job.add(workspace, [str(folder / "articles.jsonl")], io.BytesIO())
        if added.problems:
            raise ValueError(f"{made.name}: {added.problems[0]}")
        job.build(workspace, (), lambda *_: None)
        found = asking.check(workspace, None)
        findings: list[Json] = check_json(made.name, found, {})["findings"]  # type: ignore[assignment]
    return findings


def count(made: Made, findings: Sequence[Json], tally: Tally, label: str) -> None:
    """Add one coverage to the tally."""
    places = [(made.url(page), mark) for page in made.pages[1:] for mark in page.marks]
    planted = [(url, mark) for url, mark in places if mark.rule]
    answered: dict[str, list[Mark]] = defaultdict(list)
    for url, mark in planted:
        hits = [f["id"] for f in findings if f["rule"] == mark.rule and stands_at(f, url, mark.words)]
        for key in hits:
            answered[key].append(mark)
        if mark.kind != "side":
            tally.planted[mark.rule, mark.kind] += 1
            tally.found[mark.rule, mark.kind] += bool(hits)
            if not hits:
                tally.errors.append(f"MISSED {label} {mark.rule}/{mark.kind} {url}: {mark.words}")
    stray = [f for f in findings if f["rule"] in RULES and f["id"] not in answered]
    for finding in findings:
        if finding["rule"] in RULES:
            (tally.right if finding["id"] in answered else tally.wrong)[finding["rule"]] += 1
    tally.errors.extend(f"WRONG {label} {_shown(f)}" for f in stray)
    for url, mark in places:
        if not mark.rule:
            alarm = any(_concerns(f, mark) and stands_at(f, url, mark.words) for f in stray)
            tally.traps[mark.kind] += 1
            tally.alarms[mark.kind] += alarm
            tally.quotes += mark.quote
            tally.quote_alarms += alarm and mark.quote
    tally.pages += len(made.pages)


def _concerns(finding: Json, mark: Mark) -> bool:
    return finding["rule"] in QUOTE_RULES or not mark.quote


def _shown(finding: Json) -> str:
    where = next(p for p in finding["evidence"] if p["role"] == "observed")
    return (
        f"{finding['rule']} {where['url']}: {where['exact']} | expected: {finding['expected']} | {finding['summary']}"
    )


def scored(tally: Tally) -> dict[str, Any]:
    """The tally as figures."""
    return {
        "pages": tally.pages,
        "rules": {rule: _rule(tally, rule) for rule in RULES},
        "kinds": {f"{rule}/{kind}": [tally.found[rule, kind], n] for (rule, kind), n in sorted(tally.planted.items())},
        "harmless": {kind: [tally.alarms[kind], n] for kind, n in sorted(tally.traps.items())},
        "false_alarms_per_100_harmless_quotes": round(100 * tally.quote_alarms / max(tally.quotes, 1), 2),
        "harmless_quotes": tally.quotes,
    }


def _rule(tally: Tally, rule: str) -> dict[str, Any]:
    planted = sum(n for (r, _), n in tally.planted.items() if r == rule)
    found = sum(n for (r, _), n in tally.found.items() if r == rule)
    reported = tally.right[rule] + tally.wrong[rule]
    return {
        "planted": planted,
        "found": found,
        "reported": reported,
        "wrong": tally.wrong[rule],
        "recall": round(found / planted, 3) if planted else None,
        "precision": round(tally.right[rule] / reported, 3) if reported else None,
    }
