"""What a response says of itself: media type, headers worth keeping, its status in words. Pure."""

from collections.abc import Iterator
from http import HTTPStatus

from scrapy.http import Response

from crawler.readers import split_media_type


def media_type_of(response: Response) -> tuple[str, str | None]:
    """Media type and charset as the server declares them."""
    return split_media_type((response.headers.get(b"Content-Type") or b"").decode("latin-1"))


def headers_of(response: Response) -> Iterator[tuple[str, str]]:
    for name, values in response.headers.items():
        for value in values:
            if name.lower() != b"set-cookie":
                yield name.decode("latin-1"), value.decode("latin-1")


def phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


def status_line(status: int) -> str:
    return f"{status} {phrase(status)}".strip()
