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
