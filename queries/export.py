"""`export`: what is held, in the formats of other tools. A format is one entry of FORMATS."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

import attrs

from kb.errors import UserError
from kb.wacz import Package, write_wacz
from kb.workspace import Workspace
from queries import alerts, asking, feed, occasions
from queries.annotations import annotations
from queries.bibliography import bibtex
from queries.holdings import Holdings
from queries.linked_data import iri
from queries.options import ExportFormat, Table
from queries.outlines import opml
from queries.prov import prov
from queries.rows import write_csv, write_jsonl
from queries.schema_org import claim_reviews, quotations
from queries.upkeep import own_version


@attrs.frozen(kw_only=True)
class Wanted:
    """What to write, beside the format."""

    at: datetime
    table: Table = Table.QUOTES
    """Of `csv` and `jsonl`."""
    author: str | None = None
    """Who publishes the claim reviews."""
    page: str | None = None
    """Where they are published."""

    def __attrs_post_init__(self) -> None:
        if self.page is not None and iri(self.page) != self.page:
            raise UserError(f"--page {self.page!r}: no http(s) address")


Writer = Callable[[Workspace, BinaryIO, Wanted], int]
"""Writes to an open file; returns how many items it wrote."""


def wacz(workspace: Workspace, file: BinaryIO, wanted: Wanted) -> int:
    """Every capture, for replay."""
    package = Package(
        title=workspace.study.title,
        software=f"retold {own_version()}",
        created=wanted.at,
        titles=workspace.reader.titles(),
    )
    return write_wacz(workspace.archive, package, file)


def atom(workspace: Workspace, out: TextIO, wanted: Wanted) -> int:
    """What `watch` told, and what it would tell: of the time when the last page that it rests on was captured."""
    view = asking.report_view(workspace)
    rejected = {finding for finding, verdict in asking.status(workspace).items() if verdict == "rejected"}
    known = workspace.reader.alerts()
    captured = {capture.citation.snapshot: capture.citation.fetched_at for capture in view.captures}
    fresh = [
        attrs.evolve(
            each, fired_at=max((captured[p.capture] for p in each.places if p.capture in captured), default=wanted.at)
        )
        for each in occasions.fired(view, rejected=rejected, told=alerts.told(known), at=wanted.at)
    ]
    shown = [each for each in (*known, *fresh) if each.key not in rejected]
    out.write(feed.atom(workspace.study, shown, own_version()))
    return min(len(shown), feed.ENTRIES)


def _as_text(write: Callable[[Workspace, TextIO, Wanted], int]) -> Writer:
    """A writer of UTF-8, line ends as it writes them."""

    def written(workspace: Workspace, file: BinaryIO, wanted: Wanted) -> int:
        out = TextIOWrapper(file, encoding="utf-8", newline="")
        try:
            return write(workspace, out, wanted)
        finally:
            with suppress(BrokenPipeError):
                out.flush()
            out.detach()

    return written


def _of(write: Callable[[Holdings, TextIO, Wanted], int]) -> Writer:
    return _as_text(
        lambda workspace, out, wanted: write(asking.holdings(workspace, own_version(), wanted.at), out, wanted)
    )


FORMATS: Mapping[ExportFormat, tuple[Writer, str]] = {
    ExportFormat.ANNOTATION: (_of(lambda held, out, _: annotations(held, out)), "annotation"),
    ExportFormat.ATOM: (_as_text(atom), "alert"),
    ExportFormat.BIBTEX: (_of(lambda held, out, _: bibtex(held, out)), "reference"),
    ExportFormat.CLAIMREVIEW: (_of(lambda held, out, w: claim_reviews(held, out, w.author, w.page)), "claim review"),
    ExportFormat.CSV: (_of(lambda held, out, wanted: write_csv(held, out, wanted.table)), "row"),
    ExportFormat.JSONL: (_of(lambda held, out, wanted: write_jsonl(held, out, wanted.table)), "row"),
    ExportFormat.OPML: (_of(lambda held, out, _: opml(held, out)), "feed"),
    ExportFormat.PROV: (_of(lambda held, out, _: prov(held, out)), "thing"),
    ExportFormat.QUOTATION: (_of(lambda held, out, _: quotations(held, out)), "quotation"),
    ExportFormat.WACZ: (wacz, "capture"),
}
"""Each format with its writer and what it counts."""


def write(workspace: Workspace, form: ExportFormat, file: BinaryIO, wanted: Wanted) -> int:
    """Write to an open file. UserError for replay of nothing; every other format has a document for that."""
    if form is ExportFormat.WACZ and not workspace.archive.count():
        raise UserError("nothing has been captured yet, so there is nothing to export; run `retold crawl` first")
    return FORMATS[form][0](workspace, file, wanted)


def export(workspace: Workspace, form: ExportFormat, target: Path, wanted: Wanted) -> int:
    """Write a file, whole or not at all."""
    beside = target.with_name(target.name + ".part")
    try:
        with beside.open("wb") as file:
            count = write(workspace, form, file, wanted)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return count
