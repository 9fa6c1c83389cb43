"""The commands in which people decide: `review` and `speakers`."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.errors import UserError
from queries.options import Options, print_json, print_lines

if TYPE_CHECKING:
    from kb.workspace import Workspace


class Action(StrEnum):
    LIST = "list"
    CONFIRM = "confirm"
    REJECT = "reject"
    UNSURE = "unsure"
    WITHDRAW = "withdraw"
    LOG = "log"
    SHEET = "sheet"
    ENTER = "enter"
    AGREE = "agree"


def review(
    ctx: typer.Context,
    action: Annotated[Action, typer.Argument(help="What to do; `list` shows what waits.")] = Action.LIST,
    subject: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FINDING | NAME NAME | SHEET [SHEET]",
            help="A finding's id, or two speakers' names; for `enter` a filled sheet, for `agree` those of two coders.",
        ),
    ] = None,
    note: Annotated[str, typer.Option("-m", "--note", help="Why; kept with the judgement.")] = "",
    user: Annotated[str | None, typer.Option(help="Who decides.", show_default="the account's name")] = None,
    everything: Annotated[bool, typer.Option("--all", help="List what is decided, too.")] = False,
) -> None:
    """Decide about findings and about names that may be one speaker's; every decision is kept and can be withdrawn.

    `sheet` prints the findings as CSV for people who judge them blind, `agree` says how far two coders agree (Cohen's
    kappa), and `enter` takes a filled sheet; of several about one finding, the last that was entered stands.

    Example: retold review reject 1f2e3d4c --note "the interview has it so"
    """
    options: Options = ctx.obj
    if action is Action.AGREE:
        _agree(options, subject or [])
        return
    with options.workspace() as workspace:
        if subject and action in (Action.LIST, Action.LOG, Action.SHEET):
            raise UserError(f"`review {action}` takes no argument, it shows everything: leave {subject[0]!r} out")
        if action is Action.LIST:
            _list(options, workspace, everything)
        elif action is Action.LOG:
            from queries import review as reviewing

            print_lines(reviewing.to_json(judgement) for judgement in workspace.reader.judgements())
        elif action is Action.SHEET:
            from queries import coding
            from queries import review as reviewing

            coding.write_sheet(reviewing.findings(workspace), sys.stdout)
        elif action is Action.ENTER:
            _enter(options, workspace, subject or [], user)
        else:
            _decide(options, workspace, action, subject or [], note, user)


def _enter(options: Options, workspace: "Workspace", sheets: list[str], user: str | None) -> None:
    from queries import coding
    from queries.days import now

    if len(sheets) != 1:
        raise UserError("name one filled sheet: retold review enter sheet.csv --user NAME")
    who = user or _account()
    made = coding.enter(workspace, coding.read_sheet(Path(sheets[0])), user=who, at=now())
    options.console().print(f"{len(made)} judgements of {who} entered", markup=False)


def _agree(options: Options, sheets: Sequence[str]) -> None:
    from queries import coding

    if len(sheets) != 2:
        raise UserError("name the sheets of two coders: retold review agree ann.csv ben.csv")
    one, other = (coding.read_sheet(Path(sheet)) for sheet in sheets)
    found = coding.agreement(one, other)
    if options.json:
        print_json(coding.agreement_json(found))
        return
    kappa = "not defined" if found.kappa is None else f"{found.kappa:.3f}"
    typer.echo(f"judged by both: {found.n}; the same verdict: {found.observed:.3f}; Cohen's kappa: {kappa}")
    for subject in found.differing:
        typer.echo(f"  differ on {subject}")


def _list(options: Options, workspace: "Workspace", everything: bool) -> None:
    from queries import printing
    from queries import review as reviewing

    cases = reviewing.cases(workspace)
    waiting = [case for case in cases if case.judgement is None or case.judgement.verdict == "unsure" or case.lost]
    shown = cases if everything else waiting
    if options.json:
        print_lines(reviewing.case_json(case) for case in shown)
    else:
        printing.cases(shown, sys.stdout)
    options.console().print(f"{len(waiting)} to decide, {len(cases) - len(waiting)} decided")


def _decide(
    options: Options, workspace: "Workspace", action: Action, given: list[str], note: str, user: str | None
) -> None:
    from queries import review as reviewing
    from queries.days import now

    subject = reviewing.subject_of(workspace, given, gone=action is Action.WITHDRAW)
    if action is Action.WITHDRAW:
        made = reviewing.withdraw(workspace, subject, at=now())
    else:
        verdict: reviewing.Verdict = (
            "confirmed" if action is Action.CONFIRM else "rejected" if action is Action.REJECT else "unsure"
        )
        made = reviewing.record(workspace, subject, verdict, note=note, user=user or _account(), at=now())
    if options.json:
        print_json(reviewing.to_json(made))
    else:
        told = "withdrawn" if made.withdrawn_at else made.verdict
        options.console().print(f"{told}: {subject}", soft_wrap=True, markup=False)


def _account() -> str:
    """The name of the account; UserError where there is none, as in a container without a passwd entry."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise UserError("this account has no name; say who decides: --user NAME") from error


def speakers(ctx: typer.Context) -> None:
    """List who speaks in the coverage, with every spelling of each name.

    Example: retold speakers --json
    """
    from queries import printing
    from queries import review as reviewing

    options: Options = ctx.obj
    with options.workspace() as workspace:
        found = reviewing.speakers(workspace)
        counts = workspace.reader.speaker_names()
    if options.json:
        print_lines(
            {
                "name": voice.name,
                "speaker": voice.slug,
                "spellings": {spelling: counts[spelling] for spelling in voice.spellings},
                "doubtful": list(voice.doubtful),
            }
            for voice in found
        )
    else:
        printing.speakers(found, counts, sys.stdout)
    options.console().print(f"{len(found)} speakers")


COMMANDS = (review, speakers)
