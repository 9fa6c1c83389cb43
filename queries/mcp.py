"""`retold mcp`: the knowledge base as tools for a language model, over standard input and output. It only reads.

Nothing but the protocol goes to standard output: the library points it elsewhere while it serves. The tools are the
library calls of the command line; `queries.fenced` keeps what pages say apart from what retold says.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from typing import Annotated, Literal, ParamSpec, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from kb.errors import RetoldError
from kb.workspace import Workspace
from queries import asking, fenced
from queries.days import now
from queries.listing import NOTHING_YET
from queries.lookup import Desk, Question
from queries.picture import Picture, Sight
from queries.told import NOTICE, DraftResult, ReportResult, SearchResult, SubjectResult, TraceResult

Given = ParamSpec("Given")
Result = TypeVar("Result")

LONGEST_DRAFT = 200_000
"""Characters of a draft: forty thousand words."""
LONGEST_QUERY = 1_000

INSTRUCTIONS = f"""\
retold knows how one study was retold in the press: its quotes and claims, every article that has them, word for word,
with the address, the date and the digest of the captured page. Cite url, outlet and date with every statement, and
quote `exact` literally. Where `truth` is `unsettled`, name no winner. {NOTICE}"""

Limit = Annotated[int, Field(ge=1, le=200, description="How many articles and findings at most; totals are told.")]
Subject = Annotated[str, Field(min_length=1, max_length=200, description="Id in claims.yaml.")]
OneOrAll = Annotated[
    str | None,
    Field(max_length=200, description="Id of a quote or claim in claims.yaml; the whole study when left out."),
]
Day = Annotated[str | None, Field(max_length=40, description="A day, 2026-04-01, or a span back from now: 2w, 10d.")]


class Tools:
    """What the tools do, on one workspace; searches run side by side, the rest one after the other."""

    def __init__(self, workspace: Workspace, desk: Desk, sight: Sight) -> None:
        self._workspace = workspace
        self._desk = desk
        self._sight = sight
        self._turn = threading.Lock()
        self._written: tuple[tuple[int, str | None, str], str] = ((0, None, ""), "")

    def search(
        self,
        query: Annotated[
            str, Field(max_length=LONGEST_QUERY, description='Words; a phrase in "quotation marks" is exact.')
        ],
        k: Annotated[int, Field(ge=1, le=50, description="How many wordings.")] = 10,
        kind: Annotated[Literal["passage", "quote", "claim"] | None, Field(description="Only these.")] = None,
        speaker: Annotated[str | None, Field(description="Id or name: only what they said.")] = None,
        source: Annotated[str | None, Field(description="Id of an outlet, as citations give it.")] = None,
        since: Day = None,
        until: Day = None,
        language: Annotated[str | None, Field(description="Code of a language: en.")] = None,
        verdict: Annotated[
            Literal["verbatim", "trimmed", "altered", "merged"] | None,
            Field(description="Only quotes that stand so to a quote of claims.yaml."),
        ] = None,
        mode: Annotated[Literal["hybrid", "dense", "lexical"], Field(description="How to rank.")] = "hybrid",
    ) -> SearchResult:
        """Find what the press wrote, by meaning and by words: passages, quotes, claims, each with the places where it
        stands. Texts longer than 2,000 characters are cut; of one wording at most 5 places are given.
        """
        question = Question(
            query=query,
            k=k,
            mode=mode,
            kind=kind,
            speaker=speaker,
            source=source,
            since=since,
            until=until,
            language=language,
            verdict=verdict,
        )
        answer = self._desk.search(question, now())
        if answer.empty:
            raise ToolError(NOTHING_YET)
        return fenced.search_result(answer)

    def quote(self, quote: Subject, limit: Limit = 20) -> SubjectResult:
        """How each article prints one quote of the study: verdict, changed words, where it has them from; and the
        findings about it. By time of publication.
        """
        return self._about(quote, "quote", limit)

    def claim(self, claim: Subject, limit: Limit = 20) -> SubjectResult:
        """How each article tells one claim of the study: the passage, whether it supports or refutes the claim, where
        the article has it from; and the findings about it. By time of publication.
        """
        return self._about(claim, "claim", limit)

    def trace(self, subject: OneOrAll = None, limit: Limit = 50) -> TraceResult:
        """Who has it from whom: first appearance, the source chain with the reasons for every edge, and how many
        independent origins there are; of a quote, a claim or the whole study.
        """
        with self._picture() as picture:
            return fenced.trace_result(picture.reading.trace(subject), limit)

    def check_draft(
        self,
        text: Annotated[str, Field(max_length=LONGEST_DRAFT, description="The draft: plain text, Markdown or HTML.")],
        limit: Limit = 50,
    ) -> DraftResult:
        """Hold a draft against the study and its coverage: altered, cut and misattributed quotes, numbers that
        conflict, claims that say too much. Nothing of the draft is kept.
        """
        with self._picture() as picture:
            found = picture.reading.draft(self._workspace, "-", text.encode("utf-8", "replace"))
        return fenced.draft_result(found, limit)

    def report(
        self,
        subject: OneOrAll = None,
        format: Annotated[Literal["md", "json"], Field(description="What to write it in.")] = "md",  # noqa: A002
        offset: Annotated[int, Field(ge=0, description="Where to go on: next_offset of the part before.")] = 0,
        length: Annotated[int, Field(ge=1_000, le=100_000, description="Characters at most.")] = 20_000,
    ) -> ReportResult:
        """The whole report in Markdown or JSON, or that on one quote or claim, in parts of a given length."""
        with self._picture() as picture:
            wanted = (picture.number, subject, format)
            if self._written[0] != wanted:  # the parts of a report are asked for one after the other
                self._written = (wanted, asking.render(picture.report(subject), format))
            text = self._written[1]
        return fenced.report_result(format, text, offset, length)

    def _about(self, slug: str, kind: str, limit: int) -> SubjectResult:
        with self._picture() as picture:
            study = picture.study
            held = {"quote": [q.slug for q in study.quotes], "claim": [c.slug for c in study.claims]}
            if slug not in held[kind]:
                other = "claim" if kind == "quote" else "quote"
                hint = (
                    f"it is a {other}: use the tool `{other}`"
                    if slug in held[other]
                    else f"there are: {_listed(held[kind])}"
                )
                raise ToolError(f"no {kind} {slug!r} in claims.yaml; {hint}")
            return fenced.subject_result(picture.report(slug), limit)

    @contextmanager
    def _picture(self) -> Iterator[Picture]:
        """The study as it stands now, read again only when something changed; one call at a time works on it."""
        with self._turn:
            if not self._workspace.store.count_snapshots():
                raise ToolError(NOTHING_YET)
            yield self._sight.look()


def server(
    workspace: Workspace, desk: Desk, sight: Sight, level: Literal["INFO", "WARNING", "ERROR"] = "WARNING"
) -> MCPServer[None]:
    """The tools as a server, its log on standard error."""
    made: MCPServer[None] = MCPServer(
        "retold", version=version("retold"), instructions=INSTRUCTIONS, log_level=level, subscriptions=False
    )
    tools = Tools(workspace, desk, sight)
    reads = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    for work in (tools.search, tools.quote, tools.claim, tools.trace, tools.check_draft, tools.report):
        told = f"{' '.join((work.__doc__ or '').split())} {NOTICE}"
        made.add_tool(_told(work), description=told, annotations=reads, structured_output=True)
    return made


def serve(workspace: Workspace, level: Literal["INFO", "WARNING", "ERROR"]) -> None:
    """Answer on standard input and output until standard input ends."""
    with closing(Desk(workspace)) as desk, closing(Sight(workspace)) as sight:
        server(workspace, desk, sight, level).run("stdio")


def _told(work: Callable[Given, Result]) -> Callable[Given, Result]:
    """Errors that say what to do reach the caller; of any other the library tells no more than that there was one."""

    @functools.wraps(work)
    def safe(*given: Given.args, **named: Given.kwargs) -> Result:
        try:
            return work(*given, **named)
        except RetoldError as error:
            raise ToolError(str(error)) from error

    return safe


def _listed(slugs: list[str]) -> str:
    return ", ".join(slugs) or "none"
