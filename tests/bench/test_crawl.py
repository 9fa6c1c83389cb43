"""The bench of the crawl holds what its site serves; rates are not tested, for they are the machine's."""

from bench.crawl import run


def test_a_crawl_of_the_site_holds_its_truth_and_asks_no_more_than_promised() -> None:
    figures = run(pages=200, rounds=1)
    assert figures["held"]
    assert figures["lost"] == 0
    assert float(str(figures["responses_per_article"])) <= 1.1
    assert float(str(figures["recrawl_requests_per_known_page"])) <= 1.0
    assert figures["recrawl_outside_window_conditional"] == 0
