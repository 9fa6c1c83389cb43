"""Signs in a text of where its matter comes from: credit lines, wire marks, links, notes on AI help.

Nothing here knows the study or its outlets. A name counts as credited either because the words around
it can mean nothing else (`originally reported by`), or because it looks like an outlet's name and
stands where sources stand (`told`, `according to`). Credits of pictures are no credits.
"""

import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from kb.number_words import listed
from kb.outlets import (
    CAPITAL,
    NAME,
    is_agency,
    is_outlet,
    is_picture_agency,
    leads_to_article,
    leads_to_paper,
    squeezed,
)
from kb.outlets import host as host_of
from kb.records import Credit, CreditKind, Link, Span, Tool

TOOL = Tool(name="credits", version="1")

_STRONG = re.compile(
    r"(?:\b(?:was |were |as )?(?:originally|first) (?:reported|published|broken|revealed) (?:by|in|on|at)"
    r"(?: the website)?"
    r"|\b[Tt]his (?:story|article|piece|report|post|interview) (?:was |has been )?(?:originally |first )?"
    r"(?:appeared|published|ran|produced)(?: first| originally)? (?:on|in|at|by)"
    r"|\b(?:[Rr]epublished|[Rr]eprinted|[Ss]yndicated)(?: with (?:the )?permission)? from"
    r"|\b(?:Adapted|Condensed|Translated) from(?: an? (?:article|report|story) (?:by|in|from))?"
    r"|\b[Rr]ead the (?:original|full) (?:article|story|report|interview)(?: here)? (?:on|at|in)"
    r"|\b[Hh]at tip(?: to)?:?|\b[Hh]/[Tt]:?"
    r"|\([Vv]ia) "
    rf"(?P<name>{NAME})"
)
_FIRST = re.compile(
    rf"(?P<name>{NAME}) (?:first|originally) reported\b"
    rf"|(?P<name2>{NAME}),? which (?:first )?broke the (?:story|news)"
)
_WEAK = re.compile(
    r"\b(?:(?:told|tells|speaking to|spoke to|spoke with|speaking with|shared with)"
    r"|[Ii]n (?:an|a recent|another) (?:(?:exclusive|e-mail|email|phone|telephone) )?interview (?:with|for|in|to)"
    r"|[Aa]ccording to"
    r"(?: an? (?:interview (?:with|in)|(?:report|article|story|account|investigation) (?:by|in|from|on)))?"
    r"|(?:as )?(?:reported|quoted|cited) (?:by|in)|in (?:comments|remarks|a statement|an e-?mail) to"
    r"|(?:an? |the )(?:report|article|story|interview|investigation|piece) (?:in|by|from|on)|published (?:by|in)"
    r"|via:?|quotes (?:in|from|given to)|given to|gave) "
    rf"(?P<name>{NAME})"
)
_REPORTS = re.compile(
    rf"(?P<name>{NAME})(?:’s|'s)?,? (?:has |had |also |earlier |recently )?"
    r"(?:reported|reports|explains|explained|wrote|writes|broke the (?:story|news)|put it)\b"
    rf"|(?:,|”|\") ?(?:reports|reported|writes|wrote) (?P<name2>{NAME})"
)
_LINE = re.compile(
    r"^(?:[-–—•*(] ?)?(?:(?:original )?sources?|original (?:article|story|report)|credits?|via|(?:news|story) source"
    r"|(?:this (?:story|article) was )?(?:originally|first) (?:reported|published|appeared) (?:by|in|on|at))\b ?:? "
    r"(?P<rest>\S[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_COLON_NEEDED = re.compile(r"^\W*(?:sources?|credits?|news source|story source|original \w+)\b(?! ?:)", re.IGNORECASE)
_BLOCK = re.compile(
    r"^(?:sources?|credits?|(?:sources?|references?) ?(?:&|and|/) ?(?:credits?|references?|further reading))[ :]*$",
    re.IGNORECASE | re.MULTILINE,
)
_PREFIX = re.compile(
    r"^(?:[\W_]*(?:feed|rss|source|via|credits?|(?:originally|first) (?:reported|published) (?:by|on|in))\b[ :]+)+",
    re.IGNORECASE,
)
_SCIENCE = re.compile(
    r",? et al\b| and (?:his |her |their )?(?:colleagues|co-authors|coworkers)| in (?:1[89]|20)\d\d\b"
    r"|['’]s (?:team|group|lab)"
)
"""What follows a scientist's name after `first reported by`."""
_LEADING = re.compile(r"^(?:As|But|And|In|When|While|After|Last|Yet|So|Then|Also|Here|For|At|On|Since|Because|Though) ")

_DATELINE = re.compile(
    rf"^(?P<city>{CAPITAL}[\w.'’-]{{1,25}}(?:[ ,/]{{1,2}}[\w.'’-]{{1,20}}){{0,6}}) ?"
    rf"\((?P<agency>{CAPITAL}[\w.&/ -]{{1,40}})\) ?(?:—|–|--?|:)",
    re.MULTILINE,
)
_MARK = re.compile(rf"\((?P<agency>{CAPITAL}[\w.&/-]{{1,25}}(?: [\w.&/-]{{2,20}}){{0,3}})\)")
_SIGNED = re.compile(
    rf"(?:^|[.!?”\"] )(?:[—–]|--) ?(?P<agency>{NAME})\.?$|^\(?(?P<alone>{NAME})(?:/(?P<second>{NAME}))?\)?\.?$",
    re.MULTILINE,
)
_BYLINE = re.compile(
    rf"^By [^\n,]{{2,60}}(?:, | \| | / |/| for | of )(?P<agency>{NAME})$|^By (?P<staff>{NAME}?) [Ss]taff$", re.MULTILINE
)
_OWNED = re.compile(rf"(?:©|\(c\)|[Cc]opyright)[ ,]{{0,2}}(?:\d{{4}}[ ,]{{0,2}})?(?:by )?(?P<agency>{NAME})")
_HELPED = re.compile(
    rf"(?P<agency>{NAME}) contributed (?:to this|reporting|to the)"
    rf"|\b[Ww]ith (?:additional |further )?(?:reporting|inputs?|files|material|content) (?:by|from) (?P<agency2>{NAME})"
    rf"|\b(?:[Mm]aterial|[Rr]eporting|[Ii]nformation) from (?P<agency3>{NAME}) (?:was|were) used"
)

_AI = (
    r"(?:AI|A\.I\.|artificial intelligence|(?:a |an )?(?:large )?language models?|generative AI|ChatGPT|Claude|Gemini"
    r"|Copilot|an AI (?:tool|model|system|assistant)|machine translation|automated (?:tools?|systems?|technology))"
)
_MADE = (
    r"(?:[Pp]roduced|[Ww]ritten|[Gg]enerated|[Cc]reated|[Dd]rafted|[Cc]ompiled|[Tt]ranslated|[Ss]ummari[sz]ed"
    r"|[Pp]repared|[Ee]dited|[Rr]ewritten|[Aa]ssisted|[Mm]ade|[Aa]dapted|[Cc]omposed)"
)
_AI_HELP = re.compile(
    rf"\b{_MADE}(?: (?:and|or) {_MADE})?(?: (?:in part|partly|entirely|automatically|initially))?"
    rf" (?:with|by|using|through) (?:the )?(?:(?:help|assistance|aid|support|use) of )?{_AI}\b"
    r"|\bAI[- ](?:assisted|generated|written|produced|translated)\b|\bwith AI (?:assistance|help|support)\b"
    r"|\bused? (?:generative )?(?:AI|artificial intelligence) (?:tools? )?(?:to|in|for) "
)
_THIS = re.compile(
    r"\b(?:[Tt]his|[Oo]ur) (?:article|story|post|report|content|page|text|summary|translation|piece|newsletter"
    r"|site|newsroom)\b"
    r"|\b[Pp](?:arts|ortions) of this\b|\b(?:editorial|newsroom) (?:team|policy|staff|standards|desk)\b"
    r"|\b(?:reviewed|edited|checked|verified|fact-checked) by (?:an? |our |the |one of our )?(?:\w+ ){0,3}"
    r"(?:editors?|humans?|staff|team|journalists?|desk|reporters?)\b|\bhuman (?:review|editors?|oversight)\b"
)
_DAYS = listed(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April June July August September"
    " October November December In On But And He She It I We They"
)


def credits(text_id: str, text: str, links: Sequence[Link], tool: Tool) -> list[Credit]:  # noqa: A001 - named for what it makes
    """Every sign of a source, in text order; the span covers the whole sign, from cue to name.

    `target` is the name as written, the address of a link, or the wording of a note on AI help.
    """
    found = [*_named(text, links), *_lines(text), *_wires(text), *_ai_notes(text), *_linked(text, links)]
    made = {(span, kind, target) for span, kind, target in found if target}
    return [
        Credit(text=text_id, span=span, tool=tool.id, kind=kind, target=target)
        for span, kind, target in sorted(
            _longest(made), key=lambda sign: (sign[0].start, sign[0].end, sign[1], sign[2])
        )
    ]


_Sign = tuple[Span, CreditKind, str]


def _longest(signs: Iterable[_Sign]) -> list[_Sign]:
    """Of overlapping signs of one kind, the one with most words; links are all kept."""
    kept: list[_Sign] = []
    taken: defaultdict[CreditKind, list[tuple[int, int]]] = defaultdict(list)  # in order, none overlaps another
    for sign in sorted(signs, key=lambda s: (s[0].start - s[0].end, s[0].start, s[1], s[2])):
        if sign[1] not in _BY_LINK:
            place, others = (sign[0].start, sign[0].end), taken[sign[1]]
            at = bisect(others, place)
            if any(start < place[1] and place[0] < end for start, end in others[max(0, at - 1) : at + 1]):
                continue
            others.insert(at, place)
        kept.append(sign)
    return kept


_BY_LINK = {"paper-link", "report-link"}


# --- Names --------------------------------------------------------------------------------------------


def _named(text: str, links: Sequence[Link]) -> Iterator[_Sign]:
    linked = _Linked(links)
    for pattern, sure in ((_STRONG, True), (_FIRST, True), (_WEAK, False), (_REPORTS, False)):
        for match in pattern.finditer(text):
            group = "name" if match["name"] else "name2"
            sign = _credited(text, match, match.start(group), match[group])
            if sign is None:
                continue
            span, name, at = sign
            place = re.search(r"(?: in| at| on)(?: the website)? $", text[match.start() : at])
            if is_outlet(name) or linked.names(name, at) or (sure and not place):
                yield span, "credit", name


def _credited(text: str, match: re.Match[str], at: int, raw: str) -> tuple[Span, str, int] | None:
    """Span of cue and name, the name and its place; None where a scientist or a picture is credited."""
    leading = _LEADING.match(raw)
    skipped = leading.end() if leading else 0
    name, start = _trimmed(raw[skipped:]), at + skipped
    if len(name) < 2 or name.lower() in {"the", "this", "that"}:
        return None
    if is_picture_agency(name) or _SCIENCE.match(text, start + len(name)):
        return None
    opens = at == match.start()
    return Span(start if opens else match.start(), match.end() if opens else start + len(name)), name, start


def _trimmed(name: str) -> str:
    """A name without a possessive, and without the capitalised day or month that follows it."""
    words = name.strip(" .,").split(" ")
    while words and (words[-1] in _DAYS or words[-1].isdigit()):
        words.pop()
    return " ".join(words).removesuffix("’s").removesuffix("'s")


class _Linked:
    """Names that a text links to another site: the strongest sign that they are outlets."""

    def __init__(self, links: Sequence[Link]) -> None:
        usable = [link for link in links if leads_to_article(link.url) and not leads_to_paper(link.url, link.anchor)]
        self.starts = {link.span.start for link in usable if link.span is not None}
        self.hosts = " ".join(squeezed(host_of(link.url)) for link in usable)
        self.anchors = {squeezed(link.anchor) for link in usable}

    def names(self, name: str, start: int) -> bool:
        short = squeezed(name)
        return start in self.starts or short in self.anchors or (len(short) > 4 and short in self.hosts)


def _lines(text: str) -> Iterator[_Sign]:
    """`Source: X` on a line of its own, and the lines below a heading such as `Sources & Credits`."""
    for match in _LINE.finditer(text):
        if not _COLON_NEEDED.match(match.group()):
            yield from _line(match.start(), match.start("rest"), match["rest"])
    for block in _BLOCK.finditer(text):
        at = block.end() + 1
        for number, line in enumerate(text[at : at + 1200].split("\n")[:6]):
            telling = number == 0 or line[:1] in "-–•*" or re.search(r"\w\.\w{2,}|\b(?:reported|published)\b", line)
            if not line.strip() or not telling:
                break
            yield from _line(at, at, line)
            at += len(line) + 1


def _line(start: int, at: int, rest: str) -> Iterator[_Sign]:
    """One credit from the rest of a short line, or one each where it lists several."""
    prefix = _PREFIX.match(rest)
    at, name = (at + prefix.end(), rest[prefix.end() :]) if prefix else (at, rest)
    lead = len(name) - len(name.lstrip(" -–—•*:"))
    name, at = name[lead:].rstrip(" .)"), at + lead
    if (
        not 2 <= len(name) <= 120
        or is_picture_agency(name)
        or not re.match(rf"{CAPITAL}|\d|https?:|[a-z0-9-]+\.[a-z]", name)
    ):
        return
    if _AI_HELP.search(rest):
        return
    yield Span(start, at + len(name)), "credit", name


# --- Wire marks ------------------------------------------------------------------------------------------


def _wires(text: str) -> Iterator[_Sign]:
    for match in _DATELINE.finditer(text):
        if _is_dateline(match):
            yield Span(match.start(), match.end("agency") + 1), "wire", match["agency"].strip()
    for pattern in (_MARK, _SIGNED, _BYLINE, _OWNED, _HELPED):
        for match in pattern.finditer(text):
            for value in match.groupdict().values():
                agency = (value or "").strip(" .").removeprefix("By ")
                if agency and is_agency(agency) and not _is_picture(text, match.start()):
                    yield Span(match.start(), match.end()), "wire", agency


_OPENING = 800
"""Characters in which a dateline stands: the head of an article with its standing matter."""


def _is_dateline(match: re.Match[str]) -> bool:
    """An agency in brackets after a place: a known one anywhere, an unknown one where only datelines stand."""
    city, agency = match["city"], match["agency"].strip()
    if is_agency(agency) or (city.isupper() and len(city) > 3):
        return True
    return match.start() < _OPENING and len(agency) > 2 and city.count(" ") < 4 and is_outlet(agency)


def _is_picture(text: str, at: int) -> bool:
    """Whether the line so far speaks of a picture."""
    line = text[max(text.rfind("\n", 0, at) + 1, at - 200) : at + 40].lower()
    return any(word in line for word in ("photo", "image", "picture", "file -", "illustration", "video"))


# --- Links and notes ------------------------------------------------------------------------------------


def _linked(text: str, links: Sequence[Link]) -> Iterator[_Sign]:
    for link in links:
        span = link.span
        if span is None and link.anchor:
            at = text.find(link.anchor)
            span = Span(at, at + len(link.anchor)) if at >= 0 else None
        if span is None:
            continue
        if leads_to_paper(link.url, link.anchor):
            yield span, "paper-link", link.url
        elif leads_to_article(link.url):
            yield span, "report-link", link.url


def _ai_notes(text: str) -> Iterator[_Sign]:
    """Sentences in which the outlet owns to the help of a machine; sentences about machines are none."""
    for match in _AI_HELP.finditer(text):
        start = max(text.rfind(mark, 0, match.start()) + 1 for mark in "\n.!?")
        ends = [at for mark in ("\n", ". ", "! ", "? ") if (at := text.find(mark, match.end())) >= 0]
        end = min(ends, default=len(text))
        start += len(text[start:end]) - len(text[start:end].lstrip(" *([—–-"))
        sentence = text[start:end].rstrip(" .)]*")
        short = 6 if sentence[:2] == "AI" else 14
        opens = match.start() - start <= 2 and len(sentence.split()) <= short and "," not in sentence
        if _THIS.search(sentence) or opens:
            yield Span(start, start + len(sentence)), "ai-note", sentence
