"""The quick way to an answer: the very answer of the command line, in a process that loads little."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest
from newsdesk import CLAIMS, STORIES, keep, page
from typer.main import get_command

from kb.pipeline import build
from kb.settings import Settings
from kb.workspace import Workspace
from queries import front
from queries.cli import app
from queries.job import remember
from queries.options import Kind, QuoteVerdict
from queries.search import Mode

HEAVY = {"torch", "transformers", "sentence_transformers", "spacy", "scrapy", "twisted", "chromadb", "sqlalchemy"}
HEAVY |= {"pydantic", "typer", "rich", "ruamel", "trafilatura", "lxml", "networkx", "numpy.typing"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, parser_loaded_once: None) -> Path:
    """A folder as a user has it, built with the real embedding model."""
    folder = tmp_path_factory.mktemp("front")
    (folder / "claims.yaml").write_text(CLAIMS, encoding="utf-8")
    with Workspace(Settings(study=folder / "claims.yaml", data_dir=folder / ".retold")) as workspace:
        for url, told in STORIES.items():
            keep(workspace, url, page(url, told))
        build(workspace)
        remember(workspace)
        with workspace.searching():
            pass
    return folder


CODE = """
import sys
from queries.front import main
try:
    main()
finally:
    print(",".join(sorted(sys.modules)), file=sys.stderr)
"""


def run(desk: Path, *words: str, **env: str) -> tuple[int, str, set[str]]:
    """Exit code, standard output, and what was imported."""
    told = {name: value for name, value in os.environ.items() if not name.startswith("RETOLD_")}
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words],
        cwd=desk, env={**told, **env}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout, set(done.stderr.splitlines()[-1].split(","))


def told(text: str) -> Mapping[str, object]:
    plain = json.loads(text)
    return {key: value for key, value in plain.items() if key != "took_ms"}


@pytest.mark.parametrize(
    "words",
    [
        ("search", "short naps", "--json"),
        ("--json", "search", "short naps", "-k", "2", "--mode=lexical"),
        ("search", "--json", "--source", "star", "roster or ward"),
        ("search", '"by how consistently"', "--kind", "quote", "--json"),
        ("search", "naps", "--since", "2020-01-01", "--verdict", "altered", "--json"),
        ("search", "naps", "--language", "de", "--json"),
        ("--data-dir", ".retold", "search", "naps", "--study=claims.yaml", "--json", "-q"),
    ],
)
def test_plain_search_is_answered_quickly_as_the_whole_way_answers_it(desk, words):
    code, quick, modules = run(desk, *words)
    assert code == 0
    assert HEAVY & modules == set()
    assert ("onnxruntime" in modules) == ("--mode=lexical" not in words)
    whole = run(desk, *words, RETOLD_WORKERS="1")  # a setting that the quick way does not know
    assert whole[0] == 0
    assert {"typer", "sqlalchemy"} <= whole[2]
    assert told(quick) == told(whole[1])


def test_text_is_the_same_either_way(desk):
    quick, whole = run(desk, "search", "short naps"), run(desk, "search", "short naps", RETOLD_WORKERS="1")
    assert quick[1] == whole[1]
    assert "short nap" in quick[1]
    assert not HEAVY & quick[2]


@pytest.mark.parametrize(
    "words",
    [
        ("search",),
        ("search", "one", "two"),
        ("search", "?!"),
        ("search", "naps", "-k", "0"),
        ("search", "naps", "-k"),
        ("search", "naps", "--kind", "poem"),
        ("search", "naps", "--since", "yesterday"),
        ("search", "naps", "--nothing"),
        ("search", "naps", "--source"),
    ],
)
def test_mistakes_are_told_by_the_command_line(desk, words):
    code, out, modules = run(desk, *words)
    assert (code, out) == (2, "")
    assert "typer" in modules


@pytest.mark.parametrize(
    "words",
    [
        *(("search", "naps", "--speaker", "moreau"), ("search", "naps", "--kind", "claim"), ("search", "--help")),
        *(("search", "--", "naps"), ("search", "naps", "-v"), ("quotes",), ("search", "naps", "-k2"), ()),
    ],
)
def test_anything_less_plain_is_left_to_the_command_line(words):
    assert not front.answered(words)


def test_options_are_those_of_the_command_line():
    command = get_command(app)
    shared = {name for option in command.params for name in option.opts}
    own = {name for option in command.commands["search"].params for name in option.opts if name.startswith("-")}
    left = {"--speaker", "--rerank", "-v", "--verbose", "--version", "--help"}
    assert front.FLAGS.keys() | front.VALUED.keys() == (own | shared) - left
    assert set(front.CHOICES["kind"]) == set(Kind) - {"claim"}
    assert set(front.CHOICES["mode"]) == set(get_args(Mode))
    assert set(front.CHOICES["verdict"]) == set(QuoteVerdict)


def test_commands_without_a_model_load_none(desk):
    for words in (("--help",), ("search", "--help"), ("--version",)):
        done, _, modules = run(desk, *words)
        assert done == 0
        assert not (HEAVY - {"typer", "rich", "pydantic"}) & modules
        assert "numpy" not in modules


def test_help_loads_hardly_more_than_its_library(desk):
    """Each of these takes a part of the half that `retold --help` may cost beyond `import typer, rich`."""
    assert not {"attr", "json", "logging", "sqlite3", "importlib.metadata", "pydantic"} & run(desk, "--help")[2]


def test_version_is_told_without_the_command_line(desk):
    code, out, modules = run(desk, "--version")
    assert (code, out) == (0, run(desk, "--version", "--quiet")[1])
    assert "typer" not in modules
