"""`verify` finds what was changed, lost, moved or doubled, in whatever file; `doctor --fix` makes again what it can."""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from fullstudy import JUDGEMENT, made_in
from making import NOON
from newsdesk import STORIES, keep, made, opened, page
from rich.console import Console

from kb import soundness
from kb import tables as t
from kb.capturelog import LOG
from kb.judgementlog import LOG as JUDGED
from kb.records import Judgement
from kb.workspace import Workspace
from queries.verifying import Verified, deeply, mend, print_mended, print_verified, verified_json, verify

pytestmark = pytest.mark.usefixtures("parser_loaded_once")

WARC = "retold-00001.warc.gz"


@pytest.fixture
def workspace(full_study: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(full_study, tmp_path, dirs_exist_ok=True)
    with opened(tmp_path) as each:
        yield each


def kinds(workspace: Workspace) -> set[str]:
    return {problem.kind for problem in verify(workspace).problems}


def shown(found: Verified) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_verified(found, console)
    return console.file.getvalue()


def rows(workspace: Workspace) -> dict[str, set[tuple[object, ...]]]:
    """All that is derived. The matrix is called by the numbers of wordings, and those that come back get new ones."""
    found = made(workspace)
    return {**found, "active": {row for row in found["active"] if row[0] != "matrix"}}


def change(workspace: Workspace, statement: str) -> None:
    with workspace.store.engine.begin() as connection:
        assert connection.execute(sa.text(statement)).rowcount


def test_a_whole_study_has_no_problems(workspace: Workspace) -> None:
    found = verify(workspace)
    assert (found.captures, found.problems, found.unlogged) == (3, (), ())
    assert "3 captures, 0 damaged" in shown(found)


@pytest.mark.parametrize(("count", "told"), [(1, "1 capture, 0"), (2, "2 captures, 0")])
def test_verify_counts_in_words(count: int, told: str) -> None:
    assert told in shown(Verified(captures=count, problems=(), unlogged=()))


def test_damaged_capture_is_told_with_its_place_and_from_where_it_could_be_fetched(workspace: Workspace) -> None:
    warc = workspace.settings.archive_dir / WARC
    data = bytearray(warc.read_bytes())
    data[-30] ^= 1
    warc.write_bytes(data)
    found = verify(workspace)
    (problem,) = found.problems
    assert problem.where.startswith(f"{WARC}@")
    assert problem.url == "https://echo.example/sleep"
    said = json.loads(json.dumps(verified_json(found)))["problems"][0]
    assert (said["where"], said["url"], said["rebuilt_by"]) == (problem.where, problem.url, None)
    assert f"damaged  {WARC}@" in shown(found)
    assert "lost     1 capture of https://echo.example/sleep" in shown(found)
    assert "retold add URL" in shown(found)


def test_lost_end_of_the_log_is_found_by_what_the_store_knows(workspace: Workspace) -> None:
    log = workspace.settings.archive_dir / LOG
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    found = verify(workspace)
    (problem,) = found.problems
    assert (problem.where, problem.what) == ("https://echo.example/sleep", "captured, but not in the log")
    assert [stretch.warc for stretch in found.unlogged] == [WARC]


def test_lost_log_is_found(workspace: Workspace) -> None:
    (workspace.settings.archive_dir / LOG).unlink()
    assert "log" in kinds(workspace)


@pytest.mark.parametrize("order", [[0, 2], [1, 0, 2]])
def test_missing_or_moved_line_is_told_with_what_helps(workspace: Workspace, order: list[int]) -> None:
    log = workspace.settings.archive_dir / LOG
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[n] for n in order))
    found = verify(workspace)
    assert "the hash chain is broken here" in {problem.what for problem in found.problems}
    assert "restore captures.jsonl from a backup" in shown(found)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def double_file(path: Path) -> None:
    shutil.copyfile(path, path.with_name("retold-00002.warc.gz"))


def double_end(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data + data[data.rindex(b"\x1f\x8b\x08") :])


@pytest.mark.parametrize("harm", [Path.unlink, truncate, double_file, double_end])
def test_missing_cut_or_doubled_warc_file_is_found(workspace: Workspace, harm: Callable[[Path], None]) -> None:
    harm(workspace.settings.archive_dir / WARC)
    assert kinds(workspace) & {"warc", "body"}


def test_records_that_the_log_does_not_name_are_told_and_are_no_damage(workspace: Workspace, tmp_path: Path) -> None:
    log = workspace.settings.archive_dir / LOG
    before = log.read_bytes()
    size = (workspace.settings.archive_dir / WARC).stat().st_size
    keep(
        workspace, "https://star.example/late", page("https://star.example/late", STORIES["https://star.example/wards"])
    )
    log.write_bytes(before)  # as a kill between record and line leaves it
    change(workspace, "DELETE FROM snapshots WHERE requested_url = 'https://star.example/late'")
    with opened(tmp_path) as again:
        found = verify(again)
    assert found.problems == ()
    assert [(stretch.warc, stretch.start) for stretch in found.unlogged] == [(WARC, size)]
    assert f"bytes at {size} that the log does not name" in shown(found)


CHANGES = {
    "text": "UPDATE texts SET text = text || '!'",
    "language": "UPDATE texts SET language = 'de'",
    "quote": "UPDATE quotes SET content_end = content_end + 1",
    "speaker": "UPDATE quotes SET speaker_name = 'Nora Body' WHERE speaker_name IS NOT NULL",
    "title": "UPDATE extractions SET title = 'Another'",
    "article": "UPDATE articles SET source = 'star' WHERE source = 'ledger'",
    "passage": "UPDATE passages SET ordinal = ordinal + 1",
    "quantity": "UPDATE quantities SET value = value + 1",
    "credit": "UPDATE credits SET target = 'another'",
    "wording": "UPDATE wordings SET wording = wording || ' not'",
    "vector": "UPDATE embeddings SET vector = zeroblob(256)",
    "alignment": "UPDATE alignments SET verdict = 'verbatim'",
    "stance": "UPDATE evidence SET probability = 1.0",
    "outcome": "UPDATE outcomes SET status = 'rejected'",
    "tool": "UPDATE tools SET version = '99'",
    "chosen": "UPDATE active SET tool = 'tool:0' WHERE kind = 'quotes'",
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_derived_row_is_found(workspace: Workspace, what: str) -> None:
    change(workspace, CHANGES[what])
    found = soundness.store_problems(workspace.store)
    assert {problem.kind for problem in found} == {"derived"}
    assert all(problem.where.startswith("records.db: ") for problem in found)


@pytest.mark.parametrize("what", [("quote",), ("wording",), tuple(CHANGES)])
def test_changed_derived_rows_are_made_again(workspace: Workspace, what: tuple[str, ...], tmp_path: Path) -> None:
    before = rows(workspace)
    for each in what:
        change(workspace, CHANGES[each])
    assert "`retold doctor --fix` makes these rows again from the archive" in shown(verify(workspace))
    mend(workspace)
    with opened(tmp_path) as again:
        assert verify(again).problems == ()
        assert rows(again) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE snapshots SET final_url = 'https://star.example/other'",
        "UPDATE snapshots SET status = 404",
        "UPDATE judgements SET note = 'not seen'",
        "UPDATE judgements SET verdict = 'rejected'",
    ],
)
def test_a_row_that_differs_from_its_log_is_found_and_entered_again(
    workspace: Workspace, statement: str, tmp_path: Path
) -> None:
    before = workspace.store.snapshots(), workspace.reader.judgements()
    change(workspace, statement)
    with opened(tmp_path) as again:
        assert kinds(again) == {"entered"}
        mend(again)
        assert verify(again).problems == ()
        assert (again.store.snapshots(), again.reader.judgements()) == before
        assert list(again.judgement_log.held().values()) == [JUDGEMENT]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE visits SET reason = 'title names no alias'",
        "UPDATE alerts SET title = 'Nothing altered'",
        "UPDATE studies SET slug = 'night-raps'",
    ],
)
def test_a_changed_row_that_nothing_makes_again_is_found_and_kept_as_it_stands(
    workspace: Workspace, statement: str
) -> None:
    change(workspace, statement)
    assert kinds(workspace) == {"kept"}
    told = io.StringIO()
    print_mended(mend(workspace), Console(file=told, width=200))
    assert "mended" in told.getvalue()
    assert kinds(workspace) == set()


@pytest.mark.parametrize("order", [[0], [1, 0], [0, 0, 1], [1]])
def test_lost_moved_or_doubled_judgement_is_found(workspace: Workspace, order: list[int]) -> None:
    workspace.judgements.add([Judgement(**{**_fields(JUDGEMENT), "made_at": NOON + timedelta(hours=1)})])
    file = workspace.settings.archive_dir / JUDGED
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[n] for n in order))
    assert kinds(workspace) & {"judgements", "entered"}


def _fields(judgement: Judgement) -> dict[str, object]:
    names = ("subject", "verdict", "user", "made_at", "note", "withdrawn_at")
    return {name: getattr(judgement, name) for name in names}


def stale_word(workspace: Workspace) -> None:
    change(workspace, "INSERT INTO wording_fts(rowid, wording) VALUES (9999, 'never said')")


def lose_trigger(workspace: Workspace) -> None:
    with workspace.store.engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER wording_fts_drop"))
        connection.execute(sa.text("CREATE TRIGGER wording_fts_drop AFTER DELETE ON wordings BEGIN SELECT 1; END"))


def other_vectors(workspace: Workspace) -> None:
    (matrix,) = (path for path in workspace.settings.index_dir.glob("matrix-*.npy") if ".numbers" not in path.name)
    data = bytearray(matrix.read_bytes())
    data[-1] ^= 0x80
    matrix.write_bytes(data)


def other_numbers(workspace: Workspace) -> None:
    (matrix,) = workspace.settings.index_dir.glob("matrix-*.numbers.npy")
    matrix.write_bytes(matrix.read_bytes()[:-1] + b"\x01")


def lose_index(workspace: Workspace) -> None:
    shutil.rmtree(workspace.settings.index_dir)


def lose_key(workspace: Workspace) -> None:
    workspace.indexing.index.delete(sorted(workspace.indexing.index.keys())[:1])
    workspace.indexing.close()


def harm_chroma(workspace: Workspace) -> None:
    file = workspace.settings.index_dir / "chroma.sqlite3"
    data = bytearray(file.read_bytes())
    data[4096 * 3 : 4096 * 3 + 64] = bytes(64)
    file.write_bytes(data)


@pytest.mark.parametrize(
    "harm", [stale_word, lose_trigger, other_vectors, other_numbers, lose_index, lose_key, harm_chroma]
)
def test_damage_to_what_is_searched_is_found_and_made_again(
    workspace: Workspace, tmp_path: Path, harm: Callable[[Workspace], None]
) -> None:
    harm(workspace)
    with opened(tmp_path) as again:
        found = verify(again)
        assert {problem.kind for problem in found.problems} == {"search"}
        mend(again)
        assert verify(again).problems == ()
        assert rows(again) == rows(workspace)


def test_a_record_store_that_cannot_be_opened_is_told_with_all_else(workspace: Workspace, tmp_path: Path) -> None:
    workspace.store.close()
    (tmp_path / "data" / "records.db").write_bytes(b"no database, whatever it is called" * 400)
    warc = workspace.settings.archive_dir / WARC
    warc.write_bytes(warc.read_bytes()[:-40])
    found = verify(opened(tmp_path))
    assert {problem.kind for problem in found.problems} == {"body", "store"}


def test_a_damaged_judgement_row_does_not_enter_the_log(workspace: Workspace, tmp_path: Path) -> None:
    change(workspace, "UPDATE judgements SET subject = 'finding:2'")
    with opened(tmp_path) as again:
        assert again.reader.judgements()
        assert list(again.judgement_log.held().values()) == [JUDGEMENT]


def test_postgresql_is_looked_at_and_mended_in_the_same_way(tmp_path: Path, postgres_url: str) -> None:
    made_in(tmp_path, store_url=postgres_url)
    with opened(tmp_path, store_url=postgres_url) as workspace:
        assert verify(workspace).problems == ()
        before = rows(workspace)
        for what in ("text", "quote", "wording", "vector"):
            change(workspace, CHANGES[what].replace("zeroblob(256)", "decode(repeat('00', 256), 'hex')"))
        change(workspace, "UPDATE visits SET reason = 'another'")
        change(workspace, "UPDATE snapshots SET status = 404")
        found = verify(workspace).problems
        assert {problem.kind for problem in found} >= {"derived", "kept", "entered"}
        assert not any("@" in problem.where.partition(":")[0] for problem in found)
        mend(workspace)
        assert verify(workspace).problems == ()
        assert rows(workspace) == before


def test_what_was_changed_and_sealed_anew_is_found_by_deriving_it_again(workspace: Workspace) -> None:
    assert deeply(verify(workspace), workspace).problems == ()
    with workspace.store.engine.begin() as connection:
        row = connection.execute(sa.select(t.quotes).where(t.quotes.c.speaker_name == "Tom Beck")).mappings().first()
        assert row
        forged = t.sealed(t.quotes, {**row, "speaker_name": "Elise Moreau"})
        connection.execute(sa.update(t.quotes).where(t.quotes.c.id == row["id"]).values(forged))
        lost = connection.execute(sa.select(t.passages.c.id)).scalars().first()
        connection.execute(sa.delete(t.passages).where(t.passages.c.id == lost))
    assert verify(workspace).problems == ()
    found = deeply(verify(workspace), workspace)
    assert {(problem.kind, problem.where) for problem in found.problems} == {
        ("rederived", f"records.db: quotes {row['id']}"),
        ("rederived", f"records.db: passages {lost}"),
    }
    assert "--rebuild annotate" in shown(found)
