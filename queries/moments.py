"""When an article appeared, as an interval: what lies inside a date's precision has no order."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Literal

import attrs

from kb.claims import Study
from kb.coverage import Retelling
from kb.records import Precision

Order = Literal["before", "after", "open"]

_LENGTH: Mapping[Precision, timedelta] = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "day": timedelta(days=1),
    "month": timedelta(days=31),
    "year": timedelta(days=366),
}


@attrs.frozen(kw_only=True)
class Appeared:
    """Half-open interval in which an article appeared."""

    start: datetime | None
    """None where nothing is known but the capture."""
    end: datetime
    """No later than this: the end of the stated day, or the capture."""

    def order(self, other: "Appeared") -> Order:
        """Whether this lies before or after the other, or the dates leave it open."""
        if other.start is not None and self.end <= other.start:
            return "before"
        if self.start is not None and other.end <= self.start:
            return "after"
        return "open"

    def chance_before(self, other: "Appeared", lies: float) -> float:
        """How probably this came before the other, any moment within an interval being as likely as the next.

        Where the dates decide it they are wrong with the probability `lies`.
        """
        order = self.order(other)
        if self.start is None or other.start is None or order != "open":
            return {"before": 1 - lies, "after": lies, "open": 0.5}[order]
        start, end = self.start.timestamp(), self.end.timestamp()
        low, high = other.start.timestamp(), other.end.timestamp()
        first, last = max(low, start), max(min(high, end), low, start)
        area = ((last - start) ** 2 - (first - start) ** 2) / (2 * (end - start)) + max(0.0, high - max(low, end))
        return min(1 - lies, max(lies, area / (high - low)))

    def lag_s(self, later: "Appeared") -> float | None:
        """Seconds from here to a later one, None where either date is unknown."""
        if self.start is None or later.start is None:
            return None
        return (later.start - self.start).total_seconds()


def appeared(retelling: Retelling, study: Study) -> Appeared:
    """The date that the study states for its own documents, else the page's."""
    stated = {document.url: document.published_at for document in study.documents}
    day = stated.get(retelling.article.canonical_url) or stated.get(retelling.snapshot.requested_url)
    if day is not None:
        start = datetime.combine(day, time(), UTC)
        return Appeared(start=start, end=start + _LENGTH["day"])
    published, precision = retelling.extraction.published_at, retelling.extraction.published_precision
    if published is None or precision == "unknown":
        return Appeared(start=None, end=retelling.snapshot.fetched_at)
    return Appeared(start=published, end=published + _LENGTH[precision])
