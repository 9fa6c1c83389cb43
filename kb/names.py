"""Where a text names persons: runs of tokens, with titles, headlines and slips of the name finder sorted out."""

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from kb import cues
from kb.given_names import GIVEN_NAMES
from kb.lexicon import listed
from kb.roles import INSTITUTIONS, is_role

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

    from kb.layout import Layout

TITLES = listed(
    """mr mr. mrs mrs. ms ms. miss dr dr. prof prof. professor sen sen. senator rep rep. representative gov gov.
    governor president judge justice sir dame lord lady pope king queen prince princess secretary chairman
    chairwoman ceo captain capt. colonel col. general gen. lt. lieutenant sgt. sergeant major maj. rev. reverend
    father sister brother pastor bishop cardinal archbishop rabbi imam sheik sheikh attorney detective officer
    spokesman spokeswoman spokesperson minister mayor chancellor premier ambassador commissioner director
    congressman congresswoman former vice chief deputy candidate host actor actress author the"""
)
_SUBJECTS = frozenset(["nsubj", "nsubjpass"])


def loud_lines(layout: "Layout") -> frozenset[int]:
    """Numbers of the lines in the capitals of a headline, where any word may look like a name.

    A line counts when all its letters are capitals or nearly all its longer words begin with one. Lines that
    open with a dash sign a quote and stay out; a text with no other lines has none: capitals tell nothing there.
    """
    lines: dict[int, list[str]] = {}
    for token in layout.tokens:
        if not token.is_space:
            lines.setdefault(layout.line[token.i], []).append(token.text)
    spoken = [number for number, words in lines.items() if any(word[:1].isalpha() for word in words)]
    loud = frozenset(number for number in spoken if _loud(lines[number]))
    return loud if len(loud) < len(spoken) else frozenset()


def _loud(words: list[str]) -> bool:
    letters = [word for word in words if word[:1].isalpha()]
    if words[0] in ("-", "–", "—", "―") or len(letters) < SHOUT:
        return False
    if all(word.isupper() for word in letters):
        return True
    long = [word for word in letters if len(word) > SHORT]
    return len(long) >= SHOUT and sum(word[0].isupper() for word in long) >= CAPITALS * len(long)


SHOUT = 4
"""Words from which on the capitals of a line can tell a headline from a byline or a label."""
SHORT = 3
"""Letters of a word that may stay small in a headline: articles, prepositions."""
CAPITALS = 0.85
"""Share of the longer words of a headline that begin with a capital; the style of one word or another slips."""


def credible(layout: "Layout", runs: list[tuple[int, int]], loud: frozenset[int]) -> list[tuple[int, int]]:
    """Runs of running text, then what headlines have of the same names: these neither make nor spell a person."""
    quiet = [run for run in runs if layout.line[run[0]] not in loud and not _garbled(layout, *run)]
    names = {tuple(word.lower() for word in name_words(layout, *run)) for run in quiet}
    surnames = {name[-1] for name in names}
    single = {name[0] for name in names if len(name) == 1}
    kept = list(quiet)
    for start, end in runs:
        if layout.line[start] in loud and end - start > 1 and layout.tokens[start].lower_ in single:
            kept.append((start, end))  # the list of authors has the whole name of one whom the text calls by the first
            continue
        close = end if layout.line[start] in loud else start
        while close > start and layout.tokens[close - 1].lower_ not in surnames:
            close -= 1
        if close > start:
            kept.append((_name_start(layout, start, close, names), close))
    return kept


def _name_start(layout: "Layout", start: int, end: int, names: set[tuple[str, ...]]) -> int:
    """Where in a run of a headline the name that the text knows begins; at least the surname is one."""
    words = tuple(token.lower_ for token in layout.tokens[start:end])
    for skipped in range(len(words) - 1):
        if words[skipped:] in names:
            return start + skipped
    return end - 2 if words[-2:-1] and words[-2] in GIVEN_NAMES else end - 1


def _garbled(layout: "Layout", start: int, end: int) -> bool:
    """Whether words ran together where a page lost its blanks: `DoeShareLikeReply`."""
    text = layout.text[layout.offsets[start] : layout.end_of(end - 1)]
    return sum(one.islower() and other.isupper() for one, other in pairwise(text)) > HUMPS


HUMPS = 2
"""Capitals inside words that one name may have: `McDonald-DeVos`."""


def name_runs(layout: "Layout") -> list[tuple[int, int]]:
    """Token ranges of names of persons, titles and possessive marks cut off."""
    runs = []
    alone = _alone(layout)
    for entity in layout.doc.ents:
        if entity.label_ == "PERSON" or _misnamed(layout, entity, alone):
            end = _past_nickname(layout, _past_hyphen(layout, _past_particle(layout, entity.end)))
            runs.append(_stripped(layout, entity.start, end))
    taken = {position for start, end in runs for position in range(start, end)}
    for token in layout.tokens:
        if token.pos_ == "PROPN" and token.dep_ in _SUBJECTS and token.i not in taken and _says(token):
            start = token.i
            while start > 0 and (
                (layout.tokens[start - 1].pos_ == "PROPN" and layout.tokens[start - 1].dep_ == "compound")
                or (start > 1 and hyphenated(layout.tokens[start - 1]))
            ):
                start -= 1
            runs.append(_stripped(layout, start, token.i + 1))
    return sorted({(start, end) for start, end in runs if end > start})


def _misnamed(layout: "Layout", entity: "Span", alone: frozenset[str]) -> bool:
    """Whether what the model takes for an organisation is a person.

    A given name, a role beside it, `who`, or a last word that stands `alone` elsewhere: bodies are cut to their first.
    """
    words = [token for token in entity if not hyphenated(token)]
    if entity.label_ != "ORG" or not 1 < len(words) < 4 or any(token.lower_ in INSTITUTIONS for token in words):
        return False
    if not all(token.is_title for token in words) or (entity.start and entity.doc[entity.start - 1].lower_ == "the"):
        return False
    if words[0].lower_ in GIVEN_NAMES or words[-1].text in alone:
        return True
    tokens, start, end = layout.tokens, entity.start, entity.end
    before = tokens[start - 1] if start else None
    if before is not None and before.text == "," and start > 1:
        before = tokens[start - 2]
    if before is not None and before.pos_ == "NOUN" and is_role(before):
        return True
    if end + 1 < len(tokens) and tokens[end].text == "," and tokens[end + 1].lower_ == "who":
        return True
    return any(child.dep_ == "appos" and is_role(child) for child in entity.root.children)


def _alone(layout: "Layout") -> frozenset[str]:
    """Proper nouns that stand by themselves and do something somewhere in the text: `Roe says`."""
    tokens = layout.tokens
    return frozenset(
        token.text
        for token in tokens
        if token.pos_ == "PROPN"
        and token.dep_ == "nsubj"
        and (token.i == 0 or not (tokens[token.i - 1].pos_ == "PROPN" or hyphenated(tokens[token.i - 1])))
    )


def hyphenated(token: "Token") -> bool:
    """Whether a token is the hyphen inside `Roe-Doe`."""
    inside = token.text in ("-", "‑") and token.i > 0 and not token.whitespace_ and not token.nbor(-1).whitespace_
    return inside and token.nbor(-1).text[:1].isupper()


def _past_hyphen(layout: "Layout", end: int) -> int:
    """The end of `Jane Roe-Doe` and `Moon Jae-in`, where the model stops at the hyphen."""
    tokens = layout.tokens
    while end + 1 < len(tokens) and hyphenated(tokens[end]):
        part = tokens[end + 1]
        syllable = part.is_lower and part.is_alpha and len(part) <= SYLLABLE and part.lower_ not in _LATER
        whole = end > 1 and tokens[end - 2].ent_type_ == "PERSON"
        if not (part.text[:1].isupper() or (syllable and whole)):
            break
        end += 2
    return end


SYLLABLE = 4
"""Letters of the small part of a given name at most: `Jae-in`, `Hyo-jung`; not `Trump-backed`."""
_LATER = frozenset(["era", "led", "like", "run", "type", "and", "or", "ish", "own"])
"""Small words behind a hyphen that are no part of a name: `Roe-era`."""


def _past_particle(layout: "Layout", end: int) -> int:
    """The end of `Ursula von der Leyen`, where the model stops at the particle."""
    tokens = layout.tokens
    cut = end < len(tokens) and end and tokens[end - 1].lower_ in _PARTICLES and tokens[end - 1].is_lower
    return end + 1 if cut and tokens[end].pos_ == "PROPN" and tokens[end].is_title else end


_PARTICLES = listed("von van der den de del della di da dos du la le ten ter zu zur al bin ibn")


def _past_nickname(layout: "Layout", end: int) -> int:
    """The end of `George "Jay" Keyworth`, where the model stops before the nickname."""
    tokens = layout.tokens
    if end + 3 > len(tokens) or tokens[end].text not in _MARKS:
        return end
    close = next((p for p in range(end + 2, min(end + 5, len(tokens))) if tokens[p].text in _MARKS), end)
    last = close + 1
    while close > end and last < len(tokens) and tokens[last].pos_ == "PROPN":
        last += 1
    return last if last > close + 1 else end


_MARKS = frozenset(['"', "“", "”", "‘", "’", "'", "``", "''"])


def _says(token: "Token") -> bool:
    person = token.ent_type_ not in ("ORG", "GPE", "NORP") and token.lower_ not in INSTITUTIONS
    return person and token.head.lemma_.lower() in cues.SAYING


def _stripped(layout: "Layout", start: int, end: int) -> tuple[int, int]:
    tokens = layout.tokens
    while start < end and (
        tokens[start].lower_ in TITLES
        or not tokens[start].text[:1].isalpha()
        or tokens[start].tag_ == "VBG"
        or (tokens[start].is_lower and is_role(tokens[start]))
    ):
        start += 1
    while end > start and (not tokens[end - 1].text[:1].isalpha() or tokens[end - 1].lower_ in ("'s", "’s")):
        end -= 1
    while end - start > 2 and tokens[end - 1].lower_ in _SUFFIXES:
        end -= 1
    for position in range(start, end):
        if tokens[position].lower_ in ("'s", "’s") and position > start:
            return start, position
        if tokens[position].is_space or tokens[position].text in ("(", ",", "—", "–", ":", "|"):
            return start, position
    return start, end


_SUFFIXES = frozenset(["jr", "jr.", "sr", "sr.", "ii", "iii", "iv"])


def name_words(layout: "Layout", start: int, end: int) -> list[str]:
    """The words of a name as printed: `O'Neill` and `Smith-Jones` stay whole."""
    return _NICKNAME.sub(" ", layout.text[layout.offsets[start] : layout.end_of(end - 1)]).split()


_NICKNAME = re.compile(r"\s[\"“‘'(][^\"”’')]{1,30}[\"”’')]\s")
