"""The commands that show what is known: `report` as a file, `serve` in a browser."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.errors import UserError
from queries.options import Options, ReportFormat, require_place

if TYPE_CHECKING:
    from kb.workspace import Workspace
    from queries.report import Shown


def report(
    ctx: typer.Context,
    subject: Annotated[
        str | None, typer.Argument(metavar="QUOTE|CLAIM", help="Id of a quote or claim; all when left out.")
    ] = None,
    outlet: Annotated[str | None, typer.Option(help="Only this outlet, by its id.")] = None,
    article: Annotated[str | None, typer.Option(metavar="URL", help="Only this article, by its address.")] = None,
    correct: Annotated[
        str | None,
        typer.Option("--correction", metavar="OUTLET", help="A letter that asks an outlet for corrections; not sent."),
    ] = None,
    form: Annotated[ReportFormat, typer.Option("--format", help="What to write.")] = ReportFormat.HTML,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; `-` or none for standard output.")
    ] = None,
) -> None:
    """Write the provenance report: one self-contained file, on all or on one quote, claim, outlet or article.

    With `-o`, a large one in HTML is several: a first file with the head of each long list, and a folder beside it with
    all of them.

    Example: retold report song-surprised --format md -o song.md
    """
    from queries import asking
    from queries.sheets import folder_of

    options: Options = ctx.obj
    if sum(given is not None for given in (subject, outlet, article, correct)) > 1:
        raise UserError("a report is on one thing: a quote or claim, --outlet, --article or --correction")
    with options.workspace() as workspace:
        shown = _shown(workspace, subject, outlet, article, correct)
        chosen = "json" if options.json else form.value
        if output is None or str(output) == "-":
            typer.echo(asking.render(shown, chosen))
        else:
            require_place(output)
            sheets = asking.write(shown, chosen, output)
            beside = f" and {sheets} sheets in {output.with_name(folder_of(output.name))}" if sheets else ""
            options.console().print(f"wrote {output}{beside}", soft_wrap=True)


def _shown(
    workspace: "Workspace", subject: str | None, outlet: str | None, article: str | None, correct: str | None
) -> "Shown":
    from queries import asking

    if outlet is not None:
        return asking.outlet_view(workspace, outlet)
    if article is not None:
        return asking.article_view(workspace, article)
    if correct is not None:
        return asking.correction_view(workspace, correct)
    return asking.report_view(workspace, subject)


def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen at; any but loopback needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8765,
    token: Annotated[
        str | None, typer.Option(help="What others need to come in.", show_default="a new one, printed once")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="A further name that browsers reach it under; may be given several times.")
    ] = None,
    limit: Annotated[
        str | None,
        typer.Option(
            metavar="N/minute",
            help="Requests of one client; `none` for no limit.",
            show_default="600/minute with a token, none without",
        ),
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="Others reach it over https, through a proxy: cookies go that way alone.")
    ] = False,
) -> None:
    """Show the study in a browser: search, quotes, articles, outlets, review and crawl history, until Ctrl-C.

    Example: retold serve --port 8080
    """
    from queries import web

    options: Options = ctx.obj
    entrance = web.door(host, port, token, tuple(name or ()), tls=tls, limit=limit)
    console = options.console()
    with options.workspace() as workspace:
        web.serve(workspace, entrance, told=typer.echo)
    console.print("stopped")


COMMANDS = (report, serve)
