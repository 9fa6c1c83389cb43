"""A build whose documents may not take all they would: what is given up, what goes on, and when it is tried again."""

from collections.abc import Iterator
from pathlib import Path

import hostile
import pytest
from newsdesk import STORIES, keep, keep_stories, made, opened

from kb.executors import limits_of
from kb.pipeline import BuildSummary, build
from kb.rejected import Code
from kb.settings import Settings
from kb.workspace import Workspace

URL = "https://ledger.example/breaks"
SECONDS = 1.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as workspace:
        yield workspace


def limited(workspace: Workspace, **limits: float) -> Workspace:
    given = {"workers": 0, "document_timeout_s": 0.0, "document_max_bytes": 0, **limits}
    workspace.settings = workspace.settings.model_copy(update=given)
    return workspace


def counts(summary: BuildSummary, stage: str) -> tuple[int, dict[str, int]]:
    found = next(each for each in summary.stages if each.stage == stage)
    return found.done, dict(found.rejected)


def test_pages_that_take_too_much_are_rejected_and_the_build_is_complete(desk: Workspace) -> None:
    keep_stories(desk)
    slow = keep(desk, f"{URL}/slow", hostile.PAGES["breaks"](640_000))
    hungry = keep(desk, f"{URL}/hungry", hostile.PAGES["attributes over many tags"](4_000_000))
    summary = build(limited(desk, document_timeout_s=SECONDS, document_max_bytes=100_000_000))
    assert summary.complete
    assert counts(summary, "extract")[0] == len(STORIES)
    rejected = {each.input: each.code for each in desk.reader.outcomes("extract") if each.status == "rejected"}
    assert rejected == {slow.id: Code.TOOK_TOO_LONG, hungry.id: Code.TOOK_TOO_MUCH_MEMORY}


def test_text_that_takes_too_long_leaves_the_other_articles_read(desk: Workspace) -> None:
    keep_stories(desk)
    words = hostile.TEXTS["closed parentheses"](200_000)
    keep(desk, URL, f"<title>Lanterns</title><h1>Lanterns</h1><p>{words}</p>".encode())
    summary = build(limited(desk, document_timeout_s=2 * SECONDS))
    assert summary.complete
    assert counts(summary, "extract") == (len(STORIES) + 1, {})
    assert counts(summary, "annotate") == (len(STORIES), {Code.TOOK_TOO_LONG: 1})
    assert len(desk.reader.coverage(desk.study).retellings) == len(STORIES) + 1


def test_what_was_given_up_is_tried_again_under_other_limits_and_by_rebuild(desk: Workspace) -> None:
    keep(desk, URL, hostile.PAGES["breaks"](640_000))
    build(limited(desk, document_timeout_s=SECONDS))
    assert counts(build(limited(desk, document_timeout_s=SECONDS / 2)), "extract") == (0, {Code.TOOK_TOO_LONG: 1})
    assert counts(build(desk, rebuild=["extract"]), "extract")[1] == {Code.TOOK_TOO_LONG: 1}
    assert counts(build(desk), "extract") == (0, {})


def test_rows_are_those_of_a_build_in_one_process(desk: Workspace, tmp_path: Path) -> None:
    keep_stories(desk)
    build(limited(desk, document_timeout_s=60.0, document_max_bytes=2_000_000_000))
    (tmp_path / "alone").mkdir()
    with opened(tmp_path / "alone") as alone:
        keep_stories(alone)
        build(alone)
        assert made(desk) == made(alone)


def test_limits_hold_unless_this_process_alone_is_asked_for() -> None:
    usual = limits_of(Settings())
    assert (usual.seconds, usual.bytes) == (60, 2_000_000_000)
    assert not limits_of(Settings(workers=1))
    assert not limits_of(Settings(document_timeout_s=0, document_max_bytes=0))
