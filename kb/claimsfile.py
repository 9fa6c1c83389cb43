"""claims.yaml as a file: its YAML with line numbers, and errors in words that say what was expected."""

from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from kb.errors import StudyError

_LONGEST = 200
"""Characters told of what was found."""
_EXPECTED = {
    "string_type": "expected text; where it looks like a number or a date, put it in quotation marks",
    "string_too_short": "expected text",
    "list_type": "expected a list: lines that begin with `- `, or [ ]",
    "too_short": "expected a list with at least one entry",
    "model_type": "expected keys with values (`key: value`)",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a number",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "date_type": "expected a day such as 2026-01-15",
    "date_parsing": "expected a day such as 2026-01-15",
    "date_from_datetime_parsing": "expected a day such as 2026-01-15",
    "date_from_datetime_inexact": "expected a day such as 2026-01-15, without a time",
}
"""What to say of the library's error types; others keep its words."""


def parse(source: str, name: str) -> CommentedMap:
    """The tree of a file, each part with its place; StudyError where it is no YAML or no mapping."""
    try:
        tree = YAML(typ="rt").load(source)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise StudyError(name, mark.line + 1 if mark else 0, f"not valid YAML: {error.problem}") from error
    except RecursionError as error:
        raise StudyError(name, 0, "not valid YAML: nested too deeply") from error
    except (YAMLError, ValueError, TypeError) as error:  # TypeError: a list for a key
        raise StudyError(name, 0, f"not valid YAML: {' '.join(str(error).split())}") from error
    if tree is None:
        raise StudyError(name, 1, "the file is empty; expected `study:` with `id` and `title` (see `retold init`)")
    if not isinstance(tree, CommentedMap):
        raise StudyError(name, 1, "expected keys such as `study:` at the top, found a plain value or list")
    return tree


def problem_of(error: Any) -> str:
    """One error of the validation in words: where, what was expected, what was found."""
    where = ".".join(str(part) for part in error["loc"] if not str(part).startswith(("list[", "_")))
    match error["type"]:
        case "missing":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"{where}: unknown key"
        case "string_pattern_mismatch":
            return f"{where}: expected an id of lower-case letters, digits and hyphens, found {error['input']!r}"
        case "invalid_key":
            return "a key that is not text; put it in quotation marks"
        case _:
            message = _EXPECTED.get(error["type"]) or error["msg"].removeprefix("Value error, ").replace(
                "Input should be ", "expected "
            )
            found = error.get("input")
            shown = f", found {_short(found)}" if isinstance(found, (str, int, float)) else ""
            return f"{where}: {message}{shown}" if where else message


def _short(found: str | int | float) -> str:
    if isinstance(found, int) and abs(found) > 10**_LONGEST:
        return "a number of very many digits"  # which Python does not write out
    told = repr(found)
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"


def line_of(tree: Any, location: Sequence[int | str]) -> int:
    """1-based line of the deepest part of a location that stands in the file."""
    line = 1
    for part in location:
        if isinstance(tree, CommentedMap) and part in tree:
            line = tree.lc.data[part][0] + 1 if part in tree.lc.data else line  # a merged key stands elsewhere
        elif isinstance(tree, CommentedSeq) and isinstance(part, int) and part < len(tree):
            line = tree.lc.item(part)[0] + 1
        else:
            continue  # pydantic names the branch of a union, which the file does not have
        tree = tree[part]
    return line
