"""Which faults the gate can inject into a stack, by what the stack declares, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures import reference
from fixtures.rolling import STACK as ROLLING
from harness.errors import UsageError
from harness.plan.cases import ACTS, MOMENTS, Case, cases, possible
from harness.stack import Stack, XHarness, load
from suites.selftest.plan.made import tiny_stack

REFERENCE = load(reference.STACK)
EVERYWHERE = ["all", "entrypoint"]
ALWAYS: dict[str, Any] = {
    "process.killed": {"on": "one"},
    "process.paused": {"on": "one"},
    "process.cpu-quota": {"on": "one", "cpus": 0.2},
}
CACHE: dict[str, Any] = {
    "cache.stale": {}, "cache.cold": {}, "cache.lost-invalidation": {}, "cache.frozen": {"from": "one"},
    "cache.immortal": {}, "cache.torn": {}, "cache.evicting": {},
}  # fmt: skip
POSTGRES: dict[str, Any] = {
    "database.dropped-connections": {}, "database.cached-plans": {}, "database.read-only": {},
    "database.restarted": {}, "database.disk-full": {},
}  # fmt: skip
SLOW: dict[str, Any] = {"database.slow": {"ms": 100}}
CACHES = ("redis", "valkey")
LOGS: dict[str, Any] = {"log.rotated": {}, "log.deleted": {}}


def with_(stack: Stack, **harness: Any) -> Stack:
    return stack.model_copy(update={"harness": stack.harness.model_copy(update=harness)})


def status(*fleet: str) -> dict[str, Any]:
    return {"http.status": {"from": EVERYWHERE, "to": list(fleet), "fraction": 0.2}}


def serving(**kinds: str) -> Stack:
    """The tiny stack with these servers, by service, and no log."""
    sql = {"user": "app", "database": "app"}
    declared = {name: {"kind": kind, **(sql if kind not in CACHES else {})} for name, kind in kinds.items()}
    return with_(tiny_stack(), servers=XHarness.model_validate({"servers": declared}).servers, logs={})


def test_the_reference_stack_can_have_every_fault_of_its_servers() -> None:
    assert possible(REFERENCE) == {
        "latency": {"from": "all", "to": ["database", "cache", "lb"], "ms": 100},
        "partition": {"from": "one", "to": "rest"},
        **CACHE, **POSTGRES, **SLOW, **ALWAYS, **status("backend"), **LOGS, "deployment.unreachable-replica": {},
    }  # fmt: skip


def test_a_fleet_that_only_the_entrypoint_asks_is_slow_for_that_and_cannot_be_cut_off() -> None:
    slow = {"latency": {"from": EVERYWHERE, "to": ["web"], "ms": 100}}
    assert possible(tiny_stack()) == {**slow, **ALWAYS, **status("web"), **LOGS}
    behind = load(ROLLING, environ={})
    cut = {"partition": {"from": "one", "to": "rest"}}
    assert possible(behind) == {**slow, **cut, **ALWAYS, **status("web")}, "of images, and behind a load balancer"
    nowhere = with_(behind, entrypoint=None)
    assert possible(nowhere) == {**slow, **ALWAYS, **status("web")}


def test_without_a_fleet_and_servers_nobody_is_slow() -> None:
    probes = tiny_stack().harness.probes.model_copy(update={"release": {}})
    assert possible(with_(tiny_stack(), probes=probes, logs={}, entrypoint=None)) == ALWAYS


@pytest.mark.parametrize(
    ("kind", "faults"),
    [("redis", CACHE), ("valkey", CACHE), ("postgres", {**POSTGRES, **SLOW}), ("mysql", SLOW), ("mariadb", SLOW)],
)
def test_each_kind_of_server_has_its_faults(kind: str, faults: dict[str, Any]) -> None:
    """Its replicas are talked to, and inside the stack is a deployer that may not reach one."""
    found = possible(serving(queue=kind))
    assert {name: parameters for name, parameters in found.items() if name not in ALWAYS} == {
        "latency": {"from": "all", "to": ["queue"], "ms": 100}, "partition": {"from": "one", "to": "rest"}, **faults,
        **status("web"), "deployment.unreachable-replica": {},
    }  # fmt: skip


def test_where_there_is_one_service_nobody_can_be_cut_off() -> None:
    stack = serving(web="redis")
    alone = stack.model_copy(update={"services": {"web": stack.services["web"]}})
    assert "partition" not in possible(alone)
    assert "partition" in possible(stack.model_copy(update={"services": dict([*stack.services.items()][:2])}))


def test_a_deployer_outside_of_the_stack_reaches_every_replica() -> None:
    stack = serving(queue="redis")
    assert stack.harness.deployer is not None
    outside = with_(stack, deployer=stack.harness.deployer.model_copy(update={"service": None}))
    assert "deployment.unreachable-replica" not in possible(outside)
    assert "deployment.unreachable-replica" not in possible(with_(stack, deployer=None))


def test_the_clock_of_the_first_service_that_takes_another_one_can_be_wrong() -> None:
    stack = tiny_stack()
    clocked = {
        name: service.model_copy(update={"environment": {**service.environment, "FAKETIME_TIMESTAMP_FILE": "/x"}})
        for name, service in stack.services.items()
    }
    found = possible(stack.model_copy(update={"services": clocked}))
    assert found["process.clock"] == {"on": f"one of {next(iter(clocked))}", "seconds": 3600}


def test_a_log_that_is_a_stream_can_be_neither_rotated_nor_deleted() -> None:
    logs = XHarness.model_validate({"logs": {"web": [{"path": "stdout", "stdout": True}]}}).logs
    assert not possible(with_(tiny_stack(), logs=logs)).keys() & LOGS.keys()


def test_parameters_that_the_stack_declares_go_before_the_gates_choice_and_other_faults_come_last() -> None:
    more = {"latency": {"ms": 300}, "dns.failing": {"from": "all"}}
    faults = tiny_stack().harness.faults.model_copy(update={"more": more})
    found = possible(with_(tiny_stack(), faults=faults))
    assert found["latency"] == {"from": EVERYWHERE, "to": ["web"], "ms": 300}
    assert [*found][-1] == "dns.failing"
    assert found["dns.failing"] == {"from": "all"}
    assert cases(with_(tiny_stack(), faults=faults), ["dns.failing"])[0].fault == {
        "fault": "dns.failing",
        "from": "all",
    }


def test_every_case_of_a_fault_has_its_parameters_and_an_act_has_no_fault() -> None:
    stack = tiny_stack()
    killed = {"fault": "process.killed", "on": "one"}
    assert cases(stack, ["process.killed"]) == [Case(killed, moment) for moment in MOMENTS]
    assert cases(stack, ["dns.failing"])[0] == Case({"fault": "dns.failing"}, "rollback-1"), "the gate has no choice"
    (act,) = cases(stack, ["failed-deployments"])
    assert act == Case({}, "after-failures", given="once", act="failed-deployments")
    assert [one.moment for one in cases(stack, ["two-deployers"])] == list(ACTS["two-deployers"].moments)
    full = cases(stack, ["full"])
    assert full[0] == Case({"fault": "latency", "from": EVERYWHERE, "to": ["web"], "ms": 100}, "rollback-1")
    assert {one.load for one in full} == {1.0, 2.0}


def test_pairs_are_covered_by_few_cases_and_not_triples() -> None:
    assert len(cases(tiny_stack(), ["standard"])) <= len(possible(tiny_stack())) * len(MOMENTS)


def test_what_is_no_fault_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError) as caught:
        cases(tiny_stack(), ["process.kiled"])
    error = caught.value
    assert (error.what, error.got) == ("There is no such fault or profile", "process.kiled")
    assert error.expected == (
        "one of failed-deployments, full, quick, same-command-twice, standard, two-deployers, or a fault "
        "(did you mean process.killed?)"
    )
    assert error.hint == "`harness fault list` lists the faults"


def test_a_stack_that_can_have_none_of_what_is_wanted_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        cases(load(ROLLING, environ={}), ["two-deployers"])
    error = caught.value
    assert (error.what, error.got) == ("No fault can be injected", "two-deployers")
    assert (error.where or "").endswith("compose.yaml")
    assert error.expected == "faults for which the stack declares what they need"
    assert error.hint == "`harness fault explain` says what that is"
