"""The web UI as clients of every sort see it: pages, refusals, judgements, and data that change beside it."""

import html
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from newsdesk import keep, page
from web_fixtures import EDITED_URL, HOSTILE_URL, site

from bench.served import served
from kb.exclusive import alone
from kb.pipeline import build
from kb.records import Article
from kb.workspace import Workspace
from queries import asking, review
from queries.web import door
from queries.web_guard import MAX_FORM

RETOLD = Path(sys.executable).with_name("retold")
TOKEN = "a-token-of-many-signs"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    with site(tmp_path_factory.mktemp("room")) as (workspace, address):
        yield workspace, address


@pytest.fixture
def client(room: tuple[Workspace, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=room[1], timeout=20) as made:
        made.get("/")
        yield made


def article_page(url: str, source: str) -> str:
    return f"/articles/{Article(source=source, canonical_url=url).id}"


def form_of(client: httpx.Client, path: str) -> dict[str, str]:
    """The first form of a page, filled as a browser would."""
    body = client.get(path).text
    form = body[body.index('<form class="judge"') :].partition("</form>")[0]
    hidden = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in hidden if name in ("csrf", "subject", "back")} | {"user": "Ann", "note": ""}


def a_finding(workspace: Workspace) -> str:
    return next(f.id for f in review.findings(workspace) if f.rule == "altered-quote")


PAGES = ("/", "/search", "/findings", "/outlets", "/articles", "/review", "/review/log", "/crawl", "/quotes/surprised")


@pytest.mark.parametrize("path", [*PAGES, "/claims/wards", "/outlets/star", "/search?q=nap&part=results"])
def test_pages_are_there_and_bind_the_browser(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert not re.search(r"<[^>]+ (on\w+|style)=", answer.text)


@pytest.mark.parametrize("path", ["/quotes/none", "/outlets/none", "/articles/none", "/findings/none", "/none"])
def test_what_is_not_there_is_told(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_search_narrows_and_leads_to_the_article(client: httpx.Client) -> None:
    found = client.get("/search", params={"q": "nap error rates", "kind": "quote", "verdict": "altered"}).text
    assert "astonished" in found
    assert "We were surprised" not in found
    assert article_page(EDITED_URL, "star") in found


def test_a_bad_filter_is_told_in_the_page(client: httpx.Client) -> None:
    assert "is no day" in client.get("/search", params={"q": "nap", "since": "yesterday"}).text
    assert client.get("/search", params={"q": "?!"}).status_code == 200


def test_a_search_without_results_names_the_fields_that_narrow_it(client: httpx.Client) -> None:
    found = client.get("/search", params={"q": "zebra", "verdict": "merged", "mode": "lexical"}).text
    assert "leave out “Against a quote of the study”" in found
    assert "“Rank by meaning and words” also finds" in found


def test_the_quote_page_has_every_wording_with_its_difference(client: httpx.Client) -> None:
    shown = client.get("/quotes/surprised").text
    for word in ("astonished", "shocked"):
        assert re.search(rf"<ins>.*{word}", shown)
    assert "Word for word" in shown


def test_the_quote_page_says_what_the_trace_amounts_to_and_what_it_leaves_open(
    room: tuple[Workspace, str], client: httpx.Client
) -> None:
    [thread] = asking.report_view(room[0], "surprised").threads
    shown = html.unescape(client.get("/quotes/surprised").text)
    assert thread.amounts
    assert [line for line in (*thread.amounts, *thread.undetermined) if line not in shown] == []


def test_the_article_page_marks_quotes_and_findings_in_the_text(client: httpx.Client) -> None:
    shown = client.get(article_page(EDITED_URL, "star")).text
    text = shown[shown.index('<div class="text"') :].partition("</div>")[0]
    assert re.search(r'<mark class="q[^"]*">We were astonished', text)
    assert re.search(r'<a class="to" href="/findings/finding', text)


def test_the_article_page_shows_what_was_changed(client: httpx.Client) -> None:
    shown = client.get(article_page(EDITED_URL, "star")).text
    changed = shown[shown.index('id="revisions"') :]
    assert re.search(r"<del>.*23.*</del>", changed)
    assert re.search(r"<ins>.*32.*</ins>", changed)
    assert "sha256:" in changed


def test_page_text_is_never_markup(client: httpx.Client) -> None:
    for path in (article_page(HOSTILE_URL, "mill.example"), "/articles", "/quotes/surprised", "/search?q=nurses"):
        shown = client.get(path).text
        assert "&lt;script&gt;" in shown or path == "/quotes/surprised"
        assert shown.count("<script") == (0 if "part=" in path else 1)
        assert "<img" not in shown
        assert 'href="javascript:' not in shown


def test_a_judgement_is_entered_shows_in_the_log_and_is_withdrawn(
    room: tuple[Workspace, str], client: httpx.Client
) -> None:
    subject = a_finding(room[0])
    path = f"/findings/{subject}"
    sent = client.post("/review", data=form_of(client, path) | {"verdict": "rejected", "note": "it <i>is</i> so"})
    assert (sent.status_code, sent.headers["location"]) == (303, path)
    logged = client.get("/review/log").text
    assert "Rejected</strong> by <bdi>Ann</bdi>" in logged
    assert "it &lt;i&gt;is&lt;/i&gt; so" in logged
    assert subject not in client.get("/findings").text
    client.post("/review", data=form_of(client, path) | {"verdict": "withdraw"})
    assert "Withdrawn" in client.get("/review/log").text
    assert subject in client.get("/findings").text


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"csrf": "0" * 64}, 403),
        ({"csrf": ""}, 403),
        ({"subject": "finding:none"}, 404),
        ({"verdict": "perhaps"}, 400),
        ({"user": "  "}, 400),
        ({"note": "x" * MAX_FORM}, 413),
    ],
)
def test_forms_that_are_not_in_order_enter_nothing(
    room: tuple[Workspace, str], client: httpx.Client, changed: dict[str, str], status: int
) -> None:
    before = len(room[0].reader.judgements())
    fields = form_of(client, f"/findings/{a_finding(room[0])}") | {"verdict": "confirmed"} | changed
    assert client.post("/review", data=fields).status_code == status
    assert len(room[0].reader.judgements()) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_forms_from_other_sites_are_refused(
    room: tuple[Workspace, str], client: httpx.Client, headers: dict[str, str]
) -> None:
    fields = form_of(client, f"/findings/{a_finding(room[0])}") | {"verdict": "confirmed"}
    assert client.post("/review", data=fields, headers=headers).status_code == 403


def test_a_form_token_is_of_one_session(room: tuple[Workspace, str], client: httpx.Client) -> None:
    fields = form_of(client, f"/findings/{a_finding(room[0])}") | {"verdict": "confirmed"}
    assert httpx.post(f"{room[1]}/review", data=fields).status_code == 403


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.nip.example", "127.0.0.1:1", ""])
def test_other_names_for_this_server_are_refused(client: httpx.Client, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code in (400, 421)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_only_get_and_post_are_known(client: httpx.Client, method: str) -> None:
    assert client.request(method, "/review").status_code == 405


def test_a_redirect_stays_here(room: tuple[Workspace, str], client: httpx.Client) -> None:
    fields = form_of(client, f"/findings/{a_finding(room[0])}") | {"verdict": "unsure", "back": "//elsewhere.example"}
    assert client.post("/review", data=fields).headers["location"] == "/review"


def test_elsewhere_than_on_loopback_a_token_is_needed(tmp_path: Path) -> None:
    assert door("127.0.0.1", 1, None, ()).token is None
    made = door("192.0.2.7", 80, None, ()).token
    assert made
    assert len(made) >= 24
    with site(tmp_path, TOKEN) as (_, address), httpx.Client(base_url=address) as client:
        assert client.get("/").status_code == 401
        assert client.get("/", params={"token": TOKEN + "x"}).status_code == 401
        assert client.get("/search", params={"q": "nap"}).status_code == 401
        came = client.get("/", params={"token": TOKEN})
        assert "HttpOnly; SameSite=Strict" in came.headers["set-cookie"]
        assert TOKEN not in came.headers["set-cookie"]
        assert client.get("/findings").status_code == 200


def test_names_of_other_hosts() -> None:
    entrance = door("0.0.0.0", 8765, TOKEN, ("desk.example",))
    assert entrance.knows("192.0.2.7:8765")
    assert entrance.knows("desk.example:8765")
    assert not entrance.knows("rebound.example:8765")


def test_a_build_beside_it_gets_the_index_and_its_articles_show(tmp_path: Path) -> None:
    with site(tmp_path) as (workspace, address), httpx.Client(base_url=address, timeout=20) as client:
        assert client.get("/search", params={"q": "nap"}).status_code == 200
        url = "https://late.example/naps"
        with Workspace(workspace.settings) as other:
            other.embedder = workspace.embedder
            with alone(other.settings.data_dir):
                assert "At work" in client.get("/crawl").text
                keep(
                    other,
                    url,
                    page(url, ("“A nap is worth a roster,” Elise Moreau said of the nap study on Friday.",) * 3),
                )
                assert build(other).complete
        until = time.monotonic() + 15
        while "late.example" not in client.get("/articles").text:
            assert time.monotonic() < until, "the new article does not show"
            time.sleep(0.2)
        assert "worth a roster" in client.get("/search", params={"q": "worth a roster"}).text


def test_search_knows_a_speaker_that_was_written_into_the_study_meanwhile(tmp_path: Path) -> None:
    with site(tmp_path) as (workspace, address), httpx.Client(base_url=address, timeout=20) as client:
        assert "Nothing was found" in client.get("/search", params={"q": "nap", "speaker": "unionist"}).text
        study = workspace.settings.study
        known = study.read_text(encoding="utf-8")
        study.write_text(known.replace("speakers:", "speakers:\n  - {id: unionist, name: Tom Beck}"), encoding="utf-8")
        found = client.get("/search", params={"q": "nap", "speaker": "unionist"}).text
        assert "no cure for a bad roster" in found
        assert '<option value="Tom Beck">' in found
        study.write_text("study: [", encoding="utf-8")
        assert "no cure for a bad roster" in client.get("/search", params={"q": "nap", "speaker": "unionist"}).text


def test_it_serves_before_anything_was_captured(tmp_path: Path) -> None:
    from newsdesk import opened

    with opened(tmp_path) as workspace, served(workspace) as address:
        assert "No coverage has been found yet" in httpx.get(f"{address}/").text
        assert "Nothing has been captured yet" in httpx.get(f"{address}/search", params={"q": "nap"}).text


def test_ctrl_c_ends_the_command_cleanly(room: tuple[Workspace, str]) -> None:
    settings = room[0].settings
    command = [RETOLD, "--study", str(settings.study), "--data-dir", str(settings.data_dir), "serve", "--port", "18765"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
    assert running.stdout
    assert running.stdout.readline() == "http://127.0.0.1:18765/\n"
    taken = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (taken.returncode, "choose another: --port" in taken.stderr) == (2, True)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=30)
    assert (running.returncode, "Traceback" in told) == (0, False)
