"""Small files in the data folder that one run leaves for the next: read forgivingly, written at once or not at all."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import cattrs

from kb.records import rfc3339

T = TypeVar("T")


def converter(**options: Any) -> cattrs.Converter:
    """Between attrs classes and plain JSON, with times as RFC 3339; `options` as of cattrs.Converter."""
    made = cattrs.Converter(**options)
    made.register_unstructure_hook(datetime, rfc3339)
    made.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    return made


_CONVERTER = converter()


def read_state(path: Path, kind: type[T]) -> T | None:
    """None where the file is missing or cannot be read: what it was kept for is then done as at first."""
    try:
        return _CONVERTER.structure(json.loads(path.read_text(encoding="utf-8")), kind)
    except (OSError, ValueError, KeyError, TypeError, cattrs.BaseValidationError):
        return None


def write_state(path: Path, value: object) -> None:
    replace_text(path, json.dumps(_CONVERTER.unstructure(value), indent=1))


def replace_text(path: Path, text: str) -> None:
    """At once or not at all: somebody may be reading, and a run may be killed."""
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
