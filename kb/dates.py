"""Dates as pages write them -> a moment in UTC and how exact it is. Pure: what `now` is comes in as an argument."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime

import attrs

from kb.records import Precision

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Nothing on the web is older; an earlier date is a default value."""
AHEAD = timedelta(days=2)
"""How far after the capture a date may lie: time zones and clocks that are set to tomorrow."""
_SAME = timedelta(minutes=1)
_WEST, _EAST = 11, 14
"""The zones that lie furthest from UTC, in hours."""
_MAX_CHARS = 80

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero gennaio januari janeiro stycznia",
            "feb february februar février febrero febbraio februari fevereiro lutego",
            "mar march märz mars marzo maart março marts marca",
            "apr april avril abril aprile kwietnia",
            "may mai mayo maggio mei maj maio maja",
            "jun june juni juin junio giugno junho czerwca",
            "jul july juli juillet julio luglio julho lipca",
            "aug august août agosto augustus augusti sierpnia",
            "sep sept september septembre septiembre settembre setembro września",
            "oct okt october oktober octobre octubre ottobre outubro października",
            "nov november novembre noviembre novembro listopada",
            "dec dez december dezember décembre diciembre dicembre dezembro grudnia",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_NAMED = "|".join(sorted(_MONTHS, key=len, reverse=True))

_ISO = re.compile(
    r"(?P<y>\d{4})-?(?P<m>\d{2})-?(?P<d>\d{2})"
    r"(?:[T\s]\s?(?P<h>\d{1,2}):?(?P<min>\d{2})(?::?(?P<s>\d{2})(?:[.,]\d{1,9})?)?\s?(?P<zone>Z|UTC|GMT|"
    r"[A-Z]{2,4}|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?",
    re.I,
)
_SLASHED = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})")
_CJK = re.compile(r"(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日")
_MONTH_FIRST = re.compile(
    rf"(?:(?<![^\W_])|(?<=(?-i:[a-z]))(?=(?-i:[A-Z])))({_NAMED})\.?\s(\d{{1,2}})(?:st|nd|rd|th)?,?\s(\d{{4}})(?!\d)",
    re.I,
)
"""A month may stand right behind a name: `By Jane RoeMarch 4, 2026`, where only a style parts the two."""
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th|º|er|\.)?\s(?:de\s)?({_NAMED})\.?,?\s(?:de\s)?(\d{{4}})(?!\d)", re.I
)
_MONTH_ALONE = re.compile(rf"({_NAMED})\.?,?\s(\d{{4}})|(\d{{4}})-(\d{{2}})", re.I)
_NUMBERS = re.compile(r"\b(\d{1,2})([./])\s?(\d{1,2})[./]\s?(\d{4})\b")
_WRITTEN = ((_MONTH_FIRST, 3, 1, 2), (_DAY_FIRST, 3, 2, 1), (_SLASHED, 1, 2, 3), (_CJK, 1, 2, 3))
"""Patterns with the groups of year, month and day."""
_CLOCK = re.compile(
    r"\b(\d{1,2})[:.](\d{2})(?::(\d{2}))?\s?([ap])?\.?(?:m\b)?\.?\s?\(?([A-Z]{2,4}\b|[+-]\d{2}:?\d{2})?", re.I
)
_MAIL = re.compile(
    r"(?:[a-z]{3}, )?\d{1,2} [a-z]{3} \d{4} \d{1,2}:\d{2}(?P<s>:\d{2})?(?: [+-]\d{4}| [a-z]{1,4})?", re.I
)
_BLANKS = re.compile(r"\s+")

_TIMED = frozenset({"second", "minute"})
_ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "est": -5, "edt": -4, "et": -5, "cst": -6, "cdt": -5, "ct": -6, "mst": -7, "mdt": -6,
    "mt": -7, "pst": -8, "pdt": -7, "pt": -8, "bst": 1, "cet": 1, "cest": 2, "ist": 5.5, "jst": 9, "aest": 10,
    "aedt": 11,
}  # fmt: skip
"""Hours from UTC. `ET` and its like are read as winter time: an hour's error at most."""


@attrs.frozen(kw_only=True)
class Moment:
    """A date that was understood."""

    at: datetime
    """Aware UTC; midnight where only the day is known."""
    precision: Precision
    raw: str
    day: date
    """The calendar day in the zone it was written or is shown in; near midnight another than in UTC."""


def read_date(raw: str | None) -> Moment | None:
    """The moment that a machine or a person wrote, or None. Without a zone, UTC is taken.

    A named month, or a number that can only be the day, is understood; 04/05/2024 is not: nobody can tell.
    With points the day comes first, as where points are used. A month alone is one only where nothing else stands.

    >>> read_date("2026-04-01T09:30:00+02:00").at.isoformat()
    '2026-04-01T07:30:00+00:00'
    >>> read_date("April 1, 2026").precision
    'day'
    """
    if not raw or not raw.strip():
        return None
    text = _BLANKS.sub(" ", raw.strip())[:_MAX_CHARS]
    try:
        return _iso(text) or _epoch(text) or _mail(text) or _prose(text) or _month_alone(text)
    except (ValueError, OverflowError, TypeError):
        return None


def first_sane(raws: Iterable[str | None], fetched_at: datetime | None) -> Moment | None:
    """The first that is understood and plausible.

    Where a later one of the same day knows the time of day and the first does not, the later one is taken; so is one
    that knows the day of a first that knows only the month.
    """
    found = [moment for raw in raws if (moment := read_date(raw)) and is_sane(moment.at, fetched_at)]
    if not found:
        return None
    first = found[0]
    if first.precision == "month":
        finer = (other for other in found if other.precision != "month" and _month_of(other) == _month_of(first))
        first = next(finer, first)
    if first.precision != "day":
        return first
    timed = (other for other in found if other.precision in _TIMED and abs(other.at - first.at) < timedelta(days=1))
    return next(timed, first)


def in_shown_zone(stated: Moment, shown: Iterable[Moment]) -> Moment:
    """A stated moment with the calendar day on which the page shows it.

    Markup is often written in UTC; the outlet's readers see its own zone. The same instant under another day tells
    that zone. A day alone does where the markup is in UTC and a zone exists in which it was that day; midnight sharp
    is a day that was written as a moment.
    """
    for other in shown:
        apart = (other.day - stated.day).days
        if abs(apart) != 1 or stated.precision not in _TIMED:
            continue
        instant = other.precision in _TIMED and abs(other.at - stated.at) < _SAME
        hour = stated.at.hour
        possible = hour < _WEST if apart < 0 else hour >= 24 - _EAST
        in_utc = stated.at.date() == stated.day and stated.at.time() != time()
        if instant or (other.precision == "day" and possible and in_utc):
            return attrs.evolve(stated, day=other.day)
    return stated


def is_sane(at: datetime, fetched_at: datetime | None) -> bool:
    """Neither before the web nor, where the time of capture is known, in its future."""
    return at >= EARLIEST and (fetched_at is None or at <= fetched_at + AHEAD)


def _iso(text: str) -> Moment | None:
    match = _ISO.match(text)
    if not match or (len(text) > match.end() and text[match.end()].isdigit()):
        return None
    if not match["h"]:
        return _moment((int(match["y"]), int(match["m"]), int(match["d"])), None, text)
    clock = (int(match["h"]), int(match["min"]), int(match["s"]) if match["s"] else None)
    return _moment((int(match["y"]), int(match["m"]), int(match["d"])), (clock, match["zone"]), text)


def _epoch(text: str) -> Moment | None:
    """Seconds (10 digits) or milliseconds (13) since 1970."""
    if not (text.isascii() and text.isdigit() and len(text) in {10, 13}):
        return None
    seconds = int(text) / (1000 if len(text) == 13 else 1)
    at = datetime.fromtimestamp(int(seconds), UTC)
    return Moment(at=at, precision="second", raw=text, day=at.date())


def _mail(text: str) -> Moment | None:
    """RFC 2822, as feeds write it."""
    match = _MAIL.fullmatch(text)
    if not match:
        return None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    exact: Precision = "second" if match["s"] else "minute"
    return Moment(at=at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC), precision=exact, raw=text, day=at.date())


def _prose(text: str) -> Moment | None:
    day, end = _named_day(text)
    if day is None:
        return None
    match = _CLOCK.search(text, end) or _CLOCK.search(text[:end] if end > 16 else "")
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        return _moment(day, None, text)
    hour = int(match[1]) % 12 + 12 * (match[4].lower() == "p") if match[4] else int(match[1])
    return _moment(day, ((hour, int(match[2]), int(match[3]) if match[3] else None), match[5]), text)


def _month_alone(text: str) -> Moment | None:
    """`November 2015` or `2015-11`, as a whole."""
    match = _MONTH_ALONE.fullmatch(text)
    month = _month(match[1] or match[4]) if match else None
    if match is None or month is None:
        return None
    first = date(int(match[2] or match[3]), month, 1)
    return Moment(at=datetime(first.year, first.month, 1, tzinfo=UTC), precision="month", raw=text, day=first)


def _month_of(moment: Moment) -> tuple[int, int]:
    return moment.day.year, moment.day.month


def _named_day(text: str) -> tuple[tuple[int, int, int] | None, int]:
    """Year, month, day, and where in the text they end."""
    for pattern, year, month, day in _WRITTEN:
        match = pattern.search(text)
        number = _month(match[month]) if match else None
        if match and number:
            return (int(match[year]), number, int(match[day])), match.end()
    if match := _NUMBERS.search(text):
        first, second, year_number = int(match[1]), int(match[3]), int(match[4])
        if second > 12:
            return (year_number, first, second), match.end()
        if first > 12 or match[2] == ".":
            return (year_number, second, first), match.end()
    return None, 0


def _month(name: str) -> int | None:
    return int(name) if name.isdigit() else _MONTHS.get(name.lower())


def _moment(
    day: tuple[int, int, int], clock: tuple[tuple[int, int, int | None], str | None] | None, raw: str
) -> Moment | None:
    if clock is None:
        return Moment(at=datetime(*day, tzinfo=UTC), precision="day", raw=raw, day=date(*day))
    (hour, minute, second), zone = clock
    local = datetime(*day, hour, minute, second or 0, tzinfo=_zone(zone))
    exact: Precision = "minute" if second is None else "second"
    return Moment(at=local.astimezone(UTC), precision=exact, raw=raw, day=local.date())


def _zone(name: str | None) -> timezone:
    if not name:
        return UTC
    if name[0] in "+-":
        digits = name[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
        return timezone(-offset if name[0] == "-" else offset)
    return timezone(timedelta(hours=_ZONES.get(name.lower(), 0)))
