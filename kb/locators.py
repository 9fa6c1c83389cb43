"""What an address or host in claims.yaml must look like."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        usable = None
    if not usable:
        raise ValueError("expected an address that starts with http:// or https://")
    return value


def _plain_url(value: str) -> str:
    if "{query}" in value:
        raise ValueError("only feeds take {query}")
    return _http_url(value)


def _feed_url(value: str) -> str:
    """`{query}` may stand behind the host, and nothing else in braces."""
    _http_url(value)
    braced = value.replace("{query}", "")
    if "{" in braced or "}" in braced or "{query}" in value.split("/", 3)[2]:
        raise ValueError("expected {query} behind the host, and nothing else in braces")
    return value


def _host(value: str) -> str:
    host = value.lower().removeprefix("www.").rstrip(".")
    if not host or set(host) & set("/ *@"):
        raise ValueError("expected a host such as example.org, without scheme or path")
    return host


Url = Annotated[str, AfterValidator(_plain_url)]
FeedUrl = Annotated[str, AfterValidator(_feed_url)]
Host = Annotated[str, AfterValidator(_host)]
