from pathlib import Path

import attrs
import pytest
from loopback import make_study

from crawler.searches import filled, queries, rarest_run
from kb.claims import Document

PAPER = Document(slug="v1", title="A paper", url="https://arxiv.org/abs/2604.01234v1", published_at=None)
POST = Document(slug="post", title="A post", url="https://lab.example/posts/echo/", published_at=None)


def test_study_is_searched_by_topic_paper_speaker_and_quote_in_turn() -> None:
    assert queries(make_study(documents=(PAPER, POST)), 6) == [
        '"Glass Echo"',
        '"2604.01234"',
        '"Imke Vale" "Glass Echo"',
        '"the building was pointing at another mirror"',
        '"Glass Echo Models That Repeat Each Other"',
        '"lab.example/posts/echo"',
    ]


def test_doi_is_searched_rather_than_its_link() -> None:
    document = attrs.evolve(PAPER, url="https://doi.org/10.5555/pub.2026.0417")
    assert '"10.5555/pub.2026.0417"' in queries(make_study(documents=(document,)), 20)


def test_queries_are_bounded_and_without_doubles() -> None:
    study = attrs.evolve(make_study(), aliases=("Glass Echo", "glass-echo", "GLASS ECHO"))
    asked = queries(study, 20)
    assert [query for query in asked if "echo" in query.lower() and "Vale" not in query and "Orr" not in query] == [
        '"Glass Echo"',
        '"Glass Echo Models That Repeat Each Other"',
    ]
    assert len(queries(study, 2)) == 2


def test_a_quote_of_a_few_words_is_not_searched() -> None:
    assert rarest_run("We were surprised.") is None


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://s.example/rss?q={query}&hl=en", "https://s.example/rss?q=%22glass+%26+echo%22&hl=en"),
        ("https://s.example/search/{query}/feed", "https://s.example/search/%22glass%20%26%20echo%22/feed"),
    ],
)
def test_query_is_encoded_for_its_place(address: str, url: str) -> None:
    assert filled(address, ['"glass & echo"']) == [url]


def test_the_crawl_process_loads_no_model() -> None:
    """The import of torch takes seconds, which every crawl would pay."""
    import subprocess
    import sys

    asked = (
        "import sys, crawler.process; print([name for name in ('torch', 'spacy', 'chromadb') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "[]"
