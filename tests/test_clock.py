"""Clocks that jump: what was put down by a wrong one holds nothing up, and no decision or order is lost by it."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from making import NOON
from newsdesk import keep, keep_stories, opened, page

from crawler.backoff import LONGEST, Silence, resting
from kb.exclusive import RUN, Holder, alone
from kb.index import ChromaIndex
from kb.lent import LentIndex
from kb.pipeline import build
from kb.state import write_state
from queries.review import record, standing
from queries.upkeep import state
from queries.verifying import verify

FUTURE = datetime(2093, 1, 1, tzinfo=UTC)


def test_source_that_was_silent_while_the_clock_was_years_ahead_is_asked() -> None:
    put_down = Silence(source="hen", since=FUTURE, runs=3, until=FUTURE + LONGEST, reason="refused")
    assert resting({"hen": put_down}, NOON) == {}
    assert set(resting({"hen": put_down}, FUTURE)) == {"hen"}


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_wish_for_the_index_from_a_wrong_clock_is_forgotten(tmp_path: Path, ahead: float) -> None:
    with ChromaIndex(tmp_path, "tool:1"):
        pass
    (tmp_path / ".wanted").touch()
    os.utime(tmp_path / ".wanted", (time.time() + ahead,) * 2)
    lent = LentIndex(tmp_path, lambda wait_s: ChromaIndex(tmp_path, "tool:1", wait_s=wait_s))
    assert not lent._wanted()
    lent.close()


def test_lock_has_no_age(tmp_path: Path) -> None:
    told = tmp_path / f"{RUN}.holder.json"
    write_state(told, Holder(pid=os.getpid(), command="retold run", since=FUTURE))
    with alone(tmp_path):
        pass


def test_last_decision_stands_whatever_the_clock_said(tmp_path: Path) -> None:
    with opened(tmp_path) as desk:
        keep_stories(desk)
        for verdict, at in (("confirmed", FUTURE), ("rejected", NOON), ("unsure", NOON - timedelta(days=9))):
            record(desk, "finding:1", verdict, note="", user="ann", at=at)
            assert standing(desk.reader.judgements())["finding:1"].verdict == verdict


def test_captures_keep_the_order_of_the_log_and_doctor_tells_those_from_the_future(tmp_path: Path) -> None:
    with opened(tmp_path) as desk:
        for number, at in enumerate((NOON, FUTURE, NOON + timedelta(hours=1))):
            hours = (at - NOON) // timedelta(hours=1)
            keep(desk, f"https://ledger.example/{number}", page("u", [f"Tides rise {number}."]), hours)
        assert [entry.final_url[-1] for entry in desk.archive.entries()] == ["0", "1", "2"]
        assert verify(desk).problems == ()
        assert state(desk, fix=False).ahead == 1


@pytest.mark.usefixtures("parser_loaded_once")
def test_durations_are_never_negative(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ticks = iter(range(10**6, 0, -1))
    monkeypatch.setattr(time, "time", lambda: float(next(ticks)))
    with opened(tmp_path) as desk:
        keep_stories(desk)
        summary = build(desk)
        assert all(stage.seconds >= 0 for stage in summary.stages)
        outcomes = [outcome for stage in ("extract", "annotate") for outcome in desk.reader.outcomes(stage)]
        assert all(outcome.duration_ms >= 0 for outcome in outcomes)
