"""The generated coverage trees, and a floor under what a trace finds in them."""

from bench.tree_planting import RELEASE, Variant, tree
from bench.tree_records import coverage
from bench.trees import Tally, count
from queries.trace import trace

VARIANTS: tuple[Variant, ...] = ("clean", "mixing")


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
    assert figures["parent_accuracy"] >= 0.92
    assert figures["star_accuracy"] <= 0.4
    assert figures["sure_right"] >= 0.96


def test_most_articles_merged_from_two_have_both_for_parents() -> None:
    planted = tree(7, 80, "clean", held_out=False)
    found = trace(coverage(planted))
    place = {article.url: at for at, article in enumerate(planted.articles)}
    ids = {shown.retelling.article.id: place[shown.retelling.article.canonical_url] for shown in found.appearances}
    edges = {(ids[edge.child], ids[edge.parent]) for edge in found.edges}
    merged = [(at, article.parents) for at, article in enumerate(planted.articles) if len(article.parents) == 2]
    assert len(merged) >= 4
    assert sum(all((at, parent) in edges for parent in parents) for at, parents in merged) >= 0.5 * len(merged)


def test_retellings_that_mix_add_matter_of_their_own() -> None:
    size = {
        variant: sum(len(article.parts) for article in tree(7, 80, variant, held_out=False).articles)
        for variant in VARIANTS
    }
    assert size["mixing"] > 1.1 * size["clean"]
