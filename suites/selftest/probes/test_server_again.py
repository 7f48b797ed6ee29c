"""A load balancer that did not answer in its second is asked again at the end of a phase."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.clock import ManualClock
from harness.history import History
from harness.probes import server
from harness.stack import XHarness
from suites.raw import raw

SERVERS = [["web", "backend-1", "UP", 1, 0, 9]]


class Answering:
    """In the place of what asks a server; answers at the nth question."""

    asked = 0
    closed = 0

    def __init__(self, history: History, replica: Any, *_: Any) -> None:
        self.history, self.replica = history, replica

    def answers(self, within: float) -> bool:
        assert within > server.ANSWERS / 2
        type(self).asked += 1
        good = self.asked >= 2
        recorded(self.history, error=None if good else "no answer within 0.7 s")
        return good

    def close(self) -> None:
        type(self).closed += 1


def recorded(history: History, *, error: str | None, environment: str = "h1") -> None:
    servers = None if error else SERVERS
    history.record(raw("probe.haproxy", environment=environment, replica="lb-1", servers=servers, error=error))


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setattr(server, "ServerState", Answering)
    Answering.asked = Answering.closed = 0
    return History(clock=ManualClock())


def once(history: History, **kinds: str) -> None:
    declared = {name: {"kind": kind, "in": name} for name, kind in kinds.items()}
    for one in declared.values():
        if one["kind"] == "haproxy":
            one["address"] = "127.0.0.1:9999"
    harness = XHarness.model_validate({"servers": declared})
    replicas = tuple(SimpleNamespace(name=f"{name}-1", service=name) for name in kinds)
    environment: Any = SimpleNamespace(id="h1", stack=SimpleNamespace(harness=harness), replicas=replicas)
    server.once(environment, history)


def test_it_is_asked_until_it_answers(history: History) -> None:
    recorded(history, error="no answer within 0.7 s")
    once(history, lb="haproxy")
    assert (Answering.asked, Answering.closed) == (2, 1)
    assert history.events[-1].data["servers"] == SERVERS


def test_one_that_answered_is_not_asked_again_nor_one_that_was_never_asked(history: History) -> None:
    once(history, lb="haproxy")
    recorded(history, error="no answer within 0.7 s", environment="h2")
    recorded(history, error=None)
    once(history, lb="haproxy")
    assert Answering.asked == 0


def test_what_no_verdict_at_the_end_of_a_phase_rests_on_is_not_asked_again(history: History) -> None:
    history.record(raw("probe.redis", environment="h1", replica="cache-1", error="no answer within 0.7 s"))
    once(history, cache="redis")
    assert Answering.asked == 0
