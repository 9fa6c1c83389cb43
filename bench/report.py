"""The report of a large study: seconds by stage, and the size of what is written."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from bench.tree_planting import tree
from bench.tree_records import coverage
from queries import report
from queries.asking import traces
from queries.attribution import resolver
from queries.check import check
from queries.findings import Decided

MADE = datetime(2026, 6, 1, tzinfo=UTC)
MB = 1_000_000
FIRST = "report.html"
Value = TypeVar("Value")


def run(articles: int = 10_000, seed: int = 1001, held_out: bool = True) -> Mapping[str, Any]:
    """Seconds of the stages of `retold report` on generated coverage, and megabytes of its files.

    HTML is what `-o` writes: the first file, and the sheets beside it where the report is large.

    The records are made directly (`bench.tree_records`), so nothing of crawl, build and record store is in the figures.
    Processor seconds stand beside the clock's, for other work on the machine shows in the clock only.
    """
    spent: dict[str, dict[str, float]] = {}

    def timed(stage: str, work: Callable[[], Value]) -> Value:
        started, cpu = time.perf_counter(), time.process_time()
        value = work()
        spent[stage] = {
            "s": round(time.perf_counter() - started, 2),
            "cpu_s": round(time.process_time() - cpu, 2),
        }
        return value

    planted = tree(seed, articles, "clean", held_out=held_out)
    given = timed("coverage", lambda: coverage(planted))
    speakers = resolver(given.study)
    found = timed("check", lambda: check(given, speakers=speakers))
    traced = timed("trace", lambda: traces(given, speakers))
    tally = report.Tally(
        captures=articles, kept=articles, rejected={}, failed=0, first_capture=MADE, last_capture=MADE, dropped={}
    )
    view = timed("view", lambda: report.view(given, Decided(found), traced, tally, ()))
    files = timed("html", lambda: dict(report.render_files(view, FIRST)))
    markdown = timed("markdown", lambda: report.render_markdown(view))
    plain = timed("json", lambda: report.render_json(view))
    return {
        "articles": articles,
        "findings": len(found),
        "threads": {thread.slug: len(thread.rows) for thread in view.threads},
        "stages": spent,
        "html_mb": _mb(files[FIRST]),
        "sheets": len(files) - 1,
        "sheets_mb": _mb("".join(text for path, text in files.items() if path != FIRST)),
        "markdown_mb": _mb(markdown),
        "json_mb": _mb(plain),
    }


def _mb(text: str) -> float:
    return round(len(text.encode()) / MB, 2)
