"""What everything about a study speaks of, and which words of a text say anything beyond it."""

from collections import Counter
from collections.abc import Iterable

from kb import sense, spelling
from kb.claims import Study
from kb.opposites import present_forms
from kb.spelling import listed
from kb.wording import Token, tokens

_EMPTY = frozenset(
    map(
        spelling.stem,
        listed(
            "say said call make made get go come thing read see look want know think people something anybody "
            "nobody claim take give put way lot deal find found tell told use"
        ),
    )
)


def topic_words(study: Study) -> frozenset[str]:
    """Stems of words that everything about the study holds; sharing them says nothing."""
    counts = Counter(
        stem for text in (*(c.text for c in study.claims), study.title) for stem in content_stems(tokens(text))
    )
    named = frozenset().union(*(content_stems(tokens(name)) for name in (study.title, *study.aliases)))
    return named | {stem for stem, count in counts.items() if count >= 2}


def content_stems(row: Iterable[Token]) -> frozenset[str]:
    return frozenset(present_stem(t.key) for t in sense.content(row)) - _EMPTY


def present_stem(key: str) -> str:
    """The stem of a key, of an irregular past form that of its verb.

    >>> present_stem("became"), present_stem("paid"), present_stem("models")
    ('becom', 'pay', 'model')
    """
    return spelling.stem(present_forms().get(key, key))
