"""Keys by file, signatures of items as they are, and a person's tick."""

from __future__ import annotations

import base64
import builtins
import os
import stat
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.checklist.document import Checklist, State
from harness.checklist.signing import generate, known, named, sign, statement, valid
from harness.checklist.ticking import tick
from harness.errors import NotMeasured, UsageError
from suites.selftest.checklist.made import NOW, by_key, world

pytest.importorskip("cryptography", reason="the extra `checklist` is not installed")
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PEM = serialization.Encoding.PEM


@pytest.fixture
def checklist(tmp_path: Path) -> Checklist:
    made = world(tmp_path / "stack")
    return made.make(made.run())


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    generate("ada", tmp_path / "keys")
    return tmp_path / "keys"


def test_a_private_key_is_for_its_owner_alone_and_the_pair_fits(checklist: Checklist, keys: Path) -> None:
    assert stat.S_IMODE((keys / "ada.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    made = sign(checklist, "ada", keys / "ada.key", NOW + 60).signatures[0]
    assert valid(made)
    assert known(keys) == {made.key: "ada"}


def test_a_key_is_never_written_over(keys: Path) -> None:
    before = (keys / "ada.key").read_bytes()
    with pytest.raises(UsageError, match="a key of this name already"):
        generate("ada", keys)
    (keys / "ada.key").unlink()
    with pytest.raises(UsageError, match="a key of this name already"):
        generate("ada", keys)
    assert not (keys / "ada.key").exists()
    assert before


@pytest.mark.parametrize("name", ["", " ", "a/b", "../x", ".hidden", "-x", "x" * 61, "a\nb", "a\x1b[31m", " ada"])
def test_a_name_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not a name to sign with"):
        named(name)


@pytest.mark.parametrize("field", ["by", "time", "key", "head", "items"])
def test_whatever_of_a_signature_is_changed_makes_it_invalid(checklist: Checklist, keys: Path, field: str) -> None:
    made = sign(checklist, "ada", keys / "ada.key", NOW + 60).signatures[0]
    other: dict[str, Any] = {
        "by": "bob", "time": NOW + 61, "head": "0" * 64, "items": {"gate.all": "0" * 64},
        "key": base64.b64encode(ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode(),
    }  # fmt: skip
    assert not valid(msgspec.structs.replace(made, **{field: other[field]}))


@pytest.mark.parametrize("text", ["", "!", "AAAA", "A" * 88, "\ud800", "A" * 1_000_000])
@pytest.mark.parametrize("field", ["key", "signature"])
def test_a_signature_that_is_none_is_invalid(checklist: Checklist, keys: Path, field: str, text: str) -> None:
    made = sign(checklist, "ada", keys / "ada.key", NOW + 60).signatures[0]
    assert not valid(msgspec.structs.replace(made, **{field: text}))


def test_several_sign_and_one_who_signs_again_is_there_once(checklist: Checklist, keys: Path) -> None:
    generate("bob", keys)
    made = sign(checklist, "ada", keys / "ada.key", NOW + 60)
    made = sign(made, "bob", keys / "bob.key", NOW + 70, ("gate.all",))
    made = sign(made, "ada", keys / "ada.key", NOW + 80)
    assert [(one.by, len(one.items)) for one in made.signatures] == [("bob", 1), ("ada", len(checklist.items))]
    assert all(valid(one) for one in made.signatures)


def test_an_item_that_is_not_there_is_not_signed(checklist: Checklist, keys: Path) -> None:
    with pytest.raises(UsageError, match="no such item"):
        sign(checklist, "ada", keys / "ada.key", NOW + 60, ("gate.nothing",))


def test_what_is_signed_says_what_it_is_for(checklist: Checklist, keys: Path) -> None:
    made = sign(checklist, "ada", keys / "ada.key", NOW + 60).signatures[0]
    assert b"rollback-harness checklist signature 1" in statement(made)


def of_openssh(key: Any) -> bytes:
    return bytes(key.private_bytes(PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()))


def pkcs8(key: Any, password: bytes | None = None) -> bytes:
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, how))


def key_file(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_key_of_openssh_does_as_well(checklist: Checklist, tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    (tmp_path / "eve.pub").write_bytes(public + b" eve@example\n")
    made = sign(checklist, "eve", key_file(tmp_path / "id", of_openssh(key)), NOW + 60).signatures[0]
    assert known(tmp_path) == {made.key: "eve"}


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Made once, and not before it is needed: it costs a tenth of a second."""
    return rsa.generate_private_key(65537, 2048)


BAD: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "text": lambda: b"hello\n",
    "torn": lambda: pkcs8(ed25519.Ed25519PrivateKey.generate())[:70],
    "torn of OpenSSH": lambda: of_openssh(ed25519.Ed25519PrivateKey.generate())[:200],
    "RSA": lambda: pkcs8(rsa_key()),
    "ECDSA": lambda: pkcs8(ec.generate_private_key(ec.SECP256R1())),
    "RSA of OpenSSH": lambda: of_openssh(rsa_key()),
    "encrypted": lambda: pkcs8(ed25519.Ed25519PrivateKey.generate(), b"secret"),
    "no text": lambda: b"\xff\x00" * 50,
    "a public one": lambda: (
        ed25519.Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    ),
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_key_that_is_torn_or_foreign_is_refused(
    checklist: Checklist, tmp_path: Path, content: Callable[[], bytes]
) -> None:
    with pytest.raises(UsageError, match="This key cannot be used") as caught:
        sign(checklist, "ada", key_file(tmp_path / "x.key", content()), NOW + 60)
    assert caught.value.hint is not None
    assert "keygen" in caught.value.hint


@pytest.mark.parametrize("name", [name for name in BAD if name != "a public one"])
def test_a_public_key_that_is_torn_or_foreign_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.pub").write_bytes(BAD[name]())
    with pytest.raises(UsageError, match="This key cannot be used"):
        known(tmp_path)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused(checklist: Checklist, keys: Path, mode: int) -> None:
    (keys / "ada.key").chmod(mode)
    with pytest.raises(UsageError, match="Others can read this key"):
        sign(checklist, "ada", keys / "ada.key", NOW + 60)


def test_a_key_that_is_huge_or_a_pipe_or_not_there_is_refused(checklist: Checklist, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (key_file(tmp_path / "x.key", b"x" * 20_000), tmp_path / "pipe", tmp_path / "nowhere", tmp_path):
        with pytest.raises(UsageError):
            sign(checklist, "ada", path, NOW + 60)


def test_two_names_for_one_key_are_refused(keys: Path) -> None:
    (keys / "bob.pub").write_bytes((keys / "ada.pub").read_bytes())
    with pytest.raises(UsageError, match="Two names have the same key"):
        known(keys)


def test_without_the_library_the_extra_is_named(
    checklist: Checklist, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def no_cryptography(name: str, *more: Any, **words: Any) -> Any:
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *more, **words)

    monkeypatch.setattr(builtins, "__import__", no_cryptography)
    with pytest.raises(UsageError, match="not installed") as caught:
        sign(checklist, "ada", keys / "ada.key", NOW + 60)
    assert "rollback-harness[checklist]" in str(caught.value)


# -- a person's tick ---------------------------------------------------------------------------------------------------


def test_a_tick_has_who_why_and_when_and_expires(checklist: Checklist) -> None:
    item = by_key(tick(checklist, "support-knows", "ada", "told them", NOW + 60))["support-knows"]
    assert item.state is State.TICKED
    assert item.tick is not None
    assert (item.tick.by, item.tick.why, item.tick.time) == ("ada", "told them", NOW + 60)
    assert item.expires == NOW + 60 + 86400


@pytest.mark.parametrize("key", ["runbook", "gate.deployed"])
def test_what_is_not_open_is_not_for_a_person_to_tick(checklist: Checklist, key: str) -> None:
    with pytest.raises(UsageError, match="not for a person to tick"):
        tick(checklist, key, "ada", "I am sure", NOW + 60)


def test_a_tick_is_not_made_twice(checklist: Checklist) -> None:
    once = tick(checklist, "support-knows", "ada", "told them", NOW + 60)
    with pytest.raises(UsageError, match="not for a person to tick"):
        tick(once, "support-knows", "bob", "me too", NOW + 70)


@pytest.mark.parametrize("why", ["", "   ", "a\nb", "a\x1b[2J", "x" * 501])
def test_a_tick_needs_a_reason_on_one_line(checklist: Checklist, why: str) -> None:
    with pytest.raises(UsageError, match="needs a reason"):
        tick(checklist, "support-knows", "ada", why, NOW + 60)


def test_an_item_that_is_not_on_the_list_is_not_ticked(checklist: Checklist) -> None:
    with pytest.raises(UsageError, match="no such item"):
        tick(checklist, "nothing", "ada", "because", NOW + 60)


def test_a_clock_that_went_back_ticks_and_signs_nothing(checklist: Checklist, keys: Path) -> None:
    later = sign(checklist, "ada", keys / "ada.key", NOW + 7200)
    acts: list[Callable[[], Checklist]] = [
        lambda: tick(checklist, "support-knows", "ada", "told them", NOW - 3600),
        lambda: sign(checklist, "ada", keys / "ada.key", NOW - 3600),
        lambda: sign(later, "ada", keys / "ada.key", NOW + 60),
    ]
    for act in acts:
        with pytest.raises(NotMeasured, match="The clock is before"):
            act()
