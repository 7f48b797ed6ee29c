from harness.checks import faults
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import Made


def judge(made: Made) -> Verdict:
    return faults.check(made.events, phase="deployed")


def test_faults_that_bit_and_are_gone_pass() -> None:
    verdict = judge(Made().fault("deployed").fault("deployed"))
    assert verdict
    assert verdict.reason == "2 faults bit and healed"


def test_a_fault_that_touched_nothing_makes_it_unknown_with_the_reason() -> None:
    verdict = judge(Made().fault("deployed").fault("deployed", bit=False, reason="no traffic passed a -> b"))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.reason == (
        "latency of 5 ms on a -> b: it did not bite, or that could not be determined: no traffic passed a -> b"
    )


def test_a_fault_of_which_nobody_could_tell_makes_it_unknown() -> None:
    assert judge(Made().fault("deployed", bit=None)).outcome is Outcome.UNKNOWN


def test_a_fault_that_is_not_gone_or_was_never_healed_makes_it_unknown() -> None:
    for made in (Made().fault("deployed", gone=False), Made().fault("deployed", gone=None)):
        assert "it is not gone" in judge(made).reason
    assert judge(Made().fault("deployed", healed=False)).reason == "latency of 5 ms on a -> b: it was never healed"


def test_faults_of_other_phases_do_not_count() -> None:
    assert judge(Made().fault("deployed").fault("rollback", bit=False))
    assert judge(Made().fault("rollback")).outcome is Outcome.UNKNOWN
