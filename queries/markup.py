"""Page text on its way into HTML, Markdown or a terminal. It is hostile until it has passed here."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from queries import phrases
from queries.plain import one_line, printable
from queries.views import Moment

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#|~!$&@^])")
_LINE_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")
_AUTOLINK = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp)(?=:)|\b(www)(?=\.)")
_ADDRESS_SAFE: Final = "%/:?#@!$&'*+,;=~-._"


def web_address(url: str) -> str | None:
    """The address if it may become a link: http or https with a host; None for anything else.

    >>> web_address("https://example.org/a"), web_address(" javascript:alert(1)")
    ('https://example.org/a', None)
    """
    if any(sign <= " " for sign in url) or printable(url) != url:
        return None
    try:
        parts = urlsplit(url)
        return url if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None


def escape_markdown(text: str) -> str:
    """One line in which no sign formats, links or embeds anything, in CommonMark and in GitHub's dialect.

    >>> escape_markdown("1. <b>www.example.org</b>")
    '1\\\\. \\\\<b\\\\>www\\\\.example.org\\\\</b\\\\>'
    """
    escaped = _MARKDOWN.sub(r"\\\1", one_line(text))
    escaped = _AUTOLINK.sub(lambda found: found.group() + "\\", escaped)
    return _LINE_START.sub(
        lambda found: found[1] + (f"\\{found[2]}" if not found[2].isdigit() else f"{found[2]}\\"), escaped
    )


def markdown_link(text: str, url: str) -> Markup:
    """A link where the address may be one, else the text with the address as plain words."""
    address = web_address(url)
    if address is None:
        return _safe_markdown(escape_markdown(text if text == url else f"{text} ({url})"))
    return _safe_markdown(f"[{escape_markdown(text)}](<{quote(address, safe=_ADDRESS_SAFE)}>)")


def _safe_markdown(escaped: str) -> Markup:
    """Marks Markdown whose every value is escaped, so that the template engine leaves it alone."""
    return Markup(escaped)  # noqa: S704 - escaped for Markdown, which HTML escaping would garble


def _html_value(value: object) -> object:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _markdown_value(value: object) -> object:
    return value if isinstance(value, Markup) else _safe_markdown(escape_markdown(str(value)))


def _moment(value: Moment) -> str:
    return phrases.moment(value.at, value.precision)


def environment(finalize: Callable[[object], object]) -> Environment:
    """Templates of this package. Every value is escaped unless it is Markup made by this package."""
    made = Environment(
        loader=PackageLoader("queries"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )
    made.filters |= {
        "web": web_address,
        "mdlink": markdown_link,
        "moment": _moment,
        "second": lambda at: f"{phrases.day(at)}, {at:%H:%M:%S} UTC",
        "day": phrases.day,
        "percent": lambda share: f"{round(100 * share)}%",
        "number": lambda count: f"{count:,}",
    }
    return made


def html_templates() -> Environment:
    return environment(_html_value)


def markdown_templates() -> Environment:
    return environment(_markdown_value)
