"""`harness fault`: what it lists and explains, and faults that are held by a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from harness import faults, proc
from harness.engine import Engine
from harness.engine.process import ExecProcess
from harness.environment.found import pick, proxy_of
from harness.errors import HarnessError
from harness.faults.holding import Order, State, directory, known
from harness.waiting import poll
from suites.selftest.commands.support import World
from suites.selftest.faults.servers import STACK


def harness(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)


def test_every_fault_is_listed_in_a_line_of_80_columns(bare: World) -> None:
    said = bare.inside("fault", "list", "-e", "none").out.splitlines()
    assert [line.split()[0] for line in said] == list(faults.names())
    assert max(map(len, said)) <= 80


def test_a_fault_is_explained_with_its_parameters_and_the_outage_behind_it(bare: World) -> None:
    said = bare.inside("fault", "explain", "cache.stale").out
    for words in ("Keys return to what they were at a mark", "simulates:", "how:", "needs:", "modelled on:", "mark"):
        assert words in said
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["explain", "cache.stall"], "There is no such fault"),
        (["inject", "cache.stall"], "There is no such fault"),
        (["inject", "latency", "ms"], "A parameter has no value"),
        (["inject", "latency", "ms=[1"], "A parameter is no YAML"),
        (["inject", "latency", "ms=1"], "The fault latency cannot be made"),
    ],
)
def test_a_mistake_is_named_and_ends_with_4(bare: World, words: list[str], says: str) -> None:
    ended = bare.inside("fault", *words, DOCKER_HOST="unix:///nonexistent/docker.sock")
    assert (ended.code, says in ended.err, "Traceback" in ended.err) == (4, True, False)


@pytest.fixture
def up() -> Iterator[str]:
    """The name of an environment that is up."""
    said = harness("up", str(STACK))
    assert said.returncode == 0, said.stderr
    name = said.stdout.split(":", maxsplit=1)[0]
    yield name
    assert harness("down", name).returncode == 0


def paused(engine: Engine, name: str) -> bool:
    return engine.containers.get(f"{name}-app-1").state().status == "paused"


@pytest.mark.containers
def test_faults_are_injected_listed_and_healed_and_by_the_keeper_where_their_process_is_killed(
    up: str, harness_engine: Engine
) -> None:
    on = harness("fault", "inject", "-e", up, "process.paused", "on=app")
    assert (on.returncode, on.stdout.splitlines()[0]) == (0, f"{up}: 1: pause of app: on, for 10m at most")
    assert paused(harness_engine, up)
    assert f"{up}: 1: pause of app, for another" in harness("fault", "list").stdout
    healed = harness("fault", "heal", "-e", up)
    said = f"{up}: 1: pause of app: healed; it touched nothing: app-1: 0 bytes came for it"
    assert (healed.returncode, healed.stdout) == (0, said + "\n")
    assert not paused(harness_engine, up)
    assert harness("fault", "heal", "-e", up).stdout == f"{up}: no fault is on\n"
    assert "healed before" in harness("fault", "heal", "-e", up, "1").stdout
    assert "There is no such fault" in harness("fault", "heal", "-e", up, "7").stderr

    assert harness("fault", "inject", "-e", up, "process.paused", "on=app").returncode == 0
    (state,) = [state for _, state in known(up) if state.turn == "on"]
    os.kill(int(state.holder.split("/")[-2]), signal.SIGKILL)
    assert poll(lambda: not paused(harness_engine, up), within=30.0, every=0.1)
    assert "the keeper" in harness("fault", "heal", "-e", up).stdout

    refused = harness("fault", "inject", "-e", up, "process.clock", "on=app", "seconds=60")
    assert (refused.returncode, "libfaketime" in refused.stderr) == (2, True)
    assert harness("fault", "mark", "-e", up, "before").stdout == "before: 0 keys of cache-1\n"
    assert harness("fault", "inject", "-e", up, "--for", "1s", "cache.stale").returncode == 0
    assert poll(lambda: all(not state.alive for _, state in known(up)), within=30.0, every=0.1)


def test_the_states_are_this_users_alone_and_a_torn_one_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    place = directory()
    assert place.stat().st_mode & 0o777 == 0o700
    for number, text in ((1, b"{"), (2, None)):
        (place / f"h1.{number}").mkdir()
        state = State(Order("h1", {"fault": "down"}, 5.0), number, "down", "on", holder=proc.identity())
        (place / f"h1.{number}" / "state.json").write_bytes(text or msgspec.json.encode(state))
    assert [(state.number, state.alive) for _, state in known("h1")] == [(2, True)]


def asked(engine: Engine, name: str, replica: str, statement: str) -> str:
    """What PostgreSQL in a replica answers; empty while it does not."""
    argv = ["psql", "-X", "-tA", "-U", "app", "-d", "app", "-c", statement]
    with suppress(HarnessError), ExecProcess.start(engine.api, f"{name}-{replica}", argv, name=replica) as process:
        lines = [text for stream, text in process.lines(20.0) if stream == "out"]
        return lines[0].strip() if process.exit_code() == 0 and lines else ""
    return ""


@pytest.mark.sampled
@pytest.mark.containers
def test_a_failover_whose_process_is_killed_is_taken_back_servers_and_links(up: str, harness_engine: Engine) -> None:
    roles = "SELECT pg_is_in_recovery()::int || ' ' || (SELECT count(*) FROM pg_stat_replication)"

    def look() -> list[str]:
        return [asked(harness_engine, up, one, roles) for one in ("database-1", "standby-1")]

    def leads() -> dict[str, str]:
        return {name: one.upstream for name, one in proxy_of(pick(harness_engine, up)).proxies().items()}

    before, links = look(), leads()
    assert before == ["0 1", "1 0"]
    on = harness("fault", "inject", "-e", up, "database.failed-over")
    assert on.returncode == 0, on.stderr
    assert asked(harness_engine, up, "standby-1", roles).startswith("0")
    assert leads() != links
    (state,) = [state for _, state in known(up) if state.turn == "on"]
    os.kill(int(state.holder.split("/")[-2]), signal.SIGKILL)
    assert poll(lambda: look() == before and leads() == links, within=120.0, every=0.5), (look(), leads())
