"""Lines around and between an article's paragraphs that are not its text: teasers, sign-ups, rights, contacts.

Cues are wording that outlets of every kind share and where a line stands; credits (`Reporting by the Associated
Press`), notes of first publication and corrections stay: they are what this project looks for.
"""

import re
from collections.abc import Sequence

import attrs

from kb.dates import read_date

_TEASER = re.compile(
    r"(?:(?:read|see|watch|listen)\s(?:more|next|also|now|the full story)|related(?:\s(?:stor(?:y|ies)|articles?|"
    r"content|links?|"
    r"coverage|posts?|reading|topics?))?|more(?:\s(?:from|on|about|stories|news))?|also read|"
    r"recommended(?:\sreading)?|required reading|"
    r"don['’]t miss|up next|further reading|most (?:read|popular)|must[- ]reads?|you (?:may|might) (?:also )?like|"
    r"top stories|"
    r"trending(?:\snow)?|click here|lesen sie (?:auch|mehr|hier)|mehr (?:zum thema|dazu)|auch interessant|"
    r"lire aussi|à lire(?: aussi)?|"
    r"lea (?:también|además)|lee (?:también|más)|leia (?:também|mais)|leggi anche|lees (?:ook|meer)|läs (?:också|"
    r"mer|även)|"
    r"les (?:også|mer)|læs (?:også|mere)|czytaj (?:więcej|też|także)|zobacz (?:też|także))\b",
    re.I,
)
_SIGN_UP = re.compile(
    r"(?:^|[.!?:—–-]\s)\W{0,3}(?:please )?(?:subscribe (?:to|now|today|here|for)|sign up (?:for|to|here|now|today|"
    r"below)|"
    r"get (?:the|our) (?:latest|best|free) [^.]{0,60}(?:newsletter|inbox)|create or log in|log in to|"
    r"already a (?:subscriber|member)|"
    r"follow (?:us|him|her|them|@\w+|\w+(?: \w+)?) on (?:x|twitter|facebook|instagram|threads|tiktok|bluesky|"
    r"linkedin|google news)|"
    r"download (?:the|our) (?:\w+ )?app|start your \w+ (?:\w+ )?subscription|newsletter (?:abonnieren|bestellen))|"
    r"delivered (?:straight |right )?to your inbox|(?:to|want to) bookmark (?:this|your) ",
    re.I,
)
_RIGHTS = re.compile(
    r"(?:©|\(c\)\s?\d{4}|copyright\s(?:©|\d{4}|\(c\)))|all rights reserved|(?:not|"
    r"n['’]t) (?:to )?be (?:reproduced|published, broadcast)|"
    r"alle rechte vorbehalten|tous droits réservés|todos los derechos reservados",
    re.I,
)
_PICTURE = re.compile(
    r"\W{0,2}(?:(?:gallery|photo|image|picture|illustration|video|bild|foto|cover|featured image|header|"
    r"source images?)s?\s?"
    r"(?:credit|via|by|courtesy|:|/)|view this post on|a post shared by)|.{0,80}getty images$|"
    r".{0,80}pic\.twitter\.com/",
    re.I,
)
_CONTACT = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,64}\.\w|\bcan be reached\b|^(?:contact|email|e-mail|reach)\b.{0,80}\b(?:at|on)\b|"
    r"\bfollow\b.{0,60}@\w",
    re.I,
)
_BIOGRAPHY = re.compile(
    r",? (?:is|was|has|covers?|writes?|reports?|joined|works?|currently|served|holds|lives)\b", re.I
)
_FURNITURE = re.compile(
    r"(?:advertisement|anzeige|publicité|publicidad|advertorial|sponsored|loading\W*|share(?: this.{0,20})?|print|"
    r"comments?|"
    r"\d{1,2} min(?:ute)?s? (?:read|lesezeit)|(?:last )?(?:updated|published|posted)\b.{0,40}|table of contents|"
    r"recommended videos?|"
    r"article continues (?:below|after).{0,30}|continue reading|story continues.{0,20}|scroll to continue|"
    r"credits?|submitted photo|start now.{0,12})\W*",
    re.I,
)
_CONSENT = re.compile(
    r"\b(?:we|our (?:\w+ )?partners|this (?:web)?site) (?:and our (?:\w+ )?partners )?(?:may )?(?:uses?|store|process) "
    r"(?:\w+ ){0,3}(?:cookies|personal data)|"
    r"\bby (?:clicking|continuing|using this site).{0,80}\b(?:cookies|consent|agree)|"
    r"^(?:accept|allow|reject|manage) (?:all )?cookies\W*$|please (?:accept|allow|enable) .{0,30}cookies|"
    r"\byour (?:cookie|privacy|consent) (?:settings|choices|preferences)|"
    r"(?:this|external|embedded) content.{0,60}(?:blocked|your consent|third[- ]party cookies)|"
    r"externer? inhalte? (?:\w+ )?(?:nicht (?:verfügbar|geladen)|blockiert)|deine? privatsphäre-einstellungen|"
    r"\b(?:wir|unsere partner) (?:verwenden|nutzen|setzen) .{0,30}cookies|"
    r"ihre zustimmung .{0,40}(?:inhalt|laden|cookie)|\b(?:nous|nos partenaires) utilis\w+ .{0,30}cookies|"
    r"\bvos (?:choix|paramètres) .{0,30}(?:cookies|confidentialité)|"
    r"\b(?:utilizamos|usamos) .{0,30}cookies|\butilizziamo .{0,30}cookie|\b(?:wij|we) gebruiken .{0,20}cookies",
    re.I,
)
"""Notices of consent banners and of embeds that wait for consent, in their own words."""
_CONSENT_WORDS = 80
_COUNTER = re.compile(r"\W*\d{1,3}\s?(?:of|von|de|di|sur|van|av|/)\s?\d{1,3}\W*", re.I)
"""`3 of 57`: which picture of a gallery."""
_HEAD, _TAIL = 6, 6
"""Lines at either end in which bylines, dates and contacts stand."""


@attrs.frozen(kw_only=True)
class Candidate:
    """A paragraph with what its block tells."""

    text: str
    words: int
    linked: float
    """Share of its characters that are links; 0 where its block is unknown."""
    tag: str


def trim(lines: Sequence[Candidate], bylines: Sequence[str]) -> list[Candidate]:
    """The lines that are the article's. Never empties a text: if nothing were left, all of it stays."""
    cut = lines[: _related_end(lines)]
    kept = [line for at, line in enumerate(cut) if not _is_noise(cut, at, bylines)]
    return kept or list(lines)


def is_consent(text: str) -> bool:
    """Whether a paragraph is a notice on cookies or consent; what somebody says about them is none.

    >>> is_consent("We and our partners use cookies to store data on your device.")
    True
    """
    return len(text.split()) <= _CONSENT_WORDS and not _quotes(text) and bool(_CONSENT.search(text))


def _related_end(lines: Sequence[Candidate]) -> int:
    """Where a heading in the last part opens a list of links to other stories."""
    for at in range(len(lines) * 3 // 5, len(lines)):
        line = lines[at]
        rest = lines[at + 1 :]
        if line.words <= 9 and line.text[-1] not in '.”"' and _TEASER.match(line.text) and rest:
            titles = sum(_is_title(other) for other in rest)
            links = sum(other.linked > 0.6 for other in rest)
            if titles >= 0.8 * len(rest) and links >= 0.4 * len(rest):
                return at
    return len(lines)


def _is_title(line: Candidate) -> bool:
    return line.linked > 0.6 or (line.words <= 20 and line.text[-1] not in '.!?”"…)')


def _is_noise(lines: Sequence[Candidate], at: int, bylines: Sequence[str]) -> bool:
    line = lines[at]
    if _FURNITURE.fullmatch(line.text) or _COUNTER.fullmatch(line.text) or _is_teaser(line) or _is_appeal(line):
        return True
    if is_consent(line.text):
        return True
    if at < _HEAD and _is_head(line, bylines):
        return True
    return at >= len(lines) - _TAIL and at > 2 and _is_contact(line, bylines)


def _is_teaser(line: Candidate) -> bool:
    """A pointer to another story: led by a label, or a line in capitals that is one link."""
    if line.linked > 0.9 and line.text.isupper() and 3 <= line.words <= 30:
        return True
    pointing = line.linked > 0.6 or line.text.isupper() or _labelled(line.text)
    return line.words <= 30 and bool(_TEASER.match(line.text)) and pointing


def _is_appeal(line: Candidate) -> bool:
    """Rights, sign-ups and picture credits; a line that quotes somebody is none of them."""
    if line.words <= 45 and _RIGHTS.search(line.text):
        return True
    if _quotes(line.text):
        return False
    return bool((line.words <= 45 and _SIGN_UP.search(line.text)) or (line.words <= 14 and _PICTURE.match(line.text)))


def _labelled(text: str) -> bool:
    """`Related: ...`, or the label alone."""
    match = _TEASER.match(text)
    return match is not None and text[match.end() :].lstrip()[:1] in {":", "»", "|", "–", "-", ">", "→", ""}


def _is_head(line: Candidate, bylines: Sequence[str]) -> bool:
    """A byline or a date of its own above the text."""
    if line.words <= 8 and read_date(line.text) is not None:
        return True
    return line.words <= 14 and any(name in line.text for name in bylines) and line.text[-1] not in '.!?”"'


def _is_contact(line: Candidate, bylines: Sequence[str]) -> bool:
    """Where the author can be reached, or a line that begins with the author's name: the biography."""
    if line.words <= 30 and _CONTACT.search(line.text) and not _quotes(line.text):
        return True
    text = line.text.lstrip("—–- ")
    return line.words <= 90 and any(
        text.startswith(name) and _BIOGRAPHY.match(text, len(name)) for name in bylines if " " in name
    )


def _quotes(text: str) -> bool:
    return any(mark in text for mark in '“”„«»"')
