"""A server of the load balancer that leads elsewhere is told as that."""

from __future__ import annotations

from typing import Any

from harness.checks import convergence
from harness.checks._served import misdirected, unreached
from harness.events import ProbeHaproxy, WorkloadWindow
from harness.history import of
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


def looked(rows: list[list[Any]], served: dict[str, int], before: dict[str, int] = EVENLY, **data: Any) -> list[str]:
    """What is said of each server that got nothing."""
    made = Made().load("baseline", served_by=before).load("now", served_by=served, ok=sum(served.values()), **data)
    made.add("probe.haproxy", "now", replica="lb-1", servers=rows, error=None)
    look = of(made.events, ProbeHaproxy)[0]
    return [said for said, *_ in misdirected(made.events, "now", look, REPLICAS)]


def up(name: str, status: str = "UP", weight: int = 1, since: int | None = 99) -> list[Any]:
    return ["web", name, status, weight, 0, since]


HALF = {"backend-1": 100, "backend-2": 100}


def test_servers_that_are_down_or_drained_or_nobodys_get_nothing_rightly() -> None:
    only_first = {"backend-1": 200}
    assert len(looked([up("backend-2")], only_first)) == 1
    assert len(looked([up("backend-2", "no check")], only_first)) == 1
    for row in (up("backend-2", weight=0), up("backend-2", "DOWN"), up("backend-2", "DOWN", 0), up("other")):
        assert looked([row], only_first) == []


def test_one_that_came_up_meanwhile_does_not_hide_the_next() -> None:
    assert len(looked([up("backend-3", since=1), up("backend-2")], {"backend-1": 200})) == 1
    assert len(looked([up("backend-2", since=None)], {"backend-1": 200})) == 1, "it is not known since when it is up"


def test_a_server_that_is_up_since_the_phase_began_counts() -> None:
    """The window of ten seconds is recorded at second 1, and the look at second 2."""
    assert len(looked([up("backend-2", since=11)], {"backend-1": 200})) == 1
    assert looked([up("backend-2", since=10)], {"backend-1": 200}) == []


def test_twenty_answers_that_were_to_be_expected_mean_something() -> None:
    assert len(looked([up("backend-2")], {"backend-1": 40}, HALF)) == 1
    assert looked([up("backend-2")], {"backend-1": 39}, HALF) == []


def test_a_replica_that_gave_none_before_or_more_than_four_fifths_is_not_expected_to_give_any() -> None:
    for share, due in ((0, 0.0), (1, 2.0), (80, 160.0), (81, 0.0)):
        made = Made().load("p", served_by={"a": share, "b": 100 - share}).load("q", served_by={"b": 200})
        before, now = of(made.events, WorkloadWindow)
        assert unreached("a", [before], [now]) == due, share
    made = (
        Made().load("p", served_by={"b": 100}).load("p", served_by={"b": 50, "a": 50}).load("q", served_by={"b": 200})
    )
    assert unreached("a", of(made.events, WorkloadWindow, "p"), of(made.events, WorkloadWindow, "q")) == 50.0


def test_a_failure_in_place_of_an_answer_reaches_it_too() -> None:
    failure = {"request": "resume", "outcome": "status 500", "server": "a", "count": 1}
    made = Made().load("p", served_by={"a": 50, "b": 50}).load("q", served_by={"b": 200}, failures=[failure])
    before, now = of(made.events, WorkloadWindow)
    assert unreached("a", [before], [now]) == 0.0
    both = Made().load("q", served_by={"a": 1, "b": 200}, failures=[failure])
    assert unreached("a", [before], of(both.events, WorkloadWindow)) == 0.0


def test_what_leads_elsewhere_rests_on_the_look_at_the_load_balancer_and_on_the_load() -> None:
    assert judged({"backend-1": 100, "backend-3": 200}).evidence == (1, 5)
