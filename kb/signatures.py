"""Ed25519 signatures in minisign's format, which a tool of every distribution checks (decision 28)."""

import os
from pathlib import Path

import attrs
import minisign

from kb.errors import DataError, UserError

SUFFIX = ".minisig"
"""Of the file beside a signed one."""


@attrs.frozen(kw_only=True)
class Signed:
    """What a signature that holds says."""

    key: str
    """The public key in base64, as `minisign -P` takes it."""
    comment: str
    """The part of the signature's file that is signed as well."""


def new_key(secret: Path) -> str:
    """Make a pair of keys: the secret one in a file that its owner alone reads, the other beside it with `.pub`.

    The public key in base64. UserError where a key lies there already.
    """
    pair = minisign.KeyPair.generate()
    secret.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    public = public_of(secret)
    for path, content, mode in ((secret, pair.secret_key, 0o600), (public, pair.public_key, 0o644)):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError as error:
            raise UserError(f"{path} is there already: keys are not written over; name another with --key") from error
        with os.fdopen(handle, "wb") as file:
            file.write(bytes(content) + b"\n")
    return str(pair.public_key.to_base64().decode())


def public_of(secret: Path) -> Path:
    """Where the public key of a pair lies that `new_key` made."""
    return secret.with_name(f"{secret.name}.pub")


def read_secret(path: Path) -> minisign.SecretKey:
    """UserError where it is none, or one that others can read; it may still be locked with a password."""
    try:
        if path.stat().st_mode & 0o077:
            raise UserError(f"{path} can be read by others than its owner: chmod 600 {path}, or make a new key")
        return minisign.SecretKey.from_file(path)
    except FileNotFoundError as error:
        raise UserError(f"there is no key {path}; `retold checkpoint --new-key` makes one") from error
    except (OSError, minisign.Error) as error:
        raise UserError(f"{path} is no secret key of minisign's: {error}") from error


def unlock(key: minisign.SecretKey, password: str) -> None:
    """UserError for a wrong password."""
    try:
        key.decrypt(password)
    except minisign.Error as error:
        raise UserError(f"the key stays locked: {error}") from error


def sign(content: bytes, key: minisign.SecretKey, comment: str) -> bytes:
    """The content of the signature's file."""
    made = key.sign(content, trusted_comment=comment, untrusted_comment="signature of a retold checkpoint")
    return bytes(made) + b"\n"


def check(content: bytes, signature: bytes, key: str) -> Signed:
    """`key`: a file with a public key, or the key itself in base64. DataError where the key did not sign this."""
    public = _public(key)
    try:
        read = minisign.Signature.from_bytes(signature)
        public.verify(content, read)
    except minisign.Error as error:
        raise DataError(f"the signature is not one of this key over this file: {error}") from error
    return Signed(key=public.to_base64().decode(), comment=read.trusted_comment)


def _public(key: str) -> minisign.PublicKey:
    path = Path(key)
    try:
        return minisign.PublicKey.from_file(path) if path.exists() else minisign.PublicKey.from_base64(key)
    except (OSError, minisign.Error) as error:
        raise UserError(f"{key} is neither a file with a public key of minisign's nor such a key") from error
