"""WACZ 1.1.1: the archive as one file that replay tools open (spec: specs.webrecorder.net/wacz/1.1.1).

WARC files lie in it as they are, not compressed again; what a take-down left blank has no entry in the index.
"""

import hashlib
import json
import posixpath
import re
import string
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import BinaryIO
from urllib.parse import quote, unquote_to_bytes, urlsplit

import attrs

from kb.archive import Archive
from kb.capturelog import Entry
from kb.checkpoint import ends
from kb.errors import DataError
from kb.records import canonical_json, rfc3339

_PORTION = 1 << 20


@attrs.frozen(kw_only=True)
class Package:
    """What the file says of itself, and what of each page."""

    title: str
    software: str
    created: datetime
    titles: Mapping[str, str]
    """By snapshot id."""


def write_wacz(archive: Archive, package: Package, file: BinaryIO) -> int:
    """Write every capture that the archive holds; how many these are. Appends wait meanwhile."""
    resources: list[Mapping[str, object]] = []
    with archive.alone(), zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as target:
        entries = _held(archive)
        moment = package.created.timetuple()[:6]
        for name, end in sorted(ends(archive).items()):
            if not (archive.folder / name).exists():
                raise DataError(f"{name}: the WARC file is missing; `retold verify` says what else is")
            with (archive.folder / name).open("rb") as source:
                resources.append(_add(target, f"archive/{name}", moment, _portions(source, end)))
        index = sorted(line for entry in entries for line in _indexed(archive, entry))
        resources.append(_add(target, "indexes/index.cdx", moment, (line.encode() for line in index)))
        resources.append(_add(target, "pages/pages.jsonl", moment, _pages(entries, package)))
        described = _described(package, resources)
        _add(target, "datapackage.json", moment, [described])
        digest = {"path": "datapackage.json", "hash": "sha256:" + hashlib.sha256(described).hexdigest()}
        _add(target, "datapackage-digest.json", moment, [json.dumps(digest, indent=2).encode()])
    return len(entries)


def _held(archive: Archive) -> list[Entry]:
    covered = {notice.covers for notice in archive.notices()}
    return [entry for entry in archive.log() if isinstance(entry, Entry) and entry.hash not in covered]


def _add(target: zipfile.ZipFile, path: str, moment: tuple[int, ...], parts: Iterable[bytes]) -> Mapping[str, object]:
    digest, size = hashlib.sha256(), 0
    head = zipfile.ZipInfo(path, (moment[0], moment[1], moment[2], moment[3], moment[4], moment[5]))
    head.compress_type = zipfile.ZIP_DEFLATED if path.startswith(("pages/", "indexes/")) else zipfile.ZIP_STORED
    with target.open(head, "w", force_zip64=True) as member:
        for part in parts:
            member.write(part)
            digest.update(part)
            size += len(part)
    return {"name": path.rpartition("/")[2], "path": path, "hash": "sha256:" + digest.hexdigest(), "bytes": size}


def _portions(source: BinaryIO, end: int) -> Iterator[bytes]:
    left = end
    while left and (part := source.read(min(left, _PORTION))):
        left -= len(part)
        yield part


def _described(package: Package, resources: list[Mapping[str, object]]) -> bytes:
    told = {
        "profile": "data-package",
        "wacz_version": "1.1.1",
        "title": package.title,
        "software": package.software,
        "created": rfc3339(package.created),
        "resources": resources,
    }
    return json.dumps(told, ensure_ascii=False, indent=2).encode()


def _pages(entries: list[Entry], package: Package) -> Iterator[bytes]:
    yield canonical_json({"format": "json-pages-1.0", "id": "pages", "title": "All pages"}).encode() + b"\n"
    for entry in entries:
        held = entry.snapshot
        if _is_web(held.final_url):
            page = {"id": held.id, "url": held.final_url, "ts": rfc3339(held.fetched_at)}
            titled = {**page, "title": package.titles[held.id]} if held.id in package.titles else page
            yield canonical_json(titled).encode() + b"\n"


def _indexed(archive: Archive, entry: Entry) -> Iterator[str]:
    """The CDXJ line of a capture; a file that was added has no address to replay it under."""
    held = entry.snapshot
    with archive.record(held.warc, held.offset) as record:
        url = record.rec_headers.get_header("WARC-Target-URI")
        if not _is_web(url):
            return
        told = {
            "url": url,
            "mime": "warc/revisit" if record.rec_type == "revisit" else held.media_type,
            "status": str(held.status),
            "digest": record.rec_headers.get_header("WARC-Payload-Digest"),
            "length": str(entry.end - held.offset),
            "offset": str(held.offset),
            "filename": held.warc,
        }
    yield f"{surt(url)} {held.fetched_at:%Y%m%d%H%M%S} {json.dumps({k: v for k, v in told.items() if v})}\n"


def _is_web(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def surt(url: str) -> str:
    """An address as indexes sort it: host turned round, lower case, no `www.`, the query's parts in order.

    As pywb's index has it, which looks an address up by the same rules (tests hold the two together).

    >>> surt("https://www.Example.org:443/A//b/?z=1&a=2")
    'org,example)/a/b?a=2&z=1'
    """
    parts = urlsplit(url.lower())
    host = ",".join(reversed(re.sub(r"^www\d*\.", "", parts.hostname or "").split(".")))
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    path = posixpath.normpath(re.sub("/+", "/", _escaped(parts.path) or "/"))
    query = "?" + "&".join(sorted(_escaped(parts.query).split("&"))) if parts.query else ""
    return f"{host}{port}){path}{query}"


def _escaped(text: str) -> str:
    """What has to be escaped in an address and nothing else, in lower case."""
    return quote(unquote_to_bytes(text), safe=string.punctuation.replace("#", "").replace("%", "")).lower()
