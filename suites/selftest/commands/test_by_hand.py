"""`harness up`, `ps`, `logs`, `exec`, `down`, `sweep` and `--keep`: what is printed works when it is typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest

from harness.engine import Engine
from harness.engine.labels import ENVIRONMENT
from harness.engine.sweep import sweep
from harness.history import read
from suites.raw import select
from suites.selftest.commands.support import ROUND_TRIP, Ended, World, clean, left_on, variant

pytestmark = pytest.mark.containers


@pytest.fixture
def up(world: World, engine: Engine) -> Iterator[Ended]:
    """The tiny stack, brought up by hand."""
    ended = world.harness("up", variant(world.directory))
    assert ended.code == 0, ended.text
    yield ended
    sweep(engine, environment=identity(ended), everything=True, kept=True)


def identity(ended: Ended) -> str:
    """The environment's name, as it was printed."""
    found = re.search(r"^(h[0-9a-f]{8}): ", ended.out, re.MULTILINE)
    assert found, ended.text
    return found[1]


def typed(world: World, ended: Ended, verb: str) -> Ended:
    """Type a line that it printed."""
    (line,) = [line.strip() for line in ended.out.splitlines() if line.strip().startswith(f"harness {verb} ")]
    words = shlex.split(line)[1:]
    return world.harness(*(words if verb != "exec" else [*words, "-c", "echo in $(hostname)"]))


def of(engine: Engine, environment: str) -> list[str]:
    return [container.name for container in engine.containers.list([f"{ENVIRONMENT}={environment}"])]


def test_what_up_prints_works_when_it_is_typed(world: World, engine: Engine, up: Ended) -> None:
    clean(up)
    entered = typed(world, up, "exec")
    assert (entered.code, entered.out.strip()) == (0, "in web-1"), entered.text
    assert typed(world, up, "logs").code == 0
    ended = typed(world, up, "down")
    assert ended.code == 0, ended.text
    assert of(engine, identity(up)) == []
    assert max(map(len, up.out.splitlines())) <= 80


def test_links_shows_what_was_used_and_all_of_a_consumers_links(world: World, up: Ended) -> None:
    port = re.search(r"127\.0\.0\.1:(\d+)", up.out)
    assert port, up.out
    with urlopen(f"http://127.0.0.1:{port[1]}/things/1", timeout=5) as answer:
        assert answer.status == 200
    used = world.harness("links", "-e", identity(up))
    assert re.search(r"^entrypoint -> web:8080 .* 1 +open .* up .* down$", used.out, re.MULTILINE), used.text
    assert re.search(r"^\d+ of \d+ links were not used$", used.out, re.MULTILINE), used.text
    every = world.harness("links", "-e", identity(up), "control-1")
    assert re.findall(r"^(\S+ -> \S+)", every.out, re.MULTILINE) == [
        f"control-1 -> {target}:8080" for target in ("web-1", "web-2", "web")
    ], every.text
    assert max(map(len, (used.out + every.out).splitlines())) <= 80
    refused = world.harness("links", "-e", identity(up), "web-9")
    assert (refused.code, "entrypoint" in refused.err) == (4, True), refused.text


def test_a_port_that_no_link_leads_to_is_named_when_the_stack_comes_up(world: World, engine: Engine) -> None:
    listen = "import socket, signal; s = socket.create_server(('', 9000)); signal.pause()"
    check = "[CMD, python3, -c, \"import socket; socket.create_connection(('127.0.0.1', 9000))\"]"
    override = world.directory / "override.yaml"
    override.write_text(
        f'services: {{queue: {{command: [python3, -c, "{listen}"], expose: [9001], healthcheck: {{test: {check}}}}}}}\n'
    )
    ended = world.harness("up", variant(world.directory), "-f", override)
    try:
        assert "warning: queue-1 listens on 9000, where no link leads" in ended.err, ended.text
        assert "declare what they need with `expose` in queue" in ended.err
    finally:
        sweep(engine, environment=identity(ended), everything=True, kept=True)


def test_ps_shows_every_replica_and_its_state(world: World, up: Ended) -> None:
    shown = world.harness("ps")
    clean(shown)
    assert all(name in shown.out for name in (identity(up), "kept", "web-1", "web-2", "control-1", "running"))


def test_exec_gives_the_commands_own_exit_code_and_options(world: World, up: Ended) -> None:
    one = world.harness("exec", "-e", identity(up), "web-1", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (one.code, one.out, one.err) == (7, "out\n", "err\n")
    kept_for_it = world.harness("exec", "-e", identity(up), "web-1", "grep", "-v", "x", "/etc/hostname")
    assert (kept_for_it.code, kept_for_it.out) == (0, "web-1\n")


def test_a_replica_or_an_environment_that_is_not_there_is_refused_with_those_that_are(world: World, up: Ended) -> None:
    for words, told in (
        (("exec", "-e", identity(up), "web-9", "true"), "web-1"),
        (("logs", "-e", "nowhere", "web-1"), identity(up)),
        (("down", "nowhere"), identity(up)),
    ):
        ended = world.harness(*words)
        clean(ended)
        assert ended.code == 4, ended.text
        assert told in ended.err


def test_a_dead_replica_is_told_by_exec_and_ps(world: World, engine: Engine, up: Ended) -> None:
    engine.containers.get(f"{identity(up)}-web-2").kill()
    ended = world.harness("exec", "-e", identity(up), "web-2", "true")
    clean(ended)
    assert ended.code == 2, ended.text
    assert "web-2 is exited" in ended.err
    assert "exited (137)" in world.harness("ps").out


def test_an_environment_that_is_kept_outlives_a_sweep_until_it_is_asked_for(
    world: World, engine: Engine, up: Ended
) -> None:
    assert world.harness("sweep").code == 0
    assert of(engine, identity(up))


def unsound(document: dict[str, Any]) -> None:
    """A baseline that nothing can be gated on: the shortest run that is no pass."""
    document["x-harness"]["probes"]["registry"]["command"] = ["echo", "9.9"]


@pytest.mark.sampled
def test_keep_failed_leaves_it_up_and_what_it_prints_works(world: World, engine: Engine) -> None:
    ended = world.gate(variant(world.directory, unsound), *ROUND_TRIP, "--keep", "failed").end()
    clean(ended)
    assert ended.code == 2, ended.text
    assert of(engine, identity(ended))
    entered = typed(world, ended, "exec")
    assert (entered.code, entered.out.strip()) == (0, "in web-1"), entered.text
    assert typed(world, ended, "logs").code == 0
    assert world.harness("sweep").code == 0
    assert of(engine, identity(ended)), "a kept environment is not swept"
    assert typed(world, ended, "down").code == 0
    assert left_on(engine, world) == {}


@pytest.mark.sampled
def test_keep_failed_leaves_a_replica_that_never_became_ready_to_look_into(world: World, engine: Engine) -> None:
    def never(document: dict[str, Any]) -> None:
        check = {"test": ["CMD", "false"], "interval": "200ms", "retries": 2, "timeout": "500ms"}
        document["services"]["queue"]["healthcheck"] = check

    ended = world.gate(variant(world.directory, never), *ROUND_TRIP, "--keep", "failed").end()
    clean(ended)
    assert ended.code == 2, ended.text
    assert typed(world, ended, "exec").code == 0
    assert typed(world, ended, "down").code == 0
    assert left_on(engine, world) == {}


@pytest.mark.sampled
def test_keep_always_keeps_what_passed_and_keep_failed_does_not(world: World, engine: Engine) -> None:
    gate = ("--keep", "always", "--scenario", "half-deployment")
    ended = world.gate(variant(world.directory), *gate).end()
    assert ended.code == 0, ended.text
    assert typed(world, ended, "down").code == 0
    assert left_on(engine, world) == {}


@pytest.mark.sampled
def test_two_gates_at_once_do_not_disturb_each_other(world: World, engine: Engine) -> None:
    """What they judge about a release is right; what they measure of its speed on a busy machine is not in question."""
    going = [world.gate(variant(world.directory / name), "--scenario", "half-deployment") for name in ("a", "b")]
    ended = [one.end(90) for one in going]
    assert all(one.code in (0, 2) for one in ended), ended[0].text + ended[1].text
    for run in world.directories():
        events = read(run / "events.jsonl")
        assert not select(events, "container", action="die")
        assert not [e.data for e in events if e.kind == "verdict" and e.data["outcome"] == "fail"]
        assert select(events, "environment.down")
    assert left_on(engine, world) == {}


@pytest.mark.sampled
def test_a_sweep_and_a_start_leave_a_living_run_alone(world: World, engine: Engine) -> None:
    going = world.gate(variant(world.directory), "--scenario", "half-deployment")
    going.until("environment.up")
    for _ in range(3):
        assert world.harness("sweep").code == 0
    ended = going.end(90)
    assert ended.code == 0, ended.text
    assert left_on(engine, world) == {}


def test_down_with_nothing_up_says_so(world: World) -> None:
    ended = world.harness("down", "hffffffff")
    clean(ended)
    assert ended.code == 4
