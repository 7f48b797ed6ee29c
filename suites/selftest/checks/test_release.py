from harness.checks import release
from harness.verdict import Outcome
from suites.selftest.checks.builder import REPLICAS, Made


def judge(made: Made) -> tuple[Outcome, str]:
    verdict = release.check(made.events, phase="deployed", release="4.1.1", replicas=REPLICAS)
    return verdict.outcome, verdict.reason


def test_a_fleet_on_the_release_passes() -> None:
    assert judge(Made().releases("deployed", "4.1.1", "4.1.1", "4.1.1")) == (Outcome.PASS, "3 replicas run 4.1.1")


def test_one_replica_on_another_release_fails_and_is_named() -> None:
    found = judge(Made().releases("deployed", "4.1.1", "4.1.0", "4.1.1"))
    assert found == (Outcome.FAIL, "backend-2 runs 4.1.0, not 4.1.1")


def test_a_replica_that_was_not_asked_leaves_it_unknown() -> None:
    found = judge(Made().releases("deployed", "4.1.1", "4.1.1"))
    assert found == (Outcome.UNKNOWN, "backend-3 was not asked for its release")


def test_a_replica_that_could_not_be_asked_leaves_it_unknown_with_the_error() -> None:
    outcome, reason = judge(Made().releases("deployed", "4.1.1", "4.1.1", None, error="exit code 7"))
    assert outcome is Outcome.UNKNOWN
    assert "exit code 7" in reason


def test_an_answer_from_another_phase_does_not_count() -> None:
    assert judge(Made().releases("baseline", "4.1.1", "4.1.1", "4.1.1"))[0] is Outcome.UNKNOWN


def test_the_last_answer_of_a_phase_counts() -> None:
    made = Made().releases("deployed", "4.1.1", "4.1.1", "4.1.0").releases("deployed", "4.1.1", "4.1.1", "4.1.1")
    assert judge(made)[0] is Outcome.PASS


def test_a_wrong_release_outweighs_a_missing_answer_and_only_it_is_the_evidence() -> None:
    made = Made().releases("deployed", "4.1.0", None)
    verdict = release.check(made.events, phase="deployed", release="4.1.1", replicas=REPLICAS)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence == (0,)


def test_a_fleet_of_no_replicas_is_unknown() -> None:
    made = Made().releases("deployed", "4.1.1")
    assert release.check(made.events, phase="deployed", release="4.1.1", replicas=()).outcome is Outcome.UNKNOWN
