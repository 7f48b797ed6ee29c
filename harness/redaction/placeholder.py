"""What stands in a secret's place: a digest that can be compared within a run, and means nothing outside of it."""

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
# Names of what is about a secret without being one: `password_file`, `auth_method`.
NO_SECRET_NAME = re.compile(
    r"[_-](file|path|dir|stdin|prompt|env|name|user|type|ttl|length|count|policy|ur[il]|method|mode|format|algorithm|issuer"
    r"|audience|enabled|disabled|required|timeout|expiry|header)$",
    re.IGNORECASE,
)
PLACEHOLDER = "hidden:"
_KEY = secrets.token_bytes(32)  # of this process: a digest cannot be guessed from the history alone


def redacted(value: str) -> str:
    """What stands for a value that is a secret; the same value always gets the same. What is redacted already stays."""
    if value.startswith(PLACEHOLDER):
        return value
    return f"{PLACEHOLDER}{hmac.new(_KEY, value.encode('utf-8', 'surrogatepass'), hashlib.sha256).hexdigest()[:12]}"
