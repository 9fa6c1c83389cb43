"""The frame of the command line: global options anywhere, errors as messages and exit codes."""

import errno
import io
import json

import pytest
import typer
from typer.testing import CliRunner

from kb.errors import CrawlError, DataError, StudyError, UserError
from queries.options import Frame, Options, _hoisted, print_json, print_lines, require_place

app = typer.Typer(cls=Frame)
raised: list[BaseException] = []


@app.callback()
def main(ctx: typer.Context, study: str = "", as_json: bool = typer.Option(False, "--json")) -> None:
    ctx.obj = (study, as_json)


@app.command()
def show(ctx: typer.Context, words: list[str]) -> None:
    typer.echo(json.dumps([*ctx.obj, *words]))


@app.command()
def fail() -> None:
    raise raised[-1]


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, args)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["--study", "s", "--json", "show", "word"],
        ["show", "word", "--study", "s", "--json"],
        ["show", "--json", "word", "--study=s"],
    ],
)
def test_global_options_stand_before_or_behind_the_command(args):
    assert json.loads(run(*args)[1]) == ["s", True, "word"]


def test_words_behind_two_dashes_are_left_alone():
    assert json.loads(run("show", "--", "--json")[1]) == ["", False, "--json"]


def test_option_without_its_value_is_left_for_the_parser():
    assert _hoisted(["show", "--study"]) == ["show", "--study"]


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (UserError("give a name"), 2, "retold: give a name"),
        (StudyError("claims.yaml", 7, "unknown key"), 2, "retold: claims.yaml:7: unknown key"),
        (DataError("damaged"), 3, "retold: damaged"),
        (CrawlError("no process"), 4, "retold: no process"),
        (KeyboardInterrupt(), 5, "what was captured is kept"),
        (OSError(errno.ENOSPC, "No space left", "x"), 5, "the disk is full"),
        (OSError(errno.EACCES, "Permission denied", "/data"), 2, "/data: Permission denied; choose another folder"),
        (OSError(errno.EROFS, "Read-only file system", "/data"), 2, "choose another folder with --data-dir"),
    ],
)
def test_error_becomes_a_message_and_an_exit_code(error, code, says):
    raised.append(error)
    exit_code, out, err = run("fail")
    assert exit_code == code
    assert says in err
    assert out == ""


def test_message_that_quotes_a_stranger_drives_no_terminal():
    raised.append(UserError("list of a.example, line 1: \x1b]0;title\x07\x1b[2J\x9b31m\u202e"))
    with CliRunner().isolation(color=True) as streams:
        with pytest.raises(SystemExit):
            app(["fail"])
        told = streams[1].getvalue().decode()
    assert "a.example, line 1" in told
    assert not set(told) & set("\x1b\x07\x9b\u202e")


def test_bad_variable_is_named(monkeypatch):
    monkeypatch.setenv("RETOLD_CRAWL__DELAY_S", "fast")
    with pytest.raises(UserError, match="RETOLD_CRAWL__DELAY_S"):
        _ = Options().settings


def test_given_options_outrank_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("RETOLD_DATA_DIR", "/elsewhere")
    assert Options(data_dir=tmp_path).settings.data_dir == tmp_path
    assert str(Options().settings.data_dir) == "/elsewhere"


def test_json_is_one_document_with_its_letters(capsys):
    print_json({"a": "“é”"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": "“é”"}
    assert "é" in out


def test_lines_are_counted(capsys):
    assert print_lines(iter([{"a": 1}, {"b": 2}])) == 2
    assert [json.loads(line) for line in io.StringIO(capsys.readouterr().out)] == [{"a": 1}, {"b": 2}]


def test_place_that_cannot_be_written_is_told_before_the_work(tmp_path):
    require_place(tmp_path / "report.html")
    with pytest.raises(UserError, match="a folder; name a file in it"):
        require_place(tmp_path)
    with pytest.raises(UserError, match="there is no folder"):
        require_place(tmp_path / "nope" / "report.html")
