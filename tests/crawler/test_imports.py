import gzip
import io
import json
import time
import tracemalloc
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import brotli
import pytest
from loopback import Answer, Site, make_source, make_study
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.frontier import FORGOTTEN
from crawler.imports import ImportSummary, add
from kb.archive import Archive
from kb.claims import Study
from kb.errors import UserError
from kb.records import Snapshot
from kb.settings import CrawlSettings, Settings
from kb.store import RecordStore
from kb.takedown import Request, finish, take_down
from kb.warc import MOST_HEAD

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Desk:
    """A data folder that things are added to."""

    def __init__(self, folder: Path, allow: tuple[str, ...] = ("127.0.0.1",)) -> None:
        """`allow`: the sites of these tests lie on this machine, and a list may name nothing there."""
        settings = CrawlSettings(delay_s=0, timeout_s=3, allow_hosts=allow)
        self.settings = Settings(data_dir=folder / "data", crawl=settings)
        self.archive = Archive(self.settings.archive_dir)

    def add(self, *names: str | Path, study: Study | None = None, stdin: bytes = b"") -> ImportSummary:
        with RecordStore.open(self.settings.database_url) as store:
            given = [str(name) for name in names]
            return add(given, study or make_study(), self.settings, self.archive, store, NOW, stdin=io.BytesIO(stdin))

    def snapshots(self) -> list[Snapshot]:
        with RecordStore.open(self.settings.database_url) as store:
            return store.snapshots()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def line(number: int, **fields: object) -> bytes:
    article = {
        "url": f"http://a.example/{number}",
        "source": "a",
        "title": "T",
        "published_at": "2026-04-01",
        "text": "Words.",
    }
    return json.dumps(article | fields).encode() + b"\n"


def warc(*pages: tuple[str, bytes, str]) -> bytes:
    buffer = BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    for url, body, status in pages:
        http = StatusAndHeaders(status, [("Content-Type", "text/html; charset=utf-8"), ("ETag", '"e"')], "HTTP/1.1")
        headers = {"WARC-Date": "2026-04-02T10:00:00Z"}
        record = writer.create_warc_record(
            url, "response", BytesIO(body), length=len(body), http_headers=http, warc_headers_dict=headers
        )
        writer.write_record(record)
    return buffer.getvalue()


def test_json_line_keeps_source_title_and_date_as_given(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(1))
    desk.add(tmp_path / "a.jsonl")
    [snapshot] = desk.snapshots()
    assert (snapshot.source, snapshot.feed_title, snapshot.feed_published) == ("a", "T", "2026-04-01")
    assert (snapshot.media_type, snapshot.charset, snapshot.via) == ("text/plain", "utf-8", "file")
    assert desk.archive.body(snapshot) == b"Words."


def test_bad_lines_are_named_and_good_ones_go_on(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b"{broken\n" + line(1) + line(2, text=None) + b"\n" + line(3, url="ftp://x") + line(4, title=7) + line(5)
    )
    summary = desk.add(path)
    assert [problem.where for problem in summary.problems] == [f"{path}:{number}" for number in (1, 3, 5, 6)]
    assert (summary.counts, summary.complete) == ({"kept": 2}, False)


def test_the_same_again_is_unchanged(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(1) + line(2))
    desk.add(tmp_path / "a.jsonl")
    assert desk.add(tmp_path / "a.jsonl").counts == {"unchanged": 2}
    assert len(desk.snapshots()) == 2


def test_two_versions_in_one_file_are_two_captures_in_their_order(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(1, text="First.") + line(1, text="Second."))
    desk.add(tmp_path / "a.jsonl")
    assert [desk.archive.body(snapshot) for snapshot in desk.snapshots()] == [b"First.", b"Second."]


def test_gzipped_json_lines_with_html(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line(1, text=None, html="<p>Hi</p>")))
    desk.add(tmp_path / "a.jsonl.gz")
    assert [snapshot.media_type for snapshot in desk.snapshots()] == ["text/html"]


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ('<link rel="canonical" href="https://a.example/one">', "https://a.example/one"),
        ('<meta property="og:url" content="https://a.example/two">', "https://a.example/two"),
        ("<!-- saved from url=(0023)https://a.example/three -->", "https://a.example/three"),
    ],
)
def test_saved_page_has_the_address_it_declares(desk: Desk, tmp_path: Path, head: str, url: str) -> None:
    (tmp_path / "page.html").write_text(f"<html><head>{head}</head><body><p>Hi</p></body></html>")
    desk.add(tmp_path / "page.html")
    assert [snapshot.final_url for snapshot in desk.snapshots()] == [url]


def test_saved_page_without_address_has_the_files(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "page.htm").write_text("<p>Hi</p>")
    desk.add(tmp_path / "page.htm")
    assert [snapshot.final_url for snapshot in desk.snapshots()] == [(tmp_path / "page.htm").resolve().as_uri()]


MHTML = b"""From: <Saved by Blink>
Snapshot-Content-Location: http://a.example/story
MIME-Version: 1.0
Content-Type: multipart/related; boundary="b"

--b
Content-Type: text/html
Content-Transfer-Encoding: quoted-printable

<html><body><p class=3D"x">Gulls =E2=80=94 remember.</p></body></html>
--b--
"""


def test_page_in_an_mhtml_file_is_decoded_and_has_its_address(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "story.mhtml").write_bytes(MHTML)
    assert desk.add(tmp_path).counts == {"kept": 1}
    (snapshot,) = desk.snapshots()
    assert snapshot.final_url == "http://a.example/story"
    assert '<p class="x">Gulls — remember.</p>' in desk.archive.body(snapshot).decode()


def test_mhtml_file_without_a_page_is_a_problem(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "story.mht").write_bytes(b"From: x\n\nwords\n")
    assert [problem.what for problem in desk.add(tmp_path).problems] == ["no page in this MHTML file"]


def test_source_follows_from_the_address(desk: Desk, tmp_path: Path, site: Site) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(1, url=site.url("/x"), source=None))
    desk.add(tmp_path / "a.jsonl", study=make_study(make_source(site)))
    assert [snapshot.source for snapshot in desk.snapshots()] == ["paper"]


def test_folder_is_read_recursively_and_other_files_are_passed_over(desk: Desk, tmp_path: Path) -> None:
    deep = tmp_path / "in" / "deep"
    deep.mkdir(parents=True)
    (deep / "note.md").write_text("# A note\n\nWith words.")
    (deep / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "in" / "page.html").write_text("<p>Hi</p>")
    assert desk.add(tmp_path / "in").counts == {"kept": 2}


def test_warc_keeps_pages_answered_with_200_at_their_own_time(desk: Desk, tmp_path: Path) -> None:
    pages = (("http://a.example/1", b"<p>One</p>", "200 OK"), ("http://a.example/2", b"gone", "404 Not Found"))
    (tmp_path / "x.warc.gz").write_bytes(warc(*pages))
    desk.add(tmp_path / "x.warc.gz")
    [snapshot] = desk.snapshots()
    assert (snapshot.requested_url, snapshot.etag, snapshot.via) == ("http://a.example/1", '"e"', "warc")
    assert snapshot.fetched_at == datetime(2026, 4, 2, 10, tzinfo=UTC)


def test_wacz_is_read_through_its_zip(desk: Desk, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.wacz", "w") as archive:
        archive.writestr("archive/data.warc.gz", warc(("http://a.example/1", b"<p>One</p>", "200 OK")))
    assert desk.add(tmp_path / "x.wacz").counts == {"kept": 1}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.warc.gz", b"\x1f\x8b\x08 this is no gzip"),
        ("x.wacz", b"PK no zip"),
        ("x.warc", b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 4\r\n\r\nHTTP\r\n\r\n"),
        ("y.opml", b"<rss:/>"),
        ("x.jsonl.gz", b"not gzip"),
        ("x.opml", b"<html></html>"),
        ("x.csv", b"name,place\na,b\n"),
        ("x.html", b"\x89PNG\r\n\x1a\n\x00\x00"),
        ("x.txt", b"  \n"),
        ("x.docx", b"words"),
    ],
)
def test_what_cannot_be_read_is_a_named_problem(desk: Desk, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    summary = desk.add(tmp_path / name)
    assert [name in problem.where for problem in summary.problems] == [True]


def test_missing_file_is_a_user_error_before_anything_is_read(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(1))
    with pytest.raises(UserError, match="no such file"):
        desk.add(tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    assert desk.snapshots() == []


def test_addresses_are_fetched_whatever_they_say(desk: Desk, tmp_path: Path, site: Site) -> None:
    site.answers["/other-topic"] = Answer(b"<p>Nothing of it.</p>", headers={"Content-Type": "text/html"})
    (tmp_path / "list.txt").write_text(f"# mine\n{site.url('/other-topic')}\n")
    desk.settings = desk.settings.model_copy(
        update={"crawl": desk.settings.crawl.model_copy(update={"allow_hosts": (site.host,)})}
    )
    summary = desk.add(tmp_path / "list.txt")
    assert (summary.counts, [s.via for s in desk.snapshots()]) == ({"kept": 1}, ["live"])


def test_csv_and_stdin_name_addresses_too(desk: Desk, tmp_path: Path, site: Site) -> None:
    for path in ("/one", "/two"):
        site.page(path)
    (tmp_path / "list.csv").write_text(f"title,URL\nOne,{site.url('/one')}\n")
    summary = desk.add(tmp_path / "list.csv", "-", stdin=f"{site.url('/two')}\n".encode() + line(3))
    assert summary.counts == {"kept": 3}


def test_list_of_addresses_with_a_slip_is_still_a_list(desk: Desk, tmp_path: Path, site: Site) -> None:
    for path in ("/one", "/two"):
        site.page(path)
    listed = tmp_path / "links.txt"
    listed.write_text(f"{site.url('/one')}\n{site.url('/two')}\nnot an address\n")
    summary = desk.add(listed)
    assert [problem.where for problem in summary.problems] == [f"{listed}:3"]
    assert not any(snapshot.requested_url.startswith("file:") for snapshot in desk.snapshots())


def test_text_with_an_address_on_a_line_is_a_text(desk: Desk, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("A note about the study.\nhttp://a.example/1\nIt goes on here.\n")
    assert desk.add(note).counts == {"kept": 1}


def test_table_names_the_column_of_a_bad_address(desk: Desk, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("title,url\nA,\n")
    (problem,) = desk.add(table).problems
    assert problem.what == "no http(s) address in url: ''"


@pytest.mark.parametrize(
    "written",
    ["Titel;URL\r\nEins, zwei;{one}\r\n", "{one},2026-04-01\n", "name\thref\nx\t{one}\n", "\ufefflink\n{one}\n"],
)
def test_table_of_any_country_and_without_heads_names_addresses(
    desk: Desk, tmp_path: Path, site: Site, written: str
) -> None:
    site.page("/one")
    (tmp_path / "t.csv").write_text(written.format(one=site.url("/one")), encoding="utf-8")
    summary = desk.add(tmp_path / "t.csv")
    assert (summary.counts, summary.problems) == ({"kept": 1}, ())


def test_table_without_any_address_is_a_problem_that_names_its_columns(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("title,day\nA,1\n")
    (problem,) = desk.add(tmp_path / "t.csv").problems
    assert problem.what == "no column named url and no address among title, day"


def test_links_of_an_opml_are_fetched_as_pages(desk: Desk, tmp_path: Path, site: Site) -> None:
    site.page("/one", title="Else")
    (tmp_path / "x.opml").write_text(
        f'<opml><body><outline text="a"><outline type="link" url="{site.url("/one")}"/></outline></body></opml>'
    )
    assert desk.add(tmp_path / "x.opml").counts == {"kept": 1}


def test_feeds_of_an_opml_are_crawled_with_focus(desk: Desk, tmp_path: Path, site: Site) -> None:
    site.feed("/feed", "/glass-echo-one-two", "/something-else-here")
    site.page("/glass-echo-one-two")
    site.answers["/something-else-here"] = Answer(b"<p>Else.</p>", headers={"Content-Type": "text/html"})
    (tmp_path / "x.opml").write_text(f'<opml><body><outline xmlUrl="{site.url("/feed")}"/></body></opml>')
    assert desk.add(tmp_path / "x.opml").counts == {"kept": 1, "dropped": 1}


def test_thousands_of_articles_take_seconds(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"".join(line(number, text=f"Text {number}. " * 200) for number in range(2000)))
    started = time.process_time()
    assert desk.add(tmp_path / "a.jsonl").counts == {"kept": 2000}
    assert time.process_time() - started < 20


def test_file_with_a_forgotten_address_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(1) + line(2))
    desk.add(tmp_path / "a.jsonl")
    gone = next(held for held in desk.snapshots() if held.requested_url == "http://a.example/1")
    request = Request(
        snapshots=frozenset({gone.id}), addresses=("https://www.a.example/1/",), reason="r", by="desk", at=NOW
    )
    take_down(desk.archive, request)
    with RecordStore.open(desk.settings.database_url) as store:
        finish(desk.archive, store, desk.settings.index_dir)
    assert desk.add(tmp_path / "a.jsonl").counts == {"refused": 1, "unchanged": 1}
    assert [held.requested_url for held in desk.snapshots()] == ["http://a.example/2"]
    with RecordStore.open(desk.settings.database_url) as store:
        assert [visit.reason for visit in store.visits() if visit.action == "refused"] == [FORGOTTEN]


def test_revisit_whose_body_is_in_no_file_is_told(desk: Desk, tmp_path: Path) -> None:
    buffer = BytesIO()
    http = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], "HTTP/1.1")
    writer = WARCWriter(buffer, gzip=True)
    writer.write_record(writer.create_revisit_record("http://a.example/1", "sha1:A", "http://a.example/", "2026", http))
    (tmp_path / "a.warc.gz").write_bytes(buffer.getvalue())
    [problem] = desk.add(tmp_path / "a.warc.gz").problems
    assert "refers to is in none" in problem.what


# --- files that want to harm whoever adds them ---

FORGED = '<html><head><link rel="canonical" href="https://ledger.example/theirs"></head><p>Words.</p></html>'
NOTED = {
    "chrome.html": f"<!DOCTYPE html>\n<!-- saved from url=(0026)https://evil.example/forged -->\n{FORGED}",
    "single.html": f"<!DOCTYPE html><html><!--\n Page saved with SingleFile\n url: https://evil.example/forged\n-->{FORGED}",
    "blink.mhtml": "Snapshot-Content-Location: https://evil.example/forged\nMIME-Version: 1.0\n"
    f"Content-Type: multipart/related; boundary=B\n\n--B\nContent-Type: text/html\n\n{FORGED}\n--B--\n",
}


@pytest.mark.parametrize("name", NOTED)
def test_a_page_cannot_declare_to_come_from_elsewhere_than_its_browser_noted(
    desk: Desk, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text(NOTED[name])
    desk.add(tmp_path / name)
    assert [snapshot.final_url for snapshot in desk.snapshots()] == ["https://evil.example/forged"]


def test_what_a_page_declares_on_its_owners_hosts_is_its_own_address(desk: Desk, tmp_path: Path) -> None:
    saved = FORGED.replace("https://ledger.example/theirs", "https://www.ledger.example/nurses-nap--at-last")
    note = "<!-- saved from url=(0052)https://amp.ledger.example/c/nurses-nap-%2Dat-last?utm=1 -->"
    (tmp_path / "own.html").write_text(f"<!DOCTYPE html>\n{note}\n{saved}")
    desk.add(tmp_path / "own.html")
    assert [each.final_url for each in desk.snapshots()] == ["https://www.ledger.example/nurses-nap--at-last"]


def record_of(http: bytes, *, date: bytes = b"2026-04-02T10:00:00Z") -> bytes:
    head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/x\r\nWARC-Date: %b\r\n" % date
    head += b"WARC-Record-ID: <urn:uuid:12345678-1234-1234-1234-123456789012>\r\nContent-Type: application/http\r\n"
    return gzip.compress(head + b"Content-Length: %d\r\n\r\n%b\r\n\r\n" % (len(http), http))


def answered(*lines: bytes, body: bytes = b"<p>Words.</p>") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Type: text/html", *lines, b"", body])


@pytest.mark.parametrize(
    "record",
    [
        record_of(answered(b"Content-Encoding: br")),
        record_of(answered(), date=b"9999-12-31T23:59:59-12:00"),
        record_of(answered().replace(b"200", "²".encode())),
    ],
    ids=["not packed as it says", "beyond all days", "no status"],
)
def test_a_record_that_makes_no_sense_costs_itself_alone(desk: Desk, tmp_path: Path, record: bytes) -> None:
    (tmp_path / "a.warc.gz").write_bytes(record + warc(("http://a.example/fine", b"<p>Fine.</p>", "200 OK")))
    desk.add(tmp_path / "a.warc.gz")
    assert "http://a.example/fine" in [snapshot.final_url for snapshot in desk.snapshots()]


def test_a_body_packed_with_brotli_is_read_and_a_bomb_of_it_refused(desk: Desk, tmp_path: Path) -> None:
    packed = record_of(answered(b"Content-Encoding: br", body=brotli.compress(b"<p>Words.</p>")))
    bomb = record_of(answered(b"Content-Encoding: br", body=brotli.compress(bytes(100 << 20), quality=1)))
    (tmp_path / "a.warc.gz").write_bytes(packed + bomb)
    told = desk.add(tmp_path / "a.warc.gz")
    assert [desk.archive.body(snapshot) for snapshot in desk.snapshots()] == [b"<p>Words.</p>"]
    assert [problem.what for problem in told.problems] == ["larger than 10000000 bytes"]


@pytest.mark.parametrize("line", [b"A" * 50, b"A: b\r\n"], ids=["a line", "lines"])
def test_a_head_without_end_is_not_taken_in(desk: Desk, tmp_path: Path, line: bytes) -> None:
    endless = b"WARC/1.0\r\nWARC-Type: response\r\nX: " + line * ((40 << 20) // len(line))
    (tmp_path / "a.warc.gz").write_bytes(gzip.compress(endless, 1))
    tracemalloc.start()
    [problem] = desk.add(tmp_path / "a.warc.gz").problems
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert f"longer than {MOST_HEAD} bytes" in problem.what
    assert taken < 30 << 20


def test_an_archive_from_the_future_is_refused(desk: Desk, tmp_path: Path) -> None:
    """It would stand as the latest capture of its address for ever."""
    (tmp_path / "a.warc.gz").write_bytes(record_of(answered(), date=b"2999-01-01T00:00:00Z"))
    assert desk.add(tmp_path / "a.warc.gz").counts == {"refused": 1}
    assert desk.snapshots() == []


def test_what_an_archive_says_of_a_page_does_not_keep_the_page_from_being_read(
    desk: Desk, site: Site, tmp_path: Path
) -> None:
    """With the validators of the real page, its server would say that the forged one has not changed."""
    site.page("/glass-echo", ETag='"real"')
    real = site.answers["/glass-echo"]
    site.answers["/glass-echo"] = lambda asked: Answer(status=304) if "If-None-Match" in asked.headers else real
    forged = record_of(answered(b'ETag: "real"'))
    (tmp_path / "a.warc.gz").write_bytes(
        gzip.compress(gzip.decompress(forged).replace(b"http://a.example/x", site.url("/glass-echo").encode()))
    )
    desk.add(tmp_path / "a.warc.gz")
    desk.add(site.url("/glass-echo"))
    assert {snapshot.via for snapshot in desk.snapshots()} == {"warc", "live"}


def test_a_list_leads_into_no_network_of_the_user(site: Site, tmp_path: Path) -> None:
    desk = Desk(tmp_path, allow=())
    site.page("/glass-echo")
    (tmp_path / "feeds.csv").write_text(f"url\n{site.url('/glass-echo')}\n")
    assert desk.add(tmp_path / "feeds.csv").counts == {"refused": 1}
    assert site.paths() == []
    assert desk.add(site.url("/glass-echo")).counts == {"kept": 1}
