"""A model that the settings name and that is not there ends the command before any work."""

import pytest
from newsdesk import keep_stories, opened

from kb.errors import UserError
from kb.settings import Settings
from queries import job
from queries.models import require_embedder, require_parser


def test_parser_that_is_not_installed_is_named():
    with pytest.raises(UserError, match="RETOLD_SPACY_MODEL: the spaCy pipeline 'nope_sm' is not installed"):
        require_parser(Settings(spacy_model="nope_sm"))


def test_default_parser_and_a_folder_do(tmp_path):
    require_parser(Settings())
    require_parser(Settings(spacy_model=str(tmp_path)))


def test_build_with_a_missing_model_derives_nothing(tmp_path):
    with opened(tmp_path) as workspace:
        keep_stories(workspace)
        workspace.settings = workspace.settings.model_copy(update={"spacy_model": "nope_sm"})
        with pytest.raises(UserError):
            job.build(workspace, [], lambda *_: None)
        assert workspace.reader.outcomes("extract") == []


def test_embedding_model_that_does_not_load_is_told(tmp_path):
    from kb.workspace import Workspace

    with (
        Workspace(Settings(data_dir=tmp_path, embedding_model=str(tmp_path / "nope"))) as workspace,
        pytest.raises(UserError, match="nope"),
    ):
        require_embedder(workspace)
