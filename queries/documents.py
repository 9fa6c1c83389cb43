"""`retold extract`: one document in, its quotes out, with no knowledge base behind it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from kb import quotes
from kb.errors import UserError
from kb.executor import Derived, Item
from kb.extract import Page, read_page
from kb.language import guess_language
from kb.parse import Parser
from kb.records import rfc3339
from kb.rejected import Rejected
from kb.unspoken import Unspoken, unspoken

_OPENING_TAG = re.compile(rb"<(?:!|\?xml|/?[a-zA-Z][\w-]{0,30}[\s/>])")

PLAIN_SUFFIXES = {".txt": "text/plain", ".text": "text/plain", ".md": "text/markdown", ".markdown": "text/markdown"}
"""Files whose text is taken as it stands; any other is read as HTML."""


@attrs.frozen(kw_only=True)
class Input:
    """A document as it came in: bytes of a page, or a text whose offsets must hold."""

    id: str
    url: str | None = None
    body: bytes | None = None
    media_type: str = "text/html"
    text: str | None = None
    title: str | None = None


@attrs.frozen(kw_only=True)
class Read:
    """A document with its quotes, in CONTRACT's `extract` shape."""

    plain: Mapping[str, Any]


class DocumentStage:
    """Reads documents; travels to worker processes, where it loads its own model."""

    def __init__(self, spacy_model: str) -> None:
        self._parser = Parser(spacy_model)

    def load(self) -> None:
        """So that no document is charged for it."""
        self._parser.load()

    @cached_property
    def _tool(self) -> Any:
        return quotes.tool(self._parser.tool)

    def run(self, payload: Input) -> Derived:
        return Derived((Read(plain=self._read(payload)),))

    def _read(self, given: Input) -> Mapping[str, Any]:
        if given.text is not None:
            head: dict[str, Any] = {
                "title": given.title,
                "authors": [],
                "published_at": None,
                "date": None,
                "modified_at": None,
            }
            return self._document(given, {**head, "language": guess_language(given.text), "text": given.text})
        page = read_page(given.body or b"", url=given.url, media_type=given.media_type)
        if isinstance(page, Rejected):
            return {**_EMPTY, "id": given.id, "url": given.url, "rejected": str(page.code)}
        return self._document(given, _head(page))

    def _document(self, given: Input, head: Mapping[str, Any]) -> Mapping[str, Any]:
        text = head["text"]
        doc = self._parser.parse(text)
        said = quotes.quotes("", text, doc, self._tool)
        return {
            "id": given.id,
            "url": given.url,
            **head,
            "rejected": None,
            "quotes": [quotes.to_json(text, quote) for quote in said],
            "unspoken": [_unspoken(text, each) for each in unspoken(text, doc, said)],
        }


def _unspoken(text: str, each: Unspoken) -> Mapping[str, Any]:
    start, end = each.span.start, each.span.end
    return {"start": start, "end": end, "text": text[start:end], "kind": each.kind}


def given_up(item: Item, code: str) -> Mapping[str, Any]:
    """The line of a document that took more than it may."""
    return {**_EMPTY, "id": item.payload.id, "url": item.payload.url, "rejected": code}


_EMPTY: Mapping[str, Any] = {
    "id": None,
    "url": None,
    "title": None,
    "authors": [],
    "published_at": None,
    "date": None,
    "modified_at": None,
    "language": "und",
    "text": "",
    "rejected": None,
    "quotes": [],
    "unspoken": [],
}


def _head(page: Page) -> Mapping[str, Any]:
    def plain(moment: datetime | None) -> str | None:
        return rfc3339(moment) if moment else None

    return {
        "title": page.title,
        "authors": list(page.bylines),
        "published_at": plain(page.published_at),
        "date": page.published_on.isoformat() if page.published_on else None,
        "modified_at": plain(page.modified_at),
        "language": page.language,
        "text": page.text,
    }


def from_lines(lines: Iterable[str], name: str) -> Iterator[Item]:
    """Documents of JSON Lines (`{"id","text"}` or `{"id","url","html"}`); UserError with the line's number."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
        except ValueError as error:
            raise UserError(f"{name}:{number}: not JSON: {error}") from error
        if not isinstance(given, dict) or not isinstance(given.get("text", given.get("html")), str):
            raise UserError(f'{name}:{number}: expected {{"id", "text"}} or {{"id", "url", "html"}}')
        key = str(given.get("id", number))
        url, title = given.get("url"), given.get("title")
        if "text" in given:
            yield Item(key, Input(id=key, url=url, text=given["text"], title=title))
        else:
            yield Item(key, Input(id=key, url=url, body=given["html"].encode("utf-8", "surrogatepass")))


def from_file(path: Path) -> Item:
    """The document of a saved page or text."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    return from_bytes(str(path), body, PLAIN_SUFFIXES.get(path.suffix.lower(), ""))


def looks_like_html(body: bytes) -> bool:
    """Whether a text of unknown kind opens with a tag, as pages and fragments of pages do.

    >>> looks_like_html(b"<p>Words</p>"), looks_like_html(b"<https://x.example> has it")
    (True, False)
    """
    head = body[:4000].removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(_OPENING_TAG.match(head)) or b"<html" in head.lower()


def from_bytes(key: str, body: bytes, media_type: str = "", url: str | None = None) -> Item:
    """A document of bytes; without a media type, markup at the start makes it HTML."""
    if not media_type:
        media_type = "text/html" if looks_like_html(body) else "text/plain"
    return Item(key, Input(id=key, url=url, body=body, media_type=media_type))
