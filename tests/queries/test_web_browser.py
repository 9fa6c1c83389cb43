"""The web UI in a real browser: search, review, hostile pages, a narrow screen, axe-core on every page."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from test_web import a_finding, article_page
from web_fixtures import EDITED_URL, HOSTILE_URL, site

from crawler.browser import NAMES, QUIET
from kb.workspace import Workspace

CHROMIUM = next((known for name in NAMES if (known := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium installed: apt-get install chromium")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    with site(tmp_path_factory.mktemp("room")) as (workspace, address):
        yield workspace, address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *QUIET])
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    """A page whose complaints are kept: scripts that fail, and what the policy forbade."""
    page = chromium.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    yield page
    page.close()


def pages(workspace: Workspace) -> list[str]:
    told = [
        "/",
        "/search?q=nap",
        "/findings",
        f"/findings/{a_finding(workspace)}",
        "/quotes/surprised",
        "/claims/wards",
    ]
    told += ["/outlets", "/outlets/star", "/articles", article_page(EDITED_URL, "star"), "/review?all", "/review/log"]
    return [*told, article_page(HOSTILE_URL, "mill.example"), "/crawl", "/nothing-here"]


def test_search_as_you_type(room: tuple[Workspace, str], tab: Any) -> None:
    tab.goto(f"{room[1]}/search")
    tab.get_by_label("Words, or a phrase").press_sequentially("astonished by how")
    tab.wait_for_selector("#results .hits li")
    assert "astonished" in tab.inner_text("#results .words >> nth=0")
    assert "q=astonished" in tab.url
    tab.get_by_label("What").select_option("claim")
    tab.get_by_text("Claim; ").first.wait_for()
    tab.locator("#results a").first.click()
    assert "/articles/" in tab.url
    assert tab.complaints == []


def test_a_judgement_by_keyboard_shows_in_the_audit_log(room: tuple[Workspace, str], tab: Any) -> None:
    tab.goto(f"{room[1]}/findings/{a_finding(room[0])}")
    tab.get_by_label("Why").fill("heard on the tape")
    tab.get_by_label("Your name").fill("Ann Coder")
    tab.get_by_role("button", name="Confirm").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#decide .log li")
    assert "Confirmed by a person" in tab.inner_text("main")
    tab.goto(f"{room[1]}/review/log")
    assert "heard on the tape" in tab.inner_text(".log")
    assert "Ann Coder" in tab.inner_text(".log")
    assert tab.complaints == []


def test_nothing_in_a_page_of_the_press_runs(room: tuple[Workspace, str], tab: Any) -> None:
    tab.on("dialog", lambda dialog: tab.complaints.append(dialog.message))
    for path in (article_page(HOSTILE_URL, "mill.example"), "/articles", "/search?q=sleep+well"):
        tab.goto(room[1] + path)
        assert tab.title() != "owned"
        assert tab.locator("body#owned, img, main script, main b").count() == 0
        assert "<script>" in tab.inner_text("main")
    assert tab.complaints == []


def test_every_page_fits_a_screen_of_360_pixels(room: tuple[Workspace, str], tab: Any) -> None:
    tab.set_viewport_size({"width": 360, "height": 700})
    too_wide = []
    for path in pages(room[0]):
        tab.goto(room[1] + path)
        if tab.evaluate("document.documentElement.scrollWidth") > 360:
            too_wide.append(path)
    assert too_wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(room: tuple[Workspace, str], chromium: Any, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = chromium.new_page(color_scheme=scheme, bypass_csp=True)  # axe is put into the page from outside
    found = []
    for path in pages(room[0]):
        page.goto(room[1] + path)
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found.append((path, violation["id"], [node["html"][:120] for node in violation["nodes"][:3]]))
    page.close()
    assert found == []
