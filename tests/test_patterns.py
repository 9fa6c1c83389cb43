"""No regular expression of retold takes quadratic time: every one that a module holds or writes is attacked."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pumping import attacks, is_steep

PACKAGES = ("crawler", "kb", "queries")
METHODS = ("match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split")
ANCHORED = {"match", "fullmatch"}


@cache
def modules() -> tuple[ModuleType, ...]:
    found = []
    for package in PACKAGES:
        top = importlib.import_module(package)
        found += [importlib.import_module(each.name) for each in pkgutil.walk_packages(top.__path__, f"{package}.")]
    return tuple(found)


@cache
def source_of(module: ModuleType) -> str:
    return Path(module.__file__).read_text(encoding="utf-8") if module.__file__ else ""


def held(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """The patterns in a module's value, in whatever it is wrapped."""
    if isinstance(value, re.Pattern):
        yield name, value
    elif depth < 4 and isinstance(value, dict):
        for key, inner in value.items():
            yield from held(inner, f"{name}[{key!r}]", depth + 1)
    elif depth < 4 and isinstance(value, list | tuple | set | frozenset):
        for at, inner in enumerate(value):
            yield from held(inner, f"{name}[{at}]", depth + 1)


def written(module: ModuleType) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """The patterns that a module's functions give to `re` as they go."""
    tree = ast.parse(source_of(module))
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        called = node.func
        if not (isinstance(called.value, ast.Name) and called.value.id == "re" and called.attr in METHODS):
            continue
        if isinstance(node.args[0], ast.Constant):
            yield f"line {node.lineno}", re.compile(node.args[0].value)


def patterns() -> dict[str, re.Pattern[Any]]:
    """Every pattern once, by the first module that holds it and its name there."""
    found: dict[re.Pattern[Any], str] = {}
    for module in modules():
        for name, value in vars(module).items():
            for place, pattern in held(value, name):
                found.setdefault(pattern, f"{module.__name__}.{place}")
        for place, pattern in written(module):
            found.setdefault(pattern, f"{module.__name__}: {place}")
    return {name: pattern for pattern, name in found.items()}


def methods(name: str) -> set[str]:
    """How a pattern is used, as far as its module tells; all ways where it does not."""
    module, _, variable = name.partition(":")[0].rpartition(".")
    if not variable.isidentifier():
        return set(METHODS)
    uses: set[str] = set()
    for each in modules():
        source = source_of(each)
        if variable in source:  # most hold no word of it, and a search for the pattern takes its time
            uses |= set(re.findall(rf"\b{re.escape(variable)}\.(\w+)", source)) & set(METHODS)
            if each.__name__ == module and re.search(rf"(?<!def )\b{re.escape(variable)}\b(?!\.|\s*=|\s*:)", source):
                return set(METHODS)
    return uses or set(METHODS)


def steep(name: str, pattern: re.Pattern[Any]) -> list[str]:
    """The attacks on which a pattern grows faster than its text."""
    anchored = methods(name) <= ANCHORED
    found = []
    for attack in attacks(pattern):
        if is_steep(pattern.match if anchored else lambda text: list(pattern.finditer(text)), attack):
            found.append(str(attack.__doc__))
    return found


NOT_REACHED = {
    "queries.coding._FORMULA": "the cells of its sheets have their blanks collapsed, and it may overlook no formula",
}
"""Patterns that are steep, with the reason why no page can make use of it."""


def test_no_pattern_takes_quadratic_time() -> None:
    found = {name: steep(name, pattern) for name, pattern in patterns().items() if name not in NOT_REACHED}
    assert len(found) > 200
    assert {name: bad for name, bad in found.items() if bad} == {}


@pytest.mark.parametrize(
    "bad",
    [
        r"(a+)+b",
        r"\s+$",
        r"<[^>]*>",
        r"[“‘][^”]{20,}”",
        r"(?:[A-Z]\w* ){0,4}University",
        rb"<meta[^>]*charset",
    ],
)
def test_steep_patterns_are_found(bad: str | bytes) -> None:
    assert steep("", re.compile(bad))


@pytest.mark.parametrize("good", [r"\w+", r"a{1,60}b", r"<[^<>]{0,20}>", r"^\s*x", r"(?:ab|cd)+"])
def test_linear_patterns_are_not_accused(good: str) -> None:
    assert steep("", re.compile(good)) == []
