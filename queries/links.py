"""Where the names in a page lead to: within one file for a report, to other pages in the web UI."""

from typing import ClassVar
from urllib.parse import quote

import attrs

from queries.views import Citation, ReportView


class Anchors:
    """Links of a report: all it has to show is in one file, and articles are where they were published."""

    own: ClassVar[bool] = False
    """Whether articles and outlets have pages."""
    findings: ClassVar[str] = "#found"

    def finding(self, number: int) -> str:
        return f"#finding-{number}"

    def capture(self, citation: Citation) -> str:
        return f"#capture-{citation.capture}"

    def section(self, name: str) -> str:
        """`name`: kind and slug of a quote or claim, `quote-song`."""
        return f"#{name}"


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
