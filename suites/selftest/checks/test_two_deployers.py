"""Two deployers that were given the same command: one may refuse, and each is held to its word."""

from __future__ import annotations

import pytest

from harness.checks import deployer
from harness.checks.two_deployers import check
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.builder import REPLICAS, Made


def both(first: int | None, second: int | None, how: str = "exit", *, apart: bool = False) -> Made:
    """Two runs of the deployer that end so; the second one begins before the first one ends, unless they are apart."""
    made = Made()

    def begin(verb: str = "deploy") -> int:
        made.add("deployer.start", "deploy", verb=verb, release="4.1.1", command=["x"], where="control")
        return made.events[-1].id

    def end(start: int, code: int | None, ended: str = "exit") -> None:
        if ended == "exit":
            made.add("deployer.line", "deploy", start=start, stream="err", text=f"run {start} says {code}")
        made.add(
            "deployer.end",
            "deploy",
            start=start,
            verb="deploy",
            release="4.1.1",
            exit_code=code,
            ended=ended,
            seconds=2.0,
        )

    one = begin()
    if apart:
        end(one, first)
        end(begin(), second, how)
        return made
    two = begin()
    end(one, first)
    end(two, second, how)
    return made


def judge(made: Made, *releases: str, refuse: bool = False) -> Verdict:
    made.releases("seen", *(releases or ["4.1.1"] * 3))
    return check(made.events, phase="seen", verb="deploy", release="4.1.1", replicas=REPLICAS, both_may_refuse=refuse)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (5, 0)])
def test_one_may_refuse_and_the_other_did_it(first: int, second: int) -> None:
    verdict = judge(both(first, second))
    assert verdict.outcome is Outcome.PASS, verdict.reason
    said = f"the two ended with exit codes {first} and {second}, and 3 replicas run 4.1.1"
    assert verdict.reason == said


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (5, 0)])
def test_whoever_says_that_it_succeeded_is_held_to_it(first: int, second: int) -> None:
    verdict = judge(both(first, second), "4.1.1", "4.1.0", "4.1.1")
    assert verdict.outcome is Outcome.FAIL
    assert "says that the deploy succeeded, and backend-2 runs 4.1.0, not 4.1.1" in verdict.reason


def test_both_may_refuse_under_a_fault_alone() -> None:
    verdict = judge(both(1, 5), "4.1.0", "4.1.0", "4.1.0")
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "both refused, and nobody did the deploy; their last words: run 0 says 1; run 1 says 5"
    under = judge(both(1, 5), "4.1.0", "4.1.0", "4.1.0", refuse=True)
    assert under.outcome is Outcome.PASS
    assert under.reason == "the two ended with exit codes 1 and 5, and neither says that it did it"


def test_one_that_hangs_fails() -> None:
    verdict = judge(both(0, None, "timeout"))
    assert verdict.outcome is Outcome.FAIL
    assert "ran for 2.0 s, its timeout" in verdict.reason


def test_what_did_not_happen_at_the_same_time_is_unknown() -> None:
    verdict = judge(both(0, 0, apart=True))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the first one had ended when the second one began" in verdict.reason


def test_a_single_run_and_one_that_has_not_ended_are_unknown() -> None:
    none = judge(Made())
    assert (none.outcome, none.reason) == (Outcome.UNKNOWN, "two deployers were not given the deploy")
    made = both(0, 0)
    last = len(made.events) - 1
    open_ended = Made()
    for event in made.events[:last]:
        open_ended.add(event.kind, event.phase, **{k: v for k, v in event.data.items() if k != "phase"})
    verdict = judge(open_ended)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "1 end of 2 was seen" in verdict.reason


def test_a_fleet_that_nobody_asked_is_unknown() -> None:
    verdict = judge(both(0, 1), "4.1.1", "4.1.1")
    assert verdict.outcome is Outcome.UNKNOWN
    assert "backend-3" in verdict.reason


def test_of_a_fleet_that_did_not_answer_as_a_whole_only_what_answered_is_claimed() -> None:
    made = both(0, 1)
    for replica in REPLICAS[:2]:
        made.add("probe.release", "seen", replica=replica, release="4.1.1", error=None)
    asked = {"phase": "seen", "verb": "deploy", "release": "4.1.1", "replicas": REPLICAS}
    verdict = check(made.events, **asked, both_may_refuse=True)  # type: ignore[arg-type]
    assert verdict.outcome is Outcome.PASS, verdict.reason
    assert verdict.reason.endswith("2 of 3 replicas answered, and run 4.1.1")
    assert check(made.events, **asked).outcome is Outcome.UNKNOWN  # type: ignore[arg-type]
    alone = deployer.check(made.events, **asked, may_refuse=True)  # type: ignore[arg-type]
    assert "refused" in alone.reason  # the last one of the two
    made.add("deployer.start", "deploy", verb="deploy", release="4.1.1", command=["x"], where="control")
    start = made.events[-1].id
    made.add(
        "deployer.end", "deploy", start=start, verb="deploy", release="4.1.1", exit_code=0, ended="exit", seconds=1.0
    )
    made.add("probe.release", "seen", replica=REPLICAS[0], release="4.1.1", error=None)
    alone = deployer.check(made.events, **asked, may_refuse=True)  # type: ignore[arg-type]
    assert alone.reason.endswith("2 of 3 replicas answered, and run 4.1.1"), alone


def test_the_last_two_runs_of_the_verb_before_the_phases_last_event_count() -> None:
    made = both(3, 5)
    for event in both(0, 1).events:
        data = {key: value for key, value in event.data.items() if key != "phase"}
        if "start" in data:
            data["start"] += 6
        made.add(event.kind, event.phase, **data)
    made.releases("seen", *["4.1.1"] * 3)
    made.add("deployer.start", "later", verb="deploy", release="4.1.1", command=["x"], where="control")
    made.add("deployer.end", "later", start=made.events[-1].id, verb="deploy", exit_code=9, ended="exit", seconds=1.0)
    found = check(made.events, phase="seen", verb="deploy", release="4.1.1", replicas=REPLICAS)
    assert found.reason == "the two ended with exit codes 0 and 1, and 3 replicas run 4.1.1"
    other = both(0, 1)
    other.add("deployer.start", "deploy", verb="rollback", release=None, command=["x"], where="control")
    assert judge(other), "a run of another verb is none of them"


def test_a_phase_without_events_has_no_runs_before_its_end() -> None:
    found = check(both(0, 1).events, phase="seen", verb="deploy", release="4.1.1", replicas=REPLICAS)
    assert found.reason.startswith("two deployers were not given the deploy")


def test_a_failure_says_who_and_in_which_words_and_rests_on_their_ends() -> None:
    hung = judge(both(0, None, "timeout"))
    assert hung.reason == "the deploy was stopped: it ran for 2.0 s, its timeout"
    spoke = both(0, None, "timeout")
    spoke.history.record(raw("deployer.line", phase="deploy", start=1, stream="out", text="waiting for the lock"))
    assert judge(spoke).reason == f"{hung.reason}; its last words: waiting for the lock"
    refused = judge(both(1, 5), "4.1.0", "4.1.0", "4.1.0")
    assert refused.evidence == (3, 5)
    lied = judge(both(0, 1), "4.1.1", "4.1.0", "4.1.1")
    assert lied.reason.endswith("not 4.1.1 (its last words: run 0 says 0)")


def test_an_end_that_is_the_phases_last_event_is_of_the_phase() -> None:
    found = check(both(0, 1).events, phase="deploy", verb="deploy", release="4.1.1")
    assert found.reason == "what the fleet runs after the deploy is not known"
