"""The documents say what the code does."""

import ast
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from docs import generate
from kb import settings, study
from queries.cli import app

ROOT = Path(__file__).parents[1]
PACKAGES = ("crawler", "kb", "queries", "bench", "docs")
MODULES = sorted(file for package in PACKAGES for file in (ROOT / package).glob("*.py"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", list(generate.pages()), ids=relative)
def test_generated_document_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generate.pages()[path], "run `python -m docs.generate`"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_command_says_what_it_does_and_gives_an_example_that_parses(name: str) -> None:
    told, _, example = (COMMANDS[name].help or "").partition(generate.EXAMPLE)
    program, command, *arguments = shlex.split(example.partition("|")[0])
    assert told.strip()
    assert (program, command) == ("retold", name)
    COMMANDS[name].make_context(name, [word for word in arguments if word != "--json"])


@pytest.mark.parametrize("model", [settings.Settings, settings.CrawlSettings], ids=lambda model: model.__name__)
def test_every_documented_setting_is_in_the_document(model: Any) -> None:
    told = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert all(text in told for text in generate.field_docs(model).values())


def test_every_promise_names_a_test_that_is_there() -> None:
    told = re.findall(
        r"\| `([\w/.]+)::(\w+)` \|$", (ROOT / "docs" / "trust.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    there = {file: (ROOT / file).read_text(encoding="utf-8") for file, _ in told}
    assert len(told) > 40
    assert [pair for pair in told if not re.search(rf"^(?:async )?def {pair[1]}\(", there[pair[0]], re.MULTILINE)] == []


def test_every_key_of_claims_yaml_is_explained() -> None:
    rows = re.findall(r"^\| `(\w+)` .*\| *\|$", (ROOT / "docs" / "claims.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == []


def test_starter_and_own_claims_are_valid() -> None:
    from queries.starter import CLAIMS

    assert study.loads(CLAIMS).slug
    assert study.load(ROOT / "claims.yaml").quotes


def test_architecture_names_every_module() -> None:
    told = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    shipped = [path for path in MODULES if path.parent.name in generate.PACKAGES and path.stem != "__init__"]
    assert [relative(path) for path in shipped if f"`{relative(path)}`" not in told] == []


def test_every_module_begins_with_a_docstring() -> None:
    assert [relative(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []


def dependencies_told() -> set[str]:
    table = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| ([\w.-]+) \|", table, re.MULTILINE))


def test_every_runtime_dependency_has_its_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split(r"[<>=!~\[ ;]", line, maxsplit=1)[0] for line in project["dependencies"]}
    assert named - dependencies_told() == set()


def test_every_imported_library_has_its_line() -> None:
    shipped = [path for path in MODULES if path.parent.name in generate.PACKAGES]
    roots = {root for path in shipped for root in imported(path)} - set(PACKAGES) - sys.stdlib_module_names
    known = packages_distributions()
    libraries = {known.get(root, [root])[0].lower().replace("_", "-") for root in roots}
    assert libraries - dependencies_told() == set()


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_relative_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


def readme_commands() -> list[str]:
    blocks = re.findall(r"^```\w*\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return sorted({line.split()[1] for line in lines if line.startswith("retold ")})


@pytest.mark.parametrize("command", readme_commands())
def test_command_in_the_readme_is_real(command: str) -> None:
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_readme_shows_first_use() -> None:
    assert {"init", "run", "search", "check", "trace", "report"} <= set(readme_commands())


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", README, re.MULTILINE))
def test_make_target_in_the_readme_is_real(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_readme_opens_with_the_two_commands() -> None:
    first = re.search(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert first
    assert [line.split()[:2] for line in first[1].splitlines()] == [["make", "demo"], ["make", "test"]]


def test_changelog_has_an_unreleased_head() -> None:
    heads = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert heads[0] == "Unreleased"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_has_at_most_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_functions_have_at_most_45_lines(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 45]
    assert long == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.stem)
def test_decision_has_context_choice_and_consequence(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [part for part in ("Context", "Choice", "Consequence") if f"**{part}.**" not in text] == []
