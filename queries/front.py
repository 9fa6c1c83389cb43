"""`retold` begins here. A plain `retold search` is answered without the command line's library: loading that takes
longer than the search. Whatever is not quite plain, mistakes among it, goes to `queries.cli`.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from queries.lookup import Answer

FLAGS = {"--json": "json", "-q": "quiet", "--quiet": "quiet"}
VALUED = {
    "--study": "study",
    "--data-dir": "data_dir",
    "--source": "source",
    "--since": "since",
    "--until": "until",
    "--kind": "kind",
    "--language": "language",
    "--verdict": "verdict",
    "--mode": "mode",
    "-k": "k",
}
"""Options as `queries.cli` declares them, but for `--speaker`, which needs the study, and `-v`. A test compares."""

CHOICES = {
    "kind": ("passage", "quote"),
    "mode": ("hybrid", "dense", "lexical"),
    "verdict": ("verbatim", "trimmed", "altered", "merged"),
}


def main() -> None:
    """The `retold` command."""
    words = sys.argv[1:]
    if words == ["--version"]:
        from queries.plain import release

        sys.stdout.write(f"{release()}\n")
    elif not answered(words):
        from queries.cli import app

        app()


def answered(words: Sequence[str]) -> bool:
    """Whether these words of a command line were a search that could be answered at once; then it is printed."""
    given = _read(words)
    if given is None:
        return False
    from pathlib import Path

    from kb.errors import RetoldError
    from queries.days import now
    from queries.lookup import Question, at_once

    json, quiet = given.pop("json", False), given.pop("quiet", False)
    data, study = (Path(given.pop(name)) if name in given else None for name in ("data_dir", "study"))
    try:
        answer = at_once(data, study, Question(**given), now())
    except RetoldError:
        return False  # told by the command line
    if answer is None:
        return False
    try:
        _print(answer, json=json, quiet=quiet)
    except BrokenPipeError:
        return False
    return True


def _read(words: Sequence[str]) -> dict[str, Any] | None:
    """The parts of a plain search: `search`, one query, and options each once; None for anything else."""
    given: dict[str, Any] = {}
    rest: list[str] = []
    waiting = iter(words)
    for word in waiting:
        name, _, value = word.partition("=")
        if word in FLAGS:
            given[FLAGS[word]] = True
        elif name in VALUED and VALUED[name] not in given:
            given[VALUED[name]] = value if "=" in word else next(waiting, "-")
        elif word.startswith("-"):
            return None
        else:
            rest.append(word)
    if len(rest) != 2 or rest[0] != "search" or any(str(value).startswith("-") for value in given.values()):
        return None
    if any(given.get(name, choices[0]) not in choices for name, choices in CHOICES.items()):
        return None
    count = given.get("k", "10")
    if not (count.isascii() and count.isdigit() and int(count)):
        return None
    return {**given, "query": rest[1], "k": int(count)}


def _print(answer: "Answer", *, json: bool, quiet: bool) -> None:
    if json:
        from queries.plain import json_text

        sys.stdout.write(json_text(answer.plain, 2) + "\n")
    else:
        from queries import listing

        listing.hits(answer, sys.stdout, None if quiet else sys.stderr)
    sys.stdout.flush()
