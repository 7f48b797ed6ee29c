"""The secrets of a stack: declared ones, and those whose variables tell it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.redaction import Redactor
from harness.stack import Stack
from harness.stack.secrets import LARGEST
from suites.selftest.stack.support import loaded, refusal

SECRET = "Zx9secretPw"
SERVICE = "services: {web: {image: i, environment: {A: x}}}\n"


def declared(directory: Path, block: str, files: dict[str, str] | None = None, **environ: str) -> Stack:
    return loaded(directory, f"{SERVICE}x-harness: {{secrets: {block}}}\n", files or {}, environ)


def test_a_declared_variable_of_the_caller_is_a_secret(tmp_path: Path) -> None:
    assert declared(tmp_path, "{variables: [DEPLOY]}", DEPLOY=SECRET).secrets == (SECRET,)


@pytest.mark.parametrize(
    "text",
    [
        f"services: {{web: {{image: i, environment: {{A: {SECRET}}}}}}}\nx-harness: {{secrets: {{variables: [A]}}}}",
        "services: {web: {image: i, env_file: env}}\nx-harness: {secrets: {variables: [A]}}",
        "services: {web: {image: i}}\nx-harness: {secrets: {variables: [A]}, deployer: {deploy: [d], rollback: [r], "
        f"environment: {{A: {SECRET}}}}}}}",
        "services: {web: {image: i}}\nx-harness: {secrets: {variables: [A]}, releases: {r: o.yaml}}",
    ],
    ids=["service", "env_file", "deployer", "a release's override"],
)
def test_a_declared_variable_is_found_wherever_the_stack_sets_it(tmp_path: Path, text: str) -> None:
    files = {"env": f"A={SECRET}\n", "o.yaml": f"services: {{web: {{environment: {{A: {SECRET}}}}}}}"}
    assert SECRET in loaded(tmp_path, text, files).secrets


def test_a_variable_that_is_not_set_is_a_warning_that_names_one_like_it(tmp_path: Path) -> None:
    stack = declared(tmp_path, "{variables: [DEPLOY_KEY]}", DEPLOY_KEYS=SECRET)
    (warning,) = stack.warnings
    assert "DEPLOY_KEY has no value" in warning
    assert "compose.yaml, line 2: x-harness.secrets.variables[0]" in warning
    assert "did you mean DEPLOY_KEYS?" in warning
    assert SECRET not in warning


@pytest.mark.parametrize(
    ("content", "secrets"),
    [
        (f"{SECRET}\n", [SECRET]),
        (f"# made today\nUSER=app\nexport PASSWORD='{SECRET}'\nOTHER=a1B2c3d4\nDEBUG=1\n", [SECRET, "a1B2c3d4"]),
        (json.dumps({"type": "account", "private_key": SECRET, "more": [{"token": "t0k3n1"}]}), [SECRET, "t0k3n1"]),
        ("a1B2c3==\n", ["a1B2c3=="]),
        (f"first line\n{SECRET}\n", [f"first line\n{SECRET}"]),
        ("{not json\n", ["{not json"]),
    ],
)
def test_what_a_file_of_secrets_holds(tmp_path: Path, content: str, secrets: list[str]) -> None:
    assert list(declared(tmp_path, "{files: [s]}", {"s": content}).secrets) == secrets


@pytest.mark.parametrize("kind", ["missing", "directory", "fifo", "binary", "large"])
def test_a_file_of_secrets_that_cannot_be_read_is_a_mistake_with_its_place(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "s"
    if kind == "directory":
        file.mkdir()
    elif kind == "fifo":
        os.mkfifo(file)
    elif kind == "binary":
        file.write_bytes(b"\xff\xfe\x00secret")
    elif kind == "large":
        file.write_text("x" * (LARGEST + 1))
    error = refusal(tmp_path, f"{SERVICE}x-harness: {{secrets: {{files: [s]}}}}\n")
    assert error.what == "A file of secrets cannot be read"
    assert str(error.where).endswith("compose.yaml, line 2: x-harness.secrets.files[0]")
    assert str(error.got).startswith("s: ")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("abc", "too short"), ("1.0.0", "also a name"), ("0.0-r", "also a name"), ("backend", "also a name"),
        ("web-1", "also a name"), ("/var/log/web.log", "also a name"), ("rollback", "also a name"),
    ],
)  # fmt: skip
def test_a_declared_secret_that_would_take_something_else_with_it_is_a_mistake_that_does_not_tell_it(
    tmp_path: Path, value: str, what: str
) -> None:
    text = (
        "services: {web: {image: i}, backend: {image: i}}\n"
        "x-harness:\n"
        "  releases: {1.0.0-rc: {}}\n"
        "  logs: {web: [{path: /var/log/web.log}]}\n"
        "  secrets: {variables: [A]}\n"
    )
    error = refusal(tmp_path, text, {}, {"A": value})
    assert what in error.what
    assert str(error.where).endswith("compose.yaml, line 5: x-harness.secrets.variables[0]")
    assert value not in f"{error.what} {error.got} {error.expected} {error.hint}"


@pytest.mark.parametrize("place", ["environment: {%s: %s}", "build: {context: ., args: {%s: %s}}"])
@pytest.mark.parametrize("name", ["DB_PASSWORD", "API_TOKEN", "SENTRY_DSN", "aws_secret_access_key"])
def test_the_value_of_a_variable_whose_name_tells_it_is_a_secret(tmp_path: Path, place: str, name: str) -> None:
    text = f"services: {{web: {{image: i, {place % (name, SECRET)}}}}}\n"
    assert loaded(tmp_path, text, {"Dockerfile": "FROM x"}).secrets == (SECRET,)


def test_the_callers_own_variables_tell_it_too(tmp_path: Path) -> None:
    assert loaded(tmp_path, SERVICE, {".env": "A_SECRET=fromEnvFile1\n"}, {"CI_TOKEN": SECRET}).secrets == (
        "fromEnvFile1", SECRET,
    )  # fmt: skip


@pytest.mark.parametrize(
    "variable",
    [
        "POSTGRES_PASSWORD: app", "MAX_TOKENS: 8000", "DB_PASSWORD: /run/secrets/db", "AUTH_METHOD: scram-sha-256",
        "PASSWORD_FILE: secrets.d", "DB_PASSWORD: backend", "DB_PASSWORD: password", "DB_PASSWORD: application",
        "PASSWORD: ''",
    ],
)  # fmt: skip
def test_a_value_that_would_spoil_the_evidence_is_not_hidden_unless_it_is_declared(
    tmp_path: Path, variable: str
) -> None:
    text = f"services: {{backend: {{image: i, environment: {{{variable}, DB_USER: application}}}}}}\n"
    assert loaded(tmp_path, text).secrets == ()


def test_a_stack_does_not_tell_its_secrets_where_it_is_shown_or_described(tmp_path: Path) -> None:
    stack = declared(tmp_path, "{variables: [DEPLOY]}", DEPLOY=SECRET)
    assert SECRET not in repr(stack) + stack.model_dump_json()


def test_every_release_of_a_stack_has_its_secrets(tmp_path: Path) -> None:
    text = f"{SERVICE}x-harness: {{secrets: {{variables: [A1]}}, releases: {{r: {{}}}}}}\n"
    assert loaded(tmp_path, text, {}, {"A1": SECRET}).at("r").secrets == (SECRET,)


def test_the_secrets_of_a_stack_are_hidden(tmp_path: Path) -> None:
    redactor = Redactor(declared(tmp_path, "{files: [key]}", {"key": f"begin of it\n{SECRET}\n"}).secrets)
    assert SECRET not in redactor.text(f"a {SECRET} b")


@pytest.mark.parametrize("value", [f"[{SECRET}]", f'"{SECRET}$-"', f'"${{{SECRET}"'])
def test_a_mistake_in_the_value_of_what_tells_to_be_a_secret_does_not_show_it(tmp_path: Path, value: str) -> None:
    error = refusal(tmp_path, f"services: {{web: {{image: i, environment: {{DB_PASSWORD: {value}}}}}}}\n")
    assert "DB_PASSWORD" in str(error.where)
    assert SECRET not in str(error)
