"""The commands that look things up: `search` and `quotes`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from queries.options import Kind, Options, QuoteVerdict, SearchMode, print_json, print_lines

if TYPE_CHECKING:
    from queries.lookup import Answer, Question


def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help='Words; a phrase in "quotation marks" is exact.')],
    speaker: Annotated[str | None, typer.Option(help="Id or name: only what they said.")] = None,
    source: Annotated[str | None, typer.Option(help="Id of a source.")] = None,
    since: Annotated[str | None, typer.Option(help="From this day on: 2026-04-01, or 2w for two weeks back.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this day.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only these.")] = None,
    language: Annotated[str | None, typer.Option(help="Only texts in this language: en.")] = None,
    verdict: Annotated[
        QuoteVerdict | None, typer.Option(help="Only quotes that stand so to a quote of claims.yaml.")
    ] = None,
    mode: Annotated[SearchMode, typer.Option(help="How to rank.")] = SearchMode.HYBRID,
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Let a cross-encoder (RETOLD_RERANK_MODEL) order the best anew.")
    ] = False,
    k: Annotated[int, typer.Option("-k", min=1, help="How many wordings.")] = 10,
) -> None:
    """Find passages, quotes and claims by meaning and by words.

    Example: retold search "models protect each other" --speaker song --since 2w
    """
    from queries import listing, lookup

    options: Options = ctx.obj
    question = lookup.Question(
        query=query,
        k=k,
        mode=mode.value,
        kind=kind,
        speaker=speaker,
        source=source,
        since=since,
        until=until,
        language=language,
        verdict=verdict,
        rerank=rerank,
    )
    answer = _answered(options, question)
    if options.json:
        print_json(answer.plain)
    else:
        listing.hits(answer, sys.stdout, sys.stderr if options.verbosity >= 0 else None)


def _answered(options: Options, question: "Question") -> "Answer":
    from queries import lookup
    from queries.days import now

    answer = lookup.at_once(options.data_dir, options.study, question, now())
    if answer is None:
        with options.workspace() as workspace:
            answer = lookup.search(workspace, question, now())
    return answer


def quotes(ctx: typer.Context) -> None:
    """Print every quote in the knowledge base as JSON Lines.

    Example: retold quotes | jq .text
    """
    from queries import asking

    options: Options = ctx.obj
    with options.workspace() as workspace:
        count = print_lines(asking.quotes(workspace))
        options.console().print(f"{count} quotes")


COMMANDS = (search, quotes)
