"""Known values are found in every form in which programs print them."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.redaction import PLACEHOLDER, redacted
from harness.redaction.known import Known

SECRET = "Zx9/secret+Pw'\"é&"
FORMS = {
    "as it is": SECRET,
    "JSON": json.dumps({"a": SECRET}),
    "JSON in UTF-8": json.dumps({"a": SECRET}, ensure_ascii=False),
    "URL": f"http://x/?a={quote(SECRET, safe='')}",
    "path": quote(SECRET),
    "form": quote_plus(SECRET),
    "URL in lower case": re.sub("%..", lambda found: found[0].lower(), quote(SECRET, safe="")),
    "shell": shlex.quote(SECRET),
    "HTML": html.escape(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for addresses": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "base64 within an address": quote(base64.b64encode(SECRET.encode()).decode(), safe=""),
}


def leaks(text: str, secret: str = SECRET) -> list[str]:
    """The longer pieces of the secret, in any of its forms, that are still there."""
    every = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], html.escape(secret)}
    return [one for one in every if one in text or one[2:-2] in text]


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_every_form(form: str) -> None:
    told = Known([SECRET]).hide(f"before {FORMS[form]} after")
    assert PLACEHOLDER in told
    assert leaks(told) == []
    assert told.startswith("before ")
    assert told.endswith(" after")


@pytest.mark.parametrize("user", ["u", "us", "use", "user", "a longer name"])
@pytest.mark.parametrize("rest", ["", "x", "xy", ":more"])
def test_a_part_of_what_is_encoded_in_base64_is_found_wherever_it_stands(user: str, rest: str) -> None:
    encoded = base64.b64encode(f"{user}:hunter2secret{rest}".encode()).decode()
    told = Known(["hunter2secret"]).hide(f"Authorization: Basic {encoded}")
    assert PLACEHOLDER in told
    left = told.rpartition(" ")[2].replace(redacted("hunter2secret"), "")
    bits = 6 * (len(encoded.rstrip("=")) - len(left.rstrip("=")))
    assert bits > 8 * (len("hunter2secret") - 2)  # at either end there is less than a character of it


def test_every_form_of_a_secret_has_the_same_digest_and_another_secret_another() -> None:
    known = Known(["hunter2secret", "hunter3secret"])
    first, encoded, other = (
        known.hide(text) for text in ("hunter2secret", base64.b64encode(b"hunter2secret").decode(), "hunter3secret")
    )
    assert first == encoded == redacted("hunter2secret")
    assert first != other


def test_the_longest_of_several_secrets_is_replaced_whole() -> None:
    known = Known(["hunter", "hunter2", "hunter2secret"])
    assert known.hide("a hunter2secret b") == f"a {redacted('hunter2secret')} b"
    assert known.hide("a hunter2 b") == f"a {redacted('hunter2')} b"


def test_each_line_of_a_key_is_a_secret_but_not_what_every_key_begins_with() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBg\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n"
    known = Known([key])
    assert known.hide("web | kqhkiG9w0BAQEF") == f"web | {redacted('kqhkiG9w0BAQEF')}"
    assert known.hide("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_of_a_text_that_was_cut_off_the_part_of_a_secret_at_its_end_is_hidden() -> None:
    text = "x" * 90
    assert Known(["hunter2secret"]).hide(f"{text} hunter2se") == f"{text} {redacted('hunter2secret')}"


def test_a_short_text_that_begins_as_a_secret_does_stays_as_it_is() -> None:
    assert Known(["backend-password"]).hide("backend-") == "backend-"


def test_nothing_is_hidden_where_there_is_no_secret() -> None:
    assert Known([]).hide("anything") == "anything"


@given(st.text(min_size=4, max_size=40).filter(lambda text: len(text.strip()) >= 4), st.text(max_size=60))
def test_any_secret_is_hidden_whatever_stands_around_it(secret: str, around: str) -> None:
    known = Known([secret])
    for value in secret.strip().splitlines():
        one = value.strip()
        if len(one) < 8 and len(secret.strip().splitlines()) > 1:
            continue
        told = around + one + around
        assert not one or PLACEHOLDER in known.hide(told)
