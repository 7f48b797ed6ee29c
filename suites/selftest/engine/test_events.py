from __future__ import annotations

import queue
from dataclasses import replace

import pytest

from harness.engine.engine import Engine
from harness.engine.events import ContainerEvent, Events
from harness.engine.labels import Owner
from harness.engine.spec import ContainerSpec
from harness.errors import EngineGone


def raw(action: str, **attributes: str) -> dict[str, object]:
    return {"Action": action, "Actor": {"ID": "id", "Attributes": attributes}, "time": 7, "timeNano": 7_500_000_000}


class _Api:
    """An engine whose stream of events ends."""

    def events(self, **_: object) -> list[dict[str, object]]:
        return [raw("die", name="a", exitCode="3")]


def test_an_engine_that_goes_away_is_told_once() -> None:
    seen: queue.Queue[object] = queue.Queue()
    Events(_Api(), "e", seen.put, gone=seen.put)  # type: ignore[arg-type]
    assert seen.get(timeout=30) == ContainerEvent("a", "", "die", 3, 7.5, "id")
    assert isinstance(seen.get(timeout=30), EngineGone)
    assert seen.empty()


@pytest.mark.containers
def test_what_happens_to_a_container_is_told_in_order(engine: Engine, owner: Owner, image: str) -> None:
    seen: queue.Queue[ContainerEvent] = queue.Queue()
    gone: list[object] = []
    spec = ContainerSpec(f"{owner.environment}-a", image, owner, replica="a-1", command=("sh", "-c", "exit 3"))
    stranger = replace(owner, environment=f"{owner.environment}-x")
    with Events(engine.api, owner.environment, seen.put, gone=gone.append, since=engine.leases.now()):
        other = engine.containers.create(replace(spec, name=f"{owner.environment}-x", owner=stranger))
        other.remove()
        container = engine.containers.create(spec)
        container.start()
        container.wait(20)
        container.remove()
        events = [seen.get(timeout=30) for _ in range(4)]
    assert [event.action for event in events] == ["create", "start", "die", "destroy"]
    assert [event.exit_code for event in events] == [None, None, 3, None]
    assert {(event.container, event.replica) for event in events} == {(spec.name, "a-1")}
    assert seen.empty()
    assert gone == []


@pytest.mark.containers
def test_closing_ends_the_thread_though_nothing_happens(engine: Engine, owner: Owner) -> None:
    gone: list[object] = []
    events = Events(engine.api, owner.environment, print, gone=gone.append)
    events.close()
    events.close()
    assert not events._thread.is_alive()
    assert gone == []
