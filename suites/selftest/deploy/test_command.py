"""The team's own command: how it is started, followed, ended and recorded."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.clock import ManualClock
from harness.deploy.command import TAIL_LINES, CommandDeployer, RunningCommand
from harness.environment import Environment
from harness.errors import DeployerError, EngineGone
from harness.history import History
from harness.redaction import Redactor
from harness.stack import Deployer as Declared
from suites.raw import select

Line = tuple[str, str] | None | BaseException


class FakeProcess:
    """Gives its lines, then its end. A TimeoutError among them passes as much time as was waited for."""

    def __init__(self, *lines: Line, code: int = 0, clock: ManualClock | None = None, endless: bool = False) -> None:
        self._lines, self._code, self._clock, self._endless = list(lines), code, clock, endless
        self.waits: list[float] = []
        self.called: list[str] = []

    def line(self, timeout: float) -> tuple[str, str] | None:
        self.waits.append(timeout)
        line = self._lines.pop(0) if self._lines else (TimeoutError() if self._endless else None)
        if isinstance(line, TimeoutError):
            if self._clock is not None:
                self._clock.advance(timeout)
            else:
                time.sleep(0.001)
        if isinstance(line, BaseException):
            raise line
        return line

    def exit_code(self) -> int:
        return self._code

    def kill(self) -> None:
        self.called.append("kill")

    def close(self) -> None:
        self.called.append("close")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def history(clock: ManualClock) -> History:
    return History(clock=clock)


def running(process: FakeProcess, history: History, timeout: float = 10.0) -> RunningCommand:
    return RunningCommand(process, "deploy", "4.1.1", 3, timeout, history)


def test_every_line_is_in_the_history_with_the_id_of_its_start(history: History) -> None:
    running(FakeProcess(("out", "one"), ("err", "two")), history).wait()
    found = select(history.events, "deployer.line")
    assert [(e.data["start"], e.data["stream"], e.data["text"]) for e in found] == [
        (3, "out", "one"),
        (3, "err", "two"),
    ]


@pytest.mark.parametrize(("code", "claims"), [(0, True), (7, False)])
def test_its_exit_code_is_recorded_and_never_an_exception(code: int, claims: bool, history: History) -> None:
    ended = running(FakeProcess(code=code), history).wait()
    (event,) = select(history.events, "deployer.end", start=3)
    assert (event.data["ended"], event.data["exit_code"], event.data["error"]) == ("exit", code, None)
    assert (event.data["verb"], event.data["release"]) == ("deploy", "4.1.1")
    assert (ended.ended, ended.exit_code, ended.event, ended.claims_success) == ("exit", code, event.id, claims)


def test_a_command_that_hangs_is_killed_at_its_timeout_and_not_before(clock: ManualClock, history: History) -> None:
    process = FakeProcess(("out", "begun"), clock=clock, endless=True)
    ended = running(process, history, timeout=10.0).wait()
    assert (ended.ended, ended.exit_code, ended.claims_success) == ("timeout", None, False)
    assert ended.seconds == pytest.approx(10.0)
    assert process.called == ["kill", "close"]
    assert max(process.waits) <= 0.2


def test_a_chatty_command_is_killed_at_its_timeout_too(clock: ManualClock, history: History) -> None:
    class Chatty(FakeProcess):
        def line(self, timeout: float) -> tuple[str, str] | None:  # noqa: ARG002
            clock.advance(1.0)
            return "out", "still here"

    assert running(Chatty(), history, timeout=10.0).wait().ended == "timeout"
    assert len(select(history.events, "deployer.line")) == 10


def test_stop_kills_it_where_it_stands(history: History) -> None:
    process = FakeProcess(("out", "begun"), endless=True)
    begun = threading.Event()
    history.listen(lambda event: begun.set() if event.kind == "deployer.line" else None)
    command = running(process, history)
    assert begun.wait(20)
    before, ended, after = command.ended, command.stop(), command.ended
    assert (before, after) == (False, True)
    assert (ended.ended, ended.exit_code, ended.claims_success) == ("stopped", None, False)
    assert process.called == ["kill", "close"]


def test_stopping_what_has_ended_tells_how_it_ended(history: History) -> None:
    command = running(FakeProcess(code=7), history)
    command.wait()
    assert command.stop().exit_code == 7
    assert len(select(history.events, "deployer.end")) == 1


def test_ctrl_c_while_waiting_kills_it_first(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    process = FakeProcess(endless=True)
    command = running(process, history)
    over, waits = vars(command)["_over"], list[float | None]()
    wait = over.wait

    def interrupted(timeout: float | None = None) -> bool:
        waits.append(timeout)
        if len(waits) == 1:
            raise KeyboardInterrupt
        return bool(wait(timeout))

    monkeypatch.setattr(over, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        command.wait()
    assert process.called == ["kill", "close"]
    assert select(history.events, "deployer.end")[0].data["ended"] == "stopped"


def test_an_error_while_it_is_followed_is_handed_to_whoever_waits_and_recorded_as_lost(history: History) -> None:
    process = FakeProcess(("out", "begun"), EngineGone("the engine went away"))
    command = running(process, history)
    for _ in range(2):
        with pytest.raises(EngineGone, match="the engine went away"):
            command.wait()
    (event,) = select(history.events, "deployer.end")
    assert (event.data["ended"], event.data["exit_code"]) == ("lost", None)
    assert event.data["error"] == "the engine went away"
    assert process.called == ["close"]


def test_the_last_lines_are_kept_for_messages(history: History) -> None:
    lines = [("out", str(number)) for number in range(TAIL_LINES + 10)]
    assert running(FakeProcess(*lines), history).wait().tail == tuple(str(n) for n in range(10, TAIL_LINES + 10))


# -- the deployer ------------------------------------------------------------------------------------------------------


class FakeReplica:
    name, service, container = "control-1", "control", "h1-control-1"

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def write(self, path: str, text: str) -> None:
        self.files[path] = text


class Started:
    """Stands in for both kinds of process and remembers what was started."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str], dict[str, str]]] = []
        self.refuse: Exception | None = None

    def inside(self, replica: FakeReplica, command: Sequence[str], variables: dict[str, str]) -> FakeProcess:  # noqa: ARG002
        return self._start("inside", command, variables)

    def outside(self, command: Sequence[str], variables: dict[str, str], directory: Path) -> FakeProcess:
        assert directory == Path("/made")
        return self._start("outside", command, variables)

    def _start(self, place: str, command: Sequence[str], variables: dict[str, str]) -> FakeProcess:
        if self.refuse is not None:
            raise self.refuse
        self.calls.append((place, list(command), dict(variables)))
        return FakeProcess(("out", "done"))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    found = Started()
    monkeypatch.setattr("harness.deploy.command.ReplicaProcess", found.inside)
    monkeypatch.setattr("harness.deploy.command.LocalProcess", found.outside)
    return found


class FakeEnvironment(dict[str, tuple[FakeReplica, ...]]):
    id, release = "h1", "4.1.0"
    engine = SimpleNamespace(endpoint=SimpleNamespace(url="unix:///run/d.sock"))
    stack = SimpleNamespace(file=Path("/made/compose.yaml"))

    @property
    def replicas(self) -> tuple[FakeReplica, ...]:
        return self["control"]


def deployer(history: History, service: str | None = "control", **environment: str) -> CommandDeployer:
    made: Any = FakeEnvironment(control=(FakeReplica(),))
    declared = Declared.model_validate(
        {
            "deploy": ["tool", "deploy", "{release}", "--from", "{from}"],
            "rollback": ["tool", "rollback", "{release}", "{from}"],
            "in": service, "timeout": 5.0, "environment": environment,
        }
    )  # fmt: skip
    return CommandDeployer(cast(Environment, made), declared, history)


def test_deploying_and_rolling_back_fill_in_the_releases(started: Started, history: History) -> None:
    made = deployer(history)
    made.deploy("4.1.1")
    made.rollback()
    made.rollback()
    assert [command for _, command, _ in started.calls] == [
        ["tool", "deploy", "4.1.1", "--from", "4.1.0"],
        ["tool", "rollback", "4.1.0", "4.1.1"],
        ["tool", "rollback", "4.1.0", "4.1.0"],
    ]


@pytest.mark.parametrize("service", ["control", None])
def test_one_beside_it_is_told_the_same_and_has_files_of_its_own(
    started: Started, history: History, service: str | None
) -> None:
    made = deployer(history, service)
    made.deploy("4.1.1")
    other = made.beside()
    made.rollback()
    other.rollback()
    (_, first, ours), (_, second, others) = started.calls[1:]
    assert first == second == ["tool", "rollback", "4.1.0", "4.1.1"]
    files = ("HARNESS_INVENTORY_FILE", "HARNESS_ANSIBLE_INVENTORY")
    assert not {ours[name] for name in files} & {others[name] for name in files}
    assert ours["HARNESS_INVENTORY"] == others["HARNESS_INVENTORY"]


def test_the_start_is_recorded_with_verb_release_command_and_place(started: Started, history: History) -> None:
    deployer(history).deploy("4.1.1")
    (start,) = select(history.events, "deployer.start")
    assert start.data == {
        "verb": "deploy", "release": "4.1.1", "command": ["tool", "deploy", "4.1.1", "--from", "4.1.0"],
        "place": "control",
    }  # fmt: skip
    assert [event.data["start"] for event in select(history.events, "deployer.line")] == [start.id]
    assert [event.data["start"] for event in select(history.events, "deployer.end")] == [start.id]


def test_in_a_service_it_finds_the_inventory_in_files_and_variables(started: Started, history: History) -> None:
    made = deployer(history, KEY="value", HARNESS_RELEASE="its own")
    made.deploy("4.1.1")
    ((place, _, variables),) = started.calls
    files = made.environment["control"][0].files  # type: ignore[attr-defined]
    assert place == "inside"
    assert json.loads(files[variables["HARNESS_INVENTORY_FILE"]]) == json.loads(variables["HARNESS_INVENTORY"])
    assert "ansible_host=control-1" in files[variables["HARNESS_ANSIBLE_INVENTORY"]]
    assert (variables["KEY"], variables["HARNESS_RELEASE"]) == ("value", "its own")
    assert variables["HARNESS_RELEASE_FROM"] == "4.1.0"
    assert "PATH" not in variables  # the replica's own


def test_on_this_machine_it_gets_our_variables_the_engine_and_the_files(
    started: Started, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "kept")
    made = deployer(history, service=None)
    made.deploy("4.1.1")
    ((place, _, variables),) = started.calls
    assert place == "outside"
    assert (variables["OURS"], variables["DOCKER_HOST"]) == ("kept", "unix:///run/d.sock")
    assert json.loads(Path(variables["HARNESS_INVENTORY_FILE"]).read_text())["release"] == "4.1.1"
    assert "community.docker.docker" in Path(variables["HARNESS_ANSIBLE_INVENTORY"]).read_text()
    assert select(history.events, "deployer.start")[0].data["place"] == "this machine"


def test_what_cannot_be_started_is_an_outcome_and_recorded_as_not_started(started: Started, history: History) -> None:
    started.refuse = DeployerError("no such command")
    ended = deployer(history).deploy("4.1.1")
    assert (ended.ended, ended.claims_success, ended.tail) == ("not started", False, ("no such command",))
    (end,) = select(history.events, "deployer.end")
    assert (end.data["start"], end.data["ended"], end.data["exit_code"]) == (0, "not started", None)
    assert end.data["error"] == "no such command"


def test_another_command_of_the_deployer_runs_in_its_place_and_with_its_variables(
    started: Started, history: History
) -> None:
    made = deployer(history)
    made.deploy("4.1.1")
    assert made.run("fix-forward", ["tool", "patch", "{release}"]).verb == "fix-forward"
    place, command, variables = started.calls[-1]
    assert (place, command) == ("inside", ["tool", "patch", "{release}"])
    assert variables["HARNESS_RELEASE"] == "4.1.1"


def test_neither_its_lines_nor_the_last_of_them_hold_a_secret() -> None:
    history = History(clock=ManualClock(), redactor=Redactor(["Zx9secretPw"]))
    process = FakeProcess(("out", "log in with Zx9secretPw"), ("err", "Authorization: Bearer other17"))
    ended = running(process, history).wait()
    assert "Zx9secretPw" not in f"{ended} {history.events}"
    assert "other17" not in f"{ended} {history.events}"
    assert ended.tail[0].startswith("log in with hidden:")


def test_a_private_key_that_it_prints_is_hidden_line_by_line(history: History) -> None:
    key = ["-----BEGIN PRIVATE KEY-----", "MIIEvgIBADANBg", "-----END PRIVATE KEY-----"]
    running(FakeProcess(*(("out", line) for line in key), ("err", "MIIEvgIs fine")), history).wait()
    told = [event.data["text"] for event in select(history.events, "deployer.line")]
    assert told[1].startswith("hidden:")
    assert [told[0], *told[2:]] == [key[0], key[2], "MIIEvgIs fine"]
