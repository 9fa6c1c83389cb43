"""Settings -> open objects: told early what is wrong, caught up with what a crash left, closed in order."""

from pathlib import Path

import pytest
from making import capture
from newsdesk import indexed, keep_stories, opened, settings

from kb import index as indexes
from kb import indexing
from kb.capturelog import LOG
from kb.entail import CrossEncoderEntailment, LexicalEntailment
from kb.entail_network import EmbeddedEntailment
from kb.errors import DataError, StudyError, UserError
from kb.minilm import MiniLM
from kb.records import Embedding
from kb.settings import Settings
from kb.text import words_digest
from kb.workspace import Workspace, entailment_model


def test_bad_study_is_told_before_any_data_is_touched(tmp_path):
    with pytest.raises(StudyError), Workspace(settings(tmp_path, "study: 7")):
        pass
    assert not (tmp_path / "data").exists()


def test_capture_that_was_logged_but_not_entered_is_caught_up(tmp_path):
    with opened(tmp_path) as workspace:
        keep_stories(workspace)
        late = workspace.archive.append(capture(b"late", "https://ledger.example/late"))
        assert workspace.store.count_snapshots() == 3
    with opened(tmp_path) as workspace:
        assert workspace.store.count_snapshots() == 4
        assert late in workspace.store.snapshots()


def test_lost_record_store_is_made_again_from_the_log(tmp_path):
    with opened(tmp_path) as workspace:
        kept = keep_stories(workspace)
    for path in (tmp_path / "data").glob("records.db*"):
        path.unlink()
    with opened(tmp_path) as workspace:
        assert {snapshot.id for snapshot in workspace.store.snapshots()} == {snapshot.id for snapshot in kept}


def test_torn_log_line_is_not_entered(tmp_path):
    with opened(tmp_path) as workspace:
        keep_stories(workspace)
        log = workspace.settings.archive_dir / LOG
    log.write_bytes(log.read_bytes()[:-5])
    for path in (tmp_path / "data").glob("records.db*"):
        path.unlink()
    with opened(tmp_path) as workspace:
        assert workspace.store.count_snapshots() == 2


def test_damaged_log_is_told_when_the_store_needs_it(tmp_path):
    with opened(tmp_path) as workspace:
        workspace.archive.append(capture())
        log = workspace.settings.archive_dir / LOG
    log.write_bytes(b"{}\n" + log.read_bytes())
    with pytest.raises(DataError, match=r"captures\.jsonl:1: not a log line"), opened(tmp_path):
        pass


def test_data_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "data").write_text("x")
    with pytest.raises(UserError, match="choose another with --data-dir"), opened(tmp_path):
        pass


def test_index_is_free_again_after_the_workspace_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(indexes, "LOCK_WAIT_S", 0.05)
    for _ in range(2):
        with opened(tmp_path) as workspace:
            assert indexed(workspace) == set()


def discarded(folder: Path) -> None:
    """A built folder whose index a killed take-down discarded."""
    with opened(folder) as workspace:
        words = list(workspace.study_wordings.items())
        tool = workspace.embedder.tool.id
        vectors = workspace.embedder.encode([text for _, text in words])
        made = [
            Embedding(words_sha256=key, tool=tool, vector=row) for (key, _), row in zip(words, vectors, strict=True)
        ]
        workspace.store.commit(None, made, dict(words))
        assert workspace.indexing.reconcile() == (2, 0)
        indexes.discard(workspace.settings.index_dir)


def test_index_that_could_not_be_filled_is_free_again(tmp_path, monkeypatch):
    discarded(tmp_path)
    monkeypatch.setattr(indexes, "LOCK_WAIT_S", 0.05)
    with opened(tmp_path) as workspace:
        with monkeypatch.context() as broken:
            broken.setattr(indexing, "reconcile", fails)
            with pytest.raises(DataError, match="broken"):
                _ = workspace.indexing.index
        assert len(workspace.indexing.index.keys()) == 2


def fails(*_: object) -> None:
    raise DataError("broken")


def test_index_that_was_discarded_is_filled_once_and_counted(tmp_path):
    discarded(tmp_path)
    with opened(tmp_path) as workspace:
        assert workspace.indexing.reconcile() == (2, 0)


def test_index_is_free_for_others_once_it_is_reconciled(tmp_path, monkeypatch):
    discarded(tmp_path)
    monkeypatch.setattr(indexes, "LOCK_WAIT_S", 0.05)
    with opened(tmp_path) as writer, opened(tmp_path) as reader:
        writer.indexing.reconcile()
        assert len(reader.indexing.index.keys()) == 2


def test_matrix_holds_what_the_index_holds_and_needs_no_index_open(tmp_path):
    discarded(tmp_path)
    with opened(tmp_path) as writer, opened(tmp_path) as reader:
        held = writer.indexing.index.keys()  # nobody else can open it now
        assert len(reader.indexing.matrix.numbers) == len(held) == 2


def test_matrix_that_is_gone_is_read_from_the_record_store(tmp_path):
    discarded(tmp_path)
    with opened(tmp_path) as workspace:
        workspace.indexing.reconcile()
        before = workspace.indexing.matrix
        for path in workspace.settings.index_dir.glob("matrix-*"):
            path.unlink()
        assert workspace.indexing.matrix.numbers.tolist() == before.numbers.tolist()
        assert workspace.indexing.matrix.vectors.tolist() == before.vectors.tolist()
        workspace.indexing.reconcile()
        assert list(workspace.settings.index_dir.glob("matrix-*"))


def test_words_of_the_study_are_its_quotes_and_claims(tmp_path):
    with opened(tmp_path) as workspace:
        assert words_digest("The study followed twelve wards for six weeks.") in workspace.study_wordings
        assert len(workspace.study_wordings) == 2


def test_settings_choose_the_models(tmp_path):
    plain = Workspace(settings(tmp_path))
    assert isinstance(plain.embedder, MiniLM)
    assert isinstance(plain.entailment, EmbeddedEntailment)
    chosen = Workspace(settings(tmp_path).model_copy(update={"entailment_model": "/models/nli"}))
    assert isinstance(chosen.entailment, CrossEncoderEntailment)
    assert isinstance(entailment_model("lexical"), LexicalEntailment)


def test_environment_sets_what_is_not_given(monkeypatch, tmp_path):
    monkeypatch.setenv("RETOLD_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RETOLD_CRAWL__DELAY_S", "2.5")
    read = Settings()
    assert read.data_dir == tmp_path
    assert read.crawl.delay_s == 2.5
    assert read.database_url == f"sqlite:///{tmp_path}/records.db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETOLD_WORKERS", "many"),
        ("RETOLD_WORKERS", "-1"),
        ("RETOLD_CRAWL__DELAY_S", "fast"),
        ("RETOLD_CRAWL__DELAY_S", "inf"),
        ("RETOLD_CRAWL__ROBOTS", "maybe"),
        ("RETOLD_CRAWL__FOO", "1"),
        ("RETOLD_CRAWL", "x"),
    ],
)
def test_bad_environment_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=r"(?i)crawl|workers"):
        Settings()


def test_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("RETOLD_WORKERS", "")
    assert Settings().workers == 0
