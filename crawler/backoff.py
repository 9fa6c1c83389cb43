"""Sources that do not answer: each is left alone for longer and longer, until it answers again."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import attrs

from crawler.plan import CrawlPlan, Seed
from crawler.runner import CrawlSummary
from kb.records import Visit
from kb.state import read_state, write_state

LONGEST = timedelta(days=7)
"""No source is left for longer: a site that was rebuilt is found again within the week."""

_WAYS_IN = ("feed", "sitemap", "page")


@attrs.frozen(kw_only=True)
class Silence:
    """A source none of whose ways in answered."""

    source: str
    """Its slug."""
    since: datetime
    runs: int
    """In how many runs, one after the other."""
    until: datetime
    """When it is asked again."""
    reason: str
    """What its first way in came to at last."""


Silences = Mapping[str, Silence]
"""By source."""


def resting(silences: Silences, now: datetime) -> dict[str, Silence]:
    """Those that are not to be asked yet. One that would rest for longer than any does was put down while the clock was
    wrong, and is asked.
    """
    return {slug: silence for slug, silence in silences.items() if now < silence.until <= now + LONGEST}


def skipped(seeds: tuple[Seed, ...], resting: Silences, now: datetime) -> Iterator[Visit]:
    """What is put on record instead of asking."""
    for seed in seeds:
        silence = resting.get(seed.source or "")
        if silence:
            yield Visit(
                url=seed.url,
                at=now,
                action="refused",
                reason=f"left out: no answer in earlier runs ({silence.reason})",
                status=None,
                found_in=None,
                source=seed.source,
            )


def learned(
    before: Silences, plan: CrawlPlan, summary: CrawlSummary, started: datetime, pace: timedelta
) -> dict[str, Silence]:
    """What is silent after a crawl. `pace`: from one run to the next.

    The first silence costs no run, the second one, then three, seven, and so on within `LONGEST`. A crawl that ended
    early teaches nothing; nor does one in which of several sources none answered: then it is the network here.
    """
    asked: dict[str, list[str]] = {}
    for seed in plan.seeds:
        if seed.source and seed.kind in _WAYS_IN:
            asked.setdefault(seed.source, []).append(seed.url)
    failed = {error.url: error.reason for error in summary.errors}
    silent = {slug: failed[urls[0]] for slug, urls in asked.items() if all(url in failed for url in urls)}
    if summary.stopped or (len(asked) > 1 and len(silent) == len(asked)):
        return dict(before)
    named = {slug for slug, _, _ in plan.domains}
    kept = {slug: silence for slug, silence in before.items() if slug in named and slug not in asked}
    return kept | {slug: _silence(slug, reason, before.get(slug), started, pace) for slug, reason in silent.items()}


def _silence(slug: str, reason: str, before: Silence | None, started: datetime, pace: timedelta) -> Silence:
    runs = before.runs + 1 if before else 1
    # Half a step less than whole ones: runs do not start at the very second.
    rest = min(LONGEST, pace * (2 ** min(runs - 1, 20) - 0.5))
    since = before.since if before else started
    return Silence(source=slug, since=since, runs=runs, until=started + rest, reason=reason[:200])


class SilenceFile:
    """`silent.json` in the data folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Silence]:
        """Empty where it is missing or cannot be read: then every source is asked."""
        return {silence.source: silence for silence in read_state(self._path, list[Silence]) or ()}

    def write(self, silences: Silences) -> None:
        write_state(self._path, list(silences.values()))
