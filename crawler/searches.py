"""Study -> the queries that coverage of it is searched by, and the feed addresses they fill. Pure.

By topic (title, aliases), by paper (DOI, arXiv number, link), by speaker with the topic, and by quote: one of each
kind in turn, so that a bound on their number cuts all kinds alike.
"""

import re
from collections.abc import Iterable
from itertools import zip_longest
from urllib.parse import quote, quote_plus

from crawler.addresses import canonical
from crawler.terms import FUNCTION_WORDS, fold, ids_in, is_name
from kb.claims import Study

PLACE = "{query}"
PHRASE_WORDS = 9
"""Longer titles are printed shortened or not at all; their head, before the colon, is searched instead."""
RUN_WORDS = 7
"""Words of a quote that are searched: rewriters cut quotes, and engines cut phrases."""

_WORD = re.compile(r"\w+(?:['’-]\w+)*")


def queries(study: Study, most: int) -> list[str]:
    """Up to `most` queries, without doubles."""
    topics = _topics(study)
    by_paper = [f'"{found}"' for found in _papers(study)]
    by_speaker = [f'"{speaker.name}" {topics[0]}' for speaker in study.speakers] if topics else []
    by_quote = [f'"{run}"' for run in map(rarest_run, (quote.text for quote in study.quotes)) if run]
    turns = zip_longest(topics, by_paper, by_speaker, by_quote)
    return _without_doubles(query for turn in turns for query in turn if query)[:most]


def _without_doubles(found: Iterable[str]) -> list[str]:
    first: dict[str, str] = {}
    for query in found:
        first.setdefault(fold(query), query)
    return list(first.values())


def _topics(study: Study) -> list[str]:
    """Aliases first: the press uses them more than titles."""
    titles = [title for name in (study.title, *(d.title for d in study.documents)) for title in _searchable(name)]
    return _without_doubles(f'"{" ".join(_WORD.findall(name))}"' for name in (*study.aliases, *titles) if is_name(name))


def _searchable(title: str) -> list[str]:
    return [part for part in (title, title.partition(":")[0]) if len(_WORD.findall(part)) <= PHRASE_WORDS]


def _papers(study: Study) -> list[str]:
    """Ids where an address has one, else the address without its scheme."""
    found: dict[str, None] = {}
    for document in study.documents:
        named = ids_in(document.url)
        found.update(dict.fromkeys(named or [document.url.split("://", 1)[-1].rstrip("/")]))
    return list(found)


def rarest_run(text: str) -> str | None:
    """The run of `RUN_WORDS` words that other texts are least likely to have; None where the quote is too short.

    Likely by the letters of its content words, for rare words are long: no table of frequencies fits all languages.

    >>> rarest_run("We were really very surprised, and every mirror pointed at another mirror.")
    'surprised and every mirror pointed at another'
    """
    parts = _WORD.findall(text)
    if len(parts) < RUN_WORDS - 2:
        return None
    runs = [parts[start : start + RUN_WORDS] for start in range(max(1, len(parts) - RUN_WORDS + 1))]
    return " ".join(max(runs, key=_letters))


def _letters(run: Iterable[str]) -> int:
    return sum(len(word) for word in run if word.casefold() not in FUNCTION_WORDS)


def filled(address: str, asked: Iterable[str]) -> list[str]:
    """The addresses that a feed address stands for: itself, or one for each query where it has a place for them.

    >>> filled("https://search.example/rss?q={query}", ['"glass echo"'])
    ['https://search.example/rss?q=%22glass+echo%22']
    """
    if PLACE not in address:
        return [url for url in [canonical(address)] if url]
    encode = quote_plus if "?" in address.partition(PLACE)[0] else (lambda query: quote(query, safe=""))
    spelt = (canonical(address.replace(PLACE, encode(query))) for query in asked)
    return list(dict.fromkeys(url for url in spelt if url))
