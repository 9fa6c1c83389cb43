"""Judgements: entered, standing, withdrawn, surviving a rebuild; and what they change."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from newsdesk import keep, keep_stories, opened, page
from typer.testing import CliRunner

from kb.errors import UserError
from kb.pipeline import build
from kb.workspace import Workspace
from queries import asking, review
from queries.cli import app
from queries.lookup import narrowed

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SLIP = "https://slip.example/naps"
STRANGER = "https://chat.example/naps"
PARAGRAPHS = (
    "Night nurses who slept for a few minutes made fewer mistakes, a hospital said in a note on the nap study.",
    "“We were surprised by how consistently a short nap brought error rates back,” said {name}, who led the work.",
    "The hospital will keep the beds where they are until the end of the year, and then look at the figures again.",
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as workspace:
        keep_stories(workspace)
        for url, name in ((SLIP, "Elise Moreaux"), (STRANGER, "Ann Castle")):
            told = [paragraph.format(name=name) for paragraph in PARAGRAPHS]
            keep(workspace, url, page(url, told))
        build(workspace)
        yield workspace


def altered(workspace: Workspace) -> review.Case:
    return next(case for case in review.cases(workspace) if case.summary.startswith("altered-quote"))


def judge(workspace: Workspace, subject: str, verdict: review.Verdict, hours: int = 0) -> None:
    review.record(workspace, subject, verdict, note="seen", user="ann", at=NOON + timedelta(hours=hours))


def test_the_queue_holds_findings_and_doubtful_spellings(desk: Workspace) -> None:
    subjects = {case.subject for case in review.cases(desk)}
    assert altered(desk).subject in subjects
    assert "speakers:Elise Moreau | Elise Moreaux" in subjects


def test_a_judgement_shows_as_the_findings_status(desk: Workspace) -> None:
    judge(desk, altered(desk).subject, "rejected")
    assert asking.status(desk)[altered(desk).subject] == "rejected"


def test_the_last_judgement_stands_and_the_log_keeps_all(desk: Workspace) -> None:
    subject = altered(desk).subject
    judge(desk, subject, "confirmed")
    judge(desk, subject, "rejected", hours=1)
    assert review.standing(desk.reader.judgements())[subject].verdict == "rejected"
    assert len(desk.reader.judgements()) == 2


def test_withdrawing_brings_back_the_one_before(desk: Workspace) -> None:
    subject = altered(desk).subject
    judge(desk, subject, "confirmed")
    judge(desk, subject, "rejected", hours=1)
    review.withdraw(desk, subject, at=NOON + timedelta(hours=2))
    assert review.standing(desk.reader.judgements())[subject].verdict == "confirmed"


def test_withdrawing_nothing_is_told(desk: Workspace) -> None:
    with pytest.raises(UserError, match="nothing stands"):
        review.withdraw(desk, altered(desk).subject, at=NOON)


def test_judgements_survive_a_rebuild(desk: Workspace) -> None:
    subject = altered(desk).subject
    judge(desk, subject, "rejected")
    build(desk, rebuild=["extract"])
    case = altered(desk)
    assert (case.subject, case.judgement is not None) == (subject, True)


def test_a_judgement_whose_finding_is_gone_shows_as_lost(desk: Workspace) -> None:
    judge(desk, "finding:" + "0" * 32, "confirmed")
    assert [case.subject for case in review.cases(desk) if case.lost] == ["finding:" + "0" * 32]


def test_a_merge_makes_two_names_one_speaker(desk: Workspace) -> None:
    before = {finding.rule for finding in asking.findings(desk)[1] if STRANGER in str(finding.evidence)}
    assert "misattributed-quote" in before
    judge(desk, review.subject_of(desk, ["Elise Moreau", "Ann Castle"]), "confirmed")
    after = {finding.rule for finding in asking.findings(desk)[1] if STRANGER in str(finding.evidence)}
    assert "misattributed-quote" not in after
    assert any("Ann Castle" in voice.spellings and voice.slug == "moreau" for voice in review.speakers(desk))


def test_a_split_keeps_a_spelling_apart_after_a_rebuild(desk: Workspace) -> None:
    judge(desk, review.subject_of(desk, ["Elise Moreaux", "Elise Moreau"]), "rejected")
    build(desk, rebuild=["annotate"])
    (moreau,) = [voice for voice in review.speakers(desk) if voice.slug == "moreau"]
    assert "Elise Moreaux" not in moreau.spellings


def test_search_counts_a_speaker_under_every_spelling(desk: Workspace) -> None:
    within = narrowed(desk, speaker="moreau", source=None, since=None, until=None, kind=None)
    assert within.speaker is not None
    assert "Elise Moreaux" in within.speaker


def test_names_that_nobody_has_are_told(desk: Workspace) -> None:
    with pytest.raises(UserError, match="retold speakers"):
        review.subject_of(desk, ["Elise Moreau", "Nobody Here"])


def test_the_start_of_an_id_is_enough(desk: Workspace) -> None:
    subject = altered(desk).subject
    assert review.subject_of(desk, [subject.removeprefix("finding:")[:10]]) == subject
    with pytest.raises(UserError, match="no finding"):
        review.subject_of(desk, ["12345678"])


def test_a_rejected_finding_fails_no_check(desk: Workspace, tmp_path: Path) -> None:
    place = ["--study", str(tmp_path / "claims.yaml"), "--data-dir", str(tmp_path / "data")]
    check = ["check", "--fail-on", "altered-quote", *place]
    assert CliRunner().invoke(app, check).exit_code == 1
    for case in review.cases(desk):
        if case.summary.startswith("altered-quote"):
            done = CliRunner().invoke(app, ["review", "reject", case.subject, "-m", "as in the interview", *place])
            assert done.exit_code == 0, done.output
    checked = CliRunner().invoke(app, [*check, "--json"])
    assert checked.exit_code == 0
    assert {f["status"] for f in json.loads(checked.stdout)["findings"] if f["rule"] == "altered-quote"} == {"rejected"}
    log = CliRunner().invoke(app, ["review", "log", *place]).stdout.splitlines()
    assert json.loads(log[0])["note"] == "as in the interview"


def test_the_report_leaves_a_rejected_finding_out(desk: Workspace) -> None:
    subject = altered(desk).subject
    assert subject in {found.id for found in asking.report_view(desk).findings}
    judge(desk, subject, "rejected")
    shown = asking.report_view(desk)
    assert subject not in {found.id for found in shown.findings}
    assert shown.findings_rejected == 1


def test_traces_follow_a_merge(desk: Workspace) -> None:
    def verdicts() -> set[str | None]:
        shown = asking.trace(desk, "surprised").appearances
        return {one.verdict for one in shown if one.retelling.article.canonical_url == STRANGER}

    assert verdicts() == {"misattributed"}
    judge(desk, review.subject_of(desk, ["Elise Moreau", "Ann Castle"]), "confirmed")
    assert "misattributed" not in verdicts()
    (thread,) = asking.report_view(desk, "surprised").threads
    assert {row.verdict for row in thread.rows if row.citation.url == STRANGER} == verdicts()
