"""What a deployer is told."""

from __future__ import annotations

import configparser
import json
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from harness.deploy.inventory import Inventory, fill


@dataclass(frozen=True)
class Named:
    name: str
    service: str
    container: str


HOSTS = (
    Named("backend-1", "backend", "h1-backend-1"),
    Named("cache-1", "cache", "h1-cache-1"),
    Named("backend-2", "backend", "h1-backend-2"),
    Named("log.sink-1", "log.sink", "h1-log.sink-1"),
)
MADE = Inventory("h1", "unix:///run/d.sock", "4.1.1", "4.1.0", HOSTS)


def test_the_json_has_the_releases_and_every_replica_by_service() -> None:
    assert json.loads(MADE.to_json()) == {
        "environment": "h1", "engine": "unix:///run/d.sock", "release": "4.1.1", "from": "4.1.0",
        "services": {
            "backend": [
                {"name": "backend-1", "address": "backend-1", "container": "h1-backend-1"},
                {"name": "backend-2", "address": "backend-2", "container": "h1-backend-2"},
            ],
            "cache": [{"name": "cache-1", "address": "cache-1", "container": "h1-cache-1"}],
            "log.sink": [{"name": "log.sink-1", "address": "log.sink-1", "container": "h1-log.sink-1"}],
        },
    }  # fmt: skip


def ansible(text: str) -> dict[str, list[str]]:
    """The groups of an inventory in INI form, as Ansible reads them: bare lines."""
    parser = configparser.ConfigParser(allow_no_value=True, delimiters=("\0",))
    parser.read_string(text)
    return {group: list(parser[group]) for group in parser.sections()}


def test_within_the_environment_ansible_reaches_replicas_by_name() -> None:
    groups = ansible(MADE.to_ansible(inside=True))
    assert list(groups) == ["backend", "cache", "log.sink"]
    assert groups["backend"] == ["backend-1 ansible_host=backend-1", "backend-2 ansible_host=backend-2"]


def test_from_outside_ansible_enters_the_containers() -> None:
    groups = ansible(MADE.to_ansible(inside=False))
    assert groups["cache"] == ["cache-1 ansible_connection=community.docker.docker ansible_host=h1-cache-1"]


def test_the_variables_name_releases_files_and_every_services_hosts_and_containers() -> None:
    found = MADE.variables(file="/f.json", ansible="/f.ini")
    assert json.loads(found.pop("HARNESS_INVENTORY")) == json.loads(MADE.to_json())
    assert found == {
        "HARNESS_INVENTORY_FILE": "/f.json",
        "HARNESS_ANSIBLE_INVENTORY": "/f.ini",
        "HARNESS_ENVIRONMENT": "h1",
        "HARNESS_RELEASE": "4.1.1",
        "HARNESS_RELEASE_FROM": "4.1.0",
        "HARNESS_BACKEND_HOSTS": "backend-1 backend-2",
        "HARNESS_BACKEND_CONTAINERS": "h1-backend-1 h1-backend-2",
        "HARNESS_CACHE_HOSTS": "cache-1",
        "HARNESS_CACHE_CONTAINERS": "h1-cache-1",
        "HARNESS_LOG_SINK_HOSTS": "log.sink-1",
        "HARNESS_LOG_SINK_CONTAINERS": "h1-log.sink-1",
    }


def test_releases_are_filled_into_every_word_and_other_braces_stay() -> None:
    command = ["deploy", "{release}", "--from={from}", "{release}-{release}", "{other}", "${HOME}", "{}"]
    assert fill(command, release="2", release_from="1") == [
        "deploy", "2", "--from=1", "2-2", "{other}", "${HOME}", "{}",
    ]  # fmt: skip


@given(st.lists(st.text()))
def test_words_without_a_place_to_fill_are_passed_on_as_they_are(words: list[str]) -> None:
    plain = [word.replace("{", "(") for word in words]
    assert fill(plain, release="2", release_from="1") == plain
