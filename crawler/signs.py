"""The signs of a study in a page: where it is named, who speaks, which quotes, claims and numbers stand there. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence

import attrs

from crawler.addresses import canonical
from crawler.pages import Page
from crawler.terms import (
    FUNCTION_WORDS,
    STEM,
    Terms,
    address_key,
    fold,
    fold_all,
    ids_in,
    is_document,
    may_be_document,
    names_in,
    stems_of,
)

QUOTE_RUN = 6
"""Words in a row that a page must share with a reference quote, `RUN_CONTENT` of them content words."""
RUN_CONTENT = 3
"""“We are not saying that these” is a run of six that anybody says."""
SPOKEN_RUN = 5
SPOKEN_CONTENT = 2
"""The same beside the name of a speaker, of whom rewriters leave fragments."""
WHOLE_RUN = 12
"""Words in a row that nobody says by chance: a page with them is on the study whatever else it names."""
CLAIM_WORDS = 5
"""Content words from which a claim can be recognised by them."""
CLAIM_SHARE = 0.6
"""Share of a claim's content words that one paragraph must hold to count as stating it."""
TOUCH_SHARE = 0.4
"""The same beside a speaker's or an institution's name, which says more than words; `TOUCH_WORDS` at least."""
TOUCH_WORDS = 4
NAME_THEME = 3
THEME_SHARE = 0.25
"""Words of the theme, and share of them, that must stand beside a name: it can be a play or a swimming lane too."""
SHORT_NAME = 4
"""Words up to which a name may be one of something else."""
THIN_THEME = 8
"""A study described in fewer words gives nothing to hold a name against."""
RUNNING_WORDS = 8
"""Words from which a block is running text; the first such says what an article is about."""
ENGLISH_SHARE = 0.2
"""Share of function words from which a text counts as English: running text has two in five."""

_WORK = (
    r"(?:stud(?:y|ies)|papers?|trials?|preprint|manuscript|findings?|results?|research(?:ers?)?|report|authors?|data"
    r"|experiments?|investigation|analysis|team|estudio|ensayo|etude|studie|untersuchung|studio|estudo|artigo)"
)
_SPACED_THOUSANDS = re.compile(r"([0-9](?<![\d.].)\d{0,2}) (?=\d{3}(?![\d.]))")


@attrs.frozen(kw_only=True)
class Signs:
    """What of a study stands in a page."""

    in_title: tuple[str, ...]
    """Names of the study in title and description."""
    namings: int
    again: bool
    """Named more than once, and in several blocks or in half of all the text."""
    beside: bool
    """A speaker is named in a block that names the study, or next to a link to it."""
    in_lead: bool
    """The study is named or linked where an article says what it is about."""
    links: tuple[str, ...]
    speakers: tuple[str, ...]
    surnames: int
    """Speakers of whom the family name stands there: `Roe et al.`"""
    leading: bool
    """A speaker is named in the title or where the article begins."""
    affiliations: tuple[str, ...]
    quotes: int
    whole_quotes: int
    claims: int
    touched: int
    """Claims of which a paragraph holds some words, though too few to count by themselves."""
    numbers: int
    weight: int
    """Of those numbers: two for one of four digits or with a point, one for the others."""
    theme: int
    """Content words of the study, names left out."""
    foreign: bool
    """Not in English: then words in common mean less, and names and numbers more."""
    unlike: bool
    """A name of the study stands there, but nothing else that has to do with it."""


def signs_of(page: Page, terms: Terms) -> Signs:
    """All signs of a page."""
    title = fold(f"{page.title} {page.description}")
    blocks = _SPACED_THOUSANDS.sub(r"\1", "\n".join(fold_all(page.blocks))).split("\n")
    text = " ".join(blocks)
    framed, told = f" {text} ", text.split()
    present = set(told)
    theme = len(terms.own_theme.intersection(word[:STEM] for word in present))
    found = [number for number in terms.numbers if number in present]
    speakers = tuple(names[0] for names in terms.speakers if names_in(text, names) or names_in(title, names))
    links = _links(page, terms)
    foreign = not is_english(told)
    run, content = (SPOKEN_RUN, SPOKEN_CONTENT) if speakers else (QUOTE_RUN, RUN_CONTENT)
    quotes = sum(_prints(quote, framed, run, content) for quote in terms.quotes)
    weight = sum(_weight(number) for number in found)
    sure = bool(links or speakers or quotes or foreign or weight >= 2)
    unlike = not sure and not _meant(title, framed, terms, spelt=_is_spelt(page, terms))
    named = [] if unlike else [block for block in blocks if names_in(block, terms.names)]
    running = _running(blocks, title)
    lead = running[0] if running else ""
    namings = 0 if unlike else _count(terms.names, framed)
    in_title = () if unlike else tuple(names_in(title, terms.names))
    return Signs(
        in_title=in_title,
        namings=namings,
        again=namings > 1 and (len(named) > 1 or 2 * len(named) >= len(running)),
        beside=any(names_in(words, names) for words in _next_to_study(named, page, terms) for names in terms.speakers),
        in_lead=not unlike and bool(names_in(lead, terms.names)),
        links=links,
        speakers=speakers,
        surnames=sum(any(name.split()[-1] in present for name in names) for names in terms.speakers),
        leading=any(names_in(f"{title} | {lead}", names) for names in terms.speakers),
        affiliations=tuple(names_in(text, terms.affiliations)),
        quotes=quotes,
        whole_quotes=sum(_prints(quote, framed, WHOLE_RUN, RUN_CONTENT) for quote in terms.quotes),
        claims=_stated(terms, blocks, CLAIM_SHARE),
        touched=_stated(terms, blocks, TOUCH_SHARE),
        numbers=len(found),
        weight=weight,
        theme=theme,
        foreign=foreign,
        unlike=unlike and bool(names_in(f"{title} | {text}", terms.names)),
    )


def is_english(told: Sequence[str]) -> bool:
    return sum(map(FUNCTION_WORDS.__contains__, told)) >= ENGLISH_SHARE * len(told)


def _is_spelt(page: Page, terms: Terms) -> bool:
    """Whether running text writes a name with its capitals; headlines have capitals of their own."""
    running = "\n".join(block for block in page.blocks if block not in page.title)
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", running) for name in terms.spelt)


def _meant(title: str, framed: str, terms: Terms, *, spelt: bool) -> bool:
    """Whether a name in a page is the study's: it is called a study there, or enough other words of it stand beside."""
    told = f" {title} |{framed}"
    short = [name for name in terms.names if len(name.split()) <= SHORT_NAME]
    if any(f" {name} " in told for name in terms.names if name not in short):
        return True
    rest = terms.own_theme - stems_of(short)
    if len(rest) < THIN_THEME:
        return True
    beside = len(rest.intersection(word[:STEM] for word in told.split()))
    needed = NAME_THEME if spelt else max(NAME_THEME, THEME_SHARE * len(rest))
    return beside >= needed or any(_called_work(name, told, far=spelt) for name in short)


def _called_work(name: str, told: str, *, far: bool) -> bool:
    """`the X paper`, `the trial called X`; with `far`, also `X is the first large trial`."""
    behind = r"(?:\S+ ){0,4}" if far else r"(?:\S+ )?"
    called = r"(?: called| named| titled| entitled| known as)?"
    spelt = re.escape(name)
    return bool(re.search(rf" {spelt} {behind}{_WORK} | {_WORK}{called} {spelt} ", told))


def _running(blocks: Sequence[str], title: str) -> list[str]:
    return [block for block in blocks if block.count(" ") >= RUNNING_WORDS and block not in title]


def _next_to_study(named: Sequence[str], page: Page, terms: Terms) -> Iterator[str]:
    """Folded words in which the study is named or around links to it."""
    yield from named
    for link in page.links:
        address = page.address(link.href) if may_be_document(link.href, terms) else None
        if address and is_document(address, terms):
            yield fold(f"{link.before} {link.anchor} {link.after}")


def _links(page: Page, terms: Terms) -> tuple[str, ...]:
    """Addresses and ids of the study's documents that the article links to or prints."""
    hrefs = [link.href for link in page.links]
    spelt = (canonical(href, page.base) for href in hrefs if may_be_document(href, terms))
    linked = {address_key(url) for url in spelt if url}
    marks = {mark for href in hrefs for mark in ids_in(href)} | set(ids_in("\n".join(page.blocks)))
    return tuple(a for a in terms.addresses if a in linked) + tuple(i for i in terms.ids if i in marks)


def _weight(number: str) -> int:
    return 2 if "." in number or len(number) >= 4 else 1


def _count(names: tuple[str, ...], text: str) -> int:
    """Places where any name stands; a name inside a longer one at the same place counts once."""
    wide = text.replace(" ", "  ")  # so that two names in a row do not share the space between them
    total = 0
    for name in sorted(names, key=len, reverse=True):
        spaced = f" {name.replace(' ', '  ')} "
        found = wide.count(spaced)
        total += found
        if found:
            wide = wide.replace(spaced, " | ")
    return total


def _prints(quote: str, text: str, length: int, content: int) -> bool:
    """Whether a telling run of so many words of the quote stands in the text, or all of a quote nearly as long.

    A run grows while its words go on to stand there: what is too plain in six words may tell in nine.
    """
    parts = quote.split()
    size = min(length, len(parts))
    if size < length * 2 / 3:
        return False
    for start in range(len(parts) - size + 1):
        end = start + size
        while end <= len(parts) and f" {' '.join(parts[start:end])} " in text:
            if _content_words(parts[start:end]) >= content:
                return True
            end += 1
    return False


def _content_words(run: Iterable[str]) -> int:
    return sum(len(word) > 3 and word not in FUNCTION_WORDS for word in run)


def _stated(terms: Terms, paragraphs: Iterable[str], share: float) -> int:
    """Claims of which one folded paragraph holds so many content words."""
    claims = {claim for claim in terms.claims if len(claim) >= CLAIM_WORDS}
    stated: set[tuple[str, ...]] = set()
    for paragraph in paragraphs if claims else ():
        stems = {word[:STEM] for word in paragraph.split()}
        stated |= {claim for claim in claims if len(stems.intersection(claim)) >= max(TOUCH_WORDS, share * len(claim))}
    return len(stated)
