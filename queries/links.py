"""Where the names in a page lead to: within the files of a report, to other pages in the web UI."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar
from urllib.parse import quote

import attrs

from queries.sheets import Layout, Sheet
from queries.views import Citation, ReportView

Entry = TypeVar("Entry")


@attrs.frozen
class Anchors:
    """Links of a report: within its one file, or between the files of a large one; articles are where they appeared."""

    layout: Layout | None = None
    """None where all is in one file."""
    here: Sheet | None = None
    """The file with these links; None for the first."""
    listed: frozenset[int] | None = None
    """In a report on one outlet or article, which has no sections on quotes: numbers of the captures in it."""
    own: ClassVar[bool] = False
    """Whether articles and outlets have pages."""

    @property
    def findings(self) -> str:
        return f"{self.first}#found"

    @property
    def first(self) -> str:
        """Address of the first file; empty in it."""
        return f"../{quote(self.layout.first)}" if self.layout and self.here else ""

    def finding(self, number: int) -> str:
        return self._to("findings", number - 1, f"finding-{number}")

    def capture(self, citation: Citation) -> str:
        """Empty where the file does not list it."""
        if self.listed is not None and citation.capture not in self.listed:
            return ""
        place = self.layout.captures.get(citation.capture, 0) if self.layout else 0
        return self._to("captures", place, f"capture-{citation.capture}")

    def section(self, name: str) -> str:
        """`name`: kind and slug of a quote or claim, `quote-song`; empty where the file has no such sections."""
        return f"{self.first}#{name}" if self.listed is None else ""

    def head(self, of: str, entries: Sequence[Entry]) -> Sequence[Entry]:
        """The entries of a list that the first file has."""
        return self.layout.head(of, entries) if self.layout else entries

    def sheets(self, of: str) -> Sequence[Sheet]:
        """The sheets of a list; none where the first file has all of it."""
        return self.layout.sheets.get(of, ()) if self.layout else ()

    def sheet(self, sheet: Sheet) -> str:
        """Address of a sheet."""
        return self.layout.address(sheet.file, inside=self.here is not None) if self.layout else ""

    def _to(self, of: str, place: int, anchor: str) -> str:
        if self.layout is None or of not in self.layout.sheets:
            return f"{self.first}#{anchor}"
        if self.here is None and place < self.layout.shown(of):
            return f"#{anchor}"
        sheet = self.layout.sheet(of, place)
        return f"#{anchor}" if sheet == self.here else f"{self.sheet(sheet)}#{anchor}"


@attrs.frozen
class Pages:
    """Links of the web UI."""

    report: ReportView
    own: ClassVar[bool] = True
    findings: ClassVar[str] = "/findings"

    def finding(self, number: int) -> str:
        return self.finding_page(self.report.findings[number - 1].id)

    def finding_page(self, key: str) -> str:
        """By a finding's id."""
        return f"/findings/{_part(key)}"

    def capture(self, citation: Citation) -> str:
        return f"{self.article(citation.article)}#captures"

    def section(self, name: str) -> str:
        kind, _, slug = name.partition("-")
        return f"/{kind}s/{_part(slug)}" if kind in ("quote", "claim") else "/"

    def outlet(self, slug: str) -> str:
        return f"/outlets/{_part(slug)}"

    def article(self, key: str) -> str:
        """By an article's id."""
        return f"/articles/{_part(key)}"

    def passage(self, key: str, words: str) -> str:
        """An article, opened where these words stand by browsers that can."""
        parts = [_part(part).replace("-", "%2D") for part in _ends(words.split())]
        return f"{self.article(key)}#:~:text={','.join(parts)}"


def _ends(words: list[str], most: int = 6) -> list[str]:
    """The first and the last words of a passage, or all where it is short."""
    return [" ".join(words[:most]), " ".join(words[-most:])] if len(words) > 2 * most else [" ".join(words)]


def _part(text: str) -> str:
    return quote(text, safe=":")
