"""Names of the study's speakers with a slip in them."""

import re
from collections.abc import Iterator, Set
from functools import lru_cache

import attrs

from kb import spelling
from kb.claims import Speaker
from kb.coverage import Coverage, Retelling
from kb.records import Span
from kb.sense import slips
from kb.speakers import LONE, name_words
from queries.rules import Finding, Passed, Rule, finding_id

_CAPITALISED = re.compile(r"[^\W\d_][\w'’-]*\.?")


@attrs.frozen
class Printed:
    """A name as an article prints it."""

    words: tuple[str, ...]
    span: Span


def findings(coverage: Coverage, about: Set[str]) -> Iterator[Finding]:
    """One finding for each wrong form in each article `about` the study (ids)."""
    people = [(speaker, name_words(speaker.name)) for speaker in coverage.study.speakers]
    known = frozenset(
        word for s in coverage.study.speakers for alias in (s.name, *s.aliases) for word in name_words(alias)
    )
    for retelling in coverage.retellings:
        if retelling.article.id not in about:
            continue
        printed = list(_printed(retelling.text.text))
        right = {word for name in printed for word in name.words}
        seen: set[tuple[str, str]] = set()
        for name in sorted(printed, key=lambda name: (-len(name.words), name.span.start)):
            for speaker, full in people:
                wrong = _slip(name.words, full, right) if len(full) > 1 else ""
                if wrong and wrong not in known and (speaker.slug, wrong) not in seen:
                    seen.add((speaker.slug, wrong))
                    yield _finding(retelling, name, speaker)


def _printed(text: str) -> Iterator[Printed]:
    """Pairs and single words that start with a capital; a middle name or initial is stepped over."""
    row = [(m.group().rstrip("."), m.start(), m.end()) for m in _CAPITALISED.finditer(text)]
    for at, (word, start, end) in enumerate(row):
        if not word[:1].isupper():
            continue
        yield Printed((_fold(word),), Span(start, end))
        for step in (1, 2):
            if at + step >= len(row):
                break
            last, last_start, last_end = row[at + step]
            gap = text[row[at + step - 1][2] : last_start]
            if not last[:1].isupper() or gap.strip() or "\n" in gap:
                break
            yield Printed((_fold(word), _fold(last)), Span(start, last_end))


@lru_cache(maxsize=65_536)
def _fold(word: str) -> str:
    folded = spelling.plain(spelling.unmask(word)).strip("-'")
    return folded.removesuffix("'s")


def _slip(name: tuple[str, ...], full: tuple[str, ...], right: set[str]) -> str:
    """The word of a printed name that is this full name's with a slip; empty where there is none.

    A pair needs one part right and the other nearly; a lone surname must be long, the given name must
    stand in the article and the right surname nowhere.
    """
    given, surname = full[0], full[-1]
    if len(name) == 1:
        lone = given in right and surname not in right and min(len(name[0]), len(surname)) >= LONE
        wrong, fits = name[0], lone and slips(name[0], surname) == 1 and _near(name[0], surname)
    elif name[0] == given:
        wrong, fits = name[1], _near(name[1], surname)
    else:
        wrong, fits = name[0], name[1] == surname and len(name[0]) > 3 and _near(name[0], given)
    return wrong if fits else ""


def _near(word: str, right: str) -> bool:
    """One slip, or two in a long name; an inflected form (`Lindqvists`) is none."""
    shortest = min(len(word), len(right))
    if shortest < 4 or word in (right + "s", right + "'", right + "es") or "-" in word:
        return False
    return 0 < slips(word, right) <= (2 if shortest >= 8 else 1)


def _finding(retelling: Retelling, name: Printed, speaker: Speaker) -> Finding:
    observed = Passed(role="observed", retelling=retelling, span=name.span)
    return Finding(
        id=finding_id(Rule.MISSPELT_NAME, speaker.slug, [observed]),
        rule=Rule.MISSPELT_NAME,
        severity=1,
        confidence=0.95 if len(name.words) == 2 else 0.8,
        truth="settled",
        subject=speaker.slug,
        summary=f"{speaker.name} is spelt “{retelling.words(name.span)}”.",
        expected=speaker.name,
        observed=retelling.words(name.span),
        edits=(),
        evidence=(observed,),
        tools=(),
    )
