"""What the engine holds longer than its containers; the engine is a fake, since that is never sure."""

from __future__ import annotations

from typing import Any

import pytest
from docker.errors import APIError, NotFound
from requests import Response

from harness.engine import releasing
from harness.engine.releasing import remove_network, remove_volume
from harness.errors import EngineError, NetworkHeld


class Held:
    """An engine that refuses to remove a volume so many times, with containers that use it."""

    def __init__(self, refusals: int, code: int = 409, users: int = 0) -> None:
        self.refusals, self.code, self.users, self.asked = refusals, code, users, 0
        self.api = self.volumes = self

    def remove(self, _name: str) -> bool:
        self.asked += 1
        if self.asked <= self.refusals:
            response = Response()
            response.status_code = self.code
            raise EngineError("The volume cannot be removed") from APIError("volume is in use", response)
        return True

    def containers(self, **asked: Any) -> list[dict[str, str]]:
        assert asked == {"all": True, "filters": {"volume": "v"}}
        return [{}] * self.users


def remove(engine: Any) -> bool:
    return remove_volume(engine, "v")


def test_a_volume_whose_container_the_engine_has_forgotten_is_waited_for() -> None:
    engine = Held(3)
    assert remove(engine)
    assert engine.asked == 4


@pytest.mark.parametrize("engine", [Held(1, users=1), Held(1, code=500)], ids=["used", "another error"])
def test_a_volume_that_is_used_and_any_other_refusal_are_told_at_once(engine: Held) -> None:
    with pytest.raises(EngineError, match="cannot be removed"):
        remove(engine)
    assert engine.asked == 1


def test_a_volume_that_is_never_given_back_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releasing, "RELEASED", 0.2)
    with pytest.raises(EngineError, match="cannot be removed"):
        remove(Held(10**9))


class Counting:
    """An engine that says so many times that a network has endpoints; `attached`: those that it lists."""

    def __init__(self, refusals: int, attached: dict[str, bool] | None = None) -> None:
        self.refusals, self.attached, self.asked = refusals, attached or {}, 0
        self.disconnected: list[str] = []
        self.api = self.networks = self

    def remove(self, network: str) -> bool:
        self.asked += 1
        if self.asked <= self.refusals:
            response = Response()
            response.status_code = 403
            cause = APIError("refused", response)
            raise EngineError(f"network {network} has active endpoints") from cause
        return True

    def inspect_network(self, network: str) -> dict[str, dict[str, dict[str, str]]]:
        assert network == "n"
        return {"Containers": {name: {"Name": name} for name in self.attached}}

    def inspect_container(self, name: str) -> None:
        if not self.attached[name]:
            response = Response()
            response.status_code = 404
            raise NotFound("no such container", response)

    def disconnect_container_from_network(self, name: str, network: str, *, force: bool) -> None:
        assert (network, force) == ("n", True)
        del self.attached[name]
        self.disconnected.append(name)


def test_an_endpoint_of_a_container_that_the_engine_has_forgotten_is_taken_out() -> None:
    engine = Counting(1, {"web-1": False})
    assert remove_network(engine, "n")  # type: ignore[arg-type]
    assert engine.disconnected == ["web-1"]


def test_a_network_whose_container_is_just_being_removed_is_waited_for() -> None:
    engine = Counting(3)
    assert remove_network(engine, "n")  # type: ignore[arg-type]
    assert engine.asked == 4


def test_a_network_that_the_engine_never_lets_go_is_told_from_one_that_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(releasing, "SETTLED", 0.2)
    with pytest.raises(NetworkHeld, match="which no container is attached to, until it is restarted"):
        remove_network(Counting(10**9), "n")  # type: ignore[arg-type]
    used = Counting(10**9, {"stranger": True})
    with pytest.raises(EngineError, match="a container that is not ours is attached"):
        remove_network(used, "n")  # type: ignore[arg-type]
    assert used.asked == 1
