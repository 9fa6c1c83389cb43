"""Now, and the days that people type."""

import re
from datetime import UTC, datetime, timedelta

from kb.errors import UserError

_AGO = re.compile(r"(\d{1,4})([hdwmy])")
_UNITS = {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "m": timedelta(days=30),
    "y": timedelta(days=365),
}


def now() -> datetime:
    """The one place of the queries that reads the clock."""
    return datetime.now(UTC)


def moment(given: str | None, at: datetime) -> datetime | None:
    """`2026-04-01`, an RFC 3339 time, or so long ago, from the full minute: `36h`, `10d`, `2w`, `3m`, `1y`."""
    if given is None:
        return None
    try:
        if ago := _AGO.fullmatch(given):
            return at.replace(second=0, microsecond=0) - int(ago[1]) * _UNITS[ago[2]]
        read = datetime.fromisoformat(given)
    except (ValueError, OverflowError) as error:
        raise UserError(f"{given!r} is no day: write 2026-04-01, or 2w for two weeks back (h, d, w, m, y)") from error
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read
