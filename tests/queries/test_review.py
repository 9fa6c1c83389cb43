"""Judgements: entered, standing, withdrawn, surviving a rebuild; and what they change."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from newsdesk import keep, keep_stories, opened, page
from typer.testing import CliRunner

from kb.errors import UserError
from kb.pipeline import build
from kb.records import Judgement
from kb.speakers import Judged, pair
from kb.workspace import Workspace
from queries import asking, review
from queries.attribution import attribute
from queries.cli import app
from queries.lookup import Question, search

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


def judgement(subject: str, verdict: review.Verdict) -> Judgement:
    return Judgement(subject=subject, verdict=verdict, user="ann", made_at=NOON, note="", withdrawn_at=None)


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
    hits = search(desk, Question(query="nap", speaker="moreau", k=50), NOON).hits
    assert "Elise Moreaux" in {place.speaker for hit in hits for place in hit.occurrences}


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


def test_a_rejected_name_is_not_the_speaker_though_the_article_prints_it(desk: Workspace) -> None:
    """The mention is the name itself here, `Elise Moreau`, not a slip of it."""
    printed = "Elise Moreau"
    speaker = attrs.evolve(desk.study.speakers[0], name="Elise R. Moreau")
    apart = Judged.of({pair(printed, speaker.name): judgement(pair(printed, speaker.name), "rejected")})
    assert attribute([speaker], printed, f"the nurse, Dr. {printed}").slug == "moreau"
    assert attribute([speaker], printed, f"the nurse, Dr. {printed}", apart).slug is None


def test_a_name_beside_a_role_is_who_it_was_judged_to_be(desk: Workspace) -> None:
    (moreau,) = desk.study.speakers
    speakers = [moreau, attrs.evolve(moreau, slug="beck", name="Tom Beck", aliases=())]
    printed = "Elise R. Moreau"
    merged = Judged.of({pair(printed, "Tom Beck"): judgement(pair(printed, "Tom Beck"), "confirmed")})
    assert attribute(speakers, None, f"the nurse, {printed}").slug == "moreau"
    assert attribute(speakers, None, f"the nurse, {printed}", merged).slug == "beck"


def test_two_speakers_of_the_study_are_not_merged(desk: Workspace) -> None:
    beck = attrs.evolve(desk.study.speakers[0], slug="beck", name="Tom Beck", aliases=())
    desk.study = attrs.evolve(desk.study, speakers=(*desk.study.speakers, beck))
    with pytest.raises(UserError, match="Elise Moreau and Tom Beck one; they are two speakers"):
        judge(desk, pair("Moreau", "Tom Beck"), "confirmed")
    judge(desk, pair("Tom Beck", "Ann Castle"), "confirmed")
    with pytest.raises(UserError, match="two speakers"):
        judge(desk, pair("Ann Castle", "Elise Moreau"), "confirmed", hours=1)


def test_a_merge_of_what_was_judged_apart_is_refused(desk: Workspace) -> None:
    judge(desk, pair("Elise Moreau", "Ann Castle"), "rejected")
    judge(desk, pair("Ann Castle", "Tom Beck"), "confirmed", hours=1)
    with pytest.raises(UserError, match="kept apart by other judgements"):
        judge(desk, pair("Tom Beck", "Elise Moreau"), "confirmed", hours=2)
    judge(desk, pair("Elise Moreau", "Ann Castle"), "confirmed", hours=3)


def test_a_split_of_what_other_judgements_made_one_is_refused(desk: Workspace) -> None:
    judge(desk, pair("Elise Moreau", "Ann Castle"), "confirmed")
    judge(desk, pair("Ann Castle", "Tom Beck"), "confirmed", hours=1)
    with pytest.raises(UserError, match="one speaker by other judgements"):
        judge(desk, pair("Tom Beck", "Elise Moreau"), "rejected", hours=2)


def test_a_judgement_on_a_name_that_is_gone_shows_as_lost_and_can_be_withdrawn(desk: Workspace) -> None:
    judge(desk, pair("Gone Person", "Elise Moreau"), "confirmed")
    assert [case.subject for case in review.cases(desk) if case.lost] == [pair("Gone Person", "Elise Moreau")]
    review.withdraw(desk, review.subject_of(desk, ["Gone Person", "Elise Moreau"], gone=True), at=NOON)
    assert not [case for case in review.cases(desk) if case.lost]


def test_a_merge_of_names_that_are_not_alike_is_listed_as_sure_as_it_was_judged(desk: Workspace) -> None:
    judge(desk, pair("Ann Castle", "Elise Moreau"), "confirmed")
    (case,) = [case for case in review.cases(desk) if case.subject == pair("Ann Castle", "Elise Moreau")]
    assert (case.confidence, case.lost) == (1.0, False)


def test_withdrawing_what_another_process_withdrew_is_told(desk: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = altered(desk).subject
    judge(desk, subject, "confirmed")
    before = desk.reader.judgements()
    review.withdraw(desk, subject, at=NOON)
    monkeypatch.setattr(desk.reader, "judgements", lambda: before)
    with pytest.raises(UserError, match="meanwhile"):
        review.withdraw(desk, subject, at=NOON)


def test_of_two_judgements_at_one_moment_the_same_stands_in_any_order() -> None:
    made = [judgement("finding:1", verdict) for verdict in ("confirmed", "rejected")]
    assert review.standing(made) == review.standing(made[::-1])


def test_one_name_twice_is_refused(desk: Workspace) -> None:
    with pytest.raises(UserError, match="two names"):
        review.subject_of(desk, ["Elise Moreau", "Elise Moreau"])


@pytest.mark.parametrize("action", ["list", "log"])
def test_what_shows_everything_takes_no_argument(desk: Workspace, tmp_path: Path, action: str) -> None:
    place = ["--study", str(tmp_path / "claims.yaml"), "--data-dir", str(tmp_path / "data")]
    done = CliRunner().invoke(app, ["review", action, "foo", *place])
    assert done.exit_code == 2
    assert "takes no argument" in done.output


def test_an_account_without_a_name_is_asked_who_decides(
    desk: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2_000_000_011)
    place = ["--study", str(tmp_path / "claims.yaml"), "--data-dir", str(tmp_path / "data")]
    confirm = ["review", "confirm", altered(desk).subject, *place]
    refused = CliRunner().invoke(app, confirm)
    assert refused.exit_code == 2
    assert "--user" in refused.output
    assert CliRunner().invoke(app, [*confirm, "--user", "ann"]).exit_code == 0
