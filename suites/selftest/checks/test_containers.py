from typing import Any

import pytest

from harness.checks import containers
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.builder import REPLICAS, Made


def judge(made: Made, **params: Any) -> Verdict:
    return containers.check(made.events, phase="deployed", replicas=REPLICAS, **params)


def test_containers_that_run_through_pass() -> None:
    assert judge(Made().containers("baseline").containers("deployed"))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("die", "died"),
        ("oom", "ran out of memory"),
        ("restart", "was restarted"),
        ("stop", "was stopped"),
        ("kill", "was killed"),
        ("destroy", "was removed"),
    ],
)
def test_an_end_fails_and_is_named(action: str, words: str) -> None:
    made = Made().add("container", "deployed", replica="backend-2", action=action, exit_code=137).containers("deployed")
    verdict = judge(made)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == f"backend-2 {words} with exit code 137"
    assert judge(made, expected=["backend-2"])


def test_a_container_that_is_not_running_fails_although_no_event_told() -> None:
    assert judge(Made().containers("deployed", status="exited")).outcome is Outcome.FAIL


def test_a_later_start_time_fails_although_no_event_told() -> None:
    verdict = judge(Made().containers("baseline").containers("deployed", started="10:05"))
    assert verdict.outcome is Outcome.FAIL
    assert "started again" in verdict.reason


def test_containers_that_nobody_looked_at_are_unknown() -> None:
    assert judge(Made().containers("baseline")).outcome is Outcome.UNKNOWN
    assert judge(Made().containers("deployed", status=None)).outcome is Outcome.UNKNOWN


def looked_into(**last: Any) -> Made:
    """All containers run; backend-2 is looked into before and in the phase."""
    made = Made().containers("baseline")
    for replica in REPLICAS:
        made.inside("baseline", replica)
    made.containers("deployed")
    for replica in REPLICAS:
        made.inside("deployed", replica).inside("deployed", replica, **(last if replica == "backend-2" else {}))
    return made


def test_a_process_that_was_killed_for_want_of_memory_fails_although_its_container_runs() -> None:
    verdict = judge(looked_into(oom_kills=2))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "2 processes of backend-2 were killed by the OOM killer"
    assert judge(looked_into(oom_kills=2), expected=["backend-2"])
    assert len(verdict.evidence) == 2


def test_a_kill_before_the_first_look_of_the_phase_counts_and_one_long_ago_does_not() -> None:
    made = Made().containers("deployed").inside("baseline", "backend-2").inside("deployed", "backend-2", oom_kills=1)
    assert judge(made).reason == "1 process of backend-2 was killed by the OOM killer"
    old = Made().containers("deployed").inside("baseline", oom_kills=1).inside("deployed", oom_kills=1)
    assert judge(old)


def test_a_main_process_that_was_started_again_fails_where_nothing_was_deployed() -> None:
    made = looked_into(main=[31, 1, "python3", 77.0, "S"])
    assert judge(made)
    verdict = judge(made, steady=True)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "python3 in backend-2 was started again, and nothing was deployed"
    assert judge(looked_into(), steady=True)


def test_a_main_process_that_is_gone_fails_and_one_that_nobody_declared_does_not() -> None:
    gone = looked_into(main=None, missing={"main": "no process is named python3"})
    assert judge(gone, steady=True).outcome is Outcome.FAIL
    assert judge(looked_into(main=None), steady=True)


def test_a_steady_fleet_that_nobody_looked_into_is_unknown() -> None:
    verdict = judge(Made().containers("baseline").containers("deployed"), steady=True)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the processes of backend-1 were not looked at" in verdict.reason
    hung = looked_into().containers("later")
    for replica in REPLICAS:
        hung.inside("later", replica, error="no answer")
    assert containers.check(hung.events, phase="later", replicas=REPLICAS, steady=True).outcome is Outcome.UNKNOWN


def test_a_pause_fails_also_where_it_came_while_something_was_deployed() -> None:
    made = Made().containers("baseline").add("container", "deploy", replica="backend-2", action="pause")
    made.add("container", "deploy", replica="backend-2", action="unpause").containers("deployed")
    verdict = judge(made)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "backend-2 was paused"
    assert judge(made, expected=["backend-2"])


def test_a_pause_of_an_earlier_phase_is_told_there_alone() -> None:
    made = Made().containers("baseline").add("container", "deploy", replica="backend-2", action="pause")
    made.containers("deployed").containers("rolled-back")
    assert containers.check(made.events, phase="rolled-back", replicas=REPLICAS)


def machine(share: float) -> Made:
    """A machine that stands still for this share of each second, as its witness says."""
    made = Made()
    for at in range(100):
        made.history.record(raw("witness", place="door", begin=float(at), end=at + 1.0, stood=share))
    return made


def silent(made: Made, looks: int) -> Made:
    """backend-2 is asked once a second, and does not answer for so many looks."""
    made.containers("baseline").inside("deploy", "backend-2")
    for _ in range(looks):
        made.inside("deploy", "backend-2", error="no answer within 0.7 s")
    return made.inside("deploy", "backend-2").containers("deployed")


def test_a_replica_that_did_not_answer_for_some_seconds_may_have_stood_still() -> None:
    verdict = judge(silent(machine(0.0), 3))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.reason.startswith("backend-2 did not answer for 4.0 s, while the machine ran")
    assert judge(silent(machine(0.0), 1))
    assert judge(silent(Made(), 3))  # an older history has no witness that the machine ran


def test_a_replica_that_did_not_answer_while_the_machine_stood_still_is_no_finding() -> None:
    assert judge(silent(machine(0.8), 3))


def test_a_replica_that_was_started_again_answers_nothing_meanwhile() -> None:
    made = Made().containers("baseline").inside("deploy", "backend-2")
    made.add("container", "deploy", replica="backend-2", action="restart")
    for _ in range(3):
        made.inside("deploy", "backend-2", error="its program is being started")
    assert judge(made.inside("deploy", "backend-2").containers("deployed"))


def replaced(phase: str = "deploy", **data: Any) -> Made:
    """backend-2 is replaced by a deployer, between two looks at all containers."""
    made = Made().containers("baseline")
    for action, code in (("kill", None), ("die", 143), ("stop", None)):
        made.add("container", phase, replica="backend-2", action=action, exit_code=code, replaced=True)
    return made.add("replica.replace", phase, **{"replica": "backend-2", "started": "10:03", **data})


def looked(made: Made, started: str) -> Made:
    for replica in REPLICAS:
        made.add(
            "probe.container", "deployed", replica=replica, status="running",
            started=started if replica == "backend-2" else "10:00", exit_code=None, oom_killed=False, error=None,
        )  # fmt: skip
    return made


@pytest.mark.parametrize("phase", ["deploy", "deployed"])
def test_a_replica_that_a_deployer_replaced_ran_through(phase: str) -> None:
    assert judge(looked(replaced(phase), "10:03"))


def test_one_that_was_started_again_after_it_was_replaced_fails() -> None:
    verdict = judge(looked(replaced(), "10:04"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "backend-2 was started again since it was replaced"


def test_a_replacement_of_another_replica_or_environment_excuses_no_restart() -> None:
    for other in ({"replica": "backend-1"}, {"environment": "h2"}):
        verdict = judge(looked(replaced(**other), "10:03"))
        assert "backend-2 was started again since the phase before" in verdict.reason


def test_one_that_dies_by_itself_after_it_was_replaced_fails() -> None:
    made = replaced("deployed").add("container", "deployed", replica="backend-2", action="die", exit_code=1)
    verdict = judge(looked(made, "10:03"))
    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "backend-2 died with exit code 1")
