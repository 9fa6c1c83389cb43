"""The build: each stage once for each input, whatever happens in between."""

import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from newsdesk import CLAIMS, STORIES, HashEmbedder, indexed, keep, keep_stories, made, opened, page, settings

from kb import extract, segment, stages
from kb.executor import Derived
from kb.pipeline import BuildSummary, build
from kb.records import Quote
from kb.rejected import Code
from kb.store import MAX_TRIES
from kb.workspace import Workspace

pytestmark = pytest.mark.usefixtures("parser_loaded_once")
Made = dict[str, set[tuple[object, ...]]]
LEDGER = "https://ledger.example/naps"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as each:
        yield each


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, parser_loaded_once: None
) -> dict[str, set[tuple[object, ...]]]:
    """What a build makes of the stories when nothing gets in its way."""
    with opened(tmp_path_factory.mktemp("undisturbed")) as each:
        keep_stories(each)
        build(each)
        return made(each)


def done(summary: BuildSummary) -> dict[str, int]:
    return {stage.stage: stage.done for stage in summary.stages}


# --- a build ---


def test_build_goes_from_captures_to_what_can_be_asked(workspace):
    keep_stories(workspace)
    summary = build(workspace)
    assert done(summary) == {"extract": 3, "annotate": 3, "credits": 3, "embed": 1, "pair": 3}
    assert summary.complete
    coverage = workspace.reader.coverage(workspace.study)
    assert {retelling.source.slug for retelling in coverage.retellings} == {"ledger", "star", "echo.example"}
    verdicts = {alignment.verdict for found in coverage.alignments.values() for alignment in found}
    assert "verbatim" in verdicts
    assert len(verdicts) > 1


def test_index_holds_the_active_wordings_and_those_of_the_study(workspace):
    keep_stories(workspace)
    summary = build(workspace)
    wanted = workspace.store.active_wordings() | set(workspace.study_wordings)
    assert indexed(workspace) == wanted
    assert summary.indexed == len(wanted)


def test_every_span_lies_within_its_text(workspace):
    keep_stories(workspace)
    build(workspace)
    for retelling in workspace.reader.coverage(workspace.study).retellings:
        for quote in retelling.quotes:
            assert retelling.words(quote.content) == quote.selector.exact
        for passage in retelling.passages:
            assert retelling.text.text[passage.start : passage.end].strip()


def test_empty_data_folder_builds(workspace):
    summary = build(workspace)
    assert summary.complete
    assert done(summary) == {"extract": 0, "annotate": 0, "credits": 0, "embed": 1, "pair": 0}


def test_progress_counts_to_its_total(workspace):
    keep_stories(workspace)
    seen: list[tuple[str, int, int]] = []
    build(workspace, on_progress=lambda *step: seen.append(step))
    assert [step for step in seen if step[0] == "extract"] == [("extract", n, 3) for n in (1, 2, 3)]


def test_stages_do_the_same_after_their_way_to_a_worker(workspace):
    (kept, *_) = keep_stories(workspace)
    extracting = stages.ExtractStage(workspace.archive)
    article, text, extraction = extracting.run(kept).records
    assert pickle.loads(pickle.dumps(extracting)).run(kept).records == (article, text, extraction)
    annotating = stages.AnnotateStage(workspace.settings.spacy_model)
    assert pickle.loads(pickle.dumps(annotating)).run(text) == annotating.run(text)


# --- incremental ---


def test_second_build_does_nothing(workspace):
    keep_stories(workspace)
    build(workspace)
    before = made(workspace)
    again = build(workspace)
    assert done(again) == dict.fromkeys(done(again), 0)
    assert (again.indexed, again.unindexed) == (0, 0)
    assert made(workspace) == before


def test_new_capture_costs_only_itself(workspace):
    keep_stories(workspace)
    build(workspace)
    keep(workspace, "https://star.example/more", page("https://star.example/more", STORIES[LEDGER][::-1]))
    assert done(build(workspace)) == {"extract": 1, "annotate": 1, "credits": 1, "embed": 0, "pair": 1}


def test_capture_with_the_same_text_is_not_annotated_again(workspace):
    keep_stories(workspace)
    build(workspace)
    keep(workspace, LEDGER, page(LEDGER, STORIES[LEDGER]) + b"<!-- later -->", hours=5)
    assert done(build(workspace)) == {"extract": 1, "annotate": 0, "credits": 1, "embed": 0, "pair": 0}


def test_changed_claim_pairs_again_and_nothing_else(tmp_path):
    with opened(tmp_path) as each:
        keep_stories(each)
        build(each)
    with opened(tmp_path, CLAIMS.replace("for six weeks", "for 6 weeks in spring")) as each:
        assert done(build(each)) == {"extract": 0, "annotate": 0, "credits": 0, "embed": 1, "pair": 3}


def test_claim_changed_and_changed_back_gives_the_first_records_again(tmp_path, undisturbed):
    with opened(tmp_path) as each:
        keep_stories(each)
        build(each)
    for claims in (CLAIMS.replace("surprised by", "shocked at"), CLAIMS):
        with opened(tmp_path, claims) as each:
            build(each)
    with opened(tmp_path) as each:
        after = made(each)
    assert {name: after[name] for name in ("alignments", "evidence", "active", "outcomes", "quotes")} == {
        name: undisturbed[name] for name in ("alignments", "evidence", "active", "outcomes", "quotes")
    }


def test_new_embedder_embeds_and_pairs_again_and_nothing_else(tmp_path):
    with opened(tmp_path) as each:
        keep_stories(each)
        build(each)
    with opened(tmp_path, version="2") as each:
        assert done(build(each)) == {"extract": 0, "annotate": 0, "credits": 0, "embed": 1, "pair": 3}
        tools = {row[1] for row in made(each)["embeddings"]}
        assert tools == {each.embedder.tool.id}


def test_index_of_an_older_embedder_goes_once_the_new_one_is_filled(tmp_path):
    with opened(tmp_path) as each:
        keep_stories(each)
        build(each)
        held = _folders(each)
    with opened(tmp_path, version="2") as each:
        build(each)
        assert len(_folders(each)) == len(held) == 1
        assert not _folders(each) & held
        assert indexed(each) == each.store.active_wordings() | set(each.study_wordings)


def _folders(workspace: Workspace) -> set[Path]:
    """One for each collection."""
    return {path for path in workspace.settings.index_dir.iterdir() if path.is_dir()}


def test_new_segmenter_annotates_and_pairs_again(workspace, monkeypatch):
    keep_stories(workspace)
    build(workspace)
    monkeypatch.setattr(segment, "TOOL", attrs.evolve(segment.TOOL, version="99"))
    assert done(build(workspace)) == {"extract": 0, "annotate": 3, "credits": 0, "embed": 0, "pair": 3}
    assert {row[4] for row in made(workspace)["passages"]} == {segment.TOOL.id}


def test_new_extractor_leaves_texts_that_did_not_change_alone(workspace, monkeypatch):
    keep_stories(workspace)
    build(workspace)
    monkeypatch.setattr(extract, "TOOL", attrs.evolve(extract.TOOL, version="99"))
    assert done(build(workspace)) == {"extract": 3, "annotate": 0, "credits": 3, "embed": 0, "pair": 0}


@pytest.mark.parametrize("stage", ["extract", "annotate", "credits", "embed", "pair"])
def test_stage_that_starts_over_makes_the_same_records(workspace, undisturbed, stage):
    keep_stories(workspace)
    build(workspace)
    again = done(build(workspace, rebuild=[stage]))
    assert again[stage] > 0
    assert made(workspace) == undisturbed


def test_stage_that_starts_over_drops_what_it_no_longer_makes(workspace):
    keep_stories(workspace)
    build(workspace)
    (held,) = [r for r in workspace.reader.coverage(workspace.study).retellings if r.source.slug == "ledger"]
    stray = attrs.evolve(held.quotes[0], content=held.quotes[0].pieces[0], confidence=0.1)
    stray = attrs.evolve(stray, content=attrs.evolve(stray.content, end=stray.content.end - 1))
    workspace.store.commit(None, [stray])
    build(workspace, rebuild=["annotate"])
    assert stray.id not in {row[0] for row in made(workspace)["quotes"]}


# --- failures ---


def test_failing_page_is_recorded_and_the_run_goes_on(workspace, monkeypatch):
    kept = keep_stories(workspace)
    whole = extract.extract

    def fails_on_one(snapshot, body, source):
        if snapshot.id == kept[1].id:
            raise KeyError("surprise")
        return whole(snapshot, body, source)

    monkeypatch.setattr(extract, "extract", fails_on_one)
    summary = build(workspace)
    assert not summary.complete
    assert summary.stages[0].done == 2
    assert summary.stages[0].failed.keys() == {kept[1].id}
    assert "KeyError (test_pipeline.py:" in summary.stages[0].failed[kept[1].id]
    monkeypatch.setattr(extract, "extract", whole)
    again = build(workspace)
    assert again.complete
    assert done(again)["extract"] == 1


def test_page_that_keeps_failing_is_given_up_and_still_told(workspace, monkeypatch):
    keep_stories(workspace)
    tried = []
    monkeypatch.setattr(extract, "extract", lambda *_: tried.append(1) or 1 / 0)
    for _ in range(MAX_TRIES + 2):
        summary = build(workspace)
    assert len(tried) == 3 * MAX_TRIES
    assert len(summary.stages[0].failed) == 3
    assert not summary.complete


def test_damaged_capture_fails_by_itself(workspace):
    kept = keep_stories(workspace)
    warc = workspace.settings.archive_dir / kept[1].warc
    data = bytearray(warc.read_bytes())
    data[kept[1].offset + 40] ^= 0xFF
    warc.write_bytes(data)
    summary = build(workspace)
    assert summary.stages[0].failed.keys() == {kept[1].id}
    assert summary.stages[0].done == 2


def test_record_that_cannot_be_stored_is_a_failure_of_its_input(workspace, monkeypatch):
    keep_stories(workspace)
    whole = stages.AnnotateStage.run

    def odd(self, payload):
        derived = whole(self, payload)
        if "roster" not in payload.text:
            return derived
        broken = tuple(attrs.evolve(r, affiliation="\ud83d") if isinstance(r, Quote) else r for r in derived.records)
        return Derived(broken, derived.wordings)

    monkeypatch.setattr(stages.AnnotateStage, "run", odd)
    summary = build(workspace)
    (problem,) = summary.stages[1].failed.values()
    assert problem.startswith("cannot be stored: UnicodeEncodeError")
    assert summary.stages[1].done == 2


def test_text_is_not_paired_before_its_wordings_are_embedded(workspace, monkeypatch):
    keep_stories(workspace)
    monkeypatch.setattr(HashEmbedder, "encode", lambda *_: 1 / 0)
    broken = build(workspace)
    assert not broken.complete
    assert done(broken)["pair"] == 0
    monkeypatch.undo()
    assert done(build(workspace))["pair"] == 3


@pytest.mark.parametrize(
    ("body", "changes", "code"),
    [
        (b"", {}, Code.EMPTY),
        (b" \n\t ", {}, Code.EMPTY),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), {"media_type": "image/png"}, Code.NOT_HTML),
        (b'{"a": 1}', {"media_type": "application/json"}, Code.NOT_HTML),
        (b"<html><body></body></html>", {}, Code.NO_ARTICLE),
        (page(LEDGER, STORIES[LEDGER]), {"status": 404}, Code.HTTP_ERROR),
    ],
)
def test_page_without_an_article_is_rejected_with_its_code(workspace, body, changes, code):
    keep(workspace, LEDGER, body, **changes)
    summary = build(workspace)
    assert summary.stages[0].rejected == {code: 1}
    assert summary.complete


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 20_000 + b"deep",
        b"<p>" + b"\xff\xfe\x00" * 5_000,
        page(LEDGER, ["\x00\x01\x1f and \u202e words " * 50]),
        page(LEDGER, STORIES[LEDGER], title="&#xD83D; &#0; naps"),
        page(LEDGER, ["“" * 400 + "said " * 400]),
        b'<script type="application/ld+json">{"headline": "\\ud83d", "articleBody": "\\udcff"}</script>'
        + page(LEDGER, STORIES[LEDGER]),
        page(LEDGER, STORIES[LEDGER]).decode().encode("utf-16"),
    ],
)
def test_broken_page_stops_nothing(workspace, body):
    keep(workspace, LEDGER, body)
    keep(workspace, "https://star.example/wards", page("https://star.example/wards", STORIES[LEDGER]))
    summary = build(workspace)
    assert summary.complete
    assert len(workspace.reader.coverage(workspace.study).retellings) >= 1


# --- crashes ---


class Stopped(BaseException):
    """Ends a build where it stands."""


def test_build_stopped_after_any_step_goes_on_to_the_same_records(tmp_path, undisturbed):
    with opened(tmp_path) as each:
        keep_stories(each)
    steps = 0
    while True:
        count = 0

        def stop(*_: object) -> None:
            nonlocal count
            count += 1
            raise Stopped

        with opened(tmp_path) as each:
            try:
                build(each, on_progress=stop)
            except Stopped:
                steps += 1
                continue
            break
    assert steps >= 13
    with opened(tmp_path) as each:
        assert made(each) == undisturbed


def _command(folder: Path) -> list[str]:
    chosen = settings(folder)
    retold = Path(sys.executable).with_name("retold")
    return [str(retold), "--study", str(chosen.study), "--data-dir", str(chosen.data_dir), "build"]


def _rows(database: Path, table: str) -> int:
    with sqlite3.connect(database) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_killed_builds_go_on_to_the_same_records(tmp_path, embedder):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
        with Workspace(settings(folder)) as each:
            keep_stories(each)
    database = killed / "data" / "records.db"
    for table in ("extractions", "quotes"):
        process = subprocess.Popen(_command(killed), stderr=subprocess.DEVNULL, start_new_session=True)
        while not _rows(database, table):
            assert process.poll() is None
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    results = []
    for folder in (whole, killed):
        with Workspace(settings(folder)) as each:
            each.embedder = embedder
            assert build(each).complete
            assert each.archive.verify() == []
            assert indexed(each) == each.store.active_wordings() | set(each.study_wordings)
            results.append(made(each))
    assert results[0] == results[1]
