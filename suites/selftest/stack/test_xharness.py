"""The `x-harness` block."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.servers.postgres import Postgres
from harness.servers.redis import Redis
from harness.stack import Availability, Deployer, Log, Recovery, Request, State, Workload, XHarness
from harness.stack.xharness import Faults
from suites.selftest.stack.support import BLOCK, REFERENCE, loaded, refusal


def block(tmp_path: Path, text: str) -> XHarness:
    return loaded(tmp_path, f"services: {{lb: {{image: i}}}}\nx-harness:\n  {text}\n").harness


def test_the_reference_block_is_read_whole(tmp_path: Path) -> None:
    found = loaded(tmp_path, REFERENCE).harness
    assert (found.name, found.entrypoint, found.entry) == ("reference", "lb:80", ("lb", 80))
    assert found.releases == {"4.1.0": (), "4.1.1": (Path("compose.4.1.1.yaml"),)}
    assert found.deployer == Deployer(
        deploy=("deployctl", "deploy", "{release}"),
        rollback=("deployctl", "rollback"),
        service="control",
        timeout=120.0,
        environment={"KEY": "value"},
    )
    assert found.logs == {
        "backend": (
            Log(
                path="/var/log/b.log",
                max_silence=2.0,
                format="json",
                release="release",
                time="ts",
                errors="ERROR|Traceback",
            ),
        )
    }
    assert found.probes.release["backend"].field == "release"
    assert found.probes.health["backend"].command[0] == "curl"
    assert found.probes.registry is not None
    assert (found.probes.registry.service, found.probes.registry.command[0]) == ("database", "psql")
    assert found.probes.queue is not None
    assert found.probes.queue.command == ("redis-cli", "LLEN", "jobs")
    assert found.servers == {
        "database": Postgres(kind="postgres", service="database", user="app", database="app"),
        "cache": Redis(kind="redis", service="cache"),
    }
    assert found.state == {"backend": State(files=("/srv/backend", "/etc/backend"), ignore=("*.pyc",))}
    request = Request(method="POST", path="/environments/{id}/resume", status=(202,))
    assert found.workload == Workload(rate=50.0, request=request, ids=(1, 500), timeout=5.0)
    assert found.proxy.image == "toxiproxy:2"
    assert found.availability == Availability(latency=0.5, longest_outage=2.0, budget=0.02)
    assert found.faults == Faults(
        run=("cache.stale", "latency"), longest_outage=5.0, budget=0.2, more={"latency": {"ms": 50}}
    )
    assert found.checklist.items["support"].valid_for == 86400.0
    assert found.checklist.items["runbook"].who is None
    assert found.checklist.leave_out == {"gate.acknowledged": "nothing is acknowledged"}
    assert (found.checklist.migrations, found.checklist.valid_for) == (("db/{release}/*.sql",), 172800.0)
    assert found.recovery == Recovery(within=30.0, tolerance={"p50": 0.1, "p95": 0.25, "p99": 0.5}, confidence=0.95)


def test_a_file_without_the_block_has_all_defaults(tmp_path: Path) -> None:
    assert loaded(tmp_path, "services: {a: {image: i}}").harness == XHarness()


def test_keys_without_a_value_count_as_left_out(tmp_path: Path) -> None:
    assert block(tmp_path, "{entrypoint: , releases: , deployer: , workload: }") == XHarness()


def test_a_release_is_the_file_an_override_or_several(tmp_path: Path) -> None:
    files = {"a.yaml": "services: {}", "b.yaml": "services: {}"}
    text = "services: {lb: {image: i}}\nx-harness: {releases: {4.10: {}, 4.11: , 4.12: a.yaml, 4.13: [a.yaml, b.yaml]}}"
    found = loaded(tmp_path, text, files).harness.releases
    assert found == {"4.10": (), "4.11": (), "4.12": (Path("a.yaml"),), "4.13": (Path("a.yaml"), Path("b.yaml"))}


def test_ids_are_a_range_or_one(tmp_path: Path) -> None:
    first, second = (block(tmp_path, f"workload: {{ids: {ids}}}").workload for ids in ("5-7", "9"))
    assert first is not None
    assert second is not None
    assert (first.ids, second.ids) == ((5, 7), (9, 9))


def test_a_body_that_is_not_text_is_sent_as_json_with_its_header(tmp_path: Path) -> None:
    found = block(tmp_path, "workload: {request: {body: {a: [1]}, headers: {X: 1}}}").workload
    assert found is not None
    assert found.request.body == '{"a": [1]}'
    assert found.request.headers == {"X": "1", "Content-Type": "application/json"}


def test_a_header_of_the_users_own_stays(tmp_path: Path) -> None:
    found = block(tmp_path, "workload: {request: {body: [1], headers: {content-type: x}}}").workload
    assert found is not None
    assert found.request.headers == {"content-type": "x"}


@pytest.mark.parametrize(
    ("text", "where", "got", "expected"),
    [
        ("nam: x", "nam", "nam", "did you mean name?"),
        ("x-own: 1", "x-own", "x-own", "one of"),
        ("name: Ref X", "name", "Ref X", "lower-case"),
        ("name: 5", "name", "5", "text"),
        ("entrypoint: lb", "entrypoint", "lb", "a service and its port"),
        ("entrypoint: lb:0", "entrypoint", "lb:0", "from 1 to 65535"),
        ("entrypoint: lb:70000", "entrypoint", "lb:70000", "from 1 to 65535"),
        ("releases: [a]", "releases", "[a]", "a mapping"),
        ("releases: {a: {image: x}}", "releases.a", "a mapping with image", "{} for the file"),
        ("releases: {a: 5}", "releases.a", "5", "{} for the file"),
        ("deployer: x", "deployer", "x", "a mapping with deploy"),
        ("deployer: {deploy: [x]}", "deployer", "only deploy", "`rollback`"),
        ("deployer: {deploy: [x], rolback: [x]}", "deployer.rolback", "rolback", "did you mean rollback?"),
        ("deployer: {deploy: x, rollback: [x]}", "deployer.deploy", "x", "a list of words"),
        ("deployer: {deploy: [], rollback: [x]}", "deployer.deploy", "an empty list", "a list of words"),
        ("deployer: {deploy: [x, 5], rollback: [x]}", "deployer.deploy", "[x, 5]", "a list of words"),
        ("deployer: {deploy: [x], rollback: [x], timeout: 120}", "deployer.timeout", "120", "its unit"),
        ("deployer: {deploy: [x], rollback: [x], service: lb}", "deployer.service", "service", "in"),
        ("deployer: {deploy: [x], rollback: [x], environment: [A=1]}", "deployer.environment", "[A=1]", "a mapping"),
        ("logs: {lb: {path: /x}}", "logs.lb", "a mapping with path", "a list"),
        ("logs: {lb: [{path: x}]}", "logs.lb[0].path", "x", "absolute"),
        ("logs: {lb: [{path: /x, format: xml}]}", "logs.lb[0].format", "xml", "one of json, text"),
        ("logs: {lb: [{path: /dev/stdout}]}", "logs.lb[0].path", "/dev/stdout", "a file"),
        ("logs: {lb: [{path: /x, stdout: true}]}", "logs.lb[0]", "a mapping", "one of path, stdout and stderr"),
        ("logs: {lb: [{stdout: true, stderr: true}]}", "logs.lb[0]", "a mapping", "one of stdout and stderr"),
        ("logs: {lb: [{format: json}]}", "logs.lb[0]", "only format", "path"),
        ("logs: {lb: [{path: /x, errors: '('}]}", "logs.lb[0].errors", "(", "a regular expression"),
        ("logs: {lb: [{path: /x, max_silence: -1s}]}", "logs.lb[0].max_silence", "-1s", "a duration"),
        ("probes: {releases: {}}", "probes.releases", "releases", "did you mean release?"),
        ("probes: {release: {lb: [curl]}}", "probes.release.lb", "[curl]", "a mapping with command"),
        ("probes: {queue: {command: [x]}}", "probes.queue", "only command", "`in`"),
        ("probes: {queue: {in: lb}}", "probes.queue", "a mapping with in", "one of command and http"),
        ("probes: {queue: {in: lb, http: 'http://a/'}}", "probes.queue", "a mapping with in", "depth, the field"),
        ("probes: {queue: {in: lb, redis: {depth: LLEN}}}", "probes.queue.redis.depth", "LLEN", "a list of words"),
        ("probes: {haproxy: {in: lb}}", "probes.haproxy", "a mapping with in", "one of socket and url"),
        ("probes: {haproxy: {in: lb, socket: a.sock}}", "probes.haproxy.socket", "a.sock", "address:port"),
        ("state: {lb: {mysql: {}}}", "state.lb.mysql", "mysql", "one of allow, command, files, ignore"),
        ("servers: {lb: x}", "servers.lb", "x", "a mapping with `kind`, one of haproxy"),
        ("servers: {lb: {address: x}}", "servers.lb", "a mapping with address", "`kind`, one of haproxy"),
        ("servers: {lb: {kind: postgre}}", "servers.lb.kind", "postgre", "did you mean postgres?"),
        ("servers: {lb: {kind: 5}}", "servers.lb.kind", "5", "one of haproxy"),
        ("servers: {lb: {kind: haproxy}}", "servers.lb", "only kind", "`address`"),
        ("servers: {lb: {kind: haproxy, address: a}}", "servers.lb.address", "a", "address:port or the path"),
        ("servers: {lb: {kind: nginx}}", "servers.lb", "a mapping with kind", "`address`, its page of stub_status"),
        ("servers: {lb: {kind: redis, tables: [a]}}", "servers.lb.tables", "tables", "queues"),
        ("servers: {lb: {kind: redis, watch: 1}}", "servers.lb.watch", "1", "true or false"),
        ("servers: {lb: {kind: redis, in: cache}}", "servers.lb.in", "cache", "lb"),
        ("servers: {cache: {kind: redis}}", "servers.cache", "cache", "lb"),
        ("servers: {lb: {kind: redis, password: {}}}", "servers.lb.password", "an empty", "one of variable and file"),
        ("servers: {lb: {kind: redis, password: pw}}", "servers.lb.password", "is not shown", "a mapping with file"),
        ("servers: {lb: {kind: redis, password: {variable: a-b}}}", "servers.lb.password.variable", "a-b", "the name"),
        ("servers: {lb: {kind: redis, password: {file: a}}}", "servers.lb.password.file", "a", "an absolute path"),
        ("servers: {lb: {kind: redis, queue: {depth: LLEN}}}", "servers.lb.queue.depth", "LLEN", "a list of words"),
        ("servers: {lb: {kind: redis, readback: [GET, x]}}", "servers.lb.readback", "readback", "`acknowledged`"),
        (
            "servers: {lb: {kind: redis, queue: {depth: [L, a]}}, a: {kind: redis, in: lb, queue: {depth: [L, a]}}}",
            "servers.a.queue",
            "servers.lb.queue in line 3",
            "one queue",
        ),
        (
            "servers: {lb: {kind: haproxy, address: 'a:1'}, b: {kind: haproxy, in: lb, address: 'a:2'}}",
            "servers.b",
            "servers.lb in line 3",
            "one, the load balancer",
        ),
        ("state: {lb: {postgres: {user: u}}}", "state.lb.postgres", "only user", "`database`"),
        ("workload: {rate: 50}", "workload.rate", "50", "50/s"),
        ("workload: {rate: 0/s}", "workload.rate", "0/s", "above 0"),
        ("workload: {ids: 5-1}", "workload.ids", "5-1", "the lower first"),
        ("workload: {request: {method: SEND}}", "workload.request.method", "SEND", "GET"),
        ("workload: {request: {path: x}}", "workload.request.path", "x", "absolute"),
        ("workload: {request: {status: 202}}", "workload.request.status", "202", "a list"),
        ("workload: {request: {status: [99]}}", "workload.request.status[0]", "99", "100 or more"),
        ("workload: {request: {body: 5}}", "workload.request", "a mapping with body", "a text"),
        ("proxy: {image: ''}", "proxy.image", "", "a text"),
        ("proxy: toxiproxy", "proxy", "toxiproxy", "a mapping"),
        ("recovery: {tolerance: 0.1}", "recovery.tolerance", "0.1", "10%"),
        ("recovery: {tolerance: {p42: 10%}}", "recovery.tolerance", "p42", "p50, p95, p99"),
        ("recovery: {tolerance: {p50: a lot}}", "recovery.tolerance", "a mapping with p50", "a percentage, such as"),
        ("recovery: {tolerance: 0%}", "recovery.tolerance", "0%", "above 0%"),
        ("recovery: {tolerance: {p99: 10%}}", "recovery.tolerance", "a mapping with p99", "cannot be told from noise"),
        ("recovery: {confidence: 101%}", "recovery.confidence", "101%", "100% or less"),
        ("recovery: {within: 30}", "recovery.within", "30", "its unit"),
    ],
)
def test_a_mistake_is_named_with_its_line_key_and_what_was_expected(
    tmp_path: Path, text: str, where: str, got: str, expected: str
) -> None:
    error = refusal(tmp_path, f"services: {{lb: {{image: i}}}}\nx-harness:\n  {text}\n")
    assert str(error.where).endswith(f"compose.yaml, line 3: x-harness.{where}")
    assert got in str(error.got)
    assert expected in str(error.expected)


@pytest.mark.parametrize("text", ["x-harness: 5", "x-harness: [a]"])
def test_a_block_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert "a mapping" in str(refusal(tmp_path, f"services: {{lb: {{image: i}}}}\n{text}").expected)


def test_no_part_of_the_block_is_lost_on_the_way(tmp_path: Path) -> None:
    found = loaded(tmp_path, REFERENCE).harness
    assert set(found.model_fields_set) == set(XHarness.model_fields), BLOCK


def test_models_are_immutable_and_strict_in_python_too() -> None:
    with pytest.raises(ValidationError):
        Recovery(within=1.0, nonsense=2)  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        Recovery().within = 5.0  # type: ignore[misc]
