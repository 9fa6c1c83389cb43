"""Writes what the code decides: cli.md, claims.md, settings.md, the modules in architecture.md, functions in api.md.

`python -m docs.generate` writes them; with `--check` it writes nothing, names what is stale and exits 1.
"""

import ast
import configparser
import importlib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer.main
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from docs import licences
from kb import errors, locators, settings, study
from queries import options
from queries.cli import app

FOLDER = Path(__file__).parent
PACKAGES = ("crawler", "kb", "queries")
TELLING = 40
"""Characters from which a sentence tells what a module does."""
EXAMPLE = "Example: "
"""Starts the last paragraph of a command's help."""

_MODULES, _MODULES_END = "<!-- modules: written by `python -m docs.generate` -->", "<!-- end of modules -->"
_FUNCTIONS, _FUNCTIONS_END = "<!-- functions: written by `python -m docs.generate` -->", "<!-- end of functions -->"
COMMANDS = ("cli", "answering", "archiving", "reviewing", "revising", "searching", "serving", "watching")
"""Modules of `queries` that parse, call and print."""
LIBRARY = (
    *("queries.asking", "queries.lookup", "queries.review", "queries.coding", "queries.forget", "queries.export"),
    *("queries.job", "queries.upkeep", "queries.verifying", "queries.watch", "queries.occasions"),
    *("queries.web", "queries.mcp"),
)
"""Modules whose functions a program may want, too; the others lend a hand in printing."""
_SENTENCE_END = re.compile(r"(?<=\.)\s(?=[A-Z])")
_NOTE = "<!-- Written by `python -m docs.generate`; do not edit. -->"

_EXIT_CODES = {
    0: "done, and nothing at or above `--fail-on`",
    1: "findings at or above `--fail-on`",
    errors.UserError.exit_code: "usage or bad input; a bad claims.yaml with file and line",
    errors.DataError.exit_code: "damaged data",
    errors.CrawlError.exit_code: (
        "the crawl could not run, another command is at work on the data folder, or a server or cluster went away"
    ),
    options.INCOMPLETE: "finished, but incomplete: a source did not answer, a page failed, the disk is full",
}

_OF_IDS = "How commands and the rest of the file name it."

_KINDS: tuple[tuple[Any, str], ...] = (
    (study.Slug, "id: lower-case letters, digits, hyphens"),
    (locators.Url, "address, http or https"),
    (locators.FeedUrl, "address, `{query}` behind its host or not"),
    (locators.Host, "host, such as `example.org`"),
    (study.Words, "text"),
    (date, "day, such as `2026-04-01`"),
    (Path, "path"),
    (bool, "`true` or `false`"),
    (int, "whole number"),
    (float, "number"),
    (str, "text"),
)
"""What to write for a type, the narrower first: bool is an int."""


def main(arguments: Sequence[str]) -> int:
    """Write or check; returns the exit code."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(FOLDER.parent)} is stale: run `python -m docs.generate`\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages()[path], encoding="utf-8")
        sys.stderr.write(f"wrote {path.relative_to(FOLDER.parent)}\n")
    return 0


def pages() -> dict[Path, str]:
    """Every generated document with what should stand in it."""
    made = {"cli.md": _cli(), "claims.md": _claims(), "settings.md": _settings()}
    made[licences.PAGE.name] = licences.page(licences.pinned())
    whole = {FOLDER / name: "\n".join([_NOTE, "", *lines]) + "\n" for name, lines in made.items()}
    return whole | {
        FOLDER / "architecture.md": renewed("architecture.md", _MODULES, _MODULES_END, _modules()),
        FOLDER / "api.md": renewed("api.md", _FUNCTIONS, _FUNCTIONS_END, _functions()),
    }


def renewed(name: str, start: str, end: str, lines: Iterable[str]) -> str:
    """A document as it stands, what is between two marks written anew."""
    before, start_found, rest = (FOLDER / name).read_text(encoding="utf-8").partition(start)
    _, end_found, after = rest.partition(end)
    if not (start_found and end_found):
        raise ValueError(f"{name} has no {start} ... {end}")
    return f"{before}{start}\n{chr(10).join(lines)}\n{end}{after}"


# --- cli.md ---


def _cli() -> Iterator[str]:
    group = typer.main.get_command(app)
    context = group.make_context("retold", [], resilient_parsing=True)
    yield from ("# Commands", "", group.help or "", "")
    yield from ("Global options, before or after the command's name:", "")
    yield from _records(group, context)
    yield from ("", "| exit code | means |", "|---|---|")
    yield from (f"| {code} | {meaning} |" for code, meaning in sorted(_EXIT_CODES.items()))
    yield from ("", "Results go to standard output, progress, counts and errors to standard error.", "")
    commands: Mapping[str, Any] = group.commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        yield from _command(name, command, context)


def _command(name: str, command: Any, parent: Any) -> Iterator[str]:
    context = command.make_context(name, [], resilient_parsing=True, parent=parent)
    told, _, example = (command.help or "").partition(EXAMPLE)
    usage = " ".join(["retold", name, *command.collect_usage_pieces(context)])
    yield from (f"## retold {name}", "", " ".join(told.split()), "", "```", usage, "```", "")
    records = list(_records(command, context))
    yield from [*records, ""] if records else []
    yield from ("Example:", "", "```", example.strip(), "```", "")


def _records(command: Any, context: Any) -> Iterator[str]:
    """A line for each argument and option but --help, which every command has."""
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if record and param.name != "help":
            yield f"- `{record[0]}`: {' '.join(record[1].split())}"


# --- claims.md ---


def _claims() -> Iterator[str]:
    yield from ("# claims.yaml", "")
    yield from (
        "Every key of the file. An unknown key, a missing one or a value of the wrong kind is an error that names",
        "file and line. `retold init` writes a commented file to start from.",
        "",
    )
    top: type[BaseModel] = study._File
    for where, model in _sections("", top):
        yield from (f"## {where}" if where else "## Top level", "", _first_paragraph(model), "")
        yield from _table(model)


def _sections(where: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """A model and those inside it, each with its path in the file; `[]` after a list."""
    yield where, model
    for name, hint in _hints(model).items():
        inner = _model_in(hint)
        if inner:
            listed = "[]" if _is_list(hint) else ""
            yield from _sections(f"{where}.{name}{listed}".removeprefix("."), inner)


def _table(model: type[BaseModel]) -> Iterator[str]:
    told = field_docs(model)
    yield from ("| key | value | when left out | meaning |", "|---|---|---|---|")
    for name, hint in _hints(model).items():
        field = model.model_fields[name]
        default = "**required**" if field.is_required() else _shown(field.get_default(call_default_factory=True))
        yield f"| `{name}` | {_kind(hint)} | {default} | {told.get(name, _OF_IDS if name == 'id' else '')} |"
    yield ""


def _hints(model: type[BaseModel]) -> dict[str, Any]:
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


def _kind(hint: Any) -> str:
    """A type in words."""
    for known, words in _KINDS:
        if hint == known:
            return words
    inner = _model_in(hint)
    if inner:
        return "list, see below" if _is_list(hint) else "keys, see below"
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (Union, UnionType):
        return " or ".join(_kind(part) for part in arguments if part is not NoneType)
    if origin is Annotated:
        return _kind(arguments[0])
    if origin in (list, tuple):
        return f"list of: {_kind(arguments[0])}"
    raise TypeError(f"no words for {hint}")


def _model_in(hint: Any) -> type[BaseModel] | None:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint
    return next((model for part in get_args(hint) if (model := _model_in(part))), None)


def _is_list(hint: Any) -> bool:
    return get_origin(hint) is list or any(_is_list(part) for part in get_args(hint))


# --- settings.md ---


def _settings() -> Iterator[str]:
    yield from ("# Settings", "")
    yield from (
        "Read once from the environment; `--study` and `--data-dir` come before it. Of lists, JSON:",
        "`RETOLD_CRAWL__ALLOW_HOSTS='[\"localhost:8000\"]'`.",
        "",
    )
    yield from _environment(settings.Settings, "RETOLD_")
    yield from ("## Crawl", "", _first_paragraph(settings.CrawlSettings), "")
    yield from _environment(settings.CrawlSettings, "RETOLD_CRAWL__")
    yield from (
        "## Telemetry",
        "",
        "Set before the libraries that read them are imported, unless they are set already:",
    )
    yield from ("", *(f"- `{name}={value}`" for name, value in sorted(settings.TELEMETRY_OFF.items())))


def _environment(model: type[BaseModel], prefix: str) -> Iterator[str]:
    told = field_docs(model)
    yield from ("| variable | value | default | meaning |", "|---|---|---|---|")
    for name, hint in _hints(model).items():
        if not _model_in(hint):
            default = _shown(model.model_fields[name].get_default(call_default_factory=True))
            yield f"| `{prefix}{name.upper()}` | {_kind(hint)} | {default} | {told.get(name, '')} |"
    yield ""


# --- the modules in architecture.md ---


def _modules() -> Iterator[str]:
    """Every module with the first sentence of its docstring, from the top layer down as .importlinter has them."""
    contracts = configparser.ConfigParser()
    contracts.read(FOLDER.parent / ".importlinter", encoding="utf-8")
    for package in PACKAGES:
        layers = contracts[f"importlinter:contract:{package}"]["layers"].replace("|", " ").replace(":", " ")
        order = {name: number for number, name in enumerate(layers.split())}
        folder = FOLDER.parent / package
        yield from ("", f"### {package}/", "", _first_sentence(folder / "__init__.py"), "")
        files = [file for file in folder.glob("*.py") if file.stem != "__init__"]
        for file in sorted(files, key=lambda file: (order.get(file.stem, len(order)), file.stem)):
            yield f"- `{package}/{file.name}`: {_first_sentence(file)}"
    yield ""


def _first_sentence(file: Path) -> str:
    """Of a module's docstring; with the next where it is too short to tell much."""
    told = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(told.partition("\n\n")[0].split()).replace("<", "\\<")
    first, *rest = _SENTENCE_END.split(paragraph)
    return first if len(first) >= TELLING or not rest else f"{first} {rest[0]}"


# --- the functions in api.md ---


def _functions() -> Iterator[str]:
    """The library's functions that the modules of the commands call, by module."""
    called = sorted({function for name in COMMANDS for function in _called(FOLDER.parent / "queries" / f"{name}.py")})
    for module in dict.fromkeys(module for module, _ in called):
        loaded = importlib.import_module(module)
        yield from ("", f"### {module}", "", _first_sentence(Path(str(loaded.__file__))), "")
        yield from (_signature(getattr(loaded, name)) for owner, name in called if owner == module)
    yield ""


def _called(file: Path) -> Iterator[tuple[str, str]]:
    """Module and name of the public functions of the library that a file calls."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {
        each.asname or each.name: (node.module, each.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for each in node.names
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)) if owner in imported:
                module = ".".join(imported[owner])
            case ast.Call(func=ast.Name(id=given)) if given in imported:
                module, name = imported[given]
            case _:
                continue
        if (
            module in LIBRARY
            and not name.startswith("print_")
            and inspect.isfunction(getattr(importlib.import_module(module), name, None))
        ):
            yield module, name


def _signature(function: Any) -> str:
    told = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split()).replace("<", "\\<")
    bare = re.sub(r"<class '([\w.]+)'>", r"\1", str(inspect.signature(function)))
    shown = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z]|datetime\b)", "", bare).replace("'", "")
    return f"- `{function.__name__}{shown}`: {told}"


# --- what the source says ---


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field of a model, on one line; fields without one are left out."""
    module = inspect.getmodule(model)
    if module is None:
        raise TypeError(f"{model} has no source")
    tree = ast.parse(inspect.getsource(module))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == model.__name__)
    found: dict[str, str] = {}
    for field, after in pairwise(body):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


def _first_paragraph(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").partition("\n\n")[0].split())


def _shown(value: object) -> str:
    if value is None or value is PydanticUndefined or value in ([], ()):
        return "none"
    plain = value.value if isinstance(value, Enum) else value
    return f"`{str(plain).lower() if isinstance(plain, bool) else plain}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
