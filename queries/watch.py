"""Runs on a schedule: when the next is due, one run, and the loop that waits between them.

What a run needs to know of the last one lies in `watch.json` in the data folder, so that a kill, a restart or a sleep
of the machine changes nothing: what was missed is caught up once, what was interrupted is taken up again.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from kb import study as studies
from kb.claims import Study
from kb.errors import BusyError, RetoldError, UserError
from kb.exclusive import alone
from kb.settings import Settings
from kb.state import read_state, replace_text, write_state
from kb.tellings import Alert
from kb.timetable import Timetable
from kb.workspace import Workspace
from queries import alerts, asking, feed, job, lookup, occasions, printing, upkeep
from queries.alerts import Sent
from queries.days import now as wall_clock

if TYPE_CHECKING:
    from rich.console import Console

    from crawler.backoff import Silence
    from crawler.runner import CrawlSummary
    from kb.pipeline import BuildSummary
    from queries.views import ReportView

TRIES = 3
"""Runs that were killed are taken up again at once this often; then the next regular run is waited for, so that one
that kills the machine does not do so without end."""

NAP_S = 1.0
"""The clock is looked at this often: a machine that slept, or whose clock was set, is noticed within it."""

BUSY_S = 15.0
"""Between two looks at whether another run has ended."""

LEAST_PACE = timedelta(hours=1)
"""Runs that are started by hand one after the other do not make a silent source be asked every minute."""

NEXT = 3
"""Coming runs that are printed."""

# --- What is known of the last run ------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class LastRun:
    started: datetime
    ended: datetime | None
    """None while it runs, and after it was killed or stopped."""
    tries: int
    """Starts of it that came to no end."""
    result: str
    """How it went, in words."""


class LastRunFile:
    """`watch.json` in the data folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> LastRun | None:
        """None where there was no run yet, or where the file cannot be read: then one is due."""
        return read_state(self._path, LastRun)

    def write(self, run: LastRun) -> None:
        write_state(self._path, run)


def due_at(last: LastRun | None, timetable: Timetable, now: datetime) -> datetime:
    """When the next run is due: `now` or earlier means at once."""
    if last is None or last.started > now or (last.ended is None and last.tries < TRIES):
        return now  # a run from the future: the clock was wrong then
    return timetable.after(last.started)


# --- One run ----------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class RunReport:
    """How one run went."""

    started: datetime
    ended: datetime
    crawled: "CrawlSummary"
    built: "BuildSummary"
    silences: "tuple[Silence, ...]"
    alerts: tuple[Alert, ...]
    """What was new."""
    notifiers: tuple[Sent, ...]

    @property
    def complete(self) -> bool:
        return self.crawled.complete and self.built.complete and not any(sent.problem for sent in self.notifiers)


class Stop:
    """SIGINT and SIGTERM: what can be broken off is, what cannot is finished first. Set it as a signal's handler."""

    def __init__(self) -> None:
        self.wanted = False
        self._breakable = False

    def __call__(self, *_: object) -> None:
        again, self.wanted = self.wanted, True
        if self._breakable or again:
            raise KeyboardInterrupt

    @contextmanager
    def breakable(self) -> Iterator[None]:
        """Within it a signal ends the work at once: every unit of it is whole, and the next run goes on there."""
        self._breakable = True
        try:
            if self.wanted:
                raise KeyboardInterrupt
            yield
        finally:
            self._breakable = False


def run(workspace: Workspace, timetable: Timetable | None, console: "Console", stop: Stop) -> RunReport:
    """Crawl, build, check, tell. RetoldError where it could not; what was told before that is kept.

    Without a timetable somebody else starts the runs: how far they lie apart shows by the last one.
    """
    file = LastRunFile(workspace.settings.data_dir / "watch.json")
    started, last = wall_clock(), file.read()
    tries = last.tries + 1 if last and last.ended is None else 1
    begun = LastRun(started=started, ended=None, tries=tries, result="running")
    file.write(begun)
    try:
        with stop.breakable():
            pace = timetable.pace(started) if timetable else _since(last, started)
            crawled, silences = _crawl(workspace, console, pace)
            built = _build(workspace, console)
            view = asking.report_view(workspace)
        fresh, notifiers = _tell(workspace, view)
    except KeyboardInterrupt:
        file.write(attrs.evolve(begun, tries=0, result="stopped"))  # a wish, not a crash: it does not count as a try
        raise
    except (RetoldError, OSError) as error:
        file.write(attrs.evolve(begun, ended=wall_clock(), result=f"failed: {error}"))
        raise
    ended = wall_clock()
    report = RunReport(
        started=started,
        ended=ended,
        crawled=crawled,
        built=built,
        silences=silences,
        alerts=fresh,
        notifiers=notifiers,
    )
    file.write(attrs.evolve(begun, ended=ended, result="complete" if report.complete else "incomplete"))
    return report


def _crawl(workspace: Workspace, console: "Console", pace: timedelta) -> "tuple[CrawlSummary, tuple[Silence, ...]]":
    with printing.crawling(console) as on_event:
        crawled, silences = job.crawl_again(workspace, on_event, pace)
    printing.crawled(crawled, console, asks=job.names_ways_in(workspace))
    return crawled, silences


def _since(last: LastRun | None, started: datetime) -> timedelta:
    return max(started - last.started, LEAST_PACE) if last else LEAST_PACE


def _build(workspace: Workspace, console: "Console") -> "BuildSummary":
    with printing.progress(console) as advance:
        built = job.build(workspace, [], advance)
    printing.built(built, console)
    return built


def _tell(workspace: Workspace, view: "ReportView") -> tuple[tuple[Alert, ...], tuple[Sent, ...]]:
    """Enter what is new, then write the files, then send: whatever is killed, nothing is lost or told twice."""
    rejected = {finding for finding, verdict in asking.status(workspace).items() if verdict == "rejected"}
    known = workspace.reader.alerts()
    answers = [(search, lookup.answers(workspace, search, wall_clock())) for search in workspace.study.searches]
    told = alerts.told(known)
    fresh = occasions.fired(view, rejected=rejected, told=told, at=wall_clock(), answers=answers)
    alerts.enter(workspace, fresh, wall_clock())
    shown = [alert for alert in (*known, *fresh) if alert.key not in rejected]
    folder = workspace.settings.data_dir
    asking.write(view, "html", folder / "report.html")
    replace_text(folder / "alerts.atom", feed.atom(workspace.study, shown, upkeep.own_version()))
    return tuple(fresh), tuple(alerts.deliver(workspace, os.environ, wall_clock(), rejected=rejected))


# --- The loop ---------------------------------------------------------------------------------------------


class Watch:
    """Runs whenever one is due, until it is stopped. The study is read anew when its file changed."""

    def __init__(
        self,
        settings: Settings,
        *,
        stop: Stop,
        perform: Callable[[Timetable], None],
        say: Callable[[str], None],
        clock: Callable[[], datetime] = wall_clock,
        sleep: Callable[[float], Any] = time.sleep,
    ) -> None:
        """`perform` does one run; a RetoldError or OSError of it is told, and the next run comes all the same."""
        self._settings = settings
        self._stop = stop
        self._perform = perform
        self._say = say
        self._clock = clock
        self._sleep = sleep
        self._last = LastRunFile(settings.data_dir / "watch.json")
        self._said = ""
        self._failed_at: datetime | None = None
        """When the last run failed. It may not have come so far as to note its start."""
        self._changed = self._stamp()
        self._timetable = timetable_of(studies.load(settings.study), settings.study)

    def forever(self) -> None:
        """KeyboardInterrupt ends it."""
        while not self._stop.wanted:
            self._refresh()
            now = self._clock()
            due = due_at(self._last.read(), self._timetable, now)
            if self._failed_at:
                due = max(due, self._timetable.after(self._failed_at))
            if due <= now:
                self._attempt()
            else:
                self._once(coming(self._timetable, due, now))
                self._nap(min(NAP_S, (due - now).total_seconds()))

    def _attempt(self) -> None:
        try:
            with alone(self._settings.data_dir, self._settings.database_url):
                now = self._clock()
                if due_at(self._last.read(), self._timetable, now) <= now:  # else another process did it meanwhile
                    self._said, self._failed_at = "", None
                    self._perform(self._timetable)
        except BusyError as error:
            self._once(str(error))
            self._nap(BUSY_S)
        except (RetoldError, OSError) as error:
            self._failed_at = self._clock()
            self._say(f"the run failed: {error}; the next one comes as planned")

    def _refresh(self) -> None:
        stamp = self._stamp()
        if stamp == self._changed:
            return
        self._changed, self._failed_at = stamp, None  # what was wrong may be put right
        try:
            self._timetable = timetable_of(studies.load(self._settings.study), self._settings.study)
        except UserError as error:
            self._say(f"{error}; the schedule stays as it was")

    def _stamp(self) -> int:
        """Changes with the study's file; 0 while there is none."""
        try:
            return self._settings.study.stat().st_mtime_ns
        except OSError:
            return 0

    def _once(self, words: str) -> None:
        """Say it unless it was the last thing said."""
        if words != self._said:
            self._said = words
            self._say(words)

    def _nap(self, seconds: float) -> None:
        with self._stop.breakable():
            self._sleep(seconds)


def timetable_of(study: Study, path: Path) -> Timetable:
    """The study's schedule; UserError where it has none."""
    if study.schedule is None:
        raise UserError(f"{path} has no schedule: add a line such as `schedule: daily`, or use --once")
    return Timetable(study.schedule)


def coming(timetable: Timetable, due: datetime, now: datetime) -> str:
    """The next runs, in local time."""
    runs = [due, *islice(timetable.upcoming(due), NEXT - 1)]
    return "next runs: " + ", ".join(f"{run.astimezone():%a %Y-%m-%d %H:%M %Z}" for run in runs)
