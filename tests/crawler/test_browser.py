"""Pages that JavaScript makes, read by a real Chromium from a loopback site."""

import shutil
from pathlib import Path

import attrs
import pytest
from loopback import ABOUT, Answer, Site, make_source, make_study, run_crawl

from crawler import browser
from kb.archive import Archive
from kb.errors import UserError

CHROMIUM = next((path for name in browser.NAMES if (path := shutil.which(name))), None)

SHELL = """<!doctype html><html lang="en"><head><title>News</title></head><body><div id="app"></div>
<img src="/picture.png"><script>
fetch("/api/story").then(answer => answer.json()).then(story => {
  setTimeout(() => { document.getElementById("app").innerHTML = story.html; document.title = story.title; }, 200);
});
fetch("http://169.254.169.254/latest/meta-data").catch(() => {});
</script></body></html>"""
STORY = ABOUT.format(title="Glass Echo by script", words="Only a browser gets to see these words of the team.")


@pytest.fixture
def scripted(site: Site) -> Site:
    site.feed("/feed", "/glass-echo-story")
    site.answers["/glass-echo-story"] = Answer(SHELL.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
    inner = STORY.partition("<body>")[2].partition("</body>")[0].replace('"', '\\"')
    told = f'{{"title": "Glass Echo by script", "html": "{inner}"}}'
    site.answers["/api/story"] = Answer(told.encode(), headers={"Content-Type": "application/json"})
    return site


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium installed: apt-get install chromium")
def test_a_page_made_by_script_is_captured_as_readers_see_it(scripted: Site, tmp_path: Path) -> None:
    source = attrs.evolve(make_source(scripted, feeds=("/feed",)), browser=True)
    crawled = run_crawl(make_study(source), tmp_path, timeout_s=20)
    assert crawled.summary.errors == ()
    (snapshot,) = crawled.snapshots
    assert (snapshot.via, snapshot.final_url) == ("browser", scripted.url("/glass-echo-story"))
    assert b"Only a browser gets to see these words" in Archive(tmp_path / "archive").body(snapshot)
    assert "/picture.png" not in scripted.paths()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium installed: apt-get install chromium")
def test_robots_hold_for_the_browser_too(scripted: Site, tmp_path: Path) -> None:
    scripted.answers["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /glass-echo-story\n")
    source = attrs.evolve(make_source(scripted, feeds=("/feed",)), browser=True)
    crawled = run_crawl(make_study(source), tmp_path, timeout_s=20)
    assert crawled.reason(scripted.url("/glass-echo-story")) == "refused: robots.txt forbids it"
    assert "/glass-echo-story" not in scripted.paths()


def test_other_sources_are_read_as_served(scripted: Site, tmp_path: Path) -> None:
    crawled = run_crawl(make_study(make_source(scripted, feeds=("/feed",))), tmp_path)
    assert {snapshot.via for snapshot in crawled.snapshots} <= {"live"}
    assert "/api/story" not in scripted.paths()


def test_a_missing_browser_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="apt-get install chromium"):
        browser.require_browser(None)


@attrs.frozen
class Asked:
    url: str
    resource_type: str = "fetch"


@pytest.mark.parametrize(
    "asked",
    [
        Asked("http://169.254.169.254/latest"),
        Asked("http://127.0.0.1:8000/"),
        Asked("http://localhost/admin"),
        Asked("file:///etc/passwd"),
        Asked("https://news.example/a.png", "image"),
    ],
)
def test_what_a_page_may_not_ask_for_is_dropped(asked: Asked) -> None:
    import asyncio

    assert asyncio.run(browser.unwanted(frozenset(), proxied=False)(asked))
