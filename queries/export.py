"""`export`: what is held, in the formats of other tools. A format is one function in FORMATS."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from kb.errors import UserError
from kb.wacz import Package, write_wacz
from kb.workspace import Workspace
from queries.options import ExportFormat
from queries.upkeep import LIBRARIES, versions

Writer = Callable[[Workspace, BinaryIO, datetime], int]
"""Writes to an open file; returns how many items it wrote."""


def wacz(workspace: Workspace, file: BinaryIO, at: datetime) -> int:
    """Every capture, for replay."""
    package = Package(
        title=workspace.study.title,
        software=f"retold {versions(LIBRARIES[:1])['retold']}",
        created=at,
        titles=workspace.reader.titles(),
    )
    return write_wacz(workspace.archive, package, file)


FORMATS: Mapping[ExportFormat, tuple[Writer, str]] = {ExportFormat.WACZ: (wacz, "capture")}
"""Each format with its writer and what it counts."""


def export(workspace: Workspace, form: ExportFormat, target: Path, at: datetime) -> int:
    """Write a file, whole or not at all."""
    if not workspace.archive.count():
        raise UserError("nothing has been captured yet, so there is nothing to export; run `retold crawl` first")
    beside = target.with_name(target.name + ".part")
    try:
        with beside.open("wb") as file:
            count = FORMATS[form][0](workspace, file, at)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return count
