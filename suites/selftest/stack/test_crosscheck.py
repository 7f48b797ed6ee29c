"""Mistakes that show only when the parts are seen together."""

from __future__ import annotations

from pathlib import Path

import pytest

from suites.selftest.stack.support import BLOCK, REFERENCE, loaded, refusal


@pytest.mark.parametrize(
    ("old", "new", "where", "got"),
    [
        ("depends_on: [backend]", "depends_on: [backnd]", "line 2: services.lb.depends_on.backnd", "backnd"),
        ("entrypoint: lb:80", "entrypoint: web:80", "x-harness.entrypoint", "web"),
        ("in: control", "in: contrl", "x-harness.deployer.in", "contrl"),
        ("logs:\n    backend", "logs:\n    backnd", "x-harness.logs.backnd", "backnd"),
        ("release:  {backend", "release:  {backnd", "x-harness.probes.release.backnd", "backnd"),
        ("health:   {backend", "health:   {backnd", "x-harness.probes.health.backnd", "backnd"),
        ("in: database", "in: db", "x-harness.probes.registry.in", "db"),
        ("registry: {", "main: {front: x}\n    registry: {", "x-harness.probes.main.front", "front"),
        ("in: cache", "in: redis", "x-harness.probes.queue.in", "redis"),
        ("state:\n    backend", "state:\n    backnd", "x-harness.state.backnd", "backnd"),
        ("build: images/cache", "build: images/none", "line 12: services.cache.build", "images/none"),
        ("build: images/cache", "build: {context: images/lb, dockerfile: X}", "services.cache.build.dockerfile", "X"),
        ("{build: images/cache}", "{build: 'https://x/y.git'}", "services.cache.build", "https://x/y.git"),
        ("{build: images/cache}", "{hostname: x}", "line 12: services.cache", "neither"),
        ("compose.4.1.1.yaml", "none.yaml", 'x-harness.releases."4.1.1"', "none.yaml"),
        ("compose.4.1.1.yaml", "[compose.4.1.1.yaml, none.yaml]", 'x-harness.releases."4.1.1"[1]', "none.yaml"),
        ("depends_on: [database, cache]", "depends_on: [lb]", "services.backend.depends_on.lb", "lb -> backend -> lb"),
        ("depends_on: [database, cache]", "depends_on: [backend]", "depends_on.backend", "backend -> backend"),
        ("[database, cache]", "{cache: {condition: service_healthy}}", "depends_on.cache", "healthy"),
        ("depends_on: [database, cache]", "volumes: ['./none:/x']", "services.backend.volumes[0]", "/none"),
        ("depends_on: [database, cache]", "volumes: ['data:/x']", "services.backend.volumes[0]", "data"),
    ],
)  # fmt: skip
def test_a_name_or_a_file_that_is_not_there_is_refused(
    tmp_path: Path, old: str, new: str, where: str, got: str
) -> None:
    assert old in REFERENCE
    error = refusal(tmp_path, REFERENCE.replace(old, new, 1))
    assert where in str(error.where)
    assert got in str(error.got)
    assert error.expected


def test_a_name_that_is_nearly_right_is_suggested(tmp_path: Path) -> None:
    error = refusal(tmp_path, REFERENCE.replace("in: control", "in: contrl"))
    assert error.expected == "one of backend, cache, control, database, lb (did you mean control?)"


def test_a_healthcheck_of_the_services_own_dockerfile_counts(tmp_path: Path) -> None:
    text = "services: {a: {image: i, depends_on: {b: {condition: service_healthy}}}, b: {build: b}}"
    assert loaded(tmp_path, text, {"b/Dockerfile": "FROM scratch\nHEALTHCHECK CMD ls\n"})
    assert "no health check" in refusal(tmp_path, text, {"b/Dockerfile": "FROM scratch\nHEALTHCHECK NONE\n"}).what


def test_a_health_check_that_is_switched_off_is_none_to_wait_for(tmp_path: Path) -> None:
    text = (
        "services: {a: {image: i, depends_on: {b: {condition: service_healthy}}},"
        " b: {image: i, healthcheck: {disable: true}}}"
    )
    assert "no health check" in refusal(tmp_path, text).what


def test_dependencies_that_meet_again_are_no_circle(tmp_path: Path) -> None:
    text = (
        "services: {a: {image: i, depends_on: [b, c]}, b: {image: i, depends_on: [d]},"
        " c: {image: i, depends_on: [d]}, d: {image: i}}"
    )
    assert len(loaded(tmp_path, text).services) == 4


@pytest.mark.parametrize(
    ("volumes", "got"),
    [("{v: {external: true}}", "external"), ("{v: {driver: nfs}}", "driver"), ("{v: {driver_opts: {}}}", "driver_opts"),
     ("{v: 5}", "5"), ("[v]", "[v]"), ("{v: {nam: x}}", "nam")],
)  # fmt: skip
def test_a_volume_from_elsewhere_is_refused(tmp_path: Path, volumes: str, got: str) -> None:
    error = refusal(tmp_path, f"services: {{a: {{image: i}}}}\nvolumes: {volumes}\n")
    assert "line 2" in str(error.where)
    assert error.got == got


def test_a_misspelt_block_is_refused(tmp_path: Path) -> None:
    text = "services: {a: {image: i}}\n" + BLOCK.replace("x-harness", "x-harnes")
    assert refusal(tmp_path, text).expected == "x-harness"


@pytest.mark.parametrize(
    ("workload", "what", "where"),
    [
        ('{request: {acknowledged: "{key}"}}', "nothing reads back", "x-harness.workload"),
        ("{readback: {in: a, command: [x]}}", "no request acknowledges", "x-harness.workload.readback"),
        ("{canary: 1s}", "nothing by which it could be found", "x-harness.workload.canary"),
        ("{replay: {file: none.log}}", "access log does not exist", "x-harness.workload.replay"),
        ('{request: {acknowledged: "{key}"}, readback: {in: b, command: [x]}}', "does not exist", "readback.in"),
        ("{effects: {mails: {in: a, command: [x]}}}", "no request acknowledges", "x-harness.workload.effects.mails"),
        (
            '{request: {acknowledged: "{key}"}, effects: {mails: {in: b, command: [x]}}}',
            "does not exist",
            "workload.effects.mails.in",
        ),
        ('{request: {read: {path: "/a/{id}", expect: x}}}', "which request's work", "x-harness.workload.request.read"),
        (
            '{requests: [{path: "/b"}, {read: {path: "/a/{acknowledged}", expect: x}}]}',
            "no answer acknowledges",
            "x-harness.workload.requests[1].read",
        ),
        ('{request: {read: {path: "/a/{key}"}}}', "key is missing", "x-harness.workload.request.read"),
        ("{request: {read: {expect: x}}}", "key is missing", "x-harness.workload.request.read"),
        ("{ramp: {to: 1/s, over: 1s}, replay: {file: x}}", "form", "x-harness.workload"),
        ("{arrivals: poisson, ramp: {to: 1/s, over: 1s}}", "form", "x-harness.workload"),
        ('{request: {path: "/a"}, requests: [{path: "/b"}]}', "form", "x-harness.workload"),
        ('{request: {acknowledged: "{key}"}, readback: {in: a}}', "form", "x-harness.workload.readback"),
        ("{request: {call: nothing}}", "form", "x-harness.workload.request.call"),
        ("{request: {tcp: {send: x, answer: '('}}}", "form", "x-harness.workload.request.tcp.answer"),
    ],
)
def test_parts_of_a_workload_that_do_not_go_together_are_refused(
    tmp_path: Path, workload: str, what: str, where: str
) -> None:
    error = refusal(tmp_path, f"services: {{a: {{image: i}}}}\nx-harness:\n  workload: {workload}\n")
    assert what in error.what
    assert where in str(error.where)


@pytest.mark.parametrize(
    "workload",
    [
        '{canary: 1s, request: {headers: {X-Id: "{key}"}}}',
        '{canary: 1s, request: {tcp: {send: "{key}"}}}',
        "{canary: 1s, request: {call: 'team.calls:work'}}",
        '{request: {acknowledged: "{key}"}, readback: {in: a, command: [x]}}',
        '{request: {acknowledged: "json:job"}, readback: {in: a, http: "http://127.0.0.1/done"}}',
        '{request: {acknowledged: "{key}"}, effects: {mails: {in: a, command: [x]}}}',
        '{request: {read: {path: "/a/{n}", expect: x, within: 2s}}, reads: 50%}',
        '{request: {read: {path: "/a", headers: {X-Id: "{key}"}, expect: {a.b: "{value}"}}}}',
        "{replay: {file: access.log, speed: 2}}",
        "{steps: [{for: 5s, rate: 10/s}, {for: 1m, rate: 50/s}], retry: {attempts: 2}, tls: {verify: false}}",
    ],
)
def test_parts_that_go_together_are_taken(tmp_path: Path, workload: str) -> None:
    text = f"services: {{a: {{image: i}}}}\nx-harness:\n  workload: {workload}\n"
    assert loaded(tmp_path, text, {"access.log": ""}).harness.workload is not None


@pytest.mark.parametrize(
    ("deployer", "ignored"), [("{deploy: [x], rollback: [x]}", True), ("{strategy: rolling}", False), ("{}", False)]
)
def test_how_a_service_is_updated_is_ignored_only_where_commands_deploy_it(
    tmp_path: Path, deployer: str, ignored: bool
) -> None:
    web = "{image: i, deploy: {update_config: {parallelism: 2}, rollback_config: {delay: 1s}}}"
    warnings = loaded(tmp_path, f"services: {{web: {web}}}\nx-harness: {{deployer: {deployer}}}\n").warnings
    named = [key for key in ("update_config", "rollback_config") if f"services.web.deploy.{key} (" in str(warnings)]
    assert named == (["update_config", "rollback_config"] if ignored else [])
