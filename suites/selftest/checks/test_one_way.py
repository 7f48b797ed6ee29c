"""The rollback of a release that cannot be taken back must be refused, and change nothing."""

from __future__ import annotations

from harness.checks import find
from harness.fingerprint import StatePart
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import REPLICAS, Made

WHY = "migration 12 drops column plans.tier"


def story(code: int | None = 1, how: str = "exit", runs: str = "4.1.1", registry: str = "4.1.1") -> Made:
    made = Made().releases("deployed", *["4.1.1"] * 3).registry("deployed", "4.1.1").fingerprint("deployed")
    made.ended("refused", "rollback", code, how)
    return made.releases("refused", "4.1.1", runs, "4.1.1").registry("refused", registry)


def judged(made: Made) -> Verdict:
    return find("one-way")(
        made.events, phase="refused", before="deployed", release="4.1.1", because=WHY, replicas=REPLICAS
    )


def test_a_refusal_that_changes_nothing_passes_and_tells_why_it_had_to_be() -> None:
    verdict = judged(story().fingerprint("refused"))
    assert verdict
    assert WHY in verdict.reason


def test_a_rollback_that_claims_success_fails_although_nothing_changed() -> None:
    verdict = judged(story(code=0).fingerprint("refused"))
    assert verdict.outcome is Outcome.FAIL
    assert f"says that it took 4.1.1 back, which cannot be: {WHY}" in verdict.reason


def test_a_refusal_after_one_replica_was_changed_fails() -> None:
    verdict = judged(story(runs="4.1.0").fingerprint("refused"))
    assert verdict.outcome is Outcome.FAIL
    assert "came too late: backend-2 changed from 4.1.1 to 4.1.0" in verdict.reason


def test_a_refusal_that_wrote_the_registry_fails() -> None:
    verdict = judged(story(registry="4.1.0").fingerprint("refused"))
    assert verdict.outcome is Outcome.FAIL
    assert "the registry changed" in verdict.reason


def test_a_refusal_that_changed_the_schema_fails() -> None:
    verdict = judged(story().fingerprint("refused", {"schema": StatePart({"column plans.tier": "text"})}))
    assert verdict.outcome is Outcome.UNKNOWN  # nobody knows what the schema was
    made = Made().releases("deployed", *["4.1.1"] * 3).registry("deployed", "4.1.1")
    made.fingerprint("deployed", {"schema": StatePart({})}).ended("refused", "rollback", 1)
    made.releases("refused", *["4.1.1"] * 3).registry("refused", "4.1.1")
    verdict = judged(made.fingerprint("refused", {"schema": StatePart({"column plans.tier": "text"})}))
    assert verdict.outcome is Outcome.FAIL
    assert "column plans.tier exists now (text)" in verdict.reason


def test_without_fingerprints_nobody_knows_what_changed() -> None:
    assert judged(story()).outcome is Outcome.UNKNOWN


def test_a_deployer_that_could_not_be_run_has_refused_nothing() -> None:
    verdict = judged(story(code=127).fingerprint("refused"))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "that is no refusal" in verdict.reason


def test_a_rollback_that_was_stopped_has_refused_nothing() -> None:
    assert judged(story(code=None, how="timeout").fingerprint("refused")).outcome is Outcome.UNKNOWN


def test_a_rollback_that_was_never_tried_proves_nothing() -> None:
    made = Made().releases("deployed", *["4.1.1"] * 3).registry("deployed", "4.1.1").fingerprint("deployed")
    made.releases("refused", *["4.1.1"] * 3).registry("refused", "4.1.1").fingerprint("refused")
    assert "no rollback was tried" in judged(made).reason


def test_a_refusal_is_an_exit_code_and_not_a_timeout() -> None:
    for code, how in ((1, "timeout"), (None, "exit")):
        assert judged(story(code=code, how=how).fingerprint("refused")).outcome is Outcome.UNKNOWN, (code, how)


def test_a_refusal_in_another_phase_does_not_count() -> None:
    made = Made().releases("deployed", *["4.1.1"] * 3).registry("deployed", "4.1.1").fingerprint("deployed")
    made.ended("later", "rollback", 1).releases("refused", *["4.1.1"] * 3).registry("refused", "4.1.1")
    assert judged(made.fingerprint("refused")).outcome is Outcome.UNKNOWN


def test_what_is_wrong_with_a_refusal_rests_on_what_shows_it() -> None:
    """Events 0 to 4 are of the phase before; 5 is the rollback, 6 to 9 what runs then, and 10 the fingerprint."""
    assert judged(story(code=0).fingerprint("refused")).evidence == (5,)
    late = judged(story(runs="4.1.0").fingerprint("refused"))
    assert late.evidence == (1, 7), "what the replica said before and afterwards"
    other = story().fingerprint(
        "refused", {"files": StatePart({"/srv/current": {"type": "link", "owner": "0:0", "target": "2"}})}
    )
    assert judged(other).evidence == (4, 10)


def test_a_stack_without_a_registry_is_judged_by_its_replicas() -> None:
    made = Made().releases("deployed", *["4.1.1"] * 3).fingerprint("deployed").ended("refused", "rollback", 1)
    made.releases("refused", *["4.1.1"] * 3).fingerprint("refused")
    asked = {"phase": "refused", "before": "deployed", "release": "4.1.1", "because": WHY, "replicas": REPLICAS}
    assert find("one-way")(made.events, registry=False, **asked)
    assert find("one-way")(made.events, **asked).outcome is Outcome.UNKNOWN
