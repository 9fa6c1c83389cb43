"""The study's documents and the articles about it as BibTeX, in UTF-8."""

import re
from collections.abc import Iterator, Mapping
from typing import TextIO

from kb.claims import Document
from kb.coverage import Retelling
from kb.records import rfc3339
from queries.holdings import Holdings
from queries.linked_data import iri
from queries.plain import one_line

# BibTeX counts braces even behind a backslash, so that only names for them keep a field whole.
_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}
_SPECIAL = re.compile("[" + re.escape("".join(_SIGNS)) + "]")
_NO_KEY = re.compile(r"[^a-z0-9-]+")
_SEVERAL = re.compile(r",|\band\b", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def bibtex(held: Holdings, out: TextIO) -> int:
    """An entry each; classic BibTeX and biblatex both know `@misc`."""
    out.write(f"@comment{{{held.software}, {rfc3339(held.at)}}}\n")
    count = 0
    for entry in _entries(held):
        out.write(f"\n{entry}\n")
        count += 1
    return count


def tex(text: str) -> str:
    r"""Text of a field: one line in which no sign means anything to TeX.

    >>> tex("50% of {A_b}")
    '50\\% of \\textbraceleft{}A\\_b\\textbraceright{}'
    """
    return _SPECIAL.sub(lambda found: _SIGNS[found[0]], one_line(text))


def _entries(held: Holdings) -> Iterator[str]:
    articles = {retelling.article.canonical_url: retelling for retelling in held.coverage.retellings}
    for document in held.coverage.study.documents:
        read = articles.pop(document.url, None)
        yield _entry(f"document-{document.slug}", (_article(read) if read else {}) | _document(document))
    for retelling in articles.values():
        yield _entry(_key(retelling), _article(retelling))


def _document(document: Document) -> dict[str, str]:
    """As the study states it, which goes before what its page says."""
    day = document.published_at
    fields = {
        "title": f"{{{{{tex(document.title)}}}}}",
        "year": f"{{{day:%Y}}}" if day else "",
        "month": _MONTHS[day.month - 1] if day else "",
        "date": f"{{{day.isoformat()}}}" if day else "",
        "url": _braced(iri(document.url)),
    }
    return {name: value for name, value in fields.items() if value}


def _key(retelling: Retelling) -> str:
    source = _NO_KEY.sub("-", retelling.article.source.lower()).strip("-")
    return f"{source or 'article'}-{retelling.article.id.partition(':')[2][:10]}"


def _article(retelling: Retelling) -> dict[str, str]:
    read, snapshot = retelling.extraction, retelling.snapshot
    at, precision = read.published_at, read.published_precision
    known = 0 if at is None else {"unknown": 0, "year": 1, "month": 2}.get(precision, 3)
    captured = snapshot.fetched_at.date().isoformat()
    return {
        "author": _braced(" and ".join(map(_author, read.bylines))),
        "title": f"{{{{{tex(read.title or retelling.article.canonical_url)}}}}}",
        "howpublished": _braced(tex(retelling.source.name)),
        "year": f"{{{at:%Y}}}" if at and known else "",
        "month": _MONTHS[at.month - 1] if at and known > 1 else "",
        "date": f"{{{at.date().isoformat()[: (4, 7, 10)[known - 1]]}}}" if at and known else "",
        "url": _braced(iri(retelling.article.canonical_url)),
        "urldate": f"{{{captured}}}",
        "note": f"{{Captured {captured}, SHA-256 {snapshot.body_sha256.removeprefix('sha256:')}}}",
    }


def _author(name: str) -> str:
    """A name; one that would be read as several, or as surname first, is kept together."""
    return f"{{{tex(name)}}}" if _SEVERAL.search(name) else tex(name)


def _braced(value: str | None) -> str:
    return f"{{{value}}}" if value else ""


def _entry(key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {value}" for name, value in fields.items() if value]
    return ",\n".join([f"@misc{{{key}", *lines]) + "\n}"
