"""A page that was taken down while the web UI runs: it is shown by no page from that moment on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from making import NOON
from test_web import article_page
from web_fixtures import EDITED_URL, newsroom

from bench.served import served
from kb import takedown
from kb.exclusive import alone
from kb.workspace import Workspace
from queries import forget as forgetting
from queries import review
from queries.job import address_key
from queries.lookup import TAKING_DOWN

TAKEN = ("astonished", EDITED_URL)
ARTICLE = article_page(EDITED_URL, "star")
ITS_OWN = (ARTICLE, "/outlets/star")


@contextmanager
def room(folder: Path) -> Iterator[tuple[Workspace, httpx.Client, list[str]]]:
    """A running site, every page of which was asked for once, and the pages that show what will be taken down."""
    with newsroom(folder) as workspace, served(workspace) as address:
        finding = next(f.id for f in review.findings(workspace) if "astonished" in f.observed)
        pages = ["/", "/findings", f"/findings/{finding}", "/quotes/surprised", "/articles", "/outlets/star", ARTICLE]
        pages += ["/search?q=how+consistently+a+short+nap", "/review"]
        with httpx.Client(base_url=address, timeout=20) as client:
            yield workspace, client, [path for path in pages if any(word in client.get(path).text for word in TAKEN)]


def request(workspace: Workspace) -> takedown.Request:
    held = forgetting.captures(workspace, EDITED_URL, address_key)
    return takedown.Request(
        snapshots=frozenset(each.id for each in held),
        addresses=(EDITED_URL,),
        reason="asked by the publisher",
        by="desk",
        at=NOON,
    )


def shown(client: httpx.Client, pages: list[str]) -> list[str]:
    return [path for path in pages if any(word in client.get(path).text for word in TAKEN)]


def until_read_anew(client: httpx.Client) -> None:
    until = time.monotonic() + 60
    while client.get("/articles").status_code == 503:
        assert time.monotonic() < until, "the coverage is not read anew"
        time.sleep(0.1)


def test_pages_are_refused_from_the_moment_of_the_take_down_and_come_back_without_it(tmp_path: Path) -> None:
    with room(tmp_path) as (workspace, client, pages), Workspace(workspace.settings) as other:
        assert len(pages) > 6
        with alone(other.settings.data_dir):
            takedown.take_down(other.archive, request(other))
            assert shown(client, pages) == []
            assert client.get("/articles").status_code == 503
            assert TAKING_DOWN in client.get("/search?q=how+consistently+a+short+nap").text
            other.finish_takedown(other.store)
            assert shown(client, pages) == []
            until_read_anew(client)  # though the command has not ended
            assert shown(client, pages) == []
        assert client.get("/quotes/surprised").status_code == 200
        assert [client.get(path).status_code for path in ITS_OWN] == [404, 404]
        assert article_page("https://ledger.example/naps", "ledger") in client.get("/search?q=surprised").text


def test_pages_of_a_whole_forget_are_gone_when_it_returns(tmp_path: Path) -> None:
    with room(tmp_path) as (workspace, client, pages), Workspace(workspace.settings) as other:
        other.embedder = workspace.embedder
        with alone(other.settings.data_dir):
            forgetting.forget(other, EDITED_URL, address_key, reason="asked", by="desk", at=NOON)
        assert shown(client, pages) == []
        until_read_anew(client)
        assert shown(client, pages) == []


def test_a_take_down_that_was_cut_off_is_finished_and_its_pages_stay_away(tmp_path: Path) -> None:
    with room(tmp_path) as (workspace, client, pages), Workspace(workspace.settings) as other:
        takedown.take_down(other.archive, request(other))  # and the command is killed
        assert shown(client, pages) == []
        until_read_anew(client)
        assert shown(client, pages) == []
        assert not takedown.is_unfinished(other.archive)


def test_what_is_gone_is_known_after_every_replacement_of_the_log(tmp_path: Path) -> None:
    with newsroom(tmp_path) as workspace:
        gone = takedown.Gone(workspace.archive)
        assert gone.now() == frozenset()
        wanted = request(workspace)
        takedown.take_down(workspace.archive, wanted)
        assert gone.now() == wanted.snapshots
        for _ in range(3):  # the number of a file that went is given to a new one
            takedown.allow(workspace.archive, [EDITED_URL], reason="undone", by="desk", at=NOON)
        assert gone.now() == wanted.snapshots
        gone.close()


@pytest.mark.parametrize("path", ["/", "/search?q=nap"])
def test_a_take_down_of_a_page_that_nothing_rests_on_hides_nothing(tmp_path: Path, path: str) -> None:
    with room(tmp_path) as (workspace, client, _), Workspace(workspace.settings) as other:
        takedown.allow(other.archive, [EDITED_URL], reason="undone", by="desk", at=NOON)
        assert client.get(path).status_code == 200
