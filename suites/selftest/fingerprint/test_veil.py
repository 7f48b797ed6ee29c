"""Secrets do not enter a history, and can be compared all the same."""

from __future__ import annotations

import pytest

from harness.environment.fingerprint import veil


@pytest.mark.parametrize(
    "name",
    ["PASSWORD", "DB_PASSWD", "api_key", "ApiKey", "SECRET_KEY_BASE", "TOKEN", "GITHUB_TOKEN", "SENTRY_DSN", "pw"],
)
def test_a_variable_whose_name_says_so_is_hidden_and_the_same_value_looks_the_same(name: str) -> None:
    assert veil.setting(name, "hunter2") == veil.setting("password", "hunter2")
    assert veil.setting(name, "hunter2") != veil.setting(name, "hunter3")
    assert "hunter2" not in veil.setting(name, "hunter2")


@pytest.mark.parametrize("name", ["PATH", "LEVEL", "KEYBOARD", "MONKEY", "AUTHOR"])
def test_what_is_no_secret_is_told(name: str) -> None:
    assert veil.setting(name, "value") == "value"


def test_an_empty_secret_is_told_as_empty() -> None:
    assert veil.setting("PASSWORD", "") == ""


@pytest.mark.parametrize(
    "text",
    ["postgres://app:hunter2@db/app", "run --password hunter2", "run --db-password=hunter2", "host=db password=hunter2",
     "run --api-key hunter2 x", "-token=hunter2"],
)  # fmt: skip
def test_a_password_within_a_text_is_hidden_and_the_rest_is_told(text: str) -> None:
    told = veil.text(text)
    assert "hunter2" not in told
    assert told.startswith(text.partition("hunter2")[0])


def test_a_text_without_a_password_stays_as_it_is() -> None:
    assert veil.text("nginx -g daemon off; http://host:80/path") == "nginx -g daemon off; http://host:80/path"
