"""The command that runs on a schedule: `watch`."""

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from queries.options import INCOMPLETE, Options, print_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from kb.timetable import Timetable
    from queries.watch import RunReport, Stop


def watch(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="One run now, whatever the schedule says, and no more.")] = False,
) -> None:
    """Run on the schedule of claims.yaml: crawl, build, check, and tell what is new. Ends at SIGINT or SIGTERM.

    Example: retold watch --once
    """
    from kb.exclusive import alone
    from kb.study import load
    from queries import alerts
    from queries.watch import Stop, Watch

    options: Options = ctx.obj
    settings, console, stop = options.settings, options.console(), Stop()
    study = load(settings.study)
    for problem in alerts.problems(study, os.environ):
        _warn(console, f"{problem}; nothing is sent there until that is settled")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if once:
        with alone(settings.data_dir, settings.database_url):
            complete = _perform(options, None, console, stop)
        if not complete:
            raise typer.Exit(INCOMPLETE)
        return

    def perform(timetable: "Timetable") -> None:
        _perform(options, timetable, console, stop)

    def say(words: str) -> None:
        console.print(words, soft_wrap=True, markup=False)

    with suppress(KeyboardInterrupt):
        Watch(settings, stop=stop, perform=perform, say=say).forever()
    say("stopped; the next start goes on from here")


def _perform(options: Options, timetable: "Timetable | None", console: "Console", stop: "Stop") -> bool:
    """One run, told; whether it was complete. The study and the settings are read anew for it."""
    from queries import watch as watching

    with options.workspace() as workspace:
        done = watching.run(workspace, timetable, console, stop)
    _print(done, console)
    if options.json:
        print_lines([_json(done)])
    return done.complete


def _print(done: "RunReport", console: "Console") -> None:
    from queries.plain import counted

    for alert in done.alerts:
        console.print(f"alert     {alert.title}", soft_wrap=True, markup=False)
    for silence in done.silences:
        asked = f"asked again from {silence.until.astimezone():%Y-%m-%d %H:%M %Z}"
        _warn(console, f"{silence.source}: no answer in {counted(silence.runs, 'run')} ({silence.reason}); {asked}")
    for sent in done.notifiers:
        if sent.sent:
            console.print(f"sent      {counted(sent.sent, 'alert')} to {sent.notifier}", markup=False)
        if sent.problem:
            told = f"{counted(sent.waiting, 'alert')} not sent ({sent.problem}); tried again in the next run"
            _warn(console, f"{sent.notifier}: {told}")
        if sent.unknown:
            _warn(console, f"{sent.notifier}: a run was killed while it sent {counted(sent.unknown, 'alert')}")
    console.print(f"run       {'complete' if done.complete else 'incomplete'}, {counted(len(done.alerts), 'alert')}")


def _warn(console: "Console", words: str) -> None:
    from queries.plain import one_line

    console.print(f"  {one_line(words)}", style="yellow", soft_wrap=True, markup=False)


def _json(done: "RunReport") -> "Mapping[str, object]":
    """One line for a run."""
    from kb.records import rfc3339
    from queries import printing

    return {
        "started": rfc3339(done.started),
        "ended": rfc3339(done.ended),
        "complete": done.complete,
        "crawl": printing.crawled_json(done.crawled),
        "build": printing.built_json(done.built),
        "alerts": [
            {"id": alert.id, "kind": alert.kind, "severity": alert.severity, "title": alert.title, "why": alert.why}
            for alert in done.alerts
        ],
        "silent": [
            {"source": s.source, "runs": s.runs, "until": rfc3339(s.until), "reason": s.reason} for s in done.silences
        ],
        "notifiers": [
            {
                "notifier": sent.notifier,
                "sent": sent.sent,
                "waiting": sent.waiting,
                "unknown": sent.unknown,
                "problem": sent.problem,
            }
            for sent in done.notifiers
        ],
    }


COMMANDS = (watch,)
