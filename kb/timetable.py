"""A schedule of claims.yaml -> when the next runs are: an alias or a cron line, read as cron reads it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

# Not on the hour, where every other scheduler asks the same servers.
ALIASES = {"hourly": "17 * * * *", "daily": "17 6 * * *", "weekly": "17 6 * * mon"}
"""What the words stand for, in local time."""

_FIELDS = 5
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_RANGE = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?")


class Timetable:
    """The moments at which to run. ValueError, saying what was expected, for a line that is none."""

    def __init__(self, line: str, zone: tzinfo | None = None) -> None:
        """`zone`: whose clock the line means; the machine's when left out."""
        self.line = line
        self._trigger = _trigger(ALIASES.get(line, line), zone)
        if self._next(datetime(2000, 1, 1, tzinfo=UTC)) is None:
            raise ValueError("a cron line whose day never comes")

    def after(self, moment: datetime) -> datetime:
        """The first run after a moment, in UTC."""
        found = self._next(moment)
        assert found, "a line that comes once comes again"
        return found

    def upcoming(self, moment: datetime) -> Iterator[datetime]:
        """The runs after a moment, without end."""
        while True:
            moment = self.after(moment)
            yield moment

    def pace(self, moment: datetime) -> timedelta:
        """How long it is from the next run to the one after."""
        upcoming = self.upcoming(moment)
        first = next(upcoming)
        return next(upcoming) - first

    def _next(self, moment: datetime) -> datetime | None:
        found: datetime | None = self._trigger.get_next_fire_time(None, moment + timedelta(microseconds=1))
        return found.astimezone(UTC) if found else None


def _trigger(line: str, zone: tzinfo | None) -> Any:
    fields = line.lower().split()
    if len(fields) != _FIELDS:
        raise ValueError(f"expected {', '.join(ALIASES)} or a cron line of five fields")
    minute, hour, day, month, weekday = fields
    names = ("minute", "hour", "day", "month", "day_of_week")
    try:
        weekday = _weekdays(weekday)
        # To cron, two limited fields of days are one choice: the 13th or a Friday. To APScheduler they are two demands.
        either = day[0] != "*" and weekday != "*"
        choices = [(day, "*"), ("*", weekday)] if either else [(day, weekday)]
        triggers = [
            CronTrigger(**dict(zip(names, (minute, hour, d, month, w), strict=True)), timezone=zone) for d, w in choices
        ]
    except ValueError as error:
        told = "expected minute hour day month weekday, as in `0 6 * * 1-5`"
        raise ValueError(f"no cron line: {error}; {told}") from error
    return OrTrigger(triggers) if either else triggers[0]


def _weekdays(field: str) -> str:
    """The field by names: to cron 0 and 7 are Sunday, to APScheduler 0 is Monday.

    >>> _weekdays("0,5-7"), _weekdays("mon-fri"), _weekdays("*")
    ('sun,fri,sat', 'mon,tue,wed,thu,fri', '*')
    """
    if field == "*":
        return field
    days: set[int] = set()
    for part in field.split(","):
        found = _RANGE.fullmatch(part)
        if not found:
            raise ValueError(f"{part!r} is no weekday")
        first, last, step = found.groups()
        start = 0 if first == "*" else _weekday(first)
        end = _weekday(last) if last else 6 if first == "*" or step else start
        end += 7 if last and end < start else 0
        days |= {day % 7 for day in range(start, end + 1, int(step or 1) or 1)}
    return "*" if len(days) == len(_DAYS) else ",".join(_DAYS[day] for day in sorted(days))


def _weekday(word: str) -> int:
    if word in _DAYS:
        return _DAYS.index(word)
    if not word.isdecimal() or int(word) > 7:
        raise ValueError(f"{word!r} is no weekday")
    return int(word)
