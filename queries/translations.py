"""Where a page says that words were spoken in another language: its wording is a translator's, and no alteration."""

import re

from kb.coverage import Retelling
from kb.records import Span

_LANGUAGE = (
    "(?:Arabic|Bengali|Bulgarian|Cantonese|Catalan|Chinese|Croatian|Czech|Danish|Dutch|Estonian|Farsi|Finnish|French|"
    "German|Greek|Hebrew|Hindi|Hungarian|Icelandic|Indonesian|Irish|Italian|Japanese|Korean|Latvian|Lithuanian|Malay|"
    "Mandarin|Norwegian|Persian|Polish|Portuguese|Romanian|Russian|Serbian|Slovak|Slovenian|Spanish|Swahili|Swedish|"
    "Tagalog|Thai|Turkish|Ukrainian|Urdu|Vietnamese|Welsh)"
)
_BESIDE = re.compile(
    rf"\btranslat(?:ed|ion|ing)\b[^.\n]{{0,30}}\b(?:{_LANGUAGE}|ours?|us|by)\b|\b(?:our|own|his|her|my) translations?\b"
    rf"|\b(?:in|spoke|speaks|speaking) {_LANGUAGE}\b"
)
_PAGE = re.compile(
    r"\b(?:[Ii]nterviews?|[Cc]onversations?|[Qq]uot(?:es?|ations?)|[Rr]emarks|[Aa]nswers|[Ss]tatements?)\b"
    rf"[^.\n]{{0,60}}\b(?:translated|(?:conducted|held|given|spoken|made) in {_LANGUAGE})\b"
)


def is_translated(retelling: Retelling, quote: Span) -> bool:
    """Whether the paragraph around a quote, or a note anywhere on the page, says that it was translated."""
    text = retelling.text.text
    start, end = text.rfind("\n", 0, quote.start) + 1, text.find("\n", quote.end)
    around = f"{text[start : quote.start]} {text[quote.end : end if end >= 0 else len(text)]}"
    return bool(_BESIDE.search(around) or _PAGE.search(text))
