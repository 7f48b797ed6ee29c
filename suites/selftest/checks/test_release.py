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
    assert judge(made) == (
        Outcome.PASS, "3 replicas run 4.1.1; backend-3 came to it in this phase, and said 4.1.0 before",
    )  # fmt: skip


def test_a_wrong_release_outweighs_a_missing_answer_and_only_it_is_the_evidence() -> None:
    made = Made().releases("deployed", "4.1.0", None)
    verdict = release.check(made.events, phase="deployed", release="4.1.1", replicas=REPLICAS)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence == (0,)


def test_a_fleet_of_no_replicas_is_unknown() -> None:
    made = Made().releases("deployed", "4.1.1")
    assert release.check(made.events, phase="deployed", release="4.1.1", replicas=()).outcome is Outcome.UNKNOWN


def asked_often(made: Made, replica: str, answers: dict[str, int], **more: int) -> Made:
    release_ = " and ".join(answers)
    return made.add("probe.release", "deployed", replica=replica, release=release_, error=None, answers=answers, **more)


def test_answers_that_differ_fail_and_are_named_as_mixed() -> None:
    made = Made().releases("deployed", "4.1.1", None, "4.1.1")
    asked_often(made, "backend-2", {"4.1.0": 4, "4.1.1": 31}, workers=8)
    outcome, reason = judge(made)
    assert outcome is Outcome.FAIL
    assert reason == (
        "backend-2 gives mixed answers: of 35 it said 4.1.1 31 times and 4.1.0 4 times: its workers are not of one "
        "release"
    )


def test_answers_that_go_back_and_forth_fail_though_the_last_one_is_right() -> None:
    made = Made()
    for last in ("4.1.1", "4.1.0", "4.1.1"):
        made.releases("deployed", "4.1.1", last, "4.1.1")
    outcome, reason = judge(made)
    assert outcome is Outcome.FAIL
    assert "backend-2 gives mixed answers, one after the other 4.1.1, then 4.1.0, then 4.1.1" in reason


def test_a_pass_says_how_often_was_asked_and_what_that_may_have_missed() -> None:
    made = Made()
    for replica in REPLICAS:
        asked_often(made, replica, {"4.1.1": 35}, workers=12)
    assert judge(made) == (Outcome.PASS, "3 replicas run 4.1.1, asked 35 times each")
    asked_often(made, "backend-3", {"4.1.1": 9}, workers=8, unanswered=1)
    said = "3 replicas run 4.1.1, asked 9 to 35 times and 1 times in vain: one bad worker of 8 is heard so with 70 %"
    assert judge(made) == (Outcome.PASS, said)


def test_mixed_answers_rest_on_those_who_gave_them() -> None:
    made = Made().releases("deployed", "4.1.1", None, "4.1.1")
    asked_often(made, "backend-2", {"4.1.0": 4, "4.1.1": 31}, workers=8)
    asked = {"phase": "deployed", "release": "4.1.1", "replicas": REPLICAS}
    assert release.check(made.events, **asked).evidence == (3,)  # type: ignore[arg-type]
    turns = Made()
    for last in ("4.1.1", "4.1.0", "4.1.1"):
        turns.releases("deployed", "4.1.1", last, "4.1.1")
    assert release.check(turns.events, **asked).evidence == (1, 4, 7)  # type: ignore[arg-type]


def test_all_who_came_to_it_late_are_told_and_only_what_they_said_in_this_phase() -> None:
    made = Made().releases("before", *["4.0.9"] * 3).releases("deployed", "4.1.1", "4.1.0", "4.1.0")
    made.releases("deployed", *["4.1.1"] * 3)
    came = "; {} came to it in this phase, and said 4.1.0 before"
    assert judge(made)[1] == "3 replicas run 4.1.1" + came.format("backend-2") + came.format("backend-3")


def test_one_replica_is_told_in_the_singular() -> None:
    found = release.check(
        Made().releases("deployed", "4.1.1").events, phase="deployed", release="4.1.1", replicas=REPLICAS[:1]
    )
    assert found.reason == "1 replica runs 4.1.1"


def test_three_counts_are_told_as_the_least_and_the_most() -> None:
    made = Made()
    for replica, count in zip(REPLICAS, (35, 36, 40), strict=True):
        asked_often(made, replica, {"4.1.1": count}, workers=2)
    assert judge(made)[1] == "3 replicas run 4.1.1, asked 35 to 40 times"
