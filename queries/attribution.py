"""Who a quote is attributed to: a speaker of the study, somebody else, a vague group, a machine, or nobody clear."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Literal

import attrs

from kb import spelling
from kb.claims import Speaker, Study
from kb.coverage import Coverage, Retelling
from kb.records import Alignment, Quote
from kb.speakers import NOTHING_JUDGED, Judged, misspells, name_words, same_name
from kb.text import words

Kind = Literal["speaker", "person", "group", "machine", "unknown"]


@attrs.frozen(kw_only=True)
class Attribution:
    """Who the words are given to."""

    kind: Kind
    slug: str | None = None
    """The study's speaker; None unless `kind` is speaker."""
    name: str = ""
    """As the article gives it."""
    misspelt: bool = False
    """The name is a speaker's but for a letter or two."""


Resolve = Callable[[Retelling, Quote], Attribution]


@attrs.frozen(kw_only=True)
class Occurrence:
    """A quote where it stands, with its words and who they are given to."""

    retelling: Retelling
    quote: Quote
    wording: str
    """Its pieces joined, without the cue between them."""
    given_to: Attribution
    alignments: tuple[Alignment, ...]


_GROUPS = frozenset(
    [
        "experts",
        "researchers",
        "scientists",
        "critics",
        "analysts",
        "observers",
        "officials",
        "academics",
        "scholars",
        "psychologists",
        "economists",
        "engineers",
        "specialists",
        "insiders",
        "sources",
        "people",
        "users",
        "commentators",
        "authors",
        "colleagues",
        "statisticians",
        "developers",
        "professors",
        "students",
        "physicians",
        "doctors",
        "advocates",
        "campaigners",
        "reports",
        "many",
        "some",
        "others",
    ]
)
_GROUP_NOUNS = frozenset(
    ["team", "group", "study", "paper", "report", "consortium", "panel", "committee", "community", "public", "media"]
)
_MACHINES = frozenset(
    [
        "chatbot",
        "chatbots",
        "bot",
        "ai",
        "model",
        "models",
        "assistant",
        "system",
        "systems",
        "algorithm",
        "machine",
        "machines",
    ]
)
_ORGANISATIONS = frozenset(
    [
        "university",
        "institute",
        "laboratory",
        "lab",
        "labs",
        "college",
        "school",
        "department",
        "centre",
        "center",
        "company",
        "inc",
        "corp",
        "ltd",
        "agency",
        "ministry",
        "foundation",
        "association",
        "society",
        "council",
        "committee",
        "hospital",
        "group",
        "office",
        "times",
        "post",
        "news",
    ]
)
_PRONOUNS = frozenset(["he", "she", "they", "it", "i", "we", "you", "who", "him", "her", "them", "his", "their"])
_OF = re.compile(r",?\s(?:of|from|at)\s+(?:the\s+)?(?=[^\W\d_a-z])")
_NAME_WORD = re.compile(r"[^\W\d_][\w'’.-]*")


def resolver(study: Study, judged: Judged = NOTHING_JUDGED) -> Resolve:
    """Names as the text gives them against the study's speakers; what a person has `judged` goes first."""

    own = {word for name in (study.title, *study.aliases) for word in name_words(name)}

    def resolve(retelling: Retelling, quote: Quote) -> Attribution:
        mention = retelling.words(quote.speaker) if quote.speaker else ""
        given = attribute(study.speakers, quote.speaker_name, mention, judged)
        # A title that was read as somebody's name is nobody to whom words could be given wrongly.
        titled = given.kind == "person" and own.issuperset(name_words(given.name))
        return attrs.evolve(given, kind="unknown") if titled else given

    return resolve


def occurrences(coverage: Coverage, resolve: Resolve) -> tuple[Occurrence, ...]:
    """Every quote of the coverage, in the order of articles and texts."""
    return tuple(
        Occurrence(
            retelling=retelling,
            quote=quote,
            wording=wording_of(retelling, quote),
            given_to=resolve(retelling, quote),
            alignments=coverage.alignments.get(quote.words_sha256, ()),
        )
        for retelling in coverage.retellings
        for quote in retelling.quotes
    )


def wording_of(retelling: Retelling, quote: Quote) -> str:
    """The pieces of a quote joined; a piece that repeats an earlier one (a pull quote) is left out."""
    pieces = {" ".join(words(retelling.words(piece))): retelling.words(piece) for piece in reversed(quote.pieces)}
    return " ".join(reversed(pieces.values()))


def attribute(
    speakers: Sequence[Speaker], name: str | None, mention: str, judged: Judged = NOTHING_JUDGED
) -> Attribution:
    """Who a resolved name, or else the bare mention, stands for.

    A full name that the mention sets beside a role (`the author of the paper, Dr Ann Roe`) goes before what was
    resolved from elsewhere. A mention without a name behind it counts only when it is a plain group (`experts`) or
    a machine (`the chatbot`); `she` or `the researcher` stays unknown.
    """
    name = _person_of(name) if name else name
    beside = mention.rpartition(",")[2].strip()
    named = _beside(speakers, name, beside, judged) if len(name_words(beside)) > 1 else []
    if len(named) == 1:
        return Attribution(kind="speaker", slug=named[0].slug, name=named[0].name)
    vague = _by_mention(mention)
    printed = name_words(mention)[-1:]
    bare = all(word[:1].isupper() for word in _NAME_WORD.findall(mention))
    if printed and bare and not (name and printed[0] in name_words(name)):
        # Nobody was found behind the surname, or another with nearly the same one; what is printed decides.
        bearers = [s for s in speakers if name_words(s.name)[-1:] == printed]
        if len(bearers) == 1:
            return Attribution(kind="speaker", slug=bearers[0].slug, name=bearers[0].name)
    if name and name_words(name):
        named_by = _by_name(tuple(speakers), name, judged)
        return vague if named_by.kind in ("unknown", "person") and vague.kind == "machine" else named_by
    capital = [word for word in _NAME_WORD.findall(mention) if word[:1].isupper()]
    if vague.kind != "unknown" or len(capital) < 2:
        return vague
    return _by_name(tuple(speakers), " ".join(capital), judged)


def _person_of(name: str) -> str:
    """`Ann Roe of Moor College` is Ann Roe; `University of Moor` stays."""
    person = _OF.split(name, maxsplit=1)[0]
    return person if len(name_words(person)) > 1 and not set(name_words(person)) & _ORGANISATIONS else name


def _beside(speakers: Sequence[Speaker], name: str | None, beside: str, judged: Judged) -> list[Speaker]:
    """The speakers whose full name the mention prints, or whose it was judged to be."""
    # A judgement is about a name as it was resolved, which the mention may print with a title.
    called = name if name and same_name(name, beside) else beside
    ruled = {s.slug: judged.one(called, (s.name, *s.aliases)) for s in speakers}
    merged = [s for s in speakers if ruled[s.slug]]
    return merged or [s for s in speakers if ruled[s.slug] is None and same_name(beside, s.name)]


@lru_cache(maxsize=65_536)
def _by_name(speakers: tuple[Speaker, ...], name: str, judged: Judged) -> Attribution:
    ruled = {s.slug: judged.one(name, (s.name, *s.aliases)) for s in speakers}
    open_ = [s for s in speakers if ruled[s.slug] is not False]
    merged = [s for s in speakers if ruled[s.slug]]
    exact = merged or [s for s in open_ if any(same_name(name, known) for known in (s.name, *s.aliases))]
    near = exact or [s for s in open_ if any(misspells(name, known) for known in (s.name, *s.aliases))]
    if len(near) == 1:
        return Attribution(kind="speaker", slug=near[0].slug, name=name, misspelt=not exact)
    return Attribution(kind="unknown", name=name) if exact else _other(name, known=bool(near))


def _other(name: str, *, known: bool) -> Attribution:
    """A name of nobody in the study; `known` where it comes near to several of them."""
    vague = _by_mention(name)
    if vague.kind != "unknown":
        return vague
    capital = [w for w in _NAME_WORD.findall(name) if w[:1].isupper()]
    body = bool(set(name_words(name)) & _ORGANISATIONS)
    if len(capital) < 2 or capital[0] in ("The", "A", "An") or body or known:
        return Attribution(kind="unknown", name=name)
    return Attribution(kind="person", name=name)


def _by_mention(mention: str) -> Attribution:
    """A group or a machine, by the last common noun before a name: `the AI model Kestrel Large`, `experts`."""
    row = _NAME_WORD.findall(mention)
    nouns = [spelling.plain(word) for word in row if word[:1].islower() or word == row[0]]
    if not nouns or set(nouns) & _PRONOUNS:
        return Attribution(kind="unknown", name=mention)
    last = nouns[-1]
    if last in _MACHINES:
        return Attribution(kind="machine", name=mention)
    if last in _GROUPS | _GROUP_NOUNS and last == spelling.plain(row[-1]):
        return Attribution(kind="group", name=mention)
    return Attribution(kind="unknown", name=mention)


def unique_articles(said: Iterable[Occurrence]) -> set[str]:
    return {one.retelling.article.id for one in said}
