"""A small study with a handful of pages about it, captured into a data folder; and what a build made of it."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import sqlalchemy as sa
from making import NOON, capture

from kb import tables as t
from kb.embed import Vectors
from kb.records import Snapshot, Tool
from kb.settings import Settings
from kb.text import words
from kb.workspace import Workspace

CLAIMS = """\
study:
  id: night-naps
  title: Short Naps on Night Wards
  aliases: [nap study]
speakers:
  - {id: moreau, name: Elise Moreau, aliases: [Moreau]}
quotes:
  - {id: surprised, speaker: moreau, text: We were surprised by how consistently a short nap brought error rates back.}
claims:
  - {id: wards, text: The study followed twelve wards for six weeks., expect: {quantity: 12, of: wards}}
sources:
  - {id: ledger, name: The Ledger, domains: [ledger.example]}
  - {id: star, name: The Star, domains: [star.example]}
"""

_PAGE = """<!doctype html><html lang="en"><head><title>{title}</title>
<link rel="canonical" href="{url}"><meta property="article:published_time" content="{at}"></head>
<body><article><h1>{title}</h1>{paragraphs}</article></body></html>"""

STORIES: Mapping[str, tuple[str, ...]] = {
    "https://ledger.example/naps": (
        "Nurses who took a short nap during the night made fewer charting mistakes, a study published on Monday found.",
        "“We were surprised by how consistently a short nap brought error rates back,” said Elise Moreau, who led it.",
        "The study followed twelve wards for six weeks, according to a report in The Star.",
    ),
    "https://star.example/wards": (
        "Hospitals should make room for naps at night, researchers at a teaching hospital told reporters this week.",
        "“We were astonished by how consistently a short nap brought error rates back,” said lead author Elise Moreau.",
        "Staff on twelve wards took part, and mistakes fell by 23 percent over the six weeks of the study.",
    ),
    "https://echo.example/sleep": (
        "Unions were cool about the nap study, saying that rosters have to change before anything else does.",
        "“A nap is no cure for a bad roster,” Tom Beck of the nurses' union said on Tuesday at a meeting of members.",
        "The hospital board said it would look at the findings in the spring and talk to the staff about them.",
    ),
}


def page(url: str, paragraphs: Sequence[str], title: str = "Short naps on night wards") -> bytes:
    told = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return _PAGE.format(title=title, url=url, at="2026-03-10T09:00:00Z", paragraphs=told).encode()


class HashEmbedder:
    """Words hashed into places: enough to tell wordings apart, and no model to load."""

    def __init__(self, version: str = "1") -> None:
        self.tool = Tool(name="embed", version=version, params={"model": "hash"})

    def encode(self, wordings: Sequence[str]) -> Vectors:
        rows = np.full((len(wordings), 64), 1e-3, np.float32)
        for row, wording in zip(rows, wordings, strict=True):
            for word in words(wording):
                row[hashlib.sha256(word.encode()).digest()[0] % 64] += 1
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def settings(folder: Path, claims: str = CLAIMS, **given: str | None) -> Settings:
    study = folder / "claims.yaml"
    if not study.exists() or study.read_text(encoding="utf-8") != claims:  # another thread may be reading it
        study.write_text(claims, encoding="utf-8")
    return Settings(data_dir=folder / "data", study=study, workers=1, **given)


def opened(folder: Path, claims: str = CLAIMS, version: str = "1", **given: str | None) -> Workspace:
    """A workspace that needs no embedding model; enter it with `with`."""
    workspace = Workspace(settings(folder, claims, **given))
    workspace.embedder = HashEmbedder(version)
    return workspace


def keep(workspace: Workspace, url: str, body: bytes, hours: int = 0, **changes: Any) -> Snapshot:
    at = NOON + timedelta(hours=hours)
    source = next((s for s in workspace.study.sources if urlsplit(url).hostname in s.domains), None)
    kept = workspace.archive.append(
        capture(body, url, fetched_at=at, source=source.slug if source else None, **changes)
    )
    workspace.store.add_snapshot(kept)
    return kept


def keep_stories(workspace: Workspace) -> list[Snapshot]:
    return [keep(workspace, url, page(url, told)) for url, told in STORIES.items()]


def made(workspace: Workspace) -> dict[str, set[tuple[object, ...]]]:
    """Every derived row, without what differs from run to run: times, tries, row numbers, last bits of vectors."""
    left_out = {"duration_ms", "tries", "number", "vector", "seal"}
    rows: dict[str, set[tuple[object, ...]]] = {}
    with workspace.store.engine.connect() as connection:
        for name, table in t.DERIVED.tables.items():
            columns = [column for column in table.c if column.name not in left_out]
            found = connection.execute(sa.select(*columns)).all()
            # Portions of wordings are cut where a run ended; their vectors are what counts. Limits are a setting.
            column, value = {"outcomes": ("stage", "embed"), "active": ("kind", "limits")}.get(name, (None, None))
            rows[name] = {tuple(row) for row in found if column is None or getattr(row, column) != value}
    return rows


def indexed(workspace: Workspace) -> set[str]:
    """Digests of the wordings whose keys the vector index holds, and keys that no wording has."""
    known, held = workspace.indexing.expected(), workspace.indexing.index.keys()
    return {known.get(key, key) for key in held}
