"""The generated coverage trees, and a floor under what a trace finds in them."""

from bench.tree_planting import RELEASE, tree
from bench.tree_records import coverage
from bench.trees import Tally, count
from queries.trace import trace


def test_the_same_seed_gives_the_same_tree() -> None:
    assert tree(7, 30, "clean", held_out=False) == tree(7, 30, "clean", held_out=False)


def test_held_out_seeds_have_other_words() -> None:
    body = tree(7, 12, "clean", held_out=False).articles[RELEASE].body
    assert body != tree(7, 12, "clean", held_out=True).articles[RELEASE].body


def test_parents_are_older_than_their_children() -> None:
    articles = tree(7, 60, "clean", held_out=False).articles
    assert all(articles[parent].at < article.at for article in articles for parent in article.parents)


def test_two_fifths_of_the_dates_can_be_bad() -> None:
    articles = tree(7, 200, "times", held_out=False).articles[2:]
    missing = sum(article.published is None for article in articles)
    assert 0.13 < missing / len(articles) < 0.28


def test_quotes_of_the_records_are_the_words_of_the_text() -> None:
    given = coverage(tree(7, 30, "clean", held_out=False))
    marks = {
        made.text.text[quote.content.start - 1] + made.text.text[quote.content.end]
        for made in given.retellings
        for quote in made.quotes
    }
    assert all(pair[0] == "“" and pair[1] in ",.”" for pair in marks)


def test_a_trace_finds_far_more_parents_than_a_star() -> None:
    tally = Tally()
    for seed in (1, 2):
        planted = tree(seed, 60, "clean", held_out=True)
        count(planted, trace(coverage(planted)), tally)
    figures = tally.figures()
    assert figures["parent_accuracy"] >= 0.8
    assert figures["star_accuracy"] <= 0.4
    assert figures["sure_right"] >= 0.93
