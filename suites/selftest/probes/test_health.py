"""How often a replica is asked for its health at the end of a phase."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.probes import health
from suites.raw import select
from suites.selftest.plan.made import tiny_stack, trial


@pytest.mark.parametrize(("retries", "asked"), [(0, 1), (1, 1), (2, 2), (20, 3)])
def test_a_replica_is_asked_for_its_health_as_often_as_its_own_check_allows_but_no_more_than_three_times(
    retries: int, asked: int
) -> None:
    stack = tiny_stack()
    check = stack.services["web"].healthcheck
    assert check is not None
    web = stack.services["web"].model_copy(update={"healthcheck": check.model_copy(update={"retries": retries})})
    made: Any = trial(stack.model_copy(update={"services": {**stack.services, "web": web}}))
    for replica in made.environment["web"]:
        replica.run = lambda _command, _timeout: SimpleNamespace(exit_code=1, stdout="", stderr="")
    health.once(made.environment, made.history)
    assert len(select(made.history.events, "probe.health", replica="web-1")) == asked
