from typing import Any

from harness.checks import health
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import REPLICAS, Made


def judge(made: Made) -> Verdict:
    return health.check(made.events, phase="deployed", replicas=REPLICAS)


def test_a_healthy_fleet_passes() -> None:
    assert judge(Made().health("deployed", True, True, True))


def test_one_sick_replica_fails_and_is_named() -> None:
    verdict = judge(Made().health("deployed", True, False, True))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "backend-2 is not healthy: connection refused"


def test_a_replica_that_could_not_be_asked_is_unknown() -> None:
    assert judge(Made().health("deployed", True, None, True)).outcome is Outcome.UNKNOWN


def test_a_replica_that_was_not_asked_is_unknown() -> None:
    assert judge(Made().health("deployed", True, True)).outcome is Outcome.UNKNOWN


def test_a_replica_that_is_healthy_when_it_is_asked_again_passes_and_that_is_told() -> None:
    verdict = judge(Made().health("deployed", True, False).health("deployed", True, True, True))
    assert verdict
    assert verdict.reason == "3 replicas are healthy; backend-2 only when it was asked again (connection refused)"


def test_a_replica_that_is_sick_when_it_is_asked_again_fails() -> None:
    assert judge(Made().health("deployed", True, False, True).health("deployed", True, False)).outcome is Outcome.FAIL
    assert judge(Made().health("deployed", True, True, True).health("deployed", False)).outcome is Outcome.FAIL


def test_what_is_told_of_a_replica_rests_on_its_own_last_answer() -> None:
    assert judge(Made().health("deployed", True, False, True)).evidence == (1,)
    assert judge(Made().health("deployed", True, True, True)).evidence == (0, 1, 2)


def test_each_that_had_to_be_asked_again_is_told_with_what_it_said_first() -> None:
    made = Made().health("deployed", False, False, True).health("deployed", True, True, True)
    again = "; {} only when it was asked again (connection refused)"
    assert sorted(judge(made).reason.removeprefix("3 replicas are healthy")) == sorted(
        again.format("backend-1") + again.format("backend-2")
    )
    one = health.check(Made().health("deployed", True).events, phase="deployed", replicas=REPLICAS[:1])
    assert one.reason == "1 replica is healthy"


def test_why_a_replica_could_not_be_asked_is_told() -> None:
    def why(**answer: Any) -> str:
        made = Made().add("probe.health", "deployed", replica="backend-1", **answer)
        return health.check(made.events, phase="deployed", replicas=REPLICAS[:1]).reason

    assert why(ok=None, error="no shell") == "backend-1 could not be asked for its health: no shell"
    assert why(ok=None, error=None) == "backend-1 could not be asked for its health: no answer"
    assert why(ok=False, error=None) == "backend-1 is not healthy: no reason given"
    nobody = health.check((), phase="deployed")
    assert (nobody.outcome, nobody.reason) == (Outcome.UNKNOWN, "no replica was to be asked for its health")
