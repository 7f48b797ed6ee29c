"""An environment that is asked thoroughly hears each worker of a replica."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fixtures import tiny
from harness.clock import ManualClock
from harness.history import History
from harness.plan.subject import Subject
from harness.stack import load
from suites.raw import raw, select
from suites.selftest.plan.made import OLD
from suites.selftest.probes.fakes import LocalReplica


class Standing(Subject):
    """As much of one as is asked for its releases: two replicas that run on this machine."""

    def __init__(self, command: list[str], history: History) -> None:
        self.id = "h1"
        self.history = history
        self.stack = _asked_by(command)
        self.fleet = [LocalReplica("web-1"), LocalReplica("web-2")]

    @property
    def fleet_services(self) -> Any:
        return ("web",)

    def __getitem__(self, service: str) -> Any:
        for replica in self.fleet:
            replica.service = service  # type: ignore[attr-defined]
        return tuple(self.fleet)


def _asked_by(command: list[str]) -> Any:
    stack = load(tiny.STACK, environ={})
    probe = stack.harness.probes.release["web"].model_copy(update={"command": command, "field": None})
    probes = stack.harness.probes.model_copy(update={"release": {"web": probe}})
    return stack.model_copy(update={"harness": stack.harness.model_copy(update={"probes": probes})})


def every_eighth(path: Path) -> list[str]:
    path.write_text("0")
    count = f"n=$(cat {path}); n=$((n+1)); echo $n >{path}"
    return ["sh", "-c", f"{count}; [ $((n % 8)) = 0 ] && echo 1.1.0 || echo 1.0.0"]


def test_one_bad_worker_of_eight_is_heard_by_a_thorough_question_alone(tmp_path: Path) -> None:
    history = History(clock=ManualClock())
    with history.scope(environment="h1"):
        for name in ("web-1", "web-2"):
            history.record(raw("probe.replica", replica=name, processes=1 if name == "web-2" else 9, error=None))
            history.record(raw("probe.replica", environment="h2", replica=name, processes=3, error=None))
        environment = Standing(every_eighth(tmp_path / "n"), history)
        assert environment.releases() == {"web-1": OLD, "web-2": OLD}
        assert environment.releases(thorough=True)["web-1"] == "1.0.0 and 1.1.0"
    asked = {event.data["replica"]: event.data for event in select(history.events, "probe.release")}
    assert sum(asked["web-1"]["answers"].values()) == 35
    assert "answers" not in asked["web-2"], "one process answers for itself"
