"""The loop: when a run is due, what is caught up, who may run, what ends it. Its clock is an argument."""

import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import tzlocal
from newsdesk import CLAIMS, settings

from kb.errors import BusyError, CrawlError, StudyError, UserError
from kb.exclusive import alone
from kb.timetable import Timetable
from queries.watch import TRIES, LastRun, LastRunFile, Stop, Watch, due_at

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERY_HOUR = "schedule: 0 * * * *\n"


@pytest.fixture(autouse=True)
def greenwich(monkeypatch):
    """Schedules mean the machine's own time."""
    monkeypatch.setenv("TZ", "UTC")
    tzlocal.reload_localzone()
    yield
    monkeypatch.undo()
    tzlocal.reload_localzone()


def last(started: datetime, *, ended: bool = True, tries: int = 1) -> LastRun:
    return LastRun(started=started, ended=started if ended else None, tries=tries, result="")


def due(run: LastRun | None, now: datetime = NOON + HOUR / 2) -> datetime:
    return due_at(run, Timetable("0 * * * *", UTC), now)


# --- When a run is due ---


def test_first_run_is_due_at_once():
    assert due(None) == NOON + HOUR / 2


def test_next_run_is_the_first_one_after_the_start_of_the_last():
    assert due(last(NOON)) == NOON + HOUR


def test_run_that_was_missed_is_due():
    assert due(last(NOON - 30 * HOUR)) <= NOON


def test_run_that_was_killed_is_due_at_once():
    assert due(last(NOON, ended=False)) == NOON + HOUR / 2


def test_run_that_is_killed_every_time_waits_for_the_next_regular_one():
    assert due(last(NOON, ended=False, tries=TRIES)) == NOON + HOUR


def test_run_from_the_future_counts_for_nothing():
    assert due(last(NOON + 1000 * HOUR)) == NOON + HOUR / 2


def test_file_gives_back_what_was_written(tmp_path):
    file = LastRunFile(tmp_path / "watch.json")
    file.write(last(NOON, ended=False, tries=2))
    assert file.read() == last(NOON, ended=False, tries=2)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"started": 1, "ended": null, "tries": 1, "result": ""}'])
def test_damaged_file_counts_as_no_run(tmp_path, content):
    (tmp_path / "watch.json").write_text(content)
    assert LastRunFile(tmp_path / "watch.json").read() is None


# --- The loop ---


class Days:
    """A watch whose time passes as it sleeps, until `until`; every run takes a minute."""

    def __init__(self, folder: Path, claims: str = CLAIMS + EVERY_HOUR, *, until: datetime = NOON + 3 * HOUR) -> None:
        self.now = NOON + timedelta(minutes=20)
        self.until = until
        self.runs: list[datetime] = []
        self.said: list[str] = []
        self.naps = 0
        self.stop = Stop()
        self.before: Callable[[], None] = lambda: None
        """Done at the start of each run."""
        self.asleep: Callable[[], None] = lambda: None
        """Done at each nap."""
        self.settings = settings(folder, claims)
        self.settings.data_dir.mkdir(exist_ok=True)
        self.file = LastRunFile(self.settings.data_dir / "watch.json")

    def perform(self, _: Timetable) -> None:
        self.runs.append(self.now)
        self.file.write(LastRun(started=self.now, ended=self.now, tries=1, result=""))
        self.now += timedelta(minutes=1)
        self.before()

    def sleep(self, seconds: float) -> None:
        self.naps += 1
        self.now += timedelta(minutes=1)  # a nap is a second at most; sixty of them are as good as one minute
        self.asleep()
        if self.now >= self.until:
            self.stop()

    def pass_by(self) -> list[str]:
        """The times of the runs."""
        watch = Watch(
            self.settings,
            stop=self.stop,
            perform=self.perform,
            say=self.said.append,
            clock=lambda: self.now,
            sleep=self.sleep,
        )
        with pytest.raises(KeyboardInterrupt):
            watch.forever()
        return [f"{run:%H:%M}" for run in self.runs]


def test_runs_at_once_and_then_on_schedule(tmp_path):
    assert Days(tmp_path).pass_by() == ["12:20", "13:00", "14:00"]


def test_what_was_missed_while_off_is_caught_up_once(tmp_path):
    days = Days(tmp_path)
    days.file.write(last(NOON - 50 * HOUR))
    assert days.pass_by() == ["12:20", "13:00", "14:00"]


def test_what_was_missed_while_asleep_is_caught_up_once(tmp_path):
    days = Days(tmp_path, until=NOON + 24 * HOUR)

    def lid_closed() -> None:
        if days.now == NOON + timedelta(minutes=30):
            days.now += 22 * HOUR

    days.asleep = lid_closed
    assert days.pass_by() == ["12:20", "10:30", "11:00"]


def test_nothing_is_run_again_after_a_restart(tmp_path):
    days = Days(tmp_path)
    days.file.write(last(NOON + timedelta(minutes=5)))
    assert days.pass_by() == ["13:00", "14:00"]


def test_next_runs_are_said_once_each_time(tmp_path):
    days = Days(tmp_path)
    days.pass_by()
    assert len(days.said) == 3
    assert all(words.startswith("next runs: ") and words.count(",") == 2 for words in days.said)


def test_run_that_failed_is_told_and_the_next_one_comes(tmp_path):
    days = Days(tmp_path)

    def fail() -> None:
        raise CrawlError("no disk")

    days.before = fail
    assert days.pass_by() == ["12:20", "13:00", "14:00"]
    assert "the run failed: no disk; the next one comes as planned" in days.said


def test_run_that_failed_before_it_noted_its_start_is_not_tried_without_end(tmp_path):
    days = Days(tmp_path)
    tried: list[datetime] = []

    def fail(_: Timetable) -> None:
        tried.append(days.now)
        raise UserError("the record store cannot be opened")

    days.perform = fail  # type: ignore[method-assign]
    days.pass_by()
    assert [f"{run:%H:%M}" for run in tried] == ["12:20", "13:00", "14:00"]


def test_schedule_that_was_changed_holds_from_then_on(tmp_path):
    days = Days(tmp_path)
    days.before = lambda: (tmp_path / "claims.yaml").write_text(CLAIMS + "schedule: 45 * * * *\n") and None
    assert days.pass_by() == ["12:20", "12:45", "13:45", "14:45"]


def test_study_that_was_broken_meanwhile_is_told_and_the_schedule_stays(tmp_path):
    days = Days(tmp_path)
    days.before = lambda: (tmp_path / "claims.yaml").write_text("study: {") and None
    assert days.pass_by() == ["12:20", "13:00", "14:00"]
    assert [words for words in days.said if words.endswith("the schedule stays as it was")]


def test_study_without_a_schedule_is_told_what_to_do(tmp_path):
    with pytest.raises(UserError, match="add a line such as `schedule: daily`, or use --once"):
        Days(tmp_path, CLAIMS).pass_by()


def test_study_that_cannot_be_read_is_told_at_the_start(tmp_path):
    with pytest.raises(StudyError):
        Days(tmp_path, CLAIMS + "schedule: sometimes\n").pass_by()


# --- One run at a time ---


def test_while_another_run_goes_on_the_watch_waits_and_says_so_once(tmp_path):
    days = Days(tmp_path, until=NOON + HOUR / 2)
    with alone(days.settings.data_dir):
        assert days.pass_by() == []
    assert [words for words in days.said if "another run is going on" in words] == days.said
    assert len(days.said) == 1


def test_run_that_another_process_did_meanwhile_is_not_done_again(tmp_path):
    days = Days(tmp_path, until=NOON + 2 * HOUR)
    with alone(days.settings.data_dir):
        days.asleep = lambda: days.file.write(last(days.now))
        days.pass_by()
    days.stop, days.asleep = Stop(), lambda: None
    days.until = days.now + timedelta(minutes=5)
    assert days.pass_by() == []


def _try(folder: Path, answers: "multiprocessing.SimpleQueue[str]") -> None:
    try:
        with alone(settings(folder).data_dir):
            answers.put("alone")
    except BusyError as error:
        answers.put(str(error))


def tried_elsewhere(folder: Path) -> str:
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    process = context.Process(target=_try, args=(folder, answers))
    process.start()
    process.join()
    return answers.get()


def test_two_processes_do_not_run_at_once(tmp_path):
    with alone(settings(tmp_path).data_dir):
        assert "another run is going on" in tried_elsewhere(tmp_path)
    assert tried_elsewhere(tmp_path) == "alone"


# --- Being stopped ---


def test_signal_while_nothing_is_in_flight_ends_at_once():
    stop = Stop()
    with pytest.raises(KeyboardInterrupt), stop.breakable():
        stop(15, None)


def test_signal_while_something_must_be_finished_waits_for_its_end():
    stop = Stop()
    stop(15, None)
    assert stop.wanted
    with pytest.raises(KeyboardInterrupt), stop.breakable():
        pytest.fail("nothing new is begun")


def test_second_signal_does_not_wait():
    stop = Stop()
    stop(2, None)
    with pytest.raises(KeyboardInterrupt):
        stop(2, None)
