"""What news outlets, agencies and their addresses look like, without a list of all of them.

The tables hold general knowledge of the trade (large agencies, broadcasters, words of newspaper
titles); a made-up or unknown outlet is recognised by its shape and by the links around its name.
"""

import re
from urllib.parse import urlsplit

from kb.number_words import listed

CAPITAL = r"[A-ZÀ-ÖØ-Þ]"
_PLAIN_WORD = rf"{CAPITAL}[\w&+'’-]{{0,30}}(?:\.[A-Za-z]{{2,4}}\b)?"
_SITE = r"(?:[a-z0-9][a-z0-9-]{0,40}\.){1,3}[a-z]{2,12}\b"
_JOINER = r"(?:(?:of|the|for|de|la|le|du|der|di|&) ){0,2}"
NAME = rf"(?:[Tt]he )?(?:{_SITE}|{_PLAIN_WORD}(?: {_JOINER}(?:{_PLAIN_WORD}|\d+)){{0,6}})"
"""A capitalised name, or a bare host, as a fragment of a regular expression."""

AGENCIES = set(
    listed(
        "reuters|associated press|ap|afp|agence france-presse|agence france presse|dpa|deutsche presse-agentur|upi"
        "|united press international|bloomberg|bloomberg news|xinhua|efe|ansa|tass|interfax|kyodo|kyodo news|yonhap|pti"
        "|press trust of india|ani|ians|pa|pa media|press association|canadian press|the canadian press|aap"
        "|australian associated press|apa|belga|anp|lusa|ritzau|ntb|tt|stt|antara|bernama|sapa|anadolu|anadolu agency"
        "|tribune news service|tns|states newsroom|the conversation|inter press service|dow jones newswires"
        "|business wire|pr newswire|globe newswire|globenewswire|eurekalert",
        "|",
    )
)
_BROADCASTERS = set(
    listed(
        "bbc cnn npr abc cbs nbc pbs cnbc msnbc cbc itv nhk wsj nyt usatoday wired politico axios vox slate forbes"
        " fortune bloomberg buzzfeed gizmodo engadget mashable techcrunch venturebeat semafor quartz"
        " newsweek time statnews stat undark propublica vice salon fox aljazeera"
    )
)
_TITLE_WORDS = set(
    listed(
        "times post news journal guardian herald tribune gazette chronicle daily press wire newswire observer"
        " telegraph standard mail magazine radio tv television broadcasting today weekly monthly insider ledger"
        " courier examiner inquirer dispatch bulletin register sentinel globe mirror independent examiner review"
        " beacon record reporter argus advertiser zeitung tageszeitung nachrichten blatt diario periódico giornale"
        " newsroom newspaper broadcaster podcast"
    )
)
_AGENCY_WORDS = ("wire", "newswire", "press", "news agency", "press agency", "news service", "wire service")
_NOT_OUTLETS = set(
    listed(
        "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august"
        " september october november december congress parliament senate court"
    )
)
_PICTURES = ("getty", "shutterstock", "istock", "unsplash", "pexels", "wikimedia", "pixabay", "adobe stock", "alamy")

_SOCIAL = listed(
    "x.com twitter.com t.co facebook.com instagram.com linkedin.com tiktok.com reddit.com youtube.com youtu.be"
    " threads.net bsky.app whatsapp.com telegram.me t.me pinterest.com wikipedia.org wikidata.org amazon.com"
    " apple.com google.com github.com huggingface.co spotify.com flipboard.com substack.com/subscribe mastodon.social"
)
_PAPERS = listed(
    "doi.org arxiv.org biorxiv.org medrxiv.org ssrn.com ncbi.nlm.nih.gov pubmed.gov sciencedirect.com"
    " link.springer.com onlinelibrary.wiley.com tandfonline.com journals.plos.org pnas.org dl.acm.org"
    " ieeexplore.ieee.org openreview.net osf.io psyarxiv.com jstor.org zenodo.org hal.science researchgate.net"
    " semanticscholar.org aclanthology.org proceedings.mlr.press academic.oup.com cell.com thelancet.com nejm.org"
    " jamanetwork.com bmj.com frontiersin.org mdpi.com science.org/doi nature.com/articles papers.nips.cc"
)
_PAPER_PATH = re.compile(
    r"/10\.\d{4,9}/|/doi/|/(?:abs|pdf|preprint|preprints|paper|papers)/|\b\d{4}\.\d{4,5}(?:v\d+)?\b"
)
_PAPER_ANCHOR = re.compile(r"\b(?:paper|preprint|pre-print|study|manuscript|journal article)\b", re.IGNORECASE)
_DATED_PATH = re.compile(r"/(?:19|20)\d\d/(?:0?[1-9]|1[0-2])(?:/|$)")
_INDEX_PATH = re.compile(
    r"/(?:tags?|topics?|authors?|category|categories|about|contact|privacy|search|people|staff|profile|subscribe"
    r"|newsletters?|polic(?:y|ies)|wiki|login|shop|store|jobs|events?|account|terms|legal|podcasts?)(?:[/.-]|$)"
)


def host(url: str) -> str:
    """Lower-case host without `www.`; empty where the address has none."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return name.removeprefix("www.")


def same_site(a: str, b: str) -> bool:
    """Whether one host is the other or a part of it."""
    return bool(a and b) and (a == b or a.endswith("." + b) or b.endswith("." + a))


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _listed_in(url: str, table: tuple[str, ...]) -> bool:
    at, path = host(url), _path(url)
    for entry in table:
        site, _, start = entry.partition("/")
        if (at == site or at.endswith("." + site)) and path.startswith(f"/{start}"):
            return True
    return False


def leads_to_paper(url: str, anchor: str) -> bool:
    """Whether a link goes to a paper or preprint, by its address, else by its words."""
    if _listed_in(url, _SOCIAL):
        return False
    if _listed_in(url, _PAPERS) or _PAPER_PATH.search(_path(url)):
        return True
    return bool(_PAPER_ANCHOR.search(anchor)) and not _DATED_PATH.search(_path(url))


def leads_to_article(url: str) -> bool:
    """Whether an address has the shape of a single article: dated, numbered, or with a spelled-out name."""
    path = _path(url).rstrip("/")
    if not host(url) or _listed_in(url, _SOCIAL) or _INDEX_PATH.search(path):
        return False
    name = path.rsplit("/", 1)[-1]
    spelled = name.count("-") >= (1 if name.endswith((".html", ".htm")) else 2)
    numbered = sum(character.isdigit() for character in name) >= 4
    return bool(name) and (spelled or numbered or bool(_DATED_PATH.search(path)) or path.count("/") >= 3)


def is_agency(name: str) -> bool:
    """A wire service by name, or one by the shape of its name (`Union Wire`)."""
    low = name.lower().removeprefix("the ").strip(" .")
    return low in AGENCIES or f"the {low}" in AGENCIES or (" " in low and low.endswith(_AGENCY_WORDS))


def is_outlet(name: str) -> bool:
    """Whether a name looks like that of an outlet rather than of a person, a place or an institution.

    >>> [is_outlet(n) for n in ("The Meridian", "Harbor Ledger", "BBC News", "wired.com", "Jane Roe", "Congress")]
    [True, True, True, True, False, False]
    """
    low = name.lower()
    words = low.replace("’s", "").split()
    if not words or words[-1] in _NOT_OUTLETS or is_picture_agency(name):
        return False
    titled = name.startswith("The ") and len(words) > 1 and words[-1] not in _NOT_OUTLETS
    site = "." in name.strip(".") and " " not in name
    return is_agency(name) or titled or site or bool(set(words) & (_TITLE_WORDS | _BROADCASTERS))


def is_picture_agency(name: str) -> bool:
    """Where pictures, not words, come from."""
    return any(picture in name.lower() for picture in _PICTURES)


def squeezed(name: str) -> str:
    """Letters and digits alone, without an article in front, to compare names with hosts.

    >>> squeezed("The Harbor Ledger")
    'harborledger'
    """
    low = re.sub(r"^(?:the|der|die|das|el|la|le)\s+", "", name.strip().lower())
    return re.sub(r"[\W_]+", "", low)
