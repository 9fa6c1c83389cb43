"""What the crawl process works out from the store before and while it crawls."""

from pathlib import Path

import attrs
from growth import grows_linearly
from making import snapshot

from crawler.process import Recall
from kb.archive import Archive
from kb.records import Snapshot


def chain(length: int) -> list[Snapshot]:
    """Captures, each found in the one before it."""
    urls = [f"https://ledger.example/{number}" for number in range(length)]
    return [
        attrs.evolve(snapshot(url), found_in=found_in)
        for url, found_in in zip(urls, ["https://ledger.example/feed", *urls], strict=False)
    ]


def recall(snapshots: list[Snapshot]) -> Recall:
    return Recall(Archive(Path("unused")), {held.id: held for held in snapshots})


def test_depth_is_the_number_of_archived_pages_before_a_page() -> None:
    pages = chain(5)
    assert [recall(pages).depth(page) for page in pages] == [0, 1, 2, 3, 4]


def test_recalling_every_page_takes_time_in_proportion_to_their_number() -> None:
    def recall_all(size: int) -> None:
        pages = chain(size)
        remembered = recall(pages)
        for page in pages:
            remembered.depth(page)

    assert grows_linearly(recall_all, 500)
