"""Checkpoints: what a signed one has seen still stands, or it is told; minisign itself checks them."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import minisign
import pytest
from making import NOON, capture
from newsdesk import STORIES, keep, keep_stories, opened, page
from typer.testing import CliRunner

from kb import checkpoint, signatures, takedown
from kb.capturelog import GENESIS, LOG, Entry
from kb.errors import DataError, UserError
from kb.judgementlog import LOG as JUDGED
from kb.records import Judgement
from kb.takedown import Request
from kb.workspace import Workspace
from queries.cli import app
from queries.verifying import Verified, held_against, verified_json, verify
from queries.vouching import Vouched, vouch

WARC = "retold-00001.warc.gz"
NEW = "https://star.example/new"
JUDGEMENT = Judgement(
    subject="finding:1", verdict="confirmed", user="ann", made_at=NOON, note="seen", withdrawn_at=None
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as workspace:
        keep_stories(workspace)
        workspace.judgements.add([JUDGEMENT, attrs.evolve(JUDGEMENT, subject="finding:2")])
        yield workspace


@pytest.fixture
def key(tmp_path: Path) -> Path:
    secret = tmp_path / "keys" / "desk.key"
    signatures.new_key(secret)
    return secret


@pytest.fixture
def made(desk: Workspace, key: Path, tmp_path: Path) -> Vouched:
    return vouch(desk, key, tmp_path / "first.checkpoint", NOON, str)


def again(desk: Workspace, made: Vouched, key: str | None = None) -> Verified:
    """As another process finds it later."""
    with opened(desk.settings.study.parent) as later:
        return held_against(verify(later), later, made.file, key or made.key)


def told(found: Verified) -> set[str]:
    return {problem.where for problem in found.problems if problem.kind == "checkpoint"}


def test_what_nobody_changed_still_stands(desk: Workspace, made: Vouched) -> None:
    found = again(desk, made)
    assert found.problems == ()
    assert found.vouched
    assert made.key in found.vouched
    assert "since then nothing" in found.vouched
    assert verified_json(found)["checkpoint"] == found.vouched


def test_what_came_since_is_no_change(desk: Workspace, made: Vouched) -> None:
    keep(desk, NEW, page(NEW, STORIES["https://star.example/wards"]))
    desk.judgements.withdraw(JUDGEMENT, NOON + timedelta(days=1))
    found = again(desk, made)
    assert found.problems == ()
    assert found.vouched
    assert "1 captures, 1 judgements and withdrawals" in found.vouched


def test_a_take_down_since_then_is_told_and_no_change(desk: Workspace, made: Vouched) -> None:
    gone = desk.store.snapshots()[0]
    request = Request(
        snapshots=frozenset({gone.id}), addresses=(gone.requested_url,), reason="asked", by="ann", at=NOON
    )
    takedown.take_down(desk.archive, request)
    desk.finish_takedown(desk.store)
    found = again(desk, made)
    assert found.problems == ()
    assert found.vouched
    assert "1 notices of take-downs" in found.vouched


def sealed_anew(folder: Path, change: Callable[[list[Entry]], list[Entry]]) -> None:
    """The log as somebody writes it who knows how: every line sealed, the chain whole."""
    from kb.archive import Archive

    lines = change([line for line in Archive(folder).log() if isinstance(line, Entry)])
    last, written = GENESIS, b""
    for line in lines:
        entry = Entry.after(last, line.snapshot, line.start, line.end, line.warc_sha256)
        last, written = entry.hash, written + entry.line
    (folder / LOG).write_bytes(written)


def another_feed(lines: list[Entry]) -> list[Entry]:
    first = attrs.evolve(lines[0].snapshot, found_in="https://star.example/feed")
    return [attrs.evolve(lines[0], snapshot=first), *lines[1:]]


@pytest.mark.parametrize(
    "change", [another_feed, lambda lines: lines[:-1], lambda lines: lines[1:], lambda lines: lines[::-1]]
)
def test_a_whole_new_chain_is_found_by_the_checkpoint_alone(
    desk: Workspace, made: Vouched, change: Callable[[list[Entry]], list[Entry]]
) -> None:
    sealed_anew(desk.settings.archive_dir, change)
    desk.store.close()
    (desk.settings.data_dir / "records.db").unlink()  # it would know, too
    with opened(desk.settings.study.parent) as later:
        assert {problem.kind for problem in verify(later).problems} <= {"warc"}
    assert any(where.startswith(LOG) for where in told(again(desk, made)))


def test_another_body_under_a_new_chain_is_found(desk: Workspace, made: Vouched, tmp_path: Path) -> None:
    shutil.rmtree(desk.settings.archive_dir)
    desk.store.close()
    (desk.settings.data_dir / "records.db").unlink()
    with opened(tmp_path) as forged:
        for url, paragraphs in STORIES.items():
            keep(forged, url, page(url, [*paragraphs[:-1], "The study followed two wards for six weeks."]))
        assert verify(forged).problems == ()
    assert told(again(desk, made)) == {f"{LOG}:3", JUDGED, WARC}


def test_rewritten_judgements_are_found(desk: Workspace, made: Vouched) -> None:
    desk.judgement_log.file.unlink()
    with desk.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM judgements")
    with opened(desk.settings.study.parent) as forged:
        forged.judgements.add(
            [attrs.evolve(JUDGEMENT, verdict="rejected"), attrs.evolve(JUDGEMENT, subject="finding:2")]
        )
        assert verify(forged).problems == ()
    assert told(again(desk, made)) == {f"{JUDGED}:2"}


def test_a_checkpoint_of_another_study_is_told(desk: Workspace, made: Vouched, key: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with opened(other, (tmp_path / "claims.yaml").read_text("utf-8").replace("night-naps", "day-naps")) as workspace:
        found = held_against(verify(workspace), workspace, made.file, made.key)
    assert "study" in told(found)


def test_a_damaged_archive_is_vouched_for_by_nobody(desk: Workspace, key: Path, tmp_path: Path) -> None:
    warc = desk.settings.archive_dir / WARC
    warc.write_bytes(warc.read_bytes()[:-9])
    with pytest.raises(DataError, match="Nothing was signed"):
        vouch(desk, key, tmp_path / "x.checkpoint", NOON, str)
    assert not (tmp_path / "x.checkpoint").exists()


def test_any_changed_byte_of_checkpoint_or_signature_is_refused(made: Vouched) -> None:
    content, signature = made.file.read_bytes(), made.signature.read_bytes()
    signatures.check(content, signature, made.key)
    for at in range(len(content)):
        with pytest.raises(DataError):
            signatures.check(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :], signature, made.key)
    signed_from = signature.index(b"\n") + 1  # the first line is a comment that nobody signs
    for at in range(signed_from, len(signature) - 1):
        changed = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        assert _is_refused(content, changed, made.key) or _same(signature, changed), at


def _is_refused(content: bytes, signature: bytes, key: str) -> bool:
    try:
        signatures.check(content, signature, key)
    except DataError:
        return True
    return False


def _same(one: bytes, other: bytes) -> bool:
    """The last letter of base64 has bits that stand for nothing."""
    return bytes(minisign.Signature.from_bytes(one)) == bytes(minisign.Signature.from_bytes(other))


def test_another_key_did_not_sign_it(desk: Workspace, made: Vouched, tmp_path: Path) -> None:
    other = signatures.new_key(tmp_path / "other.key")
    with pytest.raises(DataError, match="not one of this key"):
        again(desk, made, other)
    assert again(desk, made, str(signatures.public_of(tmp_path / "keys" / "desk.key"))).problems == ()
    with pytest.raises(UserError, match="neither a file with a public key"):
        again(desk, made, "nonsense")


def test_the_text_says_all_that_it_was_made_of(made: Vouched) -> None:
    assert checkpoint.parse(made.file.read_text("utf-8")) == made.held
    assert made.held.captures.lines == 3
    for text in (
        "",
        "retold checkpoint 2\n",
        made.held.text + "\n",
        made.held.text.replace("captures 3", "captures x"),
    ):
        with pytest.raises(DataError, match="no checkpoint"):
            checkpoint.parse(text)


def test_an_empty_archive_has_a_checkpoint_too(tmp_path: Path, key: Path) -> None:
    with opened(tmp_path) as workspace:
        made = vouch(workspace, key, tmp_path / "empty.checkpoint", NOON, str)
        workspace.archive.append(capture(b"<p>first</p>"))
        assert again(workspace, made).problems == ()


# --- keys ---


def test_the_secret_key_is_for_its_owner_alone_and_is_not_written_over(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UserError, match="not written over"):
        signatures.new_key(key)
    key.chmod(0o640)
    with pytest.raises(UserError, match="chmod 600"):
        signatures.read_secret(key)


def test_a_key_in_the_data_folder_is_refused(desk: Workspace, tmp_path: Path) -> None:
    secret = desk.settings.data_dir / "desk.key"
    signatures.new_key(secret)
    with pytest.raises(UserError, match="lies in the data folder"):
        vouch(desk, secret, tmp_path / "x.checkpoint", NOON, str)


def test_a_missing_or_false_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--new-key"):
        signatures.read_secret(tmp_path / "no.key")
    (tmp_path / "false.key").write_text("ssh-ed25519 AAAA\n")
    (tmp_path / "false.key").chmod(0o600)
    with pytest.raises(UserError, match="no secret key"):
        signatures.read_secret(tmp_path / "false.key")


def test_a_locked_key_asks_for_its_password(desk: Workspace, key: Path, tmp_path: Path) -> None:
    pair = minisign.KeyPair.generate()
    pair.secret_key.encrypt("open sesame", opslimit=32768, memlimit=16777216)
    key.write_bytes(bytes(pair.secret_key))
    with pytest.raises(UserError, match="stays locked"):
        vouch(desk, key, tmp_path / "x.checkpoint", NOON, lambda: "open barley")
    made = vouch(desk, key, tmp_path / "x.checkpoint", NOON, lambda: "open sesame")
    assert again(desk, made).problems == ()


def test_a_checkpoint_is_not_written_over(desk: Workspace, made: Vouched, key: Path) -> None:
    with pytest.raises(UserError, match="not written over"):
        vouch(desk, key, made.file, NOON, str)


# --- the commands, and what a third party does without retold ---


def run(folder: Path, *command: str) -> tuple[int, str]:
    given = ["--study", str(folder / "claims.yaml"), "--data-dir", str(folder / "data"), *command]
    done = CliRunner().invoke(app, given, env={"XDG_CONFIG_HOME": str(folder / "config")})
    return done.exit_code, done.output


def test_the_commands_make_a_key_a_checkpoint_and_hold_the_archive_against_it(desk: Workspace, tmp_path: Path) -> None:
    desk.store.close()
    file = tmp_path / "a.checkpoint"
    assert run(tmp_path, "checkpoint", "-o", str(file))[0] == UserError.exit_code
    code, output = run(tmp_path, "checkpoint", "--new-key")
    assert (code, "checkpoint.key.pub" in output.replace("\n", "")) == (0, True)
    code, output = run(tmp_path, "checkpoint", "-o", str(file))
    assert (code, "minisign -V -m" in output) == (0, True)
    assert run(tmp_path, "verify", "--checkpoint", str(file))[0] == 0
    sealed_anew(tmp_path / "data" / "archive", another_feed)
    code, output = run(tmp_path, "verify", "--checkpoint", str(file))
    assert code == DataError.exit_code
    assert "the log was rewritten" in output
    assert run(tmp_path, "verify", "--checkpoint", str(tmp_path / "no.checkpoint"))[0] == UserError.exit_code
    assert run(tmp_path, "checkpoint", "--new-key", "--key", str(tmp_path / "data" / "k"))[0] == UserError.exit_code


@pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed (apt-get install minisign)")
def test_minisign_checks_a_checkpoint_and_sha256sum_the_export(desk: Workspace, made: Vouched, tmp_path: Path) -> None:
    """The commands of docs/archive.md, with the export, the checkpoint and the public key alone."""
    export = tmp_path / "study.wacz"
    desk.store.close()
    assert run(tmp_path, "export", "--format", "wacz", "-o", str(export))[0] == 0
    away = tmp_path / "third party"
    away.mkdir()
    for file in (export, made.file, made.signature):
        shutil.copy(file, away)
    script = _documented().replace("night-naps.checkpoint", made.file.name).replace("RWT…", made.key)
    script = script.replace("study.wacz", export.name)
    done = subprocess.run(["bash", "-euc", script], cwd=away, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Signature and comment signature verified" in done.stdout
    assert f"{WARC}: OK" in done.stdout
    forged = (away / made.file.name).read_text().replace("captures 3", "captures 4")
    (away / made.file.name).write_text(forged)
    done = subprocess.run(["bash", "-euc", script], cwd=away, capture_output=True, text=True, check=False)
    assert done.returncode != 0


def _documented() -> str:
    text = (Path(__file__).parents[2] / "docs" / "archive.md").read_text("utf-8")
    return text.partition("<!-- a third party -->\n```\n")[2].partition("```")[0]


@pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed (apt-get install minisign)")
def test_a_key_that_minisign_made_signs_and_ours_signs_with_minisign(
    desk: Workspace, key: Path, tmp_path: Path
) -> None:
    theirs, public = tmp_path / "theirs.key", tmp_path / "theirs.pub"
    subprocess.run(["minisign", "-G", "-W", "-p", public, "-s", theirs], check=True, capture_output=True)
    theirs.chmod(0o600)
    made = vouch(desk, theirs, tmp_path / "b.checkpoint", NOON, str)
    subprocess.run(["minisign", "-V", "-m", made.file, "-p", public], check=True, capture_output=True)
    other = tmp_path / "letter.txt"
    other.write_text("signed by the tool with our key")
    subprocess.run(["minisign", "-S", "-W", "-s", key, "-m", other], check=True, capture_output=True)
    signed = other.with_name(other.name + signatures.SUFFIX).read_bytes()
    signatures.check(other.read_bytes(), signed, str(signatures.public_of(key)))
