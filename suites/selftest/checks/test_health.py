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
