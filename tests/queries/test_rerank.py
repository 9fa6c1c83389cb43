"""Reranking: the best wordings in the order that a cross-encoder gives them, and plain words where there is none."""

from pathlib import Path

import pytest
from making import NOON
from newsdesk import CLAIMS, keep_stories, opened
from tinymodels import STANCES, tiny_cross_encoder

from kb.errors import UserError
from kb.pipeline import build
from kb.rerank import CrossEncoderReranker
from queries.lookup import Question, at_once, search

pytestmark = pytest.mark.usefixtures("parser_loaded_once")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_cross_encoder(tmp_path_factory.mktemp("ranker") / "tiny", {0: "answers"})


def test_order_and_scores_are_the_cross_encoders(tmp_path, model):
    with opened(tmp_path, CLAIMS) as workspace:
        keep_stories(workspace)
        build(workspace)
        plain = search(workspace, Question(query="naps on wards", k=50), NOON)
        workspace.__dict__["reranker"] = CrossEncoderReranker(model)
        found = search(workspace, Question(query="naps on wards", k=4, rerank=True), NOON)
        scores = workspace.reranker.score("naps on wards", [hit.text for hit in plain.hits])
    pairs = zip(scores, (hit.text for hit in plain.hits), strict=True)
    best = sorted(pairs, key=lambda pair: -pair[0])[:4]
    assert [hit.text for hit in found.hits] == [text for _, text in best]
    assert [hit.rank for hit in found.hits] == [1, 2, 3, 4]
    assert [hit.score for hit in found.hits] == [round(score, 4) for score, _ in best]
    assert all(0 <= score <= 1 for score in scores)


def test_missing_or_unfit_model_is_told(tmp_path, tmp_path_factory):
    with pytest.raises(UserError, match="RETOLD_RERANK_MODEL"):
        CrossEncoderReranker(None).score("nap", ["naps"])
    with pytest.raises(UserError, match="cannot be loaded"):
        CrossEncoderReranker(str(tmp_path / "nothing")).score("nap", ["naps"])
    three: Path = tmp_path_factory.mktemp("ranker") / "three"
    with pytest.raises(UserError, match="several scores"):
        CrossEncoderReranker(tiny_cross_encoder(three, STANCES)).score("nap", ["naps"])
    assert CrossEncoderReranker(None).score("nap", []) == []


def test_the_quick_way_leaves_it_to_the_whole_one(tmp_path):
    assert at_once(tmp_path, None, Question(query="nap", rerank=True), NOON) is None
