"""A report's rows and findings by article and by outlet, so that a page on one of many need not look through all."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import attrs

from kb.errors import UserError
from queries.views import FindingView, ReportView, Row, Thread


@attrs.frozen
class Print:
    """One article's row in the thread of a quote or claim."""

    thread: Thread
    row: Row


@attrs.frozen(kw_only=True, eq=False)
class Placed:
    """What a report says, by where it stands."""

    report: ReportView
    rows: Mapping[str, Row]
    """By article id, its row in the coverage of the study."""
    by_source: Mapping[str, tuple[Row, ...]]
    """By outlet, the same rows, by time."""
    prints: Mapping[str, tuple[Print, ...]]
    """By article id."""
    prints_by_source: Mapping[str, tuple[Print, ...]]
    findings: Mapping[str, tuple[FindingView, ...]]
    """By article id, those that its words are found in, or that it is one side of where nothing is settled."""
    findings_by_source: Mapping[str, tuple[FindingView, ...]]

    @classmethod
    def of(cls, report: ReportView) -> "Placed":
        rows = report.overview.rows if report.overview else ()
        by_source: dict[str, list[Row]] = defaultdict(list)
        prints: dict[str, list[Print]] = defaultdict(list)
        prints_by: dict[str, list[Print]] = defaultdict(list)
        for row in rows:
            by_source[row.citation.source].append(row)
        for thread in report.threads:
            for row in thread.rows:
                prints[row.citation.article].append(Print(thread, row))
                prints_by[row.citation.source].append(Print(thread, row))
        findings: dict[str, list[FindingView]] = defaultdict(list)
        findings_by: dict[str, list[FindingView]] = defaultdict(list)
        for found in report.findings:
            for article, source in dict.fromkeys(answerable(found)):
                findings[article].append(found)
                if found not in findings_by[source][-1:]:
                    findings_by[source].append(found)
        return cls(
            report=report,
            rows={row.citation.article: row for row in rows},
            by_source={slug: tuple(each) for slug, each in by_source.items()},
            prints={slug: tuple(each) for slug, each in prints.items()},
            prints_by_source={slug: tuple(each) for slug, each in prints_by.items()},
            findings={slug: tuple(each) for slug, each in findings.items()},
            findings_by_source={slug: tuple(each) for slug, each in findings_by.items()},
        )

    def rows_of(self, slug: str) -> tuple[Row, ...]:
        """The articles of an outlet by its id; UserError where none of them is in the coverage."""
        if slug not in self.by_source:
            known = ", ".join(sorted(self.by_source)) or "none"
            raise UserError(f"no article of an outlet {slug!r} in the coverage; there are: {known}")
        return self.by_source[slug]


def answerable(found: FindingView) -> Iterator[tuple[str, str]]:
    """Article and outlet of the passages that a finding is about; all of them where the truth is unsettled."""
    for proof in found.proofs:
        if proof.role == "observed" or found.truth == "unsettled":
            yield proof.citation.article, proof.citation.source
