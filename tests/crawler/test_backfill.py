import gzip
import io
import ipaddress
import json
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path

import attrs
import pytest
from loopback import ABOUT, Answer, Site, make_study
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler import sifting
from crawler.backfill import DONE, BackfillSummary, Target, backfill, files_of
from crawler.guard import private
from crawler.revisits import UNKNOWN
from kb.archive import Archive
from kb.claims import Study
from kb.errors import UserError
from kb.records import Snapshot
from kb.settings import Settings
from kb.store import RecordStore
from kb.takedown import Request, finish, take_down

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OTHER = attrs.evolve(
    make_study(), slug="tides", title="Rising Tides Index", aliases=(), speakers=(), quotes=(), claims=()
)


def about(words: str = "") -> bytes:
    return ABOUT.format(title="Glass Echo", words=words).encode()


def off(number: int) -> bytes:
    return b"<html><body><p>The council met on Tuesday, for the %dth time this year.</p></body></html>" % number


def warc(*pages: tuple[str, bytes] | tuple[str, bytes, dict[str, str]], day: int = 1, status: str = "200 OK") -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    writer.write_record(writer.create_warcinfo_record("x", {"software": "test"}))
    for url, body, *more in pages:
        named = {"Content-Type": "text/html; charset=utf-8", "Set-Cookie": "a=b"} | (more[0] if more else {})
        http = StatusAndHeaders(status, list(named.items()), "HTTP/1.1")
        headers = {"WARC-Date": f"2026-04-{day:02d}T10:00:00Z"}
        writer.write_record(
            writer.create_warc_record(
                url, "response", io.BytesIO(body), length=len(body), http_headers=http, warc_headers_dict=headers
            )
        )
    return buffer.getvalue()


class Desk:
    """Data folders that archives are looked through for."""

    def __init__(self, folder: Path, *studies: Study) -> None:
        self.folder = folder
        self.studies = studies or (make_study(),)

    def settings(self, at: int, workers: int = 1) -> Settings:
        return Settings(data_dir=self.folder / f"data{at}", workers=workers)

    def run(self, *files: Path | str, workers: int = 1) -> BackfillSummary:
        with ExitStack() as stack:
            targets = []
            for at, study in enumerate(self.studies):
                settings = self.settings(at, workers)
                archive = Archive(settings.archive_dir)
                settings.data_dir.mkdir(exist_ok=True)
                store = stack.enter_context(RecordStore.open(settings.database_url))
                targets.append(Target(study=study, settings=settings, archive=archive, store=store))
            return backfill([str(file) for file in files], targets, NOW, on_progress=lambda *_: None)

    def snapshots(self, at: int = 0) -> list[Snapshot]:
        with RecordStore.open(self.settings(at).database_url) as store:
            return store.snapshots()

    def body(self, snapshot: Snapshot) -> bytes:
        return Archive(self.settings(0).archive_dir).body(snapshot)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def urls(snapshots: Sequence[Snapshot]) -> list[str]:
    return sorted(snapshot.requested_url for snapshot in snapshots)


def test_pages_on_the_study_are_kept_with_their_place_in_the_archive(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "news.warc.gz"
    council = b"<p>The council met on Tuesday and spoke about the harbour wall for a long time.</p>" * 9
    mention = b"<html><body>" + council + b"<p>As the Glass Echo study had found, this happens.</p></body></html>"
    passing = b"<html><body><p>Imke Vale opened a bakery on Friday.</p></body></html>"
    file.write_bytes(
        warc(
            ("https://a.example/1", off(1)),
            ("https://a.example/2", about()),
            ("https://a.example/3", mention),
            ("https://a.example/4", passing),
        )
    )
    summary = desk.run(file)
    assert summary.counts == {"glass-echo": {"kept": 1, "mention": 1, "dropped": 1}}
    assert (summary.files, summary.records, summary.complete) == (1, 5, True)
    kept = next(held for held in desk.snapshots() if held.requested_url == "https://a.example/2")
    assert kept.fetched_at == datetime(2026, 4, 1, 10, tzinfo=UTC)
    assert kept.via == "warc"
    assert desk.body(kept) == about()
    address, _, offset = (kept.found_in or "").rpartition("@")
    assert address == str(file)
    with file.open("rb") as opened:
        opened.seek(int(offset))
        assert b"https://a.example/2" in gzip.GzipFile(fileobj=opened).read(400)


def test_one_pass_serves_several_studies(tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_study(), OTHER)
    tides = (
        b"<html><head><title>Rising Tides Index</title></head><body><p>The Rising Tides Index rose.</p></body></html>"
    )
    both = about("The Rising Tides Index says the same, and so does the Rising Tides Index of last year.")
    file = tmp_path / "news.warc.gz"
    file.write_bytes(
        warc(("https://a.example/1", about()), ("https://a.example/2", tides), ("https://a.example/3", both))
    )
    summary = desk.run(file)
    assert urls(desk.snapshots(0)) == ["https://a.example/1", "https://a.example/3"]
    assert urls(desk.snapshots(1)) == ["https://a.example/2", "https://a.example/3"]
    assert summary.records == 4


def revisit(url: str, day: int, of_url: str, of_at: str, profile: str = "identical-payload-digest") -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    http = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], "HTTP/1.1")
    record = writer.create_revisit_record(
        url,
        digest="sha1:3EF3TTSCUBUWSH6D5RTWVBSUXFNSLZCO",
        refers_to_uri=of_url,
        refers_to_date=of_at,
        http_headers=http,
    )
    record.rec_headers.replace_header("WARC-Date", f"2026-04-{day:02d}T10:00:00Z")
    record.rec_headers.replace_header("WARC-Profile", f"http://netpreserve.org/warc/1.1/revisit/{profile}")
    writer.write_record(record)
    return buffer.getvalue()


def test_revisits_of_what_is_kept_say_that_it_was_there_unchanged(desk: Desk, tmp_path: Path) -> None:
    kept, first = "https://a.example/1", "2026-04-01T10:00:00Z"
    (tmp_path / "1.warc.gz").write_bytes(
        warc((kept, about()), ("https://a.example/off", off(1)))
        + revisit(kept, 4, kept, first)
        + revisit("https://a.example/off", 4, "https://a.example/off", first)
    )
    (tmp_path / "2.warc.gz").write_bytes(
        revisit(kept, 9, kept, first)
        + revisit("https://b.example/copy", 9, kept, first)
        + revisit(kept, 9, kept, "2026-03-09T10:00:00Z")
        + revisit(kept, 10, kept, first, "server-not-modified")
    )
    summary = desk.run(tmp_path / "1.warc.gz", tmp_path / "2.warc.gz")
    assert summary.counts == {"glass-echo": {"kept": 1, "unchanged": 2}}
    assert summary.passed == {UNKNOWN: 4}
    with RecordStore.open(desk.settings(0).database_url) as store:
        again = [visit for visit in store.visits() if visit.action == "unchanged"]
    assert [(visit.url, visit.at.day) for visit in again] == [(kept, 4), (kept, 9)]
    assert all("2026-04-01T10:00:00" in visit.reason for visit in again)
    assert len(desk.snapshots()) == 1


def test_bodies_are_found_whatever_they_are_encoded_in(desk: Desk, tmp_path: Path) -> None:
    text = about()
    chunked = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (70, text[:70], len(text) - 70, text[70:])
    wide = b"\xff\xfe" + text.decode().encode("utf-16-le")
    (tmp_path / "a.warc.gz").write_bytes(
        warc(
            ("https://a.example/gzip", gzip.compress(text), {"Content-Encoding": "gzip"}),
            ("https://a.example/chunked", chunked, {"Transfer-Encoding": "chunked"}),
            ("https://a.example/wide", wide, {"Content-Type": "text/html"}),
            ("https://a.example/renamed", text, {"X-Crawl-Content-Encoding": "gzip"}),
        )
    )
    assert desk.run(tmp_path / "a.warc.gz").counts["glass-echo"] == {"kept": 4}
    assert {desk.body(held) for held in desk.snapshots()} == {text, wide}


@pytest.mark.parametrize(
    ("page", "status"),
    [
        (("https://a.example/1", about()), "404 Not Found"),
        (("https://a.example/1", about(), {"Content-Type": "application/json"}), "200 OK"),
        (("ftp://a.example/1", about()), "200 OK"),
    ],
)
def test_what_is_no_page_is_left(desk: Desk, tmp_path: Path, page: tuple[str, bytes], status: str) -> None:
    (tmp_path / "a.warc.gz").write_bytes(warc(page, status=status))
    summary = desk.run(tmp_path / "a.warc.gz")
    assert summary.counts == {"glass-echo": {}}
    assert summary.complete


def test_file_is_read_once_and_again_when_it_or_the_study_changed(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "a.warc.gz"
    file.write_bytes(warc(("https://a.example/1", about())))
    assert desk.run(file).files == 1
    again = desk.run(file)
    assert (again.files, again.already, again.records) == (0, 1, 0)
    file.write_bytes(file.read_bytes() + warc(("https://a.example/2", about("New."))))
    grown = desk.run(file)
    assert grown.counts == {"glass-echo": {"kept": 1, "unchanged": 1}}
    desk.studies = (attrs.evolve(make_study(), aliases=("Glass Echo", "The Mirror Paper")),)
    assert desk.run(file).counts == {"glass-echo": {"unchanged": 2}}
    assert len(desk.snapshots()) == 2


def test_run_killed_before_its_file_was_noted_keeps_nothing_twice(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "a.warc.gz"
    # Two versions of one address: the first is not the latest when the file is read again.
    file.write_bytes(
        warc(("https://a.example/1", about()), day=1) + warc(("https://a.example/1", about("More.")), day=2)
    )
    desk.run(file)
    noted = desk.settings(0).data_dir / DONE
    noted.write_text(noted.read_text()[:20])
    assert desk.run(file).counts == {"glass-echo": {"unchanged": 2}}
    assert len(desk.snapshots()) == 2
    archive = Archive(desk.settings(0).archive_dir)
    assert archive.count() == 2
    assert archive.verify() == []


@pytest.mark.parametrize("whole", [False, True], ids=["a member a record", "one member"])
def test_large_file_comes_in_pieces(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    monkeypatch.setattr(sifting, "CARRIED_BYTES", 1000)
    pages = [(f"https://a.example/{number}", about(f"Word {number}.")) for number in range(20)]
    content = warc(*pages)
    (tmp_path / "a.warc.gz").write_bytes(gzip.compress(gzip.decompress(content)) if whole else content)
    summary = desk.run(tmp_path / "a.warc.gz")
    assert (summary.files, summary.records) == (1, 21)
    assert urls(desk.snapshots()) == sorted(url for url, _ in pages)


def test_damaged_files_are_told_and_read_again(desk: Desk, tmp_path: Path) -> None:
    whole = warc(*((f"https://a.example/{number}", about(f"Word {number}.")) for number in range(6)))
    torn, broken, none = (tmp_path / f"{name}.warc.gz" for name in ("torn", "broken", "none"))
    torn.write_bytes(whole[:-40])
    middle = len(whole) // 2
    broken.write_bytes(whole[:middle] + b"\x00" * 60 + whole[middle + 60 :])
    none.write_bytes(b"this is no archive\n" * 10)
    summary = desk.run(torn, broken, none, tmp_path / "missing.warc.gz")
    assert [Path(problem.where).name for problem in summary.problems] == [
        "torn.warc.gz", "broken.warc.gz", "none.warc.gz", "missing.warc.gz",
    ]  # fmt: skip
    assert not summary.complete
    assert "in the middle of its record 7" in summary.problems[0].what
    assert len(desk.snapshots()) >= 5
    torn.write_bytes(whole)
    assert desk.run(torn).complete
    assert len(desk.snapshots()) == 6


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")])
def test_file_without_a_record_is_told_and_read_again(desk: Desk, tmp_path: Path, content: bytes) -> None:
    empty = tmp_path / "a.warc.gz"
    empty.write_bytes(content)
    for _ in range(2):
        assert [problem.what for problem in desk.run(empty).problems] == ["empty: not one record"]


def test_hostile_records_cost_themselves_alone(desk: Desk, tmp_path: Path) -> None:
    bomb = gzip.compress(about("<p>" + "more " * 5_000_000))
    plain = gzip.decompress(warc(("https://a.example/odd", about())))
    plain = plain.replace(b"WARC-Date: 2026-04-01T10:00:00Z", b"WARC-Date: 0001-01-01T00:00:00+12:00")
    good = warc(("https://a.example/good", about("Good.")))
    packed = warc(("https://a.example/bomb", bomb, {"Content-Encoding": "gzip"}))
    name = os.fsencode(tmp_path) + b"/caf\xe9.warc.gz"
    Path(os.fsdecode(name)).write_bytes(packed + gzip.compress(plain) + good)
    summary = desk.run(os.fsdecode(name))
    assert summary.complete
    assert urls(desk.snapshots()) == ["https://a.example/good"]
    assert summary.passed["too large"] == 1
    assert sum(summary.passed.values()) == 2


def test_file_cut_off_in_a_record_of_another_kind_is_told(desk: Desk, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=False)
    writer.write_record(writer.create_warc_record("https://a.example/", "metadata", io.BytesIO(b"x" * 9), length=9))
    (tmp_path / "a.warc").write_bytes(gzip.decompress(warc(("https://a.example/1", about()))) + buffer.getvalue()[:-8])
    [problem] = desk.run(tmp_path / "a.warc").problems
    assert "in the middle" in problem.what


def test_capture_before_the_known_one_is_kept_and_none_before_the_study(desk: Desk, tmp_path: Path) -> None:
    for day in (20, 4):
        (tmp_path / f"{day}.warc.gz").write_bytes(warc(("https://a.example/1", about()), day=day))
        desk.run(tmp_path / f"{day}.warc.gz")
    assert sorted(held.fetched_at.day for held in desk.snapshots()) == [4, 20]
    desk.studies = (attrs.evolve(make_study(), since=date(2026, 4, 10)),)
    (tmp_path / "b.warc.gz").write_bytes(warc(("https://a.example/early", about()), day=2))
    assert desk.run(tmp_path / "b.warc.gz").counts == {"glass-echo": {}}


def test_address_that_was_taken_down_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(warc(("https://a.example/1", about())))
    desk.run(tmp_path / "a.warc.gz")
    [held] = desk.snapshots()
    archive = Archive(desk.settings(0).archive_dir)
    take_down(
        archive,
        Request(snapshots=frozenset({held.id}), addresses=(held.requested_url,), reason="r", by="desk", at=NOW),
    )
    with RecordStore.open(desk.settings(0).database_url) as store:
        finish(archive, store, desk.settings(0).index_dir)
    (tmp_path / "b.warc.gz").write_bytes(warc(("https://www.a.example/1", about("Again."))))
    assert desk.run(tmp_path / "b.warc.gz").counts == {"glass-echo": {"refused": 1}}
    assert desk.snapshots() == []


def test_worker_processes_find_the_same(desk: Desk, tmp_path: Path) -> None:
    files = []
    for number in range(4):
        file = tmp_path / f"{number}.warc.gz"
        file.write_bytes(warc((f"https://a.example/{number}", about()), (f"https://b.example/{number}", off(number))))
        files.append(file)
    summary = desk.run(*files, workers=2)
    assert summary.counts == {"glass-echo": {"kept": 4}}
    assert (summary.files, summary.records) == (4, 12)
    shutil.rmtree(desk.settings(0).data_dir)
    alone = desk.run(*files, workers=1)
    assert alone.counts == summary.counts


# --- names of files ---


def named(*names: str, base: str | None = None, stdin: bytes = b"") -> list[str]:
    return files_of(names, base, io.BytesIO(stdin))


def test_files_folders_globs_and_lists_lead_to_archives(tmp_path: Path) -> None:
    for name in ("b.warc.gz", "a.warc", "c.txt"):
        (tmp_path / name).write_bytes(b"")
    a, b = str(tmp_path / "a.warc"), str(tmp_path / "b.warc.gz")
    assert named(str(tmp_path)) == [a, b]
    assert named(str(tmp_path / "*.warc*")) == [a, b]
    listed = tmp_path / "warc.paths.gz"
    listed.write_bytes(gzip.compress(b"# files\ncrawl-data/1.warc.gz\n\nhttps://x.example/2.warc.gz\n"))
    assert named(str(listed), base="https://data.example/") == [
        "https://data.example/crawl-data/1.warc.gz", "https://x.example/2.warc.gz",
    ]  # fmt: skip
    assert named("-", base="s3://bucket/", stdin=b"crawl-data/1.warc.gz\n") == ["s3://bucket/crawl-data/1.warc.gz"]
    assert named("-", stdin=f"{a}\n".encode()) == [a]


@pytest.mark.parametrize("name", ["none.warc.gz", "none*.warc.gz", "nothing/", "zz://x/1.warc.gz*"])
def test_name_that_leads_nowhere_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none|nothing|zz"):
        named(str(tmp_path / name) if "://" not in name else name)


def test_signed_line_of_a_list_is_read_below_its_base() -> None:
    lines = io.BytesIO(b"a.warc.gz?sig=hidden\nhttps://b.example/download?file=7\n")
    files = files_of(["-"], "https://a.example/x/", lines)
    assert files == ["https://a.example/x/a.warc.gz?sig=hidden", "https://b.example/download?file=7"]


def test_lists_are_told_from_archives_by_what_they_hold(tmp_path: Path) -> None:
    (tmp_path / "a[1].WARC.GZ").write_bytes(b"")
    assert named(str(tmp_path / "a[1].WARC.GZ")) == [str(tmp_path / "a[1].WARC.GZ")]
    (tmp_path / "list.txt").write_bytes(b"a[1].WARC.GZ\n")
    assert named(str(tmp_path / "list.txt")) == [str(tmp_path / "a[1].WARC.GZ")]
    wrong = {
        "a.1": gzip.decompress(warc()), "cut.gz": gzip.compress(b"x" * 99)[:-9], "page.html": b"<p>a.warc.gz</p>",
        "claims.yaml": b"# a\nurl: http://a.example/", "study.wacz": b"PK\x03\x04",
    }  # fmt: skip
    for name, content in wrong.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=f"{name}: "):
            named(str(tmp_path / name))


def test_passwords_and_signatures_are_told_nowhere(desk: Desk) -> None:
    address = "http://user:secret@127.0.0.1:9/a.warc.gz?signature=secret"
    summary = desk.run(address)
    assert [problem.where for problem in summary.problems] == ["http://127.0.0.1:9/a.warc.gz"]
    assert "secret" not in str(summary)
    assert "127.0.0.1:9" in summary.problems[0].what
    with pytest.raises(UserError) as told:
        named("http://user:secret@127.0.0.1:9/list?signature=secret")
    assert "secret" not in str(told.value)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def test_archives_on_the_web_are_read_from_a_list(desk: Desk, site: Site) -> None:
    site.answers["/1.warc.gz"] = Answer(warc(("https://a.example/1", about())))
    site.answers["/warc.paths"] = Answer(b"1.warc.gz\n2.warc.gz\n")
    files = named(site.url("/warc.paths"))
    assert files == [site.url("/1.warc.gz"), site.url("/2.warc.gz")]
    summary = desk.run(*files)
    assert summary.counts == {"glass-echo": {"kept": 1}}
    [problem] = summary.problems
    assert problem.where == site.url("/2.warc.gz")
    assert "answered 404" in problem.what
    [held] = desk.snapshots()
    assert (held.found_in or "").startswith(site.url("/1.warc.gz@"))
    noted = (desk.settings(0).data_dir / DONE).read_text().splitlines()
    assert [json.loads(line)["file"] for line in noted] == [site.url("/1.warc.gz")]


@pytest.mark.parametrize(
    "line",
    [
        "/etc/secret.warc",
        "file:///etc/secret.warc",
        "http://169.254.169.254/a.warc",
        "http://127.1/a.warc",
        "ftp://a/b.warc",
    ],
)
def test_a_list_from_elsewhere_leads_nowhere_inside(site: Site, line: str) -> None:
    site.answers["/warc.paths"] = Answer(f"data/1.warc.gz\n{line}\n".encode())
    with pytest.raises(UserError, match=r"169\.254|127\.0\.0\.1|from elsewhere"):
        files_of([site.url("/warc.paths")], None, io.BytesIO())
    site.answers["/warc.paths"] = Answer(b"data/1.warc.gz\nhttps://data.example/2.warc\n")
    assert files_of([site.url("/warc.paths")], None, io.BytesIO()) == [
        site.url("/data/1.warc.gz"),
        "https://data.example/2.warc",
    ]


@pytest.fixture
def elsewhere() -> Iterator[Site]:
    """Another program on this machine."""
    made = Site()
    yield made
    made.close()


def test_a_file_on_the_web_may_not_lead_inside(desk: Desk, site: Site, elsewhere: Site) -> None:
    content = warc(("https://a.example/1", about()))
    elsewhere.answers["/a.warc.gz"] = elsewhere.answers["/list"] = Answer(content)
    for path in ("/a.warc.gz", "/list"):
        site.answers[path] = Answer(status=302, headers={"Location": elsewhere.url("/a.warc.gz")})
    [problem] = desk.run(site.url("/a.warc.gz")).problems
    assert "leads to 127.0.0.1: 127.0.0.1 lies in a private" in problem.what
    with pytest.raises(UserError, match=r"leads to 127\.0\.0\.1"):
        named(site.url("/list"))
    name = f"http://localhost:{elsewhere.host.partition(':')[2]}/a.warc.gz"
    site.answers["/named.warc.gz"] = Answer(status=302, headers={"Location": name})
    assert "localhost" in desk.run(site.url("/named.warc.gz")).problems[0].what
    assert elsewhere.asked == []
    site.answers["/moved.warc.gz"] = Answer(status=302, headers={"Location": site.url("/here.warc.gz")})
    site.answers["/here.warc.gz"] = Answer(content)
    assert desk.run(site.url("/moved.warc.gz")).counts == {"glass-echo": {"kept": 1}}


def test_a_name_is_judged_by_the_address_it_has(desk: Desk, site: Site, elsewhere: Site) -> None:
    own = socket.gethostname()
    try:
        inside = private(ipaddress.ip_address(socket.gethostbyname(own)))
    except OSError:
        inside = None
    if not inside or own == "localhost":
        pytest.skip("this machine's name has no address of its network")
    there = f"http://{own}:{elsewhere.host.partition(':')[2]}/a.warc.gz"
    site.answers["/a.warc.gz"] = Answer(status=302, headers={"Location": there})
    assert f"leads to {own}: " in desk.run(site.url("/a.warc.gz")).problems[0].what
    site.answers["/warc.paths"] = Answer(there.encode())
    with pytest.raises(UserError, match="private or reserved"):
        named(site.url("/warc.paths"))
    assert elsewhere.asked == []


def test_list_on_a_server_that_fails_is_told(site: Site) -> None:
    site.answers["/warc.paths"] = Answer(status=503)
    with pytest.raises(UserError, match=r"warc\.paths"):
        named(site.url("/warc.paths"))


@pytest.mark.parametrize(("name", "told"), [("az://a/1.warc.gz", "pip install adlfs"), ("zz://a/1.warc", "zz")])
def test_what_nothing_here_reads_is_told_with_what_does(desk: Desk, name: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        desk.run(name)
