"""Words and page text for people, in plain text. Light: every command imports it."""

import re

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls (terminal escapes begin with one), direction overrides, which can make one address or word
look like another, and lone surrogates, which no file can hold."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """
    >>> counted(1, "article"), counted(1200, "article"), counted(2, "study", "studies")
    ('1 article', '1,200 articles', '2 studies')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def printable(text: str) -> str:
    """
    >>> printable("a\\x1b[31mb")
    'a\ufffd[31mb'
    """
    return _UNPRINTABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    return " ".join(printable(text).split())


def release() -> str:
    """What `--version` prints."""
    from importlib.metadata import version

    return f"retold {version('retold')}"
