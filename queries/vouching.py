"""`checkpoint`: what the archive holds, written down, signed, and laid where whoever can write to it cannot."""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import attrs

from kb import checkpoint, signatures
from kb.checkpoint import Checkpoint
from kb.errors import UserError
from kb.workspace import Workspace
from queries.plain import counted


@attrs.frozen(kw_only=True)
class Vouched:
    """A checkpoint on disk."""

    file: Path
    signature: Path
    key: str
    """The public key in base64."""
    held: Checkpoint


def own_key() -> Path:
    """Where the secret key lies where none is named: outside of every data folder."""
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "retold" / "checkpoint.key"


def own_public_key() -> Path:
    """Where its public key lies."""
    return signatures.public_of(own_key())


def require_outside(key: Path, data_dir: Path) -> None:
    """UserError for a key in the data folder: whoever can change the archive there could sign what he made of it."""
    if key.resolve().is_relative_to(data_dir.resolve()):
        raise UserError(f"{key} lies in the data folder, and so would the right to vouch for it: name another place")


def vouch(workspace: Workspace, key: Path, output: Path | None, at: datetime, password: Callable[[], str]) -> Vouched:
    """Write and sign a checkpoint. `password` is asked where the key is locked. UserError where the file is there."""
    require_outside(key, workspace.settings.data_dir)
    secret = signatures.read_secret(key)
    if secret.is_encrypted():
        signatures.unlock(secret, password())
    file = output or Path(f"{workspace.study.slug}-{at:%Y%m%dT%H%M%SZ}.checkpoint")
    signature = file.with_name(file.name + signatures.SUFFIX)
    held = checkpoint.take(workspace.study.slug, workspace.archive, workspace.judgement_log, at)
    comment = f"{held.study}, {counted(held.captures.lines, 'line')} in the capture log, {held.made}"
    content = held.text.encode()
    for path, written in ((file, content), (signature, signatures.sign(content, secret, comment))):
        try:
            with path.open("xb") as opened:
                opened.write(written)
        except FileExistsError as error:
            raise UserError(
                f"{path} is there already: checkpoints are not written over; name another with -o"
            ) from error
        except (FileNotFoundError, IsADirectoryError) as error:
            raise UserError(f"{path} cannot be written: {error.strerror}") from error
    public = secret.get_public_key().to_base64().decode()
    return Vouched(file=file, signature=signature, key=public, held=held)


def vouched_json(made: Vouched) -> Mapping[str, object]:
    """`checkpoint --json`."""
    return {
        "wrote": str(made.file),
        "signature": str(made.signature),
        "public": made.key,
        "captures": attrs.asdict(made.held.captures),
        "judgements": attrs.asdict(made.held.judgements),
        "files": [attrs.asdict(file) for file in made.held.files],
    }


def told(made: Vouched) -> Iterator[str]:
    """The same as text."""
    lines, files = counted(made.held.captures.lines, "line"), counted(len(made.held.files), "WARC file")
    yield f"wrote     {made.file} and {made.signature.name}: {lines} in the log, {files}"
    yield f"check     minisign -V -m {made.file} -P {made.key}"
