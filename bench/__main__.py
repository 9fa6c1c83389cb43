"""`python -m bench NAME [options]`: runs the `run` of bench/NAME.py and prints its figures as JSON.

A parameter of `run` is an option: `data: Path` is `--data PATH`, `limit: int | None = None` is `--limit N`,
a tuple takes several values. One without a default is required. To the figures are added the size and
digest of every path given or defaulted to, and the versions of the libraries.
"""

import argparse
import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import bench
from bench.data import described, versions
from kb.settings import silence_telemetry

Run = Callable[..., Mapping[str, Any]]


def main(arguments: Sequence[str]) -> int:
    """Run one measurement; returns the exit code."""
    silence_telemetry()
    names = [
        module.name
        for module in pkgutil.iter_modules(bench.__path__)
        if module.name not in ("__main__", "data", "site") and not module.name.startswith("tree_")
    ]
    parser = argparse.ArgumentParser(prog="python -m bench", description="Print a measurement as JSON.")
    parser.add_argument("name", choices=names)
    name = parser.parse_args(arguments[:1]).name
    run: Run | None = getattr(importlib.import_module(f"bench.{name}"), "run", None)
    if run is None:
        parser.error(f"bench/{name}.py has no `run`")
    given = vars(_options(name, run).parse_args(arguments[1:]))
    figures = dict(run(**given))
    report = {"bench": name, **figures}
    report.setdefault("data", [described(path) for path in _paths(given)])
    report.setdefault("versions", versions())
    json.dump(report, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
    return 0


def _options(name: str, run: Run) -> argparse.ArgumentParser:
    """A parser for the parameters of a `run`."""
    parser = argparse.ArgumentParser(
        prog=f"python -m bench {name}",
        description=inspect.getdoc(run),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    hints = get_type_hints(run)
    for parameter in inspect.signature(run).parameters.values():
        kind, several = _kind(hints[parameter.name])
        required = parameter.default is inspect.Parameter.empty
        option: dict[str, Any] = {"action": argparse.BooleanOptionalAction} if kind is bool else {"type": kind}
        if several:
            option["nargs"] = "+"
        parser.add_argument(
            f"--{parameter.name.replace('_', '-')}",
            dest=parameter.name,
            required=required,
            default=None if required else parameter.default,
            **option,
        )
    return parser


def _kind(hint: Any) -> tuple[type, bool]:
    """The type of one value, and whether there may be several."""
    parts = [part for part in get_args(hint) if part not in (NoneType, Ellipsis)]
    if not parts:
        return hint, False
    if isinstance(origin := get_origin(hint), type) and issubclass(origin, Sequence):
        return _kind(parts[0])[0], True
    return _kind(parts[0])


def _paths(given: Mapping[str, Any]) -> list[Path]:
    """The paths among the options that are there."""
    values = [each for value in given.values() for each in (value if isinstance(value, (list, tuple)) else [value])]
    return [value for value in values if isinstance(value, Path) and value.exists()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
