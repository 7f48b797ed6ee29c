"""An environment as a test sees it: its logs are followed from its start, its replicas tell their release."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.clock import ManualClock
from harness.environment import Environment
from harness.errors import NotMeasured, UsageError
from harness.history import History
from harness.plan import subject as module
from harness.plan.subject import Subject
from suites.raw import raw, select
from suites.selftest.plan.made import NEW, OLD, tiny_stack
from suites.selftest.probes.fakes import LocalReplica, SaidRaw


class FakeReplica(LocalReplica):
    """Notes what is done to its logs; answers with the release that it runs, or is asked for its image."""

    def __init__(self, name: str, runs: str = OLD) -> None:
        super().__init__(name)
        self.service, self.runs, self.image, self.done = name.rsplit("-", 1)[0], runs, "sha256:ab", list[Any]()
        self.questions = 0
        for what in ("follow", "mark_logs", "poll_logs", "report_logs", "began"):
            setattr(self, what, self._noting(what))

    def _noting(self, what: str) -> Any:
        return lambda *given: self.done.append((what, *given))

    def ask(self, command: Any, timeout: float = 10.0) -> Any:  # noqa: ARG002
        self.questions += 1
        return SaidRaw(0, f'{{"release": "{self.runs}", "build": 7}}'.encode())

    def running_image(self) -> str:
        return self.image


class Asked(Subject):
    """As much of one as is asked: its replicas are fakes, and it stands."""

    def __init__(self, *replicas: FakeReplica, probe: bool = True) -> None:
        self.id, self.history, self.kept, self._standing = "h1", History(clock=ManualClock()), False, True
        self.stack = tiny_stack() if probe else unasked()
        self._replicas = {one.name: one for one in replicas}  # type: ignore[misc]
        self.prepared: Any = SimpleNamespace(
            told_by_image=("web",), by_image=lambda service, image: {("web", "sha256:ab"): [NEW]}.get((service, image))
        )


def unasked() -> Any:
    """The tiny stack without a release probe."""
    stack = tiny_stack()
    probes = stack.harness.probes.model_copy(update={"release": {}})
    return stack.model_copy(update={"harness": stack.harness.model_copy(update={"probes": probes})})


@pytest.fixture
def made() -> Asked:
    return Asked(FakeReplica("web-1"), FakeReplica("web-2"), FakeReplica("queue-1"))


def replicas(made: Asked) -> list[FakeReplica]:
    return list(made._replicas.values())  # type: ignore[arg-type]


def test_every_declared_log_is_followed_as_soon_as_everything_is_up(
    made: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def up(_: Environment) -> None:
        for one in replicas(made):
            one.done.append("up")

    monkeypatch.setattr(Environment, "up", up)
    assert made.up() is made
    logs = made.stack.harness.logs["web"]
    assert [one.done for one in replicas(made)] == [
        ["up", ("follow", logs, made.history)], ["up", ("follow", logs, made.history)],
        ["up", ("follow", (), made.history)],
    ]  # fmt: skip


def test_where_a_step_begins_is_noted_in_each_log_unless_it_is_another_environments_or_the_end(
    made: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Environment, "up", lambda _self: None)
    made.up()
    begun: list[Any] = []
    for name, where in (("a", "h1"), ("b", None), ("c", "h2"), ("down", "h1")):
        begun.append(made.history.record(raw("step.start", environment=where, name=name, title=name)))
    made.history.record(raw("note", text="no step"))
    for one in replicas(made):
        assert [given[1].id for given in one.done if given[0] == "began"] == [begun[0].id, begun[1].id]
    made.kept = True
    made.history.record(raw("step.start", environment="h1", name="late", title="late"))
    assert [len([given for given in one.done if given[0] == "began"]) for one in replicas(made)] == [2, 2, 2]


def test_what_is_asked_of_the_logs_is_asked_of_every_replica(made: Asked) -> None:
    made.mark_logs("p")
    made.poll_logs()
    made.report_logs()
    assert [one.done for one in replicas(made)] == [[("mark_logs", "p"), ("poll_logs",), ("report_logs",)]] * 3


def test_replicas_are_found_by_service_and_by_name(made: Asked) -> None:
    assert [one.name for one in made["web"]] == ["web-1", "web-2"]
    assert made.replica("web-2") is made["web"][1]
    for wrong in (lambda: made["nobody"], lambda: made.replica("web-9")):
        with pytest.raises(UsageError):
            wrong()


def test_so_many_replicas_are_asked_as_it_takes_to_find_so_many_on_a_release(made: Asked) -> None:
    first, second, _ = replicas(made)
    assert made.anywhere(OLD)
    assert (first.questions, second.questions) == (1, 0), "one is enough"
    first.runs = NEW
    assert not made.anywhere(NEW, 2)
    assert made.anywhere(OLD)
    second.runs = NEW
    assert made.anywhere(NEW, 2)


def test_a_release_runs_where_every_replica_says_so_and_silence_is_no_answer(
    made: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert made.runs(OLD)
    assert not made.runs(NEW)
    replicas(made)[1].runs = NEW
    assert not made.runs(OLD)
    monkeypatch.setattr(FakeReplica, "ask", lambda *_: SaidRaw(1, stderr=b"no"))
    with pytest.raises(NotMeasured) as caught:
        made.runs(OLD)
    assert (caught.value.where, caught.value.got) == ("web-1, web-2", "no answer")


def test_where_no_replica_can_tell_its_release_nothing_is_said_to_run() -> None:
    bare = Asked(FakeReplica("web-1"), probe=False)
    bare.prepared.told_by_image = ()
    with pytest.raises(NotMeasured) as caught:
        bare.runs(OLD)
    assert caught.value.where == f"{bare.stack.file}: x-harness.probes.release"
    assert caught.value.got == "no probe is declared"
    assert caught.value.expected


@pytest.mark.parametrize("thorough", [False, True])
def test_a_replica_without_a_probe_is_told_by_its_image(thorough: bool) -> None:
    bare = Asked(FakeReplica("web-1"), FakeReplica("web-2"), probe=False)
    replicas(bare)[1].image = "sha256:cd"
    bare.prepared.by_image = lambda service, image: {("web", "sha256:ab"): [NEW]}.get((service, image), [])
    assert bare.releases(thorough=thorough) == {"web-1": NEW, "web-2": "the image sha256:cd"}
    told = select(bare.history.events, "probe.release")
    assert [(one.data["replica"], one.data["release"]) for one in told] == [
        ("web-1", NEW), ("web-2", "the image sha256:cd"),
    ]  # fmt: skip


def test_its_state_is_taken_of_all_its_replicas_under_a_name(made: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(module, "take", lambda *given: asked.append(given))
    made.fingerprint("before")
    assert asked == [(made.history, made.stack, made.replicas, "before")]
