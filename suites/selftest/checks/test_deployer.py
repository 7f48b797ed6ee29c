from harness.checks import deployer
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import REPLICAS, Made


def judge(made: Made, verb: str = "deploy", release: str = "4.1.1") -> Verdict:
    return deployer.check(made.events, phase="deployed", verb=verb, release=release, replicas=REPLICAS)


def test_a_deployer_that_keeps_its_word_passes() -> None:
    assert judge(Made().ended("deploy", "deploy").releases("deployed", *["4.1.1"] * 3))


def test_a_deployer_that_lies_fails_with_what_was_seen() -> None:
    verdict = judge(Made().ended("deploy", "deploy").releases("deployed", "4.1.1", "4.1.0", "4.1.1"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "the deployer says that the deploy succeeded, and backend-2 runs 4.1.0, not 4.1.1"


def test_an_exit_code_other_than_0_fails_whatever_the_fleet_runs() -> None:
    verdict = judge(Made().ended("deploy", "deploy", 3).releases("deployed", *["4.1.1"] * 3))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "the deploy ended with exit code 3"


def test_a_timeout_fails() -> None:
    verdict = judge(Made().ended("deploy", "deploy", None, "timeout").releases("deployed", *["4.1.1"] * 3))
    assert verdict.outcome is Outcome.FAIL
    assert "12.0 s, its timeout" in verdict.reason


def test_a_deployer_that_was_never_run_is_unknown() -> None:
    assert judge(Made().releases("deployed", *["4.1.1"] * 3)).outcome is Outcome.UNKNOWN


def test_a_success_that_nobody_looked_at_is_unknown() -> None:
    made = Made().ended("deployed", "deploy").releases("deployed", "4.1.1", "4.1.1")
    verdict = judge(made)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "backend-3" in verdict.reason


def test_a_deployer_that_was_interrupted_is_unknown() -> None:
    made = Made().ended("deploy", "deploy", None, "stopped").releases("deployed", *["4.1.1"] * 3)
    assert judge(made).outcome is Outcome.UNKNOWN


def test_a_later_run_does_not_count_for_an_earlier_phase() -> None:
    made = Made().ended("deploy", "deploy").releases("deployed", *["4.1.1"] * 3).ended("rollback", "deploy", 9)
    assert judge(made)


def test_one_that_could_not_be_started_or_was_lost_says_why_in_one_line() -> None:
    def why(how: str, error: str | None) -> str:
        end = {"start": 0, "verb": "deploy", "release": "4.1.1", "exit_code": None, "seconds": None}
        made = Made().add("deployer.end", "deploy", **end, ended=how, error=error)
        return judge(made.releases("deployed", *["4.1.1"] * 3)).reason

    assert (
        why("not started", "deployctl: not found\nin control-1")
        == "the deploy could not be started: deployctl: not found"
    )
    assert why("lost", None) == "the deploy was lost sight of: for an unknown reason"
    assert why("exit", None) == "how the deploy ended is not known"


def test_a_pass_says_what_was_seen_and_rests_on_it() -> None:
    verdict = judge(Made().ended("deploy", "deploy").releases("deployed", *["4.1.1"] * 3))
    assert verdict.reason == "the deploy ended with exit code 0, and 3 replicas run 4.1.1"
    assert verdict.evidence == (0, 1, 2, 3)
