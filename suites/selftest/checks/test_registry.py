from harness.checks import registry
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import REPLICAS, Made


def judge(made: Made) -> Verdict:
    return registry.check(made.events, phase="deployed", replicas=REPLICAS)


def test_agreement_passes() -> None:
    assert judge(Made().registry("deployed", "4.1.1").releases("deployed", *["4.1.1"] * 3))


def test_a_registry_that_names_another_release_fails() -> None:
    verdict = judge(Made().registry("deployed", "4.1.0").releases("deployed", "4.1.0", "4.1.1", "4.1.0"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "the registry says 4.1.0, and backend-2 runs 4.1.1"


def test_a_registry_that_could_not_be_asked_is_unknown() -> None:
    verdict = judge(Made().registry("deployed", None, "exit code 2").releases("deployed", *["4.1.1"] * 3))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "exit code 2" in verdict.reason


def test_a_replica_that_was_not_asked_is_unknown() -> None:
    verdict = judge(Made().registry("deployed", "4.1.1").releases("deployed", "4.1.1", "4.1.1"))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "backend-3" in verdict.reason


def test_a_pass_says_of_how_many_replicas_and_nobody_is_unknown() -> None:
    made = Made().releases("deployed", *["4.1.1"] * 3).registry("deployed", "4.1.1")
    found = registry.check(made.events, phase="deployed", replicas=REPLICAS)
    assert found.reason == "the registry and 3 replicas agree on 4.1.1"
    nobody = registry.check(made.events, phase="deployed")
    assert nobody.reason == "no replica was to be compared with the registry"
