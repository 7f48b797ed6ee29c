"""The probes that ask a question and record the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from harness.clock import ManualClock
from harness.engine import ContainerState
from harness.errors import CommandTimeout, EngineGone, HostError
from harness.history import History
from harness.probes import containers, health, queue, registry, release
from harness.stack import QueueProbe
from suites.raw import select
from suites.selftest.probes.fakes import LocalReplica, Said, TellingReplica

COMMAND = QueueProbe(service="cache", command=("x",))
GONE = CommandTimeout("A command ran too long", where="backend-2", got="10 s")


@pytest.fixture
def history() -> History:
    return History(clock=ManualClock())


def test_every_replica_is_asked_for_its_release(history: History) -> None:
    replicas = [
        TellingReplica("backend-1", Said(0, '{"release": "4.1.1", "uptime": 3}\n')),
        TellingReplica("backend-2", GONE),
        TellingReplica("backend-3", Said(7, "", "curl: (7) refused\n")),
    ]
    events = release.probe(history, replicas, ["curl", "version"], "release")
    assert [dict(event.data) for event in events] == [
        {"replica": "backend-1", "release": "4.1.1", "error": None},
        {"replica": "backend-2", "release": None, "error": "A command ran too long where: backend-2 got: 10 s"},
        {"replica": "backend-3", "release": None, "error": "exit code 7: curl: (7) refused"},
    ]
    assert events == select(history.events, "probe.release")
    assert replicas[0].asked == [["curl", "version"]]


def test_without_a_field_the_stripped_answer_is_the_release(history: History) -> None:
    (event,) = release.probe(history, [LocalReplica()], ["echo", " 4.1.0 "])
    assert event.data["release"] == "4.1.0"


@pytest.mark.parametrize(
    "text", ["", "not json", "[]", "{}", '{"release": null}', '{"release": true}', '{"release": ["4.1.0"]}', "[" * 9999]
)
def test_an_answer_without_a_release_is_no_release(history: History, text: str) -> None:
    event = release.one(history, TellingReplica("backend-1", Said(0, text)), ["x"], "release")
    assert event.data["release"] is None
    assert event.data["error"]
    assert len(event.data["error"]) <= 200


def test_health_is_the_exit_code_and_a_replica_that_cannot_be_asked_has_none(history: History) -> None:
    said: list[Said | Exception] = [Said(0, "ok"), Said(1, "", "503"), HostError("The replica cannot be asked")]
    replicas = [TellingReplica(f"backend-{number}", answer) for number, answer in enumerate(said, start=1)]
    found = [(event.data["ok"], event.data["error"]) for event in health.probe(history, replicas, "true")]
    assert found == [(True, None), (False, "exit code 1: 503"), (None, "The replica cannot be asked")]


def test_a_replica_that_is_not_healthy_is_asked_again_as_often_as_allowed_and_every_answer_is_recorded(
    history: History,
) -> None:
    bad, good = Said(28, "", "timed out"), Said(0, "ok")
    every: list[tuple[list[Said | Exception], int, list[bool | None]]] = [
        ([bad, good, bad], 3, [False, True]),
        ([GONE, bad, good], 3, [None, False, True]),
        ([bad, bad, bad, good], 3, [False, False, False]),
        ([bad, good], 1, [False]),
    ]
    for answers, attempts, oks in every:
        before = len(history.events)
        began = history.clock.monotonic()
        (last,) = health.probe(history, [TellingReplica("web-1", *answers)], "true", attempts=attempts, pause=0.5)
        assert [event.data["ok"] for event in history.events[before:]] == oks
        assert last == history.events[-1]
        assert history.clock.monotonic() - began == 0.5 * (len(oks) - 1)


def test_a_replica_that_hangs_is_not_asked_again() -> None:
    clock = ManualClock()
    history = History(clock=clock)

    class Hangs(TellingReplica):
        def run(self, command: str | Sequence[str], timeout: float = 10.0) -> Said:
            clock.advance(timeout)
            return super().run(command, timeout)

    assert health.probe(history, [Hangs("web-1", GONE)], "true", 10.0, attempts=3)[0].data["ok"] is None
    assert len(history.events) == 1


def test_the_registry_names_a_release_or_gives_the_error(history: History) -> None:
    assert registry.probe(history, LocalReplica(), ["echo", "4.1.0"]).data["release"] == "4.1.0"
    silent = registry.probe(history, LocalReplica(), ["true"])
    assert (silent.data["release"], silent.data["error"]) == (None, "exit code 0 and no answer")


@pytest.mark.parametrize(("text", "depth"), [("0", 0.0), (" 12 ", 12.0), ("nan", None), ("-1", None), ("many", None)])
def test_a_queue_holds_a_number_of_jobs(history: History, text: str, depth: float | None) -> None:
    event = queue.probe(history, TellingReplica("cache-1", Said(0, text)), COMMAND)
    assert event.data["depth"] == depth
    assert (event.data["error"] is None) == (depth is not None)


def test_a_drain_is_watched_until_the_level_and_records_what_changes() -> None:
    clock = ManualClock()
    history = History(clock=clock)
    cache = TellingReplica("cache-1", *[Said(0, depth) for depth in ("9", "9", "9", "4", "1", "0")])
    assert queue.drain(history, clock, cache, COMMAND, level=1, within=30.0)
    assert [event.data["depth"] for event in history.events] == [9.0, 4.0, 1.0]


def test_a_queue_that_does_not_drain_is_given_up_at_the_deadline_with_a_last_look() -> None:
    clock = ManualClock()
    history = History(clock=clock)
    assert not queue.drain(history, clock, TellingReplica("cache-1", Said(0, "9")), COMMAND, level=1, within=3.0)
    assert [event.since_start for event in history.events] == [0.0, 3.0]


@dataclass
class Contained:
    """A replica of which only its container is known."""

    name: str
    found: ContainerState | Exception

    def state(self) -> ContainerState:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def test_a_container_is_looked_at_from_outside(history: History) -> None:
    ended = ContainerState("exited", False, 137, True, "", 0, "10:00")
    replicas = [Contained("backend-1", ended), Contained("cache-1", EngineGone("The container engine is gone"))]
    environment: Any = SimpleNamespace(replicas=replicas)
    containers.once(environment, history)
    dead, unknown = select(history.events, "probe.container")
    assert (dead.data["status"], dead.data["exit_code"], dead.data["oom_killed"]) == ("exited", 137, True)
    assert (unknown.data["status"], unknown.data["error"]) == (None, "The container engine is gone")
