"""The command line: parse, call the library, print. Every import that costs waits until its command runs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from queries import answering, archiving, reviewing, revising, searching, serving, watching
from queries.options import (
    DAMAGED,
    INCOMPLETE,
    ExecutorName,
    Frame,
    Options,
    StageName,
    print_json,
    print_lines,
    require_place,
)

if TYPE_CHECKING:
    from crawler.runner import CrawlSummary
    from kb.pipeline import BuildSummary
    from kb.workspace import Workspace

app = typer.Typer(
    cls=Frame,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Track how a study is retold across the press: who said it first, who took it from whom, what changed.",
)

Subject = Annotated[
    str | None, typer.Argument(metavar="QUOTE|CLAIM", help="Id of a quote or claim; all when left out.")
]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="File to write; `-` or none for standard output.")]


def _version(wanted: bool) -> None:
    if wanted:
        from queries.plain import release

        typer.echo(release())
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    study: Annotated[Path | None, typer.Option(help="The study's file.", show_default="./claims.yaml")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where captures and records lie.", show_default="./.retold")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document (or JSON Lines) on standard output.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no counts.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    ctx.obj = Options(study=study, data_dir=data_dir, json=as_json, verbosity=int(verbose) - int(quiet))


@app.command()
def run(ctx: typer.Context, output: Output = None) -> None:
    """Crawl, build, check and report: the whole job, once.

    Example: retold run -o report.html
    """
    options: Options = ctx.obj
    if output:
        require_place(output)
    with options.working() as workspace:
        complete = _crawl(options, workspace).complete
        _finish(options, workspace, complete, output)


@app.command()
def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where to keep the demo's data and report.")] = Path("retold-demo"),
) -> None:
    """Run the whole job on the bundled newsroom, served on loopback.

    Example: retold demo
    """
    from crawler.newsroom import Newsroom
    from queries import job

    options: Options = ctx.obj
    newsroom = job.newsroom_folder()
    with Newsroom(newsroom) as room:
        settings = options.settings
        crawl = settings.crawl.model_copy(update={"proxy": room.proxy_url, "delay_s": 0.0})
        chosen = {"study": newsroom / "claims.yaml", "data_dir": options.data_dir or folder, "crawl": crawl}
        with options.working(settings.model_copy(update=chosen)) as workspace:
            complete = _crawl(options, workspace).complete
            _finish(options, workspace, complete, None)


@app.command()
def init(ctx: typer.Context, folder: Annotated[Path, typer.Argument(help="Where to write it.")] = Path()) -> None:
    """Write a commented claims.yaml to start from.

    Example: retold init my-study
    """
    from queries.starter import write_claims

    options: Options = ctx.obj
    written = write_claims(folder)
    if options.json:
        print_json({"wrote": str(written)})
    else:
        typer.echo(f"wrote {written}; name your study in it, then `retold run`")


@app.command()
def crawl(ctx: typer.Context) -> None:
    """Capture what the study's sources show now; derive nothing.

    Example: retold crawl
    """
    options: Options = ctx.obj
    with options.working() as workspace:
        summary = _crawl(options, workspace)
        if options.json:
            from queries import printing

            print_json(printing.crawled_json(summary))
        if not summary.complete:
            raise typer.Exit(INCOMPLETE)


@app.command()
def add(
    ctx: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="URL|FILE|DIR|-", help="What to capture; `-` reads standard input.")
    ],
) -> None:
    """Capture named pages: addresses, saved HTML, text, WARC, lists, CSV, OPML, JSON Lines.

    Example: retold add coverage.jsonl https://news.example/story saved/
    """
    from queries import job, printing

    options: Options = ctx.obj
    with options.working() as workspace:
        summary = job.add(workspace, names, sys.stdin.buffer)
        printing.imported(summary, options.console())
        if options.json:
            print_json(printing.imported_json(summary))
        if not summary.complete:
            raise typer.Exit(INCOMPLETE)


@app.command()
def build(
    ctx: typer.Context,
    rebuild: Annotated[
        list[StageName] | None, typer.Option(help="Start a stage over; may be given several times.")
    ] = None,
    executor: Annotated[ExecutorName | None, typer.Option(help="What runs the work.", show_default="local")] = None,
) -> None:
    """Derive everything that is pending: texts, quotes, numbers, vectors, alignments.

    Example: retold build --rebuild annotate
    """
    options: Options = ctx.obj
    with options.working(options.run_by(executor)) as workspace:
        summary = _build(options, workspace, rebuild or [])
        if options.json:
            from queries import printing

            print_json(printing.built_json(summary))
        if not summary.complete:
            raise typer.Exit(INCOMPLETE)


@app.command()
def extract(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="PATH|URL|-", help="A page, a text, or JSON Lines.")] = "-",
    form: Annotated[str, typer.Option("--input", help="`jsonl`: a document a line; `auto`: one document.")] = "auto",
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 for one a core.")] = 1,
) -> None:
    """Read documents and print their quotes; no knowledge base is touched.

    Example: retold extract article.html --json
    """
    from queries import job, printing

    options: Options = ctx.obj
    read = job.read_documents(path, form, options.settings, sys.stdin.buffer, workers)
    if options.json or form == "jsonl":
        print_lines(read)
        return
    for document in read:
        printing.document(document, sys.stdout)


@app.command()
def check(
    ctx: typer.Context,
    draft: Annotated[
        str | None, typer.Argument(help="A draft (text, Markdown, HTML, Word; `-`: standard input).")
    ] = None,
    fail_on: Annotated[str, typer.Option(help="Rules, by commas, or `any`: exit 1 when one of them is found.")] = "",
    form: Annotated[str, typer.Option("--format", help="`text`, `json`, `sarif` or `junit`.")] = "text",
) -> None:
    """Report altered, cut, misattributed and unsupported quotes and conflicting numbers.

    Example: retold check draft.md --fail-on any
    """
    from queries import asking, formats, printing

    options: Options = ctx.obj
    rules = asking.rules(fail_on)
    with options.workspace() as workspace:
        printing.captured(workspace, options.console())
        found = asking.check(workspace, draft, sys.stdin.buffer)
        status = asking.status(workspace)
        typer.echo(formats.formatted(workspace.study, found, "json" if options.json else form, status))
        if any(finding.rule in rules and status.get(finding.id) != "rejected" for finding in found):
            raise typer.Exit(1)


@app.command()
def trace(ctx: typer.Context, subject: Subject = None) -> None:
    """Show first appearance, source chain and independent origins of a quote, a claim or the study.

    Example: retold trace song-surprised
    """
    from queries import asking, printing

    options: Options = ctx.obj
    with options.workspace() as workspace:
        traced = asking.trace(workspace, subject)
        printing.captured(workspace, options.console())
        if options.json:
            from queries import fidelity

            print_json(fidelity.to_json(traced))
        else:
            printing.trace(traced, sys.stdout)


@app.command()
def verify(
    ctx: typer.Context,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Say, too, whether all that this signed checkpoint has seen still stands.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="PUB", help="The public key that must have signed it: a file, or the key.", show_default="your own"
        ),
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Derive everything once more and compare; takes as long as a build of all.")
    ] = False,
) -> None:
    """Re-read captures, logs, records and indexes; exit 3 when anything is not as it was captured, judged or derived.

    Example: retold verify --checkpoint night-naps.checkpoint --key desk.pub
    """
    from contextlib import ExitStack

    from queries import verifying, vouching

    options: Options = ctx.obj
    with ExitStack() as stack:
        workspace = options.workspace()
        stack.push(workspace)  # opened by what looks into it: a record store that cannot be is told with the rest
        found = verifying.verify(workspace)
        if deep:
            found = verifying.deeply(found, workspace)
        if checkpoint:
            found = verifying.held_against(found, workspace, checkpoint, key or str(vouching.own_public_key()))
    if options.json:
        print_json(verifying.verified_json(found))
    verifying.print_verified(found, options.console())
    if found.problems:
        raise typer.Exit(DAMAGED)


@app.command()
def doctor(
    ctx: typer.Context,
    fix: Annotated[
        bool, typer.Option("--fix", help="Make again what `retold verify` finds damaged and what is stale.")
    ] = False,
) -> None:
    """Say what is installed, what is held, what was dropped and why, and what is stale.

    Example: retold doctor --fix
    """
    from queries import printing, upkeep, verifying

    options: Options = ctx.obj
    left = False
    with options.working() if fix else options.workspace() as workspace:
        if fix:
            mended = verifying.mend(workspace)
            verifying.print_mended(mended, options.console())
            left = any(problem.kind not in verifying.MENDED for problem in mended)
        found = upkeep.state(workspace, fix=fix)
    if options.json:
        print_json(upkeep.state_json(found))
    else:
        upkeep.print_state(found, printing.Output(sys.stdout))
    if left:
        raise typer.Exit(DAMAGED)
    if not found.healthy:
        raise typer.Exit(INCOMPLETE)


for _command in (
    *searching.COMMANDS,
    *serving.COMMANDS,
    *answering.COMMANDS,
    *watching.COMMANDS,
    *reviewing.COMMANDS,
    *revising.COMMANDS,
    *archiving.COMMANDS,
):
    app.command()(_command)


def _crawl(options: Options, workspace: "Workspace") -> "CrawlSummary":
    """Crawl with a progress bar."""
    from queries import job, printing

    with printing.crawling(options.console()) as on_event:
        summary = job.crawl(workspace, on_event)
    printing.crawled(summary, options.console(), asks=job.names_ways_in(workspace))
    return summary


def _build(options: Options, workspace: "Workspace", rebuild: list[StageName]) -> "BuildSummary":
    from queries import job, printing

    with printing.progress(options.console()) as advance:
        summary = job.build(workspace, [stage.value for stage in rebuild], advance)
    printing.built(summary, options.console())
    return summary


def _finish(options: Options, workspace: "Workspace", complete: bool, output: Path | None) -> None:
    """Build, check and report after a crawl; exit 5 when something is missing."""
    from queries import asking, terminal

    built = _build(options, workspace, [])
    view = asking.report_view(workspace)
    target = output or workspace.settings.data_dir / "report.html"
    asking.write(view, "html", target)
    if options.json:
        typer.echo(asking.render(view, "json"))
    terminal.summary(view, options.console())
    options.console().print(f"\nreport: {target.resolve()}", soft_wrap=True)
    if not (complete and built.complete):
        raise typer.Exit(INCOMPLETE)
