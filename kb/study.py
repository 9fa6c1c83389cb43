"""claims.yaml -> Study. Strict: an unknown key is an error, and every error names file, line and what was expected."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from ruamel.yaml.comments import CommentedMap

from kb.claims import (
    Claim,
    Document,
    Expectation,
    ReferenceQuote,
    SavedSearch,
    Source,
    SourceKind,
    Speaker,
    Study,
    Tolerance,
)
from kb.claimsfile import line_of, parse, problem_of
from kb.errors import StudyError
from kb.locators import FeedUrl, Host, Url

_NOTIFIER = re.compile(r"\$\{\w+\}|[A-Za-z0-9+.-]+://.+")


def _schedule(value: str) -> str:
    from kb.timetable import Timetable

    Timetable(value)
    return value


def _notifier(value: str) -> str:
    if not _NOTIFIER.fullmatch(value):
        raise ValueError("expected an address of Apprise such as mailto://… or json://host/path, or ${VARIABLE}")
    if re.search(r"\$(?!\{\w+\})", value):
        raise ValueError("expected ${NAME}, a variable of the environment, wherever a $ stands; a bare $ is %24")
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


def _day(value: Any) -> Any:
    """Pydantic would take a number for seconds since 1970."""
    if isinstance(value, int | float):
        raise ValueError("expected a day such as 2026-01-15")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("expected a number")
    return value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Day = Annotated[date, BeforeValidator(_day)]
Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_empty_keys_out(cls, given: Any) -> Any:
        """`quotes:` with every entry below it commented out means none."""
        if not isinstance(given, dict):
            return given
        return {key: value for key, value in given.items() if value is not None or key not in cls.model_fields}


class _Document(_Entry):
    """A primary document: a version of the paper, a press release, the lab's own post."""

    id: Slug
    title: Words
    """As printed; coverage may name the study by it."""
    url: Url
    """A crawl fetches it before anything else; links to it show that a page is about the study."""
    published: Day | None = None
    """The day it came out."""


class _StudyHead(_Entry):
    """The study itself."""

    id: Slug
    title: Words
    """As printed."""
    url: Url | None = None
    """Its main address: counts as a document with the id `study`, unless a document has it."""
    aliases: list[Words] = []
    """Other names that the press uses for it: the more, the more coverage is recognised."""
    since: Day | None = None
    """First day of the window in which a crawl looks for coverage."""
    until: Day | None = None
    """Last day of it."""
    documents: list[_Document] = []
    """Its primary documents."""


class _Speaker(_Entry):
    """A person whose words are followed."""

    id: Slug
    name: Words
    """Full name as it should be printed: misspelt names are found by it."""
    aliases: list[Words] = []
    """Other forms that are right: a surname, a middle initial, a transliteration."""
    affiliation: Words | None = None
    """Where the speaker works."""
    role: Words | None = None
    """What the speaker is to the study, for readers of the file."""


class _Quote(_Entry):
    """A reference quote: the wording that others are held against."""

    id: Slug
    speaker: Slug
    """Id of a speaker above."""
    text: Words
    """The words said, without quotation marks."""
    source: Url | None = None
    """Address of the first or authoritative print; a crawl fetches it."""
    tolerance: Tolerance = "punctuation"
    """What passes without a finding. `exact`: no changed word. `punctuation` and `trim`: what keeps the sense; a cut
    that turns it is always reported."""


class _Expectation(_Entry):
    """A number that a claim states."""

    quantity: Number
    """The number; a percentage as 62, not 0.62."""
    to: Number | None = None
    """Upper end, where the claim states a range."""
    of: Words
    """What is counted or measured, as the text says it: `models tested`, `percent of answers`."""
    condition: Words | None = None
    """The circumstance that the number holds under; a number under another one is no conflict."""


class _Where(_Entry):
    """Where a claim stands in a document: a longer form of `document` and `exact`."""

    doc: Slug | None = None
    """Id of a document of the study."""
    exact: Words | None = None
    """The words there."""
    page: int | None = None
    """Page number, for readers of the file."""


class _Claim(_Entry):
    """Something that the study states."""

    id: Slug
    """Differs from the ids of the quotes too."""
    text: Words
    """The claim in a sentence."""
    speaker: Slug | None = None
    """Id of the speaker who made it, where it is not the study as a whole."""
    expect: Annotated[list[_Expectation], BeforeValidator(_listed)] = []
    """Its numbers: one or a list."""
    caveats: list[Words] = []
    """What it holds under. Outlets that tell the claim and no limit at all are reported."""
    document: Slug | None = None
    """Id of the document that it stands in."""
    exact: Words | None = None
    """The words there."""
    evidence: _Where | None = None
    """Where it stands, in keys of its own."""


class _Source(_Entry):
    """An outlet, agency or site: where to look, and what its pages count as."""

    id: Slug
    name: Words
    """As the report prints it."""
    domains: list[Host] = Field(min_length=1)
    """Its hosts; subdomains belong to it, unless another source names them."""
    kind: SourceKind = "press"
    """What `primary` prints is not held against the study; what `rewriter` prints is no speaker's own word."""
    country: Words | None = None
    """For readers of the file."""
    language: Words | None = None
    """ISO 639-1 code of what it prints, such as `en`."""
    feeds: list[FeedUrl] = []
    """RSS or Atom addresses; `{query}` in one is filled with what the study is searched by."""
    sitemaps: list[Url] = []
    """Sitemaps, news sitemaps, indexes of them, or a robots.txt that names some."""
    pages: list[Url] = []
    """Section pages whose links are looked through."""
    browser: bool = False
    """Its pages are made by JavaScript: read them with a browser (needs `retold[browser]` and Chromium)."""


class _Search(_Entry):
    """A search that `retold watch` repeats."""

    id: Slug
    query: Words
    """As for `retold search`; a phrase in quotation marks is exact."""
    kind: Literal["passage", "quote"] | None = None
    """Only these."""
    speaker: Words | None = None
    """Id or name: only what they said."""
    source: Slug | None = None
    """Only this source's."""
    language: Words | None = None
    """Only texts in this language: `en`."""
    verdict: Literal["verbatim", "trimmed", "altered", "merged"] | None = None
    """Only quotes that stand so to a quote of this file."""
    near: Annotated[float, Field(ge=0, le=1)] = 0.6
    """How near in meaning other words must come to the query, as a cosine; 1 for its words alone.
    Of tweets, the default finds .69 of the claims that they repeat, and .68 of what it finds is right (docs/search.md).
    """

    @model_validator(mode="after")
    def _has_a_word(self) -> "_Search":
        if not re.search(r"\w", self.query):
            raise ValueError("expected a query with a word in it")
        return self


class _File(_Entry):
    """The top of the file."""

    version: Literal[1] = 1
    """Of this format."""
    contact: Words | None = None
    """Mail address or page, shown to servers in the crawler's user agent."""
    study: _StudyHead
    """What is tracked."""
    speakers: list[_Speaker] = []
    """Who speaks about it."""
    quotes: list[_Quote] = []
    """Reference quotes."""
    claims: list[_Claim] = []
    """What the study states."""
    sources: list[_Source] = []
    """Where to look for coverage."""
    searches: list[_Search] = []
    """Searches whose new answers `retold watch` tells."""
    feeds: list[FeedUrl] = []
    """Feeds of no source, such as those of search services; `{query}` is filled as in a source's feeds."""
    schedule: Annotated[str, AfterValidator(_schedule)] | None = None
    """When `retold watch` runs: `hourly`, `daily`, `weekly`, or a cron line of five fields, in local time."""
    alerts: list[Annotated[Words, AfterValidator(_notifier)]] = []
    """Where `retold watch` sends what it found: addresses of [Apprise](https://github.com/caronc/apprise). `${NAME}`
    stands for a variable of the environment, so that no secret has to be written here."""


def load(path: Path) -> Study:
    """Read and check a claims.yaml; StudyError with file and line where it cannot be used."""
    name = str(path)
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise StudyError(name, 0, "no such file; `retold init` writes one to start from") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise StudyError(name, line, "not UTF-8 text; save the file in that encoding") from error
    except OSError as error:
        raise StudyError(name, 0, f"cannot be read: {error.strerror}") from error
    return loads(source, name)


def loads(source: str, name: str = "claims.yaml") -> Study:
    """The same from a string; `name` stands in the errors."""
    tree = parse(source, name)
    try:
        checked = _File.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        more = len(error.errors()) - 1
        rest = f" (and {more} more)" if more else ""
        raise StudyError(name, line_of(tree, first["loc"]), problem_of(first) + rest) from error
    _check_references(checked, tree, name)
    return _study(checked)


def _check_references(checked: _File, tree: CommentedMap, name: str) -> None:
    def fail(loc: tuple[int | str, ...], problem: str) -> None:
        raise StudyError(name, line_of(tree, loc), problem)

    groups: list[tuple[tuple[str, ...], Sequence[Any]]] = [
        (("speakers",), checked.speakers),
        (("quotes",), checked.quotes),
        (("claims",), checked.claims),
        (("sources",), checked.sources),
        (("searches",), checked.searches),
        (("study", "documents"), checked.study.documents),
    ]
    head = checked.study
    if head.since and head.until and head.until < head.since:
        fail(("study", "until"), f"study.until ({head.until}) lies before study.since ({head.since})")
    taken: dict[str, set[str]] = {}
    for where, entries in groups:
        seen = taken.setdefault(where[-1], set())
        for number, entry in enumerate(entries):
            if entry.id in seen:
                fail((*where, number, "id"), f"{where[-1]}: the id {entry.id!r} stands twice")
            seen.add(entry.id)
    for number, claim in enumerate(checked.claims):
        if claim.id in taken["quotes"]:
            fail(("claims", number, "id"), f"claims: {claim.id!r} is the id of a quote already")
    named = [("quotes", n, q.speaker) for n, q in enumerate(checked.quotes)]
    named += [("claims", n, c.speaker) for n, c in enumerate(checked.claims) if c.speaker]
    for key, number, speaker in named:
        if speaker not in taken["speakers"]:
            fail((key, number, "speaker"), f"{key}.{number}.speaker: {speaker!r} is not among the speakers")
    for number, search in enumerate(checked.searches):
        if search.source and search.source not in taken["sources"]:
            fail(
                ("searches", number, "source"), f"searches.{number}.source: {search.source!r} is not among the sources"
            )
    for number, claim in enumerate(checked.claims):
        document = claim.document or (claim.evidence.doc if claim.evidence else None)
        if document and document not in taken["documents"]:
            fail(("claims", number), f"claims.{number}: {document!r} is not among study.documents")


def _study(checked: _File) -> Study:
    head = checked.study
    documents = [Document(slug=d.id, title=d.title, url=d.url, published_at=d.published) for d in head.documents]
    if head.url and all(d.url != head.url for d in documents):
        documents.insert(0, Document(slug="study", title=head.title, url=head.url, published_at=None))
    return Study(
        slug=head.id,
        title=head.title,
        aliases=tuple(head.aliases),
        since=head.since,
        until=head.until,
        contact=checked.contact,
        documents=tuple(documents),
        speakers=tuple(
            Speaker(slug=s.id, name=s.name, aliases=tuple(s.aliases), affiliation=s.affiliation, role=s.role)
            for s in checked.speakers
        ),
        quotes=tuple(
            ReferenceQuote(slug=q.id, speaker=q.speaker, text=q.text, source=q.source, tolerance=q.tolerance)
            for q in checked.quotes
        ),
        claims=tuple(_claim(c) for c in checked.claims),
        sources=tuple(_source(s) for s in checked.sources),
        schedule=checked.schedule,
        alerts=tuple(checked.alerts),
        searches=tuple(SavedSearch(slug=s.id, **s.model_dump(exclude={"id"})) for s in checked.searches),
        feeds=tuple(checked.feeds),
    )


def _claim(claim: _Claim) -> Claim:
    where = claim.evidence or _Where()
    return Claim(
        slug=claim.id,
        text=claim.text,
        speaker=claim.speaker,
        expect=tuple(Expectation(value=e.quantity, high=e.to, of=e.of, condition=e.condition) for e in claim.expect),
        caveats=tuple(claim.caveats),
        document=claim.document or where.doc,
        exact=claim.exact or where.exact,
    )


def _source(source: _Source) -> Source:
    return Source(
        slug=source.id,
        name=source.name,
        domains=tuple(source.domains),
        kind=source.kind,
        country=source.country,
        language=source.language,
        feeds=tuple(source.feeds),
        sitemaps=tuple(source.sitemaps),
        pages=tuple(source.pages),
        browser=source.browser,
    )
