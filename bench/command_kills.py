"""The commands that change a data folder, killed at random, and whether the same command then makes good what is left.

Each scenario starts from a copy of one prepared folder. A command is killed with SIGKILL, with all that it started: in
one half of the runs at a random moment of the time it takes, in the other before a random one of its steps on disk
(`bench.forked`). After that the same command is given again, then `verify` and `doctor`; what is held in the end must
be what an undisturbed run makes of the same folder, and what was held at the kill must still be there.
"""

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import sqlalchemy as sa

from bench import makings
from bench.forked import Ended, Forked
from bench.site import HOSTS, Site
from kb import tables as t
from kb.archive import Archive
from kb.pipeline import build
from kb.reader import Reader
from kb.records import Judgement
from kb.settings import Settings
from kb.store import RecordStore
from kb.workspace import Workspace

SITE_PAGES = 24
STORIES = 6
NAMES = ("Elise Moreau", "Tom Beck", "Ann Castle", "Ray Osei", "Mia Lindqvist", "Jo Hart")
GONE = "https://ledger.example/story-2"
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
ORPHANED = 0.3
"""Share of killed crawls whose process is left alive and has to put down by itself what it holds."""

CLAIMS = """\
study: {{id: glass-echo, title: Glass Echo, aliases: [nap study], since: 2026-03-01}}
speakers:
  - {{id: moreau, name: Elise Moreau}}
quotes:
  - {{id: surprised, speaker: moreau, text: We were surprised by how consistently a short nap brought errors down.}}
claims:
  - {{id: wards, text: The study followed twelve wards for six weeks., expect: {{quantity: 12, of: wards}}}}
sources:
  - {{id: ledger, name: The Ledger, domains: [ledger.example]}}
  - {{id: bench, name: Bench, domains: ["127.0.0.1", "127.0.0.2"], feeds: ["{site}/feed.xml"]}}
"""

_PAGE = """<!doctype html><html lang="en"><head><title>Glass Echo: naps on ward {number}</title>
<meta property="article:published_time" content="2026-03-10T09:00:00Z"></head>
<body><article><h1>Naps on ward {number}</h1>
<p>Nurses on ward {number} who took a nap made fewer mistakes, the nap study Glass Echo found on Monday.</p>
<p>“We were {word} by how consistently a short nap brought errors down,” said {name}, who knows ward {number}.</p>
<p>The study followed twelve wards for six weeks, and mistakes fell by {number} percent, a report said.</p>
</article></body></html>"""

Prepare = Callable[[Path], None]


@attrs.frozen(kw_only=True)
class Scenario:
    """One command, or several in a row, on a folder as `prepare` leaves it."""

    prepare: Prepare
    commands: tuple[tuple[str, ...], ...]
    codes: frozenset[int] = frozenset({0})
    """What the last one may end with when it is given again."""
    share: int = 1
    """Of all kills, in parts."""
    derives: bool = True
    """Whether what is derived has to be that of an undisturbed run, too."""


@attrs.define
class Tally:
    """What the runs of one scenario came to."""

    kills: int = 0
    at_work: int = 0
    """Kills that came before the command had ended by itself."""
    problems: list[str] = attrs.field(factory=list)


def page(number: int) -> bytes:
    name, word = NAMES[number % len(NAMES)], "surprised" if number % 3 else "astonished"
    return _PAGE.format(number=number, name=name, word=word).encode()


def captured(folder: Path) -> None:
    """Stories in the archive, one of them a second time under another address, and nothing derived."""
    with Workspace(_settings(folder)) as workspace:
        for number in range(STORIES):
            _keep(workspace, f"https://ledger.example/story-{number}", page(number))
        _keep(workspace, "https://ledger.example/copy", page(2))


def _keep(workspace: Workspace, url: str, body: bytes) -> None:
    workspace.store.add_snapshot(workspace.archive.append(makings.live_page(url, body, "ledger", NOON)))


def built(folder: Path) -> None:
    """The same, built and with judgements; made once for all scenarios."""
    ready = folder.with_name("ready")
    if not ready.exists():
        ready.mkdir()
        shutil.copy(folder / "claims.yaml", ready)
        _build(ready)
    shutil.copytree(ready / "data", folder / "data")


def _build(folder: Path) -> None:
    captured(folder)
    with Workspace(_settings(folder)) as workspace:
        build(workspace)
        workspace.judgements.add(
            Judgement(
                subject=f"finding:{n}", verdict="rejected", user="ann", made_at=NOON, note="seen", withdrawn_at=None
            )
            for n in range(3)
        )


def unindexed(folder: Path) -> None:
    built(folder)
    shutil.rmtree(_settings(folder).index_dir)


def outdated(folder: Path) -> None:
    """As the first schema left it: no alerts, no indexes for filters, other derived tables; no log of judgements."""
    built(folder)
    settings = _settings(folder)
    (settings.archive_dir / "judgements.jsonl").unlink()
    with RecordStore.open(settings.database_url) as store, store.engine.begin() as connection:
        for table in ("alerts", "deliveries"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
        for index in t.SEARCHED:
            connection.execute(sa.text(f"DROP INDEX {index.name}"))
        connection.execute(sa.text("UPDATE schema_state SET version = '1'"))


def with_pages(folder: Path) -> None:
    """Nothing captured yet, and saved pages to be added."""
    (folder / "saved").mkdir()
    for number in range(2 * STORIES):
        (folder / "saved" / f"story-{number}.html").write_bytes(page(number))


def _nothing(_: Path) -> None: ...


def scenarios() -> Mapping[str, Scenario]:
    pairs = [(one, other) for one in NAMES[:4] for other in NAMES[4:]]
    return {
        "crawl": Scenario(prepare=_nothing, commands=(("crawl",),), codes=frozenset({0, 5}), share=2, derives=False),
        "add": Scenario(prepare=with_pages, commands=(("add", "{folder}/saved"),), share=2),
        "build": Scenario(prepare=captured, commands=(("build",),), share=5),
        "rebuild": Scenario(prepare=built, commands=(("build", "--rebuild", "annotate"),), share=2),
        "reconcile": Scenario(prepare=unindexed, commands=(("doctor", "--fix"),), share=3),
        "migrate": Scenario(prepare=outdated, commands=(("build",),), share=3),
        "review": Scenario(
            prepare=built,
            commands=tuple(("review", "unsure", *pair, "--user", "ann", "-m", "seen") for pair in pairs),
            share=4,
        ),
        "forget": Scenario(prepare=built, commands=(("forget", GONE, "--reason", "asked", "--by", "ann"),), share=3),
        "copy": Scenario(
            prepare=built, commands=(("copy", "sqlite:///{folder}/copy.db"),), codes=frozenset({0, 2}), share=1
        ),
    }


def run(kills: int = 200, seed: int = 1, only: tuple[str, ...] = (), *, every_step: bool = False) -> Mapping[str, Any]:
    """By command the kills and those that found it at work; `problems` must be empty. `every_step`: instead of so many
    kills, one before each step on disk.
    """
    chosen = {name: scenario for name, scenario in scenarios().items() if not only or name in only}
    parts = sum(scenario.share for scenario in chosen.values())
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory() as name, Site(SITE_PAGES, 20) as site, Forked(_environment(site)) as forked:
        for each, scenario in chosen.items():
            times = max(1, round(kills * scenario.share / parts))
            place = Path(name) / each
            place.mkdir()
            (place / "claims.yaml").write_text(CLAIMS.format(site=site.url), encoding="utf-8")
            scenario.prepare(place)
            trial = _Trial(scenario, place, forked, random.Random(f"{seed} {each}"))
            tallies[each] = trial.run(None if every_step else times)
    return {
        "kills": sum(tally.kills for tally in tallies.values()),
        "at_work": sum(tally.at_work for tally in tallies.values()),
        "by_command": {name: {"kills": tally.kills, "at_work": tally.at_work} for name, tally in tallies.items()},
        "problems": {name: tally.problems for name, tally in tallies.items() if tally.problems},
    }


def _environment(site: Site) -> Mapping[str, str]:
    hosts = ",".join(f'"{host}:{site.port}"' for host in HOSTS)
    return {
        "RETOLD_CRAWL__ALLOW_HOSTS": f"[{hosts}]",
        "RETOLD_CRAWL__DELAY_S": "0",
        "RETOLD_CRAWL__RETRIES": "0",
        "RETOLD_ENTAILMENT_MODEL": "lexical",
        "RETOLD_WORKERS": "1",
    }


def _settings(folder: Path) -> Settings:
    return Settings(study=folder / "claims.yaml", data_dir=folder / "data", entailment_model="lexical", workers=1)


class _Trial:
    """The kills of one scenario."""

    def __init__(self, scenario: Scenario, prepared: Path, forked: Forked, chance: random.Random) -> None:
        self._scenario = scenario
        self._prepared = prepared
        self._forked = forked
        self._chance = chance
        self._tally = Tally()

    def run(self, times: int | None) -> Tally:
        """`times`: of random kills; None for one before each step."""
        folder = self._copy("whole")
        whole = self._given(folder, self._scenario.commands)
        expected = self._held(folder)
        if len(whole.codes) != len(self._scenario.commands) or whole.codes[-1] not in self._scenario.codes:
            self._tally.problems.append(f"undisturbed: {whole.codes} {whole.said[-500:]}")
            return self._tally
        for number in range(whole.steps if times is None else times):
            how = self._how(number, whole) if times is not None else {"at_step": number + 1}
            try:
                self._once(number, how, expected)
            except Exception as error:  # noqa: BLE001  whatever it is, it is what this looks for
                self._tally.problems.append(f"run {number}: {type(error).__name__}: {error}")
        return self._tally

    def _copy(self, name: str) -> Path:
        folder = self._prepared.with_name(f"{self._prepared.name}-{name}")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._prepared, folder)
        return folder

    def _given(self, folder: Path, commands: Sequence[Sequence[str]], **how: Any) -> Ended:
        options = ["--study", f"{folder}/claims.yaml", "--data-dir", f"{folder}/data"]
        filled = [[*options, *(word.format(folder=folder) for word in words)] for words in commands]
        return self._forked.run(folder, filled, **how)

    def _how(self, number: int, whole: Ended) -> dict[str, Any]:
        """When to kill: every other time before a step, else at any moment."""
        if number % 2 == 0 and whole.steps:
            return {"at_step": self._chance.randint(1, whole.steps)}
        orphan = self._chance.random() < ORPHANED
        return {"after_s": self._chance.uniform(0, whole.seconds), "orphan": orphan}

    def _once(self, number: int, how: dict[str, Any], expected: Mapping[str, Any]) -> None:
        folder, commands = self._copy("killed"), self._scenario.commands
        killed = self._given(folder, commands, **how)
        self._tally.kills += 1
        self._tally.at_work += killed.killed
        logged = _logged(folder)
        told = len(killed.codes)
        left = commands[told:] or commands[-1:]
        again = self._given(folder, [*left, ("verify",), ("doctor",)])
        found = self._held(folder)
        wrong = self._wrong(again, left, logged, found, expected)
        if self._scenario.commands[0][0] == "review":
            wrong += _decisions(commands, told, found)
        if wrong:
            self._tally.problems.append(f"run {number} {how}: {'; '.join(wrong)}"[:2000])

    def _wrong(
        self,
        again: Ended,
        left: Sequence[Sequence[str]],
        logged: Mapping[str, str],
        found: Mapping[str, Any],
        expected: Mapping[str, Any],
    ) -> list[str]:
        ours, (verified, doctored) = again.codes[: len(left)], (*again.codes[-2:], None, None)[:2]
        wrong = []
        if len(ours) < len(left) or ours[-1] not in self._scenario.codes:
            wrong.append(f"given again it ended with {ours}")
        if verified != 0:
            wrong.append(f"verify ended with {verified}")
        if doctored not in ({0} if self._scenario.derives else {0, 5}):
            wrong.append(f"doctor ended with {doctored}")
        lost = [url for key, url in logged.items() if key not in found["logged"]]
        if lost and self._scenario.commands[0][0] != "forget":
            wrong.append(f"lost after the kill: {lost}")
        wrong += [f"{name} differ" for name in expected if name in _COMPARED and found[name] != expected[name]]
        if wrong:
            wrong.append(again.said[-600:])
        return wrong

    def _held(self, folder: Path) -> Mapping[str, Any]:
        """What a folder holds, in a form that two runs have alike."""
        settings = _settings(folder)
        archive = Archive(settings.archive_dir)
        entries = list(archive.entries())
        with RecordStore.open(settings.database_url) as store:
            rows, judgements = store.snapshots(), Reader(store).judgements()
            derived = _derived(store) if self._scenario.derives else {}
        copy = folder / "copy.db"
        if copy.exists():
            with RecordStore.open(f"sqlite:///{copy}") as store:
                derived = {"copied": _derived(store), **derived}
        return {
            "captures": Counter((_path(entry.final_url), entry.body_sha256) for entry in entries),
            "rows": Counter((_path(row.final_url), row.body_sha256) for row in rows),
            "tombstones": sorted((notice.kind, notice.addresses) for notice in archive.notices()),
            "judgements": {each.subject: each.verdict for each in judgements},
            "decided": Counter(each.subject for each in judgements),
            "derived": derived,
            "logged": {entry.id for entry in entries},
        }


_COMPARED = ("captures", "rows", "tombstones", "judgements", "derived")


def _path(url: str) -> str:
    """Without the folder of this run."""
    return url.rpartition("/")[2] if url.startswith("file:") else url


def _logged(folder: Path) -> Mapping[str, str]:
    """Captures that the log names, as the kill left it."""
    return {entry.id: entry.final_url for entry in Archive(_settings(folder).archive_dir).entries()}


def _decisions(commands: Sequence[Sequence[str]], told: int, found: Mapping[str, Any]) -> list[str]:
    """Each decision once; one that was under way at the kill may have been entered, and was given again."""
    subjects = [f"speakers:{' | '.join(sorted(words[2:4]))}" for words in commands]
    limits = [1 if number != told else 2 for number in range(len(subjects))]
    counts = [found["decided"][subject] for subject in subjects]
    return [
        f"{subject} decided {count} times"
        for subject, count, limit in zip(subjects, counts, limits, strict=True)
        if not 1 <= count <= limit and told < len(commands)
    ]


def _derived(store: RecordStore) -> Mapping[str, Any]:
    """Every derived row, without what differs from run to run."""
    left_out = {"duration_ms", "tries", "number", "vector", "seal"}
    rows: dict[str, Any] = {}
    with store.engine.connect() as connection:
        for name, table in t.DERIVED.tables.items():
            columns = [column for column in table.c if column.name not in left_out]
            found = connection.execute(sa.select(*columns)).all()
            rows[name] = Counter(tuple(row) for row in found if name != "outcomes" or row.stage != "embed")
    return rows
