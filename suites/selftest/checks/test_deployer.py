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


def twice(code: int = 0, *, starts: bool = True, ends: bool = True) -> Made:
    """Two rollbacks; the second one ends with this code, after a line of output."""
    made = Made()
    for number, phase in enumerate(("first", "second")):
        start = {"verb": "rollback", "release": None, "command": ["undo"], "place": "control-1"}
        begun = made.add("deployer.start", phase, **start).events[-1].id if starts else 0
        made.add("deployer.line", phase, start=begun, stream="err", text="KeyError: 'previous'")
        made.add("deployer.line", phase, start=begun, stream="err", text=" ")
        if number == 0 or ends:
            end = {"start": begun, "verb": "rollback", "release": None, "seconds": 1.0, "ended": "exit"}
            made.add("deployer.end", phase, **end, exit_code=code if number else 0)
    return made


def second(made: Made, *, refusals: tuple[int, ...] = (), runs: str = "4.1.0") -> Verdict:
    made.releases("deployed", *[runs] * 3)
    return deployer.check(
        made.events, phase="deployed", verb="rollback", release="4.1.0", replicas=REPLICAS, refusals=refusals
    )


def test_a_second_run_is_judged_by_its_own_exit_code() -> None:
    assert second(twice())
    assert second(twice(1)).outcome is Outcome.FAIL


def test_a_second_run_that_did_not_end_is_not_judged_by_the_first() -> None:
    assert second(twice(ends=False)).outcome is Outcome.UNKNOWN


def test_the_deployers_last_words_stand_in_the_verdict() -> None:
    said = "the rollback ended with exit code 1; its last words: KeyError: 'previous'"
    assert second(twice(1)).reason == said


def test_a_refusal_that_is_declared_is_no_failure() -> None:
    verdict = second(twice(3), refusals=(3,))
    assert verdict
    assert "exit code 3, which says that there was nothing to do" in verdict.reason
    assert second(twice(1), refusals=(3,)).outcome is Outcome.FAIL


def test_a_refusal_after_which_the_fleet_runs_something_else_fails() -> None:
    assert second(twice(3), refusals=(3,), runs="4.1.1").outcome is Outcome.FAIL


def test_an_exception_that_was_swallowed_is_told() -> None:
    made = Made()
    start = {"verb": "deploy", "release": "4.1.1", "command": ["go"], "place": "control-1"}
    begun = made.add("deployer.start", "deploy", **start).events[-1].id
    for text in ("Traceback (most recent call last):", '  File "x"', "ConnectionError: no such host"):
        made.add("deployer.line", "deploy", start=begun, stream="err", text=text)
    ended = {"start": begun, "verb": "deploy", "release": "4.1.1", "seconds": 1.0, "ended": "exit", "exit_code": 0}
    made.add("deployer.end", "deploy", **ended)
    verdict = judge(made.releases("deployed", *["4.1.1"] * 3))
    assert verdict.outcome is Outcome.PASS
    assert verdict.reason.endswith("; its last words are of an exception: ConnectionError: no such host")
    verdict = judge(made.releases("deployed", "4.1.1", "4.1.0", "4.1.1"))
    assert verdict.reason.endswith("not 4.1.1 (its last words: ConnectionError: no such host)")


def test_only_what_ended_before_the_phases_last_event_counts() -> None:
    begun = {"verb": "deploy", "release": "4.1.1", "command": ["go"], "place": "control-1"}
    made = Made().ended("deploy", "deploy").releases("deployed", *["4.1.1"] * 3).add("deployer.start", "later", **begun)
    assert judge(made), "one that was started later is none of this phase"
    other = Made().ended("deploy", "deploy").add("deployer.start", "deploy", **{**begun, "verb": "rollback"})
    assert judge(other.releases("deployed", *["4.1.1"] * 3)), "nor is one of another verb"
    assert judge(Made().ended("deploy", "deploy")).reason == "no deploy of the deployer has ended"
    last = Made().releases("deployed", *["4.1.1"] * 3).add("deployer.start", "deployed", **begun)
    assert judge(last).reason.startswith("no deploy of the deployer has ended")
    running = Made().ended("deploy", "deploy").releases("deployed", *["4.1.1"] * 3)
    assert judge(running.add("deployer.start", "deployed", **begun)).outcome is Outcome.UNKNOWN


def test_one_that_was_interrupted_says_so() -> None:
    made = Made().ended("deploy", "deploy", None, "stopped").releases("deployed", *["4.1.1"] * 3)
    assert judge(made).reason == "the deploy was stopped before it ended"


def test_a_bad_end_rests_on_its_event_and_a_broken_word_on_those_who_broke_it() -> None:
    fleet = ["4.1.1"] * 3
    assert judge(Made().add("note").ended("deploy", "deploy", 3).releases("deployed", *fleet)).evidence == (1,)
    late = Made().add("note").ended("deploy", "deploy", None, "timeout").releases("deployed", *fleet)
    assert judge(late).evidence == (1,)
    lied = Made().add("note").ended("deploy", "deploy").releases("deployed", "4.1.1", "4.1.0", "4.1.1")
    assert judge(lied).evidence == (1, 3)


def test_a_timeout_of_which_nobody_knows_how_long_it_took_says_so() -> None:
    end = {"start": 0, "verb": "deploy", "release": "4.1.1", "exit_code": None, "ended": "timeout", "seconds": None}
    made = Made().add("deployer.end", "deploy", **end).releases("deployed", *["4.1.1"] * 3)
    assert judge(made).reason == "the deploy was stopped: it ran for 0.0 s, its timeout"


def test_a_pass_says_how_many_run_what_was_deployed() -> None:
    made = Made().ended("deploy", "deploy").releases("deployed", "4.1.1")
    found = deployer.check(made.events, phase="deployed", verb="deploy", release="4.1.1", replicas=REPLICAS[:1])
    assert found.reason == "the deploy ended with exit code 0, and 1 replica runs 4.1.1"


def swallowed(*lines: str) -> bool:
    """Whether a deployer that ended well with these lines has swallowed an exception."""
    made = Made()
    start = {"verb": "deploy", "release": "4.1.1", "command": ["go"], "place": "control-1"}
    begun = made.add("deployer.start", "deploy", **start).events[-1].id
    for text in lines:
        made.add("deployer.line", "deploy", start=begun, stream="err", text=text)
    ended = {"start": begun, "verb": "deploy", "release": "4.1.1", "seconds": 1.0, "ended": "exit", "exit_code": 0}
    made.add("deployer.end", "deploy", **ended).releases("deployed", *["4.1.1"] * 3)
    return "of an exception" in judge(made).reason


def test_an_exception_is_swallowed_where_nothing_but_its_trace_and_its_words_end_the_output() -> None:
    trace = "Traceback (most recent call last):"
    assert swallowed(trace, "KeyError: 1")
    assert swallowed("begin", trace, '  File "x"', "    x[1]", "KeyError: 1")
    assert not swallowed(trace, '  File "x"', "KeyError: 1", "went on")
    assert not swallowed(trace, "KeyError: 1", "  went on", "done")
    assert not swallowed(trace), "what it says is not there"
    assert not swallowed("KeyError: 1")
    assert swallowed(trace, " File", "KeyError: 1"), "however little it is indented"
    assert swallowed("began", "went on", trace, "KeyError: 1"), "what came before it does not matter"
    assert swallowed(trace, '  File "x"', "KeyError: 1", trace, '  File "x"', "ValueError: 2"), "the last one counts"
