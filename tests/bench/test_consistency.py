"""Planted edits: the generator keeps its word, and the checks keep the floor of their figures."""

import json
from pathlib import Path

import pytest

from bench.consistency import QUOTE_RULES, Tally, checked, count
from bench.coverage_pages import Made, coverage
from bench.planting import Set, frames, studies

SETS: tuple[Set, ...] = ("seen", "opened", "opened-2", "opened-3", "unseen")


def made(which: Set, number: int = 0, seed: int = 3, pages: int = 24) -> Made:
    return coverage(studies(which)[number], frames(which), seed, pages)


def test_a_seed_makes_the_same_pages_again() -> None:
    assert made("seen") == made("seen")
    assert made("seen") != made("seen", seed=4)


@pytest.mark.parametrize("which", SETS)
def test_every_mark_stands_on_its_page(which: Set) -> None:
    for number in range(len(studies(which))):
        for page in made(which, number).pages:
            text = " ".join(page.paragraphs)
            lost = [m.words for m in page.marks if m.kind != "split" and m.words.rstrip(".") not in text]
            assert lost == []


def test_held_out_templates_share_no_study_with_the_others() -> None:
    names = [{study["id"] for study in studies(which)} for which in SETS]
    assert not names[-1] & set().union(*names[:-1])


def test_an_edited_page_has_an_earlier_capture(tmp_path: Path) -> None:
    coverage_ = made("seen")
    coverage_.write(tmp_path)
    urls = [json.loads(line)["url"] for line in (tmp_path / "articles.jsonl").read_text(encoding="utf-8").splitlines()]
    edited = [page for page in coverage_.pages if page.before]
    assert edited
    assert len(urls) == len(coverage_.pages) + len(edited)


def test_planted_edits_are_found_and_harmless_quotes_left_alone(tmp_path: Path) -> None:
    coverage_, tally = made("seen"), Tally()
    count(coverage_, checked(coverage_, tmp_path), tally, "floor")
    found, planted = tally.found.total(), tally.planted.total()
    assert found >= 0.85 * planted
    assert sum(tally.wrong[rule] for rule in QUOTE_RULES) <= 1
    assert tally.alarms.total() <= 1
