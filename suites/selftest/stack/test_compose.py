"""Services out of a Compose file."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.stack import Condition, RollbackConfig, Service, Ulimit, UpdateConfig, keys
from suites.selftest.stack.support import loaded, refusal


def service(tmp_path: Path, *lines: str) -> Service:
    return loaded(tmp_path, "services:\n  a:\n    image: i\n" + "".join(f"    {line}\n" for line in lines)).service("a")


def refused(tmp_path: Path, *lines: str) -> tuple[str, str, str]:
    """Where (without the file), got, expected."""
    error = refusal(tmp_path, "services:\n  a:\n    image: i\n" + "".join(f"    {line}\n" for line in lines))
    return str(error.where).split("compose.yaml, ")[1], str(error.got), str(error.expected)


def test_what_is_left_out_has_composes_defaults(tmp_path: Path) -> None:
    found = service(tmp_path)
    assert (found.name, found.image, found.replicas, found.stop_grace_period) == ("a", "i", 1, 10.0)
    assert (found.build, found.command, found.healthcheck, found.init) == (None, None, None, None)


def test_every_plain_key_arrives(tmp_path: Path) -> None:
    found = service(
        tmp_path,
        "hostname: h", "user: '1000:1000'", "working_dir: /w", "labels: [l=1]", "cap_add: [NET_ADMIN]",
        "cap_drop: [ALL]", "init: true", "sysctls: {net.core.somaxconn: 1024}", "ulimits: {nofile: {soft: 1, hard: 2}}",
        "stop_grace_period: 1m", "stop_signal: SIGINT", "shm_size: 64m", "mem_limit: 1g", "cpus: '0.5'",
        "extra_hosts: ['x:1.2.3.4']", "tmpfs: [/run, '/tmp:size=64m']", "expose: [80]",
        "ports: ['8080:81', '53:53/udp']",
    )  # fmt: skip
    assert (found.hostname, found.user, found.working_dir, found.labels) == ("h", "1000:1000", "/w", {"l": "1"})
    assert (found.cap_add, found.cap_drop, found.init) == (("NET_ADMIN",), ("ALL",), True)
    assert (found.sysctls, found.ulimits) == ({"net.core.somaxconn": "1024"}, {"nofile": Ulimit(soft=1, hard=2)})
    assert (found.stop_grace_period, found.stop_signal) == (60.0, "SIGINT")
    assert (found.shm_size, found.mem_limit, found.cpus) == (64 << 20, 1 << 30, 0.5)
    assert (found.extra_hosts, found.tmpfs) == ({"x": "1.2.3.4"}, {"/run": "", "/tmp": "size=64m"})
    assert found.listens_on() == (80, 81)


def test_environment_values_are_text_as_compose_writes_them(tmp_path: Path) -> None:
    found = service(tmp_path, "environment: {A: 1, B: true, C: 1.5, D: on, E: '', F: 1e3, G: 4.1.1}")
    assert found.environment == {"A": "1", "B": "true", "C": "1.5", "D": "on", "E": "", "F": "1000", "G": "4.1.1"}


def test_replicas_have_numbered_names(tmp_path: Path) -> None:
    assert service(tmp_path, "deploy: {replicas: 2}").replica_names() == ("a-1", "a-2")
    assert service(tmp_path, "scale: 2").replicas == 2
    assert service(tmp_path, "deploy: {replicas: '2'}").replicas == 2


def test_two_different_numbers_of_replicas_are_refused(tmp_path: Path) -> None:
    where, got, _ = refused(tmp_path, "scale: 2", "deploy: {replicas: 3}")
    assert where == "line 4: services.a.scale"
    assert "3" in got
    assert service(tmp_path, "scale: 3", "deploy: {replicas: 3}").replicas == 3


def test_limits_of_deploy_are_the_services(tmp_path: Path) -> None:
    found = service(tmp_path, "deploy: {resources: {limits: {cpus: '0.5', memory: 64m}, reservations: {cpus: 1}}}")
    assert (found.cpus, found.mem_limit) == (0.5, 64 << 20)


def test_update_and_rollback_have_their_configuration(tmp_path: Path) -> None:
    found = service(
        tmp_path, "deploy: {update_config: {parallelism: 2, monitor: 3s}, rollback_config: {order: start-first}}"
    )
    assert found.update_config == UpdateConfig(parallelism=2, monitor=3.0)
    assert found.rollback_config == RollbackConfig(order="start-first")


def test_a_health_check_has_seconds_and_can_be_switched_off(tmp_path: Path) -> None:
    check = service(tmp_path, "healthcheck: {test: ls, interval: 500ms, start_period: 1m, retries: '5'}").healthcheck
    assert check is not None
    assert (check.test, check.interval, check.start_period, check.retries) == (("CMD-SHELL", "ls"), 0.5, 60.0, 5)
    for off in ("healthcheck: {disable: true}", "healthcheck: {test: [NONE]}"):
        check = service(tmp_path, off).healthcheck
        assert check is not None
        assert check.test == ("NONE",)


def test_conditions_are_read_from_both_forms(tmp_path: Path) -> None:
    text = (
        "services:\n  a: {image: i, depends_on: {b: {condition: service_healthy, restart: true},"
        " c: {condition: service_completed_successfully}, d: {condition: service_started, required: false}}}\n"
        "  b: {image: i, healthcheck: {test: ls}, depends_on: [c]}\n  c: {image: i}\n"
    )
    stack = loaded(tmp_path, text)
    assert stack.service("a").depends_on == {"b": Condition.HEALTHY, "c": Condition.COMPLETED}
    assert stack.service("b").depends_on == {"c": Condition.STARTED}


def test_a_build_has_its_context_dockerfile_and_arguments(tmp_path: Path) -> None:
    files = {"img/Other": "FROM scratch"}
    text = "services: {a: {build: {context: img, dockerfile: Other, args: [A=1, HOME], target: t}}}"
    build = loaded(tmp_path, text, files, {"HOME": "/h"}).service("a").build
    assert build is not None
    assert (build.context, build.dockerfile, build.target) == (tmp_path / "img", "Other", "t")
    assert build.args == {"A": "1", "HOME": "/h"}


def test_a_build_without_a_context_is_from_the_files_directory(tmp_path: Path) -> None:
    build = loaded(tmp_path, "services: {a: {build: {target: t}}}", {"Dockerfile": ""}).service("a").build
    assert build is not None
    assert build.context == tmp_path


def test_volumes_are_read_from_both_forms(tmp_path: Path) -> None:
    text = (
        "services: {a: {image: i, volumes: ['./x:/x:ro', 'v:/v', {type: tmpfs, target: /t, tmpfs: {size: 1m}},"
        " {type: bind, source: /abs/of/the/engine, target: /e}]}}\nvolumes: {v: }\n"
    )
    volumes = loaded(tmp_path, text, {"x": ""}).service("a").volumes
    assert [volume.type for volume in volumes] == ["bind", "volume", "tmpfs", "bind"]
    assert (volumes[0].source, volumes[0].read_only, volumes[2].size) == (str(tmp_path / "x"), True, 1 << 20)


def test_a_tilde_is_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert service(tmp_path, "volumes: ['~/x:/x']").volumes[0].source == "/home/somebody/x"


def test_a_service_of_a_profile_is_there_only_when_it_is_asked_for(tmp_path: Path) -> None:
    text = "services: {a: {image: i}, b: {image: i, profiles: [debug]}}"
    assert list(loaded(tmp_path, text).services) == ["a"]
    assert list(loaded(tmp_path, text, environ={"COMPOSE_PROFILES": "x,debug"}).services) == ["a", "b"]


def test_extension_keys_are_allowed_where_compose_allows_them(tmp_path: Path) -> None:
    found = service(tmp_path, "x-a: 1", "deploy: {x-b: 1, update_config: {x-c: 1}}", "healthcheck: {test: ls, x-d: 1}")
    assert found.healthcheck is not None


@pytest.mark.parametrize("key", sorted(keys.SERVICE_REFUSED))
def test_a_key_that_would_change_the_service_is_refused_with_what_to_do(tmp_path: Path, key: str) -> None:
    error = refusal(tmp_path, f"services:\n  a:\n    image: i\n    {key}: x\n")
    assert str(error.where).endswith(f"line 4: services.a.{key}")
    assert error.what == "The harness does not support this Compose key"
    assert error.hint


def test_keys_that_do_not_matter_are_named_in_one_warning(tmp_path: Path) -> None:
    lines = "".join(f"    {key}: x\n" for key in sorted(keys.SERVICE_IGNORED))
    (warning,) = loaded(tmp_path, f"version: '3'\nservices:\n  a:\n    image: i\n{lines}").warnings
    assert all(f"services.a.{key} " in warning for key in keys.SERVICE_IGNORED)
    assert "version (" in warning


def test_no_key_is_both_ignored_and_refused_or_supported() -> None:
    assert not keys.SERVICE_IGNORED & set(keys.SERVICE_REFUSED)
    assert not (keys.SERVICE_IGNORED | set(keys.SERVICE_REFUSED)) & Service.keys()


@pytest.mark.parametrize("key", ["include: [x]", "secrets: {s: {file: f}}", "configs: {c: {file: f}}"])
def test_a_top_level_key_that_would_matter_is_refused(tmp_path: Path, key: str) -> None:
    error = refusal(tmp_path, f"services: {{a: {{image: i}}}}\n{key}\n")
    assert "line 2" in str(error.where)
    assert error.hint


@pytest.mark.parametrize(
    ("line", "where", "expected"),
    [
        ("hostnam: x", "hostnam", "did you mean hostname?"),
        ("replicas: 3", "replicas", "deploy"),
        ("deploy: {replica: 3}", "deploy.replica", "did you mean replicas?"),
        ("deploy: {replicas: -1}", "deploy.replicas", "0 or more"),
        ("deploy: {replicas: true}", "deploy.replicas", "a whole number"),
        ("deploy: {mode: global}", "deploy.mode", "replicated"),
        (
            "deploy: {rollback_config: {failure_action: rollback}}",
            "deploy.rollback_config.failure_action",
            "continue, pause",
        ),
        ("deploy: {update_config: {order: x}}", "deploy.update_config.order", "stop-first, start-first"),
        ("deploy: {update_config: {max_failure_ratio: 2}}", "deploy.update_config.max_failure_ratio", "1 or less"),
        ("deploy: {resources: {limits: {memory: lots}}}", "deploy.resources.limits.memory", "a size"),
        ("deploy: 3", "deploy", "a mapping"),
        ("healthcheck: {test: [ls]}", "healthcheck.test", "CMD"),
        ("healthcheck: {test: ls, interval: 5}", "healthcheck.interval", "its unit"),
        ("healthcheck: {interval: 5s}", "healthcheck", "`test`"),
        ("healthcheck: {tests: ls}", "healthcheck", "`test`"),
        ("healthcheck: 5", "healthcheck", "a mapping"),
        ("depends_on: {a: x}", "depends_on.a", "condition"),
        ("depends_on: b", "depends_on", "a mapping"),
        ("ports: 80", "ports", "a list"),
        ("ports: [{published: 80}]", "ports[0]", "`target`"),
        ("ports: [{target: 99999}]", "ports[0].target", "65535"),
        ("volumes: ['x:/y']", "volumes[0]", "top-level"),
        ("volumes: [{type: nfs, target: /x}]", "volumes[0].type", "bind, volume, tmpfs"),
        ("volumes: [{type: bind, target: /x}]", "volumes[0]", "source"),
        ("ulimits: {nofile: {soft: 1}}", "ulimits.nofile", "`hard`"),
        ("environment: x", "environment", "a mapping"),
        ("environment: {A: [1]}", "environment.A", "a text or a number"),
        ("hostname: 5", "hostname", "text"),
        ("cpus: none", "cpus", "a number"),
        ("mem_limit: 1.5", "mem_limit", "a size"),
        ("init: maybe", "init", "true or false"),
        ("stop_grace_period: 10", "stop_grace_period", "its unit"),
        ("tmpfs: [run]", "tmpfs", "paths in the container"),
        ("env_file: 5", "env_file", "path"),
        ("profiles: x", "profiles", "a list"),
        ("networks: {default: {aliases: [x]}}", "networks.default.aliases", "None"),
    ],
)
def test_a_mistake_is_named_with_its_line_key_and_what_was_expected(
    tmp_path: Path, line: str, where: str, expected: str
) -> None:
    found, _, wanted = refused(tmp_path, line)
    assert found == f"line 4: services.a.{where}"
    assert expected in wanted


@pytest.mark.parametrize(
    "text", ["services:\n", "services: {}\n", "name: x\n", "services: [a]\n", "services: {a: }\n", "services: {a: 5}\n"]
)
def test_a_file_without_services_is_refused(tmp_path: Path, text: str) -> None:
    error = refusal(tmp_path, text)
    assert "services" in str(error)
    assert error.expected


def test_a_services_name_has_to_be_usable(tmp_path: Path) -> None:
    assert refusal(tmp_path, "services: {'a b': {image: i}}").got == "a b"
