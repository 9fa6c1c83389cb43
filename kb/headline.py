"""The article's title among the candidates of a page: h1, JSON-LD, OpenGraph, <title>; without the site's name."""

import re
from collections.abc import Iterable

from kb.blocks import visible
from kb.text import normalise, words

_SEPARATOR = re.compile(r"\s[|–—\-·•»«:/~⋆]+\s+|\s?\|\s*|\s::\s+")
_MAX_CHARS = 400
SAME = 0.8
"""Share of words from which two candidates count as one title, as the scorer of the development pages has it."""


def choose_title(
    headings: Iterable[str], declared: Iterable[str | None], page_title: str | None, site_names: Iterable[str]
) -> str | None:
    """The heading that the page's own metadata confirms; else what is declared; else the cleaned <title>.

    `headings` are the h1 texts in page order, `declared` the metadata's titles in order of trust.
    """
    sites = {key for name in site_names if (key := _key(name))}
    shown = [text for heading in headings if (text := _clean(heading))]
    stated = [strip_site(text, sites, shown) for item in declared if item and (text := _clean(item))]
    stated = [text for text in stated if _key(text) not in sites]
    titled = strip_site(_clean(page_title or ""), sites, shown)
    others = [text for text in (*stated, titled) if text]
    confirmed = [text for text in shown if any(agree(text, other) for other in others)]
    alone = [text for text in shown if _stands_alone(text, others, sites, shown)]
    labels_only = all(len(words(heading)) < 3 for heading in shown)
    ranked = [
        *confirmed,
        *alone,
        *(text for text in stated[:1] if len(words(text)) >= 2),
        *([titled] if len(words(titled)) >= 4 and labels_only else []),
        *stated,
        *([titled] if not shown else []),
        *shown,
        titled,
    ]
    return next((text for text in ranked if text and _key(text) not in sites), None)


def agree(one: str, other: str) -> bool:
    """Whether two strings are the same title, up to a tenth or so of their words.

    >>> agree("AI models protect their peers", "AI models protect their peers, study finds")
    True
    """
    a, b = set(words(one)), set(words(other))
    return (
        bool(a and b) and len(a & b) / min(len(a), len(b)) >= SAME and min(len(a), len(b)) >= 0.4 * max(len(a), len(b))
    )


def strip_site(title: str, sites: set[str], shown: Iterable[str] = ()) -> str:
    """A title without the outlet's name behind (or before) a separator, or without what no heading shows.

    >>> strip_site("Models go awry | The Daily", {"the daily"})
    'Models go awry'
    """
    parts = _SEPARATOR.split(title)
    if len(parts) < 2:
        return title
    for heading in shown:
        if len(heading) > 15 and title.casefold().startswith(heading.casefold()):
            return title[: len(heading)]
    start, end = 0, len(title)
    while len(parts) > 1 and _is_site(parts[-1], sites):
        end = title.rfind(parts.pop(), 0, end)
    while len(parts) > 1 and _is_site(parts[0], sites):
        start = title.find(parts.pop(0), start) + 1
    if (start, end) == (0, len(title)):
        return title
    first, last = parts[0], parts[-1]
    return title[title.find(first, max(0, start - 1)) : title.rfind(last, 0, end) + len(last)].strip()


def _stands_alone(heading: str, others: list[str], sites: set[str], shown: list[str]) -> bool:
    """Whether a heading that no metadata repeats is a headline all the same: print and search titles often differ."""
    tokens = {word for word in words(heading) if len(word) > 3}
    shared = any(tokens & set(words(other)) for other in others)
    return len(words(heading)) >= 4 and _key(heading) not in sites and (shared or len(shown) == 1)


def _is_site(part: str, sites: set[str]) -> bool:
    """Whether a part is the outlet's name, with or without blanks, or begins with it (`The Daily Features`)."""
    key = _key(part)
    joined = key.replace(" ", "")
    return any(key == site or (len(site) > 4 and joined.startswith(site.replace(" ", ""))) for site in sites)


def _clean(text: str) -> str:
    return " ".join(normalise(visible(text[:_MAX_CHARS])).split())


def _key(text: str) -> str:
    return " ".join(words(text))
