"""What the check of containers says rests on the events that show it, and its limits."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks import containers
from harness.verdict import Outcome
from suites.raw import raw
from suites.selftest.checks.builder import REPLICAS, Made
from suites.selftest.checks.test_containers import judge, looked, looked_into


def of(replica: str, **data: Any) -> Made:
    """All containers run, but for what the last look at one says."""
    made = Made().containers("baseline").containers("deployed")
    usual = {"status": "running", "started": "10:00", "exit_code": None, "oom_killed": False, "error": None}
    return made.add("probe.container", "deployed", replica=replica, **{**usual, **data})


@pytest.mark.parametrize(
    ("data", "reason", "evidence"),
    [
        ({"oom_killed": True}, "backend-1 ran out of memory", (6,)),
        ({"status": "exited", "exit_code": 3}, "backend-1 is exited (exit code 3)", (6,)),
        ({"status": "dead"}, "backend-1 is dead", (6,)),
        ({"started": "10:07"}, "backend-1 was started again since the phase before", (0, 6)),
    ],
)
def test_what_a_look_says_is_told_and_rests_on_it(data: Any, reason: str, evidence: Any) -> None:
    verdict = judge(of("backend-1", **data))
    assert (verdict.outcome, verdict.reason, verdict.evidence) == (Outcome.FAIL, reason, evidence)


def test_an_end_is_told_with_its_exit_code_where_it_has_one_and_rests_on_its_event() -> None:
    made = Made().containers("baseline").add("container", "deployed", replica="backend-2", action="stop")
    verdict = judge(made.containers("deployed"))
    assert (verdict.reason, verdict.evidence) == ("backend-2 was stopped", (3,))


def test_a_container_that_could_not_be_looked_at_says_why() -> None:
    assert judge(of("backend-1", status=None, error="no engine")).reason == (
        "the container of backend-1 could not be looked at: no engine"
    )
    assert judge(of("backend-1", status=None)).reason.endswith("could not be looked at: no answer")
    assert containers.check(of("backend-1").events, phase="deployed").reason == "no replica was to be looked at"


def test_the_look_before_is_that_of_another_phase_and_the_same_environment() -> None:
    made = Made().containers("baseline")
    made.add("probe.container", "baseline", environment="h2", replica="backend-1", status="running", started="09:00",
             exit_code=None, oom_killed=False, error=None)  # fmt: skip
    assert judge(made.containers("deployed"))


def test_a_replacement_before_the_look_of_the_phase_before_excuses_no_restart() -> None:
    made = Made().add("replica.replace", "deploy", replica="backend-2", started="10:03")
    verdict = judge(looked(made.containers("baseline"), "10:03"))
    assert verdict.reason == "backend-2 was started again since the phase before"
    first = judge(looked(Made().add("replica.replace", "deploy", replica="backend-2", started="10:03"), "10:04"))
    assert first.reason == "backend-2 was started again since it was replaced", "also where nobody looked before it"


def test_pauses_count_from_the_first_event_to_the_last_of_the_phase_and_rest_on_their_events() -> None:
    made = Made().add("container", "deploy", replica="backend-2", action="pause").containers("deployed")
    made.add("container", "deployed", replica="backend-2", action="pause")
    assert judge(made).evidence == (0, 4)
    later = Made().containers("deployed").add("container", "later", replica="backend-2", action="pause")
    assert judge(later)


def mute(*answers: bool, stood: float = 0.0, first: int = 200, apart: float = 1.0) -> str:
    """What is said of a replica that is asked every so many seconds, and answers or not; from second `first` on, the
    machine stood still.
    """
    made = Made()
    for at in range(100):
        made.history.record(
            raw("witness", place="door", begin=float(at), end=at + 1.0, stood=stood if at >= first else 0.0)
        )
    made.containers("baseline")
    for answer in answers:
        made.inside("deploy", "backend-2", error=None if answer else "no answer")
        made.clock.advance(apart - 1.0)
    return judge(made.containers("deployed")).reason.removesuffix(": it stood still, or could not be asked")


def test_a_silence_lasts_from_one_answer_to_the_next_or_to_the_last_look() -> None:
    said = "backend-2 did not answer for {} s, while the machine ran"
    assert mute(True, False, False, True) == said.format("3.0")
    assert mute(True, False, False, False) == said.format("3.0")
    assert mute(True, False, True, False, True) == "3 containers ran through", "asked in vain once, twice over"
    assert mute(False, False, False, True) == "3 containers ran through", "before its first answer"
    assert mute(True, False, False) == "3 containers ran through", "two seconds"
    assert mute(True, False, False, True, False, False, False, True) == (
        said.format("3.0") + ": it stood still, or could not be asked; " + said.format("4.0")
    )


def test_a_silence_is_explained_by_a_stall_of_the_machine_in_it() -> None:
    """It begins at second 3, with the looks at the containers before it."""
    silence = True, *[False] * 9, True
    assert mute(*silence, stood=0.6, first=3) == "3 containers ran through"
    assert mute(*silence, stood=0.6, first=13).startswith("backend-2 did not answer for 10.0 s"), "not later"
    assert mute(*silence, stood=0.19, first=3).startswith("backend-2 did not answer for 10.0 s"), "and not a short one"


def test_the_main_process_is_judged_by_the_looks_of_the_phase_and_the_one_before() -> None:
    made = Made().containers("deployed")
    other = [31, 1, "python3", 77.0, "S"]
    made.inside("baseline", "backend-1", main=other).inside("baseline", "backend-1").inside("deployed", "backend-1")
    for replica in REPLICAS[1:]:
        made.inside("deployed", replica)
    verdict = judge(made, steady=True)
    assert verdict, "it was started again before the baseline's last look"
    assert verdict.evidence == (0, 1, 2, 4, 5, 6, 7)


def test_what_is_told_of_a_main_process_rests_on_the_looks_that_show_it() -> None:
    gone = judge(looked_into(main=None, missing={"main": "no process is named python3"}), steady=True)
    assert gone.reason == "the main process of backend-2 is gone: no process is named python3"
    assert gone.evidence == (12,)
    again = judge(looked_into(main=[31, 1, "python3", 77.0, "S"]), steady=True)
    assert again.evidence == (11, 12)
    killed = judge(looked_into(oom_kills=1))
    assert (killed.reason, killed.evidence) == ("1 process of backend-2 was killed by the OOM killer", (11, 12))


def test_new_kills_are_counted_and_not_those_of_before() -> None:
    made = Made().containers("deployed").inside("baseline", "backend-2", oom_kills=3)
    made.inside("deployed", "backend-2", oom_kills=5)
    assert judge(made).reason == "2 processes of backend-2 were killed by the OOM killer"


def test_a_replica_that_is_asked_rarely_is_silent_from_two_questions_in_vain_on() -> None:
    said = "backend-2 did not answer for {} s, while the machine ran"
    assert mute(True, False, True, apart=3.0) == "3 containers ran through"
    assert mute(True, False, False, True, apart=3.0) == said.format("9.0")
    assert mute(True, False, apart=3.0) == "3 containers ran through"
    assert mute(True, False, False, apart=3.0) == said.format("6.0")
    assert mute(True, False, False, apart=1.25) == "3 containers ran through", "2.5 s are no longer than is allowed"


def test_a_long_silence_is_explained_for_four_times_a_stall_and_what_is_allowed() -> None:
    silence = True, *[False] * 19, True
    assert mute(*silence, stood=0.23, first=3) == "3 containers ran through"
    assert mute(*silence, stood=0.21, first=3).startswith("backend-2 did not answer for 20.0 s")


def test_pauses_before_a_phase_without_any_event_are_none_of_it() -> None:
    made = Made().add("container", "deploy", replica="backend-2", action="pause")
    assert judge(made.add("container", "deploy", replica="backend-2", action="pause")).outcome is Outcome.UNKNOWN


def test_one_more_kill_is_told_in_the_singular() -> None:
    made = Made().containers("deployed").inside("baseline", "backend-2", oom_kills=3)
    made.inside("deployed", "backend-2", oom_kills=4)
    assert judge(made).reason == "1 process of backend-2 was killed by the OOM killer"


def test_a_steady_pass_rests_on_the_first_and_the_last_look_at_each_replica() -> None:
    made = Made().containers("deployed")
    for _ in range(4):
        made.inside("deployed", "backend-1")
    found = containers.check(made.events, phase="deployed", replicas=REPLICAS[:1], steady=True)
    assert found.evidence == (0, 3, 6)
