"""What was taken down is not fetched or imported again, under whatever address it comes, until that is undone."""

import shutil
from pathlib import Path

import attrs
import pytest
from loopback import Answer, Crawled, Site, make_source, make_study, run_crawl
from making import NOON

from crawler.browser import NAMES
from crawler.frontier import FORGOTTEN
from kb.archive import Archive
from kb.settings import Settings
from kb.store import RecordStore
from kb.takedown import Request, allow, finish, take_down

CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)


def crawled(site: Site, folder: Path) -> Crawled:
    return run_crawl(make_study(make_source(site, feeds=("/feed",))), folder)


def forget(site: Site, folder: Path, path: str) -> None:
    settings = Settings(data_dir=folder)
    archive = Archive(settings.archive_dir)
    with RecordStore.open(settings.database_url) as store:
        ids = frozenset(held.id for held in store.snapshots() if held.final_url == site.url(path))
        assert ids
        take_down(archive, Request(snapshots=ids, addresses=(site.url(path),), reason="r", by="desk", at=NOON))
        finish(archive, store, settings.index_dir)


@pytest.fixture
def folder(site: Site, tmp_path: Path) -> Path:
    """Two articles captured, one of them taken down; then the site's record of requests starts over."""
    site.page("/kept", words="One story.")
    site.page("/gone", words="Another story.")
    site.feed("/feed", "/kept", "/gone")
    crawled(site, tmp_path)
    forget(site, tmp_path, "/gone")
    site.asked.clear()
    return tmp_path


def test_address_in_a_feed_is_not_asked_for_and_the_reason_is_recorded(site: Site, folder: Path) -> None:
    again = crawled(site, folder)
    assert "/gone" not in site.paths()
    assert again.reason(site.url("/gone")) == f"refused: {FORGOTTEN}"
    assert [held.final_url for held in again.snapshots] == [site.url("/kept")]


def test_other_spelling_of_the_address_is_not_asked_for(site: Site, folder: Path) -> None:
    site.feed("/feed", "/gone/?utm_source=feed")
    crawled(site, folder)
    assert [path for path in site.paths() if "gone" in path] == []


def test_redirect_to_it_is_not_followed(site: Site, folder: Path) -> None:
    site.answers["/moved"] = Answer(b"", 301, {"Location": "/gone"})
    site.feed("/feed", "/moved")
    again = crawled(site, folder)
    assert "/gone" not in site.paths()
    assert again.reason(site.url("/moved")) == f"refused: {FORGOTTEN}"


def test_page_that_calls_itself_that_address_is_not_kept(site: Site, folder: Path) -> None:
    page = site.answers["/gone"]
    assert isinstance(page, Answer)
    link = f'<head><link rel="canonical" href="{site.url("/gone")}">'.encode()
    site.answers["/gone/amp"] = Answer(page.body.replace(b"<head>", link), headers=page.headers)
    site.feed("/feed", "/gone/amp")
    again = crawled(site, folder)
    assert again.reason(site.url("/gone/amp")) == f"refused: {FORGOTTEN}"
    assert [held.final_url for held in again.snapshots] == [site.url("/kept")]


def test_undone_it_is_fetched_again(site: Site, folder: Path) -> None:
    allow(Archive(folder / "archive"), [site.url("/gone")], reason="agreed", by="desk", at=NOON)
    again = crawled(site, folder)
    assert sorted(held.final_url for held in again.snapshots) == sorted([site.url("/gone"), site.url("/kept")])


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium installed: apt-get install chromium")
def test_neither_a_redirect_nor_a_script_brings_it_back_in_a_browser(site: Site, folder: Path) -> None:
    """It goes where a page leads it by itself."""
    site.answers["/moved"] = Answer(b"", 301, {"Location": "/gone"})
    site.answers["/jumping"] = Answer(b"<script>location = '/gone'</script>", headers={"Content-Type": "text/html"})
    site.feed("/feed", "/moved", "/jumping")
    source = attrs.evolve(make_source(site, feeds=("/feed",)), browser=True)
    again = run_crawl(make_study(source), folder, timeout_s=10)
    assert {again.reason(site.url(path)) for path in ("/moved", "/jumping")} == {f"refused: {FORGOTTEN}"}
    assert [held.final_url for held in again.snapshots] == [site.url("/kept")]
