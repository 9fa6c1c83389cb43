"""Schedules: aliases, cron lines as cron reads them, lines that are none."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from kb.timetable import Timetable

FRIDAY = datetime(2026, 3, 13, 12, tzinfo=UTC)


def runs(line: str, count: int = 3, since: datetime = FRIDAY) -> list[str]:
    return [f"{at:%a %d %H:%M}" for at in islice(Timetable(line, UTC).upcoming(since), count)]


def test_daily_is_once_a_day():
    assert runs("daily", 2) == ["Sat 14 06:17", "Sun 15 06:17"]


@pytest.mark.parametrize(("alias", "pace"), [("hourly", 1), ("daily", 24), ("weekly", 168)])
def test_pace_of_the_aliases(alias, pace):
    assert Timetable(alias, UTC).pace(FRIDAY) == timedelta(hours=pace)


@pytest.mark.parametrize("sunday", ["0", "7", "sun", "SUN"])
def test_weekday_zero_and_seven_are_sunday_as_cron_has_it(sunday):
    assert runs(f"30 4 * * {sunday}", 1) == ["Sun 15 04:30"]


def test_weekdays_as_a_range():
    assert runs("0 6 * * 1-5") == ["Mon 16 06:00", "Tue 17 06:00", "Wed 18 06:00"]


def test_range_up_to_seven_ends_on_sunday():
    assert runs("0 6 * * 6-7", 3) == ["Sat 14 06:00", "Sun 15 06:00", "Sat 21 06:00"]


def test_day_and_weekday_together_mean_either():
    assert runs("0 0 20 * 1", 3) == ["Mon 16 00:00", "Fri 20 00:00", "Mon 23 00:00"]


def test_steps():
    assert runs("*/20 12 * * *") == ["Fri 13 12:20", "Fri 13 12:40", "Sat 14 12:00"]


def test_next_run_is_after_the_moment_and_never_at_it():
    at = Timetable("0 13 * * *", UTC).after(FRIDAY)
    assert Timetable("0 13 * * *", UTC).after(at) == at + timedelta(days=1)


def test_local_time_is_kept_when_the_clocks_change():
    berlin = Timetable("0 6 * * *", ZoneInfo("Europe/Berlin"))
    before, after = islice(berlin.upcoming(datetime(2026, 3, 28, tzinfo=UTC)), 2)
    assert (before.hour, after.hour) == (5, 4)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("fortnightly", "expected hourly, daily, weekly or a cron line of five fields"),
        ("61 * * * *", "61"),
        ("0 0 * * 9", "'9' is no weekday"),
        ("0 0 * * funday", "'funday' is no weekday"),
        ("a b c d e", "minute hour day month weekday"),
        ("0 0 31 2 *", "never comes"),
    ],
)
def test_line_that_is_none_is_told(line, told):
    with pytest.raises(ValueError, match=told):
        Timetable(line)
