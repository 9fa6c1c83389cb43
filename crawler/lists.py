"""Files that list addresses: tables and OPML -> what to fetch, and problems with file and line. No network."""

import csv
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from crawler.addresses import canonical
from crawler.entries import Entry, Named, Problem
from crawler.feeds import whole_letters

URL_COLUMNS = ("url", "link", "address", "href", "permalink", "article url", "article_url")
"""Names of the column with addresses, as exports of media monitors and spreadsheets have it."""
MAX_HEAD = 10_000
_SCHEMES = ("http://", "https://")


def read_table(path: Path, delimiter: str) -> Iterator[Entry]:
    """The addresses in a column of a CSV file: by its name in the head line, else the first that holds one.

    `delimiter` gives way to `;` or a tab where the head line has more of those: spreadsheets write what is usual in
    their country.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = file.readline(MAX_HEAD)
        file.seek(0)
        rows = csv.reader(file, delimiter=max(delimiter, ";", "\t", key=first.count))
        try:
            heads = next(rows, [])
            names = [name.strip().lower() for name in heads]
            column = next((names.index(name) for name in URL_COLUMNS if name in names), None)
            if column is None:
                column = next((at for at, value in enumerate(heads) if value.strip().startswith(_SCHEMES)), None)
                if column is None:
                    said = ", ".join(names) or "no columns"
                    yield Problem(where=f"{path}:1", what=f"no column named url and no address among {said}")
                    return
                yield _cell(heads[column], f"column {column + 1}", f"{path}:1")
                names[column] = f"column {column + 1}"
            for row in rows:
                if any(row):
                    yield _cell(row[column] if len(row) > column else "", names[column], f"{path}:{rows.line_num}")
        except csv.Error as error:
            yield Problem(where=f"{path}:{rows.line_num}", what=f"not CSV: {error}")


def _cell(value: str, head: str, where: str) -> Entry:
    url = canonical(value.strip())
    return Named(url=url) if url else Problem(where=where, what=f"no http(s) address in {head}: {value[:80]!r}")


def read_opml(body: bytes, name: str) -> Iterator[Entry]:
    """The feeds of an OPML subscription list, and the pages in its entries of type `link`."""
    try:
        yield from _outlines(body, name)
    except (etree.XMLSyntaxError, ValueError) as error:
        yield Problem(where=name, what=f"not XML: {error}")


def _outlines(body: bytes, name: str) -> Iterator[Entry]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    root = etree.fromstring(whole_letters(body.strip()), parser)
    if root is None or not isinstance(root.tag, str) or root.tag.rpartition("}")[2].lower() != "opml":
        yield Problem(where=name, what="XML, but not OPML")
        return
    for outline in root.iter("{*}outline", "outline"):
        feed = outline.get("xmlUrl") or outline.get("xmlurl") or outline.get("xmlURL")
        address = feed or (outline.get("url") if outline.get("type") == "link" else None)
        if address:
            url = canonical(address)
            where = f"{name}:{outline.sourceline}"
            said = f"no http(s) address: {address[:80]!r}"
            yield Named(url=url, feed=bool(feed)) if url else Problem(where=where, what=said)
