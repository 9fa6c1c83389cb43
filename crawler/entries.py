"""What a file that is added holds: pages, addresses to fetch, and what could not be used."""

import attrs

from kb.warc import Capture


@attrs.frozen(kw_only=True)
class Loaded:
    """A page that a file holds."""

    capture: Capture


@attrs.frozen(kw_only=True)
class Named:
    """An address that a file lists."""

    url: str
    feed: bool = False
    by_user: bool = False
    """Given as such, not found in a file: it may lie in the user's own network."""


@attrs.frozen(kw_only=True)
class Problem:
    """Something that could not be used."""

    where: str
    """`articles.jsonl:12`."""
    what: str


Entry = Loaded | Named | Problem
