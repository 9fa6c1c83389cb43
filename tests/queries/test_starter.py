"""`retold init`: the file it writes works as it is, and nothing is overwritten."""

import json
import re

import pytest
from typer.testing import CliRunner

from kb.errors import UserError
from kb.study import load, loads
from queries.cli import app
from queries.starter import CLAIMS, write_claims


def test_starter_is_a_study_as_it_stands(tmp_path):
    read = load(write_claims(tmp_path))
    assert read.slug == "my-study"
    assert (read.speakers, read.quotes, read.claims, read.sources) == ((), (), (), ())


def test_examples_in_comments_work_once_uncommented():
    told = re.sub(
        r"^( *)# (contact:|url:|since:|until:|documents:|  - \{id: v1|- |  [a-z]+: )", r"\1\2", CLAIMS, flags=re.M
    )
    read = loads(told)
    assert [read.speakers[0].slug, read.quotes[0].slug, read.claims[0].slug] == [
        "roe",
        "roe-surprised",
        "models-tested",
    ]
    assert read.sources[0].feeds == ("https://news.example/science.xml", "https://news.example/?s={query}&feed=rss2")
    assert read.documents[-1].slug == "v1"
    assert read.contact == "desk@example.org"


def test_folder_is_made(tmp_path):
    assert write_claims(tmp_path / "a" / "b").is_file()


def test_file_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "claims.yaml").write_text("mine")
    with pytest.raises(UserError, match="is there already; it was left as it is"):
        write_claims(tmp_path)
    assert (tmp_path / "claims.yaml").read_text() == "mine"


@pytest.mark.parametrize("inside", ["file", "file/deeper"])
def test_file_in_place_of_the_folder_is_told(tmp_path, inside):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="a file is in the way"):
        write_claims(tmp_path / inside)


def test_init_tells_scripts_where(tmp_path):
    result = CliRunner().invoke(app, ["init", str(tmp_path), "--json"])
    assert json.loads(result.stdout) == {"wrote": str(tmp_path / "claims.yaml")}
