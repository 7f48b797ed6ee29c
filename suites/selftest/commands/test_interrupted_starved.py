"""Signals to a run whose replicas have no CPU time, and to one that keeps its environment: an end in time, and true."""

from __future__ import annotations

import re
import shlex
import signal
import time
from typing import Any

import pytest

from harness import signals
from harness.engine import Container, Engine
from harness.engine.labels import REPLICA, RUN
from harness.environment.environment import EVIDENCE_WITHIN
from suites.selftest.commands.support import ROUND_TRIP, Going, World, clean, eventually, is_running, left_on, variant

pytestmark = [pytest.mark.containers, pytest.mark.sampled]

SOON = 30.0  # s from the first signal, whatever the replicas do


def replicas(engine: Engine, world: World) -> dict[str, Container]:
    """The containers of the only run, by replica."""
    found = [one for run in world.directories() for one in engine.containers.list([f"{RUN}={run.name}"])]
    return {container.labels[REPLICA]: container for container in found}


def runs(engine: Engine, container: Container | None, command: str) -> bool:
    """Whether a command runs in a container."""
    if container is None or not is_running(container):
        return False
    rows = engine.api.top(container.id, ps_args="-eo pid,args")["Processes"] or []
    return any(row[1] == command for row in rows)


def starve(engine: Engine, container: Container) -> None:
    """Leave it a hundredth of a processor, and keep that busy: nobody in it comes to anything."""
    for _ in range(2):
        busy = engine.api.exec_create(container.id, ["/bin/sh", "-c", "while :; do :; done"])["Id"]
        engine.api.exec_start(busy, detach=True)
    engine.api.update_container(container.id, cpu_period=100_000, cpu_quota=1_000)


def starved_in_a_question(world: World, engine: Engine) -> Going:
    """A gate that asks a replica for its health, which has no CPU time to answer."""

    def slow(document: dict[str, Any]) -> None:
        document["x-harness"]["probes"]["health"] = {"web": {"command": ["sleep", "103"]}}

    going = world.gate(variant(world.directory, slow), *ROUND_TRIP)
    going.wait_for(lambda: runs(engine, replicas(engine, world).get("web-1"), "sleep 103"), "the question")
    starve(engine, replicas(engine, world)["web-1"])
    return going


def test_ctrl_c_while_a_replica_without_cpu_time_is_asked_ends_the_run_and_is_no_probe_that_failed(
    world: World, engine: Engine
) -> None:
    going = starved_in_a_question(world, engine)
    going.interrupt()
    ended = going.end()
    clean(ended)
    assert ended.code == 130, ended.text
    assert ended.seconds < SOON
    events = world.events()
    assert [event.data for event in events if event.kind in ("verdict", "probe.health")] == []
    assert [event.data["what"] for event in events if event.kind == "run.error"] == ["interrupted by Ctrl-C"]
    assert [event.data["exit_code"] for event in events if event.kind == "run.end"] == [130]
    assert left_on(engine, world) == {}
    assert eventually(lambda: not world.processes()), world.processes()


def test_a_second_signal_skips_the_evidence_and_a_third_ends_at_once(world: World, engine: Engine) -> None:
    going = starved_in_a_question(world, engine)
    going.interrupt()
    going.until("step.end", name="baseline", ok=False)
    began = time.monotonic()  # the first one was heard by now, which may have taken its time
    going.wait_for(lambda: time.monotonic() - began > signals.APART, "a signal of its own")
    going.interrupt()
    going.wait_for(lambda: signals.HURRY in going.err.read_text(), "the second one's answer")
    began = time.monotonic()
    going.until("step.start", name="down")
    assert time.monotonic() - began < EVIDENCE_WITHIN, "the evidence of a replica that does not answer was waited for"
    going.wait_for(lambda: time.monotonic() - began > signals.APART, "a signal of its own")
    going.signal(signal.SIGTERM)
    ended = going.end()
    clean(ended)
    assert ended.code == 143, ended.text
    assert signals.AT_ONCE in ended.err
    events = world.events()
    assert events[-1].kind == "run.end"
    assert (events[-1].data["exit_code"], events[-1].data["outcome"]) == (143, "unknown")
    assert eventually(lambda: not world.processes()), world.processes()
    swept = world.harness("sweep")
    assert swept.code == 0, swept.text
    assert left_on(engine, world) == {}


def test_sigterm_while_an_environment_comes_up_that_is_kept_leaves_its_replicas_running_and_says_what_is_left(
    world: World, engine: Engine
) -> None:
    def hang(document: dict[str, Any]) -> None:
        document["services"]["web"]["healthcheck"] = {"test": ["CMD", "sleep", "600"], "timeout": "300s"}
        document["services"]["control"]["depends_on"] = {"web": {"condition": "service_healthy"}}

    expected = {"web-1": "running", "web-2": "running", "queue-1": "running", "door": "running", "control-1": "created"}
    going = world.gate(variant(world.directory, hang), *ROUND_TRIP, "--keep", "always")
    going.wait_for(lambda: runs(engine, replicas(engine, world).get("web-2"), "sleep 600"), "a health check")
    going.wait_for(lambda: runs(engine, replicas(engine, world).get("web-1"), "sleep 600"), "the other one")
    going.signal(signal.SIGTERM)
    ended = going.end()
    clean(ended)
    assert ended.code == 143, ended.text
    assert ended.seconds < SOON
    assert {name: one.state().status for name, one in replicas(engine, world).items()} == expected
    told = " ".join(ended.out.split())
    assert "is kept, and was never ready" in told
    assert "control-1: created and was never started" in told
    assert re.search(r"web-1, web-2, queue-1, door: running", told), told
    (line,) = [line.strip() for line in ended.out.splitlines() if line.strip().startswith("harness down ")]
    down = world.harness(*shlex.split(line)[1:])
    assert down.code == 0, down.text
    assert left_on(engine, world) == {}
