"""The commands about what is kept: `captures`, `backfill`, `forget`, `export`, `copy` and `checkpoint`."""

import getpass
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.errors import UserError
from kb.folders import DATA, STUDY
from queries.options import (
    INCOMPLETE,
    ExecutorName,
    ExportFormat,
    Options,
    Table,
    print_json,
    print_lines,
    require_place,
)
from queries.plain import counted

if TYPE_CHECKING:
    from kb.settings import Settings


def captures(
    ctx: typer.Context,
    url: Annotated[str | None, typer.Argument(metavar="URL", help="Only this address's.")] = None,
) -> None:
    """List what is captured: every capture of every address, or of one.

    Example: retold captures https://news.example/story
    """
    from queries import forget as forgetting
    from queries import job

    options: Options = ctx.obj
    with options.workspace() as workspace:
        found = forgetting.captures(workspace, url, job.address_key)
    if options.json:
        print_lines(forgetting.capture_json(snapshot) for snapshot in found)
    else:
        for line in forgetting.lines(found):
            sys.stdout.write(f"{line}\n")
    options.console().print(counted(len(found), "capture"))


def backfill(
    ctx: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|URL|GLOB|DIR|LIST|-",
            help="WARC files, folders of them, or lists of their addresses, one a line.",
        ),
    ],
    base: Annotated[str | None, typer.Option(metavar="URL", help="What relative lines of a list lie below.")] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIR[=URL]",
            help="Look for the study of this folder in the same pass, its records at this address if they lie on a "
            "server; may be given several times.",
        ),
    ] = None,
    executor: Annotated[ExecutorName | None, typer.Option(help="What runs the work.", show_default="local")] = None,
) -> None:
    """Capture what news archives hold about the study: CC-NEWS, or any WARC files, here or in object storage.

    Example: retold backfill warc.paths.gz --base https://data.commoncrawl.org/
    """
    from queries import job, printing

    options: Options = ctx.obj
    with ExitStack() as stack:
        workspaces = [
            stack.enter_context(options.working(settings)) for settings in _beside(options.run_by(executor), also or [])
        ]
        console = options.console()
        with printing.progress(console) as shown:
            summary = job.backfill(workspaces, names, base, sys.stdin.buffer, partial(shown, "backfill"))
    printing.backfilled(summary, console)
    if options.json:
        print_json(printing.backfilled_json(summary))
    if not summary.complete:
        raise typer.Exit(INCOMPLETE)


def _beside(own: "Settings", also: list[str]) -> list["Settings"]:
    """The settings of this study and of those in other folders, whose data lie beside their claims.yaml and whose
    records there, too, or where the address behind the folder says.
    """
    named = [word.partition("=")[::2] if "=" in word and "://" in word else (word, "") for word in also]
    folders = [Path(folder) for folder, _ in named]
    if len({folder.resolve() for folder in (own.study.parent, *folders)}) <= len(folders):
        raise UserError("--also: name each study's folder once, and not the one that this study is in")
    if own.store_url and not all(url for _, url in named):
        raise UserError(
            "--also: RETOLD_STORE_URL is this study's record store alone; name the others' behind their folders: "
            "--also DIR=postgresql://…"
        )
    others = [
        own.model_copy(update={"study": folder / STUDY, "data_dir": folder / DATA, "store_url": url or None})
        for folder, (_, url) in zip(folders, named, strict=True)
    ]
    if len({each.database_url for each in (own, *others)}) <= len(others):
        raise UserError("--also: every study has a record store of its own (docs/growing.md)")
    return [own, *others]


def forget(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The address; every capture of it goes.")],
    reason: Annotated[str, typer.Option(help="Why; the tombstone keeps it.")] = "",
    by: Annotated[str | None, typer.Option(help="Who asked for it.", show_default="the account's name")] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Let the address be fetched again; what is gone stays so.")
    ] = False,
) -> None:
    """Take down an address: its bytes and all that was derived from them go, a tombstone stays.

    Example: retold forget https://news.example/story --reason "asked by the publisher"
    """
    from queries import forget as forgetting
    from queries import job
    from queries.days import now

    options: Options = ctx.obj
    who = by or getpass.getuser()
    with options.working() as workspace:
        if undo:
            allowed = forgetting.undo(workspace, url, job.address_key, reason=reason, by=who, at=now())
            if options.json:
                print_json({"allowed": list(allowed)})
            options.console().print(f"may be fetched again: {', '.join(allowed)}", soft_wrap=True, markup=False)
            return
        done = forgetting.forget(workspace, url, job.address_key, reason=reason, by=who, at=now())
    if options.json:
        print_json(forgetting.forgotten_json(done))
    for line in forgetting.told(done):
        options.console().print(line, soft_wrap=True, markup=False)


def export(
    ctx: typer.Context,
    form: Annotated[ExportFormat, typer.Option("--format", help="What to write.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; `-` or none for standard output.")
    ] = None,
    table: Annotated[Table, typer.Option(help="Of `csv` and `jsonl`: what a row is.")] = Table.QUOTES,
    author: Annotated[
        str | None, typer.Option(help="Of `claimreview`: who publishes the reviews.", show_default="who judged")
    ] = None,
    page: Annotated[
        str | None, typer.Option(metavar="URL", help="Of `claimreview`: the page that publishes them.")
    ] = None,
) -> None:
    """Write what is held for other tools; docs/exports.md tells what each format holds.

    Example: retold export --format csv --table findings -o findings.csv
    """
    from queries import export as exporting
    from queries import printing
    from queries.days import now

    options: Options = ctx.obj
    shown = output is None or str(output) == "-"
    if output is None and form is ExportFormat.WACZ:
        raise UserError("name the file to write: -o study.wacz")
    if output is not None and not shown:
        require_place(output)
    wanted = exporting.Wanted(at=now(), table=table, author=author, page=page)
    with options.workspace() as workspace:
        if output is None or shown:
            count = exporting.write(workspace, form, sys.stdout.buffer, wanted)
        else:
            count = exporting.export(workspace, form, output, wanted)
        printing.captured(workspace, options.console())
    if options.json and not shown:
        print_json({"format": form.value, "wrote": str(output), "count": count})
    told = counted(count, exporting.FORMATS[form][1])
    options.console().print(f"wrote {'' if shown else f'{output}: '}{told}", soft_wrap=True, markup=False)


def copy(
    ctx: typer.Context,
    to: Annotated[
        str,
        typer.Option(metavar="URL", help="An empty database (`postgresql://…`, `sqlite:///…`), or `local`."),
    ],
) -> None:
    """Copy the record store into another database, with every row compared; captures stay in the data folder.

    Example: retold copy --to postgresql://desk@db.example/studies
    """
    from queries import moving, printing

    options: Options = ctx.obj
    with options.working() as workspace, printing.progress(options.console()) as advance:
        copied = moving.copy_store(workspace, to, advance)
    if options.json:
        print_json(moving.copied_json(to, copied))
    else:
        moving.print_copied(to, copied, printing.Output(sys.stdout))


def checkpoint(
    ctx: typer.Context,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write.", show_default="STUDY-TIME.checkpoint")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The secret key.", show_default="~/.config/retold/checkpoint.key"),
    ] = None,
    new_key: Annotated[bool, typer.Option("--new-key", help="Make a pair of keys there, and nothing else.")] = False,
) -> None:
    """Write what the archive holds now into a small signed text: kept elsewhere, it shows later that nothing changed.

    Beside the file comes one with its signature, FILE.minisig, which `minisign -V` checks.

    Example: retold checkpoint -o night-naps.checkpoint
    """
    from kb import signatures
    from queries import vouching
    from queries.days import now

    options: Options = ctx.obj
    secret = key or vouching.own_key()
    if new_key:
        vouching.require_outside(secret, options.settings.data_dir)
        public = signatures.new_key(secret)
        if options.json:
            print_json({"key": str(secret), "public": public})
        options.console().print(f"key       {secret}, readable by you alone; keep a copy of it", soft_wrap=True)
        options.console().print(f"public    {signatures.public_of(secret)}: {public}", soft_wrap=True, markup=False)
        return
    with options.workspace() as workspace:
        made = vouching.vouch(workspace, secret, output, now(), lambda: getpass.getpass(f"Password of {secret}: "))
    if options.json:
        print_json(vouching.vouched_json(made))
    for line in vouching.told(made):
        options.console().print(line, soft_wrap=True, markup=False)


COMMANDS = (captures, backfill, forget, export, copy, checkpoint)
