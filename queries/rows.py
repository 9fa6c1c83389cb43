"""Articles, quotes and findings as rows: JSON Lines with everything, CSV that a spreadsheet opens safely."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from kb import quotes as quoting
from kb.coverage import Retelling
from kb.records import Quote, rfc3339
from queries.holdings import Holdings
from queries.linked_data import as_json
from queries.options import Table
from queries.plain import one_line
from queries.report import finding_json

Row = dict[str, Any]


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Starts of a cell that a spreadsheet would compute (OWASP, CSV Injection)."""

_COLUMNS: Mapping[Table, Sequence[str]] = {
    Table.ARTICLES: (
        "url",
        "source",
        "outlet",
        "kind",
        "title",
        "authors",
        "published_at",
        "published_precision",
        "modified_at",
        "language",
        "section",
        "licence",
        "truncated",
        "captured_at",
        "snapshot",
        "retold",
    ),
    Table.QUOTES: (
        "id",
        "url",
        "source",
        "title",
        "published_at",
        "type",
        "text",
        "speaker",
        "speaker_resolved",
        "affiliation",
        "reference",
        "verdict",
        "start",
        "end",
        "confidence",
        "captured_at",
        "snapshot",
        "retold",
    ),
    Table.FINDINGS: (
        "id",
        "rule",
        "severity",
        "confidence",
        "status",
        "truth",
        "subject",
        "summary",
        "expected",
        "observed",
        "observed_urls",
        "expected_urls",
        "snapshots",
        "retold",
    ),
}


def write_jsonl(held: Holdings, out: TextIO, table: Table) -> int:
    """A row a line, as JSON."""
    count = 0
    for row in rows(held, table):
        out.write(as_json(row) + "\n")
        count += 1
    return count


def write_csv(held: Holdings, out: TextIO, table: Table) -> int:
    """RFC 4180, every cell in quotation marks, behind the mark by which Excel knows UTF-8."""
    out.write("\ufeff")
    written = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    written.writerow(_COLUMNS[table])
    count = 0
    for row in rows(held, table):
        flat = _FLAT[table](row)
        written.writerow([cell(flat[column]) for column in _COLUMNS[table]])
        count += 1
    return count


def cell(value: object) -> str:
    """One line that no spreadsheet computes; what would start a formula has an apostrophe before it.

    >>> cell("=1+1"), cell(["Ann Wu", "Li Ho"]), cell(None), cell(True), cell(0.5)
    ("'=1+1", 'Ann Wu; Li Ho', '', 'true', '0.5')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    words = one_line("; ".join(map(str, value)) if isinstance(value, list) else str(value))
    return f"'{words}" if words.startswith(FORMULA) else words


def rows(held: Holdings, table: Table) -> Iterator[Row]:
    """The rows of a table, each with the version of retold that made it."""
    for row in _ROWS[table](held):
        yield row | {"retold": held.version}


def quote_row(retelling: Retelling, quote: Quote) -> Row:
    """A quote with where it stands: an `extract` quote and its article."""
    return {"id": quote.id, **_place(retelling), **quoting.to_json(retelling.text.text, quote)}


def _place(retelling: Retelling) -> Row:
    published = retelling.extraction.published_at
    return {
        "url": retelling.article.canonical_url,
        "source": retelling.source.slug,
        "title": retelling.extraction.title,
        "published_at": rfc3339(published) if published else None,
        "snapshot": retelling.snapshot.body_sha256,
    }


def _articles(held: Holdings) -> Iterator[Row]:
    for retelling in held.coverage.retellings:
        read = retelling.extraction
        yield {
            **_place(retelling),
            "outlet": retelling.source.name,
            "kind": retelling.source.kind,
            "authors": list(read.bylines),
            "published_precision": read.published_precision,
            "modified_at": rfc3339(read.modified_at) if read.modified_at else None,
            "language": retelling.text.language,
            "section": read.section,
            "licence": read.license,
            "truncated": read.truncated,
            "captured_at": rfc3339(retelling.snapshot.fetched_at),
            "text": retelling.text.text,
        }


def _quotes(held: Holdings) -> Iterator[Row]:
    for retelling in held.coverage.retellings:
        for quote in retelling.quotes:
            verdicts = held.verdicts(retelling, quote)
            yield quote_row(retelling, quote) | {
                "captured_at": rfc3339(retelling.snapshot.fetched_at),
                "given_to": held.resolve(retelling, quote).slug,
                "verdicts": [
                    {
                        "quote": laid.quote,
                        "verdict": verdict,
                        "edits": [{"op": edit.op, "from": edit.before, "to": edit.after} for edit in laid.edits],
                    }
                    for laid, verdict in verdicts
                ],
            }


def _findings(held: Holdings) -> Iterator[Row]:
    for finding in held.findings:
        yield finding_json(finding, held.status(finding))


def _flat_quote(row: Row) -> Row:
    return row | {
        "reference": [each["quote"] for each in row["verdicts"]],
        "verdict": [each["verdict"] for each in row["verdicts"]],
    }


def _flat_finding(row: Row) -> Row:
    evidence = row["evidence"]
    urls = {role: [e["url"] for e in evidence if e["role"] == role] for role in ("observed", "expected")}
    return row | {
        "observed_urls": list(dict.fromkeys(urls["observed"])),
        "expected_urls": list(dict.fromkeys(urls["expected"])),
        "snapshots": list(dict.fromkeys(e["snapshot"] for e in evidence)),
    }


_ROWS: Mapping[Table, Callable[[Holdings], Iterator[Row]]] = {
    Table.QUOTES: _quotes,
    Table.FINDINGS: _findings,
    Table.ARTICLES: _articles,
}
_FLAT: Mapping[Table, Callable[[Row], Row]] = {
    Table.QUOTES: _flat_quote,
    Table.FINDINGS: _flat_finding,
    Table.ARTICLES: dict,
}
