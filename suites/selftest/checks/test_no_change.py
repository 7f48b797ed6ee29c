from harness.checks import no_change
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import REPLICAS, Made


def judge(made: Made, *, registry: bool = True) -> Verdict:
    return no_change.check(made.events, before="rolled-back", phase="again", replicas=REPLICAS, registry=registry)


def both(made: Made, phase: str, fleet: str = "4.1.0", registry: str = "4.1.0") -> Made:
    return made.releases(phase, *[fleet] * 3).registry(phase, registry)


def test_nothing_changed_passes() -> None:
    assert judge(both(both(Made(), "rolled-back"), "again"))


def test_a_replica_that_changed_fails() -> None:
    verdict = judge(both(both(Made(), "rolled-back"), "again", fleet="4.0.9"))
    assert verdict.outcome is Outcome.FAIL
    assert "backend-1 changed from 4.1.0 to 4.0.9" in verdict.reason


def test_a_registry_that_changed_fails() -> None:
    verdict = judge(both(both(Made(), "rolled-back"), "again", registry="4.0.9"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "the registry changed from 4.1.0 to 4.0.9"


def test_what_was_not_asked_before_or_afterwards_is_unknown() -> None:
    assert "afterwards" in judge(both(Made(), "rolled-back")).reason
    assert "before" in judge(both(Made(), "again")).reason


def test_a_stack_without_a_registry_is_judged_by_its_replicas() -> None:
    made = Made().releases("rolled-back", *["4.1.0"] * 3).releases("again", *["4.1.0"] * 3)
    assert judge(made, registry=False)
    assert judge(made).outcome is Outcome.UNKNOWN


def test_what_changed_rests_on_both_answers_and_a_pass_says_who_was_compared() -> None:
    assert judge(both(both(Made(), "rolled-back"), "again", registry="4.0.9")).evidence == (3, 7)
    assert judge(both(both(Made(), "rolled-back"), "again")).reason == "3 replicas and the registry are as before"
    made = Made().releases("rolled-back", *["4.1.0"] * 3).releases("again", *["4.1.0"] * 3)
    assert judge(made, registry=False).reason == "3 replicas are as before"
    nobody = no_change.check(made.events, before="rolled-back", phase="again", registry=False)
    assert (nobody.outcome, nobody.reason) == (Outcome.UNKNOWN, "no replica was to be compared")


def test_when_something_is_not_known_is_told() -> None:
    assert judge(both(Made(), "rolled-back")).reason.startswith("what backend-1 said afterwards is not known")
    assert judge(both(Made(), "again")).reason.startswith("what backend-1 said before is not known")
