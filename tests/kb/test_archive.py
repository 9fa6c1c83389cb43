"""The archive gives back what it was given, survives a cut at any byte, and notices any change."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import NOON, capture
from warcio.archiveiterator import ArchiveIterator

from kb import archive as archives
from kb.archive import Archive
from kb.capturelog import GENESIS, LOG, Entry
from kb.errors import DataError, DigestError
from kb.records import sha256

WARC = "retold-00001.warc.gz"
header_text = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def two(archive: Archive) -> Archive:
    """Two captures, each appended by itself."""
    archive.append(capture(b"<p>first</p>"))
    archive.append(capture(b"<p>second</p>", "https://ledger.example/second"))
    return archive


@pytest.fixture
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of appends: what reaches the platter when is not what these tests ask."""
    monkeypatch.setattr(archives.os, "fsync", lambda _: None)


def fresh(archive: Archive) -> Archive:
    """The same folder as another process finds it."""
    return Archive(archive.folder)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def kinds(archive: Archive) -> set[str]:
    return {problem.kind for problem in fresh(archive).verify()}


# --- round trips ---


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=300),
    reason=header_text,
    headers=st.lists(st.tuples(st.text("abc-", min_size=1, max_size=9), header_text), max_size=3),
    url=st.text(max_size=30).map(lambda path: f"https://ledger.example/{path}"),
)
def test_body_comes_back_byte_for_byte(tmp_path, body, reason, headers, url):
    made = Archive(tmp_path / "round")
    kept = made.append(capture(body, url, reason=reason, headers=tuple(headers)))
    assert made.body(kept) == body
    assert list(fresh(made).entries())[-1] == kept
    assert fresh(made).verify() == []


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\r\n\r\nbody", "é", "\x00", "a\nb"])
def test_header_cannot_break_out_of_its_line(archive, value):
    kept = archive.append(capture(b"body", headers=(("X-Note", value), ("ETag", value)), reason=value))
    assert archive.body(kept) == b"body"
    assert fresh(archive).verify() == []


def test_file_without_headers_is_kept_as_a_resource(archive):
    kept = archive.append(capture(b"saved", headers=(), via="file", final_url="file:///a/page.html"))
    assert archive.body(kept) == b"saved"


def test_snapshot_holds_what_the_server_said(archive):
    kept = archive.append(capture(headers=(("etag", '"a"'), ("LAST-MODIFIED", "Wed, 01 Apr 2026 10:00:00 GMT"))))
    assert (kept.etag, kept.last_modified) == ('"a"', "Wed, 01 Apr 2026 10:00:00 GMT")
    assert kept.body_sha256 == sha256(b"<p>Tides rise.</p>")


def test_same_body_is_stored_once(archive):
    body = bytes(range(256)) * 400
    archive.append(capture(body))
    size = (archive.folder / WARC).stat().st_size
    again = archive.append(capture(body, "https://star.example/copy"))
    assert archive.body(again) == body
    assert (archive.folder / WARC).stat().st_size < size + 2_000


def test_same_body_twice_in_one_batch_comes_back_from_both(archive):
    kept = archive.append_many([capture(b"wire", f"https://{host}.example/") for host in "ab"])
    assert [fresh(archive).body(each) for each in kept] == [b"wire", b"wire"]


def test_batch_of_none_leaves_an_archive_that_holds(archive):
    assert archive.append_many([]) == []
    assert fresh(archive).verify() == []


def test_entries_come_in_the_order_of_capture(two):
    assert [entry.requested_url for entry in fresh(two).entries()] == [
        "https://ledger.example/tides",
        "https://ledger.example/second",
    ]


def test_archive_that_is_not_there_yet_is_empty(archive):
    assert archive.count() == 0
    assert list(archive.entries()) == []
    assert archive.verify() == []


def test_other_tools_read_the_file(two):
    with (two.folder / WARC).open("rb") as file:
        read = [(record.rec_type, record.content_stream().read()) for record in ArchiveIterator(file)]
    assert [kind for kind, _ in read] == ["warcinfo", "response", "response"]
    assert read[1][1] == b"<p>first</p>"


def test_full_file_is_followed_by_the_next(archive, monkeypatch):
    monkeypatch.setattr(archives, "ROTATE_BYTES", 10)
    kept = [archive.append(capture(str(n).encode(), f"https://ledger.example/{n}")) for n in range(3)]
    assert [each.warc for each in kept] == [WARC, "retold-00002.warc.gz", "retold-00003.warc.gz"]
    assert fresh(archive).verify() == []


def test_number_of_a_new_file_follows_the_last_when_earlier_ones_were_moved_away(archive, monkeypatch):
    monkeypatch.setattr(archives, "ROTATE_BYTES", 10)
    archive.append_many([capture(b"1")])
    archive.append(capture(b"2", "https://ledger.example/2"))
    (archive.folder / WARC).unlink()
    assert fresh(archive).append(capture(b"3", "https://ledger.example/3")).warc == "retold-00003.warc.gz"


def test_two_writers_take_turns(archive):
    def write(name: str) -> None:
        own = fresh(archive)
        for number in range(15):
            own.append(capture(f"{name}{number}".encode(), f"https://{name}.example/{number}"))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, ["a", "b", "c"]))
    assert fresh(archive).count() == 45
    assert fresh(archive).verify() == []


# --- a crash at any byte ---


def copies(archive: Archive, tmp_path: Path) -> tuple[Path, bytes, bytes]:
    folder = tmp_path / "cut"
    shutil.copytree(archive.folder, folder)
    return folder, (folder / WARC).read_bytes(), (folder / LOG).read_bytes()


def test_warc_cut_at_every_byte_of_the_last_append_costs_nothing_logged(archive, tmp_path, quick_disk):
    first = archive.append(capture(b"<p>first</p>"))
    before = (archive.folder / WARC).stat().st_size
    log_before = (archive.folder / LOG).read_bytes()
    archive.append(capture(b"<p>second</p>", "https://ledger.example/second"))
    folder, warc, _ = copies(archive, tmp_path)
    for cut in range(before, len(warc) + 1):
        (folder / WARC).write_bytes(warc[:cut])
        (folder / LOG).write_bytes(log_before)
        resumed = Archive(folder)
        third = resumed.append(capture(b"<p>third</p>", "https://ledger.example/third"))
        assert [entry.id for entry in resumed.entries()] == [first.id, third.id], cut
        assert resumed.body(first) == b"<p>first</p>"
        assert resumed.body(third) == b"<p>third</p>"
        assert Archive(folder).verify() == [], cut


def test_log_cut_at_every_byte_of_the_last_line_costs_nothing_logged(two, tmp_path, quick_disk):
    folder, warc, log = copies(two, tmp_path)
    last = log.rindex(b"\n", 0, -1) + 1
    first = next(two.entries())
    for cut in range(last, len(log)):
        (folder / WARC).write_bytes(warc)
        (folder / LOG).write_bytes(log[:cut])
        resumed = Archive(folder)
        third = resumed.append(capture(b"<p>third</p>", "https://ledger.example/third"))
        assert [entry.id for entry in Archive(folder).entries()] == [first.id, third.id], cut
        assert cut % 9 or Archive(folder).verify() == [], cut


def test_unfinished_line_is_no_damage(two):
    with (two.folder / LOG).open("ab") as log:
        log.write(b'{"end":12,"hash":"')
    assert fresh(two).verify() == []
    assert fresh(two).count() == 2


def test_reader_leaves_a_line_alone_that_is_being_written(archive):
    archive.append(capture(b"same"))
    copy = archive.append(capture(b"same", "https://star.example/copy"))
    with (archive.folder / LOG).open("ab") as log:
        log.write(b'{"end":12,"hash":"')
    assert fresh(archive).body(copy) == b"same"
    assert (archive.folder / LOG).read_bytes().endswith(b'{"end":12,"hash":"')


def test_captures_outlive_a_lost_log(two):
    warc = (two.folder / WARC).read_bytes()
    kept = list(two.entries())
    (two.folder / LOG).unlink()
    assert {problem.where for problem in fresh(two).verify()} == {WARC}
    fresh(two).append(capture(b"<p>third</p>", "https://ledger.example/third"))
    assert (two.folder / WARC).read_bytes().startswith(warc)
    assert [fresh(two).body(each) for each in kept] == [b"<p>first</p>", b"<p>second</p>"]


def test_batch_that_fails_halfway_leaves_what_was_there(two):
    def broken():
        yield capture(b"<p>third</p>", "https://ledger.example/third")
        raise OSError(28, "no space")

    with pytest.raises(OSError, match="no space"):
        two.append_many(broken())
    assert fresh(two).count() == 2
    assert fresh(two).append(capture(b"4", "https://ledger.example/4"))
    assert fresh(two).verify() == []


# --- damage ---


def test_any_flipped_byte_of_the_warc_is_found(two):
    path = two.folder / WARC
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(flipped(data, at))
        assert kinds(two) & {"warc", "body"}, at
    path.write_bytes(data)
    assert kinds(two) == set()


def test_any_flipped_byte_of_the_log_is_found(two):
    path = two.folder / LOG
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(flipped(data, at))
        assert "log" in kinds(two), (at, data[at : at + 1])


@pytest.mark.parametrize("order", [[1, 2], [0, 2], [1, 0, 2], [0, 2, 1], [0, 0, 1, 2], [2, 1, 0]])
def test_missing_repeated_or_reordered_line_is_found(two, order):
    two.append(capture(b"<p>third</p>", "https://ledger.example/third"))
    lines = (two.folder / LOG).read_bytes().splitlines(keepends=True)
    (two.folder / LOG).write_bytes(b"".join(lines[n] for n in order))
    assert "log" in kinds(two)


def test_line_rewritten_with_its_own_hash_breaks_the_chain_behind_it(two):
    lines = (two.folder / LOG).read_bytes().splitlines(keepends=True)
    changed = json.loads(lines[0])
    forged = attrs.evolve(next(two.entries()), source="star")
    sealed = Entry.after(GENESIS, forged, changed["start"], changed["end"], changed["warc_sha256"])
    (two.folder / LOG).write_bytes(sealed.line + lines[1])
    assert [problem.where for problem in fresh(two).verify()] == [f"{LOG}:2"]


@pytest.mark.parametrize("line", [b"[]\n", b"{}\n", b"\xff\n", b"null\n", b'{"snapshot": []}\n', b"[" * 9_000 + b"\n"])
def test_line_that_is_none_is_told_and_the_rest_is_still_checked(two, line):
    with (two.folder / LOG).open("ab") as log:
        log.write(line)
    warc = two.folder / WARC
    warc.write_bytes(flipped(warc.read_bytes(), warc.stat().st_size - 20))
    assert "log" in kinds(two)
    assert kinds(two) & {"warc", "body"}
    with pytest.raises(DataError, match="not a log line"):
        list(fresh(two).entries())


def test_missing_warc_file_is_told(two):
    (two.folder / WARC).unlink()
    assert {problem.kind for problem in fresh(two).verify()} == {"warc"}
    with pytest.raises(DataError, match="the WARC file is missing"):
        two.body(next(two.entries()))


def test_file_that_the_log_does_not_name_is_told(two):
    (two.folder / "retold-00000.warc.gz").write_bytes(b"")
    assert [problem.where for problem in fresh(two).verify()] == ["retold-00000.warc.gz"]


def test_body_of_another_capture_is_not_given_out(two):
    first, second = two.entries()
    with pytest.raises(DigestError) as raised:
        two.body(attrs.evolve(first, offset=second.offset))
    assert raised.value.exit_code == 3


@pytest.mark.parametrize("offset", [1, 10**9])
def test_offset_where_no_record_starts_is_damage(two, offset):
    with pytest.raises(DataError):
        two.body(attrs.evolve(next(two.entries()), offset=offset))


def test_copy_whose_original_is_lost_is_damage(archive):
    archive.append(capture(b"same"))
    copy = archive.append(capture(b"same", "https://star.example/copy", fetched_at=NOON + timedelta(hours=1)))
    lines = (archive.folder / LOG).read_bytes().splitlines(keepends=True)
    (archive.folder / LOG).write_bytes(b"")
    assert lines
    with pytest.raises(DataError, match="in no WARC file"):
        fresh(archive).body(copy)


def sealed_behind(archive: Archive, **changes: object) -> None:
    """One more line, well sealed, that takes the last record for another capture."""
    last = list(archive.log())[-1]
    claimed = attrs.evolve(last.snapshot, **changes)
    line = Entry.after(last.hash, claimed, last.start, last.end, last.warc_sha256).line
    with (archive.folder / LOG).open("ab") as log:
        log.write(line)


@pytest.mark.parametrize(
    "changes", [{}, {"final_url": "https://star.example/b"}, {"fetched_at": NOON - timedelta(days=9)}]
)
def test_a_line_that_claims_the_record_of_another_is_found(two, changes):
    sealed_behind(two, **changes)
    assert "log" in kinds(two)


def test_a_log_sealed_anew_with_another_address_differs_from_the_record(two):
    first, second = two.log()
    claimed = attrs.evolve(second.snapshot, final_url="https://star.example/b")
    line = Entry.after(first.hash, claimed, second.start, second.end, second.warc_sha256).line
    (two.folder / LOG).write_bytes(first.line + line)
    (problem,) = fresh(two).verify()
    assert "another address or time" in problem.what


# --- a folder that came from elsewhere ---


def test_charset_of_a_file_cannot_break_out_of_its_line(archive):
    declared = "a\r\nwarc-target-uri: http://victim.example/\r\ncontent-length: 0\r\n\r\n"
    kept = archive.append(capture(b"<p>own</p>", headers=(), charset=declared))
    with archive.record(kept.warc, kept.offset) as record:
        names = [name.lower() for name, _ in record.rec_headers.headers]
    assert sorted(set(names)) == sorted(names)
    assert archive.body(kept) == b"<p>own</p>"


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "sub/retold-00001.warc.gz", "..", "a\\b"])
def test_a_log_cannot_name_files_outside_of_the_archive(two, tmp_path, name):
    (tmp_path / "secret").write_bytes(b"of this machine")
    log = two.folder / LOG
    last = list(two.log())[-1]
    led = Entry.after(last.hash, attrs.evolve(last.snapshot, warc=name), 0, 15, sha256(b"x"))
    log.write_bytes(log.read_bytes() + led.line)
    with pytest.raises(DataError, match="names a file outside of the archive"):
        list(fresh(two).log())
    with pytest.raises(DataError, match="unreadable WARC record"):
        two.body(led.snapshot)
    assert kinds(two) == {"log"}


def test_a_pipe_in_place_of_a_file_is_told_and_not_waited_for(two):
    (two.folder / WARC).unlink()
    os.mkfifo(two.folder / WARC)
    assert kinds(two) == {"warc"}


def test_a_title_that_was_taken_out_without_a_take_down_is_found(archive):
    archive.append(capture(b"<p>first</p>", feed_title="What the feed called it"))
    log = archive.folder / LOG
    log.write_bytes(next(iter(archive.log())).redacted().line)
    assert kinds(archive) == {"log"}


def test_a_feed_cannot_make_a_title_look_taken_out(archive):
    kept = archive.append(capture(b"<p>first</p>", feed_title=sha256(b"any")))
    assert kept.feed_title is None
    assert fresh(archive).verify() == []
