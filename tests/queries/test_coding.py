"""Double coding: what a sheet shows and hides, what comes back from it, and the agreement of two coders."""

import csv
import io
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from newsdesk import keep, keep_stories, opened, page
from report_fixtures import FINDINGS
from sklearn.metrics import cohen_kappa_score
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from kb.errors import UserError
from kb.pipeline import build
from kb.workspace import Workspace
from queries import review
from queries.cli import app
from queries.coding import COLUMNS, VERDICTS, Coded, agreement, enter, read_sheet, write_sheet

NOW = datetime(2026, 5, 4, tzinfo=UTC)
SLIP = "https://slip.example/naps"
SLIPPED = "“We were surprised by how consistently a short nap brought error rates back,” said Ann Castle."


def coded(*verdicts: str) -> list[Coded]:
    return [Coded(subject=f"f{place}", verdict=verdict, note="") for place, verdict in enumerate(verdicts)]


def sheet(path: Path, *rows: tuple[str, str]) -> Path:
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        out.writerows([finding, *[""] * 5, verdict, "seen"] for finding, verdict in rows)
    return path


def test_the_sheet_shows_passages_and_not_how_sure_the_program_is() -> None:
    out = io.StringIO()
    assert write_sheet(FINDINGS, out) == len(FINDINGS)
    rows = list(csv.DictReader(io.StringIO(out.getvalue().removeprefix("\ufeff"))))
    assert [row["finding"] for row in rows] == sorted(found.id for found in FINDINGS)
    assert all(row["printed"] and not row["verdict"] for row in rows)
    assert not any(f"{found.confidence:.2f}" in out.getvalue() for found in FINDINGS)


def test_a_cell_that_a_spreadsheet_would_run_is_made_text() -> None:
    passed = FINDINGS[0].evidence[0]
    source = attrs.evolve(passed.retelling.source, name="=cmd|' /C calc'!A0;@x")
    hostile = attrs.evolve(passed, role="observed", retelling=attrs.evolve(passed.retelling, source=source))
    out = io.StringIO()
    write_sheet([attrs.evolve(FINDINGS[0], evidence=(hostile,))], out)
    rows = csv.DictReader(io.StringIO(out.getvalue().removeprefix("\ufeff")))
    assert [row["outlet"] for row in rows] == ["'=cmd|' /C calc'!A0;'@x"]


def test_a_sheet_that_a_spreadsheet_saved_with_semicolons_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("\ufefffinding;claimed;verdict;note\nf1;x;Confirmed;\n", encoding="utf-8")
    assert read_sheet(tmp_path / "a.csv") == [Coded(subject="f1", verdict="confirmed", note="")]


def test_agreement_is_that_of_scikit_learn() -> None:
    rng = random.Random(4)
    for _ in range(20):
        one, other = (rng.choices(VERDICTS, weights=(5, 3, 1), k=30) for _ in range(2))
        assert agreement(coded(*one), coded(*other)).kappa == pytest.approx(cohen_kappa_score(one, other))


def test_only_what_both_judged_counts() -> None:
    found = agreement(coded("confirmed", "rejected", "unsure"), coded("confirmed", "confirmed"))
    assert (found.n, found.observed, found.differing) == (2, 0.5, ("f1",))


@pytest.mark.parametrize("verdicts", [(), ("confirmed", "confirmed")])
def test_kappa_is_not_defined_where_chance_explains_everything(verdicts: tuple[str, ...]) -> None:
    assert agreement(coded(*verdicts), coded(*verdicts)).kappa is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("f1", "yes")], "'yes' is no verdict"),
        ([("f1", "confirmed"), ("f1", "rejected")], "has a verdict already"),
        ([("f1", "")], "nothing is judged"),
    ],
)
def test_a_sheet_that_cannot_be_meant_is_refused_with_its_place(
    tmp_path: Path, rows: list[tuple[str, str]], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        read_sheet(sheet(tmp_path / "a.csv", *rows))


def test_a_file_that_is_no_sheet_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="no column finding, verdict"):
        read_sheet(tmp_path / "a.csv")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as workspace:
        keep_stories(workspace)
        keep(workspace, SLIP, page(SLIP, ["A hospital wrote about the nap study of night nurses on Monday.", SLIPPED]))
        build(workspace)
        yield workspace


def test_a_filled_sheet_is_entered_for_one_coder(desk: Workspace, tmp_path: Path) -> None:
    subjects = [found.id for found in review.findings(desk)][:2]
    assert subjects
    filled = sheet(tmp_path / "ann.csv", *((subject, "rejected") for subject in subjects))
    place = ["--data-dir", str(desk.settings.data_dir), "--study", str(desk.settings.study)]
    done = CliRunner().invoke(app, [*place, "review", "enter", str(filled), "--user", "ann"])
    assert done.exit_code == 0, done.output
    assert {(each.subject, each.user, each.note) for each in desk.reader.judgements()} == {
        (subject, "ann", "seen") for subject in subjects
    }


def test_nothing_is_entered_from_a_sheet_of_another_coverage(desk: Workspace, tmp_path: Path) -> None:
    subject = review.findings(desk)[0].id
    filled = sheet(tmp_path / "ann.csv", (subject, "confirmed"), ("finding:gone", "confirmed"))
    place = ["--data-dir", str(desk.settings.data_dir), "--study", str(desk.settings.study)]
    done = CliRunner().invoke(app, [*place, "review", "enter", str(filled), "--user", "ann"])
    assert done.exit_code == 2
    assert not desk.reader.judgements()


def test_a_sheet_whose_entry_breaks_off_leaves_nothing_behind(desk: Workspace) -> None:
    rows = [Coded(subject=found.id, verdict="rejected", note="") for found in review.findings(desk)[:2]]
    with desk.store.engine.begin() as connection:
        # The database itself gives up at the second row.
        connection.exec_driver_sql(
            f"CREATE TRIGGER full BEFORE INSERT ON judgements WHEN NEW.subject = '{rows[1].subject}' "
            "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(IntegrityError, match="disk full"):
        enter(desk, rows, user="ann", at=NOW)
    assert len(rows) == 2
    assert not desk.reader.judgements()


def test_two_sheets_are_compared_without_a_data_folder(tmp_path: Path) -> None:
    one = sheet(tmp_path / "ann.csv", ("f1", "confirmed"), ("f2", "rejected"))
    other = sheet(tmp_path / "ben.csv", ("f1", "confirmed"), ("f2", "confirmed"))
    done = CliRunner().invoke(app, ["--json", "review", "agree", str(one), str(other)])
    assert json.loads(done.stdout)["differing"] == ["f2"], done.output
