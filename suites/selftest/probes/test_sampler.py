"""Everything is looked at once a second, and what hangs holds up nobody."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness import kept
from harness.history import History
from harness.probes.replica_state import ReplicaState
from harness.probes.sampler import Sampler
from harness.stack import Probes, XHarness
from suites.raw import raw, select
from suites.selftest.probes.local import LocalStart, until

pytestmark = pytest.mark.programs

ECHO = ["sh", "-c", "exec cat"]
HANGS = ["sh", "-c", "exec sleep 1000"]


@dataclass
class Standing:
    """As much of an environment as a sampler needs."""

    replicas: tuple[LocalStart, ...]
    stack: Any
    id: str = "h1"


def environment(*replicas: LocalStart, **probes: Any) -> Any:
    harness = SimpleNamespace(probes=Probes(**probes), servers={})
    services = {replica.service: SimpleNamespace(cpus=None) for replica in replicas}
    return Standing(replicas, SimpleNamespace(harness=harness, services=services))


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    made = History(tmp_path / "events.jsonl")
    yield made
    made.close()


def test_every_replica_is_looked_at_at_every_tick(history: History) -> None:
    replicas = [LocalStart(f"backend-{number}") for number in (1, 2)]
    sampler = Sampler(environment(*replicas), history, every=0.2)
    with history.phase("deployed"), sampler:
        assert until(
            lambda: len([one for one in select(history.events, "probe.replica") if one.data["error"] is None]) >= 6
        )
    looks = select(history.events, "probe.replica", phase="deployed", environment="h1")
    assert [event.data["replica"] for event in looks[:4]] == ["backend-1", "backend-2"] * 2
    good = [event for event in looks if event.data["error"] is None]
    assert len(good) >= 6
    assert all(event.data["processes"] > 0 and event.data["release"] is None for event in good)
    assert all(len(replica.started) == 2 for replica in replicas)
    assert all(program.process.poll() is not None for replica in replicas for program in replica.started)
    count = len(history.events)
    time.sleep(0.5)
    assert len(history.events) == count, "it looks on after its end"


def test_servers_that_are_watched_are_sampled_in_the_first_replica_of_their_service(history: History) -> None:
    replicas = [LocalStart(f"cache-{number}", "cache", instead=ECHO) for number in (1, 2)]
    made = environment(*replicas)
    declared: dict[str, dict[str, Any]] = {
        "cache": {},
        "more": {"in": "cache"},
        "quiet": {"in": "cache", "watch": False},
    }
    servers = {name: {"kind": "redis", **one} for name, one in declared.items()}
    made.stack.harness = XHarness.model_validate({"servers": servers})
    with Sampler(made, history, every=0.2):
        assert until(lambda: len(select(history.events, "probe.redis")) >= 4)
    asked = {(event.data["replica"], event.data.get("server")) for event in select(history.events, "probe.redis")}
    assert asked == {("cache-1", None), ("cache-1", "more")}
    seen = select(history.events, "probe.redis")[0].data
    assert (seen["keys"], seen["role"]) == (None, None)
    assert seen["error"]


def test_a_list_of_processes_comes_at_the_first_look_and_when_it_changed(history: History) -> None:
    one = ReplicaState(history, LocalStart(), "h1", main="no-such-process")
    one.begin(0)
    first = one.finish(time.monotonic() + 10)
    rows = {row[0]: row for row in first.data["list"]}
    assert abs(rows[os.getpid()][3] - time.time()) < 86400
    assert first.data["missing"]["main"] == "no process is named no-such-process"
    one._processes = tuple((row[0], -1, row[2]) for row in first.data["list"])  # as if all had been started again
    one.begin(1)
    assert one.finish(time.monotonic() + 10).data["list"] is not None
    one.close()


def test_a_replica_that_hangs_costs_the_others_nothing(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "PATIENCE", 0.5)
    well, hung = LocalStart("backend-1"), LocalStart("backend-2", instead=HANGS)
    stuck = LocalStart("backend-3")
    gate = threading.Event()
    stuck.before = gate.wait

    def good() -> int:
        return sum(
            event.data["error"] is None for event in select(history.events, "probe.replica", replica="backend-1")
        )

    with Sampler(environment(hung, stuck, well), history, every=0.5) as sampler:
        # On a busy machine a look may be late; one that has to wait for the others never comes.
        assert until(lambda: sampler.ticks >= 10 and good() >= 6)
        gate.set()
    for name, words in (("backend-2", "being started"), ("backend-3", "being started")):
        bad = select(history.events, "probe.replica", replica=name)
        assert len(bad) >= 10
        assert all(event.data["processes"] is None for event in bad)
        assert any(words in event.data["error"] for event in bad)


def test_the_release_is_asked_at_once_and_its_failure_is_no_release(history: History) -> None:
    answers = ReplicaState(history, LocalStart(), "h1", release=(["echo", '{"release": "4.1.0"}'], "release"))
    refuses = ReplicaState(history, LocalStart(), "h1", release=(["sh", "-c", "echo refused; exit 7"], None))
    for one in (answers, refuses):
        one.begin(1)
    seen, silent = answers.finish(time.monotonic() + 10), refuses.finish(time.monotonic() + 10)
    assert (seen.data["release"], seen.data["error"]) == ("4.1.0", None)
    assert seen.data["release_age"] < 60
    assert (silent.data["release"], silent.data["release_age"]) == (None, None)
    assert silent.data["missing"]["release"] == "exit code 7: refused"
    answers.close()
    refuses.close()


def test_who_did_not_answer_before_is_heard_last(history: History) -> None:
    heard: list[tuple[str, int]] = []

    @dataclass(eq=False)
    class Told:
        """Answers, but for the ticks of its silence."""

        name: str
        silent: tuple[int, ...] = ()
        tick: int = -1

        def begin(self, tick: int) -> None:
            self.tick = tick

        def finish(self, until: float) -> Any:  # noqa: ARG002
            heard.append((self.name, self.tick))
            return history.record(raw("probe.redis", error="no answer" if self.tick in self.silent else None))

        def close(self) -> None:
            pass

    sampler = Sampler(environment(), history, every=0.05)
    sampler._places = (Told("a", silent=(0, 1)), Told("b"), Told("c", silent=(1,)))
    with sampler:
        assert until(lambda: sampler.ticks >= 4)
    order = ["".join(name for name, when in heard if when == tick) for tick in range(4)]
    assert order == ["abc", "bca", "bac", "abc"]


def test_processes_that_stayed_are_told_on_though_they_are_not_read_again(history: History) -> None:
    one = ReplicaState(history, LocalStart(), "h1")
    seen = []
    for tick in range(1, 6):
        one.begin(tick)
        seen.append(one.finish(time.monotonic() + 10).data)
    one.close()
    assert all(event["error"] is None and event["processes"] >= 2 for event in seen)
    assert all("processes" not in event["missing"] for event in seen)


def test_a_mistake_of_one_probe_is_said_once_and_the_others_go_on(history: History) -> None:
    sampler = Sampler(environment(LocalStart("backend-1"), LocalStart("backend-2")), history, every=0.1)

    def broken(until: float) -> Any:
        raise ZeroDivisionError("a mistake")

    sampler._places[0].finish = broken  # type: ignore[method-assign]
    with sampler:
        assert until(lambda: len(select(history.events, "probe.replica", replica="backend-2")) >= 5)
    (note,) = select(history.events, "note")
    assert note.data["text"] == "the probe ReplicaState of backend-1 failed: ZeroDivisionError: a mistake"


def test_a_sampler_can_be_stopped_twice_and_before_it_began(history: History) -> None:
    sampler = Sampler(environment(LocalStart()), history)
    sampler.stop()
    sampler.start()
    sampler.stop()
    sampler.stop()
    assert select(history.events, "probe.replica")


def test_where_each_process_is_and_who_listens_is_told_once_for_each_scan(history: History) -> None:
    one = ReplicaState(history, LocalStart(), "h1")
    seen: list[Any] = []
    end = time.monotonic() + 30.0
    tick = 1
    while not any(event.get("places") for event in seen):
        assert time.monotonic() < end, seen[-1]
        one.begin(tick)
        seen.append(one.finish(time.monotonic() + 10).data)
        tick += 1
    one.close()
    told = {pid: directory for pid, _, directory in seen[-1]["places"]}
    assert told[os.getpid()] == str(Path.cwd())
    assert ("descriptors" in seen[-1]) is ("deleted" not in seen[-1]["missing"]), "some processes are not all"
    assert seen[-1]["threads"] >= seen[-1]["processes"]
    assert seen[-1]["resident"] > 1_000_000
