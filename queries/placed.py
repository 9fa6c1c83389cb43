"""A report's rows and findings by article and by outlet, so that a page on one of many need not look through all."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import attrs

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
        by_source, prints, prints_by = (
            _grouped(),
            defaultdict[str, list[Print]](list),
            defaultdict[str, list[Print]](list),
        )
        for row in rows:
            by_source[row.citation.source].append(row)
        for thread in report.threads:
            for row in thread.rows:
                prints[row.citation.article].append(Print(thread, row))
                prints_by[row.citation.source].append(Print(thread, row))
        findings, findings_by = _found(), _found()
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


def answerable(found: FindingView) -> Iterator[tuple[str, str]]:
    """Article and outlet of the passages that a finding is about; all of them where the truth is unsettled."""
    for proof in found.proofs:
        if proof.role == "observed" or found.truth == "unsettled":
            yield proof.citation.article, proof.citation.source


def _grouped() -> defaultdict[str, list[Row]]:
    return defaultdict(list)


def _found() -> defaultdict[str, list[FindingView]]:
    return defaultdict(list)
