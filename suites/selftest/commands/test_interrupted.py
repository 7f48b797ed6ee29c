"""Ctrl-C, SIGTERM and SIGKILL: an end within seconds, a history that says so, and nothing left behind."""

from __future__ import annotations

import random
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.engine import Engine
from suites.selftest.commands.support import (
    ROUND_TRIP,
    Ended,
    Going,
    World,
    clean,
    deployer,
    eventually,
    left_of,
    left_on,
    variant,
)
from suites.soak import many

pytestmark = pytest.mark.containers

SOON = 60.0  # s, of a run that would take minutes; a busy machine saves every replica's logs before it is removed
MOMENTS = {
    "bringing it up": ("step.start", {"name": "up"}),
    "the baseline": ("step.start", {"name": "baseline"}),
    "the deployment": ("deployer.line", {"text": "web-1 runs 1.1.0"}),
    "the rollback": ("step.start", {"name": "rollback"}),
    "taking it down": ("step.start", {"name": "down"}),
}


def ended_well(world: World, engine: Engine, ended: Ended, code: int) -> None:
    """It has this exit code, told its end to the history, wrote its reports, and left nothing."""
    clean(ended)
    assert ended.code == code, ended.text
    assert ended.seconds < SOON
    events = world.events()
    assert [e.data["exit_code"] for e in events if e.kind == "run.end"] == [code]
    assert [e.data["exit_code"] for e in events if e.kind == "run.error"] in ([code], [None] if code == 130 else [code])
    assert "UNKNOWN" in ended.out
    assert "KeyboardInterrupt" not in ended.text
    if code >= 128:
        assert "interrupted by " + ("Ctrl-C" if code == 130 else signal.Signals(code - 128).name) in ended.out
    (run,) = world.directories()
    assert (run / "summary.md").is_file()
    assert (run / "junit.xml").is_file()
    nothing_left(world, engine)


def unsound(document: dict[str, Any]) -> None:
    """A baseline that nothing can be gated on: it is taken down soon."""
    document["x-harness"]["probes"]["registry"]["command"] = ["echo", "9.9"]


def nothing_left(world: World, engine: Engine) -> None:
    assert left_on(engine, world) == {}
    assert eventually(lambda: not world.processes()), world.processes()


@pytest.mark.sampled
@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_leaves_nothing_whenever_it_comes(world: World, engine: Engine, moment: str) -> None:
    going = world.gate(variant(world.directory, *([unsound] if moment == "taking it down" else [])), *ROUND_TRIP)
    kind, data = MOMENTS[moment]
    going.until(kind, **data)
    going.interrupt()
    ended_well(world, engine, going.end(), 130)


@pytest.mark.sampled
@pytest.mark.parametrize("moment", ["bringing it up", "the deployment"])
def test_sigterm_leaves_nothing(world: World, engine: Engine, moment: str) -> None:
    going = world.gate(variant(world.directory), *ROUND_TRIP)
    kind, data = MOMENTS[moment]
    going.until(kind, **data)
    going.signal(signal.SIGTERM)
    ended_well(world, engine, going.end(), 143)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(many(3)))
def test_ctrl_c_at_a_random_moment_leaves_nothing(world: World, engine: Engine, seed: int) -> None:
    """After so many events of the history, and a fraction of a second more: nobody chose that moment."""
    chosen = random.Random(seed)
    going = world.gate(variant(world.directory), *ROUND_TRIP)
    count, fraction = chosen.randrange(1, 45), chosen.random() * 0.2
    going.wait_for(lambda: any(len(events) >= count for events in world.histories()), f"{count} events")
    with pytest.raises(Exception, match="timed out"):
        going.process.wait(fraction)
    going.interrupt()
    ended_well(world, engine, going.end(), 130)


def test_two_at_once_are_one(world: World, engine: Engine) -> None:
    going = world.gate(variant(world.directory), *ROUND_TRIP)
    going.until("step.start", name="up")
    for _ in range(5):
        going.interrupt()
    ended_well(world, engine, going.end(), 130)


def test_ctrl_c_while_a_health_check_hangs_does_not_wait_for_it(world: World, engine: Engine) -> None:
    def hang(document: dict[str, Any]) -> None:
        document["services"]["web"]["healthcheck"] = {"test": ["CMD", "sleep", "600"], "timeout": "300s"}

    going = world.gate(variant(world.directory, hang), *ROUND_TRIP)
    going.until("step.start", name="up")
    going.wait_for(lambda: len(left_on(engine, world).get("containers", [])) >= 4, "four containers")
    going.interrupt()
    ended_well(world, engine, going.end(), 130)


def test_ctrl_c_while_an_image_is_built_ends_the_build_and_the_sweep_removes_what_it_left(
    world: World, engine: Engine
) -> None:
    context = world.directory / "slow"
    context.mkdir()
    text = f"FROM debian:bookworm-slim\nLABEL selftest={world.mark}\nRUN echo {world.mark} && sleep 120\n"
    (context / "Dockerfile").write_text(text)

    def slow(document: dict[str, Any]) -> None:
        document["services"]["queue"]["build"] = str(context)

    going = world.gate(variant(world.directory, slow), *ROUND_TRIP)
    going.wait_for(lambda: "Step 3/" in going.err.read_text(), "the slow step")
    going.interrupt()
    ended_well(world, engine, going.end(), 130)
    assert eventually(lambda: not building(world.mark)), "the build goes on"
    # While anybody else builds on this engine, a sweep leaves unnamed images alone.
    unnamed = {"dangling": True, "label": f"selftest={world.mark}"}
    assert eventually(lambda: world.harness("sweep").code == 0 and not engine.api.images(filters=unnamed), 60)


def building(mark: str) -> bool:
    """The build's container still runs its step."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"echo {mark}".encode() in (entry / "cmdline").read_bytes():
                return True
        except OSError:
            continue
    return False


LOCAL = [sys.executable, "-c", "import subprocess, time; subprocess.Popen(['sleep', '631'], start_new_session=True); "
         "print('under way', flush=True); time.sleep(600)"]  # fmt: skip


def local_deployer(world: World) -> Going:
    """A gate whose deployer runs on this machine, and has a child in a session of its own."""
    stack = variant(world.directory, deployer(LOCAL, ["true"], place="this machine", timeout="300s"))
    going = world.gate(stack, *ROUND_TRIP)
    going.until("deployer.line", text="under way")
    return going


@pytest.mark.sampled
def test_ctrl_c_ends_a_deployer_on_this_machine_and_what_it_started(world: World, engine: Engine) -> None:
    going = local_deployer(world)
    going.interrupt()
    ended_well(world, engine, going.end(), 130)


@pytest.mark.sampled
def test_after_sigkill_neither_generator_nor_deployer_survive_and_a_sweep_removes_the_rest(
    world: World, engine: Engine
) -> None:
    going = local_deployer(world)
    assert any("harness.workload.generator" in process for process in world.processes())
    going.signal(signal.SIGKILL)
    assert going.end().code == -signal.SIGKILL
    assert eventually(lambda: not world.processes()), world.processes()
    assert left_on(engine, world)["containers"]

    swept = world.harness("sweep")
    assert swept.code == 0, swept.text
    assert left_on(engine, world) == {}


@pytest.mark.sampled
def test_after_sigkill_the_next_run_sweeps_and_the_report_can_be_made(world: World, engine: Engine) -> None:
    going = world.gate(variant(world.directory), *ROUND_TRIP)
    going.until("verdict", check="release")
    going.signal(signal.SIGKILL)
    going.end()
    (killed,) = world.directories()
    assert left_on(engine, world)["containers"]

    report = world.harness("report", killed)
    clean(report)
    assert report.code == 0, report.text
    assert "UNKNOWN" in report.out
    assert (killed / "junit.xml").is_file()

    following = world.gate(variant(world.directory), *ROUND_TRIP)
    following.wait_for(lambda: len(world.directories()) == 2, "a second run")
    # A sweep that is interrupted leaves the rest to the next one, so this one comes to its end first.
    following.wait_for(lambda: left_of(engine, killed) == {} and left_on(engine, world), "the sweep")
    following.interrupt()
    clean(following.end())
    # Another run on this engine may have begun to sweep first, and be at it still.
    assert eventually(lambda: left_on(engine, world) == {}, 60), left_on(engine, world)


def test_ctrl_c_during_up_by_hand_leaves_nothing(world: World, engine: Engine) -> None:
    def hang(document: dict[str, Any]) -> None:
        document["services"]["web"]["healthcheck"] = {"test": ["CMD", "sleep", "600"], "timeout": "300s"}
        document["services"]["queue"]["labels"] = {"selftest": world.mark}

    going = world.start("up", variant(world.directory, hang))
    going.wait_for(lambda: engine.containers.list([f"selftest={world.mark}"]), "its container")
    going.interrupt()
    ended = going.end()
    clean(ended)
    assert ended.code == 130
    assert ended.seconds < SOON
    assert not engine.containers.list([f"selftest={world.mark}"])
    assert not world.processes()
