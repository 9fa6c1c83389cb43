"""A large report in several files: the first has the head of each long list, sheets beside it have all of them."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import PurePath
from typing import Any, TypeVar
from urllib.parse import quote

import attrs

from queries.views import ReportView

Entry = TypeVar("Entry")

WHOLE = 2_000
"""Entries (findings, rows, captures) up to which a report is one file. `python -m bench report` finds 1.7 kB in each,
so such a file has 3.4 MB; a study of 300 articles has about a thousand of them."""
HEAD = 50
"""Entries of a long list in the first file."""
ROWS = 1_000
"""Rows of all quotes and claims together in the first file, at 2.2 kB each: with many of them the heads are shorter."""
LEAST = 5
"""Rows of each that the first file has in any case."""
ON_A_SHEET = 500
"""Entries of one sheet, 0.3 MB of captures to 2 MB of findings: what a browser opens at once."""

_SHEET = re.compile(r"(?:findings|coverage|captures|(?:quote|claim|study)-[a-z0-9-]+)-[0-9]+\.html")


@attrs.frozen(kw_only=True)
class Sheet:
    """A stretch of one of the lists, in a file of its own."""

    of: str
    """The list: `findings`, `coverage`, `captures`, or kind and slug of a quote or claim, `quote-song`."""
    number: int
    """From 1."""
    sheets: int
    """How many the list has."""
    start: int
    """Half-open, from 0, in the list."""
    end: int
    total: int

    @property
    def file(self) -> str:
        """Its name."""
        return f"{self.of}-{self.number}.html"


@attrs.frozen(eq=False)
class Layout:
    """Where each entry of a report stands, in its first file or on a sheet."""

    report: ReportView
    first: str
    """Name of the first file."""
    sheets: Mapping[str, tuple[Sheet, ...]]
    """By list, those that the first file does not have whole; none in a report of one file."""

    @property
    def folder(self) -> str:
        """Name of the folder of the sheets, beside the first file."""
        return folder_of(self.first)

    def head(self, of: str, entries: Sequence[Entry]) -> Sequence[Entry]:
        """The entries of a list that the first file has."""
        return entries[: self.shown(of)] if of in self.sheets else entries

    def shown(self, of: str) -> int:
        """How many entries of a long list the first file has."""
        if of in ("findings", "coverage"):
            return HEAD
        return 0 if of == "captures" else max(LEAST, min(HEAD, ROWS // max(1, len(self.report.threads))))

    def sheet(self, of: str, place: int) -> Sheet:
        """The sheet with an entry of a long list, by the entry's place from 0."""
        return self.sheets[of][place // ON_A_SHEET]

    @cached_property
    def captures(self) -> Mapping[int, int]:
        """Places of the captures in their list, by number."""
        return {capture.number: place for place, capture in enumerate(self.report.captures)}

    def address(self, file: str, *, inside: bool) -> str:
        """From a sheet (`inside`) or from the first file to a sheet."""
        return quote(file if inside else f"{self.folder}/{file}")


def folder_of(first: str) -> str:
    """Name of the folder of a report's sheets by that of its first file.

    >>> folder_of("report.html")
    'report-pages'
    """
    return f"{PurePath(first).stem}-pages"


def is_sheet(name: str) -> bool:
    """Whether a file in such a folder is called as a sheet."""
    return _SHEET.fullmatch(name) is not None


def layout(report: ReportView, first: str) -> Layout:
    """One file for a study of ordinary size; for a large one, sheets for each list that is longer than its head."""
    made = Layout(report, first, {})
    lists = entries(report)
    if sum(map(len, lists.values())) <= WHOLE:
        return made
    long = {of: len(each) for of, each in lists.items() if len(each) > made.shown(of)}
    return attrs.evolve(made, sheets={of: tuple(_cut(of, total)) for of, total in long.items()})


def entries(report: ReportView) -> dict[str, Sequence[Any]]:
    """The lists of a report, in the order in which it shows them."""
    rows = {f"{thread.kind}-{thread.slug}": thread.rows for thread in report.threads}
    coverage = report.overview.rows if report.overview else ()
    return {"findings": report.findings, "coverage": coverage, **rows, "captures": report.captures}


def _cut(of: str, total: int) -> Iterator[Sheet]:
    sheets = math.ceil(total / ON_A_SHEET)
    for number in range(1, sheets + 1):
        start = (number - 1) * ON_A_SHEET
        end = min(total, start + ON_A_SHEET)
        yield Sheet(of=of, number=number, sheets=sheets, start=start, end=end, total=total)
