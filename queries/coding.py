"""Double coding: a sheet of findings for people to judge blind, its verdicts entered, and how far two coders agree.

The sheet says what is claimed and shows the passages. It does not say how sure the program is or what anybody
decided, and its order is that of the ids, which are digests: nothing but the passages leads a coder.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO, get_args

import attrs

from kb.errors import UserError
from kb.records import Judgement
from kb.workspace import Workspace
from queries.check import Finding, Role
from queries.formats import observed
from queries.plain import printable
from queries.review import Verdict, findings

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
COLUMNS = ("finding", "claimed", "outlet", "url", "printed", "held_against", "verdict", "note")
CONTEXT = 160
"""Characters of the article on either side of a passage."""
_FORMULA = re.compile(r"(^|[;,\t\r\n])(\s*[=+@＝＋－＠-])")
"""How a cell begins that a spreadsheet would run (OWASP, CSV Injection), whatever it takes for the separator."""
_SEPARATORS = ",;\t"
"""Spreadsheets save a sheet with the one of their country."""


@attrs.frozen(kw_only=True)
class Coded:
    """One filled row of a sheet."""

    subject: str
    verdict: Verdict
    note: str


@attrs.frozen(kw_only=True)
class Agreement:
    """Two coders over the findings that both judged."""

    n: int
    observed: float
    """Share on which they agree; 0 where `n` is."""
    kappa: float | None
    """Cohen's kappa (Cohen 1960, doi:10.1177/001316446002000104), unweighted over the three verdicts.

    None where it is not defined: nothing judged by both, or both gave one and the same verdict throughout.
    """
    table: Mapping[tuple[Verdict, Verdict], int]
    """How often the first gave one verdict and the second another."""
    differing: tuple[str, ...]
    """Subjects on which they disagree."""


def write_sheet(found: Iterable[Finding], out: TextIO) -> int:
    """A row for each finding, with `verdict` and `note` left open; how many."""
    out.write("\ufeff")  # without it Excel takes UTF-8 for something else
    rows = csv.writer(out, quoting=csv.QUOTE_ALL)
    rows.writerow(COLUMNS)
    ordered = sorted(found, key=lambda finding: finding.id)
    for finding in ordered:
        place = observed(finding)
        cells = (
            finding.id,
            f"{finding.rule}: {finding.summary}",
            place.retelling.source.name,
            place.retelling.article.canonical_url,
            _passages(finding, "observed") or finding.observed,
            _passages(finding, "expected", "other") or finding.expected,
            "",
            "",
        )
        rows.writerow([_harmless(cell) for cell in cells])
    return len(ordered)


def _passages(finding: Finding, *roles: Role) -> str:
    return "\n\n".join(
        f"{passed.retelling.source.name}: … {_around(passed.retelling.text.text, passed.span.start, passed.span.end)} …"
        for passed in finding.evidence
        if passed.role in roles
    )


def _around(text: str, start: int, end: int) -> str:
    return " ".join(f"{text[max(0, start - CONTEXT) : start]}[[{text[start:end]}]]{text[end : end + CONTEXT]}".split())


def _harmless(cell: str) -> str:
    return _FORMULA.sub(r"\1'\2", printable(cell))


def read_sheet(path: Path) -> list[Coded]:
    """The filled rows of a sheet; UserError, with the line, for a verdict that is none or a finding judged twice."""
    found: dict[str, Coded] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            lines = csv.DictReader(file, delimiter=max(_SEPARATORS, key=first.count))
            missing = {"finding", "verdict"}.difference(lines.fieldnames or ())
            if missing:
                raise UserError(
                    f"{path}: no column {', '.join(sorted(missing))}; is it a sheet of `retold review sheet`?"
                )
            for row in lines:
                coded = _coded(row, f"{path}:{lines.line_num}")
                if coded and coded.subject in found:
                    raise UserError(f"{path}:{lines.line_num}: {coded.subject} has a verdict already, in another row")
                if coded:
                    found[coded.subject] = coded
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read as CSV in UTF-8: {error}") from error
    if not found:
        raise UserError(f"{path}: nothing is judged in it; fill the column `verdict` with {', '.join(VERDICTS)}")
    return list(found.values())


def _coded(row: Mapping[str, str | None], where: str) -> Coded | None:
    said = (row["verdict"] or "").strip().casefold()
    if not said:
        return None
    verdict = next((verdict for verdict in VERDICTS if verdict == said), None)
    if verdict is None:
        raise UserError(f"{where}: {said!r} is no verdict; expected {', '.join(VERDICTS)} or nothing")
    return Coded(subject=(row["finding"] or "").strip(), verdict=verdict, note=(row.get("note") or "").strip())


def enter(workspace: Workspace, coded: Sequence[Coded], *, user: str, at: datetime) -> tuple[Judgement, ...]:
    """Enter the judgements of a sheet, all in one transaction; UserError where a row is about no finding here."""
    known = {finding.id for finding in findings(workspace)}
    strangers = [each.subject for each in coded if each.subject not in known]
    if strangers:
        raise UserError(f"nothing was entered: {len(strangers)} rows are about no finding here, first {strangers[0]!r}")
    made = tuple(
        Judgement(subject=c.subject, verdict=c.verdict, user=user, made_at=at, note=c.note, withdrawn_at=None)
        for c in coded
    )
    return workspace.judgements.add(made)


def agreement(one: Sequence[Coded], other: Sequence[Coded]) -> Agreement:
    """How far two coders agree on what both judged."""
    second = {coded.subject: coded.verdict for coded in other}
    pairs = {coded.subject: (coded.verdict, second[coded.subject]) for coded in one if coded.subject in second}
    table = Counter(pairs.values())
    n = len(pairs)
    agreed = sum(table[verdict, verdict] for verdict in VERDICTS)
    first, last = Counter(pair[0] for pair in pairs.values()), Counter(pair[1] for pair in pairs.values())
    by_chance = sum(first[verdict] * last[verdict] for verdict in VERDICTS)  # times n²
    return Agreement(
        n=n,
        observed=agreed / n if n else 0.0,
        kappa=(agreed * n - by_chance) / (n * n - by_chance) if by_chance != n * n else None,
        table=table,
        differing=tuple(subject for subject, (a, b) in pairs.items() if a != b),
    )


def agreement_json(found: Agreement) -> dict[str, object]:
    """The figures as plain data."""
    return {
        "n": found.n,
        "observed": round(found.observed, 4),
        "kappa": None if found.kappa is None else round(found.kappa, 4),
        "table": {one: {other: found.table.get((one, other), 0) for other in VERDICTS} for one in VERDICTS},
        "differing": list(found.differing),
    }
