"""What a measurement ran on: documents of a file, its size and digest, the versions in play."""

import gzip
import hashlib
import json
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any

import attrs

from kb.digests import digest_now

NEWSROOM = Path(__file__).parents[1] / "examples" / "newsroom"

LIBRARIES = (
    "retold",
    "bm25s",
    "chromadb",
    "htmldate",
    "lxml",
    "numpy",
    "onnxruntime",
    "rapidfuzz",
    "scrapy",
    "sentence-transformers",
    "spacy",
    "sqlalchemy",
    "torch",
    "trafilatura",
    "transformers",
)
"""Whose versions a figure depends on."""


@attrs.frozen(kw_only=True)
class Document:
    """One page or text to measure with."""

    url: str
    body: bytes
    html: bool
    """Else plain text in UTF-8."""


def versions() -> dict[str, str]:
    """Python, machine and libraries; a library that is not installed is left out."""
    found = {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def described(path: Path) -> dict[str, Any]:
    """Size and digest of a file; of a folder, over the paths and digests of its files in order."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        listed = "".join(f"{file.relative_to(path).as_posix()} {digest_now(file)}\n" for file in files)
        size = sum(file.stat().st_size for file in files)
        return {
            "path": str(path),
            "files": len(files),
            "bytes": size,
            "sha256": hashlib.sha256(listed.encode()).hexdigest(),
        }
    return {"path": str(path), "bytes": path.stat().st_size, "sha256": digest_now(path)}


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file, compressed with gzip where its name says so."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def documents(path: Path, limit: int | None = None) -> list[Document]:
    """Documents of JSON Lines with `html` or `text`, or the HTML files of a folder of sites."""
    found = _of_folder(path) if path.is_dir() else map(_of_line, read_lines(path))
    return list(islice(found, limit))


def _of_folder(path: Path) -> Iterator[Document]:
    for file in sorted(path.rglob("*.html")):
        yield Document(url=f"http://{file.relative_to(path).as_posix()}", body=file.read_bytes(), html=True)


def _of_line(line: dict[str, Any]) -> Document:
    html = line.get("html")
    host = str(line.get("publisher") or "page").lower()
    url = line.get("url") or f"https://{host}.example/{line['id']}"
    return Document(url=url, body=(html or line["text"]).encode("utf-8", "replace"), html=bool(html))
