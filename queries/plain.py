"""Words and page text for people, in plain text. Light: every command imports it."""

import re
from collections.abc import Callable
from typing import Any

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
"""Controls (terminal escapes begin with one), direction overrides, which can make one address or word
look like another, lone surrogates, which no file can hold, what is no character, and tags: nobody sees those, but a
language model reads them as letters."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """
    >>> counted(1, "article"), counted(1200, "article"), counted(2, "study", "studies")
    ('1 article', '1,200 articles', '2 studies')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def unread_told(count: int) -> str:
    """Of captures that are left out of every answer."""
    return f"{counted(count, 'capture')} not read yet: `retold build` first"


def printable(text: str) -> str:
    """
    >>> printable("a\\x1b[31mb")
    'a\ufffd[31mb'
    """
    return _UNPRINTABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    return " ".join(printable(text).split())


def json_text(value: object, indent: int | None = None, default: Callable[[Any], Any] | None = None) -> str:
    """JSON with all its words as they are, but that what is not printable stands there as its number.

    >>> json_text({"title": "a\\x9b31m \\u202e “b”"})
    '{"title": "a\\\\u009b31m \\\\u202e “b”"}'
    """
    import json

    text = json.dumps(value, ensure_ascii=False, indent=indent, default=default)
    return _UNPRINTABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def release() -> str:
    """What `--version` prints."""
    from importlib.metadata import version

    return f"retold {version('retold')}"
