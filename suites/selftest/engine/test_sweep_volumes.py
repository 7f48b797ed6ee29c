"""A volume that the engine holds a moment longer than its container; the engine is a fake, since that is never sure."""

from __future__ import annotations

from typing import Any

import pytest
from docker.errors import APIError
from requests import Response

from harness.engine import sweep
from harness.errors import EngineError


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
    return sweep._remove_volume(engine, "v")


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
    monkeypatch.setattr(sweep, "RELEASED", 0.2)
    with pytest.raises(EngineError, match="cannot be removed"):
        remove(Held(10**9))
