"""A take-down leaves a tombstone in the archive and no byte, whatever other captures share."""

import gzip
import io
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from making import NOON, capture
from warcio.archiveiterator import ArchiveIterator

from kb import takedown, warc
from kb.archive import Archive
from kb.capturelog import LOG
from kb.records import Snapshot, sha256
from kb.takedown import Request, allow, take_down

WARC = "retold-00001.warc.gz"
STAR = "https://star.example/wards"


def request(*snapshots: Snapshot) -> Request:
    ids = frozenset(snapshot.id for snapshot in snapshots)
    addresses = tuple(snapshot.requested_url for snapshot in snapshots)
    return Request(snapshots=ids, addresses=addresses, reason="asked by the publisher", by="desk", at=NOON)


def fresh(archive: Archive) -> Archive:
    """The same folder as another process finds it."""
    return Archive(archive.folder)


def raw(archive: Archive) -> bytes:
    return b"".join(gzip.decompress(path.read_bytes()) for path in sorted(archive.folder.glob("*.warc.gz")))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


# --- records of the same length ---


@pytest.mark.parametrize("length", [*range(200, 260), 65_535, 65_540, *range(65_700, 65_760), 131_080 + 18, 400_000])
def test_blank_is_one_member_of_exactly_the_length_asked_for(length):
    made = warc.blank_record(length, "0" * 8, NOON)
    assert len(made) == length
    record = next(iter(ArchiveIterator(io.BytesIO(made))))
    assert record.rec_type == warc.BLANK
    assert len(record.content_stream().read()) == int(record.rec_headers.get_header("Content-Length"))


def test_smallest_record_that_can_be_captured_has_room_for_a_blank(archive):
    kept = archive.append(capture(b"", "http://a.b/", headers=(), via="file"))
    take_down(archive, request(kept))
    assert fresh(archive).verify() == []


# --- the archive ---


def test_bytes_are_gone_and_all_others_stay_in_their_places(archive):
    gone = archive.append(capture(b"<p>secret words</p>"))
    kept = archive.append(capture(b"<p>other</p>", "https://star.example/other"))
    take_down(archive, request(gone))
    assert b"secret" not in raw(archive)
    assert b"ledger.example" not in raw(archive)
    assert fresh(archive).body(kept) == b"<p>other</p>"
    assert list(fresh(archive).entries()) == [kept]
    assert fresh(archive).verify() == []


def test_tombstone_names_what_it_covers_with_digest_reason_date_and_who_asked(archive):
    gone = archive.append(capture(b"<p>secret words</p>"))
    (entry,) = archive.log()
    take_down(archive, request(gone))
    ((_, tombstone),) = takedown.tombstones(archive)
    assert tombstone.covers == entry.hash
    assert (tombstone.body_sha256, tombstone.reason, tombstone.by, tombstone.at) == (
        gone.body_sha256,
        "asked by the publisher",
        "desk",
        NOON,
    )


def test_log_keeps_every_line_but_no_title_that_a_feed_gave(archive):
    archive.append(capture(b"1", feed_title="A headline"))
    gone = archive.append(capture(b"2", STAR, feed_title="Another headline"))
    before = (archive.folder / LOG).read_bytes().splitlines()
    take_down(archive, request(gone))
    after = (archive.folder / LOG).read_bytes().splitlines()
    assert len(after) == len(before) + 1
    assert after[0] == before[0]
    assert b"Another headline" not in b"".join(after)
    assert fresh(archive).verify() == []


def test_same_object_goes_on_after_the_log_was_written_anew(archive):
    gone = archive.append(capture(b"1", feed_title="A headline of some length that is longer than a digest " * 3))
    archive.append(capture(b"2", STAR))
    take_down(archive, request(gone))
    archive.append(capture(b"3", "https://star.example/three"))
    assert [held.requested_url for held in fresh(archive).entries()] == [STAR, "https://star.example/three"]
    assert fresh(archive).verify() == []


def test_several_captures_of_an_address_go_at_once(archive):
    gone = [
        archive.append(capture(body, fetched_at=NOON + timedelta(hours=n))) for n, body in enumerate([b"1", b"2", b"1"])
    ]
    take_down(archive, request(*gone))
    assert archive.count() == 0
    assert len(list(takedown.tombstones(archive))) == 3
    assert fresh(archive).verify() == []


def test_body_that_another_address_shares_stays_there(archive):
    gone = archive.append(capture(b"<p>wire</p>"))
    copies = [archive.append(capture(b"<p>wire</p>", f"https://{host}.example/copy")) for host in ("star", "echo")]
    taken = take_down(archive, request(gone))
    assert taken.elsewhere == tuple(copies)
    assert [fresh(archive).body(held) for held in fresh(archive).entries()] == [b"<p>wire</p>"] * 2
    assert {held.id for held in fresh(archive).entries()} == {held.id for held in copies}
    assert b"ledger.example" not in raw(archive)
    assert fresh(archive).verify() == []


def test_capture_that_was_written_again_is_found_by_its_old_place(archive):
    gone = archive.append(capture(b"<p>wire</p>"))
    copy = archive.append(capture(b"<p>wire</p>", STAR))
    take_down(archive, request(gone))
    assert archive.body(copy) == b"<p>wire</p>"


def test_forgetting_the_copy_leaves_the_original_where_it_is(archive):
    original = archive.append(capture(b"<p>wire</p>"))
    copy = archive.append(capture(b"<p>wire</p>", STAR))
    take_down(archive, request(copy))
    assert list(fresh(archive).entries()) == [original]
    assert fresh(archive).verify() == []


def test_forgetting_one_after_the_other_leaves_nothing(archive):
    for snapshot in [archive.append(capture(b"<p>wire</p>", f"https://{host}.example/")) for host in "abc"]:
        (held,) = [each for each in fresh(archive).entries() if each.id == snapshot.id]
        take_down(archive, request(held))
        assert fresh(archive).verify() == []
    assert b"wire" not in raw(archive)
    assert archive.count() == 0


def test_page_captured_anew_after_an_undo_is_held(archive):
    gone = archive.append(capture(b"1"))
    take_down(archive, request(gone))
    allow(archive, [gone.requested_url], reason="agreed", by="desk", at=NOON)
    again = archive.append(capture(b"1", fetched_at=NOON + timedelta(days=1)))
    assert fresh(archive).body(again) == b"1"
    assert fresh(archive).count() == 1
    assert fresh(archive).verify() == []


@pytest.mark.parametrize("copies", [0, 1])
def test_damaged_record_can_be_taken_down(archive, copies):
    gone = archive.append(capture(b"<p>secret words</p>"))
    held = [archive.append(capture(b"<p>secret words</p>", STAR)) for _ in range(copies)]
    path = archive.folder / WARC
    data = bytearray(path.read_bytes())
    data[gone.offset + 1] ^= 1
    path.write_bytes(data)
    take_down(archive, request(gone))
    assert list(fresh(archive).entries()) == held
    assert len(fresh(archive).verify()) == copies


def test_body_seen_again_is_stored_where_the_one_that_it_would_refer_to_is_lost(archive):
    gone = archive.append(capture(b"<p>wire</p>"))
    archive.append(capture(b"<p>wire</p>", STAR))
    path = archive.folder / WARC
    data = bytearray(path.read_bytes())
    data[gone.offset + 1] ^= 1
    path.write_bytes(data)
    take_down(archive, request(gone))
    again = [fresh(archive).append(capture(b"<p>wire</p>", f"https://{host}.example/")) for host in ("c", "d")]
    assert [fresh(archive).body(snapshot) for snapshot in again] == [b"<p>wire</p>"] * 2


def test_record_that_a_killed_append_left_goes_too(archive):
    """The log lost its last line, so the page was captured again."""
    archive.append(capture(b"<p>first</p>", "https://star.example/first"))
    before = (archive.folder / LOG).read_bytes()
    archive.append(capture(b"<p>secret, older</p>"))
    archive.append(capture(b"<p>other</p>", "https://star.example/other"))
    (archive.folder / LOG).write_bytes(before)
    again = fresh(archive)
    gone = again.append(capture(b"<p>secret, newer</p>"))
    take_down(again, request(gone))
    assert b"secret" not in raw(archive)
    assert b"<p>other</p>" in raw(archive)
    assert fresh(archive).verify() == []


# --- what verify finds ---


def test_old_copy_of_the_file_put_back_is_found(archive):
    gone = archive.append(capture(b"<p>secret</p>"))
    old = (archive.folder / WARC).read_bytes()
    take_down(archive, request(gone))
    (archive.folder / WARC).write_bytes(old)
    (problem,) = fresh(archive).verify()
    assert "the bytes are there again" in problem.what


def test_flipped_byte_in_a_blank_is_found(archive):
    take_down(archive, request(archive.append(capture(b"<p>secret</p>"))))
    path = archive.folder / WARC
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    assert [problem.kind for problem in fresh(archive).verify()] == ["warc"]


@pytest.mark.parametrize("order", [[0, 1], [0, 2, 1], [2, 0, 1], [0, 1, 2, 2], [1, 2]])
def test_tombstone_that_is_lost_or_moved_is_found(archive, order):
    gone = archive.append(capture(b"1"))
    archive.append(capture(b"2", STAR))
    take_down(archive, request(gone))
    lines = (archive.folder / LOG).read_bytes().splitlines(keepends=True)
    (archive.folder / LOG).write_bytes(b"".join(lines[n] for n in order))
    assert fresh(archive).verify() != []


def test_any_flipped_byte_of_a_tombstone_is_found(archive):
    take_down(archive, request(archive.append(capture(b"1"))))
    path = archive.folder / LOG
    data = path.read_bytes()
    for at in range(data.index(b"\n") + 1, len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert "log" in {problem.kind for problem in fresh(archive).verify()}, at


def test_what_somebody_put_in_the_place_of_a_blank_is_found_though_the_tombstone_vouches_for_it(archive):
    take_down(archive, request(archive.append(capture(b"<p>a page of some length, so that there is room</p>"))))
    entry, notice = archive.log()
    data = bytearray((archive.folder / WARC).read_bytes())
    data[entry.snapshot.offset : entry.end] = bytes(entry.end - entry.snapshot.offset)
    (archive.folder / WARC).write_bytes(data)
    digest = sha256(bytes(data[entry.start : entry.end])).removeprefix("sha256:")
    forged = attrs.evolve(notice, warc_sha256=digest).after(notice.prev)
    (archive.folder / LOG).write_bytes(entry.line + forged.line)
    (problem,) = fresh(archive).verify()
    assert "no blank" in problem.what
