"""What is known for a secret by what stands around it, and what is none."""

from __future__ import annotations

import json
import time

import pytest

from harness.redaction import setting, text
from harness.redaction.patterns import hinted, words
from harness.redaction.tokens import FORMS

SECRET = "hunter2Xq"
SECRETS = [
    "postgres://app:hunter2Xq@db/app",
    "redis://:hunter2Xq@cache:6379/0",
    "https://bot:p@hunter2Xq@host/repository.git",
    "app:hunter2Xq@tcp(db:3306)/app",
    "run --password hunter2Xq",
    "run --db-password=hunter2Xq --verbose",
    "run --api-key hunter2Xq x",
    "run --password 'hunter2Xq'",
    "-token=hunter2Xq",
    "host=db password=hunter2Xq",
    "export API_TOKEN=hunter2Xq",
    'API_TOKEN="hunter2Xq"',
    "GET /login?access_token=hunter2Xq&page=2",
    '{"user": "app", "password": "hunter2Xq"}',
    json.dumps({"body": json.dumps({"client_secret": "hunter2Xq"})}),
    "password: hunter2Xq",
    "Password: hunter2Xq",
    "db_password => hunter2Xq",
    "the token: hunter2Xq",
    "Authorization: Bearer hunter2Xq",
    "authorization: token hunter2Xq",
    'curl -H "Authorization: Bearer hunter2Xq" http://x',
    "Proxy-Authorization: Basic YXBwOmh1bnRlcjJYcQ==",
    "X-Api-Key: hunter2Xq",
    "PRIVATE-TOKEN: hunter2Xq",
    "Set-Cookie: session=hunter2Xq; HttpOnly",
    "bearer hunter2Xq",
    "+ mysql -uroot -phunter2Xq app",
    "sshpass -p hunter2Xq ssh app@host",
    "redis-cli -h cache -a hunter2Xq PING",
    "docker login -u ci -p hunter2Xq registry",
    "curl -u app:hunter2Xq http://x",
    "ALTER USER app PASSWORD 'hunter2Xq'",
    "CREATE USER app IDENTIFIED BY 'hunter2Xq'",
]
HARMLESS = [
    "nginx -g daemon off; http://host:80/path",
    "passed=12 failed=0 bypass=3",
    "max_tokens=100 token_ttl=3600",
    "error: unexpected token: end of line 3",
    "the secret was not found",
    "secret: not found",
    "Basic authentication is required",
    "bearer authentication",
    "run --password-stdin docker.io",
    "set password_file=/run/secrets/database",
    "export PASSWORD=$DB_PASSWORD",
    "password=***",
    "password=",
    "tar -pxzf release.tar.gz",
    "ssh -p2222 app@host",
    "docker run -p8080:80 web",
    "mkdir -pv /srv/app",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "123e4567-e89b-12d3-a456-426614174000",
    "backend-2 runs 4.1.1 at http://backend-2:8080/version",
    "2026-11-29T08:00:00Z GET /environments/17/resume 202",
]
TOKENS = [
    "AKIA" + "A1B2C3D4E5F6G7H8",
    "ghp_" + "a1B2" * 9,
    "ghs_" + "a1B2" * 9,
    "github_pat_" + "a1B2_" * 16,
    "glpat-" + "a1B2c3D4e5F6g7H8i9J0",
    "xoxb-" + "123456789012-abcdefABCDEF",
    "sk_live_" + "a1B2c3D4e5F6g7H8i9J0a1B2",
    "AIza" + "a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H",
    "npm_" + "a1B2" * 9,
    "pypi-AgEIcHlwaS5vcmc" + "a1B2" * 20,
    "dckr_pat_" + "a1B2c3D4e5F6g7H8i9J0a1B2c3D",
    "hvs." + "a1B2c3D4e5F6g7H8i9J0a1B2",
    "dop_v1_" + "a1b2" * 16,
    "SG." + "a1B2c3D4e5F6g7H8i9J0a1" + "." + "a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8i9J0a1B",
    "sk-proj-" + "a1B2" * 12,
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiJhcHAifQ" + ".c2lnbmF0dXJl",
]


@pytest.mark.parametrize("line", SECRETS)
def test_a_secret_is_known_by_what_stands_around_it(line: str) -> None:
    told = text(line)
    assert SECRET not in told
    assert "YXBwOmh1bnRlcjJYcQ" not in told
    assert "hidden:" in told
    assert text(told) == told  # what is hidden is not hidden again: equal secrets look the same


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_no_secret_is_told(line: str) -> None:
    assert text(line) == line


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_of_a_well_known_form_is_hidden(token: str) -> None:
    told = text(f"got {token} back")
    assert token[8:] not in told
    assert told.startswith("got ")
    assert told.endswith(" back")


def test_a_private_key_is_hidden_on_many_lines_and_on_one() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG\n9w0BAQEF\n-----END RSA PRIVATE KEY-----"
    for told in (text(key), text(json.dumps(key))):
        assert "MIIEvg" not in told
        assert "w0BAQEF" not in told
        assert "END RSA PRIVATE KEY" in told


def test_a_certificate_is_told() -> None:
    certificate = "-----BEGIN CERTIFICATE-----\nMIIEvgIBADANBgkqhkiG\n-----END CERTIFICATE-----"
    assert text(certificate) == certificate


@pytest.mark.parametrize(
    "command",
    [
        ["deploy", "--password", SECRET], ["deploy", "--token", SECRET, "4.1.1"], ["deploy", f"--password={SECRET}"],
        ["deploy", f"-p{SECRET}"], ["/usr/bin/mysql", "-psecret" + SECRET], ["sshpass", "-p", SECRET, "ssh", "x"],
        ["redis-cli", "-a", SECRET], ["curl", "-u", f"app:{SECRET}"], ["docker", "login", "-p", SECRET],
        ["sh", "-c", f"mysql -p{SECRET} app"], ["env", "-i", f"TOKEN={SECRET}", "deploy"],
    ],
)  # fmt: skip
def test_a_secret_among_the_words_of_a_command_is_hidden(command: list[str]) -> None:
    told = words(command)
    assert SECRET not in " ".join(told)
    assert len(told) == len(command)
    assert told[0] == command[0]


@pytest.mark.parametrize(
    "command",
    [
        ["ssh", "-p", "2222", "host"], ["docker", "run", "-p8080:80", "web"], ["tar", "-pxzf", "a.tar"],
        ["mkdir", "-p", "/srv/app2"], ["deploy", "--token", "--verbose"], ["deploy", "-profile=prod2"],
        ["deploy", "--release", "4.1.1"], ["psql", "-p5432"], ["deploy", "-p/srv/release2"],
    ],
)  # fmt: skip
def test_the_words_of_a_command_that_are_no_secret_are_told(command: list[str]) -> None:
    assert words(command) == command


@pytest.mark.parametrize(
    "name",
    ["PASSWORD", "DB_PASSWD", "api_key", "ApiKey", "SECRET_KEY_BASE", "TOKEN", "GITHUB_TOKEN", "SENTRY_DSN", "pw"],
)
def test_a_variable_whose_name_says_so_is_hidden_and_the_same_value_looks_the_same(name: str) -> None:
    assert setting(name, "hunter2") == setting("password", "hunter2")
    assert setting(name, "hunter2") != setting(name, "hunter3")
    assert "hunter2" not in setting(name, "hunter2")


@pytest.mark.parametrize("name", ["PATH", "LEVEL", "KEYBOARD", "MONKEY", "AUTHOR"])
def test_a_variable_that_is_no_secret_is_told(name: str) -> None:
    assert setting(name, "value") == "value"


def test_an_empty_secret_is_told_as_empty() -> None:
    assert setting("PASSWORD", "") == ""


@pytest.mark.parametrize("line", [*SECRETS, *TOKENS])
def test_nothing_is_passed_over_that_a_pattern_would_find(line: str) -> None:
    assert hinted(line)


def test_every_form_of_a_token_is_looked_for() -> None:
    assert all(hinted(prefix) for prefix, _ in FORMS)


@pytest.mark.parametrize(
    "piece",
    ["a", "-", "token", "password=", "eyJ", "://a:", "mysql ", "--password ", "Authorization: ", "A" * 100 + " "],
)
def test_a_long_text_takes_no_more_than_its_length(piece: str) -> None:
    """A pattern that looks at a text again from each of its places would take hours for a long line."""

    def seconds(count: int) -> float:
        made = f"password token mysql {piece * (count // len(piece))}"
        began = time.perf_counter()
        text(made)
        return time.perf_counter() - began

    assert seconds(200_000) < 5.0  # it takes 0.1 s; each place looking at all that follows would take minutes
