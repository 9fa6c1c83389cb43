"""Results to a report: one view model, rendered as HTML, Markdown or JSON. Pure: no store, no clock.

The same input gives the same bytes, so reports can be compared and cited.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files

import attrs
from jinja2 import Environment
from markupsafe import Markup

from kb.errors import UserError
from kb.records import Coverage, Tool, rfc3339
from kb.text import selector_for
from queries import phrases
from queries.charts import mark
from queries.check import Finding, Passed
from queries.findings import finding_views
from queries.markup import html_templates, markdown_templates, printable
from queries.threads import Citations, thread
from queries.trace import Trace
from queries.views import CaptureView, Count, DocumentView, FindingView, ReportView, Thread, ToolView


@attrs.frozen(kw_only=True)
class Tally:
    """What became of the captures, whether or not an article came of them."""

    captures: int
    """All that the archive holds for the study, repeated captures of one address included."""
    kept: int
    """Those that gave an article."""
    rejected: Mapping[str, int]
    """By `Code`."""
    failed: int
    """Those that a stage stumbled over."""
    first_capture: datetime | None
    last_capture: datetime | None
    dropped: Mapping[str, int] = attrs.field(factory=dict)
    """Addresses that were never fetched, by the reason in words: `disallowed by robots.txt`."""


def view(  # noqa: PLR0913 - the six results that a report is made of, and what it is limited to
    coverage: Coverage,
    findings: Sequence[Finding],
    traces: Sequence[Trace],
    tally: Tally,
    tools: Sequence[Tool],
    subject: str | None = None,
) -> ReportView:
    """The report of a study or, with `subject`, of one of its quotes or claims.

    Raises UserError for a subject that the study does not have.
    """
    study = coverage.study
    subject = None if subject == study.slug else subject
    if subject is not None:
        _require_known(coverage, subject)
        findings = [found for found in findings if found.subject == subject]
        traces = [trace for trace in traces if trace.subject == subject]
    citations = Citations.of(coverage)
    shown = finding_views(coverage, findings, traces, citations)
    by_subject = {trace.subject: trace for trace in traces}
    overview = by_subject.pop(study.slug, None)
    threads = tuple(
        thread(coverage, by_subject[slug], citations, tuple(f.number for f in shown if f.subject == slug))
        for slug in sorted(by_subject, key=_order(coverage))
    )
    whole = None if overview is None else thread(coverage, overview, citations, ())
    return ReportView(
        study=study.slug,
        title=study.title,
        subject=subject,
        documents=tuple(DocumentView(title=d.title, url=d.url, published_at=d.published_at) for d in study.documents),
        since=study.since,
        until=study.until,
        lead=_lead(coverage, shown, whole or next(iter(threads), None) if subject else whole),
        captures_seen=tally.captures,
        kept=tally.kept,
        rejected=_counts(tally.rejected, phrases.REJECTIONS),
        failed=tally.failed,
        dropped=_counts(tally.dropped, {}),
        first_capture=tally.first_capture,
        last_capture=tally.last_capture,
        findings=shown,
        overview=whole,
        threads=threads,
        undetermined=_undetermined(coverage, traces, tally, whole_study=subject is None),
        captures=_captures(citations, shown, threads, everything=subject is None),
        tools=_tools(tools),
    )


def _require_known(coverage: Coverage, subject: str) -> None:
    known = [entry.slug for entry in (*coverage.study.quotes, *coverage.study.claims)]
    if subject not in known:
        raise UserError(f"no quote or claim named {subject!r} in {coverage.study.slug}; there are: {', '.join(known)}")
