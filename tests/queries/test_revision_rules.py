"""Captures against earlier captures: silent edits, marked corrections, and what is no edit."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from newsdesk import keep, opened, page
from typer.testing import CliRunner

from kb.pipeline import build
from kb.revisions import changes
from kb.workspace import Workspace
from queries import asking
from queries.cli import app
from queries.rules import Finding

URL = "https://ledger.example/naps"
LEAD = "Nurses who took a short nap during the night made fewer charting mistakes, a study published on Monday found."
QUOTE = "“We were surprised by how consistently a short nap brought error rates back,” said Elise Moreau, who led it."
COUNT = "The study followed twelve wards for six weeks and counted every entry that had to be mended later on."
CLOSE = "The hospital will keep the beds where they are until the end of the year, and then look at the figures again."
STORY = (LEAD, QUOTE, COUNT, CLOSE)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as workspace:
        yield workspace


def found(workspace: Workspace, *versions: Sequence[str]) -> list[Finding]:
    for hours, told in enumerate(versions):
        keep(workspace, URL, page(URL, told), hours=hours)
    build(workspace)
    return [f for f in asking.findings(workspace)[1] if f.rule in ("silent-edit", "correction")]


def replaced(old: str, new: str) -> tuple[str, ...]:
    return tuple(paragraph.replace(old, new) for paragraph in STORY)


def test_a_changed_number_with_no_note_is_a_silent_edit(desk: Workspace) -> None:
    (finding,) = found(desk, STORY, replaced("twelve wards", "ten wards"))
    assert (finding.rule, finding.severity, finding.truth) == ("silent-edit", 2, "settled")
    assert [(edit.before, edit.after) for edit in finding.edits] == [("twelve", "ten")]
    assert (finding.expected, finding.observed) == (COUNT, COUNT.replace("twelve", "ten"))
    assert len({passed.retelling.snapshot.body_sha256 for passed in finding.evidence}) == 2


def test_a_sentence_with_a_quote_taken_out_is_a_silent_edit(desk: Workspace) -> None:
    (finding,) = found(desk, STORY, (LEAD, COUNT, CLOSE))
    assert (finding.rule, finding.expected, finding.observed) == ("silent-edit", QUOTE, "")


def test_a_marked_correction_is_no_silent_edit(desk: Workspace) -> None:
    note = "Correction: An earlier version of this article misstated the number of wards."
    (finding,) = found(desk, STORY, (*replaced("twelve wards", "ten wards"), note))
    assert (finding.rule, finding.observed) == ("correction", note)


@pytest.mark.parametrize(
    "later",
    [
        (*STORY, "The union said on Tuesday that it would wait for the second part of the study to come out."),
        (LEAD, COUNT, QUOTE, CLOSE),
        ("Updated 2 days ago", *STORY),
        tuple(paragraph.replace("charting mistakes", "charting misstakes") for paragraph in STORY),
        (LEAD, QUOTE, COUNT),
    ],
)
def test_what_is_no_change_of_sense_is_silent(desk: Workspace, later: Sequence[str]) -> None:
    assert found(desk, STORY, later) == []


def test_a_page_put_to_another_use_is_silent(desk: Workspace) -> None:
    other = tuple(f"{paragraph} And {number} more nap study words about it." for number, paragraph in enumerate(STORY))
    assert found(desk, STORY, tuple(f"{words[::-1]} nap study" for words in other)) == []


def test_a_page_for_phones_is_another_page(desk: Workspace) -> None:
    keep(desk, URL, page(URL, STORY))
    keep(desk, f"{URL}?amp", page(URL, replaced("twelve wards", "ten wards")), hours=1)
    build(desk)
    assert desk.reader.coverage(desk.study).revisions == ()


def test_three_captures_make_two_revisions(desk: Workspace) -> None:
    found(desk, STORY, replaced("twelve", "ten"), replaced("twelve", "eleven"))
    revisions = desk.reader.coverage(desk.study).revisions
    assert [[c.after.ordinal for c in changes(revision).changed] for revision in revisions] == [[2], [2]]


def test_a_change_of_the_extractor_is_no_edit(desk: Workspace) -> None:
    assert found(desk, STORY) == []
    build(desk, rebuild=["extract"])
    assert desk.reader.coverage(desk.study).revisions == ()


def test_the_command_shows_both_wordings_and_times(desk: Workspace, tmp_path: Path) -> None:
    found(desk, STORY, replaced("twelve wards", "ten wards"))
    place = ["--study", str(tmp_path / "claims.yaml"), "--data-dir", str(tmp_path / "data")]
    shown = CliRunner().invoke(app, ["revisions", *place])
    assert f"- {COUNT}" in shown.stdout
    assert "nothing marks it" in shown.stdout
    (line,) = CliRunner().invoke(app, ["revisions", "--json", *place]).stdout.splitlines()
    assert json.loads(line)["changed"][0]["edits"] == [{"op": "replace", "from": "twelve", "to": "ten"}]
    assert CliRunner().invoke(app, ["revisions", "https://nobody.example/", *place]).exit_code == 2
