"""A built data folder to be harmed, and commands on it: what each answers, whatever was done to it."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
from newsdesk import keep_stories, made, opened, settings
from typer.testing import CliRunner

from kb.workspace import Workspace
from queries.cli import app
from queries.front import answered
from queries.job import remember

SOAK = bool(os.environ.get("RETOLD_SOAK"))
"""Whether the long forms of the tests are wanted: `make soak`."""

ENVIRONMENT = {"RETOLD_ENTAILMENT_MODEL": "lexical", "RETOLD_WORKERS": "1"}
PARTS = ("extract", "annotate", "credits", "pair")


@attrs.frozen
class Answer:
    code: int
    out: str
    err: str

    @property
    def told(self) -> str:
        """The last line of what was said to the user."""
        return (self.err.strip().splitlines() or [""])[-1]


def call(folder: Path, *words: str) -> Answer:
    """A command as `retold` runs it; what would be a traceback is raised."""
    options = ["--study", str(folder / "claims.yaml"), "--data-dir", str(folder / "data")]
    result = CliRunner().invoke(app, [*options, *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


def at_once(folder: Path, *words: str) -> bool:
    """Whether a search is answered by the quick way, which leaves all that is not in good order to `call`."""
    return answered(["search", *words, "--study", str(folder / "claims.yaml"), "--data-dir", str(folder / "data")])


def built(folder: Path) -> Path:
    """Captured, built with the embedded model, and one finding judged; no database file beside the main one."""
    with opened(folder) as workspace:
        keep_stories(workspace)
        remember(workspace)
    assert call(folder, "build").code == 0
    assert call(folder, "review", "unsure", "Elise Moreau", "Tom Beck", "--user", "ann", "-m", "alike?").code == 0
    assert call(folder, "search", "nap").code == 0
    return folder


def copied(folder: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    return Path(shutil.copytree(folder, to))


def opened_as_built(folder: Path) -> Workspace:
    """With the model that `built` embeds with."""
    return Workspace(settings(folder))


def decided(folder: Path) -> Sequence[tuple[str, str, str]]:
    with opened_as_built(folder) as workspace:
        return [(each.subject, each.verdict, each.note) for each in workspace.reader.judgements()]


def held(folder: Path) -> Mapping[str, object]:
    """What must not be lost, and what must come back."""
    with opened_as_built(folder) as workspace:
        return {
            "captures": sorted((each.id, each.body_sha256) for each in workspace.store.snapshots()),
            "bodies": sorted(workspace.archive.body(each) for each in workspace.archive.entries()),
            "judged": [(each.subject, each.verdict, each.note) for each in workspace.reader.judgements()],
            **made(workspace),
        }
