"""Everything at once on one data folder for a settable time: a web UI with its readers, people who decide, searches,
and crawls with a build behind each; errors, memory, open files and waiting times.

    python -m bench soak [--articles 2000] [--seconds 1200] [--readers 6] [--pages 150] [--folder FOLDER] [--log FILE]

The articles are those of `bench.tree_planting`, archived as pages and built by the pipeline with the embedded parser.
`retold serve` runs as a process of its own; so does every command beside it, as a user starts it. The crawled site has
`--pages` articles about the study and is crawled again and again: first for what is new, then for what has changed.
FILE gets the server's memory line by line as the time goes, and every page that did not answer 200.
"""

import html
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import httpx
import numpy as np
from ruamel.yaml import YAML

from bench import makings
from bench.site import HOSTS, Site
from bench.tree_planting import Planted, Tree, tree
from bench.tree_records import coverage, slug_of
from bench.web import drawn_from, first_picture_s, server
from bench.web_folder import claims_of
from bench.web_load import Asked, Draw, figures, load
from kb.pipeline import build
from kb.settings import Settings
from kb.warc import Capture
from kb.workspace import Workspace

LOOK_S = 5.0
"""How often the server's memory and open files are looked at."""
PAUSE_MS = 250.0
REST_S = 3.0
"""Between two commands of one kind."""
PORTION = 40
"""Pages that one crawl may take: one after the other a study grows, and is built again."""
CRAWLED = "bench"
"""The outlet that the site is."""
JUDGE = "lexical"
"""The entailment model: what a soak looks for is not in what it judges, and loading the network costs seconds."""
FORM = re.compile(r'<form class="judge".*?</form>', re.DOTALL)
FIELD = re.compile(r'name="(\w+)" value="([^"]*)"')


@attrs.define
class Watched:
    """The server over time."""

    pid: int
    log: Path | None
    seconds: list[float] = attrs.field(factory=list)
    mb: list[float] = attrs.field(factory=list)
    files: list[int] = attrs.field(factory=list)

    def look(self, at: float) -> None:
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        self.seconds.append(at)
        self.mb.append(int(status.partition("VmRSS:")[2].split()[0]) / 1024)
        self.files.append(sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir()))
        self.note(f"{at:.0f} s {self.mb[-1]:.1f} MB {self.files[-1]} files")

    def note(self, line: str) -> None:
        if self.log:
            with self.log.open("a", encoding="utf-8") as log:
                log.write(f"{line}\n")

    @property
    def plain(self) -> Mapping[str, Any]:
        """Quarters, for the study grows, and what is kept fills up at first; slopes of the last two thirds, and of
        each of them: how far they are apart says how much of a slope may be chance.
        """
        half = len(self.seconds) // 2
        quarters = [round(float(each.mean())) for each in np.array_split(np.array(self.mb), 4) if each.size]
        third = len(self.seconds) // 3
        stretches = (third, None), (third, 2 * third), (2 * third, None)
        return {
            "rss_mb_by_quarter": quarters,
            "rss_mb_max": round(max(self.mb)),
            "rss_slope_mb_per_hour": [self._slope(slice(*stretch)) for stretch in stretches],
            "open_files": {
                "first": self.files[0],
                "most_in_first_half": max(self.files[: half + 1]),
                "most_in_second_half": max(self.files[half:]),
            },
        }

    def _slope(self, stretch: slice) -> float | None:
        """Megabytes an hour of the line through them; None where there are too few."""
        seconds, mb = self.seconds[stretch], self.mb[stretch]
        return round(float(np.polyfit(seconds, mb, 1)[0]) * 3600, 1) if len(seconds) > 4 else None


@attrs.define
class Commands:
    """What was run beside the server."""

    ms: dict[str, list[float]] = attrs.field(factory=lambda: defaultdict(list))
    wrong: list[str] = attrs.field(factory=list)
    decided: Counter[str] = attrs.field(factory=Counter)
    """Decisions that were told to be entered, by where."""

    @property
    def plain(self) -> Mapping[str, Any]:
        return {
            name: {
                "n": len(times),
                "p50_ms": round(float(np.percentile(times, 50))),
                "p95_ms": round(float(np.percentile(times, 95))),
                "max_ms": round(max(times)),
            }
            for name, times in sorted(self.ms.items())
        }


def run(
    articles: int = 2_000,
    seconds: float = 1200.0,
    readers: int = 6,
    pages: int = 150,
    folder: Path | None = None,
    log: Path | None = None,
) -> Mapping[str, Any]:
    """`errors` must be 0 and `wrong` empty; `folder` keeps the built data for the next run of the same size."""
    planted = tree(1001, articles, "clean", held_out=True)
    with tempfile.TemporaryDirectory() as name, Site(pages, 30) as site:
        made = (folder or Path(name)) / f"{articles}-soaked"
        started = time.monotonic()
        settings = _folder_of(planted, made, site)
        built_s = time.monotonic() - started
        with Workspace(settings) as workspace:
            before = _of_soak(workspace)  # a folder may have been soaked already
        with server(settings) as (process, port):
            first = first_picture_s(port)
            seen = Watched(pid=process.pid, log=log)
            soak = Soak(settings=settings, planted=planted, port=port, seconds=seconds, readers=readers, watched=seen)
            answers = soak.run()
            alive = process.poll() is None
        with Workspace(settings) as workspace:
            held = _of_soak(workspace) - before
            captures = workspace.store.count_snapshots()
            logged = workspace.archive.count()
        verified = _command(settings, ("verify",)).returncode
    lost = sum(soak.commands.decided.values()) - held
    return {
        "articles": articles,
        "built_s": round(built_s, 1),
        "first_picture_s": round(first, 1),
        "captures": captures,
        "decisions_lost": lost,
        "captures_without_row": logged - captures,
        "verify": verified,
        **soak.figures(answers, further=(not alive) + abs(lost) + abs(logged - captures) + (verified != 0)),
    }


@attrs.define(kw_only=True)
class Soak:
    """All at once, on one data folder."""

    settings: Settings
    planted: Tree
    port: int
    seconds: float
    readers: int
    watched: Watched
    commands: Commands = attrs.field(factory=Commands)
    _began: float = attrs.field(factory=time.monotonic, init=False)

    def run(self) -> Sequence[Asked]:
        """What the readers met."""
        threads = [threading.Thread(target=self._repeat, args=each) for each in enumerate(self._works())]
        threads.append(threading.Thread(target=self._watch))
        for thread in threads:
            thread.start()
        answers = load(self.port, self._draw(), clients=self.readers, seconds=self.seconds, pause_ms=PAUSE_MS)
        for thread in threads:
            thread.join()
        return answers

    def figures(self, answers: Sequence[Asked], further: int) -> Mapping[str, Any]:
        """What was measured; `further`: errors that showed afterwards."""
        told = figures(answers, self.seconds)
        failed = Counter(f"{each.status} {each.path}" for each in answers if each.status != 200)
        for page, times in failed.items():
            self.watched.note(f"{page} {times} times")
        return {
            "seconds": self.seconds,
            "readers": self.readers,
            "errors": told["all"]["errors"] + len(self.commands.wrong) + further,
            "wrong": self.commands.wrong[:20],
            "failed_pages": failed.most_common(20),
            "decisions": dict(self.commands.decided),
            "server": self.watched.plain,
            "web": told,
            "commands": self.commands.plain,
            "load_average": [round(each, 1) for each in os.getloadavg()],
            "cores": len(os.sched_getaffinity(0)),
        }

    def _draw(self) -> Draw:
        """Pages that are there from the beginning: the crawled outlet has one only after the first build."""
        draw = drawn_from(self.settings, self.planted, self.port)

        def drawn(chance: random.Random) -> tuple[str, str]:
            return next(each for each in iter(lambda: draw(chance), None) if each[1] != f"/outlets/{CRAWLED}")

        return drawn

    def _works(self) -> tuple[Callable[[random.Random], None], ...]:
        settings, commands, names = self.settings, self.commands, _names(self.settings)
        words = sorted({word for each in self.planted.articles[:200] for word in each.body.split() if word.isalpha()})
        return (
            lambda chance: _searched(settings, commands, chance, words),
            lambda chance: _decided(settings, commands, chance, names),
            lambda chance: _judged(self.port, commands, chance),
            lambda _: _collected(settings, commands),
            lambda _: _looked(settings, commands),
        )

    def _repeat(self, seed: int, work: Callable[[random.Random], None]) -> None:
        chance = random.Random(seed)
        while time.monotonic() - self._began < self.seconds:
            try:
                work(chance)
            except Exception as error:  # noqa: BLE001  whatever it is, it is what this looks for
                self.commands.wrong.append(f"{type(error).__name__}: {error}")
            time.sleep(REST_S)

    def _watch(self) -> None:
        while time.monotonic() - self._began < self.seconds:
            self.watched.look(time.monotonic() - self._began)
            time.sleep(LOOK_S)


def _command(settings: Settings, words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """A command as a user gives it."""
    given = ["--study", str(settings.study), "--data-dir", str(settings.data_dir), *words]
    code = "from queries.front import main; main()"
    crawl = settings.crawl
    environment = {
        **os.environ,
        "RETOLD_CRAWL__ALLOW_HOSTS": json.dumps(crawl.allow_hosts),
        "RETOLD_CRAWL__DELAY_S": "0.02",
        "RETOLD_CRAWL__RETRIES": "0",
        "RETOLD_CRAWL__MAX_PAGES": str(PORTION),
        "RETOLD_CRAWL__REVISIT_DAYS": "1",
        "RETOLD_WORKERS": "1",
        "RETOLD_ENTAILMENT_MODEL": JUDGE,
    }
    if words[0] == "search":
        environment = dict(os.environ)  # answered at once only where nothing is set
    return subprocess.run(
        [sys.executable, "-c", code, *given], capture_output=True, text=True, env=environment, timeout=900, check=False
    )


def _timed(
    settings: Settings, commands: Commands, words: Sequence[str], codes: frozenset[int] = frozenset({0})
) -> bool:
    started = time.perf_counter()
    done = _command(settings, words)
    commands.ms[words[0]].append((time.perf_counter() - started) * 1000)
    if done.returncode not in codes:
        commands.wrong.append(f"{' '.join(words)}: {done.returncode} {done.stderr.strip()[-300:]}")
    return done.returncode in codes


def _searched(settings: Settings, commands: Commands, chance: random.Random, words: Sequence[str]) -> None:
    _timed(settings, commands, ("search", " ".join(chance.sample(words, 3)), "--json"))


def _decided(settings: Settings, commands: Commands, chance: random.Random, names: Sequence[str]) -> None:
    """Two names, at the command line; `unsure` goes against nothing that stands."""
    if _timed(settings, commands, ("review", "unsure", *chance.sample(names, 2), "--user", "soak", "-m", "soaked")):
        commands.decided["command"] += 1


def _judged(port: int, commands: Commands, chance: random.Random) -> None:
    """A finding, in the web UI."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        started = time.perf_counter()
        listed = sorted(set(re.findall(r'href="(/findings/[^"?#]+)"', client.get("/findings").text)))
        form = FORM.search(client.get(chance.choice(listed)).text)
        fields = {name: html.unescape(value) for name, value in FIELD.findall(form[0] if form else "")}
        verdict = chance.choice(["confirmed", "rejected", "unsure"])
        sent = client.post("/review", data=fields | {"verdict": verdict, "user": "soak", "note": "soaked"})
        commands.ms["judgement in the web UI"].append((time.perf_counter() - started) * 1000)
    if sent.status_code == 303:
        commands.decided["web"] += 1
    else:
        commands.wrong.append(f"POST /review: {sent.status_code} {sent.text[:200]}")


def _collected(settings: Settings, commands: Commands) -> None:
    """A crawl, and a build of what it brought. 5: some pages of the site always fail."""
    _timed(settings, commands, ("crawl", "-q"), frozenset({0, 5}))
    _timed(settings, commands, ("build", "-q"))


def _looked(settings: Settings, commands: Commands) -> None:
    """What somebody asks in between."""
    _timed(settings, commands, ("speakers", "--json"))
    _timed(settings, commands, ("captures", "--json"))


def _of_soak(workspace: Workspace) -> int:
    return sum(each.user == "soak" for each in workspace.reader.judgements())


def _names(settings: Settings) -> Sequence[str]:
    with Workspace(settings) as workspace:
        return sorted(workspace.reader.speaker_names())[:200]


def _folder_of(planted: Tree, folder: Path, site: Site) -> Settings:
    """claims.yaml, and data that are captured and built where they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    hosts = tuple(f"{host}:{site.port}" for host in HOSTS)
    plain = claims_of(coverage(planted))
    plain["study"]["aliases"] = ["Glass Echo"]
    plain["sources"].append(
        {"id": CRAWLED, "name": "Bench", "domains": list(HOSTS[:2]), "feeds": [f"{site.url}/feed.xml"]}
    )
    with (folder / "claims.yaml").open("w", encoding="utf-8") as out:
        YAML().dump(plain, out)
    settings = Settings(
        study=folder / "claims.yaml", data_dir=folder / "data", crawl={"allow_hosts": hosts}, entailment_model=JUDGE
    )
    if not settings.data_dir.exists():
        with Workspace(settings) as workspace:
            for start in range(0, len(planted.articles), 200):
                some = planted.articles[start : start + 200]
                workspace.store.add_snapshots(workspace.archive.append_many(map(_capture, some)))
    with Workspace(settings) as workspace:
        build(workspace)
        with workspace.searching():
            pass  # the full-text index is made with the first search
    return settings


def _capture(article: Planted) -> Capture:
    told = "".join(f"<p>{html.escape(line)}</p>" for line in article.body.split("\n") if line.strip())
    at = article.at.isoformat()
    body = (
        f'<!doctype html><html lang="en"><head><title>{html.escape(article.body[:60])}</title>'
        f'<link rel="canonical" href="{html.escape(article.url)}">'
        f'<meta property="article:published_time" content="{at}"></head><body><article>{told}</article></body></html>'
    )
    return makings.live_page(article.url, body.encode(), slug_of(article), datetime(2026, 6, 1, tzinfo=UTC))
