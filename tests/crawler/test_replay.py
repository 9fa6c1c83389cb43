"""The archive of a real crawl is one that other tools check and replay, as WARC files and as WACZ."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import urllib.error
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from loopback import Site, make_source, make_study, run_crawl
from making import NOON
from newsdesk import opened
from replaying import Replay, collect, replaying, tool
from warcio.archiveiterator import ArchiveIterator

from kb.archive import Archive
from kb.records import Snapshot
from kb.takedown import Request, take_down
from kb.wacz import Package, surt, write_wacz
from queries import job


@attrs.frozen
class Crawled:
    archive: Archive
    site: Site
    first: str
    """The address whose body is stored in full, and those that refer to it."""
    copies: tuple[str, ...]
    gone: tuple[str, ...]
    """What was taken down: a page by itself, and the original of which the last two copies are."""

    def of(self, url: str) -> Snapshot:
        return next(held for held in self.archive.entries() if held.final_url == url)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    site = Site()
    for path in ("/one", "/two?b=2&A=%C3%84", "/three/"):
        site.page(path, words="The wire story, word for word.")
    site.page("/own", words="A story of its own.")
    site.page("/gone", words="A story that is taken down.")
    for path in ("/agency", "/print-1", "/print-2"):
        site.page(path, words="The agency's story, whose first print is taken down.")
    site.feed("/feed", "/one", "/two?b=2&amp;A=%C3%84", "/three/", "/own", "/gone", "/agency", "/print-1", "/print-2")
    folder = tmp_path_factory.mktemp("crawled")
    run_crawl(make_study(make_source(site, feeds=("/feed",))), folder)
    archive = Archive(folder / "archive")
    held = {snapshot.final_url: snapshot for snapshot in archive.entries()}
    shared = [url for url in held if url.endswith(("/agency", "/print-1", "/print-2"))]
    gone = (site.url("/gone"), shared[0])
    ids = frozenset(held[url].id for url in gone)
    take_down(archive, Request(snapshots=ids, addresses=gone, reason="a test", by="desk", at=NOON))
    wire = [url for url in held if url not in gone and b"wire" in archive.body(held[url])]
    yield Crawled(archive, site, wire[0], (*wire[1:], *shared[1:]), gone)
    site.close()


@pytest.fixture(scope="module")
def wacz(crawled: Crawled, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wacz") / "study.wacz"
    titles = {crawled.of(crawled.first).id: "Glass Echo"}
    with path.open("wb") as file:
        count = write_wacz(crawled.archive, Package(title="Ä", software="retold", created=NOON, titles=titles), file)
    assert count == 6
    return path


def stored(archive: Archive) -> list[Path]:
    return sorted(archive.folder.glob("*.warc.gz"))


def check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "warcio.cli", "check", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


# --- WARC ---


def test_warcio_finds_no_fault(crawled):
    for path in stored(crawled.archive):
        assert (check(path).returncode, check(path).stdout.strip()) == (0, "")


def test_same_body_of_several_addresses_is_one_record_and_revisits(crawled):
    with stored(crawled.archive)[0].open("rb") as file:
        types = [record.rec_type for record in ArchiveIterator(file)]
    counts = {"warcinfo": 1, "response": 3, "revisit": 3, "metadata": 4}  # two taken down, two written again
    assert Counter(types) == counts


@pytest.fixture(scope="module", params=["warc", "wacz"])
def replay(
    request: pytest.FixtureRequest, crawled: Crawled, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replay]:
    """pywb over the WARC files themselves, indexed by it; and over the WACZ, by our index."""
    folder = tmp_path_factory.mktemp(request.param)
    files = stored(crawled.archive) if request.param == "warc" else [request.getfixturevalue("wacz")]
    collect(folder, *files)
    with replaying(folder) as running:
        yield running


def test_pywb_replays_a_page(crawled, replay):
    snapshot = crawled.of(crawled.first)
    assert replay.body(crawled.first) == crawled.archive.body(snapshot)


def test_pywb_replays_a_revisit_with_the_body_that_it_refers_to(crawled, replay):
    assert len(crawled.copies) == 4
    for url in crawled.copies:
        body = replay.body(url)
        assert hashlib.sha256(body).hexdigest() == crawled.of(url).body_sha256.removeprefix("sha256:")


def test_pywb_has_nothing_of_what_was_taken_down(crawled, replay):
    for url in crawled.gone:
        with pytest.raises(urllib.error.HTTPError) as raised:
            replay.body(url)
        with raised.value as answer:
            assert answer.code == 404


# --- WACZ ---


def test_every_resource_has_the_size_and_digest_that_the_package_states(wacz):
    with zipfile.ZipFile(wacz) as package:
        described = package.read("datapackage.json")
        told = json.loads(described)
        assert json.loads(package.read("datapackage-digest.json")) == {
            "path": "datapackage.json",
            "hash": "sha256:" + hashlib.sha256(described).hexdigest(),
        }
        for resource in told["resources"]:
            data = package.read(resource["path"])
            assert (resource["bytes"], resource["hash"]) == (len(data), "sha256:" + hashlib.sha256(data).hexdigest())
        named = {resource["path"] for resource in told["resources"]}
    assert named == {"archive/retold-00001.warc.gz", "indexes/index.cdx", "pages/pages.jsonl"}


def test_warc_files_are_stored_as_they_are(wacz, crawled):
    with zipfile.ZipFile(wacz) as package:
        (member,) = [info for info in package.infolist() if info.filename.startswith("archive/")]
        assert member.compress_type == zipfile.ZIP_STORED
        assert package.read(member) == stored(crawled.archive)[0].read_bytes()


def test_pages_name_every_capture_with_its_time(wacz, crawled):
    with zipfile.ZipFile(wacz) as package:
        head, *pages = [json.loads(line) for line in package.read("pages/pages.jsonl").splitlines()]
    assert head["format"] == "json-pages-1.0"
    assert {page["url"] for page in pages} == {held.final_url for held in crawled.archive.entries()}
    assert [page["title"] for page in pages if "title" in page] == ["Glass Echo"]


def test_index_leads_to_every_record(wacz, crawled):
    with zipfile.ZipFile(wacz) as package:
        lines = package.read("indexes/index.cdx").decode().splitlines()
        assert lines == sorted(lines)
        for line in lines:
            told = json.loads(line.split(" ", 2)[2])
            record = package.read(f"archive/{told['filename']}")[int(told["offset"]) :][: int(told["length"])]
            assert (
                next(iter(ArchiveIterator(io.BytesIO(record)))).rec_headers.get_header("WARC-Target-URI") == told["url"]
            )


ADDRESSES = (
    "https://www.Example.org:443/A/b/?z=1&a=2",
    "http://example.org/?",
    "http://example.org/a?b=%20c&a=%C3%A4",
    "http://www2.example.org",
    "http://127.0.0.1:8080/x.html",
    "http://example.org/a//b/../c/",
    "http://example.org/a?b=%2f&a=%41%7e~",
    "http://example.org/2026/11/a-story,1.2(3)!;x?q='",
)


def test_addresses_are_sorted_as_pywb_sorts_them():
    program = "import json, sys, surt; print(json.dumps([surt.surt(url) for url in json.load(sys.stdin)]))"
    command = [tool("python"), "-c", program]
    done = subprocess.run(command, input=json.dumps(ADDRESSES), capture_output=True, text=True, timeout=60, check=True)
    assert [surt(url) for url in ADDRESSES] == json.loads(done.stdout)


def test_add_reads_it_back_with_times_addresses_and_bytes(wacz, crawled, tmp_path):
    with opened(tmp_path) as workspace, (tmp_path / "nothing").open("wb+") as nothing:
        summary = job.add(workspace, [str(wacz)], nothing)
        read = {(s.final_url, s.fetched_at, s.body_sha256) for s in workspace.store.snapshots()}
        bodies = [workspace.archive.body(snapshot) for snapshot in workspace.store.snapshots()]
    assert summary.problems == ()
    assert read == {(s.final_url, s.fetched_at, s.body_sha256) for s in crawled.archive.entries()}
    assert all(bodies)


def test_damaged_file_is_told_with_its_name(wacz, tmp_path):
    torn = tmp_path / "torn.wacz"
    torn.write_bytes(wacz.read_bytes()[:-200])
    with opened(tmp_path) as workspace, (tmp_path / "nothing").open("wb+") as nothing:
        summary = job.add(workspace, [str(torn)], nothing)
    assert [problem.where for problem in summary.problems] == [str(torn)]


def test_archive_without_captures_of_the_web_makes_a_whole_file(tmp_path):
    with (tmp_path / "empty.wacz").open("wb") as file:
        write_wacz(Archive(tmp_path / "none"), Package(title="t", software="s", created=NOON, titles={}), file)
    shutil.rmtree(tmp_path / "none")
    assert zipfile.ZipFile(tmp_path / "empty.wacz").testzip() is None
