"""A fingerprint holds no secret, and a changed secret is a difference all the same."""

from __future__ import annotations

from harness.environment.fingerprint import _hidden
from harness.fingerprint import Fingerprint, StatePart
from harness.redaction import Redactor

REDACTOR = Redactor(["Zx9secretPw", "Yy8secretPw"])


def taken(secret: str, at: float) -> Fingerprint:
    items = {f"deploy {secret} (user root)": 1, "token of process 1": f"now {secret}", "/srv/token.py": "file 0644"}
    parts = _hidden(
        REDACTOR, {"processes": StatePart(items), "sockets": StatePart(None, error=f"no answer from {secret}")}
    )
    return Fingerprint({"web-1": parts | {"sockets": StatePart({})}} if at else {"web-1": parts}, at)


def test_no_secret_is_kept_in_memory_or_in_the_history() -> None:
    found = taken("Zx9secretPw", 0.0)
    assert "Zx9secretPw" not in f"{found} {found.body()}"
    assert "/srv/token.py" in str(found.body())


def test_another_value_of_a_secret_is_a_difference_and_the_same_one_is_not() -> None:
    assert taken("Zx9secretPw", 1.0) == taken("Zx9secretPw", 2.0)
    assert taken("Zx9secretPw", 1.0) != taken("Yy8secretPw", 2.0)
