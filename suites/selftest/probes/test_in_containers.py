"""The probes against the real things: PostgreSQL, Redis, HAProxy, and replicas that are paused or dead."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures import reference, tiny
from harness.engine import Engine
from harness.environment import Environment
from harness.history import Event, History
from harness.probes.replica_state import ReplicaState
from harness.probes.sampler import Sampler
from harness.probes.server import ServerState
from harness.servers import kinds
from harness.stack import load
from suites.raw import select
from suites.selftest.probes.local import until

pytestmark = pytest.mark.containers


@pytest.fixture(scope="module")
def standing() -> Iterator[Environment]:
    """The reference stack. Module wide: every test leaves it as it was."""
    with (
        Engine.connect() as engine,
        Environment(engine, load(reference.STACK), "4.1.0", History(), run="selftest-probes") as made,
    ):
        yield made


def told(place: Any, good: Callable[[Event], bool]) -> Event:
    """Look until an event is as it should be; the last one."""
    seen: list[Event] = []

    def look() -> bool:
        place.begin(len(seen))
        seen.append(place.finish(time.monotonic() + 1.0))
        return good(seen[-1])

    assert until(look, 90.0), seen[-1].data
    place.close()
    return seen[-1]


def server(standing: Environment, replica: str, kind: str, **declared: Any) -> ServerState:
    made = kinds()[kind].model_validate({"kind": kind, **declared})
    return ServerState(standing.history, standing.replica(replica), standing.id, made)


def answered(event: Event) -> bool:
    return event.data["error"] is None


def says(words: str) -> Callable[[Event], bool]:
    return lambda event: words in str(event.data["error"])


def test_everything_is_told_of_a_fleet_that_works(standing: Environment, tmp_path: Path) -> None:
    history = History(tmp_path / "events.jsonl")
    names = {replica.name for replica in standing.replicas}

    def whole() -> bool:
        good = [event for event in history.events if event.data.get("error") is None]
        full = {event.data["replica"] for event in good if event.data.get("deleted") is not None}
        return full == names and {event.kind for event in good} == {
            "probe.replica", "probe.postgres", "probe.redis", "probe.haproxy", "probe.queue",
        }  # fmt: skip

    with Sampler(standing, history):
        assert until(whole, 30.0)
        assert until(
            lambda: all(
                select(history.events, "probe.replica", replica=f"backend-{number}", release="4.1.0")
                for number in (1, 2, 3)
            )
        )
    looks = select(history.events, "probe.replica", replica="backend-1", error=None)
    backend = next(event.data for event in reversed(looks) if event.data["deleted"] is not None)
    assert "0.0.0.0:8080/tcp" in backend["listening"]
    assert backend["main"][2] == "python3"
    assert backend["cpu"] > 0.0
    assert backend["memory"] > 1_000_000
    assert backend["oom_kills"] == 0
    assert set(backend["missing"]) <= {"pressure"}, "the files of processes of other users were not seen"
    (servers,) = [event.data["servers"] for event in select(history.events, "probe.haproxy", error=None)[-1:]]
    assert [row[1:4] for row in servers] == [[f"backend-{number}", "UP", 1] for number in (1, 2, 3)]
    database = select(history.events, "probe.postgres", error=None)[-1].data
    assert database["connections"]["idle"] > 0
    assert (database["role"], database["slowest_from"], len(database["schema"])) == ("primary", "pg_stat_activity", 32)
    assert select(history.events, "probe.redis", error=None)[-1].data["keys"] >= 500
    assert select(history.events, "probe.queue", error=None)[-1].data["age"] == 0.0


def test_a_file_that_was_deleted_under_a_service_of_another_user_is_found_with_its_inode(standing: Environment) -> None:
    replica = standing.replica("backend-3")
    holds = "exec 9>/tmp/held.log; echo line >&9; stat -c %i /tmp/held.log; rm /tmp/held.log; exec sleep 600"
    with replica.start(["sh", "-c", holds], user="backend") as holder:
        _, inode = next(holder.lines(30.0))
        event = told(
            ReplicaState(standing.history, replica, standing.id),
            lambda event: any(row[3] for row in event.data["deleted"] or ()),
        )
    found = [(row[2], row[3], row[4]) for row in event.data["deleted"] if row[2] == "/tmp/held.log"]
    assert found == [("/tmp/held.log", int(inode), 5)]


def test_what_lies_in_shared_memory_is_told_apart_from_what_processes_have(standing: Environment) -> None:
    replica = standing.replica("backend-3")

    def looked(good: Callable[[Event], bool]) -> Any:
        return told(ReplicaState(standing.history, replica, standing.id), good).data

    before = looked(lambda event: event.data["shared"] is not None)
    assert replica.run(["dd", "if=/dev/zero", "of=/dev/shm/leak", "bs=1M", "count=40"]).exit_code == 0
    try:
        full = looked(lambda event: event.data["shared"] >= before["shared"] + 40 * 1024 * 1024)
    finally:
        replica.run(["rm", "/dev/shm/leak"])
    assert full["resident"] < before["resident"] + 20 * 1024 * 1024
    looked(lambda event: event.data["shared"] < before["shared"] + 1024 * 1024)


def test_the_schemas_digest_changes_with_the_schema_and_comes_back(standing: Environment) -> None:
    database = standing.replica("database-1")

    def digest() -> str:
        event = told(server(standing, "database-1", "postgres", user="app", database="app"), answered)
        return str(event.data["schema"])

    def change(statement: str) -> None:
        assert database.run(["psql", "-X", "-U", "app", "-d", "app", "-c", statement]).exit_code == 0

    before = digest()
    change("ALTER TABLE environments ADD COLUMN colour text")
    between = digest()
    change("ALTER TABLE environments DROP COLUMN colour")
    assert between != before
    assert digest() == before


def test_who_cannot_be_asked_says_so_in_its_own_words(standing: Environment) -> None:
    cache = standing.replica("cache-1")
    app, nobody = ({"user": user, "database": "app"} for user in ("app", "nobody"))
    role = told(server(standing, "database-1", "postgres", **nobody), says('role "nobody" does not exist'))
    assert role.data["connections"] is None
    told(server(standing, "cache-1", "postgres", **app), says("psql: not found"))
    told(server(standing, "lb-1", "haproxy", address="127.0.0.1:9998"), says("Connection refused"))
    path = told(server(standing, "lb-1", "haproxy", address="/run/no.sock"), says("/run/no.sock"))
    assert path.data["servers"] is None
    assert cache.run(["redis-cli", "CONFIG", "SET", "requirepass", "secret"]).exit_code == 0
    try:
        locked = told(server(standing, "cache-1", "redis"), says("NOAUTH"))
    finally:
        cache.run(["redis-cli", "-a", "secret", "CONFIG", "SET", "requirepass", ""])
    assert locked.data["error"] == "NOAUTH Authentication required."
    assert locked.data["keys"] is None
    assert told(server(standing, "cache-1", "redis"), answered).data["error"] is None


def test_a_replica_that_is_dead_is_null_and_the_others_are_told_on(tmp_path: Path) -> None:
    history = History(tmp_path / "events.jsonl")
    with (
        Engine.connect() as engine,
        Environment(engine, load(tiny.STACK), "1.0.0", History(), run="selftest-probes") as made,
    ):
        first, second = made.replicas[0].name, made.replicas[-1].name
        with Sampler(made, history):
            assert until(lambda: bool(select(history.events, "probe.replica", replica=first, error=None)))
            made.replica(first).kill()
            assert until(lambda: select(history.events, "probe.replica", replica=first)[-1].data["error"] is not None)
            count = len(select(history.events, "probe.replica", replica=second, error=None))
            assert until(lambda: len(select(history.events, "probe.replica", replica=second, error=None)) >= count + 3)
    dead = select(history.events, "probe.replica", replica=first)[-1].data
    assert dead["processes"] is None
    assert dead["cpu"] is None
    assert dead["error"]


@pytest.mark.sampled
def test_a_replica_that_is_paused_is_unknown_until_it_goes_on_and_the_others_are_told_on(tmp_path: Path) -> None:
    history = History(tmp_path / "events.jsonl")
    with (
        Engine.connect() as engine,
        Environment(engine, load(tiny.STACK), "1.0.0", History(), run="selftest-probes") as made,
    ):
        first, second = made.replicas[0], made.replicas[-1]

        def last(name: str) -> dict[str, Any]:
            return dict(select(history.events, "probe.replica", replica=name)[-1].data)

        with Sampler(made, history):
            assert until(lambda: bool(select(history.events, "probe.replica", replica=first.name, error=None)))
            engine.api.pause(first.container)
            try:
                assert until(lambda: last(first.name)["error"] is not None)
                silent = last(first.name)
                count = len(select(history.events, "probe.replica", replica=second.name, error=None))
                assert until(
                    lambda: len(select(history.events, "probe.replica", replica=second.name, error=None)) >= count + 5
                )
            finally:
                engine.api.unpause(first.container)
            assert until(lambda: last(first.name)["error"] is None, 40.0)
    assert "no answer within" in silent["error"]
    assert (silent["processes"], silent["listening"], silent["cpu"]) == (None, None, None)
    assert last(first.name)["list"] is None or last(first.name)["processes"] > 0
