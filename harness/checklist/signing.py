"""Signatures: ed25519, offline, keys by file. A signature is of items as they are, and of all that the
document rests on.


A private key is a file of its owner only (mode 0600), in PKCS 8 as `harness checklist keygen` writes it, or of
OpenSSH. A public
key is `NAME.pub` in a directory of keys: that is how a key gets its name, and nobody else's word counts.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness import reading
from harness.checklist.document import SKEW, Checklist, Signature, canonical, digest
from harness.errors import NotMeasured, UsageError
from harness.files import directory, private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CONTEXT = "rollback-harness checklist signature 1"
LARGEST = 16_384  # bytes of a file with a key
MAX_NAME = 60


def named(name: str) -> str:
    """A name that a signature and a file can have. Raises UsageError."""
    if (
        not name.strip()
        or name != name.strip()
        or len(name) > MAX_NAME
        or not name.isprintable()
        or "/" in name
        or name[0] in ".-"
    ):
        raise UsageError(
            "This is not a name to sign with", where="--as", got=repr(name)[:100],
            expected=f"a name of {MAX_NAME} characters or fewer, without a slash, such as ada",
        )  # fmt: skip
    return name


def generate(name: str, into: Path) -> tuple[Path, Path]:
    """Make a pair of keys, `NAME.key` for its owner only and `NAME.pub`; returns their paths.

    Raises:
        UsageError: a key of that name is there already: what was signed with it needs it.
        OSError: they cannot be written.
    """
    serialization, ed25519 = _cryptography()
    key = ed25519.Ed25519PrivateKey.generate()
    secret, public = into / f"{named(name)}.key", into / f"{name}.pub"
    for path in (secret, public):
        if os.path.lexists(path):
            raise UsageError(
                "There is a key of this name already", where=str(path), expected="a name without a key",
                hint="sign with that key, name another directory with --out, or move it away",
            )  # fmt: skip
    pem, raw = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    directory(into)
    text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for path, content in ((secret, text), (public, key.public_key().public_bytes(pem, raw))):
        with os.fdopen(private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            file.write(content)
    return secret, public


def sign(checklist: Checklist, name: str, key: Path, now: float, keys: tuple[str, ...] = ()) -> Checklist:
    """The document with one more signature; one by the same name and key before it is replaced.

    Args:
        keys: of the items that are signed; all of them if none is named.
        now: Unix time.

    Raises:
        UsageError: the key cannot be used, or there is no such item.
        NotMeasured: the clock is before the document.
    """
    in_time(checklist, now)
    found = {item.key: digest(item) for item in checklist.items}
    for one in keys:
        if one not in found:
            raise no_such_item(checklist, one)
    secret = _private_key(key)
    serialization, _ = _cryptography()
    raw = secret.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    items = {one: found[one] for one in (keys or tuple(found))}
    made = Signature(named(name), now, base64.b64encode(raw).decode(), checklist.head(), items, "")
    signed = msgspec.structs.replace(made, signature=base64.b64encode(secret.sign(statement(made))).decode())
    others = tuple(one for one in checklist.signatures if (one.by, one.key) != (made.by, made.key) or keys)
    return msgspec.structs.replace(checklist, signatures=(*others, signed))


def statement(signature: Signature) -> bytes:
    """The bytes that are signed: who, when, and the digests of what."""
    plain = msgspec.to_builtins(signature)
    return canonical({"context": CONTEXT, **{key: value for key, value in plain.items() if key != "signature"}})


def valid(signature: Signature) -> bool:
    """Whether a signature was made with the key that it names."""
    _, ed25519 = _cryptography()
    from cryptography.exceptions import InvalidSignature

    try:
        raw = base64.b64decode(signature.key, validate=True)
        ed25519.Ed25519PublicKey.from_public_bytes(raw).verify(
            base64.b64decode(signature.signature, validate=True), statement(signature)
        )
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def known(path: Path) -> Mapping[str, str]:
    """The public keys of a directory: name by key, the key in base64 as signatures have it.

    Raises:
        UsageError: there is no such directory, one of its `.pub` files is no key, or two names have the same key.
    """
    serialization, _ = _cryptography()
    if not path.is_dir():
        got = "no directory"
        raise UsageError("There are no keys here", where=str(path), got=got, expected="a directory of NAME.pub files")
    found: dict[str, str] = {}
    for file in sorted(path.glob("*.pub")):
        raw = _public_key(file).public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        key = base64.b64encode(raw).decode()
        if key in found:
            raise UsageError(
                "Two names have the same key",
                where=str(file),
                got=f"the key of {found[key]}",
                expected="a key for each",
            )
        found[key] = file.stem
    return found


def fingerprint(key: str) -> str:
    """A key in short, for people: the beginning of its digest."""
    return digest(key)[:16]


def in_time(checklist: Checklist, now: float) -> None:
    """Raise NotMeasured where the clock is before what the document already holds."""
    ticks = [item.tick.time for item in checklist.items if item.tick is not None]
    latest = max([checklist.made, *ticks, *(one.time for one in checklist.signatures)])
    if now + SKEW < latest:
        raise NotMeasured(
            "The clock is before what the checklist holds", got=f"{latest - now:.0f} s before it",
            expected="a clock that is right", hint="set the clock of this machine; nothing was changed",
        )  # fmt: skip


def no_such_item(checklist: Checklist, key: str) -> UsageError:
    """The error for an item that is not on the list."""
    return UsageError(
        "The checklist has no such item",
        got=key[:100],
        expected="one of " + ", ".join(one.key for one in checklist.items),
    )


def _private_key(path: Path) -> Ed25519PrivateKey:
    serialization, ed25519 = _cryptography()
    data = reading.data(path, "The key", most=LARGEST, hint="make one with `harness checklist keygen --as NAME`")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise UsageError(
            "Others can read this key", where=str(path), got=f"mode {mode:04o}", expected="mode 0600",
            hint=f"make a new key, or chmod 600 {path} where nobody has read it",
        )  # fmt: skip
    load = serialization.load_ssh_private_key if b"OPENSSH" in data else serialization.load_pem_private_key
    found = _loaded(load, data, path, password=None)
    if not isinstance(found, ed25519.Ed25519PrivateKey):
        raise _no_key(path, f"a key of another kind: {type(found).__name__}", "a private key of ed25519")
    key: Ed25519PrivateKey = found
    return key


def _public_key(path: Path) -> Any:
    serialization, ed25519 = _cryptography()
    data = reading.data(path, "The public key", most=LARGEST)
    load = serialization.load_ssh_public_key if data.startswith(b"ssh-") else serialization.load_pem_public_key
    found = _loaded(load, data, path)
    if not isinstance(found, ed25519.Ed25519PublicKey):
        raise _no_key(path, f"a key of another kind: {type(found).__name__}", "a public key of ed25519")
    return found


def _loaded(load: Any, data: bytes, path: Path, **how: Any) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load(data, **how)
    except TypeError:  # it asks for a password
        raise _no_key(path, "a key that is encrypted", "a key of ed25519 without a password") from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(path, str(error).splitlines()[0][:200] if str(error) else "no key", "a key of ed25519") from None


def _no_key(path: Path, got: str, expected: str) -> UsageError:
    hint = "name the file that `harness checklist keygen` wrote: NAME.key to sign, NAME.pub to verify"
    return UsageError("This key cannot be used", where=str(path), got=got, expected=expected, hint=hint)


def _cryptography() -> tuple[Any, Any]:
    """What signs, imported late: only who signs or verifies needs it."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise UsageError(
            "Signatures need a library that is not installed", got="no module `cryptography`",
            hint="pip install 'rollback-harness[checklist]'",
        ) from None  # fmt: skip
    return serialization, ed25519
