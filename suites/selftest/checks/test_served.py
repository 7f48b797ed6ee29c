"""A server of the load balancer that leads elsewhere is told as that."""

from __future__ import annotations

from typing import Any

from harness.checks import convergence
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import REPLICAS, Made

EVENLY = {"backend-1": 100, "backend-2": 100, "backend-3": 100}


def judged(served: dict[str, int], *, since: int = 99, before: dict[str, int] | None = None, **data: Any) -> Verdict:
    made = Made().load("baseline", served_by=EVENLY if before is None else before)
    made.load("rolled-back", served_by=served, ok=sum(served.values()), **data)
    made.releases("rolled-back", *["4.1.0"] * 3)
    rows = [["web", name, "UP", 1, 0, since] for name in REPLICAS]
    made.add("probe.haproxy", "rolled-back", replica="lb-1", servers=rows, error=None)
    return convergence.check(made.events, phase="rolled-back", replicas=REPLICAS, release="4.1.0", balancer=True)


def test_a_fleet_that_answers_evenly_passes() -> None:
    assert judged(EVENLY)


def test_a_server_that_is_up_and_whose_replica_answers_nothing_leads_elsewhere() -> None:
    verdict = judged({"backend-1": 100, "backend-3": 200})
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == (
        "the load balancer has backend-2 as UP and leads it elsewhere: backend-2 gave none of 300 answers, and 100 by"
        " its share before"
    )


def test_a_replica_that_answers_only_failures_is_reached() -> None:
    failures = [{"request": "resume", "outcome": "status 500", "server": "backend-2", "count": 90}]
    assert judged({"backend-1": 100, "backend-3": 100}, failures=failures)


def test_few_answers_or_a_server_that_came_up_meanwhile_or_one_that_never_answered_prove_nothing() -> None:
    assert judged({"backend-1": 25, "backend-3": 25})
    assert judged({"backend-1": 100, "backend-3": 200}, since=1)
    assert judged({"backend-1": 100, "backend-3": 200}, before={"backend-1": 150, "backend-3": 150})


def test_a_load_balancer_that_keeps_to_one_server_may_keep_to_another_one() -> None:
    assert judged({"backend-1": 300}, before={"backend-2": 290, "backend-1": 10})


def test_without_a_header_that_names_who_answered_nothing_is_concluded() -> None:
    assert judged({}, before={})
