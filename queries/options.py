"""The command line's frame: options that stand anywhere, errors as messages and exit codes, output streams."""

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kb.errors import RetoldError, UserError
from queries.plain import json_text, printable

if TYPE_CHECKING:
    from rich.console import Console

    from kb.settings import Settings
    from kb.workspace import Workspace

DAMAGED = 3
"""Exit code when stored data is not as it was captured."""

INCOMPLETE = 5
"""Exit code of a run that finished, but not with everything."""

_VALUED = ("--study", "--data-dir")
_FLAGS = ("--json", "-q", "--quiet", "-v", "--verbose")


class Kind(StrEnum):
    PASSAGE = "passage"
    QUOTE = "quote"
    CLAIM = "claim"


class SearchMode(StrEnum):
    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


class QuoteVerdict(StrEnum):
    VERBATIM = "verbatim"
    TRIMMED = "trimmed"
    ALTERED = "altered"
    MERGED = "merged"


class ReportFormat(StrEnum):
    HTML = "html"
    MD = "md"
    JSON = "json"


class ExportFormat(StrEnum):
    ANNOTATION = "annotation"
    ATOM = "atom"
    BIBTEX = "bibtex"
    CLAIMREVIEW = "claimreview"
    CSV = "csv"
    JSONL = "jsonl"
    OPML = "opml"
    PROV = "prov"
    QUOTATION = "quotation"
    WACZ = "wacz"


class Table(StrEnum):
    QUOTES = "quotes"
    FINDINGS = "findings"
    ARTICLES = "articles"


class ExecutorName(StrEnum):
    LOCAL = "local"
    RAY = "ray"


class StageName(StrEnum):
    EXTRACT = "extract"
    ANNOTATE = "annotate"
    CREDITS = "credits"
    EMBED = "embed"
    PAIR = "pair"


@dataclass(frozen=True, kw_only=True)  # of the library that Typer loads: attrs would take a tenth of `retold --help`
class Options:
    """The global options of one call."""

    study: Path | None = None
    data_dir: Path | None = None
    json: bool = False
    verbosity: int = 0
    """-1 quiet, 0 usual, 1 more."""

    @property
    def settings(self) -> "Settings":
        from pydantic import ValidationError
        from pydantic_settings import SettingsError

        from kb.settings import Settings, silence_telemetry

        silence_telemetry()
        given: dict[str, Any] = {"study": self.study, "data_dir": self.data_dir}
        try:
            return Settings(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            first = error.errors()[0]
            name = "RETOLD_" + "__".join(str(part) for part in first["loc"]).upper()
            raise UserError(f"setting {name}: {first['msg']}") from error
        except SettingsError as error:
            raise UserError(f"settings in the environment: {error}") from error

    def workspace(self) -> "Workspace":
        """The study's data; enter it with `with`."""
        from kb.workspace import Workspace

        return Workspace(self.settings)

    def run_by(self, executor: ExecutorName | None) -> "Settings":
        """The settings, with the executor that the command names, if it does."""
        return self.settings.model_copy(update={"executor": executor.value} if executor else {})

    @contextmanager
    def working(self, settings: "Settings | None" = None) -> Iterator["Workspace"]:
        """The same for a command that changes them: BusyError where another one is at work on them.

        Told before they are opened, for opening them finishes what a killed command left.
        """
        from kb.exclusive import alone
        from kb.workspace import Workspace

        workspace = Workspace(settings or self.settings)
        workspace.study  # noqa: B018  a bad claims.yaml is told before a folder is made
        with alone(workspace.settings.data_dir, workspace.settings.database_url), workspace:
            yield workspace

    def console(self) -> "Console":
        """Standard error, for progress and counts; silent under -q."""
        from rich.console import Console

        return Console(stderr=True, quiet=self.verbosity < 0, highlight=False)


class Frame(typer.core.TyperGroup):
    """A group that takes its own options after a command's name too, and turns errors into exit codes."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _hoisted(args))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except RetoldError as error:
            _fail(str(error), error.exit_code)
        except KeyboardInterrupt:
            _fail("stopped; what was captured is kept, and the same command goes on from there", INCOMPLETE)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except OSError as error:
            if error.errno == errno.ENOSPC:
                _fail(
                    "the disk is full: what was captured is kept; free some space and run the same command", INCOMPLETE
                )
            if error.errno in (errno.EACCES, errno.EROFS):
                _fail(
                    f"{error.filename}: {error.strerror}; choose another folder with --data-dir, or copy this one to "
                    "where it can be written",
                    UserError.exit_code,
                )
            if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
                _fail(f"{error.filename}: {error.strerror}; move away what is in the way there", UserError.exit_code)
            if error.errno == errno.EIO:
                _fail(f"{error.filename or 'the disk'}: {error.strerror}; the disk may be failing: copy it", DAMAGED)
            raise


def _hoisted(args: list[str]) -> list[str]:
    """Global options moved before the command, wherever they stand; nothing behind `--` is touched."""
    front: list[str] = []
    rest: list[str] = []
    waiting = list(args)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            return [*front, *rest, word, *waiting]
        if word in _VALUED and waiting:
            front += [word, waiting.pop(0)]
        elif word in _FLAGS or word.startswith(tuple(f"{name}=" for name in _VALUED)):
            front.append(word)
        else:
            rest.append(word)
    return [*front, *rest]


def _fail(message: str, code: int) -> None:
    """Messages quote what strangers wrote: lines of their lists, names of files, answers of servers."""
    typer.echo(f"retold: {printable(message)}", err=True)
    raise typer.Exit(code)


def require_place(target: Path) -> None:
    """UserError when a file cannot be written there, told before the work rather than after it."""
    if target.is_dir():
        raise UserError(f"-o {target}: a folder; name a file in it")
    if not target.parent.is_dir():
        raise UserError(f"-o {target}: there is no folder {target.parent}")


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    typer.echo(json_text(value, 2))


def print_lines(values: Iterable[object]) -> int:
    """JSON Lines on standard output; returns how many."""
    count = 0
    for value in values:
        typer.echo(json_text(value))
        count += 1
    return count
