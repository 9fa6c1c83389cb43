"""Annotated articles of our own as the project's scorer reads them: XML with quotes, sources and cues marked inline.

One file is an article: `<article id= kind= field=>` with a `<p>` for each paragraph; the text is the paragraphs joined
by a blank line. In it `<q n= form= name= affiliation=>` marks the content of quote n (again for each further piece),
`<source n=>` who says it as written, `<cue n=>` the words that introduce it, `<mark kind=>` words in marks that are
nobody's speech.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_OF = re.compile(r"\s(?:of|for|at|from|in|with|on|behind|to)\s")
_MARKS = frozenset("\"'“”‘’„«»‹›「『")
_PRONOUNS = frozenset(["he", "she", "they", "it", "i", "we", "you", "who", "him", "her", "them"])


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The articles below a folder by id, in the scorer's form of a gold record."""
    articles = [record(etree.parse(file).getroot()) for file in sorted(folder.rglob("*.xml"))]
    return {article["id"]: article for article in articles}


def record(article: Any) -> dict[str, Any]:
    """One article: text, quotes, and the stretches in marks that are no speech."""
    text, spans = "", list[tuple[Mapping[str, str], str, int, int]]()
    for paragraph in article.iter("p"):
        text += "\n\n" if text else ""
        text = _read(paragraph, text, spans)
    quotes: dict[str, dict[str, Any]] = {}
    for given, tag, start, end in sorted(spans, key=lambda span: span[2]):
        if tag == "q":
            quote = quotes.setdefault(given["n"], {"pieces": []})
            quote["pieces"].append([start, end])
            quote.update({key: given[key] for key in ("form", "name", "affiliation") if key in given})
    for given, tag, start, end in spans:
        if tag in ("source", "cue") and given["n"] in quotes:
            quotes[given["n"]].setdefault(tag, (start, end))
    return {
        "id": article.get("id"),
        "publisher": article.get("kind"),
        "text": text,
        "quotes": [_quote(text, quote) for quote in quotes.values()],
        "unspoken": [[start, end, given.get("kind")] for given, tag, start, end in spans if tag == "mark"],
    }


def _read(element: Any, text: str, spans: list[tuple[Mapping[str, str], str, int, int]]) -> str:
    """The text with an element's added, blanks as one; its marked spans go to `spans`."""
    start = len(text)
    text = _added(text, element.text)
    for child in element:
        text = _added(_read(child, text, spans), child.tail)
    if element.tag == "p":
        return text.rstrip()
    lead = len(text[start:]) - len(text[start:].lstrip())
    spans.append((element.attrib, element.tag, start + lead, len(text.rstrip())))
    return text


def _added(text: str, more: str | None) -> str:
    more = _SPACE.sub(" ", more or "")
    return text + (more.lstrip() if text[-1:] in ("", " ", "\n") else more)


def _quote(text: str, quote: Mapping[str, Any]) -> dict[str, Any]:
    pieces = quote["pieces"]
    form = quote.get("form", "direct")
    if form == "direct" and text[pieces[0][0]] not in _MARKS:
        form = "indirect"  # an answer in an interview: CONTRACT's `direct` stands in quotation marks
    item: dict[str, Any] = {
        "start": pieces[0][0],
        "end": pieces[-1][1],
        "type": form,
        "name": quote.get("name"),
        "affiliation": quote.get("affiliation"),
        "speech": True,
        "speaker": None,
    }
    if len(pieces) > 1:
        item["spans"] = pieces
    if "source" in quote:
        start, end = quote["source"]
        mention = text[start:end]
        head = _WORD.findall(_OF.split(mention)[0])[-1:]
        kind = (
            "pronoun" if mention.lower() in _PRONOUNS else "named" if mention[-1:].isalpha() and _name(head) else None
        )
        item |= {
            "speaker": mention,
            "speaker_start": start,
            "speaker_end": end,
            "speaker_keys": [re.sub(r"['’]s$", "", part.lower()) for word in head for part in word.split("-")],
            "speaker_kind": kind,
        }
    if "cue" in quote:
        item["cue"] = text[slice(*quote["cue"])]
    return item


def _name(head: list[str]) -> bool:
    return bool(head) and head[0][:1].isupper()


def misplaced(articles: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What an annotator should look at: quotes without form or name, marked nothing."""
    for key, article in articles.items():
        for quote in article["quotes"]:
            words = article["text"][quote["start"] : quote["end"]]
            if not quote["name"] or not words.strip():
                yield f"{key}: no name or no words: {words[:60]!r}"
