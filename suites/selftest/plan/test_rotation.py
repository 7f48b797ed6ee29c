"""A log is rotated as logrotate does it, and what could not be done is said."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.checks import logs
from harness.checks.logs import ExpectedLog
from harness.errors import EngineGone, UsageError
from harness.events import LogRotate
from harness.history import History
from harness.plan import rotation
from harness.plan.gate import Gate, round_trip
from harness.stack import Log
from harness.verdict import Outcome
from suites.selftest.checks.builder import LOG, Made
from suites.selftest.plan.test_golden import NEW, OLD, stack
from suites.selftest.probes.fakes import LocalReplica


class Replica(LocalReplica):
    def __init__(self) -> None:
        super().__init__()
        self.signals: list[str] = []

    def kill(self, signal: str) -> None:
        self.signals.append(signal)


def rotated(path: Path, how: dict[str, Any] | None, given: Replica | None = None) -> tuple[Replica, History, Any]:
    replica, history = given or Replica(), History()
    log = Log.model_validate({"path": str(path), **({} if how is None else {"rotate": how})})
    declared = SimpleNamespace(harness=SimpleNamespace(logs={"backend": (log,)}))

    class Environment(dict[str, Any]):
        def replica(self, name: str) -> Replica:
            if name != replica.name:
                raise UsageError("No such replica", got=name)
            return replica

    environment: Any = Environment(backend=(replica,))
    environment.stack, environment.history, environment.id = declared, history, "h1"
    with history.scope(environment="h1"), history.phase("rotated"):
        rotation.rotate(environment)
    return replica, history, environment


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "it's a log.log"
    made.write_text("one\n")
    return made


def body(history: History) -> LogRotate:
    return history.of(LogRotate)[0].body


def test_the_file_is_renamed_beside_older_parts_and_the_writer_gets_its_signal(path: Path) -> None:
    Path(f"{path}.1").write_text("older")
    replica, history, _ = rotated(path, {"signal": "HUP"})
    assert (path.exists(), Path(f"{path}.2").read_text(), replica.signals) == (False, "one\n", ["HUP"])
    assert body(history) == LogRotate("backend-1", str(path), f"{path}.2", "SIGHUP", None)


def test_a_command_tells_it_as_well_and_one_that_fails_is_said(path: Path) -> None:
    rotated(path, {"command": ["touch", str(path)]})
    assert path.exists()
    _, history, _ = rotated(path, {"command": ["sh", "-c", "echo no server >&2; exit 1"]})
    assert body(history).error == "sh -c echo no server >&2; exit 1: no server"


def test_a_log_that_is_not_there_cannot_be_rotated(path: Path) -> None:
    path.unlink()
    replica, history, _ = rotated(path, {"signal": "HUP"})
    assert replica.signals == []
    assert "No such file" in str(body(history).error)
    assert body(history).part == ""


def test_a_replica_that_is_gone_is_said_and_the_engine_that_is_gone_ends_it(path: Path) -> None:
    away = Replica()
    away.gone = True
    _, history, environment = rotated(path, {}, away)
    assert body(history) == LogRotate("backend-1", str(path), "", "", "The replica is gone where: backend-1")
    rotation.put_away(environment, "rotated")
    silent = Replica()
    silent.before = {1: engine_gone}
    with pytest.raises(EngineGone):
        rotated(path, {}, silent)


def engine_gone() -> None:
    raise EngineGone("The engine is gone")


def test_a_log_that_does_not_declare_it_is_left_alone(path: Path) -> None:
    _, history, _ = rotated(path, None)
    assert path.exists()
    assert history.of(LogRotate) == ()


def test_what_a_rotation_left_is_put_away(path: Path) -> None:
    _, _, environment = rotated(path, {})
    rotation.put_away(environment, "rotated")
    assert list(path.parent.iterdir()) == []


def test_a_replica_that_is_gone_since_has_nothing_to_put_away_and_the_others_have(path: Path) -> None:
    replica, history, environment = rotated(path, {})
    other = path.with_name("other.1")
    other.touch()
    with history.scope(environment="h1"), history.phase("rotated"):
        history.record(LogRotate("backend-9", str(path), str(other), "SIGHUP", None))
        history.record(LogRotate(replica.name, str(path), str(other), "SIGHUP", None))
    rotation.put_away(environment, "rotated")
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(("phase", "where"), [("rotated", "h2"), ("before", "h1")])
def test_what_lies_there_and_was_left_in_another_phase_or_environment_stays(path: Path, phase: str, where: str) -> None:
    replica, history, environment = rotated(path, {})
    other = path.with_name("other.1")
    other.touch()
    with history.scope(environment=where), history.phase(phase):
        history.record(LogRotate(replica.name, str(path), str(other), "SIGHUP", None))
    rotation.put_away(environment, "rotated")
    assert list(path.parent.iterdir()) == [other]


def test_a_log_that_could_not_be_rotated_leaves_its_phase_unknown() -> None:
    expected = [ExpectedLog("backend-1", LOG, 2.0)]
    made = Made().log("rotated").load("rotated")
    assert logs.check(made.events, phase="rotated", release="4.1.1", logs=expected)
    made.add("log.rotate", "rotated", replica="backend-1", path=LOG, part="", told="SIGHUP", error="no such file")
    verdict = logs.check(made.events, phase="rotated", release="4.1.1", logs=expected)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.reason == f"{LOG} on backend-1 could not be rotated: no such file"


def test_the_gate_rotates_what_declares_it_and_nothing_else() -> None:
    plain = stack()
    declared = {
        service: tuple(
            log.model_copy(update={"rotate": Log.model_validate({"path": "/x", "rotate": {}}).rotate}) for log in found
        )
        for service, found in plain.harness.logs.items()
    }
    turned = plain.model_copy(update={"harness": plain.harness.model_copy(update={"logs": declared})})
    names = [[step.step_name() for step in round_trip(Gate(one, OLD, NEW)).steps] for one in (plain, turned)]
    assert ["rotate" in one for one in names] == [False, True]
    assert [name for name in names[1] if name != "rotate"] == names[0]
