"""The web UI measured: a small study, a real server and a real crawl."""

import random
from pathlib import Path

from bench.tree_planting import tree
from bench.web import MIX, run
from bench.web_folder import folder_of
from bench.web_load import Asked, figures
from kb.workspace import Workspace


def test_every_kind_of_page_answers_beside_a_crawl():
    found = run(articles=40, clients=3, seconds=4.0)
    assert found["ours"]["pages"].keys() == MIX.keys()
    assert found["ours"]["all"]["errors"] == found["bare"]["all"]["errors"] == 0
    assert found["crawled_per_s"] > 0
    sizes = {kind: each["kb"] for kind, each in found["ours"]["pages"].items()}
    assert found["bare"]["pages"]["overview"]["kb"] == sizes["overview"]


def test_folder_reads_back_as_the_coverage_it_was_made_of(tmp_path: Path):
    planted = tree(7, 30, "clean", held_out=True)
    with Workspace(folder_of(planted, tmp_path / "data")) as workspace:
        read = workspace.reader.coverage(workspace.study)
    assert {each.article.canonical_url for each in read.retellings} == {each.url for each in planted.articles}
    assert {each.text.text for each in read.retellings} == {each.body for each in planted.articles}
    assert read.alignments


def test_figures_count_what_is_not_200_as_errors():
    chance = random.Random(3)
    answers = [Asked("a", "/", chance.random(), 200, 1000) for _ in range(100)]
    answers += [Asked("a", "/", 90.0, 503, 0), Asked("b", "/", 95.0, 0, 0)]
    told = figures(answers, 2.0)
    assert (told["all"]["errors"], told["pages"]["b"]["errors"], told["per_s"]) == (2, 1, 51.0)
    assert told["all"]["max_ms"] == 95.0
