"""Files that were damaged, cut, emptied or deleted: every command works or says what to do, and nothing is lost."""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from faults import ENVIRONMENT, SOAK, at_once, built, call, copied, decided, held

PAGE = 4096
COMMANDS = (
    ("search", "nap"),
    ("search", "nap", "--speaker", "moreau"),
    ("quotes",),
    ("check",),
    ("trace",),
    ("review",),
    ("review", "log"),
    ("verify",),
    ("doctor",),
    ("build",),
)
MENDED = ("and run `retold build`", "`retold doctor --fix` makes it anew")

pytestmark = pytest.mark.usefixtures("parser_loaded_once")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, parser_loaded_once: None) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield built(tmp_path_factory.mktemp("damage"))


def random_pages(data: bytearray, chance: random.Random) -> None:
    """Parts of some pages overwritten, as a failing disk does."""
    for _ in range(chance.choice([1, 1, 2, 4])):
        length = chance.choice([PAGE, 512, 64])
        at = chance.randrange(len(data) // PAGE) * PAGE + chance.randrange(PAGE - length + 1)
        data[at : at + length] = chance.randbytes(length) if chance.random() < 0.7 else bytes(length)


def random_values(data: bytearray, chance: random.Random) -> None:
    """Bytes inside what rows hold: SQLite notices nothing, whoever reads the values does."""
    for _ in range(6):
        at = next(at for at in iter(lambda: chance.randrange(8 * PAGE, len(data)), None) if 32 <= data[at] < 127)
        data[at : at + 4] = chance.randbytes(len(data[at : at + 4]))


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def database(folder: Path) -> Path:
    return folder / "data" / "records.db"


def move_away(folder: Path) -> None:
    """As the message asks for."""
    for name in ("", "-wal", "-shm"):
        database(folder).with_name(f"records.db{name}").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("harm", "times"),
    [(random_pages, 4), (random_values, 4), (cut, 2)],
    ids=["pages", "values", "cut"],
)
def test_every_command_on_a_damaged_record_store_works_or_says_how_to_make_it_again(
    desk: Path, tmp_path: Path, harm: Callable[[bytearray, random.Random], None], times: int
) -> None:
    whole, told = held(desk), 0
    for number in range(times * (25 if SOAK else 1)):
        folder = copied(desk, tmp_path / "desk")
        data = bytearray(database(folder).read_bytes())
        harm(data, random.Random(f"{harm.__name__} {number}"))
        database(folder).write_bytes(data)
        damaged = False
        for words in COMMANDS:
            if words[0] == "search" and at_once(folder, *words[1:]):
                continue
            answer = call(folder, *words)
            assert answer.code in (0, 3, 5), (number, words, answer)
            if answer.code == 3:
                assert words == ("verify",) or any(way in answer.told for way in MENDED), (number, words)
                damaged = True
        told += damaged
        if number % 10 == 0:
            move_away(folder)
            assert call(folder, "build").code == 0
            assert held(folder) == whole
            assert call(folder, "verify").code == 0
    assert told  # else no damage was met, and nothing is proven


@pytest.mark.parametrize("table", ["articles", "texts"])
def test_a_row_that_others_name_and_that_is_lost_is_told(desk: Path, tmp_path: Path, table: str) -> None:
    folder = copied(desk, tmp_path / "desk")
    with closing(sqlite3.connect(database(folder))) as connection, connection:
        connection.execute(f"DELETE FROM {table}")
    for words in (("quotes",), ("trace",)):
        answer = call(folder, *words)
        assert (answer.code, "is named and not there" in answer.told) == (3, True)


def garbled(name: str) -> Callable[[Path], object]:
    return lambda data: (data / name).write_bytes(b"\xff{garbled")


def half(pattern: str) -> Callable[[Path], object]:
    def harm(data: Path) -> None:
        for path in (data / "index").rglob(pattern):
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return harm


def in_the_way(data: Path) -> None:
    shutil.rmtree(data / "index")
    (data / "index").write_text("not a folder")


def broken_chroma(data: Path) -> None:
    file = data / "index" / "chroma.sqlite3"
    content = bytearray(file.read_bytes())
    content[5 * PAGE : 20 * PAGE] = random.Random(1).randbytes(15 * PAGE)
    file.write_bytes(content)


HARMS: dict[str, tuple[Callable[[Path], object], tuple[str, ...], int, str]] = {
    "settings of the last crawl": (garbled("crawl.json"), ("build",), 0, ""),
    "digests of the models": (garbled("digests.json"), ("build",), 0, ""),
    "silent sources": (garbled("silent.json"), ("doctor",), 0, ""),
    "name of who is at work": (garbled("run.holder.json"), ("build",), 0, ""),
    "half a matrix": (half("matrix-*.npy"), ("search", "nap"), 0, ""),
    "half of Chroma's graph": (half("*.bin"), ("search", "nap"), 0, ""),
    "broken Chroma, doctor": (broken_chroma, ("doctor",), 5, ""),
    "broken Chroma, fixed": (broken_chroma, ("doctor", "--fix"), 0, ""),
    "deleted index": (lambda data: shutil.rmtree(data / "index"), ("doctor",), 5, ""),
    "deleted index, fixed": (lambda data: shutil.rmtree(data / "index"), ("doctor", "--fix"), 0, ""),
    "deleted index, searched": (lambda data: shutil.rmtree(data / "index"), ("search", "nap"), 0, ""),
    "a file in place of the index": (in_the_way, ("build",), 2, "move away what is in the way there"),
    "a write-ahead log of noise": (
        lambda data: (data / "records.db-wal").write_bytes(random.Random(1).randbytes(40_000)),
        ("verify",),
        0,
        "0 damaged",
    ),
    "mark of a take-down that never was": (garbled("archive/.takedown"), ("verify",), 0, "0 damaged"),
    "deleted archive": (lambda data: shutil.rmtree(data / "archive"), ("verify",), 3, "3 damaged"),
}


@pytest.mark.parametrize("name", HARMS)
def test_harmed_file_of_the_data_folder_is_made_again_or_told(desk: Path, tmp_path: Path, name: str) -> None:
    harm, words, code, told = HARMS[name]
    folder = copied(desk, tmp_path / "desk")
    harm(folder / "data")
    answer = call(folder, *words)
    assert answer.code == code, answer
    assert told in answer.told
    if words == ("doctor", "--fix"):
        assert call(folder, "doctor").code == 0
    if name != "deleted archive":
        assert decided(folder) == decided(desk)


def test_lost_record_store_comes_back_with_every_judgement(desk: Path, tmp_path: Path) -> None:
    folder = copied(desk, tmp_path / "desk")
    move_away(folder)
    assert "3 captures not read yet: `retold build` first" in call(folder, "check").told
    assert "3 captures not read yet" in call(folder, "search", "nap").told
    assert call(folder, "review", "log").out == call(desk, "review", "log").out != ""
    assert call(folder, "build").code == 0
    assert held(folder) == held(desk)


def log_of(folder: Path) -> Path:
    return folder / "data" / "archive" / "captures.jsonl"


def test_mending_ends_with_code_3_where_damage_is_left(desk: Path, tmp_path: Path) -> None:
    folder = copied(desk, tmp_path / "desk")
    lines = log_of(folder).read_bytes().splitlines(keepends=True)
    log_of(folder).write_bytes(b"".join([*lines[:1], *lines[2:]]))
    answer = call(folder, "doctor", "--fix")
    assert (answer.code, call(folder, "verify").code) == (3, 3)
    assert "nothing makes a log line again" in answer.told


@pytest.mark.parametrize("noise", [b"\xff\x00zzz\n", b"\x00" * PAGE + b"\n", b'{"addresses":\n'])
def test_noise_behind_the_log_lets_all_read_and_nobody_capture_on_top_of_it(
    desk: Path, tmp_path: Path, noise: bytes
) -> None:
    folder = copied(desk, tmp_path / "desk")
    with log_of(folder).open("ab") as log:
        log.write(noise)
    assert call(folder, "search", "nap").code == 0
    assert call(folder, "check").code == 0
    assert call(folder, "verify").code == 3
    (tmp_path / "page.html").write_text("<p>Short Naps on Night Wards, by Elise Moreau.</p>")
    answer = call(folder, "add", str(tmp_path / "page.html"))
    assert answer.code == 3
    assert "`retold verify` says what else is damaged and what helps" in answer.told


def test_damaged_log_without_a_record_store_says_how_the_captures_are_read_all_the_same(
    desk: Path, tmp_path: Path
) -> None:
    folder = copied(desk, tmp_path / "desk")
    move_away(folder)
    log_of(folder).write_bytes(b"\xff\n" + log_of(folder).read_bytes())
    answer = call(folder, "search", "nap")
    assert answer.code == 3
    assert f"`retold --data-dir NEW add {folder}/data/archive/*.warc.gz` reads the captures" in answer.told
    new = tmp_path / "new"
    new.mkdir()
    shutil.copy(folder / "claims.yaml", new)
    assert call(new, "add", *map(str, (folder / "data" / "archive").glob("*.warc.gz"))).code == 0
    assert held(new)["bodies"] == held(desk)["bodies"]


def test_cut_warc_file_is_told_with_what_helps_and_the_rest_goes_on(desk: Path, tmp_path: Path) -> None:
    folder = copied(desk, tmp_path / "desk")
    (warc,) = (folder / "data" / "archive").glob("*.warc.gz")
    warc.write_bytes(warc.read_bytes()[:-300])
    answer = call(folder, "verify")
    assert (answer.code, answer.told) == (3, "verify    3 captures, 1 damaged")
    assert "restore the WARC file from a backup" in answer.err
    assert call(folder, "search", "nap").code == 0
    (tmp_path / "page.html").write_text("<p>Short Naps on Night Wards, by Elise Moreau.</p>")
    assert call(folder, "add", str(tmp_path / "page.html")).code == 0
    assert call(folder, "verify").told == "verify    4 captures, 1 damaged"
