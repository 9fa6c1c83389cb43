"""Linked data on its way out: names that outlive a rebuild, addresses as IRIs, JSON that a web page may hold."""

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import TextIO

from queries.markup import web_address
from queries.plain import json_text, one_line

ITEMS = "\x00items\x00"
"""Stands in a document for its list, which is written item by item. Page text cannot hold it: it has no NUL."""

# What ends a script element or a line of one, or turns the writing direction: escaped, so that the words stay exact.
_RISKY = re.compile("[<>&\u200e\u200f\u2028\u2029]")  # beyond what `json_text` escapes
_NO_IRI = re.compile(r'[<>"{}|\\^`]')


def urn(name: str) -> str:
    """A name for a thing of retold's: the same for the same content, on every machine."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"retold {name}").urn


def iri(url: str) -> str | None:
    """A web address in which every sign may stand (RFC 3987); None where it is none.

    >>> iri("https://example.org/a|b"), iri("javascript:alert(1)")
    ('https://example.org/a%7Cb', None)
    """
    address = web_address(url)
    return _NO_IRI.sub(lambda found: f"%{ord(found[0]):02X}", address) if address else None


def xml_text(text: str) -> str:
    """One line in which every sign may stand in XML 1.0; escaping is its writer's.

    >>> xml_text("a\uffffb")
    'a�b'
    """
    return one_line(text)


def as_json(value: object) -> str:
    """
    >>> as_json({"title": "</script>"})
    '{"title": "\\\\u003c/script\\\\u003e"}'
    """
    return _RISKY.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text(value))


def write_document(out: TextIO, document: Mapping[str, object], items: Iterable[object]) -> int:
    """A document with `ITEMS` in the place of its list, an item a line; returns how many these are."""
    before, after = as_json(document).split(as_json(ITEMS))
    out.write(f"{before}[")
    count = 0
    for item in items:
        out.write(f"{',' if count else ''}\n{as_json(item)}")
        count += 1
    out.write(f"]{after}\n")
    return count
