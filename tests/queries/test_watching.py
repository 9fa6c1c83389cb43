"""`retold watch` as a user starts it: a newsroom on loopback that changes, a webhook that listens, kills in between."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import attrs
import feedparser
import pytest
from hook import Hook
from newsdesk import CLAIMS, STORIES, page

from crawler.newsroom import Newsroom

ADDRESS = {url.split("/")[2]: url.replace("https:", "http:") for url in STORIES}
LATE = "http://star.example/late"
LATE_STORY = (
    "Hospitals were told again this week that the nap study is a reason to change how their nights are staffed.",
    "“We were appalled by how consistently a short nap brought error rates back,” said lead author Elise Moreau.",
    "Staff on twelve wards took part, and the union said that it would wait for the talks in the spring.",
)
WAIT_S = 120


@attrs.define
class Desk:
    folder: Path
    hook: Hook
    proxy: str

    def publish(self, url: str, paragraphs: tuple[str, ...]) -> None:
        """A page of its host, and in the host's feed."""
        host, _, path = url.removeprefix("http://").partition("/")
        site = self.folder / "room" / "sites" / host
        site.mkdir(parents=True, exist_ok=True)
        (site / f"{path}.html").write_bytes(page(url, paragraphs))
        links = "".join(
            f"<item><title>The nap study</title><link>http://{host}/{file.stem}</link></item>"
            for file in sorted(site.glob("*.html"))
        )
        (site / "feed.xml").write_text(f"<rss version='2.0'><channel><title>{host}</title>{links}</channel></rss>")

    def claims(self, *, schedule: str = "0 0 1 1 *", alerts: str | None = None) -> None:
        told = CLAIMS.replace("https:", "http:")
        for host in ("ledger", "star"):
            told = told.replace(f"[{host}.example]", f"[{host}.example], feeds: ['http://{host}.example/feed.xml']")
        (self.folder / "claims.yaml").write_text(
            f"{told}  - {{id: gone, name: Gone, domains: [gone.example], feeds: ['http://gone.example/feed.xml']}}\n"
            f"schedule: {schedule}\nalerts: [{self.hook.address if alerts is None else alerts}]\n"
            "searches: [{id: cool, query: brought error rates back, kind: quote}]\n"
        )

    def start(self, *options: str) -> subprocess.Popen[str]:
        return self.retold("watch", *options)

    def retold(self, *words: str) -> subprocess.Popen[str]:
        code = "from queries.cli import app; app()"
        return subprocess.Popen(
            [sys.executable, "-c", code, "--study", "claims.yaml", "--data-dir", "data", *words],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "RETOLD_CRAWL__PROXY": self.proxy,
                "RETOLD_CRAWL__DELAY_S": "0",
                "RETOLD_CRAWL__RETRIES": "0",
                "RETOLD_WORKERS": "1",
                "COLUMNS": "400",
            },
        )

    def once(self) -> dict[str, object]:
        """One run, to its end, as JSON."""
        process = self.start("--once", "--json")
        out, err = process.communicate(timeout=WAIT_S)
        assert process.returncode in (0, 5), err
        told: dict[str, object] = json.loads(out)
        return told

    def last(self) -> dict[str, object]:
        try:
            read: dict[str, object] = json.loads((self.folder / "data" / "watch.json").read_text())
        except OSError:
            return {}
        return read

    def forget_alert(self, key: str) -> None:
        """As if it had never been told."""
        with closing(sqlite3.connect(self.folder / "data" / "records.db")) as records, records:
            assert records.execute("DELETE FROM alerts WHERE key = ?", (key,)).rowcount == 1

    def told(self) -> list[str]:
        return [message["title"] + message["message"] for message in self.hook.taken]

    def entries(self) -> list[object]:
        return list(feedparser.parse((self.folder / "data" / "alerts.atom").read_bytes()).entries)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    hook = Hook()
    for host in ("ledger.example", "star.example"):
        (tmp_path / "room" / "sites" / host).mkdir(parents=True)
    with Newsroom(tmp_path / "room") as room:
        made = Desk(tmp_path, hook, room.proxy_url)
        for host in ("ledger.example", "star.example"):
            made.publish(ADDRESS[host], next(told for url, told in STORIES.items() if host in url))
        made.claims()
        yield made
    hook.close()


def until(happened: Callable[[], object], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + WAIT_S
    while not happened():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def kinds(run: dict[str, object]) -> list[str]:
    return [alert["kind"] for alert in run["alerts"]]  # type: ignore[attr-defined]


def test_each_run_tells_what_is_new_and_nothing_twice(desk):
    desk.hook.status = 500
    first = desk.once()
    assert {"altered-quote", "new-origin", "new-answer"} <= set(kinds(first))
    assert first["notifiers"][0]["waiting"] == len(first["alerts"])
    assert [silence["source"] for silence in first["silent"]] == ["gone"]

    desk.hook.status = 200
    second = desk.once()
    assert second["alerts"] == []
    assert second["notifiers"][0]["sent"] == len(desk.hook.taken) == len(first["alerts"])
    altered = next(message for message in desk.hook.taken if "Altered quote" in message["title"])
    assert "[-surprised-] {+astonished+}" in altered["message"]
    assert ADDRESS["star.example"] in altered["message"]
    assert first["silent"] == second["silent"]  # not asked again so soon

    rejected = next(alert["why"] for alert in first["alerts"] if alert["kind"] == "altered-quote").rpartition(" ")[2]
    desk.retold("review", "reject", rejected).communicate(timeout=WAIT_S)
    desk.forget_alert(rejected)
    desk.publish(LATE, LATE_STORY)
    third = desk.once()
    assert kinds(third).count("altered-quote") == 1  # of the late story; the other one was rejected
    assert kinds(third).count("new-answer") == 1
    assert len(desk.hook.taken) == len(first["alerts"]) + len(third["alerts"])
    assert "{+appalled+}" in "".join(message["message"] for message in desk.hook.taken[len(first["alerts"]) :])
    assert len(desk.entries()) == len(desk.hook.taken) - 1


def test_killed_runs_are_taken_up_again_and_tell_everything_once(desk):
    first = desk.start()
    until((desk.folder / "data" / "crawl.json").exists, first)  # it crawls
    first.kill()
    first.communicate()
    assert desk.last()["ended"] is None

    desk.hook.delay_s = 0.5
    second = desk.start()
    until(lambda: desk.hook.taken, second)  # it sends
    second.kill()
    second.communicate()
    assert desk.last()["ended"] is None

    desk.hook.delay_s = 0
    third = desk.start()
    until(lambda: desk.last().get("ended"), third)
    third.send_signal(signal.SIGTERM)
    err = third.communicate(timeout=WAIT_S)[1]
    assert third.returncode == 0, err
    assert "a run was killed while it sent 1 alert" in err
    assert len(desk.told()) == len(set(desk.told())) == len(desk.entries())


def test_signal_in_a_crawl_ends_it_cleanly_and_the_next_start_goes_on(desk):
    process = desk.start()
    until((desk.folder / "data" / "crawl.json").exists, process)
    process.send_signal(signal.SIGTERM)
    err = process.communicate(timeout=WAIT_S)[1]
    assert process.returncode == 0, err
    assert err.endswith("stopped; the next start goes on from here\n")
    assert "Traceback" not in err
    assert (desk.last()["ended"], desk.last()["result"], desk.last()["tries"]) == (None, "stopped", 0)


def test_two_watches_do_one_run_between_them(desk):
    both = [desk.start(), desk.start()]
    for process in both:
        until(lambda: desk.last().get("ended"), process)
    time.sleep(1)
    for process in both:
        process.send_signal(signal.SIGINT)
    errs = [process.communicate(timeout=WAIT_S)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("run       " in err for err in errs) == 1
    assert sum("another run is going on" in err for err in errs) <= 1
    assert len(desk.told()) == len(set(desk.told())) > 0


def test_waiting_watch_prints_the_next_runs_lets_others_work_and_ends_at_a_signal(desk):
    (desk.folder / "data").mkdir()
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    (desk.folder / "data" / "watch.json").write_text(
        json.dumps({"started": now, "ended": now, "tries": 1, "result": "complete"})
    )
    process = desk.start()
    assert process.stderr
    said = process.stderr.readline()
    assert re.match(r"next runs: \w{3} \d{4}-01-01 00:00 \S+, \w{3} \d{4}-01-01", said)
    by_hand = desk.retold("add", "room/sites/star.example")
    assert by_hand.communicate(timeout=WAIT_S)[1].startswith("add       1 kept")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert err == "stopped; the next start goes on from here\n"


def test_notifier_that_cannot_work_is_told_at_the_start(desk):
    desk.claims(alerts="'${NOWHERE_SET}'")
    process = desk.start()
    assert process.stderr
    assert "alerts.0 (${NOWHERE_SET}): ${NOWHERE_SET} is not set in the environment" in process.stderr.readline()
    process.kill()
    process.communicate()
