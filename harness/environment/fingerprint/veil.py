"""Secrets never enter a history: what looks like one is replaced by a hash that can be compared within a run."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?|secret|token|credential|private|api_?key|access_?key|(^|[_-])(key|pw|pwd|auth|salt|dsn|cookie)"
    r"($|[_-])|authorization|conninfo",
    re.IGNORECASE,
)
USER_INFO = re.compile(r"(?<=://)([^/@\s:]*):([^/@\s]+)(?=@)")
OPTION = re.compile(
    r"(--?[\w-]*(?:pass(?:word|wd|phrase)?|secret|token|credential|api-?key|auth)[\w-]*[= ])(\S+)|(\bpassword=)(\S+)",
    re.IGNORECASE,
)
_KEY = secrets.token_bytes(32)  # of this process: a hash cannot be guessed from the history alone


def veiled(value: str) -> str:
    """A value that is a secret."""
    return f"hidden:{hmac.new(_KEY, value.encode('utf-8', 'surrogateescape'), hashlib.sha256).hexdigest()[:12]}"


def setting(name: str, value: str) -> str:
    """The value of a variable or setting: veiled where its name says that it is a secret, else only what in it is."""
    return veiled(value) if value and SECRET_NAME.search(name) else text(value)


def text(value: str) -> str:
    """A text, such as a command line, with the passwords of addresses and options in it veiled."""
    value = USER_INFO.sub(lambda found: f"{found[1]}:{veiled(found[2])}", value)
    return OPTION.sub(lambda found: f"{found[1] or found[3]}{veiled(found[2] or found[4])}", value)
