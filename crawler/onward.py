"""Which links of a kept page lead on: to the paper, to the report it was taken from, to more on the topic. Pure."""

import re
from collections.abc import Iterator
from typing import Literal

import attrs

from crawler.addresses import host_of, is_article_address
from crawler.pages import Page, PageLink
from crawler.plan import CrawlPlan, source_of
from crawler.terms import Terms, fold, is_document, names_study, stems_of

MAX_STRANGERS = 6
"""Links to hosts outside claims.yaml that one page can lead to: an article credits one or two."""
TOPIC_WORDS = 3
"""Words of the study's theme in a link's words and address from which it is on the topic."""

Reason = Literal["the study's document", "credited report", "linked paper", "on the topic", "another source's article"]

_FIRST = r"(?:originally|first) (?:reported|published|broken|revealed|written|appeared|told)"
_CREDIT_BEFORE = re.compile(
    rf"(?:\b{_FIRST}(?: (?:by|in|on|at|to))?|\b(?:republished|reprinted|adapted|condensed|translated) from"
    r"|\bthis (?:story|article|piece|post|interview) (?:was )?(?:originally |first )?(?:appeared|published|ran)"
    r"(?: first| originally)? (?:on|in|at|by)|\bhat tip(?: to)?|\bh/t|\bvia|\b(?:original )?source|\b(?:told|tells)"
    r"|\baccording to(?: an? (?:report|article|story) (?:by|in|from|on))?|\b(?:as )?reported (?:by|in)"
    r"|\b(?:report|article|story|interview) (?:in|by|from|with)|\bzuerst (?:in|bei|von)"
    r"|\bberichtete?(?: der| die| das)?|\bselon|\bsegún|\bcomo informó)"
    r"[\s:(–—-]{0,9}(?:(?:the|an?|der|die|das|le|la|el)\b)?[\s\"“„«'‘(]{0,9}$",
    re.IGNORECASE,
)
_CREDIT_INSIDE = re.compile(
    rf"\b{_FIRST}\b|\b(?:the )?original (?:article|story|report|interview|post)\b"
    r"|\bfull (?:story|article|report|interview)\b|\breported\b",
    re.IGNORECASE,
)
_CREDIT_AFTER = re.compile(
    r"^[\s”\"’')]*(?:’s|'s)?,? ?(?:which |has |had |was the first to |also |earlier )?"
    r"(?:(?:first |originally )?(?:report(?:s|ed)|wrote|writes|broke the (?:story|news)|published))\b",
    re.IGNORECASE,
)
_PAPER = re.compile(
    r"\b(?:papers?|preprints?|stud(?:y|ies)|manuscript|journal|findings|research|trial|experiment|arxiv|doi|pdf"
    r"|studie|untersuchung|fachartikel|étude|estudio|studio|artigo|artículo)\b",
    re.IGNORECASE,
)
_PAPER_BEFORE = re.compile(
    r"\b(?:papers?|preprints?|study|manuscript|findings|research|results|work)\b[^.!?]{0,40}$"
    r"|\b(?:published|appears?|appeared|posted|printed|accepted) (?:\w+ ){0,3}(?:in|on|at|by)[^.!?]{0,20}$",
    re.IGNORECASE,
)


@attrs.frozen(kw_only=True)
class Onward:
    """A link to follow."""

    url: str
    """Canonical."""
    reason: Reason
    source: str | None
    """None for a host outside claims.yaml."""
    language: str | None


def links_onward(page: Page, url: str, plan: CrawlPlan, *, to_strangers: bool) -> Iterator[Onward]:
    """The links of a page to follow, those of the article first.

    Documents of the study and articles of other sources always; within a source, and from the boxes beside the
    article, what names the study or is on its topic; hosts outside claims.yaml only `to_strangers`, and only where
    the words around the link credit a report or speak of a paper.
    """
    own, strangers = source_of(plan.domains, url)[0], 0
    for link in [*page.links, *_beside(page, plan.terms)]:
        address = page.address(link.href)
        if not address:
            continue
        source, language = source_of(plan.domains, address)
        reason = _reason(link, address, plan.terms, source=source, own=own)
        if reason is None or (source is None and host_of(address) == host_of(url)):
            continue
        if source is None and reason != "the study's document":
            strangers += 1
            if not to_strangers or strangers > MAX_STRANGERS:
                continue
        yield Onward(url=address, reason=reason, source=source, language=language)


def _beside(page: Page, terms: Terms) -> Iterator[PageLink]:
    """What stands beside the article is a menu as a rule: only articles whose address names the study may lead on."""
    if names_study("\n".join(page.beside), terms):  # few menus do, and all links at once cost no more than one
        for href in page.beside:
            if names_study(href, terms) and is_article_address(page.address(href) or ""):
                yield PageLink(href=href, anchor="", before="", after="")


def _reason(link: PageLink, address: str, terms: Terms, *, source: str | None, own: str | None) -> Reason | None:
    if is_document(address, terms):
        return "the study's document"
    if source is None:
        return _credit(link, address)
    if not is_article_address(address):
        return None
    if source != own:
        return "another source's article"
    return "on the topic" if _on_topic(f"{link.anchor} {link.href}", terms) else None


def _on_topic(text: str, terms: Terms) -> bool:
    return names_study(text, terms) or len(terms.own_theme & stems_of([fold(text)])) >= TOPIC_WORDS


def _credit(link: PageLink, address: str) -> Reason | None:
    """What the words in and around a link to a host outside claims.yaml make of it."""
    path = address.split("://", 1)[-1].partition("/")[2].strip("/")
    if not path:
        return None
    if is_article_address(address) and (
        _CREDIT_BEFORE.search(link.before) or _CREDIT_INSIDE.search(link.anchor) or _CREDIT_AFTER.search(link.after)
    ):
        return "credited report"
    if _PAPER.search(link.anchor) or _PAPER_BEFORE.search(link.before):
        return "linked paper"
    return None
