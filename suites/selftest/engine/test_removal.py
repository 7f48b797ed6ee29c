"""A container that somebody else is removing; the engine is a fake, since which removal is first is never sure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import repeat
from typing import Any

import docker
import pytest
import requests

from harness.engine.container import Container
from harness.errors import EngineError

UNDER_WAY = (409, "removal of container c0 is already in progress")
GONE = (404, "No such container: c0")


class Engine:
    """Answers removals, one after the other."""

    def __init__(self, answers: Iterable[tuple[int, str]]) -> None:
        self._answers, self.asked = iter(answers), 0

    def remove_container(self, *_: Any, **__: Any) -> None:
        self.asked += 1
        number, message = next(self._answers)
        if number == 204:
            return
        response = requests.Response()
        response.status_code, response._content = number, json.dumps({"message": message}).encode()
        raise docker.errors.APIError(message, response=response, explanation=message)


def container(engine: Engine) -> Container:
    return Container(engine, "c0" * 32, "web-1")  # type: ignore[arg-type]


def test_a_removal_that_somebody_else_has_begun_is_waited_for_until_the_container_is_gone() -> None:
    engine = Engine([UNDER_WAY, UNDER_WAY, GONE])
    assert not container(engine).remove()
    assert engine.asked == 3


def test_a_removal_that_somebody_else_gave_up_is_done_by_us() -> None:
    engine = Engine([UNDER_WAY, (204, "")])
    assert container(engine).remove()


def test_a_removal_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.engine.container.REMOVE_DEADLINE", 0.3)
    with pytest.raises(EngineError, match="web-1 is being removed, and is still there"):
        container(Engine(repeat(UNDER_WAY))).remove()


def test_another_conflict_is_told_at_once() -> None:
    engine = Engine([(409, "container is in use")])
    with pytest.raises(EngineError, match="web-1 cannot be removed"):
        container(engine).remove()
    assert engine.asked == 1
