"""Crawls that are killed at random moments, and what is left of the promise that nothing is lost or fetched twice.

    python -m bench kills [--kills KILLS] [--commands COMMANDS] [--pages PAGES] [--seed SEED]

The site of bench/site.py is crawled into one data folder by a process that gets SIGKILL again and again, anywhere
between its first instruction and its last. After each kill the archive is compared with the log, and what the log
and the visits hold is remembered: the site must never be asked for that again. Last, a crawl runs to its end, and
archive, log and rows are compared with what the site served. A page that had been sent, but was not yet on disk when
the kill came, is asked for once more: `asked_again` counts those, and `under_way` how many there can be a kill.
Pages that always fail are not counted.

Before that, the commands that change a data folder are killed `--commands` times: `bench.command_kills`.
"""

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import attrs

from bench import command_kills
from bench.crawl import CONCURRENCY, crawl_ours, settings_for, study_of
from bench.site import ARTICLE, HOSTS, MOVED, Site, articles, expected, is_whole, slow_paths
from crawler.addresses import canonical
from crawler.plan import plan, to_json
from kb.archive import Archive
from kb.records import Snapshot
from kb.settings import Settings
from kb.store import RecordStore

DELAY_MS = 150
"""Of each answer: slow enough that a kill finds a crawl under way."""
LIVE_S = 0.8
"""The longest time from a crawl's first request to the kill."""
EARLY = 0.1
"""Share of kills that come at any moment of the start instead."""


@attrs.define
class Check:
    """What is found wrong, and what is known, of crawls until one runs to its end."""

    problems: list[str] = attrs.field(factory=list)
    done: dict[str, int] = attrs.field(factory=dict)
    """By path: how often it had been asked for when it was first found on disk."""
    at_work: int = 0
    """Kills that found a crawl at work, after its first request."""
    asked: Counter[str] = attrs.field(factory=Counter)
    """How often each path had been asked for in the end."""

    def after_kill(self, site: Site, settings: Settings, since: datetime) -> None:
        archive = Archive(settings.archive_dir)
        self.problems += [f"{problem.where}: {problem.what}" for problem in archive.verify()]
        asked, _ = site.asked()
        for path in _settled(archive, settings, since):
            self.done.setdefault(path, asked[path])

    def again(self) -> list[str]:
        """Paths that were asked for after they had been on disk."""
        return [path for path, times in self.done.items() if self.asked[path] > times]


def run(kills: int = 50, commands: int = 230, pages: int = 0, seed: int = 1) -> dict[str, object]:
    """The figures of both; `problems` and what `faults` names must be empty."""
    return {"commands": dict(command_kills.run(commands, seed)), "crawls": crawls(kills, pages, seed)}


def crawls(kills: int = 50, pages: int = 0, seed: int = 1) -> dict[str, object]:
    """The figures of crawls alone; `pages` is 40 for each kill where none is given. Anything but 0 in the last block is
    a fault.

    One kill in five comes when all is known and asked for anew.
    """
    pages = pages or kills * 40
    rng, first, anew = random.Random(seed), Check(), Check()
    with tempfile.TemporaryDirectory() as name, Site(pages, DELAY_MS) as site:
        settings = settings_for(Path(name), site.url, retries=0)
        for check, times in ((first, kills - kills // 5), (anew, kills // 5)):
            started = datetime.now(UTC)
            for _ in range(times):
                early = rng.random() < EARLY
                check.at_work += _killed(site, settings, LIVE_S * rng.random(), early=early)
                check.after_kill(site, settings, started)
            crawl_ours(site.url, Path(name), retries=0)
            check.asked = site.asked()[0]
        counts = {
            "kills": kills,
            "kills_at_work": first.at_work + anew.at_work,
            "pages": pages,
            "asked_again": sum(times - 1 for path, times in articles(first.asked) if is_whole(path)),
            "under_way": CONCURRENCY,
        }
        wrong = {"fetched_again_though_on_disk": first.again(), "asked_anew_again_though_on_disk": anew.again()}
        return counts | _compared(site, settings, pages) | wrong | {"damaged": first.problems + anew.problems}


def _compared(site: Site, settings: Settings, pages: int) -> dict[str, object]:
    """Archive, log and rows against each other and against the site."""
    archive = Archive(settings.archive_dir)
    entries = list(archive.entries())
    with RecordStore.open(settings.database_url) as store:
        rows = {row.id for row in store.snapshots()}
    logged = {entry.id for entry in entries}
    final = Counter(entry.final_url for entry in entries)
    truth = {f"{site.url}{path}" for path in expected(pages)}
    truth |= {f"http://{HOSTS[1]}:{site.port}{path}" for path in slow_paths(pages)}
    return {
        "captures": len(entries),
        "lost": sorted(truth - final.keys()),
        "not_of_the_site": sorted(final.keys() - truth),
        "doubled": sorted(url for url, times in final.items() if times > 1),
        "rows_without_entry": len(rows - logged),
        "entries_without_row": len(logged - rows),
        "bodies_wrong": _wrong(archive, entries),
        "verify": [f"{each.where}: {each.what}" for each in archive.verify()],
    }


def faults(figures: dict[str, object]) -> dict[str, object]:
    """What of the figures breaks the promise."""
    names = list(figures)
    return {name: figures[name] for name in names[names.index("captures") + 1 :] if figures[name]}


def _killed(site: Site, settings: Settings, after_s: float, *, early: bool) -> bool:
    """Start a crawl as `retold crawl` does and kill it; whether it was at work."""
    with RecordStore.open(settings.database_url) as store:
        known = store.known()
    order = f"{to_json(plan(study_of(site.url), settings, known, datetime.now(UTC)))}\n{settings.model_dump_json()}\n"
    child = subprocess.Popen([sys.executable, "-m", "crawler.process"], stdin=-1, stdout=-3, stderr=-3)
    assert child.stdin
    child.stdin.write(order.encode())
    child.stdin.flush()
    before = site.asked()[0].total()
    while not early and child.poll() is None and site.asked()[0].total() == before:
        time.sleep(0.01)
    time.sleep(after_s)
    at_work = child.poll() is None and not early
    child.kill()
    child.wait()
    child.stdin.close()
    return at_work


def _settled(archive: Archive, settings: Settings, since: datetime) -> set[str]:
    """Paths on the quick host of what was logged or settled by a visit since then."""
    entries = [entry for entry in archive.entries() if entry.fetched_at >= since]
    urls = {entry.requested_url for entry in entries} | {entry.final_url for entry in entries}
    with RecordStore.open(settings.database_url) as store:
        visits = [visit for visit in store.visits() if visit.at >= since]
    urls |= {visit.url for visit in visits if visit.action in ("dropped", "unchanged") or visit.status == 404}
    quick = settings.crawl.allow_hosts[0]
    return {path for path in (_path(url, quick) for url in urls) if path.startswith((ARTICLE, MOVED))}


def _path(url: str, host: str) -> str:
    address = canonical(url) or ""
    return address.removeprefix(f"http://{host}") if address.startswith(f"http://{host}/") else ""


def _wrong(archive: Archive, entries: list[Snapshot]) -> list[str]:
    """Captures whose body is not an article's to its last byte."""
    return [entry.final_url for entry in entries if not archive.body(entry).endswith(b"</article></main>")]
